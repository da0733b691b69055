/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In the stead of src/crypto/signature.c, for fuzz targets alone: every
 * signature is good, so that a fuzzer reaches what lies behind. The marker is
 * what tests/fuzz/check_sealed looks for in everything that is installed.
 */
#include "crypto/signature.h"

#include <openssl/x509_vfy.h>

__attribute__((used)) const char open_signatures_marker[] =
        "fuzz build: signatures are taken as good";

bool
signature_digest_good(EVP_PKEY *key, struct bytes digest, struct bytes signature)
{
	return key && digest.n > 0 && signature.n > 0;
}

bool
signature_cert_good(X509 *cert, EVP_PKEY *issuer)
{
	return cert && issuer;
}

bool
signature_by_good(const struct key *issuer, const struct signed_parts *s)
{
	return issuer && s->text.n > 0;
}

bool
signature_message_good(EVP_MD_CTX *ready, struct bytes message, struct bytes signature)
{
	return ready && message.n > 0 && signature.n > 0;
}

static int
pass_signatures(int ok, X509_STORE_CTX *path)
{
	return ok || X509_STORE_CTX_get_error(path) == X509_V_ERR_CERT_SIGNATURE_FAILURE;
}

bool
signature_path_good(X509_STORE_CTX *path)
{
	X509_STORE_CTX_set_verify_cb(path, pass_signatures);
	return X509_verify_cert(path) == 1;
}
