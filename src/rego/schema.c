/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/schema.h"

#include <stdarg.h>
#include <stdio.h>

#include "rego/builtin_groups.h"
#include "rego/json_path.h"

/* ---- reports ---- */

static void
show_place(const struct schema_place *at, struct buf *out)
{
	if (!at)
		return;
	show_place(at->outer, out);
	if (out->n > 0)
		buf_u8(out, '.');
	buf_bytes(out, at->name);
}

status
schema_fail(struct schema_run *r, const struct schema_place *at, const char *type, const char *fmt,
            ...)
{
	CLEANUP(buf_done) struct buf field = {0};
	CLEANUP(buf_done) struct buf whole = {0};
	struct value_list m = value_list_of(r->c->arena);
	char desc[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(desc, sizeof desc, fmt, ap);
	va_end(ap);
	show_place(at, &field);
	if (field.n == 0)
		buf_str(&field, "(root)");
	buf_bytes(&whole, buf_view(&field));
	buf_printf(&whole, ": %s", desc);
	value_push_named(&m, "error", json_copy_string(r->c->arena, buf_view(&whole)));
	value_push_named(&m, "type", json_cstr(type));
	value_push_named(&m, "field", json_copy_string(r->c->arena, buf_view(&field)));
	value_push_named(&m, "desc", json_copy_string(r->c->arena, bytes_str(desc)));
	value_push(r->errors, value_object(&m, NULL));
	return arena_check(r->c->arena, r->c->err);
}

status
schema_try(struct schema_run *r, const struct schema_place *at, const struct value *schema,
           const struct value *v, bool *good)
{
	struct value_list mine = value_list_of(r->c->arena);
	struct value_list *held = r->errors;
	status s;

	r->errors = &mine;
	s = schema_node(r, at, schema, v);
	r->errors = held;
	*good = mine.n == 0;
	return s;
}

/* ---- types ---- */

static bool
is_type(const struct value *v, struct bytes name)
{
	if (bytes_is(name, "integer"))
		return v->type == VALUE_NUMBER && value_is_integer(v);
	return bytes_is(name, value_type_name(v)) ||
	       (v->type == VALUE_SET && bytes_is(name, "array"));
}

static const char *
given_type(const struct value *v)
{
	if (v->type == VALUE_NUMBER && value_is_integer(v))
		return "integer";
	return v->type == VALUE_SET ? "array" : value_type_name(v);
}

static status
check_type(struct schema_run *r, const struct schema_place *at, const struct value *type,
           const struct value *v, bool *good)
{
	CLEANUP(buf_done) struct buf expected = {0};

	*good = true;
	if (type->type == VALUE_STRING) {
		*good = is_type(v, string_bytes(type));
		buf_bytes(&expected, string_bytes(type));
	} else if (type->type == VALUE_ARRAY) {
		*good = false;
		for (uint32_t i = 0; i < type->n; i++) {
			if (type->u.items[i].type != VALUE_STRING)
				continue;
			*good |= is_type(v, string_bytes(&type->u.items[i]));
			if (expected.n > 0)
				buf_u8(&expected, '/');
			buf_bytes(&expected, string_bytes(&type->u.items[i]));
		}
	}
	if (*good)
		return OK;
	return schema_fail(r, at, "invalid_type", "Invalid type. Expected: %s, given: %s",
	                   buf_cstr(&expected), given_type(v));
}

/* ---- references ---- */

/* What "#/a/b" names in the schema's root; NULL if nothing. */
static status
follow_reference(struct schema_run *r, struct bytes text, const struct value **ret)
{
	struct value path, pointer;

	*ret = NULL;
	if (text.n == 0 || text.p[0] != '#')
		return builtin_error(r->c,
		                     "references outside of the schema are not followed: %.*s",
		                     BYTES_ARG(text));
	*ret = r->root;
	if (text.n == 1)
		return OK;
	pointer = json_string(bytes_sub(text, 1, text.n));
	TRY(json_path_parse(r->c, &pointer, &path));
	for (uint32_t i = 0; *ret && i < path.n; i++) {
		uint32_t index;

		if ((*ret)->type == VALUE_ARRAY)
			*ret = json_path_index(&path.u.items[i], (*ret)->n, &index) &&
			                       index < (*ret)->n
			               ? &(*ret)->u.items[index]
			               : NULL;
		else
			*ret = (*ret)->type == VALUE_OBJECT ? value_get(*ret, &path.u.items[i])
			                                    : NULL;
	}
	return *ret ? OK : builtin_error(r->c, "Object has no key '%.*s'", BYTES_ARG(text));
}

/* ---- combinations ---- */

static status
combinations(struct schema_run *r, const struct schema_place *at, const struct value *schema,
             const struct value *v)
{
	static const struct {
		const char *word, *type, *text;
	} rows[] = {
	        {"anyOf", "number_any_of", "Must validate at least one schema (anyOf)"},
	        {"oneOf", "number_one_of", "Must validate one and only one schema (oneOf)"},
	        {"allOf", "number_all_of", "Must validate all the schemas (allOf)"},
	};

	for (size_t k = 0; k < COUNT_OF(rows); k++) {
		const struct value *list = value_member(schema, rows[k].word);
		uint32_t good = 0;

		for (uint32_t i = 0; list && list->type == VALUE_ARRAY && i < list->n; i++) {
			bool yes;

			/* The errors of what must hold alone are worth showing. */
			TRY(schema_try(r, at, &list->u.items[i], v, &yes));
			if (!yes && (k == 2 || list->n == 1))
				TRY(schema_node(r, at, &list->u.items[i], v));
			good += yes;
		}
		if (list && list->type == VALUE_ARRAY &&
		    (k == 0   ? good == 0
		     : k == 1 ? good != 1
		              : good != list->n))
			TRY(schema_fail(r, at, rows[k].type, "%s", rows[k].text));
	}
	return OK;
}

static status
conditions(struct schema_run *r, const struct schema_place *at, const struct value *schema,
           const struct value *v)
{
	const struct value *not = value_member(schema, "not"), *cond = value_member(schema, "if");
	const struct value *next;
	bool yes;

	if (not ) {
		TRY(schema_try(r, at, not, v, &yes));
		if (yes)
			TRY(schema_fail(r, at, "number_not", "Must not validate the schema (not)"));
	}
	if (!cond)
		return OK;
	TRY(schema_try(r, at, cond, v, &yes));
	next = value_member(schema, yes ? "then" : "else");
	if (!next)
		return OK;
	TRY(schema_try(r, at, next, v, &yes));
	if (yes)
		return OK;
	TRY(schema_fail(r, at,
	                next == value_member(schema, "then") ? "condition_then" : "condition_else",
	                next == value_member(schema, "then")
	                        ? "Must validate \"then\" as \"if\" was valid"
	                        : "Must validate \"else\" as \"if\" was not valid"));
	return schema_node(r, at, next, v);
}

static status
fixed_values(struct schema_run *r, const struct schema_place *at, const struct value *schema,
             const struct value *v)
{
	const struct value *one = value_member(schema, "const"),
	                   *list = value_member(schema, "enum");
	CLEANUP(buf_done) struct buf allowed = {0};
	CLEANUP(buf_done) struct buf field = {0};
	bool found = false;

	show_place(at, &field);
	if (field.n == 0)
		buf_str(&field, "(root)");
	if (one && !value_eq(one, v)) {
		value_json(one, &allowed);
		return schema_fail(r, at, "const", "%s does not match: %s", buf_cstr(&field),
		                   buf_cstr(&allowed));
	}
	if (!list || list->type != VALUE_ARRAY)
		return OK;
	TRY(rego_charge(r->c, list->n));
	for (uint32_t i = 0; i < list->n; i++) {
		found |= value_eq(&list->u.items[i], v);
		if (i > 0)
			buf_str(&allowed, ", ");
		value_json(&list->u.items[i], &allowed);
	}
	if (found)
		return OK;
	return schema_fail(r, at, "enum", "%s must be one of the following: %s", buf_cstr(&field),
	                   buf_cstr(&allowed));
}

status
schema_node(struct schema_run *r, const struct schema_place *at, const struct value *schema,
            const struct value *v)
{
	const struct value *ref, *type, *target;
	bool good = true;

	TRY(rego_charge(r->c, 8));
	if (++r->depth > SCHEMA_MAX_DEPTH)
		return builtin_limit(r->c, "the schema nests deeper than %d", SCHEMA_MAX_DEPTH);
	if (schema->type == VALUE_BOOL && !schema->u.b)
		TRY(schema_fail(r, at, "false", "False always fails validation"));
	if (schema->type != VALUE_OBJECT) {
		r->depth--;
		return OK;
	}
	ref = value_member(schema, "$ref");
	if (ref && ref->type == VALUE_STRING) {
		TRY(follow_reference(r, string_bytes(ref), &target));
		TRY(schema_node(r, at, target, v));
		r->depth--;
		return OK;
	}
	type = value_member(schema, "type");
	if (type)
		TRY(check_type(r, at, type, v, &good));
	if (good) {
		TRY(combinations(r, at, schema, v));
		TRY(conditions(r, at, schema, v));
		TRY(fixed_values(r, at, schema, v));
		if (v->type == VALUE_OBJECT)
			TRY(schema_object(r, at, schema, v));
		else if (v->type == VALUE_ARRAY || v->type == VALUE_SET)
			TRY(schema_array(r, at, schema, v));
		else
			TRY(schema_scalar(r, at, schema, v));
	}
	r->depth--;
	return OK;
}

status
schema_validate(struct rego_call *c, const struct value *schema, const struct value *document,
                struct value_list *errors)
{
	struct schema_run r = {.c = c, .root = schema, .errors = errors};

	return schema_node(&r, NULL, schema, document);
}
