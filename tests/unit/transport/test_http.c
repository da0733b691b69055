/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/http.h"
#include "unit.h"

static void
requests(void **state)
{
	static const struct {
		const char *text;
		const char *id; /* NULL: fine */
	} rows[] = {
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", NULL},
		{"POST /v1/attest HTTP/1.1\r\nhost:a\r\nContent-Length: 12\r\n\r\n", NULL},
		{"GET /a?b=c HTTP/1.0\r\n\r\n", NULL},
		{"GET / HTTP/1.1\r\n\r\n", "E-HTTP-008"},
		{"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "E-HTTP-008"},
		{"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", "E-HTTP-007"},
		{"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", "E-HTTP-007"},
		{"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 01\r\n\r\n", "E-HTTP-007"},
		{"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", "E-HTTP-007"},
		{"GET / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", "E-HTTP-007"},
		{"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775808\r\n\r\n", "E-HTTP-007"},
		{"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", "E-HTTP-006"},
		{"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n", "E-HTTP-009"},
		{"GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", "E-HTTP-009"},
		{"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", "E-HTTP-005"},
		{"GET / HTTP/1.1\r\nHost : a\r\n\r\n", "E-HTTP-005"},
		{"GET / HTTP/1.1\r\nnothing\r\n\r\n", "E-HTTP-005"},
		{"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", "E-HTTP-002"},
		{"GET / HTTP/1.1\r\nHost: a\nb\r\n\r\n", "E-HTTP-002"},
		{"GET / HTTP/1.1\r\nHost: a\r\n", "E-HTTP-002"},
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\nx", "E-HTTP-002"},
		{"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "E-HTTP-003"},
		{"GET /\r\nHost: a\r\n\r\n", "E-HTTP-003"},
		{"G\x01T / HTTP/1.1\r\nHost: a\r\n\r\n", "E-HTTP-002"},
		{"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", "E-HTTP-003"},
		{"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "E-HTTP-004"},
		{"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "E-HTTP-004"},
		{"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", "E-HTTP-004"},
		{"GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", "E-HTTP-004"},
		{"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "E-HTTP-003"},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct http_head h;
		status s = http_request_parse(bytes_str(rows[i].text), &h, &err);

		if (rows[i].id)
			assert_fails(s, rows[i].id);
		else
			assert_ok(s);
	}
}

static void
parts_of_a_request(void **state)
{
	struct http_head h;
	struct err err;

	(void)state;
	assert_ok(http_request_parse(BYTES("POST /v1/x?since=3&head=ab&e= HTTP/1.1\r\nHost: a\r\n"
	                                   "CONTENT-length:7\r\nConnection: Close\r\n"
	                                   "Expect: 100-Continue\r\nContrast-Head:  cafe \r\n\r\n"),
	                             &h, &err));
	assert_bytes(h.method, BYTES("POST"));
	assert_bytes(h.path, BYTES("/v1/x"));
	assert_bytes(http_query(&h, "since"), BYTES("3"));
	assert_bytes(http_query(&h, "head"), BYTES("ab"));
	assert_int_equal(http_query(&h, "e").n, 0);
	assert_int_equal(http_query(&h, "hea").n, 0);
	assert_true(h.has_length && h.close && h.expect_continue);
	assert_int_equal(h.length, 7);
	assert_bytes(http_field(&h, "contrast-head"), BYTES("cafe"));
	assert_int_equal(http_field(&h, "absent").n, 0);
}

static void
responses(void **state)
{
	static const struct {
		const char *text;
		unsigned int status; /* 0: refuse */
	} rows[] = {
		{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200},
		{"HTTP/1.1 503\r\nContent-Length: 5\r\n\r\n", 503},
		{"HTTP/1.1 100 Continue\r\n\r\n", 100},
		{"HTTP/1.1 204 No Content\r\n\r\n", 204},
		{"HTTP/1.1 200 OK\r\n\r\n", 0},
		{"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n", 0},
		{"HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n", 0},
		{"HTTP/1.1 99 OK\r\nContent-Length: 0\r\n\r\n", 0},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 0},
		{"HTTX/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0},
		{"", 0},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct http_head h;
		bool ok = is_ok(http_response_parse(bytes_str(rows[i].text), &h, &err));

		assert_int_equal(ok, rows[i].status != 0);
		if (ok)
			assert_int_equal(h.status, rows[i].status);
	}
}

static void
head_limit(void **state)
{
	CLEANUP(buf_done) struct buf in = {0};
	size_t size;
	struct err err;

	(void)state;
	buf_str(&in, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
	while (in.n < HTTP_HEAD_MAX - 4)
		buf_u8(&in, 'x');
	assert_ok(http_head_size(buf_view(&in), &size, &err));
	assert_int_equal(size, 0);
	buf_str(&in, "\r\n\r\n");
	assert_ok(http_head_size(buf_view(&in), &size, &err));
	assert_int_equal(size, HTTP_HEAD_MAX);
	in.n -= 4;
	buf_str(&in, "x\r\n\r\n");
	assert_fails(http_head_size(buf_view(&in), &size, &err), "E-HTTP-001");
}

static void
field_limit(void **state)
{
	struct http_head h;
	struct err err;

	(void)state;
	for (int n = HTTP_FIELDS_MAX; n <= HTTP_FIELDS_MAX + 1; n++) {
		CLEANUP(buf_done) struct buf in = {0};

		buf_str(&in, "GET / HTTP/1.1\r\nHost: a\r\n");
		for (int i = 1; i < n; i++)
			buf_printf(&in, "f%d: 1\r\n", i);
		buf_str(&in, "\r\n");
		assert_int_equal(is_ok(http_request_parse(buf_view(&in), &h, &err)),
		                 n == HTTP_FIELDS_MAX);
	}
}

static void
what_we_emit_parses(void **state)
{
	CLEANUP(buf_done) struct buf out = {0};
	struct http_head h;
	struct err err;

	(void)state;
	http_response_emit(409, BYTES("application/json"), BYTES("Retry-After: 2\r\n"), 17, true, &out);
	assert_ok(http_response_parse(buf_view(&out), &h, &err));
	assert_int_equal(h.status, 409);
	assert_int_equal(h.length, 17);
	assert_true(h.close);
	assert_bytes(http_field(&h, "retry-after"), BYTES("2"));
	buf_reset(&out);
	http_request_emit("POST", "/v1/attest", "h:1", BYTES("application/json"), BYTES("A: b\r\n"), 3,
	                  &out);
	assert_ok(http_request_parse(buf_view(&out), &h, &err));
	assert_bytes(http_field(&h, "a"), BYTES("b"));
	assert_int_equal(h.length, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests), cmocka_unit_test(parts_of_a_request),
		cmocka_unit_test(responses), cmocka_unit_test(head_limit),
		cmocka_unit_test(field_limit), cmocka_unit_test(what_we_emit_parses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
