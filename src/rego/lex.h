/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lex.h: tokens of Rego. The lexer is a position in the text: copying the
 * struct saves it, copying back returns there.
 */
#ifndef REGO_LEX_H
#define REGO_LEX_H

#include "rego/ast.h"

enum token_kind {
	TOK_EOF,
	TOK_ERROR, /* `what` says why */
	TOK_IDENT,
	TOK_NUMBER,
	TOK_STRING,
	TOK_RAW_STRING,
	TOK_TEMPLATE,     /* $" : the parser reads on */
	TOK_RAW_TEMPLATE, /* $` */
	TOK_PUNCT,        /* one or two characters, see `punct` */
};

/* Punctuation as a number: first character, second << 8. */
#define PUNCT(a) ((uint16_t)(a))
#define PUNCT2(a, b) ((uint16_t)((a) | (b) << 8))

struct token {
	uint8_t kind; /* enum token_kind */
	bool space;   /* white space or a comment before it */
	bool newline; /* a line break before it */
	bool dotted;  /* a name with a dot right behind it: no keyword */
	uint16_t punct;
	uint32_t off, end;
	struct bytes text; /* of names and numbers; of strings without quotes, still escaped */
	const char *what;
};

struct lexer {
	struct bytes text;
	uint32_t at;
};

/* The next token; at the end TOK_EOF for ever. */
struct token lex_next(struct lexer *lx);

/*
 * Text of a string's inside with its escapes resolved, in the arena. NULL, or
 * what is wrong with it. Templates additionally escape \{ and \}.
 */
const char *lex_unescape(struct arena *a, struct bytes inside, bool template, struct bytes *ret);

/* Line and column (from 1, columns in bytes) of an offset. */
void lex_position(struct bytes text, uint32_t off, uint32_t *line, uint32_t *col);

/* The class of a failure to compile by its id: "rego_type_error", ... as OPA has them; NULL: a
 * limit of ours. */
const char *rego_error_class(const char *id);

/*
 * A failure at a place of a source: "file:line:col"; the message is its class, the text, and
 * the line with a caret under the column.
 */
status source_error(const struct source *src, uint32_t off, struct err *err, enum err_class cls,
                    const char *id, const char *fmt, ...) PRINTF(6, 7);

#endif
