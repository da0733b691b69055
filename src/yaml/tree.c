/* SPDX-License-Identifier: Apache-2.0 */
#include "yaml/tree.h"

#include "base/text.h"

int32_t
yaml_find(const struct yaml_node *m, struct bytes key)
{
	if (!m || m->kind != YAML_MAP)
		return -1;
	for (uint32_t i = 0; i < m->n; i++)
		if (bytes_equal(m->kids[i].key->text, key))
			return (int32_t)i;
	return -1;
}

struct yaml_node *
yaml_get_bytes(const struct yaml_node *m, struct bytes key)
{
	int32_t i = yaml_find(m, key);

	return i < 0 ? NULL : m->kids[i].val;
}

struct yaml_node *
yaml_get(const struct yaml_node *m, const char *key)
{
	return yaml_get_bytes(m, bytes_str(key));
}

struct yaml_node *
yaml_item(const struct yaml_node *s, size_t i)
{
	return s && s->kind == YAML_SEQ && i < s->n ? s->kids[i].val : NULL;
}

/* ---- meaning of plain scalars ---- */

static bool
one_of(struct bytes text, const char *const *words)
{
	for (; *words; words++)
		if (bytes_is(text, *words))
			return true;
	return false;
}

static bool
all_in(struct bytes text, size_t from, const char *set)
{
	for (size_t i = from; i < text.n; i++)
		if (bytes_find_byte(bytes_str(set), text.p[i], 0) == SIZE_MAX)
			return false;
	return text.n > from;
}

static bool
is_int(struct bytes t)
{
	size_t at = t.n > 0 && (t.p[0] == '-' || t.p[0] == '+');

	if (t.n >= at + 2 && t.p[at] == '0') {
		uint8_t c = t.p[at + 1];

		if (c == 'x' || c == 'X')
			return all_in(t, at + 2, "0123456789abcdefABCDEF_");
		if (c == 'b' || c == 'B')
			return all_in(t, at + 2, "01_");
		if (c == 'o' || c == 'O')
			return all_in(t, at + 2, "01234567_");
	}
	return t.n > at && t.p[at] != '_' && all_in(t, at, "0123456789_");
}

static size_t
skip_digits(struct bytes t, size_t at)
{
	while (at < t.n && ((t.p[at] >= '0' && t.p[at] <= '9') || t.p[at] == '_'))
		at++;
	return at;
}

static bool
is_float(struct bytes t)
{
	static const char *const words[] = {".inf",  ".Inf",  ".INF",  "+.inf", "+.Inf",
	                                    "+.INF", "-.inf", "-.Inf", "-.INF", ".nan",
	                                    ".NaN",  ".NAN",  NULL};
	size_t at = t.n > 0 && (t.p[0] == '-' || t.p[0] == '+');
	size_t whole = skip_digits(t, at) - at;
	size_t part = 0;

	if (one_of(t, words))
		return true;
	at += whole;
	if (at < t.n && t.p[at] == '.') {
		part = skip_digits(t, at + 1) - at - 1;
		at += 1 + part;
	}
	if (whole + part == 0)
		return false;
	if (at < t.n && (t.p[at] == 'e' || t.p[at] == 'E')) {
		size_t from = at + 1 + (at + 1 < t.n && (t.p[at + 1] == '-' || t.p[at + 1] == '+'));

		at = skip_digits(t, from);
		if (at == from)
			return false;
	}
	return at == t.n;
}

enum yaml_type
yaml_resolve(struct bytes text)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
	static const char *const bools[] = {"true", "True", "TRUE", "false", "False", "FALSE",
	                                    "y",    "Y",    "yes",  "Yes",   "YES",   "n",
	                                    "N",    "no",   "No",   "NO",    "on",    "On",
	                                    "ON",   "off",  "Off",  "OFF",   NULL};

	if (one_of(text, nulls))
		return YAML_NULL;
	if (text.n <= 5 && one_of(text, bools))
		return YAML_BOOL;
	if (text.n <= 64 && is_int(text))
		return YAML_INT;
	if (text.n <= 64 && is_float(text))
		return YAML_FLOAT;
	return YAML_STR;
}

enum yaml_type
yaml_type(const struct yaml_node *n)
{
	if (!n)
		return YAML_NULL;
	if (n->tag != 0)
		return n->tag >= YAML_TAG_BINARY ? YAML_STR : (enum yaml_type)(n->tag - 1);
	if (n->kind != YAML_SCALAR || n->style != YAML_PLAIN)
		return YAML_STR;
	return yaml_resolve(n->text);
}

bool
yaml_is_null(const struct yaml_node *n)
{
	return !n || (n->kind == YAML_SCALAR && yaml_type(n) == YAML_NULL);
}

const char *
yaml_what(const struct yaml_node *n)
{
	if (!n)
		return "nothing";
	if (n->kind == YAML_SEQ)
		return "a list";
	if (n->kind == YAML_MAP)
		return "a mapping";
	switch (yaml_type(n)) {
	case YAML_STR:
		return "a string";
	case YAML_NULL:
		return "null";
	case YAML_BOOL:
		return "a boolean";
	case YAML_INT:
	case YAML_FLOAT:
		return "a number";
	}
	return "nothing";
}

bool
yaml_equal(const struct yaml_node *a, const struct yaml_node *b)
{
	if (a == b)
		return true;
	if (!a || !b || a->kind != b->kind || a->n != b->n)
		return false;
	if (a->kind == YAML_SCALAR)
		return yaml_type(a) == yaml_type(b) &&
		       (bytes_equal(a->text, b->text) || yaml_type(a) == YAML_NULL);
	for (uint32_t i = 0; i < a->n; i++) {
		const struct yaml_node *other = b->kids[i].val;

		/* Pairs usually stand in the same order; else look for the key. */
		if (a->kind == YAML_MAP && !bytes_equal(a->kids[i].key->text, b->kids[i].key->text))
			other = yaml_get_bytes(b, a->kids[i].key->text);
		if (!other || !yaml_equal(a->kids[i].val, other))
			return false;
	}
	return true;
}

status
yaml_at(struct err *err, status s, const struct yaml_node *n)
{
	if (!n || !n->from_text)
		return s;
	return err_at(err, s, "%u:%u", n->line, n->col);
}
