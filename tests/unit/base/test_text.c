/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/text.h"
#include "unit.h"

static void
hex_rows(void **state)
{
	static const struct {
		const char *text;
		bool ok;
	} rows[] = {
	        {"", true},    {"00", true},  {"fF", true},  {"f", false},  {"0g", false},
	        {"/0", false}, {":0", false}, {"@0", false}, {"G0", false}, {"`0", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t out[8] = {0};
		struct bytes t = bytes_str(rows[i].text);

		assert_int_equal(hex_decode(t, out, (t.n + 1) / 2), rows[i].ok);
	}
}

static void
hex_round_trip(void **state)
{
	CLEANUP(buf_done) struct buf text = {0};
	uint8_t all[256], back[256];

	(void)state;
	for (size_t i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	hex_encode(bytes_of(all, 256), &text);
	assert_true(hex_decode(buf_view(&text), back, 256));
	assert_memory_equal(all, back, 256);
}

static void
base64_rows(void **state)
{
	/* RFC 4648 section 10, and what a canonical decoder must refuse. */
	static const struct {
		enum base64_kind kind;
		const char *text;
		const char *plain; /* NULL: refuse */
	} rows[] = {
	        {BASE64_STD, "", ""},
	        {BASE64_STD, "Zg==", "f"},
	        {BASE64_STD, "Zm8=", "fo"},
	        {BASE64_STD, "Zm9v", "foo"},
	        {BASE64_STD, "Zm9vYg==", "foob"},
	        {BASE64_STD, "Zm9vYmE=", "fooba"},
	        {BASE64_STD, "Zm9vYmFy", "foobar"},
	        {BASE64_URL_UNPADDED, "Zg", "f"},
	        {BASE64_URL, "_-8=", "\xff\xef"},
	        {BASE64_STD, "/+8=", "\xff\xef"},
	        {BASE64_STD, "_-8=", NULL},
	        {BASE64_STD, "Zg", NULL},
	        {BASE64_STD, "Zh==", NULL},
	        {BASE64_STD, "Zg=", NULL},
	        {BASE64_STD, "Zg==\n", NULL},
	        {BASE64_STD, "Z===", NULL},
	        {BASE64_STD, "====", NULL},
	        {BASE64_STD_UNPADDED, "Zg==", NULL},
	        {BASE64_STD_UNPADDED, "Z", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_done) struct buf out = {0};
		CLEANUP(buf_done) struct buf again = {0};
		bool ok = base64_decode(rows[i].kind, bytes_str(rows[i].text), &out);

		assert_int_equal(ok, rows[i].plain != NULL);
		if (!ok) {
			assert_int_equal(out.n, 0);
			continue;
		}
		assert_bytes(buf_view(&out), bytes_str(rows[i].plain));
		base64_encode(rows[i].kind, buf_view(&out), &again);
		assert_bytes(buf_view(&again), bytes_str(rows[i].text));
	}
}

static void
utf8_rows(void **state)
{
	static const struct {
		const char *text;
		bool ok;
	} rows[] = {
	        {"a", true},
	        {"\xc3\xa9", true},
	        {"\xe2\x82\xac", true},
	        {"\xf0\x9f\x98\x80", true},
	        {"\xc0\x80", false},
	        {"\xe0\x80\x80", false},
	        {"\xed\xa0\x80", false},
	        {"\xf4\x90\x80\x80", false},
	        {"\xff", false},
	        {"\xc3", false},
	        {"\x80", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(utf8_valid(bytes_str(rows[i].text)), rows[i].ok);
}

static void
escape_makes_terminals_safe(void **state)
{
	CLEANUP(buf_done) struct buf out = {0};

	(void)state;
	text_escape(BYTES("a\x1b[31m\xff\xe2\x80\xae\xc3\xa9zz"), 13, &out);
	assert_bytes(buf_view(&out), BYTES("a\\u{1b}[31m\\xff\\u{202e}\xc3\xa9z..."));
}

static void
time_rows(void **state)
{
	static const struct {
		const char *text;
		int64_t t; /* -1: refuse */
	} rows[] = {
	        {"1970-01-01T00:00:00Z", 0},
	        {"2026-11-24T05:47:00Z", 1795499220},
	        {"2026-11-24T07:47:00.123+02:00", 1795499220},
	        {"2024-02-29T00:00:00Z", 1709164800},
	        {"2023-02-29T00:00:00Z", -1},
	        {"2026-13-01T00:00:00Z", -1},
	        {"2026-11-24", -1},
	        {"2026-11-24T05:47:00", -1},
	        {"2026-11-24T05:47:00.Z", -1},
	        {"", -1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		int64_t t = -1;

		assert_int_equal(time_parse(bytes_str(rows[i].text), &t), rows[i].t >= 0);
		assert_int_equal(t, rows[i].t);
	}
	for (int64_t t = -62135596800; t < 253402300800; t += 86399 * 997) {
		char text[32];
		int64_t back;

		assert_true(time_parse(bytes_str(time_cstr(t, text)), &back));
		assert_int_equal(back, t);
	}
}

static void
numbers(void **state)
{
	uint64_t u;
	int64_t i;

	(void)state;
	assert_true(text_u64(BYTES("18446744073709551615"), UINT64_MAX, &u) && u == UINT64_MAX);
	assert_false(text_u64(BYTES("18446744073709551616"), UINT64_MAX, &u));
	assert_false(text_u64(BYTES("01"), 99, &u));
	assert_false(text_u64(BYTES("256"), 255, &u));
	assert_true(text_i64(BYTES("-9223372036854775808"), &i) && i == INT64_MIN);
	assert_false(text_i64(BYTES("9223372036854775808"), &i));
	assert_false(text_i64(BYTES("-"), &i));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(hex_rows),
	        cmocka_unit_test(hex_round_trip),
	        cmocka_unit_test(base64_rows),
	        cmocka_unit_test(utf8_rows),
	        cmocka_unit_test(escape_makes_terminals_safe),
	        cmocka_unit_test(time_rows),
	        cmocka_unit_test(numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
