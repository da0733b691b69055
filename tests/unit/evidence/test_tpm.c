/* SPDX-License-Identifier: Apache-2.0 */
/* Quotes of Azure's virtual TPMs as they were recorded; every bit of message and signature. */
#include "vectors.h"

#include "evidence/azure/tpm.h"
#include "evidence/intake.h"

struct recorded {
	struct arena a;
	struct bytes message, signature;
	struct hash256 pcrs[TPM_PCRS];
	struct jws_key *key;
};

static void
load(const char *name, struct recorded *r)
{
	CLEANUP(buf_done) struct buf text = {0};
	struct verdict v = {0};
	struct document d;
	struct hash256 h;
	struct err err;

	arena_init(&r->a, (size_t)1024 * 1024);
	if (!vector_read(name, &text))
		skip();
	assert_ok(intake_evidence(&r->a, buf_view(&text), &d, &err));
	/* REPORTDATA of the report, 0x50 into it, is the hash of the runtime data. */
	h = sha256(d.vtpm.runtime);
	assert_memory_equal(d.evidence.p + 0x50, h.b, sizeof h.b);
	r->message = d.vtpm.message;
	r->signature = d.vtpm.signature;
	mem_copy(r->pcrs, d.vtpm.pcrs.p, sizeof r->pcrs);
	assert_true(is_ok(tpm_key_of_runtime(d.vtpm.runtime, &r->key, &v)));
}

static void
done(struct recorded *r)
{
	jws_key_free(r->key);
	arena_done(&r->a);
}

static status
judge(const struct recorded *r, struct bytes message, struct bytes nonce, struct verdict *v)
{
	struct tpm_quote q;

	TRY(tpm_quote_parse(message, &q, v));
	TRY(tpm_quote_signed(r->key, message, r->signature, v));
	TRY(tpm_quote_nonce(&q, nonce, STEP_BINDING, v));
	return tpm_quote_pcrs(&q, r->pcrs, STEP_SIGNATURE, v);
}

static void
walk(struct recorded *r, struct bytes nonce)
{
	uint8_t *bytes[] = {(uint8_t *)(uintptr_t)r->message.p,
	                    (uint8_t *)(uintptr_t)r->signature.p};
	size_t sizes[] = {r->message.n, r->signature.n};

	for (size_t part = 0; part < COUNT_OF(bytes); part++) {
		for (size_t bit = 0; bit < sizes[part] * 8; bit++) {
			struct verdict v = {0};

			bytes[part][bit / 8] ^= (uint8_t)(1u << bit % 8);
			if (is_ok(judge(r, r->message, nonce, &v)))
				fail_msg("part %zu, bit %zu: accepted", part, bit);
			assert_int_not_equal(v.step, STEP_NOT_EVALUATED);
			bytes[part][bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
	}
	for (size_t n = 0; n < r->message.n; n++) {
		struct verdict v = {0};

		assert_false(is_ok(judge(r, bytes_sub(r->message, 0, n), nonce, &v)));
		assert_int_equal(v.step, STEP_DECODE);
	}
}

static void
check_recorded(const char *name, bool walk_all)
{
	struct recorded r = {0};
	struct verdict v = {0}, w = {0}, x = {0};
	struct tpm_quote q;

	load(name, &r);
	assert_true(is_ok(tpm_quote_parse(r.message, &q, &v)));
	if (!is_ok(judge(&r, r.message, q.extra_data, &v)))
		fail_msg("%s: %s: %s", name, v.reason, v.detail);
	assert_false(is_ok(judge(&r, r.message, BYTES("another nonce"), &v)));
	assert_string_equal(v.reason, "tpm/nonce");
	assert_false(is_ok(judge(&r, r.message, (struct bytes){0}, &w)));
	assert_string_equal(w.reason, "tpm/nonce");
	r.pcrs[0].b[0] ^= 1;
	assert_false(is_ok(judge(&r, r.message, q.extra_data, &x)));
	assert_string_equal(x.reason, "tpm/pcr-digest");
	r.pcrs[0].b[0] ^= 1;
	if (walk_all)
		walk(&r, q.extra_data);
	done(&r);
}

static void
test_recorded_v1(void **state)
{
	(void)state;
	check_recorded("snp/trustee-az-snp-vtpm/evidence-v1.json", true);
}

static void
test_recorded_v2(void **state)
{
	(void)state;
	check_recorded("snp/trustee-az-snp-vtpm/evidence-v2.json", false);
}

static void
test_keys(void **state)
{
	static const char *const bad[] = {
	        "",
	        "{}",
	        "{\"keys\":{}}",
	        "{\"keys\":[]}",
	        "{\"keys\":[{\"kid\":\"HCLEkPub\"}]}",
	        "{\"keys\":[{\"kid\":\"HCLAkPub\",\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"qqqq\"}]}",
	        "{\"keys\":[{\"kid\":\"HCLAkPub\"},{\"kid\":\"HCLAkPub\"}]}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct verdict v = {0};
		struct jws_key *key;

		assert_false(is_ok(tpm_key_of_runtime(bytes_str(bad[i]), &key, &v)));
		assert_null(key);
		assert_string_equal(v.reason, "tpm/key");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_recorded_v1),
	        cmocka_unit_test(test_recorded_v2),
	        cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
