/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/key.h"
#include "crypto/ossl.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

enum { PEM_MAX = 64 * 1024, PEM_MAX_BLOCKS = 4, OAEP_MAX = 1024 };

void
ossl_bio_take(BIO *bio, struct buf *out)
{
	char *p = NULL;
	long n = BIO_get_mem_data(bio, &p);

	if (n > 0)
		buf_add(out, p, (size_t)n);
}

/* Takes pkey (may be NULL) or says why not. */
static status
take_key(EVP_PKEY *pkey, bool whole, const char *what, struct key **ret, struct err *err)
{
	if (!pkey || !whole) {
		EVP_PKEY_free(pkey);
		ERR_clear_error();
		return err_set(err, ERR_PARSE, "E-CRYPTO-001", "malformed %s", what);
	}
	*ret = key_from_evp(pkey);
	return OK;
}

void
key_rsa_pkcs1(const struct key *k, struct buf *out)
{
	unsigned char *der = NULL;
	int n;

	ossl_must(key_kind(k) == KEY_RSA, "not an RSA key");
	n = i2d_PublicKey(key_evp(k), &der);
	ossl_must(n > 0, "RSAPublicKey");
	buf_add(out, der, (size_t)n);
	OPENSSL_free(der);
}

status
key_parse_rsa_pkcs1(struct bytes der, struct key **ret, struct err *err)
{
	const unsigned char *p = der.p;
	EVP_PKEY *pkey = NULL;

	if (der.n > 0 && der.n <= PEM_MAX)
		pkey = d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, (long)der.n);
	return take_key(pkey, p == der.p + der.n, "RSA public key", ret, err);
}

static EVP_PKEY *
parse_pkcs8(const unsigned char **p, long n)
{
	PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, p, n);
	EVP_PKEY *pkey = info ? EVP_PKCS82PKEY(info) : NULL;

	PKCS8_PRIV_KEY_INFO_free(info);
	return pkey;
}

/* One decoded block of a PEM text. */
static status
parse_block(const char *name, struct bytes der, struct key **ret, struct err *err)
{
	const unsigned char *p = der.p;
	long n = (long)der.n;
	EVP_PKEY *pkey;

	if (strcmp(name, PEM_STRING_PUBLIC) == 0)
		pkey = d2i_PUBKEY(NULL, &p, n);
	else if (strcmp(name, PEM_STRING_PKCS8INF) == 0)
		pkey = parse_pkcs8(&p, n);
	else if (strcmp(name, PEM_STRING_ECPRIVATEKEY) == 0)
		pkey = d2i_PrivateKey(EVP_PKEY_EC, NULL, &p, n);
	else if (strcmp(name, PEM_STRING_RSA) == 0)
		pkey = d2i_PrivateKey(EVP_PKEY_RSA, NULL, &p, n);
	else
		return err_set(err, ERR_PARSE, "E-CRYPTO-002", "a PEM block \"%.40s\" is no key",
		               name);
	return take_key(pkey, p == der.p + der.n, "key", ret, err);
}

static status
read_block(const char *name, const char *header, struct bytes der, struct key **ret,
           struct err *err)
{
	if (strcmp(name, PEM_STRING_PKCS8) == 0 || header[0] != '\0') {
		status s = err_set(err, ERR_PARSE, "E-CRYPTO-003", "the private key is encrypted");

		return err_hint(err, s, "decrypt it first: openssl pkey -in KEY -out PLAIN");
	}
	/* `openssl ecparam -genkey` puts the curve in front of the key. */
	if (strcmp(name, PEM_STRING_ECPARAMETERS) == 0)
		return OK;
	if (*ret)
		return err_set(err, ERR_PARSE, "E-CRYPTO-009", "the PEM text has several keys");
	return parse_block(name, der, ret, err);
}

static status
read_blocks(BIO *bio, struct key **ret, struct err *err)
{
	for (int i = 0; i < PEM_MAX_BLOCKS; i++) {
		char *name = NULL, *header = NULL;
		unsigned char *data = NULL;
		long n = 0;
		status s;

		if (PEM_read_bio(bio, &name, &header, &data, &n) != 1)
			break;
		s = read_block(name, header, bytes_of(data, (size_t)n), ret, err);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_clear_free(data, (size_t)n);
		TRY(s);
	}
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE || !*ret)
		return err_set(err, ERR_PARSE, "E-CRYPTO-009", "no key in PEM form: %s",
		               ossl_reason());
	ERR_clear_error();
	return OK;
}

status
key_parse_pem(struct bytes pem, struct key **ret, struct err *err)
{
	struct key *k = NULL;
	BIO *bio;
	status s;

	if (pem.n > PEM_MAX)
		return err_set(err, ERR_LIMIT, "E-CRYPTO-009", "a PEM text of %zu bytes", pem.n);
	ossl_secure_heap();
	ERR_clear_error();
	bio = BIO_new_mem_buf(pem.p ? (const void *)pem.p : "", (int)pem.n);
	ossl_must(bio != NULL, "memory BIO");
	s = read_blocks(bio, &k, err);
	BIO_free(bio);
	ERR_clear_error();
	if (!is_ok(s)) {
		key_free(k);
		return s;
	}
	*ret = k;
	return OK;
}

static void
private_pem(const struct key *k, bool traditional, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	int done;

	ossl_must(bio && key_is_private(k), "private key");
	if (traditional)
		done = PEM_write_bio_PrivateKey_traditional(bio, key_evp(k), NULL, NULL, 0, NULL,
		                                            NULL);
	else
		done = PEM_write_bio_PKCS8PrivateKey(bio, key_evp(k), NULL, NULL, 0, NULL, NULL);
	ossl_must(done == 1, "private key PEM");
	ossl_bio_take(bio, out);
	BIO_free(bio);
}

void
key_private_pem(const struct key *k, struct buf *out)
{
	private_pem(k, false, out);
}

void
key_private_pem_traditional(const struct key *k, struct buf *out)
{
	private_pem(k, true, out);
}

void
key_public_pem(const struct key *k, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());

	ossl_must(bio && PEM_write_bio_PUBKEY(bio, key_evp(k)) == 1, "public key PEM");
	ossl_bio_take(bio, out);
	BIO_free(bio);
}

/* ---- RSA-OAEP ---- */

static EVP_PKEY_CTX *
oaep_context(const struct key *k, bool seal)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key_evp(k), NULL);

	ossl_must(ctx && (seal ? EVP_PKEY_encrypt_init(ctx) : EVP_PKEY_decrypt_init(ctx)) == 1 &&
	                  EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
	                  EVP_PKEY_CTX_set_rsa_oaep_md(ctx, ossl_md(HASH_SHA256)) == 1 &&
	                  EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, ossl_md(HASH_SHA256)) == 1,
	          "RSA-OAEP");
	return ctx;
}

static status
oaep_usable(const struct key *k, bool want_private, struct err *err)
{
	if (key_kind(k) != KEY_RSA || key_bits(k) > OAEP_MAX * 8 ||
	    (want_private && !key_is_private(k)))
		return err_set(err, ERR_PARSE, "E-CRYPTO-008", "RSA-OAEP needs an RSA %s key",
		               want_private ? "private" : "public");
	return OK;
}

status
key_oaep_seal(const struct key *k, struct bytes plain, struct buf *out, struct err *err)
{
	uint8_t sealed[OAEP_MAX];
	size_t n = sizeof sealed;
	EVP_PKEY_CTX *ctx;
	bool done;

	TRY(oaep_usable(k, false, err));
	ctx = oaep_context(k, true);
	done = EVP_PKEY_encrypt(ctx, sealed, &n, plain.p, plain.n) == 1;
	EVP_PKEY_CTX_free(ctx);
	if (!done)
		return err_set(err, ERR_LIMIT, "E-CRYPTO-008",
		               "%zu bytes do not fit under this RSA key: %s", plain.n,
		               ossl_reason());
	buf_add(out, sealed, n);
	return OK;
}

status
key_oaep_open(const struct key *k, struct bytes sealed, struct secret *ret, struct err *err)
{
	uint8_t plain[OAEP_MAX];
	size_t n = sizeof plain;
	EVP_PKEY_CTX *ctx;
	bool done;

	TRY(oaep_usable(k, true, err));
	ctx = oaep_context(k, false);
	done = EVP_PKEY_decrypt(ctx, plain, &n, sealed.p, sealed.n) == 1;
	EVP_PKEY_CTX_free(ctx);
	if (done)
		secret_copy(ret, bytes_of(plain, n));
	mem_wipe(plain, sizeof plain);
	if (!done) {
		ERR_clear_error();
		/* One message for every cause: a padding oracle needs two. */
		return err_set(err, ERR_REJECTED, "E-CRYPTO-008",
		               "the RSA-OAEP text does not open with this key");
	}
	return OK;
}
