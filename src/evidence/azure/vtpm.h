/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vtpm.h: the part of evidence_verify() that a virtual TPM adds, for both kinds
 * of hardware. The chain, each link of which is checked: hardware's signature ->
 * REPORTDATA is the hash of the runtime data -> HCLAkPub in them signed the
 * quote -> the quote's digest is of these registers, its extra data of this
 * session -> register 8 stands for the policy -> the set's registers.
 */
#ifndef EVIDENCE_AZURE_VTPM_H
#define EVIDENCE_AZURE_VTPM_H

#include "evidence/azure/tpm.h"
#include "evidence/verify.h"

struct vtpm_opened {
	const struct vtpm *parts;
	bool quoted; /* false: a paravisor's report alone */
	struct tpm_quote quote;
	struct jws_key *key;
	struct hash256 pcrs[TPM_PCRS];
	uint8_t report_data[EVIDENCE_REPORT_DATA_SIZE]; /* what REPORTDATA must be */
	bool policy_known;
	struct hash256 policy;
	int32_t policy_index; /* in request.policies, or -1 */
};

/* Decodes; rq->document must be of a kind with a virtual TPM. vtpm_done() in any case. */
status vtpm_open(const struct evidence_request *rq, struct vtpm_opened *ret, struct verdict *v);
void vtpm_done(struct vtpm_opened *o);

/* Mismatches that cost hashes alone: tpm/runtime, tpm/pcr-digest, tpm/nonce, tpm/policy. */
status vtpm_early(const struct vtpm_opened *o, const struct evidence_request *rq,
                  struct bytes report_data, struct verdict *v);

/*
 * Report or quote are authentic; is what hangs on their REPORTDATA? STEP_SIGNATURE tpm/runtime,
 * tpm/signature, tpm/pcr-digest; STEP_BINDING tpm/nonce, tpm/missing.
 */
status vtpm_authentic(const struct vtpm_opened *o, const struct evidence_request *rq,
                      struct bytes report_data, struct verdict *v);

/*
 * Registers against those of a set. Each may be NULL; a set with registers is
 * for evidence with a virtual TPM, and the other way round. STEP_IDENTITY
 * tpm/missing, tpm/no-reference, tpm/pcr.
 */
void vtpm_appraise(const struct vtpm_opened *o, const struct pcr_set *set, struct appraisal *a);

/* The policy is one of the request's: tpm/policy. */
status vtpm_policy(const struct vtpm_opened *o, const struct evidence_request *rq,
                   enum verdict_step step, int32_t *ret_index, struct verdict *v);

/* Register 8 after a guest extended it with its policy hash. */
struct hash256 vtpm_policy_register(struct bytes policy);

#endif
