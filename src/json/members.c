/* SPDX-License-Identifier: Apache-2.0 */
#include "json/members.h"

#include <stdlib.h>

enum {
	PAIRS_MAX = 8, /* members whose names are compared each with each */
	INSERTION_MAX = 24,
	INDEX_BITS = 16,
};

static int
by_text(const void *a, const void *b)
{
	const struct value *const *x = a;
	const struct value *const *y = b;

	return bytes_cmp(json_text(*x), json_text(*y));
}

/* Few members: compare all pairs. Many: sort names, so that it stays n log n. */
enum members_found
members_distinct(const struct member *m, size_t n)
{
	const struct value **names;
	bool twice = false;

	if (n <= PAIRS_MAX) {
		for (size_t i = 1; i < n && !twice; i++)
			for (size_t k = 0; k < i && !twice; k++)
				twice = bytes_equal(json_text(&m[i].key), json_text(&m[k].key));
		return twice ? MEMBERS_TWICE : MEMBERS_DIFFER;
	}
	names = mem_try_alloc(n * sizeof(void *));
	if (!names)
		return MEMBERS_NO_MEMORY;
	for (size_t i = 0; i < n; i++)
		names[i] = &m[i].key;
	qsort(names, n, sizeof(void *), by_text);
	for (size_t i = 1; i < n && !twice; i++)
		twice = by_text(&names[i - 1], &names[i]) == 0;
	mem_free(names);
	return twice ? MEMBERS_TWICE : MEMBERS_DIFFER;
}

static int
by_name(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	/* Names that the set has are in its order already. */
	if (x->key.spare && y->key.spare)
		return (x->key.spare > y->key.spare) - (x->key.spare < y->key.spare);
	return bytes_cmp(json_text(&x->key), json_text(&y->key));
}

static void
insert_each(struct member *m, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct member held = m[i];
		size_t k = i;

		for (; k > 0 && by_name(&m[k - 1], &held) > 0; k--)
			m[k] = m[k - 1];
		m[k] = held;
	}
}

/* Few members, all of them in the set: ranks with their places are sorted, members move once. */
static enum members_found
sort_ranks(const struct member *from, size_t n, struct member *to)
{
	uint32_t order[INSERTION_MAX];
	bool twice = false;

	for (size_t i = 0; i < n; i++) {
		uint32_t held = (uint32_t)from[i].key.spare << INDEX_BITS | (uint32_t)i;
		size_t k = i;

		for (; k > 0 && order[k - 1] > held; k--)
			order[k] = order[k - 1];
		order[k] = held;
	}
	for (size_t i = 0; i < n; i++) {
		to[i] = from[order[i] & ((1u << INDEX_BITS) - 1)];
		twice |= i > 0 && order[i - 1] >> INDEX_BITS == order[i] >> INDEX_BITS;
	}
	return twice ? MEMBERS_TWICE : MEMBERS_DIFFER;
}

static bool
all_ranked(const struct member *m, size_t n)
{
	size_t i = 0;

	while (i < n && m[i].key.spare)
		i++;
	return i == n;
}

enum members_found
members_sort(struct member *from, size_t n, struct member *to)
{
	bool twice = false;

	if (n <= INSERTION_MAX && all_ranked(from, n))
		return sort_ranks(from, n, to);
	if (n <= INSERTION_MAX)
		insert_each(from, n);
	else
		qsort(from, n, sizeof *from, by_name);
	for (size_t i = 1; i < n && !twice; i++)
		twice = by_name(&from[i - 1], &from[i]) == 0;
	mem_copy(to, from, n * sizeof *from);
	return twice ? MEMBERS_TWICE : MEMBERS_DIFFER;
}
