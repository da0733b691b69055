/* SPDX-License-Identifier: Apache-2.0 */
/* json.match_schema and json.verify_schema, and the check of a schema itself. */
#include "rego/builtin_groups.h"
#include "rego/codec.h"
#include "rego/pattern.h"
#include "rego/schema.h"

/* ---- schemas ---- */

static const char *const type_names[] = {"array", "boolean", "integer", "number",
                                         "null",  "object",  "string"};

static bool
known_type(const struct value *v)
{
	for (size_t i = 0; i < COUNT_OF(type_names); i++)
		if (v->type == VALUE_STRING && bytes_is(string_bytes(v), type_names[i]))
			return true;
	return false;
}

static void
check_types(const struct value *type, struct buf *why)
{
	const struct value *list = type->type == VALUE_ARRAY ? type->u.items : type;
	uint32_t n = type->type == VALUE_ARRAY ? type->n : 1;

	if (type->type != VALUE_STRING && type->type != VALUE_ARRAY)
		buf_str(why, "type must be of a string/array of strings");
	for (uint32_t i = 0; i < n && why->n == 0; i++) {
		CLEANUP(buf_done) struct buf shown = {0};

		if (known_type(&list[i]))
			continue;
		if (list[i].type == VALUE_STRING)
			buf_bytes(&shown, string_bytes(&list[i]));
		else
			value_json(&list[i], &shown);
		buf_printf(why,
		           "has a primitive type that is NOT VALID -- given: /%s/ Expected valid "
		           "values are:[array "
		           "boolean integer number null object string]",
		           buf_cstr(&shown));
	}
}

/* What each word must be: in this order, the first that is wrong is reported. */
static const struct {
	const char *word;
	const char *wants; /* type name, "schema", "schemas" (array or one), "members" (object of
	                      schemas) */
} words[] = {
        {"$ref", "string"},
        {"definitions", "members"},
        {"properties", "members"},
        {"patternProperties", "members"},
        {"additionalProperties", "schema"},
        {"propertyNames", "schema"},
        {"items", "schemas"},
        {"additionalItems", "schema"},
        {"contains", "schema"},
        {"not", "schema"},
        {"if", "schema"},
        {"then", "schema"},
        {"else", "schema"},
        {"anyOf", "list"},
        {"oneOf", "list"},
        {"allOf", "list"},
        {"required", "array"},
        {"enum", "array"},
        {"minLength", "number"},
        {"maxLength", "number"},
        {"minItems", "number"},
        {"maxItems", "number"},
        {"minProperties", "number"},
        {"maxProperties", "number"},
        {"multipleOf", "number"},
        {"minimum", "number"},
        {"maximum", "number"},
        {"uniqueItems", "boolean"},
        {"pattern", "regex"},
        {"format", "string"},
};

static status check(struct rego_call *c, const struct value *schema, uint32_t depth,
                    struct buf *why);

static status
check_list(struct rego_call *c, const struct value *v, uint32_t depth, struct buf *why)
{
	bool object = v->type == VALUE_OBJECT;

	for (uint32_t i = 0; i < v->n && why->n == 0; i++)
		TRY(check(c, object ? &v->u.members[i].val : &v->u.items[i], depth + 1, why));
	return OK;
}

static status
check_regex(struct rego_call *c, const struct value *v, struct buf *why)
{
	const struct re *re;
	status s;

	if (v->type != VALUE_STRING) {
		buf_str(why, "pattern must be of a string");
		return OK;
	}
	s = pattern_get(c, CACHE_REGEX, string_bytes(v), string_bytes(v), &re);
	if (s.cls == ERR_LIMIT)
		return s;
	if (!is_ok(s))
		buf_str(why, "pattern must be a valid regex");
	return OK;
}

static status
check_word(struct rego_call *c, size_t i, const struct value *v, uint32_t depth, struct buf *why)
{
	struct bytes wants = bytes_str(words[i].wants);

	if (bytes_is(wants, "regex"))
		return check_regex(c, v, why);
	if (bytes_is(wants, "schema") || (bytes_is(wants, "schemas") && v->type != VALUE_ARRAY))
		return check(c, v, depth + 1, why);
	if (bytes_is(wants, "members") ? v->type == VALUE_OBJECT
	                               : (bytes_is(wants, "list") || bytes_is(wants, "schemas")) &&
	                                         v->type == VALUE_ARRAY)
		return check_list(c, v, depth, why);
	if (bytes_is(wants, "members"))
		wants = BYTES("object");
	else if (bytes_is(wants, "list") || bytes_is(wants, "schemas"))
		wants = BYTES("array");
	if (!bytes_is(wants, value_type_name(v)))
		buf_printf(why, "%s must be of type %.*s", words[i].word, BYTES_ARG(wants));
	return OK;
}

static status
check(struct rego_call *c, const struct value *schema, uint32_t depth, struct buf *why)
{
	const struct value *type;

	TRY(rego_charge(c, 16));
	if (depth > SCHEMA_MAX_DEPTH)
		return builtin_limit(c, "the schema nests deeper than %d", SCHEMA_MAX_DEPTH);
	if (schema->type == VALUE_BOOL)
		return OK;
	if (schema->type != VALUE_OBJECT) {
		buf_printf(why, "Invalid type. Expected: valid schema, given: %s",
		           value_type_name(schema));
		return OK;
	}
	type = value_member(schema, "type");
	if (type)
		check_types(type, why);
	for (size_t i = 0; i < COUNT_OF(words) && why->n == 0; i++) {
		const struct value *v = value_member(schema, words[i].word);

		if (v)
			TRY(check_word(c, i, v, depth, why));
	}
	return OK;
}

status
schema_check(struct rego_call *c, const struct value *schema, struct buf *why)
{
	return check(c, schema, 0, why);
}

/* ---- builtins ---- */

/* An object, or the JSON text of anything. */
static status
load(struct rego_call *c, const struct value *args, unsigned int i, struct value *ret)
{
	*ret = args[i];
	if (args[i].type == VALUE_STRING)
		return codec_json(c, string_bytes(&args[i]), ret);
	if (args[i].type != VALUE_OBJECT)
		return builtin_error(c, "wrong type, expected string or object");
	return OK;
}

static status
pair(struct rego_call *c, bool good, struct value second, struct value *ret)
{
	struct value_list out = value_list_of(c->arena);

	value_push(&out, json_bool(good));
	value_push(&out, second);
	*ret = value_array(&out);
	return arena_check(c->arena, c->err);
}

static status
verify_schema(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(buf_done) struct buf why = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct value schema;
	status s = load(c, args, 0, &schema);

	if (s.cls == ERR_LIMIT)
		return s;
	if (is_ok(s))
		TRY(schema_check(c, &schema, &why));
	else if (args[0].type != VALUE_STRING)
		buf_str(&why, "wrong type, expected string or object");
	else
		buf_str(&why, "no JSON");
	if (why.n == 0)
		return pair(c, true, json_null(), ret);
	buf_printf(&text, "jsonschema: %s", buf_cstr(&why));
	return pair(c, false, json_copy_string(c->arena, buf_view(&text)), ret);
}

static status
match_schema(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(buf_done) struct buf why = {0};
	struct value_list errors = value_list_of(c->arena);
	struct value document, schema;

	TRY(load(c, args, 0, &document));
	TRY(load(c, args, 1, &schema));
	TRY(schema_check(c, &schema, &why));
	if (why.n > 0)
		return builtin_error(c, "%s", buf_cstr(&why));
	TRY(schema_validate(c, &schema, &document, &errors));
	return pair(c, errors.n == 0, value_array(&errors), ret);
}

static const struct rego_builtin list[] = {
        {"json.match_schema", 2, 0, match_schema},
        {"json.verify_schema", 1, 0, verify_schema},
};
const struct rego_builtin_group rego_group_schema = {list, COUNT_OF(list)};
