/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/schema.h"

#include <stdarg.h>
#include <stdio.h>

#include "rego/builtin_groups.h"
#include "rego/codec.h"
#include "rego/json_path.h"
#include "rego/yaml_core.h"

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
		buf_str(&field, "(Root)");
	buf_bytes(&whole, buf_view(&field));
	buf_printf(&whole, ": %s", desc);
	value_push_named(&m, "error", json_copy_string(r->c->arena, buf_view(&whole)));
	value_push_named(&m, "type", json_cstr(type));
	value_push_named(&m, "field", json_copy_string(r->c->arena, buf_view(&field)));
	value_push_named(&m, "desc", json_copy_string(r->c->arena, bytes_str(desc)));
	value_push(r->errors, value_object(&m, NULL));
	r->score -= 2;
	return arena_check(r->c->arena, r->c->err);
}

status
schema_try(struct schema_run *r, const struct schema_place *at, const struct value *schema,
           const struct value *v, struct schema_trial *ret)
{
	struct value_list *held = r->errors;
	int64_t score = r->score;
	status s;

	*ret = (struct schema_trial){.errors = value_list_of(r->c->arena)};
	r->errors = &ret->errors;
	r->score = 0;
	s = schema_node(r, at, schema, v);
	ret->score = r->score;
	ret->good = ret->errors.n == 0;
	r->errors = held;
	r->score = score;
	return s;
}

void
schema_merge(struct schema_run *r, const struct schema_trial *t)
{
	for (size_t i = 0; i < t->errors.n; i++)
		value_push(r->errors, t->errors.p[i]);
	r->score += t->score;
}

status
schema_apply(struct schema_run *r, const struct schema_place *at, const struct value *schema,
             const struct value *v)
{
	struct schema_trial t;

	TRY(schema_try(r, at, schema, v, &t));
	schema_merge(r, &t);
	return OK;
}

void
schema_better(struct schema_trial *best, bool *any, const struct schema_trial *t)
{
	if (!t->good && (!*any || t->score > best->score))
		*best = *t;
	*any |= !t->good;
}

struct value
schema_plain(struct arena *a, const struct value *v)
{
	struct value_list list = value_list_of(a);
	CLEANUP(buf_done) struct buf text = {0};
	CLEANUP(num_done) struct num n;

	num_init(&n);
	if (v->type == VALUE_NUMBER && num_from(&n, v)) {
		yaml_core_json_float(num_to_double(&n), &text);
		return value_number(a, buf_view(&text));
	}
	if (!value_is_collection(v))
		return *v;
	for (uint32_t i = 0; i < v->n; i++) {
		if (v->type == VALUE_OBJECT)
			value_push_member(&list, v->u.members[i].key,
			                  schema_plain(a, &v->u.members[i].val));
		else
			value_push(&list, schema_plain(a, &v->u.items[i]));
	}
	return v->type == VALUE_OBJECT ? value_object(&list, NULL) : value_array(&list);
}

bool
schema_is_digits(const struct value *v)
{
	struct bytes t = json_text(v);
	int64_t ignored;

	return bytes_find_byte(t, '.', 0) == SIZE_MAX && num_plain_int(t, &ignored);
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
	bool list = type->type == VALUE_ARRAY && type->n > 1;

	*good = true;
	if (type->type == VALUE_STRING) {
		*good = is_type(v, string_bytes(type));
		buf_bytes(&expected, string_bytes(type));
	} else if (type->type == VALUE_ARRAY) {
		*good = type->n == 0;
		for (uint32_t i = 0; i < type->n; i++) {
			if (type->u.items[i].type != VALUE_STRING)
				continue;
			*good |= is_type(v, string_bytes(&type->u.items[i]));
			if (i > 0)
				buf_u8(&expected, ',');
			buf_bytes(&expected, string_bytes(&type->u.items[i]));
		}
	}
	if (*good)
		return OK;
	return schema_fail(r, at, "invalid_type", "Invalid type. Expected: %s%s%s, given: %s",
	                   list ? "[" : "", buf_cstr(&expected), list ? "]" : "", given_type(v));
}

/* ---- references ---- */

/* One step of a pointer. */
static const struct value *
step(const struct value *v, const struct value *key, struct buf *why)
{
	struct bytes name = string_bytes(key);
	const struct value *found = NULL;
	uint32_t index;

	if (v->type == VALUE_OBJECT) {
		found = value_get(v, key);
		if (!found)
			buf_printf(why, "Object has no key '%.*s'", BYTES_ARG(name));
	} else if (v->type == VALUE_ARRAY) {
		if (json_path_index(key, v->n, &index) && index < v->n)
			found = &v->u.items[index];
		else
			buf_printf(why, "Out of bound array[0,%u] index '%.*s'", v->n,
			           BYTES_ARG(name));
	} else {
		buf_printf(why, "Invalid token reference '%.*s'", BYTES_ARG(name));
	}
	return found;
}

status
schema_reference(struct rego_call *c, const struct value *root, struct bytes text,
                 const struct value **ret, struct buf *why)
{
	struct value path, pointer;

	*ret = root;
	if (text.n > 0 && text.p[0] != '#') {
		*ret = NULL;
		buf_printf(why, "Reference %s%.*s must be canonical", text.p[0] == '/' ? "" : "/",
		           BYTES_ARG(text));
		return OK;
	}
	if (text.n < 2 || text.p[1] != '/')
		return OK; /* no pointer: the whole */
	pointer = json_string(bytes_sub(text, 1, text.n));
	TRY(json_path_parse(c, &pointer, &path));
	for (uint32_t i = 0; *ret && i < path.n; i++)
		*ret = step(*ret, &path.u.items[i], why);
	return OK;
}

/* ---- combinations ---- */

static bool
is_list(const struct value *v)
{
	return v && v->type == VALUE_ARRAY && v->n > 0;
}

static status
any_of(struct schema_run *r, const struct schema_place *at, const struct value *list,
       const struct value *v)
{
	struct schema_trial best = {.score = 0}, t;
	bool any = false;

	for (uint32_t i = 0; is_list(list) && i < list->n; i++) {
		TRY(schema_try(r, at, &list->u.items[i], v, &t));
		if (t.good)
			return OK;
		schema_better(&best, &any, &t);
	}
	if (!is_list(list))
		return OK;
	TRY(schema_fail(r, at, "number_any_of", "Must validate at least one schema (anyOf)"));
	schema_merge(r, &best);
	return OK;
}

static status
one_of(struct schema_run *r, const struct schema_place *at, const struct value *list,
       const struct value *v)
{
	struct schema_trial best = {.score = 0}, t;
	uint32_t good = 0;
	bool any = false;

	for (uint32_t i = 0; is_list(list) && i < list->n; i++) {
		TRY(schema_try(r, at, &list->u.items[i], v, &t));
		good += t.good;
		if (good == 0)
			schema_better(&best, &any, &t);
	}
	if (!is_list(list) || good == 1)
		return OK;
	TRY(schema_fail(r, at, "number_one_of", "Must validate one and only one schema (oneOf)"));
	if (good == 0)
		schema_merge(r, &best);
	return OK;
}

static status
all_of(struct schema_run *r, const struct schema_place *at, const struct value *list,
       const struct value *v)
{
	struct schema_trial t;
	uint32_t good = 0;

	for (uint32_t i = 0; is_list(list) && i < list->n; i++) {
		TRY(schema_try(r, at, &list->u.items[i], v, &t));
		good += t.good;
		schema_merge(r, &t);
	}
	if (!is_list(list) || good == list->n)
		return OK;
	return schema_fail(r, at, "number_all_of", "Must validate all the schemas (allOf)");
}

static status
condition(struct schema_run *r, const struct schema_place *at, const struct value *schema,
          const struct value *v)
{
	const struct value *cond = value_member(schema, "if"), *next;
	struct schema_trial t;
	bool then;

	if (!cond || r->draft < 7)
		return OK;
	TRY(schema_try(r, at, cond, v, &t));
	then = t.good;
	next = value_member(schema, then ? "then" : "else");
	if (!next)
		return OK;
	TRY(schema_try(r, at, next, v, &t));
	if (t.good)
		return OK;
	TRY(schema_fail(r, at, then ? "condition_then" : "condition_else", "%s",
	                then ? "Must validate \"then\" as \"if\" was valid"
	                     : "Must validate \"else\" as \"if\" was not valid"));
	schema_merge(r, &t);
	return OK;
}

static status
combinations(struct schema_run *r, const struct schema_place *at, const struct value *schema,
             const struct value *v)
{
	const struct value *not = value_member(schema, "not");
	struct schema_trial t;

	TRY(any_of(r, at, value_member(schema, "anyOf"), v));
	TRY(one_of(r, at, value_member(schema, "oneOf"), v));
	TRY(all_of(r, at, value_member(schema, "allOf"), v));
	if (not ) {
		TRY(schema_try(r, at, not, v, &t));
		if (t.good)
			TRY(schema_fail(r, at, "number_not", "Must not validate the schema (not)"));
	}
	if (v->type == VALUE_OBJECT)
		TRY(schema_dependencies(r, at, schema, v));
	TRY(condition(r, at, schema, v));
	r->score++;
	return OK;
}

static status
fixed_values(struct schema_run *r, const struct schema_place *at, const struct value *schema,
             const struct value *v)
{
	const struct value *one = value_member(schema, "const"),
	                   *list = value_member(schema, "enum");
	CLEANUP(buf_done) struct buf allowed = {0};
	CLEANUP(buf_done) struct buf field = {0};
	struct value own, other;
	bool found = false;

	if ((!one || r->draft < 6) && !list)
		return OK;
	TRY(builtin_charge_weight(r->c, v));
	own = schema_plain(r->c->arena, v);
	show_place(at, &field);
	if (field.n == 0)
		buf_str(&field, "(Root)");
	if (one && r->draft >= 6) {
		other = schema_plain(r->c->arena, one);
		codec_json_text(&other, NULL, &allowed);
		if (!value_eq(&other, &own))
			TRY(schema_fail(r, at, "const", "%s does not match: %s", buf_cstr(&field),
			                buf_cstr(&allowed)));
	}
	if (!list)
		return OK;
	buf_reset(&allowed);
	TRY(builtin_charge_weight(r->c, list));
	for (uint32_t i = 0; i < list->n; i++) {
		other = schema_plain(r->c->arena, &list->u.items[i]);
		found |= value_eq(&other, &own);
		if (i > 0)
			buf_str(&allowed, ", ");
		codec_json_text(&other, NULL, &allowed);
	}
	if (found)
		return OK;
	return schema_fail(r, at, "enum", "%s must be one of the following: %s", buf_cstr(&field),
	                   buf_cstr(&allowed));
}

status
schema_common(struct schema_run *r, const struct schema_place *at, const struct value *schema,
              const struct value *v)
{
	const struct value *format = value_member(schema, "format");
	bool yes = true;

	TRY(fixed_values(r, at, schema, v));
	if (format && v->type == VALUE_STRING)
		TRY(schema_format(r->c, string_bytes(format), string_bytes(v), &yes));
	if (!yes)
		TRY(schema_fail(r, at, "format", "Does not match format '%.*s'",
		                BYTES_ARG(string_bytes(format))));
	r->score++;
	return OK;
}

static status
by_kind(struct schema_run *r, const struct schema_place *at, const struct value *schema,
        const struct value *v)
{
	TRY(combinations(r, at, schema, v));
	if (v->type == VALUE_OBJECT)
		TRY(schema_object(r, at, schema, v));
	else if (v->type == VALUE_ARRAY || v->type == VALUE_SET)
		TRY(schema_array(r, at, schema, v));
	else
		TRY(schema_scalar(r, at, schema, v));
	r->score++;
	return OK;
}

status
schema_node(struct schema_run *r, const struct schema_place *at, const struct value *schema,
            const struct value *v)
{
	const struct value *ref, *type, *target;
	CLEANUP(buf_done) struct buf why = {0};
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
		TRY(schema_reference(r->c, r->root, string_bytes(ref), &target, &why));
		if (!target)
			return builtin_error(r->c, "%s", buf_cstr(&why));
		TRY(schema_node(r, at, target, v));
		r->depth--;
		return OK;
	}
	type = value_member(schema, "type");
	if (type)
		TRY(check_type(r, at, type, v, &good));
	if (good)
		TRY(by_kind(r, at, schema, v));
	r->depth--;
	return OK;
}

status
schema_validate(struct rego_call *c, const struct value *schema, const struct value *document,
                struct value_list *errors)
{
	struct schema_run r = {.c = c,
	                       .root = schema,
	                       .errors = errors,
	                       .draft = schema_draft(schema)};

	return schema_node(&r, NULL, schema, document);
}
