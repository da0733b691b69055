/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "re/unicode.h"
#include "rego/builtin_groups.h"

enum { TRIM_LEFT = 1, TRIM_RIGHT = 2 };

/* Does the text start (or end) with a character of the set? Its width, else 0. */
typedef size_t cut_fn(struct bytes text, bool end, struct bytes set);

/* The last character of a text that is not empty. */
static struct bytes
last_character(struct bytes text)
{
	size_t from = text.n - 1;

	while (from > 0 && text.n - from < 4 && (text.p[from] & 0xc0) == 0x80)
		from--;
	return bytes_sub(text, from, text.n);
}

static struct bytes
first_character(struct bytes text)
{
	size_t end = 0;

	(void)utf8_next(text, &end);
	return bytes_sub(text, 0, end);
}

static size_t
cut_set(struct bytes text, bool end, struct bytes set)
{
	struct bytes one = end ? last_character(text) : first_character(text);

	/* UTF-8: a whole character is found at whole characters only. */
	return bytes_find(set, one, 0) != SIZE_MAX ? one.n : 0;
}

static size_t
cut_space(struct bytes text, bool end, struct bytes set)
{
	struct bytes one = end ? last_character(text) : first_character(text);
	size_t at = 0;

	(void)set;
	return unicode_is_space((uint32_t)utf8_next(one, &at)) ? one.n : 0;
}

static status
cut(struct rego_call *c, struct bytes text, unsigned int sides, cut_fn *width, struct bytes set,
    struct value *ret)
{
	size_t n = 1;

	while ((sides & TRIM_LEFT) && text.n > 0 && n > 0) {
		TRY(rego_charge(c, 1 + set.n / 16));
		n = width(text, false, set);
		text = bytes_sub(text, n, text.n);
	}
	n = 1;
	while ((sides & TRIM_RIGHT) && text.n > 0 && n > 0) {
		TRY(rego_charge(c, 1 + set.n / 16));
		n = width(text, true, set);
		text = bytes_sub(text, 0, text.n - n);
	}
	*ret = json_string(text); /* borrows from the operand */
	return OK;
}

static status
trim_sides(struct rego_call *c, const struct value *args, unsigned int sides, struct value *ret)
{
	struct bytes text, set;

	TRY(builtin_string(c, args, 0, &text));
	TRY(builtin_string(c, args, 1, &set));
	return cut(c, text, sides, cut_set, set, ret);
}

static status
trim(struct rego_call *c, const struct value *args, struct value *ret)
{
	return trim_sides(c, args, TRIM_LEFT | TRIM_RIGHT, ret);
}

static status
trim_left(struct rego_call *c, const struct value *args, struct value *ret)
{
	return trim_sides(c, args, TRIM_LEFT, ret);
}

static status
trim_right(struct rego_call *c, const struct value *args, struct value *ret)
{
	return trim_sides(c, args, TRIM_RIGHT, ret);
}

static status
trim_space(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct bytes text;

	TRY(builtin_string(c, args, 0, &text));
	return cut(c, text, TRIM_LEFT | TRIM_RIGHT, cut_space, bytes_of(NULL, 0), ret);
}

static status
trim_prefix(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct bytes text, part;

	TRY(builtin_string(c, args, 0, &text));
	TRY(builtin_string(c, args, 1, &part));
	*ret = json_string(bytes_starts(text, part) ? bytes_sub(text, part.n, text.n) : text);
	return OK;
}

static status
trim_suffix(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct bytes text, part;

	TRY(builtin_string(c, args, 0, &text));
	TRY(builtin_string(c, args, 1, &part));
	*ret = json_string(bytes_ends(text, part) ? bytes_sub(text, 0, text.n - part.n) : text);
	return OK;
}

static const struct rego_builtin list[] = {
        {"trim", 2, 0, trim},
        {"trim_left", 2, 0, trim_left},
        {"trim_right", 2, 0, trim_right},
        {"trim_prefix", 2, 0, trim_prefix},
        {"trim_suffix", 2, 0, trim_suffix},
        {"trim_space", 1, 0, trim_space},
};
const struct rego_builtin_group rego_group_trim = {list, COUNT_OF(list)};
