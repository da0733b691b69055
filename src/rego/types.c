/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/types.h"

#include <stdlib.h>

/* ---- making ---- */

bool
types_charge(struct types *t, uint64_t n)
{
	t->work += n;
	return t->work <= TYPES_MAX_WORK && !t->arena->failed;
}

const struct type *
type_scalar(const struct types *t, enum type_kind kind)
{
	return t->scalars[kind];
}

static const struct type *
any(const struct types *t)
{
	return t->scalars[TYPE_ANY];
}

static uint32_t
mix(uint32_t h, uint32_t n)
{
	return (h ^ n) * 0x01000193;
}

static uint32_t
hash_of(const struct type *y)
{
	uint32_t h = mix(mix(0x811c9dc5, y->kind), y->n);

	for (uint32_t i = 0; i < y->n; i++)
		h = mix(h, y->items[i]->serial);
	for (uint32_t i = 0; y->keys && i < y->n; i++) {
		struct bytes name = y->keys[i].type == VALUE_STRING ? json_text(&y->keys[i])
		                                                    : (struct bytes){0};

		for (size_t k = 0; k < name.n; k++)
			h = mix(h, name.p[k]);
	}
	h = mix(h, y->key ? y->key->serial : 0);
	h = mix(h, y->val ? y->val->serial : 0);
	return h ^ h >> 15;
}

static bool
same(const struct type *a, const struct type *b)
{
	if (a->hash != b->hash || a->kind != b->kind || a->n != b->n || a->key != b->key ||
	    a->val != b->val)
		return false;
	for (uint32_t i = 0; i < a->n; i++)
		if (a->items[i] != b->items[i] || (a->keys && !value_eq(&a->keys[i], &b->keys[i])))
			return false;
	return true;
}

static bool
grow(struct types *t)
{
	uint32_t n = t->n_buckets ? t->n_buckets * 4 : 256;
	struct type **fresh = arena_array(t->arena, n, sizeof *fresh);

	if (!fresh)
		return false;
	for (uint32_t i = 0; i < t->n_buckets; i++) {
		for (struct type *y = t->buckets[i], *next; y; y = next) {
			next = y->chain;
			y->chain = fresh[y->hash & (n - 1)];
			fresh[y->hash & (n - 1)] = y;
		}
	}
	t->buckets = fresh;
	t->n_buckets = n;
	return true;
}

static uint8_t
depth_of(const struct type *y)
{
	unsigned int depth = y->key ? y->key->depth : 0;

	if (y->val && y->val->depth > depth)
		depth = y->val->depth;
	for (uint32_t i = 0; i < y->n; i++)
		if (y->items[i]->depth > depth)
			depth = y->items[i]->depth;
	return (uint8_t)(depth + 1);
}

static bool
is_hollow(const struct type *y)
{
	bool hollow = (y->kind == TYPE_SET && !y->val) || (y->val && y->val->hollow);

	for (uint32_t i = 0; i < y->n; i++)
		hollow |= y->items[i]->hollow;
	return hollow;
}

/* The one type of this shape. */
static const struct type *
unique(struct types *t, struct type y)
{
	struct type *found;

	y.hash = hash_of(&y);
	y.depth = depth_of(&y);
	y.hollow = is_hollow(&y);
	if (y.depth > TYPES_MAX_DEPTH || !types_charge(t, 1 + y.n / 4))
		return any(t);
	if (t->n_types >= t->n_buckets && !grow(t))
		return any(t);
	for (found = t->buckets[y.hash & (t->n_buckets - 1)]; found; found = found->chain)
		if (same(found, &y))
			return found;
	found = arena_new(t->arena, struct type);
	if (!found)
		return any(t);
	*found = y;
	found->items = arena_array(t->arena, y.n + 1, sizeof *found->items);
	if (!found->items)
		return any(t);
	if (y.n > 0)
		mem_copy(found->items, y.items, y.n * sizeof(struct type *));
	if (y.keys) {
		struct value *keys = arena_array(t->arena, y.n + 1, sizeof *keys);

		if (!keys)
			return any(t);
		mem_copy(keys, y.keys, y.n * sizeof *keys);
		found->keys = keys;
	}
	found->serial = ++t->n_types;
	found->chain = t->buckets[y.hash & (t->n_buckets - 1)];
	t->buckets[y.hash & (t->n_buckets - 1)] = found;
	return found;
}

bool
types_init(struct types *t, struct arena *a)
{
	*t = (struct types){.arena = a};
	if (!grow(t))
		return false;
	for (int kind = TYPE_NULL; kind <= TYPE_ANY; kind++) {
		struct type *y = arena_new(a, struct type);

		if (!y)
			return false;
		*y = (struct type){.kind = (uint8_t)kind, .serial = ++t->n_types};
		t->scalars[kind] = y;
	}
	return true;
}

const struct type *
type_array(struct types *t, const struct type **items, uint32_t n, const struct type *rest)
{
	return unique(t, (struct type){.kind = TYPE_ARRAY, .items = items, .n = n, .val = rest});
}

const struct type *
type_set(struct types *t, const struct type *of)
{
	return unique(t, (struct type){.kind = TYPE_SET, .val = of});
}

static int
by_key(const void *a, const void *b)
{
	const struct type_member *x = a, *y = b;

	return value_cmp(&x->key, &y->key);
}

const struct type *
type_object(struct types *t, struct type_member *members, uint32_t n, const struct type *key,
            const struct type *val)
{
	struct value *keys = arena_array(t->arena, n + 1, sizeof *keys);
	const struct type **vals = arena_array(t->arena, n + 1, sizeof *vals);
	uint32_t out = 0;

	if (!keys || !vals || !types_charge(t, n))
		return any(t);
	if (n > 1)
		qsort(members, n, sizeof *members, by_key);
	for (uint32_t i = 0; i < n; i++) {
		if (out > 0 && value_eq(&keys[out - 1], &members[i].key)) {
			vals[out - 1] = type_or(t, vals[out - 1], members[i].val);
			continue;
		}
		keys[out] = members[i].key;
		vals[out++] = members[i].val;
	}
	return unique(t, (struct type){.kind = TYPE_OBJECT,
	                               .items = vals,
	                               .keys = keys,
	                               .n = out,
	                               .key = val ? key : NULL,
	                               .val = val});
}

/* ---- alternatives ---- */

struct alternatives {
	const struct type *list[TYPES_MAX_UNION];
	uint32_t n;
	bool any;
};

static void
add_alternative(struct alternatives *u, const struct type *y)
{
	uint32_t k = 0;

	if (y->kind == TYPE_ANY || u->any) {
		u->any = true;
		return;
	}
	while (k < u->n && u->list[k]->serial < y->serial)
		k++;
	if (k < u->n && u->list[k] == y)
		return;
	if (u->n == TYPES_MAX_UNION) {
		u->any = true;
		return;
	}
	for (uint32_t i = u->n; i > k; i--)
		u->list[i] = u->list[i - 1];
	u->list[k] = y;
	u->n++;
}

static void
add_alternatives(struct alternatives *u, const struct type *y)
{
	if (y->kind != TYPE_UNION) {
		add_alternative(u, y);
		return;
	}
	for (uint32_t i = 0; i < y->n; i++)
		add_alternative(u, y->items[i]);
}

static const struct type *
one_of(struct types *t, struct alternatives *u)
{
	if (u->any)
		return any(t);
	if (u->n < 2)
		return u->n ? u->list[0] : NULL;
	return unique(t, (struct type){.kind = TYPE_UNION, .items = u->list, .n = u->n});
}

const struct type *
type_or(struct types *t, const struct type *a, const struct type *b)
{
	struct alternatives u = {.n = 0};

	if (!a || !b || a == b)
		return a ? a : b;
	add_alternatives(&u, a);
	add_alternatives(&u, b);
	return types_charge(t, u.n) ? one_of(t, &u) : any(t);
}

/* ---- taking apart ---- */

static enum type_kind
scalar_kind(const struct value *v)
{
	return v->type == VALUE_NULL     ? TYPE_NULL
	       : v->type == VALUE_BOOL   ? TYPE_BOOLEAN
	       : v->type == VALUE_NUMBER ? TYPE_NUMBER
	       : v->type == VALUE_STRING ? TYPE_STRING
	                                 : TYPE_ANY;
}

/* Constants of the language are scalars; what metadata and folding put in may be more. */
const struct type *
type_of_value(struct types *t, const struct value *v)
{
	return t->scalars[scalar_kind(v)];
}

static const struct type *
parts(struct types *t, const struct type *of, bool keys)
{
	bool object = of->kind == TYPE_OBJECT, array = of->kind == TYPE_ARRAY;
	struct alternatives u = {.n = 0};

	if (of->kind == TYPE_ANY || !types_charge(t, of->n))
		return any(t);
	if (of->kind == TYPE_UNION) {
		for (uint32_t i = 0; i < of->n; i++) {
			const struct type *y = parts(t, of->items[i], keys);

			if (y)
				add_alternatives(&u, y);
		}
		return one_of(t, &u);
	}
	if ((object || array || of->kind == TYPE_SET) && of->n == 0 && !of->val)
		return any(t); /* of what is empty nothing comes out */
	if (of->kind == TYPE_SET)
		return of->val;
	if (array && keys)
		return t->scalars[TYPE_NUMBER];
	if (!object && !array)
		return NULL;
	if (of->val)
		add_alternatives(&u, keys ? of->key : of->val);
	for (uint32_t i = 0; i < of->n; i++)
		add_alternatives(&u, keys ? type_of_value(t, &of->keys[i]) : of->items[i]);
	return one_of(t, &u);
}

const struct type *
type_keys(struct types *t, const struct type *of)
{
	return parts(t, of, true);
}

const struct type *
type_values(struct types *t, const struct type *of)
{
	return parts(t, of, false);
}

static const struct type *
select_item(struct types *t, const struct type *of, const struct value *key)
{
	int64_t i;

	if (key->type != VALUE_NUMBER)
		return NULL;
	if (!value_int(key, &i) || i < 0)
		return of->val;
	(void)t;
	return i < (int64_t)of->n ? of->items[i] : of->val;
}

static const struct type *
find_member(const struct type *of, const struct value *key)
{
	uint32_t low = 0, high = of->n;

	while (low < high) {
		uint32_t mid = (low + high) / 2;
		int c = value_cmp(&of->keys[mid], key);

		if (c == 0)
			return of->items[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static const struct type *
select_member(struct types *t, const struct type *of, const struct value *key)
{
	const struct type *found = find_member(of, key);

	if (!found && of->val && types_meet(t, of->key, type_of_value(t, key)))
		found = of->val;
	return found;
}

const struct type *
type_select(struct types *t, const struct type *of, const struct value *key)
{
	struct alternatives u = {.n = 0};

	if (of->kind == TYPE_ANY || !types_charge(t, 1))
		return any(t);
	if (of->kind == TYPE_ARRAY)
		return select_item(t, of, key);
	if (of->kind == TYPE_OBJECT)
		return select_member(t, of, key);
	if (of->kind == TYPE_SET) /* the item itself */
		return of->val && types_meet(t, of->val, type_of_value(t, key))
		               ? type_of_value(t, key)
		               : NULL;
	if (of->kind != TYPE_UNION)
		return NULL;
	for (uint32_t i = 0; i < of->n; i++) {
		const struct type *y = type_select(t, of->items[i], key);

		if (y)
			add_alternatives(&u, y);
	}
	return one_of(t, &u);
}

/* ---- meeting ---- */

static bool
items_meet(struct types *t, const struct type *a, const struct type *b)
{
	for (uint32_t i = 0; i < a->n; i++) {
		const struct type *other = i < b->n ? b->items[i] : b->val;

		if (!other || !types_meet(t, a->items[i], other))
			return false;
	}
	return true;
}

/* A member that the other one need not have is no contradiction, wherever the rest is open. */
static bool
members_meet(struct types *t, const struct type *a, const struct type *b)
{
	for (uint32_t i = 0; i < a->n; i++) {
		const struct type *other = find_member(b, &a->keys[i]);

		other = other ? other : b->val;
		if (other ? !types_meet(t, a->items[i], other) : !a->val)
			return false;
	}
	return true;
}

static bool
any_meets(struct types *t, const struct type *alternatives, const struct type *other)
{
	for (uint32_t i = 0; i < alternatives->n; i++)
		if (types_meet(t, alternatives->items[i], other))
			return true;
	return false;
}

bool
types_meet(struct types *t, const struct type *a, const struct type *b)
{
	if (a == b || a->kind == TYPE_ANY || b->kind == TYPE_ANY || !types_charge(t, 1))
		return true;
	if (a->kind == TYPE_UNION)
		return any_meets(t, a, b);
	if (b->kind == TYPE_UNION)
		return any_meets(t, b, a);
	if (a->kind != b->kind)
		return false;
	if (a->kind == TYPE_SET)
		return !a->val || !b->val || types_meet(t, a->val, b->val);
	if (a->kind != TYPE_ARRAY && a->kind != TYPE_OBJECT)
		return true;
	if (a->kind == TYPE_ARRAY ? !items_meet(t, a, b) || !items_meet(t, b, a)
	                          : !members_meet(t, a, b) || !members_meet(t, b, a))
		return false;
	return !a->val || !b->val || types_meet(t, a->val, b->val);
}
