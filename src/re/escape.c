/* SPDX-License-Identifier: Apache-2.0 */
/* Character classes and escapes. */
#include "re/parse.h"
#include "re/unicode.h"

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The code point at p->at, for error texts that end behind it. */
static status
bad_escape(struct parser *p, size_t from, size_t at)
{
	if (at < p->text.n)
		(void)utf8_next(p->text, &at);
	return re_bad(p, from, at, "invalid escape sequence");
}

static status
octal(struct parser *p, size_t from, uint32_t *ret)
{
	size_t at = from + 1;
	uint32_t v = 0;

	/* One digit other than 0 would be a back reference. */
	if (p->text.p[at] != '0' &&
	    (at + 1 >= p->text.n || p->text.p[at + 1] < '0' || p->text.p[at + 1] > '7'))
		return bad_escape(p, from, at);
	for (size_t i = 0; i < 3 && at < p->text.n; i++, at++) {
		if (p->text.p[at] < '0' || p->text.p[at] > '7')
			break;
		v = v * 8 + (uint32_t)(p->text.p[at] - '0');
	}
	p->at = at;
	*ret = v;
	return OK;
}

/* \x{10FFFF} */
static status
hex_braced(struct parser *p, size_t from, uint32_t *ret)
{
	size_t at = from + 3;
	uint32_t v = 0;

	for (; at < p->text.n && p->text.p[at] != '}'; at++) {
		int d = hex_value(p->text.p[at]);

		if (d < 0)
			return bad_escape(p, from, at);
		v = v * 16 + (uint32_t)d;
		if (v > UNICODE_MAX)
			return bad_escape(p, from, at);
	}
	if (at >= p->text.n || at == from + 3)
		return bad_escape(p, from, at);
	p->at = at + 1;
	*ret = v;
	return OK;
}

static status
hex(struct parser *p, size_t from, uint32_t *ret)
{
	size_t at = from + 2;

	if (at < p->text.n && p->text.p[at] == '{')
		return hex_braced(p, from, ret);
	*ret = 0;
	for (size_t i = 0; i < 2; i++, at++) {
		int d = at < p->text.n ? hex_value(p->text.p[at]) : -1;

		if (d < 0)
			return bad_escape(p, from, at);
		*ret = *ret * 16 + (uint32_t)d;
	}
	p->at = at;
	return OK;
}

status
re_escape_rune(struct parser *p, uint32_t *ret)
{
	static const char letters[] = "afnrtv", values[] = "\a\f\n\r\t\v";
	size_t from = p->at;
	uint8_t c;

	if (from + 1 >= p->text.n)
		return re_bad(p, p->text.n, p->text.n, "trailing backslash at end of expression");
	c = p->text.p[from + 1];
	if (c >= '0' && c <= '7')
		return octal(p, from, ret);
	if (c == 'x')
		return hex(p, from, ret);
	for (size_t i = 0; i < sizeof letters - 1; i++) {
		if (c != (uint8_t)letters[i])
			continue;
		*ret = (uint8_t)values[i];
		p->at = from + 2;
		return OK;
	}
	if (c >= 0x80 || (re_is_word(c) && c != '_'))
		return bad_escape(p, from, from + 1);
	*ret = c;
	p->at = from + 2;
	return OK;
}

/* \pL, \p{Greek}, \p{^Greek}, \PL. */
static status
unicode_class(struct parser *p, struct re_set *s)
{
	size_t from = p->at, at = from + 2, end;
	bool negate = p->text.p[from + 1] == 'P';
	struct re_set own = {.arena = p->arena};
	struct bytes name;

	if (at >= p->text.n)
		return re_bad(p, from, p->text.n, "invalid character class range");
	if (p->text.p[at] == '{') {
		size_t close = bytes_find_byte(p->text, '}', at);

		if (close == SIZE_MAX)
			return re_bad(p, from, p->text.n, "invalid character class range");
		name = bytes_sub(p->text, at + 1, close);
		end = close + 1;
	} else {
		end = at;
		(void)utf8_next(p->text, &end);
		name = bytes_sub(p->text, at, end);
	}
	if (name.n > 0 && name.p[0] == '^') {
		negate = !negate;
		name = bytes_sub(name, 1, name.n);
	}
	if (!re_set_add_unicode(&own, name, (p->flags & FLAG_FOLD) != 0))
		return re_bad(p, from, end, "invalid character class range");
	re_set_add_set(s, &own, negate);
	p->at = end;
	return OK;
}

status
re_class_escape(struct parser *p, struct re_set *s, bool *taken)
{
	struct re_set own = {.arena = p->arena};
	uint8_t c, lower;

	*taken = false;
	if (p->at + 1 >= p->text.n || p->text.p[p->at] != '\\')
		return OK;
	c = p->text.p[p->at + 1];
	lower = c | 0x20;
	if (lower == 'p' && c < 0x80) {
		*taken = true;
		return unicode_class(p, s);
	}
	if (lower != 'd' && lower != 's' && lower != 'w')
		return OK;
	*taken = true;
	(void)re_set_add_perl(&own, lower, (p->flags & FLAG_FOLD) != 0);
	re_set_add_set(s, &own, c != lower);
	p->at += 2;
	return OK;
}

/* [:alpha:], [:^alpha:] inside a class. */
static status
posix_class(struct parser *p, struct re_set *s, bool *taken)
{
	size_t from = p->at, close = bytes_find(p->text, BYTES(":]"), p->at + 2);
	struct re_set own = {.arena = p->arena};
	struct bytes name;
	bool negate;

	*taken = close != SIZE_MAX;
	if (!*taken)
		return OK;
	name = bytes_sub(p->text, from + 2, close);
	negate = name.n > 0 && name.p[0] == '^';
	if (negate)
		name = bytes_sub(name, 1, name.n);
	if (name.n == 1 || !re_set_add_posix(&own, name, (p->flags & FLAG_FOLD) != 0))
		return re_bad(p, from, close + 2, "invalid character class range");
	re_set_add_set(s, &own, negate);
	p->at = close + 2;
	return OK;
}

static status
class_rune(struct parser *p, size_t open, uint32_t *ret)
{
	if (p->at >= p->text.n)
		return re_bad(p, open, p->text.n, "missing closing ]");
	if (p->text.p[p->at] == '\\')
		return re_escape_rune(p, ret);
	*ret = (uint32_t)utf8_next(p->text, &p->at);
	return OK;
}

static status
class_range(struct parser *p, struct re_set *s, size_t open)
{
	size_t from = p->at;
	uint32_t lo, hi;

	TRY(class_rune(p, open, &lo));
	hi = lo;
	if (p->at + 1 < p->text.n && p->text.p[p->at] == '-' && p->text.p[p->at + 1] != ']') {
		p->at++;
		TRY(class_rune(p, open, &hi));
		if (hi < lo)
			return re_bad(p, from, p->at, "invalid character class range");
	}
	if (p->flags & FLAG_FOLD)
		re_set_add_folded(s, lo, hi);
	else
		re_set_add(s, lo, hi);
	return OK;
}

static status
class_item(struct parser *p, struct re_set *s, size_t open)
{
	struct bytes rest = bytes_sub(p->text, p->at, p->text.n);
	bool taken = false;

	if (bytes_starts(rest, BYTES("[:")))
		TRY(posix_class(p, s, &taken));
	if (!taken)
		TRY(re_class_escape(p, s, &taken));
	return taken ? OK : class_range(p, s, open);
}

status
re_class_parse(struct parser *p, struct re_node *cat)
{
	struct re_set s = {.arena = p->arena};
	size_t open = p->at++;
	bool negate = p->at < p->text.n && p->text.p[p->at] == '^';
	bool first = true;

	if (negate)
		p->at++;
	while (p->at >= p->text.n || p->text.p[p->at] != ']' || first) {
		if (p->at >= p->text.n)
			return re_bad(p, open, p->text.n, "missing closing ]");
		first = false;
		TRY(class_item(p, &s, open));
		if (p->arena->failed)
			return re_too_large(p->err);
	}
	p->at++;
	if (negate)
		re_set_negate(&s);
	re_node_append(cat, re_set_node(p, &s));
	return OK;
}
