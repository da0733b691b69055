/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Own evidence: all sessions that wait share one report (PROTOCOL section 4).
 * While the device works on one batch the next one gathers, so the cost of a
 * report does not grow with the number of clients.
 */
#include "attest/socket.h"
#include "cmd/coordinator/keeper.h"

#include <errno.h>
#include <sys/socket.h>

void
keeper_want_evidence(struct keeper *k, const struct keeper_leaf *leaf)
{
	struct keeper_report *r = &k->report;
	struct err err;

	if (r->n_waiting == KEEPER_MAX_LEAVES || r->overdue) {
		(void)err_set(&err, ERR_UNREACHABLE, "E-KEEPER-003",
		              r->overdue ? "the report device does not answer"
		                         : "too many sessions wait for evidence");
		keeper_answer_err(k, &leaf->caller, &err);
		return;
	}
	r->waiting[r->n_waiting++] = *leaf;
}

static struct hash512
leaf_hash(const struct keeper *k, const struct keeper_leaf *leaf)
{
	struct bytes record = bytes_of(k->report.record, STATE_RECORD_SIZE);
	struct binding b;

	b = leaf->statement ? binding_statement(k->tee, leaf->nonce, record)
	                    : binding_attest(k->tee, leaf->nonce, &leaf->server_key, leaf->exporter,
	                                     record);
	return binding_leaf(&b);
}

/* A tree over all who wait; they become the batch that is asked for. */
static status
build_batch(struct keeper *k, struct err *err)
{
	struct keeper_report *r = &k->report;
	struct hash512 *leaves = mem_alloc(r->n_waiting * sizeof *leaves);
	struct keeper_leaf *swap = r->asked;
	struct state_record state;
	status s;

	authority_state(k->authority, guest_clock_now(&k->clock), &state);
	state_emit(&state, r->record);
	for (size_t i = 0; i < r->n_waiting; i++)
		leaves[i] = leaf_hash(k, &r->waiting[i]);
	s = batch_build(leaves, r->n_waiting, &r->batch, err);
	mem_free(leaves);
	TRY(s);
	r->asked = r->waiting;
	r->n_asked = r->n_waiting;
	r->waiting = swap;
	r->n_waiting = 0;
	return OK;
}

status
keeper_report_next(struct keeper *k, struct err *err)
{
	struct keeper_report *r = &k->report;
	CLEANUP(buf_done) struct buf out = {0};
	struct attest_request request = {.op = ATTEST_OP_REPORT};
	struct hash512 root;
	ssize_t n;

	if (r->deadline != 0 || r->n_waiting == 0)
		return OK;
	TRY(build_batch(k, err));
	root = batch_root(&r->batch);
	mem_copy(request.report_data, root.b, sizeof request.report_data);
	attest_request_emit(&request, &out);
	TRY(buf_check(&out, err));
	/* 70 bytes into a socket on which nothing waits: short or refused means broken. */
	n = send(r->fd, out.p, out.n, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n != (ssize_t)out.n)
		return err_set_errno(err, ERR_IO, "E-KEEPER-004", "the report device is gone");
	r->deadline = clock_mono_ns() + (uint64_t)ATTEST_DEADLINE_MS * 1000000;
	return OK;
}

static void
send_evidence(struct keeper *k, size_t i, struct message *m)
{
	struct keeper_report *r = &k->report;
	struct batch_proof proof;

	batch_proof_of(&r->batch, i, &proof);
	m->number = proof.index;
	m->path = bytes_of(proof.path[0].b, proof.depth * sizeof proof.path[0]);
	keeper_answer(k, &r->asked[i].caller, m);
}

static void
send_all_evidence(struct keeper *k, struct bytes document)
{
	CLEANUP(buf_done) struct buf root = {0};
	CLEANUP(buf_done) struct buf mesh = {0};
	CLEANUP(buf_done) struct buf key = {0};
	struct message m = {.kind = MESSAGE_EVIDENCE};

	if (authority_root(k->authority))
		cert_pem(authority_root(k->authority)->cert, &root);
	if (authority_mesh(k->authority))
		cert_pem(authority_mesh(k->authority)->self_signed, &mesh);
	key_spki(authority_answer_key(k->authority), &key);
	m.document = document;
	m.record = bytes_of(k->report.record, STATE_RECORD_SIZE);
	m.root_ca = buf_view(&root);
	m.mesh_ca = buf_view(&mesh);
	m.key = buf_view(&key);
	for (size_t i = 0; i < k->report.n_asked; i++)
		send_evidence(k, i, &m);
}

static void
refuse_asked(struct keeper *k, const struct err *err)
{
	for (size_t i = 0; i < k->report.n_asked; i++)
		keeper_answer_err(k, &k->report.asked[i].caller, err);
	k->report.n_asked = 0;
}

static void
finish(struct keeper *k)
{
	struct keeper_report *r = &k->report;

	batch_done(&r->batch);
	r->n_asked = 0;
	r->deadline = 0;
	r->overdue = false;
}

static void
on_answer(struct keeper *k, const struct attest_answer *answer)
{
	struct err err;

	if (k->report.overdue) {
		finish(k);
		return;
	}
	if (answer->result == ATTEST_DONE && answer->tee == k->tee) {
		send_all_evidence(k, answer->rest);
	} else {
		(void)err_set(&err, ERR_UNREACHABLE, "E-KEEPER-005",
		              "the report device refuses (%d)", (int)answer->result);
		refuse_asked(k, &err);
	}
	finish(k);
}

status
keeper_report_read(struct keeper *k, struct err *err)
{
	struct keeper_report *r = &k->report;
	struct attest_answer answer;
	struct bytes body;
	size_t used = 0;
	bool whole;
	ssize_t n;

	r->in.max = ATTEST_ANSWER_MAX + 64 * 1024;
	if (!buf_reserve(&r->in, 16 * 1024))
		return buf_check(&r->in, err);
	n = recv(r->fd, r->in.p + r->in.n, r->in.cap - r->in.n, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return OK;
	if (n <= 0 || r->deadline == 0)
		return err_set(err, ERR_IO, "E-KEEPER-004", "the report device is gone");
	r->in.n += (size_t)n;
	TRY(attest_frame_next(buf_view(&r->in), ATTEST_ANSWER_MAX, &whole, &body, &used, err));
	if (!whole)
		return OK;
	TRY(attest_answer_parse(body, &answer, err));
	on_answer(k, &answer);
	buf_done(&r->in);
	return OK;
}

void
keeper_report_overdue(struct keeper *k)
{
	struct keeper_report *r = &k->report;
	struct err err;

	if (r->deadline == 0 || r->overdue || clock_mono_ns() < r->deadline)
		return;
	(void)err_set(&err, ERR_UNREACHABLE, "E-KEEPER-003", "the report device does not answer");
	refuse_asked(k, &err);
	r->overdue = true;
	for (size_t i = 0; i < r->n_waiting; i++)
		keeper_answer_err(k, &r->waiting[i].caller, &err);
	r->n_waiting = 0;
}
