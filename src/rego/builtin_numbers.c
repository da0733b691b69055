/* SPDX-License-Identifier: Apache-2.0 */
/* abs, ceil, floor, round, ranges, to_number. Exact for numbers of any size. */
#include "base/text.h"
#include "rego/builtin_groups.h"
#include "rego/codec.h"

enum { DOUBLE_MAX_EXPONENT = 308 };

enum rounding { ROUND_DOWN, ROUND_UP, ROUND_NEAREST };

/* n to an integer in `z`; half goes away from zero. */
static void
round_to(const struct num *n, enum rounding how, mpz_t z)
{
	mpz_t p;

	mpz_init(p);
	mpz_ui_pow_ui(p, 10, (uint64_t)-n->exp);
	if (how == ROUND_DOWN) {
		mpz_fdiv_q(z, n->coef, p);
	} else if (how == ROUND_UP) {
		mpz_cdiv_q(z, n->coef, p);
	} else {
		mpz_mul_2exp(z, n->coef, 1);
		if (mpz_sgn(z) < 0)
			mpz_sub(z, z, p);
		else
			mpz_add(z, z, p);
		mpz_mul_2exp(p, p, 1);
		mpz_tdiv_q(z, z, p);
	}
	mpz_clear(p);
}

static status
rounded(struct rego_call *c, const struct value *args, enum rounding how, struct value *ret)
{
	CLEANUP(num_done) struct num n;
	mpz_t z;

	num_init(&n);
	TRY(builtin_type(c, args, 0, VALUE_NUMBER));
	*ret = args[0];
	if (args[0].flags & VALUE_INT)
		return OK;
	if (!num_from(&n, &args[0]))
		return builtin_limit(c, "the number is too large");
	if (n.exp >= 0)
		return OK;
	mpz_init(z);
	round_to(&n, how, z);
	*ret = value_mpz(c->arena, z);
	mpz_clear(z);
	return arena_check(c->arena, c->err);
}

static status
floor_number(struct rego_call *c, const struct value *args, struct value *ret)
{
	return rounded(c, args, ROUND_DOWN, ret);
}

static status
ceil_number(struct rego_call *c, const struct value *args, struct value *ret)
{
	return rounded(c, args, ROUND_UP, ret);
}

static status
round_number(struct rego_call *c, const struct value *args, struct value *ret)
{
	return rounded(c, args, ROUND_NEAREST, ret);
}

static status
abs_number(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(num_done) struct num n;

	num_init(&n);
	TRY(builtin_type(c, args, 0, VALUE_NUMBER));
	*ret = args[0];
	if ((args[0].flags & VALUE_INT) && args[0].u.i >= 0)
		return OK;
	if (!num_from(&n, &args[0]))
		return builtin_limit(c, "the number is too large");
	mpz_abs(n.coef, n.coef);
	*ret = num_value(c->arena, &n);
	return arena_check(c->arena, c->err);
}

/* ---- ranges ---- */

static status
integer(struct rego_call *c, const struct value *args, unsigned int i, mpz_t ret)
{
	CLEANUP(num_done) struct num n;

	num_init(&n);
	TRY(builtin_type(c, args, i, VALUE_NUMBER));
	if (!num_from(&n, &args[i]))
		return builtin_limit(c, "operand %u is too large", i + 1);
	if (!num_is_integer(&n))
		return builtin_operand_text(c, i + 1,
		                            "must be integer number but got floating-point number");
	if (!num_to_mpz(&n, ret))
		return builtin_limit(c, "operand %u is too large", i + 1);
	return OK;
}

/* from, from + step, ... up (or down) to `to`; `step` is positive. Uses up `from` and `to`. */
static status
count_up(struct rego_call *c, mpz_t from, mpz_t to, mpz_t step, struct value *ret)
{
	struct value *items;
	uint64_t n;
	mpz_t span;

	mpz_init(span);
	mpz_sub(span, to, from);
	if (mpz_sgn(span) < 0)
		mpz_neg(step, step);
	mpz_tdiv_q(span, span, step);
	n = mpz_fits_uint_p(span) ? mpz_get_ui(span) + 1 : UINT64_MAX;
	mpz_clear(span);
	if (n > UINT32_MAX)
		return builtin_limit(c, "the range has too many numbers");
	TRY(rego_charge(c, n));
	items = arena_array(c->arena, n, sizeof *items);
	TRY(arena_check(c->arena, c->err));
	for (uint64_t i = 0; i < n; i++) {
		items[i] = value_mpz(c->arena, from);
		mpz_add(from, from, step);
	}
	*ret = (struct value){.type = VALUE_ARRAY, .n = (uint32_t)n, .u.items = items};
	return arena_check(c->arena, c->err);
}

static status
range_of(struct rego_call *c, const struct value *args, bool has_step, struct value *ret)
{
	mpz_t from, to, step;
	status s;

	mpz_inits(from, to, step, NULL);
	mpz_set_ui(step, 1);
	s = integer(c, args, 0, from);
	if (is_ok(s))
		s = integer(c, args, 1, to);
	if (is_ok(s) && has_step)
		s = integer(c, args, 2, step);
	if (is_ok(s) && mpz_sgn(step) <= 0)
		s = builtin_error(c, "step must be a positive integer");
	if (is_ok(s))
		s = count_up(c, from, to, step, ret);
	mpz_clears(from, to, step, NULL);
	return s;
}

static status
range(struct rego_call *c, const struct value *args, struct value *ret)
{
	return range_of(c, args, false, ret);
}

static status
range_step(struct rego_call *c, const struct value *args, struct value *ret)
{
	return range_of(c, args, true, ret);
}

/* ---- to_number ---- */

static bool
is_special(struct bytes text)
{
	CLEANUP(buf_done) struct buf lower = {0};

	while (text.n > 0 && (text.p[0] == '+' || text.p[0] == '-'))
		text = bytes_sub(text, 1, text.n);
	for (size_t i = 0; i < MIN(text.n, (size_t)16); i++)
		buf_u8(&lower, text.p[i] | 0x20);
	return bytes_is(buf_view(&lower), "inf") || bytes_is(buf_view(&lower), "infinity") ||
	       bytes_is(buf_view(&lower), "nan");
}

static status
parse_number(struct rego_call *c, const struct value *arg, struct value *ret)
{
	CLEANUP(num_done) struct num n;
	CLEANUP(buf_done) struct buf text = result_buf(c);

	num_init(&n);
	TRY(rego_charge(c, arg->n / 8));
	if (is_special(string_bytes(arg)))
		return builtin_operand(c, 1, "valid number string", arg);
	if (!codec_number(string_bytes(arg), &text) || !num_parse(&n, buf_view(&text)))
		return builtin_error(c, "strconv.ParseFloat: parsing \"%.*s\": invalid syntax",
		                     BYTES_ARG(string_bytes(arg)));
	if ((int64_t)mpz_sizeinbase(n.coef, 10) + n.exp > DOUBLE_MAX_EXPONENT + 1)
		return builtin_error(c, "strconv.ParseFloat: parsing \"%.*s\": value out of range",
		                     BYTES_ARG(string_bytes(arg)));
	*ret = value_number(c->arena, buf_view(&text));
	return arena_check(c->arena, c->err);
}

static status
to_number(struct rego_call *c, const struct value *args, struct value *ret)
{
	switch ((enum value_type)args[0].type) {
	case VALUE_NULL:
		*ret = json_int(0);
		return OK;
	case VALUE_BOOL:
		*ret = json_int(args[0].u.b);
		return OK;
	case VALUE_NUMBER:
		*ret = args[0];
		return OK;
	case VALUE_STRING:
		return parse_number(c, &args[0], ret);
	case VALUE_UNDEFINED:
	case VALUE_ARRAY:
	case VALUE_OBJECT:
	case VALUE_SET:
	default:
		return builtin_operand(c, 1, "one of {null, boolean, number, string}", &args[0]);
	}
}

static const struct rego_builtin list[] = {
        {"abs", 1, 0, abs_number},      {"ceil", 1, 0, ceil_number},
        {"floor", 1, 0, floor_number},  {"round", 1, 0, round_number},
        {"numbers.range", 2, 0, range}, {"numbers.range_step", 3, 0, range_step},
        {"to_number", 1, 0, to_number},
};
const struct rego_builtin_group rego_group_numbers = {list, COUNT_OF(list)};
