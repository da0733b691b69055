/* SPDX-License-Identifier: Apache-2.0 */
/* object.get, keys, filter, remove, union, union_n, subset. */
#include "rego/builtin_groups.h"

enum { OBJECT_MAX_DEPTH = 1000 }; /* of recursion into nested objects */

static status
get(struct rego_call *c, const struct value *args, struct value *ret)
{
	const struct value *at = &args[0];

	TRY(builtin_type(c, args, 0, VALUE_OBJECT));
	*ret = args[2];
	if (args[1].type != VALUE_ARRAY) {
		at = value_get(at, &args[1]);
	} else {
		for (uint32_t i = 0; at && i < args[1].n; i++)
			at = value_get(at, &args[1].u.items[i]);
	}
	if (at)
		*ret = *at;
	return OK;
}

static status
keys(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value *items;

	TRY(builtin_type(c, args, 0, VALUE_OBJECT));
	TRY(rego_charge(c, args[0].n / 4));
	items = arena_array(c->arena, args[0].n, sizeof *items);
	TRY(arena_check(c->arena, c->err));
	for (uint32_t i = 0; i < args[0].n; i++)
		items[i] = args[0].u.members[i].key;
	/* Keys of a frozen object are sorted and unique: a frozen set. */
	*ret = (struct value){.type = VALUE_SET, .n = args[0].n, .u.items = items};
	return OK;
}

/* The keys that object.filter and object.remove are given, as a set or object to look up in. */
static status
key_operand(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value_list list = value_list_of(c->arena);

	TRY(builtin_type(c, args, 0, VALUE_OBJECT));
	if (!value_is_collection(&args[1]))
		return builtin_operand(c, 2, "one of {object, set, array}", &args[1]);
	TRY(rego_charge(c, (uint64_t)args[0].n + args[1].n * 4U));
	*ret = args[1];
	if (args[1].type != VALUE_ARRAY)
		return OK;
	for (uint32_t i = 0; i < args[1].n; i++)
		value_push(&list, args[1].u.items[i]);
	*ret = value_set(&list);
	return arena_check(c->arena, c->err);
}

static status
select_members(struct rego_call *c, const struct value *args, bool wanted, struct value *ret)
{
	struct value_list out = value_list_of(c->arena);
	struct value wanted_keys;

	TRY(key_operand(c, args, &wanted_keys));
	for (uint32_t i = 0; i < args[0].n; i++) {
		const struct member *m = &args[0].u.members[i];

		if ((value_get(&wanted_keys, &m->key) != NULL) == wanted)
			value_push_member(&out, m->key, m->val);
	}
	*ret = value_object(&out, NULL);
	return arena_check(c->arena, c->err);
}

static status
filter(struct rego_call *c, const struct value *args, struct value *ret)
{
	return select_members(c, args, true, ret);
}

static status
remove_keys(struct rego_call *c, const struct value *args, struct value *ret)
{
	return select_members(c, args, false, ret);
}

/* Members of both; where both have objects these are merged, else the right one wins. */
static status
merge(struct rego_call *c, const struct value *x, const struct value *y, uint32_t depth,
      struct value *ret)
{
	size_t total = (size_t)x->n + y->n;
	struct member *out = arena_array(c->arena, total, sizeof *out);
	uint32_t i = 0, k = 0, n = 0;

	if (depth > OBJECT_MAX_DEPTH)
		return builtin_limit(c, "objects nest deeper than %d", OBJECT_MAX_DEPTH);
	TRY(rego_charge(c, total + 1));
	TRY(arena_check(c->arena, c->err));
	while (i < x->n || k < y->n) {
		int order = i == x->n   ? 1
		            : k == y->n ? -1
		                        : value_cmp(&x->u.members[i].key, &y->u.members[k].key);

		if (order < 0) {
			out[n++] = x->u.members[i++];
		} else if (order > 0) {
			out[n++] = y->u.members[k++];
		} else {
			const struct member *a = &x->u.members[i++], *b = &y->u.members[k++];

			out[n] = *b;
			if (a->val.type == VALUE_OBJECT && b->val.type == VALUE_OBJECT)
				TRY(merge(c, &a->val, &b->val, depth + 1, &out[n].val));
			n++;
		}
	}
	*ret = (struct value){.type = VALUE_OBJECT, .n = n, .u.members = out};
	return OK;
}

static status
object_union(struct rego_call *c, const struct value *args, struct value *ret)
{
	TRY(builtin_type(c, args, 0, VALUE_OBJECT));
	TRY(builtin_type(c, args, 1, VALUE_OBJECT));
	return merge(c, &args[0], &args[1], 0, ret);
}

static status
union_n(struct rego_call *c, const struct value *args, struct value *ret)
{
	TRY(builtin_type(c, args, 0, VALUE_ARRAY));
	for (uint32_t i = 0; i < args[0].n; i++)
		if (args[0].u.items[i].type != VALUE_OBJECT)
			return operand_element(c, 1, &args[0], "object", &args[0].u.items[i]);
	*ret = value_empty(VALUE_OBJECT);
	for (uint32_t i = 0; i < args[0].n; i++)
		TRY(merge(c, ret, &args[0].u.items[i], 0, ret));
	return OK;
}

/* Does `sub` occur in `super` as a run of neighbours? Knuth, Morris, Pratt: never quadratic. */
static status
run_in(struct rego_call *c, const struct value *super, const struct value *sub, bool *ret)
{
	uint32_t *back = arena_array(c->arena, (size_t)sub->n + 1, sizeof *back);
	uint32_t k = 0;

	TRY(arena_check(c->arena, c->err));
	TRY(rego_charge(c, 2 * ((uint64_t)super->n + sub->n)));
	for (uint32_t i = 1; i < sub->n; i++) {
		while (k > 0 && !value_eq(&sub->u.items[i], &sub->u.items[k]))
			k = back[k];
		k += value_eq(&sub->u.items[i], &sub->u.items[k]);
		back[i + 1] = k;
	}
	k = 0;
	for (uint32_t i = 0; k < sub->n && i < super->n; i++) {
		while (k > 0 && !value_eq(&super->u.items[i], &sub->u.items[k]))
			k = back[k];
		k += value_eq(&super->u.items[i], &sub->u.items[k]);
	}
	*ret = k == sub->n;
	return OK;
}

static status
subset_of(struct rego_call *c, const struct value *super, const struct value *sub, uint32_t depth,
          bool *ret)
{
	if (depth > OBJECT_MAX_DEPTH)
		return builtin_limit(c, "objects nest deeper than %d", OBJECT_MAX_DEPTH);
	*ret = true;
	for (uint32_t i = 0; *ret && i < sub->n; i++) {
		const struct member *m = &sub->u.members[i];
		const struct value *v = value_get(super, &m->key);

		TRY(rego_charge(c, 2));
		if (v && v->type == VALUE_OBJECT && m->val.type == VALUE_OBJECT)
			TRY(subset_of(c, v, &m->val, depth + 1, ret));
		else if (v && v->type == VALUE_SET && m->val.type == VALUE_SET)
			*ret = value_difference(c->arena, &m->val, v).n == 0;
		else if (v && v->type == VALUE_ARRAY && m->val.type == VALUE_ARRAY)
			TRY(run_in(c, v, &m->val, ret));
		else
			*ret = v && value_eq(v, &m->val);
	}
	return arena_check(c->arena, c->err);
}

/* Does the array have every item of the set? */
static status
array_has_set(struct rego_call *c, const struct value *array, const struct value *set, bool *ret)
{
	struct value_list items = value_list_of(c->arena);
	struct value all;

	*ret = false;
	if (array->n == 0)
		return OK; /* not even of the empty set */
	TRY(rego_charge(c, (uint64_t)array->n * 4 + set->n));
	for (uint32_t i = 0; i < array->n; i++)
		value_push(&items, array->u.items[i]);
	all = value_set(&items);
	*ret = value_difference(c->arena, set, &all).n == 0;
	return arena_check(c->arena, c->err);
}

static status
subset(struct rego_call *c, const struct value *args, struct value *ret)
{
	enum value_type super = args[0].type, sub = args[1].type;
	bool yes;

	if (super == VALUE_OBJECT && sub == VALUE_OBJECT) {
		TRY(subset_of(c, &args[0], &args[1], 0, &yes));
	} else if (super == VALUE_SET && sub == VALUE_SET) {
		TRY(rego_charge(c, (uint64_t)args[0].n + args[1].n));
		yes = value_difference(c->arena, &args[1], &args[0]).n == 0;
	} else if (super == VALUE_ARRAY && sub == VALUE_ARRAY) {
		TRY(run_in(c, &args[0], &args[1], &yes));
	} else if (super == VALUE_ARRAY && sub == VALUE_SET) {
		TRY(array_has_set(c, &args[0], &args[1], &yes));
	} else {
		return builtin_type_error(
		        c,
		        "both arguments object.subset must be of the same type or array and set");
	}
	TRY(arena_check(c->arena, c->err));
	return return_bool(yes, ret);
}

static const struct rego_builtin list[] = {
        {"object.get", 3, 0, get},
        {"object.keys", 1, 0, keys},
        {"object.filter", 2, 0, filter},
        {"object.remove", 2, 0, remove_keys},
        {"object.union", 2, 0, object_union},
        {"object.union_n", 1, 0, union_n},
        {"object.subset", 2, 0, subset},
};
const struct rego_builtin_group rego_group_objects = {list, COUNT_OF(list)};
