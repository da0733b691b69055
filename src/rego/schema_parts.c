/* SPDX-License-Identifier: Apache-2.0 */
/* What schemas say of objects, arrays, strings and numbers. */
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "rego/builtin_groups.h"
#include "rego/ip.h"
#include "rego/pattern.h"
#include "rego/schema.h"

static bool
count_member(const struct value *schema, const char *name, int64_t *ret)
{
	const struct value *v = value_member(schema, name);

	return v && v->type == VALUE_NUMBER && value_int(v, ret);
}

static status
matches(struct schema_run *r, struct bytes pattern, struct bytes text, bool *ret)
{
	const struct re *re;

	TRY(pattern_get(r->c, CACHE_REGEX, pattern, pattern, &re));
	return pattern_match(r->c, re, text, ret);
}

/* ---- objects ---- */

static status
required(struct schema_run *r, const struct schema_place *at, const struct value *schema,
         const struct value *v)
{
	const struct value *list = value_member(schema, "required");

	for (uint32_t i = 0; list && list->type == VALUE_ARRAY && i < list->n; i++) {
		TRY(rego_charge(r->c, 2));
		if (!value_get(v, &list->u.items[i]) && list->u.items[i].type == VALUE_STRING)
			TRY(schema_fail(r, at, "required", "%.*s is required",
			                BYTES_ARG(string_bytes(&list->u.items[i]))));
	}
	return OK;
}

static status
sizes(struct schema_run *r, const struct schema_place *at, const struct value *schema,
      const struct value *v)
{
	int64_t n;

	if (count_member(schema, "minProperties", &n) && v->n < n)
		TRY(schema_fail(r, at, "array_min_properties", "Must have at least %ld properties",
		                n));
	if (count_member(schema, "maxProperties", &n) && v->n > n)
		TRY(schema_fail(r, at, "array_max_properties", "Must have at most %ld properties",
		                n));
	return OK;
}

/* One member against properties, patternProperties, additionalProperties, propertyNames. */
static status
member(struct schema_run *r, const struct schema_place *at, const struct value *schema,
       const struct member *m)
{
	const struct value *props = value_member(schema, "properties");
	const struct value *patterns = value_member(schema, "patternProperties");
	const struct value *more = value_member(schema, "additionalProperties");
	const struct value *names = value_member(schema, "propertyNames"), *own;
	struct schema_place here = {at, string_bytes(&m->key)};
	bool known = false, yes;

	TRY(rego_charge(r->c, 4));
	own = props && props->type == VALUE_OBJECT ? value_get(props, &m->key) : NULL;
	if (own) {
		known = true;
		TRY(schema_node(r, &here, own, &m->val));
	}
	for (uint32_t i = 0; patterns && patterns->type == VALUE_OBJECT && i < patterns->n; i++) {
		TRY(matches(r, string_bytes(&patterns->u.members[i].key), here.name, &yes));
		if (!yes)
			continue;
		known = true;
		TRY(schema_node(r, &here, &patterns->u.members[i].val, &m->val));
	}
	if (!known && more && more->type == VALUE_BOOL && !more->u.b)
		TRY(schema_fail(r, at, "additional_property_not_allowed",
		                "Additional property %.*s is not allowed", BYTES_ARG(here.name)));
	else if (!known && more)
		TRY(schema_node(r, &here, more, &m->val));
	if (!names)
		return OK;
	TRY(schema_try(r, at, names, &m->key, &yes));
	return yes ? OK
	           : schema_fail(r, at, "invalid_property_name",
	                         "Property name of \"%.*s\" does not match", BYTES_ARG(here.name));
}

static status
dependencies(struct schema_run *r, const struct schema_place *at, const struct value *schema,
             const struct value *v)
{
	const struct value *deps = value_member(schema, "dependencies");

	for (uint32_t i = 0; deps && deps->type == VALUE_OBJECT && i < deps->n; i++) {
		const struct value *need = &deps->u.members[i].val;

		if (!value_get(v, &deps->u.members[i].key))
			continue;
		if (need->type != VALUE_ARRAY) {
			TRY(schema_node(r, at, need, v));
			continue;
		}
		for (uint32_t k = 0; k < need->n; k++) {
			TRY(rego_charge(r->c, 2));
			if (!value_get(v, &need->u.items[k]) &&
			    need->u.items[k].type == VALUE_STRING)
				TRY(schema_fail(r, at, "missing_dependency",
				                "Has a dependency on %.*s",
				                BYTES_ARG(string_bytes(&need->u.items[k]))));
		}
	}
	return OK;
}

status
schema_object(struct schema_run *r, const struct schema_place *at, const struct value *schema,
              const struct value *v)
{
	TRY(dependencies(r, at, schema, v));
	TRY(sizes(r, at, schema, v));
	TRY(required(r, at, schema, v));
	for (uint32_t i = 0; i < v->n; i++)
		if (v->u.members[i].key.type == VALUE_STRING)
			TRY(member(r, at, schema, &v->u.members[i]));
	return OK;
}

/* ---- arrays ---- */

static status
items(struct schema_run *r, const struct schema_place *at, const struct value *schema,
      const struct value *v)
{
	const struct value *list = value_member(schema, "items"),
	                   *more = value_member(schema, "additionalItems");

	for (uint32_t i = 0; list && i < v->n; i++) {
		char digits[16];
		struct schema_place here = {at, {NULL, 0}};

		snprintf(digits, sizeof digits, "%u", i);
		here.name = bytes_str(digits);
		if (list->type != VALUE_ARRAY) {
			TRY(schema_node(r, &here, list, &v->u.items[i]));
		} else if (i < list->n) {
			TRY(schema_node(r, &here, &list->u.items[i], &v->u.items[i]));
		} else if (more && more->type == VALUE_BOOL && !more->u.b) {
			return schema_fail(r, at, "array_no_additional_items",
			                   "No additional items allowed on array");
		} else if (more) {
			TRY(schema_node(r, &here, more, &v->u.items[i]));
		}
	}
	return OK;
}

static status
unique(struct schema_run *r, const struct schema_place *at, const struct value *v)
{
	struct value_list all = value_list_of(r->c->arena);

	TRY(rego_charge(r->c, v->n * 4U));
	for (uint32_t i = 0; i < v->n; i++)
		value_push(&all, v->u.items[i]);
	if (value_set(&all).n == v->n)
		return OK;
	for (uint32_t i = 1; i < v->n; i++) {
		TRY(rego_charge(r->c, i));
		for (uint32_t k = 0; k < i; k++)
			if (value_eq(&v->u.items[i], &v->u.items[k]))
				return schema_fail(r, at, "unique",
				                   "array items[%u,%u] must be unique", k, i);
	}
	return OK;
}

status
schema_array(struct schema_run *r, const struct schema_place *at, const struct value *schema,
             const struct value *v)
{
	const struct value *once = value_member(schema, "uniqueItems"),
	                   *some = value_member(schema, "contains");
	bool found = false;
	int64_t n;

	TRY(items(r, at, schema, v));
	if (count_member(schema, "minItems", &n) && v->n < n)
		TRY(schema_fail(r, at, "array_min_items", "Array must have at least %ld items", n));
	if (count_member(schema, "maxItems", &n) && v->n > n)
		TRY(schema_fail(r, at, "array_max_items", "Array must have at most %ld items", n));
	if (once && once->type == VALUE_BOOL && once->u.b)
		TRY(unique(r, at, v));
	for (uint32_t i = 0; some && !found && i < v->n; i++)
		TRY(schema_try(r, at, some, &v->u.items[i], &found));
	if (some && !found)
		TRY(schema_fail(r, at, "contains", "At least one of the items must match"));
	return OK;
}

/* ---- strings ---- */

/* False for a text that does not have the format; unknown formats hold. */
static bool
has_format(struct bytes format, struct bytes t)
{
	struct ip ip;
	int64_t seconds;
	size_t at = bytes_find_byte(t, '@', 0);
	CLEANUP(buf_done) struct buf whole = {0};

	if (bytes_is(format, "date-time"))
		return time_parse(t, &seconds);
	if (bytes_is(format, "date")) {
		buf_bytes(&whole, t);
		buf_str(&whole, "T00:00:00Z");
		return t.n == 10 && time_parse(buf_view(&whole), &seconds);
	}
	if (bytes_is(format, "ipv4"))
		return ip_parse(t, &ip) && bytes_find_byte(t, ':', 0) == SIZE_MAX;
	if (bytes_is(format, "ipv6"))
		return ip_parse(t, &ip) && bytes_find_byte(t, ':', 0) != SIZE_MAX;
	if (bytes_is(format, "email"))
		return at != SIZE_MAX && at > 0 && at + 1 < t.n;
	if (bytes_is(format, "uri"))
		return bytes_find_byte(t, ':', 0) != SIZE_MAX && t.p[0] != ':' &&
		       bytes_find_byte(t, ' ', 0) == SIZE_MAX;
	return true;
}

static status
string(struct schema_run *r, const struct schema_place *at, const struct value *schema,
       struct bytes text)
{
	const struct value *pattern = value_member(schema, "pattern"),
	                   *format = value_member(schema, "format");
	int64_t n = 0, limit;
	bool yes;

	for (size_t i = 0; i < text.n; i++)
		n += (text.p[i] & 0xc0) != 0x80;
	if (count_member(schema, "minLength", &limit) && n < limit)
		TRY(schema_fail(r, at, "string_gte",
		                "String length must be greater than or equal to %ld", limit));
	if (count_member(schema, "maxLength", &limit) && n > limit)
		TRY(schema_fail(r, at, "string_lte",
		                "String length must be less than or equal to %ld", limit));
	if (pattern && pattern->type == VALUE_STRING) {
		TRY(matches(r, string_bytes(pattern), text, &yes));
		if (!yes)
			TRY(schema_fail(r, at, "pattern", "Does not match pattern '%.*s'",
			                BYTES_ARG(string_bytes(pattern))));
	}
	if (format && format->type == VALUE_STRING && !has_format(string_bytes(format), text))
		TRY(schema_fail(r, at, "format", "Does not match format '%.*s'",
		                BYTES_ARG(string_bytes(format))));
	return OK;
}

/* ---- numbers ---- */

static status
bound(struct schema_run *r, const struct schema_place *at, const struct value *v,
      const struct value *limit, bool upper, bool exclusive)
{
	static const struct {
		const char *type, *text;
	} rows[] = {
	        {"number_gte", "Must be greater than or equal to"},
	        {"number_gt", "Must be greater than"},
	        {"number_lte", "Must be less than or equal to"},
	        {"number_lt", "Must be less than"},
	};
	size_t k = (upper ? 2U : 0U) + (exclusive ? 1U : 0U);
	CLEANUP(buf_done) struct buf shown = {0};
	int order;

	if (!limit || limit->type != VALUE_NUMBER)
		return OK;
	order = upper ? value_cmp(limit, v) : value_cmp(v, limit);
	if (exclusive ? order > 0 : order >= 0)
		return OK;
	value_number_text(limit, &shown);
	return schema_fail(r, at, rows[k].type, "%s %s", rows[k].text, buf_cstr(&shown));
}

static status
multiple(struct schema_run *r, const struct schema_place *at, const struct value *v,
         const struct value *of)
{
	CLEANUP(num_done) struct num x, y, q;
	CLEANUP(buf_done) struct buf shown = {0};

	num_init(&x);
	num_init(&y);
	num_init(&q);
	if (!of || of->type != VALUE_NUMBER || !num_from(&x, v) || !num_from(&y, of) ||
	    mpz_sgn(y.coef) == 0)
		return OK;
	num_div(&q, &x, &y);
	if (num_is_integer(&q))
		return OK;
	value_number_text(of, &shown);
	return schema_fail(r, at, "multiple_of", "Must be a multiple of %s", buf_cstr(&shown));
}

static bool
flag(const struct value *v)
{
	return v && v->type == VALUE_BOOL && v->u.b;
}

status
schema_scalar(struct schema_run *r, const struct schema_place *at, const struct value *schema,
              const struct value *v)
{
	const struct value *above = value_member(schema, "exclusiveMinimum");
	const struct value *below = value_member(schema, "exclusiveMaximum");

	if (v->type == VALUE_STRING)
		return string(r, at, schema, string_bytes(v));
	if (v->type != VALUE_NUMBER)
		return OK;
	TRY(multiple(r, at, v, value_member(schema, "multipleOf")));
	/* In draft 4 the exclusive words are flags of the others. */
	TRY(bound(r, at, v, value_member(schema, "maximum"), true, flag(below)));
	TRY(bound(r, at, v, below, true, true));
	TRY(bound(r, at, v, value_member(schema, "minimum"), false, flag(above)));
	return bound(r, at, v, above, false, true);
}
