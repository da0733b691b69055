/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

enum {
	MANTISSA_BITS = 64,  /* of a quotient that does not come out even */
	MANTISSA_DIGITS = 21 /* that many decimal digits always tell two such mantissas apart */
};

void
num_init(struct num *n)
{
	mpz_init(n->coef);
	n->exp = 0;
}

void
num_done(struct num *n)
{
	mpz_clear(n->coef);
}

static void
set_i64(mpz_t z, int64_t i)
{
	_Static_assert(sizeof(long) == sizeof(int64_t), "LP64");
	mpz_set_si(z, i);
}

/* Digits without the point, NUL behind; how many stood behind the point. */
static bool
read_decimal(struct num *n, struct bytes text, size_t mark)
{
	char small[64];
	char *digits = small;
	size_t k = 0;
	int64_t behind = 0;
	bool point = false, good;

	if (mark > NUM_MAX_DIGITS)
		return false;
	if (mark + 1 > sizeof small && !(digits = mem_try_alloc(mark + 1)))
		return false;
	for (size_t i = 0; i < mark; i++) {
		if (text.p[i] == '.') {
			point = true;
			continue;
		}
		digits[k++] = (char)text.p[i];
		behind += point;
	}
	digits[k] = '\0';
	good = mpz_set_str(n->coef, digits, 10) == 0;
	n->exp = -behind;
	if (digits != small)
		mem_free(digits);
	return good;
}

static bool
number_syntax(struct bytes t)
{
	size_t i = 0, from;

	if (i < t.n && t.p[i] == '-')
		i++;
	from = i;
	while (i < t.n && t.p[i] >= '0' && t.p[i] <= '9')
		i++;
	if (i == from || (i - from > 1 && t.p[from] == '0'))
		return false;
	if (i < t.n && t.p[i] == '.') {
		from = ++i;
		while (i < t.n && t.p[i] >= '0' && t.p[i] <= '9')
			i++;
		if (i == from)
			return false;
	}
	if (i < t.n && (t.p[i] == 'e' || t.p[i] == 'E')) {
		i++;
		if (i < t.n && (t.p[i] == '+' || t.p[i] == '-'))
			i++;
		from = i;
		while (i < t.n && t.p[i] >= '0' && t.p[i] <= '9')
			i++;
		if (i == from)
			return false;
	}
	return i == t.n;
}

bool
num_parse(struct num *n, struct bytes text)
{
	size_t mark = 0;
	int64_t e = 0;
	bool plus;

	if (!number_syntax(text))
		return false;
	while (mark < text.n && text.p[mark] != 'e' && text.p[mark] != 'E')
		mark++;
	if (mark < text.n) {
		plus = text.p[mark + 1] == '+';
		struct bytes digits = bytes_sub(text, mark + 1 + plus, text.n);
		bool minus = !plus && digits.n > 0 && digits.p[0] == '-';

		digits = bytes_sub(digits, minus, digits.n);
		while (digits.n > 1 && digits.p[0] == '0')
			digits = bytes_sub(digits, 1, digits.n);
		if (!text_i64(digits, &e) || e > NUM_MAX_EXPONENT)
			return false;
		e = minus ? -e : e;
	}
	if (!read_decimal(n, text, mark))
		return false;
	n->exp += e;
	return true;
}

bool
num_from(struct num *n, const struct value *v)
{
	if (v->type != VALUE_NUMBER)
		return false;
	if (!(v->flags & VALUE_INT))
		return num_parse(n, bytes_of(v->u.s, v->n));
	set_i64(n->coef, v->u.i);
	n->exp = 0;
	return true;
}

/* Moves trailing zeros of the coefficient to the exponent. */
static void
normalise(struct num *n)
{
	if (mpz_sgn(n->coef) == 0) {
		n->exp = 0;
		return;
	}
	while (mpz_divisible_ui_p(n->coef, 10)) {
		mpz_divexact_ui(n->coef, n->coef, 10);
		n->exp++;
	}
}

static void
mul_pow10(mpz_t z, uint64_t e)
{
	mpz_t p;

	if (e == 0)
		return;
	mpz_init(p);
	mpz_ui_pow_ui(p, 10, e);
	mpz_mul(z, z, p);
	mpz_clear(p);
}

/* Both with the smaller exponent. */
static int64_t
align(struct num *x, struct num *y, const struct num *a, const struct num *b)
{
	int64_t low = MIN(a->exp, b->exp);

	mpz_set(x->coef, a->coef);
	mpz_set(y->coef, b->coef);
	mul_pow10(x->coef, (uint64_t)(a->exp - low));
	mul_pow10(y->coef, (uint64_t)(b->exp - low));
	return low;
}

int
num_cmp(const struct num *a, const struct num *b)
{
	struct num x, y;
	int c;

	num_init(&x);
	num_init(&y);
	align(&x, &y, a, b);
	c = mpz_cmp(x.coef, y.coef);
	num_done(&x);
	num_done(&y);
	return (c > 0) - (c < 0);
}

void
num_add(struct num *ret, const struct num *a, const struct num *b)
{
	struct num x, y;

	num_init(&x);
	num_init(&y);
	ret->exp = align(&x, &y, a, b);
	mpz_add(ret->coef, x.coef, y.coef);
	num_done(&x);
	num_done(&y);
}

void
num_sub(struct num *ret, const struct num *a, const struct num *b)
{
	struct num x, y;

	num_init(&x);
	num_init(&y);
	ret->exp = align(&x, &y, a, b);
	mpz_sub(ret->coef, x.coef, y.coef);
	num_done(&x);
	num_done(&y);
}

void
num_mul(struct num *ret, const struct num *a, const struct num *b)
{
	mpz_mul(ret->coef, a->coef, b->coef);
	ret->exp = a->exp + b->exp;
}

/* q = p / d rounded half to even. */
static void
div_round(mpz_t q, const mpz_t p, const mpz_t d)
{
	mpz_t r;
	int c;

	mpz_init(r);
	mpz_fdiv_qr(q, r, p, d);
	mpz_mul_2exp(r, r, 1);
	c = mpz_cmp(r, d);
	if (c > 0 || (c == 0 && mpz_odd_p(q)))
		mpz_add_ui(q, q, 1);
	mpz_clear(r);
}

/* p / d as coefficient * 10^exp when that is finite and short. */
static bool
div_even(struct num *ret, const mpz_t p, const mpz_t d)
{
	mpz_t q;
	uint64_t e = 0;
	bool even = false;

	mpz_init(q);
	while (e <= MANTISSA_DIGITS && !even) {
		mpz_set(q, p);
		mul_pow10(q, e);
		even = mpz_divisible_p(q, d) != 0;
		if (!even)
			e++;
	}
	if (even) {
		mpz_divexact(ret->coef, q, d);
		ret->exp = -(int64_t)e;
	}
	mpz_clear(q);
	return even;
}

/* m * 2^e, m of 64 bits, nearest to p / d (both positive). */
static int64_t
to_mantissa(mpz_t m, const mpz_t p, const mpz_t d)
{
	int64_t e = (int64_t)mpz_sizeinbase(p, 2) - (int64_t)mpz_sizeinbase(d, 2) - MANTISSA_BITS;
	mpz_t x, y;

	mpz_init(x);
	mpz_init(y);
	for (;;) {
		mpz_set(x, p);
		mpz_set(y, d);
		if (e < 0)
			mpz_mul_2exp(x, x, (uint64_t)-e);
		else
			mpz_mul_2exp(y, y, (uint64_t)e);
		div_round(m, x, y);
		if (mpz_sizeinbase(m, 2) <= MANTISSA_BITS)
			break;
		e++;
	}
	mpz_clear(x);
	mpz_clear(y);
	return e;
}

/* Shortest decimal within half a unit of m * 2^e. */
static void
shortest(struct num *ret, const mpz_t m, int64_t e)
{
	mpz_t p, d, back;
	double log10_value = ((double)e + (double)mpz_sizeinbase(m, 2)) * 0.30102999566398120;

	mpz_init_set(p, m);
	mpz_init_set_ui(d, 1);
	mpz_init(back);
	if (e < 0)
		mpz_mul_2exp(d, d, (uint64_t)-e);
	else
		mpz_mul_2exp(p, p, (uint64_t)e);
	for (int64_t digits = 1; digits <= MANTISSA_DIGITS + 1; digits++) {
		mpz_t x, y;

		mpz_init_set(x, p);
		mpz_init_set(y, d);
		ret->exp = (int64_t)floor(log10_value) - digits;
		mul_pow10(ret->exp < 0 ? x : y, (uint64_t)(ret->exp < 0 ? -ret->exp : ret->exp));
		div_round(ret->coef, x, y);
		mpz_set(x, ret->coef);
		mpz_set_ui(y, 1);
		mul_pow10(ret->exp < 0 ? y : x, (uint64_t)(ret->exp < 0 ? -ret->exp : ret->exp));
		bool same = mpz_sgn(x) > 0 && to_mantissa(back, x, y) == e && mpz_cmp(back, m) == 0;
		mpz_clear(x);
		mpz_clear(y);
		if (same)
			break;
	}
	mpz_clear(p);
	mpz_clear(d);
	mpz_clear(back);
}

void
num_round(struct num *n)
{
	bool negative = mpz_sgn(n->coef) < 0;
	int64_t e;
	mpz_t d, m;

	if (mpz_sgn(n->coef) == 0)
		return;
	mpz_init_set_ui(d, 1);
	mpz_init(m);
	mpz_abs(n->coef, n->coef);
	mul_pow10(n->exp < 0 ? d : n->coef, (uint64_t)(n->exp < 0 ? -n->exp : n->exp));
	e = to_mantissa(m, n->coef, d);
	if (e >= 0) {
		mpz_mul_2exp(n->coef, m, (uint64_t)e);
	} else {
		mpz_ui_pow_ui(d, 5, (uint64_t)-e);
		mpz_mul(n->coef, m, d);
	}
	n->exp = MIN(e, 0);
	if (negative)
		mpz_neg(n->coef, n->coef);
	mpz_clear(m);
	mpz_clear(d);
}

void
num_div(struct num *ret, const struct num *a, const struct num *b)
{
	struct num x, y;
	mpz_t m;
	bool negative;

	num_init(&x);
	num_init(&y);
	align(&x, &y, a, b);
	negative = mpz_sgn(x.coef) * mpz_sgn(y.coef) < 0;
	mpz_abs(x.coef, x.coef);
	mpz_abs(y.coef, y.coef);
	if (!div_even(ret, x.coef, y.coef)) {
		mpz_init(m);
		shortest(ret, m, to_mantissa(m, x.coef, y.coef));
		mpz_clear(m);
	}
	if (negative)
		mpz_neg(ret->coef, ret->coef);
	num_done(&x);
	num_done(&y);
}

bool
num_is_integer(const struct num *n)
{
	mpz_t p;
	bool whole;

	if (n->exp >= 0)
		return true;
	mpz_init(p);
	mpz_ui_pow_ui(p, 10, (uint64_t)-n->exp);
	whole = mpz_divisible_p(n->coef, p) != 0;
	mpz_clear(p);
	return whole;
}

bool
num_to_mpz(const struct num *n, mpz_t ret)
{
	mpz_t p;

	if (n->exp > NUM_MAX_DIGITS || n->exp < -2 * (int64_t)NUM_MAX_DIGITS - NUM_MAX_EXPONENT)
		return false;
	mpz_init(p);
	mpz_ui_pow_ui(p, 10, (uint64_t)(n->exp < 0 ? -n->exp : n->exp));
	if (n->exp < 0)
		mpz_tdiv_q(ret, n->coef, p);
	else
		mpz_mul(ret, n->coef, p);
	mpz_clear(p);
	return true;
}

void
num_from_mpz(struct num *n, const mpz_t z)
{
	mpz_set(n->coef, z);
	n->exp = 0;
}

static struct value
number_text(struct arena *a, struct bytes text)
{
	struct bytes copy = arena_copy(a, text);

	return (struct value){VALUE_NUMBER, 0, 0, (uint32_t)copy.n, {.s = copy.p}};
}

/* Decimal digits of z (base 10, sign included) appended. */
static void
put_mpz(const mpz_t z, struct buf *out)
{
	size_t size = mpz_sizeinbase(z, 10) + 2;

	if (!buf_reserve(out, size))
		return;
	mpz_get_str((char *)out->p + out->n, 10, z);
	while (out->p[out->n] != '\0')
		out->n++;
}

/*
 * The text of a fraction: plain, or d.ddde-07 below 1e-4 and from 1e21 on, as
 * people (and OPA for small numbers) write them.
 */
static void
put_fraction(const struct num *n, struct buf *out)
{
	CLEANUP(buf_done) struct buf digits = {0};
	struct bytes d;
	int64_t point;
	mpz_t z;

	mpz_init(z);
	mpz_abs(z, n->coef);
	put_mpz(z, &digits);
	mpz_clear(z);
	d = buf_view(&digits);
	point = (int64_t)d.n + n->exp; /* digits before the point */
	if (mpz_sgn(n->coef) < 0)
		buf_u8(out, '-');
	if (point < -3 || point > 21) {
		buf_bytes(out, bytes_sub(d, 0, 1));
		if (d.n > 1)
			buf_u8(out, '.');
		buf_bytes(out, bytes_sub(d, 1, d.n));
		buf_printf(out, "e%c%02lld", point > 0 ? '+' : '-',
		           (long long)(point > 0 ? point - 1 : 1 - point));
		return;
	}
	if (point <= 0)
		buf_str(out, "0.");
	for (int64_t i = point; i < 0; i++)
		buf_u8(out, '0');
	for (size_t i = 0; i < d.n; i++) {
		if (i > 0 && (int64_t)i == point)
			buf_u8(out, '.');
		buf_u8(out, d.p[i]);
	}
}

struct value
value_mpz(struct arena *a, const mpz_t z)
{
	CLEANUP(buf_done) struct buf text = {0};

	if (mpz_fits_slong_p(z))
		return json_int(mpz_get_si(z));
	put_mpz(z, &text);
	if (!buf_ok(&text))
		a->failed = true;
	return number_text(a, buf_view(&text));
}

struct value
num_value(struct arena *a, const struct num *n)
{
	CLEANUP(buf_done) struct buf text = {0};
	struct num copy;
	struct value v;
	mpz_t z;

	num_init(&copy);
	mpz_set(copy.coef, n->coef);
	copy.exp = n->exp;
	normalise(&copy);
	if (copy.exp >= 0 && copy.exp <= NUM_MAX_DIGITS) {
		mpz_init(z);
		(void)num_to_mpz(&copy, z);
		v = value_mpz(a, z);
		mpz_clear(z);
	} else {
		put_fraction(&copy, &text);
		if (!buf_ok(&text))
			a->failed = true;
		v = number_text(a, buf_view(&text));
	}
	num_done(&copy);
	return v;
}

double
num_to_double(const struct num *n)
{
	CLEANUP(buf_done) struct buf text = {0};

	put_mpz(n->coef, &text);
	buf_printf(&text, "e%lld", (long long)n->exp);
	return strtod(buf_cstr(&text), NULL);
}

void
num_from_double(struct num *n, double d)
{
	char text[64];
	int digits = 1;

	do
		snprintf(text, sizeof text, "%.*e", digits - 1, d);
	while (strtod(text, NULL) != d && ++digits <= 17);
	if (!num_parse(n, bytes_str(text)))
		mpz_set_ui(n->coef, 0);
}

bool
value_int(const struct value *v, int64_t *ret)
{
	struct num n;
	mpz_t z;
	bool good;

	if (v->type != VALUE_NUMBER)
		return false;
	if (v->flags & VALUE_INT) {
		*ret = v->u.i;
		return true;
	}
	num_init(&n);
	mpz_init(z);
	good = num_from(&n, v) && num_is_integer(&n) && num_to_mpz(&n, z) && mpz_fits_slong_p(z);
	if (good)
		*ret = mpz_get_si(z);
	mpz_clear(z);
	num_done(&n);
	return good;
}

bool
num_plain_int(struct bytes text, int64_t *ret)
{
	bool negative = text.n > 0 && text.p[0] == '-';
	struct bytes t = bytes_sub(text, negative || (text.n > 0 && text.p[0] == '+'), text.n);
	size_t point = bytes_find_byte(t, '.', 0);
	__int128 v = 0;

	if (t.n == 0 || t.n > 19)
		return false;
	for (size_t i = 0; i < t.n; i++) {
		if (i == point)
			continue;
		if (t.p[i] < '0' || t.p[i] > '9' || (i > point && t.p[i] != '0'))
			return false;
		if (i < point)
			v = v * 10 + (t.p[i] - '0');
	}
	v = negative ? -v : v;
	*ret = (int64_t)v;
	return v == *ret;
}

bool
value_plain_int(const struct value *v, int64_t *ret)
{
	if (v->type != VALUE_NUMBER)
		return false;
	if (!(v->flags & VALUE_INT))
		return num_plain_int(json_text(v), ret);
	*ret = v->u.i;
	return true;
}

bool
value_is_integer(const struct value *v)
{
	struct num n;
	bool whole;

	if (v->type != VALUE_NUMBER)
		return false;
	if (v->flags & VALUE_INT)
		return true;
	num_init(&n);
	whole = num_from(&n, v) && num_is_integer(&n);
	num_done(&n);
	return whole;
}

struct value
value_number(struct arena *a, struct bytes text)
{
	int64_t i;

	if (text_i64(text, &i) && !(i == 0 && text.n > 1))
		return json_int(i);
	return number_text(a, text);
}

void
value_number_text(const struct value *v, struct buf *out)
{
	if (v->flags & VALUE_INT)
		buf_printf(out, "%lld", (long long)v->u.i);
	else
		buf_add(out, v->u.s, v->n);
}
