/* SPDX-License-Identifier: Apache-2.0 */
/* json.match_schema and json.verify_schema. */
#include "rego/builtin_groups.h"
#include "rego/codec.h"
#include "rego/schema.h"

/* An object or an array, or the JSON text of anything. */
static status
load(struct rego_call *c, const struct value *args, unsigned int i, struct value *ret)
{
	status s;

	*ret = args[i];
	if (args[i].type == VALUE_STRING) {
		s = codec_json(c, string_bytes(&args[i]), ret);
		if (is_ok(s) || s.cls == ERR_LIMIT)
			return s;
		return builtin_error(c, "invalid JSON string");
	}
	if (args[i].type != VALUE_OBJECT && args[i].type != VALUE_ARRAY)
		return builtin_error(c, "wrong type, expected string or object");
	return OK;
}

static status
pair(struct rego_call *c, bool good, struct value second, struct value *ret)
{
	struct value_list out = value_list_of(c->arena);

	value_push(&out, json_bool(good));
	value_push(&out, second);
	*ret = value_array(&out);
	return arena_check(c->arena, c->err);
}

static status
verify_schema(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(buf_done) struct buf why = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct value schema;
	status s = load(c, args, 0, &schema);

	if (s.cls == ERR_LIMIT)
		return s;
	if (is_ok(s))
		TRY(schema_check(c, &schema, &why));
	else if (args[0].type != VALUE_STRING)
		buf_str(&why, "wrong type, expected string or object");
	else
		buf_str(&why, "invalid JSON string");
	if (why.n == 0)
		return pair(c, true, json_null(), ret);
	buf_printf(&text, "jsonschema: %s", buf_cstr(&why));
	return pair(c, false, json_copy_string(c->arena, buf_view(&text)), ret);
}

static status
match_schema(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(buf_done) struct buf why = {0};
	struct value_list errors = value_list_of(c->arena);
	struct value document, schema;

	TRY(load(c, args, 0, &document));
	TRY(load(c, args, 1, &schema));
	TRY(schema_check(c, &schema, &why));
	if (why.n > 0)
		return builtin_error(c, "%s", buf_cstr(&why));
	TRY(schema_validate(c, &schema, &document, &errors));
	return pair(c, errors.n == 0, value_array(&errors), ret);
}

static const struct rego_builtin list[] = {
        {"json.match_schema", 2, 0, match_schema},
        {"json.verify_schema", 1, 0, verify_schema},
};
const struct rego_builtin_group rego_group_schema = {list, COUNT_OF(list)};
