/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

/* RFC 4648. Characters and values are computed, not looked up: keys pass here. */

static bool
is_url(enum base64_kind kind)
{
	return kind == BASE64_URL || kind == BASE64_URL_UNPADDED;
}

static bool
is_padded(enum base64_kind kind)
{
	return kind == BASE64_STD || kind == BASE64_URL;
}

/* All ones if lo <= v <= hi, else zero. */
static unsigned int
in_range(unsigned int v, unsigned int lo, unsigned int hi)
{
	return (unsigned int)((((int)lo - 1 - (int)v) & ((int)v - (int)hi - 1)) >> 31);
}

static uint8_t
char_of(unsigned int v, bool url)
{
	unsigned int c62 = url ? '-' : '+';
	unsigned int c63 = url ? '_' : '/';

	return (uint8_t)((in_range(v, 0, 25) & (v + 'A')) | (in_range(v, 26, 51) & (v - 26 + 'a')) |
	                 (in_range(v, 52, 61) & (v - 52 + '0')) | (in_range(v, 62, 62) & c62) |
	                 (in_range(v, 63, 63) & c63));
}

/* 0..63, or a value above 63 for a character outside the alphabet. */
static unsigned int
value_of(uint8_t byte, bool url)
{
	unsigned int c = byte;
	unsigned int c62 = url ? '-' : '+';
	unsigned int c63 = url ? '_' : '/';
	unsigned int v = (in_range(c, 'A', 'Z') & (c - 'A' + 1)) |
	                 (in_range(c, 'a', 'z') & (c - 'a' + 27)) |
	                 (in_range(c, '0', '9') & (c - '0' + 53)) | (in_range(c, c62, c62) & 63) |
	                 (in_range(c, c63, c63) & 64);

	return v - 1; /* 0 (no match) wraps to a huge value */
}

void
base64_encode(enum base64_kind kind, struct bytes b, struct buf *out)
{
	bool url = is_url(kind);
	size_t i = 0;

	for (; b.n - i >= 3; i += 3) {
		unsigned int v =
		        (unsigned int)b.p[i] << 16 | (unsigned int)b.p[i + 1] << 8 | b.p[i + 2];
		for (int shift = 18; shift >= 0; shift -= 6)
			buf_u8(out, char_of(v >> shift & 63, url));
	}
	if (b.n - i == 1) {
		buf_u8(out, char_of(b.p[i] >> 2, url));
		buf_u8(out, char_of((unsigned int)(b.p[i] & 3) << 4, url));
		buf_str(out, is_padded(kind) ? "==" : "");
	} else if (b.n - i == 2) {
		unsigned int v = (unsigned int)b.p[i] << 8 | b.p[i + 1];

		buf_u8(out, char_of(v >> 10, url));
		buf_u8(out, char_of(v >> 4 & 63, url));
		buf_u8(out, char_of((v & 15) << 2, url));
		buf_str(out, is_padded(kind) ? "=" : "");
	}
}

/* Takes the padding off; false if it is not exactly what the length asks for. */
static bool
strip_padding(enum base64_kind kind, struct bytes *text)
{
	if (!is_padded(kind))
		return text->n % 4 != 1;
	if (text->n % 4 != 0)
		return false;
	for (int i = 0; i < 2 && text->n > 0 && text->p[text->n - 1] == '='; i++)
		text->n--;
	return text->n % 4 != 1;
}

bool
base64_decode(enum base64_kind kind, struct bytes text, struct buf *out)
{
	bool url = is_url(kind);
	size_t before = out->n;
	unsigned int acc = 0, bad = 0;
	int bits = 0;

	if (!strip_padding(kind, &text) || !buf_reserve(out, text.n / 4 * 3 + 2))
		return false;
	for (size_t i = 0; i < text.n; i++) {
		unsigned int v = value_of(text.p[i], url);

		bad |= v >> 6;
		acc = acc << 6 | (v & 63);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			buf_u8(out, (uint8_t)(acc >> bits));
		}
	}
	bad |= acc & ((1U << bits) - 1); /* trailing bits must be zero */
	if (bad)
		out->n = before;
	return !bad;
}
