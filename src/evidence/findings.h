/* SPDX-License-Identifier: Apache-2.0 */
/*
 * findings.h: what differs between authentic evidence and one reference set.
 * Appraisal does not stop at the first difference: who repairs a manifest
 * wants the whole list.
 */
#ifndef EVIDENCE_FINDINGS_H
#define EVIDENCE_FINDINGS_H

#include "evidence/verdict.h"

enum { FINDINGS_MAX = 24 };

struct finding {
	enum verdict_step step;
	char reason[VERDICT_REASON_SIZE];
	char detail[VERDICT_DETAIL_SIZE];
	char expected[VERDICT_VALUE_SIZE];
	char got[VERDICT_VALUE_SIZE];
};

/* Large: allocate it, and only where somebody will print it. */
struct findings {
	size_t n; /* kept here, at most FINDINGS_MAX */
	struct finding list[FINDINGS_MAX];
};

/* Counts differences, keeps the first in the verdict and, when asked, all. */
struct appraisal {
	struct verdict *first;
	struct findings *all; /* or NULL */
	unsigned int n;
};

void appraisal_miss(struct appraisal *a, enum verdict_step step, const char *reason,
                    const char *expected, const char *got, const char *fmt, ...) PRINTF(6, 7);
void appraisal_miss_hex(struct appraisal *a, enum verdict_step step, const char *reason,
                        struct bytes expected, struct bytes got, const char *detail);

#endif
