/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: collateral_bundle_parse, collateral_inspect of every kind. */
#include "attest/collateral/collateral.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct collateral_set set;
	struct err err;

	(void)!is_ok(collateral_bundle_parse(&a, bytes_of(data, size), &set, &err));
	for (int k = 0; k < COLLATERAL_KINDS; k++) {
		struct collateral_item item = {.kind = (enum collateral_kind)k, .subject = "x"};

		item.data = bytes_of(data, size);
		(void)!is_ok(collateral_inspect(&item, &err));
	}
	return 0;
}
