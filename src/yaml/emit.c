/* SPDX-License-Identifier: Apache-2.0 */
#include "yaml/emit.h"

#include "base/text.h"

void
yaml_emit_spaces(uint32_t n, struct buf *out)
{
	while (n-- > 0)
		buf_u8(out, ' ');
}

/* ---- scalars ---- */

static bool
is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Conservative: what is not surely a plain string is quoted. */
static bool
plain_is_safe(struct bytes t, bool in_flow)
{
	const char *inner =
	        in_flow ? " _-./=+@$()^%~;:*&!<>?|'\"\\" : " _-./=+@$()^%~;:*&!<>?|'\"\\,[]{}";
	bool dash = t.n > 1 && t.p[0] == '-' && t.p[1] != ' ' && !in_flow;

	if (t.n == 0 || yaml_resolve(t) != YAML_STR)
		return false;
	if (!dash && !is_alnum(t.p[0]) && t.p[0] != '/' && t.p[0] != '_' && t.p[0] != '.' &&
	    t.p[0] != '$')
		return false;
	if (t.p[t.n - 1] == ' ' || t.p[t.n - 1] == ':')
		return false;
	if (bytes_starts(t, BYTES("---")) || bytes_starts(t, BYTES("...")))
		return false;
	for (size_t i = 0; i < t.n; i++) {
		if (!is_alnum(t.p[i]) && bytes_find_byte(bytes_str(inner), t.p[i], 0) == SIZE_MAX)
			return false;
		if (t.p[i] == ':' && (in_flow || (i + 1 < t.n && t.p[i + 1] == ' ')))
			return false;
	}
	return true;
}

/* What libyaml refuses to read raw, or folds as a line break. */
static bool
needs_escape(int32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0x2028 || c == 0x2029 ||
	       (c >= 0xfff0 && c <= 0xffff) || c == 0xfeff || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

static void
quote(struct bytes t, struct buf *out)
{
	size_t at = 0;

	buf_u8(out, '"');
	while (at < t.n) {
		size_t from = at;
		int32_t c = utf8_next(t, &at);

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", (char)c);
		else if (c == '\n')
			buf_str(out, "\\n");
		else if (c == '\t')
			buf_str(out, "\\t");
		else if (c == '\r')
			buf_str(out, "\\r");
		else if (needs_escape(c))
			buf_printf(out, "\\u%04x", (unsigned int)(c < 0 ? 0xfffd : c));
		else
			buf_bytes(out, bytes_sub(t, from, at));
	}
	buf_u8(out, '"');
}

static void
emit_scalar(const struct yaml_node *n, bool in_flow, struct buf *out)
{
	if (yaml_type(n) != YAML_STR)
		buf_bytes(out, n->text.n > 0 ? n->text : BYTES("null"));
	else if (plain_is_safe(n->text, in_flow))
		buf_bytes(out, n->text);
	else
		quote(n->text, out);
}

/* Single quotes hold any text of one line without control characters. */
static bool
single_fits(struct bytes t)
{
	size_t at = 0;

	while (at < t.n)
		if (needs_escape(utf8_next(t, &at)))
			return false;
	return true;
}

void
yaml_emit_like(const struct yaml_node *n, enum yaml_style before, bool in_flow, struct buf *out)
{
	if (n->kind != YAML_SCALAR || yaml_type(n) != YAML_STR ||
	    (before != YAML_DOUBLE && before != YAML_SINGLE)) {
		yaml_emit_inline(n, in_flow, out);
		return;
	}
	if (before == YAML_DOUBLE || !single_fits(n->text)) {
		quote(n->text, out);
		return;
	}
	buf_u8(out, '\'');
	for (size_t i = 0; i < n->text.n; i++) {
		if (n->text.p[i] == '\'')
			buf_u8(out, '\'');
		buf_u8(out, n->text.p[i]);
	}
	buf_u8(out, '\'');
}

/* ---- collections ---- */

bool
yaml_is_inline(const struct yaml_node *n)
{
	return n->kind == YAML_SCALAR || n->n == 0 || n->style == YAML_FLOW;
}

void
yaml_emit_inline(const struct yaml_node *n, bool in_flow, struct buf *out)
{
	bool map = n->kind == YAML_MAP;

	if (n->kind == YAML_SCALAR) {
		emit_scalar(n, in_flow, out);
		return;
	}
	buf_u8(out, map ? '{' : '[');
	for (uint32_t i = 0; i < n->n; i++) {
		if (i > 0)
			buf_str(out, ", ");
		if (map) {
			emit_scalar(n->kids[i].key, true, out);
			buf_str(out, ": ");
		}
		yaml_emit_inline(n->kids[i].val, true, out);
	}
	buf_u8(out, map ? '}' : ']');
}

void
yaml_emit_value(const struct yaml_node *n, uint32_t key_col, const struct yaml_layout *l,
                struct buf *out)
{
	uint32_t col = key_col + (n->kind == YAML_MAP ? l->step : l->seq_off);

	if (yaml_is_inline(n)) {
		buf_u8(out, ' ');
		yaml_emit_inline(n, false, out);
		return;
	}
	buf_str(out, l->nl);
	yaml_emit_spaces(col, out);
	yaml_emit_block(n, col, l, out);
}

void
yaml_emit_pair(const struct yaml_kid *k, uint32_t col, const struct yaml_layout *l, struct buf *out)
{
	emit_scalar(k->key, false, out);
	buf_u8(out, ':');
	yaml_emit_value(k->val, col, l, out);
}

void
yaml_emit_item(const struct yaml_node *n, uint32_t col, const struct yaml_layout *l,
               struct buf *out)
{
	buf_str(out, "- ");
	if (yaml_is_inline(n))
		yaml_emit_inline(n, false, out);
	else
		yaml_emit_block(n, col + 2, l, out);
}

void
yaml_emit_block(const struct yaml_node *n, uint32_t col, const struct yaml_layout *l,
                struct buf *out)
{
	for (uint32_t i = 0; i < n->n; i++) {
		if (i > 0) {
			buf_str(out, l->nl);
			yaml_emit_spaces(col, out);
		}
		if (n->kind == YAML_MAP)
			yaml_emit_pair(&n->kids[i], col, l, out);
		else
			yaml_emit_item(n->kids[i].val, col, l, out);
	}
}
