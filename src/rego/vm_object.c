/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/vm.h"

#include "base/text.h"

enum { PRINT_ROOM = 256 }; /* most lines fit */

/*
 * Objects whose rules have several keys in their heads (p[x].r := y): entries
 * of (path, kind, value), sorted by the path's next key and merged level by
 * level. Where one rule says a value and another one goes deeper, they contradict.
 */

enum { ENTRY_VALUE, ENTRY_SET, ENTRY_DEFAULT }; /* as plan_rule.c numbers them */

struct entry {
	struct value path, kind, val;
};
_Static_assert(sizeof(struct entry) == 3 * sizeof(struct value), "entries are triples of a list");

static bool
before(const struct entry *a, const struct entry *b, uint32_t depth)
{
	return value_cmp(&a->path.u.items[depth], &b->path.u.items[depth]) < 0;
}

/* Bottom-up merge sort, stable. */
static status
sort_entries(struct rego_eval *ev, struct entry *e, size_t n, uint32_t depth)
{
	struct arena_mark m = arena_mark(ev->arena);
	struct entry *other = arena_raw(ev->arena, n * sizeof *e, _Alignof(struct entry));
	struct entry *from = e, *to = other;

	if (!other)
		return vm_charge(ev, 0);
	TRY(vm_charge(ev, n));
	for (size_t width = 1; width < n; width *= 2) {
		for (size_t low = 0; low < n; low += 2 * width) {
			size_t mid = MIN(low + width, n), high = MIN(low + 2 * width, n);
			size_t i = low, k = mid;

			for (size_t out = low; out < high; out++)
				to[out] =
				        i < mid && (k == high || !before(&from[k], &from[i], depth))
				                ? from[i++]
				                : from[k++];
		}
		other = from;
		from = to;
		to = other;
	}
	if (from != e)
		mem_copy(e, from, n * sizeof *e);
	arena_release(ev->arena, m);
	return OK;
}

static status merge_level(struct rego_eval *ev, struct entry *e, size_t n, uint32_t depth,
                          uint32_t line, struct value *ret);

/* All entries end at this depth: one value, or the items of one set. */
static status
merge_leaf(struct rego_eval *ev, struct entry *e, size_t n, uint32_t line, struct value *ret)
{
	struct value_list l = value_list_of(ev->arena);
	bool set = e[0].kind.u.i == ENTRY_SET;
	const struct entry *chosen = NULL;

	for (size_t i = 0; i < n; i++) {
		if ((e[i].kind.u.i == ENTRY_SET) != set)
			return vm_conflict(ev, line, "object keys must be unique");
		if (set)
			value_push(&l, e[i].val);
		else if (e[i].kind.u.i != ENTRY_DEFAULT && chosen &&
		         !value_eq(&chosen->val, &e[i].val))
			return vm_conflict(ev, line, "object keys must be unique");
		else if (e[i].kind.u.i != ENTRY_DEFAULT)
			chosen = &e[i];
	}
	*ret = set ? value_set(&l) : chosen ? chosen->val : e[0].val;
	return OK;
}

static status
merge_key(struct rego_eval *ev, struct entry *e, size_t n, uint32_t depth, uint32_t line,
          struct value *ret)
{
	size_t leaves = 0;

	for (size_t i = 0; i < n; i++)
		leaves += e[i].path.n == depth;
	if (leaves == n)
		return merge_leaf(ev, e, n, line, ret);
	if (leaves > 0)
		return vm_conflict(ev, line, "object keys must be unique");
	return merge_level(ev, e, n, depth, line, ret);
}

static status
merge_level(struct rego_eval *ev, struct entry *e, size_t n, uint32_t depth, uint32_t line,
            struct value *ret)
{
	struct value_list l = value_list_of(ev->arena);
	size_t from = 0;

	TRY(sort_entries(ev, e, n, depth));
	while (from < n) {
		size_t to = from + 1;
		struct value val = {0};

		while (to < n && !before(&e[from], &e[to], depth))
			to++;
		TRY(merge_key(ev, e + from, to - from, depth + 1, line, &val));
		value_push_member(&l, e[from].path.u.items[depth], val);
		from = to;
	}
	*ret = value_object(&l, NULL);
	return vm_charge(ev, 1);
}

status
vm_tree(struct rego_eval *ev, struct value_list *l, uint32_t line, struct value *ret)
{
	for (size_t i = 0; i < l->n; i += 3)
		if (l->n % 3 || l->p[i].type != VALUE_ARRAY || l->p[i].n == 0)
			return vm_broken(ev);
	return merge_level(ev, (struct entry *)l->p, l->n / 3, 0, line, ret);
}

/* ---- strings ---- */

static void
put_plain(const struct value *v, struct buf *out)
{
	if (v->type == VALUE_STRING)
		buf_add(out, v->u.s, v->n);
	else
		value_term(v, out);
}

status
vm_template(struct rego_eval *ev, const struct value *args, uint32_t n, struct value *ret)
{
	CLEANUP(buf_done) struct buf text = {0};

	for (uint32_t i = 0; i < n; i++)
		put_plain(&args[i], &text);
	if (!buf_ok(&text))
		return vm_limit(ev, "E-REGO-052",
		                "the evaluation needs more memory than its budget");
	*ret = json_copy_string(ev->arena, buf_view(&text));
	return vm_charge(ev, 1 + text.n / 64);
}

status
vm_print(struct rego_eval *ev, const struct value *args, uint32_t n)
{
	CLEANUP(buf_done) struct buf text = {0};

	buf_reserve(&text, PRINT_ROOM);
	for (uint32_t i = 0; i < n; i++) {
		if (i > 0)
			buf_u8(&text, ' ');
		put_plain(&args[i], &text);
	}
	if (!buf_ok(&text))
		return vm_limit(ev, "E-REGO-052",
		                "the evaluation needs more memory than its budget");
	value_push(&ev->prints, json_copy_string(ev->arena, buf_view(&text)));
	return vm_charge(ev, 1 + text.n / 64);
}
