/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/url.h"
#include "unit.h"

static void
parse_rows(void **state)
{
	static const struct {
		const char *text;
		const char *host; /* NULL: refuse */
		uint16_t port;
		const char *target;
		bool https;
	} rows[] = {
	        {"https://a.example/x?y", "a.example", 443, "/x?y", true},
	        {"HTTP://127.0.0.1:5000", "127.0.0.1", 5000, "", false},
	        {"http://[::1]:80/v2/", "::1", 80, "/v2/", false},
	        {"http://[::1]", "::1", 80, "", false},
	        {"https://a?q=1#frag", "a", 443, "?q=1", true},
	        {"https://a/#frag", "a", 443, "/", true},
	        {"https://a.example:65535/", "a.example", 65535, "/", true},
	        {"https://a.example:65536/", NULL, 0, NULL, false},
	        {"https://a.example:0/", NULL, 0, NULL, false},
	        {"https://a.example:/", NULL, 0, NULL, false},
	        {"https://a.example:+1/", NULL, 0, NULL, false},
	        {"https://user@a.example/", NULL, 0, NULL, false},
	        {"https://user:pw@a.example/", NULL, 0, NULL, false},
	        {"https:///x", NULL, 0, NULL, false},
	        {"https://", NULL, 0, NULL, false},
	        {"https://[::1/", NULL, 0, NULL, false},
	        {"https://[::1]x/", NULL, 0, NULL, false},
	        {"https://[1.2.3.4%25]/", NULL, 0, NULL, false},
	        {"https://-a/", NULL, 0, NULL, false},
	        {"ftp://a/", NULL, 0, NULL, false},
	        {"a.example/x", NULL, 0, NULL, false},
	        {"/x", NULL, 0, NULL, false},
	        {"", NULL, 0, NULL, false},
	        {"https://a/ b", NULL, 0, NULL, false},
	        {"https://a/\r\nX: y", NULL, 0, NULL, false},
	        {"https://a/\xc3\xa9", NULL, 0, NULL, false},
	        {"https://a\\b/", NULL, 0, NULL, false},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct url u;

		if (!rows[i].host) {
			assert_fails(url_parse(bytes_str(rows[i].text), &u, &err),
			             "E-TRANSPORT-001");
			continue;
		}
		assert_ok(url_parse(bytes_str(rows[i].text), &u, &err));
		assert_bytes(u.host, bytes_str(rows[i].host));
		assert_bytes(u.target, bytes_str(rows[i].target));
		assert_int_equal(u.port, rows[i].port);
		assert_int_equal(u.https, rows[i].https);
	}
}

static void
length_limit(void **state)
{
	CLEANUP(buf_done) struct buf text = {0};
	struct url u;
	struct err err;

	(void)state;
	buf_str(&text, "https://a/");
	while (text.n < URL_MAX)
		buf_u8(&text, 'x');
	assert_ok(url_parse(buf_view(&text), &u, &err));
	buf_u8(&text, 'x');
	assert_fails(url_parse(buf_view(&text), &u, &err), "E-TRANSPORT-001");
}

static void
resolve_rows(void **state)
{
	static const struct {
		const char *base, *location, *want; /* NULL: refuse */
	} rows[] = {
	        {"https://a/x/y?z", "https://b/q", "https://b/q"},
	        {"https://a/x/y?z", "//b:81/q", "https://b:81/q"},
	        {"http://a:80/x/y", "/q?r", "http://a:80/q?r"},
	        {"https://a/x/y?z=/", "q", "https://a/x/q"},
	        {"https://a", "q", "https://a/q"},
	        {"https://a?x", "q", "https://a/q"},
	        {"https://[::1]:5/x", "/q", "https://[::1]:5/q"},
	        {"https://a/x", "file:///etc/passwd", NULL},
	        {"https://a/x", "javascript:1", NULL},
	        {"https://a/x", "http://", NULL},
	        {"https://a/x", "/q r", NULL},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_done) struct buf out = {0};
		struct url base;

		assert_ok(url_parse(bytes_str(rows[i].base), &base, &err));
		if (!rows[i].want) {
			assert_fails(url_resolve(&base, bytes_str(rows[i].location), &out, &err),
			             "E-TRANSPORT-001");
			continue;
		}
		assert_ok(url_resolve(&base, bytes_str(rows[i].location), &out, &err));
		assert_bytes(buf_view(&out), bytes_str(rows[i].want));
	}
}

static void
loopback_rows(void **state)
{
	static const struct {
		const char *host;
		bool is;
	} rows[] = {
	        {"localhost", true},
	        {"LOCALHOST", true},
	        {"127.0.0.1", true},
	        {"127.255.0.9", true},
	        {"::1", true},
	        {"127.0.0.1.example", false},
	        {"127.0.0", false},
	        {"127.0.0.256", false},
	        {"127.0.0.01", false},
	        {"127.0.0.", false},
	        {"127.0.0.1.", false},
	        {"128.0.0.1", false},
	        {"localhost.example", false},
	        {"0.0.0.0", false},
	        {"::2", false},
	        {"", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(url_is_loopback(bytes_str(rows[i].host)), rows[i].is);
}

static void
origins(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {
	        {"https://a/x", "https://A:443/y", true},
	        {"https://a/", "http://a:443/", false},
	        {"https://a/", "https://a:444/", false},
	        {"https://a/", "https://a.b/", false},
	};
	struct url a, b;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		assert_ok(url_parse(bytes_str(rows[i].a), &a, &err));
		assert_ok(url_parse(bytes_str(rows[i].b), &b, &err));
		assert_int_equal(url_same_origin(&a, &b), rows[i].same);
	}
}

static void
escaping(void **state)
{
	CLEANUP(buf_done) struct buf out = {0};

	(void)state;
	url_escape(BYTES("repository:a/b-c_d.e~f:pull push&\xc3\xa9"), &out);
	assert_bytes(buf_view(&out), BYTES("repository%3Aa%2Fb-c_d.e~f%3Apull%20push%26%C3%A9"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(parse_rows),   cmocka_unit_test(length_limit),
	        cmocka_unit_test(resolve_rows), cmocka_unit_test(loopback_rows),
	        cmocka_unit_test(origins),      cmocka_unit_test(escaping),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
