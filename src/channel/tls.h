/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls.h: TLS 1.3 as PROTOCOL section 4 allows it, both ends: no tickets, no
 * resumption, no early data, no client certificates, no post-handshake
 * authentication, a P-256 server key made at start with a self-signed
 * certificate that means nothing. Who the peer is, evidence says. Making a
 * context sets SIGPIPE to be ignored in the process.
 */
#ifndef CHANNEL_TLS_H
#define CHANNEL_TLS_H

#include "crypto/hash.h"
#include "transport/server.h"

/*
 * Before anything else of a program that will lock itself in: the library reads
 * its tables now and never a configuration file, whose path the environment
 * (on a guest: the host) could choose.
 */
void tls_prepare(void);

struct tls_server;

/* A context with a fresh key. ERR_INTERNAL E-TLS-001. */
status tls_server_new(struct tls_server **ret, struct err *err);
void tls_server_free(struct tls_server *t);
/* For programs that shake hands without a server (benches): OpenSSL's context, borrowed. */
struct ssl_ctx_st *tls_server_ctx(const struct tls_server *t);
/* SHA-256 of the server key's SubjectPublicKeyInfo. */
struct hash256 tls_server_key_id(const struct tls_server *t);

/* For struct server_config: layer_ctx is the tls_server; streams are for the calls below. */
extern const struct server_layer tls_layer;

struct tls_client;

/* One context serves any number of connections. */
status tls_client_new(struct tls_client **ret, struct err *err);
void tls_client_free(struct tls_client *t);
static inline void
tls_client_drop(struct tls_client **t)
{
	tls_client_free(*t);
	*t = NULL;
}

/*
 * The client's side of a connection that is not made yet: a bufferevent, to be
 * freed by its owner, and its stream for the calls below. NULL = out of memory.
 */
struct bufferevent *tls_client_open(struct tls_client *t, struct event_base *base,
                                    const void **ret_stream);

enum tls_progress { TLS_NOT_BEGUN, TLS_SHAKING_HANDS, TLS_ESTABLISHED };
enum tls_progress tls_progress(const void *stream);

/* After the handshake: SHA-256 of the server key that the peer proved to hold. False before. */
bool tls_peer_key_id(const void *stream, struct hash256 *ret);

/*
 * Exporter of this session (RFC 8446 section 7.5) for `purpose` ("attest") and
 * the side that attests; the context is the nonce. False before the handshake
 * has finished.
 */
enum tls_side { TLS_SERVER, TLS_CLIENT };
bool tls_exporter(const void *stream, struct bytes purpose, enum tls_side side,
                  const uint8_t nonce[32], uint8_t ret[32]);

/* What OpenSSL says about the last failure on this thread; returns to. */
char *tls_error_cstr(char to[160]);

#endif
