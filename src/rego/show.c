/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "rego/codec.h"
#include "rego/format.h"
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

/* JSON is UTF-8: bytes that are none of it become replacement characters. */
static void
put_text(struct bytes t, struct buf *out)
{
	CLEANUP(buf_done) struct buf clean = {.max = out->max};

	if (utf8_valid(t)) {
		json_write_string(t, out);
		return;
	}
	for (size_t at = 0; at < t.n && buf_ok(&clean);) {
		int32_t cp = utf8_next(t, &at);

		utf8_put(&clean, cp < 0 ? 0xfffd : (uint32_t)cp);
	}
	json_write_string(buf_view(&clean), out);
	out->failed |= !buf_ok(&clean);
}

/* A key that is no string stands there as the text of its JSON. */
static void
put_key(const struct value *key, struct buf *out)
{
	CLEANUP(buf_done) struct buf text = {0};

	if (key->type == VALUE_STRING) {
		put_text(json_text(key), out);
		return;
	}
	codec_json_text(key, NULL, &text);
	json_write_string(buf_view(&text), out);
	out->failed |= !buf_ok(&text);
}

static bool
has_other_keys(const struct value *v)
{
	/* Strings are neighbours in the order of all values. */
	return v->type == VALUE_OBJECT && v->n > 0 &&
	       (v->u.members[0].key.type != VALUE_STRING ||
	        v->u.members[v->n - 1].key.type != VALUE_STRING);
}

/* Keys that become the same name are one member. */
static void
put_renamed(const struct value *v, int indent, struct buf *out)
{
	CLEANUP(buf_done) struct buf prefix = {0};
	CLEANUP(buf_done) struct buf text = {.max = out->max};
	struct codec_layout l = {.indent = BYTES("  ")};

	for (int i = 0; i < indent; i++)
		buf_str(&prefix, "  ");
	l.prefix = buf_view(&prefix);
	codec_json_text(v, indent < 0 ? NULL : &l, &text);
	buf_bytes(out, bytes_sub(buf_view(&text), l.prefix.n, text.n)); /* the line has begun */
	out->failed |= !buf_ok(&text);
}

static void
put_collection(const struct value *v, int indent, struct buf *out)
{
	bool object = v->type == VALUE_OBJECT;

	if (has_other_keys(v)) {
		put_renamed(v, indent, out);
		return;
	}
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
		put_text(json_text(v), out);
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
	if (v->type == VALUE_STRING) {
		format_quote(json_text(v), false, '"', out);
		return;
	}
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
