/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operators as functions: what `with` may replace, and what is called by name.
 * The planner turns their infix forms into instructions.
 */
#include "rego/builtin_groups.h"

#define COMPARISON(function, condition)                                                            \
	static status function(struct rego_call *c, const struct value *args, struct value *ret)   \
	{                                                                                          \
		int order = value_cmp(&args[0], &args[1]);                                         \
                                                                                                   \
		(void)c;                                                                           \
		return return_bool(order condition 0, ret);                                        \
	}
COMPARISON(equal, ==)
COMPARISON(neq, !=)
COMPARISON(lt, <)
COMPARISON(lte, <=)
COMPARISON(gt, >)
COMPARISON(gte, >=)

static status
member_2(struct rego_call *c, const struct value *args, struct value *ret)
{
	const struct value *v = &args[1];

	if (v->type == VALUE_SET)
		return return_bool(value_has(v, &args[0]), ret);
	if (!value_is_collection(v))
		return return_bool(false, ret);
	TRY(rego_charge(c, v->n / 2));
	for (uint32_t i = 0; i < v->n; i++) {
		const struct value *x = v->type == VALUE_OBJECT ? &v->u.members[i].val : &v->u.items[i];

		if (value_eq(x, &args[0]))
			return return_bool(true, ret);
	}
	return return_bool(false, ret);
}

static status
member_3(struct rego_call *c, const struct value *args, struct value *ret)
{
	const struct value *v = value_get(&args[2], &args[0]);

	(void)c;
	return return_bool(v && value_eq(v, &args[1]), ret);
}

/* ---- arithmetic ---- */

enum arith { ARITH_ADD, ARITH_SUB, ARITH_MUL, ARITH_DIV, ARITH_REM };

static bool
small(enum arith op, int64_t x, int64_t y, int64_t *ret)
{
	switch (op) {
	case ARITH_ADD:
		return add_ok(x, y, ret);
	case ARITH_SUB:
		return !__builtin_sub_overflow(x, y, ret);
	case ARITH_MUL:
		return mul_ok(x, y, ret);
	case ARITH_REM:
		if (y == 0 || y == -1)
			return false;
		*ret = x % y;
		return true;
	case ARITH_DIV:
	default:
		if (y == 0 || y == -1 || x % y != 0)
			return false;
		*ret = x / y;
		return true;
	}
}

static status
remainder_of(struct rego_call *c, const struct num *x, const struct num *y, struct num *ret)
{
	mpz_t a, b;
	bool good;

	if (!num_is_integer(x) || !num_is_integer(y))
		return builtin_error(c, "modulo on floating-point number");
	if (mpz_sgn(y->coef) == 0)
		return builtin_error(c, "modulo by zero");
	mpz_inits(a, b, NULL);
	good = num_to_mpz(x, a) && num_to_mpz(y, b);
	if (good) {
		mpz_tdiv_r(a, a, b);
		num_from_mpz(ret, a);
	}
	mpz_clears(a, b, NULL);
	return good ? OK : builtin_limit(c, "a number is too large");
}

static status
exact(struct rego_call *c, enum arith op, const struct num *x, const struct num *y, struct num *ret)
{
	switch (op) {
	case ARITH_ADD:
		num_add(ret, x, y);
		return OK;
	case ARITH_SUB:
		num_sub(ret, x, y);
		return OK;
	case ARITH_MUL:
		num_mul(ret, x, y);
		return OK;
	case ARITH_REM:
		return remainder_of(c, x, y, ret);
	case ARITH_DIV:
	default:
		if (mpz_sgn(y->coef) == 0)
			return builtin_error(c, "divide by zero");
		num_div(ret, x, y);
		return OK;
	}
}

static status
large(struct rego_call *c, const struct value *args, enum arith op, struct value *ret)
{
	CLEANUP(num_done) struct num x, y, z;
	status s;

	num_init(&x);
	num_init(&y);
	num_init(&z);
	s = rego_charge(c, 8);
	if (is_ok(s) && (!num_from(&x, &args[0]) || !num_from(&y, &args[1])))
		s = builtin_limit(c, "a number is too large");
	if (is_ok(s))
		s = exact(c, op, &x, &y, &z);
	if (is_ok(s) && mpz_sizeinbase(z.coef, 10) > NUM_MAX_DIGITS)
		s = builtin_limit(c, "the result is too large");
	if (is_ok(s))
		*ret = num_value(c->arena, &z);
	return is_ok(s) ? arena_check(c->arena, c->err) : s;
}

static status
numbers(struct rego_call *c, const struct value *args, enum arith op, struct value *ret)
{
	int64_t i;

	if (!(args[0].flags & args[1].flags & VALUE_INT) || !small(op, args[0].u.i, args[1].u.i, &i))
		return large(c, args, op, ret);
	*ret = json_int(i);
	return OK;
}

static status
arithmetic(struct rego_call *c, const struct value *args, enum arith op, struct value *ret)
{
	TRY(builtin_type(c, args, 0, VALUE_NUMBER));
	TRY(builtin_type(c, args, 1, VALUE_NUMBER));
	return numbers(c, args, op, ret);
}

static status
plus(struct rego_call *c, const struct value *args, struct value *ret)
{
	return arithmetic(c, args, ARITH_ADD, ret);
}

static status
mul(struct rego_call *c, const struct value *args, struct value *ret)
{
	return arithmetic(c, args, ARITH_MUL, ret);
}

static status
divide(struct rego_call *c, const struct value *args, struct value *ret)
{
	return arithmetic(c, args, ARITH_DIV, ret);
}

static status
rem(struct rego_call *c, const struct value *args, struct value *ret)
{
	return arithmetic(c, args, ARITH_REM, ret);
}

/* Of numbers, or the difference of sets. */
static status
minus(struct rego_call *c, const struct value *args, struct value *ret)
{
	if (args[0].type == VALUE_NUMBER && args[1].type == VALUE_NUMBER)
		return numbers(c, args, ARITH_SUB, ret);
	if (args[0].type != VALUE_NUMBER && args[0].type != VALUE_SET)
		return builtin_operand(c, 1, "one of {number, set}", &args[0]);
	if (args[0].type != VALUE_SET || args[1].type != VALUE_SET)
		return builtin_operand(c, 2, "one of {number, set}", &args[1]);
	TRY(rego_charge(c, (uint64_t)args[0].n + args[1].n));
	*ret = value_difference(c->arena, &args[0], &args[1]);
	return arena_check(c->arena, c->err);
}

static status
sets(struct rego_call *c, const struct value *args,
     struct value (*merge)(struct arena *, const struct value *, const struct value *),
     struct value *ret)
{
	TRY(builtin_type(c, args, 0, VALUE_SET));
	TRY(builtin_type(c, args, 1, VALUE_SET));
	TRY(rego_charge(c, (uint64_t)args[0].n + args[1].n));
	*ret = merge(c->arena, &args[0], &args[1]);
	return arena_check(c->arena, c->err);
}

static status
and(struct rego_call *c, const struct value *args, struct value *ret)
{
	return sets(c, args, value_intersection, ret);
}

static status
or(struct rego_call *c, const struct value *args, struct value *ret)
{
	return sets(c, args, value_union, ret);
}

static const struct rego_builtin list[] = {
	{"equal", 2, 0, equal},
	{"neq", 2, 0, neq},
	{"lt", 2, 0, lt},
	{"lte", 2, 0, lte},
	{"gt", 2, 0, gt},
	{"gte", 2, 0, gte},
	{"internal.member_2", 2, 0, member_2},
	{"internal.member_3", 3, 0, member_3},
	{"plus", 2, 0, plus},
	{"minus", 2, 0, minus},
	{"mul", 2, 0, mul},
	{"div", 2, 0, divide},
	{"rem", 2, 0, rem},
	{"and", 2, 0, and},
	{"or", 2, 0, or},
};
const struct rego_builtin_group rego_group_operators = {list, COUNT_OF(list)};
