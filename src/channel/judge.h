/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge.h: evidence against a manifest: one whole reference set, HOSTDATA a
 * policy of it, REPORTDATA what the caller recomputed. Coordinator, pods and
 * CLI use this one function; nobody has a second verifier.
 */
#ifndef CHANNEL_JUDGE_H
#define CHANNEL_JUDGE_H

#include "evidence/marks.h"
#include "evidence/verify.h"
#include "manifest/manifest.h"

/* Whose evidence it is, hence which HOSTDATA may be in it. */
enum judge_role {
	JUDGE_COORDINATOR, /* a policy with role coordinator (PROTOCOL section 5) */
	JUDGE_ANY_POLICY,  /* any policy of the manifest */
};

/* What a manifest demands of evidence, decoded once. Holds nothing of the manifest. */
struct judge {
	struct arena arena;
	struct reference_sets references;
	struct policy_list coordinators, policies;
	struct snp_cache *cache; /* chains that were found valid */
	struct tdx_cache *tdx_cache;
};
/* ERR_UNSUPPORTED E-JUDGE-001: no reference set of a kind that can be verified. */
status judge_init(struct judge *j, const struct manifest *m, struct err *err);
void judge_done(struct judge *j); /* accepts a zeroed struct */

struct judgement {
	struct hash256 policy;           /* HOSTDATA */
	struct hash256 root_key;         /* the root that it was accepted under */
	struct mark marks[MARKS_OF_ONE]; /* what it rested on; slices of the document */
	size_t n_marks;
	int64_t floor; /* a time that accepted collateral proves to have passed; 0 = none */
};

/*
 * ERR_REJECTED E-EVIDENCE-100 with the reason in *v; *ret is set only when
 * accepted. A fresh revocation list is demanded. Order of checks: PROTOCOL
 * section 11 (cheap mismatches first), then docs/evidence.md.
 */
status judge_evidence(const struct judge *j, const struct document *d, enum judge_role role,
                      const struct hash512 *report_data, int64_t now, struct judgement *ret,
                      struct verdict *v, struct err *err);

/* HOSTDATA that the evidence claims; nothing is verified. ERR_REJECTED when it is no evidence. */
status judge_claimed_policy(const struct document *d, struct hash256 *ret, struct err *err);

/*
 * Is evidence over 64 zero bytes signed under a root that is no vendor's? Then
 * 0, else 1: a keeper that cannot tell takes itself for the real thing and
 * refuses more, never less (PROTOCOL section 12).
 */
uint64_t judge_vendor_root(const struct document *d, int64_t now);

#endif
