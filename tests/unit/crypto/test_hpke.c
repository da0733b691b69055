/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/hpke.h"
#include "vectors.h"

static struct key *
x25519(struct bytes raw)
{
	CLEANUP(secret_done) struct secret s = {0};

	secret_copy(&s, raw);
	return key_x25519_private(&s);
}

static void
rfc9180(void **state)
{
	CLEANUP(vectors_done) struct vectors v = {0};
	CLEANUP(buf_done) struct buf out = {0};
	CLEANUP(secret_done) struct secret plain = {0};
	const struct value *row;
	struct bytes aad, info, pt;
	struct err err;

	(void)state;
	vectors_load(&v, "sealing");
	row = json_get(&v.root, "rfc9180");
	info = vec_hex(&v, row, "info");
	aad = vec_hex(&v, row, "aad");
	pt = vec_hex(&v, row, "pt");
	CLEANUP(key_drop) struct key *ephemeral = x25519(vec_hex(&v, row, "skEm"));
	CLEANUP(key_drop) struct key *recipient = x25519(vec_hex(&v, row, "skRm"));

	assert_ok(hpke_seal_with(ephemeral, vec_hex(&v, row, "pkRm"), info, aad, pt, &out, &err));
	assert_bytes(bytes_sub(buf_view(&out), 0, HPKE_ENC_SIZE), vec_hex(&v, row, "enc"));
	assert_bytes(bytes_sub(buf_view(&out), HPKE_ENC_SIZE, out.n), vec_hex(&v, row, "ct"));
	assert_ok(hpke_open(recipient, info, aad, buf_view(&out), &plain, &err));
	assert_bytes(secret_view(&plain), pt);
}

static void
model_rows(void **state)
{
	CLEANUP(vectors_done) struct vectors v = {0};
	struct err err;

	(void)state;
	vectors_load(&v, "sealing");
	VEC_ROWS(row, json_get(&v.root, "sealed"))
	{
		CLEANUP(buf_done) struct buf out = {0};
		CLEANUP(key_drop) struct key *ephemeral = x25519(vec_hex(&v, row, "ephemeral"));

		assert_ok(hpke_seal_with(ephemeral, vec_hex(&v, row, "recipient_public"),
		                         vec_hex(&v, row, "info"), BYTES(""),
		                         vec_hex(&v, row, "plain"), &out, &err));
		assert_bytes(buf_view(&out), vec_hex(&v, row, "sealed"));
	}
}

static void
every_changed_bit_is_refused(void **state)
{
	CLEANUP(key_drop) struct key *recipient = key_generate(KEY_X25519, 0);
	CLEANUP(key_drop) struct key *other = key_generate(KEY_X25519, 0);
	CLEANUP(buf_done) struct buf out = {0};
	CLEANUP(secret_done) struct secret plain = {0};
	uint8_t public[32];
	struct err err;

	(void)state;
	key_x25519_raw_public(recipient, public);
	assert_ok(hpke_seal(bytes_of(public, 32), BYTES("info"), BYTES("aad"), BYTES("secret"),
	                    &out, &err));
	assert_int_equal(out.n, HPKE_OVERHEAD + 6);
	for (size_t bit = 0; bit < out.n * 8; bit++) {
		/* The top bit of an X25519 coordinate is ignored on input but part of kem_context.
		 */
		out.p[bit / 8] ^= (uint8_t)(1U << (bit % 8));
		assert_fails(hpke_open(recipient, BYTES("info"), BYTES("aad"), buf_view(&out),
		                       &plain, &err),
		             "E-HPKE-002");
		out.p[bit / 8] ^= (uint8_t)(1U << (bit % 8));
	}
	for (size_t n = 0; n < out.n; n++)
		assert_fails(hpke_open(recipient, BYTES("info"), BYTES("aad"), bytes_of(out.p, n),
		                       &plain, &err),
		             "E-HPKE-002");
	assert_fails(hpke_open(recipient, BYTES("infO"), BYTES("aad"), buf_view(&out), &plain,
	                       &err),
	             "E-HPKE-002");
	assert_fails(hpke_open(recipient, BYTES("info"), BYTES("aaD"), buf_view(&out), &plain,
	                       &err),
	             "E-HPKE-002");
	assert_fails(hpke_open(other, BYTES("info"), BYTES("aad"), buf_view(&out), &plain, &err),
	             "E-HPKE-002");
	assert_ok(hpke_open(recipient, BYTES("info"), BYTES("aad"), buf_view(&out), &plain, &err));
}

/* RFC 7748 section 6.1: points of small order make the shared secret zero. */
static void
small_order_keys_are_refused(void **state)
{
	static const char *const points[] = {
	        "0000000000000000000000000000000000000000000000000000000000000000",
	        "0100000000000000000000000000000000000000000000000000000000000000",
	        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	CLEANUP(key_drop) struct key *recipient = key_generate(KEY_X25519, 0);
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(points); i++) {
		CLEANUP(buf_done) struct buf out = {0};
		CLEANUP(secret_done) struct secret plain = {0};
		uint8_t sealed[64] = {0};

		assert_true(hex_decode(bytes_str(points[i]), sealed, 32));
		assert_fails(hpke_seal(bytes_of(sealed, 32), BYTES(""), BYTES(""), BYTES("x"), &out,
		                       &err),
		             "E-HPKE-001");
		assert_int_equal(out.n, 0);
		assert_fails(hpke_open(recipient, BYTES(""), BYTES(""), bytes_of(sealed, 64),
		                       &plain, &err),
		             "E-HPKE-002");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(rfc9180),
	        cmocka_unit_test(model_rows),
	        cmocka_unit_test(every_changed_bit_is_refused),
	        cmocka_unit_test(small_order_keys_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
