/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "crypto/key.h"
#include "unit.h"

/* RFC 6979 appendix A.2.5 (P-256): private key, its point, a signature of "sample" with SHA-256. */
static const char P256_D[] = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
static const char P256_XY[] = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                              "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
static const char SAMPLE_R[] = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716";
static const char SAMPLE_S[] = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
/* Order of P-256: the first number that is no private key. */
static const char P256_N[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

static struct bytes
unhex(const char *text, uint8_t *to)
{
	size_t n = bytes_str(text).n / 2;

	assert_true(hex_decode(bytes_str(text), to, n));
	return bytes_of(to, n);
}

static void
scalar_gives_point(void **state)
{
	CLEANUP(key_drop) struct key *k = NULL;
	CLEANUP(key_drop) struct key *pub = NULL;
	uint8_t d[32], xy[64];
	struct hash256 a, b;
	struct err err;

	(void)state;
	assert_ok(key_from_scalar(KEY_P256, unhex(P256_D, d), &k, &err));
	assert_ok(key_from_point(KEY_P256, unhex(P256_XY, xy), &pub, &err));
	assert_true(key_same_public(k, pub));
	assert_true(key_is_private(k));
	assert_false(key_is_private(pub));
	assert_int_equal(key_kind(pub), KEY_P256);
	a = key_id(k);
	b = key_id(pub);
	assert_true(hash256_equal(&a, &b));
}

static void
scalar_rows(void **state)
{
	static const struct {
		const char *hex;
		bool ok;
	} rows[] = {
	        {P256_D, true},
	        {P256_N, false},
	        {"ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550", true},
	        {"0000000000000000000000000000000000000000000000000000000000000000", false},
	        {"0000000000000000000000000000000000000000000000000000000000000001", true},
	        {"01", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(key_drop) struct key *k = NULL;
		uint8_t d[48];
		struct err err = {0};

		if (rows[i].ok)
			assert_ok(key_from_scalar(KEY_P256, unhex(rows[i].hex, d), &k, &err));
		else
			assert_fails(key_from_scalar(KEY_P256, unhex(rows[i].hex, d), &k, &err),
			             "E-CRYPTO-005");
	}
}

static void
point_off_the_curve_is_refused(void **state)
{
	CLEANUP(key_drop) struct key *k = NULL;
	uint8_t xy[64];
	struct err err = {0};

	(void)state;
	unhex(P256_XY, xy);
	xy[63] ^= 1;
	assert_fails(key_from_point(KEY_P256, bytes_of(xy, 64), &k, &err), "E-CRYPTO-004");
	assert_fails(key_from_point(KEY_P256, bytes_of(xy, 63), &k, &err), "E-CRYPTO-004");
	mem_zero(xy, sizeof xy);
	assert_fails(key_from_point(KEY_P256, bytes_of(xy, 64), &k, &err), "E-CRYPTO-004");
}

static void
known_signature_verifies(void **state)
{
	CLEANUP(key_drop) struct key *k = NULL;
	uint8_t xy[64], r[32], s[32], zero[32] = {0};
	struct err err = {0};

	(void)state;
	assert_ok(key_from_point(KEY_P256, unhex(P256_XY, xy), &k, &err));
	unhex(SAMPLE_R, r);
	unhex(SAMPLE_S, s);
	assert_ok(key_verify_ecdsa_raw(k, SIG_SHA256, BYTES("sample"), bytes_of(r, 32),
	                               bytes_of(s, 32), &err));
	assert_fails(key_verify_ecdsa_raw(k, SIG_SHA256, BYTES("samplf"), bytes_of(r, 32),
	                                  bytes_of(s, 32), &err),
	             "E-CRYPTO-006");
	assert_fails(key_verify_ecdsa_raw(k, SIG_SHA256, BYTES("sample"), bytes_of(s, 32),
	                                  bytes_of(r, 32), &err),
	             "E-CRYPTO-006");
	assert_fails(key_verify_ecdsa_raw(k, SIG_SHA256, BYTES("sample"), bytes_of(zero, 32),
	                                  bytes_of(zero, 32), &err),
	             "E-CRYPTO-006");
	assert_fails(key_verify_ecdsa_raw(k, SIG_SHA256, BYTES("sample"), bytes_of(r, 0),
	                                  bytes_of(s, 32), &err),
	             "E-CRYPTO-006");
	for (size_t bit = 0; bit < 256; bit += 5) {
		r[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_fails(key_verify_ecdsa_raw(k, SIG_SHA256, BYTES("sample"), bytes_of(r, 32),
		                                  bytes_of(s, 32), &err),
		             "E-CRYPTO-006");
		r[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
}

static void
sign_and_verify(void **state)
{
	static const enum key_kind kinds[] = {KEY_P256, KEY_P384};
	static const enum sig_hash hashes[] = {SIG_SHA256, SIG_SHA384, SIG_SHA512};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		CLEANUP(key_drop) struct key *k = key_generate(kinds[i], 0);
		CLEANUP(key_drop) struct key *other = key_generate(kinds[i], 0);

		for (size_t h = 0; h < COUNT_OF(hashes); h++) {
			CLEANUP(buf_done) struct buf sig = {0};
			struct err err = {0};

			key_sign_ecdsa(k, hashes[h], BYTES("message"), &sig);
			assert_ok(key_verify_ecdsa(k, hashes[h], BYTES("message"), buf_view(&sig),
			                           &err));
			assert_fails(key_verify_ecdsa(other, hashes[h], BYTES("message"),
			                              buf_view(&sig), &err),
			             "E-CRYPTO-006");
			assert_fails(key_verify_ecdsa(k, hashes[(h + 1) % 3], BYTES("message"),
			                              buf_view(&sig), &err),
			             "E-CRYPTO-006");
		}
	}
}

static void
pem_round_trips(void **state)
{
	static const struct {
		enum key_kind kind;
		unsigned int bits;
	} rows[] = {{KEY_P256, 0}, {KEY_P384, 0}, {KEY_RSA, 2048}, {KEY_X25519, 0}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(key_drop) struct key *k = key_generate(rows[i].kind, rows[i].bits);

		for (int form = 0; form < 4; form++) {
			CLEANUP(key_drop) struct key *back = NULL;
			CLEANUP(buf_done) struct buf text = {0};
			struct err err = {0};

			if (form == 1 && rows[i].kind == KEY_X25519)
				continue; /* has no traditional form */
			if (form == 0)
				key_private_pem(k, &text);
			else if (form == 1)
				key_private_pem_traditional(k, &text);
			else if (form == 2)
				key_public_pem(k, &text);
			else
				key_spki(k, &text);
			if (form == 3)
				assert_ok(key_parse_spki(buf_view(&text), &back, &err));
			else
				assert_ok(key_parse_pem(buf_view(&text), &back, &err));
			assert_true(key_same_public(k, back));
			assert_int_equal(key_is_private(back), form < 2);
			assert_int_equal(key_kind(back), rows[i].kind);
		}
	}
}

static void
pem_refusals(void **state)
{
	CLEANUP(key_drop) struct key *k = key_generate(KEY_P256, 0);
	CLEANUP(buf_done) struct buf twice = {0};
	struct key *back = NULL;
	struct err err = {0};

	(void)state;
	assert_fails(key_parse_pem(BYTES(""), &back, &err), "E-CRYPTO-009");
	assert_fails(key_parse_pem(BYTES("no key here\n"), &back, &err), "E-CRYPTO-009");
	assert_fails(key_parse_pem(BYTES("-----BEGIN PUBLIC KEY-----\nAAAA\n"
	                                 "-----END PUBLIC KEY-----\n"),
	                           &back, &err),
	             "E-CRYPTO-001");
	assert_fails(key_parse_pem(BYTES("-----BEGIN CERTIFICATE-----\nAAAA\n"
	                                 "-----END CERTIFICATE-----\n"),
	                           &back, &err),
	             "E-CRYPTO-002");
	assert_fails(key_parse_pem(BYTES("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n"
	                                 "-----END ENCRYPTED PRIVATE KEY-----\n"),
	                           &back, &err),
	             "E-CRYPTO-003");
	key_public_pem(k, &twice);
	key_public_pem(k, &twice);
	assert_fails(key_parse_pem(buf_view(&twice), &back, &err), "E-CRYPTO-009");
	assert_null(back);
}

static void
rsa_forms(void **state)
{
	CLEANUP(key_drop) struct key *k = key_generate(KEY_RSA, 2048);
	CLEANUP(key_drop) struct key *back = NULL;
	CLEANUP(buf_done) struct buf der = {0};
	CLEANUP(buf_done) struct buf sealed = {0};
	CLEANUP(secret_done) struct secret plain = {0};
	uint8_t big[300] = {0};
	struct err err = {0};

	(void)state;
	key_rsa_pkcs1(k, &der);
	assert_ok(key_parse_rsa_pkcs1(buf_view(&der), &back, &err));
	assert_true(key_same_public(k, back));
	assert_ok(key_oaep_seal(back, BYTES("share"), &sealed, &err));
	assert_ok(key_oaep_open(k, buf_view(&sealed), &plain, &err));
	assert_bytes(secret_view(&plain), BYTES("share"));
	secret_done(&plain);
	sealed.p[17] ^= 1;
	assert_fails(key_oaep_open(k, buf_view(&sealed), &plain, &err), "E-CRYPTO-008");
	assert_fails(key_oaep_open(back, buf_view(&sealed), &plain, &err), "E-CRYPTO-008");
	assert_fails(key_oaep_seal(k, bytes_of(big, sizeof big), &sealed, &err), "E-CRYPTO-008");
}

/* RFC 7748 section 6.1: Alice's private key, Bob's public key, what they share. */
static void
x25519_vector(void **state)
{
	CLEANUP(secret_done) struct secret raw = {0};
	CLEANUP(secret_done) struct secret shared = {0};
	CLEANUP(key_drop) struct key *alice = NULL;
	CLEANUP(key_drop) struct key *bob = NULL;
	CLEANUP(key_drop) struct key *low = NULL;
	uint8_t t[32];
	char hex[65];
	struct err err = {0};

	(void)state;
	secret_copy(&raw,
	            unhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a", t));
	alice = key_x25519_private(&raw);
	key_x25519_raw_public(alice, t);
	assert_string_equal(hex_cstr(bytes_of(t, 32), hex, sizeof hex),
	                    "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
	unhex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f", t);
	assert_ok(key_x25519_public(bytes_of(t, 32), &bob, &err));
	assert_ok(key_x25519_derive(alice, bob, &shared, &err));
	assert_string_equal(hex_cstr(secret_view(&shared), hex, sizeof hex),
	                    "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
	secret_done(&shared);
	/* A point of small order: the shared secret would be zero. */
	mem_zero(t, sizeof t);
	assert_ok(key_x25519_public(bytes_of(t, 32), &low, &err));
	assert_fails(key_x25519_derive(alice, low, &shared, &err), "E-CRYPTO-007");
	assert_fails(key_x25519_public(bytes_of(t, 31), &low, &err), "E-CRYPTO-001");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(scalar_gives_point),
	        cmocka_unit_test(scalar_rows),
	        cmocka_unit_test(point_off_the_curve_is_refused),
	        cmocka_unit_test(known_signature_verifies),
	        cmocka_unit_test(sign_and_verify),
	        cmocka_unit_test(pem_round_trips),
	        cmocka_unit_test(pem_refusals),
	        cmocka_unit_test(rsa_forms),
	        cmocka_unit_test(x25519_vector),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
