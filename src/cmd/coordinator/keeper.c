/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/coordinator/keeper.h"

#include "attest/socket.h"
#include "base/file.h"
#include "base/log.h"
#include "base/rd.h"

#include <errno.h>
#include <poll.h>

void
keeper_init(struct keeper *k, const struct pins *pins, const int *fronts, size_t n_fronts,
            const int *verifiers, size_t n_verifiers, int report_fd, int64_t floor)
{
	*k = (struct keeper){.pins = *pins, .n_fronts = n_fronts, .n_verifiers = n_verifiers};
	guest_clock_start(&k->clock, floor);
	k->jobs_end = &k->jobs;
	for (size_t i = 0; i < n_fronts; i++)
		pipe_init(&k->fronts[i].pipe, fronts[i], FRONT_TO_KEEPER);
	for (size_t i = 0; i < n_verifiers; i++)
		pipe_init(&k->verifiers[i].pipe, verifiers[i], VERIFIER_TO_KEEPER);
	k->report.fd = report_fd;
	k->report.waiting = mem_alloc(KEEPER_MAX_LEAVES * sizeof(struct keeper_leaf));
	k->report.asked = mem_alloc(KEEPER_MAX_LEAVES * sizeof(struct keeper_leaf));
}

static void
drop_job(struct keeper_job *job)
{
	buf_done(&job->body);
	mem_free(job);
}

void
keeper_done(struct keeper *k)
{
	for (struct keeper_job *job = k->jobs, *next; job; job = next) {
		next = job->next;
		drop_job(job);
	}
	for (size_t i = 0; i < k->n_fronts; i++) {
		pipe_done(&k->fronts[i].pipe);
		buf_done(&k->fronts[i].deferred);
	}
	for (size_t i = 0; i < k->n_verifiers; i++) {
		if (k->verifiers[i].job)
			drop_job(k->verifiers[i].job);
		pipe_done(&k->verifiers[i].pipe);
	}
	authority_free(k->authority);
	batch_done(&k->report.batch);
	buf_done(&k->report.in);
	mem_free(k->report.waiting);
	mem_free(k->report.asked);
	fd_close(&k->report.fd);
}

/* ---- start ---- */

/* Own evidence over zeros, which is no leaf of anything: it says who this keeper is. */
static status
describe_self(struct keeper *k, struct message *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf document = {0};
	struct attest_request request = {.op = ATTEST_OP_REPORT};
	struct pipe *v = &k->verifiers[0].pipe;
	struct message m = {.kind = MESSAGE_DESCRIBE};
	uint8_t tee;

	TRY(attest_socket_call(k->report.fd, &request, ATTEST_DEADLINE_MS, &tee, &document, err));
	m.time = (uint64_t)guest_clock_now(&k->clock);
	m.document = buf_view(&document);
	TRY(pipe_wait(v, KEEPER_START_MS, ret, err));
	if (ret->kind != MESSAGE_READY)
		return err_set(err, ERR_INTERNAL, "E-KEEPER-009", "the verifier is not ready");
	k->verifiers[0].ready = true;
	TRY(pipe_send(v, &m, err));
	TRY(pipe_drain(v, KEEPER_START_MS, err));
	TRY(pipe_wait(v, KEEPER_START_MS, ret, err));
	if (ret->kind == MESSAGE_REFUSED)
		return err_ctx(err, message_to_err(ret, err), "own evidence");
	if (ret->kind != MESSAGE_DESCRIBED || ret->code != tee)
		return err_set(err, ERR_INTERNAL, "E-KEEPER-009",
		               "the verifier does not know this evidence");
	return OK;
}

status
keeper_start(struct keeper *k, struct err *err)
{
	struct authority_options o = {.pins = k->pins, .store = keeper_store(k)};
	struct message m;

	TRY(describe_self(k, &m, err));
	k->tee = (enum tee)m.code;
	o.vendor_root = m.number != 0;
	o.has_own_policy = true;
	o.own_policy = m.policy;
	TRY(pipe_wait(&k->fronts[0].pipe, KEEPER_START_MS, &m, err));
	if (m.kind != MESSAGE_HELLO)
		return err_set(err, ERR_INTERNAL, "E-KEEPER-011", "the front does not begin");
	k->fronts[0].epoch++;
	TRY(authority_new(&o, guest_clock_now(&k->clock), &k->authority, err));
	guest_clock_floor(&k->clock, authority_time_floor(k->authority));
	keeper_tell_state(k, 0);
	return OK;
}

/* ---- the loop ---- */

static void
front_failed(struct keeper *k, size_t i, const struct err *err)
{
	log_err(LOG_ERROR, "a front is not heard any more", err);
	k->fronts[i].gone = true;
}

/* What arrived while the store was in work, in its order. */
static status
run_deferred(struct keeper *k, size_t i, struct err *err)
{
	struct buf frames = k->fronts[i].deferred;
	struct rd r = rd_init(buf_view(&frames));
	status s = OK;

	k->fronts[i].deferred = (struct buf){0};
	while (is_ok(s) && rd_left(&r) > 0) {
		uint32_t n = rd_be32(&r);
		struct message m;

		s = message_parse(FRONT_TO_KEEPER, rd_bytes(&r, n), &m, err);
		if (is_ok(s))
			keeper_front_message(k, i, &m);
	}
	buf_done(&frames);
	return s;
}

static status
read_front(struct keeper *k, size_t i, struct err *err)
{
	struct pipe *p = &k->fronts[i].pipe;
	struct message m;
	bool has;

	TRY(pipe_fill(p, err));
	for (;;) {
		TRY(pipe_next(p, &m, &has, err));
		if (!has)
			return OK;
		keeper_front_message(k, i, &m);
	}
}

static status
read_verifier(struct keeper *k, size_t i, struct err *err)
{
	struct pipe *p = &k->verifiers[i].pipe;
	struct message m;
	bool has;

	TRY(pipe_fill(p, err));
	for (;;) {
		TRY(pipe_next(p, &m, &has, err));
		if (!has)
			return OK;
		keeper_verifier_message(k, i, &m);
	}
}

static void
tick(struct keeper *k)
{
	int64_t now = guest_clock_now(&k->clock);
	int64_t skew = guest_clock_skew(&k->clock);
	bool skewed = skew > KEEPER_SKEW_ALARM_SECONDS || skew < -KEEPER_SKEW_ALARM_SECONDS;
	struct err err;

	keeper_report_overdue(k);
	if (now < k->next_tick)
		return;
	k->next_tick = now + KEEPER_TICK_SECONDS;
	if (!is_ok(authority_tick(k->authority, now, &err)))
		log_err(LOG_ERROR, "the authority's timer failed", &err);
	if (skewed && !k->skewed)
		log_error("the host's clock jumped", F_INT("seconds", skew));
	k->skewed = skewed;
}

static short
wanted(const struct pipe *p)
{
	size_t backlog = pipe_backlog(p);

	return (short)((backlog > 0 ? POLLOUT : 0) | (backlog > PIPE_BACKLOG ? 0 : POLLIN));
}

/* One end's turn: more output first, then what it says. */
static status
serve_pipe(struct keeper *k, struct pollfd *f, bool front, size_t i, struct err *err)
{
	struct pipe *p = front ? &k->fronts[i].pipe : &k->verifiers[i].pipe;

	if (f->revents & POLLOUT)
		TRY(pipe_flush(p, err));
	if (f->revents & (POLLIN | POLLHUP | POLLERR))
		return front ? read_front(k, i, err) : read_verifier(k, i, err);
	return OK;
}

static void
serve_all(struct keeper *k, struct pollfd *fds)
{
	struct err err;

	for (size_t i = 0; i < k->n_fronts; i++)
		if (fds[i].revents && !is_ok(serve_pipe(k, &fds[i], true, i, &err)))
			front_failed(k, i, &err);
	for (size_t i = 0; i < k->n_verifiers; i++) {
		struct pollfd *f = &fds[k->n_fronts + i];

		if (!f->revents || is_ok(serve_pipe(k, f, false, i, &err)))
			continue;
		log_err(LOG_ERROR, "a verifier is not heard any more", &err);
		k->verifiers[i].gone = true;
	}
	for (size_t i = 0; i < k->n_fronts; i++)
		while (!k->fronts[i].gone && k->fronts[i].deferred.n > 0)
			if (!is_ok(run_deferred(k, i, &err)))
				front_failed(k, i, &err);
}

static bool
anybody_left(const struct keeper *k)
{
	for (size_t i = 0; i < k->n_fronts; i++)
		if (!k->fronts[i].gone)
			return true;
	return false;
}

status
keeper_run(struct keeper *k, struct err *err)
{
	struct pollfd fds[KEEPER_MAX_FRONTS + KEEPER_MAX_VERIFIERS + 1];
	size_t n = k->n_fronts + k->n_verifiers + 1;

	while (anybody_left(k)) {
		for (size_t i = 0; i < k->n_fronts; i++)
			fds[i] = (struct pollfd){k->fronts[i].gone ? -1 : k->fronts[i].pipe.fd,
			                         wanted(&k->fronts[i].pipe), 0};
		for (size_t i = 0; i < k->n_verifiers; i++)
			fds[k->n_fronts + i] =
			        (struct pollfd){k->verifiers[i].gone ? -1 : k->verifiers[i].pipe.fd,
			                        wanted(&k->verifiers[i].pipe), 0};
		fds[n - 1] = (struct pollfd){k->report.fd, POLLIN, 0};
		if (poll(fds, n, 1000) < 0 && errno != EINTR)
			return err_set_errno(err, ERR_IO, "E-KEEPER-012",
			                     "cannot wait for messages");
		serve_all(k, fds);
		if (fds[n - 1].revents)
			TRY(keeper_report_read(k, err));
		TRY(keeper_report_next(k, err));
		tick(k);
	}
	return err_set(err, ERR_UNREACHABLE, "E-KEEPER-011", "every front is gone");
}
