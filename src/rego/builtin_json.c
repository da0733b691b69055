/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/builtin_groups.h"
#include "rego/codec.h"

static status
marshal(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(c);

	codec_json_text(&args[0], NULL, &out);
	TRY(rego_charge(c, out.n / 8));
	return builtin_text(c, &out, ret);
}

struct layout {
	struct codec_layout lines;
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
		return string_option(c, m, key.p[0] == 'p' ? &l->lines.prefix : &l->lines.indent);
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

static status
marshal_with_options(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(c);
	struct layout l = {.lines.indent = BYTES("\t")};
	bool said = false, implied = false;

	TRY(builtin_type(c, args, 1, VALUE_OBJECT));
	for (uint32_t i = 0; i < args[1].n; i++)
		TRY(read_option(c, &args[1].u.members[i], &l, &said, &implied));
	codec_json_text(&args[0], (said ? l.pretty : implied) ? &l.lines : NULL, &out);
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
