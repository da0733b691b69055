/* SPDX-License-Identifier: Apache-2.0 */
/* graphql_rules.h: what the rules for schemas and for queries share. */
#ifndef REGO_GRAPHQL_RULES_H
#define REGO_GRAPHQL_RULES_H

#include "rego/graphql.h"

status graphql_check_schema(struct rego_call *c, const struct graphql_schema *s);

/* Scalar, enum or input object? */
bool graphql_is_input(const struct value *def);
/* Object, interface or union? */
bool graphql_is_composite(const struct value *def);
/* Is a value of type `actual` always one of type `wanted`? */
bool graphql_possible(const struct graphql_schema *s, struct bytes wanted, struct bytes actual);

/* The definition (NULL for the ones that are everywhere) and the name of the type of a field. */
bool graphql_field_of(const struct graphql_schema *s, const struct value *parent, struct bytes name,
                      const struct value **def, struct bytes *type);

/* Whatever their order. */
bool graphql_same_arguments(const struct value *x, const struct value *y);
bool graphql_same_value(const struct value *x, const struct value *y);

/* Fields of one name can be merged, in all sets of an operation, across fragments. */
status graphql_check_merging(struct rego_call *c, const struct graphql_schema *s,
                             const struct value *fragments, const struct value *set,
                             const struct value *root);

/* Checks the value of an argument, default or member against its type. */
status graphql_check_value(struct rego_call *c, const struct graphql_schema *s,
                           const struct value *type, const struct value *value, uint32_t depth);

#endif
