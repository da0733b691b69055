/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: intake_kind_of, intake_evidence, intake_endorsements, evidence_show. */
#include "evidence/intake.h"
#include "evidence/show.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct endorsements e = {0};
	struct document d;
	struct verdict v = {0};
	struct value shown;
	struct err err;

	(void)!is_ok(intake_endorsements(&a, bytes_of(data, size), &e, &err));
	if (!is_ok(intake_evidence(&a, bytes_of(data, size), &d, &err)))
		return 0;
	d.endorsements = e;
	(void)!is_ok(evidence_show(&a, &d, &shown, &v));
	return 0;
}
