/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/signature.h"

#include <openssl/x509_vfy.h>

bool
signature_digest_good(EVP_PKEY *key, struct bytes digest, struct bytes signature)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	bool good;

	ossl_must(ctx && EVP_PKEY_verify_init(ctx) == 1, "ECDSA");
	good = EVP_PKEY_verify(ctx, signature.p, signature.n, digest.p, digest.n) == 1;
	EVP_PKEY_CTX_free(ctx);
	return good;
}

bool
signature_cert_good(X509 *cert, EVP_PKEY *issuer)
{
	return X509_verify(cert, issuer) == 1;
}

bool
signature_crl_good(X509_CRL *crl, EVP_PKEY *issuer)
{
	return X509_CRL_verify(crl, issuer) == 1;
}

bool
signature_path_good(X509_STORE_CTX *path)
{
	return X509_verify_cert(path) == 1;
}
