/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan.h: where the plain part of a string ends: at a byte below 0x20, a quote, a backslash or
 * `end`. *ascii goes false when a byte above 0x7f stands before that. One meaning, three ways:
 * byte by byte, by words of eight, and by vectors of sixteen where every processor of the kind
 * has them. tests/unit/json/test_scan.c holds them against one another.
 */
#ifndef JSON_SCAN_H
#define JSON_SCAN_H

#include "json/load.h"

#define EACH_BYTE 0x0101010101010101u
#define HIGH_BITS 0x8080808080808080u

/*
 * High bit set in every byte that ends the plain part. Exact up to the lowest one found, which is
 * all that is asked. Bytes above 0x7f are not among them.
 */
static inline uint64_t
string_stops(uint64_t w)
{
	uint64_t quote = w ^ EACH_BYTE * '"', slash = w ^ EACH_BYTE * '\\';

	return (((w - EACH_BYTE * 0x20) & ~w) | ((quote - EACH_BYTE) & ~quote) |
	        ((slash - EACH_BYTE) & ~slash)) &
	       HIGH_BITS;
}

static inline const uint8_t *
plain_end_bytes(const uint8_t *p, const uint8_t *end, bool *ascii)
{
	for (; p < end && *p >= 0x20 && *p != '"' && *p != '\\'; p++)
		*ascii &= *p < 0x80;
	return p;
}

static inline const uint8_t *
plain_end_words(const uint8_t *p, const uint8_t *end, bool *ascii)
{
	uint64_t high = 0;

	for (; end - p >= 8; p += 8) {
		uint64_t w = load64(p), stops = string_stops(w);

		if (stops) {
			unsigned int n = (unsigned int)__builtin_ctzll(stops) / 8;

			high |= w & HIGH_BITS & (((uint64_t)1 << (8 * n)) - 1);
			*ascii &= high == 0;
			return p + n;
		}
		high |= w & HIGH_BITS;
	}
	*ascii &= high == 0;
	return plain_end_bytes(p, end, ascii);
}

#ifdef __SSE2__
#include <emmintrin.h>

static inline const uint8_t *
plain_end(const uint8_t *p, const uint8_t *end, bool *ascii)
{
	const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
	const __m128i control = _mm_set1_epi8(0x1f);
	unsigned int high = 0;

	for (; end - p >= 16; p += 16) {
		__m128i w = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i ends = _mm_or_si128(_mm_cmpeq_epi8(w, quote), _mm_cmpeq_epi8(w, slash));
		unsigned int stops;

		/* Unsigned w <= 0x1f. */
		ends = _mm_or_si128(ends, _mm_cmpeq_epi8(_mm_min_epu8(w, control), w));
		stops = (unsigned int)_mm_movemask_epi8(ends);
		if (stops) {
			high |= (unsigned int)_mm_movemask_epi8(w) & (stops ^ (stops - 1)) >> 1;
			*ascii &= high == 0;
			return p + __builtin_ctz(stops);
		}
		high |= (unsigned int)_mm_movemask_epi8(w);
	}
	*ascii &= high == 0;
	return plain_end_words(p, end, ascii);
}
#else
static inline const uint8_t *
plain_end(const uint8_t *p, const uint8_t *end, bool *ascii)
{
	return plain_end_words(p, end, ascii);
}
#endif

#endif
