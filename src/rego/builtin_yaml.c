/* SPDX-License-Identifier: Apache-2.0 */
/* yaml.*: what Kubernetes' library makes of YAML, by way of JSON. */
#include <stdio.h>

#include "base/text.h"
#include "rego/builtin_groups.h"
#include "rego/codec.h"
#include "yaml/tree.h"

/* ---- reading ---- */

/* Octal and hexadecimal integers, underscores: as YAML 1.1 has them. */
static bool
other_integer(struct bytes t, struct buf *out)
{
	CLEANUP(buf_done) struct buf digits = {0};
	bool minus = t.n > 0 && t.p[0] == '-';
	int base = 10;
	mpz_t z;
	bool good;

	t = bytes_sub(t, minus || (t.n > 0 && t.p[0] == '+'), t.n);
	if (bytes_starts(t, BYTES("0x")) || bytes_starts(t, BYTES("0o")) ||
	    bytes_starts(t, BYTES("0b"))) {
		base = t.p[1] == 'x' ? 16 : t.p[1] == 'o' ? 8 : 2;
		t = bytes_sub(t, 2, t.n);
	} else if (t.n > 1 && t.p[0] == '0') {
		base = 8;
	}
	for (size_t i = 0; i < t.n; i++)
		if (t.p[i] != '_')
			buf_u8(&digits, t.p[i]);
	mpz_init(z);
	good = digits.n > 0 && digits.n < 4096 && mpz_set_str(z, buf_cstr(&digits), base) == 0;
	if (good && buf_reserve(out, mpz_sizeinbase(z, 10) + 3)) {
		if (minus)
			mpz_neg(z, z);
		mpz_get_str((char *)out->p, 10, z);
		out->n = bytes_str((const char *)out->p).n;
	}
	mpz_clear(z);
	return good && buf_ok(out);
}

static struct value
number_of(struct arena *a, struct bytes text)
{
	CLEANUP(num_done) struct num n;
	CLEANUP(buf_done) struct buf out = {0};
	CLEANUP(buf_done) struct buf integer = {0};

	num_init(&n);
	if (bytes_find_byte(text, '_', 0) == SIZE_MAX &&
	    !(text.n > 1 && text.p[0] == '0' && text.p[1] != '.') && codec_number(text, &out) &&
	    num_parse(&n, buf_view(&out)))
		return value_number(a, buf_view(&out));
	if (other_integer(text, &integer))
		return value_number(a, buf_view(&integer));
	return json_copy_string(a, text); /* .inf and .nan have no JSON */
}

static bool
is_true(struct bytes t)
{
	return t.n > 0 && ((t.p[0] | 0x20) == 't' || (t.p[0] | 0x20) == 'y' ||
	                   (t.n == 2 && (t.p[1] | 0x20) == 'n'));
}

static struct value
scalar(struct arena *a, const struct yaml_node *n)
{
	switch (yaml_type(n)) {
	case YAML_NULL:
		return json_null();
	case YAML_BOOL:
		return json_bool(is_true(n->text));
	case YAML_INT:
	case YAML_FLOAT:
		return number_of(a, n->text);
	case YAML_STR:
	default:
		return json_copy_string(a, n->text);
	}
}

/* Depth is bounded by YAML_MAX_DEPTH, the number of nodes by YAML_MAX_NODES. */
static status
from_node(struct rego_call *c, const struct yaml_node *n, struct value *ret)
{
	struct value_list list = value_list_of(c->arena);

	TRY(rego_charge(c, 2));
	if (n->kind == YAML_SCALAR) {
		*ret = scalar(c->arena, n);
		return arena_check(c->arena, c->err);
	}
	for (uint32_t i = 0; i < n->n; i++) {
		struct value v;

		TRY(from_node(c, n->kids[i].val, &v));
		if (n->kind == YAML_SEQ)
			value_push(&list, v);
		else
			value_push_member(&list, json_copy_string(c->arena, n->kids[i].key->text),
			                  v);
	}
	*ret = n->kind == YAML_SEQ ? value_array(&list) : value_object(&list, NULL);
	return arena_check(c->arena, c->err);
}

/* As Go's decoder says it; it counts the lines of its parser's errors (not its scanner's) from 0.
 */
static status
malformed(struct rego_call *c, const struct err *err)
{
	struct bytes place = bytes_str(err->place), msg = bytes_str(err->msg);
	struct bytes ours = BYTES("not valid YAML: ");
	uint64_t line = 0;

	if (bytes_starts(msg, ours))
		msg = bytes_sub(msg, ours.n, msg.n);
	(void)text_u64(bytes_sub(place, 0, bytes_find_byte(place, ':', 0)), UINT32_MAX, &line);
	if (line > 0 && bytes_starts(msg, BYTES("did not find expected")))
		line--;
	if (line == 0)
		return builtin_error(c, "yaml: %.*s", BYTES_ARG(msg));
	return builtin_error(c, "yaml: line %lu: %.*s", line, BYTES_ARG(msg));
}

static status
parse(struct rego_call *c, struct bytes text, struct value *ret)
{
	CLEANUP(arena_done) struct arena work = {0};
	struct yaml_stream s;
	struct err err;

	TRY(rego_charge(c, text.n));
	if (!is_ok(yaml_parse(&work, text, &s, &err)))
		return malformed(c, &err);
	*ret = json_null();
	return s.n > 0 && s.docs[0] ? from_node(c, s.docs[0], ret) : OK;
}

static status
unmarshal(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct bytes text;

	TRY(builtin_string(c, args, 0, &text));
	return parse(c, text, ret);
}

static status
is_valid(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value ignored;
	status s;

	if (args[0].type != VALUE_STRING)
		return return_bool(false, ret);
	s = parse(c, string_bytes(&args[0]), &ignored);
	return s.cls == ERR_LIMIT ? s : return_bool(is_ok(s), ret);
}

/* ---- writing: block style, keys sorted ---- */

static bool
needs_escapes(struct bytes t)
{
	for (size_t at = 0; at < t.n;) {
		int32_t cp = utf8_next(t, &at);

		if (cp < 0 || (cp < 0x20 && cp != '\n') || (cp >= 0x7f && cp < 0xa0) ||
		    cp == 0xfeff)
			return true;
	}
	return false;
}

/* Would a plain scalar be read as something else, or break the syntax? */
static bool
needs_quotes(struct bytes t)
{
	if (t.p[0] == ' ' || t.p[t.n - 1] == ' ' || t.p[t.n - 1] == ':')
		return true;
	if (bytes_find_byte(BYTES("-?:,[]{}#&*!|>'\"%@`"), t.p[0], 0) != SIZE_MAX &&
	    !((t.p[0] == '-' || t.p[0] == '?' || t.p[0] == ':') && t.n > 1 && t.p[1] != ' '))
		return true;
	return bytes_find(t, BYTES(": "), 0) != SIZE_MAX ||
	       bytes_find(t, BYTES(" #"), 0) != SIZE_MAX || bytes_is(t, "---") ||
	       bytes_is(t, "...");
}

static void
put_indent(uint32_t depth, struct buf *out)
{
	for (uint32_t i = 0; i < depth && buf_ok(out); i++)
		buf_str(out, "  ");
}

static void
put_literal(struct bytes t, uint32_t depth, struct buf *out)
{
	bool newline = t.p[t.n - 1] == '\n', more = t.n > 1 && newline && t.p[t.n - 2] == '\n';

	buf_str(out, !newline ? "|-" : more ? "|+" : "|");
	for (size_t at = 0; at < t.n;) {
		size_t end = bytes_find_byte(t, '\n', at);

		buf_u8(out, '\n');
		if (end != at) {
			put_indent(depth, out);
			buf_bytes(out, bytes_sub(t, at, end));
		}
		at = end == SIZE_MAX ? t.n : end + 1;
	}
}

static void
put_string(struct bytes t, uint32_t depth, struct buf *out)
{
	if (t.n == 0 || needs_escapes(t) || yaml_resolve(t) != YAML_STR) {
		json_write_string(t, out);
	} else if (bytes_find_byte(t, '\n', 0) != SIZE_MAX) {
		if (t.p[0] == ' ' || t.p[0] == '\n')
			json_write_string(t, out);
		else
			put_literal(t, depth, out);
	} else if (needs_quotes(t)) {
		buf_u8(out, '\'');
		for (size_t i = 0; i < t.n; i++) {
			if (t.p[i] == '\'')
				buf_u8(out, '\'');
			buf_u8(out, t.p[i]);
		}
		buf_u8(out, '\'');
	} else {
		buf_bytes(out, t);
	}
}

static void put_node(const struct value *v, uint32_t depth, bool in_list, struct buf *out);

/* Behind "key:" or "-". */
static void
put_inner(const struct value *v, uint32_t depth, bool in_list, struct buf *out)
{
	bool list = v->type == VALUE_ARRAY || v->type == VALUE_SET;

	if (!value_is_collection(v) || v->n == 0) {
		buf_u8(out, ' ');
		put_node(v, depth + 1, false, out);
		buf_u8(out, '\n');
	} else if (in_list) {
		buf_u8(out, ' ');
		put_node(v, depth + 1, true, out);
	} else {
		buf_u8(out, '\n');
		put_node(v, list ? depth : depth + 1, false, out);
	}
}

static void
put_key(const struct value *key, uint32_t depth, struct buf *out)
{
	CLEANUP(buf_done) struct buf text = {0};

	if (key->type == VALUE_STRING) {
		put_string(string_bytes(key), depth + 1, out);
		return;
	}
	value_json(key, &text);
	put_string(buf_view(&text), depth + 1, out);
}

/* `inline_first`: the first item stands on the line that is open. */
static void
put_node(const struct value *v, uint32_t depth, bool inline_first, struct buf *out)
{
	if (!value_is_collection(v)) {
		if (v->type == VALUE_STRING)
			put_string(string_bytes(v), depth, out);
		else
			value_json(v, out);
		return;
	}
	if (v->n == 0)
		buf_str(out, v->type == VALUE_OBJECT ? "{}" : "[]");
	for (uint32_t i = 0; i < v->n && buf_ok(out); i++) {
		struct value key, val;

		value_at(v, i, &key, &val);
		if (i > 0 || !inline_first)
			put_indent(depth, out);
		if (v->type == VALUE_OBJECT) {
			put_key(&key, depth, out);
			buf_u8(out, ':');
		} else {
			buf_u8(out, '-');
		}
		put_inner(&val, depth, v->type != VALUE_OBJECT, out);
	}
}

static status
marshal(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(c);

	put_node(&args[0], 0, false, &out);
	if (out.n > 0 && out.p[out.n - 1] != '\n')
		buf_u8(&out, '\n');
	TRY(rego_charge(c, out.n / 8));
	return builtin_text(c, &out, ret);
}

static const struct rego_builtin list[] = {
        {"yaml.marshal", 1, 0, marshal},
        {"yaml.unmarshal", 1, 0, unmarshal},
        {"yaml.is_valid", 1, 0, is_valid},
};
const struct rego_builtin_group rego_group_yaml = {list, COUNT_OF(list)};
