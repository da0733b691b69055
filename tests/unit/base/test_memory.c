/* SPDX-License-Identifier: Apache-2.0 */
/* Slices, cursor, buffer, arena, secrets. */
#include "base/arena.h"
#include "base/rd.h"
#include "base/secret.h"
#include "unit.h"

static void
slices(void **state)
{
	struct bytes abc = BYTES("abcabc");

	(void)state;
	assert_int_equal(bytes_find(abc, BYTES("ca"), 0), 2);
	assert_int_equal(bytes_find(abc, BYTES("ca"), 3), SIZE_MAX);
	assert_int_equal(bytes_find(abc, BYTES(""), 6), 6);
	assert_int_equal(bytes_find(abc, BYTES("abcabcd"), 0), SIZE_MAX);
	assert_int_equal(bytes_find(abc, BYTES("c"), 5), 5);
	assert_int_equal(bytes_find(abc, BYTES("c"), 6), SIZE_MAX);
	/* Beyond the first bytes that are tried one by one. */
	assert_int_equal(bytes_find(BYTES("aaaaaaaaaaab"), BYTES("aab"), 0), 9);
	assert_int_equal(bytes_find(BYTES("a.a.a.a.a.a."), BYTES("a..."), 0), SIZE_MAX);
	assert_int_equal(bytes_find_byte(abc, 'c', 3), 5);
	assert_true(bytes_starts(abc, BYTES("abc")) && bytes_ends(abc, BYTES("cabc")));
	assert_false(bytes_starts(BYTES("ab"), abc));
	assert_bytes(bytes_sub(abc, 4, 99), BYTES("bc"));
	assert_int_equal(bytes_sub(abc, 9, 2).n, 0);
	assert_bytes(bytes_trim(BYTES(" \t a b\r\n")), BYTES("a b"));
	assert_true(bytes_cmp(BYTES("ab"), BYTES("abc")) < 0);
	assert_true(bytes_cmp(BYTES("b"), BYTES("abc")) > 0);
	assert_true(ct_equal(abc, BYTES("abcabc")));
	assert_false(ct_equal(abc, BYTES("abcabd")));
	assert_false(ct_equal(abc, BYTES("abcab")));
}

static void
cursor_latches(void **state)
{
	static const uint8_t raw[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
	struct rd r = rd_init(bytes_of(raw, sizeof raw));
	struct rd sub;

	(void)state;
	assert_int_equal(rd_u8(&r), 1);
	assert_int_equal(rd_be16(&r), 0x0203);
	assert_int_equal(rd_le32(&r), 0x07060504);
	sub = rd_sub(&r, 2);
	assert_int_equal(rd_le16(&sub), 0x0908);
	assert_true(rd_done(&sub));
	assert_false(rd_done(&r));
	assert_int_equal(rd_left(&r), 2);
	assert_int_equal(rd_be64(&r), 0); /* one byte short: zero, and never again */
	assert_false(rd_ok(&r));
	assert_int_equal(rd_u8(&r), 0);
	assert_int_equal(rd_left(&r), 0);
	assert_false(rd_done(&r));
}

static void
buffer_stops_at_its_maximum(void **state)
{
	CLEANUP(buf_done) struct buf b = {.max = 100};
	struct err err;

	(void)state;
	for (int i = 0; i < 100; i++)
		buf_u8(&b, (uint8_t)i);
	assert_ok(buf_check(&b, &err));
	buf_u8(&b, 0);
	assert_fails(buf_check(&b, &err), "E-BASE-001");
	assert_int_equal(b.n, 100);
	buf_reset(&b);
	buf_be32(&b, 0x01020304);
	buf_le64(&b, 0x1122334455667788);
	assert_memory_equal(b.p, "\x01\x02\x03\x04\x88\x77\x66\x55\x44\x33\x22\x11", 12);
}

static void
arena_caps_aligns_and_releases(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct arena_mark m;
	struct err err;
	size_t used;

	(void)state;
	arena_init(&a, 1024 * 1024);
	for (size_t i = 1; i < 200; i++) {
		uint8_t *p = arena_alloc(&a, i);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 16, 0);
		assert_true(bytes_all_zero(bytes_of(p, i)));
		p[i - 1] = 0xff;
	}
	m = arena_mark(&a);
	used = a.used;
	for (int i = 0; i < 20; i++)
		assert_non_null(arena_alloc(&a, 20000));
	assert_true(a.used > used);
	arena_release(&a, m);
	assert_int_equal(a.used, used);
	assert_null(arena_alloc(&a, 2 * 1024 * 1024));
	assert_fails(arena_check(&a, &err), "E-BASE-002");
	assert_null(arena_alloc(&a, 1)); /* latched */
	assert_null(arena_array(&a, SIZE_MAX / 2, 4));
}

static void
arena_survives_every_failed_allocation(void **state)
{
	enum { chunks = 3 }; /* 30 000, then 60 000 twice over holds the rest */

	(void)state;
	for (uint64_t k = 1; k < 10; k++) {
		CLEANUP(arena_done) struct arena a = {0};
		bool all = true;

		mem_fail_after(k);
		for (int i = 0; i < 6; i++)
			all &= arena_alloc(&a, 30000) != NULL;
		mem_fail_after(0);
		assert_int_equal(all, !a.failed);
		assert_int_equal(all, k > chunks);
	}
}

static void
secrets_are_wiped_and_compared(void **state)
{
	struct secret a = {0}, b = {0};

	(void)state;
	secret_random(&a, 64);
	secret_copy(&b, secret_view(&a));
	assert_true(secret_equal(&a, &b));
	b.p[63] ^= 1;
	assert_false(secret_equal(&a, &b));
	assert_false(bytes_all_zero(secret_view(&a)));
	secret_done(&a);
	assert_null(a.p);
	secret_done(&a);
	secret_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(slices),
	        cmocka_unit_test(cursor_latches),
	        cmocka_unit_test(buffer_stops_at_its_maximum),
	        cmocka_unit_test(arena_caps_aligns_and_releases),
	        cmocka_unit_test(arena_survives_every_failed_allocation),
	        cmocka_unit_test(secrets_are_wiped_and_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
