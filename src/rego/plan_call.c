/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/plan.h"

/* Builtins that are instructions: as a value, and as a condition (OP_NOP: none). */
static const struct {
	const char *name;
	uint16_t value, condition;
} operators[] = {
        {"equal", OP_EQV, OP_EQ},
        {"neq", OP_NEV, OP_NE},
        {"lt", OP_LTV, OP_LT},
        {"lte", OP_LEV, OP_LE},
        {"gt", OP_GTV, OP_GT},
        {"gte", OP_GEV, OP_GE},
        {"internal.member_2", OP_INV, OP_IN},
        {"plus", OP_ADD, OP_NOP},
        {"minus", OP_SUB, OP_NOP},
        {"mul", OP_MUL, OP_NOP},
        {"div", OP_DIV, OP_NOP},
        {"rem", OP_REM, OP_NOP},
        {"and", OP_AND, OP_NOP},
        {"or", OP_OR, OP_NOP},
};

static uint32_t
arity(const struct term *t)
{
	const struct callee *f = &t->u.call.callee;

	return f->group ? f->group->n_args : f->builtin->arity;
}

static size_t
operator_of(const struct plan *p, const struct term *t)
{
	const struct callee *f = &t->u.call.callee;
	size_t i = 0;

	if (!f->builtin || is_mocked(p->c, *f))
		return COUNT_OF(operators);
	while (i < COUNT_OF(operators) && !bytes_is(bytes_str(operators[i].name), f->builtin->name))
		i++;
	return i;
}

/* Both operands; the right one first if it binds what the left one needs. */
static status
plan_pair(struct plan *p, struct term *t, uint32_t *ret_a, uint32_t *ret_b)
{
	var_set *outs = arena_array(&p->c->arena, p->words, sizeof *outs);
	bool swapped;

	if (!outs)
		return compile_memory(p->c);
	swapped = !ready_value(p, t->items[0], outs);
	if (!swapped)
		TRY(plan_term(p, t->items[0], NO_REGISTER, ret_a));
	TRY(plan_term(p, t->items[1], NO_REGISTER, ret_b));
	return swapped ? plan_term(p, t->items[0], NO_REGISTER, ret_a) : OK;
}

status
plan_compare(struct plan *p, struct term *t, bool *done)
{
	uint32_t a, b;
	size_t i;

	*done = false;
	if (t->kind != TERM_CALL || t->n != 2 || is_unify(t) || is_print(t) || arity(t) != 2)
		return OK;
	i = operator_of(p, t);
	if (i == COUNT_OF(operators) || operators[i].condition == OP_NOP)
		return OK;
	*done = true;
	TRY(plan_pair(p, t, &a, &b));
	return emit(p, (enum opcode)operators[i].condition, 0, a, b, p->fail);
}

static status
plan_operator(struct plan *p, struct term *t, enum opcode op, uint32_t hint, uint32_t *ret)
{
	uint32_t a, b;

	TRY(plan_pair(p, t, &a, &b));
	*ret = hint;
	if (hint == NO_REGISTER)
		TRY(new_registers(p, 1, ret));
	return emit(p, op, *ret, a, b, op < OP_ADD ? 0 : p->fail);
}

/* walk(x): one value after the other. */
static status
plan_results(struct plan *p, uint32_t results, uint32_t dst)
{
	uint32_t iter, next, done = p->fail, key;

	TRY(new_registers(p, 2, &iter));
	TRY(new_registers(p, 1, &key));
	TRY(emit(p, OP_ITER, iter, results, 0, p->fail));
	TRY(new_label(p, &next));
	bind_label(p, next);
	TRY(emit(p, OP_NEXT, dst, iter, key, done));
	p->fail = next;
	p->loops = true;
	return OK;
}

static status
plan_invoke(struct plan *p, struct term *t, uint32_t base, uint32_t dst)
{
	const struct callee *f = &t->u.call.callee;
	uint32_t i;

	if (is_mocked(p->c, *f)) {
		TRY(mock_index(p->c, *f, &i));
		return emit(p, OP_MOCKED, dst, i, base, p->fail);
	}
	if (f->group)
		return emit(p, OP_CALL, dst, f->group->index, base, p->fail);
	TRY(builtin_index(p->c, f->builtin, &i));
	return emit(p, OP_BUILTIN, dst, i, base, p->fail);
}

static status
plan_values(struct plan *p, struct term *t, uint32_t hint, uint32_t *ret)
{
	const struct callee *f = &t->u.call.callee;
	uint32_t n = arity(t), base, dst;

	TRY(new_registers(p, n, &base));
	TRY(plan_list(p, t->items, n, base));
	dst = hint;
	if (hint == NO_REGISTER)
		TRY(new_registers(p, 1, &dst));
	*ret = dst;
	if (f->builtin && (f->builtin->flags & BUILTIN_RELATION)) {
		TRY(new_registers(p, 1, &dst));
		TRY(plan_invoke(p, t, base, dst));
		return plan_results(p, dst, *ret);
	}
	return plan_invoke(p, t, base, dst);
}

static status
plan_print(struct plan *p, struct term *t)
{
	uint32_t base, skip;

	TRY(new_label(p, &skip));
	TRY(emit(p, OP_SKIP_PRINT, 0, 0, 0, skip));
	TRY(new_registers(p, t->n, &base));
	for (uint32_t i = 0; i < t->n; i++)
		TRY(plan_optional(p, t->items[i], base + i));
	TRY(emit(p, OP_PRINT, 0, base, t->n, 0));
	bind_label(p, skip);
	return OK;
}

status
plan_call(struct plan *p, struct term *t, uint32_t hint, uint32_t *ret)
{
	uint32_t n, got;
	size_t op;

	if (is_print(t)) {
		TRY(plan_print(p, t));
		return const_operand(p, json_bool(true), ret);
	}
	if (is_unify(t)) {
		TRY(plan_unify(p, t->items[0], t->items[1]));
		return const_operand(p, json_bool(true), ret);
	}
	n = arity(t);
	op = operator_of(p, t);
	if (t->n > n) {
		/* f(x, y) is f(x) = y; it holds whatever the value is. */
		TRY(op < COUNT_OF(operators) && t->n == 3
		            ? plan_operator(p, t, (enum opcode)operators[op].value, NO_REGISTER,
		                            &got)
		            : plan_values(p, t, NO_REGISTER, &got));
		TRY(plan_match(p, t->items[n], got));
		return const_operand(p, json_bool(true), ret);
	}
	if (op < COUNT_OF(operators))
		return plan_operator(p, t, (enum opcode)operators[op].value, hint, ret);
	return plan_values(p, t, hint, ret);
}
