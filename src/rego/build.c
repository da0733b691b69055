/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/value.h"

enum { INSERTION_MAX = 12 };

void
value_push(struct value_list *l, struct value v)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 8;
		struct value *p;

		if (!arena_extend(l->arena, l->p, l->cap * sizeof v, cap * sizeof v)) {
			p = arena_raw(l->arena, cap * sizeof v, _Alignof(struct value));
			if (!p)
				return;
			mem_copy(p, l->p, l->n * sizeof v);
			l->p = p;
		}
		l->cap = cap;
	}
	l->p[l->n++] = v;
}

void
value_push_member(struct value_list *l, struct value key, struct value val)
{
	value_push(l, key);
	value_push(l, val);
}

/*
 * Stable merge sort of `n` records of `w` values, by their first value. Small
 * runs by insertion; `scratch` has room for all records.
 */
static void
insertion(struct value *p, size_t n, size_t w)
{
	for (size_t i = 1; i < n; i++) {
		struct value held[2];
		size_t k = i;

		mem_copy(held, &p[i * w], w * sizeof *p);
		while (k > 0 && value_cmp(&p[(k - 1) * w], held) > 0)
			k--;
		mem_move(&p[(k + 1) * w], &p[k * w], (i - k) * w * sizeof *p);
		mem_copy(&p[k * w], held, w * sizeof *p);
	}
}

static void
merge(struct value *p, size_t mid, size_t n, size_t w, struct value *scratch)
{
	size_t i = 0, k = mid, out = 0;

	mem_copy(scratch, p, mid * w * sizeof *p);
	while (i < mid) {
		bool right = k < n && value_cmp(&p[k * w], &scratch[i * w]) < 0;
		const struct value *from = right ? &p[k++ * w] : &scratch[i++ * w];

		for (size_t c = 0; c < w; c++)
			p[out * w + c] = from[c];
		out++;
	}
}

static void
sort(struct value *p, size_t n, size_t w, struct value *scratch)
{
	size_t mid = n / 2;

	if (n <= INSERTION_MAX) {
		insertion(p, n, w);
		return;
	}
	sort(p, mid, w, scratch);
	sort(p + mid * w, n - mid, w, scratch);
	if (value_cmp(&p[(mid - 1) * w], &p[mid * w]) > 0)
		merge(p, mid, n, w, scratch);
}

static bool
is_sorted(const struct value *p, size_t n, size_t w)
{
	for (size_t i = 1; i < n; i++)
		if (value_cmp(&p[(i - 1) * w], &p[i * w]) >= 0)
			return false;
	return true;
}

/* Sorts and leaves one of each key, the last; returns how many remain. */
static size_t
sort_unique(struct arena *a, struct value *p, size_t n, size_t w, bool *conflict)
{
	struct arena_mark m = arena_mark(a);
	struct value *scratch = NULL;
	size_t out = 0;

	if (is_sorted(p, n, w))
		return n;
	if (n > INSERTION_MAX) {
		scratch = arena_raw(a, (n / 2 + 1) * w * sizeof *p, _Alignof(struct value));
		if (!scratch)
			return 0;
	}
	sort(p, n, w, scratch);
	if (scratch)
		arena_release(a, m);
	for (size_t i = 0; i < n; i++) {
		bool same = out > 0 && value_cmp(&p[(out - 1) * w], &p[i * w]) == 0;

		if (same && w == 2 && conflict && !value_eq(&p[(out - 1) * w + 1], &p[i * w + 1]))
			*conflict = true;
		if (same)
			out--;
		for (size_t c = 0; c < w; c++)
			p[out * w + c] = p[i * w + c];
		out++;
	}
	return out;
}

static struct value
container(struct value_list *l, enum value_type t, size_t n)
{
	struct value v = {.type = (uint8_t)t, .n = (uint32_t)n};

	if (l->n > UINT32_MAX)
		l->arena->failed = true;
	v.u.items = l->p;
	return v;
}

struct value
value_array(struct value_list *l)
{
	return container(l, VALUE_ARRAY, l->n);
}

struct value
value_set(struct value_list *l)
{
	return container(l, VALUE_SET, sort_unique(l->arena, l->p, l->n, 1, NULL));
}

struct value
value_object(struct value_list *l, bool *conflict)
{
	return container(l, VALUE_OBJECT, sort_unique(l->arena, l->p, l->n / 2, 2, conflict));
}

struct value
value_empty(enum value_type t)
{
	return (struct value){.type = (uint8_t)t};
}

struct value
value_with_member(struct arena *a, const struct value *object, struct value key, struct value val)
{
	struct value_list l = value_list_of(a);

	for (uint32_t i = 0; i < object->n; i++)
		value_push_member(&l, object->u.members[i].key, object->u.members[i].val);
	value_push_member(&l, key, val);
	return value_object(&l, NULL);
}

enum { KEEP_LEFT = 1, KEEP_RIGHT = 2, KEEP_BOTH = 4 };

static struct value
merge_sets(struct arena *a, const struct value *x, const struct value *y, unsigned int keep)
{
	struct value_list l = value_list_of(a);
	uint32_t i = 0, k = 0;

	while (i < x->n || k < y->n) {
		int c = i == x->n ? 1 : k == y->n ? -1 : value_cmp(&x->u.items[i], &y->u.items[k]);
		const struct value *item = c <= 0 ? &x->u.items[i] : &y->u.items[k];

		if (keep & (c < 0 ? KEEP_LEFT : c > 0 ? KEEP_RIGHT : KEEP_BOTH))
			value_push(&l, *item);
		i += c <= 0;
		k += c >= 0;
	}
	return container(&l, VALUE_SET, l.n);
}

struct value
value_union(struct arena *a, const struct value *x, const struct value *y)
{
	return merge_sets(a, x, y, KEEP_LEFT | KEEP_RIGHT | KEEP_BOTH);
}

struct value
value_intersection(struct arena *a, const struct value *x, const struct value *y)
{
	return merge_sets(a, x, y, KEEP_BOTH);
}

struct value
value_difference(struct arena *a, const struct value *x, const struct value *y)
{
	return merge_sets(a, x, y, KEEP_LEFT);
}

/* Members in the parser's order: few, unique by its promise; by insertion in place. */
static void
freeze_members(struct value *v)
{
	struct value *p = (struct value *)(uintptr_t)v->u.items;
	struct arena scratch_arena = {0};
	struct value *scratch = NULL;

	for (uint32_t i = 0; i < v->n; i++)
		value_freeze(&p[(size_t)i * 2 + 1]);
	if (is_sorted(p, v->n, 2))
		return;
	if (v->n > 64) {
		arena_init(&scratch_arena, SIZE_MAX / 2);
		scratch = arena_raw(&scratch_arena, ((size_t)v->n / 2 + 1) * 2 * sizeof *p, 16);
	}
	if (scratch)
		sort(p, v->n, 2, scratch);
	else
		insertion(p, v->n, 2);
	arena_done(&scratch_arena);
}

void
value_freeze(struct value *v)
{
	struct value *p = (struct value *)(uintptr_t)v->u.items;

	if (v->type == VALUE_OBJECT) {
		freeze_members(v);
	} else if (v->type == VALUE_ARRAY) {
		for (uint32_t i = 0; i < v->n; i++)
			value_freeze(&p[i]);
	}
	v->flags &= (uint8_t)~VALUE_BUILT;
}

struct value
value_copy(struct arena *a, const struct value *v)
{
	struct value copy = *v;
	size_t n = v->type == VALUE_OBJECT ? (size_t)v->n * 2 : v->n;
	struct value *p;

	if (v->type == VALUE_STRING || (v->type == VALUE_NUMBER && !(v->flags & VALUE_INT))) {
		copy.u.s = arena_copy(a, bytes_of(v->u.s, v->n)).p;
		copy.flags = 0;
		return copy;
	}
	if (!value_is_collection(v) || n == 0)
		return copy;
	copy.flags = 0; /* whatever the flags promised was about the old storage */
	p = arena_array(a, n, sizeof *p);
	if (!p)
		return value_empty(v->type);
	for (size_t i = 0; i < n; i++)
		p[i] = value_copy(a, &v->u.items[i]);
	copy.u.items = p;
	return copy;
}
