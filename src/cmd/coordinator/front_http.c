/* SPDX-License-Identifier: Apache-2.0 */
/* The endpoints of PROTOCOL section 6, as far as the front knows them. */
#include "base/log.h"
#include "base/text.h"
#include "cmd/coordinator/front.h"
#include "evidence/batch.h"
#include "json/value.h"

/* A request in work. */
struct call {
	struct front *front;
	struct front_listener *listener;
	struct server *server;
	server_conn conn;
	struct front_conn *state;
	const struct server_request *request;
};

struct route {
	const char *method;
	const char *path;
	bool prefix;
	unsigned int ports;
	status (*run)(struct call *c, struct err *err);
};

static unsigned int
http_status_of(enum err_class cls)
{
	switch (cls) {
	case ERR_OK:
		return 200;
	case ERR_USAGE:
	case ERR_PARSE:
		return 400;
	case ERR_LIMIT:
		return 413;
	case ERR_NOT_FOUND:
		return 404;
	case ERR_REJECTED:
	case ERR_DIFFERS:
		return 403;
	case ERR_CONFLICT:
		return 409;
	case ERR_UNREACHABLE:
		return 503;
	case ERR_UNSUPPORTED:
		return 501;
	case ERR_IO:
	case ERR_INTERNAL:
		break;
	}
	return 500;
}

static const char json_type[] = "application/json";

static void
answer_err_as(struct server *s, server_conn c, unsigned int status_code, const struct err *err)
{
	static const struct http_field retry = {"Retry-After", "1"};
	CLEANUP(buf_done) struct buf body = {0};
	struct server_answer a = {.status = status_code, .content_type = json_type};

	buf_str(&body, "{\"error\":");
	json_write_string(bytes_str(err->id), &body);
	buf_str(&body, ",\"message\":");
	json_write_string(bytes_str(err->msg), &body);
	if (err->place[0]) {
		buf_str(&body, ",\"path\":");
		json_write_string(bytes_str(err->place), &body);
	}
	buf_u8(&body, '}');
	if (a.status == 503) {
		a.fields = &retry;
		a.n_fields = 1;
	}
	a.body = buf_view(&body);
	server_answer(s, c, &a);
}

void
front_answer_err(struct server *s, server_conn c, const struct err *err)
{
	answer_err_as(s, c, http_status_of(err->cls), err);
}

static void
answer_json(struct call *c, struct bytes body)
{
	server_answer(c->server, c->conn,
	              &(struct server_answer){.status = 200,
	                                      .content_type = json_type,
	                                      .body = body});
}

/* ---- requests that the keeper answers ---- */

static struct front_pending *
free_pending(struct front *f)
{
	for (size_t i = 0; i < FRONT_MAX_PENDING; i++)
		if (f->pending[i].id == 0)
			return &f->pending[i];
	return NULL;
}

static status
ask_keeper(struct call *c, struct message *m, struct err *err)
{
	struct front *f = c->front;
	struct front_pending *p = free_pending(f);

	if (!p || pipe_backlog(&f->keeper) > MESSAGE_FRAME_MAX) {
		metrics_count(&f->metrics->busy);
		return err_set(err, ERR_UNREACHABLE, "E-FRONT-002",
		               "too many requests wait already");
	}
	/* The slot is part of the id, so that an answer finds it at once. */
	f->next_id++;
	m->id = f->next_id * FRONT_MAX_PENDING + (uint64_t)(p - f->pending);
	*p = (struct front_pending){m->id, c->listener, c->conn, m->kind};
	if (!front_send(f, m)) {
		p->id = 0;
		return err_set(err, ERR_UNREACHABLE, "E-FRONT-003", "the keeper is gone");
	}
	return OK;
}

/* The head that the client accepted on this connection; absent = none yet. */
static status
contrast_head(struct call *c, struct hash256 *ret, struct err *err)
{
	struct bytes text = http_field(c->request->head, "contrast-head");

	*ret = (struct hash256){0};
	if (text.n > 0 && !hex_decode(text, ret->b, sizeof ret->b))
		return err_set(err, ERR_PARSE, "E-FRONT-004",
		               "Contrast-Head is not 64 hexadecimal digits");
	return OK;
}

static status
session_exporter(struct call *c, enum binding_purpose purpose, const uint8_t nonce[32],
                 struct hash256 *ret, struct err *err)
{
	const void *stream = server_conn_stream(c->server, c->conn);
	enum tls_side side = binding_role_of(purpose) == BINDING_SERVER ? TLS_SERVER : TLS_CLIENT;

	if (!stream ||
	    !tls_exporter(stream, bytes_str(binding_purpose_name(purpose)), side, nonce, ret->b))
		return err_set(err, ERR_INTERNAL, "E-FRONT-005", "this session has no exporter");
	return OK;
}

status
front_read_attest(struct bytes body, struct message *m, enum binding_purpose *purpose,
                  struct err *err)
{
	CLEANUP(arena_done) struct arena arena = {.cap = 256 * 1024};
	CLEANUP(buf_done) struct buf nonce = {.max = 64};
	const struct json_limits limits = {.depth = 4, .bytes = 1024};
	const struct value *v_nonce, *v_purpose;
	const struct json_field fields[] = {
	        {"nonce", VALUE_STRING, true, &v_nonce},
	        {"purpose", VALUE_STRING, true, &v_purpose},
	};
	struct value v;

	TRY(json_parse(&arena, body, &limits, &v, err));
	TRY(json_fields(&v, fields, COUNT_OF(fields), err));
	if (!base64_decode(BASE64_STD, json_text(v_nonce), &nonce) || nonce.n != NONCE_SIZE)
		return err_at(err,
		              err_set(err, ERR_PARSE, "E-FRONT-006",
		                      "the nonce is not 32 bytes in base64"),
		              ".nonce");
	if (!binding_purpose_parse(json_text(v_purpose), purpose) ||
	    (*purpose != BINDING_ATTEST && *purpose != BINDING_STATEMENT))
		return err_at(err,
		              err_set(err, ERR_PARSE, "E-FRONT-007",
		                      "the purpose is \"attest\" or \"statement\""),
		              ".purpose");
	mem_copy(m->nonce.b, nonce.p, NONCE_SIZE);
	m->code = *purpose == BINDING_ATTEST ? 1 : 2;
	return OK;
}

static status
post_attest(struct call *c, struct err *err)
{
	struct message m = {.kind = MESSAGE_ATTEST};
	enum binding_purpose purpose;

	TRY(front_read_attest(c->request->body, &m, &purpose, err));
	if (purpose == BINDING_ATTEST) {
		m.server_key = tls_server_key_id(c->front->tls);
		TRY(session_exporter(c, purpose, m.nonce.b, &m.exporter, err));
	}
	return ask_keeper(c, &m, err);
}

static status
post_manifest(struct call *c, struct err *err)
{
	struct message m = {.kind = MESSAGE_SET, .body = c->request->body};

	TRY(contrast_head(c, &m.head, err));
	return ask_keeper(c, &m, err);
}

static status
post_challenge(struct call *c, struct err *err)
{
	return ask_keeper(c, &(struct message){.kind = MESSAGE_CHALLENGE}, err);
}

static status
post_cert(struct call *c, struct err *err)
{
	struct message m = {.kind = MESSAGE_CERT, .body = c->request->body};

	if (!c->state->has_nonce)
		return err_set(err, ERR_PARSE, "E-FRONT-008",
		               "POST /v1/mesh/challenge on this connection comes first");
	if (c->state->judged)
		return err_set(err, ERR_REJECTED, "E-FRONT-009",
		               "this connection had its evidence check: open another");
	c->state->judged = true;
	TRY(contrast_head(c, &m.head, err));
	mem_copy(m.nonce.b, c->state->nonce, NONCE_SIZE);
	m.server_key = tls_server_key_id(c->front->tls);
	TRY(session_exporter(c, BINDING_MESH_CERT, m.nonce.b, &m.exporter, err));
	return ask_keeper(c, &m, err);
}

static status
get_bundle(struct call *c, struct err *err)
{
	struct message m = {.kind = MESSAGE_BUNDLE};
	struct bytes head = http_query(c->request->head, "head");

	if (head.n > 0 && !hex_decode(head, m.head.b, sizeof m.head.b))
		return err_set(err, ERR_PARSE, "E-FRONT-004", "head is not 64 hexadecimal digits");
	return ask_keeper(c, &m, err);
}

/* ---- requests that the front answers by itself ---- */

static status
get_capabilities(struct call *c, struct err *err)
{
	static const char body[] =
	        "{\"versions\":[\"v1\"],\"program\":\"" CONTRAST_VERSION "\","
	        "\"purposes\":[\"attest\",\"statement\",\"mesh-cert\"],"
	        "\"limits\":{\"body\":65536,\"manifest\":16777216,\"waiting\":4096,"
	        "\"nonce_seconds\":60}}";

	(void)err;
	answer_json(c, bytes_of(body, sizeof body - 1));
	return OK;
}

static status
get_blob(struct call *c, struct err *err)
{
	CLEANUP(buf_done) struct buf blob = {0};
	struct bytes path = c->request->head->path;
	struct bytes name = bytes_sub(path, sizeof "/v1/blob/" - 1, path.n);
	struct hash256 hash;

	if (!hex_decode(name, hash.b, sizeof hash.b))
		return err_set(err, ERR_PARSE, "E-FRONT-004",
		               "a blob is named by 64 hexadecimal digits");
	TRY(store_get(&c->front->store, &hash, STORE_MAX_BLOB, &blob, err));
	server_answer(c->server, c->conn,
	              &(struct server_answer){.status = 200,
	                                      .content_type = "application/octet-stream",
	                                      .body = buf_view(&blob)});
	return OK;
}

static status
get_history(struct call *c, struct err *err)
{
	CLEANUP(buf_done) struct buf body = {0};
	struct front *f = c->front;
	struct bytes text = http_query(c->request->head, "since");
	uint64_t since = 0, until;

	if (text.n > 0 && !text_u64(text, UINT64_MAX - 1, &since))
		return err_set(err, ERR_PARSE, "E-FRONT-010", "since is no generation");
	since = MIN(since, f->generation);
	until = MIN(f->generation, since + FRONT_HISTORY_PAGE);
	buf_printf(&body, "{\"generation\":%llu,\"since\":%llu,\"records\":[",
	           (unsigned long long)f->generation, (unsigned long long)since);
	TRY(front_records(f, since, until, &body, err));
	buf_str(&body, "]}");
	TRY(buf_check(&body, err));
	answer_json(c, buf_view(&body));
	return OK;
}

/* ---- the issuance log (RFC 9162): the keeper signs checkpoints, any front makes proofs ---- */

static status
get_checkpoint(struct call *c, struct err *err)
{
	return ask_keeper(c, &(struct message){.kind = MESSAGE_CHECKPOINT}, err);
}

static status
log_number(struct call *c, const char *name, uint64_t *ret, struct err *err)
{
	if (!text_u64(http_query(c->request->head, name), INT64_MAX, ret))
		return err_set(err, ERR_PARSE, "E-FRONT-010", "%s is no number", name);
	if (*ret <= log_tree_size(&c->front->log))
		return OK;
	return err_set(err, ERR_UNREACHABLE, "E-FRONT-015",
	               "this process knows %llu entries of the log",
	               (unsigned long long)log_tree_size(&c->front->log));
}

static void
answer_proof(struct call *c, const struct log_proof *proof)
{
	CLEANUP(buf_done) struct buf body = {0};

	buf_str(&body, "{\"path\":[");
	for (size_t i = 0; i < proof->n; i++) {
		buf_str(&body, i ? ",\"" : "\"");
		hex_encode(hash256_view(&proof->path[i]), &body);
		buf_u8(&body, '"');
	}
	buf_str(&body, "]}");
	answer_json(c, buf_view(&body));
}

static status
get_inclusion(struct call *c, struct err *err)
{
	uint64_t index, size;
	struct log_proof proof;

	TRY(log_number(c, "index", &index, err));
	TRY(log_number(c, "size", &size, err));
	TRY(log_tree_inclusion(&c->front->log, index, size, &proof, err));
	answer_proof(c, &proof);
	return OK;
}

static status
get_consistency(struct call *c, struct err *err)
{
	uint64_t from, to;
	struct log_proof proof;

	TRY(log_number(c, "from", &from, err));
	TRY(log_number(c, "to", &to, err));
	TRY(log_tree_consistency(&c->front->log, from, to, &proof, err));
	answer_proof(c, &proof);
	return OK;
}

static const struct route routes[] = {
        {"GET", "/v1/capabilities", false, PORT_OWNERS | PORT_PODS, get_capabilities},
        {"POST", "/v1/attest", false, PORT_OWNERS | PORT_PODS, post_attest},
        {"GET", "/v1/blob/", true, PORT_OWNERS | PORT_PODS, get_blob},
        {"GET", "/v1/history", false, PORT_OWNERS | PORT_PODS, get_history},
        {"POST", "/v1/manifest", false, PORT_OWNERS, post_manifest},
        {"POST", "/v1/mesh/challenge", false, PORT_PODS, post_challenge},
        {"POST", "/v1/mesh/cert", false, PORT_PODS, post_cert},
        {"GET", "/v1/bundle", false, PORT_PODS, get_bundle},
        {"GET", "/v1/log/checkpoint", false, PORT_OWNERS, get_checkpoint},
        {"GET", "/v1/log/inclusion", false, PORT_OWNERS, get_inclusion},
        {"GET", "/v1/log/consistency", false, PORT_OWNERS, get_consistency},
};

static const struct route *
find_route(const struct http_head *h, enum front_port port, bool *ret_path_known)
{
	*ret_path_known = false;
	for (size_t i = 0; i < COUNT_OF(routes); i++) {
		const struct route *r = &routes[i];
		bool same = r->prefix ? bytes_starts(h->path, bytes_str(r->path))
		                      : bytes_is(h->path, r->path);

		if (!same || !(r->ports & port))
			continue;
		*ret_path_known = true;
		if (bytes_is(h->method, r->method))
			return r;
	}
	return NULL;
}

void
front_handle(struct server *s, server_conn conn, const struct server_request *r, void *ctx)
{
	struct front_listener *l = ctx;
	struct call c = {l->front, l, s, conn, server_conn_data(s, conn), r};
	bool known;
	const struct route *route = find_route(r->head, l->port, &known);
	struct err err;
	status outcome;

	metrics_count(&l->front->metrics->connections);
	if (r->body.n > FRONT_BODY_MAX && !(route && route->run == post_manifest)) {
		outcome = err_set(&err, ERR_LIMIT, "E-FRONT-014",
		                  "the body is larger than this endpoint takes");
	} else if (route) {
		outcome = route->run(&c, &err);
	} else if (known) {
		(void)err_set(&err, ERR_UNSUPPORTED, "E-FRONT-011",
		              "this endpoint does not know the method");
		answer_err_as(s, conn, 405, &err);
		return;
	} else {
		outcome = err_set(&err, ERR_NOT_FOUND, "E-FRONT-012",
		                  "this port has no such endpoint");
	}
	if (!is_ok(outcome))
		front_answer_err(s, conn, &err);
}

/* ---- answers of the keeper ---- */

static void
put_member(struct buf *out, const char *name, struct bytes text)
{
	buf_printf(out, ",\"%s\":", name);
	json_write_string(text, out);
}

static void
put_base64(struct buf *out, const char *name, struct bytes data)
{
	buf_printf(out, ",\"%s\":\"", name);
	base64_encode(BASE64_STD, data, out);
	buf_u8(out, '"');
}

static status
attest_body(struct front *f, const struct message *m, struct buf *out, struct err *err)
{
	struct state_record state;
	struct bytes history = {0};

	TRY(state_parse(m->record, &state, err));
	if (state.phase == STATE_ACTIVE)
		TRY(front_history_members(f, state.generation, &state.head, &history, err));
	buf_str(out, "{\"version\":1");
	put_base64(out, "state", m->record);
	buf_printf(out, ",\"proof\":{\"index\":%llu,\"path\":[", (unsigned long long)m->number);
	for (size_t at = 0; at + SHA512_SIZE <= m->path.n; at += SHA512_SIZE) {
		buf_str(out, at ? ",\"" : "\"");
		base64_encode(BASE64_STD, bytes_sub(m->path, at, at + SHA512_SIZE), out);
		buf_u8(out, '"');
	}
	buf_str(out, "]},\"evidence\":");
	buf_bytes(out, m->document);
	put_member(out, "root_ca", m->root_ca);
	put_member(out, "mesh_ca", m->mesh_ca);
	put_base64(out, "answer_key", m->key);
	buf_bytes(out, history);
	buf_u8(out, '}');
	return buf_check(out, err);
}

static void
on_evidence(struct front *f, const struct front_pending *p, const struct message *m)
{
	CLEANUP(buf_done) struct buf body = {0};
	struct server *s = p->listener->server;
	struct front_conn *state = server_conn_data(s, p->conn);
	struct err err;

	if (!state)
		return;
	if (!is_ok(attest_body(f, m, &body, &err))) {
		front_answer_err(s, p->conn, &err);
		return;
	}
	/* A manifest may follow: who has seen evidence may send more (PROTOCOL section 11). */
	server_conn_max_body(s, p->conn, FRONT_MANIFEST_MAX);
	metrics_count(&f->metrics->evidence);
	server_answer(s, p->conn,
	              &(struct server_answer){.status = 200,
	                                      .content_type = json_type,
	                                      .body = buf_view(&body)});
}

static void
on_nonce(const struct front_pending *p, const struct message *m)
{
	CLEANUP(buf_done) struct buf body = {0};
	struct server *s = p->listener->server;
	struct front_conn *state = server_conn_data(s, p->conn);

	if (!state)
		return;
	state->has_nonce = true;
	mem_copy(state->nonce, m->nonce.b, NONCE_SIZE);
	buf_str(&body, "{\"nonce\":\"");
	base64_encode(BASE64_STD, hash256_view(&m->nonce), &body);
	buf_str(&body, "\"}");
	server_answer(s, p->conn,
	              &(struct server_answer){.status = 200,
	                                      .content_type = json_type,
	                                      .body = buf_view(&body)});
}

static void
on_answer(struct front *f, const struct front_pending *p, const struct message *m)
{
	CLEANUP(buf_done) struct buf text = {0};
	struct http_field signature = {"Contrast-Signature", ""};

	if (p->kind == MESSAGE_CERT)
		metrics_count(&f->metrics->certificates);
	if (p->kind == MESSAGE_SET)
		metrics_count(&f->metrics->manifests);
	base64_encode(BASE64_STD, m->signature, &text);
	signature.value = buf_cstr(&text);
	server_answer(p->listener->server, p->conn,
	              &(struct server_answer){.status = 200,
	                                      .content_type = json_type,
	                                      .fields = &signature,
	                                      .n_fields = 1,
	                                      .body = m->body});
}

static void
on_error(struct front *f, const struct front_pending *p, const struct message *m)
{
	struct err err;

	(void)message_to_err(m, &err);
	if (p->kind == MESSAGE_CERT && err.cls == ERR_REJECTED)
		metrics_count(&f->metrics->refused);
	front_answer_err(p->listener->server, p->conn, &err);
}

static void
on_state(struct front *f, const struct message *m)
{
	f->has_state = true;
	f->phase = m->code;
	f->generation = m->number;
	f->genesis = m->hash;
	f->head = m->head;
}

/* A gap means that this front began later: then it has no proofs, others may. */
static void
on_log(struct front *f, const struct message *m)
{
	struct err err;

	if (m->number == log_tree_size(&f->log) && !is_ok(log_tree_append(&f->log, &m->hash, &err)))
		log_err(LOG_ERROR, "the log does not fit into memory", &err);
}

void
front_keeper_message(struct front *f, const struct message *m)
{
	struct front_pending *slot = &f->pending[m->id % FRONT_MAX_PENDING];
	struct front_pending p = *slot;

	if (m->kind == MESSAGE_STORE) {
		front_store(f, m);
		return;
	}
	if (m->kind == MESSAGE_STATE) {
		on_state(f, m);
		return;
	}
	if (m->kind == MESSAGE_LOG) {
		on_log(f, m);
		return;
	}
	if (p.id == 0 || p.id != m->id)
		return;
	slot->id = 0;
	if (m->kind == MESSAGE_EVIDENCE)
		on_evidence(f, &p, m);
	else if (m->kind == MESSAGE_NONCE)
		on_nonce(&p, m);
	else if (m->kind == MESSAGE_ANSWER)
		on_answer(f, &p, m);
	else
		on_error(f, &p, m);
}
