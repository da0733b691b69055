/* SPDX-License-Identifier: Apache-2.0 */
/*
 * choice.h: which reference set evidence matches, or comes closest to. The
 * same for both kinds of evidence; what differs is how one set is judged.
 */
#ifndef EVIDENCE_CHOICE_H
#define EVIDENCE_CHOICE_H

#include "evidence/verify.h"

/* What judging one set found. */
struct outcome {
	struct verdict verdict;
	unsigned int differences;
	struct hash256 root_key;
	int64_t valid_to;
	int32_t policy_index;
	enum tcb_status tcb_status; /* TDX */
	char tcb_behind[TCB_BEHIND_TEXT];
};

struct choice {
	/* OK: no objection. `set` is below n, or NO_SET: authentic, whatever it says. */
	status (*judge)(void *run, size_t set, struct findings *all, struct outcome *ret);
	void *run;
	size_t n;
	struct findings *findings; /* or NULL: all differences of the closest set */
	const char *none;          /* reason when n is 0 */
	const char *none_detail;
};

#define NO_SET SIZE_MAX

/* The first set that has no objection, or the closest one's verdict. All but ret->policy. */
status choose_set(const struct choice *c, struct evidence_result *ret);
/* Judged without a set. All but ret->policy. */
status choose_none(const struct choice *c, struct evidence_result *ret);

#endif
