/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/format.h"

#include <math.h>
#include <stdio.h>

#include "re/unicode.h"
#include "rego/value.h"

const char *
format_type_name(const struct format_arg *a)
{
	static const char *const names[] = {"int64",  "*big.Int", "float64",
	                                    "string", "bool",     "<nil>"};

	return a->type ? a->type : names[a->kind];
}

void
format_rune(uint32_t cp, struct buf *out)
{
	utf8_put(out, cp);
}

static size_t
runes(struct bytes text)
{
	size_t n = 0;

	for (size_t at = 0; at < text.n; n++)
		(void)utf8_next(text, &at);
	return n;
}

void
format_pad(const struct format_spec *f, struct bytes text, struct buf *out)
{
	size_t width = f->has_width ? (size_t)f->width : 0, n = width > 0 ? runes(text) : 0;
	size_t pad = width > n ? width - n : 0;
	uint8_t fill = f->zero && !f->minus ? '0' : ' ';

	if (f->minus)
		buf_bytes(out, text);
	for (size_t i = 0; i < pad && buf_reserve(out, 1); i++)
		buf_u8(out, fill);
	if (!f->minus)
		buf_bytes(out, text);
}

/* ---- text ---- */

static struct bytes
cut_runes(struct bytes text, size_t n)
{
	size_t at = 0;

	while (n-- > 0 && at < text.n)
		(void)utf8_next(text, &at);
	return bytes_sub(text, 0, at);
}

void
format_text(const struct format_spec *f, struct bytes text, struct buf *out)
{
	if (f->has_precision)
		text = cut_runes(text, (size_t)f->precision);
	format_pad(f, text, out);
}

static void
quote_rune(uint32_t cp, bool ascii, uint8_t quote, struct buf *out)
{
	static const char escapes[] = "abtnvfr";

	if (cp == quote || cp == '\\') {
		buf_u8(out, '\\');
		buf_u8(out, (uint8_t)cp);
	} else if (cp >= 7 && cp <= 13) {
		buf_u8(out, '\\');
		buf_u8(out, (uint8_t)escapes[cp - 7]);
	} else if (cp < 0x80 ? cp >= ' ' && cp < 0x7f : !ascii && unicode_is_print(cp)) {
		utf8_put(out, cp);
	} else if (cp < 0x80) {
		buf_printf(out, "\\x%02x", cp);
	} else if (cp < 0x10000) {
		buf_printf(out, "\\u%04x", cp);
	} else {
		buf_printf(out, "\\U%08x", cp);
	}
}

/* The end of what stands for itself in quotes. */
static size_t
plain_run(struct bytes text, size_t at, uint8_t quote)
{
	while (at < text.n && text.p[at] >= ' ' && text.p[at] < 0x7f && text.p[at] != quote &&
	       text.p[at] != '\\')
		at++;
	return at;
}

void
format_quote(struct bytes text, bool ascii, uint8_t quote, struct buf *out)
{
	buf_u8(out, quote);
	for (size_t at = 0; at < text.n && buf_ok(out);) {
		size_t from = at, run = plain_run(text, at, quote);
		int32_t cp;

		buf_add(out, text.p + from, run - from);
		at = from = run;
		if (at == text.n)
			break;
		cp = utf8_next(text, &at);
		if (cp < 0)
			buf_printf(out, "\\x%02x", text.p[from]);
		else
			quote_rune((uint32_t)cp, ascii, quote, out);
	}
	buf_u8(out, quote);
}

static bool
can_backquote(struct bytes text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == '`' || text.p[i] == 0x7f || (text.p[i] < ' ' && text.p[i] != '\t'))
			return false;
	return utf8_valid(text);
}

static void
text_quoted(const struct format_spec *f, struct bytes text, struct buf *out)
{
	CLEANUP(buf_done) struct buf quoted = {.max = out->max};

	if (f->has_precision)
		text = cut_runes(text, (size_t)f->precision);
	if (f->sharp && can_backquote(text))
		buf_printf(&quoted, "`%.*s`", BYTES_ARG(text));
	else
		format_quote(text, f->plus, '"', &quoted);
	format_pad(f, buf_view(&quoted), out);
	out->failed |= !buf_ok(&quoted);
}

static void
text_hex(const struct format_spec *f, struct bytes text, struct buf *out)
{
	CLEANUP(buf_done) struct buf hex = {.max = out->max};
	bool upper = f->verb == 'X';

	if (f->has_precision)
		text = bytes_sub(text, 0, (size_t)f->precision);
	for (size_t i = 0; i < text.n; i++) {
		if (f->space && i > 0)
			buf_u8(&hex, ' ');
		if (f->sharp && (f->space || i == 0))
			buf_str(&hex, upper ? "0X" : "0x");
		if (upper)
			buf_printf(&hex, "%02X", text.p[i]);
		else
			buf_printf(&hex, "%02x", text.p[i]);
	}
	format_pad(f, buf_view(&hex), out);
	out->failed |= !buf_ok(&hex);
}

static bool
format_string(const struct format_spec *f, struct bytes text, struct buf *out)
{
	switch (f->verb) {
	case 'v':
		if (f->sharp_v) { /* Go syntax: always double quotes */
			text_quoted(f, text, out);
			return true;
		}
		FALLTHROUGH;
	case 's':
		format_text(f, text, out);
		return true;
	case 'q':
		text_quoted(f, text, out);
		return true;
	case 'x':
	case 'X':
		text_hex(f, text, out);
		return true;
	default:
		return false;
	}
}

/* ---- integers ---- */

/* Behind the sign: 0x and the like. An int with %#o has a zero only if none is there yet. */
static const char *
base_prefix(const struct format_spec *f, int base, bool big)
{
	if (f->verb == 'O')
		return "0o";
	if (!f->sharp && !(big && f->sharp_v))
		return "";
	return base == 2          ? "0b"
	       : base == 16       ? "0x"
	       : base == -16      ? "0X"
	       : big && base == 8 ? "0"
	                          : "";
}

/* How many digits there must be; zeros in front for a width count the prefix of big ones alone. */
static size_t
digits_wanted(const struct format_spec *f, bool sign, const char *prefix, bool big)
{
	size_t taken = (size_t)sign + (big ? bytes_str(prefix).n : 0);

	if (f->has_precision)
		return (size_t)f->precision;
	if (!f->zero || f->minus || !f->has_width)
		return 1;
	return (size_t)f->width - MIN((size_t)f->width, taken);
}

static void
integer_digits(const struct format_spec *f, const mpz_t z, int base, bool big, struct buf *out)
{
	CLEANUP(buf_done) struct buf digits = {.max = out->max};
	CLEANUP(buf_done) struct buf text = {.max = out->max};
	struct format_spec pad = *f;
	bool negative = mpz_sgn(z) < 0, plus = f->plus || (big && f->plus_v);
	bool sign = negative || plus || f->space;
	const char *prefix = base_prefix(f, base, big);
	size_t want = digits_wanted(f, sign, prefix, big), n;
	mpz_t abs;

	pad.zero = false;
	if (mpz_sgn(z) == 0 && f->has_precision && f->precision == 0) {
		format_pad(&pad, (struct bytes){0}, out);
		return;
	}
	if (!buf_reserve(&digits, mpz_sizeinbase(z, base == -16 ? 16 : base) + 2)) {
		out->failed = true;
		return;
	}
	mpz_init(abs);
	mpz_abs(abs, z);
	mpz_get_str((char *)digits.p, base, abs);
	mpz_clear(abs);
	n = bytes_str((const char *)digits.p).n;
	if (sign)
		buf_u8(&text, negative ? '-' : plus ? '+' : ' ');
	buf_str(&text, prefix);
	if (f->sharp && base == 8 && !big && digits.p[0] != '0' && want <= n)
		buf_u8(&text, '0');
	for (size_t i = n; i < want && buf_ok(&text); i++)
		buf_u8(&text, '0');
	buf_add(&text, digits.p, n);
	format_pad(&pad, buf_view(&text), out);
	out->failed |= !buf_ok(&text);
}

static uint32_t
code_point(const mpz_t z)
{
	uint64_t cp = mpz_fits_uint_p(z) ? mpz_get_ui(z) : UNICODE_MAX + 1;

	return cp > UNICODE_MAX || (cp >= 0xd800 && cp < 0xe000) ? 0xfffd : (uint32_t)cp;
}

static void
integer_unicode(const struct format_spec *f, const mpz_t z, struct buf *out)
{
	CLEANUP(buf_done) struct buf text = {0};
	struct format_spec pad = *f;
	uint64_t v = (uint64_t)mpz_get_si(z);

	buf_printf(&text, "U+%0*lX", f->has_precision && f->precision > 4 ? f->precision : 4, v);
	if (f->sharp && v <= UNICODE_MAX && unicode_is_print((uint32_t)v)) {
		buf_str(&text, " '");
		utf8_put(&text, (uint32_t)v);
		buf_u8(&text, '\'');
	}
	pad.zero = false;
	format_pad(&pad, buf_view(&text), out);
	out->failed |= !buf_ok(&text);
}

static void
integer_character(const struct format_spec *f, const mpz_t z, struct buf *out)
{
	CLEANUP(buf_done) struct buf text = {0};

	if (f->verb == 'c') {
		utf8_put(&text, code_point(z));
	} else {
		buf_u8(&text, '\'');
		quote_rune(code_point(z), f->plus, '\'', &text);
		buf_u8(&text, '\'');
	}
	format_pad(f, buf_view(&text), out);
}

static bool
format_integer(const struct format_spec *f, const struct format_arg *a, struct buf *out)
{
	bool big = a->kind == FORMAT_BIG;
	int base = 10;

	switch (f->verb) {
	case 's': /* big.Int prints itself, int does not */
		if (!big)
			return false;
		break;
	case 'v':
	case 'd':
		break;
	case 'b':
		base = 2;
		break;
	case 'o':
	case 'O':
		base = 8;
		break;
	case 'x':
		base = 16;
		break;
	case 'X':
		base = -16;
		break;
	case 'c':
	case 'q':
		if (!big)
			integer_character(f, a->integer, out);
		return !big;
	case 'U':
		if (!big)
			integer_unicode(f, a->integer, out);
		return !big;
	default:
		return false;
	}
	integer_digits(f, a->integer, base, big, out);
	return true;
}

/* ---- floats ---- */

/* Shortest digits that read back as d (d > 0): no point, no leading or trailing zeros. */
static int64_t
shortest_digits(double d, struct buf *digits)
{
	CLEANUP(num_done) struct num n;
	size_t size;

	num_init(&n);
	num_from_double(&n, d);
	while (mpz_sgn(n.coef) != 0 && mpz_divisible_ui_p(n.coef, 10)) {
		mpz_divexact_ui(n.coef, n.coef, 10);
		n.exp++;
	}
	size = mpz_sizeinbase(n.coef, 10) + 2;
	if (!buf_reserve(digits, size))
		return 0;
	mpz_get_str((char *)digits->p, 10, n.coef);
	digits->n = bytes_str((const char *)digits->p).n;
	return n.exp + (int64_t)digits->n; /* the point stands behind so many digits */
}

static void
zeros(struct buf *out, int64_t n)
{
	while (n-- > 0 && buf_ok(out))
		buf_u8(out, '0');
}

static void
shortest_exponent(struct bytes d, int64_t point, uint8_t e, struct buf *out)
{
	int64_t x = point - 1;

	buf_u8(out, d.p[0]);
	if (d.n > 1) {
		buf_u8(out, '.');
		buf_bytes(out, bytes_sub(d, 1, d.n));
	}
	buf_printf(out, "%c%c%02ld", e, x < 0 ? '-' : '+', x < 0 ? -x : x);
}

static void
shortest_plain(struct bytes d, int64_t point, struct buf *out)
{
	if (point <= 0) {
		buf_str(out, "0");
	} else {
		buf_bytes(out, bytes_sub(d, 0, (size_t)point));
		zeros(out, point - (int64_t)d.n);
	}
	if ((int64_t)d.n > point) {
		buf_u8(out, '.');
		zeros(out, -point);
		buf_bytes(out, bytes_sub(d, point > 0 ? (size_t)point : 0, d.n));
	}
}

static void
shortest(double d, uint8_t verb, struct buf *out)
{
	CLEANUP(buf_done) struct buf digits = {0};
	int64_t point = 1;

	if (d == 0)
		buf_u8(&digits, '0');
	else
		point = shortest_digits(d, &digits);
	if (!buf_ok(&digits) || digits.n == 0)
		return;
	if (verb == 'e' || verb == 'E' ||
	    ((verb == 'g' || verb == 'G') && (point < -3 || point > 6)))
		shortest_exponent(buf_view(&digits), point, verb == 'E' || verb == 'G' ? 'E' : 'e',
		                  out);
	else
		shortest_plain(buf_view(&digits), point, out);
}

/* Half to even at so many hexadecimal digits; a carry makes the exponent one larger. */
static uint64_t
round_hex(uint64_t mantissa, int digits, int *e)
{
	const uint64_t one = (uint64_t)1 << 60;
	unsigned int drop = 60 - (unsigned int)digits * 4;
	uint64_t rest = mantissa << (60 - drop) & (one - 1);

	mantissa >>= drop;
	if ((rest | (mantissa & 1)) > one / 2)
		mantissa++;
	mantissa <<= drop;
	if (mantissa & one << 1) {
		mantissa >>= 1;
		(*e)++;
	}
	return mantissa;
}

/* 0x1.8p+01: one digit before the point, at least two of exponent. */
static void
hex_float(double d, bool upper, int precision, struct buf *out)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	int e = 0;
	double m = frexp(d, &e);
	uint64_t bits = (uint64_t)ldexp(m, 61); /* a point behind bit 60 */

	e = d == 0 ? 0 : e - 1;
	if (precision >= 0 && precision < 15)
		bits = round_hex(bits, precision, &e);
	buf_str(out, upper ? "0X" : "0x");
	buf_u8(out, (uint8_t)digits[bits >> 60 & 1]);
	bits <<= 4;
	if (precision > 0 || (precision < 0 && bits != 0))
		buf_u8(out, '.');
	for (int i = 0; (precision < 0 ? bits != 0 : i < precision) && buf_ok(out); i++, bits <<= 4)
		buf_u8(out, (uint8_t)digits[bits >> 60]);
	buf_printf(out, "%c%c%02d", upper ? 'P' : 'p', e < 0 ? '-' : '+', e < 0 ? -e : e);
}

/* The mantissa as an integer, and the power of two: 4503599627370496p-52. */
static void
binary_float(double d, struct buf *out)
{
	int e;
	double m = frexp(d, &e);

	e = d == 0 || e < -1021 ? -1074 : e - 53;
	m = d == 0 ? 0 : ldexp(d, -e);
	buf_printf(out, "%.0fp%+d", m, e);
}

void
format_float(double d, uint8_t verb, int precision, struct buf *out)
{
	if (verb == 'b')
		binary_float(d, out);
	else if (verb == 'x' || verb == 'X')
		hex_float(d, verb == 'X', precision, out);
	else if (precision < 0)
		shortest(d, verb, out);
	else if (verb == 'e')
		buf_printf(out, "%.*e", precision, d);
	else if (verb == 'E')
		buf_printf(out, "%.*E", precision, d);
	else if (verb == 'f' || verb == 'F')
		buf_printf(out, "%.*f", precision, d);
	else if (verb == 'g')
		buf_printf(out, "%.*g", precision, d);
	else
		buf_printf(out, "%.*G", precision, d);
}

/* What # adds: a point always, and for g and x the zeros that make up the precision. */
static void
sharpen(struct bytes t, uint8_t verb, int precision, struct buf *out)
{
	bool hex = verb == 'x' || verb == 'X', point = false, begun = false;
	int want = verb == 'g' || verb == 'G' || verb == 'x' ? (precision < 0 ? 6 : precision) : 0;
	size_t end = 0;

	for (; end < t.n; end++) {
		uint8_t lower = t.p[end] | 0x20;

		if (lower == 'p' || (lower == 'e' && !hex))
			break;
		if (t.p[end] == '.') {
			point = true;
			continue;
		}
		begun |= t.p[end] != '0';
		want -= begun;
	}
	buf_bytes(out, bytes_sub(t, 0, end));
	if (!point) {
		want -= end == 1 && t.p[0] == '0';
		buf_u8(out, '.');
	}
	zeros(out, want);
	buf_bytes(out, bytes_sub(t, end, t.n));
}

/* "NaN", "+Inf", "-Inf" do not occur: numbers are finite. */
static bool
format_real(const struct format_spec *f, double d, struct buf *out)
{
	CLEANUP(buf_done) struct buf text = {.max = out->max};
	CLEANUP(buf_done) struct buf plain = {.max = out->max};
	struct format_spec pad = *f;
	uint8_t verb = (uint8_t)f->verb;
	int precision = f->has_precision ? f->precision : -1;
	bool negative = signbit(d) != 0, sign = negative || f->plus || f->space;

	if (f->verb >= 0x80 || bytes_find_byte(BYTES("vbeEfFgGxX"), verb, 0) == SIZE_MAX)
		return false;
	if (verb == 'v')
		verb = 'g';
	else if (!f->has_precision && bytes_find_byte(BYTES("eEfF"), verb, 0) != SIZE_MAX)
		precision = 6;
	if (f->zero && !f->minus && f->has_width && sign) {
		/* The sign goes in front of the zeros. */
		buf_u8(out, negative ? '-' : f->plus ? '+' : ' ');
		pad.width -= pad.width > 0;
	} else if (sign) {
		buf_u8(&text, negative ? '-' : f->plus ? '+' : ' ');
	}
	format_float(fabs(d), verb, precision, &plain);
	if (f->sharp && verb != 'b')
		sharpen(buf_view(&plain), verb, precision, &text);
	else
		buf_bytes(&text, buf_view(&plain));
	format_pad(&pad, buf_view(&text), out);
	out->failed |= !buf_ok(&text) || !buf_ok(&plain);
	return true;
}

static bool
try_value(const struct format_spec *f, const struct format_arg *a, struct buf *out)
{
	switch (a->kind) {
	case FORMAT_INT:
	case FORMAT_BIG:
		return format_integer(f, a, out);
	case FORMAT_REAL:
		return format_real(f, a->real, out);
	case FORMAT_BOOL:
		if (f->verb == 't' || f->verb == 'v')
			format_pad(f, a->text, out);
		return f->verb == 't' || f->verb == 'v';
	case FORMAT_NIL:
		if (f->verb == 'v')
			format_pad(f, BYTES("<nil>"), out);
		return f->verb == 'v';
	case FORMAT_TEXT:
	default:
		return format_string(f, a->text, out);
	}
}

/* %!d(string=x): the value as v shows it, with the flags of the verb that does not fit. */
static void
bad_verb(const struct format_spec *f, const struct format_arg *a, struct buf *out)
{
	struct format_spec v = *f;

	buf_str(out, "%!");
	format_rune(f->verb, out);
	if (a->kind == FORMAT_NIL) {
		buf_str(out, "(<nil>)");
		return;
	}
	if (a->kind == FORMAT_BIG && f->verb != 'w') { /* it speaks for itself, without flags */
		v = (struct format_spec){.verb = 'v'};
		buf_str(out, "(big.Int=");
	} else {
		v.verb = 'v';
		buf_printf(out, "(%s=", format_type_name(a));
	}
	(void)try_value(&v, a, out);
	buf_u8(out, ')');
}

void
format_settle(struct format_spec *f)
{
	if (f->verb != 'v' && f->verb != 'w')
		return;
	f->sharp_v = f->sharp;
	f->plus_v = f->plus;
	f->sharp = f->plus = false;
}

void
format_value(const struct format_spec *f, const struct format_arg *a, struct buf *out)
{
	if (!try_value(f, a, out))
		bad_verb(f, a, out);
}
