/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: url_parse, url_resolve; what resolves must parse, and stay inside ASCII. */
#include "transport/url.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_done) struct buf out = {0};
	struct bytes all = bytes_of(data, size);
	size_t cut = bytes_find_byte(all, '\n', 0);
	struct url base, again;
	struct err err;

	if (!is_ok(url_parse(bytes_sub(all, 0, MIN(cut, size)), &base, &err)))
		return 0;
	if (cut == SIZE_MAX)
		return 0;
	if (!is_ok(url_resolve(&base, bytes_sub(all, cut + 1, size), &out, &err)))
		return 0;
	if (!is_ok(url_parse(buf_view(&out), &again, &err)) || again.host.n == 0)
		abort();
	for (size_t i = 0; i < out.n; i++)
		if (out.p[i] <= 0x20 || out.p[i] >= 0x7f)
			abort();
	return 0;
}
