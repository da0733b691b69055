/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/graphql_rules.h"

#include <stdarg.h>
#include <stdio.h>

#include "rego/builtin_groups.h"

status
graphql_error(struct rego_call *c, const struct value *node, const char *fmt, ...)
{
	const struct value *at = node ? value_member(node, "Position") : NULL;
	int64_t line = 0, column = 0;
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (!at || at->n != 2)
		return builtin_error(c, "%s in GraphQL string", text);
	(void)value_int(&at->u.items[0], &line);
	(void)value_int(&at->u.items[1], &column);
	return builtin_error(c, "%s in GraphQL string at location %ld:%ld", text, line, column);
}

static status
bare(struct rego_call *c, const struct value *v, uint32_t depth, struct value *ret)
{
	struct value_list list = value_list_of(c->arena);

	*ret = *v;
	if (!value_is_collection(v))
		return OK;
	if (depth > 4 * GRAPHQL_MAX_DEPTH)
		return builtin_limit(c, "the document nests too deeply");
	TRY(rego_charge(c, v->n));
	for (uint32_t i = 0; i < v->n; i++) {
		struct value key, val, sub;

		value_at(v, i, &key, &val);
		if (v->type == VALUE_OBJECT && bytes_is(string_bytes(&key), "Position"))
			continue;
		TRY(bare(c, &val, depth + 1, &sub));
		if (v->type == VALUE_ARRAY)
			value_push(&list, sub);
		else if (!(value_is_collection(&sub) && sub.n == 0))
			value_push_member(&list, key, sub);
	}
	*ret = v->type == VALUE_ARRAY ? value_array(&list) : value_object(&list, NULL);
	return arena_check(c->arena, c->err);
}

status
graphql_bare(struct rego_call *c, const struct value *v, struct value *ret)
{
	return bare(c, v, 0, ret);
}

/* ---- reading nodes: they may come from outside, so nothing is taken for granted ---- */

struct bytes
graphql_text(const struct value *node, const char *name)
{
	const struct value *v =
	        node && node->type == VALUE_OBJECT ? value_member(node, name) : NULL;

	return v && v->type == VALUE_STRING ? string_bytes(v) : (struct bytes){NULL, 0};
}

const struct value *
graphql_list(const struct value *node, const char *name)
{
	static const struct value empty = {.type = VALUE_ARRAY};
	const struct value *v =
	        node && node->type == VALUE_OBJECT ? value_member(node, name) : NULL;

	return v && v->type == VALUE_ARRAY ? v : &empty;
}

const struct value *
graphql_named(const struct value *list, struct bytes name)
{
	for (uint32_t i = 0; i < list->n; i++)
		if (bytes_equal(graphql_text(&list->u.items[i], "Name"), name))
			return &list->u.items[i];
	return NULL;
}

bool
graphql_flag(const struct value *node, const char *name)
{
	const struct value *v =
	        node && node->type == VALUE_OBJECT ? value_member(node, name) : NULL;

	return v && v->type == VALUE_BOOL && v->u.b;
}

struct bytes
graphql_type_name(const struct value *type)
{
	const struct value *elem;

	while (type && type->type == VALUE_OBJECT && (elem = value_member(type, "Elem")))
		type = elem;
	return graphql_text(type, "NamedType");
}

void
graphql_type_show(const struct value *type, struct buf *out)
{
	const struct value *elem =
	        type && type->type == VALUE_OBJECT ? value_member(type, "Elem") : NULL;

	if (elem) {
		buf_u8(out, '[');
		graphql_type_show(elem, out);
		buf_u8(out, ']');
	} else {
		buf_bytes(out, graphql_text(type, "NamedType"));
	}
	if (graphql_flag(type, "NonNull"))
		buf_u8(out, '!');
}

const struct value *
graphql_type(const struct graphql_schema *s, struct bytes name)
{
	struct value key = json_string(name);

	return value_get(&s->types, &key);
}

/* ---- the prelude ---- */

/* What every schema has: section 3.5 (scalars), 3.13 (directives), 4.2 (introspection). */
static const char prelude[] =
        "scalar Int scalar Float scalar String scalar Boolean scalar ID\n"
        "directive @include(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT\n"
        "directive @skip(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT\n"
        "directive @deprecated(reason: String = \"No longer supported\") on FIELD_DEFINITION"
        " | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION | ENUM_VALUE\n"
        "directive @specifiedBy(url: String!) on SCALAR\n"
        "type __Schema { description: String types: [__Type!]! queryType: __Type! mutationType: "
        "__Type"
        " subscriptionType: __Type directives: [__Directive!]! }\n"
        "type __Type { kind: __TypeKind! name: String description: String specifiedByURL: String"
        " fields(includeDeprecated: Boolean = false): [__Field!] interfaces: [__Type!]"
        " possibleTypes: [__Type!] enumValues(includeDeprecated: Boolean = false): [__EnumValue!]"
        " inputFields(includeDeprecated: Boolean = false): [__InputValue!] ofType: __Type }\n"
        "enum __TypeKind { SCALAR OBJECT INTERFACE UNION ENUM INPUT_OBJECT LIST NON_NULL }\n"
        "type __Field { name: String! description: String"
        " args(includeDeprecated: Boolean = false): [__InputValue!]! type: __Type!"
        " isDeprecated: Boolean! deprecationReason: String }\n"
        "type __InputValue { name: String! description: String type: __Type! defaultValue: String"
        " isDeprecated: Boolean! deprecationReason: String }\n"
        "type __EnumValue { name: String! description: String isDeprecated: Boolean!"
        " deprecationReason: String }\n"
        "type __Directive { name: String! description: String locations: [__DirectiveLocation!]!"
        " args(includeDeprecated: Boolean = false): [__InputValue!]! isRepeatable: Boolean! }\n"
        "enum __DirectiveLocation { QUERY MUTATION SUBSCRIPTION FIELD FRAGMENT_DEFINITION"
        " FRAGMENT_SPREAD INLINE_FRAGMENT VARIABLE_DEFINITION SCHEMA SCALAR OBJECT FIELD_DEFINITION"
        " ARGUMENT_DEFINITION INTERFACE UNION ENUM ENUM_VALUE INPUT_OBJECT INPUT_FIELD_DEFINITION "
        "}\n";

/* ---- merging ---- */

/* The list member of `a` with that of `b` behind it. */
static struct value
joined(struct arena *arena, const struct value *a, const struct value *b, const char *name)
{
	struct value_list list = value_list_of(arena);
	const struct value *parts[] = {graphql_list(a, name), graphql_list(b, name)};

	for (size_t k = 0; k < 2; k++)
		for (uint32_t i = 0; i < parts[k]->n; i++)
			value_push(&list, parts[k]->u.items[i]);
	return value_array(&list);
}

/* A definition with what an extension adds. `base` may be NULL: the extension alone. */
static status
extend(struct rego_call *c, const struct value *base, const struct value *ext, struct value *ret)
{
	static const char *const lists[] = {"Directives", "Interfaces", "Fields", "Types",
	                                    "EnumValues"};
	struct bytes name = graphql_text(ext, "Name");

	*ret = *ext;
	if (!base)
		return OK;
	if (!bytes_equal(graphql_text(base, "Kind"), graphql_text(ext, "Kind")))
		return graphql_error(
		        c, ext,
		        "Cannot extend type %.*s because the base type is a %.*s, not %.*s.",
		        BYTES_ARG(name), BYTES_ARG(graphql_text(base, "Kind")),
		        BYTES_ARG(graphql_text(ext, "Kind")));
	*ret = *base;
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		struct value list = joined(c->arena, base, ext, lists[i]);

		TRY(rego_charge(c, list.n + 4));
		*ret = value_with_member(c->arena, ret, json_cstr(lists[i]), list);
	}
	return arena_check(c->arena, c->err);
}

static status
add_named(struct rego_call *c, const struct value *list, const char *what, struct value *names)
{
	struct value_list members = value_list_of(c->arena);
	struct value merged;
	bool twice = false;

	for (uint32_t i = 0; i < names->n; i++)
		value_push_member(&members, names->u.members[i].key, names->u.members[i].val);
	for (uint32_t i = 0; i < list->n; i++) {
		const struct value *node = &list->u.items[i];
		struct bytes name = graphql_text(node, "Name");
		struct value key = json_string(name);

		TRY(rego_charge(c, 4));
		twice = value_get(names, &key) || graphql_named(list, name) != node;
		if (twice)
			return graphql_error(c, node, "Cannot redeclare %s %.*s.", what,
			                     BYTES_ARG(name));
		value_push_member(&members, key, *node);
	}
	merged = value_object(&members, NULL);
	*names = merged;
	return arena_check(c->arena, c->err);
}

static status
merge_document(struct rego_call *c, const struct value *doc, struct graphql_schema *s)
{
	const struct value *extensions = graphql_list(doc, "Extensions");

	TRY(add_named(c, graphql_list(doc, "Definitions"), "type", &s->types));
	TRY(add_named(c, graphql_list(doc, "Directives"), "directive", &s->directives));
	for (uint32_t i = 0; i < extensions->n; i++) {
		const struct value *ext = &extensions->u.items[i];
		struct bytes name = graphql_text(ext, "Name");
		struct value merged;

		TRY(rego_charge(c, s->types.n));
		TRY(extend(c, graphql_type(s, name), ext, &merged));
		s->types = value_with_member(c->arena, &s->types, json_string(name), merged);
	}
	return arena_check(c->arena, c->err);
}

static const char *const root_words[] = {"query", "mutation", "subscription"};
static const char *const root_names[] = {"Query", "Mutation", "Subscription"};

static status
entry_points(struct rego_call *c, const struct value *definition, struct graphql_schema *s)
{
	const struct value *list = graphql_list(definition, "OperationTypes");

	for (uint32_t i = 0; i < list->n; i++) {
		struct bytes type = graphql_text(&list->u.items[i], "Type");
		struct bytes operation = graphql_text(&list->u.items[i], "Operation");

		if (!graphql_type(s, type))
			return graphql_error(
			        c, &list->u.items[i],
			        "Schema root %.*s refers to a type %.*s that does not exist.",
			        BYTES_ARG(operation), BYTES_ARG(type));
		for (size_t k = 0; k < COUNT_OF(root_words); k++)
			if (bytes_is(operation, root_words[k]))
				s->root[k] = type;
	}
	return OK;
}

static status
find_roots(struct rego_call *c, const struct value *doc, struct graphql_schema *s)
{
	const struct value *schema = graphql_list(doc, "Schema"),
	                   *more = graphql_list(doc, "SchemaExtension");

	if (schema->n > 1)
		return graphql_error(c, &schema->u.items[1],
		                     "Cannot have multiple schema entry points, consider schema "
		                     "extensions instead.");
	if (schema->n == 1)
		TRY(entry_points(c, &schema->u.items[0], s));
	for (uint32_t i = 0; i < more->n; i++)
		TRY(entry_points(c, &more->u.items[i], s));
	for (size_t k = 0; k < COUNT_OF(root_words); k++)
		if (s->root[k].n == 0 && graphql_type(s, bytes_str(root_names[k])))
			s->root[k] = bytes_str(root_names[k]);
	return OK;
}

status
graphql_load_schema(struct rego_call *c, const struct value *doc, struct graphql_schema *s)
{
	struct value base;

	*s = (struct graphql_schema){.types = value_empty(VALUE_OBJECT),
	                             .directives = value_empty(VALUE_OBJECT)};
	TRY(graphql_parse_schema(c, bytes_str(prelude), true, &base));
	TRY(merge_document(c, &base, s));
	TRY(merge_document(c, doc, s));
	TRY(find_roots(c, doc, s));
	return graphql_check_schema(c, s);
}
