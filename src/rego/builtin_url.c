/* SPDX-License-Identifier: Apache-2.0 */
/* urlquery.*: the encoding of query strings. */
#include "base/text.h"
#include "rego/builtin_groups.h"
#include "rego/codec.h"

static status
unescape(struct rego_call *c, struct bytes t, struct buf *out)
{
	for (size_t i = 0; i < t.n; i++) {
		uint8_t byte = t.p[i] == '+' ? ' ' : t.p[i];

		if (t.p[i] == '%') {
			struct bytes digits = bytes_sub(t, i + 1, i + 3);

			if (digits.n != 2 || !hex_decode(digits, &byte, 1))
				return builtin_error(c, "invalid URL escape \"%.*s\"",
				                     BYTES_ARG(bytes_sub(t, i, i + 3)));
			i += 2;
		}
		buf_u8(out, byte);
	}
	return OK;
}

static status
encode(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(c);
	struct bytes text;

	TRY(builtin_string(c, args, 0, &text));
	TRY(rego_charge(c, text.n / 8));
	codec_query_escape(text, &out);
	return builtin_text(c, &out, ret);
}

static status
decode(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(c);
	struct bytes text;

	TRY(builtin_string(c, args, 0, &text));
	TRY(rego_charge(c, text.n / 8));
	TRY(unescape(c, text, &out));
	return builtin_text(c, &out, ret);
}

static status
put_pair(struct rego_call *c, const struct value *key, const struct value *val, struct buf *out)
{
	if (val->type != VALUE_STRING)
		return builtin_operand_text(c, 1,
		                            "values must be string, array[string], or set[string]");
	TRY(rego_charge(c, 1 + (key->n + val->n) / 8));
	if (out->n > 0)
		buf_u8(out, '&');
	codec_query_escape(string_bytes(key), out);
	buf_u8(out, '=');
	codec_query_escape(string_bytes(val), out);
	return OK;
}

static status
encode_object(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(c);

	TRY(builtin_type(c, args, 0, VALUE_OBJECT));
	for (uint32_t i = 0; i < args[0].n; i++) {
		const struct member *m = &args[0].u.members[i];
		bool list = m->val.type == VALUE_ARRAY || m->val.type == VALUE_SET;

		if (m->key.type != VALUE_STRING)
			return builtin_operand_text(c, 1, "keys must be strings");
		if (!list)
			TRY(put_pair(c, &m->key, &m->val, &out));
		for (uint32_t k = 0; list && k < m->val.n; k++)
			TRY(put_pair(c, &m->key, &m->val.u.items[k], &out));
	}
	return builtin_text(c, &out, ret);
}

/* key=value, both unescaped, pushed as two strings. */
static status
read_pair(struct rego_call *c, struct bytes pair, struct value_list *out)
{
	CLEANUP(buf_done) struct buf key = result_buf(c);
	CLEANUP(buf_done) struct buf val = result_buf(c);
	size_t equals = bytes_find_byte(pair, '=', 0);

	TRY(rego_charge(c, 4 + pair.n / 8));
	TRY(unescape(c, bytes_sub(pair, 0, equals), &key));
	if (equals != SIZE_MAX)
		TRY(unescape(c, bytes_sub(pair, equals + 1, pair.n), &val));
	value_push(out, json_copy_string(c->arena, buf_view(&key)));
	value_push(out, json_copy_string(c->arena, buf_view(&val)));
	return OK;
}

/* Values of equal keys into one array, in order; `pairs` are key, value, key, value. */
static status
group(struct rego_call *c, const struct value_list *pairs, struct value *ret)
{
	struct value_list keys = value_list_of(c->arena), out = value_list_of(c->arena);
	struct value_list *values;
	struct value set;

	for (size_t i = 0; i < pairs->n; i += 2)
		value_push(&keys, pairs->p[i]);
	set = value_set(&keys);
	values = arena_array(c->arena, set.n, sizeof *values);
	TRY(arena_check(c->arena, c->err));
	for (uint32_t i = 0; i < set.n; i++)
		values[i] = value_list_of(c->arena);
	for (size_t i = 0; i < pairs->n; i += 2) {
		uint32_t lo = 0, hi = set.n;

		while (hi - lo > 1) {
			uint32_t mid = lo + (hi - lo) / 2;

			if (value_cmp(&set.u.items[mid], &pairs->p[i]) <= 0)
				lo = mid;
			else
				hi = mid;
		}
		value_push(&values[lo], pairs->p[i + 1]);
	}
	for (uint32_t i = 0; i < set.n; i++)
		value_push_member(&out, set.u.items[i], value_array(&values[i]));
	*ret = value_object(&out, NULL);
	return arena_check(c->arena, c->err);
}

static status
decode_object(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value_list pairs = value_list_of(c->arena);
	struct bytes text;

	TRY(builtin_string(c, args, 0, &text));
	for (size_t from = 0; from < text.n;) {
		size_t end = bytes_find_byte(text, '&', from);
		struct bytes pair = bytes_sub(text, from, end);

		if (bytes_find_byte(pair, ';', 0) != SIZE_MAX)
			return builtin_error(c, "invalid semicolon separator in query");
		if (pair.n > 0)
			TRY(read_pair(c, pair, &pairs));
		from = end == SIZE_MAX ? text.n : end + 1;
	}
	TRY(arena_check(c->arena, c->err));
	return group(c, &pairs, ret);
}

static const struct rego_builtin list[] = {
        {"urlquery.encode", 1, 0, encode},
        {"urlquery.decode", 1, 0, decode},
        {"urlquery.encode_object", 1, 0, encode_object},
        {"urlquery.decode_object", 1, 0, decode_object},
};
const struct rego_builtin_group rego_group_url = {list, COUNT_OF(list)};
