/* SPDX-License-Identifier: Apache-2.0 */
/* yaml_core_write(): block style with two spaces a level, strings plain where they can be. */
#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "re/unicode.h"
#include "rego/builtin_groups.h"
#include "rego/codec.h"
#include "rego/format.h"
#include "rego/yaml_core.h"

enum { SIMPLE_KEY = 128 };

/* ---- the order of keys: letters behind the rest, numbers inside words by value ---- */

static bool
in_category(uint32_t cp, const char *letters)
{
	for (size_t i = 0; i < unicode_table_count; i++) {
		struct unicode_walk w = unicode_walk(&unicode_tables[i]);
		uint32_t lo, hi;

		if (!unicode_table_is(&unicode_tables[i], bytes_str(letters)))
			continue;
		while (unicode_walk_next(&w, &lo, &hi) && lo <= cp)
			if (cp <= hi)
				return true;
	}
	return false;
}

static bool
is_letter(int32_t cp)
{
	int32_t lower = cp | 0x20;

	return cp < 0x80 ? lower >= 'a' && lower <= 'z' : in_category((uint32_t)cp, "L");
}

static bool
is_number(int32_t cp)
{
	return cp < 0x80 ? cp >= '0' && cp <= '9' : in_category((uint32_t)cp, "Nd");
}

/* The code point before `at`. */
static int32_t
before(struct bytes t, size_t *at)
{
	size_t from = *at;

	do
		from--;
	while (from > 0 && (t.p[from] & 0xc0) == 0x80);
	*at = from;
	return utf8_next(t, &from);
}

/* Value of the digits at `at`, moved behind them, and how many there are. */
static int64_t
digits_at(struct bytes t, size_t at, uint64_t v, size_t *n)
{
	for (*n = 0; at < t.n; (*n)++) {
		int32_t cp = utf8_next(t, &at);

		if (!is_number(cp))
			break;
		v = v * 10 + (uint64_t)(cp - '0');
	}
	return (int64_t)v;
}

/* A zero that differs counts as a digit behind others, not as one in front. */
static uint64_t
digits_lead(struct bytes t, size_t at)
{
	while (at > 0) {
		int32_t cp = before(t, &at);

		if (!is_number(cp))
			return 0;
		if (cp != '0')
			return 1;
	}
	return 0;
}

static int
key_order(struct bytes a, struct bytes b)
{
	bool digits = false;
	size_t at = 0;

	while (at < a.n && at < b.n) {
		size_t x = at, y = at, na, nb;
		int32_t p = utf8_next(a, &x), q = utf8_next(b, &y);
		bool al, bl;
		uint64_t lead;
		int64_t va, vb;

		if (p == q) {
			digits = is_number(p);
			at = x;
			continue;
		}
		al = is_letter(p);
		bl = is_letter(q);
		if (al && bl)
			return p < q ? -1 : 1;
		if (al || bl)
			return (digits ? al : bl) ? -1 : 1;
		lead = p == '0' || q == '0' ? digits_lead(a, at) : 0;
		va = digits_at(a, at, lead, &na);
		vb = digits_at(b, at, lead, &nb);
		if (va != vb)
			return va < vb ? -1 : 1;
		if (na != nb)
			return na < nb ? -1 : 1;
		return p < q ? -1 : 1;
	}
	return a.n < b.n ? -1 : a.n > b.n;
}

/* ---- scalars ---- */

/* What the emitter asks of a text. */
struct shape {
	bool plain, single, block; /* styles that could show it */
	bool lines;                /* more than one */
};

static bool
is_printable(int32_t cp)
{
	return cp == '\n' || (cp >= 0x20 && cp <= 0x7e) ||
	       (cp >= 0xa0 && cp <= 0xfffd && cp != 0xfeff);
}

static bool
is_break(int32_t cp)
{
	return cp == '\n' || cp == '\r' || cp == 0x85 || cp == 0x2028 || cp == 0x2029;
}

/* Indicators that end a plain scalar before it begins, or in the middle. */
static bool
has_indicators(struct bytes t)
{
	if (bytes_starts(t, BYTES("---")) || bytes_starts(t, BYTES("...")) ||
	    bytes_find_byte(BYTES("#,[]{}&*!|>'\"%@`"), t.p[0], 0) != SIZE_MAX)
		return true;
	for (size_t i = 0; i < t.n; i++) {
		bool blank = i + 1 == t.n || t.p[i + 1] == ' ' || t.p[i + 1] == '\t';

		if (blank && (t.p[i] == ':' || (i == 0 && (t.p[0] == '?' || t.p[0] == '-'))))
			return true;
		if (t.p[i] == '#' && i > 0 &&
		    (t.p[i - 1] == ' ' || t.p[i - 1] == '\t' || t.p[i - 1] == '\n' ||
		     t.p[i - 1] == '\r'))
			return true;
	}
	return false;
}

static struct shape
shape_of(struct bytes t)
{
	bool special = false, tabs = false, breaks = false, space_break = false,
	     break_space = false, was_space = false, was_break = false;
	bool edge = t.p[0] == ' ' || t.p[t.n - 1] == ' ';

	for (size_t at = 0; at < t.n;) {
		size_t from = at;
		int32_t cp = utf8_next(t, &at);
		bool is_space = cp == ' ', line = is_break(cp);

		if (cp == '\t')
			tabs = true;
		else
			special |= !is_printable(cp);
		break_space |= is_space && was_break;
		space_break |= line && was_space;
		edge |= line && (from == 0 || at == t.n);
		breaks |= line;
		was_space = is_space;
		was_break = line;
	}
	return (struct shape){
	        .plain = !edge && !break_space && !space_break && !tabs && !special && !breaks &&
	                 !has_indicators(t),
	        .single = !break_space && !space_break && !tabs && !special,
	        .block = t.p[t.n - 1] != ' ' && !space_break && !special,
	        .lines = breaks,
	};
}

static void
put_double(struct bytes t, struct buf *out)
{
	static const char letters[] = "abtnvfr";
	bool all =
	        bytes_starts(t, BYTES("\xef\xbb\xbf")); /* behind a BOM nothing counts as shown */

	buf_u8(out, '"');
	for (size_t at = 0; at < t.n && buf_ok(out);) {
		size_t from = at;
		int32_t cp = utf8_next(t, &at);
		uint32_t u = cp < 0 ? 0xfffd : (uint32_t)cp;

		if (cp == '"' || cp == '\\')
			buf_printf(out, "\\%c", (int)cp);
		else if (!all && is_printable(cp) && !is_break(cp))
			buf_bytes(out, bytes_sub(t, from, at));
		else if (cp >= 7 && cp <= 13)
			buf_printf(out, "\\%c", letters[cp - 7]);
		else if (cp == 0 || cp == 0x1b || cp == 0x85 || cp == 0xa0)
			buf_printf(out, "\\%c",
			           cp == 0      ? '0'
			           : cp == 0x1b ? 'e'
			           : cp == 0x85 ? 'N'
			                        : '_');
		else if (cp == 0x2028 || cp == 0x2029)
			buf_str(out, cp == 0x2028 ? "\\L" : "\\P");
		else
			buf_printf(out,
			           u <= 0xff     ? "\\x%02X"
			           : u <= 0xffff ? "\\u%04X"
			                         : "\\U%08X",
			           u);
	}
	buf_u8(out, '"');
}

static void
put_indent(uint32_t depth, struct buf *out)
{
	for (uint32_t i = 0; i < depth && buf_ok(out); i++)
		buf_str(out, "  ");
}

/* The line and paragraph separators are line breaks, behind which the text is indented. */
static void
put_line(struct bytes t, uint32_t depth, bool quoted, struct buf *out)
{
	bool broken = false;

	for (size_t at = 0; at < t.n && buf_ok(out);) {
		size_t from = at;
		bool is = is_break(utf8_next(t, &at));

		if (broken && !is)
			put_indent(depth, out);
		broken = is;
		if (quoted && t.p[from] == '\'')
			buf_u8(out, '\'');
		buf_bytes(out, bytes_sub(t, from, at));
	}
}

static void
put_single(struct bytes t, uint32_t depth, struct buf *out)
{
	buf_u8(out, '\'');
	put_line(t, depth, true, out);
	buf_u8(out, '\'');
}

static void
put_literal(struct bytes t, uint32_t depth, struct buf *out)
{
	bool end = t.p[t.n - 1] == '\n', more = t.n == 1 || t.p[t.n - 2] == '\n';

	buf_u8(out, '|');
	if (t.p[0] == ' ' || is_break(utf8_next(t, &(size_t){0})))
		buf_u8(out, '2');
	if (!end || more)
		buf_u8(out, end ? '+' : '-');
	for (size_t at = 0; at < t.n && buf_ok(out);) {
		size_t stop = bytes_find_byte(t, '\n', at);

		buf_u8(out, '\n');
		if (stop != at) {
			put_indent(depth, out);
			put_line(bytes_sub(t, at, stop), depth, false, out);
		}
		at = stop == SIZE_MAX ? t.n : stop + 1;
	}
}

/* y, n, on, off: booleans of YAML 1.1, quoted for others to read. */
static bool
is_old_bool(struct bytes t)
{
	static const char *const words[] = {"y", "Y", "yes", "Yes", "YES", "on",  "On",  "ON",
	                                    "n", "N", "no",  "No",  "NO",  "off", "Off", "OFF"};

	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (bytes_is(t, words[i]))
			return true;
	return false;
}

/* 190:20:30.15, a number of YAML 1.1. */
static bool
is_base60(struct bytes t)
{
	size_t i = t.n > 0 && (t.p[0] == '-' || t.p[0] == '+') ? 1 : 0, parts = 0;

	if (i >= t.n || t.p[i] < '0' || t.p[i] > '9')
		return false;
	while (i < t.n && ((t.p[i] >= '0' && t.p[i] <= '9') || t.p[i] == '_'))
		i++;
	for (; i < t.n && t.p[i] == ':'; parts++) {
		size_t from = ++i;

		while (i < t.n && t.p[i] >= '0' && t.p[i] <= '9')
			i++;
		if (i == from || i - from > 2 || (i - from == 2 && t.p[from] > '5'))
			return false;
	}
	if (i < t.n && t.p[i] == '.')
		for (i++; i < t.n && ((t.p[i] >= '0' && t.p[i] <= '9') || t.p[i] == '_'); i++)
			;
	return i == t.n && parts > 0;
}

static void
put_string(struct bytes t, uint32_t depth, bool key, struct buf *out)
{
	struct shape s;

	if (t.n == 0) {
		buf_str(out, "\"\"");
		return;
	}
	s = shape_of(t);
	if (bytes_find_byte(t, '\n', 0) != SIZE_MAX) {
		if (s.block && !key)
			put_literal(t, depth, out);
		else
			put_double(t, out);
	} else if (yaml_core_resolve(t).type != CORE_STR || is_old_bool(t) || is_base60(t)) {
		put_double(t, out);
	} else if (s.plain && !(key && s.lines)) {
		buf_bytes(out, t);
	} else if (s.single && !(key && s.lines)) {
		put_single(t, depth, out);
	} else {
		put_double(t, out);
	}
}

/* Numbers as the reader of YAML takes the text of their JSON. */
static void
put_number(const struct value *v, struct buf *out)
{
	CLEANUP(buf_done) struct buf text = {0};
	struct yaml_core c;

	value_number_text(v, &text);
	c = yaml_core_resolve(buf_view(&text));
	if (c.type == CORE_INT) {
		buf_printf(out, "%s%lu", c.negative && c.magnitude ? "-" : "", c.magnitude);
	} else if (c.type == CORE_FLOAT) {
		if (signbit(c.real))
			buf_u8(out, '-');
		format_float(fabs(c.real), 'g', -1, out);
	} else {
		buf_bytes(out, buf_view(&text));
	}
}

/* ---- collections ---- */

struct writer {
	struct buf *out;
	const char *why;
};

struct pair {
	struct bytes name;
	struct buf own;
	uint32_t at;
};

static int
by_name(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int order = key_order(x->name, y->name);

	return order != 0 ? order : x->at < y->at ? -1 : 1;
}

/* Characters that the reader of YAML refuses, wherever they stand. */
static bool
is_readable(struct bytes t)
{
	for (size_t at = 0; at < t.n;) {
		int32_t cp = utf8_next(t, &at);

		if ((cp >= 0x7f && cp < 0xa0 && cp != 0x85) || cp == 0xfffe || cp == 0xffff)
			return false;
	}
	return true;
}

static bool
readable(struct writer *w, struct bytes t)
{
	if (!is_readable(t))
		w->why = "control characters are not allowed";
	return !w->why;
}

static bool
is_next_line(struct bytes t, size_t at)
{
	return at + 1 < t.n && t.p[at] == 0xc2 && t.p[at + 1] == 0x85;
}

/*
 * U+0085 is a line break to the reader: one becomes a blank, of several the first goes and the
 * others become ends of lines; blanks around them go too.
 */
static void
fold(struct bytes t, struct buf *out)
{
	for (size_t at = 0; at < t.n;) {
		size_t from = at, breaks = 0;

		while (at < t.n && (t.p[at] == ' ' || is_next_line(t, at))) {
			breaks += t.p[at] != ' ';
			at += t.p[at] == ' ' ? 1 : 2;
		}
		if (breaks == 0)
			buf_bytes(out, bytes_sub(t, from, at));
		else if (breaks == 1)
			buf_u8(out, ' ');
		for (size_t i = 1; i < breaks; i++)
			buf_u8(out, '\n');
		if (at < t.n)
			buf_u8(out, t.p[at++]);
	}
}

static void put_node(struct writer *w, const struct value *v, uint32_t depth, bool on_line);

/* Behind "key:" or "-": scalars and empty collections on the line, others below or beside. */
static void
put_inner(struct writer *w, const struct value *v, uint32_t depth, bool beside)
{
	bool block = value_is_collection(v) && v->n > 0;

	buf_u8(w->out, block && !beside ? '\n' : ' ');
	put_node(w, v, depth + 1, block && beside);
	if (!block)
		buf_u8(w->out, '\n');
}

static void
put_pair(struct writer *w, struct bytes name, const struct value *v, uint32_t depth)
{
	bool lines = name.n > 0 && shape_of(name).lines;

	if (bytes_find(name, BYTES("\xc2\x85"), 0) != SIZE_MAX)
		w->why = "could not find expected ':'"; /* a name has one line */
	if (!readable(w, name))
		return;
	if (name.n <= SIMPLE_KEY && !lines) {
		put_string(name, depth + 1, true, w->out);
		buf_u8(w->out, ':');
		put_inner(w, v, depth, false);
		return;
	}
	buf_str(w->out, "? ");
	put_string(name, depth + 1, false, w->out);
	buf_u8(w->out, '\n');
	put_indent(depth, w->out);
	buf_u8(w->out, ':');
	put_inner(w, v, depth, true);
}

static void
put_object(struct writer *w, const struct value *v, uint32_t depth, bool on_line)
{
	struct pair *pairs = mem_try_alloc(v->n * sizeof *pairs);

	if (!pairs) {
		w->out->failed = true;
		return;
	}
	for (uint32_t i = 0; i < v->n; i++) {
		const struct value *key = &v->u.members[i].key;

		pairs[i] = (struct pair){.at = i, .own.max = w->out->max};
		if (key->type != VALUE_STRING)
			codec_json_text(key, NULL, &pairs[i].own);
		pairs[i].name =
		        key->type == VALUE_STRING ? string_bytes(key) : buf_view(&pairs[i].own);
		w->out->failed |= !buf_ok(&pairs[i].own);
	}
	qsort(pairs, v->n, sizeof *pairs, by_name);
	for (uint32_t i = 0; i < v->n && buf_ok(w->out) && !w->why; i++) {
		/* Names that are the same in JSON: the last one counts. */
		if (i + 1 < v->n && bytes_equal(pairs[i].name, pairs[i + 1].name))
			continue;
		if (!on_line)
			put_indent(depth, w->out);
		on_line = false;
		put_pair(w, pairs[i].name, &v->u.members[pairs[i].at].val, depth);
	}
	for (uint32_t i = 0; i < v->n; i++)
		buf_done(&pairs[i].own);
	mem_free(pairs);
}

/* `on_line`: the first item stands on the line that is open. */
static void
put_node(struct writer *w, const struct value *v, uint32_t depth, bool on_line)
{
	if (v->type == VALUE_STRING) {
		CLEANUP(buf_done) struct buf folded = {.max = w->out->max};
		struct bytes t = string_bytes(v);

		if (bytes_find(t, BYTES("\xc2\x85"), 0) != SIZE_MAX) {
			fold(t, &folded);
			w->out->failed |= !buf_ok(&folded);
			t = buf_view(&folded);
		}
		if (readable(w, t))
			put_string(t, MAX(depth, 1U), false, w->out);
	} else if (v->type == VALUE_NUMBER) {
		put_number(v, w->out);
	} else if (!value_is_collection(v)) {
		value_json(v, w->out);
	} else if (v->n == 0) {
		buf_str(w->out, v->type == VALUE_OBJECT ? "{}" : "[]");
	} else if (v->type == VALUE_OBJECT) {
		put_object(w, v, depth, on_line);
	} else {
		for (uint32_t i = 0; i < v->n && buf_ok(w->out) && !w->why; i++) {
			if (i > 0 || !on_line)
				put_indent(depth, w->out);
			buf_u8(w->out, '-');
			put_inner(w, &v->u.items[i], depth, true);
		}
	}
}

bool
yaml_core_write(const struct value *v, struct buf *out, const char **why)
{
	struct writer w = {.out = out};

	put_node(&w, v, 0, false);
	if (!value_is_collection(v) || v->n == 0)
		buf_u8(out, '\n');
	*why = w.why;
	return !w.why;
}
