/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reaches, with every signature good: receipt_parse(), and receipt_verify()
 * with the answer, state record, chains, records, manifest and evidence in it.
 */
#include "channel/receipt.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* How many inputs came to the end: tests/unit/channel/test_receipt_open.c asks. */
extern unsigned int fuzz_receipt_accepted;
unsigned int fuzz_receipt_accepted;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct receipt r;
	struct err err;

	if (!is_ok(receipt_parse(&a, bytes_of(data, size), &r, &err)))
		return 0;
	for (int insecure = 0; insecure < 2; insecure++) {
		CLEANUP(session_done) struct session s = {0};

		fuzz_receipt_accepted += is_ok(receipt_verify(&r, 0, insecure != 0, &s, &err));
	}
	return 0;
}
