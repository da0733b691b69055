/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: snp_table_parse, snp_table_emit; what was emitted must parse to the same entries. */
#include "evidence/snp/certtable.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_done) struct buf wire = {0};
	struct snp_table t, back;
	struct err err;

	if (!is_ok(snp_table_parse(bytes_of(data, size), &t, &err)))
		return 0;
	/* Entries may overlap in a hostile table: written out apart they can be too much. */
	snp_table_emit(&t, &wire);
	if (wire.n > SNP_TABLE_MAX)
		return 0;
	if (!is_ok(snp_table_parse(buf_view(&wire), &back, &err)))
		abort();
	for (size_t i = 0; i < SNP_TABLE_KINDS; i++)
		if (!bytes_equal(t.entry[i], back.entry[i]))
			abort();
	return 0;
}
