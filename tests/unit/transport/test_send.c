/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/script.h"
#include "unit.h"

static const struct transport_header secret_headers[] = {
        {{(const uint8_t *)"Authorization", 13}, {(const uint8_t *)"Basic eDp5", 10}},
        {{(const uint8_t *)"Accept", 6}, {(const uint8_t *)"text/plain", 10}},
};

static status
get(struct script *s, const char *method, const char *url, struct transport_response *r,
    struct err *err)
{
	struct transport_request req = {
	        .method = method,
	        .url = bytes_str(url),
	        .headers = secret_headers,
	        .n_headers = 2,
	};

	return transport_send(&s->transport, &req, r, err);
}

#define RUN(steps_, method, url)                                                                   \
	struct script s;                                                                           \
	CLEANUP(transport_response_done) struct transport_response r = {0};                        \
	struct err err;                                                                            \
	status st;                                                                                 \
	(void)state;                                                                               \
	script_init(&s, steps_, COUNT_OF(steps_));                                                 \
	st = get(&s, method, url, &r, &err)

static void
answers_once(void **state)
{
	static const struct script_step steps[] = {
	        {.method = "GET",
	         .url = "https://a/x",
	         .status = 200,
	         .headers = {{"Content-Type", "text/plain"}, {"X", "1"}},
	         .body = {(const uint8_t *)"hi", 2}},
	};
	RUN(steps, "GET", "https://a/x");

	assert_ok(st);
	assert_true(script_done(&s));
	assert_int_equal(r.status, 200);
	assert_bytes(buf_view(&r.body), BYTES("hi"));
	assert_bytes(transport_header_get(&r, "content-type"), BYTES("text/plain"));
	assert_bytes(transport_header_get(&r, "content"), BYTES(""));
	assert_bytes(r.url, BYTES("https://a/x"));
}

static void
repeats_what_may_help(void **state)
{
	static const struct script_step steps[] = {
	        {.status = 0},
	        {.status = 503},
	        {.status = 429, .headers = {{"retry-after", "7"}}},
	        {.status = 200, .body = {(const uint8_t *)"ok", 2}},
	};
	RUN(steps, "GET", "https://a/x");

	assert_ok(st);
	assert_true(script_done(&s));
	assert_bytes(buf_view(&r.body), BYTES("ok"));
	assert_true(s.slept_ms >= 125 + 250 + 7000 && s.slept_ms <= 250 + 500 + 7000);
}

static void
gives_up_after_four(void **state)
{
	static const struct script_step steps[] = {
	        {.status = 500},
	        {.status = 502},
	        {.status = 503},
	        {.status = 504},
	};
	RUN(steps, "GET", "https://a/x");

	assert_ok(st);
	assert_true(script_done(&s));
	assert_int_equal(r.status, 504);
}

static void
does_not_wait_past_the_deadline(void **state)
{
	static const struct script_step steps[] = {
	        {.status = 503, .headers = {{"Retry-After", "25"}}},
	        {.status = 503, .headers = {{"Retry-After", "25"}}},
	        {.status = 503, .headers = {{"Retry-After", "3600"}}},
	};
	RUN(steps, "GET", "https://a/x");

	assert_ok(st);
	assert_true(script_done(&s));
	assert_int_equal(s.slept_ms, 50000);
}

static void
never_repeats_a_post(void **state)
{
	static const struct script_step steps[] = {{.status = 503}};
	RUN(steps, "POST", "https://a/x");

	assert_ok(st);
	assert_true(script_done(&s));
	assert_int_equal(r.status, 503);
}

static void
follows_inside_the_origin_with_credentials(void **state)
{
	static const struct script_step steps[] = {
	        {.url = "https://a/x", .status = 307, .headers = {{"Location", "/y"}}},
	        {.url = "https://a/y",
	         .status = 200,
	         .want_header = {"Authorization", "Basic eDp5"}},
	};
	RUN(steps, "GET", "https://a/x");

	assert_ok(st);
	assert_string_equal(s.fault, "");
	assert_true(script_done(&s));
	assert_bytes(r.url, BYTES("https://a/y"));
}

static void
drops_credentials_for_another_origin(void **state)
{
	static const struct script_step steps[] = {
	        {.url = "https://a/x", .status = 302, .headers = {{"Location", "https://b/y"}}},
	        {.url = "https://b/y",
	         .status = 302,
	         .headers = {{"Location", "https://a/z"}},
	         .want_header = {"Authorization", NULL}},
	        {.url = "https://a/z", .status = 200, .want_header = {"Authorization", NULL}},
	};
	RUN(steps, "GET", "https://a/x");

	assert_ok(st);
	assert_string_equal(s.fault, "");
	assert_true(script_done(&s));
}

static void
keeps_other_headers_for_another_origin(void **state)
{
	static const struct script_step steps[] = {
	        {.status = 302, .headers = {{"Location", "https://b/y"}}},
	        {.status = 200, .want_header = {"Accept", "text/plain"}},
	};
	RUN(steps, "GET", "https://a/x");

	assert_ok(st);
	assert_string_equal(s.fault, "");
}

static void
refuses_bad_redirects(void **state)
{
	static const struct {
		const char *location, *id;
	} rows[] = {
	        {"http://a/y", "E-TRANSPORT-010"},
	        {"http://127.0.0.1/y", "E-TRANSPORT-010"},
	        {"", "E-TRANSPORT-010"},
	        {"file:///etc/shadow", "E-TRANSPORT-001"},
	        {"https://u:p@a/", "E-TRANSPORT-001"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct script_step steps[] = {
		        {.status = 302, .headers = {{"Location", rows[i].location}}},
		};
		RUN(steps, "GET", "https://a/x");

		assert_fails(st, rows[i].id);
	}
}

static void
counts_redirects(void **state)
{
	static const struct script_step steps[] = {
	        {.status = 302, .headers = {{"Location", "/1"}}},
	        {.status = 302, .headers = {{"Location", "/2"}}},
	        {.status = 302, .headers = {{"Location", "/3"}}},
	        {.status = 302, .headers = {{"Location", "/4"}}},
	        {.status = 302, .headers = {{"Location", "/5"}}},
	        {.status = 302, .headers = {{"Location", "/6"}}},
	};
	RUN(steps, "GET", "https://a/x");

	assert_fails(st, "E-TRANSPORT-011");
	assert_true(script_done(&s));
}

static void
post_is_not_redirected(void **state)
{
	static const struct script_step steps[] = {
	        {.status = 302, .headers = {{"Location", "/1"}}},
	};
	RUN(steps, "POST", "https://a/x");

	assert_ok(st);
	assert_int_equal(r.status, 302);
}

static void
plain_http_is_for_loopback(void **state)
{
	static const struct {
		const char *url;
		bool ok;
	} rows[] = {
	        {"http://127.0.0.1:5000/", true},
	        {"http://localhost/", true},
	        {"http://[::1]:1/", true},
	        {"http://a/", false},
	        {"http://127.0.0.1.evil.example/", false},
	};
	static const struct script_step steps[] = {{.status = 200}};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		RUN(steps, "GET", rows[i].url);

		if (rows[i].ok)
			assert_ok(st);
		else
			assert_fails(st, "E-TRANSPORT-002");
		assert_int_equal(s.at, rows[i].ok);
	}
}

static void
a_header_cannot_smuggle(void **state)
{
	static const char *const values[] = {"a\r\nX: y", "a\n", "a\x7f", "\x01"};
	struct script s;
	struct err err;

	(void)state;
	script_init(&s, NULL, 0);
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		CLEANUP(transport_response_done) struct transport_response r = {0};
		struct transport_header h = {BYTES("Authorization"), bytes_str(values[i])};
		struct transport_request req = {
		        .method = "GET",
		        .url = BYTES("https://a/"),
		        .headers = &h,
		        .n_headers = 1,
		};

		assert_fails(transport_send(&s.transport, &req, &r, &err), "E-TRANSPORT-012");
	}
}

/* ---- sinks ---- */

struct taken {
	struct buf data;
	unsigned int begun;
};

static status
take_begin(void *ctx, const struct transport_response *head, struct err *err)
{
	struct taken *t = ctx;

	(void)head;
	(void)err;
	t->begun++;
	return OK;
}

static status
take_data(void *ctx, struct bytes piece, struct err *err)
{
	struct taken *t = ctx;

	buf_bytes(&t->data, piece);
	return buf_check(&t->data, err);
}

static void
a_stream_is_not_repeated_once_begun(void **state)
{
	static const struct script_step steps[] = {
	        {.status = 503, .body = {(const uint8_t *)"busy", 4}},
	        {.status = 200, .body = {(const uint8_t *)"abcdef", 6}, .break_after = 4},
	};
	struct taken taken = {0};
	struct transport_sink sink = {&taken, take_begin, take_data};
	struct transport_request req = {.method = "GET", .url = BYTES("https://a/"), .sink = &sink};
	CLEANUP(transport_response_done) struct transport_response r = {0};
	struct script s;
	struct err err;

	(void)state;
	script_init(&s, steps, COUNT_OF(steps));
	assert_fails(transport_send(&s.transport, &req, &r, &err), "E-TRANSPORT-007");
	assert_true(script_done(&s));
	assert_int_equal(taken.begun, 1);
	assert_bytes(buf_view(&taken.data), BYTES("abcd"));
	buf_done(&taken.data);
}

static void
header_limits(void **state)
{
	CLEANUP(transport_response_done) struct transport_response r = {0};
	struct err err;

	(void)state;
	for (int i = 0; i < TRANSPORT_MAX_HEADERS; i++)
		assert_ok(transport_header_add(&r, BYTES("a"), BYTES("b"), &err));
	assert_fails(transport_header_add(&r, BYTES("a"), BYTES("b"), &err), "E-TRANSPORT-009");
}

static void
recorder_counts(void **state)
{
	static const struct script_step steps[] = {
	        {.status = 200, .body = {(const uint8_t *)"abcdef", 6}},
	        {.status = 0},
	        {.status = 404},
	};
	CLEANUP(transport_response_done) struct transport_response r = {0};
	CLEANUP(recorder_done) struct recorder rec;
	struct transport_request req = {.method = "GET", .url = BYTES("https://a/")};
	struct script s;
	struct err err;

	(void)state;
	script_init(&s, steps, COUNT_OF(steps));
	recorder_init(&rec, &s.transport);
	assert_ok(transport_send(&rec.transport, &req, &r, &err));
	assert_ok(transport_send(&rec.transport, &req, &r, &err));
	assert_int_equal(rec.requests, 3);
	assert_int_equal(rec.bytes_in, 6);
	assert_bytes(buf_view(&rec.lines), BYTES("GET https://a/ -> 200 6\nGET https://a/ -> 0 0\n"
	                                         "GET https://a/ -> 404 0\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(answers_once),
	        cmocka_unit_test(repeats_what_may_help),
	        cmocka_unit_test(gives_up_after_four),
	        cmocka_unit_test(does_not_wait_past_the_deadline),
	        cmocka_unit_test(never_repeats_a_post),
	        cmocka_unit_test(follows_inside_the_origin_with_credentials),
	        cmocka_unit_test(drops_credentials_for_another_origin),
	        cmocka_unit_test(keeps_other_headers_for_another_origin),
	        cmocka_unit_test(refuses_bad_redirects),
	        cmocka_unit_test(counts_redirects),
	        cmocka_unit_test(post_is_not_redirected),
	        cmocka_unit_test(plain_http_is_for_loopback),
	        cmocka_unit_test(a_header_cannot_smuggle),
	        cmocka_unit_test(a_stream_is_not_repeated_once_begun),
	        cmocka_unit_test(header_limits),
	        cmocka_unit_test(recorder_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
