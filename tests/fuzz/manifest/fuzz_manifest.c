/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reaches: manifest_parse, manifest_write, manifest_diff. What was accepted
 * must be written as text that is accepted again and differs in nothing.
 */
#include "manifest/diff.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(manifest_drop) struct manifest *m = NULL;
	CLEANUP(manifest_drop) struct manifest *again = NULL;
	CLEANUP(manifest_diff_done) struct manifest_diff d = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct err err;

	if (!is_ok(manifest_parse(bytes_of(data, size), &m, NULL, &err)))
		return 0;
	manifest_write(m, &text);
	if (!buf_ok(&text) || !is_ok(manifest_parse(buf_view(&text), &again, NULL, &err)))
		abort();
	manifest_diff(m, again, &d);
	if (d.n != 0 || d.arena.failed)
		abort();
	return 0;
}
