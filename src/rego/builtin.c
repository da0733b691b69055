/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/builtin.h"

#include <stdarg.h>
#include <stdio.h>

const struct rego_builtin *
rego_builtin_find(const struct rego_builtins *t, struct bytes name)
{
	for (size_t g = 0; g < t->n; g++)
		for (size_t i = 0; i < t->groups[g]->n; i++)
			if (bytes_is(name, t->groups[g]->list[i].name))
				return &t->groups[g]->list[i];
	return NULL;
}

/* Nobody reads the message of an error that becomes undefined: don't format it. */
static PRINTF(4, 0) status refuse(struct rego_call *c, bool type_error, const char *prefix,
                                  const char *fmt, va_list ap)
{
	char text[ERR_MSG_SIZE];

	c->type_error = type_error;
	if (c->quiet)
		return (status){ERR_PARSE};
	vsnprintf(text, sizeof text, fmt, ap);
	return err_set(c->err, ERR_PARSE, type_error ? "E-REGO-061" : "E-REGO-060", "%s: %s%s",
	               c->name, prefix, text);
}

status
builtin_error(struct rego_call *c, const char *fmt, ...)
{
	va_list ap;
	status s;

	va_start(ap, fmt);
	s = refuse(c, false, "", fmt, ap);
	va_end(ap);
	return s;
}

status
builtin_type_error(struct rego_call *c, const char *fmt, ...)
{
	va_list ap;
	status s;

	va_start(ap, fmt);
	s = refuse(c, true, "", fmt, ap);
	va_end(ap);
	return s;
}

status
builtin_operand_text(struct rego_call *c, unsigned int operand, const char *fmt, ...)
{
	char prefix[32];
	va_list ap;
	status s;

	snprintf(prefix, sizeof prefix, "operand %u ", operand);
	va_start(ap, fmt);
	s = refuse(c, true, prefix, fmt, ap);
	va_end(ap);
	return s;
}

status
builtin_operand(struct rego_call *c, unsigned int operand, const char *want,
                const struct value *got)
{
	return builtin_operand_text(c, operand, "must be %s but got %s", want,
	                            value_type_name(got));
}

status
builtin_limit(struct rego_call *c, const char *fmt, ...)
{
	char text[ERR_MSG_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return err_set(c->err, ERR_LIMIT, "E-REGO-050", "%s: %s", c->name, text);
}

status
builtin_int(struct rego_call *c, const struct value *args, unsigned int i, int64_t *ret)
{
	if (args[i].type != VALUE_NUMBER)
		return builtin_operand(c, i + 1, "number", &args[i]);
	if (value_plain_int(&args[i], ret))
		return OK;
	return builtin_operand_text(c, i + 1,
	                            "must be integer number but got floating-point number");
}

status
builtin_type(struct rego_call *c, const struct value *args, unsigned int i, enum value_type type)
{
	struct value want = {.type = (uint8_t)type};

	if (args[i].type != type)
		return builtin_operand(c, i + 1, value_type_name(&want), &args[i]);
	return OK;
}

enum { WEIGHT_A_STEP = 4, FIRST_LOOK = 4096 };

status
builtin_charge_weight(struct rego_call *c, const struct value *v)
{
	for (uint64_t limit = FIRST_LOOK;; limit *= 2) {
		uint64_t left = limit;

		if (!value_is_collection(v) || value_weigh(v, &left))
			return rego_charge(c, (limit - left) / WEIGHT_A_STEP);
		TRY(rego_charge(c, limit / WEIGHT_A_STEP));
	}
}

status
builtin_text(struct rego_call *c, struct buf *b, struct value *ret)
{
	if (!buf_ok(b))
		return builtin_limit(c, "the result is too large");
	*ret = json_copy_string(c->arena, buf_view(b));
	return arena_check(c->arena, c->err);
}
