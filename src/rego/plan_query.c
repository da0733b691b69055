/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A query: its solutions, each with what its variables are and what its expressions are.
 * As in OPA's eval, an expression that stands alone and has one value shows it, false too;
 * where there are several, or one has several solutions, a false one is no solution.
 */
#include "rego/plan.h"

static bool iterates(const struct body *b);

/* Does a reference run over a collection? What a comprehension does stays within it. */
static bool
term_iterates(const struct term *t)
{
	if (t->kind == TERM_CALL && t->u.call.callee.builtin &&
	    t->u.call.callee.builtin->flags & BUILTIN_RELATION)
		return true;
	if (t->kind == TERM_ARRAY_COMP || t->kind == TERM_SET_COMP || t->kind == TERM_OBJECT_COMP)
		return false;
	for (uint32_t i = 0; i < t->n; i++)
		if ((t->kind == TERM_REF && i > 0 && t->items[i]->kind == TERM_VAR) ||
		    term_iterates(t->items[i]))
			return true;
	return false;
}

static bool
iterates(const struct body *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		const struct expr *e = b->list[i];

		if ((e->term && term_iterates(e->term)) || (e->body && iterates(e->body)))
			return true;
	}
	return false;
}

/* Calls with their result as one more argument, `print` and unifications only hold. */
static bool
has_value(const struct plan *p, const struct expr *e)
{
	const struct term *t = e->term;

	if (p->c->filter || e->kind != EXPR_TERM || e->negated || is_unify(t) || is_print(t))
		return false;
	return !(t->kind == TERM_CALL && t->u.call.callee.builtin &&
	         t->n > t->u.call.callee.builtin->arity);
}

status
plan_query_expr(struct plan *p, struct expr *e)
{
	uint32_t value = p->query_values + e->place;
	bool own = has_value(p, e);

	if (own)
		p->value_into = value;
	TRY(plan_conditions(p, e));
	if (own || e->kind == EXPR_SOME)
		return OK;
	return plan_into(p, &(struct term){.kind = TERM_CONST, .u.value = json_bool(true)}, value);
}

static status
yield_solution(struct plan *p, void *ctx)
{
	const uint32_t *result = ctx;
	uint32_t base, n = 0, bindings, values, key;

	TRY(new_registers(p, p->c->n_query_vars * 2, &base));
	for (uint32_t i = 0; i < p->c->n_query_vars; i++) {
		struct term *t = p->c->query_vars[i];

		if (!is_bound(p, NULL, t->var))
			continue;
		TRY(const_operand(p, json_string(t->u.name), &key));
		TRY(emit(p, OP_MOVE, base + 2 * n, key, 0, 0));
		TRY(plan_into(p, t, base + 2 * n + 1));
		n++;
	}
	TRY(new_registers(p, 1, &bindings));
	TRY(new_registers(p, 1, &values));
	TRY(emit(p, OP_OBJECT, bindings, base, n, 0));
	TRY(emit(p, OP_ARRAY, values, p->query_values, p->c->policy->n_query_parts, 0));
	TRY(emit(p, OP_PUSH2, *result, bindings, values, 0));
	return emit(p, OP_JUMP, 0, 0, 0, p->fail);
}

/* Text and place of each expression, for whoever shows the values. */
static status
note_parts(struct plan *p)
{
	const struct body *b = p->c->query;
	struct policy *pol = p->c->policy;

	pol->query_parts = arena_array(&pol->arena, b->n, sizeof *pol->query_parts);
	if (!pol->query_parts)
		return compile_memory(p->c);
	for (uint32_t i = 0; i < b->n; i++) {
		struct expr *e = b->list[i];

		if (e->kind == EXPR_SOME)
			continue; /* declarations have no value */
		e->place = pol->n_query_parts++;
		pol->query_parts[e->place] = expression_place(p, e);
	}
	return OK;
}

/* An array of bindings and values of expressions in turn, two items a solution. */
status
plan_query(struct compiler *c, struct function *f)
{
	struct plan p;
	uint32_t result, end;

	TRY(begin_function(&p, c, NULL));
	p.n_vars = c->n_query_slots;
	TRY(begin_rule(&p, NULL));
	TRY(note_parts(&p));
	p.query = true;
	p.query_holds = c->policy->n_query_parts > 1 || iterates(c->query);
	TRY(new_registers(&p, c->policy->n_query_parts, &p.query_values));
	TRY(new_registers(&p, 1, &result));
	TRY(new_label(&p, &end));
	TRY(emit(&p, OP_LIST, result, 0, 0, 0));
	TRY(plan_body(&p, c->query, end, yield_solution, &result));
	bind_label(&p, end);
	TRY(emit(&p, OP_TO_ARRAY, result, 0, 0, 0));
	TRY(emit(&p, OP_RETURN, 0, result, 0, 0));
	return end_function(&p, f, 0);
}
