/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.h: the one verifier of evidence (docs/evidence.md). Bytes, what is
 * expected and the time in; a verdict out. No I/O, no global state: the same
 * inputs give the same verdict on every machine.
 *
 *   decode -> early (cheap mismatches, which only reject) -> chain to the set's
 *   root -> revocation -> signature -> binding -> platform -> identity -> manifest
 *
 * Every reference set is tried, each whole and from its own root; the verdict
 * is of the set that matched, or of the one that came closest.
 */
#ifndef EVIDENCE_VERIFY_H
#define EVIDENCE_VERIFY_H

#include "evidence/findings.h"
#include "evidence/snp/chain.h"
#include "evidence/snp/reference.h"
#include "evidence/tdx/verify.h"

struct reference_sets {
	const struct snp_reference *snp;
	size_t n_snp;
	const struct tdx_reference *tdx;
	size_t n_tdx;
};

/* Policy hashes that may stand in HOSTDATA (SNP), MRCONFIGID (TDX) or register 8 (vTPM). */
struct policy_list {
	const struct hash256 *items;
	size_t n;
};

enum evidence_scope {
	EVIDENCE_FULL = 0, /* everything below must be given */
	/*
	 * Is it authentic at all, whatever it says? Looks at what is given and
	 * leaves out the rest. For people who look at a file; never for a decision.
	 */
	EVIDENCE_AUTHENTIC,
};

enum {
	EVIDENCE_REPORT_DATA_SIZE = 64,
	EVIDENCE_THOROUGH = 1, /* flag: no early rejections, so that all differences show */
};

struct evidence_request {
	enum evidence_scope scope;
	unsigned int flags;
	const struct document *document;
	/* Recomputed by the caller from its own session: leaf, or the root its proof leads to. */
	const uint8_t *report_data;
	/* EVIDENCE_AUTHENTIC alone: extra data of a virtual TPM's quote as they are; or empty. */
	struct bytes nonce;
	const struct reference_sets *references;
	/*
	 * NULL: the caller looks the policy hash of the result up itself, before it acts. (A
	 * virtual TPM's evidence must name it then.)
	 */
	const struct policy_list *policies;
	enum revocation_policy revocation;
	int64_t now;
	struct snp_cache *cache;     /* or NULL */
	struct tdx_cache *tdx_cache; /* or NULL */
	struct findings *findings;   /* or NULL: all differences of the closest set */
};

struct evidence_result {
	struct verdict verdict;
	/* What accepted evidence says; zero and meaningless otherwise. */
	/*
	 * HOSTDATA, or the first half of MRCONFIGID; with a virtual TPM what register 8 stands for,
	 * zero when that is not known (EVIDENCE_AUTHENTIC).
	 */
	struct hash256 policy;
	int32_t policy_index; /* in request.policies, or -1 */
	struct hash256 root_key;
	/* TDX: TCB status and what it rests on; also where the status alone was refused. */
	enum tcb_status tcb_status;
	char tcb_behind[TCB_BEHIND_TEXT]; /* as tcb_result.behind */
	/* Until when the same evidence would be accepted with these endorsements. */
	int64_t valid_to;
};

/* The only function that makes a verdict accepted. */
void evidence_verify(const struct evidence_request *rq, struct evidence_result *ret);

/*
 * Halves of it, for evidence_verify() alone: OK means "no objection". `vtpm` is NULL, or what
 * REPORTDATA vouches for in the place of this session.
 */
struct vtpm_opened;
status snp_judge(const struct evidence_request *rq, const struct vtpm_opened *vtpm,
                 struct evidence_result *ret);
status tdx_judge(const struct evidence_request *rq, const struct vtpm_opened *vtpm,
                 struct evidence_result *ret);

#endif
