/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/plan.h"

/* ---- brackets of a value ---- */

static status
open_loop(struct plan *p, uint32_t collection, uint32_t *ret_iter)
{
	TRY(new_registers(p, 2, ret_iter));
	p->loops = true;
	return emit(p, OP_ITER, *ret_iter, collection, 0, p->fail);
}

/* value[x] with x unbound: a loop in which the rest of the body stands. */
static status
loop_bracket(struct plan *p, uint32_t collection, struct term *key, uint32_t dst)
{
	uint32_t iter, next, reg, done = p->fail;

	TRY(open_loop(p, collection, &iter));
	TRY(new_label(p, &next));
	bind_label(p, next);
	if (key->kind == TERM_VAR) {
		reg = var_register(p, key->var);
		TRY(emit(p, OP_NEXT, dst, iter, reg, done));
		p->fail = next;
		set_add(p->bound, key->var);
		return OK;
	}
	TRY(new_registers(p, 1, &reg));
	TRY(emit(p, OP_NEXT, dst, iter, reg, done));
	p->fail = next;
	return plan_match(p, key, reg);
}

static status
bracket(struct plan *p, uint32_t from, struct term *key, uint32_t dst, uint32_t *ret)
{
	const struct value *whole = const_at(p, from), *part;
	struct value k;
	uint32_t operand;

	if (key->kind == TERM_VAR ? !is_bound(p, NULL, key->var)
	                          : (key->kind == TERM_ARRAY || key->kind == TERM_OBJECT) &&
	                                    has_unbound(p, key)) {
		*ret = dst;
		return loop_bracket(p, from, key, dst);
	}
	if (whole && constant_term(p, key, &k)) {
		part = value_get(whole, &k);
		if (part)
			return const_operand(p, *part, ret);
	}
	TRY(plan_term(p, key, NO_REGISTER, &operand));
	*ret = dst;
	return emit(p, OP_DOT, dst, from, operand, p->fail);
}

/* Brackets i.. of the reference, of the value in `from`. */
static status
brackets(struct plan *p, struct term *t, uint32_t i, uint32_t from, uint32_t hint, uint32_t *ret)
{
	*ret = from;
	for (; i < t->n; i++) {
		uint32_t dst = hint;

		/* A loop's value must not land in a register that the loop reads again. */
		if (i + 1 < t->n || hint == NO_REGISTER)
			TRY(new_registers(p, 1, &dst));
		TRY(bracket(p, *ret, t->items[i], dst, ret));
	}
	return OK;
}

/* ---- below data ---- */

static bool
is_name(const struct term *t)
{
	return t->kind == TERM_CONST && t->u.value.type == VALUE_STRING;
}

/* May a `with` replace something at, above or below the constant path items[1..n)? */
static bool
is_replaced(const struct plan *p, const struct term *t, uint32_t n)
{
	for (const struct target *g = p->c->targets; g; g = g->next) {
		uint32_t both = MIN(g->n, n - 1), same = 0;

		while (same < both &&
		       value_eq(&g->path[same]->u.value, &t->items[same + 1]->u.value))
			same++;
		if (same == both)
			return true;
	}
	return false;
}

static status
plan_path(struct plan *p, const struct term *t, uint32_t n, uint32_t reg)
{
	struct value_list l = value_list_of(&p->c->arena);
	uint32_t path;

	for (uint32_t i = 1; i < n; i++)
		value_push(&l, t->items[i]->u.value);
	TRY(const_operand(p, value_array(&l), &path));
	return emit(p, OP_DATA, reg, path & ~CONST_BIT, 0, p->fail);
}

/* The root is an object, whose keys are strings: data[2] is data["2"], as OPA has it. */
static status
root_key(struct plan *p, struct term *t)
{
	CLEANUP(buf_done) struct buf text = {0};
	struct term *key = t->items[1];

	if (key->kind != TERM_CONST || key->u.value.type != VALUE_NUMBER)
		return OK;
	value_number_text(&key->u.value, &text);
	key->u.value = json_copy_string(&p->c->arena, buf_view(&text));
	return compile_memory(p->c);
}

static status
plan_group(struct plan *p, struct group *g, uint32_t reg, uint32_t *ret)
{
	*ret = reg;
	if (g->constant)
		return const_operand(p, g->value, ret);
	return emit(p, OP_RULE, reg, g->index, 0, p->fail);
}

static bool
is_free_var(const struct plan *p, const struct term *t)
{
	return t->kind == TERM_VAR && !is_bound(p, NULL, t->var);
}

/*
 * data.a[x].b where rules are below data.a: only what lies on the way may be
 * evaluated, the rest may depend on us. So keys are collected, a loop for an
 * unbound one runs over the keys of the document, and the whole path is walked.
 */
static status
plan_walk(struct plan *p, struct term *t, uint32_t hint, uint32_t *ret)
{
	uint32_t base, n = t->n - 1, keys, iter, next, ignored;

	TRY(new_registers(p, n, &base));
	for (uint32_t i = 0; i < n; i++) {
		struct term *key = t->items[i + 1];

		if (!is_free_var(p, key) &&
		    !((key->kind == TERM_ARRAY || key->kind == TERM_OBJECT) &&
		      has_unbound(p, key))) {
			TRY(plan_into(p, key, base + i));
			continue;
		}
		TRY(new_registers(p, 1, &keys));
		TRY(new_registers(p, 1, &ignored));
		TRY(emit(p, OP_KEYS, keys, base, i, p->fail));
		TRY(open_loop(p, keys, &iter));
		TRY(new_label(p, &next));
		bind_label(p, next);
		TRY(emit(p, OP_NEXT, base + i, iter, ignored, p->fail));
		p->fail = next;
		TRY(plan_match(p, key, base + i));
	}
	*ret = hint;
	if (hint == NO_REGISTER)
		TRY(new_registers(p, 1, ret));
	return emit(p, OP_WALK, *ret, base, n, p->fail);
}

static status
plan_data(struct plan *p, struct term *t, uint32_t hint, uint32_t *ret)
{
	struct node *node = p->c->root, *child;
	uint32_t i = 1, fixed = 1, reg, from;

	while (fixed < t->n && is_name(t->items[fixed]))
		fixed++;
	while (i < fixed && (child = node_child(p->c, node, json_text(&t->items[i]->u.value)))) {
		node = child;
		i++;
		if (node->group)
			break;
	}
	if (!node->group && node->child && i < t->n && t->items[i]->kind != TERM_CONST)
		return plan_walk(p, t, hint, ret);
	reg = hint;
	if (hint == NO_REGISTER || i < t->n)
		TRY(new_registers(p, 1, &reg));
	if (is_replaced(p, t, fixed)) {
		TRY(plan_path(p, t, fixed, reg));
		return brackets(p, t, fixed, reg, hint, ret);
	}
	if (node->group && node->group->kind == GROUP_FUNCTION) {
		*ret = reg;
		TRY(emit(p, OP_UNDEF, reg, 0, 0, 0));
		return emit(p, OP_JUMP, 0, 0, 0, p->fail);
	}
	if (node->group) {
		struct group *part = i < t->n && is_name(t->items[i]) ? node->group->parts : NULL;

		while (part && !bytes_equal(part->key, json_text(&t->items[i]->u.value)))
			part = part->next_part;
		TRY(plan_group(p, part ? part : node->group, reg, &from));
		return brackets(p, t, i, from, hint, ret);
	}
	if (i < t->n) {
		/* Nothing of ours is there: the caller's data. */
		TRY(emit(p, OP_BASE, reg, 0, 0, 0));
		TRY(root_key(p, t));
		return brackets(p, t, 1, reg, hint, ret);
	}
	*ret = reg;
	return emit(p, OP_NODE, reg, node->index, 0, 0);
}

static status
data_root(struct plan *p, struct term *t, uint32_t hint, uint32_t *ret)
{
	struct term *items[1] = {t};
	struct term ref = {.kind = TERM_REF, .off = t->off, .n = 1, .items = items};

	return plan_data(p, &ref, hint, ret);
}

status
plan_ref(struct plan *p, struct term *t, uint32_t hint, uint32_t *ret)
{
	uint32_t from;

	if (t->kind == TERM_DATA)
		return data_root(p, t, hint, ret);
	if (t->items[0]->kind == TERM_DATA)
		return plan_data(p, t, hint, ret);
	TRY(plan_term(p, t->items[0], NO_REGISTER, &from));
	return brackets(p, t, 1, from, hint, ret);
}
