/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse.h: text of a module or a query to its tree. Recursive descent, depth
 * limited; where Rego's grammar is ambiguous ({x | ...} may be a comprehension
 * or a union) the parser tries and goes back, at most PARSE_MAX_TOKENS times
 * the text, so that no input makes it exponential.
 */
#ifndef REGO_PARSE_H
#define REGO_PARSE_H

#include "rego/lex.h"

enum {
	PARSE_MAX_TEXT = 16 * 1024 * 1024,
	PARSE_MAX_DEPTH = 200,
	PARSE_MAX_TREE = 4000, /* levels, operators in a row included */
	PARSE_MAX_TOKENS = 40, /* tokens read, as a multiple of the bytes of the text (+ 4096) */
};

struct parser {
	struct arena *arena;
	const struct source *source;
	struct module *module; /* NULL while a query is parsed */
	struct lexer lexer;
	struct token tok;
	uint32_t last_end; /* where the token before `tok` ended */
	uint32_t depth;
	uint64_t tokens_left;
	bool v1; /* rules need if and contains; all keywords known */
	bool kw_in, kw_every, kw_if, kw_contains;
	/* The failure that came furthest: what a rejected alternative tells. */
	bool failed;
	bool fatal; /* a limit: no alternative may hide it */
	uint32_t fail_off;
	enum err_class fail_class;
	const char *fail_id;
	char fail_text[200];
};

/* Everything borrowed (names, texts) points into source->text. Errors: E-REGO-001..009. */
status parse_module(struct arena *a, const struct source *source, bool v1, struct module **ret,
                    struct err *err);
/* A query: expressions separated by ; or line breaks. Keywords of v1. */
status parse_query(struct arena *a, const struct source *source, struct body **ret,
                   struct err *err);

/* ---- shared by the parser's files ---- */

struct parser_mark {
	struct lexer lexer;
	struct token tok;
	uint32_t last_end;
};

void parser_start(struct parser *ps, struct arena *a, const struct source *source);
status parser_status(const struct parser *ps, struct err *err);
void parser_scan(struct parser *ps);
struct parser_mark parser_mark(const struct parser *ps);
void parser_back(struct parser *ps, struct parser_mark m);
bool parser_fail(struct parser *ps, uint32_t off, const char *what); /* always false */
bool parser_limit(struct parser *ps, const char *what);
bool parser_enter(struct parser *ps);
void parser_leave(struct parser *ps);
bool at_punct(const struct parser *ps, uint16_t punct);
bool take_punct(struct parser *ps, uint16_t punct);
bool want_punct(struct parser *ps, uint16_t punct, const char *what);
bool at_word(const struct parser *ps, const char *word);
bool is_reserved(struct bytes name);
/* Reserved, or a word that the module's language or its imports have made a keyword. */
bool is_keyword(const struct parser *ps, struct bytes name);

struct term_list {
	struct term **p;
	uint32_t n, cap;
};
bool term_push(struct parser *ps, struct term_list *l, struct term *t);
struct term *term_new(struct parser *ps, enum term_kind kind, uint32_t off);
struct term *term_const(struct parser *ps, struct value v, uint32_t off);

/* False, and a limit, when a tree is deeper than PARSE_MAX_TREE. */
bool parser_check_depth(struct parser *ps, const struct rule *rules, const struct body *query);

/* Levels of infix operators, loosest first, for parse_infix(). */
enum { LEVEL_IN, LEVEL_RELATION, LEVEL_OR, LEVEL_AND, LEVEL_SUM, LEVEL_PRODUCT, LEVEL_TERM };

/* NULL = failed (recorded in the parser). */
struct term *parse_expr_term(struct parser *ps); /* everything but := and = */
struct term *parse_head_term(struct parser *ps); /* one term with its brackets */
struct term *parse_infix(struct parser *ps, struct term *left, int level, bool pair_in);
struct body *parse_body(struct parser *ps,
                        uint16_t close); /* up to and with the bracket; 0 = end */
struct expr *parse_literal(struct parser *ps);
bool parse_with(struct parser *ps, struct expr *e); /* the modifiers, where there are any */
bool parse_package_path(struct parser *ps, struct term_list *path);
struct term *parse_primary(struct parser *ps);

#endif
