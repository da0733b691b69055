/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/lex.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

enum { CARET_WIDTH = 120 };

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_name(uint8_t c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (!first && is_digit(c));
}

static uint8_t
peek(const struct lexer *lx, uint32_t ahead)
{
	return lx->at + ahead < lx->text.n ? lx->text.p[lx->at + ahead] : 0;
}

static void
skip_space(struct lexer *lx, struct token *t)
{
	while (lx->at < lx->text.n) {
		uint8_t c = peek(lx, 0);

		if (c == '#') {
			while (lx->at < lx->text.n && peek(lx, 0) != '\n')
				lx->at++;
		} else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
			t->newline |= c == '\n';
			lx->at++;
		} else {
			break;
		}
		t->space = true;
	}
}

static void
lex_digits(struct lexer *lx)
{
	while (is_digit(peek(lx, 0)))
		lx->at++;
}

static void
lex_number(struct lexer *lx, struct token *t)
{
	bool zero = peek(lx, 0) == '0';

	t->kind = TOK_NUMBER;
	lex_digits(lx);
	if (zero && lx->at - t->off > 1) {
		t->kind = TOK_ERROR;
		t->what = "a number does not start with 0";
		return;
	}
	if (peek(lx, 0) == '.' && is_digit(peek(lx, 1))) {
		lx->at++;
		lex_digits(lx);
	}
	if (peek(lx, 0) == 'e' || peek(lx, 0) == 'E') {
		lx->at += peek(lx, 1) == '+' || peek(lx, 1) == '-' ? 2 : 1;
		if (!is_digit(peek(lx, 0))) {
			t->kind = TOK_ERROR;
			t->what = "expected a digit in the exponent";
			return;
		}
		lex_digits(lx);
	}
	if (is_name(peek(lx, 0), true)) {
		t->kind = TOK_ERROR;
		t->what = "a name does not start with a digit";
	}
}

static void
lex_string(struct lexer *lx, struct token *t)
{
	uint8_t c;

	t->kind = TOK_STRING;
	lx->at++;
	while (lx->at < lx->text.n && (c = peek(lx, 0)) != '"' && c != '\n')
		lx->at += c == '\\' && lx->at + 1 < lx->text.n ? 2 : 1;
	t->text = bytes_sub(lx->text, t->off + 1, lx->at);
	if (peek(lx, 0) != '"') {
		t->kind = TOK_ERROR;
		t->what = "the string does not end on its line";
		return;
	}
	lx->at++;
}

static void
lex_raw_string(struct lexer *lx, struct token *t)
{
	t->kind = TOK_RAW_STRING;
	lx->at++;
	while (lx->at < lx->text.n && peek(lx, 0) != '`')
		lx->at++;
	t->text = bytes_sub(lx->text, t->off + 1, lx->at);
	if (lx->at >= lx->text.n) {
		t->kind = TOK_ERROR;
		t->what = "the raw string does not end";
		return;
	}
	lx->at++;
}

static void
lex_punct(struct lexer *lx, struct token *t)
{
	uint8_t a = peek(lx, 0), b = peek(lx, 1);

	t->kind = TOK_PUNCT;
	t->punct = PUNCT(a);
	lx->at++;
	if (b == '=' && (a == ':' || a == '=' || a == '!' || a == '<' || a == '>')) {
		t->punct = PUNCT2(a, b);
		lx->at++;
		return;
	}
	if (bytes_find_byte(BYTES(".,;:()[]{}|&+-*/%=<>"), a, 0) == SIZE_MAX) {
		t->kind = TOK_ERROR;
		t->what = "unexpected character";
	}
}

struct token
lex_next(struct lexer *lx)
{
	struct token t = {0};
	uint8_t c;

	skip_space(lx, &t);
	t.off = lx->at;
	if (lx->at >= lx->text.n) {
		t.end = t.off;
		return t;
	}
	c = peek(lx, 0);
	if (is_name(c, true)) {
		t.kind = TOK_IDENT;
		while (is_name(peek(lx, 0), false))
			lx->at++;
		t.dotted = peek(lx, 0) == '.';
	} else if (is_digit(c) || (c == '.' && is_digit(peek(lx, 1)))) {
		lex_number(lx, &t);
	} else if (c == '"') {
		lex_string(lx, &t);
	} else if (c == '`') {
		lex_raw_string(lx, &t);
	} else if (c == '$' && (peek(lx, 1) == '"' || peek(lx, 1) == '`')) {
		t.kind = peek(lx, 1) == '"' ? TOK_TEMPLATE : TOK_RAW_TEMPLATE;
		lx->at += 2;
	} else {
		lex_punct(lx, &t);
	}
	t.end = lx->at;
	if (t.kind == TOK_IDENT || t.kind == TOK_NUMBER)
		t.text = bytes_sub(lx->text, t.off, t.end);
	return t;
}

/* Behind \u: four hex digits, twice for what lies beyond the first plane. */
static const char *
unescape_unicode(struct bytes in, size_t *at, struct buf *out)
{
	uint8_t raw[2];
	uint32_t cp, low;

	if (in.n - *at < 4 || !hex_decode(bytes_of(in.p + *at, 4), raw, 2))
		return "expected four hex digits after \\u";
	*at += 4;
	cp = (uint32_t)raw[0] << 8 | raw[1];
	if (cp >= 0xd800 && cp < 0xdc00 && in.n - *at >= 6 && in.p[*at] == '\\' &&
	    in.p[*at + 1] == 'u' && hex_decode(bytes_of(in.p + *at + 2, 4), raw, 2)) {
		low = (uint32_t)raw[0] << 8 | raw[1];
		if (low >= 0xdc00 && low <= 0xdfff) {
			cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
			*at += 6;
		}
	}
	utf8_put(out, cp); /* half a pair becomes U+FFFD */
	return NULL;
}

const char *
lex_unescape(struct arena *a, struct bytes inside, bool template, struct bytes *ret)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";
	CLEANUP(buf_done) struct buf out = {0};
	const char *wrong;
	size_t at = 0;

	if (!utf8_valid(inside))
		return "the string is not UTF-8";
	while (at < inside.n) {
		uint8_t c = inside.p[at++];
		size_t i = 0;

		if (c != '\\') {
			if (c < 0x20 && c != '\t' && !template)
				return "a control character in the string";
			buf_u8(&out, c);
			continue;
		}
		if (at == inside.n)
			return "unknown escape";
		c = inside.p[at++];
		if (c == 'u') {
			if ((wrong = unescape_unicode(inside, &at, &out)))
				return wrong;
			continue;
		}
		if (template && (c == '{' || c == '}')) {
			buf_u8(&out, c);
			continue;
		}
		while (i < sizeof from - 1 && c != (uint8_t)from[i])
			i++;
		if (i == sizeof from - 1)
			return "unknown escape";
		buf_u8(&out, (uint8_t)to[i]);
	}
	*ret = arena_copy(a, buf_view(&out));
	a->failed |= !buf_ok(&out);
	return buf_ok(&out) && !a->failed ? NULL : "the string is too large";
}

void
lex_position(struct bytes text, uint32_t off, uint32_t *line, uint32_t *col)
{
	*line = *col = 1;
	for (uint32_t i = 0; i < off && i < text.n; i++) {
		(*col)++;
		if (text.p[i] == '\n') {
			(*line)++;
			*col = 1;
		}
	}
}

/* Tabs become one space, so that the caret stands where it belongs. */
static void
put_line(struct bytes line, struct buf *out)
{
	size_t from = 0;

	while (from < line.n) {
		size_t tab = MIN(bytes_find_byte(line, '\t', from), line.n);

		text_escape(bytes_sub(line, from, tab), CARET_WIDTH, out);
		if (tab < line.n)
			buf_u8(out, ' ');
		from = tab + 1;
	}
}

/* The line around `off` and a caret, both cut to what a terminal shows. */
static void
caret(struct bytes text, uint32_t off, uint32_t col, struct buf *out)
{
	size_t from = off - (col - 1), end = bytes_find_byte(text, '\n', MIN(from, text.n));
	size_t skip = col > CARET_WIDTH - 20 ? col - (CARET_WIDTH - 20) : 0;
	struct bytes line = bytes_sub(text, from + skip, MIN(end, text.n));

	buf_str(out, "\n\t");
	put_line(bytes_sub(line, 0, CARET_WIDTH), out);
	buf_str(out, "\n\t");
	for (size_t i = 0; i + 1 + skip < col; i++)
		buf_u8(out, ' ');
	buf_u8(out, '^');
}

status
source_error(const struct source *src, uint32_t off, struct err *err, enum err_class cls,
             const char *id, const char *fmt, ...)
{
	CLEANUP(buf_done) struct buf shown = {0};
	char text[400];
	const char *class = rego_error_class(id);
	uint32_t line, col;
	va_list ap;
	status s;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	lex_position(src->text, off, &line, &col);
	caret(src->text, off, col, &shown);
	s = err_set(err, cls, id, "%s%s%s%s", class ? class : "", class ? ": " : "", text,
	            buf_cstr(&shown));
	return err_at(err, s, "%s:%u:%u", src->name, line, col);
}
