/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/graphql_lex.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

status
graphql_error_at(struct graphql_lexer *l, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return builtin_error(l->c, "%s in GraphQL string at location %ld:%ld", text, l->token_line,
	                     l->token_column);
}

static void
advance(struct graphql_lexer *l)
{
	bool newline = l->text.p[l->at] == '\n';

	(void)utf8_next(l->text, &l->at);
	l->line += newline;
	l->column = newline ? 1 : l->column + 1;
}

static void
advance_by(struct graphql_lexer *l, size_t n)
{
	size_t end = l->at + n;

	while (l->at < end && l->at < l->text.n)
		advance(l);
}

static uint8_t
peek(const struct graphql_lexer *l, size_t ahead)
{
	return l->at + ahead < l->text.n ? l->text.p[l->at + ahead] : 0;
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_name(uint8_t c)
{
	return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
}

/* White space, commas, the byte order mark, comments. */
static void
skip_ignored(struct graphql_lexer *l)
{
	while (l->at < l->text.n) {
		uint8_t c = l->text.p[l->at];

		if (c == '#') {
			while (l->at < l->text.n && l->text.p[l->at] != '\n' &&
			       l->text.p[l->at] != '\r')
				advance(l);
		} else if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',') {
			advance(l);
		} else if (bytes_starts(bytes_sub(l->text, l->at, l->text.n),
		                        BYTES("\xef\xbb\xbf"))) {
			advance(l);
		} else {
			return;
		}
	}
}

static status
digits(struct graphql_lexer *l)
{
	if (!is_digit(peek(l, 0))) {
		l->token_line = l->line;
		l->token_column = l->column;
		if (l->at >= l->text.n)
			return graphql_error_at(l,
			                        "Invalid number, expected digit but got: <EOF>.");
		return graphql_error_at(l, "Invalid number, expected digit but got: \"%c\".",
		                        peek(l, 0));
	}
	while (is_digit(peek(l, 0)))
		advance(l);
	return OK;
}

static status
number(struct graphql_lexer *l)
{
	size_t from = l->at;

	l->token = TOKEN_INT;
	if (peek(l, 0) == '-')
		advance(l);
	if (peek(l, 0) == '0') {
		advance(l);
		if (is_digit(peek(l, 0)))
			return graphql_error_at(l,
			                        "Invalid number, unexpected digit after 0: \"%c\".",
			                        peek(l, 0));
	} else {
		TRY(digits(l));
	}
	if (peek(l, 0) == '.') {
		l->token = TOKEN_FLOAT;
		advance(l);
		TRY(digits(l));
	}
	if ((peek(l, 0) | 0x20) == 'e') {
		l->token = TOKEN_FLOAT;
		advance(l);
		if (peek(l, 0) == '+' || peek(l, 0) == '-')
			advance(l);
		TRY(digits(l));
	}
	l->value = bytes_sub(l->text, from, l->at);
	return OK;
}

static status
escape(struct graphql_lexer *l, struct buf *out)
{
	static const char letters[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	uint8_t c = peek(l, 1), hex[2];

	for (size_t i = 0; i < sizeof letters - 1; i++) {
		if (c != (uint8_t)letters[i])
			continue;
		buf_u8(out, (uint8_t)values[i]);
		advance_by(l, 2);
		return OK;
	}
	if (c == 'u' && hex_decode(bytes_sub(l->text, l->at + 2, l->at + 6), hex, 2)) {
		utf8_put(out, (uint32_t)hex[0] << 8 | hex[1]);
		advance_by(l, 6);
		return OK;
	}
	return graphql_error_at(l, "Invalid character escape sequence: \\%c.", c ? c : ' ');
}

static status
string(struct graphql_lexer *l)
{
	CLEANUP(buf_done) struct buf out = {.max = GRAPHQL_MAX_TEXT};

	l->token = TOKEN_STRING;
	advance(l);
	l->token_column++; /* the place of a string is that of its first character */
	for (;;) {
		uint8_t c = peek(l, 0);

		if (l->at >= l->text.n || c == '\n' || c == '\r')
			return graphql_error_at(l, "Unterminated string.");
		if (c == '"')
			break;
		if (c < ' ' && c != '\t')
			return graphql_error_at(l, "Invalid character within String: \"\\u%04d\".",
			                        c);
		if (c == '\\') {
			TRY(escape(l, &out));
			continue;
		}
		buf_u8(&out, c);
		if ((peek(l, 1) & 0xc0) == 0x80 && c >= 0x80) {
			/* The rest of the character. */
			size_t from = l->at;

			advance(l);
			buf_bytes(&out, bytes_sub(l->text, from + 1, l->at));
			continue;
		}
		advance(l);
	}
	advance(l);
	l->value = arena_copy(l->c->arena, buf_view(&out));
	return arena_check(l->c->arena, l->c->err);
}

static struct bytes
next_line(struct bytes t, size_t *at)
{
	size_t end = bytes_find_byte(t, '\n', *at);
	struct bytes line = bytes_sub(t, *at, end);

	*at = end == SIZE_MAX ? t.n + 1 : end + 1;
	return line;
}

static size_t
leading(struct bytes line)
{
	size_t n = 0;

	while (n < line.n && (line.p[n] == ' ' || line.p[n] == '\t'))
		n++;
	return n;
}

/* Common indentation of all lines but the first; first and last text line; section 2.9.4. */
static void
dedent(struct bytes t, struct buf *out)
{
	size_t common = SIZE_MAX, no = 0, first = SIZE_MAX, last = 0;
	bool begun = false;

	for (size_t at = 0; at <= t.n; no++) {
		struct bytes line = next_line(t, &at);
		size_t n = leading(line);

		if (n == line.n)
			continue;
		if (no > 0)
			common = MIN(common, n);
		if (first == SIZE_MAX)
			first = no;
		last = no;
	}
	no = 0;
	for (size_t at = 0; at <= t.n; no++) {
		struct bytes line = next_line(t, &at);

		if (first == SIZE_MAX || no < first || no > last)
			continue;
		if (begun)
			buf_u8(out, '\n');
		begun = true;
		buf_bytes(out, no > 0 && common != SIZE_MAX
		                       ? bytes_sub(line, MIN(common, line.n), line.n)
		                       : line);
	}
}

static status
block(struct graphql_lexer *l)
{
	CLEANUP(buf_done) struct buf raw = {.max = GRAPHQL_MAX_TEXT};
	CLEANUP(buf_done) struct buf out = {.max = GRAPHQL_MAX_TEXT};

	l->token = TOKEN_BLOCK;
	advance_by(l, 3);
	l->token_column += 3;
	for (;;) {
		struct bytes rest = bytes_sub(l->text, l->at, l->text.n);
		size_t from = l->at;

		if (rest.n == 0)
			return graphql_error_at(l, "Unterminated string.");
		if (bytes_starts(rest, BYTES("\"\"\"")))
			break;
		if (bytes_starts(rest, BYTES("\\\"\"\""))) {
			buf_str(&raw, "\"\"\"");
			advance_by(l, 4);
			continue;
		}
		advance(l);
		if (rest.p[0] == '\r') {
			if (rest.n > 1 && rest.p[1] == '\n')
				continue;
			buf_u8(&raw, '\n');
			continue;
		}
		buf_bytes(&raw, bytes_sub(l->text, from, l->at));
	}
	advance_by(l, 3);
	dedent(buf_view(&raw), &out);
	l->value = arena_copy(l->c->arena, buf_view(&out));
	return arena_check(l->c->arena, l->c->err);
}

status
graphql_next(struct graphql_lexer *l)
{
	struct bytes rest;
	size_t from;

	skip_ignored(l);
	l->token_line = l->line;
	l->token_column = l->column;
	l->value = (struct bytes){NULL, 0};
	rest = bytes_sub(l->text, l->at, l->text.n);
	if (rest.n == 0) {
		l->token = TOKEN_EOF;
		return OK;
	}
	if (is_name(rest.p[0])) {
		from = l->at;
		while (is_name(peek(l, 0)) || is_digit(peek(l, 0)))
			advance(l);
		l->token = TOKEN_NAME;
		l->value = bytes_sub(l->text, from, l->at);
		return OK;
	}
	if (is_digit(rest.p[0]) || rest.p[0] == '-')
		return number(l);
	if (bytes_starts(rest, BYTES("\"\"\"")))
		return block(l);
	if (rest.p[0] == '"')
		return string(l);
	if (bytes_starts(rest, BYTES("..."))) {
		l->token = TOKEN_SPREAD;
		advance_by(l, 3);
		return OK;
	}
	if (bytes_find_byte(BYTES("!$&():=@[]{|}"), rest.p[0], 0) == SIZE_MAX) {
		if (rest.p[0] < ' ')
			return graphql_error_at(l,
			                        "Cannot contain the invalid character \"\\u%04d\"",
			                        rest.p[0]);
		if (rest.p[0] == '\'')
			return graphql_error_at(l, "Unexpected single quote character ('), did you "
			                           "mean to use a double quote (\")?");
		return graphql_error_at(l, "Cannot parse the unexpected character \"%c\".",
		                        rest.p[0]);
	}
	l->token = TOKEN_PUNCTUATION;
	l->value = bytes_sub(rest, 0, 1);
	advance(l);
	return OK;
}
