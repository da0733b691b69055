/* SPDX-License-Identifier: Apache-2.0 */
/* Type system documents. */
#include "rego/builtin_groups.h"
#include "rego/graphql_parse.h"

static status
description(struct graphql_parser *p, struct value *ret)
{
	*ret = json_cstr("");
	if (p->lex.token != TOKEN_STRING && p->lex.token != TOKEN_BLOCK)
		return OK;
	if (p->lex.value.n > 0)
		*ret = json_string(p->lex.value);
	return graphql_advance(p);
}

/* What the nodes of fields, arguments and values begin with. */
static status
described_name(struct graphql_parser *p, struct value_list *m)
{
	struct value v;

	value_push_named(m, "Position", graphql_position(p));
	TRY(description(p, &v));
	value_push_named(m, "Description", v);
	TRY(graphql_name(p, &v));
	value_push_named(m, "Name", v);
	return OK;
}

/* name: Type = default @directives; of an argument or a field of an input. */
static status
input_value(struct graphql_parser *p, struct value *ret)
{
	struct value_list m = value_list_of(p->arena);
	struct value v;
	bool has_default;

	TRY(described_name(p, &m));
	TRY(graphql_expect(p, ':'));
	TRY(graphql_type_reference(p, &v));
	value_push_named(&m, "Type", v);
	TRY(graphql_skip(p, '=', &has_default));
	if (has_default) {
		TRY(graphql_value(p, true, &v));
		value_push_named(&m, "DefaultValue", v);
	}
	TRY(graphql_directives(p, true, &v));
	value_push_named(&m, "Directives", v);
	return graphql_node(p, &m, ret);
}

static status
field_definition(struct graphql_parser *p, struct value *ret)
{
	struct value_list m = value_list_of(p->arena);
	struct value v;

	TRY(described_name(p, &m));
	TRY(graphql_items(p, '(', ')', true, input_value, &v));
	value_push_named(&m, "Arguments", v);
	TRY(graphql_expect(p, ':'));
	TRY(graphql_type_reference(p, &v));
	value_push_named(&m, "Type", v);
	TRY(graphql_directives(p, true, &v));
	value_push_named(&m, "Directives", v);
	return graphql_node(p, &m, ret);
}

static status
enum_value(struct graphql_parser *p, struct value *ret)
{
	struct value_list m = value_list_of(p->arena);
	struct value v;

	TRY(described_name(p, &m));
	TRY(graphql_directives(p, true, &v));
	value_push_named(&m, "Directives", v);
	return graphql_node(p, &m, ret);
}

static status
operation_type(struct graphql_parser *p, struct value *ret)
{
	struct value_list m = value_list_of(p->arena);
	struct value v;

	value_push_named(&m, "Position", graphql_position(p));
	TRY(graphql_operation_type(p, &v));
	value_push_named(&m, "Operation", v);
	TRY(graphql_expect(p, ':'));
	TRY(graphql_name(p, &v));
	value_push_named(&m, "Type", v);
	return graphql_node(p, &m, ret);
}

/* Name, then more after each separator; a leading separator is fine. */
static status
names(struct graphql_parser *p, char separator, struct value *ret)
{
	struct value_list list = value_list_of(p->arena);
	bool more;

	TRY(graphql_skip(p, separator, &more));
	do {
		struct value v;

		TRY(graphql_name(p, &v));
		value_push(&list, v);
		TRY(graphql_skip(p, separator, &more));
	} while (more);
	*ret = value_array(&list);
	return arena_check(p->arena, p->lex.c->err);
}

static status
interfaces(struct graphql_parser *p, struct value *ret)
{
	*ret = value_empty(VALUE_ARRAY);
	if (!graphql_is_word(p, "implements"))
		return OK;
	TRY(graphql_advance(p));
	return names(p, '&', ret);
}

static status
union_members(struct graphql_parser *p, struct value *ret)
{
	bool any;

	*ret = value_empty(VALUE_ARRAY);
	TRY(graphql_skip(p, '=', &any));
	return any ? names(p, '|', ret) : OK;
}

static const struct {
	const char *word, *kind, *body; /* the member that the body goes to */
} kinds[] = {
        {"scalar", "SCALAR", NULL},           {"type", "OBJECT", "Fields"},
        {"interface", "INTERFACE", "Fields"}, {"union", "UNION", "Types"},
        {"enum", "ENUM", "EnumValues"},       {"input", "INPUT_OBJECT", "Fields"},
};

static status
body_of(struct graphql_parser *p, size_t kind, struct value *ret)
{
	*ret = value_empty(VALUE_ARRAY);
	switch (kind) {
	case 0:
		return OK;
	case 1:
	case 2:
		return graphql_items(p, '{', '}', true, field_definition, ret);
	case 3:
		return union_members(p, ret);
	case 4:
		return graphql_items(p, '{', '}', true, enum_value, ret);
	case 5:
	default:
		return graphql_items(p, '{', '}', true, input_value, ret);
	}
}

static size_t
kind_of(const struct graphql_parser *p)
{
	size_t i = 0;

	while (i < COUNT_OF(kinds) && !graphql_is_word(p, kinds[i].word))
		i++;
	return i;
}

/* A type, or its extension, which must add something. */
static status
definition(struct graphql_parser *p, struct value text, bool extension, bool built_in,
           struct value *ret)
{
	struct value_list m = value_list_of(p->arena);
	size_t kind = kind_of(p);
	struct value name, ifaces = value_empty(VALUE_ARRAY), directives, body;

	if (kind == COUNT_OF(kinds))
		return graphql_unexpected(p);
	TRY(graphql_advance(p));
	value_push_named(&m, "Position", graphql_position(p));
	TRY(graphql_name(p, &name));
	if (kind == 1 || (kind == 2 && !extension))
		TRY(interfaces(p, &ifaces));
	TRY(graphql_directives(p, true, &directives));
	TRY(body_of(p, kind, &body));
	if (extension && ifaces.n + directives.n + body.n == 0)
		return graphql_unexpected(p);
	value_push_named(&m, "Kind", json_cstr(kinds[kind].kind));
	value_push_named(&m, "Description", text);
	value_push_named(&m, "Name", name);
	value_push_named(&m, "Interfaces", ifaces);
	value_push_named(&m, "Directives", directives);
	if (kinds[kind].body)
		value_push_named(&m, kinds[kind].body, body);
	value_push_named(&m, "BuiltIn", json_bool(built_in));
	return graphql_node(p, &m, ret);
}

static status
schema_definition(struct graphql_parser *p, struct value text, bool extension, struct value *ret)
{
	struct value_list m = value_list_of(p->arena);
	struct value directives, types;

	TRY(graphql_expect_word(p, "schema"));
	value_push_named(&m, "Position", graphql_position(p));
	TRY(graphql_directives(p, true, &directives));
	TRY(graphql_items(p, '{', '}', true, operation_type, &types));
	if (extension && directives.n + types.n == 0)
		return graphql_unexpected(p);
	value_push_named(&m, "Description", text);
	value_push_named(&m, "Directives", directives);
	value_push_named(&m, "OperationTypes", types);
	return graphql_node(p, &m, ret);
}

static status
location(struct graphql_parser *p, struct value *ret)
{
	static const char *const known[] = {
	        "QUERY",
	        "MUTATION",
	        "SUBSCRIPTION",
	        "FIELD",
	        "FRAGMENT_DEFINITION",
	        "FRAGMENT_SPREAD",
	        "INLINE_FRAGMENT",
	        "VARIABLE_DEFINITION",
	        "SCHEMA",
	        "SCALAR",
	        "OBJECT",
	        "FIELD_DEFINITION",
	        "ARGUMENT_DEFINITION",
	        "INTERFACE",
	        "UNION",
	        "ENUM",
	        "ENUM_VALUE",
	        "INPUT_OBJECT",
	        "INPUT_FIELD_DEFINITION",
	};

	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (graphql_is_word(p, known[i]))
			return graphql_name(p, ret);
	return p->lex.token == TOKEN_NAME ? graphql_unexpected(p) : graphql_name(p, ret);
}

static status
locations(struct graphql_parser *p, struct value *ret)
{
	struct value_list list = value_list_of(p->arena);
	bool more;

	TRY(graphql_skip(p, '|', &more));
	do {
		struct value v;

		TRY(location(p, &v));
		value_push(&list, v);
		TRY(graphql_skip(p, '|', &more));
	} while (more);
	*ret = value_array(&list);
	return arena_check(p->arena, p->lex.c->err);
}

static status
directive_definition(struct graphql_parser *p, struct value text, struct value *ret)
{
	struct value_list m = value_list_of(p->arena);
	struct value v;
	bool repeatable;

	TRY(graphql_expect_word(p, "directive"));
	TRY(graphql_expect(p, '@'));
	value_push_named(&m, "Position", graphql_position(p));
	TRY(graphql_name(p, &v));
	value_push_named(&m, "Name", v);
	value_push_named(&m, "Description", text);
	TRY(graphql_items(p, '(', ')', true, input_value, &v));
	value_push_named(&m, "Arguments", v);
	repeatable = graphql_is_word(p, "repeatable");
	if (repeatable)
		TRY(graphql_advance(p));
	value_push_named(&m, "IsRepeatable", json_bool(repeatable));
	TRY(graphql_expect_word(p, "on"));
	TRY(locations(p, &v));
	value_push_named(&m, "Locations", v);
	return graphql_node(p, &m, ret);
}

/* The five lists of a document. */
struct lists {
	struct value_list schema, schema_extension, directives, definitions, extensions;
};

static status
one_definition(struct graphql_parser *p, bool built_in, struct lists *lists)
{
	struct graphql_lexer first = p->lex;
	struct value text, v;
	bool described;

	TRY(description(p, &text));
	described = text.n > 0;
	if (p->lex.token != TOKEN_NAME)
		return graphql_unexpected(p);
	if (graphql_is_word(p, "extend")) {
		if (described) {
			p->lex = first; /* the error is the description */
			return graphql_unexpected(p);
		}
		TRY(graphql_advance(p));
		if (graphql_is_word(p, "schema")) {
			TRY(schema_definition(p, text, true, &v));
			value_push(&lists->schema_extension, v);
		} else {
			TRY(definition(p, text, true, built_in, &v));
			value_push(&lists->extensions, v);
		}
	} else if (graphql_is_word(p, "schema")) {
		TRY(schema_definition(p, text, false, &v));
		value_push(&lists->schema, v);
	} else if (graphql_is_word(p, "directive")) {
		TRY(directive_definition(p, text, &v));
		value_push(&lists->directives, v);
	} else {
		TRY(definition(p, text, false, built_in, &v));
		value_push(&lists->definitions, v);
	}
	return OK;
}

status
graphql_parse_schema(struct rego_call *c, struct bytes text, bool built_in, struct value *ret)
{
	struct lists l = {value_list_of(c->arena), value_list_of(c->arena), value_list_of(c->arena),
	                  value_list_of(c->arena), value_list_of(c->arena)};
	struct value_list m = value_list_of(c->arena);
	struct graphql_parser p;

	TRY(graphql_parser_start(&p, c, text));
	while (p.lex.token != TOKEN_EOF)
		TRY(one_definition(&p, built_in, &l));
	value_push_named(&m, "Schema", value_array(&l.schema));
	value_push_named(&m, "SchemaExtension", value_array(&l.schema_extension));
	value_push_named(&m, "Directives", value_array(&l.directives));
	value_push_named(&m, "Definitions", value_array(&l.definitions));
	value_push_named(&m, "Extensions", value_array(&l.extensions));
	return graphql_node(&p, &m, ret);
}
