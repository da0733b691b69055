/* SPDX-License-Identifier: Apache-2.0 */
#include "re/internal.h"
#include "re/unicode.h"

#include <stdlib.h>

void
re_set_add(struct re_set *s, uint32_t lo, uint32_t hi)
{
	/* Neighbours come in order most of the time. */
	if (s->n > 0 && s->r[s->n - 1].lo <= lo && lo <= s->r[s->n - 1].hi + 1) {
		s->r[s->n - 1].hi = MAX(s->r[s->n - 1].hi, hi);
		return;
	}
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 8;
		struct re_range *r = arena_array(s->arena, cap, sizeof *r);

		if (!r)
			return;
		mem_copy(r, s->r, s->n * sizeof *r);
		s->r = r;
		s->cap = cap;
	}
	s->r[s->n++] = (struct re_range){lo, hi};
}

static void
add_ring(struct re_set *s, uint32_t c)
{
	for (uint32_t k = unicode_fold(c); k != c; k = unicode_fold(k))
		re_set_add(s, k, k);
}

void
re_set_add_folded(struct re_set *s, uint32_t lo, uint32_t hi)
{
	re_set_add(s, lo, hi);
	for (size_t i = 0; i < unicode_fold_count; i++) {
		const struct unicode_case *row = &unicode_fold_rows[i];
		uint32_t step = row->step > 1 ? (uint32_t)row->step : 1;

		if (row->hi < lo)
			continue;
		if (row->lo > hi)
			break;
		for (uint32_t c = row->lo; c <= row->hi; c += step)
			if (c >= lo && c <= hi)
				add_ring(s, c);
	}
}

static int
range_order(const void *a, const void *b)
{
	const struct re_range *x = a, *y = b;

	return x->lo != y->lo ? (x->lo < y->lo ? -1 : 1) : 0;
}

void
re_set_clean(struct re_set *s)
{
	size_t n = 0;

	if (s->n < 2)
		return;
	qsort(s->r, s->n, sizeof *s->r, range_order);
	for (size_t i = 1; i < s->n; i++) {
		if (s->r[i].lo <= s->r[n].hi + 1)
			s->r[n].hi = MAX(s->r[n].hi, s->r[i].hi);
		else
			s->r[++n] = s->r[i];
	}
	s->n = n + 1;
}

void
re_set_add_set(struct re_set *s, struct re_set *from, bool negate)
{
	re_set_clean(from);
	if (negate)
		re_set_negate(from);
	for (size_t i = 0; i < from->n; i++)
		re_set_add(s, from->r[i].lo, from->r[i].hi);
}

void
re_set_negate(struct re_set *s)
{
	struct re_set out = {.arena = s->arena};
	uint32_t next = 0;

	re_set_clean(s);
	for (size_t i = 0; i < s->n; i++) {
		if (s->r[i].lo > next)
			re_set_add(&out, next, s->r[i].lo - 1);
		next = s->r[i].hi + 1;
	}
	if (next <= UNICODE_MAX)
		re_set_add(&out, next, UNICODE_MAX);
	*s = out;
}

/* Ranges as pairs of characters, for both tables below. */
static const struct {
	const char *name;
	const char *pairs;
	uint8_t n;
} posix[] = {
        {"alnum", "09AZaz", 3},
        {"alpha", "AZaz", 2},
        {"ascii", "\0\x7f", 1},
        {"blank", "\t\t  ", 2},
        {"cntrl", "\0\x1f\x7f\x7f", 2},
        {"digit", "09", 1},
        {"graph", "!~", 1},
        {"lower", "az", 1},
        {"print", " ~", 1},
        {"punct", "!/:@[`{~", 4},
        {"space", "\t\r  ", 2},
        {"upper", "AZ", 1},
        {"word", "09AZaz__", 4},
        {"xdigit", "09AFaf", 3},
        {"d", "09", 1},
        {"s", "\t\n\f\r  ", 3},
        {"w", "09AZaz__", 4},
};

static void
add_range(struct re_set *s, uint32_t lo, uint32_t hi, bool fold)
{
	if (fold)
		re_set_add_folded(s, lo, hi);
	else
		re_set_add(s, lo, hi);
}

bool
re_set_add_posix(struct re_set *s, struct bytes name, bool fold)
{
	for (size_t i = 0; i < COUNT_OF(posix); i++) {
		if (!bytes_is(name, posix[i].name))
			continue;
		for (size_t k = 0; k < posix[i].n; k++)
			add_range(s, (uint8_t)posix[i].pairs[2 * k],
			          (uint8_t)posix[i].pairs[2 * k + 1], fold);
		return true;
	}
	return false;
}

bool
re_set_add_perl(struct re_set *s, uint8_t letter, bool fold)
{
	return re_set_add_posix(s, bytes_of(&letter, 1), fold);
}

bool
re_set_add_unicode(struct re_set *s, struct bytes name, bool fold)
{
	bool known = bytes_is(name, "Any");

	if (known)
		re_set_add(s, 0, UNICODE_MAX);
	for (size_t i = 0; i < unicode_table_count; i++) {
		struct unicode_walk w = unicode_walk(&unicode_tables[i]);
		uint32_t lo, hi;

		if (!unicode_table_is(&unicode_tables[i], name))
			continue;
		known = true;
		while (unicode_walk_next(&w, &lo, &hi))
			re_set_add(s, lo, hi);
	}
	re_set_clean(s);
	if (known && fold) {
		size_t n = s->n;

		for (size_t i = 0; i < n; i++)
			re_set_add_folded(s, s->r[i].lo, s->r[i].hi);
	}
	return known;
}

bool
re_class_has(const struct re_class *c, uint32_t cp)
{
	size_t lo = 0, hi = c->n;

	if (cp < 0x80)
		return c->ascii[cp / 32] >> (cp % 32) & 1;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (cp < c->ranges[mid].lo)
			hi = mid;
		else if (cp > c->ranges[mid].hi)
			lo = mid + 1;
		else
			return true;
	}
	return false;
}

bool
re_is_word(uint32_t cp)
{
	return (cp >= '0' && cp <= '9') || (cp >= 'A' && cp <= 'Z') || (cp >= 'a' && cp <= 'z') ||
	       cp == '_';
}
