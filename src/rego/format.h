/* SPDX-License-Identifier: Apache-2.0 */
/* format.h: one value under one of Go's formatting verbs; sprintf's other half. */
#ifndef REGO_FORMAT_H
#define REGO_FORMAT_H

#include <gmp.h>

#include "base/text.h"

struct format_spec {
	uint32_t verb; /* code point */
	bool sharp, zero, plus, minus, space;
	bool has_width, has_precision;
	int width;
	int precision;
};

struct format_arg {
	enum { FORMAT_INT, FORMAT_BIG, FORMAT_REAL, FORMAT_TEXT } kind;
	mpz_t integer; /* INT, BIG; always initialised */
	double real;
	struct bytes text;
};

/* Appends the value; false (nothing appended) when the verb does not fit the type. */
bool format_value(const struct format_spec *f, const struct format_arg *a, struct buf *out);

/* Text cut to the precision and padded to the width. */
void format_text(const struct format_spec *f, struct bytes text, struct buf *out);
/* Padded to the width, zeros in front when asked for. */
void format_pad(const struct format_spec *f, struct bytes text, struct buf *out);

/* "int", "*big.Int", "float64", "string". */
const char *format_type_name(const struct format_arg *a);

void format_rune(uint32_t cp, struct buf *out);
/* Go's quoting of a string: strconv.Quote, with `ascii` QuoteToASCII. */
void format_quote(struct bytes text, bool ascii, uint8_t quote, struct buf *out);

/* A float64 as strconv.FormatFloat with verb e, f, g (or upper case), precision -1 = shortest. */
void format_float(double d, uint8_t verb, int precision, bool sharp, struct buf *out);

#endif
