/* SPDX-License-Identifier: Apache-2.0 */
/* What schemas say of objects, arrays, strings and numbers. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "rego/builtin_groups.h"
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
		else
			r->score++;
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

/* One member against patternProperties and, when it has no name of its own, additionalProperties.
 */
static status
member(struct schema_run *r, const struct schema_place *at, const struct value *schema,
       const struct member *m)
{
	const struct value *props = value_member(schema, "properties");
	const struct value *patterns = value_member(schema, "patternProperties");
	const struct value *more = value_member(schema, "additionalProperties");
	struct schema_place here = {at, string_bytes(&m->key)};
	bool known, yes, matched = false;

	TRY(rego_charge(r->c, 4));
	known = props && props->type == VALUE_OBJECT && value_get(props, &m->key);
	for (uint32_t i = 0; patterns && patterns->type == VALUE_OBJECT && i < patterns->n; i++) {
		TRY(matches(r, string_bytes(&patterns->u.members[i].key), here.name, &yes));
		if (!yes)
			continue;
		matched = true;
		TRY(schema_apply(r, &here, &patterns->u.members[i].val, &m->val));
	}
	r->score += matched;
	if (known || matched || !more)
		return OK;
	if (more->type != VALUE_BOOL)
		return schema_apply(r, &here, more, &m->val);
	return more->u.b ? OK
	                 : schema_fail(r, at, "additional_property_not_allowed",
	                               "Additional property %.*s is not allowed",
	                               BYTES_ARG(here.name));
}

static status
names(struct schema_run *r, const struct schema_place *at, const struct value *schema,
      const struct value *v)
{
	const struct value *want = value_member(schema, "propertyNames");

	for (uint32_t i = 0; want && r->draft >= 6 && i < v->n; i++) {
		struct schema_trial t;

		TRY(schema_try(r, at, want, &v->u.members[i].key, &t));
		if (t.good)
			continue;
		TRY(schema_fail(r, at, "invalid_property_name",
		                "Property name of \"%.*s\" does not match",
		                BYTES_ARG(string_bytes(&v->u.members[i].key))));
		schema_merge(r, &t);
	}
	return OK;
}

/* For each member of the document what else must be there. */
status
schema_dependencies(struct schema_run *r, const struct schema_place *at, const struct value *schema,
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
	const struct value *props = value_member(schema, "properties");

	TRY(sizes(r, at, schema, v));
	TRY(required(r, at, schema, v));
	for (uint32_t i = 0; i < v->n; i++)
		if (v->u.members[i].key.type == VALUE_STRING)
			TRY(member(r, at, schema, &v->u.members[i]));
	TRY(names(r, at, schema, v));
	r->score++;
	TRY(schema_common(r, at, schema, v));
	for (uint32_t i = 0; props && props->type == VALUE_OBJECT && i < props->n; i++) {
		const struct value *own = value_get(v, &props->u.members[i].key);
		struct schema_place here = {at, string_bytes(&props->u.members[i].key)};

		if (own)
			TRY(schema_node(r, &here, &props->u.members[i].val, own));
	}
	return OK;
}

/* ---- arrays ---- */

static status
items(struct schema_run *r, const struct schema_place *at, const struct value *schema,
      const struct value *v)
{
	const struct value *list = value_member(schema, "items"),
	                   *more = value_member(schema, "additionalItems");

	/* No list of schemas at all: there is nothing to be additional to. */
	for (uint32_t i = 0; list && (list->type != VALUE_ARRAY || list->n > 0) && i < v->n; i++) {
		char digits[16];
		struct schema_place here = {at, {NULL, 0}};

		snprintf(digits, sizeof digits, "%u", i);
		here.name = bytes_str(digits);
		if (list->type != VALUE_ARRAY) {
			TRY(schema_apply(r, &here, list, &v->u.items[i]));
		} else if (i < list->n) {
			TRY(schema_apply(r, &here, &list->u.items[i], &v->u.items[i]));
		} else if (more && more->type == VALUE_BOOL && !more->u.b) {
			return schema_fail(r, at, "array_no_additional_items",
			                   "No additional items allowed on array");
		} else if (more) {
			TRY(schema_apply(r, &here, more, &v->u.items[i]));
		}
	}
	return OK;
}

struct placed {
	struct value v;
	uint32_t at;
};

static int
by_value(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;
	int order = value_cmp(&x->v, &y->v);

	return order != 0 ? order : x->at < y->at ? -1 : 1;
}

/* Each item that was there before, with the place of the one before it. */
static status
unique(struct schema_run *r, const struct schema_place *at, const struct value *v)
{
	struct placed *all = arena_array(r->c->arena, v->n, sizeof *all);
	uint32_t *before = arena_array(r->c->arena, v->n, sizeof *before);

	TRY(builtin_charge_weight(r->c, v));
	TRY(rego_charge(r->c, v->n * 4U));
	TRY(arena_check(r->c->arena, r->c->err));
	for (uint32_t i = 0; i < v->n; i++)
		all[i] = (struct placed){schema_plain(r->c->arena, &v->u.items[i]), i};
	TRY(arena_check(r->c->arena, r->c->err));
	if (v->n > 0)
		qsort(all, v->n, sizeof *all, by_value);
	for (uint32_t i = 0; i < v->n; i++)
		before[all[i].at] =
		        i > 0 && value_eq(&all[i - 1].v, &all[i].v) ? all[i - 1].at : UINT32_MAX;
	for (uint32_t i = 0; i < v->n; i++)
		if (before[i] != UINT32_MAX)
			TRY(schema_fail(r, at, "unique", "array items[%u,%u] must be unique",
			                before[i], i));
	return OK;
}

static status
contains(struct schema_run *r, const struct schema_place *at, const struct value *some,
         const struct value *v)
{
	struct schema_trial best = {.score = 0}, t;
	bool any = false;

	for (uint32_t i = 0; i < v->n; i++) {
		char digits[16];
		struct schema_place here = {at, {NULL, 0}};

		snprintf(digits, sizeof digits, "%u", i);
		here.name = bytes_str(digits);
		TRY(schema_try(r, &here, some, &v->u.items[i], &t));
		if (t.good)
			return OK;
		schema_better(&best, &any, &t);
	}
	TRY(schema_fail(r, at, "contains", "At least one of the items must match"));
	if (any)
		schema_merge(r, &best);
	return OK;
}

status
schema_array(struct schema_run *r, const struct schema_place *at, const struct value *schema,
             const struct value *v)
{
	const struct value *once = value_member(schema, "uniqueItems"),
	                   *some = value_member(schema, "contains");
	int64_t n;

	TRY(items(r, at, schema, v));
	if (count_member(schema, "minItems", &n) && v->n < n)
		TRY(schema_fail(r, at, "array_min_items", "Array must have at least %ld items", n));
	if (count_member(schema, "maxItems", &n) && v->n > n)
		TRY(schema_fail(r, at, "array_max_items", "Array must have at most %ld items", n));
	if (once && once->type == VALUE_BOOL && once->u.b)
		TRY(unique(r, at, v));
	if (some && r->draft >= 6)
		TRY(contains(r, at, some, v));
	r->score++;
	return schema_common(r, at, schema, v);
}

/* ---- strings ---- */

static status
string(struct schema_run *r, const struct schema_place *at, const struct value *schema,
       struct bytes text)
{
	const struct value *pattern = value_member(schema, "pattern");
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
	r->score++;
	return OK;
}

/* ---- numbers ---- */

/* Ten digits, as a float shows itself. */
static void
number_text(const struct value *v, struct buf *out)
{
	CLEANUP(num_done) struct num n;

	num_init(&n);
	if (num_from(&n, v))
		buf_printf(out, "%.10g", num_to_double(&n));
	else
		value_number_text(v, out);
}

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
	number_text(limit, &shown);
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
	number_text(of, &shown);
	return schema_fail(r, at, "multiple_of", "Must be a multiple of %s", buf_cstr(&shown));
}

static bool
flag(const struct value *v)
{
	return v && v->type == VALUE_BOOL && v->u.b;
}

static status
number(struct schema_run *r, const struct schema_place *at, const struct value *schema,
       const struct value *v)
{
	const struct value *above = value_member(schema, "exclusiveMinimum");
	const struct value *below = value_member(schema, "exclusiveMaximum");

	TRY(multiple(r, at, v, value_member(schema, "multipleOf")));
	/* In draft 4 the exclusive words are flags of the others. */
	TRY(bound(r, at, v, value_member(schema, "maximum"), true, flag(below)));
	TRY(bound(r, at, v, below, true, true));
	TRY(bound(r, at, v, value_member(schema, "minimum"), false, flag(above)));
	TRY(bound(r, at, v, above, false, true));
	r->score++;
	return OK;
}

status
schema_scalar(struct schema_run *r, const struct schema_place *at, const struct value *schema,
              const struct value *v)
{
	if (v->type == VALUE_NUMBER)
		TRY(number(r, at, schema, v));
	TRY(schema_common(r, at, schema, v));
	return v->type == VALUE_STRING ? string(r, at, schema, string_bytes(v)) : OK;
}
