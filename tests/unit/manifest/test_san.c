/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/san.h"
#include "unit.h"

static void
kinds(void **state)
{
	static const struct {
		const char *text;
		enum san_kind kind;
		size_t ip_n;
	} rows[] = {
	        {"web", SAN_DNS, 0},
	        {"web.shop.example", SAN_DNS, 0},
	        {"3com.example", SAN_DNS, 0},
	        {"*.shop.example", SAN_DNS, 0},
	        {"xn--bcher-kva.example", SAN_DNS, 0},
	        {"192.0.2.1", SAN_IP, 4},
	        {"::1", SAN_IP, 16},
	        {"2001:db8::17", SAN_IP, 16},
	        {"spiffe://shop.example/web", SAN_URI, 0},
	        {"https://a.example:8443/x?y=%20#z", SAN_URI, 0},
	        {"", SAN_INVALID, 0},
	        {"*", SAN_INVALID, 0},
	        {"*.com", SAN_INVALID, 0},
	        {"a.*.example", SAN_INVALID, 0},
	        {"w*b.example.org", SAN_INVALID, 0},
	        {"-a", SAN_INVALID, 0},
	        {"a-", SAN_INVALID, 0},
	        {"a..b", SAN_INVALID, 0},
	        {".a", SAN_INVALID, 0},
	        {"a.", SAN_INVALID, 0},
	        {"a_b", SAN_INVALID, 0},
	        {"a b", SAN_INVALID, 0},
	        {"192.0.2.256", SAN_INVALID, 0},
	        {"1.2.3", SAN_INVALID, 0},
	        {"192.0.2.1/24", SAN_INVALID, 0},
	        {"fe80::1%eth0", SAN_INVALID, 0},
	        {"spiffe:///web", SAN_INVALID, 0},
	        {"spiffe://", SAN_INVALID, 0},
	        {"spiffe://u@h/x", SAN_INVALID, 0},
	        {"https://a/%2", SAN_INVALID, 0},
	        {"https://a/\x01", SAN_INVALID, 0},
	        {"https://a/b c", SAN_INVALID, 0},
	        {"b\xc3\xbc"
	         "cher.example",
	         SAN_INVALID, 0},
	        {"1x://host", SAN_INVALID, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct san s = san_classify(bytes_str(rows[i].text));

		if (s.kind != rows[i].kind || s.ip_n != rows[i].ip_n)
			fail_msg("\"%s\": kind %d", rows[i].text, s.kind);
		assert_int_equal(s.kind == SAN_INVALID, s.why != NULL);
	}
	/* An embedded NUL would end the name early in other programs. */
	assert_int_equal(san_classify(BYTES("web\0.evil.example")).kind, SAN_INVALID);
	assert_int_equal(san_classify(BYTES("1.2.3.4\0")).kind, SAN_INVALID);
}

static void
label_lengths(void **state)
{
	char name[300];

	(void)state;
	for (size_t n = 62; n < 66; n++) {
		for (size_t i = 0; i < n; i++)
			name[i] = 'a';
		assert_int_equal(san_classify(bytes_of(name, n)).kind,
		                 n <= 63 ? SAN_DNS : SAN_INVALID);
	}
	for (size_t i = 0; i < 300; i++)
		name[i] = i % 50 == 49 ? '.' : 'a';
	assert_int_equal(san_classify(bytes_of(name, 253)).kind, SAN_DNS);
	assert_int_equal(san_classify(bytes_of(name, 254)).kind, SAN_INVALID);
}

static void
within(void **state)
{
	static const struct {
		const char *name, *permitted;
		bool yes;
	} rows[] = {
	        {"a.example", "a.example", true}, {"x.a.example", "a.example", true},
	        {"A.Example", "a.example", true}, {"xa.example", "a.example", false},
	        {"example", "a.example", false},  {"b.example", "a.example", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(san_within(bytes_str(rows[i].name), bytes_str(rows[i].permitted)),
		                 rows[i].yes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(kinds),
	        cmocka_unit_test(label_lengths),
	        cmocka_unit_test(within),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
