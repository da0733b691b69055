/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: http_head_size, http_request_parse, http_response_parse and the look-ups over what they return. */
#include "transport/http.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every slice of a parsed head lies inside its bytes. */
static void
inside(struct bytes all, struct bytes part)
{
	if (part.n > 0 && (part.p < all.p || part.p + part.n > all.p + all.n))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size);
	struct http_head h;
	struct err err;
	size_t n;

	if (!is_ok(http_head_size(in, &n, &err)) || n == 0)
		return 0;
	in = bytes_sub(in, 0, n);
	if (is_ok(http_request_parse(in, &h, &err))) {
		inside(in, h.path);
		inside(in, h.query);
		inside(in, http_query(&h, "since"));
		inside(in, http_field(&h, "contrast-head"));
	}
	if (is_ok(http_response_parse(in, &h, &err)))
		inside(in, http_field(&h, "content-type"));
	return 0;
}
