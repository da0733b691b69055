/* SPDX-License-Identifier: Apache-2.0 */
/* Requests: from a front, through a verifier, into the authority, back. */
#include "base/log.h"
#include "base/text.h"
#include "cmd/coordinator/keeper.h"

enum { POINT_SIZE = 64 };

void
keeper_answer(struct keeper *k, const struct keeper_caller *to, struct message *m)
{
	struct keeper_front *f = &k->fronts[to->front];
	struct err err;

	if (f->gone || f->epoch != to->epoch)
		return;
	m->id = to->id;
	if (!is_ok(pipe_send(&f->pipe, m, &err)))
		log_err(LOG_WARN, "an answer does not reach its front", &err);
}

void
keeper_answer_err(struct keeper *k, const struct keeper_caller *to, const struct err *err)
{
	struct message m;

	message_from_err(&m, MESSAGE_ERROR, to->id, err);
	keeper_answer(k, to, &m);
}

void
keeper_tell_state(struct keeper *k, size_t front)
{
	struct state_record state;
	struct message m = {.kind = MESSAGE_STATE};
	struct keeper_caller to = {.front = front, .epoch = k->fronts[front].epoch};

	authority_state(k->authority, guest_clock_now(&k->clock), &state);
	m.code = (uint8_t)state.phase;
	m.number = state.generation;
	m.hash = state.genesis;
	m.head = state.head;
	keeper_answer(k, &to, &m);
}

/* ---- jobs ---- */

static void
job_free(struct keeper *k, struct keeper_job *job)
{
	k->job_bytes -= job->body.n;
	buf_done(&job->body);
	mem_free(job);
}

static void
job_fail(struct keeper *k, struct keeper_job *job, const struct err *err)
{
	keeper_answer_err(k, &job->caller, err);
	job_free(k, job);
}

static status
job_add(struct keeper *k, const struct keeper_caller *caller, const struct message *m,
        struct err *err)
{
	struct keeper_job *job;

	if (k->n_jobs == KEEPER_MAX_JOBS || k->job_bytes + m->body.n > KEEPER_MAX_JOB_BYTES)
		return err_set(err, ERR_UNREACHABLE, "E-KEEPER-006",
		               "too many requests wait to be read");
	job = mem_new(struct keeper_job);
	job->caller = *caller;
	job->kind = m->kind;
	job->head = m->head;
	job->nonce = m->nonce;
	job->server_key = m->server_key;
	job->exporter = m->exporter;
	buf_bytes(&job->body, m->body);
	if (!buf_ok(&job->body)) {
		buf_done(&job->body);
		mem_free(job);
		return err_set(err, ERR_UNREACHABLE, "E-KEEPER-006", "out of memory");
	}
	k->job_bytes += job->body.n;
	*k->jobs_end = job;
	k->jobs_end = &job->next;
	k->n_jobs++;
	return OK;
}

static struct keeper_job *
job_take(struct keeper *k)
{
	struct keeper_job *job = k->jobs;

	k->jobs = job->next;
	if (!k->jobs)
		k->jobs_end = &k->jobs;
	job->next = NULL;
	k->n_jobs--;
	return job;
}

/* The verifier judges by the active manifest: it gets it before its first job under it. */
static status
load_manifest(struct keeper *k, struct keeper_verifier *v, struct err *err)
{
	const struct manifest *manifest = authority_manifest(k->authority);
	const struct hash256 *head = authority_head(k->authority);
	struct message m = {.kind = MESSAGE_LOAD};

	if (!manifest || (v->loaded && hash256_equal(&v->head, head)))
		return OK;
	m.manifest = manifest->exact;
	TRY(pipe_send(&v->pipe, &m, err));
	v->loaded = true;
	v->head = *head;
	return OK;
}

/* And the lists that its evidence is judged by beside its own. */
static status
load_lists(struct keeper *k, struct keeper_verifier *v, struct err *err)
{
	const struct marks *kept = authority_marks(k->authority);
	CLEANUP(buf_done) struct buf wire = {.max = MARKS_BYTES};
	struct message m = {.kind = MESSAGE_LISTS};

	if (v->lists == kept->version)
		return OK;
	for (size_t i = 0; i < kept->n; i++)
		if (kept->items[i].kind == MARK_LIST)
			marks_emit(&kept->items[i], 1, &wire);
	TRY(buf_check(&wire, err));
	m.marks = buf_view(&wire);
	TRY(pipe_send(&v->pipe, &m, err));
	v->lists = kept->version;
	return OK;
}

static status
send_job(struct keeper *k, struct keeper_verifier *v, const struct keeper_job *job, struct err *err)
{
	struct message m = {.kind = job->kind == MESSAGE_SET ? MESSAGE_CHECK_SET
	                                                     : MESSAGE_CHECK_CERT,
	                    .id = job->caller.id,
	                    .time = (uint64_t)guest_clock_now(&k->clock),
	                    .nonce = job->nonce,
	                    .server_key = job->server_key,
	                    .exporter = job->exporter,
	                    .body = buf_view(&job->body)};

	if (job->kind == MESSAGE_CERT) {
		TRY(load_manifest(k, v, err));
		TRY(load_lists(k, v, err));
	}
	return pipe_send(&v->pipe, &m, err);
}

void
keeper_dispatch(struct keeper *k)
{
	for (size_t i = 0; i < k->n_verifiers && k->jobs; i++) {
		struct keeper_verifier *v = &k->verifiers[i];
		struct keeper_job *job;
		struct err err;

		if (v->gone || !v->ready || v->job)
			continue;
		job = job_take(k);
		if (is_ok(send_job(k, v, job, &err)))
			v->job = job;
		else
			job_fail(k, job, &err);
	}
}

/* ---- what fronts ask ---- */

/* Everything about a certificate request that costs nothing, before any signature is checked. */
static status
precheck_cert(struct keeper *k, const struct message *m, struct err *err)
{
	char head[65];

	if (!authority_is_active(k->authority))
		return err_set(err, ERR_UNREACHABLE, "E-KEEPER-007", "no manifest is active");
	if (!hash256_equal(&m->head, authority_head(k->authority)))
		return err_set(err, ERR_CONFLICT, "E-KEEPER-008", "the head is %s now",
		               hash256_hex(authority_head(k->authority), head));
	return authority_nonce_check(k->authority, guest_clock_now(&k->clock),
	                             hash256_view(&m->nonce), err);
}

static void
on_attest(struct keeper *k, const struct keeper_caller *caller, const struct message *m)
{
	struct keeper_leaf leaf = {.caller = *caller, .statement = m->code == 2};

	mem_copy(leaf.nonce, m->nonce.b, sizeof leaf.nonce);
	leaf.server_key = m->server_key;
	mem_copy(leaf.exporter, m->exporter.b, sizeof leaf.exporter);
	keeper_want_evidence(k, &leaf);
}

static void
on_challenge(struct keeper *k, const struct keeper_caller *caller)
{
	struct message m = {.kind = MESSAGE_NONCE};

	authority_nonce(k->authority, guest_clock_now(&k->clock), m.nonce.b);
	keeper_answer(k, caller, &m);
}

static void
on_bundle(struct keeper *k, const struct keeper_caller *caller, const struct message *m)
{
	CLEANUP(buf_done) struct buf body = {0};
	CLEANUP(buf_done) struct buf signature = {0};
	struct message answer = {.kind = MESSAGE_ANSWER};
	struct err err;

	if (!is_ok(authority_bundle(k->authority, &m->head, guest_clock_now(&k->clock), &body,
	                            &signature, &err))) {
		keeper_answer_err(k, caller, &err);
		return;
	}
	answer.body = buf_view(&body);
	answer.signature = buf_view(&signature);
	keeper_answer(k, caller, &answer);
}

static void
put_hex(struct buf *out, const char *before, const struct hash256 *h)
{
	buf_str(out, before);
	hex_encode(hash256_view(h), out);
	buf_u8(out, '"');
}

static void
on_checkpoint(struct keeper *k, const struct keeper_caller *caller)
{
	CLEANUP(buf_done) struct buf body = {0};
	CLEANUP(buf_done) struct buf signature = {0};
	struct message answer = {.kind = MESSAGE_ANSWER};
	struct checkpoint c;

	authority_checkpoint(k->authority, guest_clock_now(&k->clock), &c, &signature);
	put_hex(&body, "{\"genesis\":\"", &c.genesis);
	put_hex(&body, ",\"log\":\"", &c.log_id);
	buf_printf(&body, ",\"size\":%llu", (unsigned long long)c.size);
	put_hex(&body, ",\"root\":\"", &c.root);
	buf_printf(&body, ",\"time\":%lld}", (long long)c.time);
	answer.body = buf_view(&body);
	answer.signature = buf_view(&signature);
	keeper_answer(k, caller, &answer);
}

void
keeper_front_message(struct keeper *k, size_t front, const struct message *m)
{
	struct keeper_caller caller = {front, k->fronts[front].epoch, m->id};
	struct err err;
	status s = OK;

	switch ((unsigned int)m->kind) {
	case MESSAGE_HELLO:
		k->fronts[front].epoch++;
		keeper_tell_state(k, front);
		break;
	case MESSAGE_ATTEST:
		on_attest(k, &caller, m);
		break;
	case MESSAGE_CHALLENGE:
		on_challenge(k, &caller);
		break;
	case MESSAGE_BUNDLE:
		on_bundle(k, &caller, m);
		break;
	case MESSAGE_CHECKPOINT:
		on_checkpoint(k, &caller);
		break;
	case MESSAGE_CERT:
		s = precheck_cert(k, m, &err);
		if (is_ok(s))
			s = job_add(k, &caller, m, &err);
		break;
	case MESSAGE_SET:
		s = job_add(k, &caller, m, &err);
		break;
	default:
		/* STORED without a question: a late answer, of no use any more. */
		break;
	}
	if (!is_ok(s))
		keeper_answer_err(k, &caller, &err);
	keeper_dispatch(k);
}

/* ---- what verifiers found ---- */

static void
sign_and_send(struct keeper *k, const struct keeper_job *job, const char *path,
              const struct buf *body)
{
	CLEANUP(buf_done) struct buf signature = {0};
	struct message m = {.kind = MESSAGE_ANSWER, .body = buf_view(body)};

	authority_sign_answer(k->authority, path, &job->head, buf_view(&job->body), m.body,
	                      &signature);
	m.signature = buf_view(&signature);
	keeper_answer(k, &job->caller, &m);
}

/* Every front keeps the whole log: any of them may be asked for a proof. */
static void
tell_log(struct keeper *k, const struct hash256 *entry)
{
	struct state_record state;
	struct message m = {.kind = MESSAGE_LOG, .hash = *entry};

	authority_state(k->authority, guest_clock_now(&k->clock), &state);
	m.number = state.log_size - 1;
	for (size_t i = 0; i < k->n_fronts; i++)
		keeper_answer(k, &(struct keeper_caller){.front = i, .epoch = k->fronts[i].epoch},
		              &m);
}

/* Older than what was accepted before: refused. Newer: from now on nothing older is accepted. */
static status
take_marks(struct keeper *k, struct bytes wire, int64_t now, struct err *err)
{
	struct mark marks[MARKS_OF_ONE];
	struct err why;
	size_t n;

	TRY(marks_parse(wire, marks, MARKS_OF_ONE, &n, err));
	for (size_t i = 0; i < n; i++)
		if (marks[i].issued > now + KEEPER_SKEW_ALARM_SECONDS)
			return err_set(err, ERR_REJECTED, "E-KEEPER-009",
			               "a verifier says that collateral is of the future");
	TRY(marks_check(authority_marks(k->authority), marks, n, err));
	if (!is_ok(authority_keep_marks(k->authority, marks, n, &why)))
		log_err(LOG_WARN, "what collateral was accepted is not in the store", &why);
	return OK;
}

static status
issue_cert(struct keeper *k, const struct keeper_job *job, const struct message *m, struct err *err)
{
	CLEANUP(buf_done) struct buf body = {0};
	CLEANUP(key_drop) struct key *key = NULL;
	struct cert_request r = {.head = job->head, .policy = m->policy};
	struct hash256 log_entry;
	int64_t now;

	/* The verifier worked on the nonce that the keeper gave it, or it lies. */
	if (!hash256_equal(&m->nonce, &job->nonce))
		return err_set(err, ERR_REJECTED, "E-KEEPER-009", "a verifier took another nonce");
	if (m->key.n != POINT_SIZE)
		return err_set(err, ERR_REJECTED, "E-KEEPER-009", "a verifier sent no P-256 key");
	TRY(key_from_point(KEY_P256, m->key, &key, err));
	mem_copy(r.kem, m->kem.b, sizeof r.kem);
	r.key = key;
	now = guest_clock_now(&k->clock);
	k->store_front = job->caller.front;
	TRY(take_marks(k, m->marks, now, err));
	TRY(authority_mesh_cert(k->authority, &r, now, &body, &log_entry, err));
	sign_and_send(k, job, "/v1/mesh/cert", &body);
	tell_log(k, &log_entry);
	/* Signed collateral that was accepted proves that time has come this far. */
	if (m->time <= (uint64_t)now + KEEPER_SKEW_ALARM_SECONDS)
		guest_clock_floor(&k->clock, (int64_t)m->time);
	return OK;
}

struct set_lists {
	struct hash256 owners[MANIFEST_MAX_OWNERS];
	struct bytes policies[MANIFEST_MAX_POLICIES];
	struct record_signature signatures[RECORD_MAX_SIGNATURES];
};

static status
read_set(const struct message *m, struct set_lists *l, struct set_request *r, struct err *err)
{
	struct bytes list = m->policies, item, spki;

	r->n_owners = m->owners.n / SHA256_SIZE;
	if (m->owners.n % SHA256_SIZE != 0 || r->n_owners > MANIFEST_MAX_OWNERS)
		return err_set(err, ERR_PARSE, "E-KEEPER-009", "a verifier sent a broken list");
	for (size_t i = 0; i < r->n_owners; i++)
		mem_copy(l->owners[i].b, m->owners.p + i * SHA256_SIZE, SHA256_SIZE);
	while (r->n_policies < MANIFEST_MAX_POLICIES && message_list_next(&list, &item))
		l->policies[r->n_policies++] = item;
	if (list.n > 0)
		return err_set(err, ERR_PARSE, "E-KEEPER-009", "a verifier sent a broken list");
	list = m->signatures;
	while (r->n_signatures < RECORD_MAX_SIGNATURES && message_list_next(&list, &spki) &&
	       message_list_next(&list, &item))
		l->signatures[r->n_signatures++] =
		        (struct record_signature){.spki = spki, .der = item};
	if (list.n > 0)
		return err_set(err, ERR_PARSE, "E-KEEPER-009", "a verifier sent a broken list");
	r->k = m->code;
	r->owners = l->owners;
	r->policies = l->policies;
	r->signatures = l->signatures;
	r->manifest = m->manifest;
	return OK;
}

static status
set_manifest(struct keeper *k, const struct keeper_job *job, const struct message *m,
             struct err *err)
{
	CLEANUP(buf_done) struct buf body = {0};
	struct set_lists *lists = mem_new(struct set_lists);
	struct set_request r = {.head = job->head};
	status s = read_set(m, lists, &r, err);

	k->store_front = job->caller.front;
	if (is_ok(s))
		s = authority_set(k->authority, &r, guest_clock_now(&k->clock), &body, err);
	mem_free(lists);
	TRY(s);
	sign_and_send(k, job, "/v1/manifest", &body);
	for (size_t i = 0; i < k->n_fronts; i++)
		keeper_tell_state(k, i);
	return OK;
}

static void
on_ready(struct keeper *k, struct keeper_verifier *v)
{
	struct err err;

	/* It starts anew, so what it had in work ended it: nobody else gets to read that. */
	if (v->job) {
		(void)err_set(&err, ERR_REJECTED, "E-KEEPER-010",
		              "the request ended the process that read it");
		job_fail(k, v->job, &err);
	}
	v->job = NULL;
	v->ready = true;
	v->loaded = false;
	v->lists = 0;
}

void
keeper_verifier_message(struct keeper *k, size_t verifier, const struct message *m)
{
	struct keeper_verifier *v = &k->verifiers[verifier];
	struct keeper_job *job = v->job;
	struct err err;
	status s = OK;

	if (m->kind == MESSAGE_READY) {
		on_ready(k, v);
		keeper_dispatch(k);
		return;
	}
	if (!job || m->id != job->caller.id)
		return;
	v->job = NULL;
	if (m->kind == MESSAGE_CERT_RESULT && job->kind == MESSAGE_CERT)
		s = issue_cert(k, job, m, &err);
	else if (m->kind == MESSAGE_SET_RESULT && job->kind == MESSAGE_SET)
		s = set_manifest(k, job, m, &err);
	else if (m->kind == MESSAGE_REFUSED)
		s = message_to_err(m, &err);
	else
		s = err_set(&err, ERR_INTERNAL, "E-KEEPER-009",
		            "a verifier answered something else");
	/* A verifier that met something malformed ends after its answer and says READY again. */
	if (m->kind == MESSAGE_REFUSED && (s.cls == ERR_PARSE || s.cls == ERR_LIMIT))
		v->ready = false;
	if (!is_ok(s))
		keeper_answer_err(k, &job->caller, &err);
	job_free(k, job);
	keeper_dispatch(k);
}
