/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/parse.h"

#include <stdio.h>

#include "base/text.h"

void
parser_start(struct parser *ps, struct arena *a, const struct source *source)
{
	*ps = (struct parser){.arena = a, .source = source};
	ps->lexer = (struct lexer){source->text, 0};
	ps->tokens_left = (uint64_t)source->text.n * PARSE_MAX_TOKENS + 4096;
}

bool
parser_fail(struct parser *ps, uint32_t off, const char *what)
{
	if (ps->fatal || (ps->failed && off <= ps->fail_off))
		return false;
	ps->failed = true;
	ps->fail_off = off;
	ps->fail_class = ERR_PARSE;
	ps->fail_id = "E-REGO-001";
	snprintf(ps->fail_text, sizeof ps->fail_text, "%s", what);
	return false;
}

bool
parser_limit(struct parser *ps, const char *what)
{
	if (ps->fatal)
		return false;
	ps->failed = false;
	(void)parser_fail(ps, ps->tok.off, what);
	ps->fatal = true;
	ps->fail_class = ERR_LIMIT;
	ps->fail_id = "E-REGO-002";
	return false;
}

status
parser_status(const struct parser *ps, struct err *err)
{
	if (ps->arena->failed)
		return arena_check(ps->arena, err);
	return source_error(ps->source, ps->fail_off, err,
	                    ps->fail_class ? ps->fail_class : ERR_PARSE,
	                    ps->fail_id ? ps->fail_id : "E-REGO-001", "%s",
	                    ps->failed ? ps->fail_text : "syntax error");
}

void
parser_scan(struct parser *ps)
{
	ps->last_end = ps->tok.end;
	if (ps->fatal || ps->tokens_left-- == 0) {
		(void)parser_limit(ps, "the text is too ambiguous to parse");
		ps->tok = (struct token){.off = ps->tok.off, .end = ps->tok.end};
		ps->tokens_left = 0;
		return;
	}
	ps->tok = lex_next(&ps->lexer);
	if (ps->tok.kind == TOK_ERROR)
		(void)parser_fail(ps, ps->tok.off, ps->tok.what);
}

struct parser_mark
parser_mark(const struct parser *ps)
{
	return (struct parser_mark){ps->lexer, ps->tok, ps->last_end};
}

void
parser_back(struct parser *ps, struct parser_mark m)
{
	ps->lexer = m.lexer;
	ps->tok = m.tok;
	ps->last_end = m.last_end;
}

bool
parser_enter(struct parser *ps)
{
	if (ps->depth >= PARSE_MAX_DEPTH)
		return parser_limit(ps, "nested too deeply");
	if (ps->arena->failed || ps->fatal)
		return false;
	ps->depth++;
	return true;
}

void
parser_leave(struct parser *ps)
{
	ps->depth--;
}

bool
at_punct(const struct parser *ps, uint16_t punct)
{
	return ps->tok.kind == TOK_PUNCT && ps->tok.punct == punct;
}

bool
take_punct(struct parser *ps, uint16_t punct)
{
	if (!at_punct(ps, punct))
		return false;
	parser_scan(ps);
	return true;
}

bool
want_punct(struct parser *ps, uint16_t punct, const char *what)
{
	if (take_punct(ps, punct))
		return true;
	return parser_fail(ps, ps->tok.off, what);
}

bool
at_word(const struct parser *ps, const char *word)
{
	return ps->tok.kind == TOK_IDENT && !ps->tok.dotted && bytes_is(ps->tok.text, word);
}

bool
is_reserved(struct bytes name)
{
	static const char *const words[] = {"package", "import", "as",    "default", "else", "with",
	                                    "null",    "true",   "false", "some",    "not"};

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (bytes_is(name, words[i]))
			return true;
	return false;
}

bool
is_keyword(const struct parser *ps, struct bytes name)
{
	return is_reserved(name) || (ps->kw_if && bytes_is(name, "if")) ||
	       (ps->kw_in && bytes_is(name, "in")) || (ps->kw_every && bytes_is(name, "every"));
}

bool
term_push(struct parser *ps, struct term_list *l, struct term *t)
{
	if (!t)
		return false;
	if (l->n == l->cap) {
		uint32_t cap = l->cap ? l->cap * 2 : 4;
		struct term **p = arena_array(ps->arena, cap, sizeof *p);

		if (!p)
			return parser_limit(ps, "the policy needs too much memory");
		mem_copy(p, l->p, l->n * sizeof(struct term *));
		l->p = p;
		l->cap = cap;
	}
	l->p[l->n++] = t;
	return true;
}

struct term *
term_new(struct parser *ps, enum term_kind kind, uint32_t off)
{
	struct term *t = arena_new(ps->arena, struct term);

	if (!t) {
		(void)parser_limit(ps, "the policy needs too much memory");
		return NULL;
	}
	t->kind = (uint8_t)kind;
	t->off = off;
	return t;
}

struct term *
term_const(struct parser *ps, struct value v, uint32_t off)
{
	struct term *t = term_new(ps, TERM_CONST, off);

	if (t)
		t->u.value = v;
	return t;
}

bool
parse_package_path(struct parser *ps, struct term_list *path)
{
	do {
		if (ps->tok.kind != TOK_IDENT)
			return parser_fail(ps, ps->tok.off, "expected a name");
		if (!term_push(ps, path, term_const(ps, json_string(ps->tok.text), ps->tok.off)))
			return false;
		parser_scan(ps);
		while (at_punct(ps, PUNCT('[')) && !ps->tok.space) {
			struct value v;

			parser_scan(ps);
			if (ps->tok.kind != TOK_STRING ||
			    lex_unescape(ps->arena, ps->tok.text, false, &(struct bytes){0}))
				return parser_fail(ps, ps->tok.off, "expected a string");
			struct bytes text;
			(void)lex_unescape(ps->arena, ps->tok.text, false, &text);
			v = json_string(text);
			if (!term_push(ps, path, term_const(ps, v, ps->tok.off)))
				return false;
			parser_scan(ps);
			if (!want_punct(ps, PUNCT(']'), "expected ]"))
				return false;
		}
	} while (take_punct(ps, PUNCT('.')));
	return true;
}
