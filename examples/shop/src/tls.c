/* SPDX-License-Identifier: Apache-2.0 */
#include "tls.h"

#include "net.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* certChain.pem: leaf and mesh CA; key.pem: the leaf's; mesh-ca.pem: whom we trust. */
static const char *const files[] = {"certChain.pem", "key.pem", "mesh-ca.pem"};
enum { FILES = 3 };

static struct {
	pthread_mutex_t lock;
	char dir[512];
	SSL_CTX *ctx;
	struct timespec seen[FILES];
} g = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void
path_of(int i, char to[640])
{
	snprintf(to, 640, "%s/%s", g.dir, files[i]);
}

static bool
stamp(struct timespec to[FILES])
{
	for (int i = 0; i < FILES; i++) {
		char path[640];
		struct stat st;

		path_of(i, path);
		if (stat(path, &st) != 0)
			return false;
		to[i] = st.st_mtim;
	}
	return true;
}

static SSL_CTX *
load(void)
{
	char chain[640], key[640], ca[640];
	SSL_CTX *ctx = SSL_CTX_new(TLS_method());
	bool ok;

	path_of(0, chain);
	path_of(1, key);
	path_of(2, ca);
	ok = ctx && SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) &&
	     SSL_CTX_use_certificate_chain_file(ctx, chain) == 1 &&
	     SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) == 1 &&
	     SSL_CTX_check_private_key(ctx) == 1 &&
	     SSL_CTX_load_verify_locations(ctx, ca, NULL) == 1 &&
	     /* Each connection proves who it is; a ticket would carry yesterday's proof. */
	     SSL_CTX_set_num_tickets(ctx, 0) == 1;
	if (!ok) {
		unsigned long code = ERR_peek_last_error();

		net_log("the certificates in %s cannot be used: %s", g.dir,
		        code ? ERR_reason_error_string(code) : "unknown reason");
		ERR_clear_error();
		SSL_CTX_free(ctx);
		return NULL;
	}
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	return ctx;
}

bool
tls_start(const char *dir)
{
	snprintf(g.dir, sizeof g.dir, "%s", dir);
	if (!stamp(g.seen)) {
		net_log("no certificates in %s: was the initializer here?", g.dir);
		return false;
	}
	g.ctx = load();
	return g.ctx != NULL;
}

/* Present context with a reference. New files replace it; broken ones are logged and left alone. */
static SSL_CTX *
current(void)
{
	struct timespec now[FILES];
	SSL_CTX *ctx;

	pthread_mutex_lock(&g.lock);
	if (stamp(now) && memcmp(now, g.seen, sizeof now) != 0) {
		SSL_CTX *fresh = load();

		memcpy(g.seen, now, sizeof now);
		if (fresh) {
			SSL_CTX_free(g.ctx);
			g.ctx = fresh;
			net_log("certificates reloaded");
		}
	}
	ctx = g.ctx;
	SSL_CTX_up_ref(ctx);
	pthread_mutex_unlock(&g.lock);
	return ctx;
}

static SSL *
new_ssl(void)
{
	SSL_CTX *ctx = current();
	SSL *ssl = SSL_new(ctx);

	SSL_CTX_free(ctx);
	return ssl;
}

SSL *
tls_server(bool ask_for_certificate)
{
	SSL *ssl = new_ssl();

	if (!ssl)
		return NULL;
	SSL_set_accept_state(ssl);
	if (ask_for_certificate)
		SSL_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	return ssl;
}

/* OpenSSL's macro casts const away; the name is copied. */
static bool
set_name(SSL *ssl, const char *host)
{
	char copy[256];

	return snprintf(copy, sizeof copy, "%s", host) < (int)sizeof copy &&
	       SSL_set_tlsext_host_name(ssl, copy) == 1;
}

SSL *
tls_client(const char *host)
{
	SSL *ssl = new_ssl();

	if (!ssl)
		return NULL;
	SSL_set_connect_state(ssl);
	SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_WILDCARDS);
	if (SSL_set1_host(ssl, host) != 1 || !set_name(ssl, host)) {
		SSL_free(ssl);
		return NULL;
	}
	return ssl;
}

const char *
tls_peer(SSL *ssl, char *const *names)
{
	X509 *cert = SSL_get0_peer_certificate(ssl);

	if (!cert || SSL_get_verify_result(ssl) != X509_V_OK)
		return NULL;
	for (; *names; names++)
		if (X509_check_host(cert, *names, 0,
		                    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
		                            X509_CHECK_FLAG_NO_WILDCARDS,
		                    NULL) == 1)
			return *names;
	return NULL;
}
