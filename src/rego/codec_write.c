/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as Go's encoder writes it: <, >, & and two line separators escaped,
 * names in the order of their bytes, and names that are no strings as the text
 * of their JSON (so that two members may have one name: the later one counts).
 */
#include <stdlib.h>

#include "base/text.h"
#include "rego/builtin_groups.h"
#include "rego/codec.h"

static void
put_escape(int32_t cp, struct buf *out)
{
	static const char letters[] = "btn\0fr";

	if (cp == '"' || cp == '\\')
		buf_printf(out, "\\%c", (int)cp);
	else if (cp >= '\b' && cp <= '\r' && letters[cp - '\b'])
		buf_printf(out, "\\%c", letters[cp - '\b']);
	else
		buf_printf(out, "\\u%04x", cp < 0 ? 0xfffd : (unsigned int)cp);
}

static void
put_string(struct bytes t, struct buf *out)
{
	buf_u8(out, '"');
	for (size_t at = 0; at < t.n && buf_ok(out);) {
		size_t from = at;
		int32_t cp = utf8_next(t, &at);

		if (cp < ' ' || cp == '"' || cp == '\\' || cp == '<' || cp == '>' || cp == '&' ||
		    cp == 0x2028 || cp == 0x2029)
			put_escape(cp, out);
		else
			buf_bytes(out, bytes_sub(t, from, at));
	}
	buf_u8(out, '"');
}

static void
new_line(const struct codec_layout *l, uint32_t depth, struct buf *out)
{
	if (!l)
		return;
	buf_u8(out, '\n');
	buf_bytes(out, l->prefix);
	for (uint32_t i = 0; i < depth && buf_ok(out); i++)
		buf_bytes(out, l->indent);
}

struct named {
	struct bytes name;
	struct buf own; /* of a name that is made */
	uint32_t at;    /* among the members */
};

static int
by_name(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = bytes_cmp(x->name, y->name);

	return order != 0 ? order : x->at < y->at ? -1 : 1;
}

static void put_value(const struct value *v, const struct codec_layout *l, uint32_t depth,
                      struct buf *out);

/* Names of the members in their order; false without memory. */
static bool
name_members(const struct value *v, struct named *names, struct buf *out)
{
	bool made = false;

	for (uint32_t i = 0; i < v->n; i++) {
		const struct value *key = &v->u.members[i].key;

		names[i] = (struct named){.at = i, .own.max = out->max};
		if (key->type == VALUE_STRING) {
			names[i].name = string_bytes(key);
			continue;
		}
		put_value(key, NULL, 0, &names[i].own);
		names[i].name = buf_view(&names[i].own);
		out->failed |= !buf_ok(&names[i].own);
		made = true;
	}
	if (made)
		qsort(names, v->n, sizeof *names, by_name);
	return buf_ok(out);
}

static void
put_object(const struct value *v, const struct codec_layout *l, uint32_t depth, struct buf *out)
{
	struct named *names = mem_try_alloc(v->n * sizeof *names);
	bool first = true;

	if (!names) {
		out->failed = true;
		return;
	}
	buf_u8(out, '{');
	if (name_members(v, names, out)) {
		for (uint32_t i = 0; i < v->n && buf_ok(out); i++) {
			if (i + 1 < v->n && bytes_equal(names[i].name, names[i + 1].name))
				continue;
			if (!first)
				buf_u8(out, ',');
			first = false;
			new_line(l, depth + 1, out);
			put_string(names[i].name, out);
			buf_str(out, l ? ": " : ":");
			put_value(&v->u.members[names[i].at].val, l, depth + 1, out);
		}
	}
	for (uint32_t i = 0; i < v->n; i++)
		buf_done(&names[i].own);
	mem_free(names);
	new_line(l, depth, out);
	buf_u8(out, '}');
}

static void
put_value(const struct value *v, const struct codec_layout *l, uint32_t depth, struct buf *out)
{
	if (v->type == VALUE_STRING) {
		put_string(string_bytes(v), out);
	} else if (!value_is_collection(v)) {
		value_json(v, out);
	} else if (v->n == 0) {
		buf_str(out, v->type == VALUE_OBJECT ? "{}" : "[]");
	} else if (v->type == VALUE_OBJECT) {
		put_object(v, l, depth, out);
	} else {
		buf_u8(out, '[');
		for (uint32_t i = 0; i < v->n && buf_ok(out); i++) {
			if (i > 0)
				buf_u8(out, ',');
			new_line(l, depth + 1, out);
			put_value(&v->u.items[i], l, depth + 1, out);
		}
		new_line(l, depth, out);
		buf_u8(out, ']');
	}
}

void
codec_json_text(const struct value *v, const struct codec_layout *l, struct buf *out)
{
	if (l)
		buf_bytes(out, l->prefix);
	put_value(v, l, 0, out);
}
