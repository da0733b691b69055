/* SPDX-License-Identifier: Apache-2.0 */
/* Executable documents: operations and fragments. */
#include "rego/builtin_groups.h"
#include "rego/graphql_parse.h"

static status selection_set(struct graphql_parser *p, struct value *ret);

static status
field(struct graphql_parser *p, struct value *ret)
{
	struct value_list m = value_list_of(p->arena);
	struct value alias, name, args, directives, set = value_empty(VALUE_ARRAY);
	bool aliased;

	value_push_named(&m, "Position", graphql_position(p));
	TRY(graphql_name(p, &alias));
	name = alias;
	TRY(graphql_skip(p, ':', &aliased));
	if (aliased)
		TRY(graphql_name(p, &name));
	TRY(graphql_items(p, '(', ')', false, graphql_argument, &args));
	TRY(graphql_directives(p, false, &directives));
	if (graphql_is(p, '{'))
		TRY(selection_set(p, &set));
	value_push_named(&m, "Alias", alias);
	value_push_named(&m, "Name", name);
	value_push_named(&m, "Arguments", args);
	value_push_named(&m, "Directives", directives);
	value_push_named(&m, "SelectionSet", set);
	return graphql_node(p, &m, ret);
}

static status
fragment_name(struct graphql_parser *p, struct value *ret)
{
	if (graphql_is_word(p, "on"))
		return graphql_unexpected(p);
	return graphql_name(p, ret);
}

static status
required_set(struct graphql_parser *p, struct value *ret)
{
	if (!graphql_is(p, '{'))
		return graphql_expect(p, '{');
	return selection_set(p, ret);
}

/* ...Name, or ... on Type { } */
static status
spread(struct graphql_parser *p, struct value *ret)
{
	struct value_list m = value_list_of(p->arena);
	struct value v, directives;

	TRY(graphql_advance(p));
	value_push_named(&m, "Position", graphql_position(p));
	if (p->lex.token == TOKEN_NAME && !graphql_is_word(p, "on")) {
		TRY(fragment_name(p, &v));
		TRY(graphql_directives(p, false, &directives));
		value_push_named(&m, "Name", v);
		value_push_named(&m, "Directives", directives);
		return graphql_node(p, &m, ret);
	}
	v = json_cstr("");
	if (graphql_is_word(p, "on")) {
		TRY(graphql_advance(p));
		TRY(graphql_name(p, &v));
	}
	value_push_named(&m, "TypeCondition", v);
	TRY(graphql_directives(p, false, &directives));
	TRY(required_set(p, &v));
	value_push_named(&m, "Directives", directives);
	value_push_named(&m, "SelectionSet", v);
	return graphql_node(p, &m, ret);
}

static status
selection(struct graphql_parser *p, struct value *ret)
{
	return p->lex.token == TOKEN_SPREAD ? spread(p, ret) : field(p, ret);
}

static status
selection_set(struct graphql_parser *p, struct value *ret)
{
	return graphql_items(p, '{', '}', true, selection, ret);
}

static status
variable_definition(struct graphql_parser *p, struct value *ret)
{
	struct value_list m = value_list_of(p->arena);
	struct value v;
	bool has_default;

	value_push_named(&m, "Position", graphql_position(p));
	TRY(graphql_expect(p, '$'));
	TRY(graphql_name(p, &v));
	value_push_named(&m, "Variable", v);
	TRY(graphql_expect(p, ':'));
	TRY(graphql_type_reference(p, &v));
	value_push_named(&m, "Type", v);
	TRY(graphql_skip(p, '=', &has_default));
	if (has_default) {
		TRY(graphql_value(p, true, &v));
		value_push_named(&m, "DefaultValue", v);
	}
	TRY(graphql_directives(p, false, &v));
	value_push_named(&m, "Directives", v);
	value_push_named(&m, "Used", json_bool(false));
	return graphql_node(p, &m, ret);
}

static status
operation(struct graphql_parser *p, struct value *ret)
{
	struct value_list m = value_list_of(p->arena);
	struct value kind = json_cstr("query"), name = json_cstr("");
	struct value variables = value_empty(VALUE_ARRAY), directives = value_empty(VALUE_ARRAY),
	             set;

	value_push_named(&m, "Position", graphql_position(p));
	if (!graphql_is(p, '{')) {
		TRY(graphql_operation_type(p, &kind));
		if (p->lex.token == TOKEN_NAME)
			TRY(graphql_name(p, &name));
		TRY(graphql_items(p, '(', ')', false, variable_definition, &variables));
		TRY(graphql_directives(p, false, &directives));
	}
	TRY(required_set(p, &set));
	value_push_named(&m, "Operation", kind);
	value_push_named(&m, "Name", name);
	value_push_named(&m, "VariableDefinitions", variables);
	value_push_named(&m, "Directives", directives);
	value_push_named(&m, "SelectionSet", set);
	return graphql_node(p, &m, ret);
}

static status
fragment(struct graphql_parser *p, struct value *ret)
{
	struct value_list m = value_list_of(p->arena);
	struct value v;

	value_push_named(&m, "Position", graphql_position(p));
	TRY(graphql_expect_word(p, "fragment"));
	TRY(fragment_name(p, &v));
	value_push_named(&m, "Name", v);
	TRY(graphql_items(p, '(', ')', false, variable_definition, &v));
	value_push_named(&m, "VariableDefinition", v);
	TRY(graphql_expect_word(p, "on"));
	TRY(graphql_name(p, &v));
	value_push_named(&m, "TypeCondition", v);
	TRY(graphql_directives(p, false, &v));
	value_push_named(&m, "Directives", v);
	TRY(required_set(p, &v));
	value_push_named(&m, "SelectionSet", v);
	return graphql_node(p, &m, ret);
}

status
graphql_parse_query(struct rego_call *c, struct bytes text, struct value *ret)
{
	struct value_list operations = value_list_of(c->arena), fragments = value_list_of(c->arena);
	struct value_list m = value_list_of(c->arena);
	struct graphql_parser p;

	TRY(graphql_parser_start(&p, c, text));
	while (p.lex.token != TOKEN_EOF) {
		struct value v;

		if (graphql_is_word(&p, "fragment")) {
			TRY(fragment(&p, &v));
			value_push(&fragments, v);
		} else if (graphql_is(&p, '{') || graphql_is_word(&p, "query") ||
		           graphql_is_word(&p, "mutation") || graphql_is_word(&p, "subscription")) {
			TRY(operation(&p, &v));
			value_push(&operations, v);
		} else {
			return graphql_unexpected(&p);
		}
	}
	value_push_named(&m, "Operations", value_array(&operations));
	value_push_named(&m, "Fragments", value_array(&fragments));
	return graphql_node(&p, &m, ret);
}
