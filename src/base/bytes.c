/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

#include <string.h>

enum { FIRST_BYTES_TRIED = 4 };

struct bytes
bytes_str(const char *s)
{
	return s ? (struct bytes){(const uint8_t *)s, strlen(s)} : (struct bytes){NULL, 0};
}

int
bytes_cmp(struct bytes a, struct bytes b)
{
	size_t n = MIN(a.n, b.n);
	int c = n > 0 ? memcmp(a.p, b.p, n) : 0;

	if (c != 0)
		return c;
	return a.n < b.n ? -1 : a.n > b.n;
}

bool
bytes_is(struct bytes a, const char *s)
{
	return bytes_equal(a, bytes_str(s));
}

bool
bytes_starts(struct bytes a, struct bytes prefix)
{
	return a.n >= prefix.n && bytes_equal(bytes_of(a.p, prefix.n), prefix);
}

bool
bytes_ends(struct bytes a, struct bytes suffix)
{
	return a.n >= suffix.n && bytes_equal(bytes_sub(a, a.n - suffix.n, a.n), suffix);
}

size_t
bytes_find_byte(struct bytes a, uint8_t c, size_t from)
{
	const uint8_t *hit;

	if (from >= a.n)
		return SIZE_MAX;
	hit = memchr(a.p + from, c, a.n - from);
	return hit ? (size_t)(hit - a.p) : SIZE_MAX;
}

/*
 * Most slices that are looked for are not there, and neither is their first byte. Where it is there
 * often memmem() takes over: it prepares, and stays linear.
 */
size_t
bytes_find(struct bytes a, struct bytes what, size_t from)
{
	const uint8_t *hit;

	if (from > a.n)
		return SIZE_MAX;
	if (what.n == 0)
		return from;
	for (unsigned int i = 0; i < FIRST_BYTES_TRIED; i++) {
		if (a.n - from < what.n)
			return SIZE_MAX;
		hit = memchr(a.p + from, what.p[0], a.n - from - what.n + 1);
		if (!hit)
			return SIZE_MAX;
		if (memcmp(hit, what.p, what.n) == 0)
			return (size_t)(hit - a.p);
		from = (size_t)(hit - a.p) + 1;
	}
	hit = memmem(a.p + from, a.n - from, what.p, what.n);
	return hit ? (size_t)(hit - a.p) : SIZE_MAX;
}

struct bytes
bytes_sub(struct bytes a, size_t from, size_t to)
{
	to = MIN(to, a.n);
	from = MIN(from, to);
	return a.p ? (struct bytes){a.p + from, to - from} : a;
}

static bool
is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

struct bytes
bytes_trim(struct bytes a)
{
	while (a.n > 0 && is_space(a.p[0]))
		a = bytes_sub(a, 1, a.n);
	while (a.n > 0 && is_space(a.p[a.n - 1]))
		a.n--;
	return a;
}

bool
ct_equal(struct bytes a, struct bytes b)
{
	volatile uint8_t diff = 0;

	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		diff = (uint8_t)(diff | (a.p[i] ^ b.p[i]));
	return diff == 0;
}

bool
bytes_all_zero(struct bytes a)
{
	uint8_t any = 0;

	for (size_t i = 0; i < a.n; i++)
		any = (uint8_t)(any | a.p[i]);
	return any == 0;
}
