/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/plan.h"

static bool
is_free_var(const struct plan *p, const struct term *t)
{
	return t->kind == TERM_VAR && !is_bound(p, NULL, t->var);
}

static var_set *
scratch_set(struct plan *p)
{
	return arena_array(&p->c->arena, p->words, sizeof(var_set));
}

static bool
ready_now(struct plan *p, const struct term *t)
{
	var_set *outs = scratch_set(p);

	return outs && ready_value(p, t, outs);
}

/* Variable = what the operand holds. Loops may change the register behind it: copy. */
static status
bind_var(struct plan *p, struct term *var, uint32_t operand)
{
	TRY(emit(p, OP_MOVE, var_register(p, var->var), operand, 0, 0));
	set_add(p->bound, var->var);
	return OK;
}

static status
match_array(struct plan *p, struct term *t, uint32_t operand)
{
	TRY(emit(p, OP_IS_ARRAY, 0, operand, t->n, p->fail));
	/* Variables and nested patterns first; what needs them afterwards. */
	for (int later = 0; later < 2; later++) {
		for (uint32_t i = 0; i < t->n; i++) {
			bool first = t->items[i]->kind == TERM_VAR ||
			             t->items[i]->kind == TERM_ARRAY ||
			             t->items[i]->kind == TERM_OBJECT;
			uint32_t reg;

			if (first == (later == 1))
				continue;
			if (is_free_var(p, t->items[i])) {
				TRY(emit(p, OP_ITEM, var_register(p, t->items[i]->var), operand, i,
				         0));
				set_add(p->bound, t->items[i]->var);
				continue;
			}
			TRY(new_registers(p, 1, &reg));
			TRY(emit(p, OP_ITEM, reg, operand, i, 0));
			TRY(plan_match(p, t->items[i], reg));
		}
	}
	return OK;
}

static status
match_object(struct plan *p, struct term *t, uint32_t operand)
{
	TRY(emit(p, OP_IS_OBJECT, 0, operand, t->n / 2, p->fail));
	for (uint32_t i = 0; i < t->n; i += 2) {
		uint32_t key, reg;

		TRY(plan_term(p, t->items[i], NO_REGISTER, &key));
		TRY(new_registers(p, 1, &reg));
		TRY(emit(p, OP_DOT, reg, operand, key, p->fail));
		TRY(plan_match(p, t->items[i + 1], reg));
	}
	return OK;
}

status
plan_match(struct plan *p, struct term *pattern, uint32_t operand)
{
	uint32_t value;

	if (is_free_var(p, pattern))
		return bind_var(p, pattern, operand);
	if (pattern->kind == TERM_ARRAY && has_unbound(p, pattern))
		return match_array(p, pattern, operand);
	if (pattern->kind == TERM_OBJECT && has_unbound(p, pattern))
		return match_object(p, pattern, operand);
	TRY(plan_term(p, pattern, NO_REGISTER, &value));
	return emit(p, OP_EQ, 0, operand, value, p->fail);
}

/* ---- two terms ---- */

static status
unify_items(struct plan *p, struct term *a, struct term *b, uint32_t step, bool *ret)
{
	CLEANUP(buf_done) struct buf done = {0};
	uint32_t left = a->n / step;
	bool progress = true;

	buf_zeros(&done, a->n);
	TRY(buf_check(&done, p->c->err));
	while (left > 0 && progress) {
		progress = false;
		for (uint32_t i = step - 1; i < a->n; i += step) {
			struct term *x = a->items[i], *y = b->items[i];

			if (done.p[i] || (!ready_now(p, x) && !ready_now(p, y) &&
			                  !(x->kind == y->kind && x->n == y->n && x->n > 0)))
				continue;
			TRY(plan_unify(p, x, y));
			done.p[i] = 1;
			left--;
			progress = true;
		}
	}
	*ret = left == 0;
	return OK;
}

static bool
same_keys(const struct term *a, const struct term *b)
{
	for (uint32_t i = 0; i < a->n; i += 2)
		if (a->items[i]->kind != TERM_CONST || b->items[i]->kind != TERM_CONST ||
		    !value_eq(&a->items[i]->u.value, &b->items[i]->u.value))
			return false;
	return true;
}

static status
unify_value(struct plan *p, struct term *pattern, struct term *value)
{
	uint32_t operand;

	if (is_free_var(p, pattern)) {
		/* Straight into the variable. Bound only afterwards: the term may loop over it. */
		uint32_t reg = var_register(p, pattern->var);

		TRY(plan_into(p, value, reg));
		set_add(p->bound, pattern->var);
		return OK;
	}
	TRY(plan_term(p, value, NO_REGISTER, &operand));
	return plan_match(p, pattern, operand);
}

status
plan_unify(struct plan *p, struct term *left, struct term *right)
{
	bool all = false;

	if (has_unbound(p, left) && has_unbound(p, right) && left->kind == right->kind &&
	    left->n == right->n &&
	    (left->kind == TERM_ARRAY || (left->kind == TERM_OBJECT && same_keys(left, right)))) {
		TRY(unify_items(p, left, right, left->kind == TERM_OBJECT ? 2 : 1, &all));
		if (all)
			return OK;
	}
	if (ready_now(p, right))
		return unify_value(p, left, right);
	return unify_value(p, right, left);
}
