/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"
#include "json/value.h"

#include <string.h>

static void
accepted_texts(void **state)
{
	/* Written sorted and compact again. */
	static const struct {
		const char *text, *want;
	} rows[] = {
	        {"null", "null"},
	        {" true ", "true"},
	        {"\t[ ]\r\n", "[]"},
	        {"{}", "{}"},
	        {"-0", "-0"},
	        {"0", "0"},
	        {"-12", "-12"},
	        {"1.50", "1.50"},
	        {"1E+2", "1E+2"},
	        {"9223372036854775807", "9223372036854775807"},
	        {"9223372036854775808", "9223372036854775808"},
	        {"\"\\u0041\\n\\/\\u00e9\\ud83d\\ude00\"", "\"A\\n/\xc3\xa9\xf0\x9f\x98\x80\""},
	        {"\"\\u0000\"", "\"\\u0000\""},
	        {"{\"b\":1,\"a\":[1,{\"c\":null}]}", "{\"a\":[1,{\"c\":null}],\"b\":1}"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf out = {0};
		struct value v;
		struct err err;

		assert_ok(json_parse(&a, bytes_str(rows[i].text), NULL, &v, &err));
		json_write(&v, JSON_SORT, &out);
		assert_bytes(buf_view(&out), bytes_str(rows[i].want));
	}
}

static void
refused_texts(void **state)
{
	static const struct {
		const char *text, *id, *place;
	} rows[] = {
	        {"", "E-JSON-001", "1:1"},
	        {"nul", "E-JSON-001", "1:1"},
	        {"+1", "E-JSON-001", "1:1"},
	        {"01", "E-JSON-013", "1:2"},
	        {"1.", "E-JSON-002", "1:3"},
	        {"1e", "E-JSON-002", "1:3"},
	        {"-", "E-JSON-002", "1:2"},
	        {"\"a", "E-JSON-003", "1:3"},
	        {"\"a\nb\"", "E-JSON-003", "1:3"},
	        {"\"\\x\"", "E-JSON-004", "1:3"},
	        {"\"\\u12g4\"", "E-JSON-004", "1:4"},
	        {"\"\\ud800\"", "E-JSON-005", "1:8"},
	        {"\"\\udc00\"", "E-JSON-005", "1:8"},
	        {"\"\xff\"", "E-JSON-006", "1:1"},
	        {"{\"a\":1,\n\"a\":2}", "E-JSON-007", NULL},
	        {"{a:1}", "E-JSON-008", "1:2"},
	        {"{\"a\" 1}", "E-JSON-008", "1:6"},
	        {"[1 2]", "E-JSON-009", "1:4"},
	        {"[1,]", "E-JSON-009", "1:4"},
	        {"{\"a\":1,}", "E-JSON-009", "1:8"},
	        {"[1", "E-JSON-009", "1:3"},
	        {"\xef\xbb\xbf{}", "E-JSON-001", "1:1"},
	        {"{} x", "E-JSON-013", "1:4"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		struct value v = {0};
		struct err err;

		assert_fails(json_parse(&a, bytes_str(rows[i].text), NULL, &v, &err), rows[i].id);
		assert_int_equal(v.type, VALUE_UNDEFINED);
		if (rows[i].place)
			assert_string_equal(err.place, rows[i].place);
	}
}

static void
depth_limit(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct json_limits limits = {.depth = 10};
	struct value v;
	struct err err;

	(void)state;
	assert_ok(json_parse(&a, BYTES("[[[[[[[[[[1]]]]]]]]]]"), &limits, &v, &err));
	assert_fails(json_parse(&a, BYTES("[[[[[[[[[[[1]]]]]]]]]]]"), &limits, &v, &err),
	             "E-JSON-012");
	limits.bytes = 3;
	assert_ok(json_parse(&a, BYTES("123"), &limits, &v, &err));
	assert_fails(json_parse(&a, BYTES("1234"), &limits, &v, &err), "E-JSON-010");
}

static void
many_members_with_one_twice(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct value v;
	struct err err;

	(void)state;
	buf_str(&text, "{");
	for (int i = 0; i < 5000; i++)
		buf_printf(&text, "\"k%d\":%d,", i, i);
	buf_str(&text, "\"last\":0}");
	assert_ok(json_parse(&a, buf_view(&text), NULL, &v, &err));
	assert_int_equal(json_get(&v, "k4999")->u.i, 4999);
	text.n -= strlen("\"last\":0}");
	buf_str(&text, "\"k17\":0}");
	assert_fails(json_parse(&a, buf_view(&text), NULL, &v, &err), "E-JSON-007");
}

static void
fields_are_strict(void **state)
{
	static const struct {
		const char *text, *id, *place;
	} rows[] = {
	        {"{\"name\":\"x\"}", NULL, NULL},
	        {"{\"name\":\"x\",\"n\":3}", NULL, NULL},
	        {"{\"n\":3}", "E-JSON-021", ".name"},
	        {"{\"name\":3}", "E-JSON-022", ".name"},
	        {"{\"name\":\"x\",\"Name\":\"y\"}", "E-JSON-020", ".Name"},
	        {"[]", "E-JSON-022", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		const struct value *name, *n;
		const struct json_field fields[] = {
		        {"name", VALUE_STRING, true, &name},
		        {"n", VALUE_NUMBER, false, &n},
		};
		struct value v;
		struct err err;

		assert_ok(json_parse(&a, bytes_str(rows[i].text), NULL, &v, &err));
		if (!rows[i].id) {
			assert_ok(json_fields(&v, fields, COUNT_OF(fields), &err));
			continue;
		}
		assert_fails(json_fields(&v, fields, COUNT_OF(fields), &err), rows[i].id);
		assert_string_equal(err.place, rows[i].place);
	}
}

static void
built_and_indented(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf out = {0};
	struct value o = json_object(), l = json_array();

	(void)state;
	for (int i = 0; i < 3; i++)
		json_add(&a, &l, json_int(i));
	json_put(&a, &o, "list", l);
	json_put(&a, &o, "hex", json_hex(&a, BYTES("\x01\xfe")));
	json_put(&a, &o, "empty", json_array());
	json_put(&a, &o, "when", json_time(&a, 0));
	json_write(&o, JSON_INDENT, &out);
	assert_bytes(buf_view(&out),
	             BYTES("{\n  \"list\": [\n    0,\n    1,\n    2\n  ],\n  \"hex\": \"01fe\",\n"
	                   "  \"empty\": [],\n  \"when\": \"1970-01-01T00:00:00Z\"\n}"));
	for (int i = 0; i < 1000; i++)
		json_add(&a, &l, json_int(i));
	assert_int_equal(l.n, 1003);
	assert_int_equal(json_item(&l, 1002)->u.i, 999);
	assert_null(json_item(&l, 1003));
}

static void
out_of_memory_at_every_point(void **state)
{
	bool done = false;

	(void)state;
	for (uint64_t k = 1; !done; k++) {
		CLEANUP(arena_done) struct arena a = {0};
		struct value v = {0};
		struct err err;
		status s;

		mem_fail_after(k);
		s = json_parse(&a,
		               BYTES("{\"a\\n\":[1,2,{\"b\":[]}],\"c\":1,\"d\":1,\"e\":1,\"f\":1,"
		                     "\"g\":1,\"h\":1,\"i\":1,\"j\":\"\\u0041\"}"),
		               NULL, &v, &err);
		mem_fail_after(0);
		done = is_ok(s);
		if (!done)
			assert_int_equal(s.cls, ERR_LIMIT);
		assert_true(k < 100);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(accepted_texts),
	        cmocka_unit_test(refused_texts),
	        cmocka_unit_test(depth_limit),
	        cmocka_unit_test(many_members_with_one_twice),
	        cmocka_unit_test(fields_are_strict),
	        cmocka_unit_test(built_and_indented),
	        cmocka_unit_test(out_of_memory_at_every_point),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
