/* SPDX-License-Identifier: Apache-2.0 */
/* The verifier's face in libcontrast: translates types, decides nothing. */
#include "contrast/verify.h"

#include "evidence/intake.h"
#include "evidence/verify.h"
#include "manifest/reference.h"

#include <stdio.h>

enum { INPUT_ARENA = 8 * 1024 * 1024 };

struct contrast_verifier {
	struct manifest *manifest;
	struct arena arena;
	struct reference_sets references;
	struct policy_list policies;
	enum revocation_policy revocation;
	struct snp_cache *snp_cache;
	struct tdx_cache *tdx_cache;
};

static contrast_verify_status
report(status s, const struct err *err, contrast_verify_error *to)
{
	if (to)
		*to = (contrast_verify_error){{0}, {0}, {0}};
	if (is_ok(s))
		return CONTRAST_VERIFY_OK;
	if (to) {
		snprintf(to->id, sizeof to->id, "%s", err->id);
		snprintf(to->place, sizeof to->place, "%s", err->place);
		snprintf(to->message, sizeof to->message, "%s", err->msg);
	}
	if (s.cls == ERR_USAGE)
		return CONTRAST_VERIFY_MISUSE;
	return s.cls == ERR_INTERNAL ? CONTRAST_VERIFY_INTERNAL : CONTRAST_VERIFY_INPUT;
}

static status
misuse(struct err *err)
{
	return err_set(err, ERR_USAGE, "E-LIB-001", "an argument that must be given is NULL");
}

static status
convert(struct contrast_verifier *v, struct err *err)
{
	const struct manifest *m = v->manifest;
	struct snp_reference *snp = arena_array(&v->arena, m->n_snp + 1, sizeof *snp);
	struct tdx_reference *tdx = arena_array(&v->arena, m->n_tdx + 1, sizeof *tdx);
	struct hash256 *policies = arena_array(&v->arena, m->n_policies + 1, sizeof *policies);

	TRY(arena_check(&v->arena, err));
	for (size_t i = 0; i < m->n_snp; i++)
		manifest_snp_reference(m, i, &snp[i]);
	for (size_t i = 0; i < m->n_tdx; i++)
		TRY(manifest_tdx_reference(m, i, &v->arena, &tdx[i], err));
	for (size_t i = 0; i < m->n_policies; i++)
		policies[i] = m->policies[i].hash;
	v->references = (struct reference_sets){snp, m->n_snp, tdx, m->n_tdx};
	v->policies = (struct policy_list){policies, m->n_policies};
	return OK;
}

static status
fill(struct contrast_verifier *v, struct bytes manifest, unsigned int flags, struct err *err)
{
	TRY(manifest_parse(manifest, &v->manifest, NULL, err));
	if (v->manifest->insecure && !(flags & CONTRAST_VERIFY_INSECURE))
		return err_set(err, ERR_PARSE, "E-LIB-002",
		               "the manifest names roots of trust that are no vendor's");
	v->revocation = flags & CONTRAST_VERIFY_REVOCATION_OPTIONAL ? REVOCATION_OPTIONAL
	                                                            : REVOCATION_REQUIRED;
	v->snp_cache = snp_cache_new();
	v->tdx_cache = tdx_cache_new();
	return convert(v, err);
}

void
contrast_verifier_free(contrast_verifier *v)
{
	if (!v)
		return;
	manifest_free(v->manifest);
	arena_done(&v->arena);
	snp_cache_free(v->snp_cache);
	tdx_cache_free(v->tdx_cache);
	mem_free(v);
}

contrast_verify_status
contrast_verifier_new(const void *manifest, size_t size, unsigned flags, contrast_verifier **ret,
                      contrast_verify_error *error)
{
	struct contrast_verifier *v;
	struct err err = {0};
	status s;

	if (!ret || !manifest)
		return report(misuse(&err), &err, error);
	v = mem_new(struct contrast_verifier);
	arena_init(&v->arena, MANIFEST_MAX_BYTES);
	s = fill(v, bytes_of(manifest, size), flags, &err);
	*ret = v;
	if (!is_ok(s)) {
		contrast_verifier_free(v);
		*ret = NULL;
	}
	return report(s, &err, error);
}

static status
take_evidence(struct arena *a, const contrast_evidence *e, struct document *d, struct err *err)
{
	TRY(err_ctx(err, intake_evidence(a, bytes_of(e->evidence.data, e->evidence.size), d, err),
	            "evidence"));
	for (size_t i = 0; i < e->n_endorsements; i++) {
		struct bytes b = bytes_of(e->endorsements[i].data, e->endorsements[i].size);

		TRY(err_ctx(err, intake_endorsements(a, b, &d->endorsements, err),
		            "endorsement %zu", i));
	}
	return OK;
}

static void
translate(const struct evidence_result *r, const struct document *d, contrast_verdict *ret)
{
	const struct verdict *v = &r->verdict;

	ret->accepted = verdict_accepted(v) ? 1 : 0;
	ret->revocation_checked = v->revocation == REVOCATION_CHECKED;
	ret->reference_set = v->set;
	ret->is_tdx = tee_hardware(d->tee) == TEE_TDX;
	if (ret->accepted) {
		ret->valid_until = r->valid_to;
		mem_copy(ret->policy, r->policy.b, sizeof ret->policy);
	}
	snprintf(ret->step, sizeof ret->step, "%s", verdict_step_name(v->step));
	snprintf(ret->reason, sizeof ret->reason, "%s", v->reason);
	snprintf(ret->detail, sizeof ret->detail, "%s", v->detail);
	snprintf(ret->expected, sizeof ret->expected, "%s", v->expected);
	snprintf(ret->got, sizeof ret->got, "%s", v->got);
	if (tee_hardware(d->tee) == TEE_TDX && r->tcb_status != TCB_NOT_SUPPORTED)
		snprintf(ret->tcb_status, sizeof ret->tcb_status, "%s",
		         tcb_status_name(r->tcb_status));
}

contrast_verify_status
contrast_verify(const contrast_verifier *v, const contrast_evidence *e, contrast_verdict *ret,
                contrast_verify_error *error)
{
	CLEANUP(arena_done) struct arena a = {.cap = INPUT_ARENA};
	struct evidence_result result;
	struct document d;
	struct err err = {0};
	status s;

	if (ret) {
		mem_zero(ret, sizeof *ret);
		ret->reference_set = -1;
	}
	if (!v || !e || !ret || !e->evidence.data || !e->report_data ||
	    (e->n_endorsements > 0 && !e->endorsements))
		return report(misuse(&err), &err, error);
	s = take_evidence(&a, e, &d, &err);
	if (!is_ok(s))
		return report(s, &err, error);
	evidence_verify(&(struct evidence_request){.document = &d,
	                                           .report_data = e->report_data,
	                                           .references = &v->references,
	                                           .policies = &v->policies,
	                                           .revocation = v->revocation,
	                                           .now = e->now,
	                                           .cache = v->snp_cache,
	                                           .tdx_cache = v->tdx_cache},
	                &result);
	translate(&result, &d, ret);
	return report(OK, &err, error);
}
