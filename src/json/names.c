/* SPDX-License-Identifier: Apache-2.0 */
#include "json/load.h"
#include "json/value.h"

/*
 * Not seeded: the set is fixed before hostile text is seen, and a look-up
 * costs at most the longest run of its own slots.
 */
uint32_t
json_name_hash(struct bytes text)
{
	uint64_t h = text.n * 0x9e3779b97f4a7c15u, tail = 0;
	size_t i = 0;

	for (; i + 8 <= text.n; i += 8)
		h = (h ^ load64(text.p + i)) * 0x9ddfea08eb382d69u, h ^= h >> 32;
	for (; i < text.n; i++)
		tail = tail << 8 | text.p[i];
	h = (h ^ tail) * 0x9ddfea08eb382d69u;
	return (uint32_t)(h >> 32);
}

const struct json_name *
json_names_find(const struct json_names *names, struct bytes text)
{
	uint32_t hash = json_name_hash(text), at = hash & names->mask;

	for (const struct json_name *s = &names->slots[at]; s->p; s = &names->slots[at]) {
		if (s->hash == hash && s->n == text.n && bytes_equal(bytes_of(s->p, s->n), text))
			return s;
		at = (at + 1) & names->mask;
	}
	return NULL;
}
