/* SPDX-License-Identifier: Apache-2.0 */
/* The SNP half of evidence_verify(): the pipeline, and the choice among reference sets. */
#include "evidence/azure/vtpm.h"
#include "evidence/choice.h"
#include "evidence/snp/appraise.h"

#include <stdio.h>

/* What is found once and serves every set. */
struct run {
	const struct evidence_request *rq;
	const struct vtpm_opened *vtpm; /* or NULL */
	struct snp_report report;
	/* Signature and binding do not depend on the set: judged once. */
	bool authentic_known;
	status authentic;
	struct verdict authentic_verdict;
	struct hash256 authentic_key; /* the leaf it was judged with */
};

static struct bytes
report_data_of(const struct run *run)
{
	return bytes_of(run->report.report_data, sizeof run->report.report_data);
}

static bool
policy_index(const struct run *run, int32_t *ret)
{
	const struct policy_list *list = run->rq->policies;

	for (size_t i = 0; i < list->n; i++) {
		if (bytes_equal(hash256_view(&list->items[i]),
		                bytes_of(run->report.host_data, SHA256_SIZE))) {
			*ret = (int32_t)i;
			return true;
		}
	}
	return false;
}

/* ---- early: what costs nothing and can only reject (PROTOCOL section 11) ---- */

static status
check_binding(const struct run *run, enum verdict_step step, struct verdict *v)
{
	struct bytes want = bytes_of(run->rq->report_data, EVIDENCE_REPORT_DATA_SIZE);

	if (!run->rq->report_data || ct_equal(want, report_data_of(run)))
		return OK;
	verdict_values_hex(v, want, report_data_of(run));
	return verdict_reject(v, step, "snp/report-data",
	                      "not bound to this session (replayed or relayed evidence?)%s",
	                      step == STEP_EARLY ? ", unauthenticated" : "");
}

static status
check_policy(const struct run *run, enum verdict_step step, int32_t *ret_index, struct verdict *v)
{
	if (run->vtpm)
		return vtpm_policy(run->vtpm, run->rq, step, ret_index, v);
	if (!run->rq->policies || policy_index(run, ret_index))
		return OK;
	verdict_values_hex(v, (struct bytes){NULL, 0}, bytes_of(run->report.host_data, 32));
	return verdict_reject(v, step, "snp/host-data",
	                      "the guest runs a policy that the manifest does not name");
}

static status
check_early(const struct run *run, struct verdict *v)
{
	int32_t index;

	if (run->rq->flags & EVIDENCE_THOROUGH)
		return OK;
	if (run->vtpm)
		return vtpm_early(run->vtpm, run->rq, report_data_of(run), v);
	TRY(check_binding(run, STEP_EARLY, v));
	return check_policy(run, STEP_EARLY, &index, v);
}

/* ---- the leaf and the report belong together ---- */

static status
check_product(const struct run *run, const struct snp_vek *vek, struct verdict *v)
{
	const struct snp_report *r = &run->report;
	enum snp_product p;
	char g[32];

	if (r->version < SNP_REPORT_VERSION_CPUID)
		return OK; /* carries no CPUID; the chip id's width and the TCB speak for it */
	if (snp_product_from_cpuid(r->cpuid_family, r->cpuid_model, &p) && p == vek->product)
		return OK;
	snprintf(g, sizeof g, "family 0x%x model 0x%x", (unsigned int)r->cpuid_family,
	         (unsigned int)r->cpuid_model);
	verdict_values(v, snp_product_name(vek->product), g);
	return verdict_reject(v, STEP_CHAIN, "snp/product",
	                      "the certificate is of another product than the report");
}

static status
check_tcb(const struct run *run, const struct snp_vek *vek, struct verdict *v)
{
	char e[SNP_TCB_TEXT], g[SNP_TCB_TEXT];
	struct snp_tcb reported;

	if (!snp_tcb_decode(vek->product, run->report.reported_tcb, &reported))
		return verdict_reject(v, STEP_CHAIN, "snp/tcb-format",
		                      "the reported TCB has bytes set that %s reserves",
		                      snp_product_name(vek->product));
	if (snp_tcb_equal(&reported, &vek->tcb))
		return OK;
	verdict_values(v, snp_tcb_text(vek->product, &vek->tcb, e),
	               snp_tcb_text(vek->product, &reported, g));
	return verdict_reject(v, STEP_CHAIN, "snp/tcb-cert",
	                      "the reported TCB is not the certificate's");
}

static status
check_chip(const struct run *run, const struct snp_vek *vek, struct verdict *v)
{
	struct bytes chip = bytes_of(run->report.chip_id, SNP_CHIP_ID_SIZE);
	struct bytes hwid = bytes_of(vek->hwid, sizeof vek->hwid);
	bool masked = (run->report.key_info & SNP_KEY_MASK_CHIP) && bytes_all_zero(chip);

	if (vek->kind == SNP_SIGNED_VLEK || masked || bytes_equal(chip, hwid))
		return OK;
	verdict_values_hex(v, hwid, chip);
	return verdict_reject(v, STEP_CHAIN, "snp/chipid-cert",
	                      "the report is of another chip than the certificate");
}

/* These cost nothing, so they come before the signature; a mismatch can only reject. */
static status
check_leaf(const struct run *run, const struct snp_vek *vek, struct verdict *v)
{
	TRY(check_product(run, vek, v));
	TRY(check_tcb(run, vek, v));
	return check_chip(run, vek, v);
}

/* ---- signature ---- */

static status
check_signature(const struct run *run, const struct snp_vek *vek, struct verdict *v)
{
	struct bytes text = bytes_sub(run->rq->document->evidence, 0, SNP_SIGNED_SIZE);
	const struct snp_report *r = &run->report;
	struct err err;

	if (is_ok(key_verify_ecdsa_raw(vek->key, SIG_SHA384, text, bytes_of(r->r, sizeof r->r),
	                               bytes_of(r->s, sizeof r->s), &err)))
		return OK;
	return verdict_reject(v, STEP_SIGNATURE, "snp/signature",
	                      "the report's signature does not verify under this %s",
	                      vek->kind == SNP_SIGNED_VLEK ? "VLEK" : "VCEK");
}

static status
judge_authentic(const struct run *run, const struct snp_vek *vek, struct verdict *v)
{
	TRY(check_leaf(run, vek, v));
	TRY(check_signature(run, vek, v));
	if (!run->vtpm)
		return check_binding(run, STEP_BINDING, v);
	/* What the guest's own levels ask for is not the paravisor's word about its TPM. */
	if (run->report.vmpl != 0)
		return verdict_reject(v, STEP_SIGNATURE, "snp/vmpl",
		                      "the report was requested at VMPL %u, not by a paravisor",
		                      run->report.vmpl);
	return vtpm_authentic(run->vtpm, run->rq, report_data_of(run), v);
}

/* Once a leaf: with several sets of one root it is the same leaf again. */
static status
check_authentic(struct run *run, const struct snp_vek *vek, struct verdict *v)
{
	if (!run->authentic_known || !hash256_equal(&vek->key_id, &run->authentic_key)) {
		run->authentic_verdict = (struct verdict){.set = -1};
		run->authentic = judge_authentic(run, vek, &run->authentic_verdict);
		run->authentic_key = vek->key_id;
		run->authentic_known = true;
	}
	if (is_ok(run->authentic))
		return OK;
	*v = run->authentic_verdict;
	return run->authentic;
}

/* ---- one set, whole ---- */

static status
judge_set(struct run *run, const struct snp_reference *set, struct findings *findings,
          struct outcome *o)
{
	const struct evidence_request *rq = run->rq;
	struct snp_chain_request chain_rq = {
	        .endorsements = &rq->document->endorsements,
	        .report = &run->report,
	        .trust_root = set && set->has_trust_root ? &set->trust_root : NULL,
	        .revocation = rq->revocation,
	        .now = rq->now,
	        .cache = rq->cache,
	};
	struct appraisal a = {.first = &o->verdict, .all = findings};
	struct snp_chain *chain = NULL;
	status s;

	if (set && !(rq->flags & EVIDENCE_THOROUGH) &&
	    snp_measurement_matches(set, &run->report) == 0) {
		appraisal_miss_hex(&a, STEP_EARLY, "snp/measurement",
		                   hash384_view(&set->measurement),
		                   bytes_of(run->report.measurement, SHA384_SIZE),
		                   "the guest was booted from something else, unauthenticated");
		return (status){ERR_REJECTED};
	}
	TRY(snp_chain_verify(&chain_rq, &chain, &o->verdict));
	o->verdict.revocation = chain->revocation;
	o->root_key = chain->root_key;
	o->valid_to = chain->valid_to;
	s = check_authentic(run, &chain->vek, &o->verdict);
	if (is_ok(s) && set) {
		snp_appraise(set, &run->report, &chain->vek, &a);
		vtpm_appraise(run->vtpm, set->pcrs, &a);
	}
	o->differences = a.n;
	snp_chain_free(chain);
	TRY(s);
	if (a.n > 0)
		return (status){ERR_REJECTED};
	return check_policy(run, STEP_MANIFEST, &o->policy_index, &o->verdict);
}

static status
judge_nth(void *run, size_t set, struct findings *findings, struct outcome *o)
{
	struct run *r = run;

	return judge_set(r, set == NO_SET ? NULL : &r->rq->references->snp[set], findings, o);
}

status
snp_judge(const struct evidence_request *rq, const struct vtpm_opened *vtpm,
          struct evidence_result *ret)
{
	struct run run = {.rq = rq, .vtpm = vtpm};
	const struct choice choice = {
	        .judge = judge_nth,
	        .run = &run,
	        .n = rq->references ? rq->references->n_snp : 0,
	        .findings = rq->findings,
	        .none = "snp/no-reference",
	        .none_detail = "the manifest has no reference values for SEV-SNP",
	};

	TRY(snp_report_parse(rq->document->evidence, &run.report, &ret->verdict));
	TRY(check_early(&run, &ret->verdict));
	if (!rq->references && rq->scope == EVIDENCE_AUTHENTIC)
		TRY(choose_none(&choice, ret));
	else
		TRY(choose_set(&choice, ret));
	mem_copy(ret->policy.b, vtpm ? vtpm->policy.b : run.report.host_data, SHA256_SIZE);
	return OK;
}
