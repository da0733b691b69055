/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REGO_GRAPHQL_LEX_H
#define REGO_GRAPHQL_LEX_H

#include "rego/graphql.h"

enum graphql_token {
	TOKEN_EOF,
	TOKEN_NAME,
	TOKEN_INT,
	TOKEN_FLOAT,
	TOKEN_STRING,
	TOKEN_BLOCK,
	TOKEN_SPREAD,
	TOKEN_PUNCTUATION, /* text is the one character */
};

struct graphql_lexer {
	struct rego_call *c;
	struct bytes text;
	size_t at;
	int64_t line, column; /* of the character at `at`, from 1 */
	/* The token that was read last. */
	enum graphql_token token;
	struct bytes value; /* decoded, for strings in the arena */
	int64_t token_line, token_column;
};

/* Reads the next token. */
status graphql_next(struct graphql_lexer *l);

/* An error at the current token. */
status graphql_error_at(struct graphql_lexer *l, const char *fmt, ...) PRINTF(2, 3);

#endif
