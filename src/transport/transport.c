/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/transport.h"

#include "base/clock.h"
#include "base/secret.h"
#include "base/text.h"
#include "transport/url.h"

#include <errno.h>
#include <time.h>

enum { FIRST_WAIT_MS = 250, LONGEST_WAIT_MS = 8000, DEFAULT_ATTEMPTS = 4 };

void
transport_response_done(struct transport_response *r)
{
	buf_done(&r->body);
	arena_done(&r->arena);
	*r = (struct transport_response){0};
}

static bool
name_is(struct bytes name, const char *want)
{
	struct bytes w = bytes_str(want);

	if (name.n != w.n)
		return false;
	for (size_t i = 0; i < w.n; i++) {
		uint8_t a = name.p[i], b = w.p[i];

		a = a >= 'A' && a <= 'Z' ? (uint8_t)(a + 32) : a;
		b = b >= 'A' && b <= 'Z' ? (uint8_t)(b + 32) : b;
		if (a != b)
			return false;
	}
	return true;
}

struct bytes
transport_header_get(const struct transport_response *r, const char *name)
{
	for (size_t i = 0; i < r->n_headers; i++)
		if (name_is(r->headers[i].name, name))
			return r->headers[i].value;
	return (struct bytes){NULL, 0};
}

status
transport_header_add(struct transport_response *r, struct bytes name, struct bytes value,
                     struct err *err)
{
	struct transport_header *h;

	if (!r->headers)
		r->headers = arena_array(&r->arena, TRANSPORT_MAX_HEADERS, sizeof *r->headers);
	if (!r->headers || r->n_headers == TRANSPORT_MAX_HEADERS ||
	    r->arena.used > TRANSPORT_MAX_HEADER_BYTES * 4)
		return err_set(err, ERR_LIMIT, "E-TRANSPORT-009",
		               "the answer has too many headers");
	h = &r->headers[r->n_headers];
	h->name = arena_copy(&r->arena, name);
	h->value = arena_copy(&r->arena, value);
	TRY(arena_check(&r->arena, err));
	r->n_headers++;
	return OK;
}

uint64_t
transport_clock_ms(struct transport *t)
{
	(void)t;
	return clock_mono_ns() / 1000000;
}

void
transport_clock_sleep(struct transport *t, uint64_t ms)
{
	struct timespec left = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

	(void)t;
	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		continue;
}

static status
check_headers(const struct transport_request *req, struct err *err)
{
	for (size_t i = 0; i < req->n_headers; i++) {
		const struct transport_header *h = &req->headers[i];
		bool ok = h->name.n > 0;

		for (size_t k = 0; k < h->name.n; k++)
			ok &= h->name.p[k] > 0x20 && h->name.p[k] < 0x7f && h->name.p[k] != ':';
		for (size_t k = 0; k < h->value.n; k++)
			ok &= h->value.p[k] == '\t' ||
			      (h->value.p[k] >= 0x20 && h->value.p[k] != 0x7f);
		if (!ok)
			return err_set(err, ERR_USAGE, "E-TRANSPORT-012",
			               "a request header holds a character that would end it");
	}
	return OK;
}

static status
check_plain(const struct transport_request *req, const struct url *u, struct err *err)
{
	status s;

	if (u->https || req->plain_http || url_is_loopback(u->host))
		return OK;
	s = err_set(err, ERR_USAGE, "E-TRANSPORT-002", "refusing to talk plain HTTP to %.*s",
	            BYTES_ARG(u->host));
	return err_hint(err, s, "use https, or name this host as one without TLS");
}

/* ---- one hop, repeated while that may help ---- */

static bool
may_repeat(const struct transport_request *req)
{
	struct bytes m = bytes_str(req->method);

	return req->idempotent || bytes_is(m, "GET") || bytes_is(m, "HEAD");
}

static bool
status_is_transient(unsigned int code)
{
	return code == 408 || code == 429 || code == 500 || code == 502 || code == 503 ||
	       code == 504;
}

/* Doubling, with the upper half random: many clients of one server must not march in step. */
static uint64_t
back_off_ms(unsigned int attempt)
{
	uint64_t wait =
	        MIN((uint64_t)FIRST_WAIT_MS << MIN(attempt, 16u), (uint64_t)LONGEST_WAIT_MS);
	uint32_t salt;

	random_bytes(&salt, sizeof salt);
	return wait / 2 + salt % (wait / 2 + 1);
}

static uint64_t
wait_ms(const struct transport_request *req, const struct transport_response *r,
        unsigned int attempt)
{
	uint64_t seconds;

	if (text_u64(transport_header_get(r, "retry-after"), UINT32_MAX, &seconds))
		return MIN(seconds * 1000, (uint64_t)TRANSPORT_MAX_RETRY_AFTER_MS);
	if (r->status == 429 && req->throttle_ms > 0)
		return req->throttle_ms;
	return back_off_ms(attempt);
}

/* Notices that `begin` was called: from then on a repetition would send bytes twice. */
struct guarded_sink {
	const struct transport_sink *inner;
	bool begun;
};

static status
guarded_begin(void *ctx, const struct transport_response *head, struct err *err)
{
	struct guarded_sink *g = ctx;

	g->begun = true;
	return g->inner->begin(g->inner->ctx, head, err);
}

static status
guarded_data(void *ctx, struct bytes piece, struct err *err)
{
	struct guarded_sink *g = ctx;

	return g->inner->data(g->inner->ctx, piece, err);
}

static status
exchange_repeatedly(struct transport *t, const struct transport_request *req, uint64_t deadline,
                    struct transport_response *ret, struct err *err)
{
	struct guarded_sink guard = {req->sink, false};
	struct transport_sink sink = {&guard, guarded_begin, guarded_data};
	struct transport_request one = *req;
	unsigned int attempts =
	        may_repeat(req) ? (t->attempts ? t->attempts : DEFAULT_ATTEMPTS) : 1;

	if (req->sink)
		one.sink = &sink;
	for (unsigned int attempt = 0;; attempt++) {
		uint64_t now = t->now_ms(t), wait;
		status s;

		if (now >= deadline)
			return err_set(err, ERR_UNREACHABLE, "E-TRANSPORT-006",
			               "no answer in time");
		one.total_ms = (uint32_t)(deadline - now);
		transport_response_done(ret);
		s = t->exchange(t, &one, ret, err);
		if (is_ok(s) && !status_is_transient(ret->status))
			return s;
		if (!is_ok(s) && !ret->transient)
			return s;
		if (attempt + 1 >= attempts || guard.begun)
			return s;
		wait = wait_ms(req, ret, attempt);
		if (t->now_ms(t) + wait >= deadline)
			return s;
		t->sleep_ms(t, wait);
	}
}

/* ---- redirects ---- */

static bool
is_redirect(unsigned int code)
{
	return code == 301 || code == 302 || code == 303 || code == 307 || code == 308;
}

static bool
follows(const struct transport_request *req)
{
	struct bytes m = bytes_str(req->method);

	return bytes_is(m, "GET") || bytes_is(m, "HEAD");
}

static bool
is_for_one_origin(struct bytes name)
{
	return name_is(name, "authorization") || name_is(name, "cookie") ||
	       name_is(name, "proxy-authorization");
}

/* Headers for another origin: all but the credentials. `to` has room for all. */
static size_t
strip_credentials(const struct transport_header *from, size_t n, struct transport_header *to)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (!is_for_one_origin(from[i].name))
			to[kept++] = from[i];
	return kept;
}

static status
next_hop(const struct transport_response *r, const struct url *from, struct buf *url,
         struct url *to, struct err *err)
{
	struct bytes location = transport_header_get(r, "location");
	status s;

	if (location.n == 0)
		return err_set(err, ERR_REJECTED, "E-TRANSPORT-010", "a redirect without a target");
	s = url_resolve(from, location, url, err);
	if (!is_ok(s))
		return err_ctx(err, s, "a redirect");
	TRY(url_parse(buf_view(url), to, err));
	if (from->https && !to->https)
		return err_set(err, ERR_REJECTED, "E-TRANSPORT-010",
		               "refusing a redirect from https to http (%.*s)",
		               BYTES_ARG(to->host));
	return OK;
}

/*
 * One request with its redirects. `at` holds the URL of the present hop; two
 * buffers, because the next one is made from the present one.
 */
static status
send_hops(struct transport *t, const struct transport_request *req, uint64_t deadline,
          struct buf at[2], struct transport_header *headers, struct transport_response *ret,
          struct err *err)
{
	struct transport_request hop = *req;
	struct url here, next;

	TRY(url_parse(req->url, &here, err));
	TRY(check_plain(req, &here, err));
	for (unsigned int n = 0;; n++) {
		struct buf *to = &at[n % 2];

		TRY(exchange_repeatedly(t, &hop, deadline, ret, err));
		ret->url = arena_copy(&ret->arena, hop.url);
		if (!is_redirect(ret->status) || !follows(req))
			return arena_check(&ret->arena, err);
		if (n == TRANSPORT_MAX_REDIRECTS)
			return err_set(err, ERR_REJECTED, "E-TRANSPORT-011",
			               "more than %d redirects", TRANSPORT_MAX_REDIRECTS);
		buf_reset(to);
		TRY(next_hop(ret, &here, to, &next, err));
		TRY(check_plain(req, &next, err));
		if (!url_same_origin(&here, &next)) {
			hop.n_headers = strip_credentials(hop.headers, hop.n_headers, headers);
			hop.headers = headers;
		}
		hop.url = buf_view(to);
		here = next;
	}
}

status
transport_send(struct transport *t, const struct transport_request *req,
               struct transport_response *ret, struct err *err)
{
	struct transport_header headers[TRANSPORT_MAX_HEADERS];
	struct transport_request full = *req;
	struct buf at[2] = {{0}, {0}};
	uint64_t deadline;
	status s;

	if (req->n_headers > TRANSPORT_MAX_HEADERS)
		return err_set(err, ERR_LIMIT, "E-TRANSPORT-009", "too many request headers");
	TRY(check_headers(req, err));
	full.max_body = req->max_body ? req->max_body : (uint64_t)TRANSPORT_BODY_DEFAULT;
	full.connect_ms = req->connect_ms ? req->connect_ms : (uint32_t)TRANSPORT_CONNECT_MS;
	full.total_ms = req->total_ms ? req->total_ms : (uint32_t)TRANSPORT_TOTAL_MS;
	full.stall_ms = req->stall_ms ? req->stall_ms : (uint32_t)TRANSPORT_STALL_MS;
	deadline = t->now_ms(t) + full.total_ms;
	s = send_hops(t, &full, deadline, at, headers, ret, err);
	buf_done(&at[0]);
	buf_done(&at[1]);
	return s;
}
