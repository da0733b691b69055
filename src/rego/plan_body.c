/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/plan.h"

static var_set *
save_bound(struct plan *p)
{
	var_set *copy = arena_array(&p->c->arena, p->words, sizeof *copy);

	if (copy)
		mem_copy(copy, p->bound, p->words * sizeof *copy);
	return copy;
}

/* ---- not, some, every ---- */

static status plan_positive(struct plan *p, struct expr *e);

/* What needs an evaluation of its own, and may have no value. */
static bool
may_be_undefined(struct plan *p, const struct term *t)
{
	if (t->kind == TERM_REF || t->kind == TERM_CALL || t->kind == TERM_INPUT ||
	    t->kind == TERM_DATA)
		return true;
	if (t->kind != TERM_ARRAY && t->kind != TERM_SET && t->kind != TERM_OBJECT)
		return false;
	for (uint32_t i = 0; i < t->n; i++)
		if (may_be_undefined(p, t->items[i]))
			return true;
	return false;
}

/* *t is evaluated here and now, and stands for its register from now on. */
static status
hold(struct plan *p, struct term **t)
{
	struct term *held;
	struct value v;
	uint32_t got;

	if (!may_be_undefined(p, *t) || constant_term(p, *t, &v))
		return OK;
	held = arena_new(&p->c->arena, struct term);
	if (!held)
		return compile_memory(p->c);
	TRY(plan_term(p, *t, NO_REGISTER, &got));
	*held = (struct term){.kind = TERM_HELD, .off = (*t)->off, .var = got};
	*t = held;
	return OK;
}

/* A copy of a term whose items can be replaced. */
static struct term *
loose_copy(struct plan *p, const struct term *t)
{
	struct term *copy = arena_new(&p->c->arena, struct term);
	struct term **items = arena_array(&p->c->arena, t->n, sizeof *items);

	if (!copy || !items)
		return NULL;
	*copy = *t;
	copy->items = items;
	if (t->n > 0)
		mem_copy(items, t->items, t->n * sizeof *items);
	return copy;
}

/* The brackets of a reference, and what it goes into unless that is a document. */
static status
hold_brackets(struct plan *p, struct term **ref)
{
	struct term *copy = loose_copy(p, *ref);

	if (!copy)
		return compile_memory(p->c);
	if (copy->items[0]->kind != TERM_INPUT && copy->items[0]->kind != TERM_DATA)
		TRY(hold(p, &copy->items[0]));
	for (uint32_t i = 1; i < copy->n; i++)
		TRY(hold(p, &copy->items[i]));
	*ref = copy;
	return OK;
}

/*
 * OPA evaluates what a negated expression is made of in front of it: `not f(input.x)` is
 * `y := input.x; not f(y)`, and no value of input.x makes it undefined, not true. References that
 * are the expression, or a side of = and ==, are looked up inside.
 */
static status
hold_operands(struct plan *p, struct term **t)
{
	const struct callee *f = &(*t)->u.call.callee;
	struct term *copy;
	bool equal;

	if ((*t)->kind == TERM_REF)
		return hold_brackets(p, t);
	if ((*t)->kind == TERM_CALL && is_print(*t))
		return OK;
	if ((*t)->kind != TERM_CALL)
		return (*t)->kind == TERM_INPUT || (*t)->kind == TERM_DATA ? OK : hold(p, t);
	copy = loose_copy(p, *t);
	if (!copy)
		return compile_memory(p->c);
	equal = is_unify(copy) || (f->builtin && bytes_is(bytes_str(f->builtin->name), "equal"));
	for (uint32_t i = 0; i < copy->n; i++) {
		struct term **item = &copy->items[i];

		if (!equal)
			TRY(hold(p, item));
		else if ((*item)->kind == TERM_REF)
			TRY(hold_brackets(p, item));
		else if ((*item)->kind != TERM_INPUT && (*item)->kind != TERM_DATA)
			TRY(hold(p, item));
	}
	*t = copy;
	return OK;
}

static status
plan_not(struct plan *p, struct expr *e)
{
	uint32_t outer, holds;
	struct expr inner = *e;
	var_set *bound;
	bool loops;

	TRY(hold_operands(p, &inner.term));
	outer = p->fail;
	bound = save_bound(p);
	loops = p->loops;
	if (!bound)
		return compile_memory(p->c);
	TRY(new_label(p, &holds));
	p->fail = holds;
	TRY(plan_positive(p, &inner));
	TRY(emit(p, OP_JUMP, 0, 0, 0, outer));
	bind_label(p, holds);
	p->fail = outer;
	p->loops = loops;
	p->bound = bound;
	return OK;
}

static bool
is_free_var(const struct plan *p, const struct term *t)
{
	return t && t->kind == TERM_VAR && !is_bound(p, NULL, t->var);
}

/* Where NEXT writes: the variable itself, or a register that is matched afterwards. */
static status
loop_target(struct plan *p, struct term *t, uint32_t *ret)
{
	if (!is_free_var(p, t))
		return new_registers(p, 1, ret);
	*ret = var_register(p, t->var);
	set_add(p->bound, t->var);
	return OK;
}

static status
plan_some_in(struct plan *p, struct expr *e)
{
	uint32_t coll, iter, next, key, val, done;
	bool match_key, match_val;

	TRY(plan_term(p, e->term, NO_REGISTER, &coll));
	TRY(new_registers(p, 2, &iter));
	TRY(emit(p, OP_ITER, iter, coll, 0, p->fail));
	TRY(new_label(p, &next));
	bind_label(p, next);
	done = p->fail;
	match_key = e->key && !is_free_var(p, e->key);
	TRY(loop_target(p, e->key, &key));
	match_val = !is_free_var(p, e->val);
	TRY(loop_target(p, e->val, &val));
	TRY(emit(p, OP_NEXT, val, iter, key, done));
	p->fail = next;
	p->loops = true;
	if (match_key)
		TRY(plan_match(p, e->key, key));
	return match_val ? plan_match(p, e->val, val) : OK;
}

static status
yield_jump(struct plan *p, void *ctx)
{
	const uint32_t *label = ctx;

	return emit(p, OP_JUMP, 0, 0, 0, *label);
}

static status
plan_every(struct plan *p, struct expr *e)
{
	uint32_t coll, iter, next, end, key, val, line = p->line;
	var_set *bound = save_bound(p);
	bool loops = p->loops;

	if (!bound)
		return compile_memory(p->c);
	TRY(plan_term(p, e->term, NO_REGISTER, &coll));
	/* What the domain itself binds stays bound, what the body binds does not. */
	bound = save_bound(p);
	if (!bound)
		return compile_memory(p->c);
	loops |= p->loops;
	TRY(new_registers(p, 2, &iter));
	TRY(new_label(p, &next));
	TRY(new_label(p, &end));
	TRY(emit(p, OP_ITER, iter, coll, 0, p->fail));
	bind_label(p, next);
	TRY(loop_target(p, e->key, &key));
	TRY(loop_target(p, e->val, &val));
	TRY(emit(p, OP_NEXT, val, iter, key, end));
	TRY(plan_body(p, e->body, p->fail, yield_jump, &next));
	bind_label(p, end);
	p->bound = bound;
	p->loops = loops;
	p->line = line;
	return OK;
}

/* ---- with ---- */

static status
with_document(struct plan *p, struct with *w, uint32_t value)
{
	struct value_list l = value_list_of(&p->c->arena);
	bool input = w->target->kind == TERM_INPUT ||
	             (w->target->kind == TERM_REF && w->target->items[0]->kind == TERM_INPUT);
	uint32_t path;

	for (uint32_t i = 1; w->target->kind == TERM_REF && i < w->target->n; i++)
		value_push(&l, w->target->items[i]->u.value);
	TRY(const_operand(p, value_array(&l), &path));
	return emit(p, input ? OP_WITH_INPUT : OP_WITH_DATA, 0, path & ~CONST_BIT, value, 0);
}

static status
with_function(struct plan *p, struct with *w, uint32_t value)
{
	uint32_t target, other;

	TRY(mock_index(p->c, w->callee, &target));
	if (!w->replacement.group && !w->replacement.builtin)
		return emit(p, OP_WITH_CALL, 0, target, value, 0);
	TRY(mock_index(p->c, w->replacement, &other));
	return emit(p, OP_WITH_FN, 0, target, other, 0);
}

static status
plan_bare(struct plan *p, struct expr *e)
{
	return e->negated ? plan_not(p, e) : plan_positive(p, e);
}

/*
 * The frame is left behind the expression, and entered again when what
 * follows fails and the expression has to give its next solution.
 */
static status
plan_with(struct plan *p, struct expr *e)
{
	uint32_t outer = p->fail, none, again, over, frame, *values;

	values = arena_array(&p->c->arena, e->n_with, sizeof *values);
	if (!values)
		return compile_memory(p->c);
	for (uint32_t i = 0; i < e->n_with; i++)
		if (e->with[i].value->resolved)
			TRY(plan_term(p, e->with[i].value, NO_REGISTER, &values[i]));
	outer = p->fail;
	TRY(new_label(p, &none));
	TRY(new_label(p, &again));
	TRY(new_label(p, &over));
	TRY(new_registers(p, 1, &frame));
	TRY(emit(p, OP_WITH, frame, 0, 0, 0));
	for (uint32_t i = 0; i < e->n_with; i++)
		TRY(e->with[i].is_function ? with_function(p, &e->with[i], values[i])
		                           : with_document(p, &e->with[i], values[i]));
	p->fail = none;
	TRY(plan_bare(p, e));
	TRY(emit(p, OP_LEAVE, frame, 0, 0, 0));
	TRY(emit(p, OP_JUMP, 0, 0, 0, over));
	if (p->fail != none) {
		bind_label(p, again);
		TRY(emit(p, OP_ENTER, frame, 0, 0, 0));
		TRY(emit(p, OP_JUMP, 0, 0, 0, p->fail));
	}
	bind_label(p, none);
	TRY(emit(p, OP_LEAVE, frame, 0, 0, 0));
	TRY(emit(p, OP_JUMP, 0, 0, 0, outer));
	bind_label(p, over);
	p->fail = p->fail != none ? again : outer;
	return OK;
}

/* ---- expressions ---- */

static status
plan_plain(struct plan *p, struct term *t)
{
	uint32_t got;
	bool done;

	TRY(plan_compare(p, t, &done));
	if (done)
		return OK;
	TRY(plan_term(p, t, NO_REGISTER, &got));
	if (const_at(p, got) && value_holds(const_at(p, got)))
		return OK;
	return emit(p, OP_HOLDS, 0, got, 0, p->fail);
}

/* The value is kept; whether it must hold says the query (plan_query.c). */
static status
plan_valued(struct plan *p, struct term *t, uint32_t value)
{
	TRY(plan_into(p, t, value));
	return p->query_holds ? emit(p, OP_HOLDS, 0, value, 0, p->fail) : OK;
}

static status
plan_positive(struct plan *p, struct expr *e)
{
	uint32_t value = p->value_into;

	p->value_into = NO_REGISTER; /* of this expression alone, not of a body in it */
	switch ((enum expr_kind)e->kind) {
	case EXPR_SOME:
		return OK;
	case EXPR_SOME_IN:
		return plan_some_in(p, e);
	case EXPR_EVERY:
		return plan_every(p, e);
	case EXPR_TERM:
		break;
	}
	return value == NO_REGISTER ? plan_plain(p, e->term) : plan_valued(p, e->term, value);
}

status
plan_conditions(struct plan *p, struct expr *e)
{
	return e->n_with > 0 ? plan_with(p, e) : plan_bare(p, e);
}

static bool
begins_with_print(const struct expr *e)
{
	return e->kind == EXPR_TERM && is_print(e->term);
}

struct expression
expression_place(const struct plan *p, const struct expr *e)
{
	struct expression x = {.file = p->file, .off = e->off, .end = e->end};

	lex_position(p->source->text, e->off, &x.line, &x.col);
	return x;
}

static status
plan_expr(struct plan *p, struct expr *e)
{
	bool marked = p->c->trace && !begins_with_print(e) && e->kind != EXPR_SOME;

	set_line(p, e->off);
	if (marked) {
		p->c->policy->expressions[e->number] = expression_place(p, e);
		TRY(emit(p, OP_MARK, 0, e->number, 0, 0));
	}
	if (p->query_body)
		TRY(plan_query_expr(p, e));
	else
		TRY(plan_conditions(p, e));
	if (marked)
		TRY(emit(p, OP_MARK_TRUE, 0, e->number, 0, 0));
	return OK;
}

static status
unsafe(struct plan *p, uint32_t off)
{
	const struct variable *v = &p->vars[p->unsafe_var];

	TRY(compile_work(p->c, 0));
	if (p->unsafe_var == 0)
		return source_error(p->source, off, p->c->err, ERR_PARSE, "E-REGO-016",
		                    "the expression can't be evaluated with what is known here");
	if (p->unsafe_shown)
		return source_error(p->source, p->unsafe_off, p->c->err, ERR_PARSE, "E-REGO-019",
		                    "nothing gives %.*s a value, and it gets none here",
		                    BYTES_ARG(v->name));
	return source_error(p->source, p->unsafe_off, p->c->err, ERR_PARSE, "E-REGO-016",
	                    "variable %.*s is unsafe: nothing gives it a value",
	                    BYTES_ARG(v->name));
}

status
head_ready(struct plan *p, const struct term *t)
{
	var_set *outs = arena_array(&p->c->arena, p->words, sizeof *outs);

	if (!outs)
		return compile_memory(p->c);
	p->unsafe_var = 0;
	if (ready_value(p, t, outs))
		return OK;
	return unsafe(p, t->off);
}

status
plan_body(struct plan *p, struct body *b, uint32_t exhausted, yield_fn *yield, void *ctx)
{
	CLEANUP(buf_done) struct buf planned = {0};
	var_set *saved = save_bound(p), *outs = arena_array(&p->c->arena, p->words, sizeof *outs);
	bool query = p->query_body, progress = true;
	uint32_t fail = p->fail, left = b ? b->n : 0;

	buf_zeros(&planned, left);
	if (b && !b->order)
		b->order = arena_array(&p->c->arena, b->n, sizeof *b->order);
	if (!saved || !outs || !buf_ok(&planned) || (b && !b->order))
		return compile_memory(p->c);
	p->fail = exhausted;
	p->query_body = p->query;
	p->query = false;
	while (left > 0 && progress) {
		progress = false;
		for (uint32_t i = 0; i < b->n; i++) {
			struct expr *e = b->list[i];

			mem_zero(outs, p->words * sizeof *outs);
			p->unsafe_var = 0;
			if (planned.p[i])
				continue;
			TRY(compile_work(p->c, 1));
			if (!ready_expr(p, e, outs))
				continue;
			b->order[b->n - left] = i;
			TRY(plan_expr(p, e));
			planned.p[i] = 1;
			left--;
			progress = true;
		}
	}
	for (uint32_t i = 0; left > 0 && i < b->n; i++) {
		if (planned.p[i])
			continue;
		p->unsafe_var = 0;
		(void)ready_expr(p, b->list[i], outs);
		return unsafe(p, b->list[i]->off);
	}
	p->query_body = query;
	TRY(yield(p, ctx));
	p->fail = fail;
	p->bound = saved;
	return OK;
}
