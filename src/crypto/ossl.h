/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ossl.h: the edge to OpenSSL, for crypto/ and the TLS code of channel/ only.
 * Nothing above those includes an OpenSSL header.
 */
#ifndef CRYPTO_OSSL_H
#define CRYPTO_OSSL_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "crypto/cert.h"

/* Library objects fetched once; safe to call from any thread. */
const EVP_MD *ossl_md(enum hash_kind kind);

/*
 * Aborts with `what` and OpenSSL's own reason when `ok` is false: for calls
 * that fail only in a broken installation or without memory.
 */
void ossl_must(bool ok, const char *what);

/* Gives private parts a locked, undumped heap. Called by everything that makes or reads one. */
void ossl_secure_heap(void);

/* Text of the newest queued error for messages; empties the queue. Never NULL. */
const char *ossl_reason(void);

/* Wraps; takes over the reference. kind is worked out here. */
struct key *key_from_evp(EVP_PKEY *pkey);
/* Borrowed. */
EVP_PKEY *key_evp(const struct key *k);

/* Wraps; takes over the reference. NULL if it does not encode. */
struct cert *cert_from_x509(X509 *x);
/* The same for one whose key was put in as bytes alone; decoded when somebody asks. */
struct cert *cert_from_keyless(X509 *x);
/* Borrowed; complete. */
X509 *cert_x509(const struct cert *c);

/* Contents of a memory BIO appended to out. */
void ossl_bio_take(BIO *bio, struct buf *out);

/* Distinguished name of certificates and requests; see struct cert_spec. */
void ossl_name(X509_NAME *name, const char *cn, const char *serial, bool amd_names);

/* A signing context for certificates and lists: PSS or ECDSA by the key's size. */
EVP_MD_CTX *ossl_signer(const struct key *k, bool pss_sha384);

/* Is the algorithm RSASSA-PSS with SHA-384, MGF1-SHA-384 and 48 bytes of salt or more? */
bool ossl_is_pss_sha384(const X509_ALGOR *alg);
/* Its length of salt; -1 when it is something else. */
long ossl_pss_sha384_salt(const X509_ALGOR *alg);

/* Seconds since 1970; false when it is no time of ours. */
bool ossl_time(const ASN1_TIME *t, int64_t *ret);

#endif
