/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/jws.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "crypto/ossl.h"
#include "crypto/signature.h"

enum { JWS_COORDINATE_MAX = 66, JWS_RSA_MAX = 2048 /* bytes */ };

struct jws_key {
	EVP_PKEY *pkey; /* NULL: symmetric */
	struct secret octets;
};

static const EVP_MD *
md_of(enum digest_kind kind)
{
	switch (kind) {
	case DIGEST_MD5:
		return EVP_md5();
	case DIGEST_SHA1:
		return EVP_sha1();
	case DIGEST_SHA256:
		return EVP_sha256();
	case DIGEST_SHA384:
		return EVP_sha384();
	case DIGEST_SHA512:
	default:
		return EVP_sha512();
	}
}

void
digest_of(enum digest_kind kind, struct bytes data, struct buf *out)
{
	uint8_t md[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	ossl_must(EVP_Digest(data.p, data.n, md, &n, md_of(kind), NULL) == 1, "digest");
	buf_add(out, md, n);
}

void
hmac_of(enum digest_kind kind, struct bytes key, struct bytes data, struct buf *out)
{
	uint8_t md[EVP_MAX_MD_SIZE];
	unsigned int n = 0;
	/* OpenSSL takes NULL for "the key of last time". */
	const void *k = key.n > 0 ? (const void *)key.p : "";

	ossl_must(HMAC(md_of(kind), k, (int)MIN(key.n, (size_t)INT32_MAX), data.p, data.n, md,
	               &n) != NULL,
	          "HMAC");
	buf_add(out, md, n);
}

bool
jws_alg_parse(struct bytes name, struct jws_alg *ret)
{
	static const struct {
		const char *name;
		struct jws_alg alg;
	} rows[] = {
	        {"HS256", {JWS_HS, DIGEST_SHA256}},    {"HS384", {JWS_HS, DIGEST_SHA384}},
	        {"HS512", {JWS_HS, DIGEST_SHA512}},    {"RS256", {JWS_RS, DIGEST_SHA256}},
	        {"RS384", {JWS_RS, DIGEST_SHA384}},    {"RS512", {JWS_RS, DIGEST_SHA512}},
	        {"PS256", {JWS_PS, DIGEST_SHA256}},    {"PS384", {JWS_PS, DIGEST_SHA384}},
	        {"PS512", {JWS_PS, DIGEST_SHA512}},    {"ES256", {JWS_ES, DIGEST_SHA256}},
	        {"ES384", {JWS_ES, DIGEST_SHA384}},    {"ES512", {JWS_ES, DIGEST_SHA512}},
	        {"EdDSA", {JWS_EDDSA, DIGEST_SHA512}},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (!bytes_is(name, rows[i].name))
			continue;
		*ret = rows[i].alg;
		return true;
	}
	return false;
}

/* ---- keys ---- */

void
jws_key_free(struct jws_key *k)
{
	if (!k)
		return;
	EVP_PKEY_free(k->pkey);
	secret_done(&k->octets);
	mem_free(k);
}

static status
bad_key(struct err *err, const char *what)
{
	ERR_clear_error();
	return err_set(err, ERR_PARSE, "E-JWS-001", "%s", what);
}

static status
wrap(EVP_PKEY *pkey, const char *what, struct jws_key **ret, struct err *err)
{
	if (!pkey)
		return bad_key(err, what);
	*ret = mem_new(struct jws_key);
	(*ret)->pkey = pkey;
	return OK;
}

status
jws_key_from_cert(struct bytes der, struct jws_key **ret, struct err *err)
{
	const uint8_t *p = der.p;
	X509 *x = der.n <= INT32_MAX ? d2i_X509(NULL, &p, (long)der.n) : NULL;
	EVP_PKEY *pkey = x && p == der.p + der.n ? X509_get_pubkey(x) : NULL;

	X509_free(x);
	return wrap(pkey, "x509: malformed certificate", ret, err);
}

status
jws_key_from_spki(struct bytes der, struct jws_key **ret, struct err *err)
{
	const uint8_t *p = der.p;

	return wrap(der.n <= INT32_MAX ? d2i_PUBKEY(NULL, &p, (long)der.n) : NULL,
	            "asn1: malformed public key", ret, err);
}

/* A key of type `type` from parameters. The builder is used up. */
static EVP_PKEY *
from_params(const char *type, OSSL_PARAM_BLD *b, bool is_private)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
	EVP_PKEY *pkey = NULL;

	if (!ctx || !params || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
	                      params) != 1)
		pkey = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(b);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

/* Numbers pushed to a builder, which borrows them until it is used. */
struct numbers {
	BIGNUM *list[8];
	size_t n;
};

static bool
push_number(OSSL_PARAM_BLD *b, struct numbers *nums, const char *name, struct bytes v)
{
	BIGNUM *bn = BN_bin2bn(v.p, (int)MIN(v.n, (size_t)INT32_MAX), NULL);

	ossl_must(bn != NULL, "number");
	nums->list[nums->n++] = bn;
	return OSSL_PARAM_BLD_push_BN(b, name, bn) == 1;
}

static EVP_PKEY *
rsa_key(const struct jws_jwk *j)
{
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	struct numbers nums = {.n = 0};
	bool crt = j->p.n && j->q.n && j->dp.n && j->dq.n && j->qi.n, good;
	EVP_PKEY *pkey = NULL;

	ossl_must(b != NULL, "key");
	good = push_number(b, &nums, OSSL_PKEY_PARAM_RSA_N, j->n) &&
	       push_number(b, &nums, OSSL_PKEY_PARAM_RSA_E, j->e);
	if (good && j->d.n > 0)
		good = push_number(b, &nums, OSSL_PKEY_PARAM_RSA_D, j->d);
	if (good && j->d.n > 0 && crt)
		good = push_number(b, &nums, OSSL_PKEY_PARAM_RSA_FACTOR1, j->p) &&
		       push_number(b, &nums, OSSL_PKEY_PARAM_RSA_FACTOR2, j->q) &&
		       push_number(b, &nums, OSSL_PKEY_PARAM_RSA_EXPONENT1, j->dp) &&
		       push_number(b, &nums, OSSL_PKEY_PARAM_RSA_EXPONENT2, j->dq) &&
		       push_number(b, &nums, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, j->qi);
	if (good)
		pkey = from_params("RSA", b, j->d.n > 0);
	else
		OSSL_PARAM_BLD_free(b);
	for (size_t i = 0; i < nums.n; i++)
		BN_clear_free(nums.list[i]);
	return pkey;
}

static size_t
coordinate_size(struct bytes crv)
{
	return bytes_is(crv, "P-256")   ? 32
	       : bytes_is(crv, "P-384") ? 48
	       : bytes_is(crv, "P-521") ? 66
	                                : 0;
}

static EVP_PKEY *
ec_key(const struct jws_jwk *j)
{
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	size_t n = coordinate_size(j->crv);
	uint8_t point[1 + 2 * JWS_COORDINATE_MAX] = {4};
	struct numbers nums = {.n = 0};
	char group[8] = {0};
	EVP_PKEY *pkey = NULL;

	ossl_must(b != NULL, "key");
	if (n == 0 || j->x.n > n || j->y.n > n) {
		OSSL_PARAM_BLD_free(b);
		return NULL;
	}
	mem_copy(point + 1 + (n - j->x.n), j->x.p, j->x.n);
	mem_copy(point + 1 + n + (n - j->y.n), j->y.p, j->y.n);
	mem_copy(group, j->crv.p, MIN(j->crv.n, sizeof group - 1));
	if (OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * n) == 1 &&
	    (j->d.n == 0 || push_number(b, &nums, OSSL_PKEY_PARAM_PRIV_KEY, j->d)))
		pkey = from_params("EC", b, j->d.n > 0);
	else
		OSSL_PARAM_BLD_free(b);
	for (size_t i = 0; i < nums.n; i++)
		BN_clear_free(nums.list[i]);
	return pkey;
}

static EVP_PKEY *
okp_key(const struct jws_jwk *j)
{
	if (!bytes_is(j->crv, "Ed25519"))
		return NULL;
	if (j->d.n > 0)
		return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, j->d.p, j->d.n);
	return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, j->x.p, j->x.n);
}

status
jws_key_from_jwk(const struct jws_jwk *j, struct jws_key **ret, struct err *err)
{
	if (j->n.n > JWS_RSA_MAX || j->e.n > 8)
		return bad_key(err, "the RSA key is too large");
	if (bytes_is(j->kty, "oct") && j->k.n > 0) {
		*ret = mem_new(struct jws_key);
		secret_copy(&(*ret)->octets, j->k);
		return OK;
	}
	if (bytes_is(j->kty, "RSA") && j->n.n > 0 && j->e.n > 0)
		return wrap(rsa_key(j), "the numbers are no RSA key", ret, err);
	if (bytes_is(j->kty, "EC"))
		return wrap(ec_key(j), "the numbers are no EC key of a known curve", ret, err);
	if (bytes_is(j->kty, "OKP"))
		return wrap(okp_key(j), "the bytes are no Ed25519 key", ret, err);
	return bad_key(err, "the key has no known type, or lacks members");
}

/* ---- signatures ---- */

static bool
fits(const struct jws_key *k, enum jws_family family)
{
	int id = k->pkey ? EVP_PKEY_get_base_id(k->pkey) : 0;

	switch (family) {
	case JWS_HS:
		return !k->pkey;
	case JWS_RS:
	case JWS_PS:
		return id == EVP_PKEY_RSA;
	case JWS_ES:
		return id == EVP_PKEY_EC;
	case JWS_EDDSA:
	default:
		return id == EVP_PKEY_ED25519;
	}
}

static bool
set_padding(EVP_PKEY_CTX *ctx, struct jws_alg alg, int salt)
{
	if (alg.family != JWS_RS && alg.family != JWS_PS)
		return true;
	if (alg.family == JWS_RS)
		return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, salt) == 1;
}

/* r || s as OpenSSL wants it. */
static bool
ecdsa_der(struct bytes raw, struct buf *der)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	size_t n = raw.n / 2;
	BIGNUM *r, *s;
	uint8_t *p = NULL;
	int size = -1;

	if (raw.n == 0 || raw.n > (size_t)4 * JWS_COORDINATE_MAX) {
		ECDSA_SIG_free(sig);
		return false;
	}
	r = BN_bin2bn(raw.p, (int)n, NULL);
	s = BN_bin2bn(raw.p + n, (int)(raw.n - n), NULL);
	ossl_must(sig && r && s && ECDSA_SIG_set0(sig, r, s) == 1, "ECDSA signature");
	size = i2d_ECDSA_SIG(sig, &p);
	if (size > 0)
		buf_add(der, p, (size_t)size);
	OPENSSL_free(p);
	ECDSA_SIG_free(sig);
	return size > 0;
}

static bool
verify_pkey(EVP_PKEY *pkey, struct jws_alg alg, struct bytes message, struct bytes signature)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx = NULL;
	const EVP_MD *hash = alg.family == JWS_EDDSA ? NULL : md_of(alg.digest);
	bool good;

	ossl_must(md != NULL, "signature");
	good = EVP_DigestVerifyInit(md, &ctx, hash, NULL, pkey) == 1 &&
	       set_padding(ctx, alg, RSA_PSS_SALTLEN_AUTO) &&
	       signature_message_good(md, message, signature);
	EVP_MD_CTX_free(md);
	ERR_clear_error();
	return good;
}

bool
jws_verify(const struct jws_key *k, struct jws_alg alg, struct bytes message,
           struct bytes signature)
{
	CLEANUP(buf_done) struct buf other = {0};

	if (!fits(k, alg.family))
		return false;
	if (alg.family == JWS_HS) {
		hmac_of(alg.digest, secret_view(&k->octets), message, &other);
		return buf_ok(&other) && ct_equal(buf_view(&other), signature);
	}
	if (alg.family != JWS_ES)
		return verify_pkey(k->pkey, alg, message, signature);
	return ecdsa_der(signature, &other) && verify_pkey(k->pkey, alg, message, buf_view(&other));
}

/* The DER signature as r || s, both as long as the curve's numbers. */
static bool
ecdsa_raw(EVP_PKEY *pkey, struct bytes der, struct buf *out)
{
	size_t n = ((size_t)EVP_PKEY_get_bits(pkey) + 7) / 8;
	const uint8_t *p = der.p;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)der.n);
	uint8_t raw[2 * JWS_COORDINATE_MAX];
	bool good = sig && n <= JWS_COORDINATE_MAX &&
	            BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, (int)n) == (int)n &&
	            BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + n, (int)n) == (int)n;

	if (good)
		buf_add(out, raw, 2 * n);
	ECDSA_SIG_free(sig);
	return good;
}

static bool
sign_pkey(EVP_PKEY *pkey, struct jws_alg alg, struct bytes message, struct buf *out)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx = NULL;
	const EVP_MD *hash = alg.family == JWS_EDDSA ? NULL : md_of(alg.digest);
	size_t n = (size_t)EVP_PKEY_get_size(pkey);
	bool good;

	ossl_must(md != NULL, "signature");
	good = buf_reserve(out, n) && EVP_DigestSignInit(md, &ctx, hash, NULL, pkey) == 1 &&
	       set_padding(ctx, alg, RSA_PSS_SALTLEN_DIGEST) &&
	       EVP_DigestSign(md, out->p + out->n, &n, message.p, message.n) == 1;
	if (good)
		out->n += n;
	EVP_MD_CTX_free(md);
	ERR_clear_error();
	return good;
}

status
jws_sign(const struct jws_key *k, struct jws_alg alg, struct bytes message, struct buf *out,
         struct err *err)
{
	CLEANUP(buf_done) struct buf der = {0};
	bool good = fits(k, alg.family);

	if (good && alg.family == JWS_HS)
		hmac_of(alg.digest, secret_view(&k->octets), message, out);
	else if (good && alg.family == JWS_ES)
		good = sign_pkey(k->pkey, alg, message, &der) &&
		       ecdsa_raw(k->pkey, buf_view(&der), out);
	else if (good)
		good = sign_pkey(k->pkey, alg, message, out);
	if (!good)
		return err_set(err, ERR_USAGE, "E-JWS-002",
		               "the key cannot sign with this algorithm");
	return OK;
}
