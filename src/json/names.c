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
	uint64_t h = text.n * 0x9e3779b97f4a7c15u;
	size_t i = 0;

	if (text.n >= 8) {
		for (; i + 8 < text.n; i += 8)
			h = (h ^ load64(text.p + i)) * 0x9ddfea08eb382d69u, h ^= h >> 32;
		h ^= load64(text.p + text.n - 8);
	} else if (text.n > 0) {
		h ^= load_short(text.p, text.n);
	}
	h *= 0x9ddfea08eb382d69u;
	return (uint32_t)(h >> 32);
}

const struct json_name *
json_names_find(const struct json_names *names, struct bytes text)
{
	uint32_t hash = json_name_hash(text), at = hash & names->mask;

	for (const struct json_name *s = &names->slots[at]; s->p; s = &names->slots[at]) {
		if (s->hash == hash && s->n == text.n && same_text(s->p, text.p, text.n))
			return s;
		at = (at + 1) & names->mask;
	}
	return NULL;
}
