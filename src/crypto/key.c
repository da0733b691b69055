/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/key.h"

#include "crypto/ossl.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum {
	SECURE_HEAP = 128 * 1024, /* room for some thousand EC scalars or thirty RSA keys */
	SECURE_MIN = 32,
	RSA_MIN_BITS = 2048,
	RSA_MAX_BITS = 8192,
	SCALAR_MAX = 48,
};

struct key {
	atomic_uint refs;
	enum key_kind kind;
	bool is_private;
	EVP_PKEY *pkey;
};

static pthread_once_t heap_once = PTHREAD_ONCE_INIT;

static void
make_heap(void)
{
	/* 2 means "works, but the pages could not be locked": a tight RLIMIT_MEMLOCK. */
	ossl_must(CRYPTO_secure_malloc_init(SECURE_HEAP, SECURE_MIN) >= 1, "secure heap");
}

void
ossl_secure_heap(void)
{
	pthread_once(&heap_once, make_heap);
}

/*
 * Named curves only: a key that spells out its own curve parameters is
 * KEY_OTHER, whatever the parameters are.
 */
static enum key_kind
ec_kind(EVP_PKEY *pkey)
{
	char text[64];

	if (EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_ENCODING, text, sizeof text,
	                                   NULL) != 1 ||
	    strcmp(text, OSSL_PKEY_EC_ENCODING_GROUP) != 0)
		return KEY_OTHER;
	if (EVP_PKEY_get_group_name(pkey, text, sizeof text, NULL) != 1)
		return KEY_OTHER;
	if (strcmp(text, SN_X9_62_prime256v1) == 0 || strcmp(text, "P-256") == 0)
		return KEY_P256;
	if (strcmp(text, SN_secp384r1) == 0 || strcmp(text, "P-384") == 0)
		return KEY_P384;
	return KEY_OTHER;
}

static enum key_kind
kind_of(EVP_PKEY *pkey)
{
	if (EVP_PKEY_is_a(pkey, "EC"))
		return ec_kind(pkey);
	if (EVP_PKEY_is_a(pkey, "RSA"))
		return KEY_RSA;
	if (EVP_PKEY_is_a(pkey, "X25519"))
		return KEY_X25519;
	return KEY_OTHER;
}

static bool
has_private(EVP_PKEY *pkey, enum key_kind kind)
{
	BIGNUM *bn = NULL;
	size_t n = 0;
	bool has;

	if (kind == KEY_X25519)
		return EVP_PKEY_get_raw_private_key(pkey, NULL, &n) == 1;
	has = EVP_PKEY_get_bn_param(pkey,
	                            kind == KEY_RSA ? OSSL_PKEY_PARAM_RSA_D
	                                            : OSSL_PKEY_PARAM_PRIV_KEY,
	                            &bn) == 1;
	BN_clear_free(bn);
	return has;
}

struct key *
key_from_evp(EVP_PKEY *pkey)
{
	struct key *k = mem_new(struct key);

	atomic_init(&k->refs, 1);
	k->pkey = pkey;
	k->kind = kind_of(pkey);
	/*
	 * A key that came with a compressed or hybrid point would be written that
	 * way again: one key, two ids. There is one encoding here.
	 */
	if (k->kind == KEY_P256 || k->kind == KEY_P384)
		ossl_must(EVP_PKEY_set_utf8_string_param(
		                  pkey, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
		                  OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_UNCOMPRESSED) == 1,
		          "EC point format");
	k->is_private = k->kind != KEY_OTHER && has_private(pkey, k->kind);
	/* Asking for a part that is not there leaves an error in the queue. */
	ERR_clear_error();
	return k;
}

EVP_PKEY *
key_evp(const struct key *k)
{
	return k->pkey;
}

struct key *
key_generate(enum key_kind kind, unsigned int bits)
{
	EVP_PKEY *pkey = NULL;

	ossl_secure_heap();
	switch (kind) {
	case KEY_P256:
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
		break;
	case KEY_P384:
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
		break;
	case KEY_RSA:
		ossl_must(bits >= RSA_MIN_BITS && bits <= RSA_MAX_BITS, "RSA key size");
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
		break;
	case KEY_X25519:
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
		break;
	case KEY_OTHER:
		break;
	}
	ossl_must(pkey != NULL, "key generation");
	return key_from_evp(pkey);
}

void
key_free(struct key *k)
{
	if (!k || atomic_fetch_sub(&k->refs, 1) != 1)
		return;
	EVP_PKEY_free(k->pkey);
	mem_free(k);
}

struct key *
key_ref(struct key *k)
{
	atomic_fetch_add(&k->refs, 1);
	return k;
}

enum key_kind
key_kind(const struct key *k)
{
	return k->kind;
}

unsigned int
key_bits(const struct key *k)
{
	return (unsigned int)EVP_PKEY_get_bits(k->pkey);
}

bool
key_is_private(const struct key *k)
{
	return k->is_private;
}

bool
key_same_public(const struct key *a, const struct key *b)
{
	bool same = EVP_PKEY_eq(a->pkey, b->pkey) == 1;

	ERR_clear_error();
	return same;
}

/* ---- EC from numbers ---- */

static const char *
group_name(enum key_kind kind)
{
	ossl_must(kind == KEY_P256 || kind == KEY_P384, "not an EC key kind");
	return kind == KEY_P256 ? "P-256" : "P-384";
}

static EVP_PKEY *
ec_fromdata(OSSL_PARAM *params, int selection)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *pkey = NULL;

	ossl_must(ctx && EVP_PKEY_fromdata_init(ctx) == 1, "EC key import");
	if (EVP_PKEY_fromdata(ctx, &pkey, selection, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

/* x||y of scalar times generator, as the uncompressed point; false for 0 or >= order. */
static bool
public_point(const EC_GROUP *group, const BIGNUM *d, uint8_t *to, size_t n)
{
	const BIGNUM *order = EC_GROUP_get0_order(group);
	EC_POINT *point;
	size_t got;

	if (BN_is_zero(d) || BN_cmp(d, order) >= 0)
		return false;
	point = EC_POINT_new(group);
	ossl_must(point && EC_POINT_mul(group, point, d, NULL, NULL, NULL) == 1, "EC multiply");
	got = EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, to, n, NULL);
	EC_POINT_free(point);
	return got == n;
}

status
key_from_scalar(enum key_kind kind, struct bytes scalar, struct key **ret, struct err *err)
{
	const char *name = group_name(kind);
	size_t size = kind == KEY_P256 ? 32 : 48;
	EC_GROUP *group = EC_GROUP_new_by_curve_name(EC_curve_nist2nid(name));
	uint8_t point[1 + 2 * SCALAR_MAX];
	OSSL_PARAM_BLD *bld;
	OSSL_PARAM *params;
	EVP_PKEY *pkey;
	BIGNUM *d;

	ossl_secure_heap();
	d = BN_secure_new();
	ossl_must(group && d, "EC group");
	BN_set_flags(d, BN_FLG_CONSTTIME);
	if (scalar.n != size || !BN_bin2bn(scalar.p, (int)scalar.n, d) ||
	    !public_point(group, d, point, 1 + 2 * size)) {
		BN_clear_free(d);
		EC_GROUP_free(group);
		return err_set(err, ERR_PARSE, "E-CRYPTO-005", "the scalar is no private key of %s",
		               name);
	}
	EC_GROUP_free(group);
	bld = OSSL_PARAM_BLD_new();
	ossl_must(bld &&
	                  OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, name,
	                                                  0) &&
	                  OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point,
	                                                   1 + 2 * size) &&
	                  OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, d),
	          "EC parameters");
	params = OSSL_PARAM_BLD_to_param(bld);
	ossl_must(params != NULL, "EC parameters");
	pkey = ec_fromdata(params, EVP_PKEY_KEYPAIR);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	BN_clear_free(d);
	ossl_must(pkey != NULL, "EC private key");
	*ret = key_from_evp(pkey);
	return OK;
}

/* Keys to copy the curve from: naming it anew for every point costs more than the point. */
static EVP_PKEY *templates[2];
static pthread_once_t templates_once = PTHREAD_ONCE_INIT;

static void
make_templates(void)
{
	templates[0] = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	templates[1] = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
	ossl_must(templates[0] && templates[1], "EC templates");
}

static status
read_point(enum key_kind kind, struct bytes xy, EVP_PKEY **ret, struct err *err)
{
	const char *name = group_name(kind);
	size_t size = kind == KEY_P256 ? 64 : 96;
	uint8_t point[1 + 2 * SCALAR_MAX];
	EVP_PKEY *pkey;

	if (xy.n != size)
		return err_set(err, ERR_PARSE, "E-CRYPTO-004", "%zu bytes are no point of %s", xy.n,
		               name);
	point[0] = 4; /* uncompressed */
	mem_copy(point + 1, xy.p, xy.n);
	pthread_once(&templates_once, make_templates);
	pkey = EVP_PKEY_new();
	ossl_must(pkey && EVP_PKEY_copy_parameters(pkey, templates[kind == KEY_P384]) == 1,
	          "EC parameters");
	if (EVP_PKEY_set1_encoded_public_key(pkey, point, 1 + size) != 1) {
		EVP_PKEY_free(pkey);
		ERR_clear_error();
		return err_set(err, ERR_PARSE, "E-CRYPTO-004", "the point is not on %s", name);
	}
	*ret = pkey;
	return OK;
}

status
key_from_point(enum key_kind kind, struct bytes xy, struct key **ret, struct err *err)
{
	EVP_PKEY *pkey;
	struct key *k;

	TRY(read_point(kind, xy, &pkey, err));
	k = mem_new(struct key);
	atomic_init(&k->refs, 1);
	k->kind = kind;
	k->pkey = pkey;
	*ret = k;
	return OK;
}

status
point_verify_ecdsa_raw(enum key_kind kind, struct bytes xy, enum sig_hash hash,
                       struct bytes message, struct bytes r, struct bytes s, struct err *err)
{
	struct key k = {.kind = kind};
	status result;

	TRY(read_point(kind, xy, &k.pkey, err));
	result = key_verify_ecdsa_raw(&k, hash, message, r, s, err);
	EVP_PKEY_free(k.pkey);
	return result;
}

/* ---- X25519 ---- */

struct key *
key_x25519_private(const struct secret *raw)
{
	EVP_PKEY *pkey;

	ossl_secure_heap();
	pkey = EVP_PKEY_new_raw_private_key_ex(NULL, "X25519", NULL, raw->p, raw->n);
	ossl_must(pkey != NULL, "X25519 private key");
	return key_from_evp(pkey);
}

status
key_x25519_public(struct bytes raw, struct key **ret, struct err *err)
{
	EVP_PKEY *pkey = NULL;

	if (raw.n == 32)
		pkey = EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL, raw.p, raw.n);
	if (!pkey) {
		ERR_clear_error();
		return err_set(err, ERR_PARSE, "E-CRYPTO-001", "%zu bytes are no X25519 public key",
		               raw.n);
	}
	*ret = key_from_evp(pkey);
	return OK;
}

void
key_x25519_raw_public(const struct key *k, uint8_t to[32])
{
	size_t n = 32;

	ossl_must(k->kind == KEY_X25519 && EVP_PKEY_get_raw_public_key(k->pkey, to, &n) == 1 &&
	                  n == 32,
	          "X25519 public key");
}

status
key_x25519_derive(const struct key *mine, const struct key *theirs, struct secret *ret,
                  struct err *err)
{
	EVP_PKEY_CTX *ctx;
	size_t n = 32;
	bool done;

	ossl_must(mine->kind == KEY_X25519 && mine->is_private, "X25519 private key");
	if (theirs->kind != KEY_X25519)
		return err_set(err, ERR_REJECTED, "E-CRYPTO-007", "the peer's key is not X25519");
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, mine->pkey, NULL);
	ossl_must(ctx && EVP_PKEY_derive_init(ctx) == 1, "X25519");
	secret_init(ret, 32);
	done = EVP_PKEY_derive_set_peer(ctx, theirs->pkey) == 1 &&
	       EVP_PKEY_derive(ctx, ret->p, &n) == 1 && n == 32;
	EVP_PKEY_CTX_free(ctx);
	/* OpenSSL refuses a zero result itself; RFC 7748 section 6.1 wants the check, so here it
	 * is. */
	if (!done || bytes_all_zero(secret_view(ret))) {
		ERR_clear_error();
		secret_done(ret);
		return err_set(err, ERR_REJECTED, "E-CRYPTO-007",
		               "the X25519 exchange gives no shared secret");
	}
	return OK;
}
