/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/tdx/verify.h"

#include "base/clock.h"

#include <stdio.h>

/* ---- authentic? ---- */

/* REPORTDATA of the quoting enclave ties the attestation key to the PCK: without it anyone could
 * sign. */
static status
check_key_binding(const struct tdx_quote *q, const struct qe_report *qe, struct verdict *v)
{
	struct hasher *h = hasher_new(HASH_SHA256);
	struct hash256 want;
	bool same;

	hasher_add(h, q->attestation_key);
	hasher_add(h, q->qe_auth_data);
	hasher_final(h, want.b);
	hasher_free(h);
	same = ct_equal(hash256_view(&want), bytes_sub(qe->report_data, 0, 32)) &&
	       bytes_all_zero(bytes_sub(qe->report_data, 32, 64));
	if (!same)
		return verdict_reject(v, STEP_SIGNATURE, "tdx/ak-binding",
		                      "the quoting enclave does not vouch for the attestation key");
	return OK;
}

static status
check_signatures(const struct tdx_quote *q, const struct tdx_chain *chain,
                 const struct qe_report *qe, struct verdict *v)
{
	struct err err;
	status s;

	if (!is_ok(key_verify_ecdsa_raw(chain->key, SIG_SHA256, q->qe_report,
	                                bytes_sub(q->qe_signature, 0, 32),
	                                bytes_sub(q->qe_signature, 32, 64), &err)))
		return verdict_reject(v, STEP_SIGNATURE, "tdx/qe-signature",
		                      "the quoting enclave's report does not verify under the PCK");
	TRY(check_key_binding(q, qe, v));
	s = point_verify_ecdsa_raw(KEY_P256, q->attestation_key, SIG_SHA256, q->signed_part,
	                           bytes_sub(q->signature, 0, 32), bytes_sub(q->signature, 32, 64),
	                           &err);
	if (s.cls == ERR_PARSE)
		return verdict_reject(v, STEP_SIGNATURE, "tdx/ak-point",
		                      "the attestation key is no point of the curve");
	if (!is_ok(s))
		return verdict_reject(v, STEP_SIGNATURE, "tdx/signature",
		                      "the quote does not verify under its attestation key");
	return OK;
}

static status
check_platform_match(const struct tdx_chain *chain, const struct tdx_collateral *c,
                     struct verdict *v)
{
	struct bytes pck = bytes_of(chain->pck.fmspc, sizeof chain->pck.fmspc);
	struct bytes info = bytes_of(c->info.fmspc, sizeof c->info.fmspc);

	if (!bytes_equal(pck, info) ||
	    !bytes_equal(bytes_of(chain->pck.pceid, 2), bytes_of(c->info.pceid, 2))) {
		(void)verdict_reject(v, STEP_CHAIN, "tdx/fmspc",
		                     "the TCB info is for another kind of platform");
		verdict_values_hex(v, pck, info);
		return (status){ERR_REJECTED};
	}
	return OK;
}

static status
check_enclave(const struct qe_report *qe, const struct qe_identity *id, struct verdict *v)
{
	bool attributes = true;

	for (size_t i = 0; i < 16; i++)
		attributes &= (qe->attributes.p[i] & id->attributes_mask[i]) == id->attributes[i];
	if (!bytes_equal(qe->mrsigner, bytes_of(id->mrsigner, 32)) ||
	    qe->isv_prod_id != id->isv_prod_id || !attributes ||
	    (qe->misc_select & id->misc_select_mask) != id->misc_select)
		return verdict_reject(v, STEP_CHAIN, "tdx/qe-identity",
		                      "the quoting enclave is not the one that Intel names");
	return OK;
}

static status
check_module(const struct tdx_quote *q, const struct tdx_collateral *c, struct verdict *v)
{
	const struct tdx_module *m = tcb_module_of(&c->info, q->tee_tcb_svn);

	if (!m)
		return verdict_reject(v, STEP_PLATFORM, "tdx/tcb-unsupported",
		                      "TDX module version %u is unknown to the TCB info",
		                      q->tee_tcb_svn.p[1]);
	if (!bytes_equal(q->mrsignerseam, bytes_of(m->mrsigner, 48)) ||
	    (q->seam_attributes & m->attributes_mask) != m->attributes)
		return verdict_reject(v, STEP_PLATFORM, "tdx/module",
		                      "the TDX module is not one that Intel signed");
	return OK;
}

status
tdx_authenticate(const struct tdx_quote *q, const struct tdx_chain *chain,
                 const struct tdx_collateral *c, const uint8_t report_data[64],
                 struct tcb_result *result, struct verdict *v)
{
	struct qe_report qe;

	qe_report_parse(q->qe_report, &qe);
	TRY(check_signatures(q, chain, &qe, v));
	TRY(check_platform_match(chain, c, v));
	TRY(check_enclave(&qe, &c->qe, v));
	TRY(check_module(q, c, v));
	if (report_data && !ct_equal(q->report_data, bytes_of(report_data, 64)))
		return verdict_reject(v, STEP_BINDING, "tdx/report-data",
		                      "not bound to this session (replayed or relayed evidence?)");
	tcb_evaluate(&c->info, &c->qe, &chain->pck, q->tee_tcb_svn, q->tee_tcb_svn2, qe.isv_svn,
	             result);
	if (result->status == TCB_NOT_SUPPORTED)
		return verdict_reject(v, STEP_PLATFORM, "tdx/tcb-unsupported",
		                      "the platform's TCB is below all known levels (%s)",
		                      result->behind);
	if (result->status == TCB_REVOKED)
		return verdict_reject(v, STEP_PLATFORM, "tdx/tcb-status",
		                      "the TCB level is revoked");
	v->revocation = chain->revocation;
	return OK;
}

/* ---- what the manifest asks for: every difference, not the first alone ---- */

static void
check_tcb(const struct tdx_collateral *c, const struct tcb_result *r,
          const struct tdx_reference *ref, struct appraisal *a)
{
	uint32_t accepted = ref->accepted_statuses ? ref->accepted_statuses : 1U << TCB_UP_TO_DATE;
	CLEANUP(buf_done) struct buf list = {0};
	char when[32], e[16], g[16];

	if (c->info.evaluation < ref->min_evaluation) {
		snprintf(e, sizeof e, "%u", ref->min_evaluation);
		snprintf(g, sizeof g, "%u", c->info.evaluation);
		appraisal_miss(a, STEP_PLATFORM, "tdx/tcb-eval", e, g, "%s < %s (stale collateral)",
		               g, e);
	}
	if (accepted & 1U << r->status)
		return;
	for (size_t i = 0; i < r->n_advisories; i++)
		buf_printf(&list, "%s%.*s", i ? ", " : " (", BYTES_ARG(r->advisories[i]));
	if (list.n > 0)
		buf_str(&list, ")");
	appraisal_miss(a, STEP_PLATFORM, "tdx/tcb-status", "UpToDate", tcb_status_name(r->status),
	               "%s since %s%s%s%s", tcb_status_name(r->status), time_cstr(r->date, when),
	               list.n > 0 ? buf_cstr(&list) : "", r->behind[0] ? "; old: " : "", r->behind);
}

static void
miss_number(struct appraisal *a, const char *reason, const char *what, uint64_t want, uint64_t got)
{
	char e[24], g[24];

	snprintf(e, sizeof e, "0x%016llx", (unsigned long long)want);
	snprintf(g, sizeof g, "0x%016llx", (unsigned long long)got);
	appraisal_miss(a, STEP_PLATFORM, reason, e, g, "%s", what);
}

static void
check_attributes(const struct tdx_quote *q, const struct tdx_reference *ref, struct appraisal *a)
{
	if (q->td_attributes & 0xff)
		miss_number(a, "tdx/debug", "the TD can be debugged by its host",
		            TDX_ATTRIBUTES_REQUIRED, q->td_attributes);
	else if (q->td_attributes != TDX_ATTRIBUTES_REQUIRED)
		miss_number(a, "tdx/attributes", "the TD's attributes differ",
		            TDX_ATTRIBUTES_REQUIRED, q->td_attributes);
	if (q->body == TDX_BODY_15 && !bytes_all_zero(q->mrservicetd))
		appraisal_miss(a, STEP_PLATFORM, "tdx/servicetd", "none", "bound",
		               "a migration or service TD is bound to it");
	if ((q->xfam & ref->xfam_mask) != (ref->xfam & ref->xfam_mask))
		miss_number(a, "tdx/xfam", "the TD's extended features differ", ref->xfam, q->xfam);
}

static void
check_machine(const struct pck *p, const struct tdx_reference *ref, struct appraisal *a)
{
	bool found = ref->n_piids == 0;

	if (ref->memory_integrity && p->sgx_type != SGX_SCALABLE_INTEGRITY)
		appraisal_miss(a, STEP_PLATFORM, "tdx/platform-config", "integrity", "none",
		               "the memory has no cryptographic integrity");
	if (ref->smt_disabled && (!p->has_configuration || p->smt_enabled))
		appraisal_miss(a, STEP_PLATFORM, "tdx/platform-config", "off", "on", "SMT is on");
	if (ref->static_platform && (!p->has_configuration || p->dynamic_platform))
		appraisal_miss(a, STEP_PLATFORM, "tdx/platform-config", "static", "dynamic",
		               "processor packages may be added");
	for (size_t i = 0; i < ref->n_piids && p->has_piid; i++)
		found |= bytes_equal(bytes_of(ref->piids[i], 16), bytes_of(p->piid, 16));
	if (!found)
		appraisal_miss_hex(a, STEP_PLATFORM, "tdx/piid", (struct bytes){NULL, 0},
		                   bytes_of(p->piid, 16), "the machine is not on the list");
}

static void
check_value(struct bytes got, const uint8_t want[48], const char *reason, const char *what,
            struct appraisal *a)
{
	if (!bytes_equal(got, bytes_of(want, 48)))
		appraisal_miss_hex(a, STEP_IDENTITY, reason, bytes_of(want, 48), got, what);
}

static void
check_any(struct bytes got, const uint8_t (*list)[48], size_t n, const char *reason,
          const char *what, struct appraisal *a)
{
	for (size_t i = 0; i < n; i++)
		if (bytes_equal(got, bytes_of(list[i], 48)))
			return;
	appraisal_miss_hex(a, STEP_IDENTITY, reason,
	                   n > 0 ? bytes_of(list[0], 48) : (struct bytes){NULL, 0}, got, what);
}

static void
check_identity(const struct tdx_quote *q, const struct tdx_reference *ref, struct appraisal *a)
{
	static const char *const reasons[] = {"tdx/rtmr0", "tdx/rtmr1", "tdx/rtmr2", "tdx/rtmr3"};
	static const char *const names[] = {"RTMR0 differs", "RTMR1 differs", "RTMR2 differs",
	                                    "RTMR3 differs"};

	check_any(q->mrtd, ref->mrtd, ref->n_mrtd, "tdx/mrtd", "MRTD differs", a);
	if (ref->n_rtmr0 > 0)
		check_any(q->rtmr[0], ref->rtmr0, ref->n_rtmr0, reasons[0], names[0], a);
	for (size_t i = 1; i < TDX_RTMRS; i++)
		if (ref->has_rtmr[i])
			check_value(q->rtmr[i], ref->rtmr[i], reasons[i], names[i], a);
	if (ref->has_mrseam)
		check_value(q->mrseam, ref->mrseam, "tdx/mrseam", "MRSEAM differs", a);
	/* Chosen by the host when it made the TD; nobody who is not named has a say in it. */
	check_value(q->mrowner, ref->mrowner, "tdx/owner", "MROWNER differs", a);
	check_value(q->mrownerconfig, ref->mrownerconfig, "tdx/owner", "MROWNERCONFIG differs", a);
	if (ref->has_mrconfigid)
		check_value(q->mrconfigid, ref->mrconfigid, "tdx/configid",
		            "MRCONFIGID (the pod's policy) differs", a);
}

void
tdx_appraise_all(const struct tdx_quote *q, const struct tdx_chain *chain,
                 const struct tdx_collateral *c, const struct tcb_result *result,
                 const struct tdx_reference *ref, struct appraisal *a)
{
	check_tcb(c, result, ref, a);
	check_attributes(q, ref, a);
	check_machine(&chain->pck, ref, a);
	check_identity(q, ref, a);
}

status
tdx_appraise(const struct tdx_quote *q, const struct tdx_chain *chain,
             const struct tdx_collateral *c, const struct tcb_result *result,
             const struct tdx_reference *ref, struct verdict *v)
{
	struct appraisal a = {.first = v};

	tdx_appraise_all(q, chain, c, result, ref, &a);
	return a.n > 0 ? (status){ERR_REJECTED} : OK;
}
