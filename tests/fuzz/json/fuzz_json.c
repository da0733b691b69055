/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: json_parse, json_write; what was written must parse to the same text again. */
#include "json/value.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf once = {0};
	CLEANUP(buf_done) struct buf twice = {0};
	struct value v;
	struct err err;

	if (!is_ok(json_parse(&a, bytes_of(data, size), NULL, &v, &err)))
		return 0;
	json_write(&v, JSON_SORT, &once);
	if (!buf_ok(&once))
		return 0;
	if (!is_ok(json_parse(&a, buf_view(&once), NULL, &v, &err)))
		abort();
	json_write(&v, JSON_SORT, &twice);
	if (!bytes_equal(buf_view(&once), buf_view(&twice)))
		abort();
	return 0;
}
