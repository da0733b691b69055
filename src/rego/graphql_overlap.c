/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields that answer under one name can be merged (section 5.3.2): they are
 * the same field with the same arguments, or belong to objects that exclude
 * each other, and their types do not conflict; so do the fields below them.
 * Spread fragments count as what they hold. For queries whose fragments are
 * known to have no circles.
 */
#include "rego/builtin_groups.h"
#include "rego/graphql_rules.h"

#define TEXT(node, member) BYTES_ARG(graphql_text((node), (member)))

struct answer {
	const struct value *field;
	const struct value *parent; /* the type it is asked of */
};

struct answers {
	struct answer *p;
	size_t n, cap;
};

struct merge {
	struct rego_call *c;
	const struct graphql_schema *s;
	const struct value *fragments;
	bool *done; /* of them */
	uint32_t depth;
};

static status
push(struct merge *m, struct answers *l, const struct value *field, const struct value *parent)
{
	TRY(rego_charge(m->c, 2));
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 8;
		struct answer *p = arena_array(m->c->arena, cap, sizeof *p);

		TRY(arena_check(m->c->arena, m->c->err));
		mem_copy(p, l->p, l->n * sizeof *p);
		l->p = p;
		l->cap = cap;
	}
	l->p[l->n++] = (struct answer){field, parent};
	return OK;
}

static size_t
fragment_at(const struct merge *m, struct bytes name)
{
	for (uint32_t i = 0; i < m->fragments->n; i++)
		if (bytes_equal(graphql_text(&m->fragments->u.items[i], "Name"), name))
			return i;
	return SIZE_MAX;
}

/* The type of a fragment, or of what it stands in. */
static const struct value *
fragment_type(const struct merge *m, const struct value *f, const struct value *parent)
{
	struct bytes name = graphql_text(f, "TypeCondition");

	return name.n > 0 ? graphql_type(m->s, name) : parent;
}

/* All fields of a set, those of its fragments too, each fragment once. */
static status
collect(struct merge *m, const struct value *set, const struct value *parent, bool *seen,
        struct answers *ret)
{
	TRY(rego_charge(m->c, 2));
	for (uint32_t i = 0; parent && i < set->n; i++) {
		const struct value *node = &set->u.items[i], *f = node;
		size_t k;

		if (graphql_text(node, "Alias").n > 0) {
			TRY(push(m, ret, node, parent));
			continue;
		}
		if (graphql_text(node, "Name").n > 0) {
			TRY(rego_charge(m->c, m->fragments->n));
			k = fragment_at(m, graphql_text(node, "Name"));
			if (k == SIZE_MAX || seen[k])
				continue;
			seen[k] = true;
			f = &m->fragments->u.items[k];
		}
		TRY(collect(m, graphql_list(f, "SelectionSet"), fragment_type(m, f, parent), seen,
		            ret));
	}
	return OK;
}

static status
collect_all(struct merge *m, const struct value *set, const struct value *parent,
            struct answers *ret)
{
	bool *seen = arena_array(m->c->arena, m->fragments->n + 1, sizeof *seen);

	TRY(arena_check(m->c->arena, m->c->err));
	return collect(m, set, parent, seen, ret);
}

bool
graphql_same_arguments(const struct value *x, const struct value *y)
{
	const struct value *a = graphql_list(x, "Arguments"), *b = graphql_list(y, "Arguments");

	if (a->n != b->n)
		return false;
	for (uint32_t i = 0; i < a->n; i++) {
		const struct value *other = graphql_named(b, graphql_text(&a->u.items[i], "Name"));
		const struct value *v = value_member(&a->u.items[i], "Value"), *w;

		w = other ? value_member(other, "Value") : NULL;
		if (!v || !w || !graphql_same_value(v, w))
			return false;
	}
	return true;
}

bool
graphql_same_value(const struct value *x, const struct value *y)
{
	const struct value *a = graphql_list(x, "Children"), *b = graphql_list(y, "Children");
	const struct value *kind = value_member(x, "Kind"), *other = value_member(y, "Kind");

	if ((kind && other && !value_eq(kind, other)) || !kind != !other || a->n != b->n ||
	    !bytes_equal(graphql_text(x, "Raw"), graphql_text(y, "Raw")))
		return false;
	for (uint32_t i = 0; i < a->n; i++) {
		struct bytes name = graphql_text(&a->u.items[i], "Name");
		const struct value *same = name.n > 0 ? graphql_named(b, name) : &b->u.items[i];
		const struct value *v = value_member(&a->u.items[i], "Value"), *w;

		w = same ? value_member(same, "Value") : NULL;
		if (!v || !w || !graphql_same_value(v, w))
			return false;
	}
	return true;
}

static bool
is_leaf(const struct value *type)
{
	struct bytes kind = graphql_text(type, "Kind");

	return bytes_is(kind, "SCALAR") || bytes_is(kind, "ENUM");
}

static bool
types_conflict(const struct merge *m, const struct value *x, const struct value *y)
{
	const struct value *a = value_member(x, "Elem"), *b = value_member(y, "Elem");

	while (a && b) {
		x = a;
		y = b;
		a = value_member(x, "Elem");
		b = value_member(y, "Elem");
	}
	if (a || b || graphql_flag(x, "NonNull") != graphql_flag(y, "NonNull"))
		return true;
	a = graphql_type(m->s, graphql_text(x, "NamedType"));
	b = graphql_type(m->s, graphql_text(y, "NamedType"));
	return a && b && is_leaf(a) && is_leaf(b) &&
	       !bytes_equal(graphql_text(a, "Name"), graphql_text(b, "Name"));
}

static status
refuse(struct merge *m, const struct answer *y, const char *why)
{
	return graphql_error(m->c, y->field,
	                     "Fields \"%.*s\" conflict because %s. Use different aliases on the "
	                     "fields to fetch both if this was intentional.",
	                     TEXT(y->field, "Alias"), why);
}

static status compare(struct merge *m, const struct answer *x, const struct answer *y,
                      bool exclusive);

/* The sets below two fields of one name, against each other. */
static status
compare_below(struct merge *m, const struct answer *x, const struct answer *y,
              const struct value *tx, const struct value *ty, bool exclusive)
{
	struct answers a = {NULL, 0, 0}, b = {NULL, 0, 0};

	TRY(collect_all(m, graphql_list(x->field, "SelectionSet"), tx, &a));
	TRY(collect_all(m, graphql_list(y->field, "SelectionSet"), ty, &b));
	TRY(rego_charge(m->c, a.n * b.n));
	for (size_t i = 0; i < a.n; i++)
		for (size_t k = 0; k < b.n; k++)
			if (bytes_equal(graphql_text(a.p[i].field, "Alias"),
			                graphql_text(b.p[k].field, "Alias")))
				TRY(compare(m, &a.p[i], &b.p[k], exclusive));
	return OK;
}

static status
compare(struct merge *m, const struct answer *x, const struct answer *y, bool exclusive)
{
	const struct value *dx, *dy;
	struct bytes tx = {NULL, 0}, ty = {NULL, 0};

	TRY(rego_charge(m->c, 8));
	if (!graphql_field_of(m->s, x->parent, graphql_text(x->field, "Name"), &dx, &tx) ||
	    !graphql_field_of(m->s, y->parent, graphql_text(y->field, "Name"), &dy, &ty))
		return OK; /* said elsewhere */
	exclusive = exclusive || (!bytes_equal(graphql_text(x->parent, "Name"),
	                                       graphql_text(y->parent, "Name")) &&
	                          bytes_is(graphql_text(x->parent, "Kind"), "OBJECT") &&
	                          bytes_is(graphql_text(y->parent, "Kind"), "OBJECT"));
	if (!exclusive &&
	    !bytes_equal(graphql_text(x->field, "Name"), graphql_text(y->field, "Name")))
		return refuse(m, y, "they are different fields");
	if (!exclusive && !graphql_same_arguments(x->field, y->field))
		return refuse(m, y, "they have differing arguments");
	if (dx && dy && types_conflict(m, value_member(dx, "Type"), value_member(dy, "Type")))
		return refuse(m, y, "they return conflicting types");
	if (++m->depth > GRAPHQL_MAX_DEPTH)
		return builtin_limit(m->c, "the query nests deeper than %d", GRAPHQL_MAX_DEPTH);
	TRY(compare_below(m, x, y, graphql_type(m->s, tx), graphql_type(m->s, ty), exclusive));
	m->depth--;
	return OK;
}

static status descend(struct merge *m, const struct value *set, const struct value *parent);

/* One set with what its fragments hold, then the sets below. */
static status
check_set(struct merge *m, const struct value *set, const struct value *parent)
{
	struct answers all = {NULL, 0, 0};

	TRY(collect_all(m, set, parent, &all));
	TRY(rego_charge(m->c, all.n * all.n / 2));
	for (size_t i = 0; i < all.n; i++)
		for (size_t k = 0; k < i; k++)
			if (bytes_equal(graphql_text(all.p[i].field, "Alias"),
			                graphql_text(all.p[k].field, "Alias")))
				TRY(compare(m, &all.p[k], &all.p[i], false));
	return descend(m, set, parent);
}

/* As they are written: what a fragment holds is looked at once in an operation. */
static status
descend(struct merge *m, const struct value *set, const struct value *parent)
{
	TRY(rego_charge(m->c, 2 + set->n));
	if (++m->depth > GRAPHQL_MAX_DEPTH)
		return builtin_limit(m->c, "the query nests deeper than %d", GRAPHQL_MAX_DEPTH);
	for (uint32_t i = 0; parent && i < set->n; i++) {
		const struct value *node = &set->u.items[i], *f = node, *def;
		const struct value *below = graphql_list(node, "SelectionSet");
		struct bytes name = graphql_text(node, "Name"), type = {NULL, 0};
		size_t k;

		if (graphql_text(node, "Alias").n > 0) {
			if (below->n > 0 && graphql_field_of(m->s, parent, name, &def, &type))
				TRY(check_set(m, below, graphql_type(m->s, type)));
			continue;
		}
		if (name.n > 0) {
			k = fragment_at(m, name);
			if (k == SIZE_MAX || m->done[k])
				continue;
			m->done[k] = true;
			f = &m->fragments->u.items[k];
			below = graphql_list(f, "SelectionSet");
		}
		TRY(descend(m, below, fragment_type(m, f, parent)));
	}
	m->depth--;
	return OK;
}

status
graphql_check_merging(struct rego_call *c, const struct graphql_schema *s,
                      const struct value *fragments, const struct value *set,
                      const struct value *root)
{
	struct merge m = {.c = c, .s = s, .fragments = fragments};

	m.done = arena_array(c->arena, fragments->n + 1, sizeof *m.done);
	TRY(arena_check(c->arena, c->err));
	return check_set(&m, set, root);
}
