/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: record_parse, record_emit, chain_extend. One text for one record; nothing unsigned
 * passes. */
#include "authority/record.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_done) struct buf again = {0};
	struct pins pins = {.n_keys = 1};
	struct hash256 root = {{0}};
	struct chain chain;
	struct record r;
	struct err err;

	if (!is_ok(record_parse(bytes_of(data, size), &r, &err)))
		return 0;
	record_emit(&r, &again);
	if (!bytes_equal(buf_view(&again), bytes_of(data, size)))
		abort();
	/* The signer is "the" genesis key and the record follows: all that is left is the
	 * signature. */
	if (r.n_signatures > 0)
		pins.keys[0] = r.signatures[0].key_id;
	chain_start(&chain, &pins, &root);
	r.previous = chain.head;
	r.generation = 1;
	if (is_ok(chain_extend(&chain, &r, &err)))
		abort();
	return 0;
}
