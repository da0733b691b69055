/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h: hex, base64, decimal and UTF-8. Decoders are strict: the whole
 * input or nothing. The hex and base64 decoders take no secret-dependent
 * branch or index, so keys may pass through them.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/buf.h"

/* Lower-case hex of b appended to out. */
void hex_encode(struct bytes b, struct buf *out);
/* NUL-terminated hex into to[size]; needs 2n+1 bytes, else writes "". Returns `to`. */
char *hex_cstr(struct bytes b, char *to, size_t size);
/* Exactly n bytes from 2n digits, either case; false otherwise, `to` zeroed. */
bool hex_decode(struct bytes text, void *to, size_t n);
/* Any even number of digits, appended; false (nothing appended) if malformed. */
bool hex_decode_buf(struct bytes text, struct buf *out);

/* %XX of a URL or header value; other bytes, "+" too, are themselves. False if malformed. */
bool percent_decode(struct bytes text, struct buf *out);

enum base64_kind {
	BASE64_STD, /* RFC 4648 section 4, padded */
	BASE64_URL, /* section 5, padded */
	BASE64_STD_UNPADDED,
	BASE64_URL_UNPADDED,
};
void base64_encode(enum base64_kind kind, struct bytes b, struct buf *out);
/* Canonical only: right padding, zero trailing bits, no white space. */
bool base64_decode(enum base64_kind kind, struct bytes text, struct buf *out);

/* Decimal without sign, leading zeros refused, within [0, max]. */
bool text_u64(struct bytes text, uint64_t max, uint64_t *ret);
/* The same with an optional minus. */
bool text_i64(struct bytes text, int64_t *ret);

/* Well-formed UTF-8 by Unicode table 3-7 (no surrogates, no overlong forms). */
bool utf8_valid(struct bytes text);
/*
 * Decodes one code point at text[*at] and moves *at behind it; -1 at the end
 * or at a malformed byte (then *at moves by one).
 */
int32_t utf8_next(struct bytes text, size_t *at);
/* Appends the encoding of a code point; U+FFFD for what is none. */
void utf8_put(struct buf *out, uint32_t cp);

/*
 * Untrusted text for terminals and logs: control characters, invalid UTF-8
 * and direction overrides become \xNN or \u{N}. At most `max` bytes are read;
 * "..." says that there was more.
 */
void text_escape(struct bytes text, size_t max, struct buf *out);

#endif
