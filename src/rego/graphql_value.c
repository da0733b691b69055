/* SPDX-License-Identifier: Apache-2.0 */
/* Types of values: section 5.6. */
#include "rego/builtin_groups.h"
#include "rego/graphql_rules.h"

static bool
kind_is(const struct value *def, const char *kind)
{
	return bytes_is(graphql_text(def, "Kind"), kind);
}

bool
graphql_is_input(const struct value *def)
{
	return kind_is(def, "SCALAR") || kind_is(def, "ENUM") || kind_is(def, "INPUT_OBJECT");
}

bool
graphql_is_composite(const struct value *def)
{
	return kind_is(def, "OBJECT") || kind_is(def, "INTERFACE") || kind_is(def, "UNION");
}

static bool
lists_name(const struct value *def, const char *member, struct bytes name)
{
	const struct value *list = graphql_list(def, member);

	for (uint32_t i = 0; i < list->n; i++)
		if (list->u.items[i].type == VALUE_STRING &&
		    bytes_equal(string_bytes(&list->u.items[i]), name))
			return true;
	return false;
}

bool
graphql_possible(const struct graphql_schema *s, struct bytes wanted, struct bytes actual)
{
	return bytes_equal(wanted, actual) ||
	       lists_name(graphql_type(s, wanted), "Types", actual) ||
	       lists_name(graphql_type(s, actual), "Interfaces", wanted);
}

static enum graphql_value_kind
value_kind(const struct value *v)
{
	const struct value *k = v->type == VALUE_OBJECT ? value_member(v, "Kind") : NULL;
	int64_t kind;

	if (!k || !value_int(k, &kind) || kind < GRAPHQL_VARIABLE || kind > GRAPHQL_OBJECT)
		return GRAPHQL_NULL;
	return (enum graphql_value_kind)kind;
}

/* The value as its text, for messages. */
static void
show_value(const struct value *v, struct buf *out)
{
	enum graphql_value_kind kind = value_kind(v);
	struct bytes raw = graphql_text(v, "Raw");

	if (kind == GRAPHQL_STRING || kind == GRAPHQL_BLOCK)
		json_write_string(raw, out);
	else if (kind == GRAPHQL_LIST || kind == GRAPHQL_OBJECT)
		buf_str(out, kind == GRAPHQL_LIST ? "[...]" : "{...}");
	else
		buf_bytes(out, raw);
}

static status
mismatch(struct rego_call *c, const char *type, const struct value *v)
{
	CLEANUP(buf_done) struct buf shown = {0};

	show_value(v, &shown);
	return graphql_error(c, v, "%s cannot represent value: %s", type, buf_cstr(&shown));
}

static status
check_scalar(struct rego_call *c, const struct value *def, const struct value *v)
{
	enum graphql_value_kind kind = value_kind(v);
	static const struct {
		const char *name;
		unsigned int kinds; /* bits of those it takes */
	} rows[] = {
	        {"Int", 1U << GRAPHQL_INT},
	        {"Float", 1U << GRAPHQL_INT | 1U << GRAPHQL_FLOAT},
	        {"String", 1U << GRAPHQL_STRING | 1U << GRAPHQL_BLOCK},
	        {"Boolean", 1U << GRAPHQL_BOOLEAN},
	        {"ID", 1U << GRAPHQL_INT | 1U << GRAPHQL_STRING | 1U << GRAPHQL_BLOCK},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (bytes_is(graphql_text(def, "Name"), rows[i].name))
			return rows[i].kinds >> kind & 1 ? OK : mismatch(c, rows[i].name, v);
	return OK; /* what a scalar of the schema's own takes only its server knows */
}

static status
check_enum(struct rego_call *c, const struct value *def, const struct value *v)
{
	struct bytes name = graphql_text(def, "Name"), raw = graphql_text(v, "Raw");
	CLEANUP(buf_done) struct buf shown = {0};

	show_value(v, &shown);
	if (value_kind(v) != GRAPHQL_ENUM)
		return graphql_error(c, v, "Enum \"%.*s\" cannot represent non-enum value: %s.",
		                     BYTES_ARG(name), buf_cstr(&shown));
	if (!graphql_named(graphql_list(def, "EnumValues"), raw))
		return graphql_error(c, v, "Value \"%.*s\" does not exist in \"%.*s\" enum.",
		                     BYTES_ARG(raw), BYTES_ARG(name));
	return OK;
}

static status
check_input_object(struct rego_call *c, const struct graphql_schema *s, const struct value *def,
                   const struct value *v, uint32_t depth)
{
	const struct value *fields = graphql_list(def, "Fields"),
	                   *given = graphql_list(v, "Children");
	struct bytes name = graphql_text(def, "Name");

	if (value_kind(v) != GRAPHQL_OBJECT)
		return graphql_error(c, v, "Expected value of type \"%.*s\", found %.*s.",
		                     BYTES_ARG(name), BYTES_ARG(graphql_text(v, "Raw")));
	for (uint32_t i = 0; i < fields->n; i++) {
		const struct value *f = &fields->u.items[i];

		TRY(rego_charge(c, 1 + given->n));
		if (graphql_flag(value_member(f, "Type"), "NonNull") &&
		    !value_member(f, "DefaultValue") &&
		    !graphql_named(given, graphql_text(f, "Name")))
			return graphql_error(
			        c, v, "Field \"%.*s.%.*s\" of required type was not provided.",
			        BYTES_ARG(name), BYTES_ARG(graphql_text(f, "Name")));
	}
	for (uint32_t i = 0; i < given->n; i++) {
		const struct value *g = &given->u.items[i];
		const struct value *f = graphql_named(fields, graphql_text(g, "Name"));

		TRY(rego_charge(c, 1 + fields->n));
		if (graphql_named(given, graphql_text(g, "Name")) != g)
			return graphql_error(c, g,
			                     "There can be only one input field named \"%.*s\".",
			                     BYTES_ARG(graphql_text(g, "Name")));
		if (!f)
			return graphql_error(c, g,
			                     "Field \"%.*s\" is not defined by type \"%.*s\".",
			                     BYTES_ARG(graphql_text(g, "Name")), BYTES_ARG(name));
		if (value_member(g, "Value"))
			TRY(graphql_check_value(c, s, value_member(f, "Type"),
			                        value_member(g, "Value"), depth + 1));
	}
	return OK;
}

status
graphql_check_value(struct rego_call *c, const struct graphql_schema *s, const struct value *type,
                    const struct value *v, uint32_t depth)
{
	const struct value *elem =
	        type && type->type == VALUE_OBJECT ? value_member(type, "Elem") : NULL;
	const struct value *def, *items;
	CLEANUP(buf_done) struct buf shown = {0};

	TRY(rego_charge(c, 8));
	if (depth > GRAPHQL_MAX_DEPTH)
		return builtin_limit(c, "a value nests deeper than %d", GRAPHQL_MAX_DEPTH);
	if (value_kind(v) == GRAPHQL_VARIABLE)
		return OK; /* its type is checked where it is used */
	if (value_kind(v) == GRAPHQL_NULL) {
		graphql_type_show(type, &shown);
		if (graphql_flag(type, "NonNull"))
			return graphql_error(c, v, "Expected value of type \"%s\", found null.",
			                     buf_cstr(&shown));
		return OK;
	}
	if (elem) {
		if (value_kind(v) != GRAPHQL_LIST)
			return graphql_check_value(
			        c, s, elem, v, depth + 1); /* one item stands for a list of it */
		items = graphql_list(v, "Children");
		for (uint32_t i = 0; i < items->n; i++)
			if (items->u.items[i].type == VALUE_OBJECT &&
			    value_member(&items->u.items[i], "Value"))
				TRY(graphql_check_value(c, s, elem,
				                        value_member(&items->u.items[i], "Value"),
				                        depth + 1));
		return OK;
	}
	def = graphql_type(s, graphql_text(type, "NamedType"));
	if (!def)
		return OK;
	if (kind_is(def, "ENUM"))
		return check_enum(c, def, v);
	if (kind_is(def, "INPUT_OBJECT"))
		return check_input_object(c, s, def, v, depth);
	return check_scalar(c, def, v);
}
