/* SPDX-License-Identifier: Apache-2.0 */
/* bits.*: on integers of any size, negative ones as two's complement without end. */
#include "rego/builtin_groups.h"

enum { BITS_MAX_SHIFT = 64 * 1024 };

enum bit_op { BIT_AND, BIT_OR, BIT_XOR, BIT_LSH, BIT_RSH };

static status
integer(struct rego_call *c, const struct value *args, unsigned int i, mpz_t ret)
{
	CLEANUP(num_done) struct num n;

	num_init(&n);
	if (args[i].type != VALUE_NUMBER)
		return builtin_operand(c, i + 1, "integer", &args[i]);
	if (!num_from(&n, &args[i]) || (num_is_integer(&n) && !num_to_mpz(&n, ret)))
		return builtin_limit(c, "operand %u is too large", i + 1);
	if (!num_is_integer(&n))
		return builtin_operand_text(c, i + 1,
		                            "must be integer number but got floating-point number");
	return OK;
}

static status
shift(struct rego_call *c, mpz_t x, const mpz_t by, bool left)
{
	if (mpz_sgn(by) < 0)
		return builtin_operand_text(
		        c, 2, "must be an unsigned integer number but got a negative integer");
	if (!left) {
		mpz_fdiv_q_2exp(x, x, mpz_fits_uint_p(by) ? mpz_get_ui(by) : UINT32_MAX);
		return OK;
	}
	if (mpz_sgn(x) != 0 && mpz_cmp_ui(by, BITS_MAX_SHIFT) > 0)
		return builtin_limit(c, "shifts by more than %d bits", BITS_MAX_SHIFT);
	mpz_mul_2exp(x, x, mpz_sgn(x) == 0 ? 0 : mpz_get_ui(by));
	return OK;
}

static status
apply(struct rego_call *c, enum bit_op op, mpz_t x, const mpz_t y)
{
	switch (op) {
	case BIT_AND:
		mpz_and(x, x, y);
		return OK;
	case BIT_OR:
		mpz_ior(x, x, y);
		return OK;
	case BIT_XOR:
		mpz_xor(x, x, y);
		return OK;
	case BIT_LSH:
	case BIT_RSH:
	default:
		return shift(c, x, y, op == BIT_LSH);
	}
}

static status
binary(struct rego_call *c, const struct value *args, enum bit_op op, struct value *ret)
{
	mpz_t x, y;
	status s;

	mpz_inits(x, y, NULL);
	s = integer(c, args, 0, x);
	if (is_ok(s))
		s = integer(c, args, 1, y);
	if (is_ok(s))
		s = apply(c, op, x, y);
	if (is_ok(s))
		*ret = value_mpz(c->arena, x);
	mpz_clears(x, y, NULL);
	return is_ok(s) ? arena_check(c->arena, c->err) : s;
}

static status
bits_and(struct rego_call *c, const struct value *args, struct value *ret)
{
	return binary(c, args, BIT_AND, ret);
}

static status
bits_or(struct rego_call *c, const struct value *args, struct value *ret)
{
	return binary(c, args, BIT_OR, ret);
}

static status
bits_xor(struct rego_call *c, const struct value *args, struct value *ret)
{
	return binary(c, args, BIT_XOR, ret);
}

static status
bits_lsh(struct rego_call *c, const struct value *args, struct value *ret)
{
	return binary(c, args, BIT_LSH, ret);
}

static status
bits_rsh(struct rego_call *c, const struct value *args, struct value *ret)
{
	return binary(c, args, BIT_RSH, ret);
}

static status
bits_negate(struct rego_call *c, const struct value *args, struct value *ret)
{
	mpz_t x;
	status s;

	mpz_init(x);
	s = integer(c, args, 0, x);
	if (is_ok(s)) {
		mpz_com(x, x);
		*ret = value_mpz(c->arena, x);
	}
	mpz_clear(x);
	return is_ok(s) ? arena_check(c->arena, c->err) : s;
}

static const struct rego_builtin list[] = {
        {"bits.and", 2, 0, bits_and}, {"bits.or", 2, 0, bits_or},
        {"bits.xor", 2, 0, bits_xor}, {"bits.lsh", 2, 0, bits_lsh},
        {"bits.rsh", 2, 0, bits_rsh}, {"bits.negate", 1, 0, bits_negate},
};
const struct rego_builtin_group rego_group_bits = {list, COUNT_OF(list)};
