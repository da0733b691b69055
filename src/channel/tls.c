/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/tls.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdio.h>

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
	    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	                               (const unsigned char *)"contrast", -1, -1, 0) == 1 &&
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

static SSL *
open_ssl(SSL_CTX *ctx, int fd)
{
	SSL *ssl = SSL_new(ctx);

	if (ssl && SSL_set_fd(ssl, fd) == 1)
		return ssl;
	SSL_free(ssl);
	return NULL;
}

static void *
stream_open(void *ctx, int fd)
{
	const struct tls_server *t = ctx;
	SSL *ssl = open_ssl(t->ctx, fd);

	if (ssl)
		SSL_set_accept_state(ssl);
	return ssl;
}

void *
tls_client_open(struct tls_client *t, int fd)
{
	SSL *ssl = open_ssl(t->ctx, fd);

	if (ssl)
		SSL_set_connect_state(ssl);
	return ssl;
}

static enum stream_result
result_of(SSL *ssl, int rc)
{
	switch (SSL_get_error(ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return STREAM_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return STREAM_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return STREAM_END;
	default:
		return STREAM_FAILED;
	}
}

static enum stream_result
stream_handshake(void *stream)
{
	int rc;

	ERR_clear_error();
	rc = SSL_do_handshake(stream);
	return rc == 1 ? STREAM_DONE : result_of(stream, rc);
}

static ssize_t
stream_read(void *stream, void *to, size_t n)
{
	size_t got = 0;
	int rc;

	ERR_clear_error();
	rc = SSL_read_ex(stream, to, n, &got);
	return rc == 1 ? (ssize_t)got : (ssize_t)result_of(stream, rc);
}

static ssize_t
stream_write(void *stream, const void *from, size_t n)
{
	size_t put = 0;
	int rc;

	ERR_clear_error();
	rc = SSL_write_ex(stream, from, n, &put);
	return rc == 1 ? (ssize_t)put : (ssize_t)result_of(stream, rc);
}

static void
stream_close(void *stream)
{
	ERR_clear_error();
	if (SSL_is_init_finished(stream))
		(void)SSL_shutdown(stream);
	ERR_clear_error();
	SSL_free(stream);
}

const struct stream_ops tls_stream_ops = {
	.open = stream_open,
	.handshake = stream_handshake,
	.read = stream_read,
	.write = stream_write,
	.close = stream_close,
};

bool
tls_peer_key_id(const void *stream, struct hash256 *ret)
{
	const SSL *ssl = stream;
	X509 *x = SSL_is_init_finished(ssl) ? SSL_get0_peer_certificate(ssl) : NULL;

	return x && SSL_session_reused(ssl) == 0 && spki_id(x, ret);
}

bool
tls_exporter(const void *stream, struct bytes purpose, enum tls_side side,
             const uint8_t nonce[32], uint8_t ret[32])
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
