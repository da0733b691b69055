/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signature.h: the one place where signatures of evidence, certificates and
 * lists are judged; for crypto/ alone. These functions are a file of their
 * own, with nothing else in it, so that a fuzz target can be linked with
 * tests/fuzz/open_signatures.c in their stead and reach the code behind a
 * signature. tests/fuzz/check_sealed proves that no program has that file.
 */
#ifndef CRYPTO_SIGNATURE_H
#define CRYPTO_SIGNATURE_H

#include "crypto/x509_light.h"

/* ECDSA over a digest; the signature is DER. */
bool signature_digest_good(EVP_PKEY *key, struct bytes digest, struct bytes signature);
bool signature_cert_good(X509 *cert, EVP_PKEY *issuer);
/*
 * ECDSA with SHA-256, -384 or -512, or RSASSA-PSS with SHA-384; everything else
 * is not good, and neither is a key that is missing.
 */
bool signature_by_good(const struct key *issuer, const struct signed_parts *s);
/* Over a whole message; key, hash and padding are set in the context already. */
bool signature_message_good(EVP_MD_CTX *ready, struct bytes message, struct bytes signature);
/* X509_verify_cert(): everything about a path, its signatures among it. */
bool signature_path_good(X509_STORE_CTX *path);

#endif
