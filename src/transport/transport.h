/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transport.h: one request, one response. Engines (registry client, key and
 * collateral servers, Kubernetes API) take a `struct transport` and never see
 * a socket, so a test scripts what the world answers. A backend does a single
 * exchange; redirects, retries and plain-HTTP rules live here, once, for all
 * of them. Everything that comes back is untrusted.
 */
#ifndef TRANSPORT_TRANSPORT_H
#define TRANSPORT_TRANSPORT_H

#include "base/arena.h"
#include "base/buf.h"

enum {
	TRANSPORT_MAX_HEADERS = 128,
	TRANSPORT_MAX_HEADER_BYTES = 64 * 1024,
	TRANSPORT_BODY_DEFAULT = 4 * 1024 * 1024, /* request.max_body 0 */
	TRANSPORT_ERROR_BODY = 64 * 1024, /* kept of an answer that is no success, with a sink */
	TRANSPORT_MAX_REDIRECTS = 5,
	TRANSPORT_MAX_RETRY_AFTER_MS = 30 * 1000,
	TRANSPORT_CONNECT_MS = 10 * 1000, /* request.connect_ms 0 */
	TRANSPORT_TOTAL_MS = 60 * 1000,   /* request.total_ms 0, attempts and waits together */
	TRANSPORT_STALL_MS = 30 * 1000,   /* request.stall_ms 0 */
};

struct transport_header {
	struct bytes name; /* compared without ASCII case */
	struct bytes value;
};

/*
 * An answer. `transport_response_done` releases all of it; slices point into
 * it. A zeroed struct is empty and may be used again and again.
 */
struct transport_response {
	unsigned int status;
	struct transport_header *headers;
	size_t n_headers;
	struct buf body;    /* empty when a sink took it */
	bool transient;     /* of a failed exchange: the same request may succeed later */
	struct bytes url;   /* where it came from, after redirects */
	struct arena arena; /* private */
};

void transport_response_done(struct transport_response *r);

/* First header of that name, or the empty slice. */
struct bytes transport_header_get(const struct transport_response *r, const char *name);

/* Append a header to an answer under construction (backends). ERR_LIMIT past the limits above. */
status transport_header_add(struct transport_response *r, struct bytes name, struct bytes value,
                            struct err *err);

/*
 * Takes the body of a 2xx answer piece by piece. `begin` sees status and
 * headers first and may refuse. An error from either ends the exchange and is
 * what transport_send() returns. After `begin` nothing is retried: whoever
 * streams knows how to resume.
 */
struct transport_sink {
	void *ctx;
	status (*begin)(void *ctx, const struct transport_response *head, struct err *err);
	status (*data)(void *ctx, struct bytes piece, struct err *err);
};

struct transport_request {
	const char *method; /* "GET", "HEAD", "POST", ... */
	struct bytes url;
	const struct transport_header *headers;
	size_t n_headers;
	struct bytes body;
	uint64_t max_body; /* bytes of the answer, sink or not; more is ERR_LIMIT */
	uint32_t connect_ms;
	uint32_t total_ms;
	uint32_t stall_ms;                 /* give up after so long without a byte */
	uint32_t throttle_ms;              /* wait after 429 without Retry-After; 0 = as any */
	const struct transport_sink *sink; /* NULL: the body lands in response.body */
	bool plain_http; /* http:// beyond loopback is allowed; else refused before a byte is sent
	                  */
	bool idempotent; /* may be repeated though it is neither GET nor HEAD */
};

struct transport {
	/* One exchange, no redirects, no retries. Fills ret; on failure ret->transient. */
	status (*exchange)(struct transport *t, const struct transport_request *req,
	                   struct transport_response *ret, struct err *err);
	/* Milliseconds that never go back, and a way to wait; scripted in tests. */
	uint64_t (*now_ms)(struct transport *t);
	void (*sleep_ms)(struct transport *t, uint64_t ms);
	unsigned int attempts; /* of one request, 0 = 4 */
};

/*
 * Send with the rules that every client here wants:
 * - http:// only to loopback or when the request says so;
 * - GET and HEAD follow up to 5 redirects, never from https to http, and
 *   Authorization and Cookie stay at the origin they were meant for;
 * - GET, HEAD and idempotent requests are repeated on broken connections,
 *   408, 429, 500, 502, 503 and 504: doubling waits from 250 ms with jitter,
 *   or Retry-After up to 30 s, or throttle_ms, all inside total_ms.
 * Any status is OK here; the caller judges it. Failures: ERR_PARSE E-TRANSPORT-001
 * (URL), ERR_USAGE 002 (plain HTTP) and 012 (header), ERR_UNREACHABLE 003..007,
 * 013, ERR_LIMIT 008, 009, ERR_REJECTED 010, 011, or what the sink said.
 */
status transport_send(struct transport *t, const struct transport_request *req,
                      struct transport_response *ret, struct err *err);

/* Clock and sleep of the machine, for backends. */
uint64_t transport_clock_ms(struct transport *t);
void transport_clock_sleep(struct transport *t, uint64_t ms);

#endif
