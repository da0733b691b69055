/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "rego/value.h"

static struct value
parse(struct arena *a, const char *text)
{
	struct value v;
	struct err err = {0};

	assert_ok(json_parse(a, bytes_str(text), NULL, &v, &err));
	value_freeze(&v);
	return v;
}

static void
order(void **state)
{
	/* Ascending; each equals itself only. */
	static const char *const rows[] = {
	        "null",      "false",     "true",  "-1e30",  "-5",        "-4.5",
	        "0",         "1e-30",     "0.1",   "0.25",   "1",         "1.5",
	        "2",         "10",        "1e2",   "1e3",    "123456789", "1e30",
	        "2e30",      "\"\"",      "\"a\"", "\"aa\"", "\"b\"",     "[]",
	        "[1]",       "[1,2]",     "[2]",   "{}",     "{\"a\":1}", "{\"a\":1,\"b\":2}",
	        "{\"a\":2}", "{\"b\":0}",
	};
	CLEANUP(arena_done) struct arena a = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (size_t k = 0; k < COUNT_OF(rows); k++) {
			struct value x = parse(&a, rows[i]), y = parse(&a, rows[k]);
			int c = value_cmp(&x, &y);

			if (((c > 0) - (c < 0)) != (i > k) - (i < k))
				fail_msg("%s against %s: %d", rows[i], rows[k], c);
			assert_int_equal(value_eq(&x, &y), i == k);
		}
}

static void
equal_numbers(void **state)
{
	static const char *const rows[][2] = {
	        {"1", "1.0"},
	        {"1", "1e0"},
	        {"100", "1e2"},
	        {"0.01", "1e-2"},
	        {"-0", "0"},
	        {"0.0", "0"},
	        {"10.50", "10.5"},
	        {"-12e1", "-120"},
	        {"9223372036854775808", "9223372036854775808.0"},
	        {"0e5", "0"},
	};
	CLEANUP(arena_done) struct arena a = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct value x = parse(&a, rows[i][0]), y = parse(&a, rows[i][1]);

		if (value_cmp(&x, &y) != 0 || !value_eq(&y, &x))
			fail_msg("%s is not %s", rows[i][0], rows[i][1]);
	}
}

static void
arithmetic(void **state)
{
	static const struct {
		const char *a;
		char op;
		const char *b, *want;
	} rows[] = {
	        {"0.1", '+', "0.2", "0.3"},
	        {"9223372036854775807", '+', "1", "9223372036854775808"},
	        {"9223372036854775808", '-', "1", "9223372036854775807"},
	        {"1e20", '*', "1e20", "10000000000000000000000000000000000000000"},
	        {"1.5", '*', "2", "3"},
	        {"10", '/', "4", "2.5"},
	        {"1", '/', "3", "0.33333333333333333334"},
	        {"-2", '/', "3", "-0.6666666666666666667"},
	        {"1e-9", '*', "1", "1e-09"},
	        {"6", '/', "2", "3"},
	        {"1", '/', "1000000", "1e-06"},
	};
	CLEANUP(arena_done) struct arena a = {0};
	struct num x, y, z;

	(void)state;
	num_init(&x);
	num_init(&y);
	num_init(&z);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_done) struct buf text = {0};
		struct value v;

		assert_true(num_parse(&x, bytes_str(rows[i].a)));
		assert_true(num_parse(&y, bytes_str(rows[i].b)));
		(rows[i].op == '+'   ? num_add
		 : rows[i].op == '-' ? num_sub
		 : rows[i].op == '*' ? num_mul
		                     : num_div)(&z, &x, &y);
		v = num_value(&a, &z);
		value_json(&v, &text);
		if (!bytes_is(buf_view(&text), rows[i].want))
			fail_msg("%s %c %s = %s, want %s", rows[i].a, rows[i].op, rows[i].b,
			         buf_cstr(&text), rows[i].want);
	}
	num_done(&x);
	num_done(&y);
	num_done(&z);
}

static void
sets_and_objects(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct value_list l = value_list_of(&a), m = value_list_of(&a);
	struct value s, o, other;
	bool conflict = false;

	(void)state;
	for (int64_t i = 0; i < 1000; i++)
		value_push(&l, json_int((i * 7919) % 500));
	s = value_set(&l);
	assert_int_equal(s.n, 500);
	for (uint32_t i = 0; i < s.n; i++)
		assert_int_equal(s.u.items[i].u.i, i);
	for (int64_t i = 0; i < 100; i++) {
		value_push_member(&m, json_int((i * 37) % 50), json_int((i * 37) % 50));
	}
	o = value_object(&m, &conflict);
	assert_int_equal(o.n, 50);
	assert_false(conflict);
	m = value_list_of(&a);
	value_push_named(&m, "a", json_int(1));
	value_push_named(&m, "a", json_int(2));
	o = value_object(&m, &conflict);
	assert_true(conflict);
	value_term(&o, &text);
	assert_bytes(buf_view(&text), BYTES("{\"a\": 2}"));
	l = value_list_of(&a);
	value_push(&l, json_int(499));
	value_push(&l, json_int(777));
	other = value_set(&l);
	assert_int_equal(value_union(&a, &s, &other).n, 501);
	assert_int_equal(value_intersection(&a, &s, &other).n, 1);
	assert_int_equal(value_difference(&a, &s, &other).n, 499);
}

static void
doubles(void **state)
{
	static const struct {
		double d;
		const char *want;
	} rows[] = {{0.1, "0.1"},
	            {1e22, "10000000000000000000000"},
	            {5e-324, "5e-324"},
	            {-2.5, "-2.5"}};
	CLEANUP(arena_done) struct arena a = {0};
	struct num n;

	(void)state;
	num_init(&n);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_done) struct buf text = {0};
		struct value v;

		num_from_double(&n, rows[i].d);
		assert_true(num_to_double(&n) == rows[i].d);
		v = num_value(&a, &n);
		value_json(&v, &text);
		assert_bytes(buf_view(&text), bytes_str(rows[i].want));
	}
	num_done(&n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(order),      cmocka_unit_test(equal_numbers),
	        cmocka_unit_test(arithmetic), cmocka_unit_test(sets_and_objects),
	        cmocka_unit_test(doubles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
