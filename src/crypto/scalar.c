/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/scalar.h"

#include "crypto/ossl.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

/* OS2IP(wide) mod (n-1) + 1, in constant time as far as OpenSSL's BN_mod goes. */
static void
reduce(const EC_GROUP *group, const struct secret *wide, struct secret *scalar)
{
	BN_CTX *ctx = BN_CTX_secure_new();
	BIGNUM *d = BN_secure_new(), *modulus = BN_new(), *rest = BN_secure_new();

	ossl_must(ctx && d && modulus && rest, "scalar");
	BN_set_flags(d, BN_FLG_CONSTTIME);
	BN_set_flags(rest, BN_FLG_CONSTTIME);
	ossl_must(BN_bin2bn(wide->p, (int)wide->n, d) != NULL &&
	                  BN_copy(modulus, EC_GROUP_get0_order(group)) != NULL &&
	                  BN_sub_word(modulus, 1) == 1 && BN_mod(rest, d, modulus, ctx) == 1 &&
	                  BN_add_word(rest, 1) == 1 &&
	                  BN_bn2binpad(rest, scalar->p, (int)scalar->n) == (int)scalar->n,
	          "scalar");
	BN_clear_free(d);
	BN_clear_free(rest);
	BN_free(modulus);
	BN_CTX_free(ctx);
}

struct key *
key_from_wide(enum key_kind kind, const struct secret *wide)
{
	CLEANUP(secret_done) struct secret scalar = {0};
	size_t size = kind == KEY_P256 ? 32 : 48;
	struct key *key = NULL;
	struct err err;
	EC_GROUP *group;

	ossl_must((kind == KEY_P256 || kind == KEY_P384) && wide->n == size + SCALAR_EXTRA,
	          "scalar: length");
	ossl_secure_heap();
	group = EC_GROUP_new_by_curve_name(kind == KEY_P256 ? NID_X9_62_prime256v1 : NID_secp384r1);
	ossl_must(group != NULL, "EC group");
	secret_init(&scalar, size);
	reduce(group, wide, &scalar);
	EC_GROUP_free(group);
	/* 1..n-1 by construction: a refusal is a broken library. */
	ossl_must(is_ok(key_from_scalar(kind, secret_view(&scalar), &key, &err)), "EC key");
	return key;
}
