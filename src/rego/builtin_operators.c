/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Rego's operators are called when they are called by name, and when a
 * `with` replaces something by them. In code they are instructions.
 */
#include "rego/builtin_groups.h"
#include "rego/vm.h"

/* A comparison ends with the smaller side. */
static status
pay_comparison(struct rego_call *c, const struct value *a, const struct value *b)
{
	if (!value_is_collection(a) || a->type != b->type)
		return OK;
	return builtin_charge_weight(c, a->n <= b->n ? a : b);
}

#define COMPARISON(name, cond)                                                                     \
	static status name(struct rego_call *c, const struct value *args, struct value *ret)       \
	{                                                                                          \
		TRY(pay_comparison(c, &args[0], &args[1]));                                        \
		*ret = json_bool(cond);                                                            \
		return OK;                                                                         \
	}

COMPARISON(op_equal, value_eq(&args[0], &args[1]))
COMPARISON(op_neq, !value_eq(&args[0], &args[1]))
COMPARISON(op_lt, value_cmp(&args[0], &args[1]) < 0)
COMPARISON(op_lte, value_cmp(&args[0], &args[1]) <= 0)
COMPARISON(op_gt, value_cmp(&args[0], &args[1]) > 0)
COMPARISON(op_gte, value_cmp(&args[0], &args[1]) >= 0)

#define ARITHMETIC(name, op)                                                                       \
	static status name(struct rego_call *c, const struct value *args, struct value *ret)       \
	{                                                                                          \
		return vm_arithmetic(c, op, &args[0], &args[1], ret);                              \
	}

ARITHMETIC(op_plus, OP_ADD)
ARITHMETIC(op_minus, OP_SUB)
ARITHMETIC(op_mul, OP_MUL)
ARITHMETIC(op_div, OP_DIV)
ARITHMETIC(op_rem, OP_REM)
ARITHMETIC(op_and, OP_AND)
ARITHMETIC(op_or, OP_OR)

/* Every item of an array is compared, those of a set a few times. */
static status
op_member_2(struct rego_call *c, const struct value *args, struct value *ret)
{
	if (args[1].type == VALUE_ARRAY || args[1].type == VALUE_OBJECT)
		TRY(rego_charge(c, args[1].n / 4));
	TRY(builtin_charge_weight(c, &args[0]));
	return return_bool(vm_in(&args[0], &args[1]), ret);
}

/* key, value in collection */
static status
op_member_3(struct rego_call *c, const struct value *args, struct value *ret)
{
	const struct value *found =
	        value_is_collection(&args[2]) ? value_get(&args[2], &args[0]) : NULL;

	if (found)
		TRY(pay_comparison(c, found, &args[1]));
	return return_bool(found && value_eq(found, &args[1]), ret);
}

/* The planner makes instructions of it; as a mock's target it does nothing. */
static status
op_print(struct rego_call *c, const struct value *args, struct value *ret)
{
	(void)c;
	(void)args;
	*ret = json_bool(true);
	return OK;
}

static const struct rego_builtin operators[] = {
        {"equal", 2, 0, op_equal},
        {"neq", 2, 0, op_neq},
        {"lt", 2, 0, op_lt},
        {"lte", 2, 0, op_lte},
        {"gt", 2, 0, op_gt},
        {"gte", 2, 0, op_gte},
        {"plus", 2, 0, op_plus},
        {"minus", 2, 0, op_minus},
        {"mul", 2, 0, op_mul},
        {"div", 2, 0, op_div},
        {"rem", 2, 0, op_rem},
        {"and", 2, 0, op_and},
        {"or", 2, 0, op_or},
        {"internal.member_2", 2, 0, op_member_2},
        {"internal.member_3", 3, 0, op_member_3},
        {"print", 1, BUILTIN_VARIADIC, op_print},
};

const struct rego_builtin_group rego_group_operators = {operators, COUNT_OF(operators)};
