/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/resolve.h"

status
scope_open(struct resolver *rs)
{
	struct scope *s = arena_new(&rs->c->arena, struct scope);

	if (!s)
		return compile_memory(rs->c);
	s->parent = rs->scope;
	rs->scope = s;
	return OK;
}

status
scope_close(struct resolver *rs)
{
	for (const struct declared *d = rs->scope->declared; d && !rs->query; d = d->next)
		if ((d->by == BY_SOME || d->by == BY_EVERY) && !d->used)
			return resolve_error(rs, d->off, "E-REGO-017",
			                     "variable %.*s is declared and not used",
			                     BYTES_ARG(d->name));
	rs->scope = rs->scope->parent;
	return OK;
}

status
new_var(struct resolver *rs, struct bytes name, uint32_t off, uint32_t *ret)
{
	if (rs->n_vars + 1 >= rs->cap_vars) {
		uint32_t cap = rs->cap_vars ? rs->cap_vars * 2 : 16;
		struct variable *p = arena_array(&rs->c->arena, cap, sizeof *p);

		if (!p)
			return compile_memory(rs->c);
		if (rs->vars)
			mem_copy(p, rs->vars, (rs->n_vars + 1) * sizeof *p);
		rs->vars = p;
		rs->cap_vars = cap;
	}
	*ret = ++rs->n_vars;
	rs->vars[*ret] = (struct variable){.name = name, .off = off};
	return compile_work(rs->c, 1);
}

status
occurs(struct resolver *rs, uint32_t var)
{
	struct variable *v = &rs->vars[var];
	struct occurrence *o;

	for (o = v->in; o; o = o->next)
		if (o->scope == rs->scope)
			return OK;
	o = arena_new(&rs->c->arena, struct occurrence);
	if (!o)
		return compile_memory(rs->c);
	o->scope = rs->scope;
	o->next = v->in;
	v->in = o;
	return OK;
}

static struct declared *
find_name(struct declared *list, struct bytes name)
{
	while (list && !bytes_equal(list->name, name))
		list = list->next;
	return list;
}

static struct declared *
add_name(struct resolver *rs, struct declared **list, const struct term *t, enum declared_by by)
{
	struct declared *d = arena_new(&rs->c->arena, struct declared);

	if (!d)
		return NULL;
	*d = (struct declared){.name = t->u.name, .off = t->off, .by = (uint8_t)by, .next = *list};
	*list = d;
	return d;
}

static const char *
how_declared(const struct declared *d)
{
	return d->by == BY_ASSIGNMENT ? "assigned" : "declared";
}

/* `some x, x in xs` names one variable twice and means it. */
static bool
same_pattern(const struct resolver *rs, const struct declared *d, enum declared_by by)
{
	return by == BY_SOME_IN && d->by == BY_SOME_IN && d->off >= rs->expr_off;
}

static status
check_new(struct resolver *rs, const struct term *t, enum declared_by by)
{
	struct bytes name = t->u.name;
	const struct declared *d = find_name(rs->scope->declared, name);
	const struct scope *arguments = rs->scope->parent;

	if (d && !same_pattern(rs, d, by))
		return resolve_error(rs, t->off, "E-REGO-015", "variable %.*s was %s above",
		                     BYTES_ARG(name), how_declared(d));
	if (find_name(rs->scope->used, name))
		return resolve_error(rs, t->off, "E-REGO-015", "variable %.*s was used above",
		                     BYTES_ARG(name));
	if (arguments && !arguments->parent && find_name(arguments->declared, name))
		return resolve_error(rs, t->off, "E-REGO-015", "variable %.*s is an argument",
		                     BYTES_ARG(name));
	return OK;
}

status
declare(struct resolver *rs, struct term *t, enum declared_by by)
{
	struct declared *d;

	if (t->wildcard && by == BY_SOME && !rs->query)
		return resolve_error(rs, t->off, "E-REGO-017",
		                     "variable _ is declared and can't be used");
	if (t->wildcard)
		return OK;
	if (!rs->query && by != BY_ARGUMENT)
		TRY(check_new(rs, t, by));
	d = add_name(rs, &rs->scope->declared, t, by);
	return d ? new_var(rs, t->u.name, t->off, &d->var) : compile_memory(rs->c);
}

status
declare_pattern(struct resolver *rs, struct term *t, enum declared_by by)
{
	uint32_t step = t->kind == TERM_OBJECT ? 2 : 1;

	if (t->kind == TERM_VAR)
		return declare(rs, t, by);
	if (t->kind != TERM_ARRAY && t->kind != TERM_OBJECT)
		return OK;
	for (uint32_t i = step - 1; i < t->n; i += step)
		TRY(declare_pattern(rs, t->items[i], by));
	return OK;
}

status
declare_later_pattern(struct resolver *rs, const struct term *t)
{
	uint32_t step = t->kind == TERM_OBJECT ? 2 : 1;

	if (t->kind == TERM_VAR)
		return t->wildcard || add_name(rs, &rs->scope->later, t, BY_USE)
		               ? OK
		               : compile_memory(rs->c);
	if (t->kind != TERM_ARRAY && t->kind != TERM_OBJECT)
		return OK;
	for (uint32_t i = step - 1; i < t->n; i += step)
		TRY(declare_later_pattern(rs, t->items[i]));
	return OK;
}

bool
is_assignment(const struct term *t)
{
	return t->kind == TERM_CALL && !t->fn && bytes_is(t->u.call.name, "assign");
}

status
declare_later(struct resolver *rs, const struct body *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		const struct expr *e = b->list[i];

		for (uint32_t k = 0; k < e->n_names; k++)
			TRY(declare_later_pattern(rs, e->names[k]));
		if (e->kind == EXPR_SOME_IN && e->key)
			TRY(declare_later_pattern(rs, e->key));
		if (e->kind == EXPR_SOME_IN)
			TRY(declare_later_pattern(rs, e->val));
		if (e->kind == EXPR_TERM && is_assignment(e->term))
			TRY(declare_later_pattern(rs, e->term->items[0]));
	}
	return OK;
}

struct declared *
find_declared(const struct resolver *rs, struct bytes name)
{
	struct declared *d = NULL;

	for (const struct scope *s = rs->scope; s && !d; s = s->parent)
		d = find_name(s->declared, name);
	return d;
}

bool
is_declared_later(const struct resolver *rs, struct bytes name)
{
	for (const struct scope *s = rs->scope; s; s = s->parent)
		if (find_name(s->later, name))
			return true;
	return false;
}

status
nothing_binds(struct resolver *rs, struct bytes name)
{
	return resolve_error(rs, rs->print_off, "E-REGO-019",
	                     "nothing in front gives %.*s a value, and it gets none here",
	                     BYTES_ARG(name));
}

/* Used in a closure of the head? */
static bool
used_inside(const struct resolver *rs, struct bytes name)
{
	for (const struct scope *s = rs->scope; s && s != rs->head; s = s->parent)
		if (find_name(s->used, name))
			return true;
	return false;
}

status
implicit_var(struct resolver *rs, struct term *t)
{
	struct declared *d = rs->names;
	uint64_t n = 1;

	for (; d && !bytes_equal(d->name, t->u.name); d = d->next)
		n++;
	if (rs->printing && (!d || (rs->head && !used_inside(rs, t->u.name))))
		return nothing_binds(rs, t->u.name);
	if (!d) {
		d = add_name(rs, &rs->names, t, BY_USE);
		if (!d)
			return compile_memory(rs->c);
		TRY(new_var(rs, t->u.name, t->off, &d->var));
	}
	t->var = d->var;
	if (!find_name(rs->scope->used, t->u.name) && !add_name(rs, &rs->scope->used, t, BY_USE))
		return compile_memory(rs->c);
	TRY(occurs(rs, t->var));
	return compile_work(rs->c, n / 8);
}
