/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unicode.h: general categories, scripts and simple case mappings of the
 * Unicode Character Database (version in unicode_tables.c), for regular
 * expressions and for Rego's string functions.
 */
#ifndef RE_UNICODE_H
#define RE_UNICODE_H

#include "base/bytes.h"

enum { UNICODE_MAX = 0x10ffff };

/* ---- the generated tables ---- */

/* Ranges [first, end) of unicode_ranges: pairs of varints, gap and length - 1. */
struct unicode_table {
	char name[24];
	uint16_t first;
	uint16_t end;
};

/*
 * Every step-th code point of lo..hi maps to itself + delta; step 0: lo and
 * lo + 1 map to each other, and so do the following pairs.
 */
struct unicode_case {
	uint32_t lo;
	uint32_t hi;
	int32_t step;
	int32_t delta;
};

/* Code points from lo to hi; sorted and disjoint. */
struct unicode_span {
	uint32_t lo;
	uint32_t hi;
};

extern const struct unicode_span unicode_print_spans[];
extern const size_t unicode_print_count;
extern const uint8_t unicode_ranges[];
extern const struct unicode_table unicode_tables[];
extern const size_t unicode_table_count;
extern const struct unicode_case unicode_fold_rows[];
extern const size_t unicode_fold_count;
extern const struct unicode_case unicode_lower_rows[];
extern const size_t unicode_lower_count;
extern const struct unicode_case unicode_upper_rows[];
extern const size_t unicode_upper_count;

/* ---- reading them ---- */

/* Simple case mappings of one code point; the code point itself if it has none. */
uint32_t unicode_lower(uint32_t c);
uint32_t unicode_upper(uint32_t c);
/* The next of the code points equal to c but for case (a ring), c itself if it is alone. */
uint32_t unicode_fold(uint32_t c);

/* White_Space of the standard: what trim_space cuts. */
bool unicode_is_space(uint32_t c);

/* Letters, marks, numbers, punctuation, symbols and the ASCII space. */
bool unicode_is_print(uint32_t c);

/* Walks the ranges of one table in rising order. */
struct unicode_walk {
	const uint8_t *p;
	const uint8_t *end;
	uint32_t at;
};
struct unicode_walk unicode_walk(const struct unicode_table *t);
bool unicode_walk_next(struct unicode_walk *w, uint32_t *lo, uint32_t *hi);

/*
 * True if the table belongs to the property called `name`: its own name (a
 * category such as Lu, a script such as Greek), or the first letter of a
 * category (L = Lu, Ll, Lt, Lm, Lo).
 */
bool unicode_table_is(const struct unicode_table *t, struct bytes name);

#endif
