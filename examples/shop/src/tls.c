/* SPDX-License-Identifier: Apache-2.0 */
#include "tls.h"

#include "net.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* certChain.pem: leaf and mesh CA; key.pem: the leaf's; mesh-ca.pem: whom we trust. */
static const char *const files[] = {"certChain.pem", "key.pem", "mesh-ca.pem"};
enum { FILES = 3 };

static struct {
	char dir[512];
	SSL_CTX *ctx;
	struct timespec seen[FILES];
	char *const *allowed;
} g;

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

/* The present context. New files replace it; broken ones are logged and left alone. */
static SSL_CTX *
current(void)
{
	struct timespec now[FILES];

	if (stamp(now) && memcmp(now, g.seen, sizeof now) != 0) {
		SSL_CTX *fresh = load();

		memcpy(g.seen, now, sizeof now);
		if (fresh) {
			SSL_CTX_free(g.ctx);
			g.ctx = fresh;
			net_log("certificates reloaded");
		}
	}
	return g.ctx;
}

void
tls_allow(char *const *names)
{
	g.allowed = names;
}

static bool
is_allowed(X509 *cert)
{
	const unsigned int flags =
	        X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_WILDCARDS;

	for (char *const *name = g.allowed; name && *name; name++)
		if (X509_check_host(cert, *name, 0, flags, NULL) == 1)
			return true;
	return false;
}

/* Inside the handshake: who is not named here never gets to say anything. */
static int
judge_client(int ok, X509_STORE_CTX *store)
{
	if (!ok) {
		net_log("refused a connection: %s",
		        X509_verify_cert_error_string(X509_STORE_CTX_get_error(store)));
		return 0;
	}
	if (X509_STORE_CTX_get_error_depth(store) == 0 &&
	    !is_allowed(X509_STORE_CTX_get_current_cert(store))) {
		net_log("refused a connection: its certificate names nobody who is allowed here");
		X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
		return 0;
	}
	return 1;
}

SSL *
tls_server(bool mutual)
{
	SSL *ssl = SSL_new(current());

	if (ssl && mutual)
		SSL_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
		               judge_client);
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
	SSL *ssl = SSL_new(current());

	if (!ssl)
		return NULL;
	SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_WILDCARDS);
	if (SSL_set1_host(ssl, host) != 1 || !set_name(ssl, host)) {
		SSL_free(ssl);
		return NULL;
	}
	return ssl;
}
