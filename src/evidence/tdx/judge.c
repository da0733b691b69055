/* SPDX-License-Identifier: Apache-2.0 */
/* The TDX half of evidence_verify(): the pipeline, and the choice among reference sets. */
#include "evidence/azure/vtpm.h"
#include "evidence/choice.h"

enum { POLICY_SIZE = 32 };

/* What is found once a root and serves every set of that root. */
struct under_root {
	bool known;
	struct hash256 root;
	struct tdx_opened *opened; /* NULL when refused */
	struct tcb_result tcb;
	struct verdict verdict;
	status result;
};

struct run {
	const struct evidence_request *rq;
	const struct vtpm_opened *vtpm; /* or NULL */
	struct tdx_quote quote;
	struct under_root last;
};

static void
run_done(struct run *run)
{
	tdx_opened_free(run->last.opened);
}

/* ---- early ---- */

static status
check_binding(const struct run *run, struct verdict *v)
{
	struct bytes want = bytes_of(run->rq->report_data, EVIDENCE_REPORT_DATA_SIZE);

	if (!run->rq->report_data || ct_equal(want, run->quote.report_data))
		return OK;
	verdict_values_hex(v, want, run->quote.report_data);
	return verdict_reject(v, STEP_EARLY, "tdx/report-data",
	                      "not bound to this session (replayed or relayed evidence?), "
	                      "unauthenticated");
}

/* MRCONFIGID is the policy hash and 16 zero bytes (PROTOCOL section 12). */
static status
check_policy(const struct run *run, enum verdict_step step, int32_t *ret_index, struct verdict *v)
{
	struct bytes id = run->quote.mrconfigid;
	const struct policy_list *list = run->rq->policies;
	bool whole = bytes_all_zero(bytes_sub(id, POLICY_SIZE, id.n));

	if (run->vtpm)
		return vtpm_policy(run->vtpm, run->rq, step, ret_index, v);
	/*
	 * Without a list the caller looks the first half up. What stands behind it
	 * would be seen by nobody then, so it must be nothing.
	 */
	if (!list && (whole || run->rq->scope == EVIDENCE_AUTHENTIC))
		return OK;
	for (size_t i = 0; list && i < list->n && whole; i++) {
		if (bytes_equal(hash256_view(&list->items[i]), bytes_sub(id, 0, POLICY_SIZE))) {
			*ret_index = (int32_t)i;
			return OK;
		}
	}
	verdict_values_hex(v, (struct bytes){NULL, 0}, id);
	return verdict_reject(v, step, "tdx/configid",
	                      whole ? "the guest runs a policy that the manifest does not name"
	                            : "MRCONFIGID has more in it than the 32 bytes of a policy");
}

static status
check_early(const struct run *run, struct verdict *v)
{
	int32_t index;

	if (run->rq->flags & EVIDENCE_THOROUGH)
		return OK;
	if (run->vtpm)
		return vtpm_early(run->vtpm, run->rq, run->quote.report_data, v);
	TRY(check_binding(run, v));
	return check_policy(run, STEP_EARLY, &index, v);
}

static bool
mrtd_matches(const struct tdx_reference *set, const struct tdx_quote *q)
{
	for (size_t i = 0; i < set->n_mrtd; i++) {
		if (bytes_equal(q->mrtd, bytes_of(set->mrtd[i], 48)))
			return true;
	}
	return false;
}

/* ---- one root: chain, collateral, signatures, TCB ---- */

static status
judge_root(struct run *run, struct under_root *u)
{
	const struct evidence_request *rq = run->rq;

	TRY(tdx_open(run->quote.pck_pem, &rq->document->endorsements, &u->root,
	             rq->revocation == REVOCATION_REQUIRED, rq->now, rq->tdx_cache, &u->opened,
	             &u->verdict));
	TRY(tdx_authenticate(&run->quote, &u->opened->chain, &u->opened->collateral,
	                     run->vtpm ? NULL : rq->report_data, &u->tcb, &u->verdict));
	if (!run->vtpm)
		return OK;
	return vtpm_authentic(run->vtpm, rq, run->quote.report_data, &u->verdict);
}

static const struct under_root *
under_root(struct run *run, const struct hash256 *root)
{
	struct under_root *u = &run->last;

	if (u->known && hash256_equal(&u->root, root))
		return u;
	tdx_opened_free(u->opened);
	*u = (struct under_root){.known = true, .root = *root, .verdict = {.set = -1}};
	u->result = judge_root(run, u);
	return u;
}

/* ---- one set, whole ---- */

static status
judge_set(struct run *run, const struct tdx_reference *set, struct findings *findings,
          struct outcome *o)
{
	struct appraisal a = {.first = &o->verdict, .all = findings};
	const struct under_root *u;

	if (set && !(run->rq->flags & EVIDENCE_THOROUGH) && !mrtd_matches(set, &run->quote)) {
		appraisal_miss_hex(&a, STEP_EARLY, "tdx/mrtd",
		                   set->n_mrtd > 0 ? bytes_of(set->mrtd[0], 48)
		                                   : (struct bytes){NULL, 0},
		                   run->quote.mrtd, "the firmware is another, unauthenticated");
		return (status){ERR_REJECTED};
	}
	u = under_root(run, set && set->has_trust_root ? &set->trust_root : &tdx_intel_root);
	o->verdict = u->verdict;
	o->tcb_status = u->tcb.status;
	mem_copy(o->tcb_behind, u->tcb.behind, sizeof o->tcb_behind);
	TRY(u->result);
	o->root_key = u->root;
	o->valid_to = u->opened->valid_until;
	if (set) {
		tdx_appraise_all(&run->quote, &u->opened->chain, &u->opened->collateral, &u->tcb,
		                 set, &a);
		vtpm_appraise(run->vtpm, set->pcrs, &a);
	}
	o->differences = a.n;
	if (a.n > 0)
		return (status){ERR_REJECTED};
	return check_policy(run, STEP_MANIFEST, &o->policy_index, &o->verdict);
}

static status
judge_nth(void *run, size_t set, struct findings *findings, struct outcome *o)
{
	struct run *r = run;

	return judge_set(r, set == NO_SET ? NULL : &r->rq->references->tdx[set], findings, o);
}

status
tdx_judge(const struct evidence_request *rq, const struct vtpm_opened *vtpm,
          struct evidence_result *ret)
{
	CLEANUP(run_done) struct run run = {.rq = rq, .vtpm = vtpm};
	const struct choice choice = {
	        .judge = judge_nth,
	        .run = &run,
	        .n = rq->references ? rq->references->n_tdx : 0,
	        .findings = rq->findings,
	        .none = "tdx/no-reference",
	        .none_detail = "the manifest has no reference values for TDX",
	};

	TRY(tdx_quote_parse(rq->document->evidence, &run.quote, &ret->verdict));
	TRY(check_early(&run, &ret->verdict));
	if (!rq->references && rq->scope == EVIDENCE_AUTHENTIC)
		TRY(choose_none(&choice, ret));
	else
		TRY(choose_set(&choice, ret));
	mem_copy(ret->policy.b, vtpm ? vtpm->policy.b : run.quote.mrconfigid.p, POLICY_SIZE);
	return OK;
}
