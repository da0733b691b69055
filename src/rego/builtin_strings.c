/* SPDX-License-Identifier: Apache-2.0 */
/* Searching, cutting, joining. Offsets and lengths count characters, not bytes. */
#include "base/text.h"
#include "re/unicode.h"
#include "rego/builtin_groups.h"

static status
two_strings(struct rego_call *c, const struct value *args, struct bytes *a, struct bytes *b)
{
	TRY(builtin_string(c, args, 0, a));
	TRY(builtin_string(c, args, 1, b));
	return rego_charge(c, a->n / 16);
}

static status
contains(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct bytes text, part;

	TRY(two_strings(c, args, &text, &part));
	return return_bool(bytes_find(text, part, 0) != SIZE_MAX, ret);
}

static status
startswith(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct bytes text, part;

	TRY(two_strings(c, args, &text, &part));
	return return_bool(bytes_starts(text, part), ret);
}

static status
endswith(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct bytes text, part;

	TRY(two_strings(c, args, &text, &part));
	return return_bool(bytes_ends(text, part), ret);
}

static status
concat(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct bytes delimiter;
	size_t total = 0;
	uint8_t *p;

	TRY(builtin_string(c, args, 0, &delimiter));
	TRY(operand_list(c, args, 1));
	for (uint32_t i = 0; i < args[1].n; i++) {
		const struct value *v = &args[1].u.items[i];

		if (v->type != VALUE_STRING)
			return operand_element(c, 2, &args[1], "string", v);
		TRY(rego_charge(c, 1 + (v->n + delimiter.n) / 16));
		if (!add_ok(total, v->n + (i > 0 ? delimiter.n : 0), &total))
			return builtin_limit(c, "the result is too large");
	}
	p = result_text(c, total, ret);
	TRY(arena_check(c->arena, c->err));
	for (uint32_t i = 0; i < args[1].n; i++) {
		const struct value *v = &args[1].u.items[i];

		if (i > 0) {
			mem_copy(p, delimiter.p, delimiter.n);
			p += delimiter.n;
		}
		mem_copy(p, v->u.s, v->n);
		p += v->n;
	}
	return OK;
}

/* Characters in text[0, end). */
static int64_t
characters(struct bytes text, size_t end)
{
	int64_t n = 0;

	for (size_t i = 0; i < end; i++)
		n += (text.p[i] & 0xc0) != 0x80;
	return n;
}

/* Offset of the n-th character, or the length of the text if it has fewer. */
static size_t
offset_of(struct bytes text, int64_t n)
{
	size_t at = 0;

	while (n-- > 0 && at < text.n)
		(void)utf8_next(text, &at);
	return at;
}

static status
indexof(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct bytes text, part;
	size_t at;

	TRY(two_strings(c, args, &text, &part));
	if (part.n == 0)
		return builtin_error(c, "empty search character");
	at = bytes_find(text, part, 0);
	*ret = json_int(at == SIZE_MAX ? -1 : characters(text, at));
	return OK;
}

/* All places, overlapping ones too. */
static status
indexof_n(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value_list out = value_list_of(c->arena);
	struct bytes text, part;
	size_t at, last = 0;
	int64_t n = 0;

	TRY(two_strings(c, args, &text, &part));
	if (part.n == 0)
		return builtin_error(c, "empty search character");
	for (at = bytes_find(text, part, 0); at != SIZE_MAX; at = bytes_find(text, part, at + 1)) {
		TRY(rego_charge(c, 1 + part.n / 16));
		n += characters(bytes_sub(text, last, at), at - last);
		last = at;
		value_push(&out, json_int(n));
	}
	*ret = value_array(&out);
	return arena_check(c->arena, c->err);
}

static status
substring(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct bytes text;
	int64_t from, length;
	size_t start, end;

	TRY(builtin_string(c, args, 0, &text));
	TRY(builtin_int(c, args, 1, &from));
	TRY(builtin_int(c, args, 2, &length));
	if (from < 0)
		return builtin_error(c, "negative offset");
	TRY(rego_charge(c, text.n / 16));
	start = offset_of(text, from);
	text = bytes_sub(text, start, text.n);
	end = length < 0 ? text.n : offset_of(text, length);
	*ret = json_string(bytes_sub(text, 0, end)); /* borrows from the operand */
	return OK;
}

/* Letters from `first` on, 26 of them, change their case; false when there is more than ASCII. */
static bool
map_ascii(struct rego_call *c, struct bytes text, uint8_t first, struct value *ret)
{
	uint8_t *p, high = 0;

	for (size_t i = 0; i < text.n; i++)
		high |= text.p[i];
	if (high >= 0x80)
		return false;
	p = result_text(c, text.n, ret);
	for (size_t i = 0; p && i < text.n; i++)
		p[i] = text.p[i] ^ ((uint8_t)(text.p[i] - first) < 26 ? 0x20 : 0);
	return true;
}

static status
map_case(struct rego_call *c, const struct value *args, uint8_t first, uint32_t (*map)(uint32_t),
         struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(c);
	struct bytes text;

	TRY(builtin_string(c, args, 0, &text));
	TRY(rego_charge(c, text.n / 8));
	if (map_ascii(c, text, first, ret))
		return arena_check(c->arena, c->err);
	buf_reserve(&out, text.n);
	for (size_t at = 0; at < text.n;) {
		if (text.p[at] < 0x80)
			buf_u8(&out, (uint8_t)map(text.p[at++]));
		else
			utf8_put(&out, map((uint32_t)utf8_next(text, &at)));
	}
	return builtin_text(c, &out, ret);
}

static status
lower(struct rego_call *c, const struct value *args, struct value *ret)
{
	return map_case(c, args, 'A', unicode_lower, ret);
}

static status
upper(struct rego_call *c, const struct value *args, struct value *ret)
{
	return map_case(c, args, 'a', unicode_upper, ret);
}

static status
split_characters(struct rego_call *c, struct bytes text, struct value *ret)
{
	struct value_list out = value_list_of(c->arena);

	TRY(rego_charge(c, text.n));
	for (size_t at = 0; at < text.n;) {
		size_t from = at;

		(void)utf8_next(text, &at);
		value_push(&out, json_string(bytes_sub(text, from, at)));
	}
	*ret = value_array(&out);
	return arena_check(c->arena, c->err);
}

static status
split(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value_list out = value_list_of(c->arena);
	struct bytes text, delimiter;
	size_t from = 0, at;

	TRY(two_strings(c, args, &text, &delimiter));
	if (delimiter.n == 0)
		return split_characters(c, text, ret);
	while ((at = bytes_find(text, delimiter, from)) != SIZE_MAX) {
		TRY(rego_charge(c, 1));
		value_push(&out, json_string(bytes_sub(text, from, at)));
		from = at + delimiter.n;
	}
	value_push(&out, json_string(bytes_sub(text, from, text.n)));
	*ret = value_array(&out);
	return arena_check(c->arena, c->err);
}

/* The first n parts, what follows them dropped; all of them when n is negative. */
static status
split_n(struct rego_call *c, const struct value *args, struct value *ret)
{
	int64_t n;

	TRY(two_strings(c, args, &(struct bytes){0}, &(struct bytes){0}));
	TRY(builtin_int(c, args, 2, &n));
	TRY(split(c, args, ret));
	if (n >= 0) {
		ret->n = (uint32_t)MIN(n, (int64_t)ret->n);
	} else if (n > -(int64_t)ret->n) { /* the last ones */
		ret->u.items += (int64_t)ret->n + n;
		ret->n = (uint32_t)-n;
	}
	return OK;
}

static status
reverse(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct bytes text;
	uint8_t *out;

	/* Errors name it without its package, as OPA's. */
	c->name = "reverse";
	TRY(builtin_string(c, args, 0, &text));
	TRY(rego_charge(c, text.n / 8));
	out = arena_array(c->arena, text.n, 1);
	TRY(arena_check(c->arena, c->err));
	for (size_t at = 0; at < text.n;) {
		size_t from = at;

		(void)utf8_next(text, &at);
		mem_copy(out + (text.n - at), text.p + from, at - from);
	}
	*ret = json_string(bytes_of(out, text.n));
	return OK;
}

/* Without overlap; the empty string occurs once more than there are characters. */
static status
count(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct bytes text, part;
	int64_t n = 0;

	TRY(two_strings(c, args, &text, &part));
	if (part.n == 0)
		n = characters(text, text.n) + 1;
	for (size_t at = 0; part.n > 0 && (at = bytes_find(text, part, at)) != SIZE_MAX;
	     at += part.n) {
		TRY(rego_charge(c, 1));
		n++;
	}
	*ret = json_int(n);
	return OK;
}

/* A string, or a collection of strings: its items. */
static status
one_or_many(struct rego_call *c, const struct value *args, unsigned int i,
            const struct value **items, uint32_t *n)
{
	const struct value *v = &args[i];

	*items = v;
	*n = 1;
	if (v->type == VALUE_STRING)
		return OK;
	if (v->type != VALUE_ARRAY && v->type != VALUE_SET)
		return builtin_operand(c, i + 1, "one of {string, set, array}", v);
	TRY(operand_strings(c, args, i));
	*items = v->u.items;
	*n = v->n;
	return OK;
}

static status
any_match(struct rego_call *c, const struct value *args, bool (*match)(struct bytes, struct bytes),
          struct value *ret)
{
	const struct value *texts, *parts;
	uint32_t text_count, part_count;

	TRY(one_or_many(c, args, 0, &texts, &text_count));
	TRY(one_or_many(c, args, 1, &parts, &part_count));
	for (uint32_t i = 0; i < text_count; i++) {
		TRY(rego_charge(c, part_count / 4 + 1));
		for (uint32_t k = 0; k < part_count; k++)
			if (match(string_bytes(&texts[i]), string_bytes(&parts[k])))
				return return_bool(true, ret);
	}
	return return_bool(false, ret);
}

static status
any_prefix(struct rego_call *c, const struct value *args, struct value *ret)
{
	return any_match(c, args, bytes_starts, ret);
}

static status
any_suffix(struct rego_call *c, const struct value *args, struct value *ret)
{
	return any_match(c, args, bytes_ends, ret);
}

static const struct rego_builtin list[] = {
        {"concat", 2, 0, concat},
        {"contains", 2, 0, contains},
        {"endswith", 2, 0, endswith},
        {"indexof", 2, 0, indexof},
        {"indexof_n", 2, 0, indexof_n},
        {"lower", 1, 0, lower},
        {"split", 2, 0, split},
        {"strings.split_n", 3, 0, split_n},
        {"startswith", 2, 0, startswith},
        {"strings.any_prefix_match", 2, 0, any_prefix},
        {"strings.any_suffix_match", 2, 0, any_suffix},
        {"strings.count", 2, 0, count},
        {"strings.reverse", 1, 0, reverse},
        {"substring", 3, 0, substring},
        {"upper", 1, 0, upper},
};
const struct rego_builtin_group rego_group_strings = {list, COUNT_OF(list)};
