/* SPDX-License-Identifier: Apache-2.0 */
/*
 * advisor.h: what minima a fleet can be held to. From saved reports and quotes:
 * which part of which machine is old, against the newest of the fleet, the
 * policy's floor and the vendor's own levels; a minimum that all satisfy, and
 * what it would be without the laggards. Every figure names its source.
 *
 * A forged report could only lower a minimum, so what is not authentic does
 * not count; it is shown with the reason.
 */
#ifndef EVIDENCE_ADVISOR_H
#define EVIDENCE_ADVISOR_H

#include "evidence/verify.h"
#include "json/value.h"

enum { ADVISOR_MAX = 1024 }; /* platforms at once */

struct advisor_item {
	const char *name; /* of the file; for messages */
	const struct document *doc;
};

struct advisor_request {
	const struct advisor_item *items;
	size_t n;
	const struct reference_sets *references; /* floors of the policy; or NULL */
	/* Count what could not be verified for want of certificates; never what is forged. */
	bool count_unverified;
	int64_t now;
};

/*
 * {"time", "platforms": [...], "fleets": [...], "vendors": {...}}; docs/evidence.md, "TCB
 * advisor". ERR_LIMIT E-EVIDENCE-055: too many. Latches in the arena.
 */
status advisor_run(struct arena *a, const struct advisor_request *rq, struct value *ret,
                   struct err *err);

#endif
