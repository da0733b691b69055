/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/infer.h"

uint32_t
term_start(const struct term *t)
{
	while (t->kind == TERM_CALL && !t->fn && t->n > 0)
		t = t->items[0];
	return t->off;
}

void
learn(struct inference *in, uint32_t var, const struct type *t)
{
	if (in->n_trail == in->cap_trail) {
		uint32_t cap = in->cap_trail ? in->cap_trail * 2 : 64;
		struct learned *p = arena_array(in->types.arena, cap, sizeof *p);

		if (!p)
			return;
		if (in->n_trail > 0)
			mem_copy(p, in->trail, in->n_trail * sizeof *p);
		in->trail = p;
		in->cap_trail = cap;
	}
	in->trail[in->n_trail++] = (struct learned){var, in->vars[var]};
	in->vars[var] = t;
}

void
forget(struct inference *in, uint32_t trail)
{
	while (in->n_trail > trail) {
		in->n_trail--;
		in->vars[in->trail[in->n_trail].var] = in->trail[in->n_trail].before;
	}
}

static bool
is_key(const struct term *t)
{
	return t->kind == TERM_CONST && !value_is_collection(&t->u.value);
}

static bool
is_closure(const struct term *t)
{
	return t->kind == TERM_ARRAY_COMP || t->kind == TERM_SET_COMP ||
	       t->kind == TERM_OBJECT_COMP;
}

/* A closure over what is not known yet may be anything inside of a literal, as in OPA. */
static const struct type *
item_type(struct inference *in, const struct term *t)
{
	if (t->type || !is_closure(t) || t->kind == TERM_OBJECT_COMP)
		return known_type(in, t);
	return in->any;
}

static const struct type *
known_closure(struct inference *in, const struct term *t)
{
	return t->kind == TERM_ARRAY_COMP ? type_array(&in->types, NULL, 0, in->any)
	       : t->kind == TERM_SET_COMP ? type_set(&in->types, in->any)
	                                  : NULL;
}

static const struct type *
known_array(struct inference *in, const struct term *t)
{
	const struct type **items = arena_array(in->types.arena, t->n + 1, sizeof *items);

	for (uint32_t i = 0; items && i < t->n; i++)
		if (!(items[i] = item_type(in, t->items[i])))
			return NULL;
	return items ? type_array(&in->types, items, t->n, NULL) : in->any;
}

/* Of an item that is not known nothing is said. */
static const struct type *
known_set(struct inference *in, const struct term *t)
{
	const struct type *of = NULL;

	for (uint32_t i = 0; i < t->n; i++)
		of = type_or(&in->types, of, item_type(in, t->items[i]));
	return type_set(&in->types, t->n > 0 && !of ? in->any : of);
}

static const struct type *
known_object(struct inference *in, const struct term *t)
{
	struct type_member *members = arena_array(in->types.arena, t->n / 2 + 1, sizeof *members);
	const struct type *key = NULL, *val = NULL;
	uint32_t n = 0;

	for (uint32_t i = 0; members && i < t->n; i += 2) {
		const struct type *k = item_type(in, t->items[i]);
		const struct type *v = item_type(in, t->items[i + 1]);

		if (is_key(t->items[i])) {
			if (!v)
				return NULL;
			members[n++] = (struct type_member){t->items[i]->u.value, v};
			continue;
		}
		key = type_or(&in->types, key, k ? k : in->any);
		val = type_or(&in->types, val, v ? v : in->any);
	}
	if (!members || (val && val->hollow))
		return in->any;
	return type_object(&in->types, members, n, key, val);
}

const struct type *
known_type(struct inference *in, const struct term *t)
{
	if (!types_charge(&in->types, 1))
		return in->any;
	if (t->type)
		return t->type;
	if (t->kind == TERM_VAR)
		return in->vars[t->var];
	if (t->kind == TERM_CONST)
		return type_of_value(&in->types, &t->u.value);
	if (t->kind == TERM_ARRAY)
		return known_array(in, t);
	if (t->kind == TERM_SET)
		return known_set(in, t);
	if (t->kind == TERM_OBJECT)
		return known_object(in, t);
	return is_closure(t) ? known_closure(in, t) : in->any;
}

/* ---- a term and a type ---- */

static bool
array_fits(struct inference *in, const struct term *t, const struct type *want, bool also)
{
	if (t->n != want->n && !want->val)
		return false;
	for (uint32_t i = 0; i < t->n; i++) {
		const struct type *item = i < want->n ? want->items[i] : want->val;

		if (!item || !term_fits(in, t->items[i], item, also))
			return false;
	}
	return true;
}

/* Of a key that is computed it is not known which member it means. */
static bool
object_fits(struct inference *in, const struct term *t, const struct type *want, bool also)
{
	if (t->n / 2 != want->n && !want->val)
		return false;
	for (uint32_t i = 0; i < t->n; i += 2) {
		const struct type *member = in->any;

		if (is_key(t->items[i]))
			member = type_select(&in->types, want, &t->items[i]->u.value);
		if (!member || !term_fits(in, t->items[i + 1], member, also))
			return false;
	}
	return true;
}

static bool
set_fits(struct inference *in, const struct term *t, const struct type *want, bool also)
{
	const struct type *of = want->val ? want->val : in->any;

	for (uint32_t i = 0; i < t->n; i++)
		if (!term_fits(in, t->items[i], of, also))
			return false;
	return true;
}

static bool
collection_fits(struct inference *in, const struct term *t, const struct type *want, bool also)
{
	uint32_t step = t->kind == TERM_OBJECT ? 2 : 1;
	bool fits = false;

	if (want->kind == TYPE_ANY) {
		for (uint32_t i = step - 1; i < t->n; i += step)
			(void)term_fits(in, t->items[i], want, true);
		return true;
	}
	if (want->kind == TYPE_UNION) {
		for (uint32_t i = 0; i < want->n; i++)
			fits |= term_fits(in, t, want->items[i], true);
		return fits;
	}
	if (t->kind == TERM_ARRAY)
		return want->kind == TYPE_ARRAY && array_fits(in, t, want, also);
	if (t->kind == TERM_OBJECT)
		return want->kind == TYPE_OBJECT && object_fits(in, t, want, also);
	return want->kind == TYPE_SET && set_fits(in, t, want, also);
}

bool
term_fits(struct inference *in, const struct term *t, const struct type *want, bool also)
{
	const struct type *known;

	if (!types_charge(&in->types, 1))
		return true;
	if (t->kind == TERM_ARRAY || t->kind == TERM_OBJECT || t->kind == TERM_SET)
		return collection_fits(in, t, want, also);
	known = known_type(in, t);
	if (t->kind != TERM_VAR)
		return !known || types_meet(&in->types, known, want);
	if (also)
		learn(in, t->var, type_or(&in->types, known, want));
	else if (!known)
		learn(in, t->var, want);
	else
		return types_meet(&in->types, known, want);
	return true;
}

/* ---- two terms ---- */

void
give_up(struct inference *in, const struct term *t)
{
	uint32_t step = t->kind == TERM_OBJECT ? 2 : 1;

	if (t->kind == TERM_VAR && !in->vars[t->var])
		learn(in, t->var, in->any);
	if (t->kind != TERM_ARRAY && t->kind != TERM_OBJECT && t->kind != TERM_SET)
		return;
	for (uint32_t i = step - 1; i < t->n; i += step)
		give_up(in, t->items[i]);
}

static bool
same_keys(const struct term *a, const struct term *b)
{
	if (a->n != b->n)
		return false;
	for (uint32_t i = 0; i < a->n; i += 2)
		if (!is_key(a->items[i]) || !is_key(b->items[i]) ||
		    !value_eq(&a->items[i]->u.value, &b->items[i]->u.value))
			return false;
	return true;
}

static bool
items_match(struct inference *in, const struct term *a, const struct term *b, uint32_t step)
{
	for (uint32_t i = step - 1; i < a->n; i += step)
		if (!terms_match(in, a->items[i], b->items[i]))
			return false;
	return true;
}

static bool
unknown_match(struct inference *in, const struct term *a, const struct term *b)
{
	const struct type *x, *y;

	if (a->kind == TERM_ARRAY && b->kind == TERM_ARRAY)
		return a->n == b->n && items_match(in, a, b, 1);
	if (a->kind == TERM_OBJECT && b->kind == TERM_OBJECT && same_keys(a, b))
		return items_match(in, a, b, 2);
	if (a->kind != TERM_VAR)
		give_up(in, a);
	if (b->kind != TERM_VAR)
		give_up(in, b);
	x = known_type(in, a);
	y = known_type(in, b);
	if (a->kind == TERM_VAR && y)
		return term_fits(in, a, y, false);
	if (b->kind == TERM_VAR && x)
		return term_fits(in, b, x, false);
	give_up(in, a);
	give_up(in, b);
	return true;
}

bool
terms_match(struct inference *in, const struct term *a, const struct term *b)
{
	const struct type *x = known_type(in, a), *y = known_type(in, b);

	if (x && y)
		return types_meet(&in->types, x, y);
	if (x)
		return term_fits(in, b, x, false);
	if (y)
		return term_fits(in, a, y, false);
	return unknown_match(in, a, b);
}
