/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/aead.h"

#include "crypto/ossl.h"

#include <openssl/err.h>
#include <openssl/evp.h>

/* EVP takes int lengths; nothing here is ever near that. */
enum { AEAD_MAX = 1 << 30 };

static EVP_CIPHER_CTX *
start(struct bytes key, struct bytes nonce, int encrypt)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	ossl_must(ctx && key.n == AEAD_KEY_SIZE && nonce.n == AEAD_NONCE_SIZE &&
	                  EVP_CipherInit_ex2(ctx, EVP_aes_256_gcm(), key.p, nonce.p, encrypt,
	                                     NULL) == 1,
	          "AES-256-GCM");
	return ctx;
}

static void
update(EVP_CIPHER_CTX *ctx, uint8_t *to, struct bytes in)
{
	int n = 0;

	ossl_must(in.n <= AEAD_MAX, "AES-256-GCM: length");
	if (in.n > 0)
		ossl_must(EVP_CipherUpdate(ctx, to, &n, in.p, (int)in.n) == 1 && (size_t)n == in.n,
		          "AES-256-GCM");
}

void
aead_seal(struct bytes key, struct bytes nonce, struct bytes aad, struct bytes plain,
          struct buf *out)
{
	EVP_CIPHER_CTX *ctx;
	int n = 0;

	if (!buf_reserve(out, plain.n + AEAD_TAG_SIZE))
		return;
	ctx = start(key, nonce, 1);
	update(ctx, NULL, aad);
	update(ctx, out->p + out->n, plain);
	ossl_must(EVP_CipherFinal_ex(ctx, out->p + out->n + plain.n, &n) == 1 && n == 0 &&
	                  EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_SIZE,
	                                      out->p + out->n + plain.n) == 1,
	          "AES-256-GCM");
	out->n += plain.n + AEAD_TAG_SIZE;
	EVP_CIPHER_CTX_free(ctx);
}

status
aead_open(struct bytes key, struct bytes nonce, struct bytes aad, struct bytes sealed,
          struct secret *ret, struct err *err)
{
	uint8_t tag[AEAD_TAG_SIZE], rest[AEAD_TAG_SIZE];
	struct secret plain = {0};
	struct bytes text;
	EVP_CIPHER_CTX *ctx;
	int n = 0;
	bool fits;

	if (sealed.n < AEAD_TAG_SIZE)
		return err_set(err, ERR_REJECTED, "E-CRYPTO-050", "%zu bytes hold no sealed text",
		               sealed.n);
	text = bytes_sub(sealed, 0, sealed.n - AEAD_TAG_SIZE);
	mem_copy(tag, sealed.p + text.n, AEAD_TAG_SIZE);
	ctx = start(key, nonce, 0);
	secret_init(&plain, text.n);
	update(ctx, NULL, aad);
	update(ctx, plain.p, text);
	fits = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_SIZE, tag) == 1 &&
	       EVP_CipherFinal_ex(ctx, rest, &n) == 1;
	EVP_CIPHER_CTX_free(ctx);
	if (!fits) {
		ERR_clear_error();
		secret_done(&plain);
		return err_set(err, ERR_REJECTED, "E-CRYPTO-050",
		               "the sealed text was changed, or is not for this key");
	}
	*ret = plain;
	return OK;
}
