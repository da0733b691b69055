/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/coordinator/pipe.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/rd.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

enum { READ_CHUNK = 16 * 1024 };

void
pipe_init(struct pipe *p, int fd, enum message_direction from)
{
	*p = (struct pipe){.fd = fd, .from = from};
	p->in.max = MESSAGE_FRAME_MAX + 2 * READ_CHUNK;
	p->out.max = MESSAGE_FRAME_MAX + 8 * PIPE_BACKLOG;
}

void
pipe_done(struct pipe *p)
{
	buf_done(&p->in);
	buf_done(&p->out);
	fd_close(&p->fd);
}

static status
gone(struct err *err)
{
	return err_set(err, ERR_UNREACHABLE, "E-MESSAGE-002", "a process of the Coordinator ended");
}

status
pipe_flush(struct pipe *p, struct err *err)
{
	while (p->sent < p->out.n) {
		ssize_t n = send(p->fd, p->out.p + p->sent, p->out.n - p->sent,
		                 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n >= 0) {
			p->sent += (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		return errno == EAGAIN ? OK : gone(err);
	}
	buf_done(&p->out);
	p->sent = 0;
	return OK;
}

/* What was sent makes room, so that a slow reader does not make the buffer grow for ever. */
static void
drop_sent(struct pipe *p)
{
	if (p->sent < PIPE_BACKLOG)
		return;
	mem_move(p->out.p, p->out.p + p->sent, p->out.n - p->sent);
	p->out.n -= p->sent;
	p->sent = 0;
}

status
pipe_send(struct pipe *p, const struct message *m, struct err *err)
{
	size_t before;

	drop_sent(p);
	before = p->out.n;
	message_emit(m, &p->out);
	if (!buf_ok(&p->out)) {
		/* Nothing of it goes out: half a frame would be worse than none. */
		p->out.failed = false;
		p->out.n = before;
		return err_set(err, ERR_LIMIT, "E-MESSAGE-003", "a %s message is too large",
		               message_name(m->kind));
	}
	return pipe_flush(p, err);
}

static void
drop_taken(struct pipe *p)
{
	if (p->taken == 0)
		return;
	if (p->taken == p->in.n) {
		buf_done(&p->in);
	} else {
		mem_move(p->in.p, p->in.p + p->taken, p->in.n - p->taken);
		p->in.n -= p->taken;
	}
	p->taken = 0;
}

status
pipe_fill(struct pipe *p, struct err *err)
{
	drop_taken(p);
	for (;;) {
		ssize_t n;

		if (!buf_reserve(&p->in, READ_CHUNK))
			return buf_check(&p->in, err);
		n = recv(p->fd, p->in.p + p->in.n, p->in.cap - p->in.n, MSG_DONTWAIT);
		if (n > 0) {
			p->in.n += (size_t)n;
			return OK;
		}
		if (n < 0 && errno == EINTR)
			continue;
		return n < 0 && errno == EAGAIN ? OK : gone(err);
	}
}

status
pipe_next(struct pipe *p, struct message *ret, bool *ret_has, struct err *err)
{
	struct bytes rest = bytes_sub(buf_view(&p->in), p->taken, p->in.n);
	struct rd r = rd_init(rest);
	uint32_t n;

	*ret_has = false;
	if (rest.n < 4) {
		if (rest.n == 0)
			drop_taken(p);
		return OK;
	}
	n = rd_be32(&r);
	if (n == 0 || n > MESSAGE_FRAME_MAX)
		return err_set(err, ERR_LIMIT, "E-MESSAGE-003", "a frame of %u bytes", n);
	if (rd_left(&r) < n)
		return OK;
	p->taken += 4 + (size_t)n;
	TRY(message_parse(p->from, rd_bytes(&r, n), ret, err));
	*ret_has = true;
	return OK;
}

static bool
wait_for(int fd, short events, uint64_t deadline)
{
	for (;;) {
		uint64_t now = clock_mono_ns();
		struct pollfd f = {.fd = fd, .events = events};
		int rc;

		if (now >= deadline)
			return false;
		rc = poll(&f, 1,
		          deadline == UINT64_MAX ? -1 : (int)((deadline - now) / 1000000 + 1));
		if (rc > 0)
			return true;
		if (rc < 0 && errno != EINTR)
			return false;
	}
}

static uint64_t
deadline_of(int ms)
{
	return ms < 0 ? UINT64_MAX : clock_mono_ns() + (uint64_t)ms * 1000000;
}

status
pipe_wait(struct pipe *p, int ms, struct message *ret, struct err *err)
{
	uint64_t deadline = deadline_of(ms);
	bool has;

	for (;;) {
		TRY(pipe_next(p, ret, &has, err));
		if (has)
			return OK;
		if (!wait_for(p->fd, POLLIN, deadline))
			return err_set(err, ERR_UNREACHABLE, "E-MESSAGE-004",
			               "a process of the Coordinator does not answer");
		TRY(pipe_fill(p, err));
	}
}

status
pipe_drain(struct pipe *p, int ms, struct err *err)
{
	uint64_t deadline = deadline_of(ms);

	for (;;) {
		TRY(pipe_flush(p, err));
		if (pipe_backlog(p) == 0)
			return OK;
		if (!wait_for(p->fd, POLLOUT, deadline))
			return err_set(err, ERR_UNREACHABLE, "E-MESSAGE-004",
			               "a process of the Coordinator takes no message");
	}
}
