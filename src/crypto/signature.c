/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/signature.h"

#include <openssl/rsa.h>
#include <openssl/x509_vfy.h>

enum { UNUSED_BITS = 7 }; /* ASN1_STRING.flags of a BIT STRING */

bool
signature_digest_good(EVP_PKEY *key, struct bytes digest, struct bytes signature)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	bool good;

	ossl_must(ctx && EVP_PKEY_verify_init(ctx) == 1, "ECDSA");
	good = EVP_PKEY_verify(ctx, signature.p, signature.n, digest.p, digest.n) == 1;
	EVP_PKEY_CTX_free(ctx);
	return good;
}

bool
signature_cert_good(X509 *cert, EVP_PKEY *issuer)
{
	return X509_verify(cert, issuer) == 1;
}

static size_t
digest(enum hash_kind kind, struct bytes text, uint8_t to[SHA512_SIZE])
{
	unsigned int n = 0;

	ossl_must(EVP_Digest(text.p, text.n, to, &n, ossl_md(kind), NULL) == 1, "digest");
	return n;
}

/* The digest of an ECDSA signature, by RFC 5758 section 3.2: parameters are absent. */
static bool
ecdsa_hash(const X509_ALGOR *alg, enum hash_kind *ret)
{
	static const struct {
		int nid;
		enum hash_kind hash;
	} rows[] = {
	        {NID_ecdsa_with_SHA256, HASH_SHA256},
	        {NID_ecdsa_with_SHA384, HASH_SHA384},
	        {NID_ecdsa_with_SHA512, HASH_SHA512},
	};
	const ASN1_OBJECT *obj;
	int type;

	X509_ALGOR_get0(&obj, &type, NULL, alg);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (OBJ_obj2nid(obj) == rows[i].nid) {
			*ret = rows[i].hash;
			return type == V_ASN1_UNDEF;
		}
	}
	return false;
}

static bool
pss_good(const struct key *issuer, const struct signed_parts *s, struct bytes signature)
{
	long salt = ossl_pss_sha384_salt(s->algorithm);
	EVP_PKEY_CTX *ctx;
	uint8_t hash[SHA512_SIZE];
	size_t n;
	bool good;

	if (salt < 0 || salt > INT32_MAX || key_kind(issuer) != KEY_RSA)
		return false;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key_evp(issuer), NULL);
	ossl_must(ctx && EVP_PKEY_verify_init(ctx) == 1 &&
	                  EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	                  EVP_PKEY_CTX_set_signature_md(ctx, ossl_md(HASH_SHA384)) == 1 &&
	                  EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, ossl_md(HASH_SHA384)) == 1,
	          "RSASSA-PSS");
	n = digest(HASH_SHA384, s->text, hash);
	good = EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, (int)salt) == 1 &&
	       EVP_PKEY_verify(ctx, signature.p, signature.n, hash, n) == 1;
	EVP_PKEY_CTX_free(ctx);
	return good;
}

bool
signature_by_good(const struct key *issuer, const struct signed_parts *s)
{
	struct bytes signature = bytes_of(ASN1_STRING_get0_data(s->signature),
	                                  (size_t)ASN1_STRING_length(s->signature));
	uint8_t hash[SHA512_SIZE];
	enum hash_kind kind;
	size_t n;

	/* Unused bits in the last byte would be another spelling of the same signature. */
	if (!issuer || (s->signature->flags & UNUSED_BITS))
		return false;
	if (!ecdsa_hash(s->algorithm, &kind))
		return pss_good(issuer, s, signature);
	if (key_kind(issuer) != KEY_P256 && key_kind(issuer) != KEY_P384)
		return false;
	n = digest(kind, s->text, hash);
	return signature_digest_good(key_evp(issuer), bytes_of(hash, n), signature);
}

bool
signature_message_good(EVP_MD_CTX *ready, struct bytes message, struct bytes signature)
{
	return EVP_DigestVerify(ready, signature.p, signature.n, message.p, message.n) == 1;
}

bool
signature_path_good(X509_STORE_CTX *path)
{
	return X509_verify_cert(path) == 1;
}
