/* SPDX-License-Identifier: Apache-2.0 */
/* units.parse and units.parse_bytes: amounts with a prefix, in exact numbers. */
#include "base/text.h"
#include "re/unicode.h"
#include "rego/builtin_groups.h"
#include "rego/codec.h"

enum { UNITS_MAX_EXPONENT_DIGITS = 6, UNITS_DECIMALS = 10 };

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* Where the number ends and the unit begins; false when its exponent is out of all proportion. */
static bool
number_end(struct bytes t, size_t *ret)
{
	size_t i = 0;

	for (; i < t.n; i++) {
		uint8_t c = t.p[i];
		size_t end;

		if (!is_digit(c) && c != '.' && (c | 0x20) != 'e' && c != '+' && c != '-')
			break;
		if ((c | 0x20) != 'e')
			continue;
		if (i + 1 == t.n ||
		    (!is_digit(t.p[i + 1]) && t.p[i + 1] != '+' && t.p[i + 1] != '-'))
			break;
		i += !is_digit(t.p[i + 1]);
		end = i + 1;
		while (end < t.n && is_digit(t.p[end]))
			end++;
		if (end - i - 1 > UNITS_MAX_EXPONENT_DIGITS)
			return false;
	}
	*ret = i;
	return true;
}

/* Without quotation marks; lower case from the character `from` on. */
static void
clean(struct bytes t, size_t from, struct buf *out)
{
	for (size_t at = 0; at < t.n;) {
		uint32_t cp = (uint32_t)utf8_next(t, &at);

		if (cp != '"')
			utf8_put(out, out->n >= from ? unicode_lower(cp) : cp);
	}
}

/* What the unit multiplies with: thousands^power or 1024^power; power -1 is milli. */
static bool
unit_factor(struct bytes unit, bool bytes, int *power, bool *binary)
{
	static const char letters[] = "kmgtpe";
	uint8_t first = unit.n > 0 ? unit.p[0] : 0;
	size_t at = bytes_find_byte(BYTES("kmgtpe"), first | 0x20, 0);
	struct bytes tail = bytes_sub(unit, 1, unit.n);

	*power = 0;
	*binary = false;
	if (unit.n == 0)
		return true;
	if (at == SIZE_MAX || at >= sizeof letters - 1)
		return false;
	*power = (int)at + 1;
	*binary = bytes_is(tail, "i") || (bytes && bytes_is(tail, "ib"));
	if (!bytes && bytes_is(unit, "m"))
		*power = -1; /* M is mega, m is milli */
	return tail.n == 0 || *binary || (bytes && bytes_is(tail, "b"));
}

/* OPA's milli is the float64 nearest to 0.001: 1152921504606847 / 2^60. */
static void
multiply_milli(struct num *n)
{
	mpz_t p;

	mpz_init(p);
	mpz_ui_pow_ui(p, 5, 60);
	mpz_mul_ui(p, p, 1152921504606847UL);
	mpz_mul(n->coef, n->coef, p);
	n->exp -= 60;
	mpz_clear(p);
}

static void
multiply(struct num *n, int power, bool binary)
{
	if (power < 0)
		multiply_milli(n);
	else if (!binary)
		n->exp += 3 * power;
	else
		mpz_mul_2exp(n->coef, n->coef, (mp_bitcnt_t)(10 * power));
}

/* To ten digits behind the point, half away from zero. */
static void
round_decimals(struct num *n)
{
	mpz_t p;

	if (n->exp >= -UNITS_DECIMALS)
		return;
	mpz_init(p);
	mpz_ui_pow_ui(p, 10, (uint64_t)(-n->exp - UNITS_DECIMALS));
	mpz_mul_2exp(n->coef, n->coef, 1);
	if (mpz_sgn(n->coef) < 0)
		mpz_sub(n->coef, n->coef, p);
	else
		mpz_add(n->coef, n->coef, p);
	mpz_mul_2exp(p, p, 1);
	mpz_tdiv_q(n->coef, n->coef, p);
	n->exp = -UNITS_DECIMALS;
	mpz_clear(p);
}

static status
amount(struct rego_call *c, struct bytes text, bool bytes, struct num *ret)
{
	CLEANUP(buf_done) struct buf digits = result_buf(c);
	CLEANUP(buf_done) struct buf unit = {0};
	const char *what = bytes ? "byte " : "";
	size_t end;
	bool binary;
	int power;

	if (bytes_find_byte(text, ' ', 0) != SIZE_MAX)
		return builtin_error(c, "spaces not allowed in resource strings");
	if (!number_end(text, &end))
		return builtin_error(c, "exponent too large");
	if (end == 0)
		return builtin_error(c, "no %samount provided", what);
	clean(bytes_sub(text, end, text.n), bytes ? 0 : 1, &unit);
	if (!unit_factor(buf_view(&unit), bytes, &power, &binary))
		return builtin_error(c, "%sunit %.*s not recognized", what,
		                     BYTES_ARG(buf_view(&unit)));
	if (!codec_number(bytes_sub(text, 0, end), &digits) || !num_parse(ret, buf_view(&digits)))
		return builtin_error(c, "could not parse %samount to a number", what);
	/* Bytes are multiplied as floats of 64 bits of mantissa, other units exactly. */
	if (bytes)
		num_round(ret);
	multiply(ret, power, binary);
	if (bytes)
		num_round(ret);
	return OK;
}

static status
parse_units(struct rego_call *c, const struct value *args, bool bytes, struct value *ret)
{
	CLEANUP(num_done) struct num n;
	CLEANUP(buf_done) struct buf text = result_buf(c);
	struct bytes raw;
	mpz_t whole;

	num_init(&n);
	TRY(builtin_string(c, args, 0, &raw));
	TRY(rego_charge(c, raw.n));
	clean(raw, bytes ? 0 : SIZE_MAX, &text);
	TRY(amount(c, buf_view(&text), bytes, &n));
	if (bytes) {
		mpz_init(whole);
		if (num_to_mpz(&n, whole))
			*ret = value_mpz(c->arena, whole);
		mpz_clear(whole);
		if (ret->type == VALUE_UNDEFINED)
			return builtin_limit(c, "the number is too large");
	} else {
		round_decimals(&n);
		*ret = num_value(c->arena, &n);
	}
	return arena_check(c->arena, c->err);
}

static status
parse(struct rego_call *c, const struct value *args, struct value *ret)
{
	return parse_units(c, args, false, ret);
}

static status
parse_bytes(struct rego_call *c, const struct value *args, struct value *ret)
{
	return parse_units(c, args, true, ret);
}

static const struct rego_builtin list[] = {
        {"units.parse", 1, 0, parse},
        {"units.parse_bytes", 1, 0, parse_bytes},
};
const struct rego_builtin_group rego_group_units = {list, COUNT_OF(list)};
