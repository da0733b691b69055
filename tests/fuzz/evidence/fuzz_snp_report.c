/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: snp_report_parse, snp_report_emit, evidence_show; what parses must be emitted to the
 * same bytes. */
#include "evidence/show.h"
#include "evidence/snp/report.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct document d = {.tee = TEE_SNP, .evidence = bytes_of(data, size)};
	uint8_t again[SNP_REPORT_SIZE];
	struct verdict v = {0};
	struct snp_report r;
	struct value shown;

	if (!is_ok(snp_report_parse(bytes_of(data, size), &r, &v)))
		return 0;
	snp_report_emit(&r, again);
	if (!bytes_equal(bytes_of(again, sizeof again), bytes_of(data, size)))
		abort();
	if (!is_ok(evidence_show(&a, &d, &shown, &v)))
		abort();
	evidence_show_text(&shown, &text);
	return 0;
}
