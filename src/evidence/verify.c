/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/verify.h"

#include "evidence/azure/vtpm.h"

static status
check_request(const struct evidence_request *rq, struct verdict *v)
{
	if (rq->nonce.n > 0 && !tee_has_vtpm(rq->document->tee))
		return verdict_reject(v, STEP_NOT_EVALUATED, "tpm/missing",
		                      "this evidence has no virtual TPM that a nonce could be in");
	if (rq->scope == EVIDENCE_AUTHENTIC)
		return OK;
	if (rq->report_data && rq->references && rq->nonce.n == 0)
		return OK;
	/* A caller's mistake must never widen what is accepted. */
	return verdict_reject(v, STEP_NOT_EVALUATED, "request/incomplete",
	                      "nothing to compare the evidence with was given");
}

static status
judge(const struct evidence_request *rq, struct evidence_result *ret)
{
	CLEANUP(vtpm_done) struct vtpm_opened opened = {0};
	const struct vtpm_opened *vtpm = NULL;

	TRY(check_request(rq, &ret->verdict));
	if (tee_has_vtpm(rq->document->tee)) {
		TRY(vtpm_open(rq, &opened, &ret->verdict));
		vtpm = &opened;
	}
	switch (tee_hardware(rq->document->tee)) {
	case TEE_SNP:
		return snp_judge(rq, vtpm, ret);
	case TEE_TDX:
		return tdx_judge(rq, vtpm, ret);
	case TEE_SNP_VTPM:
	case TEE_TDX_VTPM:
		break;
	}
	return verdict_reject(&ret->verdict, STEP_DECODE, "evidence/type",
	                      "this kind of evidence cannot be verified");
}

void
evidence_verify(const struct evidence_request *rq, struct evidence_result *ret)
{
	status s;

	*ret = (struct evidence_result){.verdict = {.set = -1}, .policy_index = -1};
	s = judge(rq, ret);
	if (!is_ok(s) || ret->verdict.reason[0] != '\0') {
		ret->policy = (struct hash256){{0}};
		ret->policy_index = -1;
		return;
	}
	ret->verdict.step = STEP_ACCEPTED;
}
