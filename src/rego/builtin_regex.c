/* SPDX-License-Identifier: Apache-2.0 */
/* regex.*, but for globs_match. */
#include "rego/builtin_groups.h"
#include "rego/pattern.h"

static status
get_pattern(struct rego_call *c, struct bytes text, const struct re **ret)
{
	return pattern_get(c, CACHE_REGEX, text, text, ret);
}

static status
match(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct bytes pattern, text;
	const struct re *re;
	bool yes;

	TRY(builtin_string(c, args, 0, &pattern));
	TRY(builtin_string(c, args, 1, &text));
	TRY(get_pattern(c, pattern, &re));
	TRY(pattern_match(c, re, text, &yes));
	return return_bool(yes, ret);
}

static status
is_valid(struct rego_call *c, const struct value *args, struct value *ret)
{
	const struct re *re;
	status s;

	if (args[0].type != VALUE_STRING)
		return return_bool(false, ret);
	s = get_pattern(c, string_bytes(&args[0]), &re);
	if (s.cls == ERR_LIMIT)
		return s;
	return return_bool(is_ok(s), ret);
}

/* Calls `take` for every match, `limit` at most (negative: all). */
struct matches {
	struct rego_call *c;
	const struct re *re;
	struct bytes text;
	int64_t limit;
	uint32_t groups; /* asked for */
	struct value_list out;
};
typedef void take_fn(struct matches *m, const struct re_span *spans);

static status
each_match(struct matches *m, take_fn *take)
{
	struct rego_call *c = m->c;
	struct re_span *spans = arena_array(c->arena, m->groups, sizeof *spans);
	struct re_iter it = re_iter(m->re, m->text);

	TRY(arena_check(c->arena, c->err));
	m->out = value_list_of(c->arena);
	for (int64_t i = 0; m->limit < 0 || i < m->limit; i++) {
		struct re_budget budget = pattern_budget(c);
		WRITTEN_FIRST struct err err;
		bool found = false;
		status s = re_next(&it, &budget, spans, m->groups, &found, &err);

		TRY(pattern_settle(c, &budget, s, &err));
		if (!found)
			break;
		TRY(rego_charge(c, m->groups));
		take(m, spans);
	}
	return arena_check(c->arena, c->err);
}

static struct value
span_text(const struct matches *m, const struct re_span *s)
{
	return json_string(s->from == RE_UNSET ? bytes_of("", 0)
	                                       : bytes_sub(m->text, s->from, s->to));
}

static void
take_whole(struct matches *m, const struct re_span *spans)
{
	value_push(&m->out, span_text(m, &spans[0]));
}

static void
take_groups(struct matches *m, const struct re_span *spans)
{
	struct value_list row = value_list_of(m->c->arena);

	for (uint32_t i = 0; i < m->groups; i++)
		value_push(&row, span_text(m, &spans[i]));
	value_push(&m->out, value_array(&row));
}

static status
find(struct rego_call *c, const struct value *args, bool groups, struct value *ret)
{
	struct matches m = {.c = c, .groups = 1};
	struct bytes pattern;

	TRY(builtin_string(c, args, 0, &pattern));
	TRY(builtin_string(c, args, 1, &m.text));
	TRY(builtin_int(c, args, 2, &m.limit));
	TRY(get_pattern(c, pattern, &m.re));
	if (groups)
		m.groups = re_groups(m.re);
	TRY(each_match(&m, groups ? take_groups : take_whole));
	*ret = value_array(&m.out);
	return arena_check(c->arena, c->err);
}

static status
find_n(struct rego_call *c, const struct value *args, struct value *ret)
{
	return find(c, args, false, ret);
}

static status
find_all_string_submatch_n(struct rego_call *c, const struct value *args, struct value *ret)
{
	return find(c, args, true, ret);
}

/* What stands between the matches; an empty match at the start cuts nothing off. */
static status
split(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value_list out = value_list_of(c->arena);
	struct bytes pattern, text;
	struct re_iter it;
	const struct re *re;
	size_t from = 0, end = 0;
	bool found = true;

	TRY(builtin_string(c, args, 0, &pattern));
	TRY(builtin_string(c, args, 1, &text));
	TRY(get_pattern(c, pattern, &re));
	it = re_iter(re, text);
	if (pattern.n > 0 && text.n == 0)
		found = false;
	while (found) {
		struct re_budget budget = pattern_budget(c);
		struct re_span span;
		struct err err;
		status s = re_next(&it, &budget, &span, 1, &found, &err);

		TRY(pattern_settle(c, &budget, s, &err));
		if (!found)
			break;
		end = span.from;
		if (span.to != 0)
			value_push(&out, json_string(bytes_sub(text, from, end)));
		from = span.to;
	}
	if (end != text.n || (pattern.n > 0 && text.n == 0))
		value_push(&out, json_string(bytes_sub(text, from, text.n)));
	*ret = value_array(&out);
	return arena_check(c->arena, c->err);
}

static status
replace(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(c);
	struct re_budget budget = pattern_budget(c);
	struct bytes text, pattern, with;
	const struct re *re;
	struct err err;
	status s;

	TRY(builtin_string(c, args, 0, &text));
	TRY(builtin_string(c, args, 1, &pattern));
	TRY(builtin_string(c, args, 2, &with));
	TRY(get_pattern(c, pattern, &re));
	s = re_replace_all(re, text, with, &budget, &out, &err);
	TRY(pattern_settle(c, &budget, s, &err));
	return builtin_text(c, &out, ret);
}

/* ---- regex.template_match ---- */

/* The next part of the outermost level: [open, close]; open is SIZE_MAX when there is no more. */
static status
next_part(struct rego_call *c, struct bytes t, uint8_t start, uint8_t end, size_t from,
          size_t *open, size_t *close)
{
	size_t level = 0;

	for (size_t i = from; i < t.n; i++) {
		if (t.p[i] == start) {
			if (level++ == 0)
				*open = i;
		} else if (t.p[i] == end) {
			if (level == 0)
				return builtin_error(c, "unbalanced braces in \"%.*s\"",
				                     BYTES_ARG(t));
			*close = i;
			if (--level == 0)
				return OK;
		}
	}
	*open = SIZE_MAX;
	if (level > 0)
		return builtin_error(c, "unbalanced braces in \"%.*s\"", BYTES_ARG(t));
	return OK;
}

static status
template_expression(struct rego_call *c, struct bytes t, uint8_t start, uint8_t end,
                    struct buf *out)
{
	size_t from = 0, open = 0, close = 0;

	buf_u8(out, '^');
	for (;;) {
		TRY(next_part(c, t, start, end, from, &open, &close));
		re_quote(bytes_sub(t, from, open), out);
		if (open == SIZE_MAX)
			break;
		buf_u8(out, '(');
		buf_bytes(out, bytes_sub(t, open + 1, close));
		buf_u8(out, ')');
		from = close + 1;
	}
	buf_u8(out, '$');
	return OK;
}

static status
template_match(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(buf_done) struct buf pattern = result_buf(c);
	struct bytes template, text, start, end;
	const struct re *re;
	bool yes;

	TRY(builtin_string(c, args, 0, &template));
	TRY(builtin_string(c, args, 1, &text));
	TRY(builtin_string(c, args, 2, &start));
	TRY(builtin_string(c, args, 3, &end));
	if (start.n != 1)
		return builtin_error(
		        c, "start delimiter has to be exactly one character long but is %zu long",
		        start.n);
	if (end.n != 1)
		return builtin_error(
		        c, "end delimiter has to be exactly one character long but is %zu long",
		        start.n);
	TRY(rego_charge(c, template.n));
	TRY(template_expression(c, template, start.p[0], end.p[0], &pattern));
	TRY(get_pattern(c, buf_view(&pattern), &re));
	TRY(pattern_match(c, re, text, &yes));
	return return_bool(yes, ret);
}

static const struct rego_builtin list[] = {
        {"regex.match", 2, 0, match},
        {"re_match", 2, 0, match},
        {"regex.is_valid", 1, 0, is_valid},
        {"regex.find_n", 3, 0, find_n},
        {"regex.find_all_string_submatch_n", 3, 0, find_all_string_submatch_n},
        {"regex.split", 2, 0, split},
        {"regex.replace", 3, 0, replace},
        {"regex.template_match", 4, 0, template_match},
};
const struct rego_builtin_group rego_group_regex = {list, COUNT_OF(list)};
