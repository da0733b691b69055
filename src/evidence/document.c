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

status
document_from_json(struct arena *arena, const struct value *v, struct document *ret,
                   struct err *err)
{
	const struct value *type, *evidence, *endorsements;
	const struct json_field fields[] = {
	        {"type", VALUE_STRING, true, &type},
	        {"evidence", VALUE_STRING, true, &evidence},
	        {"endorsements", VALUE_OBJECT, false, &endorsements},
	};

	*ret = (struct document){0};
	TRY(json_fields(v, fields, COUNT_OF(fields), err));
	if (bytes_is(json_text(type), "snp"))
		ret->tee = TEE_SNP;
	else if (bytes_is(json_text(type), "tdx"))
		ret->tee = TEE_TDX;
	else
		return err_at(err,
		              err_set(err, ERR_PARSE, "E-EVIDENCE-030",
		                      "the type of evidence is neither \"snp\" nor \"tdx\""),
		              ".type");
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

struct value
document_to_json(struct arena *arena, const struct document *d)
{
	const struct endorsements *e = &d->endorsements;
	struct value doc = json_object();
	struct value inner = json_object();

	json_put(arena, &doc, "type", json_cstr(tee_name(d->tee)));
	json_put(arena, &doc, "evidence", json_base64(arena, d->evidence));
	put_list(arena, &inner, "certificates", e->certs, e->n_certs);
	put_list(arena, &inner, "crls", e->crls, e->n_crls);
	if (e->tcb_info.n > 0)
		json_put(arena, &inner, "tcbInfo", json_base64(arena, e->tcb_info));
	if (e->qe_identity.n > 0)
		json_put(arena, &inner, "qeIdentity", json_base64(arena, e->qe_identity));
	json_put(arena, &doc, "endorsements", inner);
	return doc;
}
