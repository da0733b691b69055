/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/session.h"

#include "authority/answer.h"
#include "base/text.h"
#include "json/value.h"

/* The answer's members after decoding. */
struct parts {
	struct bytes state;
	struct batch_proof proof;
	struct document document;
	struct bytes manifest; /* exact bytes; empty in phase empty */
};

void
session_done(struct session *s)
{
	manifest_drop(&s->manifest);
	key_drop(&s->answer_key);
	arena_done(&s->arena);
}

/* ---- decoding ---- */

static status
decode_base64(struct arena *arena, const struct value *v, const char *name, struct bytes *ret,
              struct err *err)
{
	CLEANUP(buf_done) struct buf out = {.max = SESSION_BODY_MAX};

	if (!base64_decode(BASE64_STD, json_text(v), &out))
		return err_at(err, err_set(err, ERR_PARSE, "E-SESSION-001", "is not base64"), ".%s",
		              name);
	*ret = arena_copy(arena, buf_view(&out));
	return arena_check(arena, err);
}

static status
decode_proof(struct arena *arena, const struct value *v, struct batch_proof *ret, struct err *err)
{
	const struct value *v_index, *v_path;
	const struct json_field fields[] = {
	        {"index", VALUE_NUMBER, true, &v_index},
	        {"path", VALUE_ARRAY, true, &v_path},
	};
	uint64_t index;

	TRY(err_at(err, json_fields(v, fields, COUNT_OF(fields), err), ".proof"));
	if (!json_u64(v_index, UINT16_MAX, &index) || v_path->n > BATCH_MAX_DEPTH)
		return err_at(err,
		              err_set(err, ERR_PARSE, "E-SESSION-001",
		                      "index or length out of range"),
		              ".proof");
	*ret = (struct batch_proof){.index = (uint16_t)index, .depth = v_path->n};
	for (uint32_t i = 0; i < v_path->n; i++) {
		struct bytes node;

		TRY(decode_base64(arena, json_item(v_path, i), "proof.path", &node, err));
		if (node.n != SHA512_SIZE)
			return err_set(err, ERR_PARSE, "E-SESSION-001",
			               "a node of the proof has %zu bytes", node.n);
		mem_copy(ret->path[i].b, node.p, SHA512_SIZE);
	}
	return OK;
}

static status
decode_records(struct session *s, const struct value *list, struct err *err)
{
	s->n_records = list ? list->n : 0;
	if (s->n_records > SESSION_MAX_RECORDS)
		return err_set(err, ERR_LIMIT, "E-SESSION-001", "%zu records", s->n_records);
	s->records = arena_array(&s->arena, s->n_records, sizeof *s->records);
	for (size_t i = 0; s->records && i < s->n_records; i++)
		TRY(decode_base64(&s->arena, json_item(list, i), "records", &s->records[i], err));
	return arena_check(&s->arena, err);
}

static status
decode(struct session *s, struct bytes body, struct parts *p, struct err *err)
{
	const struct json_limits limits = {.depth = 8, .bytes = SESSION_BODY_MAX};
	const struct value *version, *state, *proof, *evidence, *root, *mesh, *key, *manifest,
	        *records;
	const struct json_field fields[] = {
	        {"version", VALUE_NUMBER, true, &version},
	        {"state", VALUE_STRING, true, &state},
	        {"proof", VALUE_OBJECT, true, &proof},
	        {"evidence", VALUE_OBJECT, true, &evidence},
	        {"root_ca", VALUE_STRING, true, &root},
	        {"mesh_ca", VALUE_STRING, true, &mesh},
	        {"answer_key", VALUE_STRING, true, &key},
	        {"manifest", VALUE_STRING, false, &manifest},
	        {"records", VALUE_ARRAY, false, &records},
	};
	struct bytes spki;
	struct value v;
	uint64_t number;

	TRY(json_parse(&s->arena, body, &limits, &v, err));
	TRY(json_fields(&v, fields, COUNT_OF(fields), err));
	if (!json_u64(version, 1, &number) || number != 1)
		return err_set(err, ERR_PARSE, "E-SESSION-001", "version of the answer is not 1");
	TRY(decode_base64(&s->arena, state, "state", &p->state, err));
	TRY(decode_proof(&s->arena, proof, &p->proof, err));
	TRY(err_at(err, document_from_json(&s->arena, evidence, &p->document, err), ".evidence"));
	TRY(decode_base64(&s->arena, key, "answer_key", &spki, err));
	TRY(err_at(err, key_parse_spki(spki, &s->answer_key, err), ".answer_key"));
	if (manifest)
		TRY(decode_base64(&s->arena, manifest, "manifest", &p->manifest, err));
	TRY(decode_records(s, records, err));
	/* Copies: the body is the caller's, and may go before the session does. */
	s->root_ca = arena_copy(&s->arena, json_text(root));
	s->mesh_ca = arena_copy(&s->arena, json_text(mesh));
	return arena_check(&s->arena, err);
}

/* ---- checks ---- */

/* The certificate is of this key, and signed by it, so nobody else wrote what is in it. */
static status
check_ca(struct bytes pem, const struct hash256 *key_id, const char *name, struct err *err)
{
	CLEANUP(cert_drop) struct cert *c = NULL;
	struct hash256 id;
	size_t n = 0;

	TRY(err_at(err, cert_parse_pem(pem, 1, &c, &n, err), ".%s", name));
	if (n != 1)
		return err_set(err, ERR_PARSE, "E-SESSION-001", "%s is not one certificate", name);
	id = cert_key_id(c);
	if (!hash256_equal(&id, key_id))
		return err_set(err, ERR_REJECTED, "E-SESSION-003",
		               "%s is not of the key in the state record", name);
	return err_at(err, cert_signed_by(c, c, err), ".%s", name);
}

static status
check_certificates(struct session *s, struct err *err)
{
	struct hash256 id = key_id(s->answer_key);

	if (!hash256_equal(&id, &s->state.answer_key))
		return err_set(err, ERR_REJECTED, "E-SESSION-003",
		               "answer_key is not the one in the state record");
	TRY(check_ca(s->root_ca, &s->state.root_key, "root_ca", err));
	if (s->state.phase == STATE_ACTIVE)
		return check_ca(s->mesh_ca, &s->state.mesh_key, "mesh_ca", err);
	s->mesh_ca = (struct bytes){0};
	return OK;
}

static bool
has_seen(const struct session_expect *e)
{
	return e->seen && e->seen->generation > 0;
}

static status
check_phase(const struct session_expect *e, const struct state_record *state, struct err *err)
{
	if (state->phase == STATE_ACTIVE)
		return OK;
	if (state->phase != STATE_EMPTY || e->mode != SESSION_SET)
		return err_set(err, ERR_REJECTED, "E-SESSION-002", "the Coordinator is %s",
		               state->phase == STATE_EMPTY ? "empty: no manifest was set"
		                                           : "waiting for recovery");
	if (has_seen(e) && !e->fork)
		return err_hint(err,
		                err_set(err, ERR_REJECTED, "E-SESSION-009",
		                        "the Coordinator is empty, but this workspace has verified "
		                        "generation %llu of another one",
		                        (unsigned long long)e->seen->generation),
		                "a restarted Coordinator is a new deployment: --fork accepts it");
	return OK;
}

/* A seen log grows; the same log of the same size has the same root. */
static status
check_log(const struct session_expect *e, const struct state_record *state, struct err *err)
{
	const struct session_seen *seen = e->seen;

	if (!has_seen(e) || !hash256_equal(&seen->log_id, &state->answer_key))
		return OK;
	if (state->log_size < seen->log_size || (state->log_size == seen->log_size &&
	                                         !hash256_equal(&state->log_root, &seen->log_root)))
		return err_set(err, ERR_REJECTED, "E-SESSION-010",
		               "the issuance log was changed: size %llu, seen before %llu",
		               (unsigned long long)state->log_size,
		               (unsigned long long)seen->log_size);
	return OK;
}

/* The chain from the pinned genesis to the head that evidence shows, through the head seen before.
 */
static status
check_chain(const struct session_expect *e, const struct session *s, struct chain *chain,
            struct err *err)
{
	const struct state_record *state = &s->state;
	bool met = !has_seen(e) || e->fork;

	chain_start(chain, &e->pins, &state->root_key);
	if (!hash256_equal(&chain->genesis, &state->genesis))
		return err_set(
		        err, ERR_REJECTED, "E-SESSION-006",
		        "the Coordinator belongs to another deployment: its genesis is not made of "
		        "the pinned deployment id and genesis keys");
	if (has_seen(e) && !e->fork &&
	    (!hash256_equal(&e->seen->genesis, &state->genesis) ||
	     !hash256_equal(&e->seen->root_key, &state->root_key)))
		return err_hint(err,
		                err_set(err, ERR_REJECTED, "E-SESSION-006",
		                        "the Coordinator is not the one verified before: it has "
		                        "another root key"),
		                "a restarted Coordinator is a new deployment: --fork accepts it");
	for (size_t i = 0; i < s->n_records; i++) {
		struct record r;

		TRY(record_parse(s->records[i], &r, err));
		TRY(chain_extend(chain, &r, err));
		if (has_seen(e) && chain->generation == e->seen->generation)
			met |= hash256_equal(&chain->head, &e->seen->head);
	}
	if (chain->generation != state->generation ||
	    (state->generation > 0 && !hash256_equal(&chain->head, &state->head)))
		return err_set(err, ERR_REJECTED, "E-AUTHORITY-025",
		               "the records do not end at the head of the state record");
	if (!met)
		return err_set(
		        err, ERR_REJECTED, "E-SESSION-007",
		        "the history does not contain generation %llu as it was verified before",
		        (unsigned long long)e->seen->generation);
	return OK;
}

static status
load_manifest(const struct session_expect *e, const struct chain *chain, struct bytes exact,
              struct session *s, struct err *err)
{
	struct hash256 hash = sha256(exact);
	struct hash256 owners = owners_digest(chain->k, chain->owners, chain->n_owners), named;

	if (!hash256_equal(&hash, &chain->manifest))
		return err_set(err, ERR_REJECTED, "E-SESSION-004",
		               "the manifest is not the one that the newest record names");
	TRY(err_ctx(err, manifest_parse(exact, &s->manifest, NULL, err), "the active manifest"));
	named = manifest_owners_digest(s->manifest);
	if (!hash256_equal(&owners, &named))
		return err_set(err, ERR_REJECTED, "E-SESSION-004",
		               "the manifest names other owners than its record");
	/* Pods have no switch: what the owner signed under their pins decides. */
	if (s->manifest->insecure && !e->insecure && e->mode != SESSION_POD)
		return err_hint(err,
		                err_set(err, ERR_REJECTED, "E-SESSION-008",
		                        "the active manifest trusts a root that is no vendor's"),
		                "--insecure accepts it, for tests only");
	return OK;
}

static status
check_own_policy(const struct session_expect *e, const struct session *s, struct err *err)
{
	char hex[65];

	if (e->mode != SESSION_POD || manifest_policy(s->manifest, &e->own_policy))
		return OK;
	return err_set(err, ERR_REJECTED, "E-SESSION-005",
	               "own policy %s is not in the active manifest",
	               hash256_hex(&e->own_policy, hex));
}

static status
check_expected(const struct session_expect *e, const struct session *s, struct err *err)
{
	char got[65], want[65];

	if (e->mode != SESSION_VERIFY || hash256_equal(&e->manifest->hash, &s->manifest->hash))
		return OK;
	return err_set(err, ERR_DIFFERS, "E-SESSION-011",
	               "the active manifest has SHA-256 %s, the expected one %s",
	               hash256_hex(&s->manifest->hash, got), hash256_hex(&e->manifest->hash, want));
}

/* The purpose is the caller's, never the answer's: evidence of the other one has another leaf. */
static struct binding
expected_binding(enum tee tee, const struct session_channel *c, struct bytes state)
{
	return c->purpose == BINDING_STATEMENT
	               ? binding_statement(tee, c->nonce, state)
	               : binding_attest(tee, c->nonce, &c->server_key, c->exporter, state);
}

static status
check_purpose(const struct session_expect *e, const struct session_channel *c, struct err *err)
{
	if (c->purpose == BINDING_ATTEST ||
	    (c->purpose == BINDING_STATEMENT && e->mode == SESSION_VERIFY))
		return OK;
	return err_set(err, ERR_USAGE, "E-SESSION-012",
	               "evidence of purpose %s is no base for a connection",
	               binding_purpose_name(c->purpose));
}

static status
check_evidence(const struct session_expect *e, const struct session_channel *channel,
               struct parts *p, struct session *s, struct err *err)
{
	const struct manifest *m = s->manifest ? s->manifest : e->manifest;
	CLEANUP(judge_done) struct judge judge = {0};
	struct binding b = expected_binding(p->document.tee, channel, p->state);
	struct hash512 leaf = binding_leaf(&b), root;
	struct judgement judgement;

	TRY(batch_proof_root(&p->proof, &leaf, &root, err));
	TRY(judge_init(&judge, m, err));
	if (e->complete)
		TRY(e->complete(e->complete_ctx, &p->document, &s->arena, err));
	TRY(judge_evidence(&judge, &p->document, JUDGE_COORDINATOR, &root, e->now, &judgement,
	                   &s->verdict, err));
	s->policy = judgement.policy;
	s->floor = judgement.floor;
	s->root_key = judgement.root_key;
	s->document = p->document;
	return OK;
}

static status
accept(const struct session_expect *e, const struct session_channel *channel, struct bytes body,
       struct session *s, struct err *err)
{
	struct parts p = {0};
	struct chain chain;

	TRY(check_purpose(e, channel, err));
	TRY(decode(s, body, &p, err));
	TRY(err_at(err, state_parse(p.state, &s->state, err), ".state"));
	TRY(check_phase(e, &s->state, err));
	TRY(check_certificates(s, err));
	TRY(check_chain(e, s, &chain, err));
	TRY(check_log(e, &s->state, err));
	if (s->state.phase == STATE_ACTIVE)
		TRY(load_manifest(e, &chain, p.manifest, s, err));
	else if (e->manifest->insecure && !e->insecure)
		return err_hint(err,
		                err_set(err, ERR_REJECTED, "E-SESSION-008",
		                        "the manifest trusts a root that is no vendor's"),
		                "--insecure accepts it, for tests only");
	TRY(check_evidence(e, channel, &p, s, err));
	if (s->state.phase == STATE_ACTIVE) {
		TRY(check_own_policy(e, s, err));
		TRY(check_expected(e, s, err));
		s->head = s->state.head;
	}
	s->skew = (int64_t)(s->state.time - (uint64_t)e->now);
	return OK;
}

status
session_accept(const struct session_expect *expect, const struct session_channel *channel,
               struct bytes body, struct session *ret, struct err *err)
{
	status s;

	*ret = (struct session){0};
	arena_init(&ret->arena, (size_t)SESSION_BODY_MAX * 4);
	s = accept(expect, channel, body, ret, err);
	if (!is_ok(s)) {
		/* Nothing of what was refused is left for a caller to use by mistake. */
		session_done(ret);
		*ret = (struct session){.verdict = ret->verdict};
	}
	return s;
}

void
session_remember(const struct session *s, struct session_seen *ret)
{
	*ret = (struct session_seen){
	        .genesis = s->state.genesis,
	        .root_key = s->state.root_key,
	        .head = s->head,
	        .generation = s->state.generation,
	        .log_id = s->state.answer_key,
	        .log_size = s->state.log_size,
	        .log_root = s->state.log_root,
	};
}

status
session_check_answer(const struct session *s, const char *path, struct bytes request,
                     struct bytes answer, struct bytes signature, struct err *err)
{
	return answer_verify(s->answer_key, &s->state.answer_key, path, &s->state.genesis, &s->head,
	                     request, answer, signature, err);
}
