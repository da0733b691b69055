/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key.h: asymmetric keys. An opaque object over OpenSSL's EVP_PKEY; private
 * parts live in OpenSSL's secure heap or a struct secret and are wiped.
 * Keys are identified by SHA-256 of their DER SubjectPublicKeyInfo (PROTOCOL).
 */
#ifndef CRYPTO_KEY_H
#define CRYPTO_KEY_H

#include "crypto/hash.h"

enum key_kind { KEY_P256, KEY_P384, KEY_RSA, KEY_X25519, KEY_OTHER };

struct key;

/* A fresh key; bits is for RSA only (2048..8192). Aborts if the library fails. */
struct key *key_generate(enum key_kind kind, unsigned int bits);
void key_free(struct key *k); /* NULL is fine */
/* Another reference to the same immutable key. */
struct key *key_ref(struct key *k);

enum key_kind key_kind(const struct key *k);
unsigned int key_bits(const struct key *k);
bool key_is_private(const struct key *k);
bool key_same_public(const struct key *a, const struct key *b);

/* P-256 or P-384 private key from its scalar, big-endian, 1..n-1; ERR_PARSE otherwise. */
status key_from_scalar(enum key_kind kind, struct bytes scalar, struct key **ret, struct err *err);
/* Public EC point as x||y (64 or 96 bytes); off-curve is ERR_PARSE. */
status key_from_point(enum key_kind kind, struct bytes xy, struct key **ret, struct err *err);
/* X25519 raw keys, 32 bytes. */
struct key *key_x25519_private(const struct secret *raw);
status key_x25519_public(struct bytes raw, struct key **ret, struct err *err);
void key_x25519_raw_public(const struct key *k, uint8_t to[32]);
/* ECDH X25519; an all-zero result is ERR_REJECTED (RFC 7748 section 6.1). */
status key_x25519_derive(const struct key *mine, const struct key *theirs, struct secret *ret,
                         struct err *err);

/* DER SubjectPublicKeyInfo, appended; and its SHA-256. */
void key_spki(const struct key *k, struct buf *out);
struct hash256 key_id(const struct key *k);
status key_parse_spki(struct bytes der, struct key **ret, struct err *err);
/* PKCS#1 RSAPublicKey DER (Contrast's form of seed-share owner keys). */
void key_rsa_pkcs1(const struct key *k, struct buf *out);
status key_parse_rsa_pkcs1(struct bytes der, struct key **ret, struct err *err);

/*
 * PEM in: public ("PUBLIC KEY", certificates refused) or private (PKCS#8,
 * SEC1 "EC PRIVATE KEY", PKCS#1 "RSA PRIVATE KEY"), unencrypted.
 * PEM out: PKCS#8 for services, the traditional form for owner keys.
 */
status key_parse_pem(struct bytes pem, struct key **ret, struct err *err);
void key_private_pem(const struct key *k, struct buf *out);             /* PKCS#8 */
void key_private_pem_traditional(const struct key *k, struct buf *out); /* SEC1 / PKCS#1 */
void key_public_pem(const struct key *k, struct buf *out);

/* ECDSA, ASN.1 DER signature, appended; the hash is over `message`. */
enum sig_hash { SIG_SHA256, SIG_SHA384, SIG_SHA512 };
void key_sign_ecdsa(const struct key *k, enum sig_hash hash, struct bytes message, struct buf *out);
/* The same with r and s as big-endian integers of n bytes each (SNP reports, quotes, TCB info). */
void key_sign_ecdsa_raw(const struct key *k, enum sig_hash hash, struct bytes message, size_t n,
                        uint8_t *r, uint8_t *s);
/* ERR_REJECTED E-CRYPTO-0xx when it does not verify. */
status key_verify_ecdsa(const struct key *k, enum sig_hash hash, struct bytes message,
                        struct bytes der_signature, struct err *err);
/* The same with raw integers of equal size (big-endian r and s: TDX, TCB info). */
status key_verify_ecdsa_raw(const struct key *k, enum sig_hash hash, struct bytes message,
                            struct bytes r, struct bytes s, struct err *err);

/* The same under a point that is used this once (attestation keys): ERR_PARSE when it is off the
 * curve. */
status point_verify_ecdsa_raw(enum key_kind kind, struct bytes xy, enum sig_hash hash,
                              struct bytes message, struct bytes r, struct bytes s,
                              struct err *err);

/* RSA-OAEP with SHA-256 (MGF1-SHA-256), label empty: seed shares. */
status key_oaep_seal(const struct key *k, struct bytes plain, struct buf *out, struct err *err);
status key_oaep_open(const struct key *k, struct bytes sealed, struct secret *ret, struct err *err);

/* For CLEANUP. */
static inline void
key_drop(struct key **k)
{
	key_free(*k);
	*k = NULL;
}

#endif
