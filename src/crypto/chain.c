/* SPDX-License-Identifier: Apache-2.0 */
/* Path validation by OpenSSL: chains end at the root that the caller pinned. See also walk.c. */
#include "crypto/cert.h"
#include "crypto/ossl.h"
#include "crypto/signature.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

enum {
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
