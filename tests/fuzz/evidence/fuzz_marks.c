/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: marks_parse(), marks_keep(), marks_check(), marks_emit(). */
#include "evidence/marks.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is read is written again byte by byte; what is kept is never refused. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(marks_done) struct marks kept = {0};
	CLEANUP(buf_done) struct buf again = {0};
	struct mark marks[MARKS_MAX];
	struct err err;
	size_t n;

	if (!is_ok(marks_parse(bytes_of(data, size), marks, MARKS_MAX, &n, &err)))
		return 0;
	marks_emit(marks, n, &again);
	if (!bytes_equal(buf_view(&again), bytes_of(data, size)))
		abort();
	marks_keep(&kept, marks, n);
	for (size_t i = 0; i < kept.n; i++)
		if (!is_ok(marks_check(&kept, &kept.items[i], 1, &err)) ||
		    !marks_has(&kept, &kept.items[i]))
			abort();
	return 0;
}
