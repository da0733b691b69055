/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/azure/vtpm.h"

#include <stdio.h>

/* ---- decoding ---- */

struct hash256
vtpm_policy_register(struct bytes policy)
{
	uint8_t text[2 * SHA256_SIZE] = {0};

	mem_copy(text + SHA256_SIZE, policy.p, MIN(policy.n, SHA256_SIZE));
	return sha256(bytes_of(text, sizeof text));
}

/* A hash has no inverse: the document says which one it was, or the manifest's are tried. */
static void
find_policy(struct vtpm_opened *o, const struct policy_list *list)
{
	const struct hash256 *got = &o->pcrs[PCR_POLICY];
	struct bytes claim = o->parts->policy;
	struct hash256 want;

	if (!(o->quote.selected >> PCR_POLICY & 1))
		return;
	if (claim.n == SHA256_SIZE) {
		want = vtpm_policy_register(claim);
		if (!hash256_equal(&want, got))
			return;
		o->policy_known = true;
		mem_copy(o->policy.b, claim.p, SHA256_SIZE);
	}
	for (size_t i = 0; list && i < list->n; i++) {
		want = vtpm_policy_register(hash256_view(&list->items[i]));
		if (!hash256_equal(&want, got))
			continue;
		o->policy_known = true;
		o->policy = list->items[i];
		o->policy_index = (int32_t)i;
		return;
	}
}

static status
open_quote(struct vtpm_opened *o, struct verdict *v)
{
	struct bytes pcrs = o->parts->pcrs;

	TRY(tpm_quote_parse(o->parts->message, &o->quote, v));
	if (pcrs.n != VTPM_PCRS_SIZE)
		return verdict_reject(v, STEP_DECODE, "tpm/size",
		                      "there are not %d register values", TPM_PCRS);
	for (size_t i = 0; i < TPM_PCRS; i++)
		mem_copy(o->pcrs[i].b, pcrs.p + i * SHA256_SIZE, SHA256_SIZE);
	o->quoted = true;
	return OK;
}

status
vtpm_open(const struct evidence_request *rq, struct vtpm_opened *ret, struct verdict *v)
{
	const struct vtpm *parts = &rq->document->vtpm;
	struct hash256 h;

	*ret = (struct vtpm_opened){.parts = parts, .policy_index = -1};
	if (parts->runtime.n == 0 || parts->runtime.n > VTPM_RUNTIME_MAX)
		return verdict_reject(v, STEP_DECODE, "tpm/size",
		                      "runtime data of %zu bytes: 1 to %d", parts->runtime.n,
		                      VTPM_RUNTIME_MAX);
	h = sha256(parts->runtime);
	mem_copy(ret->report_data, h.b, sizeof h.b);
	TRY(tpm_key_of_runtime(parts->runtime, &ret->key, v));
	if (parts->message.n > 0)
		TRY(open_quote(ret, v));
	else if (rq->scope != EVIDENCE_AUTHENTIC)
		return verdict_reject(v, STEP_DECODE, "tpm/missing",
		                      "there is no quote of the virtual TPM");
	find_policy(ret, rq->policies);
	return OK;
}

void
vtpm_done(struct vtpm_opened *o)
{
	jws_key_free(o->key);
}

/* ---- links of the chain ---- */

static status
check_runtime(const struct vtpm_opened *o, struct bytes report_data, enum verdict_step step,
              struct verdict *v)
{
	struct bytes want = bytes_of(o->report_data, sizeof o->report_data);

	if (ct_equal(want, report_data))
		return OK;
	verdict_values_hex(v, want, report_data);
	return verdict_reject(v, step, "tpm/runtime",
	                      "the report does not vouch for these runtime data");
}

static status
check_nonce(const struct vtpm_opened *o, const struct evidence_request *rq, enum verdict_step step,
            struct verdict *v)
{
	struct hash256 bound;

	if (!rq->report_data && rq->nonce.n == 0)
		return OK;
	if (!o->quoted)
		return verdict_reject(v, step, "tpm/missing",
		                      "what is fresh is in the virtual TPM's quote, and there is "
		                      "none");
	if (rq->nonce.n > 0)
		TRY(tpm_quote_nonce(&o->quote, rq->nonce, step, v));
	if (!rq->report_data)
		return OK;
	bound = binding_vtpm(rq->report_data);
	return tpm_quote_nonce(&o->quote, hash256_view(&bound), step, v);
}

status
vtpm_policy(const struct vtpm_opened *o, const struct evidence_request *rq, enum verdict_step step,
            int32_t *ret_index, struct verdict *v)
{
	bool needed = rq->policies || rq->scope != EVIDENCE_AUTHENTIC || o->parts->policy.n > 0;

	*ret_index = o->policy_index;
	if (!needed || (o->policy_known && (!rq->policies || o->policy_index >= 0)))
		return OK;
	if (o->quoted)
		verdict_values_hex(v, (struct bytes){NULL, 0}, hash256_view(&o->pcrs[PCR_POLICY]));
	return verdict_reject(v, step, "tpm/policy",
	                      "register %d does not stand for a policy that the manifest names",
	                      PCR_POLICY);
}

status
vtpm_early(const struct vtpm_opened *o, const struct evidence_request *rq, struct bytes report_data,
           struct verdict *v)
{
	int32_t index;

	TRY(check_runtime(o, report_data, STEP_EARLY, v));
	TRY(check_nonce(o, rq, STEP_EARLY, v));
	if (o->quoted)
		TRY(tpm_quote_pcrs(&o->quote, o->pcrs, STEP_EARLY, v));
	return vtpm_policy(o, rq, STEP_EARLY, &index, v);
}

status
vtpm_authentic(const struct vtpm_opened *o, const struct evidence_request *rq,
               struct bytes report_data, struct verdict *v)
{
	TRY(check_runtime(o, report_data, STEP_SIGNATURE, v));
	if (o->quoted) {
		TRY(tpm_quote_signed(o->key, o->parts->message, o->parts->signature, v));
		TRY(tpm_quote_pcrs(&o->quote, o->pcrs, STEP_SIGNATURE, v));
	}
	return check_nonce(o, rq, STEP_BINDING, v);
}

/* ---- a set ---- */

static void
appraise_register(const struct vtpm_opened *o, const struct pcr_set *set, unsigned int i,
                  struct appraisal *a)
{
	char detail[64];

	if (!(o->quote.selected >> i & 1)) {
		appraisal_miss(a, STEP_IDENTITY, "tpm/pcr", "quoted", "not quoted",
		               "register %u is not in the quote", i);
		return;
	}
	if (hash256_equal(&o->pcrs[i], &set->value[i]))
		return;
	snprintf(detail, sizeof detail, "register %u differs", i);
	appraisal_miss_hex(a, STEP_IDENTITY, "tpm/pcr", hash256_view(&set->value[i]),
	                   hash256_view(&o->pcrs[i]), detail);
}

void
vtpm_appraise(const struct vtpm_opened *o, const struct pcr_set *set, struct appraisal *a)
{
	if (!o && !set)
		return;
	if (!o || (set && !o->quoted)) {
		appraisal_miss(a, STEP_IDENTITY, "tpm/missing", "a virtual TPM's quote", "none",
		               "the set names registers of a virtual TPM, and there is no quote");
		return;
	}
	if (!set || set->named == 0) {
		appraisal_miss(a, STEP_IDENTITY, "tpm/no-reference", "none",
		               "a virtual TPM's quote",
		               "the set names no register: what the guest booted is in these "
		               "alone");
		return;
	}
	for (unsigned int i = 0; i < PCRS; i++)
		if (set->named >> i & 1)
			appraise_register(o, set, i, a);
}
