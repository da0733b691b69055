/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/value.h"

static void put_json(const struct value *v, int indent, struct buf *out);

static void
newline(int indent, struct buf *out)
{
	if (indent < 0)
		return;
	buf_u8(out, '\n');
	for (int i = 0; i < indent; i++)
		buf_str(out, "  ");
}

static int
deeper(int indent)
{
	return indent < 0 ? indent : indent + 1;
}

/* A key that is no string stands there as the text of its JSON. */
static void
put_key(const struct value *key, struct buf *out)
{
	CLEANUP(buf_done) struct buf text = {0};

	if (key->type == VALUE_STRING) {
		json_write_string(bytes_of(key->u.s, key->n), out);
		return;
	}
	put_json(key, -1, &text);
	json_write_string(buf_view(&text), out);
	out->failed |= !buf_ok(&text);
}

static void
put_collection(const struct value *v, int indent, struct buf *out)
{
	bool object = v->type == VALUE_OBJECT;

	buf_u8(out, object ? '{' : '[');
	for (uint32_t i = 0; i < v->n && buf_ok(out); i++) {
		if (i > 0)
			buf_u8(out, ',');
		newline(deeper(indent), out);
		if (object) {
			put_key(&v->u.members[i].key, out);
			buf_str(out, indent < 0 ? ":" : ": ");
		}
		put_json(object ? &v->u.members[i].val : &v->u.items[i], deeper(indent), out);
	}
	if (v->n > 0)
		newline(indent, out);
	buf_u8(out, object ? '}' : ']');
}

static void
put_scalar(const struct value *v, struct buf *out)
{
	if (v->type == VALUE_STRING)
		json_write_string(bytes_of(v->u.s, v->n), out);
	else if (v->type == VALUE_NUMBER)
		value_number_text(v, out);
	else if (v->type == VALUE_BOOL)
		buf_str(out, v->u.b ? "true" : "false");
	else
		buf_str(out, v->type == VALUE_NULL ? "null" : "<undefined>");
}

static void
put_json(const struct value *v, int indent, struct buf *out)
{
	if (value_is_collection(v))
		put_collection(v, indent, out);
	else
		put_scalar(v, out);
}

void
value_json(const struct value *v, struct buf *out)
{
	put_json(v, -1, out);
}

void
value_json_indent(const struct value *v, struct buf *out)
{
	put_json(v, 0, out);
}

void
value_term(const struct value *v, struct buf *out)
{
	if (!value_is_collection(v)) {
		put_scalar(v, out);
		return;
	}
	if (v->type == VALUE_SET && v->n == 0) {
		buf_str(out, "set()");
		return;
	}
	buf_u8(out, v->type == VALUE_ARRAY ? '[' : '{');
	for (uint32_t i = 0; i < v->n && buf_ok(out); i++) {
		if (i > 0)
			buf_str(out, ", ");
		if (v->type != VALUE_OBJECT) {
			value_term(&v->u.items[i], out);
			continue;
		}
		value_term(&v->u.members[i].key, out);
		buf_str(out, ": ");
		value_term(&v->u.members[i].val, out);
	}
	buf_u8(out, v->type == VALUE_ARRAY ? ']' : '}');
}
