/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/tls.h"

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

enum { CERT_DAYS = 3650, LABEL_MAX = 64 };

struct tls_server {
	SSL_CTX *ctx;
	struct hash256 key_id;
};

struct tls_client {
	SSL_CTX *ctx;
};

void
tls_prepare(void)
{
	uint8_t byte;

	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS |
	                            OPENSSL_INIT_ADD_ALL_CIPHERS | OPENSSL_INIT_ADD_ALL_DIGESTS,
	                    NULL);
	OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_SSL_STRINGS, NULL);
	(void)RAND_bytes(&byte, 1);
	(void)sha256((struct bytes){0});
	ERR_clear_error();
}

/* The index of the server's mark in a stream. */
static int g_mark_index = -1;

static void on_progress(const SSL *ssl, int where, int ret);
static void on_client_progress(const SSL *ssl, int where, int ret);
static void on_stream_free(void *parent, void *data, CRYPTO_EX_DATA *all, int index, long number,
                           void *pointer);

char *
tls_error_cstr(char to[160])
{
	unsigned long code = ERR_peek_last_error();

	to[0] = '\0';
	if (code)
		ERR_error_string_n(code, to, 160);
	ERR_clear_error();
	return to;
}

static status
library_failed(struct err *err, const char *what)
{
	char why[160];

	return err_set(err, ERR_INTERNAL, "E-TLS-001", "%s: %s", what, tls_error_cstr(why));
}

/* Common to both ends: one version, few suites, nothing that outlives the connection. */
static bool
restrict_context(SSL_CTX *ctx)
{
	/* Its macros take text that they do not change as mutable. */
	static char groups[] = "X25519:P-256";
	static char signatures[] = "ecdsa_secp256r1_sha256";

	/* OpenSSL writes to sockets without MSG_NOSIGNAL: a peer that goes away must not end us. */
	signal(SIGPIPE, SIG_IGN);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
	                                 SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
	                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_post_handshake_auth(ctx, 0);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
	       SSL_CTX_set_num_tickets(ctx, 0) == 1 && SSL_CTX_set_max_early_data(ctx, 0) == 1 &&
	       SSL_CTX_set_recv_max_early_data(ctx, 0) == 1 &&
	       SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
	                                     "TLS_CHACHA20_POLY1305_SHA256") == 1 &&
	       SSL_CTX_set1_groups_list(ctx, groups) == 1 &&
	       SSL_CTX_set1_sigalgs_list(ctx, signatures) == 1;
}

/* The certificate is a wrapper of the key, as TLS wants one. */
static X509 *
wrap_key(EVP_PKEY *key)
{
	X509 *x = X509_new();
	X509_NAME *name = x ? X509_get_subject_name(x) : NULL;
	uint64_t serial;

	random_bytes(&serial, sizeof serial);
	if (x && X509_set_version(x, 2) == 1 &&
	    ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1) == 1 &&
	    X509_gmtime_adj(X509_getm_notBefore(x), -3600) &&
	    X509_time_adj_ex(X509_getm_notAfter(x), CERT_DAYS, 0, NULL) &&
	    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"contrast",
	                               -1, -1, 0) == 1 &&
	    X509_set_issuer_name(x, name) == 1 && X509_set_pubkey(x, key) == 1 &&
	    X509_sign(x, key, EVP_sha256()) > 0)
		return x;
	X509_free(x);
	return NULL;
}

/* SHA-256 of the DER SubjectPublicKeyInfo. */
static bool
spki_id(const X509 *x, struct hash256 *ret)
{
	unsigned char *der = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);

	if (n <= 0)
		return false;
	*ret = sha256(bytes_of(der, (size_t)n));
	OPENSSL_free(der);
	return true;
}

status
tls_server_new(struct tls_server **ret, struct err *err)
{
	struct tls_server *t = mem_new(struct tls_server);
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = key ? wrap_key(key) : NULL;
	bool ok;

	t->ctx = SSL_CTX_new(TLS_server_method());
	ok = t->ctx && x && restrict_context(t->ctx) && spki_id(x, &t->key_id) &&
	     SSL_CTX_use_certificate(t->ctx, x) == 1 && SSL_CTX_use_PrivateKey(t->ctx, key) == 1;
	X509_free(x);
	EVP_PKEY_free(key);
	if (!ok) {
		tls_server_free(t);
		return library_failed(err, "cannot make a TLS server");
	}
	SSL_CTX_set_verify(t->ctx, SSL_VERIFY_NONE, NULL);
	if (g_mark_index < 0)
		g_mark_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, on_stream_free);
	SSL_CTX_set_info_callback(t->ctx, on_progress);
	*ret = t;
	return OK;
}

void
tls_server_free(struct tls_server *t)
{
	if (!t)
		return;
	SSL_CTX_free(t->ctx);
	mem_free(t);
}

struct ssl_ctx_st *
tls_server_ctx(const struct tls_server *t)
{
	return t->ctx;
}

struct hash256
tls_server_key_id(const struct tls_server *t)
{
	return t->key_id;
}

/* Any well-formed certificate passes here: the key counts, and evidence judges the key. */
static int
accept_certificate(X509_STORE_CTX *store, void *arg)
{
	(void)arg;
	X509_STORE_CTX_set_error(store, X509_V_OK);
	return 1;
}

status
tls_client_new(struct tls_client **ret, struct err *err)
{
	struct tls_client *t = mem_new(struct tls_client);

	t->ctx = SSL_CTX_new(TLS_client_method());
	if (!t->ctx || !restrict_context(t->ctx)) {
		tls_client_free(t);
		return library_failed(err, "cannot make a TLS client");
	}
	SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(t->ctx, accept_certificate, NULL);
	SSL_CTX_set_info_callback(t->ctx, on_client_progress);
	*ret = t;
	return OK;
}

void
tls_client_free(struct tls_client *t)
{
	if (!t)
		return;
	SSL_CTX_free(t->ctx);
	mem_free(t);
}

/* ---- streams: libevent moves the bytes ---- */

/* The library frees a stream's data with the stream: then the connection is gone. */
static void
on_stream_free(void *parent, void *data, CRYPTO_EX_DATA *all, int index, long number, void *pointer)
{
	(void)parent;
	(void)all;
	(void)index;
	(void)number;
	(void)pointer;
	if (data)
		server_layer_gone(data);
}

/* A head and its body go out apart: waiting for the peer's ACK in between would cost 40 ms each. */
static void
send_at_once(const SSL *ssl)
{
	int one = 1;

	(void)setsockopt(SSL_get_fd(ssl), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void
on_progress(const SSL *ssl, int where, int ret)
{
	void *mark = SSL_get_ex_data(ssl, g_mark_index);

	(void)ret;
	if (!(where & SSL_CB_HANDSHAKE_DONE) || !mark)
		return;
	send_at_once(ssl);
	server_layer_ready(mark);
}

static struct bufferevent *
wrap(struct event_base *base, SSL *ssl, enum bufferevent_ssl_state state)
{
	struct bufferevent *bev;

	bev = bufferevent_openssl_socket_new(base, -1, ssl, state,
	                                     BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	if (bev)
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	return bev;
}

static struct bufferevent *
layer_open(void *ctx, struct event_base *base, void *mark)
{
	const struct tls_server *t = ctx;
	SSL *ssl = SSL_new(t->ctx);
	struct bufferevent *bev = ssl ? wrap(base, ssl, BUFFEREVENT_SSL_ACCEPTING) : NULL;

	if (bev)
		SSL_set_ex_data(ssl, g_mark_index, mark);
	else
		SSL_free(ssl);
	return bev;
}

static void *
layer_stream(struct bufferevent *bev)
{
	return bufferevent_openssl_get_ssl(bev);
}

static void *
layer_mark(struct bufferevent *bev)
{
	const SSL *ssl = bufferevent_openssl_get_ssl(bev);

	return ssl ? SSL_get_ex_data(ssl, g_mark_index) : NULL;
}

const struct server_layer tls_layer = {
        .open = layer_open,
        .mark = layer_mark,
        .stream = layer_stream,
};

struct bufferevent *
tls_client_open(struct tls_client *t, struct event_base *base, const void **ret_stream)
{
	SSL *ssl = SSL_new(t->ctx);
	struct bufferevent *bev = ssl ? wrap(base, ssl, BUFFEREVENT_SSL_CONNECTING) : NULL;

	if (!bev)
		SSL_free(ssl);
	*ret_stream = bev ? ssl : NULL;
	return bev;
}

/* How far it ever came: libevent resets the stream itself when the connection ends. */
static enum tls_progress g_marks[] = {TLS_NOT_BEGUN, TLS_SHAKING_HANDS, TLS_ESTABLISHED};

static void
on_client_progress(const SSL *ssl, int where, int ret)
{
	/* The setter takes a mutable handle. */
	union {
		const SSL *in;
		SSL *out;
	} handle = {.in = ssl};

	if (where & SSL_CB_HANDSHAKE_DONE) {
		send_at_once(ssl);
		SSL_set_app_data(handle.out, &g_marks[TLS_ESTABLISHED]);
	}
	/* It waits for the peer's word only after ours went out, so there is a connection. */
	if (where == SSL_CB_CONNECT_EXIT && ret <= 0 && SSL_want_read(ssl) &&
	    tls_progress(ssl) == TLS_NOT_BEGUN)
		SSL_set_app_data(handle.out, &g_marks[TLS_SHAKING_HANDS]);
}

enum tls_progress
tls_progress(const void *stream)
{
	const enum tls_progress *mark = SSL_get_app_data((const SSL *)stream);

	return mark ? *mark : TLS_NOT_BEGUN;
}

bool
tls_peer_key_id(const void *stream, struct hash256 *ret)
{
	const SSL *ssl = stream;
	X509 *x = SSL_is_init_finished(ssl) ? SSL_get0_peer_certificate(ssl) : NULL;

	return x && SSL_session_reused(ssl) == 0 && spki_id(x, ret);
}

bool
tls_exporter(const void *stream, struct bytes purpose, enum tls_side side, const uint8_t nonce[32],
             uint8_t ret[32])
{
	/* OpenSSL takes a mutable handle for what does not change it. */
	union {
		const void *in;
		SSL *out;
	} handle = {.in = stream};
	char label[LABEL_MAX];
	int n = snprintf(label, sizeof label, "EXPORTER-contrast-%.*s-%s", BYTES_ARG(purpose),
	                 side == TLS_SERVER ? "server" : "client");

	return n > 0 && (size_t)n < sizeof label && SSL_is_init_finished(handle.out) &&
	       SSL_export_keying_material(handle.out, ret, 32, label, (size_t)n, nonce, 32, 1) == 1;
}
