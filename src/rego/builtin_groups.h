/* SPDX-License-Identifier: Apache-2.0 */
/* builtin_groups.h: the groups of builtins, one a file builtin_<group>.c, and what they share. */
#ifndef REGO_BUILTIN_GROUPS_H
#define REGO_BUILTIN_GROUPS_H

#include "rego/builtin.h"

/* ---- core ---- */
extern const struct rego_builtin_group rego_group_aggregates;
extern const struct rego_builtin_group rego_group_arrays;
extern const struct rego_builtin_group rego_group_bits;
extern const struct rego_builtin_group rego_group_encoding;
extern const struct rego_builtin_group rego_group_glob;
extern const struct rego_builtin_group rego_group_json;
extern const struct rego_builtin_group rego_group_json_patch;
extern const struct rego_builtin_group rego_group_json_paths;
extern const struct rego_builtin_group rego_group_numbers;
extern const struct rego_builtin_group rego_group_objects;
extern const struct rego_builtin_group rego_group_regex;
extern const struct rego_builtin_group rego_group_replace;
extern const struct rego_builtin_group rego_group_sets;
extern const struct rego_builtin_group rego_group_sprintf;
extern const struct rego_builtin_group rego_group_strings;
extern const struct rego_builtin_group rego_group_trim;
extern const struct rego_builtin_group rego_group_types;
extern const struct rego_builtin_group rego_group_walk;

/* ---- full only ---- */
extern const struct rego_builtin_group rego_group_absent;
extern const struct rego_builtin_group rego_group_crypto;
extern const struct rego_builtin_group rego_group_globs;
extern const struct rego_builtin_group rego_group_graph;
extern const struct rego_builtin_group rego_group_graphql;
extern const struct rego_builtin_group rego_group_jwt;
extern const struct rego_builtin_group rego_group_jwt_sign;
extern const struct rego_builtin_group rego_group_net;
extern const struct rego_builtin_group rego_group_schema;
extern const struct rego_builtin_group rego_group_semver;
extern const struct rego_builtin_group rego_group_template;
extern const struct rego_builtin_group rego_group_time;
extern const struct rego_builtin_group rego_group_units;
extern const struct rego_builtin_group rego_group_uri;
extern const struct rego_builtin_group rego_group_url;
extern const struct rego_builtin_group rego_group_uuid;
extern const struct rego_builtin_group rego_group_x509;
extern const struct rego_builtin_group rego_group_yaml;

/* ---- shared ---- */

static inline struct bytes
string_bytes(const struct value *v)
{
	return bytes_of(v->u.s, v->n);
}

/* What is to be said of a member of an operand: "must be array of strings but got array containing
 * number". */
static inline status
operand_element(struct rego_call *c, unsigned int operand, const struct value *composite,
                const char *want, const struct value *element)
{
	return builtin_operand_text(c, operand, "must be %s of %ss but got %s containing %s",
	                            value_type_name(composite), want, value_type_name(composite),
	                            value_type_name(element));
}

/* Array or set? Else "must be one of {set, array}". */
static inline status
operand_list(struct rego_call *c, const struct value *args, unsigned int i)
{
	if (args[i].type != VALUE_ARRAY && args[i].type != VALUE_SET)
		return builtin_operand(c, i + 1, "one of {set, array}", &args[i]);
	return OK;
}

/* Array or set of strings? */
static inline status
operand_strings(struct rego_call *c, const struct value *args, unsigned int i)
{
	status s = operand_list(c, args, i);

	if (!is_ok(s))
		return s;
	for (uint32_t k = 0; k < args[i].n; k++)
		if (args[i].u.items[k].type != VALUE_STRING)
			return operand_element(c, i + 1, &args[i], "string", &args[i].u.items[k]);
	return OK;
}

/* A buffer for a result: it may not become larger than what the arena has left. */
static inline struct buf
result_buf(const struct rego_call *c)
{
	size_t cap = c->arena->cap ? c->arena->cap : (size_t)BUF_DEFAULT_MAX;

	return (struct buf){.max = cap > c->arena->used ? cap - c->arena->used : 1};
}

/* The text in the arena as a string value. */
static inline status
return_bytes(struct rego_call *c, struct bytes text, struct value *ret)
{
	*ret = json_copy_string(c->arena, text);
	return arena_check(c->arena, c->err);
}

/* Room for n bytes of a result whose length is known; NULL (latched) past the arena's cap. */
static inline uint8_t *
result_text(struct rego_call *c, size_t n, struct value *ret)
{
	uint8_t *p;

	if (n > UINT32_MAX)
		c->arena->failed = true;
	p = arena_raw(c->arena, n, 1);
	*ret = json_string(bytes_of(p, n));
	return p;
}

static inline status
return_bool(bool b, struct value *ret)
{
	*ret = json_bool(b);
	return OK;
}

#endif
