/* SPDX-License-Identifier: Apache-2.0 */
#include "toml/toml.h"

#include "base/text.h"

struct reader {
	struct arena *arena;
	struct bytes text;
	size_t at;
	struct toml_entry *entries;
	size_t n;
	struct bytes table;
	struct bytes tables[TOML_MAX_ENTRIES];
	size_t n_tables;
	struct err *err;
};

static uint32_t
line_at(const struct reader *r, size_t at, uint32_t *ret_col)
{
	uint32_t line = 1, col = 1;

	for (size_t i = 0; i < at; i++) {
		col++;
		if (r->text.p[i] == '\n') {
			line++;
			col = 1;
		}
	}
	*ret_col = col;
	return line;
}

static status
fail(struct reader *r, enum err_class cls, const char *id, const char *what)
{
	uint32_t col, line = line_at(r, r->at, &col);

	return err_at(r->err, err_set(r->err, cls, id, "%s", what), "%u:%u", line, col);
}

static int
peek(const struct reader *r, size_t ahead)
{
	return r->at + ahead < r->text.n ? r->text.p[r->at + ahead] : -1;
}

static bool
eat(struct reader *r, const char *what)
{
	if (!bytes_starts(bytes_sub(r->text, r->at, r->text.n), bytes_str(what)))
		return false;
	r->at += bytes_str(what).n;
	return true;
}

static void
skip_blanks(struct reader *r)
{
	while (peek(r, 0) == ' ' || peek(r, 0) == '\t')
		r->at++;
}

/* Blanks, an optional comment, then a line break or the end. */
static status
end_of_line(struct reader *r)
{
	skip_blanks(r);
	if (peek(r, 0) == '#')
		while (peek(r, 0) >= 0 && peek(r, 0) != '\n')
			r->at++;
	if (peek(r, 0) < 0 || eat(r, "\n") || eat(r, "\r\n"))
		return OK;
	return fail(r, ERR_PARSE, "E-TOML-005", "text behind the value");
}

/* ---- strings ---- */

static bool
is_control(int c)
{
	return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f;
}

static status
unicode_escape(struct reader *r, size_t digits, struct buf *out)
{
	uint32_t cp = 0;

	for (size_t i = 0; i < digits; i++, r->at++) {
		int c = peek(r, 0);
		uint32_t d;

		if (c >= '0' && c <= '9')
			d = (uint32_t)(c - '0');
		else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
			d = (uint32_t)((c | 0x20) - 'a' + 10);
		else
			return fail(r, ERR_PARSE, "E-TOML-003", "a hexadecimal digit is missing");
		cp = cp << 4 | d;
	}
	if (cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return fail(r, ERR_PARSE, "E-TOML-003", "not a Unicode scalar value");
	utf8_put(out, cp);
	return OK;
}

/* Behind a backslash. */
static status
escape(struct reader *r, bool multi, struct buf *out)
{
	static const char from[] = "btnfr\"\\", to[] = "\b\t\n\f\r\"\\";
	size_t i = peek(r, 0) < 0 ? SIZE_MAX
	                          : bytes_find_byte(bytes_str(from), (uint8_t)peek(r, 0), 0);

	if (i != SIZE_MAX) {
		r->at++;
		buf_u8(out, (uint8_t)to[i]);
		return OK;
	}
	if (eat(r, "u"))
		return unicode_escape(r, 4, out);
	if (eat(r, "U"))
		return unicode_escape(r, 8, out);
	if (multi) {
		/* A backslash at the end of a line eats white space up to the next text. */
		size_t start = r->at;

		skip_blanks(r);
		if (peek(r, 0) == '\n' || (peek(r, 0) == '\r' && peek(r, 1) == '\n')) {
			while (peek(r, 0) == ' ' || peek(r, 0) == '\t' || peek(r, 0) == '\n' ||
			       peek(r, 0) == '\r')
				r->at++;
			return OK;
		}
		r->at = start;
	}
	return fail(r, ERR_PARSE, "E-TOML-003", "no such escape sequence");
}

/* How many quotes stand here, three to five at the end of a block: the surplus is text. */
static size_t
closing(const struct reader *r, int quote, bool multi)
{
	size_t n = 0;

	while (peek(r, n) == quote)
		n++;
	if (!multi)
		return n > 0 ? 1 : 0;
	return n >= 3 ? MIN(n, 5) : 0;
}

static status
string(struct reader *r, struct bytes *ret)
{
	CLEANUP(buf_done) struct buf out = {0};
	int quote = peek(r, 0);
	bool multi = eat(r, "\"\"\"") || eat(r, "'''");
	size_t start, n;

	if (!multi)
		r->at++;
	else if (!eat(r, "\n"))
		(void)eat(r, "\r\n");
	start = r->at;
	while ((n = closing(r, quote, multi)) == 0) {
		int c = peek(r, 0);

		if (c == '\r' && peek(r, 1) != '\n')
			return fail(r, ERR_PARSE, "E-TOML-002", "a bare carriage return");
		if (c < 0 || (!multi && (c == '\n' || c == '\r')))
			return fail(r, ERR_PARSE, "E-TOML-002", "the string does not end");
		if (c != '\n' && c != '\r' && is_control(c))
			return fail(r, ERR_PARSE, "E-TOML-002", "a control character");
		r->at++;
		if (c == '\\' && quote == '"')
			TRY(escape(r, multi, &out));
		else
			buf_u8(&out, (uint8_t)c);
	}
	if (multi)
		for (size_t i = 3; i < n; i++)
			buf_u8(&out, (uint8_t)quote);
	r->at += n;
	TRY(buf_check(&out, r->err));
	*ret = bytes_sub(r->text, start, start + out.n);
	if (!bytes_equal(*ret, buf_view(&out)))
		*ret = arena_copy(r->arena, buf_view(&out));
	return arena_check(r->arena, r->err);
}

/* ---- keys, tables ---- */

static bool
is_bare(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '_' || c == '-';
}

static status
key(struct reader *r, struct bytes *ret)
{
	size_t start = r->at;

	if (peek(r, 0) == '"' || peek(r, 0) == '\'') {
		if (peek(r, 1) == peek(r, 0) && peek(r, 2) == peek(r, 0))
			return fail(r, ERR_PARSE, "E-TOML-001", "a block is no key");
		return string(r, ret);
	}
	while (is_bare(peek(r, 0)))
		r->at++;
	*ret = bytes_sub(r->text, start, r->at);
	if (ret->n == 0)
		return fail(r, ERR_PARSE, "E-TOML-001", "expected a key, a table or a comment");
	return OK;
}

static status
table(struct reader *r)
{
	if (peek(r, 0) == '[')
		return fail(r, ERR_UNSUPPORTED, "E-TOML-007", "arrays of tables are not used here");
	skip_blanks(r);
	TRY(key(r, &r->table));
	skip_blanks(r);
	if (peek(r, 0) == '.')
		return fail(r, ERR_UNSUPPORTED, "E-TOML-007", "nested tables are not used here");
	if (!eat(r, "]"))
		return fail(r, ERR_PARSE, "E-TOML-001", "expected ]");
	for (size_t i = 0; i < r->n_tables; i++)
		if (bytes_equal(r->tables[i], r->table))
			return fail(r, ERR_PARSE, "E-TOML-004", "the table occurs twice");
	if (r->n_tables == TOML_MAX_ENTRIES)
		return fail(r, ERR_LIMIT, "E-TOML-011", "too many tables");
	r->tables[r->n_tables++] = r->table;
	return end_of_line(r);
}

static status
pair(struct reader *r)
{
	struct toml_entry e = {.table = r->table};
	uint32_t col;

	e.line = line_at(r, r->at, &col);
	if (r->n == TOML_MAX_ENTRIES)
		return fail(r, ERR_LIMIT, "E-TOML-011", "too many keys");
	TRY(key(r, &e.key));
	for (size_t i = 0; i < r->n; i++)
		if (bytes_equal(r->entries[i].key, e.key) &&
		    bytes_equal(r->entries[i].table, e.table))
			return fail(r, ERR_PARSE, "E-TOML-004", "the key occurs twice");
	skip_blanks(r);
	if (peek(r, 0) == '.')
		return fail(r, ERR_UNSUPPORTED, "E-TOML-007", "dotted keys are not used here");
	if (!eat(r, "="))
		return fail(r, ERR_PARSE, "E-TOML-001", "expected =");
	skip_blanks(r);
	if (peek(r, 0) != '"' && peek(r, 0) != '\'')
		return fail(r, ERR_UNSUPPORTED, "E-TOML-007", "only strings are values here");
	TRY(string(r, &e.value));
	r->entries[r->n++] = e;
	return end_of_line(r);
}

status
toml_parse(struct arena *arena, struct bytes text, struct toml *ret, struct err *err)
{
	struct reader r = {.arena = arena, .text = text, .err = err};

	if (text.n > TOML_MAX_BYTES)
		return err_set(err, ERR_LIMIT, "E-TOML-010", "larger than 16 MiB");
	if (!utf8_valid(text))
		return err_set(err, ERR_PARSE, "E-TOML-006", "the document is not UTF-8");
	r.entries = arena_array(arena, TOML_MAX_ENTRIES, sizeof *r.entries);
	if (!r.entries)
		return arena_check(arena, err);
	while (r.at < text.n) {
		skip_blanks(&r);
		if (eat(&r, "["))
			TRY(table(&r));
		else if (peek(&r, 0) < 0 || peek(&r, 0) == '#' || peek(&r, 0) == '\n' ||
		         peek(&r, 0) == '\r')
			TRY(end_of_line(&r));
		else
			TRY(pair(&r));
	}
	*ret = (struct toml){r.entries, r.n};
	return OK;
}

const struct toml_entry *
toml_get(const struct toml *t, const char *table_name, const char *key_name)
{
	for (size_t i = 0; i < t->n; i++)
		if (bytes_is(t->entries[i].table, table_name) &&
		    bytes_is(t->entries[i].key, key_name))
			return &t->entries[i];
	return NULL;
}
