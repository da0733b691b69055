/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/format.h"

#include <math.h>
#include <stdio.h>

#include "re/unicode.h"
#include "rego/value.h"

const char *
format_type_name(const struct format_arg *a)
{
	static const char *const names[] = {"int", "*big.Int", "float64", "string"};

	return names[a->kind];
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

/* Letters, marks, numbers, punctuation, symbols and the ASCII space. */
static bool
printable(uint32_t cp)
{
	static const char *const bad[] = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp", "Zs"};
	bool assigned = false;

	if (cp >= ' ' && cp < 0x7f)
		return true;
	for (size_t i = 0; i < unicode_table_count; i++) {
		struct unicode_walk w = unicode_walk(&unicode_tables[i]);
		uint32_t lo, hi;

		if (unicode_tables[i].name[2] != '\0')
			continue; /* a script */
		while (unicode_walk_next(&w, &lo, &hi)) {
			if (cp < lo || cp > hi)
				continue;
			assigned = true;
			for (size_t k = 0; k < COUNT_OF(bad); k++)
				if (bytes_is(bytes_str(unicode_tables[i].name), bad[k]))
					return false;
		}
	}
	return assigned;
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
	} else if (cp < 0x80 ? cp >= ' ' && cp < 0x7f : !ascii && printable(cp)) {
		utf8_put(out, cp);
	} else if (cp < 0x80) {
		buf_printf(out, "\\x%02x", cp);
	} else if (cp < 0x10000) {
		buf_printf(out, "\\u%04x", cp);
	} else {
		buf_printf(out, "\\U%08x", cp);
	}
}

void
format_quote(struct bytes text, bool ascii, uint8_t quote, struct buf *out)
{
	buf_u8(out, quote);
	for (size_t at = 0; at < text.n && buf_ok(out);) {
		size_t from = at;
		int32_t cp = utf8_next(text, &at);

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
		if (f->sharp) { /* Go syntax: always double quotes */
			struct format_spec quoted = *f;

			quoted.sharp = quoted.plus = false;
			text_quoted(&quoted, text, out);
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

static void
integer_digits(const struct format_spec *f, const mpz_t z, int base, struct buf *out)
{
	CLEANUP(buf_done) struct buf digits = {.max = out->max};
	CLEANUP(buf_done) struct buf text = {.max = out->max};
	struct format_spec pad = *f;
	bool negative = mpz_sgn(z) < 0;
	size_t want = f->has_precision ? (size_t)f->precision : 1, n;
	mpz_t abs;

	if (!buf_reserve(&digits, mpz_sizeinbase(z, base == -16 ? 16 : base) + 2)) {
		out->failed = true;
		return;
	}
	mpz_init(abs);
	mpz_abs(abs, z);
	mpz_get_str((char *)digits.p, base, abs);
	mpz_clear(abs);
	n = bytes_str((const char *)digits.p).n;
	if (f->has_precision && f->precision == 0 && mpz_sgn(z) == 0)
		n = 0;
	if (!f->has_precision && f->zero && !f->minus && f->has_width)
		want = (size_t)f->width -
		       MIN((size_t)f->width, (size_t)(negative || f->plus || f->space));
	if (negative || f->plus || f->space)
		buf_u8(&text, negative ? '-' : f->plus ? '+' : ' ');
	if (f->sharp && base == 2)
		buf_str(&text, "0b");
	if (f->sharp && (base == 16 || base == -16))
		buf_str(&text, base == 16 ? "0x" : "0X");
	if (f->sharp && base == 8 && (n == 0 || digits.p[0] != '0') && want <= n)
		buf_u8(&text, '0');
	if (f->verb == 'O')
		buf_str(&text, "0o");
	for (size_t i = n; i < want && buf_ok(&text); i++)
		buf_u8(&text, '0');
	buf_add(&text, digits.p, n);
	pad.zero = false;
	format_pad(&pad, buf_view(&text), out);
	out->failed |= !buf_ok(&text);
}

static uint32_t
code_point(const mpz_t z)
{
	return mpz_fits_uint_p(z) && mpz_get_ui(z) <= UNICODE_MAX ? (uint32_t)mpz_get_ui(z)
	                                                          : 0xfffd;
}

static void
integer_unicode(const struct format_spec *f, const mpz_t z, struct buf *out)
{
	CLEANUP(buf_done) struct buf text = {0};
	struct format_spec pad = *f;
	uint64_t v = mpz_get_ui(z);

	buf_printf(&text, "U+%0*lX", f->has_precision && f->precision > 4 ? f->precision : 4, v);
	if (f->sharp && v <= UNICODE_MAX && printable((uint32_t)v)) {
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
	struct format_spec own = *f;

	switch (f->verb) {
	case 'v':
		own.plus = false;
		FALLTHROUGH;
	case 'd':
		integer_digits(&own, a->integer, 10, out);
		return true;
	case 's': /* big.Int prints itself under any of these, int does not */
		if (big)
			integer_digits(f, a->integer, 10, out);
		return big;
	case 'b':
		integer_digits(f, a->integer, 2, out);
		return true;
	case 'o':
	case 'O':
		integer_digits(f, a->integer, 8, out);
		return true;
	case 'x':
		integer_digits(f, a->integer, 16, out);
		return true;
	case 'X':
		integer_digits(f, a->integer, -16, out);
		return true;
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

/* 0x1.8p+01: at least two digits of exponent. */
static void
hex_float(double d, bool upper, int precision, struct buf *out)
{
	char text[2048];
	size_t p = 0;

	if (precision < 0)
		snprintf(text, sizeof text, upper ? "%A" : "%a", d);
	else
		snprintf(text, sizeof text, upper ? "%.*A" : "%.*a", MIN(precision, 1000), d);
	while (text[p] != '\0' && text[p] != 'p' && text[p] != 'P')
		p++;
	buf_add(out, text, text[p] ? p + 2 : p);
	if (text[p] && text[p + 3] == '\0')
		buf_u8(out, '0');
	if (text[p])
		buf_str(out, text + p + 2);
}

void
format_float(double d, uint8_t verb, int precision, bool sharp, struct buf *out)
{
	if (verb == 'x' || verb == 'X')
		hex_float(d, verb == 'X', precision, out);
	else if (precision < 0)
		shortest(d, verb, out);
	else if (verb == 'e')
		buf_printf(out, sharp ? "%#.*e" : "%.*e", precision, d);
	else if (verb == 'E')
		buf_printf(out, sharp ? "%#.*E" : "%.*E", precision, d);
	else if (verb == 'f' || verb == 'F')
		buf_printf(out, sharp ? "%#.*f" : "%.*f", precision, d);
	else if (verb == 'g')
		buf_printf(out, sharp ? "%#.*g" : "%.*g", precision, d);
	else
		buf_printf(out, sharp ? "%#.*G" : "%.*G", precision, d);
}

/* "NaN", "+Inf", "-Inf" do not occur: numbers are finite. */
static bool
format_real(const struct format_spec *f, double d, struct buf *out)
{
	CLEANUP(buf_done) struct buf text = {.max = out->max};
	struct format_spec pad = *f;
	uint8_t verb = (uint8_t)f->verb;
	int precision = f->has_precision ? f->precision : -1;
	bool negative = signbit(d) != 0, sign = negative || f->plus || f->space;

	if (f->verb >= 0x80 || bytes_find_byte(BYTES("veEfFgGxX"), verb, 0) == SIZE_MAX)
		return false;
	if (verb == 'v') {
		verb = 'g';
		sign = negative;
	} else if (!f->has_precision && verb != 'g' && verb != 'G' && verb != 'x' && verb != 'X') {
		precision = 6;
	}
	if (f->zero && !f->minus && f->has_width && sign) {
		/* The sign goes in front of the zeros. */
		buf_u8(out, negative ? '-' : f->plus ? '+' : ' ');
		pad.width -= pad.width > 0;
	} else if (sign) {
		buf_u8(&text, negative ? '-' : f->plus && f->verb != 'v' ? '+' : ' ');
	}
	format_float(fabs(d), verb, precision, f->sharp && f->verb != 'v', &text);
	format_pad(&pad, buf_view(&text), out);
	out->failed |= !buf_ok(&text);
	return true;
}

bool
format_value(const struct format_spec *f, const struct format_arg *a, struct buf *out)
{
	switch (a->kind) {
	case FORMAT_INT:
	case FORMAT_BIG:
		if (bytes_find_byte(BYTES("eEfFgG"), (uint8_t)f->verb, 0) != SIZE_MAX)
			return false;
		return format_integer(f, a, out);
	case FORMAT_REAL:
		return format_real(f, a->real, out);
	case FORMAT_TEXT:
	default:
		return format_string(f, a->text, out);
	}
}
