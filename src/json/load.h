/* SPDX-License-Identifier: Apache-2.0 */
/* load.h: eight bytes of text as a number, for scans that look at eight at once. */
#ifndef JSON_LOAD_H
#define JSON_LOAD_H

#include <stdint.h>

/* Little-endian; the compiler makes one load of it. */
static inline uint64_t
load64(const uint8_t *p)
{
	return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
	       (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
	       (uint64_t)p[7] << 56;
}

#define EACH_BYTE 0x0101010101010101u
#define HIGH_BITS 0x8080808080808080u

/*
 * High bit set in every byte that ends the plain part of a string: below 0x20,
 * a quote, a backslash. Exact up to the lowest one found, which is all that
 * is asked. Bytes above 0x7f are not among them.
 */
static inline uint64_t
string_stops(uint64_t w)
{
	uint64_t quote = w ^ EACH_BYTE * '"', slash = w ^ EACH_BYTE * '\\';

	return (((w - EACH_BYTE * 0x20) & ~w) | ((quote - EACH_BYTE) & ~quote) |
	        ((slash - EACH_BYTE) & ~slash)) &
	       HIGH_BITS;
}

#endif
