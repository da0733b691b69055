/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/builtin_groups.h"

static struct value
items_value(const struct value *items, size_t n)
{
	return (struct value){.type = VALUE_ARRAY, .n = (uint32_t)n, .u.items = items};
}

static status
concat(struct rego_call *c, const struct value *args, struct value *ret)
{
	size_t n;
	struct value *items;

	TRY(builtin_type(c, args, 0, VALUE_ARRAY));
	TRY(builtin_type(c, args, 1, VALUE_ARRAY));
	n = (size_t)args[0].n + args[1].n;
	if (n > UINT32_MAX)
		return builtin_limit(c, "the result is too large");
	TRY(rego_charge(c, n / 4));
	items = arena_array(c->arena, n, sizeof *items);
	TRY(arena_check(c->arena, c->err));
	mem_copy(items, args[0].u.items, args[0].n * sizeof *items);
	mem_copy(items + args[0].n, args[1].u.items, args[1].n * sizeof *items);
	*ret = items_value(items, n);
	return OK;
}

/* One level: arrays in the array give their items, everything else stays. */
static status
flatten(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value_list out = value_list_of(c->arena);

	TRY(builtin_type(c, args, 0, VALUE_ARRAY));
	for (uint32_t i = 0; i < args[0].n; i++) {
		const struct value *v = &args[0].u.items[i];

		TRY(rego_charge(c, v->type == VALUE_ARRAY ? v->n : 1));
		if (v->type != VALUE_ARRAY)
			value_push(&out, *v);
		for (uint32_t k = 0; v->type == VALUE_ARRAY && k < v->n; k++)
			value_push(&out, v->u.items[k]);
	}
	*ret = value_array(&out);
	return arena_check(c->arena, c->err);
}

static status
reverse(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value *items;
	uint32_t n = args[0].n;

	TRY(builtin_type(c, args, 0, VALUE_ARRAY));
	TRY(rego_charge(c, n / 4));
	items = arena_array(c->arena, n, sizeof *items);
	TRY(arena_check(c->arena, c->err));
	for (uint32_t i = 0; i < n; i++)
		items[i] = args[0].u.items[n - 1 - i];
	*ret = items_value(items, n);
	return OK;
}

/* Bounds beyond the array are clamped to it. */
static status
slice(struct rego_call *c, const struct value *args, struct value *ret)
{
	int64_t from, to;

	TRY(builtin_type(c, args, 0, VALUE_ARRAY));
	TRY(builtin_int(c, args, 1, &from));
	TRY(builtin_int(c, args, 2, &to));
	from = MAX(from, 0);
	to = MIN(to, (int64_t)args[0].n);
	*ret = from < to ? items_value(args[0].u.items + from, (size_t)(to - from))
	                 : value_empty(VALUE_ARRAY);
	return OK;
}

static const struct rego_builtin list[] = {
        {"array.concat", 2, 0, concat},
        {"array.flatten", 1, 0, flatten},
        {"array.reverse", 1, 0, reverse},
        {"array.slice", 3, 0, slice},
};
const struct rego_builtin_group rego_group_arrays = {list, COUNT_OF(list)};
