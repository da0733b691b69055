/* SPDX-License-Identifier: Apache-2.0 */
/* load.h: text as numbers, for scans that look at eight bytes at once. */
#ifndef JSON_LOAD_H
#define JSON_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Little-endian; the compiler makes one load of it. */
static inline uint64_t
load64(const uint8_t *p)
{
	return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
	       (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
	       (uint64_t)p[7] << 56;
}

static inline uint32_t
load32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* One to seven bytes as one number: of texts of one length, equal numbers mean equal texts. */
static inline uint64_t
load_short(const uint8_t *p, size_t n)
{
	if (n >= 4)
		return load32(p) | (uint64_t)load32(p + n - 4) << 32;
	return (uint64_t)p[0] | (uint64_t)p[n / 2] << 8 | (uint64_t)p[n - 1] << 16;
}

/* Equality of n bytes, for texts too short to be worth a call: the last eight are looked at
 * wherever they begin. */
static inline bool
same_text(const uint8_t *a, const uint8_t *b, size_t n)
{
	size_t i = 0;

	if (n < 8)
		return n == 0 || load_short(a, n) == load_short(b, n);
	for (; i + 8 < n; i += 8)
		if (load64(a + i) != load64(b + i))
			return false;
	return load64(a + n - 8) == load64(b + n - 8);
}

#endif
