/* SPDX-License-Identifier: Apache-2.0 */
#include "case.h"
#include "rego/lex.h"
#include "rego/zone_file.h"

#include <stdio.h>

enum { CASE_ARENA = 512 * 1024 * 1024 };

static const char *const left_out[] = {"http.send", "net.lookup_ip_addr", "opa.runtime",
                                       "rego.parse_module", "providers.aws."};

static bool
is_left_out(const struct rego_case *c)
{
	for (size_t i = 0; i < COUNT_OF(left_out); i++) {
		struct bytes name = bytes_str(left_out[i]);

		if (bytes_find(c->query, name, 0) != SIZE_MAX)
			return true;
		for (size_t m = 0; m < c->n_modules; m++)
			if (bytes_find(c->modules[m], name, 0) != SIZE_MAX)
				return true;
	}
	return false;
}

static void
any_random(void *ctx, void *to, size_t n)
{
	uint8_t *p = to;
	uint64_t *state = ctx;

	for (size_t i = 0; i < n; i++) {
		*state = *state * 6364136223846793005u + 1442695040888963407u;
		p[i] = (uint8_t)(*state >> 56);
	}
}

/* OPA's own test builtin; time stands still here, so there is nothing to wait for. */
static status
test_sleep(struct rego_call *call, const struct value *args, struct value *ret)
{
	struct bytes text;

	TRY(builtin_string(call, args, 0, &text));
	*ret = json_null();
	return OK;
}

static const struct rego_builtin test_builtins[] = {{"test.sleep", 1, 0, test_sleep}};
static const struct rego_builtin_group test_group = {test_builtins, COUNT_OF(test_builtins)};

/* All of the full table, and those of OPA's test program. */
static const struct rego_builtins *
all_builtins(void)
{
	static const struct rego_builtin_group *groups[64];
	static struct rego_builtins all = {"test", groups, 0};
	size_t n = rego_builtins_full.n;

	if (all.n == 0 && n < COUNT_OF(groups)) {
		mem_copy(groups, rego_builtins_full.groups, n * sizeof groups[0]);
		groups[n] = &test_group;
		all.n = n + 1;
	}
	return &all;
}

static status
compile_case(const struct rego_case *c, const char *query, struct policy **ret, struct err *err)
{
	struct policy_options o = {.builtins = all_builtins(),
	                           .query = query,
	                           .v0 = c->v0,
	                           .filter = c->query.n > 0};
	struct policy_module modules[CASE_MODULES];
	char names[CASE_MODULES][32];

	for (size_t i = 0; i < c->n_modules; i++) {
		snprintf(names[i], sizeof names[i], "test-%zu.rego", i);
		modules[i] = (struct policy_module){names[i], c->modules[i]};
	}
	return policy_compile(modules, c->n_modules, &o, ret, err);
}

/* JSON has neither sets nor keys that are no strings: compare what both become in it. */
static status
as_json(struct arena *a, const struct value *v, struct value *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0};

	value_json(v, &text);
	TRY(buf_check(&text, err));
	return json_parse_sorted(a, arena_copy(a, buf_view(&text)), NULL, NULL, ret, err);
}

static void
sort_arrays(struct arena *a, struct value *v)
{
	struct value *p = (struct value *)(uintptr_t)v->u.items;
	size_t n = v->type == VALUE_OBJECT ? (size_t)v->n * 2 : v->n;
	struct value_list l = value_list_of(a);

	if (!value_is_collection(v))
		return;
	for (size_t i = 0; i < n; i++)
		sort_arrays(a, &p[i]);
	if (v->type != VALUE_ARRAY)
		return;
	for (size_t i = 0; i < n; i++)
		value_push(&l, p[i]);
	for (size_t i = 1; i < l.n; i++)
		for (size_t k = i; k > 0 && value_cmp(&l.p[k - 1], &l.p[k]) > 0; k--) {
			struct value held = l.p[k];

			l.p[k] = l.p[k - 1];
			l.p[k - 1] = held;
		}
	v->u.items = l.p;
}

/* The query's input, when it is given as a term of the language. */
static status
input_of(const struct rego_case *c, struct arena *a, struct value *ret, struct err *err)
{
	struct eval_options o = {0};
	struct policy *p = NULL;
	struct rego_eval ev;
	struct value answer;
	struct bytes query;
	status s;

	if (c->input_term.n == 0) {
		if (c->input) {
			*ret = value_copy(a, c->input);
			value_freeze(ret);
		}
		return OK;
	}
	query = arena_printf(a, "(%.*s)", BYTES_ARG(c->input_term));
	TRY(compile_case(&(struct rego_case){0}, (const char *)query.p, &p, err));
	s = eval_start(&ev, p, &o, a, err);
	if (is_ok(s))
		s = eval_query(&ev, &answer);
	if (is_ok(s) && answer.n == 2)
		*ret = value_copy(a, &answer.u.items[1].u.items[0]);
	policy_drop(p);
	return s;
}

static const char *
code_name(enum eval_error e)
{
	return e == EVAL_CONFLICT  ? "eval_conflict_error"
	       : e == EVAL_BUILTIN ? "eval_builtin_error"
	       : e == EVAL_TYPE    ? "eval_type_error"
	       : e == EVAL_LIMIT   ? "eval_limit_error"
	                           : NULL;
}

static bool
check_error(const struct rego_case *c, enum eval_error e, const struct err *err, char *why,
            size_t size)
{
	const char *code = code_name(e);
	char got[2048];

	/* A failure to compile says its class itself. */
	snprintf(got, sizeof got, "%s: %s%s%s [%s]", err->place, code ? code : "", code ? ": " : "",
	         err->msg, err->id);
	if (!code)
		code = rego_error_class(err->id);
	if (c->want_error.n == 0 && c->want_code.n == 0) {
		snprintf(why, size, "failed: %s", got);
		return false;
	}
	if (c->want_code.n > 0 && (!code || !bytes_is(c->want_code, code))) {
		snprintf(why, size, "wrong error: %s", got);
		return false;
	}
	if (bytes_find(bytes_str(got), c->want_error, 0) != SIZE_MAX || c->want_error.n == 0)
		return true;
	snprintf(why, size, "wrong message: %s, want %.*s", got, BYTES_ARG(c->want_error));
	return false;
}

static bool
check_result(const struct rego_case *c, struct arena *a, const struct value *answer, char *why,
             size_t size)
{
	CLEANUP(buf_done) struct buf shown = {0};
	struct value_list got = value_list_of(a);
	struct value list, want, sorted;
	struct err err = {0};

	for (uint32_t i = 0; i < answer->n; i += 2)
		value_push(&got, answer->u.items[i]);
	list = value_array(&got);
	if (c->want_error.n > 0 || c->want_code.n > 0) {
		value_json(&list, &shown);
		snprintf(why, size, "got %s, want an error", buf_cstr(&shown));
		return false;
	}
	if (!is_ok(as_json(a, &list, &list, &err)))
		return false;
	want = c->want_result ? value_copy(a, c->want_result) : value_empty(VALUE_ARRAY);
	value_freeze(&want);
	if (c->sort) {
		sort_arrays(a, &want);
		sort_arrays(a, &list);
	}
	/* The order of solutions is nobody's promise. */
	sorted = list;
	if (!c->sort && want.n > 1) {
		struct value_list x = value_list_of(a), y = value_list_of(a);

		for (uint32_t i = 0; i < want.n; i++)
			value_push(&x, want.u.items[i]);
		for (uint32_t i = 0; i < list.n; i++)
			value_push(&y, list.u.items[i]);
		want = value_set(&x);
		sorted = value_set(&y);
	}
	if (value_eq(&want, &sorted))
		return true;
	value_json(&list, &shown);
	buf_str(&shown, ", want ");
	value_json(&want, &shown);
	snprintf(why, size, "got %s", buf_cstr(&shown));
	return false;
}

static bool
run(const struct rego_case *c, struct arena *a, char *why, size_t size)
{
	uint64_t seed = 1;
	struct eval_options o = {.strict = c->strict,
	                         .now_ns = 1767225600000000000,
	                         .random = any_random,
	                         .random_ctx = &seed,
	                         .zone = zone_file};
	struct policy *p = NULL;
	struct err err = {0};
	struct rego_eval ev = {0};
	struct value answer = {0};
	bool passed;
	status s;

	if (!is_ok(input_of(c, a, &o.input, &err))) {
		snprintf(why, size, "input: %s: %s", err.place, err.msg);
		return false;
	}
	if (c->data) {
		o.data = value_copy(a, c->data);
		value_freeze(&o.data);
	}
	s = compile_case(c, (const char *)arena_copy(a, c->query).p, &p, &err);
	if (!is_ok(s))
		return check_error(c, EVAL_NO_ERROR, &err, why, size);
	o.cache = cache_new(0);
	s = eval_start(&ev, p, &o, a, &err);
	if (is_ok(s))
		s = eval_query(&ev, &answer);
	passed = is_ok(s) ? check_result(c, a, &answer, why, size)
	                  : check_error(c, ev.why, &err, why, size);
	cache_free(o.cache);
	policy_drop(p);
	return passed;
}

enum case_outcome
case_run(const struct rego_case *c, char *why, size_t size)
{
	struct arena a;
	bool passed;

	why[0] = '\0';
	arena_init(&a, CASE_ARENA);
	passed = run(c, &a, why, size);
	arena_done(&a);
	return passed ? CASE_PASSED : is_left_out(c) ? CASE_SKIPPED : CASE_FAILED;
}
