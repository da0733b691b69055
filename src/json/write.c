/* SPDX-License-Identifier: Apache-2.0 */
#include "json/value.h"

#include <stdlib.h>

void
json_write_string(struct bytes text, struct buf *out)
{
	size_t from = 0;

	buf_u8(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		buf_add(out, text.p + from, i - from);
		from = i + 1;
		if (c == '"' || c == '\\') {
			buf_u8(out, '\\');
			buf_u8(out, c);
		} else if (c == '\n') {
			buf_str(out, "\\n");
		} else if (c == '\r') {
			buf_str(out, "\\r");
		} else if (c == '\t') {
			buf_str(out, "\\t");
		} else {
			buf_printf(out, "\\u%04x", c);
		}
	}
	if (text.n > from)
		buf_add(out, text.p + from, text.n - from);
	buf_u8(out, '"');
}

static void
new_line(unsigned int style, unsigned int depth, struct buf *out)
{
	if (!(style & JSON_INDENT))
		return;
	buf_u8(out, '\n');
	for (unsigned int i = 0; i < depth; i++)
		buf_str(out, "  ");
}

static void write_value(const struct value *v, unsigned int style, unsigned int depth,
                        struct buf *out);

static void
write_items(const struct value *v, unsigned int style, unsigned int depth, struct buf *out)
{
	buf_u8(out, '[');
	for (uint32_t i = 0; i < v->n; i++) {
		if (i > 0)
			buf_u8(out, ',');
		new_line(style, depth + 1, out);
		write_value(&v->u.items[i], style, depth + 1, out);
	}
	if (v->n > 0)
		new_line(style, depth, out);
	buf_u8(out, ']');
}

static void
write_member(const struct member *m, unsigned int style, unsigned int depth, struct buf *out)
{
	CLEANUP(buf_done) struct buf key = {0};

	if (m->key.type == VALUE_STRING) {
		json_write_string(json_text(&m->key), out);
	} else {
		write_value(&m->key, JSON_COMPACT, 0, &key);
		json_write_string(buf_view(&key), out);
	}
	buf_str(out, style & JSON_INDENT ? ": " : ":");
	write_value(&m->val, style, depth, out);
}

static int
by_name(const void *a, const void *b)
{
	const struct member *const *x = a;
	const struct member *const *y = b;

	return bytes_cmp(json_text(&(*x)->key), json_text(&(*y)->key));
}

static void
write_members(const struct value *v, unsigned int style, unsigned int depth, struct buf *out)
{
	const struct member **order = NULL;

	if (style & JSON_SORT) {
		order = mem_try_alloc(v->n * sizeof(void *));
		if (!order) {
			out->failed = true;
			return;
		}
		for (uint32_t i = 0; i < v->n; i++)
			order[i] = &v->u.members[i];
		qsort(order, v->n, sizeof(void *), by_name);
	}
	buf_u8(out, '{');
	for (uint32_t i = 0; i < v->n; i++) {
		if (i > 0)
			buf_u8(out, ',');
		new_line(style, depth + 1, out);
		write_member(order ? order[i] : &v->u.members[i], style, depth + 1, out);
	}
	if (v->n > 0)
		new_line(style, depth, out);
	buf_u8(out, '}');
	mem_free(order);
}

static void
write_value(const struct value *v, unsigned int style, unsigned int depth, struct buf *out)
{
	switch ((enum value_type)v->type) {
	case VALUE_UNDEFINED:
	case VALUE_NULL:
		buf_str(out, "null");
		break;
	case VALUE_BOOL:
		buf_str(out, v->u.b ? "true" : "false");
		break;
	case VALUE_NUMBER:
		if (v->flags & VALUE_INT)
			buf_printf(out, "%lld", (long long)v->u.i);
		else
			buf_bytes(out, json_text(v));
		break;
	case VALUE_STRING:
		json_write_string(json_text(v), out);
		break;
	case VALUE_ARRAY:
	case VALUE_SET:
		write_items(v, style, depth, out);
		break;
	case VALUE_OBJECT:
		write_members(v, style, depth, out);
		break;
	}
}

void
json_write(const struct value *v, unsigned int style, struct buf *out)
{
	write_value(v, style, 0, out);
}
