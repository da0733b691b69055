/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/server.h"

#include "base/file.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <sys/socket.h>

enum { ACCEPT_PAUSE_MS = 100 };

/* One turn of the loop may accept more than there are slots: those are ended in the next. */
#define NO_SLOT UINT32_MAX

enum phase { PHASE_HANDSHAKE, PHASE_REQUEST, PHASE_HANDLER };

struct conn {
	struct server *server;
	uint32_t slot;
	uint32_t generation;
	enum phase phase;
	struct bufferevent *bev;
	struct evhttp_connection *evcon; /* known from the first request on */
	struct evhttp_request *request;  /* that waits for its answer */
	struct event *timer;
	void *data;
};

struct server {
	struct server_config config;
	struct event_base *base;
	struct evhttp *http;
	struct evconnlistener *listener;
	bool bound; /* the listener is evhttp's */
	struct event *pause;
	struct conn **slots; /* NULL = free */
	uint32_t *generations;
	uint32_t n_conns;
};

static server_conn
conn_id(const struct conn *c)
{
	return (uint64_t)c->generation << 32 | c->slot;
}

static struct conn *
conn_find(const struct server *s, server_conn id)
{
	uint32_t slot = (uint32_t)id;
	struct conn *c = slot < s->config.max_conns ? s->slots[slot] : NULL;

	return c && c->generation == (uint32_t)(id >> 32) ? c : NULL;
}

/* A phase's deadline counts from its beginning, not from the last byte. */
static void
enter(struct conn *c, enum phase phase)
{
	const struct server_config *config = &c->server->config;
	const unsigned int ms[] = {config->handshake_ms, config->request_ms, config->answer_ms};
	struct timeval tv = {.tv_sec = ms[phase] / 1000,
	                     .tv_usec = (suseconds_t)(ms[phase] % 1000) * 1000};

	c->phase = phase;
	event_add(c->timer, &tv);
}

/* evhttp owns the connection: it frees it when its reads meet the end. */
static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	evutil_socket_t own = bufferevent_getfd(c->bev);

	(void)fd;
	(void)what;
	if (own >= 0)
		shutdown(own, SHUT_RDWR);
}

static struct conn *
conn_new(struct server *s)
{
	struct conn *c = mem_new(struct conn);

	c->server = s;
	c->timer = evtimer_new(s->base, on_timer, c);
	c->data = s->config.conn_data ? mem_alloc(s->config.conn_data) : NULL;
	while (c->slot < s->config.max_conns && s->slots[c->slot])
		c->slot++;
	if (c->slot == s->config.max_conns) {
		c->slot = NO_SLOT;
	} else {
		c->generation = ++s->generations[c->slot];
		s->slots[c->slot] = c;
	}
	s->n_conns++;
	return c;
}

static void
conn_free(struct conn *c)
{
	struct server *s = c->server;

	event_free(c->timer);
	mem_free(c->data);
	if (c->slot != NO_SLOT)
		s->slots[c->slot] = NULL;
	s->n_conns--;
	mem_free(c);
}

/* ---- accepting ---- */

static void
on_pause_over(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;

	(void)fd;
	(void)what;
	evconnlistener_enable(s->listener);
}

/* Full: the backlog waits a moment. */
static void
pause_accepting(struct server *s)
{
	struct timeval tv = {.tv_usec = ACCEPT_PAUSE_MS * 1000};

	evconnlistener_disable(s->listener);
	event_add(s->pause, &tv);
}

static struct bufferevent *
on_accept(struct event_base *base, void *arg)
{
	struct server *s = arg;
	struct conn *c = conn_new(s);

	c->bev = s->config.layer->open(s->config.layer_ctx, base, c);
	if (!c->bev) {
		/* evhttp goes on without the layer then: on_request() refuses that. */
		conn_free(c);
		return NULL;
	}
	enter(c, PHASE_HANDSHAKE);
	if (c->slot == NO_SLOT)
		event_active(c->timer, EV_TIMEOUT, 0);
	if (s->n_conns >= s->config.max_conns)
		pause_accepting(s);
	return c->bev;
}

void
server_layer_ready(void *mark)
{
	struct conn *c = mark;

	if (c->phase == PHASE_HANDSHAKE)
		enter(c, PHASE_REQUEST);
}

/* A request that was still with the caller when its connection went belongs to nobody now. */
static void
drop_request(struct conn *c)
{
	struct evhttp_request *r = c->request;

	c->request = NULL;
	if (r && !evhttp_request_get_connection(r))
		evhttp_request_free(r);
}

void
server_layer_gone(void *mark)
{
	conn_free(mark);
}

static void
on_close(struct evhttp_connection *evcon, void *arg)
{
	struct conn *c = arg;

	(void)evcon;
	drop_request(c);
	c->evcon = NULL;
	/* With a layer the memory goes with the layer's, a moment later. */
	if (!c->server->config.layer)
		conn_free(c);
}

/* ---- requests ---- */

/* Plain connections are known from their first request on. */
static struct conn *
plain_conn(struct server *s, struct evhttp_connection *evcon)
{
	struct conn *c;

	for (uint32_t i = 0; i < s->config.max_conns; i++)
		if (s->slots[i] && s->slots[i]->evcon == evcon)
			return s->slots[i];
	if (s->n_conns >= s->config.max_conns)
		return NULL;
	c = conn_new(s);
	c->evcon = evcon;
	c->bev = evhttp_connection_get_bufferevent(evcon);
	evhttp_connection_set_closecb(evcon, on_close, c);
	return c;
}

static struct conn *
conn_of(struct server *s, struct evhttp_connection *evcon)
{
	if (!s->config.layer)
		return plain_conn(s, evcon);
	return s->config.layer->mark(evhttp_connection_get_bufferevent(evcon));
}

static struct bytes
body_of(struct evhttp_request *r)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(r);
	size_t n = evbuffer_get_length(in);

	return bytes_of(evbuffer_pullup(in, (ev_ssize_t)n), n);
}

static void
on_request(struct evhttp_request *r, void *arg)
{
	struct server *s = arg;
	struct evhttp_connection *evcon = evhttp_request_get_connection(r);
	struct conn *c = conn_of(s, evcon);
	struct http_head head = http_head_of(r);
	struct server_request request = {.head = &head, .body = body_of(r)};

	if (!c || c->slot == NO_SLOT) {
		evhttp_send_error(r, HTTP_SERVUNAVAIL, NULL);
		return;
	}
	if (!c->evcon)
		evhttp_connection_set_closecb(evcon, on_close, c);
	c->evcon = evcon;
	c->request = r;
	enter(c, PHASE_HANDLER);
	s->config.handle(s, conn_id(c), &request, s->config.ctx);
}

/* ---- answers ---- */

static void
on_answered(struct evhttp_request *r, void *arg)
{
	(void)r;
	enter(arg, PHASE_REQUEST);
}

static void
add_fields(struct evhttp_request *r, const struct server_answer *a)
{
	struct evkeyvalq *out = evhttp_request_get_output_headers(r);

	if (a->content_type)
		evhttp_add_header(out, "Content-Type", a->content_type);
	evhttp_add_header(out, "Cache-Control", "no-store");
	if (a->close)
		evhttp_add_header(out, "Connection", "close");
	for (size_t i = 0; i < a->n_fields; i++)
		evhttp_add_header(out, a->fields[i].name, a->fields[i].value);
}

void
server_answer(struct server *s, server_conn id, const struct server_answer *a)
{
	struct conn *c = conn_find(s, id);
	struct evhttp_request *r = c ? c->request : NULL;

	if (!r)
		return;
	c->request = NULL;
	enter(c, PHASE_HANDLER);
	add_fields(r, a);
	evhttp_request_set_on_complete_cb(r, on_answered, c);
	if (evbuffer_add(evhttp_request_get_output_buffer(r), a->body.p, a->body.n) != 0) {
		evhttp_send_error(r, HTTP_INTERNAL, NULL);
		return;
	}
	/* Frees the request itself when its connection is gone. */
	evhttp_send_reply(r, (int)a->status, http_reason(a->status), NULL);
}

/* ---- the server ---- */

static status
start(struct server *s, struct err *err)
{
	const struct server_config *config = &s->config;

	s->http = evhttp_new(s->base);
	s->pause = evtimer_new(s->base, on_pause_over, s);
	s->listener = evconnlistener_new(s->base, NULL, NULL,
	                                 LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0,
	                                 config->listen_fd);
	if (!s->http || !s->pause || !s->listener)
		return err_set(err, ERR_IO, "E-SERVER-001", "the event loop takes no listener");
	s->config.listen_fd = -1;
	evhttp_set_max_headers_size(s->http, HTTP_HEAD_MAX);
	evhttp_set_max_body_size(s->http, (ev_ssize_t)config->max_body);
	evhttp_set_default_content_type(s->http, NULL);
	evhttp_set_allowed_methods(s->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD |
	                                            EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE);
	evhttp_set_flags(s->http, EVHTTP_SERVER_LINGERING_CLOSE);
	evhttp_set_timeout(s->http, (int)(config->request_ms / 1000 + 1));
	evhttp_set_gencb(s->http, on_request, s);
	if (config->layer)
		evhttp_set_bevcb(s->http, on_accept, s);
	s->bound = evhttp_bind_listener(s->http, s->listener) != NULL;
	return s->bound ? OK
	                : err_set(err, ERR_IO, "E-SERVER-001", "the event loop takes no listener");
}

status
server_new(struct event_base *base, const struct server_config *config, struct server **ret,
           struct err *err)
{
	struct server *s = mem_new(struct server);
	status result;

	s->config = *config;
	s->base = base;
	s->slots = mem_alloc(config->max_conns * sizeof(struct conn *));
	s->generations = mem_alloc(config->max_conns * sizeof(uint32_t));
	result = start(s, err);
	if (!is_ok(result)) {
		server_free(s);
		return result;
	}
	*ret = s;
	return OK;
}

void
server_free(struct server *s)
{
	if (!s)
		return;
	if (s->http)
		evhttp_free(s->http);
	if (s->listener && !s->bound)
		evconnlistener_free(s->listener);
	if (s->pause)
		event_free(s->pause);
	fd_close(&s->config.listen_fd);
	/* Deferred work of the layer may hold memory of connections for one more turn. */
	for (int i = 0; s->n_conns > 0 && i < 8; i++)
		event_base_loop(s->base, EVLOOP_NONBLOCK);
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

	return c && s->config.layer ? s->config.layer->stream(c->bev) : NULL;
}

void
server_conn_max_body(struct server *s, server_conn id, size_t max)
{
	struct conn *c = conn_find(s, id);

	if (c && c->evcon)
		evhttp_connection_set_max_body_size(c->evcon, (ev_ssize_t)max);
}

unsigned int
server_conn_count(const struct server *s)
{
	return s->n_conns;
}
