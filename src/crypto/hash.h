/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash.h: SHA-2, HMAC and HKDF over OpenSSL. A library failure here means a
 * broken installation and aborts: no caller could do anything about it.
 */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include "base/buf.h"
#include "base/secret.h"

enum { SHA256_SIZE = 32, SHA384_SIZE = 48, SHA512_SIZE = 64 };

struct hash256 {
	uint8_t b[SHA256_SIZE];
};
struct hash384 {
	uint8_t b[SHA384_SIZE];
};
struct hash512 {
	uint8_t b[SHA512_SIZE];
};

static inline struct bytes
hash256_view(const struct hash256 *h)
{
	return bytes_of(h->b, sizeof h->b);
}
static inline struct bytes
hash384_view(const struct hash384 *h)
{
	return bytes_of(h->b, sizeof h->b);
}
static inline struct bytes
hash512_view(const struct hash512 *h)
{
	return bytes_of(h->b, sizeof h->b);
}
static inline bool
hash256_equal(const struct hash256 *a, const struct hash256 *b)
{
	return ct_equal(hash256_view(a), hash256_view(b));
}

struct hash256 sha256(struct bytes data);
struct hash384 sha384(struct bytes data);
struct hash512 sha512(struct bytes data);

/* Incremental SHA-256, 384, 512 for what is not in memory at once. */
struct hasher; /* opaque */
enum hash_kind { HASH_SHA256, HASH_SHA384, HASH_SHA512 };
struct hasher *hasher_new(enum hash_kind kind);
void hasher_free(struct hasher *h);
void hasher_add(struct hasher *h, struct bytes data);
/* Writes 32, 48 or 64 bytes; the hasher is fresh afterwards. */
void hasher_final(struct hasher *h, uint8_t *to);

/* HMAC-SHA-256 (RFC 2104). */
struct hash256 hmac_sha256(struct bytes key, struct bytes data);

/* HKDF-SHA-256 (RFC 5869). `n` <= 8160. The outputs are secrets. */
void hkdf_extract(struct bytes salt, struct bytes ikm, struct secret *ret_prk);
void hkdf_expand(struct bytes prk, struct bytes info, size_t n, struct secret *ret);

/* Lower-case hex of a hash, for messages and file names; returns to. */
char *hash256_hex(const struct hash256 *h, char to[65]);

#endif
