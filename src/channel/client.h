/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.h: one HTTP/1.1 connection over TLS 1.3 (libevent's evhttp), blocking,
 * for initializer and CLI. It never reconnects: a connection carries one
 * verdict (PROTOCOL section 4), so its end is the end of what was verified.
 */
#ifndef CHANNEL_CLIENT_H
#define CHANNEL_CLIENT_H

#include "channel/tls.h"
#include "transport/http.h"

struct client;

enum {
	CLIENT_CONNECT_MS = 10 * 1000,
	CLIENT_CALL_MS = 30 * 1000,
	CLIENT_ANSWER_MAX = 64 * 1024 * 1024,
};

struct client_answer {
	unsigned int status;
	struct buf signature; /* Contrast-Signature, decoded; empty when there is none */
	struct buf body;
	uint64_t retry_after; /* seconds, 0 when the answer names none */
};
void client_answer_done(struct client_answer *a);

/*
 * Resolve, connect, shake hands and ask GET /v1/capabilities, whose answer is
 * thrown away: afterwards key and exporter are there. All within
 * `deadline_ms`. `address` is host:port. ERR_USAGE E-CHANNEL-001 for a malformed address,
 * ERR_UNREACHABLE E-CHANNEL-002 (name), -003 (connect), -004 (handshake).
 */
status client_open(struct tls_client *tls, const char *address, unsigned int deadline_ms,
                   struct client **ret, struct err *err);
void client_close(struct client *c);
static inline void
client_drop(struct client **c)
{
	client_close(*c);
	*c = NULL;
}

/* SHA-256 of the key that the peer proved to hold in the handshake. */
struct hash256 client_peer_key_id(const struct client *c);
/* Exporter of this session; see tls_exporter(). */
bool client_exporter(const struct client *c, struct bytes purpose, enum tls_side side,
                     const uint8_t nonce[32], uint8_t ret[32]);

/*
 * One request, one answer; method is "GET" or "POST". An answer body above `max` is ERR_LIMIT
 * E-CHANNEL-006. Any HTTP status is a success here; see client_expect_ok(). ERR_UNREACHABLE
 * E-CHANNEL-005 when the peer ends or stays silent; the connection is unusable after a failure.
 */
status client_call(struct client *c, const char *method, const char *target,
                   const struct http_field *fields, size_t n_fields, struct bytes body, size_t max,
                   unsigned int deadline_ms, struct client_answer *ret, struct err *err);

/*
 * OK for 200. Else the peer's {"error","message","path"} as a failure: 409 is
 * ERR_CONFLICT, 503 ERR_UNREACHABLE, 403 ERR_REJECTED, the rest ERR_REJECTED
 * too; id E-CHANNEL-007 and the peer's text escaped. It is the word of an
 * unverified peer: it explains, it decides nothing.
 */
status client_expect_ok(const struct client_answer *a, struct err *err);

#endif
