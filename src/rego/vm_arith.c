/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/vm.h"

static const char *
number_op(enum opcode op)
{
	return op == OP_ADD   ? "plus"
	       : op == OP_SUB ? "minus"
	       : op == OP_MUL ? "mul"
	       : op == OP_DIV ? "div"
	       : op == OP_REM ? "rem"
	       : op == OP_AND ? "and"
	                      : "or";
}

/* Both in 64 bits and the result too; false: the long way. */
static bool
small(enum opcode op, const struct value *a, const struct value *b, struct value *ret)
{
	int64_t i = 0;
	bool good = false;

	if (a->type != VALUE_NUMBER || b->type != VALUE_NUMBER ||
	    !(a->flags & b->flags & VALUE_INT))
		return false;
	if (op == OP_ADD)
		good = add_ok(a->u.i, b->u.i, &i);
	else if (op == OP_SUB)
		good = !__builtin_sub_overflow(a->u.i, b->u.i, &i);
	else if (op == OP_MUL)
		good = mul_ok(a->u.i, b->u.i, &i);
	else if (op == OP_REM && b->u.i > 0) {
		i = a->u.i % b->u.i;
		good = true;
	}
	if (good)
		*ret = json_int(i);
	return good;
}

static status
remainder_of(struct rego_call *c, const struct num *a, const struct num *b, struct num *ret)
{
	mpz_t x, y;
	bool good;

	if (!num_is_integer(a) || !num_is_integer(b))
		return builtin_error(c, "modulo on floating-point number");
	mpz_init(x);
	mpz_init(y);
	good = num_to_mpz(a, x) && num_to_mpz(b, y);
	if (good)
		mpz_tdiv_r(x, x, y);
	num_from_mpz(ret, x);
	mpz_clear(x);
	mpz_clear(y);
	return good ? OK : builtin_error(c, "the number is too large");
}

static status
compute(struct rego_call *c, enum opcode op, const struct num *a, const struct num *b,
        struct num *ret)
{
	if ((op == OP_DIV || op == OP_REM) && mpz_sgn(b->coef) == 0)
		return builtin_error(c, op == OP_DIV ? "divide by zero" : "modulo by zero");
	if (op == OP_ADD)
		num_add(ret, a, b);
	else if (op == OP_SUB)
		num_sub(ret, a, b);
	else if (op == OP_MUL)
		num_mul(ret, a, b);
	else if (op == OP_DIV)
		num_div(ret, a, b);
	else
		return remainder_of(c, a, b, ret);
	return OK;
}

static status
exact(struct rego_call *c, enum opcode op, const struct value *a, const struct value *b,
      struct value *ret)
{
	struct num x, y, z;
	status s;

	num_init(&x);
	num_init(&y);
	num_init(&z);
	if (!num_from(&x, a) || !num_from(&y, b))
		s = builtin_error(c, "the number is too large");
	else
		s = compute(c, op, &x, &y, &z);
	if (is_ok(s) && (mpz_sizeinbase(z.coef, 10) > NUM_MAX_DIGITS || z.exp > NUM_MAX_EXPONENT ||
	                 z.exp < -NUM_MAX_EXPONENT))
		s = builtin_error(c, "the result is too large");
	if (is_ok(s)) {
		s = rego_charge(c, 10 + mpz_size(x.coef) + mpz_size(y.coef) + mpz_size(z.coef));
		*ret = num_value(c->arena, &z);
	}
	num_done(&x);
	num_done(&y);
	num_done(&z);
	return s;
}

static status
of_sets(struct rego_call *c, enum opcode op, const struct value *a, const struct value *b,
        struct value *ret)
{
	if (a->type != VALUE_SET)
		return builtin_operand(c, 1, "set", a);
	if (b->type != VALUE_SET)
		return builtin_operand(c, 2, op == OP_SUB ? "one of {number, set}" : "set", b);
	*ret = op == OP_AND  ? value_intersection(c->arena, a, b)
	       : op == OP_OR ? value_union(c->arena, a, b)
	                     : value_difference(c->arena, a, b);
	return rego_charge(c, (uint64_t)a->n + b->n);
}

status
vm_arithmetic(struct rego_call *c, enum opcode op, const struct value *a, const struct value *b,
              struct value *ret)
{
	const char *want = op == OP_SUB ? "one of {number, set}" : "number";

	if (small(op, a, b, ret))
		return OK;
	c->name = number_op(op);
	if (op == OP_AND || op == OP_OR || (op == OP_SUB && a->type == VALUE_SET))
		return of_sets(c, op, a, b, ret);
	if (a->type != VALUE_NUMBER)
		return builtin_operand(c, 1, want, a);
	if (b->type != VALUE_NUMBER)
		return builtin_operand(c, 2, want, b);
	return exact(c, op, a, b, ret);
}
