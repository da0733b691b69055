/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/client.h"

#include "base/clock.h"
#include "base/text.h"
#include "json/value.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>

enum { HOST_MAX = 256, CAPABILITIES_MAX = 64 * 1024 };

struct client {
	struct event_base *base;
	struct evhttp_connection *connection;
	const void *stream;
	uint8_t session[32]; /* exporter that tells this TLS session from any other */
	struct hash256 peer;
	bool dead;
	char address[HOST_MAX + 8];
	/* the call in work */
	struct event *timer;
	struct client_answer *answer;
	bool done, answered, late;
};

void
client_answer_done(struct client_answer *a)
{
	buf_done(&a->signature);
	buf_done(&a->body);
}

/* Host and port of "host:port" or "[v6]:port". */
static status
split_address(const char *address, char host[HOST_MAX], char port[8], struct err *err)
{
	struct bytes a = bytes_str(address);
	size_t colon = SIZE_MAX;
	struct bytes h, p;
	uint64_t number;

	for (size_t i = 0; i < a.n; i++)
		if (a.p[i] == ':')
			colon = i;
	h = bytes_sub(a, 0, colon);
	p = colon == SIZE_MAX ? (struct bytes){0} : bytes_sub(a, colon + 1, a.n);
	if (h.n > 2 && h.p[0] == '[' && h.p[h.n - 1] == ']')
		h = bytes_sub(h, 1, h.n - 1);
	if (h.n == 0 || h.n >= HOST_MAX || !text_u64(p, 65535, &number) || number == 0)
		return err_hint(err,
		                err_set(err, ERR_USAGE, "E-CHANNEL-001",
		                        "%s is no address of a Coordinator", address),
		                "write host:port, for example coordinator:1313");
	snprintf(host, HOST_MAX, "%.*s", BYTES_ARG(h));
	snprintf(port, 8, "%.*s", BYTES_ARG(p));
	return OK;
}

/* ---- one call ---- */

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct client *c = arg;

	(void)fd;
	(void)what;
	c->late = true;
	event_base_loopbreak(c->base);
}

/* The connection ended, whoever ended it: evhttp would make a new one by itself. */
static void
on_close(struct evhttp_connection *connection, void *arg)
{
	struct client *c = arg;

	(void)connection;
	c->dead = true;
}

static void
take_answer(struct client *c, struct evhttp_request *r)
{
	struct http_head head = http_head_of(r);
	struct evbuffer *in = evhttp_request_get_input_buffer(r);
	size_t n = evbuffer_get_length(in);

	c->answer->status = (unsigned int)evhttp_request_get_response_code(r);
	if (!base64_decode(BASE64_STD, http_field(&head, "contrast-signature"),
	                   &c->answer->signature))
		buf_reset(&c->answer->signature);
	if (!text_u64(http_field(&head, "retry-after"), 3600, &c->answer->retry_after))
		c->answer->retry_after = 0;
	buf_add(&c->answer->body, evbuffer_pullup(in, (ev_ssize_t)n), n);
}

/* A request that failed on the way comes without itself, or without a status. */
static void
on_answer(struct evhttp_request *r, void *arg)
{
	struct client *c = arg;

	c->done = true;
	if (!r || evhttp_request_get_response_code(r) == 0)
		return;
	c->answered = true;
	take_answer(c, r);
}

/* Also called beside on_answer(), to tell an answer that was too large. */
static void
on_error(enum evhttp_request_error error, void *arg)
{
	struct client *c = arg;

	c->done = true;
	c->dead = true;
	if (error == EVREQ_HTTP_DATA_TOO_LONG)
		c->answer->status = HTTP_ENTITYTOOLARGE;
}

static struct evhttp_request *
new_request(struct client *c, const struct http_field *fields, size_t n, struct bytes body)
{
	struct evhttp_request *r = evhttp_request_new(on_answer, c);
	struct evkeyvalq *out;

	if (!r)
		return NULL;
	evhttp_request_set_error_cb(r, on_error);
	out = evhttp_request_get_output_headers(r);
	evhttp_add_header(out, "Host", c->address);
	if (body.n > 0)
		evhttp_add_header(out, "Content-Type", "application/json");
	for (size_t i = 0; i < n; i++)
		evhttp_add_header(out, fields[i].name, fields[i].value);
	if (evbuffer_add(evhttp_request_get_output_buffer(r), body.p, body.n) == 0)
		return r;
	evhttp_request_free(r);
	return NULL;
}

static void
run_until_done(struct client *c, unsigned int deadline_ms)
{
	struct timeval tv = {.tv_sec = deadline_ms / 1000,
	                     .tv_usec = (suseconds_t)(deadline_ms % 1000) * 1000};

	c->late = false;
	event_add(c->timer, &tv);
	while (!c->done && !c->late)
		if (event_base_loop(c->base, EVLOOP_ONCE) != 0)
			break;
	event_del(c->timer);
}

/* The connection that answered is the one that was accepted, not one in its place. */
static bool
same_session(const struct client *c)
{
	static const uint8_t context[32];
	uint8_t now[32] = {0};

	return tls_exporter(c->stream, BYTES("session"), TLS_CLIENT, context, now) &&
	       ct_equal(bytes_of(now, sizeof now), bytes_of(c->session, sizeof c->session));
}

static status
silent(const struct client *c, struct err *err)
{
	return err_set(err, ERR_UNREACHABLE, "E-CHANNEL-005", "%s %s", c->address,
	               c->late ? "does not answer in time"
	                       : "ended the connection or does not speak HTTP/1.1");
}

static status
call(struct client *c, const char *method, const char *target, const struct http_field *fields,
     size_t n_fields, struct bytes body, size_t max, unsigned int deadline_ms, struct err *err)
{
	bool post = bytes_is(bytes_str(method), "POST");
	struct evhttp_request *r = new_request(c, fields, n_fields, body);

	if (!r)
		return err_set(err, ERR_INTERNAL, "E-TLS-001", "out of memory");
	c->done = false;
	c->answered = false;
	c->answer->body.max = max + 1;
	evhttp_connection_set_max_body_size(c->connection, (ev_ssize_t)max);
	evhttp_connection_set_timeout(c->connection, (int)(deadline_ms / 1000 + 2));
	/* On failure the request is gone already. */
	if (evhttp_make_request(c->connection, r, post ? EVHTTP_REQ_POST : EVHTTP_REQ_GET,
	                        target) != 0)
		return silent(c, err);
	run_until_done(c, deadline_ms);
	if (c->answer->status == HTTP_ENTITYTOOLARGE && !c->answered)
		return err_set(err, ERR_LIMIT, "E-CHANNEL-006", "an answer of more than %zu bytes",
		               max);
	if (!c->answered)
		return silent(c, err);
	return buf_check(&c->answer->body, err);
}

status
client_call(struct client *c, const char *method, const char *target,
            const struct http_field *fields, size_t n_fields, struct bytes body, size_t max,
            unsigned int deadline_ms, struct client_answer *ret, struct err *err)
{
	status s;

	*ret = (struct client_answer){0};
	/* What happened since the last call, above all the peer's end. */
	event_base_loop(c->base, EVLOOP_NONBLOCK);
	c->late = false;
	if (c->dead)
		return silent(c, err);
	c->answer = ret;
	s = call(c, method, target, fields, n_fields, body, max, deadline_ms, err);
	/* After "Connection: close" the stream is gone, and no other can have come in its place. */
	if (is_ok(s) && !c->dead && !same_session(c))
		s = silent(c, err);
	c->answer = NULL;
	if (!is_ok(s)) {
		c->dead = true;
		client_answer_done(ret);
	}
	return s;
}

/* ---- opening ---- */

static void
drop_connection(struct client *c)
{
	if (c->connection) {
		evhttp_connection_set_closecb(c->connection, NULL, NULL);
		evhttp_connection_free(c->connection);
	}
	c->connection = NULL;
	/* Deferred callbacks hold the TLS stream for one more turn. */
	event_base_loop(c->base, EVLOOP_NONBLOCK);
}

static status
cannot_open(const struct client *c, enum tls_progress progress, struct err *err)
{
	char why[160];

	tls_error_cstr(why);
	if (progress == TLS_NOT_BEGUN)
		return err_set(err, ERR_UNREACHABLE, "E-CHANNEL-003", "cannot connect to %s",
		               c->address);
	if (progress == TLS_SHAKING_HANDS)
		return err_set(err, ERR_UNREACHABLE, "E-CHANNEL-004",
		               c->late ? "%s does not answer the TLS handshake"
		                       : "the TLS handshake with %s failed",
		               c->address);
	return silent(c, err);
}

/* One address: connection, handshake and a first answer, which is not looked at. */
static status
try_address(struct client *c, struct tls_client *tls, const char *host, uint16_t port,
            uint64_t deadline, struct err *err)
{
	static const uint8_t context[32];
	CLEANUP(client_answer_done) struct client_answer answer = {0};
	uint64_t now = clock_mono_ns();
	unsigned int ms = now < deadline ? (unsigned int)((deadline - now) / 1000000) : 0;
	struct bufferevent *bev = tls_client_open(tls, c->base, &c->stream);
	status s;

	if (!bev)
		return err_set(err, ERR_INTERNAL, "E-TLS-001", "cannot open a TLS stream");
	c->connection = evhttp_connection_base_bufferevent_new(c->base, NULL, bev, host, port);
	if (!c->connection) {
		bufferevent_free(bev);
		return err_set(err, ERR_INTERNAL, "E-TLS-001", "out of memory");
	}
	evhttp_connection_set_retries(c->connection, 0);
	evhttp_connection_set_max_headers_size(c->connection, HTTP_HEAD_MAX);
	evhttp_connection_set_flags(c->connection, EVHTTP_CON_READ_ON_WRITE_ERROR);
	evhttp_connection_set_closecb(c->connection, on_close, c);
	c->dead = false;
	c->answer = &answer;
	s = call(c, "GET", "/v1/capabilities", NULL, 0, (struct bytes){0}, CAPABILITIES_MAX, ms,
	         err);
	c->answer = NULL;
	if (!is_ok(s))
		return cannot_open(c, tls_progress(c->stream), err);
	if (!tls_peer_key_id(c->stream, &c->peer) ||
	    !tls_exporter(c->stream, BYTES("session"), TLS_CLIENT, context, c->session))
		return err_set(err, ERR_REJECTED, "E-CHANNEL-004", "%s showed no key", c->address);
	return OK;
}

static status
open_any(struct client *c, struct tls_client *tls, unsigned int deadline_ms, struct err *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	uint64_t deadline = clock_mono_ns() + (uint64_t)deadline_ms * 1000000;
	struct addrinfo *list = NULL;
	char host[HOST_MAX], port[8];
	uint64_t number = 0;
	status s = OK;
	int rc;

	TRY(split_address(c->address, host, port, err));
	text_u64(bytes_str(port), 65535, &number);
	rc = getaddrinfo(host, port, &hints, &list);
	if (rc != 0)
		return err_set(err, ERR_UNREACHABLE, "E-CHANNEL-002", "cannot resolve %s: %s", host,
		               gai_strerror(rc));
	for (struct addrinfo *ai = list; ai; ai = ai->ai_next) {
		char numeric[HOST_MAX];

		if (getnameinfo(ai->ai_addr, ai->ai_addrlen, numeric, sizeof numeric, NULL, 0,
		                NI_NUMERICHOST) != 0)
			continue;
		s = try_address(c, tls, numeric, (uint16_t)number, deadline, err);
		if (is_ok(s) || clock_mono_ns() >= deadline)
			break;
		drop_connection(c);
	}
	freeaddrinfo(list);
	return s;
}

status
client_open(struct tls_client *tls, const char *address, unsigned int deadline_ms,
            struct client **ret, struct err *err)
{
	CLEANUP(client_drop) struct client *c = mem_new(struct client);

	snprintf(c->address, sizeof c->address, "%s", address);
	c->base = event_base_new();
	c->timer = c->base ? evtimer_new(c->base, on_timer, c) : NULL;
	if (!c->timer)
		return err_set(err, ERR_INTERNAL, "E-TLS-001", "cannot make an event loop");
	TRY(open_any(c, tls, deadline_ms, err));
	*ret = c;
	c = NULL;
	return OK;
}

void
client_close(struct client *c)
{
	if (!c)
		return;
	if (c->base)
		drop_connection(c);
	if (c->timer)
		event_free(c->timer);
	if (c->base)
		event_base_free(c->base);
	mem_free(c);
}

struct hash256
client_peer_key_id(const struct client *c)
{
	return c->peer;
}

bool
client_exporter(const struct client *c, struct bytes purpose, enum tls_side side,
                const uint8_t nonce[32], uint8_t ret[32])
{
	return tls_exporter(c->stream, purpose, side, nonce, ret);
}

status
client_expect_ok(const struct client_answer *a, struct err *err)
{
	CLEANUP(arena_done) struct arena arena = {.cap = 1 << 20};
	CLEANUP(buf_done) struct buf text = {0};
	CLEANUP(buf_done) struct buf path = {0};
	struct value v = {0};
	enum err_class cls = ERR_REJECTED;

	if (a->status == 200)
		return OK;
	if (a->status == 409)
		cls = ERR_CONFLICT;
	else if (a->status == 503 || a->status == 429)
		cls = ERR_UNREACHABLE;
	if (!is_ok(json_parse(&arena, buf_view(&a->body), NULL, &v, NULL)))
		v = json_null();
	text_escape(json_text(json_get(&v, "message")), 400, &text);
	text_escape(json_text(json_get(&v, "path")), 100, &path);
	return err_set(err, cls, "E-CHANNEL-007", "the Coordinator answers %u: %s%s%s%s", a->status,
	               text.n ? buf_cstr(&text) : http_reason(a->status), path.n ? " (at " : "",
	               buf_cstr(&path), path.n ? ")" : "");
}
