/* SPDX-License-Identifier: Apache-2.0 */
/* format.h: one value under one of Go's formatting verbs; sprintf's other half. */
#ifndef REGO_FORMAT_H
#define REGO_FORMAT_H

#include <gmp.h>

#include "base/text.h"

struct format_spec {
	uint32_t verb; /* code point */
	bool sharp, zero, plus, minus, space;
	bool sharp_v,
	        plus_v; /* what # and + are under v and w, which mean something else by them */
	bool has_width, has_precision;
	int width;
	int precision;
};

struct format_arg {
	enum { FORMAT_INT, FORMAT_BIG, FORMAT_REAL, FORMAT_TEXT, FORMAT_BOOL, FORMAT_NIL } kind;
	const char *type; /* its name in Go when it is not the usual one of the kind */
	mpz_t integer;    /* INT, BIG; always initialised */
	double real;
	struct bytes text; /* of BOOL too */
};

/* Flags as v and w take them; after the verb is known. */
void format_settle(struct format_spec *f);
/* Appends the value, or what Go writes for a verb that does not fit the type. */
void format_value(const struct format_spec *f, const struct format_arg *a, struct buf *out);

/* Text cut to the precision and padded to the width. */
void format_text(const struct format_spec *f, struct bytes text, struct buf *out);
/* Padded to the width, zeros in front when asked for. */
void format_pad(const struct format_spec *f, struct bytes text, struct buf *out);

/* "int64", "*big.Int", "float64", "string". */
const char *format_type_name(const struct format_arg *a);

void format_rune(uint32_t cp, struct buf *out);
/* Go's quoting of a string: strconv.Quote, with `ascii` QuoteToASCII. */
void format_quote(struct bytes text, bool ascii, uint8_t quote, struct buf *out);

/* A float64 as strconv.FormatFloat with verb b, e, f, g, x (or upper case), precision -1 =
 * shortest. */
void format_float(double d, uint8_t verb, int precision, struct buf *out);

/*
 * sprintf with operands that `convert` turns into what Go would have: `a` comes with its integer
 * initialised, text that is made goes to `text`. A width or precision is an INT.
 */
struct rego_call;
struct value;
typedef void format_convert(const struct value *v, struct format_arg *a, struct buf *text);
status format_sprintf(struct rego_call *c, struct bytes format, const struct value *args,
                      uint32_t n, format_convert *convert, struct value *ret);

#endif
