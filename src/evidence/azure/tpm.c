/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/azure/tpm.h"

#include "base/rd.h"
#include "base/text.h"
#include "json/value.h"

enum {
	TPM_MAGIC = 0xff544347, /* TPM_GENERATED_VALUE: no key signs this over data from outside */
	TPM_ATTEST_QUOTE = 0x8018,
	TPM_ALG_SHA256 = 0x000b,
	TPM_SELECT_SIZE = 3, /* 24 PCRs */
	KEYS_MAX = 8,
};

static status
refuse(struct verdict *v, const char *reason, const char *what)
{
	return verdict_reject(v, STEP_DECODE, reason, "%s", what);
}

static struct bytes
sized(struct rd *r)
{
	size_t n = rd_be16(r);

	return rd_bytes(r, n);
}

/* TPMS_QUOTE_INFO: the selection must be one bank, so that the digest has one meaning. */
static status
parse_selection(struct rd *r, struct tpm_quote *ret, struct verdict *v)
{
	uint32_t banks = rd_be32(r);
	uint16_t hash = rd_be16(r);
	uint8_t size = rd_u8(r);

	if (!rd_ok(r) || banks != 1 || hash != TPM_ALG_SHA256 || size != TPM_SELECT_SIZE)
		return refuse(v, "tpm/selection",
		              "the quote is not over 24 registers of the SHA-256 bank alone");
	for (unsigned int i = 0; i < TPM_SELECT_SIZE; i++)
		ret->selected |= (uint32_t)rd_u8(r) << (8 * i);
	return OK;
}

status
tpm_quote_parse(struct bytes message, struct tpm_quote *ret, struct verdict *v)
{
	struct rd r = rd_init(message);
	uint32_t magic = rd_be32(&r);
	uint16_t type = rd_be16(&r);
	struct bytes digest;

	*ret = (struct tpm_quote){.signer = sized(&r)};
	if (message.n > TPM_MESSAGE_MAX)
		return refuse(v, "tpm/size", "the message is too large for a quote");
	if (magic != TPM_MAGIC)
		return refuse(v, "tpm/magic", "the message was not made by a TPM");
	if (type != TPM_ATTEST_QUOTE)
		return refuse(v, "tpm/type", "the TPM attests something else than its registers");
	ret->extra_data = sized(&r);
	ret->clock = rd_be64(&r);
	ret->resets = rd_be32(&r);
	ret->restarts = rd_be32(&r);
	ret->clock_safe = rd_u8(&r);
	ret->firmware = rd_be64(&r);
	if (!rd_ok(&r) || ret->signer.n > TPM_NAME_MAX || ret->extra_data.n > TPM_EXTRA_MAX ||
	    ret->clock_safe > 1)
		return refuse(v, "tpm/size", "the quote is cut off, or a part of it too large");
	TRY(parse_selection(&r, ret, v));
	digest = sized(&r);
	if (!rd_done(&r) || digest.n != SHA256_SIZE)
		return refuse(v, "tpm/size", "the quote does not end with a SHA-256 digest");
	mem_copy(ret->pcr_digest.b, digest.p, SHA256_SIZE);
	return OK;
}

status
tpm_quote_pcrs(const struct tpm_quote *q, const struct hash256 pcrs[TPM_PCRS],
               enum verdict_step step, struct verdict *v)
{
	uint8_t all[TPM_PCRS * SHA256_SIZE];
	struct hash256 h;
	size_t n = 0;

	for (unsigned int i = 0; i < TPM_PCRS; i++) {
		if (q->selected >> i & 1) {
			mem_copy(all + n, pcrs[i].b, SHA256_SIZE);
			n += SHA256_SIZE;
		} else if (!bytes_all_zero(hash256_view(&pcrs[i]))) {
			return verdict_reject(v, step, "tpm/pcr-digest",
			                      "register %u has a value and is not in the quote", i);
		}
	}
	h = sha256(bytes_of(all, n));
	if (hash256_equal(&h, &q->pcr_digest))
		return OK;
	verdict_values_hex(v, hash256_view(&q->pcr_digest), hash256_view(&h));
	return verdict_reject(v, step, "tpm/pcr-digest",
	                      "the register values given are not those of the quote");
}

status
tpm_quote_nonce(const struct tpm_quote *q, struct bytes expected, enum verdict_step step,
                struct verdict *v)
{
	/* An empty expectation would be met by a quote over nothing. */
	if (expected.n > 0 && ct_equal(expected, q->extra_data))
		return OK;
	verdict_values_hex(v, expected, q->extra_data);
	return verdict_reject(v, step, "tpm/nonce",
	                      "the virtual TPM's quote is not bound to this session");
}

/* ---- the key ---- */

static const struct value *
find_key(const struct value *runtime)
{
	const struct value *keys = json_get(runtime, "keys"), *found = NULL, *item;

	if (!json_is(keys, VALUE_ARRAY) || keys->n > KEYS_MAX)
		return NULL;
	for (size_t i = 0; (item = json_item(keys, i)); i++) {
		if (!bytes_is(json_text(json_get(item, "kid")), "HCLAkPub"))
			continue;
		if (found)
			return NULL; /* two: which one signs would be the reader's choice */
		found = item;
	}
	return found;
}

static status
take_key(const struct value *item, struct jws_key **ret, struct verdict *v)
{
	static const uint8_t exponent[] = {1, 0, 1};
	CLEANUP(buf_done) struct buf n = {.max = VTPM_RUNTIME_MAX};
	CLEANUP(buf_done) struct buf e = {.max = VTPM_RUNTIME_MAX};
	struct jws_jwk jwk = {.kty = json_text(json_get(item, "kty"))};
	struct err err;

	if (!base64_decode(BASE64_URL_UNPADDED, json_text(json_get(item, "n")), &n) ||
	    !base64_decode(BASE64_URL_UNPADDED, json_text(json_get(item, "e")), &e))
		return refuse(v, "tpm/key", "numbers of HCLAkPub are not base64url");
	jwk.n = buf_view(&n);
	jwk.e = buf_view(&e);
	if (!bytes_is(jwk.kty, "RSA") || jwk.n.n < TPM_KEY_MIN || jwk.n.n > TPM_KEY_MAX ||
	    !(jwk.n.p[0] & 0x80) || !bytes_equal(jwk.e, bytes_of(exponent, sizeof exponent)))
		return refuse(v, "tpm/key",
		              "HCLAkPub is no RSA key of 2048 to 4096 bits with exponent 65537");
	if (!is_ok(jws_key_from_jwk(&jwk, ret, &err)))
		return refuse(v, "tpm/key", err.msg);
	return OK;
}

status
tpm_key_of_runtime(struct bytes runtime, struct jws_key **ret, struct verdict *v)
{
	CLEANUP(arena_done) struct arena a;
	struct json_limits limits = {.depth = 8, .bytes = VTPM_RUNTIME_MAX};
	const struct value *item;
	struct value json;
	struct err err;

	*ret = NULL;
	arena_init(&a, (size_t)256 * 1024);
	if (!is_ok(json_parse(&a, runtime, &limits, &json, &err)))
		return refuse(v, "tpm/key", "the runtime data are not JSON");
	item = find_key(&json);
	if (!item)
		return refuse(v, "tpm/key", "the runtime data do not name one key HCLAkPub");
	return take_key(item, ret, v);
}

status
tpm_quote_signed(const struct jws_key *key, struct bytes message, struct bytes signature,
                 struct verdict *v)
{
	static const struct jws_alg algs[] = {{JWS_RS, DIGEST_SHA256}, {JWS_PS, DIGEST_SHA256}};

	for (size_t i = 0; i < COUNT_OF(algs); i++) {
		if (signature.n >= TPM_KEY_MIN && signature.n <= TPM_KEY_MAX &&
		    jws_verify(key, algs[i], message, signature))
			return OK;
	}
	return verdict_reject(v, STEP_SIGNATURE, "tpm/signature",
	                      "the attestation key did not sign this quote");
}
