/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/compile.h"

/*
 * No rule may depend on itself: a depth-first walk over what the bodies name.
 * A reference that stops above rules, or goes on with a variable there, names
 * all rules below.
 */

static status visit_group(struct compiler *c, struct group *g, const struct rule *from,
                          uint32_t off);

static status
visit_below(struct compiler *c, const struct node *n, const struct rule *from, uint32_t off)
{
	TRY(compile_work(c, 1));
	if (n->group && n->group->kind != GROUP_FUNCTION)
		return visit_group(c, n->group, from, off);
	for (const struct node *k = n->child; k; k = k->next)
		TRY(visit_below(c, k, from, off));
	return OK;
}

/* Rules that brackets i.. of the reference may name, from the node on. */
static status
visit_path(struct compiler *c, const struct term *t, uint32_t i, const struct node *n,
           const struct rule *from)
{
	const struct term *key = i < t->n ? t->items[i] : NULL;
	const struct node *k;

	TRY(compile_work(c, 1));
	if (c->parts && n->group && n->group->kind == GROUP_OBJECT && key &&
	    key->kind == TERM_CONST && key->u.value.type == VALUE_STRING) {
		struct group *part;

		TRY(group_part(c, n->group, json_text(&key->u.value), &part));
		return visit_group(c, part, from, t->off);
	}
	if (n->group || !key)
		return visit_below(c, n, from, t->off);
	if (key->kind == TERM_CONST) {
		k = key->u.value.type == VALUE_STRING ? node_child(c, n, json_text(&key->u.value))
		                                      : NULL;
		return k ? visit_path(c, t, i + 1, k, from) : OK;
	}
	for (k = n->child; k; k = k->next)
		TRY(visit_path(c, t, i + 1, k, from));
	return OK;
}

static status visit_body(struct compiler *c, const struct body *b, const struct rule *from);

static status
visit_term(struct compiler *c, const struct term *t, const struct rule *from)
{
	if (!t)
		return OK;
	if (t->kind == TERM_DATA)
		return visit_below(c, c->root, from, t->off);
	if (t->kind == TERM_ARRAY_COMP || t->kind == TERM_SET_COMP || t->kind == TERM_OBJECT_COMP) {
		TRY(visit_term(c, t->u.comp.key, from));
		TRY(visit_term(c, t->u.comp.val, from));
		return visit_body(c, t->u.comp.body, from);
	}
	if (t->kind == TERM_CALL && t->u.call.callee.group)
		TRY(visit_group(c, t->u.call.callee.group, from, t->off));
	for (uint32_t i = t->kind == TERM_REF && t->items[0]->kind == TERM_DATA; i < t->n; i++)
		TRY(visit_term(c, t->items[i], from));
	if (t->kind == TERM_REF && t->items[0]->kind == TERM_DATA)
		return visit_path(c, t, 1, c->root, from);
	return OK;
}

static status
visit_expr(struct compiler *c, const struct expr *e, const struct rule *from)
{
	for (uint32_t i = 0; i < e->n_with; i++) {
		if (!e->with[i].is_function)
			TRY(visit_term(c, e->with[i].target, from));
		if (e->with[i].replacement.group)
			TRY(visit_group(c, e->with[i].replacement.group, from, e->with[i].off));
		else if (e->with[i].value->resolved)
			TRY(visit_term(c, e->with[i].value, from));
	}
	TRY(visit_term(c, e->term, from));
	TRY(visit_term(c, e->key, from));
	TRY(visit_term(c, e->val, from));
	return e->body ? visit_body(c, e->body, from) : OK;
}

static status
visit_body(struct compiler *c, const struct body *b, const struct rule *from)
{
	for (uint32_t i = 0; b && i < b->n; i++)
		TRY(visit_expr(c, b->list[i], from));
	return OK;
}

static status
visit_rule(struct compiler *c, const struct rule *r)
{
	for (; r; r = r->otherwise) {
		for (uint32_t i = 0; i < r->n_path; i++)
			TRY(visit_term(c, r->path[i], r));
		for (uint32_t i = 0; i < r->n_args; i++)
			TRY(visit_term(c, r->args[i], r));
		TRY(visit_term(c, r->value, r));
		TRY(visit_body(c, r->body, r));
	}
	return OK;
}

enum { VISIT_OPEN = 1, VISIT_DONE, VISIT_MAX_DEPTH = 1000 };

static status
visit_group(struct compiler *c, struct group *g, const struct rule *from, uint32_t off)
{
	TRY(compile_work(c, 1));
	if (g->visit == VISIT_DONE)
		return OK;
	if (g->visit == VISIT_OPEN) {
		struct bytes path = node_path(c, g->node);

		return source_error(from->source, off, c->err, ERR_PARSE, "E-REGO-030",
		                    "rule %.*s depends on itself", BYTES_ARG(path));
	}
	if (++c->visit_depth > VISIT_MAX_DEPTH)
		return source_error(g->rules[0]->source, g->rules[0]->off, c->err, ERR_LIMIT,
		                    "E-REGO-006", "more than %d rules that build on each other",
		                    VISIT_MAX_DEPTH);
	g->visit = VISIT_OPEN;
	for (uint32_t i = 0; i < g->n_rules; i++)
		TRY(visit_rule(c, g->rules[i]));
	if (g->fallback)
		TRY(visit_rule(c, g->fallback));
	g->visit = VISIT_DONE;
	*c->checked_tail = g;
	c->checked_tail = &g->next_checked;
	c->visit_depth--;
	return OK;
}

static status
check_all(struct compiler *c)
{
	c->visit_depth = 0;
	c->checked = NULL;
	c->checked_tail = &c->checked;
	for (struct group *g = c->groups; g; g = g->next) {
		g->visit = 0;
		g->next_checked = NULL;
	}
	for (struct group *g = c->groups; g; g = g->next)
		TRY(visit_group(c, g, g->n_rules ? g->rules[0] : g->fallback, 0));
	return OK;
}

/* Coarsely first; where that fails, a member of an object made by rules counts for itself. */
status
check_recursion(struct compiler *c)
{
	bool objects = false;
	status s = check_all(c);

	for (const struct group *g = c->groups; g; g = g->next)
		objects |= g->kind == GROUP_OBJECT;
	if (is_ok(s) || s.cls != ERR_PARSE || !objects)
		return s;
	c->parts = true;
	return check_all(c);
}
