/* SPDX-License-Identifier: Apache-2.0 */
/* is_*, type_name, the older casts, time.now_ns and trace. */
#include "rego/builtin_groups.h"

#define IS_TYPE(function, wanted)                                                                  \
	static status function(struct rego_call *c, const struct value *args, struct value *ret)   \
	{                                                                                          \
		(void)c;                                                                           \
		return return_bool(args[0].type == (wanted), ret);                                 \
	}
IS_TYPE(is_array, VALUE_ARRAY)
IS_TYPE(is_boolean, VALUE_BOOL)
IS_TYPE(is_null, VALUE_NULL)
IS_TYPE(is_number, VALUE_NUMBER)
IS_TYPE(is_object, VALUE_OBJECT)
IS_TYPE(is_set, VALUE_SET)
IS_TYPE(is_string, VALUE_STRING)

#define CAST_TYPE(function, wanted)                                                                \
	static status function(struct rego_call *c, const struct value *args, struct value *ret)   \
	{                                                                                          \
		TRY(builtin_type(c, args, 0, (wanted)));                                           \
		*ret = args[0];                                                                    \
		return OK;                                                                         \
	}
CAST_TYPE(cast_boolean, VALUE_BOOL)
CAST_TYPE(cast_null, VALUE_NULL)
CAST_TYPE(cast_object, VALUE_OBJECT)
CAST_TYPE(cast_string, VALUE_STRING)

static status
cast_array(struct rego_call *c, const struct value *args, struct value *ret)
{
	if (args[0].type != VALUE_ARRAY && args[0].type != VALUE_SET)
		return builtin_operand(c, 1, "one of {array, set}", &args[0]);
	*ret = args[0];
	ret->type = VALUE_ARRAY;
	return OK;
}

static status
cast_set(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value_list list = value_list_of(c->arena);

	if (args[0].type != VALUE_ARRAY && args[0].type != VALUE_SET)
		return builtin_operand(c, 1, "one of {array, set}", &args[0]);
	*ret = args[0];
	if (args[0].type == VALUE_SET)
		return OK;
	TRY(rego_charge(c, args[0].n * 4U));
	for (uint32_t i = 0; i < args[0].n; i++)
		value_push(&list, args[0].u.items[i]);
	*ret = value_set(&list);
	return arena_check(c->arena, c->err);
}

static status
type_name(struct rego_call *c, const struct value *args, struct value *ret)
{
	(void)c;
	*ret = json_cstr(value_type_name(&args[0]));
	return OK;
}

static status
now_ns(struct rego_call *c, const struct value *args, struct value *ret)
{
	(void)args;
	*ret = json_int(c->now_ns);
	return OK;
}

/* The note itself is the tracer's business; as an expression it is true. */
static status
trace(struct rego_call *c, const struct value *args, struct value *ret)
{
	TRY(builtin_type(c, args, 0, VALUE_STRING));
	return return_bool(true, ret);
}

static const struct rego_builtin list[] = {
        {"is_array", 1, 0, is_array},
        {"is_boolean", 1, 0, is_boolean},
        {"is_null", 1, 0, is_null},
        {"is_number", 1, 0, is_number},
        {"is_object", 1, 0, is_object},
        {"is_set", 1, 0, is_set},
        {"is_string", 1, 0, is_string},
        {"type_name", 1, 0, type_name},
        {"cast_array", 1, 0, cast_array},
        {"cast_boolean", 1, 0, cast_boolean},
        {"cast_null", 1, 0, cast_null},
        {"cast_object", 1, 0, cast_object},
        {"cast_set", 1, 0, cast_set},
        {"cast_string", 1, 0, cast_string},
        {"time.now_ns", 0, BUILTIN_NONDET, now_ns},
        {"trace", 1, 0, trace},
};
const struct rego_builtin_group rego_group_types = {list, COUNT_OF(list)};
