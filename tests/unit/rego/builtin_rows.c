/* SPDX-License-Identifier: Apache-2.0 */
#include "builtin_rows.h"
#include "rego/zone_file.h"
#include "unit.h"

#include <string.h>

enum { MAX_CACHED = 512, MAX_MEMO = 64, MAX_ARITY = 16 };

int64_t builtin_rows_now = 1700000000123456789;

/* ---- the evaluation's services ---- */

static uint64_t steps_left = ROW_STEPS;
static uint64_t random_state = 88172645463325252ULL;

static struct {
	enum rego_cache_kind kind;
	struct bytes key;
	void *object;
	void (*free_object)(void *);
} cached[MAX_CACHED];
static size_t n_cached;

static struct {
	struct value key, val;
} memo[MAX_MEMO];
static size_t n_memo;
static struct arena service_arena;

/* Calls have no steps of their own here, so every charge comes to this. */
status
rego_charge_more(struct rego_call *c, uint64_t steps)
{
	if (steps > steps_left)
		return err_set(c->err, ERR_LIMIT, "E-REGO-050", "out of steps");
	steps_left -= steps;
	return OK;
}

void *
rego_cache_get(struct rego_call *c, enum rego_cache_kind kind, struct bytes key)
{
	(void)c;
	for (size_t i = 0; i < n_cached; i++)
		if (cached[i].kind == kind && bytes_equal(cached[i].key, key))
			return cached[i].object;
	return NULL;
}

bool
rego_cache_put(struct rego_call *c, enum rego_cache_kind kind, struct bytes key, void *object,
               size_t size, void (*free_object)(void *))
{
	(void)c;
	(void)size;
	assert_true(n_cached < MAX_CACHED);
	cached[n_cached].kind = kind;
	cached[n_cached].key = arena_copy(&service_arena, key);
	cached[n_cached].object = object;
	cached[n_cached++].free_object = free_object;
	return true;
}

const struct value *
rego_memo_get(struct rego_call *c, const struct value *key)
{
	(void)c;
	for (size_t i = 0; i < n_memo; i++)
		if (value_eq(&memo[i].key, key))
			return &memo[i].val;
	return NULL;
}

void
rego_memo_put(struct rego_call *c, struct value key, struct value val)
{
	(void)c;
	assert_true(n_memo < MAX_MEMO);
	memo[n_memo].key = value_copy(&service_arena, &key);
	memo[n_memo++].val = value_copy(&service_arena, &val);
}

status
rego_random(struct rego_call *c, void *to, size_t n)
{
	(void)c;
	for (size_t i = 0; i < n; i++) {
		random_state ^= random_state << 13;
		random_state ^= random_state >> 7;
		random_state ^= random_state << 17;
		((uint8_t *)to)[i] = (uint8_t)(random_state >> 32);
	}
	return OK;
}

bool
rego_zone(struct rego_call *c, struct bytes name, struct buf *tzif)
{
	(void)c;
	return zone_file(NULL, name, tzif);
}

static void
drop_services(void)
{
	for (size_t i = 0; i < n_cached; i++)
		cached[i].free_object(cached[i].object);
	n_cached = 0;
	n_memo = 0;
	steps_left = ROW_STEPS;
	arena_done(&service_arena);
}

/* ---- rows ---- */

static struct value
convert(struct arena *a, const struct value *v)
{
	struct value_list list = value_list_of(a);
	const struct value *set = json_get(v, "$set"), *map = json_get(v, "$map");
	const struct value *items = set ? set : map ? map : v;

	if (v->type != VALUE_ARRAY && v->type != VALUE_OBJECT)
		return *v;
	for (uint32_t i = 0; i < items->n; i++) {
		if (items->type == VALUE_OBJECT) {
			value_push_member(&list, items->u.members[i].key,
			                  convert(a, &items->u.members[i].val));
		} else if (map) {
			value_push_member(&list, convert(a, &items->u.items[i].u.items[0]),
			                  convert(a, &items->u.items[i].u.items[1]));
		} else {
			value_push(&list, convert(a, &items->u.items[i]));
		}
	}
	if (set)
		return value_set(&list);
	return map || v->type == VALUE_OBJECT ? value_object(&list, NULL) : value_array(&list);
}

struct value
builtin_rows_value(struct arena *a, const char *text)
{
	struct value v;
	struct err err;

	if (!is_ok(json_parse(a, arena_copy(a, bytes_str(text)), NULL, &v, &err)))
		fail_msg("row is no JSON: %s: %s", text, err.msg);
	return convert(a, &v);
}

static void
check(const struct builtin_row *row, status s, const struct value *got, const struct err *err,
      struct arena *a)
{
	CLEANUP(buf_done) struct buf shown = {0};

	value_term(got, &shown);
	if (row->want[0] == '!') {
		if (is_ok(s))
			fail_msg("%s(%s): gave %.*s, want failure \"%s\"", row->call, row->args,
			         BYTES_ARG(buf_view(&shown)), row->want + 1);
		if (!strstr(err->msg, row->want + 1))
			fail_msg("%s(%s): failed \"%s\", want \"%s\"", row->call, row->args,
			         err->msg, row->want + 1);
		return;
	}
	if (!is_ok(s))
		fail_msg("%s(%s): failed \"%s\", want %s", row->call, row->args, err->msg,
		         row->want);
	if (row->want[0] == '?') {
		if (got->type != VALUE_UNDEFINED)
			fail_msg("%s(%s): gave %.*s, want undefined", row->call, row->args,
			         BYTES_ARG(buf_view(&shown)));
		return;
	}
	struct value want = builtin_rows_value(a, row->want);

	if (got->type == VALUE_UNDEFINED || !value_eq(got, &want))
		fail_msg("%s(%s): gave %.*s, want %s", row->call, row->args,
		         BYTES_ARG(buf_view(&shown)), row->want);
}

static void
run(const struct rego_builtins *table, const struct builtin_row *row)
{
	CLEANUP(arena_done) struct arena a = {.cap = ROW_ARENA};
	const struct rego_builtin *b = rego_builtin_find(table, bytes_str(row->call));
	struct err err = {0};
	struct rego_call c = {.arena = &a,
	                      .name = row->call,
	                      .now_ns = builtin_rows_now,
	                      .err = &err};
	struct value args[MAX_ARITY] = {{0}}, ret = {0};
	struct value list;
	status s;

	if (!b)
		fail_msg("there is no %s", row->call);
	list = builtin_rows_value(&a, row->args);
	if (list.n != b->arity)
		fail_msg("%s takes %u operands: %s", row->call, b->arity, row->args);
	for (uint32_t i = 0; i < list.n; i++)
		args[i] = list.u.items[i];
	steps_left = ROW_STEPS;
	s = b->fn(&c, args, &ret);
	check(row, s, &ret, &err, &a);
	if (is_ok(s))
		assert_false(a.failed);
}

void
builtin_rows_run(const struct rego_builtins *table, const struct builtin_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		run(table, &rows[i]);
	drop_services();
}
