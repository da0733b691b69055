/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules for queries: section 5. Each operation is walked with the
 * fragments it spreads, each of them once.
 */
#include "rego/builtin_groups.h"
#include "rego/graphql_rules.h"

enum visit { VISIT_NEVER, VISIT_OPEN, VISIT_DONE };

struct walk {
	struct rego_call *c;
	const struct graphql_schema *s;
	const struct value *fragments; /* of the document */
	uint8_t *visits;               /* per fragment, in this operation */
	bool *used_fragments;
	const struct value *operation;
	const struct value *variables; /* its definitions */
	bool *used_variables;
	uint32_t depth;
};

#define TEXT(node, member) BYTES_ARG(graphql_text((node), (member)))

static status walk_set(struct walk *w, const struct value *set, const struct value *parent);

/* ---- arguments ---- */

static size_t
index_of(const struct value *list, const char *member, struct bytes name)
{
	for (uint32_t i = 0; i < list->n; i++)
		if (bytes_equal(graphql_text(&list->u.items[i], member), name))
			return i;
	return SIZE_MAX;
}

/* Is a variable of type `have` good in a place of type `want`? Section 5.8.5. */
static bool
fits(const struct value *have, bool has_default, const struct value *want)
{
	const struct value *x, *y;

	for (;; has_default = false) {
		if (!have || !want ||
		    (graphql_flag(want, "NonNull") && !graphql_flag(have, "NonNull") &&
		     !has_default))
			return false;
		x = value_member(have, "Elem");
		y = value_member(want, "Elem");
		if (!x || !y)
			break;
		have = x;
		want = y;
	}
	return !x && !y &&
	       bytes_equal(graphql_text(have, "NamedType"), graphql_text(want, "NamedType"));
}

static status
use_variable(struct walk *w, const struct value *v, const struct value *type,
             bool place_has_default)
{
	size_t i = index_of(w->variables, "Variable", graphql_text(v, "Raw"));
	CLEANUP(buf_done) struct buf have = {0};
	CLEANUP(buf_done) struct buf want = {0};
	const struct value *def;
	bool has_default;

	TRY(rego_charge(w->c, 1 + w->variables->n));
	if (i == SIZE_MAX)
		return graphql_error(w->c, v,
		                     "Variable \"$%.*s\" is not defined by operation \"%.*s\".",
		                     TEXT(v, "Raw"), TEXT(w->operation, "Name"));
	w->used_variables[i] = true;
	def = &w->variables->u.items[i];
	has_default = value_member(def, "DefaultValue") != NULL || place_has_default;
	if (!type || fits(value_member(def, "Type"), has_default, type))
		return OK;
	graphql_type_show(value_member(def, "Type"), &have);
	graphql_type_show(type, &want);
	return graphql_error(
	        w->c, v,
	        "Variable \"$%.*s\" of type \"%s\" used in position expecting type \"%s\".",
	        TEXT(v, "Raw"), buf_cstr(&have), buf_cstr(&want));
}

/* Variables anywhere inside a value. */
static status
use_variables(struct walk *w, const struct value *v, const struct value *type, bool has_default,
              uint32_t depth)
{
	const struct value *kind = v && v->type == VALUE_OBJECT ? value_member(v, "Kind") : NULL,
	                   *items;
	const struct value *elem =
	        type && type->type == VALUE_OBJECT ? value_member(type, "Elem") : NULL;
	const struct value *def =
	        type && !elem ? graphql_type(w->s, graphql_text(type, "NamedType")) : NULL;
	int64_t k;

	TRY(rego_charge(w->c, 4));
	if (!kind || !value_int(kind, &k) || depth > GRAPHQL_MAX_DEPTH)
		return OK;
	if (k == GRAPHQL_VARIABLE)
		return use_variable(w, v, type, has_default);
	items = graphql_list(v, "Children");
	for (uint32_t i = 0; i < items->n; i++) {
		const struct value *item = &items->u.items[i], *inner = elem, *field;

		if (item->type != VALUE_OBJECT)
			continue;
		field = k == GRAPHQL_OBJECT && def ? graphql_named(graphql_list(def, "Fields"),
		                                                   graphql_text(item, "Name"))
		                                   : NULL;
		if (k == GRAPHQL_OBJECT)
			inner = field ? value_member(field, "Type") : NULL;
		TRY(use_variables(w, value_member(item, "Value"), inner,
		                  field && value_member(field, "DefaultValue"), depth + 1));
	}
	return OK;
}

/* Arguments against their definitions; `owner` and `node` are for messages. */
static status
check_arguments(struct walk *w, const struct value *node, const struct value *defs,
                const char *owner)
{
	const struct value *given = graphql_list(node, "Arguments");

	for (uint32_t i = 0; i < given->n; i++) {
		const struct value *g = &given->u.items[i];
		size_t at = index_of(defs, "Name", graphql_text(g, "Name"));
		const struct value *def, *v;

		TRY(rego_charge(w->c, 2 + given->n + defs->n));
		if (at == SIZE_MAX || g->type != VALUE_OBJECT)
			return graphql_error(w->c, g, "Unknown argument \"%.*s\" on %s.",
			                     TEXT(g, "Name"), owner);
		if (index_of(given, "Name", graphql_text(g, "Name")) != i)
			return graphql_error(w->c, g,
			                     "There can be only one argument named \"%.*s\".",
			                     TEXT(g, "Name"));
		def = &defs->u.items[at];
		v = value_member(g, "Value");
		if (!v)
			continue;
		TRY(graphql_check_value(w->c, w->s, value_member(def, "Type"), v, 0));
		TRY(use_variables(w, v, value_member(def, "Type"),
		                  value_member(def, "DefaultValue") != NULL, 0));
	}
	return OK;
}

static status
check_required(struct walk *w, const struct value *node, const struct value *defs,
               const char *owner)
{
	for (uint32_t i = 0; i < defs->n; i++) {
		const struct value *def = &defs->u.items[i], *type = value_member(def, "Type");
		CLEANUP(buf_done) struct buf shown = {0};

		if (!graphql_flag(type, "NonNull") || value_member(def, "DefaultValue") ||
		    graphql_named(graphql_list(node, "Arguments"), graphql_text(def, "Name")))
			continue;
		graphql_type_show(type, &shown);
		return graphql_error(
		        w->c, node,
		        "%s argument \"%.*s\" of type \"%s\" is required, but it was not provided",
		        owner, TEXT(def, "Name"), buf_cstr(&shown));
	}
	return OK;
}

static status
check_directives(struct walk *w, const struct value *node, const char *where)
{
	const struct value *list = graphql_list(node, "Directives");

	for (uint32_t i = 0; i < list->n; i++) {
		const struct value *d = &list->u.items[i];
		struct value name = json_string(graphql_text(d, "Name"));
		const struct value *def = value_get(&w->s->directives, &name), *places;
		CLEANUP(buf_done) struct buf owner = {0};
		CLEANUP(buf_done) struct buf subject = {0};
		bool fits_here = false;

		TRY(rego_charge(w->c, 8 + list->n));
		if (!def)
			return graphql_error(w->c, d, "Unknown directive \"@%.*s\".",
			                     TEXT(d, "Name"));
		places = graphql_list(def, "Locations");
		for (uint32_t k = 0; k < places->n; k++)
			fits_here |= bytes_is(string_bytes(&places->u.items[k]), where);
		if (!fits_here)
			return graphql_error(w->c, d, "Directive \"@%.*s\" may not be used on %s.",
			                     TEXT(d, "Name"), where);
		if (!graphql_flag(def, "IsRepeatable") &&
		    index_of(list, "Name", string_bytes(&name)) != i)
			return graphql_error(
			        w->c, d,
			        "The directive \"@%.*s\" can only be used once at this location.",
			        TEXT(d, "Name"));
		buf_printf(&owner, "directive \"@%.*s\"", TEXT(d, "Name"));
		buf_printf(&subject, "Directive \"@%.*s\"", TEXT(d, "Name"));
		TRY(check_arguments(w, d, graphql_list(def, "Arguments"), buf_cstr(&owner)));
		TRY(check_required(w, d, graphql_list(def, "Arguments"), buf_cstr(&subject)));
	}
	return OK;
}

/* ---- selections ---- */

bool
graphql_field_of(const struct graphql_schema *s, const struct value *parent, struct bytes name,
                 const struct value **def, struct bytes *type)
{
	bool root = bytes_equal(graphql_text(parent, "Name"), s->root[0]);

	*def = NULL;
	if (bytes_is(name, "__typename") && graphql_is_composite(parent))
		*type = BYTES("String");
	else if (root && bytes_is(name, "__schema"))
		*type = BYTES("__Schema");
	else if (root && bytes_is(name, "__type"))
		*type = BYTES("__Type");
	else
		*def = graphql_named(graphql_list(parent, "Fields"), name);
	if (*def)
		*type = graphql_type_name(value_member(*def, "Type"));
	return *def || type->n > 0;
}

static status
walk_field(struct walk *w, const struct value *f, const struct value *parent)
{
	const struct value *set = graphql_list(f, "SelectionSet"), *def, *type;
	struct bytes name = graphql_text(f, "Name"), type_name = {NULL, 0};
	CLEANUP(buf_done) struct buf owner = {0};
	CLEANUP(buf_done) struct buf subject = {0};

	TRY(rego_charge(w->c, 8 + graphql_list(parent, "Fields")->n));
	if (!graphql_field_of(w->s, parent, name, &def, &type_name))
		return graphql_error(w->c, f, "Cannot query field \"%.*s\" on type \"%.*s\".",
		                     BYTES_ARG(name), TEXT(parent, "Name"));
	buf_printf(&owner, "field \"%.*s.%.*s\"", TEXT(parent, "Name"), BYTES_ARG(name));
	buf_printf(&subject, "Field \"%.*s\"", BYTES_ARG(name));
	if (def) {
		TRY(check_arguments(w, f, graphql_list(def, "Arguments"), buf_cstr(&owner)));
		TRY(check_required(w, f, graphql_list(def, "Arguments"), buf_cstr(&subject)));
	}
	TRY(check_directives(w, f, "FIELD"));
	type = graphql_type(w->s, type_name);
	if (!type)
		return OK;
	if (!graphql_is_composite(type)) {
		if (set->n > 0)
			return graphql_error(w->c, f,
			                     "Field \"%.*s\" must not have a selection since type "
			                     "\"%.*s\" has no subfields.",
			                     BYTES_ARG(name), BYTES_ARG(type_name));
		return OK;
	}
	if (set->n == 0)
		return graphql_error(
		        w->c, f,
		        "Field \"%.*s\" of type \"%.*s\" must have a selection of subfields.",
		        BYTES_ARG(name), BYTES_ARG(type_name));
	return walk_set(w, set, type);
}

/* Can a value of one type also be of the other? */
static bool
overlap(const struct graphql_schema *s, const struct value *x, const struct value *y)
{
	struct bytes a = graphql_text(x, "Name"), b = graphql_text(y, "Name");

	if (graphql_possible(s, a, b) || graphql_possible(s, b, a))
		return true;
	for (uint32_t i = 0; i < s->types.n; i++) {
		struct bytes t = graphql_text(&s->types.u.members[i].val, "Name");

		if (bytes_is(graphql_text(&s->types.u.members[i].val, "Kind"), "OBJECT") &&
		    graphql_possible(s, a, t) && graphql_possible(s, b, t))
			return true;
	}
	return false;
}

/* The type that a fragment is on, NULL when that is no composite type we know (an error). */
static status
condition(struct walk *w, const struct value *node, const struct value **ret)
{
	*ret = graphql_type(w->s, graphql_text(node, "TypeCondition"));
	if (!*ret)
		return graphql_error(w->c, node, "Unknown type \"%.*s\".",
		                     TEXT(node, "TypeCondition"));
	if (!graphql_is_composite(*ret))
		return graphql_error(w->c, node,
		                     "Fragment cannot condition on non composite type \"%.*s\".",
		                     TEXT(node, "TypeCondition"));
	return OK;
}

static status
walk_inline(struct walk *w, const struct value *f, const struct value *parent)
{
	const struct value *type = parent;

	if (graphql_text(f, "TypeCondition").n > 0) {
		TRY(condition(w, f, &type));
		TRY(rego_charge(w->c, w->s->types.n));
		if (!overlap(w->s, parent, type))
			return graphql_error(w->c, f,
			                     "Fragment cannot be spread here as objects of type "
			                     "\"%.*s\" can never be of type \"%.*s\".",
			                     TEXT(parent, "Name"), TEXT(type, "Name"));
	}
	TRY(check_directives(w, f, "INLINE_FRAGMENT"));
	return walk_set(w, graphql_list(f, "SelectionSet"), type);
}

static status
walk_spread(struct walk *w, const struct value *f, const struct value *parent)
{
	size_t i = index_of(w->fragments, "Name", graphql_text(f, "Name"));
	const struct value *fragment, *type;

	TRY(rego_charge(w->c, 4 + w->fragments->n + w->s->types.n));
	if (i == SIZE_MAX)
		return graphql_error(w->c, f, "Unknown fragment \"%.*s\".", TEXT(f, "Name"));
	fragment = &w->fragments->u.items[i];
	w->used_fragments[i] = true;
	if (w->visits[i] == VISIT_OPEN)
		return graphql_error(w->c, f, "Cannot spread fragment \"%.*s\" within itself.",
		                     TEXT(f, "Name"));
	TRY(condition(w, fragment, &type));
	if (!overlap(w->s, parent, type))
		return graphql_error(w->c, f,
		                     "Fragment \"%.*s\" cannot be spread here as objects of type "
		                     "\"%.*s\" can never be of type \"%.*s\".",
		                     TEXT(f, "Name"), TEXT(parent, "Name"), TEXT(type, "Name"));
	TRY(check_directives(w, f, "FRAGMENT_SPREAD"));
	if (w->visits[i] == VISIT_DONE)
		return OK;
	w->visits[i] = VISIT_OPEN;
	TRY(check_directives(w, fragment, "FRAGMENT_DEFINITION"));
	TRY(walk_set(w, graphql_list(fragment, "SelectionSet"), type));
	w->visits[i] = VISIT_DONE;
	return OK;
}

static bool
is_field(const struct value *node)
{
	return node->type == VALUE_OBJECT && graphql_text(node, "Alias").n > 0;
}

/* Two fields of one set that answer under the same name must be the same. */
static status
check_overlap(struct walk *w, const struct value *set, const struct value *parent)
{
	TRY(rego_charge(w->c, (uint64_t)set->n * set->n / 4));
	for (uint32_t i = 0; i < set->n; i++) {
		const struct value *x = &set->u.items[i];

		for (uint32_t k = 0; k < i && is_field(x); k++) {
			const struct value *y = &set->u.items[k];

			if (!is_field(y) ||
			    !bytes_equal(graphql_text(x, "Alias"), graphql_text(y, "Alias")))
				continue;
			if (!bytes_equal(graphql_text(x, "Name"), graphql_text(y, "Name")))
				return graphql_error(
				        w->c, y,
				        "Fields \"%.*s\" conflict because \"%.*s\" and \"%.*s\" "
				        "are different fields. Use different aliases on the fields "
				        "to fetch both if this was intentional.",
				        TEXT(x, "Alias"), TEXT(y, "Name"), TEXT(x, "Name"));
			if (!graphql_same_arguments(x, y))
				return graphql_error(
				        w->c, y,
				        "Fields \"%.*s\" conflict because they have differing "
				        "arguments. Use different aliases on the fields to fetch "
				        "both if this was intentional.",
				        TEXT(x, "Alias"));
		}
	}
	(void)parent;
	return OK;
}

static status
walk_set(struct walk *w, const struct value *set, const struct value *parent)
{
	if (++w->depth > GRAPHQL_MAX_DEPTH)
		return builtin_limit(w->c, "the query nests deeper than %d", GRAPHQL_MAX_DEPTH);
	TRY(check_overlap(w, set, parent));
	for (uint32_t i = 0; i < set->n; i++) {
		const struct value *node = &set->u.items[i];

		if (node->type != VALUE_OBJECT)
			return graphql_error(w->c, NULL, "a selection is no object");
		if (is_field(node))
			TRY(walk_field(w, node, parent));
		else if (graphql_text(node, "Name").n > 0)
			TRY(walk_spread(w, node, parent));
		else
			TRY(walk_inline(w, node, parent));
	}
	w->depth--;
	return OK;
}

/* ---- operations and the document ---- */

static status
check_variables(struct walk *w)
{
	for (uint32_t i = 0; i < w->variables->n; i++) {
		const struct value *v = &w->variables->u.items[i], *type;
		const struct value *def;
		CLEANUP(buf_done) struct buf shown = {0};

		TRY(rego_charge(w->c, 4 + w->variables->n));
		if (v->type != VALUE_OBJECT || !(type = value_member(v, "Type")))
			return graphql_error(w->c, v, "a variable has no type");
		if (index_of(w->variables, "Variable", graphql_text(v, "Variable")) != i)
			return graphql_error(w->c, v,
			                     "There can be only one variable named \"$%.*s\".",
			                     TEXT(v, "Variable"));
		def = graphql_type(w->s, graphql_type_name(type));
		graphql_type_show(type, &shown);
		if (!def)
			return graphql_error(w->c, v, "Unknown type \"%.*s\".",
			                     BYTES_ARG(graphql_type_name(type)));
		if (!graphql_is_input(def))
			return graphql_error(w->c, v,
			                     "Variable \"$%.*s\" cannot be non-input type \"%s\".",
			                     TEXT(v, "Variable"), buf_cstr(&shown));
		if (value_member(v, "DefaultValue"))
			TRY(graphql_check_value(w->c, w->s, type, value_member(v, "DefaultValue"),
			                        0));
		TRY(check_directives(w, v, "VARIABLE_DEFINITION"));
	}
	return OK;
}

static const struct {
	const char *word, *location;
} operations[] = {{"query", "QUERY"}, {"mutation", "MUTATION"}, {"subscription", "SUBSCRIPTION"}};

static status
walk_operation(struct walk *w, const struct value *op)
{
	struct bytes word = graphql_text(op, "Operation");
	const struct value *root, *set = graphql_list(op, "SelectionSet");
	size_t k = 0;

	while (k < COUNT_OF(operations) && !bytes_is(word, operations[k].word))
		k++;
	root = k < COUNT_OF(operations) ? graphql_type(w->s, w->s->root[k]) : NULL;
	if (!root)
		return graphql_error(w->c, op, "Schema does not support operation type \"%.*s\"",
		                     BYTES_ARG(word));
	if (k == 2 && set->n > 1)
		return graphql_error(w->c, op,
		                     "Subscription \"%.*s\" must select only one top level field.",
		                     TEXT(op, "Name"));
	w->operation = op;
	w->variables = graphql_list(op, "VariableDefinitions");
	w->used_variables = arena_array(w->c->arena, w->variables->n, sizeof *w->used_variables);
	TRY(arena_check(w->c->arena, w->c->err));
	mem_zero(w->visits, w->fragments->n);
	TRY(check_variables(w));
	TRY(check_directives(w, op, operations[k].location));
	TRY(walk_set(w, set, root));
	TRY(graphql_check_merging(w->c, w->s, w->fragments, set, root));
	for (uint32_t i = 0; i < w->variables->n; i++)
		if (!w->used_variables[i])
			return graphql_error(
			        w->c, &w->variables->u.items[i],
			        "Variable \"$%.*s\" is never used in operation \"%.*s\".",
			        TEXT(&w->variables->u.items[i], "Variable"), TEXT(op, "Name"));
	return OK;
}

static status
check_names(struct rego_call *c, const struct value *list, const char *what)
{
	for (uint32_t i = 0; i < list->n; i++) {
		const struct value *node = &list->u.items[i];
		struct bytes name = graphql_text(node, "Name");

		TRY(rego_charge(c, 1 + list->n / 4));
		if (node->type != VALUE_OBJECT)
			return graphql_error(c, NULL, "a definition is no object");
		if (name.n > 0 && graphql_named(list, name) != node)
			return graphql_error(c, node, "There can be only one %s named \"%.*s\".",
			                     what, BYTES_ARG(name));
		if (name.n == 0 && list->n > 1)
			return graphql_error(
			        c, node,
			        "This anonymous operation must be the only defined operation.");
	}
	return OK;
}

status
graphql_validate(struct rego_call *c, const struct graphql_schema *s, const struct value *query)
{
	const struct value *list = graphql_list(query, "Operations");
	struct walk w = {.c = c, .s = s, .fragments = graphql_list(query, "Fragments")};

	w.visits = arena_array(c->arena, w.fragments->n, sizeof *w.visits);
	w.used_fragments = arena_array(c->arena, w.fragments->n, sizeof *w.used_fragments);
	TRY(arena_check(c->arena, c->err));
	TRY(check_names(c, list, "operation"));
	TRY(check_names(c, w.fragments, "fragment"));
	for (uint32_t i = 0; i < list->n; i++)
		TRY(walk_operation(&w, &list->u.items[i]));
	for (uint32_t i = 0; i < w.fragments->n; i++)
		if (!w.used_fragments[i])
			return graphql_error(c, &w.fragments->u.items[i],
			                     "Fragment \"%.*s\" is never used.",
			                     TEXT(&w.fragments->u.items[i], "Name"));
	return OK;
}
