/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spki.c: SubjectPublicKeyInfo. EC keys on our two curves have one encoding
 * of fixed length, written and read here without OpenSSL's encoder tables,
 * which take longer than a signature. Everything else goes through them.
 */
#include "crypto/key.h"
#include "crypto/ossl.h"
#include "crypto/x509_light.h"

#include <openssl/core_names.h>
#include <openssl/err.h>

enum { PREFIX_MAX = 27, POINT_MAX = 97, DER_MAX = 64 * 1024 };

/* SEQUENCE { SEQUENCE { id-ecPublicKey, curve }, BIT STRING { 0, 04 || x || y } } up to the 04. */
static const struct {
	enum key_kind kind;
	size_t prefix_n, point_n;
	uint8_t prefix[PREFIX_MAX];
} forms[] = {
        {KEY_P256, 27, 64, {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                            0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                            0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04}},
        {KEY_P384, 24, 96, {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86,
                            0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
                            0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04}},
};

static bool
ec_spki(const struct key *k, struct buf *out)
{
	uint8_t point[POINT_MAX + 1];
	size_t n = 0;

	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		if (forms[i].kind != key_kind(k))
			continue;
		/* key_from_evp() chose the uncompressed form for every EC key. */
		ossl_must(EVP_PKEY_get_octet_string_param(key_evp(k), OSSL_PKEY_PARAM_PUB_KEY,
		                                          point, sizeof point, &n) == 1 &&
		                  n == forms[i].point_n + 1 && point[0] == 4,
		          "EC point");
		buf_add(out, forms[i].prefix, forms[i].prefix_n);
		buf_add(out, point + 1, n - 1);
		return true;
	}
	return false;
}

void
key_spki(const struct key *k, struct buf *out)
{
	unsigned char *der = NULL;
	int n;

	if (ec_spki(k, out))
		return;
	n = i2d_PUBKEY(key_evp(k), &der);
	ossl_must(n > 0, "SubjectPublicKeyInfo");
	buf_add(out, der, (size_t)n);
	OPENSSL_free(der);
}

struct hash256
key_id(const struct key *k)
{
	CLEANUP(buf_done) struct buf spki = {0};

	key_spki(k, &spki);
	ossl_must(buf_ok(&spki), "memory");
	return sha256(buf_view(&spki));
}

status
key_parse_spki(struct bytes der, struct key **ret, struct err *err)
{
	const unsigned char *p = der.p;
	EVP_PKEY *pkey;

	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		struct bytes prefix = bytes_of(forms[i].prefix, forms[i].prefix_n);

		if (der.n == prefix.n + forms[i].point_n && bytes_starts(der, prefix))
			return key_from_point(forms[i].kind, bytes_sub(der, prefix.n, der.n), ret,
			                      err);
	}
	pkey = der.n <= DER_MAX ? rsa_light_read(der) : NULL;
	if (pkey) {
		*ret = key_from_evp(pkey);
		return OK;
	}
	if (der.n > 0 && der.n <= DER_MAX)
		pkey = d2i_PUBKEY(NULL, &p, (long)der.n);
	if (!pkey || p != der.p + der.n) {
		EVP_PKEY_free(pkey);
		ERR_clear_error();
		return err_set(err, ERR_PARSE, "E-CRYPTO-001", "malformed public key");
	}
	*ret = key_from_evp(pkey);
	return OK;
}
