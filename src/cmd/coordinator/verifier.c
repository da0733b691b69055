/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/coordinator/verifier.h"

#include "authority/record.h"
#include "base/text.h"
#include "crypto/cert.h"
#include "json/value.h"

#include <unistd.h>

enum { P256_POINT = 64, KEM_SIZE = 32 };

void
verifier_done(struct verifier *v)
{
	judge_done(&v->judge);
	marks_done(&v->known);
	v->loaded = false;
}

static status
decode(struct arena *arena, const struct value *v, struct bytes *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf out = {.max = MESSAGE_BODY_MAX};

	if (!base64_decode(BASE64_STD, json_text(v), &out))
		return err_set(err, ERR_PARSE, "E-VERIFIER-001", "is not base64");
	*ret = arena_copy(arena, buf_view(&out));
	return arena_check(arena, err);
}

/* ---- POST /v1/mesh/cert ---- */

struct cert_body {
	struct bytes csr;
	struct bytes kem;
	struct document document;
};

/* {csr, kem, evidence, endorsements}: the last two are a document's members beside its type. */
static status
parse_cert_body(struct arena *arena, struct bytes body, struct cert_body *ret, struct err *err)
{
	const struct json_limits limits = {.depth = 8, .bytes = MESSAGE_REQUEST_MAX};
	const struct value *csr, *kem, *evidence;
	const struct json_field fields[] = {
	        {"csr", VALUE_STRING, true, &csr},
	        {"kem", VALUE_STRING, true, &kem},
	        {"evidence", VALUE_OBJECT, true, &evidence},
	};
	struct value v;

	TRY(json_parse(arena, body, &limits, &v, err));
	TRY(json_fields(&v, fields, COUNT_OF(fields), err));
	TRY(err_at(err, decode(arena, csr, &ret->csr, err), ".csr"));
	TRY(err_at(err, decode(arena, kem, &ret->kem, err), ".kem"));
	if (ret->kem.n != KEM_SIZE)
		return err_at(err,
		              err_set(err, ERR_PARSE, "E-VERIFIER-002", "has %zu bytes, not 32",
		                      ret->kem.n),
		              ".kem");
	return err_at(err, document_from_json(arena, evidence, &ret->document, err), ".evidence");
}

/* The point of a P-256 key: the end of its SubjectPublicKeyInfo. */
static status
put_point(struct arena *arena, const struct key *key, struct message *answer, struct err *err)
{
	CLEANUP(buf_done) struct buf spki = {0};

	key_spki(key, &spki);
	if (key_kind(key) != KEY_P256 || spki.n < P256_POINT)
		return err_set(err, ERR_PARSE, "E-VERIFIER-003", "the request's key is not P-256");
	answer->key = arena_copy(arena, bytes_sub(buf_view(&spki), spki.n - P256_POINT, spki.n));
	return arena_check(arena, err);
}

/* The keeper has the rest: it sent them. */
static status
put_marks(const struct verifier *v, const struct judgement *j, struct arena *arena,
          struct message *answer, struct err *err)
{
	CLEANUP(buf_done) struct buf wire = {.max = MARKS_OF_ONE_BYTES};

	for (size_t i = 0; i < j->n_marks; i++)
		if (!marks_has(&v->known, &j->marks[i]))
			marks_emit(&j->marks[i], 1, &wire);
	TRY(buf_check(&wire, err));
	answer->marks = arena_copy(arena, buf_view(&wire));
	return arena_check(arena, err);
}

static status
check_cert(struct verifier *v, const struct message *m, struct arena *arena, struct message *answer,
           struct err *err)
{
	CLEANUP(key_drop) struct key *key = NULL;
	struct cert_body body;
	struct binding binding;
	struct judgement judgement;
	struct verdict verdict = {0};
	struct hash512 leaf;
	struct hash256 id;

	if (!v->loaded)
		return err_set(err, ERR_REJECTED, "E-VERIFIER-004", "no manifest was loaded");
	TRY(parse_cert_body(arena, m->body, &body, err));
	TRY(err_at(err, csr_parse(body.csr, &key, err), ".csr"));
	id = key_id(key);
	binding = binding_mesh_cert(body.document.tee, m->nonce.b, &id, &m->server_key,
	                            m->exporter.b, body.kem.p, body.csr);
	leaf = binding_leaf(&binding);
	marks_add_lists(&v->known, &body.document);
	TRY(judge_evidence(&v->judge, &body.document, JUDGE_ANY_POLICY, &leaf, (int64_t)m->time,
	                   &judgement, &verdict, err));
	answer->kind = MESSAGE_CERT_RESULT;
	answer->nonce = m->nonce;
	answer->policy = judgement.policy;
	mem_copy(answer->kem.b, body.kem.p, KEM_SIZE);
	answer->time = (uint64_t)judgement.floor;
	TRY(put_marks(v, &judgement, arena, answer, err));
	return put_point(arena, key, answer, err);
}

/* ---- POST /v1/manifest ---- */

/* The signer's key, from the request or, when it names an id only, from the manifest. */
static status
put_signature(struct arena *arena, const struct value *item, struct buf *list, struct err *err)
{
	const struct value *key, *signature;
	const struct json_field fields[] = {
	        {"key", VALUE_STRING, true, &key},
	        {"signature", VALUE_STRING, true, &signature},
	};
	struct bytes spki, der;

	TRY(json_fields(item, fields, COUNT_OF(fields), err));
	TRY(err_at(err, decode(arena, key, &spki, err), ".key"));
	TRY(err_at(err, decode(arena, signature, &der, err), ".signature"));
	message_list_add(list, spki);
	message_list_add(list, der);
	return OK;
}

static status
put_signatures(struct arena *arena, const struct value *array, struct message *answer,
               struct err *err)
{
	CLEANUP(buf_done) struct buf list = {0};

	if (array->n > RECORD_MAX_SIGNATURES)
		return err_set(err, ERR_LIMIT, "E-VERIFIER-005", "%u signatures", array->n);
	for (uint32_t i = 0; i < array->n; i++)
		TRY(err_at(err, put_signature(arena, json_item(array, i), &list, err),
		           ".signatures[%u]", i));
	answer->signatures = arena_copy(arena, buf_view(&list));
	return arena_check(arena, err);
}

static status
put_policies(struct arena *arena, const struct value *array, struct message *answer,
             struct err *err)
{
	CLEANUP(buf_done) struct buf list = {.max = MESSAGE_BODY_MAX};

	if (array->n > MANIFEST_MAX_POLICIES)
		return err_set(err, ERR_LIMIT, "E-VERIFIER-005", "%u policies", array->n);
	for (uint32_t i = 0; i < array->n; i++) {
		struct bytes policy;

		TRY(err_at(err, decode(arena, json_item(array, i), &policy, err), ".policies[%u]",
		           i));
		message_list_add(&list, policy);
	}
	TRY(buf_check(&list, err));
	answer->policies = arena_copy(arena, buf_view(&list));
	return arena_check(arena, err);
}

static status
put_manifest(struct arena *arena, struct bytes exact, struct message *answer, struct err *err)
{
	CLEANUP(manifest_drop) struct manifest *manifest = NULL;
	CLEANUP(buf_done) struct buf owners = {0};

	TRY(err_at(err, manifest_parse(exact, &manifest, NULL, err), ".manifest"));
	for (size_t i = 0; i < manifest->n_owners; i++)
		buf_add(&owners, manifest->owners[i].id.b, SHA256_SIZE);
	answer->manifest = exact;
	answer->code = manifest_owner_threshold(manifest);
	answer->owners = arena_copy(arena, buf_view(&owners));
	return arena_check(arena, err);
}

static status
check_set(const struct message *m, struct arena *arena, struct message *answer, struct err *err)
{
	const struct json_limits limits = {.depth = 8, .bytes = MESSAGE_BODY_MAX};
	const struct value *manifest, *policies, *signatures;
	const struct json_field fields[] = {
	        {"manifest", VALUE_STRING, true, &manifest},
	        {"policies", VALUE_ARRAY, true, &policies},
	        {"signatures", VALUE_ARRAY, true, &signatures},
	};
	struct bytes exact;
	struct value v;

	TRY(json_parse(arena, m->body, &limits, &v, err));
	TRY(json_fields(&v, fields, COUNT_OF(fields), err));
	TRY(err_at(err, decode(arena, manifest, &exact, err), ".manifest"));
	TRY(put_manifest(arena, exact, answer, err));
	TRY(put_policies(arena, policies, answer, err));
	TRY(put_signatures(arena, signatures, answer, err));
	answer->kind = MESSAGE_SET_RESULT;
	return OK;
}

/* ---- the rest ---- */

static status
describe(const struct message *m, struct arena *arena, struct message *answer, struct err *err)
{
	struct document document;

	TRY(document_parse(arena, m->document, &document, err));
	TRY(judge_claimed_policy(&document, &answer->policy, err));
	answer->kind = MESSAGE_DESCRIBED;
	answer->code = (uint8_t)document.tee;
	answer->number = judge_vendor_root(&document, (int64_t)m->time);
	return OK;
}

static status
load(struct verifier *v, const struct message *m, struct err *err)
{
	CLEANUP(manifest_drop) struct manifest *manifest = NULL;

	judge_done(&v->judge);
	v->loaded = false;
	TRY(manifest_parse(m->manifest, &manifest, NULL, err));
	TRY(judge_init(&v->judge, manifest, err));
	v->loaded = true;
	return OK;
}

static status
take_lists(struct verifier *v, const struct message *m, struct err *err)
{
	struct mark lists[MARKS_MAX];
	size_t n;

	marks_done(&v->known);
	TRY(marks_parse(m->marks, lists, MARKS_MAX, &n, err));
	marks_keep(&v->known, lists, n);
	return OK;
}

status
verifier_message(struct verifier *v, const struct message *m, struct arena *arena,
                 struct message *answer, bool *ret_answer, struct err *err)
{
	status s;

	*answer = (struct message){.id = m->id};
	*ret_answer = m->kind != MESSAGE_LOAD && m->kind != MESSAGE_LISTS;
	if (m->kind == MESSAGE_LOAD)
		return load(v, m, err);
	if (m->kind == MESSAGE_LISTS)
		return take_lists(v, m, err);
	if (m->kind == MESSAGE_CHECK_CERT)
		s = check_cert(v, m, arena, answer, err);
	else if (m->kind == MESSAGE_CHECK_SET)
		s = check_set(m, arena, answer, err);
	else
		s = describe(m, arena, answer, err);
	if (!is_ok(s))
		message_from_err(answer, MESSAGE_REFUSED, m->id, err);
	return s;
}

static bool
malformed(status s)
{
	return s.cls == ERR_PARSE || s.cls == ERR_LIMIT || s.cls == ERR_INTERNAL;
}

status
verifier_run(int fd, struct err *err)
{
	CLEANUP(verifier_done) struct verifier v = {0};
	CLEANUP(pipe_done) struct pipe p = {.fd = -1};

	pipe_init(&p, fd, KEEPER_TO_VERIFIER);
	TRY(pipe_send(&p, &(struct message){.kind = MESSAGE_READY}, err));
	for (int i = 0; i < VERIFIER_MAX_REQUESTS; i++) {
		CLEANUP(arena_done) struct arena arena = {.cap = VERIFIER_ARENA};
		struct message m, answer;
		bool has_answer;
		status s;

		TRY(pipe_wait(&p, -1, &m, err));
		alarm(VERIFIER_SECONDS);
		s = verifier_message(&v, &m, &arena, &answer, &has_answer, err);
		alarm(0);
		if (has_answer) {
			TRY(pipe_send(&p, &answer, err));
			TRY(pipe_drain(&p, -1, err));
		}
		if (malformed(s))
			return OK;
	}
	return OK;
}
