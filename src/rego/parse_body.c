/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/parse.h"

static struct expr *
expr_new(struct parser *ps, enum expr_kind kind)
{
	struct expr *e = arena_new(ps->arena, struct expr);

	if (!e) {
		(void)parser_limit(ps, "the policy needs too much memory");
		return NULL;
	}
	e->kind = (uint8_t)kind;
	e->off = ps->tok.off;
	return e;
}

bool
parse_with(struct parser *ps, struct expr *e)
{
	struct with list[32];

	while (at_word(ps, "with")) {
		struct with w = {.off = ps->tok.off};

		if (e->n_with == COUNT_OF(list))
			return parser_limit(ps, "more than 32 with modifiers");
		parser_scan(ps);
		if (ps->tok.kind != TOK_IDENT)
			return parser_fail(ps, ps->tok.off,
			                   "expected input, data or a name after with");
		if (!(w.target = parse_head_term(ps)))
			return false;
		if (!at_word(ps, "as"))
			return parser_fail(ps, ps->tok.off, "expected as");
		parser_scan(ps);
		if (!(w.value = parse_expr_term(ps)))
			return false;
		list[e->n_with++] = w;
	}
	if (e->n_with > 0) {
		e->with = arena_array(ps->arena, e->n_with, sizeof *e->with);
		if (!e->with)
			return parser_limit(ps, "the policy needs too much memory");
		mem_copy(e->with, list, e->n_with * sizeof *e->with);
	}
	return true;
}

static struct expr *
some_names(struct parser *ps, struct expr *e, struct term *first, struct term *second)
{
	struct term_list l = {0};

	if (!term_push(ps, &l, first) || (second && !term_push(ps, &l, second)))
		return NULL;
	while (take_punct(ps, PUNCT(',')))
		if (!term_push(ps, &l, parse_primary(ps)))
			return NULL;
	for (uint32_t i = 0; i < l.n; i++) {
		if (l.p[i]->kind != TERM_VAR) {
			(void)parser_fail(ps, l.p[i]->off, "expected a variable after some");
			return NULL;
		}
	}
	e->names = l.p;
	e->n_names = l.n;
	return e;
}

static struct expr *
parse_some(struct parser *ps)
{
	struct expr *e = expr_new(ps, EXPR_SOME);
	struct term *first, *second = NULL;

	if (!e)
		return NULL;
	parser_scan(ps);
	first = parse_infix(ps, NULL, LEVEL_RELATION, false);
	if (first && take_punct(ps, PUNCT(',')))
		if (!(second = parse_infix(ps, NULL, LEVEL_RELATION, false)))
			return NULL;
	if (!first)
		return NULL;
	if (!ps->kw_in || !at_word(ps, "in"))
		return some_names(ps, e, first, second);
	parser_scan(ps);
	e->kind = EXPR_SOME_IN;
	e->key = second ? first : NULL;
	e->val = second ? second : first;
	e->term = parse_infix(ps, NULL, LEVEL_IN, false);
	return e->term ? e : NULL;
}

static bool
is_variable(const struct term *t)
{
	return t->kind == TERM_VAR && !bytes_is(t->u.name, "input") && !bytes_is(t->u.name, "data");
}

static struct expr *
parse_every(struct parser *ps)
{
	struct expr *e = expr_new(ps, EXPR_EVERY);

	if (!e)
		return NULL;
	parser_scan(ps);
	if (!(e->val = parse_primary(ps)))
		return NULL;
	if (take_punct(ps, PUNCT(','))) {
		e->key = e->val;
		if (!(e->val = parse_primary(ps)))
			return NULL;
	}
	if (!is_variable(e->val) || (e->key && !is_variable(e->key))) {
		(void)parser_fail(ps, e->val->off, "expected a variable after every");
		return NULL;
	}
	if (!at_word(ps, "in")) {
		(void)parser_fail(ps, ps->tok.off, "expected in");
		return NULL;
	}
	parser_scan(ps);
	e->term = parse_infix(ps, NULL, LEVEL_RELATION, false);
	if (!e->term || !want_punct(ps, PUNCT('{'), "expected { after every"))
		return NULL;
	e->body = parse_body(ps, PUNCT('}'));
	return e->body ? e : NULL;
}

static struct term *
equation(struct parser *ps, const char *name, struct term *left, uint32_t off)
{
	struct term *right = parse_expr_term(ps), *t;
	struct term_list l = {0};

	if (!right || !(t = term_new(ps, TERM_CALL, off)) || !term_push(ps, &l, left) ||
	    !term_push(ps, &l, right))
		return NULL;
	t->u.call.name = bytes_str(name);
	t->items = l.p;
	t->n = l.n;
	return t;
}

static struct expr *
parse_plain(struct parser *ps)
{
	struct expr *e = expr_new(ps, EXPR_TERM);
	uint32_t off;

	if (!e)
		return NULL;
	if (at_word(ps, "not")) {
		e->negated = true;
		parser_scan(ps);
	}
	e->term = parse_expr_term(ps);
	off = ps->tok.off;
	if (e->term && take_punct(ps, PUNCT2(':', '=')))
		e->term = equation(ps, "assign", e->term, off);
	else if (e->term && take_punct(ps, PUNCT('=')))
		e->term = equation(ps, "eq", e->term, off);
	return e->term ? e : NULL;
}

static bool
starts_every(const struct parser *ps)
{
	struct lexer ahead = ps->lexer;

	return ps->kw_every && at_word(ps, "every") && lex_next(&ahead).kind == TOK_IDENT;
}

struct expr *
parse_literal(struct parser *ps)
{
	uint32_t off = ps->tok.off;
	struct expr *e;

	if (!parser_enter(ps))
		return NULL;
	if (at_word(ps, "some"))
		e = parse_some(ps);
	else if (starts_every(ps))
		e = parse_every(ps);
	else
		e = parse_plain(ps);
	if (e && !parse_with(ps, e))
		e = NULL;
	if (e) {
		e->off = off;
		e->end = ps->last_end;
	}
	parser_leave(ps);
	return e;
}

static bool
at_end(const struct parser *ps, uint16_t close)
{
	return close ? at_punct(ps, close) : ps->tok.kind == TOK_EOF;
}

struct body *
parse_body(struct parser *ps, uint16_t close)
{
	struct body *b = arena_new(ps->arena, struct body);
	struct expr **list = NULL;
	uint32_t cap = 0;
	bool again = false; /* a ; asks for one more */

	if (!b)
		return NULL;
	while (again || !at_end(ps, close)) {
		struct expr *e = parse_literal(ps);

		if (!e)
			return NULL;
		if (b->n == cap) {
			struct expr **grown =
			        arena_array(ps->arena, cap ? cap * 2 : 4, sizeof *grown);

			if (!grown)
				return NULL;
			mem_copy(grown, list, b->n * sizeof(struct expr *));
			list = grown;
			cap = cap ? cap * 2 : 4;
		}
		list[b->n++] = e;
		again = take_punct(ps, PUNCT(';')) && !(close == 0 && at_end(ps, close));
		if (!again && !at_end(ps, close) && !ps->tok.newline) {
			(void)parser_fail(ps, ps->tok.off,
			                  "expected a line break, ; or the end of the body");
			return NULL;
		}
	}
	if (b->n == 0) {
		(void)parser_fail(ps, ps->tok.off, "a body without expressions");
		return NULL;
	}
	if (close)
		parser_scan(ps);
	b->list = list;
	return b;
}

status
parse_query(struct arena *a, const struct source *source, struct body **ret, struct err *err)
{
	struct parser ps;

	parser_start(&ps, a, source);
	ps.v1 = ps.kw_in = ps.kw_every = ps.kw_if = ps.kw_contains = true;
	parser_scan(&ps);
	*ret = parse_body(&ps, 0);
	if (*ret && !parser_check_depth(&ps, NULL, *ret))
		*ret = NULL;
	return *ret ? OK : parser_status(&ps, err);
}
