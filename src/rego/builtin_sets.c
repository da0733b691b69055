/* SPDX-License-Identifier: Apache-2.0 */
/* intersection and union of a set of sets, and the older set_diff. */
#include "rego/builtin_groups.h"

static status
set_of_sets(struct rego_call *c, const struct value *args)
{
	TRY(builtin_type(c, args, 0, VALUE_SET));
	for (uint32_t i = 0; i < args[0].n; i++)
		if (args[0].u.items[i].type != VALUE_SET)
			return operand_element(c, 1, &args[0], "set", &args[0].u.items[i]);
	return OK;
}

static status
intersection(struct rego_call *c, const struct value *args, struct value *ret)
{
	TRY(set_of_sets(c, args));
	*ret = args[0].n > 0 ? args[0].u.items[0] : value_empty(VALUE_SET);
	for (uint32_t i = 1; i < args[0].n; i++) {
		TRY(rego_charge(c, (uint64_t)ret->n + args[0].u.items[i].n));
		*ret = value_intersection(c->arena, ret, &args[0].u.items[i]);
	}
	return arena_check(c->arena, c->err);
}

/* All items in one list, sorted once: merging one set after another would be quadratic. */
static status
set_union(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value_list out = value_list_of(c->arena);

	TRY(set_of_sets(c, args));
	for (uint32_t i = 0; i < args[0].n; i++) {
		const struct value *s = &args[0].u.items[i];

		TRY(rego_charge(c, (uint64_t)s->n * 4));
		for (uint32_t k = 0; k < s->n; k++)
			value_push(&out, s->u.items[k]);
	}
	*ret = value_set(&out);
	return arena_check(c->arena, c->err);
}

static status
set_diff(struct rego_call *c, const struct value *args, struct value *ret)
{
	TRY(builtin_type(c, args, 0, VALUE_SET));
	TRY(builtin_type(c, args, 1, VALUE_SET));
	TRY(rego_charge(c, (uint64_t)args[0].n + args[1].n));
	*ret = value_difference(c->arena, &args[0], &args[1]);
	return arena_check(c->arena, c->err);
}

static const struct rego_builtin list[] = {
        {"intersection", 1, 0, intersection},
        {"union", 1, 0, set_union},
        {"set_diff", 2, 0, set_diff},
};
const struct rego_builtin_group rego_group_sets = {list, COUNT_OF(list)};
