/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "crypto/hash.h"
#include "unit.h"

static void
assert_hex(struct bytes got, const char *want)
{
	char text[400];

	assert_string_equal(hex_cstr(got, text, sizeof text), want);
}

/* FIPS 180-2 appendix B: "abc". */
static void
sha2_vectors(void **state)
{
	struct hash256 a = sha256(BYTES("abc"));
	struct hash384 b = sha384(BYTES("abc"));
	struct hash512 c = sha512(BYTES("abc"));
	struct hash256 none = sha256((struct bytes){NULL, 0});

	(void)state;
	assert_hex(hash256_view(&a),
	           "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_hex(hash384_view(&b),
	           "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
	           "8086072ba1e7cc2358baeca134c825a7");
	assert_hex(hash512_view(&c),
	           "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	           "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
	assert_hex(hash256_view(&none),
	           "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void
incremental_equals_one_shot(void **state)
{
	static const enum hash_kind kinds[] = {HASH_SHA256, HASH_SHA384, HASH_SHA512};
	uint8_t data[300], got[64];

	(void)state;
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i * 7);
	for (size_t k = 0; k < COUNT_OF(kinds); k++) {
		struct hasher *h = hasher_new(kinds[k]);
		struct hash256 a = sha256(bytes_of(data, sizeof data));
		struct hash384 b = sha384(bytes_of(data, sizeof data));
		struct hash512 c = sha512(bytes_of(data, sizeof data));
		struct bytes want = k == 0   ? hash256_view(&a)
		                    : k == 1 ? hash384_view(&b)
		                             : hash512_view(&c);

		/* Twice: the hasher is fresh after each result. */
		for (int round = 0; round < 2; round++) {
			for (size_t at = 0; at < sizeof data; at += 77)
				hasher_add(h, bytes_sub(bytes_of(data, sizeof data), at, at + 77));
			hasher_final(h, got);
			assert_bytes(bytes_of(got, want.n), want);
		}
		hasher_free(h);
	}
}

/* RFC 4231 test case 2. */
static void
hmac_vector(void **state)
{
	struct hash256 h = hmac_sha256(BYTES("Jefe"), BYTES("what do ya want for nothing?"));

	(void)state;
	assert_hex(hash256_view(&h),
	           "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

struct hkdf_row {
	const char *ikm, *salt, *info, *prk, *okm;
};

/* RFC 5869 appendix A.1 to A.3. */
static void
hkdf_vectors(void **state)
{
	static const struct hkdf_row rows[] = {
	        {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
	         "f0f1f2f3f4f5f6f7f8f9",
	         "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
	         "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185"
	         "865"},
	        {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021222324252627"
	         "28292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
	         "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f8081828384858687"
	         "88898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
	         "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7"
	         "d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
	         "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
	         "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac78272"
	         "71cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f"
	         "1d87"},
	        {"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
	         "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
	         "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a9"
	         "6c8"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_done) struct buf ikm = {0};
		CLEANUP(buf_done) struct buf salt = {0};
		CLEANUP(buf_done) struct buf info = {0};
		CLEANUP(secret_done) struct secret prk = {0};
		CLEANUP(secret_done) struct secret okm = {0};

		assert_true(hex_decode_buf(bytes_str(rows[i].ikm), &ikm));
		assert_true(hex_decode_buf(bytes_str(rows[i].salt), &salt));
		assert_true(hex_decode_buf(bytes_str(rows[i].info), &info));
		hkdf_extract(buf_view(&salt), buf_view(&ikm), &prk);
		assert_hex(secret_view(&prk), rows[i].prk);
		hkdf_expand(secret_view(&prk), buf_view(&info), bytes_str(rows[i].okm).n / 2, &okm);
		assert_hex(secret_view(&okm), rows[i].okm);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(sha2_vectors),
	        cmocka_unit_test(incremental_equals_one_shot),
	        cmocka_unit_test(hmac_vector),
	        cmocka_unit_test(hkdf_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
