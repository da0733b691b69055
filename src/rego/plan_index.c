/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/plan.h"

/*
 * Rule indexing: where many definitions of one name each begin by comparing
 * one input reference, or one argument, with a constant, a table says which of
 * them can hold at all, and the others are not entered. A definition without
 * such a comparison is always tried, and so is one with an else.
 */

enum {
	INDEX_MIN_RULES = 4,
	INDEX_MAX_EXPRS = 16,         /* looked at, of a body */
	INDEX_MAX_CELLS = 256 * 1024, /* numbers in the table */
};

/* What is compared: the reference's keys, or the number of an argument. */
struct subject {
	const struct term *ref; /* NULL: an argument */
	uint32_t argument;
};

static bool
is_input_path(const struct term *t)
{
	if (t->kind != TERM_REF || t->items[0]->kind != TERM_INPUT)
		return false;
	for (uint32_t i = 1; i < t->n; i++)
		if (t->items[i]->kind != TERM_CONST || t->items[i]->u.value.type != VALUE_STRING)
			return false;
	return true;
}

static bool
subject_of(const struct rule *r, const struct term *t, struct subject *ret)
{
	*ret = (struct subject){.ref = t};
	if (is_input_path(t))
		return true;
	ret->ref = NULL;
	for (uint32_t i = 0; t->kind == TERM_VAR && i < r->n_args; i++) {
		if (r->args[i]->kind == TERM_VAR && r->args[i]->var == t->var) {
			ret->argument = i;
			return true;
		}
	}
	return false;
}

static bool
same_subject(const struct subject *a, const struct subject *b)
{
	if (!a->ref || !b->ref)
		return a->ref == b->ref && a->argument == b->argument;
	if (a->ref->n != b->ref->n)
		return false;
	for (uint32_t i = 1; i < a->ref->n; i++)
		if (!value_eq(&a->ref->items[i]->u.value, &b->ref->items[i]->u.value))
			return false;
	return true;
}

static bool
is_scalar(const struct term *t)
{
	return t->kind == TERM_CONST && !value_is_collection(&t->u.value);
}

/* The constant that the expression demands of its subject. */
static bool
demand_of(const struct rule *r, const struct expr *e, struct subject *subject, struct value *ret)
{
	const struct term *t = e->term;

	if (e->kind != EXPR_TERM || e->negated || e->n_with > 0 || t->kind != TERM_CALL || t->fn ||
	    t->n != 2 || !(bytes_is(t->u.call.name, "equal") || bytes_is(t->u.call.name, "eq")))
		return false;
	for (int side = 0; side < 2; side++) {
		if (is_scalar(t->items[side]) && subject_of(r, t->items[1 - side], subject)) {
			*ret = t->items[side]->u.value;
			return true;
		}
	}
	return false;
}

static bool
demand_on(const struct rule *r, const struct subject *subject, struct value *ret)
{
	struct subject s;

	if (subject && !subject->ref && r->args[subject->argument]->kind == TERM_CONST &&
	    is_scalar(r->args[subject->argument])) {
		*ret = r->args[subject->argument]->u.value;
		return true;
	}
	for (uint32_t i = 0;
	     r->body && !r->otherwise && i < MIN(r->body->n, (uint32_t)INDEX_MAX_EXPRS); i++)
		if (demand_of(r, r->body->list[i], &s, ret) && same_subject(&s, subject))
			return true;
	return false;
}

/* The subject that most definitions compare. */
static bool
choose_subject(const struct group *g, struct subject *ret)
{
	uint32_t best = 0;

	for (uint32_t i = 0; i < g->n_rules && i < INDEX_MIN_RULES; i++) {
		const struct rule *r = g->rules[i];

		for (uint32_t k = 0; r->body && k < MIN(r->body->n, (uint32_t)INDEX_MAX_EXPRS);
		     k++) {
			struct subject s;
			struct value v;
			uint32_t n = 0;

			if (!demand_of(r, r->body->list[k], &s, &v))
				continue;
			for (uint32_t j = 0; j < g->n_rules; j++)
				n += demand_on(g->rules[j], &s, &v);
			if (n > best) {
				best = n;
				*ret = s;
			}
		}
	}
	return best >= INDEX_MIN_RULES && best * 2 >= g->n_rules;
}

/* [demand, number] of each definition that demands something, sorted; the others' numbers. */
static status
sort_demands(struct plan *p, const struct group *g, const struct subject *s, struct value *ret,
             struct value *ret_free)
{
	struct value_list pairs = value_list_of(&p->c->arena), rest = value_list_of(&p->c->arena);
	struct value demand;

	for (uint32_t i = 0; i < g->n_rules; i++) {
		struct value_list pair = value_list_of(&p->c->arena);

		if (!demand_on(g->rules[i], s, &demand)) {
			value_push(&rest, json_int(i));
			continue;
		}
		value_push(&pair, demand);
		value_push(&pair, json_int(i));
		value_push(&pairs, value_array(&pair));
	}
	*ret = value_set(&pairs);
	*ret_free = value_array(&rest);
	return compile_memory(p->c);
}

/* Both lists of numbers ascend. */
static struct value
merge_numbers(struct plan *p, const struct value *pairs, uint32_t n, const struct value *rest)
{
	struct value_list l = value_list_of(&p->c->arena);
	uint32_t i = 0, k = 0;

	while (i < n || k < rest->n) {
		const struct value *own = i < n ? &pairs[i].u.items[1] : NULL;
		bool first = own && (k == rest->n || own->u.i < rest->u.items[k].u.i);

		value_push(&l, first ? *own : rest->u.items[k]);
		i += first;
		k += !first;
	}
	return value_array(&l);
}

static status
make_table(struct plan *p, const struct group *g, const struct subject *s, uint32_t *ret)
{
	struct value_list members = value_list_of(&p->c->arena), both = value_list_of(&p->c->arena);
	struct value pairs, rest;

	TRY(sort_demands(p, g, s, &pairs, &rest));
	*ret = NO_REGISTER;
	if ((uint64_t)pairs.n * rest.n > INDEX_MAX_CELLS)
		return OK;
	for (uint32_t from = 0, to; from < pairs.n; from = to) {
		const struct value *demand = &pairs.u.items[from].u.items[0];

		for (to = from + 1; to < pairs.n && value_eq(demand, &pairs.u.items[to].u.items[0]);
		     to++)
			;
		value_push_member(&members, *demand,
		                  merge_numbers(p, &pairs.u.items[from], to - from, &rest));
	}
	value_push(&both, value_object(&members, NULL));
	value_push(&both, rest);
	TRY(compile_memory(p->c));
	TRY(const_operand(p, value_array(&both), ret));
	*ret &= ~CONST_BIT;
	return OK;
}

status
plan_index(struct plan *p, struct group *g, uint32_t *ret)
{
	struct subject s = {0};
	uint32_t table, reg;

	*ret = NO_REGISTER;
	if (g->n_rules < INDEX_MIN_RULES || !choose_subject(g, &s))
		return compile_work(p->c, g->n_rules);
	reg = s.argument;
	TRY(make_table(p, g, &s, &table));
	if (table == NO_REGISTER)
		return OK;
	if (s.ref) {
		TRY(new_registers(p, 1, &reg));
		TRY(plan_optional(p, (struct term *)(uintptr_t)s.ref, reg));
	}
	TRY(new_registers(p, 2, ret));
	return emit(p, OP_INDEX, *ret, table, reg, 0);
}
