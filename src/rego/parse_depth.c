/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/parse.h"

/*
 * How deep the trees are. The parser's own depth bounds brackets, but 1 + 1 + 1 ... is read in a
 * loop and still hangs on its left side one level an operator, and the passes behind the parser
 * walk it by recursion. Here is no recursion.
 */

struct visit {
	const struct term *term; /* or: */
	const struct body *body;
	uint32_t depth;
};

struct walk {
	struct parser *ps;
	struct visit *list;
	size_t n, cap;
	bool deep;
};

static void
later(struct walk *w, const struct term *t, const struct body *b, uint32_t depth)
{
	if (!t && !b)
		return;
	if (w->n == w->cap) {
		size_t cap = w->cap ? w->cap * 2 : 64;
		struct visit *p = arena_array(w->ps->arena, cap, sizeof *p);

		if (!p)
			return;
		if (w->n > 0)
			mem_copy(p, w->list, w->n * sizeof *p);
		w->list = p;
		w->cap = cap;
	}
	w->list[w->n++] = (struct visit){t, b, depth};
}

static void
visit_term(struct walk *w, const struct term *t, uint32_t depth)
{
	for (uint32_t i = 0; i < t->n; i++)
		later(w, t->items[i], NULL, depth);
	if (t->kind != TERM_ARRAY_COMP && t->kind != TERM_SET_COMP && t->kind != TERM_OBJECT_COMP)
		return;
	later(w, t->u.comp.key, NULL, depth);
	later(w, t->u.comp.val, NULL, depth);
	later(w, NULL, t->u.comp.body, depth);
}

static void
visit_expr(struct walk *w, const struct expr *e, uint32_t depth)
{
	later(w, e->term, NULL, depth);
	later(w, e->key, NULL, depth);
	later(w, e->val, NULL, depth);
	later(w, NULL, e->body, depth);
	for (uint32_t i = 0; i < e->n_with; i++)
		later(w, e->with[i].value, NULL, depth);
}

static void
walk(struct walk *w)
{
	while (w->n > 0 && !w->deep) {
		struct visit v = w->list[--w->n];

		w->deep = v.depth > PARSE_MAX_TREE;
		if (v.term)
			visit_term(w, v.term, v.depth + 1);
		for (uint32_t i = 0; v.body && i < v.body->n; i++)
			visit_expr(w, v.body->list[i], v.depth + 1);
	}
}

static void
visit_rule(struct walk *w, const struct rule *r)
{
	for (uint32_t i = 0; i < r->n_path; i++)
		later(w, r->path[i], NULL, 0);
	for (uint32_t i = 0; i < r->n_args; i++)
		later(w, r->args[i], NULL, 0);
	later(w, r->value, NULL, 0);
	later(w, NULL, r->body, 0);
	walk(w);
}

bool
parser_check_depth(struct parser *ps, const struct rule *rules, const struct body *query)
{
	struct walk w = {.ps = ps};

	for (const struct rule *r = rules; r && !w.deep; r = r->next)
		for (const struct rule *branch = r; branch; branch = branch->otherwise) {
			ps->tok.off = r->off;
			visit_rule(&w, branch);
		}
	later(&w, NULL, query, 0);
	walk(&w);
	return !w.deep || parser_limit(ps, "nested too deeply: too many operators in a row");
}
