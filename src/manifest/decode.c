/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/decode.h"

#include "base/text.h"

#include <stdio.h>
#include <strings.h>

enum { NAME_SHOWN = 96 };

void
decode_member_path(char *to, const char *path, struct bytes name)
{
	CLEANUP(buf_done) struct buf shown = {0};

	text_escape(name, NAME_SHOWN, &shown);
	snprintf(to, DECODE_PATH, "%s%s%s", path, *path ? "." : "", buf_cstr(&shown));
}

static bool
expect(struct decode *d, const char *path, const struct value *v, enum value_type type)
{
	if (v->type == type)
		return true;
	faults_add(d->faults, FAULT_ERROR, path, "must be of type %s, not %s", json_type_name(type),
	           json_type_name(v->type));
	return false;
}

static void *
field(void *target, size_t at)
{
	return (uint8_t *)target + at;
}

static void
set_has(void *target, const struct decode_rule *rule)
{
	bool *has;

	if (rule->has == SIZE_MAX)
		return;
	has = field(target, rule->has);
	*has = true;
}

/* Names of earlier releases: what became of them. */
static const struct {
	const char *name, *what;
} legacy[] = {
        {"MinimumQeSvn", "is of an older format: remove it"},
        {"MinimumPceSvn", "is of an older format: remove it"},
        {"MinimumTeeTcbSvn", "is of an older format: remove it"},
        {"TdAttributes", "is of an older format: attributes are fixed now, remove it"},
        {"Rtrms", "is a misspelling of older releases: rename it to Rtmrs"},
        {"SeedShareOwnerThreshold", "is called SeedshareThreshold here"},
};

static void
unknown_member(struct decode *d, const char *path, struct bytes name,
               const struct decode_rule *rules, size_t n)
{
	for (size_t i = 0; i < COUNT_OF(legacy); i++) {
		if (!bytes_is(name, legacy[i].name))
			continue;
		faults_add(d->faults, FAULT_ERROR, path, "%s", legacy[i].what);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct bytes known = bytes_str(rules[i].name);

		if (known.n != name.n ||
		    strncasecmp((const char *)name.p, rules[i].name, name.n) != 0)
			continue;
		faults_add(d->faults, FAULT_ERROR, path,
		           "unknown field: names are case-sensitive, write \"%s\"", rules[i].name);
		return;
	}
	faults_add(d->faults, FAULT_ERROR, path, "unknown field");
}

void
decode_object(struct decode *d, const char *path, const struct value *v,
              const struct decode_rule *rules, size_t n, void *target)
{
	if (!expect(d, path, v, VALUE_OBJECT))
		return;
	for (size_t i = 0; i < v->n; i++) {
		const struct member *member = &v->u.members[i];
		struct bytes name = json_text(&member->key);
		const struct decode_rule *rule = NULL;
		char at[DECODE_PATH];

		for (size_t j = 0; j < n && !rule; j++)
			if (bytes_is(name, rules[j].name))
				rule = &rules[j];
		decode_member_path(at, path, name);
		if (!rule)
			unknown_member(d, at, name, rules, n);
		else if (member->val.type != VALUE_NULL)
			rule->fn(d, at, &member->val, rule, target);
	}
}

size_t
decode_array(struct decode *d, const char *path, const struct value *v, size_t max)
{
	if (v->type == VALUE_NULL || !expect(d, path, v, VALUE_ARRAY))
		return 0;
	if (v->n > max) {
		faults_add(d->faults, FAULT_ERROR, path, "has %u items, at most %zu are allowed",
		           v->n, max);
		return 0;
	}
	return v->n;
}

bool
decode_hex(struct decode *d, const char *path, const struct value *v, void *to, size_t n)
{
	struct bytes text = json_text(v);

	if (!expect(d, path, v, VALUE_STRING) || text.n == 0)
		return false;
	if (hex_decode(text, to, n))
		return true;
	if (text.n == 2 * n)
		faults_add(d->faults, FAULT_ERROR, path, "is not hexadecimal");
	else
		faults_add(d->faults, FAULT_ERROR, path,
		           "must be %zu hex digits (%zu bytes), has %zu", 2 * n, n, text.n);
	return false;
}

void
decode_text(struct decode *d, const char *path, const struct value *v,
            const struct decode_rule *rule, void *target)
{
	struct bytes *to = field(target, rule->at);

	if (!expect(d, path, v, VALUE_STRING))
		return;
	*to = arena_copy(&d->m->arena, json_text(v));
	set_has(target, rule);
}

void
decode_bool(struct decode *d, const char *path, const struct value *v,
            const struct decode_rule *rule, void *target)
{
	bool *to = field(target, rule->at);

	if (!expect(d, path, v, VALUE_BOOL))
		return;
	*to = v->u.b;
	set_has(target, rule);
}

static bool
number(struct decode *d, const char *path, const struct value *v, uint64_t max, uint64_t *ret)
{
	if (!expect(d, path, v, VALUE_NUMBER))
		return false;
	if (json_u64(v, max, ret))
		return true;
	faults_add(d->faults, FAULT_ERROR, path, "must be a whole number from 0 to %llu",
	           (unsigned long long)max);
	return false;
}

void
decode_u8(struct decode *d, const char *path, const struct value *v, const struct decode_rule *rule,
          void *target)
{
	uint8_t *to = field(target, rule->at);
	uint64_t n = 0;

	/* Malformed counts as present: one fault, not another for a missing value. */
	set_has(target, rule);
	if (number(d, path, v, UINT8_MAX, &n))
		*to = (uint8_t)n;
}

void
decode_optional_u8(struct decode *d, const char *path, const struct value *v,
                   const struct decode_rule *rule, void *target)
{
	struct manifest_u8 *to = field(target, rule->at);
	uint64_t n = 0;

	to->set = true;
	if (number(d, path, v, UINT8_MAX, &n))
		to->v = (uint8_t)n;
}

void
decode_u32(struct decode *d, const char *path, const struct value *v,
           const struct decode_rule *rule, void *target)
{
	uint32_t *to = field(target, rule->at);
	uint64_t n = 0;

	set_has(target, rule);
	if (number(d, path, v, UINT32_MAX, &n))
		*to = (uint32_t)n;
}

void
decode_u64(struct decode *d, const char *path, const struct value *v,
           const struct decode_rule *rule, void *target)
{
	uint64_t *to = field(target, rule->at);

	set_has(target, rule);
	(void)number(d, path, v, UINT64_MAX, to);
}

static void
hash(struct decode *d, const char *path, const struct value *v, const struct decode_rule *rule,
     void *target, size_t n)
{
	bool empty = json_is(v, VALUE_STRING) && v->n == 0;

	(void)decode_hex(d, path, v, field(target, rule->at), n);
	if (!empty)
		set_has(target, rule);
}

void
decode_hash256(struct decode *d, const char *path, const struct value *v,
               const struct decode_rule *rule, void *target)
{
	hash(d, path, v, rule, target, SHA256_SIZE);
}

void
decode_hash384(struct decode *d, const char *path, const struct value *v,
               const struct decode_rule *rule, void *target)
{
	hash(d, path, v, rule, target, SHA384_SIZE);
}
