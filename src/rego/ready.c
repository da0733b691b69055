/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/plan.h"

/*
 * Safety (OPA's rules): a variable gets its value from a bracket of a
 * reference, from one side of =, := or some..in, or from the output place of a
 * call. Everywhere else it must have one already.
 */

void
set_add(var_set *set, uint32_t var)
{
	set[var / 64] |= (uint64_t)1 << (var % 64);
}

static bool
set_has(const var_set *set, uint32_t var)
{
	return (set[var / 64] >> (var % 64)) & 1;
}

static uint32_t
set_size(const struct plan *p, const var_set *set)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->words; i++)
		n += (uint32_t)__builtin_popcountll(set[i]);
	return n;
}

bool
is_bound(const struct plan *p, const var_set *outs, uint32_t var)
{
	return set_has(p->bound, var) || (outs && set_has(outs, var));
}

bool
is_print(const struct term *t)
{
	return t->kind == TERM_CALL && t->fn && t->u.call.callee.builtin &&
	       (t->u.call.callee.builtin->flags & BUILTIN_VARIADIC);
}

bool
is_unify(const struct term *t)
{
	return t->kind == TERM_CALL && !t->fn &&
	       (bytes_is(t->u.call.name, "eq") || bytes_is(t->u.call.name, "assign"));
}

static bool
need_var(struct plan *p, const struct term *t, const var_set *outs)
{
	if (is_bound(p, outs, t->var))
		return true;
	p->unsafe_var = t->var;
	p->unsafe_off = t->off;
	p->unsafe_shown = false;
	return false;
}

/* ---- closures: what they share with their surroundings must be bound ---- */

static bool closed_body(struct plan *p, const struct body *b, const struct scope *s,
                        const var_set *outs);

static bool
closed_term(struct plan *p, const struct term *t, const struct scope *s, const var_set *outs)
{
	p->c->work++;
	if (t->kind == TERM_VAR)
		return !variable_shared(&p->vars[t->var], s) || need_var(p, t, outs);
	if (t->kind == TERM_ARRAY_COMP || t->kind == TERM_SET_COMP || t->kind == TERM_OBJECT_COMP)
		return closed_term(p, t->u.comp.val, s, outs) &&
		       (!t->u.comp.key || closed_term(p, t->u.comp.key, s, outs)) &&
		       closed_body(p, t->u.comp.body, s, outs);
	for (uint32_t i = 0; i < t->n; i++)
		if (!closed_term(p, t->items[i], s, outs))
			return false;
	return true;
}

static bool
closed_expr(struct plan *p, const struct expr *e, const struct scope *s, const var_set *outs)
{
	for (uint32_t i = 0; i < e->n_with; i++)
		if (e->with[i].value->resolved && !closed_term(p, e->with[i].value, s, outs))
			return false;
	if (e->term && !closed_term(p, e->term, s, outs))
		return false;
	if (e->kind == EXPR_SOME_IN && e->key && !closed_term(p, e->key, s, outs))
		return false;
	if (e->kind == EXPR_SOME_IN && !closed_term(p, e->val, s, outs))
		return false;
	return e->kind != EXPR_EVERY || closed_body(p, e->body, s, outs);
}

static bool
closed_body(struct plan *p, const struct body *b, const struct scope *s, const var_set *outs)
{
	for (uint32_t i = 0; i < b->n; i++)
		if (!closed_expr(p, b->list[i], s, outs))
			return false;
	return true;
}

static bool
ready_closure(struct plan *p, const struct term *t, const var_set *outs)
{
	const struct scope *s = t->u.comp.scope;

	return closed_body(p, t->u.comp.body, s, outs) && closed_term(p, t->u.comp.val, s, outs) &&
	       (!t->u.comp.key || closed_term(p, t->u.comp.key, s, outs));
}

/* ---- terms ---- */

static bool
ready_ref(struct plan *p, const struct term *t, var_set *outs)
{
	if (!ready_value(p, t->items[0], outs))
		return false;
	for (uint32_t i = 1; i < t->n; i++)
		if (!ready_pattern(p, t->items[i], outs))
			return false;
	return true;
}

/*
 * In whatever order works: one item may bind what another one needs. Another round is for what
 * the last one bound, and for nothing else: two rounds a level of nested terms would be 2^depth.
 */
static bool
ready_list(struct plan *p, struct term *const *items, uint32_t n, var_set *outs)
{
	uint32_t left, bound;

	do {
		bound = set_size(p, outs);
		left = 0;
		for (uint32_t i = 0; i < n; i++)
			left += !ready_value(p, items[i], outs);
	} while (left > 0 && set_size(p, outs) > bound);
	return left == 0;
}

static bool
ready_items(struct plan *p, const struct term *t, var_set *outs)
{
	return ready_list(p, t->items, t->n, outs);
}

/* Arguments that may be undefined open no loops and bind nothing. */
static bool
ready_optional(struct plan *p, const struct term *t, const var_set *outs)
{
	var_set *own = arena_array(&p->c->arena, p->words, sizeof *own);

	if (!own)
		return false;
	mem_copy(own, outs, p->words * sizeof *own);
	if (!ready_items(p, t, own))
		return false;
	for (uint32_t v = 1; v <= p->n_vars; v++) {
		if (!set_has(own, v) || is_bound(p, outs, v))
			continue;
		p->unsafe_var = v;
		p->unsafe_off = t->off;
		p->unsafe_shown = true;
		return false;
	}
	return true;
}

static uint32_t
arity(const struct term *t)
{
	const struct callee *f = &t->u.call.callee;

	return f->group ? f->group->n_args : f->builtin ? f->builtin->arity : t->n;
}

static bool
ready_call(struct plan *p, const struct term *t, var_set *outs)
{
	uint32_t n;

	if (is_print(t))
		return ready_optional(p, t, outs);
	n = arity(t);
	if (!ready_list(p, t->items, MIN(t->n, n), outs))
		return false;
	return t->n <= n || ready_pattern(p, t->items[n], outs);
}

bool
ready_value(struct plan *p, const struct term *t, var_set *outs)
{
	if (++p->c->work > COMPILE_MAX_WORK)
		return false; /* unsafe() says so */
	switch ((enum term_kind)t->kind) {
	case TERM_CONST:
	case TERM_DATA:
	case TERM_INPUT:
	case TERM_HELD:
		return true;
	case TERM_VAR:
		return need_var(p, t, outs);
	case TERM_REF:
		return ready_ref(p, t, outs);
	case TERM_ARRAY:
	case TERM_SET:
	case TERM_OBJECT:
		return ready_items(p, t, outs);
	case TERM_TEMPLATE:
		return ready_optional(p, t, outs);
	case TERM_ARRAY_COMP:
	case TERM_SET_COMP:
	case TERM_OBJECT_COMP:
		return ready_closure(p, t, outs);
	case TERM_CALL:
		return ready_call(p, t, outs);
	}
	return false;
}

static bool
is_pattern(const struct term *t)
{
	return t->kind == TERM_VAR || t->kind == TERM_ARRAY || t->kind == TERM_OBJECT;
}

/* Variables first: [f(x), x] is fine. Keys of objects are values. */
bool
ready_pattern(struct plan *p, const struct term *t, var_set *outs)
{
	uint32_t step = t->kind == TERM_OBJECT ? 2 : 1;

	if (t->kind == TERM_VAR) {
		set_add(outs, t->var);
		return true;
	}
	if (t->kind != TERM_ARRAY && t->kind != TERM_OBJECT)
		return ready_value(p, t, outs);
	for (uint32_t i = step - 1; i < t->n; i += step)
		if (is_pattern(t->items[i]) && !ready_pattern(p, t->items[i], outs))
			return false;
	for (uint32_t i = 0; i < t->n; i++) {
		bool key = step == 2 && i % 2 == 0;

		if ((key || !is_pattern(t->items[i])) && !ready_value(p, t->items[i], outs))
			return false;
	}
	return true;
}

/* ---- unification ---- */

static bool try_unify(struct plan *p, const struct term *a, const struct term *b, var_set *outs);

static bool
unify_items(struct plan *p, const struct term *a, const struct term *b, var_set *outs)
{
	CLEANUP(buf_done) struct buf done = {0};
	uint32_t left = a->n, bound;

	buf_zeros(&done, a->n);
	if (!buf_ok(&done))
		return false;
	do { /* rounds as in ready_list() */
		bound = set_size(p, outs);
		for (uint32_t i = 0; i < a->n; i++) {
			if (done.p[i] || !try_unify(p, a->items[i], b->items[i], outs))
				continue;
			done.p[i] = 1;
			left--;
		}
	} while (left > 0 && set_size(p, outs) > bound);
	return left == 0;
}

/* Same keys in the same places, all constant: then values meet values. */
static bool
same_keys(const struct term *a, const struct term *b)
{
	if (a->n != b->n)
		return false;
	for (uint32_t i = 0; i < a->n; i += 2)
		if (a->items[i]->kind != TERM_CONST || b->items[i]->kind != TERM_CONST ||
		    !value_eq(&a->items[i]->u.value, &b->items[i]->u.value))
			return false;
	return true;
}

static bool
same_key(const struct term *a, const struct term *b)
{
	if (a->kind == TERM_VAR && b->kind == TERM_VAR)
		return a->var == b->var;
	if (a->kind != TERM_CONST || b->kind != TERM_CONST)
		return a->kind != TERM_VAR && a->kind != TERM_CONST && a->kind == b->kind;
	return value_eq(&a->u.value, &b->u.value);
}

/* A literal of another shape gives the variables of a pattern no values. */
static bool
same_shape(struct plan *p, const struct term *a, const struct term *b)
{
	bool literal = b->kind == TERM_CONST || b->kind == TERM_SET || b->kind == TERM_ARRAY ||
	               b->kind == TERM_OBJECT;

	if (a->kind == TERM_OBJECT)
		literal |= b->kind == TERM_OBJECT_COMP || b->kind == TERM_ARRAY_COMP ||
		           b->kind == TERM_SET_COMP;
	if ((a->kind != TERM_ARRAY && a->kind != TERM_OBJECT) || !literal)
		return true;
	if (a->kind != b->kind || a->n != b->n)
		return false;
	for (uint32_t i = 0; a->kind == TERM_OBJECT && i < a->n; i += 2) {
		bool found = false;

		for (uint32_t k = 0; k < b->n && !found; k += 2)
			found = same_key(a->items[i], b->items[k]);
		p->c->work += b->n;
		if (!found || p->c->work > COMPILE_MAX_WORK)
			return false;
	}
	return true;
}

/* On failure `outs` may hold more than before; the caller throws it away or retries. */
static bool
try_unify(struct plan *p, const struct term *a, const struct term *b, var_set *outs)
{
	var_set *own;
	bool good;

	if (a->kind == TERM_ARRAY && b->kind == TERM_ARRAY && a->n == b->n)
		return unify_items(p, a, b, outs);
	if (a->kind == TERM_OBJECT && b->kind == TERM_OBJECT && same_keys(a, b))
		return unify_items(p, a, b, outs);
	if (!same_shape(p, a, b) || !same_shape(p, b, a))
		return ready_value(p, a, outs) && ready_value(p, b, outs);
	own = arena_array(&p->c->arena, p->words, sizeof *own);
	if (!own)
		return false;
	mem_copy(own, outs, p->words * sizeof *own);
	good = ready_value(p, b, own) && ready_pattern(p, a, own);
	if (!good) {
		uint32_t var = p->unsafe_var, off = p->unsafe_off;
		bool shown = p->unsafe_shown;

		mem_copy(own, outs, p->words * sizeof *own);
		good = ready_value(p, a, own) && ready_pattern(p, b, own);
		/* x = y: what is missing is y. */
		if (!good && a->kind == TERM_VAR) {
			p->unsafe_var = var;
			p->unsafe_off = off;
			p->unsafe_shown = shown;
		}
	}
	if (good)
		mem_copy(outs, own, p->words * sizeof *own);
	return good;
}

/* ---- expressions ---- */

/* Calls inside of a negated expression are made in front of it, and bind what they bind. */
static bool
ready_inner_calls(struct plan *p, const struct term *t, bool inner, var_set *outs)
{
	if (inner && t->kind == TERM_CALL)
		return ready_value(p, t, outs);
	for (uint32_t i = 0; i < t->n && t->kind != TERM_TEMPLATE; i++)
		if (!ready_inner_calls(p, t->items[i], true, outs))
			return false;
	return true;
}

/* The rest of a negated expression binds nothing. */
static bool
ready_negated(struct plan *p, const struct expr *e, var_set *outs)
{
	var_set *own = arena_array(&p->c->arena, p->words, sizeof *own);
	bool good;

	if (!own || !ready_inner_calls(p, e->term, false, outs))
		return false;
	mem_copy(own, outs, p->words * sizeof *own);
	good = is_unify(e->term) ? try_unify(p, e->term->items[0], e->term->items[1], own)
	                         : ready_value(p, e->term, own);
	for (uint32_t v = 1; good && v <= p->n_vars; v++) {
		if (!set_has(own, v) || is_bound(p, outs, v))
			continue;
		p->unsafe_var = v;
		p->unsafe_off = e->term->off;
		p->unsafe_shown = false;
		good = false;
	}
	return good;
}

bool
ready_expr(struct plan *p, const struct expr *e, var_set *outs)
{
	for (uint32_t i = 0; i < e->n_with; i++)
		if (e->with[i].value->resolved && !ready_value(p, e->with[i].value, outs))
			return false;
	switch ((enum expr_kind)e->kind) {
	case EXPR_SOME:
		return true;
	case EXPR_SOME_IN:
		return ready_value(p, e->term, outs) &&
		       (!e->key || ready_pattern(p, e->key, outs)) &&
		       ready_pattern(p, e->val, outs);
	case EXPR_EVERY:
		return ready_value(p, e->term, outs) && closed_body(p, e->body, e->scope, outs);
	case EXPR_TERM:
		break;
	}
	if (e->negated)
		return ready_negated(p, e, outs);
	if (is_unify(e->term))
		return try_unify(p, e->term->items[0], e->term->items[1], outs);
	return ready_value(p, e->term, outs);
}

bool
has_unbound(const struct plan *p, const struct term *t)
{
	if (t->kind == TERM_VAR)
		return !is_bound(p, NULL, t->var);
	for (uint32_t i = 0; i < t->n; i++)
		if (has_unbound(p, t->items[i]))
			return true;
	return false;
}
