/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/scalar.h"
#include "crypto/shamir.h"
#include "vectors.h"

enum { MAX = SHAMIR_MAX_SHARES };

static void
drop(struct secret *shares, size_t n)
{
	for (size_t i = 0; i < n; i++)
		secret_done(&shares[i]);
}

static void
model_rows(void **state)
{
	CLEANUP(vectors_done) struct vectors v = {0};
	struct err err;

	(void)state;
	vectors_load(&v, "shares");
	VEC_ROWS(row, &v.root)
	{
		struct secret shares[8] = {0};
		uint8_t k = (uint8_t)vec_u64(row, "k"), n = (uint8_t)vec_u64(row, "n");

		assert_ok(shamir_split_with(vec_hex(&v, row, "seed"),
		                            vec_hex(&v, row, "coefficients"), k, n, shares, &err));
		for (size_t i = 0; i < n; i++)
			assert_bytes(secret_view(&shares[i]),
			             vec_bytes(&v, json_item(json_get(row, "shares"), i)));
		drop(shares, n);
	}
}

/* Every k of the n shares give the secret; k - 1 of them never do. */
static void
every_subset(void **state)
{
	struct secret shares[5] = {0};
	const struct bytes secret = BYTES("sixty-four bytes are a seed, but any length is shared");
	struct err err;

	(void)state;
	assert_ok(shamir_split(secret, 3, 5, shares, &err));
	for (unsigned int set = 1; set < 32; set++) {
		CLEANUP(secret_done) struct secret got = {0};
		uint8_t index[5];
		struct bytes given[5];
		size_t k = 0;

		for (uint8_t i = 5; i-- > 0;) {
			if (!(set >> i & 1))
				continue;
			index[k] = (uint8_t)(i + 1);
			given[k++] = secret_view(&shares[i]);
		}
		assert_ok(shamir_combine(index, given, k, &got, &err));
		assert_int_equal(bytes_equal(secret_view(&got), secret), k >= 3);
	}
	drop(shares, 5);
}

static void
all_255(void **state)
{
	CLEANUP(secret_done) struct secret got = {0};
	static struct secret shares[MAX];
	static struct bytes given[MAX];
	static uint8_t index[MAX];
	struct err err;

	(void)state;
	assert_ok(shamir_split(BYTES("s"), MAX, MAX, shares, &err));
	for (size_t i = 0; i < MAX; i++) {
		index[i] = (uint8_t)(i + 1);
		given[i] = secret_view(&shares[i]);
	}
	assert_ok(shamir_combine(index, given, MAX, &got, &err));
	assert_bytes(secret_view(&got), BYTES("s"));
	drop(shares, MAX);
}

static void
bad_use(void **state)
{
	struct secret shares[3] = {0};
	struct secret got = {0};
	struct bytes two[2] = {BYTES("aa"), BYTES("bb")};
	struct bytes uneven[2] = {BYTES("aa"), BYTES("b")};
	struct err err;

	(void)state;
	assert_fails(shamir_split(BYTES("x"), 0, 3, shares, &err), "E-SHAMIR-001");
	assert_fails(shamir_split(BYTES("x"), 4, 3, shares, &err), "E-SHAMIR-001");
	assert_fails(shamir_split(BYTES(""), 1, 3, shares, &err), "E-SHAMIR-001");
	assert_fails(shamir_split_with(BYTES("x"), BYTES("cc"), 2, 3, shares, &err),
	             "E-SHAMIR-001");
	assert_fails(shamir_combine((uint8_t[]){1, 1}, two, 2, &got, &err), "E-SHAMIR-002");
	assert_fails(shamir_combine((uint8_t[]){0, 1}, two, 2, &got, &err), "E-SHAMIR-002");
	assert_fails(shamir_combine((uint8_t[]){1, 2}, uneven, 2, &got, &err), "E-SHAMIR-002");
	assert_fails(shamir_combine((uint8_t[]){1}, two, 0, &got, &err), "E-SHAMIR-002");
}

/* PROTOCOL's derivation of EC keys, with the edges of the reduction. */
static void
wide_scalars(void **state)
{
	CLEANUP(vectors_done) struct vectors v = {0};
	struct err err;

	(void)state;
	vectors_load(&v, "keys");
	VEC_ROWS(row, json_get(&v.root, "wide"))
	{
		enum key_kind kind =
		        bytes_is(json_text(json_get(row, "curve")), "P-256") ? KEY_P256 : KEY_P384;
		CLEANUP(secret_done) struct secret wide = {0};
		CLEANUP(key_drop) struct key *got = NULL;
		CLEANUP(key_drop) struct key *want = NULL;

		secret_copy(&wide, vec_hex(&v, row, "wide"));
		got = key_from_wide(kind, &wide);
		assert_ok(key_from_scalar(kind, vec_hex(&v, row, "scalar"), &want, &err));
		assert_true(key_same_public(got, want));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(model_rows),   cmocka_unit_test(every_subset),
	        cmocka_unit_test(all_255),      cmocka_unit_test(bad_use),
	        cmocka_unit_test(wide_scalars),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
