/* SPDX-License-Identifier: Apache-2.0 */
/* The rules for schemas: sections 3.6 to 3.13. */
#include "rego/builtin_groups.h"
#include "rego/graphql_rules.h"

static status
check_name(struct rego_call *c, const struct value *node)
{
	struct bytes name = graphql_text(node, "Name");

	if (bytes_starts(name, BYTES("__")))
		return graphql_error(c, node,
		                     "Name \"%.*s\" must not begin with \"__\", which is reserved "
		                     "by GraphQL introspection.",
		                     BYTES_ARG(name));
	return OK;
}

static status
check_directives(struct rego_call *c, const struct graphql_schema *s, const struct value *list,
                 const char *where, struct bytes self)
{
	for (uint32_t i = 0; i < list->n; i++) {
		const struct value *node = &list->u.items[i];
		struct value name = json_string(graphql_text(node, "Name"));
		const struct value *def = value_get(&s->directives, &name), *places;
		bool fits = false;

		TRY(check_name(c, node));
		if (self.n > 0 && bytes_equal(string_bytes(&name), self))
			return graphql_error(c, node, "Directive %.*s cannot refer to itself.",
			                     BYTES_ARG(self));
		if (!def)
			return graphql_error(c, node, "Undefined directive %.*s.",
			                     BYTES_ARG(string_bytes(&name)));
		places = graphql_list(def, "Locations");
		for (uint32_t k = 0; k < places->n; k++)
			fits |= bytes_is(string_bytes(&places->u.items[k]), where);
		if (!fits)
			return graphql_error(c, node, "Directive %.*s is not applicable on %s.",
			                     BYTES_ARG(string_bytes(&name)), where);
	}
	return OK;
}

static status
check_type(struct rego_call *c, const struct graphql_schema *s, const struct value *node,
           const struct value **ret)
{
	const struct value *type = value_member(node, "Type");
	struct bytes name = graphql_type_name(type);

	*ret = graphql_type(s, name);
	if (!*ret)
		return graphql_error(c, type, "Undefined type %.*s.", BYTES_ARG(name));
	return OK;
}

static status
check_arguments(struct rego_call *c, const struct graphql_schema *s, const struct value *list,
                struct bytes self)
{
	for (uint32_t i = 0; i < list->n; i++) {
		const struct value *node = &list->u.items[i], *def;
		CLEANUP(buf_done) struct buf shown = {0};

		TRY(rego_charge(c, 8));
		if (node->type != VALUE_OBJECT)
			return graphql_error(c, NULL, "an argument is no object");
		TRY(check_name(c, node));
		TRY(check_type(c, s, node, &def));
		graphql_type_show(value_member(node, "Type"), &shown);
		if (!graphql_is_input(def))
			return graphql_error(c, node,
			                     "cannot use %s as argument %.*s because %.*s is not a "
			                     "valid input type",
			                     buf_cstr(&shown),
			                     BYTES_ARG(graphql_text(node, "Name")),
			                     BYTES_ARG(graphql_text(def, "Kind")));
		TRY(check_directives(c, s, graphql_list(node, "Directives"), "ARGUMENT_DEFINITION",
		                     self));
	}
	return OK;
}

static status
check_fields(struct rego_call *c, const struct graphql_schema *s, const struct value *def)
{
	const struct value *fields = graphql_list(def, "Fields"), *type;
	struct bytes kind = graphql_text(def, "Kind");
	bool input = bytes_is(kind, "INPUT_OBJECT");

	for (uint32_t i = 0; i < fields->n; i++) {
		const struct value *f = &fields->u.items[i];

		TRY(rego_charge(c, 8 + fields->n));
		if (f->type != VALUE_OBJECT)
			return graphql_error(c, NULL, "a field is no object");
		if (!graphql_flag(def, "BuiltIn"))
			TRY(check_name(c, f));
		TRY(check_type(c, s, f, &type));
		TRY(check_arguments(c, s, graphql_list(f, "Arguments"), bytes_of(NULL, 0)));
		TRY(check_directives(c, s, graphql_list(f, "Directives"),
		                     input ? "INPUT_FIELD_DEFINITION" : "FIELD_DEFINITION",
		                     bytes_of(NULL, 0)));
		if (input ? !graphql_is_input(type)
		          : bytes_is(graphql_text(type, "Kind"), "INPUT_OBJECT"))
			return graphql_error(c, f, "%.*s field must be one of %s.", BYTES_ARG(kind),
			                     input ? "SCALAR, ENUM, INPUT_OBJECT"
			                           : "SCALAR, OBJECT, INTERFACE, UNION, ENUM");
		if (graphql_named(fields, graphql_text(f, "Name")) != f)
			return graphql_error(c, f, "Field %.*s.%.*s can only be defined once.",
			                     BYTES_ARG(graphql_text(def, "Name")),
			                     BYTES_ARG(graphql_text(f, "Name")));
	}
	return OK;
}

/* Values of an enum: each once, and none that would be read as another constant. */
static status
check_values(struct rego_call *c, const struct value *def)
{
	const struct value *list = graphql_list(def, "EnumValues");

	for (uint32_t i = 0; i < list->n; i++) {
		struct bytes name = graphql_text(&list->u.items[i], "Name");

		TRY(rego_charge(c, 1 + list->n));
		if (bytes_is(name, "true") || bytes_is(name, "false") || bytes_is(name, "null"))
			return graphql_error(c, def, "ENUM %.*s: non-enum value %.*s.",
			                     BYTES_ARG(graphql_text(def, "Name")), BYTES_ARG(name));
		if (graphql_named(list, name) != &list->u.items[i])
			return graphql_error(c, &list->u.items[i],
			                     "Enum value %.*s.%.*s can only be defined once.",
			                     BYTES_ARG(graphql_text(def, "Name")), BYTES_ARG(name));
	}
	return OK;
}

static status
check_contents(struct rego_call *c, const struct value *def)
{
	struct bytes kind = graphql_text(def, "Kind");
	bool fields = graphql_list(def, "Fields")->n > 0;

	if ((bytes_is(kind, "OBJECT") || bytes_is(kind, "INTERFACE")) && !fields)
		return graphql_error(c, def, "%.*s %.*s: must define one or more fields.",
		                     BYTES_ARG(kind), BYTES_ARG(graphql_text(def, "Name")));
	if (bytes_is(kind, "INPUT_OBJECT") && !fields)
		return graphql_error(c, def, "%.*s %.*s: must define one or more input fields.",
		                     BYTES_ARG(kind), BYTES_ARG(graphql_text(def, "Name")));
	if (bytes_is(kind, "ENUM") && graphql_list(def, "EnumValues")->n == 0)
		return graphql_error(c, def,
		                     "%.*s %.*s: must define one or more unique enum values.",
		                     BYTES_ARG(kind), BYTES_ARG(graphql_text(def, "Name")));
	return check_values(c, def);
}

/* Is a field of type `actual` good where `required` was promised? */
static bool
covariant(const struct graphql_schema *s, const struct value *required, const struct value *actual)
{
	const struct value *x, *y;

	for (;;) {
		if (!required || !actual ||
		    (graphql_flag(required, "NonNull") && !graphql_flag(actual, "NonNull")))
			return false;
		x = value_member(required, "Elem");
		y = value_member(actual, "Elem");
		if (!x || !y)
			break;
		required = x;
		actual = y;
	}
	return !x && !y &&
	       graphql_possible(s, graphql_text(required, "NamedType"),
	                        graphql_text(actual, "NamedType"));
}

static status
check_promise(struct rego_call *c, const struct graphql_schema *s, const struct value *def,
              const struct value *iface, const struct value *want)
{
	struct bytes name = graphql_text(want, "Name"), self = graphql_text(def, "Name");
	struct bytes other = graphql_text(iface, "Name");
	const struct value *have = graphql_named(graphql_list(def, "Fields"), name);
	const struct value *args = graphql_list(want, "Arguments");
	CLEANUP(buf_done) struct buf shown = {0};

	TRY(rego_charge(c, graphql_list(def, "Fields")->n + 8));
	if (!have)
		return graphql_error(c, def,
		                     "For %.*s to implement %.*s it must have a field called %.*s.",
		                     BYTES_ARG(self), BYTES_ARG(other), BYTES_ARG(name));
	graphql_type_show(value_member(want, "Type"), &shown);
	if (!covariant(s, value_member(want, "Type"), value_member(have, "Type")))
		return graphql_error(c, have,
		                     "For %.*s to implement %.*s the field %.*s must have type %s.",
		                     BYTES_ARG(self), BYTES_ARG(other), BYTES_ARG(name),
		                     buf_cstr(&shown));
	for (uint32_t i = 0; i < args->n; i++)
		if (!graphql_named(graphql_list(have, "Arguments"),
		                   graphql_text(&args->u.items[i], "Name")))
			return graphql_error(c, have,
			                     "For %.*s to implement %.*s the field %.*s must have "
			                     "the same arguments but it is missing %.*s.",
			                     BYTES_ARG(self), BYTES_ARG(other), BYTES_ARG(name),
			                     BYTES_ARG(graphql_text(&args->u.items[i], "Name")));
	return OK;
}

static status
check_interfaces(struct rego_call *c, const struct graphql_schema *s, const struct value *def)
{
	const struct value *list = graphql_list(def, "Interfaces");

	for (uint32_t i = 0; i < list->n; i++) {
		struct bytes name = string_bytes(&list->u.items[i]);
		const struct value *iface = graphql_type(s, name), *fields, *more;

		if (!iface)
			return graphql_error(c, def, "Undefined type \"%.*s\".", BYTES_ARG(name));
		if (!bytes_is(graphql_text(iface, "Kind"), "INTERFACE"))
			return graphql_error(c, def, "\"%.*s\" is a non interface type %.*s.",
			                     BYTES_ARG(name),
			                     BYTES_ARG(graphql_text(iface, "Kind")));
		fields = graphql_list(iface, "Fields");
		for (uint32_t k = 0; k < fields->n; k++)
			TRY(check_promise(c, s, def, iface, &fields->u.items[k]));
		/* An interface's own interfaces must be named too. */
		more = graphql_list(iface, "Interfaces");
		for (uint32_t k = 0; k < more->n; k++) {
			bool found = false;

			for (uint32_t n = 0; n < list->n; n++)
				found |= value_eq(&list->u.items[n], &more->u.items[k]);
			if (!found)
				return graphql_error(c, def,
				                     "Type %.*s must implement %.*s because it is "
				                     "implemented by %.*s.",
				                     BYTES_ARG(graphql_text(def, "Name")),
				                     BYTES_ARG(string_bytes(&more->u.items[k])),
				                     BYTES_ARG(name));
		}
	}
	return OK;
}

static status
check_union(struct rego_call *c, const struct graphql_schema *s, const struct value *def)
{
	const struct value *list = graphql_list(def, "Types");

	for (uint32_t i = 0; i < list->n; i++) {
		struct bytes name = string_bytes(&list->u.items[i]);
		const struct value *type = graphql_type(s, name);

		if (!type)
			return graphql_error(c, def, "Undefined type \"%.*s\".", BYTES_ARG(name));
		if (!bytes_is(graphql_text(type, "Kind"), "OBJECT"))
			return graphql_error(c, def, "UNION type \"%.*s\" must be OBJECT.",
			                     BYTES_ARG(name));
		TRY(rego_charge(c, 1 + i));
		for (uint32_t k = 0; k < i; k++)
			if (value_eq(&list->u.items[k], &list->u.items[i]))
				return graphql_error(
				        c, def, "Union type %.*s can only include type %.*s once.",
				        BYTES_ARG(graphql_text(def, "Name")), BYTES_ARG(name));
	}
	return OK;
}

static status
check_definition(struct rego_call *c, const struct graphql_schema *s, const struct value *def)
{
	char kind[24] = {0};
	struct bytes text = graphql_text(def, "Kind");

	mem_copy(kind, text.p, MIN(text.n, sizeof kind - 1));
	TRY(rego_charge(c, 16));
	TRY(check_fields(c, s, def));
	TRY(check_union(c, s, def));
	TRY(check_interfaces(c, s, def));
	TRY(check_contents(c, def));
	if (!graphql_flag(def, "BuiltIn"))
		TRY(check_name(c, def));
	return check_directives(c, s, graphql_list(def, "Directives"), kind, bytes_of(NULL, 0));
}

status
graphql_check_schema(struct rego_call *c, const struct graphql_schema *s)
{
	for (uint32_t i = 0; i < s->types.n; i++)
		TRY(check_definition(c, s, &s->types.u.members[i].val));
	for (uint32_t i = 0; i < s->directives.n; i++) {
		const struct value *d = &s->directives.u.members[i].val;

		TRY(check_name(c, d));
		TRY(check_arguments(c, s, graphql_list(d, "Arguments"), graphql_text(d, "Name")));
	}
	return OK;
}
