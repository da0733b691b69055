/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/builtin_groups.h"
#include "rego/codec.h"

static status
marshal(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(c);

	codec_json_text(&args[0], &out);
	TRY(rego_charge(c, out.n / 8));
	return builtin_text(c, &out, ret);
}

struct layout {
	struct bytes prefix;
	struct bytes indent;
	bool pretty;
};

static status
string_option(struct rego_call *c, const struct member *m, struct bytes *ret)
{
	if (m->val.type != VALUE_STRING)
		return builtin_operand_text(
		        c, 2, "key %.*s failed cast to string: must be string but got %s",
		        BYTES_ARG(string_bytes(&m->key)), value_type_name(&m->val));
	*ret = string_bytes(&m->val);
	return OK;
}

static status
read_option(struct rego_call *c, const struct member *m, struct layout *l, bool *said,
            bool *implied)
{
	struct bytes key;

	if (m->key.type != VALUE_STRING)
		return builtin_operand_text(c, 2, "keys must be strings");
	key = string_bytes(&m->key);
	if (bytes_is(key, "prefix") || bytes_is(key, "indent")) {
		*implied = true;
		return string_option(c, m, key.p[0] == 'p' ? &l->prefix : &l->indent);
	}
	if (!bytes_is(key, "pretty"))
		return builtin_operand_text(c, 2, "object contained unknown key %.*s",
		                            BYTES_ARG(key));
	if (m->val.type != VALUE_BOOL)
		return builtin_operand_text(c, 2, "key %.*s failed cast to bool", BYTES_ARG(key));
	*said = true;
	l->pretty = m->val.u.b;
	return OK;
}

static void
new_line(const struct layout *l, uint32_t depth, struct buf *out)
{
	buf_u8(out, '\n');
	buf_bytes(out, l->prefix);
	for (uint32_t i = 0; i < depth && buf_ok(out); i++)
		buf_bytes(out, l->indent);
}

static void
put_pretty(const struct layout *l, const struct value *v, uint32_t depth, struct buf *out)
{
	bool object = v->type == VALUE_OBJECT;

	if (!value_is_collection(v) || v->n == 0) {
		codec_json_text(v, out);
		return;
	}
	buf_u8(out, object ? '{' : '[');
	for (uint32_t i = 0; i < v->n && buf_ok(out); i++) {
		if (i > 0)
			buf_u8(out, ',');
		new_line(l, depth + 1, out);
		if (object) {
			struct value one = {.type = VALUE_OBJECT,
			                    .n = 1,
			                    .u.members = &v->u.members[i]};
			CLEANUP(buf_done) struct buf text = {.max = out->max};
			struct member m = {v->u.members[i].key, json_null()};

			/* The key as the writer of objects shows it: {"key":null} without the rest.
			 */
			one.u.members = &m;
			codec_json_text(&one, &text);
			buf_bytes(out, bytes_sub(buf_view(&text), 1, text.n - 6));
			buf_str(out, ": ");
			put_pretty(l, &v->u.members[i].val, depth + 1, out);
		} else {
			put_pretty(l, &v->u.items[i], depth + 1, out);
		}
	}
	new_line(l, depth, out);
	buf_u8(out, object ? '}' : ']');
}

static status
marshal_with_options(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(c);
	struct layout l = {.indent = BYTES("\t")};
	bool said = false, implied = false;

	TRY(builtin_type(c, args, 1, VALUE_OBJECT));
	for (uint32_t i = 0; i < args[1].n; i++)
		TRY(read_option(c, &args[1].u.members[i], &l, &said, &implied));
	if (said ? l.pretty : implied) {
		buf_bytes(&out, l.prefix);
		put_pretty(&l, &args[0], 0, &out);
	} else {
		codec_json_text(&args[0], &out);
	}
	TRY(rego_charge(c, out.n / 8));
	return builtin_text(c, &out, ret);
}

static status
unmarshal(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct bytes text;

	TRY(builtin_string(c, args, 0, &text));
	return codec_json(c, text, ret);
}

static status
is_valid(struct rego_call *c, const struct value *args, struct value *ret)
{
	bool good = false;

	if (args[0].type == VALUE_STRING) {
		TRY(rego_charge(c, args[0].n / 4));
		good = codec_json_valid(c, string_bytes(&args[0]));
		TRY(arena_check(c->arena, c->err));
	}
	return return_bool(good, ret);
}

static const struct rego_builtin list[] = {
        {"json.marshal", 1, 0, marshal},
        {"json.marshal_with_options", 2, 0, marshal_with_options},
        {"json.unmarshal", 1, 0, unmarshal},
        {"json.is_valid", 1, 0, is_valid},
};
const struct rego_builtin_group rego_group_json = {list, COUNT_OF(list)};
