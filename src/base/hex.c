/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

/* '0'..'9', 'a'..'f' without a table or a branch. */
static uint8_t
digit_of(unsigned int v)
{
	return (uint8_t)(v + '0' + (((9U - v) >> 8) & ('a' - '0' - 10)));
}

/* Value of a hex digit; bit 8 and up set when it is none. No branch on c. */
static unsigned int
value_of(uint8_t c)
{
	unsigned int num = (unsigned int)c - '0';          /* 0..9 for a digit */
	unsigned int alpha = ((unsigned int)c | 32) - 'a'; /* 0..5 for a letter */
	unsigned int is_num = ((num - 10) & ~num) >> 31;
	unsigned int is_alpha = ((alpha - 6) & ~alpha) >> 31;

	return (is_num * num) | (is_alpha * (alpha + 10)) | ((1 - (is_num | is_alpha)) << 8);
}

void
hex_encode(struct bytes b, struct buf *out)
{
	for (size_t i = 0; i < b.n; i++) {
		buf_u8(out, digit_of(b.p[i] >> 4));
		buf_u8(out, digit_of(b.p[i] & 15));
	}
}

char *
hex_cstr(struct bytes b, char *to, size_t size)
{
	if (size == 0)
		return to;
	to[0] = '\0';
	if ((size - 1) / 2 < b.n)
		return to;
	for (size_t i = 0; i < b.n; i++) {
		to[2 * i] = (char)digit_of(b.p[i] >> 4);
		to[2 * i + 1] = (char)digit_of(b.p[i] & 15);
	}
	to[2 * b.n] = '\0';
	return to;
}

bool
hex_decode(struct bytes text, void *to, size_t n)
{
	uint8_t *out = to;
	unsigned int bad = 0;

	if (text.n / 2 != n || text.n % 2 != 0) {
		mem_zero(to, n);
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		unsigned int hi = value_of(text.p[2 * i]);
		unsigned int lo = value_of(text.p[2 * i + 1]);

		bad |= (hi | lo) >> 8;
		out[i] = (uint8_t)(hi << 4 | (lo & 15));
	}
	if (bad)
		mem_zero(to, n);
	return !bad;
}

bool
hex_decode_buf(struct bytes text, struct buf *out)
{
	if (text.n % 2 != 0 || !buf_reserve(out, text.n / 2))
		return false;
	if (!hex_decode(text, out->p + out->n, text.n / 2))
		return false;
	out->n += text.n / 2;
	return true;
}

bool
percent_decode(struct bytes text, struct buf *out)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t byte = text.p[i];

		if (byte == '%') {
			if (!hex_decode(bytes_sub(text, i + 1, i + 3), &byte, 1))
				return false;
			i += 2;
		}
		buf_u8(out, byte);
	}
	return buf_ok(out);
}
