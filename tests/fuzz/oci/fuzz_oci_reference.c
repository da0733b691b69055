/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: reference_parse, reference_emit; what is accepted prints to the same reference again. */
#include "oci/reference.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_done) struct buf out = {0};
	struct reference r, again;
	struct err err;

	if (!is_ok(reference_parse(bytes_of(data, size), &r, &err)))
		return 0;
	reference_emit(&r, &out);
	if (!is_ok(reference_parse(buf_view(&out), &again, &err)))
		abort();
	if (!bytes_equal(bytes_of(&r, sizeof r), bytes_of(&again, sizeof again)))
		abort();
	return 0;
}
