/* SPDX-License-Identifier: Apache-2.0 */
/* Path validation and revocation lists: chains end at the root that the caller pinned. */
#include "base/clock.h"
#include "crypto/cert.h"
#include "crypto/ossl.h"
#include "crypto/signature.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

enum {
	CRL_MAX = 4 * 1024 * 1024,
	MAX_DEPTH = 4,  /* intermediates between leaf and root */
	AUTH_LEVEL = 3, /* 128 bits: P-256, RSA-3072 and up, no SHA-1 */
};

status
cert_signed_by(const struct cert *c, const struct cert *issuer, struct err *err)
{
	EVP_PKEY *key = X509_get0_pubkey(cert_x509(issuer));

	ERR_clear_error();
	if (X509_NAME_cmp(X509_get_issuer_name(cert_x509(c)),
	                  X509_get_subject_name(cert_x509(issuer))) != 0)
		return err_set(err, ERR_REJECTED, "E-CRYPTO-035",
		               "the certificate names another issuer");
	if (!key || !signature_cert_good(cert_x509(c), key))
		return err_set(err, ERR_REJECTED, "E-CRYPTO-035",
		               "the issuer's key did not sign the certificate: %s", ossl_reason());
	return OK;
}

static status
chain_error(X509_STORE_CTX *ctx, struct err *err)
{
	int code = X509_STORE_CTX_get_error(ctx);
	int depth = X509_STORE_CTX_get_error_depth(ctx);
	bool time = code == X509_V_ERR_CERT_HAS_EXPIRED || code == X509_V_ERR_CERT_NOT_YET_VALID;

	ERR_clear_error();
	return err_set(err, ERR_REJECTED, time ? "E-CRYPTO-031" : "E-CRYPTO-030", "%s (depth %d)",
	               X509_verify_cert_error_string(code), depth);
}

static X509_STORE *
store_of(const struct cert *root)
{
	X509_STORE *store = X509_STORE_new();

	ossl_must(store && X509_STORE_add_cert(store, cert_x509(root)) == 1, "certificate store");
	return store;
}

status
cert_verify_chain(const struct cert *leaf, struct cert *const *intermediates, size_t n,
                  const struct cert *root, int64_t now, struct err *err)
{
	X509_STORE *store = store_of(root);
	STACK_OF(X509) *between = sk_X509_new_null();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;
	status s = OK;

	ossl_must(between && ctx, "certificate path");
	for (size_t i = 0; i < n; i++)
		ossl_must(sk_X509_push(between, cert_x509(intermediates[i])) > 0,
		          "certificate path");
	ossl_must(X509_STORE_CTX_init(ctx, store, cert_x509(leaf), between) == 1,
	          "certificate path");
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_time(param, (time_t)now);
	X509_VERIFY_PARAM_set_depth(param, MAX_DEPTH);
	X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
	/* A root that is pinned by its key alone must have signed its own names and dates. */
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_CHECK_SS_SIGNATURE);
	if (!signature_path_good(ctx))
		s = chain_error(ctx, err);
	X509_STORE_CTX_free(ctx);
	sk_X509_free(between);
	X509_STORE_free(store);
	ERR_clear_error();
	return s;
}

/* ---- revocation lists ---- */

struct crl {
	X509_CRL *x;
	int64_t this_update, next_update;
};

/*
 * A critical extension on a list narrows what it speaks about (RFC 5280
 * section 5.2.5); such a list is not one that clears a certificate.
 */
static bool
has_critical(const X509_CRL *x)
{
	for (int i = 0; i < X509_CRL_get_ext_count(x); i++) {
		if (X509_EXTENSION_get_critical(X509_CRL_get_ext(x, i)))
			return true;
	}
	return false;
}

static bool
same_encoding(X509_CRL *x, struct bytes der)
{
	unsigned char *again = NULL;
	int n = i2d_X509_CRL(x, &again);
	bool same = n > 0 && bytes_equal(bytes_of(again, (size_t)n), der);

	OPENSSL_free(again);
	return same;
}

status
crl_parse_der(struct bytes der, struct crl **ret, struct err *err)
{
	const unsigned char *p = der.p;
	struct crl *c = mem_new(struct crl);

	ERR_clear_error();
	if (der.n > 0 && der.n <= CRL_MAX)
		c->x = d2i_X509_CRL(NULL, &p, (long)der.n);
	if (!c->x || !same_encoding(c->x, der) || has_critical(c->x) ||
	    !ossl_time(X509_CRL_get0_lastUpdate(c->x), &c->this_update) ||
	    !ossl_time(X509_CRL_get0_nextUpdate(c->x), &c->next_update)) {
		crl_free(c);
		return err_set(err, ERR_PARSE, "E-CRYPTO-034", "malformed revocation list: %s",
		               ossl_reason());
	}
	*ret = c;
	return OK;
}

void
crl_free(struct crl *c)
{
	if (!c)
		return;
	X509_CRL_free(c->x);
	mem_free(c);
}

int64_t
crl_this_update(const struct crl *c)
{
	return c->this_update;
}

int64_t
crl_next_update(const struct crl *c)
{
	return c->next_update;
}

bool
crl_sig_is_pss_sha384(const struct crl *c)
{
	const X509_ALGOR *alg;

	X509_CRL_get0_signature(c->x, NULL, &alg);
	return ossl_is_pss_sha384(alg);
}

bool
crl_names_issuer(const struct crl *c, const struct cert *issuer)
{
	return X509_NAME_cmp(X509_CRL_get_issuer(c->x), X509_get_subject_name(cert_x509(issuer))) ==
	       0;
}

status
crl_verify(const struct crl *c, const struct cert *issuer, int64_t now, struct err *err)
{
	EVP_PKEY *key = X509_get0_pubkey(cert_x509(issuer));
	char text[32];

	ERR_clear_error();
	if (!crl_names_issuer(c, issuer))
		return err_set(err, ERR_REJECTED, "E-CRYPTO-032",
		               "the revocation list names another issuer");
	if (!key || !signature_crl_good(c->x, key))
		return err_set(err, ERR_REJECTED, "E-CRYPTO-032",
		               "the issuer's key did not sign the revocation list: %s",
		               ossl_reason());
	if (now < c->this_update)
		return err_set(err, ERR_REJECTED, "E-CRYPTO-033",
		               "the revocation list starts at %s only",
		               time_cstr(c->this_update, text));
	if (now > c->next_update)
		return err_set(err, ERR_REJECTED, "E-CRYPTO-033", "the revocation list ended at %s",
		               time_cstr(c->next_update, text));
	return OK;
}

bool
crl_has(const struct crl *c, const struct cert *cert)
{
	X509_REVOKED *entry = NULL;

	return X509_CRL_get0_by_cert(c->x, &entry, cert_x509(cert)) != 0;
}
