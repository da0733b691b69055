/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "rego/parse.h"

/* ---- infix operators ---- */

static const struct infix {
	uint16_t punct;
	uint8_t level;
	const char *name;
} infix_table[] = {
        {PUNCT2('=', '='), LEVEL_RELATION, "equal"},
        {PUNCT2('!', '='), LEVEL_RELATION, "neq"},
        {PUNCT2('<', '='), LEVEL_RELATION, "lte"},
        {PUNCT2('>', '='), LEVEL_RELATION, "gte"},
        {PUNCT('<'), LEVEL_RELATION, "lt"},
        {PUNCT('>'), LEVEL_RELATION, "gt"},
        {PUNCT('|'), LEVEL_OR, "or"},
        {PUNCT('&'), LEVEL_AND, "and"},
        {PUNCT('+'), LEVEL_SUM, "plus"},
        {PUNCT('-'), LEVEL_SUM, "minus"},
        {PUNCT('*'), LEVEL_PRODUCT, "mul"},
        {PUNCT('/'), LEVEL_PRODUCT, "div"},
        {PUNCT('%'), LEVEL_PRODUCT, "rem"},
};

static const struct infix *
infix_at(const struct parser *ps, int level)
{
	for (size_t i = 0; i < COUNT_OF(infix_table); i++)
		if (infix_table[i].level == level && at_punct(ps, infix_table[i].punct))
			return &infix_table[i];
	return NULL;
}

static struct term *
call_of(struct parser *ps, const char *name, uint32_t off, struct term *a, struct term *b,
        struct term *c)
{
	struct term *t = term_new(ps, TERM_CALL, off);
	struct term_list l = {0};

	if (!t || !term_push(ps, &l, a) || !term_push(ps, &l, b) || (c && !term_push(ps, &l, c)))
		return NULL;
	t->u.call.name = bytes_str(name);
	t->items = l.p;
	t->n = l.n;
	return t;
}

/* `a in xs`, and `k, v in xs` where a comma may stand (pair). */
static struct term *
parse_in(struct parser *ps, struct term *left, bool pair)
{
	struct term *second, *right;
	uint32_t off;

	if (!ps->kw_in || !left)
		return left;
	if (pair && at_punct(ps, PUNCT(','))) {
		struct parser_mark m = parser_mark(ps);

		parser_scan(ps);
		second = parse_infix(ps, NULL, LEVEL_RELATION, false);
		if (second && at_word(ps, "in")) {
			off = ps->tok.off;
			parser_scan(ps);
			right = parse_infix(ps, NULL, LEVEL_RELATION, false);
			if (!right)
				return NULL;
			left = call_of(ps, "internal.member_3", off, left, second, right);
		} else {
			parser_back(ps, m);
		}
	}
	while (left && at_word(ps, "in")) {
		off = ps->tok.off;
		parser_scan(ps);
		right = parse_infix(ps, NULL, LEVEL_RELATION, false);
		if (!right)
			return NULL;
		left = call_of(ps, "internal.member_2", off, left, right, NULL);
	}
	return left;
}

struct term *
parse_infix(struct parser *ps, struct term *left, int level, bool pair_in)
{
	const struct infix *op;
	uint32_t off;

	if (level == LEVEL_TERM)
		return left ? left : parse_head_term(ps);
	left = parse_infix(ps, left, level + 1, false);
	if (level == LEVEL_IN)
		return parse_in(ps, left, pair_in);
	while (left && (op = infix_at(ps, level))) {
		struct term *right;

		off = ps->tok.off;
		parser_scan(ps);
		right = parse_infix(ps, NULL, level + 1, false);
		if (!right)
			return NULL;
		left = call_of(ps, op->name, off, left, right, NULL);
	}
	return left;
}

struct term *
parse_expr_term(struct parser *ps)
{
	struct term *t;

	if (!parser_enter(ps))
		return NULL;
	t = parse_infix(ps, NULL, LEVEL_IN, true);
	parser_leave(ps);
	return t;
}

/* Inside brackets a comma separates items, so no `k, v in`. */
static struct term *
parse_item(struct parser *ps)
{
	struct term *t;

	if (!parser_enter(ps))
		return NULL;
	t = parse_infix(ps, NULL, LEVEL_IN, false);
	parser_leave(ps);
	return t;
}

/* ---- collections ---- */

static bool
parse_items(struct parser *ps, struct term_list *l, uint16_t close)
{
	while (!at_punct(ps, close)) {
		if (!term_push(ps, l, parse_item(ps)))
			return false;
		if (!take_punct(ps, PUNCT(',')))
			break;
	}
	return want_punct(ps, close,
	                  close == PUNCT(')')   ? "expected , or )"
	                  : close == PUNCT(']') ? "expected , or ]"
	                                        : "expected , or }");
}

/* Behind `[x |`; NULL and back at the | if that is no comprehension. */
static struct term *
try_comprehension(struct parser *ps, enum term_kind kind, uint32_t off, struct term *key,
                  struct term *val)
{
	struct parser_mark m = parser_mark(ps);
	struct term *t = term_new(ps, kind, off);

	if (!t)
		return NULL;
	parser_scan(ps);
	t->u.comp.key = key;
	t->u.comp.val = val;
	t->u.comp.body = parse_body(ps, kind == TERM_ARRAY_COMP ? PUNCT(']') : PUNCT('}'));
	if (t->u.comp.body)
		return t;
	parser_back(ps, m);
	return NULL;
}

static struct term *
collection(struct parser *ps, enum term_kind kind, uint32_t off, const struct term_list *l)
{
	struct term *t = term_new(ps, kind, off);

	if (t) {
		t->items = l->p;
		t->n = l->n;
	}
	return t;
}

/* Items of which the first one's left part is parsed already. */
static bool
parse_items_from(struct parser *ps, struct term_list *l, struct term *first, uint16_t close)
{
	first = parse_infix(ps, first, LEVEL_IN, false);
	if (!term_push(ps, l, first))
		return false;
	if (at_punct(ps, close)) {
		parser_scan(ps);
		return true;
	}
	if (!want_punct(ps, PUNCT(','),
	                close == PUNCT(']') ? "expected , or ]" : "expected , or }"))
		return false;
	return parse_items(ps, l, close);
}

static struct term *
parse_array(struct parser *ps)
{
	uint32_t off = ps->tok.off;
	struct term_list l = {0};
	struct term *first, *t;

	parser_scan(ps);
	if (!take_punct(ps, PUNCT(']'))) {
		first = parse_infix(ps, NULL, LEVEL_AND, false);
		if (!first)
			return NULL;
		if (at_punct(ps, PUNCT('|')) &&
		    (t = try_comprehension(ps, TERM_ARRAY_COMP, off, NULL, first)))
			return t;
		if (!parse_items_from(ps, &l, first, PUNCT(']')))
			return NULL;
	}
	return collection(ps, TERM_ARRAY, off, &l);
}

static struct term *
parse_object(struct parser *ps, uint32_t off, struct term *key)
{
	struct term_list l = {0};
	struct term *val, *t;

	for (;;) {
		if (!want_punct(ps, PUNCT(':'), "expected :"))
			return NULL;
		val = parse_infix(ps, NULL, LEVEL_AND, false);
		if (!val)
			return NULL;
		if (l.n == 0 && at_punct(ps, PUNCT('|')) &&
		    (t = try_comprehension(ps, TERM_OBJECT_COMP, off, key, val)))
			return t;
		val = parse_infix(ps, val, LEVEL_IN, false);
		if (!term_push(ps, &l, key) || !term_push(ps, &l, val))
			return NULL;
		if (!take_punct(ps, PUNCT(',')) || at_punct(ps, PUNCT('}')))
			break;
		key = parse_item(ps);
		if (!key)
			return NULL;
	}
	if (!want_punct(ps, PUNCT('}'), "expected , or }"))
		return NULL;
	return collection(ps, TERM_OBJECT, off, &l);
}

static struct term *
parse_braces(struct parser *ps)
{
	uint32_t off = ps->tok.off;
	struct term_list l = {0};
	struct term *first, *t;

	parser_scan(ps);
	if (take_punct(ps, PUNCT('}')))
		return collection(ps, TERM_OBJECT, off, &l);
	first = parse_infix(ps, NULL, LEVEL_AND, false);
	if (!first)
		return NULL;
	if (at_punct(ps, PUNCT('|')) &&
	    (t = try_comprehension(ps, TERM_SET_COMP, off, NULL, first)))
		return t;
	first = parse_infix(ps, first, LEVEL_IN, false);
	if (!first)
		return NULL;
	if (at_punct(ps, PUNCT(':')))
		return parse_object(ps, off, first);
	if (!parse_items_from(ps, &l, first, PUNCT('}')))
		return NULL;
	return collection(ps, TERM_SET, off, &l);
}

/* ---- scalars ---- */

static struct term *
parse_number(struct parser *ps, const char *sign)
{
	struct bytes text = ps->tok.text;
	const char *zero = text.n > 0 && text.p[0] == '.' ? "0" : "";
	struct term *t;

	text = arena_printf(ps->arena, "%s%s%.*s", sign, zero, BYTES_ARG(text));
	t = term_const(ps, value_number(ps->arena, text), ps->tok.off);
	parser_scan(ps);
	return t;
}

/* Behind a minus that has nothing in front: a number below zero, or 0 - x. */
static struct term *
parse_negative(struct parser *ps, uint32_t off)
{
	struct term *t;

	if (ps->tok.kind == TOK_NUMBER) {
		t = parse_number(ps, "-");
	} else if (ps->tok.kind == TOK_IDENT && !at_word(ps, "true") && !at_word(ps, "false") &&
	           !at_word(ps, "null")) {
		t = parse_head_term(ps);
		if (t)
			t = call_of(ps, "minus", off, term_const(ps, json_int(0), off), t, NULL);
	} else {
		(void)parser_fail(ps, off, "expected a number after -");
		return NULL;
	}
	if (t)
		t->off = off;
	return t;
}

static struct term *
parse_string(struct parser *ps)
{
	struct bytes text = ps->tok.text;
	const char *wrong = NULL;
	struct term *t;

	if (ps->tok.kind == TOK_STRING)
		wrong = lex_unescape(ps->arena, text, false, &text);
	else if (!utf8_valid(text))
		wrong = "the string is not UTF-8";
	if (wrong) {
		(void)parser_fail(ps, ps->tok.off, wrong);
		return NULL;
	}
	t = term_const(ps, json_string(text), ps->tok.off);
	parser_scan(ps);
	return t;
}

/* The text of a template up to { or its end; the lexer stands behind it then. */
static bool
template_text(struct parser *ps, bool raw, struct term_list *l, bool *more)
{
	struct bytes all = ps->source->text;
	uint32_t from = ps->lexer.at, at = from;
	uint8_t close = raw ? '`' : '"';
	const char *wrong;
	struct bytes text;

	while (at < all.n && all.p[at] != close && all.p[at] != '{') {
		if (all.p[at] == '\n' && !raw)
			return parser_fail(ps, from, "the string does not end on its line");
		at += all.p[at] == '\\' && (!raw || (at + 1 < all.n && all.p[at + 1] == '{')) ? 2
		                                                                              : 1;
	}
	if (at >= all.n)
		return parser_fail(ps, from, "the string does not end");
	text = bytes_sub(all, from, at);
	if (!raw && (wrong = lex_unescape(ps->arena, text, true, &text)))
		return parser_fail(ps, from, wrong);
	if (raw) {
		CLEANUP(buf_done) struct buf out = {0};

		if (!utf8_valid(text))
			return parser_fail(ps, from, "the string is not UTF-8");
		for (size_t i = 0; i < text.n; i++)
			if (text.p[i] != '\\' || i + 1 == text.n || text.p[i + 1] != '{')
				buf_u8(&out, text.p[i]);
		ps->arena->failed |= !buf_ok(&out);
		text = arena_copy(ps->arena, buf_view(&out));
	}
	if (text.n > 0 && !term_push(ps, l, term_const(ps, json_string(text), from)))
		return false;
	*more = all.p[at] == '{';
	ps->lexer.at = at + 1;
	return true;
}

/* {x with input as y}: the first item of [t | t := x with input as y]. */
static struct term *
template_with(struct parser *ps, struct term *t)
{
	struct term *comp = term_new(ps, TERM_ARRAY_COMP, t->off),
	            *ref = term_new(ps, TERM_REF, t->off);
	struct term *var = term_new(ps, TERM_VAR, t->off), *use = term_new(ps, TERM_VAR, t->off);
	struct body *b = arena_new(ps->arena, struct body);
	struct expr *e = arena_new(ps->arena, struct expr);
	struct term_list l = {0};

	if (!comp || !ref || !var || !use || !b || !e ||
	    !(b->list = arena_new(ps->arena, struct expr *)))
		return NULL;
	var->u.name = use->u.name = BYTES("a template's value");
	e->kind = EXPR_TERM;
	e->off = t->off;
	e->term = call_of(ps, "assign", t->off, var, t, NULL);
	if (!e->term || !parse_with(ps, e))
		return NULL;
	b->list[b->n++] = e;
	comp->u.comp.val = use;
	comp->u.comp.body = b;
	if (!term_push(ps, &l, comp) || !term_push(ps, &l, term_const(ps, json_int(0), t->off)))
		return NULL;
	ref->items = l.p;
	ref->n = l.n;
	return ref;
}

static struct term *
parse_template(struct parser *ps)
{
	bool raw = ps->tok.kind == TOK_RAW_TEMPLATE, more;
	uint32_t off = ps->tok.off;
	struct term_list l = {0};
	struct term *t;

	for (;;) {
		if (!template_text(ps, raw, &l, &more))
			return NULL;
		if (!more)
			break;
		parser_scan(ps);
		t = parse_item(ps);
		if (t && at_word(ps, "with"))
			t = template_with(ps, t);
		if (!t || !term_push(ps, &l, t))
			return NULL;
		/* The lexer must stay behind the brace: no look-ahead into the text. */
		if (!at_punct(ps, PUNCT('}'))) {
			(void)parser_fail(ps, ps->tok.off, "expected } after the expression");
			return NULL;
		}
		ps->lexer.at = ps->tok.end;
	}
	ps->tok.end = ps->lexer.at;
	parser_scan(ps);
	return collection(ps, TERM_TEMPLATE, off, &l);
}

static struct term *
parse_name(struct parser *ps)
{
	uint32_t off = ps->tok.off;
	struct bytes name = ps->tok.text;
	bool keyword = !ps->tok.dotted;
	struct term *t = NULL;

	if (keyword && bytes_is(name, "null"))
		t = term_const(ps, json_null(), off);
	else if (keyword && (bytes_is(name, "true") || bytes_is(name, "false")))
		t = term_const(ps, json_bool(bytes_is(name, "true")), off);
	else if (keyword && is_keyword(ps, name))
		(void)parser_fail(ps, off, "a keyword where a value is expected");
	else if ((t = term_new(ps, TERM_VAR, off))) {
		t->u.name = name;
		t->wildcard = bytes_is(name, "_");
	}
	parser_scan(ps);
	return t;
}

static struct term *
parse_parens(struct parser *ps)
{
	struct term *t;

	parser_scan(ps);
	t = parse_expr_term(ps);
	if (!t || !want_punct(ps, PUNCT(')'), "expected )"))
		return NULL;
	t->paren = true;
	return t;
}

struct term *
parse_primary(struct parser *ps)
{
	uint32_t off = ps->tok.off;

	switch ((enum token_kind)ps->tok.kind) {
	case TOK_IDENT:
		return parse_name(ps);
	case TOK_NUMBER:
		return parse_number(ps, "");
	case TOK_STRING:
	case TOK_RAW_STRING:
		return parse_string(ps);
	case TOK_TEMPLATE:
	case TOK_RAW_TEMPLATE:
		return parse_template(ps);
	case TOK_PUNCT:
		if (at_punct(ps, PUNCT('[')))
			return parse_array(ps);
		if (at_punct(ps, PUNCT('{')))
			return parse_braces(ps);
		if (at_punct(ps, PUNCT('(')))
			return parse_parens(ps);
		if (take_punct(ps, PUNCT('-')))
			return parse_negative(ps, off);
		break;
	case TOK_EOF:
	case TOK_ERROR:
		break;
	}
	(void)parser_fail(ps, off,
	                  ps->tok.kind == TOK_EOF ? "unexpected end of the text"
	                                          : "expected a value");
	return NULL;
}

/* ---- references and calls ---- */

/* The dotted name in front of a parenthesis; empty if it is none. */
static struct bytes
dotted_name(struct parser *ps, const struct term *t)
{
	CLEANUP(buf_done) struct buf out = {0};

	if (t->kind == TERM_VAR)
		return t->u.name;
	if (t->kind != TERM_REF || t->items[0]->kind != TERM_VAR)
		return (struct bytes){0};
	buf_bytes(&out, t->items[0]->u.name);
	for (uint32_t i = 1; i < t->n; i++) {
		if (t->items[i]->kind != TERM_CONST || t->items[i]->u.value.type != VALUE_STRING)
			return (struct bytes){0};
		buf_u8(&out, '.');
		buf_bytes(&out, json_text(&t->items[i]->u.value));
	}
	ps->arena->failed |= !buf_ok(&out);
	return arena_copy(ps->arena, buf_view(&out));
}

static struct term *
parse_call(struct parser *ps, struct term *fn)
{
	struct term *t = term_new(ps, TERM_CALL, fn->off);
	struct term_list l = {0};

	if (!t)
		return NULL;
	t->fn = fn;
	t->u.call.name = dotted_name(ps, fn);
	if (t->u.call.name.n == 0) {
		(void)parser_fail(ps, fn->off, "only a named function can be called");
		return NULL;
	}
	parser_scan(ps);
	if (!parse_items(ps, &l, PUNCT(')')))
		return NULL;
	t->items = l.p;
	t->n = l.n;
	if (l.n == 0 && bytes_is(t->u.call.name, "set"))
		t->kind = TERM_SET; /* the empty one has no other notation */
	return t;
}

static bool
add_bracket(struct parser *ps, struct term **t, struct term *key)
{
	struct term *ref = *t;
	struct term_list l;

	if (!key)
		return false;
	if (ref->kind != TERM_REF || ref->paren) {
		ref = term_new(ps, TERM_REF, (*t)->off);
		l = (struct term_list){0};
		if (!ref || !term_push(ps, &l, *t))
			return false;
	} else {
		l = (struct term_list){ref->items, ref->n, 4};
		while (l.cap < l.n)
			l.cap *= 2;
	}
	if (!term_push(ps, &l, key))
		return false;
	ref->items = l.p;
	ref->n = l.n;
	*t = ref;
	return true;
}

static bool
parse_dot(struct parser *ps, struct term **t)
{
	parser_scan(ps);
	if (ps->tok.kind != TOK_IDENT || ps->tok.space)
		return parser_fail(ps, ps->tok.off, "expected a name after the dot");
	if (!add_bracket(ps, t, term_const(ps, json_string(ps->tok.text), ps->tok.off)))
		return false;
	parser_scan(ps);
	return true;
}

static bool
parse_bracket(struct parser *ps, struct term **t)
{
	struct term *key;

	parser_scan(ps);
	if (!parser_enter(ps))
		return false;
	key = parse_infix(ps, NULL, LEVEL_IN, true);
	parser_leave(ps);
	if (!key)
		return false;
	if (key->kind == TERM_CONST)
		key->quoted = true;
	return add_bracket(ps, t, key) && want_punct(ps, PUNCT(']'), "expected ]");
}

static bool
may_be_ref(const struct term *t)
{
	return t->kind != TERM_CONST && t->kind != TERM_TEMPLATE;
}

/*
 * `print ("x")`: Kata's rules have it, and the agent's engine reads it as a call. OPA refuses the
 * blank, so nothing else can be meant.
 */
static bool
at_spaced_print(const struct parser *ps, const struct term *t)
{
	return t->kind == TERM_VAR && bytes_is(t->u.name, "print") && ps->tok.space &&
	       !ps->tok.newline && at_punct(ps, PUNCT('('));
}

static bool
is_document(const struct term *t)
{
	return t->kind == TERM_REF || (t->kind == TERM_VAR && (bytes_is(t->u.name, "input") ||
	                                                       bytes_is(t->u.name, "data")));
}

struct term *
parse_head_term(struct parser *ps)
{
	struct term *t;

	if (!parser_enter(ps))
		return NULL;
	t = parse_primary(ps);
	while (t && (!ps->tok.space || at_spaced_print(ps, t)) && may_be_ref(t)) {
		bool good = true;

		if (t->paren && is_document(t) &&
		    (at_punct(ps, PUNCT('.')) || at_punct(ps, PUNCT('['))))
			good = parser_fail(ps, t->off, "a reference in parentheses has no parts");
		else if (at_punct(ps, PUNCT('(')) && t->kind != TERM_CALL)
			t = parse_call(ps, t);
		else if (at_punct(ps, PUNCT('.')))
			good = parse_dot(ps, &t);
		else if (at_punct(ps, PUNCT('[')))
			good = parse_bracket(ps, &t);
		else
			break;
		if (!good)
			t = NULL;
	}
	parser_leave(ps);
	return t;
}
