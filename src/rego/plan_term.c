/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/plan.h"

static status
choose(struct plan *p, uint32_t hint, uint32_t *ret)
{
	*ret = hint;
	return hint == NO_REGISTER ? new_registers(p, 1, ret) : OK;
}

/* ---- constants ---- */

static bool
constant_items(struct plan *p, struct term *t, struct value *ret)
{
	struct value_list l = value_list_of(&p->c->arena);
	struct value v;

	for (uint32_t i = 0; i < t->n; i++) {
		if (!constant_term(p, t->items[i], &v))
			return false;
		value_push(&l, v);
	}
	*ret = t->kind == TERM_ARRAY ? value_array(&l)
	       : t->kind == TERM_SET ? value_set(&l)
	                             : value_object(&l, NULL);
	return !p->c->arena.failed;
}

/* A reference into a rule that is one constant, by constant keys. */
static bool
constant_ref(struct plan *p, struct term *t, struct value *ret)
{
	const struct node *n = p->c->root;
	const struct value *found;
	uint32_t i = 1;

	if (t->items[0]->kind != TERM_DATA)
		return false;
	for (; n && i < t->n && !n->group; i++) {
		if (t->items[i]->kind != TERM_CONST || t->items[i]->u.value.type != VALUE_STRING)
			return false;
		n = node_child(p->c, n, json_text(&t->items[i]->u.value));
	}
	if (!n || !n->group || !n->group->constant || n->group->mocked)
		return false;
	found = &n->group->value;
	for (; found && i < t->n; i++) {
		if (t->items[i]->kind != TERM_CONST)
			return false;
		found = value_get(found, &t->items[i]->u.value);
	}
	if (!found)
		return false;
	*ret = *found;
	return true;
}

bool
constant_term(struct plan *p, struct term *t, struct value *ret)
{
	switch ((enum term_kind)t->kind) {
	case TERM_CONST:
		*ret = t->u.value;
		return true;
	case TERM_ARRAY:
	case TERM_SET:
	case TERM_OBJECT:
		return constant_items(p, t, ret);
	case TERM_REF:
		return constant_ref(p, t, ret);
	case TERM_VAR:
	case TERM_DATA:
	case TERM_INPUT:
	case TERM_ARRAY_COMP:
	case TERM_SET_COMP:
	case TERM_OBJECT_COMP:
	case TERM_CALL:
	case TERM_TEMPLATE:
	case TERM_HELD:
		break;
	}
	return false;
}

/* ---- collections ---- */

static bool
ready_now(struct plan *p, const struct term *t)
{
	var_set *outs = arena_array(&p->c->arena, p->words, sizeof *outs);

	return outs && ready_value(p, t, outs);
}

status
plan_list(struct plan *p, struct term **items, uint32_t n, uint32_t base)
{
	CLEANUP(buf_done) struct buf done = {0};
	uint32_t left = n, last = n + 1;

	buf_zeros(&done, n);
	TRY(buf_check(&done, p->c->err));
	while (left > 0 && left < last) {
		last = left;
		for (uint32_t i = 0; i < n; i++) {
			if (done.p[i] || (items[i]->kind != TERM_CONST && !ready_now(p, items[i])))
				continue;
			TRY(plan_into(p, items[i], base + i));
			done.p[i] = 1;
			left--;
		}
	}
	return left == 0 ? compile_memory(p->c)
	                 : err_set(p->c->err, ERR_INTERNAL, "E-REGO-049", "a term before its time");
}

static status
plan_collection(struct plan *p, struct term *t, uint32_t hint, uint32_t *ret)
{
	enum opcode op = t->kind == TERM_ARRAY ? OP_ARRAY
	                 : t->kind == TERM_SET ? OP_SET
	                                       : OP_OBJECT;
	uint32_t base;

	TRY(new_registers(p, t->n, &base));
	TRY(plan_list(p, t->items, t->n, base));
	TRY(choose(p, hint, ret));
	return emit(p, op, *ret, base, op == OP_OBJECT ? t->n / 2 : t->n, 0);
}

struct comprehension {
	struct term *term;
	uint32_t list;
};

static status
yield_item(struct plan *p, void *ctx)
{
	struct comprehension *cx = ctx;
	uint32_t key, val;

	TRY(head_ready(p, cx->term->u.comp.val));
	if (cx->term->kind != TERM_OBJECT_COMP) {
		TRY(plan_term(p, cx->term->u.comp.val, NO_REGISTER, &val));
		TRY(emit(p, OP_PUSH, cx->list, val, 0, 0));
	} else {
		TRY(head_ready(p, cx->term->u.comp.key));
		TRY(plan_term(p, cx->term->u.comp.key, NO_REGISTER, &key));
		TRY(plan_term(p, cx->term->u.comp.val, NO_REGISTER, &val));
		TRY(emit(p, OP_PUSH2, cx->list, key, val, 0));
	}
	return emit(p, OP_JUMP, 0, 0, 0, p->fail);
}

static status
plan_comprehension(struct plan *p, struct term *t, uint32_t hint, uint32_t *ret)
{
	struct comprehension cx = {.term = t};
	bool loops = p->loops;
	uint32_t end;

	TRY(choose(p, hint, ret));
	TRY(new_registers(p, 1, &cx.list));
	TRY(new_label(p, &end));
	TRY(emit(p, OP_LIST, cx.list, 0, 0, 0));
	TRY(plan_body(p, t->u.comp.body, end, yield_item, &cx));
	bind_label(p, end);
	p->loops = loops;
	TRY(emit(p,
	         t->kind == TERM_ARRAY_COMP ? OP_TO_ARRAY
	         : t->kind == TERM_SET_COMP ? OP_TO_SET
	                                    : OP_TO_OBJECT,
	         cx.list, 0, 0, 0));
	return emit(p, OP_MOVE, *ret, cx.list, 0, 0);
}

static status
plan_template(struct plan *p, struct term *t, uint32_t hint, uint32_t *ret)
{
	uint32_t base;

	TRY(new_registers(p, t->n, &base));
	for (uint32_t i = 0; i < t->n; i++)
		TRY(plan_optional(p, t->items[i], base + i));
	TRY(choose(p, hint, ret));
	return emit(p, OP_TEMPLATE, *ret, base, t->n, 0);
}

/* ---- entry points ---- */

static status
plan_input(struct plan *p, uint32_t hint, uint32_t *ret)
{
	TRY(choose(p, hint, ret));
	return emit(p, OP_INPUT, *ret, 0, 0, p->fail);
}

status
plan_term(struct plan *p, struct term *t, uint32_t hint, uint32_t *ret)
{
	struct value v;

	if (constant_term(p, t, &v))
		return const_operand(p, v, ret);
	switch ((enum term_kind)t->kind) {
	case TERM_VAR:
		*ret = var_register(p, t->var);
		return OK;
	case TERM_INPUT:
		return plan_input(p, hint, ret);
	case TERM_DATA:
	case TERM_REF:
		return plan_ref(p, t, hint, ret);
	case TERM_ARRAY:
	case TERM_SET:
	case TERM_OBJECT:
		return plan_collection(p, t, hint, ret);
	case TERM_ARRAY_COMP:
	case TERM_SET_COMP:
	case TERM_OBJECT_COMP:
		return plan_comprehension(p, t, hint, ret);
	case TERM_CALL:
		return plan_call(p, t, hint, ret);
	case TERM_TEMPLATE:
		return plan_template(p, t, hint, ret);
	case TERM_HELD:
		*ret = t->var;
		return OK;
	case TERM_CONST:
		break;
	}
	return err_set(p->c->err, ERR_INTERNAL, "E-REGO-049", "a term that nobody plans");
}

status
plan_into(struct plan *p, struct term *t, uint32_t reg)
{
	uint32_t got;

	TRY(plan_term(p, t, reg, &got));
	return got == reg ? OK : emit(p, OP_MOVE, reg, got, 0, 0);
}

status
plan_optional(struct plan *p, struct term *t, uint32_t reg)
{
	uint32_t fail = p->fail, undefined, end, got;
	var_set *bound = arena_array(&p->c->arena, p->words, sizeof *bound);
	bool loops = p->loops;

	if (!bound)
		return compile_memory(p->c);
	mem_copy(bound, p->bound, p->words * sizeof *bound);
	TRY(new_label(p, &undefined));
	TRY(new_label(p, &end));
	p->fail = undefined;
	TRY(plan_term(p, t, NO_REGISTER, &got));
	TRY(emit(p, OP_MOVE, reg, got, 0, 0));
	TRY(emit(p, OP_JUMP, 0, 0, 0, end));
	bind_label(p, undefined);
	TRY(emit(p, OP_UNDEF, reg, 0, 0, 0));
	bind_label(p, end);
	p->fail = fail;
	p->loops = loops;
	p->bound = bound;
	return OK;
}
