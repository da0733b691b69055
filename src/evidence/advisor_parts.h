/* SPDX-License-Identifier: Apache-2.0 */
/* advisor_parts.h: what the halves of the advisor share. For them alone. */
#ifndef EVIDENCE_ADVISOR_PARTS_H
#define EVIDENCE_ADVISOR_PARTS_H

#include "evidence/advisor.h"

/* Is it authentic, and if not, does that only lack something? */
struct advisor_trust {
	bool authentic, counted;
	const struct hash256 *root; /* the set's that it leads to; NULL: the vendor's */
	struct verdict verdict;     /* of the refusal */
};
void advisor_judge(const struct advisor_request *rq, const struct document *d,
                   struct advisor_trust *ret);

/* The members that every platform has. */
struct value advisor_platform(struct arena *a, const struct advisor_item *item, const char *type,
                              const struct advisor_trust *t);

/* Appends "<what> <have> of <newest>" to a list that is put together in `out`. */
void advisor_behind(struct buf *out, const char *what, unsigned int have, unsigned int newest);
/* A line of advice: its causes, then what to do. Nothing when there is no cause. */
void advisor_advise(struct arena *a, struct value *list, const struct buf *causes,
                    const char *action);
/* {"figure", "source"} */
void advisor_source(struct arena *a, struct value *list, const char *figure, struct bytes source);

/* Both append to `platforms` and `fleets`. */
void advisor_snp(struct arena *a, const struct advisor_request *rq, struct value *platforms,
                 struct value *fleets);
void advisor_tdx(struct arena *a, const struct advisor_request *rq, struct value *platforms,
                 struct value *fleets);

#endif
