/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "rego/policy.h"
#include "rego/signature.h"

/* Every builtin of the full table has a signature of its own arity, but what is the language's. */
static void
signatures(void **state)
{
	static const char *const none[] = {
	        "print",        "internal.member_2", "internal.member_3", "uri.parse",
	        "uri.is_valid", "internal.print",    "strings.split_n"};
	CLEANUP(arena_done) struct arena a = {0};
	const struct rego_builtins *t = &rego_builtins_full;
	struct types types;

	(void)state;
	assert_true(types_init(&types, &a));
	for (size_t g = 0; g < t->n; g++)
		for (size_t i = 0; i < t->groups[g]->n; i++) {
			const struct rego_builtin *b = &t->groups[g]->list[i];
			const struct signature *s = signature_of(&types, b);
			bool expected = true;

			for (size_t k = 0; k < COUNT_OF(none); k++)
				expected &= !bytes_is(bytes_str(none[k]), b->name);
			if (!s && expected)
				fail_msg("%s has no signature", b->name);
			if (s && s->n_args != b->arity)
				fail_msg("%s: %u arguments in its signature, %u in fact", b->name,
				         s->n_args, b->arity);
		}
}

static const struct type *
list_of(struct types *t, const struct type *a, const struct type *b)
{
	const struct type *items[] = {a, b};

	return type_array(t, items, 2, NULL);
}

static void
shapes(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	const struct type *number, *string, *either, *pair, *object;
	struct type_member members[2];
	struct types t;
	char text[80];

	(void)state;
	assert_true(types_init(&t, &a));
	number = type_scalar(&t, TYPE_NUMBER);
	string = type_scalar(&t, TYPE_STRING);
	either = type_or(&t, string, number);
	assert_ptr_equal(either, type_or(&t, either, number));
	assert_ptr_equal(either, type_or(&t, number, string));
	assert_ptr_equal(type_or(&t, either, type_scalar(&t, TYPE_ANY)), type_scalar(&t, TYPE_ANY));
	pair = list_of(&t, number, string);
	assert_ptr_equal(pair, list_of(&t, number, string));
	assert_ptr_equal(type_values(&t, pair), either);
	assert_true(types_meet(&t, either, number));
	assert_false(types_meet(&t, number, string));
	assert_false(types_meet(&t, pair, list_of(&t, string, number)));
	assert_true(types_meet(&t, pair, type_array(&t, NULL, 0, either)));
	assert_false(types_meet(&t, pair, type_array(&t, NULL, 0, string)));
	members[0] = (struct type_member){json_cstr("b"), string};
	members[1] = (struct type_member){json_cstr("a"), number};
	object = type_object(&t, members, 2, NULL, NULL);
	type_show(object, text, sizeof text);
	assert_string_equal(text, "object<a: number, b: string>");
	type_show(object, text, 12);
	assert_string_equal(text, "object<a...");
	type_show(NULL, text, sizeof text);
	assert_string_equal(text, "???");
	assert_null(type_select(&t, object, &(struct value){.type = VALUE_NULL}));
	assert_null(type_keys(&t, number));
}

/* Deeper than the limit is any; one more alternative than the limit too. */
static void
limits(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	const struct type *t, *all = NULL;
	struct types types;

	(void)state;
	assert_true(types_init(&types, &a));
	t = type_scalar(&types, TYPE_NULL);
	for (int i = 0; i < TYPES_MAX_DEPTH; i++) {
		t = type_set(&types, t);
		assert_int_equal(t->kind, TYPE_SET);
	}
	assert_int_equal(type_set(&types, t)->kind, TYPE_ANY);
	for (uint32_t i = 0; i <= TYPES_MAX_UNION; i++) {
		const struct type *items[TYPES_MAX_UNION + 1];

		for (uint32_t k = 0; k < i; k++)
			items[k] = type_scalar(&types, TYPE_NULL);
		all = type_or(&types, all, type_array(&types, items, i, NULL));
		assert_int_equal(all->kind, i == 0                ? TYPE_ARRAY
		                            : i < TYPES_MAX_UNION ? TYPE_UNION
		                                                  : TYPE_ANY);
	}
	assert_false(types_charge(&types, TYPES_MAX_WORK));
	assert_true(types_meet(&types, type_scalar(&types, TYPE_NULL),
	                       type_scalar(&types, TYPE_STRING)));
}

static status
check(const char *text, size_t n, struct err *err)
{
	struct policy_module m = {"t.rego", bytes_of(text, n)};
	struct policy_options o = {.builtins = &rego_builtins_full};
	struct policy *p = NULL;
	status s = policy_compile(&m, 1, &o, &p, err);

	policy_drop(p);
	return s;
}

static void
repeat(struct buf *b, const char *text, int n)
{
	for (int i = 0; i < n; i++)
		buf_str(b, text);
}

/* Types that double with every rule, and operators in a row. */
static void
hostile(void **state)
{
	CLEANUP(buf_done) struct buf b = {0};
	struct err err = {0};

	(void)state;
	buf_str(&b, "package t\n");
	for (int i = 0; i < 100; i++)
		buf_printf(&b, "p%d := [p%d, p%d]\nq%d := [q%d, q%d]\n", i, i + 1, i + 1, i, i + 1,
		           i + 1);
	buf_str(&b, "p100 := 1\nq100 := \"a\"\nr if p0 == q0\n");
	assert_ok(check((const char *)b.p, b.n, &err));
	buf_str(&b, "s if p80 == q80\n");
	assert_fails(check((const char *)b.p, b.n, &err), "E-REGO-022");
	b.n = 0;
	buf_str(&b, "package t\np := 1");
	repeat(&b, " + 1", 3000);
	assert_ok(check((const char *)b.p, b.n, &err));
	repeat(&b, " + 1", 2000);
	assert_fails(check((const char *)b.p, b.n, &err), "E-REGO-002");
	repeat(&b, " + 1", 300000);
	assert_fails(check((const char *)b.p, b.n, &err), "E-REGO-002");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(signatures),
	        cmocka_unit_test(shapes),
	        cmocka_unit_test(limits),
	        cmocka_unit_test(hostile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
