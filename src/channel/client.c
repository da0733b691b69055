/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/client.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "json/value.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_CHUNK = 16 * 1024, HOST_MAX = 256 };

struct client {
	int fd;
	void *stream;
	uint64_t deadline; /* CLOCK_MONOTONIC ns, of the call in work */
	bool dead;
	struct hash256 peer;
	char address[HOST_MAX + 8];
};

void
client_answer_done(struct client_answer *a)
{
	buf_done(&a->content_type);
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

/* False when the deadline has passed or the socket is broken. */
static bool
wait_for(int fd, short events, uint64_t deadline)
{
	for (;;) {
		uint64_t now = clock_mono_ns();
		struct pollfd p = {.fd = fd, .events = events};
		int rc;

		if (now >= deadline)
			return false;
		rc = poll(&p, 1, (int)MIN((deadline - now) / 1000000 + 1, INT32_MAX));
		if (rc > 0)
			return true;
		if (rc < 0 && errno != EINTR)
			return false;
	}
}

static bool
wait_stream(struct client *c, ssize_t result)
{
	if (result == STREAM_WANT_READ)
		return wait_for(c->fd, POLLIN, c->deadline);
	return result == STREAM_WANT_WRITE && wait_for(c->fd, POLLOUT, c->deadline);
}

static int
connect_one(const struct addrinfo *ai, uint64_t deadline)
{
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int why = 0, one = 1;
	socklen_t n = sizeof why;

	if (fd < 0)
		return -1;
	if (connect(fd, ai->ai_addr, ai->ai_addrlen) == 0)
		goto connected;
	if (errno != EINPROGRESS)
		goto failed;
	if (!wait_for(fd, POLLOUT, deadline)) {
		errno = ETIMEDOUT;
		goto failed;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &n) != 0 || why != 0) {
		errno = why;
		goto failed;
	}
connected:
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
failed:
	why = errno;
	close(fd);
	errno = why;
	return -1;
}

static status
connect_any(const char *address, uint64_t deadline, int *ret, struct err *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *list = NULL;
	char host[HOST_MAX], port[8];
	int rc;

	*ret = -1;
	TRY(split_address(address, host, port, err));
	rc = getaddrinfo(host, port, &hints, &list);
	if (rc != 0)
		return err_set(err, ERR_UNREACHABLE, "E-CHANNEL-002", "cannot resolve %s: %s", host,
		               gai_strerror(rc));
	errno = 0;
	for (struct addrinfo *ai = list; ai && *ret < 0; ai = ai->ai_next)
		*ret = connect_one(ai, deadline);
	freeaddrinfo(list);
	if (*ret < 0)
		return err_set_errno(err, ERR_UNREACHABLE, "E-CHANNEL-003", "cannot connect to %s",
		                     address);
	return OK;
}

static status
shake_hands(struct client *c, struct err *err)
{
	enum stream_result r;

	while ((r = tls_stream_ops.handshake(c->stream)) != STREAM_DONE) {
		char why[160];

		if ((r == STREAM_WANT_READ || r == STREAM_WANT_WRITE) && wait_stream(c, r))
			continue;
		if (r == STREAM_WANT_READ || r == STREAM_WANT_WRITE)
			return err_set(err, ERR_UNREACHABLE, "E-CHANNEL-004",
			               "%s does not answer the TLS handshake", c->address);
		tls_error_cstr(why);
		return err_set(err, ERR_UNREACHABLE, "E-CHANNEL-004",
		               "the TLS handshake with %s failed%s%s", c->address,
		               why[0] ? ": " : "", why);
	}
	if (!tls_peer_key_id(c->stream, &c->peer))
		return err_set(err, ERR_REJECTED, "E-CHANNEL-004", "%s showed no key", c->address);
	return OK;
}

status
client_open(struct tls_client *tls, const char *address, unsigned int deadline_ms,
            struct client **ret, struct err *err)
{
	CLEANUP(client_drop) struct client *c = mem_new(struct client);

	c->fd = -1;
	c->deadline = clock_mono_ns() + (uint64_t)deadline_ms * 1000000;
	snprintf(c->address, sizeof c->address, "%s", address);
	TRY(connect_any(address, c->deadline, &c->fd, err));
	c->stream = tls_client_open(tls, c->fd);
	if (!c->stream)
		return err_set(err, ERR_INTERNAL, "E-TLS-001", "cannot open a TLS stream");
	TRY(shake_hands(c, err));
	*ret = c;
	c = NULL;
	return OK;
}

void
client_close(struct client *c)
{
	if (!c)
		return;
	if (c->stream)
		tls_stream_ops.close(c->stream);
	fd_close(&c->fd);
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

static status
silent(const struct client *c, struct err *err)
{
	return err_set(err, ERR_UNREACHABLE, "E-CHANNEL-005", "%s %s", c->address,
	               clock_mono_ns() >= c->deadline ? "does not answer in time"
	                                              : "ended the connection");
}

static status
send_all(struct client *c, struct bytes data, struct err *err)
{
	while (data.n > 0) {
		ssize_t n = tls_stream_ops.write(c->stream, data.p, data.n);

		if (n > 0)
			data = bytes_sub(data, (size_t)n, data.n);
		else if (!wait_stream(c, n))
			return silent(c, err);
	}
	return OK;
}

static status
receive_more(struct client *c, struct buf *in, struct err *err)
{
	for (;;) {
		ssize_t n;

		if (!buf_reserve(in, READ_CHUNK))
			return buf_check(in, err);
		n = tls_stream_ops.read(c->stream, in->p + in->n, READ_CHUNK);
		if (n > 0) {
			in->n += (size_t)n;
			return OK;
		}
		if (!wait_stream(c, n))
			return silent(c, err);
	}
}

/* Heads of interim answers (100) are skipped. */
static status
receive_head(struct client *c, struct buf *in, struct http_head *head, size_t *ret_size,
             struct err *err)
{
	size_t at = 0;

	for (int heads = 0; heads < 4;) {
		size_t size;

		TRY(http_head_size(bytes_sub(buf_view(in), at, in->n), &size, err));
		if (size == 0) {
			TRY(receive_more(c, in, err));
			continue;
		}
		TRY(http_response_parse(bytes_sub(buf_view(in), at, at + size), head, err));
		at += size;
		*ret_size = at;
		if (head->status >= 200)
			return OK;
		heads++;
	}
	return err_set(err, ERR_PARSE, "E-CHANNEL-005", "too many interim answers");
}

/* Copies what the answer needs out of the head, before the buffer moves. */
static void
take_fields(const struct http_head *head, struct client_answer *a)
{
	a->status = head->status;
	buf_bytes(&a->content_type, http_field(head, "content-type"));
	if (!base64_decode(BASE64_STD, http_field(head, "contrast-signature"), &a->signature))
		buf_reset(&a->signature);
	if (!text_u64(http_field(head, "retry-after"), 3600, &a->retry_after))
		a->retry_after = 0;
}

static status
receive(struct client *c, size_t max, struct client_answer *a, struct err *err)
{
	CLEANUP(buf_done) struct buf in = {.max = max + 4 * HTTP_HEAD_MAX + 2 * READ_CHUNK};
	struct http_head head;
	size_t head_size = 0, length;

	TRY(receive_head(c, &in, &head, &head_size, err));
	if (head.length > max)
		return err_set(err, ERR_LIMIT, "E-CHANNEL-006",
		               "an answer of %llu bytes (limit %zu)",
		               (unsigned long long)head.length, max);
	length = (size_t)head.length;
	c->dead = head.close;
	take_fields(&head, a);
	while (in.n - head_size < length)
		TRY(receive_more(c, &in, err));
	if (in.n - head_size > length)
		return err_set(err, ERR_PARSE, "E-CHANNEL-005", "bytes behind the answer");
	a->body.max = max + 1;
	buf_bytes(&a->body, bytes_sub(buf_view(&in), head_size, in.n));
	return buf_check(&a->body, err);
}

status
client_call(struct client *c, const char *method, const char *target, struct bytes extra,
            struct bytes body, size_t max, unsigned int deadline_ms, struct client_answer *ret,
            struct err *err)
{
	CLEANUP(buf_done) struct buf head = {0};
	struct bytes type = body.n > 0 ? BYTES("application/json") : (struct bytes){0};
	status s;

	*ret = (struct client_answer){0};
	if (c->dead)
		return err_set(err, ERR_UNREACHABLE, "E-CHANNEL-005", "%s ended the connection",
		               c->address);
	c->deadline = clock_mono_ns() + (uint64_t)deadline_ms * 1000000;
	http_request_emit(method, target, c->address, type, extra, body.n, &head);
	s = send_all(c, buf_view(&head), err);
	if (is_ok(s))
		s = send_all(c, body, err);
	/* A refusal may arrive before the whole body went out; it says more than a broken pipe. */
	if (is_ok(s) || s.cls == ERR_UNREACHABLE)
		s = receive(c, max, ret, err);
	if (!is_ok(s)) {
		c->dead = true;
		client_answer_done(ret);
	}
	return s;
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
