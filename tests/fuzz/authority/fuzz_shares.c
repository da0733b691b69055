/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: shares_parse, shares_verify, share_check: the document that a hostile store serves. */
#include "authority/shares.h"
#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_done) struct buf message = {0};
	struct pins pins = {.n_keys = 1};
	struct shares_doc doc;
	struct hash256 genesis;
	struct err err;

	if (!is_ok(shares_parse(bytes_of(data, size), &doc, &err)))
		return 0;
	genesis = genesis_hash(&pins, &doc.root_key_id);
	(void)is_ok(shares_verify(&doc, &pins, &genesis, &err));
	shares_message(&doc, &genesis, &message);
	for (unsigned int i = 0; i < 256; i += 51)
		if (is_ok(share_check(&doc, (uint8_t)i, BYTES("share"), BYTES("salt"), &err)))
			__builtin_trap();
	return 0;
}
