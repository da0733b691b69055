/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a schema one? Its words are looked at in a fixed order, and the first
 * that is wrong is reported; what it refers to is looked at where it refers.
 */
#include "rego/builtin_groups.h"
#include "rego/pattern.h"
#include "rego/schema.h"

struct check {
	struct rego_call *c;
	const struct value *root;
	struct value_list seen; /* references that were followed */
	struct buf *why;
	int draft;
};

static status check(struct check *k, const struct value *schema, uint32_t depth);

static status
refuse(struct check *k, const char *word, const char *text)
{
	buf_printf(k->why, "%s%s", word, text);
	return OK;
}

static status
invalid_type(struct check *k, const char *expected, const char *given)
{
	buf_printf(k->why, "Invalid type. Expected: %s, given: %s", expected, given);
	return OK;
}

static bool
is_schema(const struct value *v)
{
	return v->type == VALUE_BOOL || v->type == VALUE_OBJECT;
}

/* ---- types ---- */

static status
add_type(struct check *k, const struct value *list, uint32_t i)
{
	static const char *const names[] = {"array", "boolean", "integer", "number",
	                                    "null",  "object",  "string"};
	struct bytes name = string_bytes(&list[i]);
	bool known = false;

	for (size_t n = 0; n < COUNT_OF(names); n++)
		known |= bytes_is(name, names[n]);
	if (!known) {
		buf_printf(k->why,
		           "has a primitive type that is NOT VALID -- given: /%.*s/ Expected valid "
		           "values are:[array boolean integer number null object string]",
		           BYTES_ARG(name));
		return OK;
	}
	for (uint32_t n = 0; n < i; n++)
		if (value_eq(&list[n], &list[i]))
			buf_printf(k->why, "%.*s type is duplicated", BYTES_ARG(name));
	return OK;
}

static status
check_type(struct check *k, const struct value *v)
{
	static const char want[] = "string/Array Of Strings";

	if (v->type == VALUE_STRING)
		return add_type(k, v, 0);
	if (v->type != VALUE_ARRAY)
		return invalid_type(k, "type", want);
	for (uint32_t i = 0; i < v->n && k->why->n == 0; i++) {
		if (v->u.items[i].type != VALUE_STRING)
			return invalid_type(k, "type", want);
		TRY(rego_charge(k->c, i));
		TRY(add_type(k, v->u.items, i));
	}
	return OK;
}

/* ---- schemas inside schemas ---- */

static status
check_all(struct check *k, const struct value *v, uint32_t depth)
{
	for (uint32_t i = 0; i < v->n && k->why->n == 0; i++)
		TRY(check(k, v->type == VALUE_OBJECT ? &v->u.members[i].val : &v->u.items[i],
		          depth + 1));
	return OK;
}

static status
check_definitions(struct check *k, const struct value *v, uint32_t depth)
{
	bool good = v->type == VALUE_OBJECT;

	for (uint32_t i = 0; good && i < v->n; i++)
		good = is_schema(&v->u.members[i].val);
	return good ? check_all(k, v, depth) : invalid_type(k, "Array Of Schemas", "definitions");
}

static status
check_items(struct check *k, const struct value *v, uint32_t depth)
{
	bool good = v->type == VALUE_ARRAY;

	if (is_schema(v))
		return check(k, v, depth + 1);
	for (uint32_t i = 0; good && i < v->n; i++)
		good = is_schema(&v->u.items[i]);
	return good ? check_all(k, v, depth)
	            : invalid_type(k, "Valid Schema/Array Of Schemas", "items");
}

static status
check_patterns(struct check *k, const struct value *v, uint32_t depth)
{
	if (v->type != VALUE_OBJECT)
		return invalid_type(k, "Valid Schema", "patternProperties");
	for (uint32_t i = 0; i < v->n; i++) {
		struct bytes p = string_bytes(&v->u.members[i].key);
		const struct re *re;
		status s = pattern_get(k->c, CACHE_REGEX, p, p, &re);

		if (s.cls == ERR_LIMIT)
			return s;
		if (!is_ok(s)) {
			buf_printf(k->why, "Invalid regex pattern '%.*s'", BYTES_ARG(p));
			return OK;
		}
	}
	return check_all(k, v, depth);
}

static status
check_dependencies(struct check *k, const struct value *v, uint32_t depth)
{
	static const char want[] = "Dependency must be of type Schema Or Array Of Strings";

	if (v->type != VALUE_OBJECT)
		return refuse(k, "dependencies", " must be of type object");
	for (uint32_t i = 0; i < v->n && k->why->n == 0; i++) {
		const struct value *need = &v->u.members[i].val;
		bool good = need->type == VALUE_ARRAY;

		if (is_schema(need)) {
			TRY(check(k, need, depth + 1));
			continue;
		}
		for (uint32_t n = 0; good && n < need->n; n++)
			good = need->u.items[n].type == VALUE_STRING;
		if (!good)
			return refuse(k, want, "");
	}
	return OK;
}

static status
check_reference(struct check *k, const struct value *v, uint32_t depth, bool *followed)
{
	const struct value *target;

	*followed = false;
	if (v->type != VALUE_STRING)
		return invalid_type(k, "string", "$ref");
	TRY(rego_charge(k->c, k->seen.n));
	for (size_t i = 0; i < k->seen.n; i++)
		if (value_eq(&k->seen.p[i], v))
			return OK;
	value_push(&k->seen, *v);
	TRY(arena_check(k->c->arena, k->c->err));
	*followed = true;
	TRY(schema_reference(k->c, k->root, string_bytes(v), &target, k->why));
	if (!target)
		return OK;
	if (!is_schema(target))
		return refuse(k, "Valid Schema", " must be of type object");
	return check(k, target, depth + 1);
}

/* ---- numbers, texts and lists ---- */

static status
check_count(struct check *k, const char *word, const struct value *v)
{
	int64_t n;

	if (v->type != VALUE_NUMBER || !value_is_integer(v) || !value_int(v, &n) ||
	    (!(v->flags & VALUE_INT) && !schema_is_digits(v)))
		return refuse(k, word, " must be of an integer");
	return n < 0 ? refuse(k, word, " must be greater than or equal to 0") : OK;
}

static status
check_order(struct check *k, const struct value *schema, const char *low, const char *high)
{
	const struct value *a = value_member(schema, low), *b = value_member(schema, high);

	if (a && b && value_cmp(a, b) > 0)
		buf_printf(k->why, "%s cannot be greater than %s", low, high);
	return OK;
}

static status
check_exclusive(struct check *k, const struct value *schema, const char *word, const char *of)
{
	const struct value *v = value_member(schema, word);

	if (!v || (v->type == VALUE_NUMBER && k->draft != 4))
		return OK;
	if (v->type != VALUE_BOOL || (k->draft != 4 && k->draft != SCHEMA_HYBRID))
		return invalid_type(k,
		                    k->draft == 4               ? "boolean"
		                    : k->draft == SCHEMA_HYBRID ? "boolean/number"
		                                                : "number",
		                    word);
	if (!value_member(schema, of))
		buf_printf(k->why, "%s cannot be used without %s", word, of);
	return OK;
}

static status
check_pattern(struct check *k, const struct value *v)
{
	const struct re *re;
	status s;

	if (v->type != VALUE_STRING)
		return invalid_type(k, "string", "pattern");
	s = pattern_get(k->c, CACHE_REGEX, string_bytes(v), string_bytes(v), &re);
	if (s.cls == ERR_LIMIT)
		return s;
	return is_ok(s) ? OK : refuse(k, "pattern", " must be a valid regex");
}

/* Items of enum and required are unique, those of required texts. */
static status
check_set(struct check *k, const char *word, const struct value *v, bool texts)
{
	struct value_list all = value_list_of(k->c->arena);

	if (v->type != VALUE_ARRAY)
		return refuse(k, word, " must be of an array");
	TRY(builtin_charge_weight(k->c, v));
	for (uint32_t i = 0; i < v->n; i++) {
		if (texts && v->u.items[i].type != VALUE_STRING)
			return invalid_type(k, "string", word);
		value_push(&all, schema_plain(k->c->arena, &v->u.items[i]));
	}
	if (value_set(&all).n < v->n)
		return refuse(k, word, " items must be unique");
	return arena_check(k->c->arena, k->c->err);
}

/* ---- all words, in the order in which they are looked at ---- */

enum rule {
	RULE_STRING,
	RULE_DEFINITIONS,
	RULE_TYPE,
	RULE_PROPERTIES,
	RULE_MORE, /* additionalProperties, additionalItems */
	RULE_PATTERNS,
	RULE_NAMES,
	RULE_DEPENDENCIES,
	RULE_ITEMS,
	RULE_MULTIPLE,
	RULE_LIMIT,
	RULE_EXCLUSIVE,
	RULE_COUNT,
	RULE_ORDER,
	RULE_PATTERN,
	RULE_REQUIRED,
	RULE_FLAG,
	RULE_SCHEMA,
	RULE_ENUM,
	RULE_LIST,
	RULE_ONE, /* not, if, then, else */
};

static const struct {
	const char *word;
	const char *other; /* EXCLUSIVE: of what; ORDER: at most what */
	enum rule rule;
	int since; /* draft */
} words[] = {
        {"type", NULL, RULE_TYPE, 0},
        {"properties", NULL, RULE_PROPERTIES, 0},
        {"additionalProperties", NULL, RULE_MORE, 0},
        {"patternProperties", NULL, RULE_PATTERNS, 0},
        {"propertyNames", NULL, RULE_NAMES, 6},
        {"dependencies", NULL, RULE_DEPENDENCIES, 0},
        {"items", NULL, RULE_ITEMS, 0},
        {"additionalItems", NULL, RULE_MORE, 0},
        {"multipleOf", NULL, RULE_MULTIPLE, 0},
        {"minimum", NULL, RULE_LIMIT, 0},
        {"exclusiveMinimum", "minimum", RULE_EXCLUSIVE, 0},
        {"maximum", NULL, RULE_LIMIT, 0},
        {"exclusiveMaximum", "maximum", RULE_EXCLUSIVE, 0},
        {"minLength", NULL, RULE_COUNT, 0},
        {"maxLength", NULL, RULE_COUNT, 0},
        {"minLength", "maxLength", RULE_ORDER, 0},
        {"pattern", NULL, RULE_PATTERN, 0},
        {"format", NULL, RULE_STRING, 0},
        {"minProperties", NULL, RULE_COUNT, 0},
        {"maxProperties", NULL, RULE_COUNT, 0},
        {"minProperties", "maxProperties", RULE_ORDER, 0},
        {"required", NULL, RULE_REQUIRED, 0},
        {"minItems", NULL, RULE_COUNT, 0},
        {"maxItems", NULL, RULE_COUNT, 0},
        {"uniqueItems", NULL, RULE_FLAG, 0},
        {"contains", NULL, RULE_SCHEMA, 6},
        {"enum", NULL, RULE_ENUM, 0},
        {"oneOf", NULL, RULE_LIST, 0},
        {"anyOf", NULL, RULE_LIST, 0},
        {"allOf", NULL, RULE_LIST, 0},
        {"not", NULL, RULE_ONE, 0},
        {"if", NULL, RULE_ONE, 7},
        {"then", NULL, RULE_ONE, 7},
        {"else", NULL, RULE_ONE, 7},
};

static status
check_multiple(struct check *k, const struct value *v)
{
	struct value zero = json_int(0);

	if (v->type != VALUE_NUMBER)
		return invalid_type(k, "Number", "multipleOf");
	return value_cmp(v, &zero) > 0
	               ? OK
	               : refuse(k, "multipleOf", " must be strictly greater than 0");
}

static status
check_word(struct check *k, const struct value *schema, size_t i, const struct value *v,
           uint32_t depth)
{
	const char *word = words[i].word;

	switch (words[i].rule) {
	case RULE_STRING:
		return v->type == VALUE_STRING ? OK : invalid_type(k, "string", word);
	case RULE_DEFINITIONS:
		return check_definitions(k, v, depth);
	case RULE_TYPE:
		return check_type(k, v);
	case RULE_PROPERTIES:
		return v->type == VALUE_OBJECT ? check_all(k, v, depth)
		                               : refuse(k, "Properties", " must be of type object");
	case RULE_MORE:
		if (!is_schema(v))
			return invalid_type(k, "boolean/Valid Schema", word);
		return v->type == VALUE_BOOL ? OK : check(k, v, depth + 1);
	case RULE_PATTERNS:
		return check_patterns(k, v, depth);
	case RULE_NAMES:
		return is_schema(v) ? check(k, v, depth + 1)
		                    : invalid_type(k, "Valid Schema", "patternProperties");
	case RULE_DEPENDENCIES:
		return check_dependencies(k, v, depth);
	case RULE_ITEMS:
		return check_items(k, v, depth);
	case RULE_MULTIPLE:
		return check_multiple(k, v);
	case RULE_LIMIT:
		return v->type == VALUE_NUMBER ? OK : refuse(k, word, " must be of a Number");
	case RULE_EXCLUSIVE:
		return check_exclusive(k, schema, word, words[i].other);
	case RULE_COUNT:
		return check_count(k, word, v);
	case RULE_ORDER:
		return check_order(k, schema, word, words[i].other);
	case RULE_PATTERN:
		return check_pattern(k, v);
	case RULE_REQUIRED:
		return check_set(k, word, v, true);
	case RULE_FLAG:
		return v->type == VALUE_BOOL ? OK : refuse(k, word, " must be of a boolean");
	case RULE_ENUM:
		return check_set(k, word, v, false);
	case RULE_LIST:
		return v->type == VALUE_ARRAY ? check_all(k, v, depth)
		                              : refuse(k, word, " must be of an array");
	case RULE_ONE:
		return is_schema(v) ? check(k, v, depth + 1)
		                    : refuse(k, word, " must be of an object");
	case RULE_SCHEMA:
	default:
		return check(k, v, depth + 1);
	}
}

/* What is looked at in front of the words of the table. */
static status
check_head(struct check *k, const struct value *schema, uint32_t depth, bool *done)
{
	static const char *const texts[] = {"title", "description"};
	const char *id = k->draft == 4 || (k->draft == SCHEMA_HYBRID && value_member(schema, "id"))
	                         ? "id"
	                         : "$id";
	const struct value *v = value_member(schema, id);

	*done = false;
	if (v && v->type != VALUE_STRING)
		return invalid_type(k, "string", id);
	v = value_member(schema, "definitions");
	if (v)
		TRY(check_definitions(k, v, depth));
	for (size_t i = 0; i < COUNT_OF(texts) && k->why->n == 0; i++) {
		v = value_member(schema, texts[i]);
		if (v && v->type != VALUE_STRING)
			return invalid_type(k, "string", texts[i]);
	}
	v = value_member(schema, "$ref");
	if (v && k->why->n == 0)
		TRY(check_reference(k, v, depth, done)); /* beside it nothing counts */
	return OK;
}

static status
check(struct check *k, const struct value *schema, uint32_t depth)
{
	bool done;

	TRY(rego_charge(k->c, 16));
	if (depth > SCHEMA_MAX_DEPTH)
		return builtin_limit(k->c, "the schema nests deeper than %d", SCHEMA_MAX_DEPTH);
	if (schema->type == VALUE_BOOL && k->draft >= 6)
		return OK;
	if (schema->type != VALUE_OBJECT)
		return refuse(k, "Expected: Valid Schema, given: Invalid JSON", "");
	TRY(check_head(k, schema, depth, &done));
	for (size_t i = 0; i < COUNT_OF(words) && k->why->n == 0 && !done; i++) {
		const struct value *v = value_member(schema, words[i].word);

		if (v && k->draft >= words[i].since)
			TRY(check_word(k, schema, i, v, depth));
	}
	return OK;
}

int
schema_draft(const struct value *root)
{
	static const struct {
		const char *url;
		int draft;
	} known[] = {
	        {"http://json-schema.org/draft-04/schema", 4},
	        {"http://json-schema.org/draft-06/schema", 6},
	        {"http://json-schema.org/draft-07/schema", 7},
	};
	const struct value *v = root->type == VALUE_OBJECT ? value_member(root, "$schema") : NULL;
	struct bytes url = v && v->type == VALUE_STRING ? string_bytes(v) : (struct bytes){0};

	if (bytes_ends(url, BYTES("#")))
		url = bytes_sub(url, 0, url.n - 1);
	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (bytes_is(url, known[i].url))
			return known[i].draft;
	return SCHEMA_HYBRID;
}

status
schema_check(struct rego_call *c, const struct value *schema, struct buf *why)
{
	struct check k = {.c = c,
	                  .root = schema,
	                  .seen = value_list_of(c->arena),
	                  .why = why,
	                  .draft = schema_draft(schema)};
	const struct value *v =
	        schema->type == VALUE_OBJECT ? value_member(schema, "$schema") : NULL;

	if (v && v->type != VALUE_STRING)
		return refuse(&k, "$schema", " must be of type string");
	if (!is_schema(schema))
		return refuse(&k, "schema is invalid", "");
	return check(&k, schema, 0);
}
