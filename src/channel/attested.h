/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attested.h: a connection to a Coordinator that was accepted. There is no way
 * to send an application request before: attested_open() does connect, nonce,
 * exporter and session_accept() in one, and attested_call() checks the answer's
 * signature before it hands out a byte (PROTOCOL sections 4-6).
 */
#ifndef CHANNEL_ATTESTED_H
#define CHANNEL_ATTESTED_H

#include "channel/client.h"
#include "channel/session.h"

struct attested {
	struct client *client;
	struct session session;
};
void attested_done(struct attested *a);

/* *ret is zeroed unless OK. Errors of client_open() and session_accept(). */
status attested_open(struct tls_client *tls, const char *address,
                     const struct session_expect *expect, struct attested *ret, struct err *err);

/*
 * A statement of the state that this session was accepted with: evidence over
 * a nonce of ours that names no connection, judged by `expect` (SESSION_VERIFY).
 * *channel and `answer` are what a receipt needs. ERR_CONFLICT E-CHANNEL-010:
 * the head moved since.
 */
status attested_statement(struct attested *a, const struct session_expect *expect,
                          struct session_channel *channel, struct buf *answer, struct err *err);

/*
 * POST of `body` to `path`; the verified answer is appended to `answer`.
 * ERR_CONFLICT: the head moved, attest again. ERR_UNREACHABLE: later.
 */
status attested_call(struct attested *a, const char *path, struct bytes body, size_t max,
                     struct buf *answer, struct err *err);

/* GET of a blob that is checked by its hash, so it needs no signature. */
status attested_blob(struct attested *a, const struct hash256 *hash, size_t max, struct buf *out,
                     struct err *err);

/*
 * POST /v1/mesh/challenge: the keeper's nonce for evidence on this connection.
 * It needs no signature: evidence over another nonce is refused, nothing more.
 */
status attested_challenge(struct attested *a, uint8_t nonce[NONCE_SIZE], struct err *err);

#endif
