/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glob.match: a pattern is rewritten as a regular expression. `*` and `?` do
 * not cross a delimiter, `**` does; [abc], [!abc], [a-z], [!a-z], {a,b} with
 * patterns inside, \ in front of a character that shall mean itself.
 */
#include "base/text.h"
#include "rego/builtin_groups.h"
#include "rego/pattern.h"

enum { GLOB_MAX_DEPTH = 100 };

struct glob {
	struct rego_call *c;
	struct bytes text;
	size_t at;
	struct bytes outside; /* a class: every character but the delimiters */
	struct buf *out;
	uint32_t depth;
};

static status
malformed(struct glob *g, const char *what)
{
	return builtin_error(g->c, "%s in glob pattern \"%.*s\"", what, BYTES_ARG(g->text));
}

static void
put_class_rune(struct buf *out, uint32_t cp)
{
	buf_printf(out, "\\x{%x}", cp);
}

/* [a-z] is a range and nothing else; otherwise the characters up to the bracket. */
static status
char_class(struct glob *g)
{
	size_t end = bytes_find_byte(g->text, ']', g->at + 1);
	struct bytes body = bytes_sub(g->text, g->at + 1, end);
	size_t at = 0;
	int32_t lo, hi;

	if (end == SIZE_MAX)
		return malformed(g, "missing ']'");
	buf_u8(g->out, '[');
	if (body.n > 0 && body.p[0] == '!') {
		buf_u8(g->out, '^');
		body = bytes_sub(body, 1, body.n);
	}
	if (body.n == 0)
		return malformed(g, "empty class");
	g->at = end + 1;
	lo = utf8_next(body, &at);
	if (at < body.n && body.p[at] == '-') {
		at++;
		hi = utf8_next(body, &at);
		if (hi < lo || at != body.n)
			return malformed(g, "bad range");
		put_class_rune(g->out, (uint32_t)lo);
		buf_u8(g->out, '-');
		put_class_rune(g->out, (uint32_t)hi);
	} else {
		for (at = 0; at < body.n;)
			put_class_rune(g->out, (uint32_t)utf8_next(body, &at));
	}
	buf_u8(g->out, ']');
	return OK;
}

static status glob_parts(struct glob *g, bool inside);

static status
alternatives(struct glob *g)
{
	if (++g->depth > GLOB_MAX_DEPTH)
		return malformed(g, "braces nest too deeply");
	g->at++;
	buf_str(g->out, "(?:");
	TRY(glob_parts(g, true));
	if (g->at >= g->text.n)
		return malformed(g, "missing '}'");
	g->at++;
	buf_u8(g->out, ')');
	g->depth--;
	return OK;
}

static void
stars(struct glob *g)
{
	g->at++;
	if (g->at < g->text.n && g->text.p[g->at] == '*') {
		g->at++;
		buf_str(g->out, ".*");
	} else {
		buf_bytes(g->out, g->outside);
		buf_u8(g->out, '*');
	}
}

static status
literal(struct glob *g)
{
	size_t from;

	if (g->text.p[g->at] == '\\' && ++g->at >= g->text.n)
		return malformed(g, "backslash at the end");
	from = g->at;
	(void)utf8_next(g->text, &g->at);
	re_quote(bytes_sub(g->text, from, g->at), g->out);
	return OK;
}

static status
glob_parts(struct glob *g, bool inside)
{
	while (g->at < g->text.n && !(inside && g->text.p[g->at] == '}')) {
		switch (g->text.p[g->at]) {
		case '*':
			stars(g);
			break;
		case '?':
			g->at++;
			buf_bytes(g->out, g->outside);
			break;
		case '[':
			TRY(char_class(g));
			break;
		case '{':
			TRY(alternatives(g));
			break;
		case ',':
			if (inside) {
				g->at++;
				buf_u8(g->out, '|');
				break;
			}
			FALLTHROUGH;
		default:
			TRY(literal(g));
			break;
		}
	}
	return OK;
}

/* The delimiters as a negated class in `out`; "." (the dot of expressions) without any. */
static status
read_delimiters(struct rego_call *c, const struct value *v, struct buf *out)
{
	static const struct value dot = {.type = VALUE_STRING, .n = 1, .u.s = (const uint8_t *)"."};
	const struct value *items = v->u.items;
	uint32_t n = v->n;

	if (v->type == VALUE_NULL) {
		buf_u8(out, '.');
		return OK;
	}
	if (v->type != VALUE_ARRAY)
		return builtin_operand(c, 2, "one of {array, null}", v);
	if (n == 0) {
		items = &dot;
		n = 1;
	}
	buf_str(out, "[^");
	for (uint32_t i = 0; i < n; i++) {
		size_t at = 0;
		int32_t cp;

		if (items[i].type != VALUE_STRING)
			return operand_element(c, 2, v, "string", &items[i]);
		cp = utf8_next(string_bytes(&items[i]), &at);
		if (cp < 0 || at != items[i].n)
			return builtin_operand_text(c, 2,
			                            "must be array of single-character strings but "
			                            "got array containing \"%.*s\"",
			                            BYTES_ARG(string_bytes(&items[i])));
		put_class_rune(out, (uint32_t)cp);
	}
	buf_u8(out, ']');
	return OK;
}

static status
compile(struct rego_call *c, struct bytes pattern, struct bytes outside, const struct re **ret)
{
	CLEANUP(buf_done) struct buf key = result_buf(c);
	CLEANUP(buf_done) struct buf text = result_buf(c);
	struct glob g = {.c = c, .text = pattern, .outside = outside, .out = &text};

	buf_bytes(&key, outside);
	buf_bytes(&key, pattern);
	if (!buf_ok(&key))
		return builtin_limit(c, "the pattern is too large");
	if (!rego_cache_get(c, CACHE_GLOB, buf_view(&key))) {
		TRY(rego_charge(c, pattern.n * 4));
		buf_str(&text, "(?s)^(?:");
		TRY(glob_parts(&g, false));
		buf_str(&text, ")$");
		if (!buf_ok(&text))
			return builtin_limit(c, "the pattern is too large");
	}
	return pattern_get(c, CACHE_GLOB, buf_view(&key), buf_view(&text), ret);
}

static status
match(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(buf_done) struct buf outside = result_buf(c);
	struct bytes pattern, text;
	const struct re *re;
	bool yes;

	TRY(builtin_string(c, args, 0, &pattern));
	TRY(read_delimiters(c, &args[1], &outside));
	TRY(builtin_string(c, args, 2, &text));
	TRY(compile(c, pattern, buf_view(&outside), &re));
	TRY(pattern_match(c, re, text, &yes));
	return return_bool(yes, ret);
}

static status
quote_meta(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(c);
	struct bytes text;

	TRY(builtin_string(c, args, 0, &text));
	TRY(rego_charge(c, text.n / 8));
	for (size_t i = 0; i < text.n; i++) {
		if (bytes_find_byte(BYTES("*?\\[]{}"), text.p[i], 0) != SIZE_MAX)
			buf_u8(&out, '\\');
		buf_u8(&out, text.p[i]);
	}
	return builtin_text(c, &out, ret);
}

static const struct rego_builtin list[] = {
        {"glob.match", 3, 0, match},
        {"glob.quote_meta", 1, 0, quote_meta},
};
const struct rego_builtin_group rego_group_glob = {list, COUNT_OF(list)};
