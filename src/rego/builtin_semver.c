/* SPDX-License-Identifier: Apache-2.0 */
/* semver.*: semantic versions, with an optional v in front. */
#include "base/text.h"
#include "rego/builtin_groups.h"

struct version {
	int64_t number[3];
	struct bytes pre;
};

static struct bytes
cut(struct bytes t, uint8_t c, struct bytes *after)
{
	size_t at = bytes_find_byte(t, c, 0);

	*after = at == SIZE_MAX ? bytes_sub(t, t.n, t.n) : bytes_sub(t, at + 1, t.n);
	return bytes_sub(t, 0, at);
}

/* A number with a zero in front? */
static bool
is_padded(struct bytes t)
{
	for (size_t i = 0; i < t.n; i++)
		if (t.p[i] < '0' || t.p[i] > '9')
			return false;
	return t.n > 1 && t.p[0] == '0';
}

/* In a pre-release, numbers have no zeros in front (SemVer 2.0.0, section 9). */
static bool
numbers_ok(struct bytes t)
{
	struct bytes rest;

	for (; t.n > 0; t = rest)
		if (is_padded(cut(t, '.', &rest)))
			return false;
	return true;
}

/* Dot-separated identifiers, none of them empty. */
static bool
identifiers_ok(struct bytes t)
{
	bool begun = false;

	for (size_t i = 0; i < t.n; i++) {
		uint8_t c = t.p[i];

		if (c == '.' ? !begun
		             : !((c >= '0' && c <= '9') ||
		                 ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-'))
			return false;
		begun = c != '.';
	}
	return t.n == 0 || begun;
}

/* Digits without leading zeros (SemVer 2.0.0, section 2). */
static bool
read_int(struct bytes t, int64_t *ret)
{
	if (t.n == 0 || t.p[0] < '0' || t.p[0] > '9' || (t.n > 1 && t.p[0] == '0'))
		return false;
	return text_i64(t, ret);
}

static bool
parse(struct bytes t, struct version *v)
{
	struct bytes meta, rest;
	size_t core;

	if (bytes_starts(t, BYTES("v")))
		t = bytes_sub(t, 1, t.n);
	if (bytes_ends(t, BYTES("+"))) /* a plus announces metadata */
		return false;
	t = cut(t, '+', &meta);
	core = t.n;
	t = cut(t, '-', &v->pre);
	if (t.n < core && v->pre.n == 0) /* a hyphen announces a pre-release */
		return false;
	if (!identifiers_ok(meta) || !identifiers_ok(v->pre) || !numbers_ok(v->pre))
		return false;
	for (size_t i = 0; i < 3; i++) {
		struct bytes part = cut(t, '.', &rest);

		if ((i == 2) != (part.n == t.n) || !read_int(part, &v->number[i]))
			return false;
		t = rest;
	}
	return true;
}

static bool
all_digits(struct bytes t)
{
	for (size_t i = 0; i < t.n; i++)
		if (t.p[i] < '0' || t.p[i] > '9')
			return false;
	return t.n > 0;
}

/* Numbers of any length: without leading zeros the longer is larger. */
static int
compare_digits(struct bytes a, struct bytes b)
{
	while (a.n > 1 && a.p[0] == '0')
		a = bytes_sub(a, 1, a.n);
	while (b.n > 1 && b.p[0] == '0')
		b = bytes_sub(b, 1, b.n);
	if (a.n != b.n)
		return a.n < b.n ? -1 : 1;
	return bytes_cmp(a, b);
}

static int
compare_identifier(struct bytes a, struct bytes b)
{
	bool x = all_digits(a), y = all_digits(b);

	if (x != y)
		return x ? -1 : 1; /* numbers come before words */
	return x ? compare_digits(a, b) : bytes_cmp(a, b);
}

static int
compare_pre(struct bytes a, struct bytes b)
{
	if (a.n == 0 || b.n == 0)
		return (a.n == 0) - (b.n == 0); /* a release comes after its pre-releases */
	while (a.n > 0 && b.n > 0) {
		int order = compare_identifier(cut(a, '.', &a), cut(b, '.', &b));

		if (order != 0)
			return order < 0 ? -1 : 1;
	}
	return (a.n > 0) - (b.n > 0);
}

static status
compare(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct version v[2];
	struct bytes text;
	int order = 0;

	for (unsigned int i = 0; i < 2; i++)
		TRY(builtin_string(c, args, i, &text));
	TRY(rego_charge(c, (args[0].n + args[1].n) / 8));
	for (unsigned int i = 0; i < 2; i++)
		if (!parse(string_bytes(&args[i]), &v[i]))
			return builtin_error(c, "operand %u: string \"%.*s\" is not a valid SemVer",
			                     i + 1, BYTES_ARG(string_bytes(&args[i])));
	for (size_t i = 0; order == 0 && i < 3; i++)
		order = (v[0].number[i] > v[1].number[i]) - (v[0].number[i] < v[1].number[i]);
	*ret = json_int(order != 0 ? order : compare_pre(v[0].pre, v[1].pre));
	return OK;
}

static status
is_valid(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct version v;

	if (args[0].type != VALUE_STRING)
		return return_bool(false, ret);
	TRY(rego_charge(c, args[0].n / 8));
	return return_bool(parse(string_bytes(&args[0]), &v), ret);
}

static const struct rego_builtin list[] = {
        {"semver.compare", 2, 0, compare},
        {"semver.is_valid", 1, 0, is_valid},
};
const struct rego_builtin_group rego_group_semver = {list, COUNT_OF(list)};
