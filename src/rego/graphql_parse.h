/* SPDX-License-Identifier: Apache-2.0 */
/* graphql_parse.h: what the parsers of queries and schemas share. */
#ifndef REGO_GRAPHQL_PARSE_H
#define REGO_GRAPHQL_PARSE_H

#include "rego/graphql_lex.h"

struct graphql_parser {
	struct graphql_lexer lex; /* its token is the one looked at */
	struct arena *arena;
	uint32_t depth;
};

typedef status graphql_item(struct graphql_parser *p, struct value *ret);

status graphql_parser_start(struct graphql_parser *p, struct rego_call *c, struct bytes text);
status graphql_advance(struct graphql_parser *p);
bool graphql_is(const struct graphql_parser *p, char punctuation);
bool graphql_is_word(const struct graphql_parser *p, const char *word);
status graphql_skip(struct graphql_parser *p, char punctuation, bool *skipped);
status graphql_expect(struct graphql_parser *p, char punctuation);
status graphql_expect_word(struct graphql_parser *p, const char *word);
status graphql_unexpected(struct graphql_parser *p);
status graphql_name(struct graphql_parser *p, struct value *ret);

/* open item... close; `required`: at least one. An empty array when `open` is not there. */
status graphql_items(struct graphql_parser *p, char open, char close, bool required,
                     graphql_item *item, struct value *ret);

/* [line, column] of the current token. */
struct value graphql_position(struct graphql_parser *p);

status graphql_directives(struct graphql_parser *p, bool constant, struct value *ret);
status graphql_value(struct graphql_parser *p, bool constant, struct value *ret);
/* name: value, of a field's argument as of an object's member; variables are allowed. */
status graphql_argument(struct graphql_parser *p, struct value *ret);
status graphql_type_reference(struct graphql_parser *p, struct value *ret);
status graphql_operation_type(struct graphql_parser *p, struct value *ret);

/* Freezes a node and checks the arena. */
status graphql_node(struct graphql_parser *p, struct value_list *members, struct value *ret);

#endif
