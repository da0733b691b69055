/* SPDX-License-Identifier: Apache-2.0 */
/*
 * graphql.h: GraphQL documents (October 2021) as values, in the shape in which
 * OPA shows them. While a document is worked on, its nodes carry "Position":
 * [line, column]; graphql_bare() takes that off, and drops what is empty.
 */
#ifndef REGO_GRAPHQL_H
#define REGO_GRAPHQL_H

#include "rego/builtin.h"

enum {
	GRAPHQL_MAX_DEPTH = 200,
	GRAPHQL_MAX_TEXT = 1024 * 1024,
};

/* Kinds of values, as they are numbered in "Kind". */
enum graphql_value_kind {
	GRAPHQL_VARIABLE,
	GRAPHQL_INT,
	GRAPHQL_FLOAT,
	GRAPHQL_STRING,
	GRAPHQL_BLOCK,
	GRAPHQL_BOOLEAN,
	GRAPHQL_NULL,
	GRAPHQL_ENUM,
	GRAPHQL_LIST,
	GRAPHQL_OBJECT,
};

status graphql_parse_query(struct rego_call *c, struct bytes text, struct value *ret);
status graphql_parse_schema(struct rego_call *c, struct bytes text, bool built_in,
                            struct value *ret);
status graphql_bare(struct rego_call *c, const struct value *v, struct value *ret);

/* "message in GraphQL string at location line:column", an error of the builtin. */
status graphql_error(struct rego_call *c, const struct value *node, const char *fmt, ...)
        PRINTF(3, 4);

/* Types by name (extensions merged in), directives by name, the roots. */
struct graphql_schema {
	struct value types; /* object: name -> definition */
	struct value directives;
	struct bytes root[3]; /* query, mutation, subscription: names, empty = none */
};

/* Merges the prelude and the document, and checks the rules for schemas. */
status graphql_load_schema(struct rego_call *c, const struct value *doc,
                           struct graphql_schema *ret);

/* The rules for queries against a schema. */
status graphql_validate(struct rego_call *c, const struct graphql_schema *s,
                        const struct value *query);

/* ---- reading nodes ---- */

/* Member as text; empty if absent. */
struct bytes graphql_text(const struct value *node, const char *name);
/* Member as a list; an empty array if absent. */
const struct value *graphql_list(const struct value *node, const char *name);
/* Item of a list of nodes whose "Name" is this; NULL if none. */
const struct value *graphql_named(const struct value *list, struct bytes name);
bool graphql_flag(const struct value *node, const char *name);
/* Innermost name of a type. */
struct bytes graphql_type_name(const struct value *type);
/* "[Int!]!" */
void graphql_type_show(const struct value *type, struct buf *out);
const struct value *graphql_type(const struct graphql_schema *s, struct bytes name);

#endif
