/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x509_light.h: certificates and revocation lists by ASN.1 templates of our
 * own, read by OpenSSL's template engine; for crypto/ alone. OpenSSL's X509
 * decodes the public key by trying decoders one after another, which takes
 * longer than a signature; here the key stays bytes until somebody asks.
 */
#ifndef CRYPTO_X509_LIGHT_H
#define CRYPTO_X509_LIGHT_H

#include "crypto/ossl.h"

/* What a certificate says; borrowed from whatever it was read from. */
struct cert_parts {
	struct bytes subject, issuer; /* names, DER: crypto/name.h */
	const ASN1_INTEGER *serial;
	const ASN1_TIME *not_before, *not_after;
	const STACK_OF(X509_EXTENSION) * extensions; /* NULL: none */
	const X509_ALGOR *algorithm;                 /* inside the signed part */
};

/* A signed object: what is signed, how, and the signature. */
struct signed_parts {
	struct bytes text;
	const X509_ALGOR *algorithm; /* outside the signed part */
	const ASN1_BIT_STRING *signature;
};

struct cert_light {
	struct cert_parts parts;
	struct signed_parts sig;
	struct bytes spki; /* DER, as it stands */
	long version;      /* 2: v3 */
	void *tree;        /* private */
};

/* NULL: malformed, or not DER in its outer structure, or followed by something. */
struct cert_light *cert_light_read(struct bytes der);
void cert_light_free(struct cert_light *l);

struct crl_light {
	struct bytes issuer;
	const ASN1_TIME *this_update, *next_update; /* next_update NULL: absent */
	const STACK_OF(X509_EXTENSION) * extensions;
	const X509_ALGOR *algorithm;
	struct signed_parts sig;
	void *tree; /* private */
};
struct crl_light *crl_light_read(struct bytes der);
void crl_light_free(struct crl_light *l);
bool crl_light_has(const struct crl_light *l, const ASN1_INTEGER *serial);

/*
 * RSA key from its SubjectPublicKeyInfo; NULL when it is not that, or not in
 * DER to the byte: then OpenSSL's decoders decide.
 */
EVP_PKEY *rsa_light_read(struct bytes spki);

/* ---- of struct cert (cert.c) ---- */

const struct cert_parts *cert_parts(const struct cert *c);
const struct cert_light *cert_light(const struct cert *c);
/* Borrowed, decoded once; NULL: malformed. */
const struct key *cert_light_key(const struct cert *c);
/* The certificate's own signature by its own key, judged once. */
bool cert_self_signed(const struct cert *c);

#endif
