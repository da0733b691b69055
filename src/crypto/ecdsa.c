/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rd.h"
#include "crypto/key.h"
#include "crypto/ossl.h"
#include "crypto/signature.h"

#include <openssl/err.h>

enum {
	DER_SIG_MAX = 112, /* SEQUENCE of two INTEGERs of at most 49 bytes */
	RAW_INT_MAX = 48,
};

static size_t
hash_message(enum sig_hash hash, struct bytes message, uint8_t to[SHA512_SIZE])
{
	static const enum hash_kind kinds[] = {
	        [SIG_SHA256] = HASH_SHA256,
	        [SIG_SHA384] = HASH_SHA384,
	        [SIG_SHA512] = HASH_SHA512,
	};
	unsigned int n = 0;

	ossl_must(EVP_Digest(message.p, message.n, to, &n, ossl_md(kinds[hash]), NULL) == 1,
	          "digest");
	return n;
}

void
key_sign_ecdsa(const struct key *k, enum sig_hash hash, struct bytes message, struct buf *out)
{
	uint8_t digest[SHA512_SIZE], sig[DER_SIG_MAX];
	size_t n = hash_message(hash, message, digest);
	size_t sig_n = sizeof sig;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key_evp(k), NULL);

	ossl_must(ctx && (key_kind(k) == KEY_P256 || key_kind(k) == KEY_P384) &&
	                  EVP_PKEY_sign_init(ctx) == 1 &&
	                  EVP_PKEY_sign(ctx, sig, &sig_n, digest, n) == 1,
	          "ECDSA signature");
	EVP_PKEY_CTX_free(ctx);
	buf_add(out, sig, sig_n);
}

/* One INTEGER of the library's own signature, right-aligned in n bytes. */
static void
take_integer(struct rd *der, size_t n, uint8_t *to)
{
	bool integer = rd_u8(der) == 0x02;
	struct bytes v = rd_bytes(der, rd_u8(der));

	while (v.n > 0 && v.p[0] == 0)
		v = bytes_sub(v, 1, v.n);
	ossl_must(integer && rd_ok(der) && v.n <= n, "ECDSA signature");
	mem_zero(to, n);
	mem_copy(to + n - v.n, v.p, v.n);
}

void
key_sign_ecdsa_raw(const struct key *k, enum sig_hash hash, struct bytes message, size_t n,
                   uint8_t *r, uint8_t *s)
{
	struct buf der = {0};
	struct rd in;

	key_sign_ecdsa(k, hash, message, &der);
	in = rd_init(buf_view(&der));
	rd_skip(&in, 2); /* at most 104 bytes: every length is one byte */
	take_integer(&in, n, r);
	take_integer(&in, n, s);
	ossl_must(rd_done(&in), "ECDSA signature");
	buf_done(&der);
}

status
key_verify_ecdsa(const struct key *k, enum sig_hash hash, struct bytes message,
                 struct bytes der_signature, struct err *err)
{
	uint8_t digest[SHA512_SIZE];
	size_t n;

	if (key_kind(k) != KEY_P256 && key_kind(k) != KEY_P384)
		return err_set(err, ERR_REJECTED, "E-CRYPTO-006",
		               "an ECDSA signature needs a P-256 or P-384 key");
	n = hash_message(hash, message, digest);
	if (!signature_digest_good(key_evp(k), bytes_of(digest, n), der_signature)) {
		ERR_clear_error();
		return err_set(err, ERR_REJECTED, "E-CRYPTO-006", "the signature does not verify");
	}
	return OK;
}

/* DER INTEGER of an unsigned big-endian number at to; returns its size. */
static size_t
der_integer(struct bytes v, uint8_t *to)
{
	size_t at = 2;

	while (v.n > 1 && v.p[0] == 0)
		v = bytes_sub(v, 1, v.n);
	if (v.n > 0 && (v.p[0] & 0x80))
		to[at++] = 0;
	mem_copy(to + at, v.p, v.n);
	at += v.n;
	to[0] = 0x02;
	to[1] = (uint8_t)(at - 2);
	return at;
}

status
key_verify_ecdsa_raw(const struct key *k, enum sig_hash hash, struct bytes message, struct bytes r,
                     struct bytes s, struct err *err)
{
	uint8_t der[DER_SIG_MAX];
	size_t n = 2;

	if (r.n == 0 || s.n == 0 || r.n > RAW_INT_MAX || s.n > RAW_INT_MAX)
		return err_set(err, ERR_REJECTED, "E-CRYPTO-006",
		               "the signature has integers of %zu and %zu bytes", r.n, s.n);
	n += der_integer(r, der + n);
	n += der_integer(s, der + n);
	der[0] = 0x30;
	der[1] = (uint8_t)(n - 2); /* at most 102: the short form is enough */
	return key_verify_ecdsa(k, hash, message, bytes_of(der, n), err);
}
