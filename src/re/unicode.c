/* SPDX-License-Identifier: Apache-2.0 */
#include "re/unicode.h"

/* The row that holds c, or NULL. Rows are sorted and disjoint. */
static const struct unicode_case *
case_row(const struct unicode_case *rows, size_t n, uint32_t c)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (c < rows[mid].lo)
			hi = mid;
		else if (c > rows[mid].hi)
			lo = mid + 1;
		else
			return &rows[mid];
	}
	return NULL;
}

static uint32_t
case_map(const struct unicode_case *rows, size_t n, uint32_t c)
{
	const struct unicode_case *r = case_row(rows, n, c);

	if (!r)
		return c;
	if (r->step == 0)
		return (c - r->lo) % 2 == 0 ? c + 1 : c - 1;
	if ((c - r->lo) % (uint32_t)r->step != 0)
		return c;
	return (uint32_t)((int32_t)c + r->delta);
}

uint32_t
unicode_lower(uint32_t c)
{
	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + 32 : c;
	return case_map(unicode_lower_rows, unicode_lower_count, c);
}

uint32_t
unicode_upper(uint32_t c)
{
	if (c < 0x80)
		return c >= 'a' && c <= 'z' ? c - 32 : c;
	return case_map(unicode_upper_rows, unicode_upper_count, c);
}

uint32_t
unicode_fold(uint32_t c)
{
	return case_map(unicode_fold_rows, unicode_fold_count, c);
}

bool
unicode_is_print(uint32_t c)
{
	size_t lo = 0, hi = unicode_print_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (c < unicode_print_spans[mid].lo)
			hi = mid;
		else if (c > unicode_print_spans[mid].hi)
			lo = mid + 1;
		else
			return true;
	}
	return false;
}

bool
unicode_is_space(uint32_t c)
{
	if (c < 0x80)
		return c == ' ' || (c >= '\t' && c <= '\r');
	return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
	       c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

struct unicode_walk
unicode_walk(const struct unicode_table *t)
{
	return (struct unicode_walk){unicode_ranges + t->first, unicode_ranges + t->end, 0};
}

static uint32_t
varint(struct unicode_walk *w)
{
	uint32_t v = 0;

	for (unsigned int shift = 0; w->p < w->end; shift += 7) {
		uint8_t c = *w->p++;

		v |= (uint32_t)(c & 0x7f) << shift;
		if (c < 0x80)
			break;
	}
	return v;
}

bool
unicode_walk_next(struct unicode_walk *w, uint32_t *lo, uint32_t *hi)
{
	if (w->p >= w->end)
		return false;
	*lo = w->at + varint(w);
	*hi = *lo + varint(w);
	w->at = *hi + 1;
	return true;
}

bool
unicode_table_is(const struct unicode_table *t, struct bytes name)
{
	if (bytes_is(name, t->name))
		return true;
	/* Only categories have first letters: Y is not Yi. */
	return name.n == 1 && bytes_find_byte(BYTES("CLMNPSZ"), name.p[0], 0) != SIZE_MAX &&
	       t->name[0] == (char)name.p[0] && t->name[1] != '\0' && t->name[2] == '\0';
}
