/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

bool
text_u64(struct bytes text, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (text.n == 0 || (text.n > 1 && text.p[0] == '0'))
		return false;
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c < '0' || c > '9' || !mul_ok(v, 10U, &v) ||
		    !add_ok(v, (uint64_t)(c - '0'), &v))
			return false;
	}
	if (v > max)
		return false;
	*ret = v;
	return true;
}

bool
text_i64(struct bytes text, int64_t *ret)
{
	bool minus = text.n > 0 && text.p[0] == '-';
	uint64_t limit = (uint64_t)INT64_MAX + (minus ? 1 : 0);
	uint64_t v;

	if (!text_u64(minus ? bytes_sub(text, 1, text.n) : text, limit, &v))
		return false;
	*ret = minus ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

/* Length of the sequence that starts with c, and the smallest code point it may hold. */
static size_t
lead(uint8_t c, uint32_t *cp, uint32_t *min)
{
	if (c < 0x80) {
		*cp = c;
		*min = 0;
		return 1;
	}
	if ((c & 0xe0) == 0xc0) {
		*cp = c & 0x1f;
		*min = 0x80;
		return 2;
	}
	if ((c & 0xf0) == 0xe0) {
		*cp = c & 0x0f;
		*min = 0x800;
		return 3;
	}
	if ((c & 0xf8) == 0xf0) {
		*cp = c & 0x07;
		*min = 0x10000;
		return 4;
	}
	return 0;
}

int32_t
utf8_next(struct bytes text, size_t *at)
{
	uint32_t cp, min;
	size_t n, i = *at;

	if (i >= text.n)
		return -1;
	n = lead(text.p[i], &cp, &min);
	*at = i + 1;
	if (n == 0 || text.n - i < n)
		return -1;
	for (size_t k = 1; k < n; k++) {
		if ((text.p[i + k] & 0xc0) != 0x80)
			return -1;
		cp = cp << 6 | (text.p[i + k] & 0x3f);
	}
	if (cp < min || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return -1;
	*at = i + n;
	return (int32_t)cp;
}

bool
utf8_valid(struct bytes text)
{
	size_t at = 0;

	while (at < text.n) {
		if (text.p[at] < 0x80)
			at++;
		else if (utf8_next(text, &at) < 0)
			return false;
	}
	return true;
}

void
utf8_put(struct buf *out, uint32_t cp)
{
	if (cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		cp = 0xfffd;
	if (cp < 0x80) {
		buf_u8(out, (uint8_t)cp);
	} else if (cp < 0x800) {
		buf_u8(out, (uint8_t)(0xc0 | cp >> 6));
		buf_u8(out, (uint8_t)(0x80 | (cp & 0x3f)));
	} else if (cp < 0x10000) {
		buf_u8(out, (uint8_t)(0xe0 | cp >> 12));
		buf_u8(out, (uint8_t)(0x80 | (cp >> 6 & 0x3f)));
		buf_u8(out, (uint8_t)(0x80 | (cp & 0x3f)));
	} else {
		buf_u8(out, (uint8_t)(0xf0 | cp >> 18));
		buf_u8(out, (uint8_t)(0x80 | (cp >> 12 & 0x3f)));
		buf_u8(out, (uint8_t)(0x80 | (cp >> 6 & 0x3f)));
		buf_u8(out, (uint8_t)(0x80 | (cp & 0x3f)));
	}
}

/* C0, DEL, C1, and the bidirectional controls that can reorder a terminal line. */
static bool
is_dangerous(int32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x61c || cp == 0x200e ||
	       cp == 0x200f || (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069) ||
	       cp == 0xfeff;
}

void
text_escape(struct bytes text, size_t max, struct buf *out)
{
	struct bytes cut = bytes_sub(text, 0, max);
	size_t at = 0;

	while (at < cut.n) {
		size_t start = at;
		int32_t cp = utf8_next(cut, &at);

		if (cp < 0)
			buf_printf(out, "\\x%02x", cut.p[start]);
		else if (cp >= 0 && is_dangerous(cp))
			buf_printf(out, "\\u{%x}", (unsigned int)cp);
		else
			buf_add(out, cut.p + start, at - start);
	}
	if (text.n > max)
		buf_str(out, "...");
}
