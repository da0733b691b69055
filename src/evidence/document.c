/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/document.h"

#include "base/text.h"

static status
take_base64(struct arena *arena, const struct value *v, size_t max, struct bytes *ret,
            struct err *err)
{
	CLEANUP(buf_done) struct buf raw = {0};
	struct bytes text = json_text(v);

	if (text.n > (max + 2) / 3 * 4)
		return err_set(err, ERR_LIMIT, "E-EVIDENCE-031", "more than %zu bytes", max);
	if (!json_is(v, VALUE_STRING) || text.n == 0 || !base64_decode(BASE64_STD, text, &raw))
		return err_set(err, ERR_PARSE, "E-EVIDENCE-030", "not a base64 text");
	if (raw.n > max)
		return err_set(err, ERR_LIMIT, "E-EVIDENCE-031", "%zu bytes, at most %zu", raw.n,
		               max);
	*ret = arena_copy(arena, buf_view(&raw));
	return arena_check(arena, err);
}

static status
take_list(struct arena *arena, const struct value *list, size_t max_n, size_t max_each,
          const char *name, struct bytes *ret, size_t *ret_n, struct err *err)
{
	const struct value *item;

	if (!list)
		return OK;
	if (list->n > max_n)
		return err_at(err,
		              err_set(err, ERR_LIMIT, "E-EVIDENCE-031", "%u items, at most %zu",
		                      list->n, max_n),
		              ".%s", name);
	for (size_t i = 0; (item = json_item(list, i)); i++)
		TRY(err_at(err, take_base64(arena, item, max_each, &ret[i], err), ".%s[%zu]", name,
		           i));
	*ret_n = list->n;
	return OK;
}

static status
take_endorsements(struct arena *arena, const struct value *v, struct endorsements *ret,
                  struct err *err)
{
	const struct value *certs, *crls, *tcb_info, *qe_identity;
	const struct json_field fields[] = {
	        {"certificates", VALUE_ARRAY, false, &certs},
	        {"crls", VALUE_ARRAY, false, &crls},
	        {"tcbInfo", VALUE_STRING, false, &tcb_info},
	        {"qeIdentity", VALUE_STRING, false, &qe_identity},
	};

	TRY(json_fields(v, fields, COUNT_OF(fields), err));
	TRY(take_list(arena, certs, EVIDENCE_MAX_CERTS, EVIDENCE_CERT_MAX, "certificates",
	              ret->certs, &ret->n_certs, err));
	TRY(take_list(arena, crls, EVIDENCE_MAX_CRLS, EVIDENCE_CRL_MAX, "crls", ret->crls,
	              &ret->n_crls, err));
	if (tcb_info)
		TRY(err_at(err,
		           take_base64(arena, tcb_info, EVIDENCE_JSON_MAX, &ret->tcb_info, err),
		           ".tcbInfo"));
	if (qe_identity)
		TRY(err_at(err,
		           take_base64(arena, qe_identity, EVIDENCE_JSON_MAX, &ret->qe_identity,
		                       err),
		           ".qeIdentity"));
	return OK;
}

static status
take_vtpm(struct arena *arena, const struct value *v, struct vtpm *ret, struct err *err)
{
	const struct value *runtime, *message, *signature, *pcrs, *policy;
	const struct json_field fields[] = {
	        {"runtimeData", VALUE_STRING, true, &runtime},
	        {"message", VALUE_STRING, true, &message},
	        {"signature", VALUE_STRING, true, &signature},
	        {"pcrs", VALUE_STRING, true, &pcrs},
	        {"policy", VALUE_STRING, false, &policy},
	};

	TRY(json_fields(v, fields, COUNT_OF(fields), err));
	TRY(err_at(err, take_base64(arena, runtime, VTPM_RUNTIME_MAX, &ret->runtime, err),
	           ".runtimeData"));
	TRY(err_at(err, take_base64(arena, message, VTPM_MESSAGE_MAX, &ret->message, err),
	           ".message"));
	TRY(err_at(err, take_base64(arena, signature, VTPM_SIGNATURE_MAX, &ret->signature, err),
	           ".signature"));
	TRY(err_at(err, take_base64(arena, pcrs, VTPM_PCRS_SIZE, &ret->pcrs, err), ".pcrs"));
	if (ret->pcrs.n != VTPM_PCRS_SIZE)
		return err_at(err,
		              err_set(err, ERR_PARSE, "E-EVIDENCE-030", "%zu bytes, not %d",
		                      ret->pcrs.n, VTPM_PCRS_SIZE),
		              ".pcrs");
	if (!policy)
		return OK;
	TRY(err_at(err, take_base64(arena, policy, SHA256_SIZE, &ret->policy, err), ".policy"));
	if (ret->policy.n == SHA256_SIZE)
		return OK;
	return err_at(err,
	              err_set(err, ERR_PARSE, "E-EVIDENCE-030", "%zu bytes are no policy hash",
	                      ret->policy.n),
	              ".policy");
}

/* The member is there exactly when the type says so. */
static status
take_type(struct arena *arena, const struct value *type, const struct value *vtpm,
          struct document *ret, struct err *err)
{
	if (!tee_parse(json_text(type), &ret->tee))
		return err_at(err,
		              err_set(err, ERR_PARSE, "E-EVIDENCE-030",
		                      "the type of evidence is none of \"snp\", \"tdx\", "
		                      "\"snp-vtpm\", \"tdx-vtpm\""),
		              ".type");
	if (tee_has_vtpm(ret->tee) != (vtpm != NULL))
		return err_at(err,
		              err_set(err, ERR_PARSE, "E-EVIDENCE-030", "evidence of type %s %s",
		                      tee_name(ret->tee),
		                      vtpm ? "has no virtual TPM"
		                           : "needs its virtual TPM's quote"),
		              ".vtpm");
	if (!vtpm)
		return OK;
	return err_at(err, take_vtpm(arena, vtpm, &ret->vtpm, err), ".vtpm");
}

status
document_from_json(struct arena *arena, const struct value *v, struct document *ret,
                   struct err *err)
{
	const struct value *type, *evidence, *vtpm, *endorsements;
	const struct json_field fields[] = {
	        {"type", VALUE_STRING, true, &type},
	        {"evidence", VALUE_STRING, true, &evidence},
	        {"vtpm", VALUE_OBJECT, false, &vtpm},
	        {"endorsements", VALUE_OBJECT, false, &endorsements},
	};

	*ret = (struct document){0};
	TRY(json_fields(v, fields, COUNT_OF(fields), err));
	TRY(take_type(arena, type, vtpm, ret, err));
	TRY(err_at(err, take_base64(arena, evidence, EVIDENCE_MAX, &ret->evidence, err),
	           ".evidence"));
	if (!endorsements)
		return OK;
	return err_at(err, take_endorsements(arena, endorsements, &ret->endorsements, err),
	              ".endorsements");
}

status
document_parse(struct arena *arena, struct bytes json, struct document *ret, struct err *err)
{
	struct json_limits limits = {.depth = 4, .bytes = EVIDENCE_DOCUMENT_MAX};
	struct value v;

	TRY(json_parse(arena, json, &limits, &v, err));
	return document_from_json(arena, &v, ret, err);
}

static void
put_list(struct arena *arena, struct value *object, const char *name, const struct bytes *items,
         size_t n)
{
	struct value list = json_array();

	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++)
		json_add(arena, &list, json_base64(arena, items[i]));
	json_put(arena, object, name, list);
}

static struct value
vtpm_value(struct arena *arena, const struct vtpm *t)
{
	struct value v = json_object();

	json_put(arena, &v, "runtimeData", json_base64(arena, t->runtime));
	json_put(arena, &v, "message", json_base64(arena, t->message));
	json_put(arena, &v, "signature", json_base64(arena, t->signature));
	json_put(arena, &v, "pcrs", json_base64(arena, t->pcrs));
	if (t->policy.n > 0)
		json_put(arena, &v, "policy", json_base64(arena, t->policy));
	return v;
}

struct value
document_to_json(struct arena *arena, const struct document *d)
{
	const struct endorsements *e = &d->endorsements;
	struct value doc = json_object();
	struct value inner = json_object();

	json_put(arena, &doc, "type", json_cstr(tee_name(d->tee)));
	json_put(arena, &doc, "evidence", json_base64(arena, d->evidence));
	if (tee_has_vtpm(d->tee))
		json_put(arena, &doc, "vtpm", vtpm_value(arena, &d->vtpm));
	put_list(arena, &inner, "certificates", e->certs, e->n_certs);
	put_list(arena, &inner, "crls", e->crls, e->n_crls);
	if (e->tcb_info.n > 0)
		json_put(arena, &inner, "tcbInfo", json_base64(arena, e->tcb_info));
	if (e->qe_identity.n > 0)
		json_put(arena, &inner, "qeIdentity", json_base64(arena, e->qe_identity));
	json_put(arena, &doc, "endorsements", inner);
	return doc;
}
