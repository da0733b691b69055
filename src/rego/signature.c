/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/signature.h"

static const struct {
	const char *name, *args, *result;
	bool deprecated;
} table[] = {
#define X(name, args, result) {name, args, result, false},
#define D(name, args, result) {name, args, result, true},
#include "rego/signatures.def"
#undef X
#undef D
};

/* The notation of the table, which is ours: it is well-formed. */
struct reader {
	struct types *types;
	struct bytes at;
};

static const struct type *read_type(struct reader *r);

static bool
take(struct reader *r, const char *text)
{
	struct bytes want = bytes_str(text);

	if (!bytes_starts(r->at, want))
		return false;
	r->at = bytes_sub(r->at, want.n, r->at.n);
	return true;
}

static uint32_t
read_list(struct reader *r, const struct type **list)
{
	uint32_t n = 0;

	while (!take(r, ">") && r->at.n > 0) {
		(void)take(r, ", ");
		if (n < SIGNATURE_MAX_ARGS)
			list[n++] = read_type(r);
	}
	return n;
}

static const struct type *
read_array(struct reader *r)
{
	const struct type *items[SIGNATURE_MAX_ARGS], *rest = NULL;
	uint32_t n = take(r, "<") ? read_list(r, items) : 0;

	if (take(r, "[")) {
		rest = read_type(r);
		(void)take(r, "]");
	}
	return type_array(r->types, items, n, rest);
}

static uint32_t
read_members(struct reader *r, struct type_member *list)
{
	uint32_t n = 0;

	while (!take(r, ">") && r->at.n > 0 && n < SIGNATURE_MAX_ARGS) {
		size_t length;

		(void)take(r, ", ");
		length = MIN(bytes_find_byte(r->at, ':', 0), r->at.n);
		list[n].key = json_string(bytes_sub(r->at, 0, length));
		r->at = bytes_sub(r->at, length, r->at.n);
		(void)take(r, ": ");
		list[n++].val = read_type(r);
	}
	return n;
}

static const struct type *
read_object(struct reader *r)
{
	struct type_member members[SIGNATURE_MAX_ARGS];
	const struct type *key = NULL, *val = NULL;
	uint32_t n = take(r, "<") ? read_members(r, members) : 0;

	if (take(r, "[")) {
		key = read_type(r);
		(void)take(r, ": ");
		val = read_type(r);
		(void)take(r, "]");
	}
	return type_object(r->types, members, n, key, val);
}

static const struct type *
read_set(struct reader *r)
{
	const struct type *of = take(r, "[") ? read_type(r) : NULL;

	(void)take(r, "]");
	return type_set(r->types, of);
}

static const struct type *
read_any(struct reader *r)
{
	const struct type *list[SIGNATURE_MAX_ARGS], *all = NULL;
	uint32_t n;

	if (!take(r, "<"))
		return type_scalar(r->types, TYPE_ANY);
	n = read_list(r, list);
	for (uint32_t i = 0; i < n; i++)
		all = type_or(r->types, all, list[i]);
	return all;
}

static const struct type *
read_type(struct reader *r)
{
	if (take(r, "any"))
		return read_any(r);
	if (take(r, "array"))
		return read_array(r);
	if (take(r, "object"))
		return read_object(r);
	if (take(r, "set"))
		return read_set(r);
	if (take(r, "string"))
		return type_scalar(r->types, TYPE_STRING);
	if (take(r, "number"))
		return type_scalar(r->types, TYPE_NUMBER);
	if (take(r, "boolean"))
		return type_scalar(r->types, TYPE_BOOLEAN);
	(void)take(r, "null");
	return type_scalar(r->types, TYPE_NULL);
}

static bool
find(struct bytes name, size_t *ret)
{
	size_t low = 0, high = COUNT_OF(table);

	while (low < high) {
		int c;

		*ret = (low + high) / 2;
		c = bytes_cmp(bytes_str(table[*ret].name), name);
		if (c == 0)
			return true;
		if (c < 0)
			low = *ret + 1;
		else
			high = *ret;
	}
	return false;
}

struct signature *
signature_of(struct types *t, const struct rego_builtin *b)
{
	struct signature *s;
	struct reader r;
	size_t i;

	if (!find(bytes_str(b->name), &i) || !(s = arena_new(t->arena, struct signature)))
		return NULL;
	s->builtin = b;
	s->deprecated = table[i].deprecated;
	r = (struct reader){t, bytes_str(table[i].args)};
	while (r.at.n > 0 && s->n_args < SIGNATURE_MAX_ARGS) {
		s->args[s->n_args++] = read_type(&r);
		(void)take(&r, ", ");
	}
	r.at = bytes_str(table[i].result);
	s->result = read_type(&r);
	return s;
}
