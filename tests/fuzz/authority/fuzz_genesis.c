/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: genesis_parse, genesis_write; what was written must read the same. */
#include "authority/genesis.h"
#include "base/buf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_done) struct buf out = {0};
	CLEANUP(buf_done) struct buf again = {0};
	struct pins p, q;
	struct err err;

	if (!is_ok(genesis_parse(bytes_of(data, size), &p, &err)))
		return 0;
	genesis_write(&p, &out);
	if (!is_ok(genesis_parse(buf_view(&out), &q, &err)))
		abort();
	genesis_write(&q, &again);
	if (!bytes_equal(buf_view(&out), buf_view(&again)))
		abort();
	return 0;
}
