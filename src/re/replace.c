/* SPDX-License-Identifier: Apache-2.0 */
#include "re/internal.h"
#include "re/unicode.h"

static bool
is_name_rune(int32_t c)
{
	return c >= 0 && (re_is_word((uint32_t)c) || (c >= 0x80 && c != 0xfffd));
}

/*
 * The name behind a dollar at *at: 1, name, {1}, {name}. Moves *at behind it;
 * false (nothing moved) when there is none, then the dollar stands for itself.
 */
static bool
template_name(struct bytes t, size_t *at, struct bytes *name)
{
	bool brace = *at < t.n && t.p[*at] == '{';
	size_t from = *at + (brace ? 1 : 0), end = from, next = from;

	while (is_name_rune(re_rune(t, &next)))
		end = next;
	if (end == from || (brace && (end >= t.n || t.p[end] != '}')))
		return false;
	*name = bytes_sub(t, from, end);
	*at = end + (brace ? 1 : 0);
	return true;
}

/* Number of the group, UINT32_MAX if there is none that took part. */
static uint32_t
group_of(const struct re *re, struct bytes name, const struct re_span *spans, uint32_t n)
{
	uint64_t number;

	if (text_u64(name, UINT32_MAX - 1, &number))
		return (uint32_t)number;
	for (uint32_t i = 1; i < n && i < re->groups; i++)
		if (bytes_equal(re->names[i], name) && spans[i].from != RE_UNSET)
			return i;
	return UINT32_MAX;
}

void
re_expand(const struct re *re, struct bytes text, struct bytes template,
          const struct re_span *spans, uint32_t n, struct buf *out)
{
	size_t at = 0;

	while (at < template.n) {
		size_t dollar = bytes_find_byte(template, '$', at);
		struct bytes name;
		uint32_t group;

		buf_bytes(out, bytes_sub(template, at, dollar));
		if (dollar == SIZE_MAX)
			return;
		at = dollar + 1;
		if (at < template.n && template.p[at] == '$') {
			buf_u8(out, '$');
			at++;
		} else if (template_name(template, &at, &name)) {
			group = group_of(re, name, spans, n);
			if (group < n && spans[group].from != RE_UNSET)
				buf_bytes(out, bytes_sub(text, spans[group].from, spans[group].to));
		} else {
			buf_u8(out, '$');
		}
	}
}

status
re_replace_all(const struct re *re, struct bytes text, struct bytes template,
               struct re_budget *budget, struct buf *out, struct err *err)
{
	struct arena_mark mark = arena_mark(budget->scratch);
	uint32_t n = bytes_find_byte(template, '$', 0) == SIZE_MAX ? 1 : re->groups;
	struct re_span *spans = arena_array(budget->scratch, n, sizeof *spans);
	size_t last_end = 0, at = 0;
	status st = arena_check(budget->scratch, err);

	while (is_ok(st) && at <= text.n && buf_ok(out)) {
		bool found;

		st = re_find(re, text, at, budget, spans, n, &found, err);
		if (!is_ok(st) || !found)
			break;
		buf_bytes(out, bytes_sub(text, last_end, spans[0].from));
		/* Not for an empty match right behind another. */
		if (spans[0].to > last_end || spans[0].from == 0)
			re_expand(re, text, template, spans, n, out);
		last_end = spans[0].to;
		if (re_rune(text, &at) < 0)
			break;
		at = MAX(at, last_end);
	}
	arena_release(budget->scratch, mark);
	TRY(st);
	buf_bytes(out, bytes_sub(text, last_end, text.n));
	return buf_check(out, err);
}

void
re_quote(struct bytes text, struct buf *out)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] != 0 &&
		    bytes_find_byte(BYTES("\\.+*?()|[]{}^$"), text.p[i], 0) != SIZE_MAX)
			buf_u8(out, '\\');
		buf_u8(out, text.p[i]);
	}
}
