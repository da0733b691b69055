/* SPDX-License-Identifier: Apache-2.0 */
/* graphql.*: documents come as text, or as what graphql.parse_* made of it. */
#include "rego/builtin_groups.h"
#include "rego/graphql.h"

static status
document(struct rego_call *c, const struct value *args, unsigned int i, bool schema,
         struct value *ret)
{
	if (args[i].type == VALUE_STRING)
		return schema ? graphql_parse_schema(c, string_bytes(&args[i]), false, ret)
		              : graphql_parse_query(c, string_bytes(&args[i]), ret);
	if (args[i].type != VALUE_OBJECT)
		return builtin_operand(c, i + 1, "one of {string, object}", &args[i]);
	*ret = args[i];
	return OK;
}

/* Both documents, the query checked against the schema. */
static status
checked(struct rego_call *c, const struct value *args, struct value *query, struct value *schema)
{
	struct graphql_schema s;

	TRY(document(c, args, 0, false, query));
	TRY(document(c, args, 1, true, schema));
	TRY(graphql_load_schema(c, schema, &s));
	return graphql_validate(c, &s, query);
}

/* What is shown of a document: an object stays as it came. */
static status
shown(struct rego_call *c, const struct value *arg, const struct value *doc, struct value *ret)
{
	if (arg->type != VALUE_OBJECT)
		return graphql_bare(c, doc, ret);
	*ret = *arg;
	return OK;
}

static status
parse_query(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct bytes text;
	struct value doc;

	TRY(builtin_string(c, args, 0, &text));
	TRY(graphql_parse_query(c, text, &doc));
	return graphql_bare(c, &doc, ret);
}

static status
parse_schema(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct bytes text;
	struct value doc;

	TRY(builtin_string(c, args, 0, &text));
	TRY(graphql_parse_schema(c, text, false, &doc));
	return graphql_bare(c, &doc, ret);
}

static status
parse(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value_list out = value_list_of(c->arena);
	struct value query, schema, v;

	TRY(checked(c, args, &query, &schema));
	TRY(shown(c, &args[0], &query, &v));
	value_push(&out, v);
	TRY(shown(c, &args[1], &schema, &v));
	value_push(&out, v);
	*ret = value_array(&out);
	return arena_check(c->arena, c->err);
}

static status
parse_and_verify(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value_list out = value_list_of(c->arena);
	struct value query, schema, v[2] = {value_empty(VALUE_OBJECT), value_empty(VALUE_OBJECT)};
	status s = checked(c, args, &query, &schema);

	if (s.cls == ERR_LIMIT)
		return s;
	if (is_ok(s)) {
		TRY(shown(c, &args[0], &query, &v[0]));
		TRY(shown(c, &args[1], &schema, &v[1]));
	}
	c->type_error = false;
	value_push(&out, json_bool(is_ok(s)));
	value_push(&out, v[0]);
	value_push(&out, v[1]);
	*ret = value_array(&out);
	return arena_check(c->arena, c->err);
}

/* Only a spent budget is a failure here. */
static status
truth(struct rego_call *c, status s, struct value *ret)
{
	if (s.cls == ERR_LIMIT)
		return s;
	c->type_error = false;
	return return_bool(is_ok(s), ret);
}

static status
is_valid(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value query, schema;

	return truth(c, checked(c, args, &query, &schema), ret);
}

static status
schema_is_valid(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct graphql_schema s;
	struct value schema;
	status st = document(c, args, 0, true, &schema);

	if (is_ok(st))
		st = graphql_load_schema(c, &schema, &s);
	return truth(c, st, ret);
}

static const struct rego_builtin list[] = {
        {"graphql.parse", 2, 0, parse},
        {"graphql.parse_query", 1, 0, parse_query},
        {"graphql.parse_schema", 1, 0, parse_schema},
        {"graphql.parse_and_verify", 2, 0, parse_and_verify},
        {"graphql.is_valid", 2, 0, is_valid},
        {"graphql.schema_is_valid", 1, 0, schema_is_valid},
};
const struct rego_builtin_group rego_group_graphql = {list, COUNT_OF(list)};
