/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hash.h"

#include "base/text.h"
#include "crypto/ossl.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static EVP_MD *mds[3];
static pthread_once_t mds_once = PTHREAD_ONCE_INIT;

void
ossl_must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "crypto: %s: %s\n", what, ossl_reason());
	abort();
}

const char *
ossl_reason(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(code);

	ERR_clear_error();
	return reason ? reason : "no reason given";
}

static void
fetch_mds(void)
{
	static const char *const names[] = {"SHA256", "SHA384", "SHA512"};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		mds[i] = EVP_MD_fetch(NULL, names[i], NULL);
		ossl_must(mds[i] != NULL, names[i]);
	}
}

const EVP_MD *
ossl_md(enum hash_kind kind)
{
	pthread_once(&mds_once, fetch_mds);
	return mds[kind];
}

static void
digest(enum hash_kind kind, struct bytes data, uint8_t *to)
{
	ossl_must(EVP_Digest(data.p, data.n, to, NULL, ossl_md(kind), NULL) == 1, "digest");
}

struct hash256
sha256(struct bytes data)
{
	struct hash256 h;

	digest(HASH_SHA256, data, h.b);
	return h;
}

struct hash384
sha384(struct bytes data)
{
	struct hash384 h;

	digest(HASH_SHA384, data, h.b);
	return h;
}

struct hash512
sha512(struct bytes data)
{
	struct hash512 h;

	digest(HASH_SHA512, data, h.b);
	return h;
}

/* A hasher is OpenSSL's context under another name: nothing of ours is kept beside it. */
static EVP_MD_CTX *
context_of(struct hasher *h)
{
	return (EVP_MD_CTX *)(void *)h;
}

struct hasher *
hasher_new(enum hash_kind kind)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	ossl_must(ctx && EVP_DigestInit_ex2(ctx, ossl_md(kind), NULL) == 1, "digest init");
	return (struct hasher *)(void *)ctx;
}

void
hasher_free(struct hasher *h)
{
	EVP_MD_CTX_free(context_of(h));
}

void
hasher_add(struct hasher *h, struct bytes data)
{
	if (data.n > 0)
		ossl_must(EVP_DigestUpdate(context_of(h), data.p, data.n) == 1, "digest update");
}

void
hasher_final(struct hasher *h, uint8_t *to)
{
	EVP_MD_CTX *ctx = context_of(h);

	ossl_must(EVP_DigestFinal_ex(ctx, to, NULL) == 1 &&
	                  EVP_DigestInit_ex2(ctx, EVP_MD_CTX_get0_md(ctx), NULL) == 1,
	          "digest final");
}

struct hash256
hmac_sha256(struct bytes key, struct bytes data)
{
	struct hash256 h;
	size_t n = 0;
	/* OpenSSL wants a pointer even for an empty key. */
	static const uint8_t none[1];

	ossl_must(EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key.p ? key.p : none, key.n,
	                    data.p ? data.p : none, data.n, h.b, sizeof h.b, &n) != NULL &&
	                  n == sizeof h.b,
	          "hmac");
	return h;
}

/* RFC 5869 section 2.2: PRK = HMAC(salt, IKM); an absent salt is 32 zero bytes. */
void
hkdf_extract(struct bytes salt, struct bytes ikm, struct secret *ret_prk)
{
	struct hash256 prk = hmac_sha256(salt, ikm);

	secret_copy(ret_prk, hash256_view(&prk));
	mem_wipe(&prk, sizeof prk);
}

/* RFC 5869 section 2.3: T(i) = HMAC(PRK, T(i-1) || info || i). */
void
hkdf_expand(struct bytes prk, struct bytes info, size_t n, struct secret *ret)
{
	CLEANUP(buf_done) struct buf block = {0};
	struct hash256 t = {{0}};
	size_t done = 0;

	ossl_must(n <= (size_t)255 * SHA256_SIZE, "hkdf: length");
	secret_init(ret, n);
	for (uint8_t i = 1; done < n; i++) {
		size_t take = MIN(n - done, (size_t)SHA256_SIZE);

		buf_reset(&block);
		if (i > 1)
			buf_bytes(&block, hash256_view(&t));
		buf_bytes(&block, info);
		buf_u8(&block, i);
		ossl_must(buf_ok(&block), "hkdf: memory");
		t = hmac_sha256(prk, buf_view(&block));
		mem_copy(ret->p + done, t.b, take);
		done += take;
	}
	mem_wipe(&t, sizeof t);
}

char *
hash256_hex(const struct hash256 *h, char to[65])
{
	return hex_cstr(hash256_view(h), to, 65);
}
