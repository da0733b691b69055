/* SPDX-License-Identifier: Apache-2.0 */
#include "mint_vtpm.h"

#include "base/text.h"
#include "evidence/azure/vtpm.h"
#include "unit.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

enum { KEY_BYTES_MAX = 1024, HCL_PADDED = 2600 };

void
mint_vtpm_init(struct mint_vtpm *m, int bits)
{
	*m = (struct mint_vtpm){.key = EVP_RSA_gen((unsigned int)bits)};
	assert_non_null(m->key);
	mint_vtpm_runtime(m, "HCLAkPub", &m->runtime);
}

void
mint_vtpm_done(struct mint_vtpm *m)
{
	EVP_PKEY_free(m->key);
	buf_done(&m->runtime);
}

static void
put_modulus(const struct mint_vtpm *m, struct buf *out)
{
	uint8_t raw[KEY_BYTES_MAX];
	BIGNUM *n = NULL;
	int size;

	assert_int_equal(EVP_PKEY_get_bn_param(m->key, OSSL_PKEY_PARAM_RSA_N, &n), 1);
	size = BN_bn2bin(n, raw);
	base64_encode(BASE64_URL_UNPADDED, bytes_of(raw, (size_t)size), out);
	BN_free(n);
}

void
mint_vtpm_runtime(const struct mint_vtpm *m, const char *kid, struct buf *out)
{
	buf_printf(out,
	           "{\"keys\":[{\"kid\":\"%s\",\"key_ops\":[\"sign\"],\"kty\":\"RSA\","
	           "\"e\":\"AQAB\",\"n\":\"",
	           kid);
	put_modulus(m, out);
	buf_str(out, "\"},{\"kid\":\"HCLEkPub\",\"key_ops\":[\"encrypt\"],\"kty\":\"RSA\","
	             "\"e\":\"AQAB\",\"n\":\"AQ\"}],\"vm-configuration\":{\"secure-boot\":true,"
	             "\"vmUniqueId\":\"0\"},\"user-data\":\"00\"}");
}

struct mint_quote
mint_quote_default(struct bytes extra, struct bytes policy)
{
	struct mint_quote q = {
	        .magic = 0xff544347,
	        .type = 0x8018,
	        .extra = extra,
	        .banks = 1,
	        .bank = 0x000b,
	        .selected = 0xffffff,
	};

	for (size_t i = 0; i < TPM_PCRS; i++)
		q.pcrs[i] = sha256(bytes_of(&i, sizeof i));
	q.pcrs[PCR_POLICY] = vtpm_policy_register(policy);
	return q;
}

void
mint_quote_message(const struct mint_quote *q, struct buf *out)
{
	uint8_t all[TPM_PCRS * SHA256_SIZE];
	struct hash256 h;
	size_t n = 0;

	buf_be32(out, q->magic);
	buf_be16(out, q->type);
	buf_be16(out, 34);
	buf_be16(out, 0x000b);
	buf_zeros(out, 32);
	buf_be16(out, (uint16_t)q->extra.n);
	buf_bytes(out, q->extra);
	buf_be64(out, 12345); /* clock */
	buf_be32(out, 2);
	buf_be32(out, 0);
	buf_u8(out, 1);
	buf_be64(out, 0x2020031200120003);
	buf_be32(out, q->banks);
	buf_be16(out, q->bank);
	buf_u8(out, 3);
	for (int i = 0; i < 3; i++)
		buf_u8(out, (uint8_t)(q->selected >> (8 * i)));
	for (size_t i = 0; i < TPM_PCRS; i++) {
		if (!(q->selected >> i & 1))
			continue;
		mem_copy(all + n, q->pcrs[i].b, SHA256_SIZE);
		n += SHA256_SIZE;
	}
	h = sha256(bytes_of(all, n));
	buf_be16(out, SHA256_SIZE);
	buf_bytes(out, hash256_view(&h));
}

void
mint_quote_sign(const struct mint_vtpm *m, const struct mint_quote *q, struct bytes message,
                struct buf *out)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx = NULL;
	uint8_t raw[KEY_BYTES_MAX];
	size_t n = sizeof raw;

	assert_int_equal(EVP_DigestSignInit(md, &ctx, q->sha1 ? EVP_sha1() : EVP_sha256(), NULL,
	                                    m->key),
	                 1);
	if (q->pss)
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING), 1);
	assert_int_equal(EVP_DigestSign(md, raw, &n, message.p, message.n), 1);
	EVP_MD_CTX_free(md);
	buf_add(out, raw, n);
}

void
mint_hcl(struct bytes report, struct bytes runtime, struct buf *out)
{
	bool is_tdx = report.n == 1024;

	buf_str(out, "HCLA");
	buf_le32(out, 2);
	buf_le32(out, (uint32_t)(32 + 1184 + 20 + runtime.n));
	buf_le32(out, 2);
	buf_zeros(out, 16);
	buf_bytes(out, report);
	buf_zeros(out, 1184 - report.n);
	buf_le32(out, (uint32_t)(20 + runtime.n));
	buf_le32(out, 1);
	buf_le32(out, is_tdx ? 4 : 2);
	buf_le32(out, 1);
	buf_le32(out, (uint32_t)runtime.n);
	buf_bytes(out, runtime);
	if (out->n < HCL_PADDED)
		buf_zeros(out, HCL_PADDED - out->n);
}
