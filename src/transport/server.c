/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/server.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	READ_CHUNK = 16 * 1024,
	ACCEPTS_PER_TURN = 64,
	ACCEPT_PAUSE_MS = 100,
	LINGER_MS = 2000,
};

enum phase {
	PHASE_HANDSHAKE,
	PHASE_IDLE, /* no byte of the next request yet */
	PHASE_HEAD,
	PHASE_BODY,
	PHASE_HANDLER, /* the caller works on the answer */
	PHASE_ANSWER,  /* the answer goes out */
	PHASE_LINGER,  /* refused: what still comes is thrown away, else the answer is lost by a reset */
};

struct conn {
	struct server *server;
	int fd;
	uint32_t slot;
	uint32_t generation;
	enum phase phase;
	bool close_after;
	bool refused;
	void *stream;
	struct event *io;
	struct event *timer;
	struct buf in;  /* head and body of the request in work, maybe bytes of the next */
	struct buf out;
	size_t sent;
	size_t head_size;
	size_t body_size;
	void *data;
};

struct server {
	struct server_config config;
	struct event_base *base;
	struct event *listener;
	struct event *pause;
	struct conn **slots; /* NULL = free */
	uint32_t *generations;
	uint32_t n_conns;
};

static void conn_run(struct conn *c);

static server_conn
conn_id(const struct conn *c)
{
	return (uint64_t)c->generation << 32 | c->slot;
}

static struct conn *
conn_find(struct server *s, server_conn id)
{
	uint32_t slot = (uint32_t)id;
	struct conn *c = slot < s->config.max_conns ? s->slots[slot] : NULL;

	return c && c->generation == (uint32_t)(id >> 32) ? c : NULL;
}

static void
conn_close(struct conn *c)
{
	struct server *s = c->server;

	if (s->config.gone)
		s->config.gone(s, conn_id(c), s->config.ctx);
	if (c->stream)
		s->config.stream->close(c->stream);
	event_free(c->io);
	event_free(c->timer);
	buf_done(&c->in);
	buf_done(&c->out);
	close(c->fd);
	mem_free(c->data);
	s->slots[c->slot] = NULL;
	s->n_conns--;
	mem_free(c);
}

static unsigned int
phase_ms(const struct server_config *config, enum phase phase)
{
	switch (phase) {
	case PHASE_HANDSHAKE:
		return config->handshake_ms;
	case PHASE_IDLE:
		return config->idle_ms;
	case PHASE_HEAD:
		return config->head_ms;
	case PHASE_BODY:
		return config->body_ms;
	case PHASE_LINGER:
		return LINGER_MS;
	case PHASE_HANDLER:
	case PHASE_ANSWER:
		break;
	}
	return config->answer_ms;
}

/* A phase's deadline counts from its beginning, not from the last byte. */
static void
enter(struct conn *c, enum phase phase)
{
	unsigned int ms = phase_ms(&c->server->config, phase);
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};

	c->phase = phase;
	event_add(c->timer, &tv);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	conn_close(arg);
}

static void
on_io(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	conn_run(arg);
}

static void
watch(struct conn *c, short events)
{
	event_del(c->io);
	event_assign(c->io, c->server->base, c->fd, events, on_io, c);
	event_add(c->io, NULL);
}

/* ---- bytes ---- */

static ssize_t
plain_result(ssize_t n, enum stream_result again)
{
	if (n > 0)
		return n;
	if (n == 0)
		return STREAM_END;
	return errno == EAGAIN || errno == EINTR ? again : STREAM_FAILED;
}

static ssize_t
conn_read(struct conn *c, void *to, size_t n)
{
	if (c->stream)
		return c->server->config.stream->read(c->stream, to, n);
	return plain_result(recv(c->fd, to, n, 0), STREAM_WANT_READ);
}

static ssize_t
conn_write(struct conn *c, const void *from, size_t n)
{
	if (c->stream)
		return c->server->config.stream->write(c->stream, from, n);
	return plain_result(send(c->fd, from, n, MSG_NOSIGNAL), STREAM_WANT_WRITE);
}

/* Waits for what the stream wants; false when it is over. */
static bool
conn_wait(struct conn *c, ssize_t result)
{
	if (result == STREAM_WANT_READ)
		watch(c, EV_READ);
	else if (result == STREAM_WANT_WRITE)
		watch(c, EV_WRITE);
	else
		return false;
	return true;
}

/* ---- answers ---- */

static void
queue_answer(struct conn *c, const struct server_answer *a)
{
	c->close_after |= a->close;
	http_response_emit(a->status, a->content_type, a->extra, a->body.n, c->close_after, &c->out);
	buf_bytes(&c->out, a->body);
	c->sent = 0;
	enter(c, PHASE_ANSWER);
}

/* A request that we could not read: say so once, then end. */
static void
refuse(struct conn *c, unsigned int status_code, const char *id, const char *message)
{
	char body[ERR_MSG_SIZE + 128];
	int n = snprintf(body, sizeof body, "{\"error\":\"%s\",\"message\":\"%s\"}", id, message);
	struct server_answer a = {.status = status_code,
	                          .content_type = BYTES("application/json"),
	                          .body = bytes_of(body, n > 0 ? (size_t)n : 0),
	                          .close = true};

	buf_reset(&c->in);
	c->refused = true;
	queue_answer(c, &a);
}

/* ---- the phases: each returns true when the next one can run at once ---- */

static bool
run_handshake(struct conn *c)
{
	enum stream_result r = c->server->config.stream->handshake(c->stream);

	if (r == STREAM_DONE) {
		enter(c, PHASE_IDLE);
		return true;
	}
	if (!conn_wait(c, r))
		conn_close(c);
	return false;
}

/* Reads what is there. False when the connection waits or is gone. */
static bool
read_more(struct conn *c)
{
	ssize_t n;

	if (!buf_reserve(&c->in, READ_CHUNK)) {
		conn_close(c);
		return false;
	}
	n = conn_read(c, c->in.p + c->in.n, READ_CHUNK);
	if (n > 0) {
		c->in.n += (size_t)n;
		return true;
	}
	if (c->phase == PHASE_IDLE && c->in.n == 0)
		buf_done(&c->in);
	if (!conn_wait(c, n))
		conn_close(c);
	return false;
}

static bool
run_idle(struct conn *c)
{
	if (c->in.n == 0 && !read_more(c))
		return false;
	enter(c, PHASE_HEAD);
	return true;
}

static bool
begin_body(struct conn *c, const struct http_head *h)
{
	struct server *s = c->server;
	size_t limit = s->config.body_limit(s, conn_id(c), h, s->config.ctx);

	if (!h->has_length && (bytes_is(h->method, "POST") || bytes_is(h->method, "PUT"))) {
		refuse(c, 411, "E-HTTP-007", "Content-Length is missing");
		return true;
	}
	if (h->length > limit) {
		refuse(c, 413, "E-HTTP-010", "the body is larger than this endpoint takes");
		return true;
	}
	c->body_size = (size_t)h->length;
	c->in.max = c->head_size + c->body_size + READ_CHUNK + HTTP_HEAD_MAX;
	if (h->expect_continue && c->in.n == c->head_size && c->body_size > 0) {
		static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

		/* 25 bytes into an empty socket buffer: if even that does not fit, end. */
		if (conn_write(c, go_on, sizeof go_on - 1) != (ssize_t)(sizeof go_on - 1)) {
			conn_close(c);
			return false;
		}
	}
	enter(c, PHASE_BODY);
	return true;
}

static bool
run_head(struct conn *c)
{
	struct http_head h;
	struct err err;

	if (!is_ok(http_head_size(buf_view(&c->in), &c->head_size, &err))) {
		refuse(c, 431, err.id, err.msg);
		return true;
	}
	if (c->head_size == 0)
		return read_more(c);
	if (!is_ok(http_request_parse(bytes_sub(buf_view(&c->in), 0, c->head_size), &h, &err))) {
		refuse(c, 400, err.id, err.msg);
		return true;
	}
	return begin_body(c, &h);
}

static bool
run_body(struct conn *c)
{
	struct server *s = c->server;
	struct server_request r;
	struct http_head h;
	server_conn id = conn_id(c);
	struct err err;

	if (c->in.n < c->head_size + c->body_size)
		return read_more(c);
	/* Parsed again because the buffer may have moved: a head is cheap, a stale slice is not. */
	if (!is_ok(http_request_parse(bytes_sub(buf_view(&c->in), 0, c->head_size), &h, &err))) {
		conn_close(c);
		return false;
	}
	r.head = &h;
	r.body = bytes_sub(buf_view(&c->in), c->head_size, c->head_size + c->body_size);
	c->close_after = h.close;
	enter(c, PHASE_HANDLER);
	event_del(c->io);
	s->config.handle(s, id, &r, s->config.ctx);
	c = conn_find(s, id);
	if (!c)
		return false;
	/* The request is done with; what follows it is the next one's. */
	if (c->in.n > c->head_size + c->body_size) {
		size_t rest = c->in.n - c->head_size - c->body_size;

		mem_move(c->in.p, c->in.p + c->head_size + c->body_size, rest);
		c->in.n = rest;
	} else {
		buf_done(&c->in);
	}
	c->in.max = 0;
	return c->phase == PHASE_ANSWER;
}

static bool
run_answer(struct conn *c)
{
	while (c->sent < c->out.n) {
		ssize_t n = conn_write(c, c->out.p + c->sent, c->out.n - c->sent);

		if (n > 0) {
			c->sent += (size_t)n;
			continue;
		}
		if (!conn_wait(c, n))
			conn_close(c);
		return false;
	}
	if (buf_ok(&c->out) && c->refused) {
		shutdown(c->fd, SHUT_WR);
		enter(c, PHASE_LINGER);
		return true;
	}
	if (!buf_ok(&c->out) || c->close_after) {
		conn_close(c);
		return false;
	}
	buf_done(&c->out);
	enter(c, PHASE_IDLE);
	return true;
}

static bool
run_linger(struct conn *c)
{
	uint8_t waste[4096];
	ssize_t n = plain_result(recv(c->fd, waste, sizeof waste, 0), STREAM_WANT_READ);

	if (n > 0)
		return true;
	if (!conn_wait(c, n))
		conn_close(c);
	return false;
}

static void
conn_run(struct conn *c)
{
	bool (*const run[])(struct conn *) = {
		[PHASE_HANDSHAKE] = run_handshake, [PHASE_IDLE] = run_idle, [PHASE_HEAD] = run_head,
		[PHASE_BODY] = run_body, [PHASE_ANSWER] = run_answer,
		[PHASE_LINGER] = run_linger,
	};

	for (;;) {
		if (c->phase == PHASE_HANDLER || !run[c->phase](c))
			return;
	}
}

void
server_answer(struct server *s, server_conn id, const struct server_answer *a)
{
	struct conn *c = conn_find(s, id);

	if (!c || c->phase != PHASE_HANDLER)
		return;
	queue_answer(c, a);
	/* From the loop, not from here: the handler that answers is still on the stack. */
	event_active(c->io, EV_WRITE, 0);
}

/* ---- accepting ---- */

static uint32_t
free_slot(const struct server *s)
{
	for (uint32_t i = 0; i < s->config.max_conns; i++)
		if (!s->slots[i])
			return i;
	return UINT32_MAX;
}

static void
conn_open(struct server *s, int fd)
{
	struct conn *c = mem_new(struct conn);
	int one = 1;

	c->server = s;
	c->fd = fd;
	c->slot = free_slot(s);
	c->generation = ++s->generations[c->slot];
	c->io = event_new(s->base, fd, EV_READ, on_io, c);
	c->timer = evtimer_new(s->base, on_timer, c);
	c->data = s->config.conn_data ? mem_alloc(s->config.conn_data) : NULL;
	s->slots[c->slot] = c;
	s->n_conns++;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (s->config.stream) {
		c->stream = s->config.stream->open(s->config.stream_ctx, fd);
		if (!c->stream) {
			conn_close(c);
			return;
		}
	}
	enter(c, c->stream ? PHASE_HANDSHAKE : PHASE_IDLE);
	conn_run(c);
}

static void
on_pause_over(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;

	(void)fd;
	(void)what;
	event_add(s->listener, NULL);
}

/* Full, or out of descriptors: the backlog waits a moment instead of a busy loop. */
static void
pause_accepting(struct server *s)
{
	struct timeval tv = {.tv_usec = ACCEPT_PAUSE_MS * 1000};

	event_del(s->listener);
	event_add(s->pause, &tv);
}

static void
on_accept(evutil_socket_t listen_fd, short what, void *arg)
{
	struct server *s = arg;

	(void)what;
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		int fd;

		if (s->n_conns >= s->config.max_conns) {
			pause_accepting(s);
			return;
		}
		fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS)
				pause_accepting(s);
			return;
		}
		conn_open(s, fd);
	}
}

status
server_new(struct event_base *base, const struct server_config *config, struct server **ret,
           struct err *err)
{
	struct server *s = mem_new(struct server);

	s->config = *config;
	s->base = base;
	s->slots = mem_alloc(config->max_conns * sizeof(struct conn *));
	s->generations = mem_alloc(config->max_conns * sizeof(uint32_t));
	s->listener = event_new(base, config->listen_fd, EV_READ | EV_PERSIST, on_accept, s);
	s->pause = evtimer_new(base, on_pause_over, s);
	if (!s->listener || !s->pause || event_add(s->listener, NULL) != 0) {
		server_free(s);
		return err_set(err, ERR_IO, "E-SERVER-001", "the event loop takes no listener");
	}
	*ret = s;
	return OK;
}

void
server_free(struct server *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < s->config.max_conns; i++)
		if (s->slots[i])
			conn_close(s->slots[i]);
	if (s->listener)
		event_free(s->listener);
	if (s->pause)
		event_free(s->pause);
	fd_close(&s->config.listen_fd);
	mem_free(s->slots);
	mem_free(s->generations);
	mem_free(s);
}

void *
server_conn_data(struct server *s, server_conn id)
{
	struct conn *c = conn_find(s, id);

	return c ? c->data : NULL;
}

void *
server_conn_stream(struct server *s, server_conn id)
{
	struct conn *c = conn_find(s, id);

	return c ? c->stream : NULL;
}

unsigned int
server_conn_count(const struct server *s)
{
	return s->n_conns;
}
