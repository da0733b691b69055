/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/codec.h"

#include "base/text.h"
#include "rego/builtin_groups.h"

static int
base64_value(uint8_t c, bool url)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (url ? '-' : '+'))
		return 62;
	if (c == (url ? '_' : '/'))
		return 63;
	return -1;
}

static size_t
skip_line_ends(struct bytes t, size_t at)
{
	while (at < t.n && (t.p[at] == '\n' || t.p[at] == '\r'))
		at++;
	return at;
}

/* The padding behind n (2 or 3) characters of a group, and nothing after it. */
static bool
padding(struct bytes t, size_t at, unsigned int n, size_t *bad)
{
	for (unsigned int need = 4 - n; need > 0; need--) {
		at = skip_line_ends(t, at);
		if (at >= t.n || t.p[at] != '=') {
			*bad = at >= t.n ? t.n : at;
			return false;
		}
		at++;
	}
	at = skip_line_ends(t, at);
	*bad = at;
	return at == t.n;
}

static void
put_group(uint32_t bits, unsigned int n, struct buf *out)
{
	bits <<= 6 * (4 - n);
	buf_u8(out, (uint8_t)(bits >> 16));
	if (n > 2)
		buf_u8(out, (uint8_t)(bits >> 8));
	if (n > 3)
		buf_u8(out, (uint8_t)bits);
}

bool
codec_base64(struct bytes t, bool url, bool raw, struct buf *out, size_t *bad)
{
	uint32_t bits = 0;
	unsigned int n = 0;
	size_t at = skip_line_ends(t, 0);

	for (; at < t.n; at = skip_line_ends(t, at + 1)) {
		int v = base64_value(t.p[at], url);

		if (v < 0) {
			*bad = at;
			if (t.p[at] != '=' || raw || n < 2 || !padding(t, at, n, bad))
				return false;
			put_group(bits, n, out);
			return buf_ok(out);
		}
		bits = bits << 6 | (uint32_t)v;
		if (++n == 4) {
			put_group(bits, n, out);
			bits = n = 0;
		}
	}
	*bad = t.n;
	if (n == 1 || (n > 0 && !raw)) {
		*bad = t.n - n; /* the group that is not whole */
		return false;
	}
	if (n > 0)
		put_group(bits, n, out);
	return buf_ok(out);
}

/* Do the characters without line ends need as much padding as all of them? */
static bool
is_whole(struct bytes t)
{
	size_t ends = 0;

	for (size_t i = 0; i < t.n; i++)
		ends += t.p[i] == '\n' || t.p[i] == '\r';
	return ends % 4 == 0;
}

status
codec_base64url(struct rego_call *c, const char *prefix, struct bytes text, struct buf *out)
{
	bool padded = bytes_ends(text, BYTES("="));
	size_t bad;

	TRY(rego_charge(c, text.n / 16));
	if (!padded && text.n % 4 == 1)
		return builtin_error(c, "%sillegal base64url string: %.*s", prefix,
		                     BYTES_ARG(text));
	/* The padding that is missing is counted with line ends, which are then skipped. */
	if (!padded && !is_whole(text))
		return builtin_error(c, "%sillegal base64 data at input byte %zu", prefix, text.n);
	if (!codec_base64(text, true, !padded, out, &bad))
		return builtin_error(c, "%sillegal base64 data at input byte %zu", prefix, bad);
	return OK;
}

/* Objects sorted, the last of several members of one name kept. */
static struct value
settle(struct arena *a, const struct value *v)
{
	struct value_list list = value_list_of(a);

	if (v->type != VALUE_ARRAY && v->type != VALUE_OBJECT)
		return *v;
	for (uint32_t i = 0; i < v->n; i++) {
		if (v->type == VALUE_ARRAY)
			value_push(&list, settle(a, &v->u.items[i]));
		else
			value_push_member(&list, v->u.members[i].key,
			                  settle(a, &v->u.members[i].val));
	}
	return v->type == VALUE_ARRAY ? value_array(&list) : value_object(&list, NULL);
}

/* The code unit of the escape \uXXXX at `at`, or -1. */
static int32_t
code_unit(struct bytes t, size_t at)
{
	uint8_t b[2];

	if (at + 6 > t.n || t.p[at] != '\\' || t.p[at + 1] != 'u' ||
	    !hex_decode(bytes_sub(t, at + 2, at + 6), b, 2))
		return -1;
	return b[0] << 8 | b[1];
}

/*
 * Go's decoder takes halves of surrogate pairs and bytes that are no UTF-8 for replacement
 * characters: they are put there before our parser sees the text.
 */
static void
mend(struct bytes t, struct buf *out)
{
	for (size_t at = 0; at < t.n && buf_ok(out);) {
		size_t from = at;
		int32_t cp = utf8_next(t, &at), low;

		if (cp != '\\') {
			utf8_put(out, cp < 0 ? 0xfffd : (uint32_t)cp);
			continue;
		}
		cp = code_unit(t, from);
		low = cp >= 0xd800 && cp < 0xdc00 ? code_unit(t, from + 6) : -1;
		if (low >= 0xdc00 && low < 0xe000)
			at = from + 12;
		else if (cp >= 0xd800 && cp < 0xe000)
			at = from + 6;
		else
			at = MIN(from + 2, t.n);
		if (cp >= 0xd800 && cp < 0xe000 && at == from + 6)
			buf_str(out, "\\ufffd");
		else
			buf_bytes(out, bytes_sub(t, from, at));
	}
}

static bool
needs_mending(struct bytes t)
{
	return bytes_find(t, BYTES("\\ud"), 0) != SIZE_MAX ||
	       bytes_find(t, BYTES("\\uD"), 0) != SIZE_MAX || !utf8_valid(t);
}

static status
parse_json(struct rego_call *c, struct bytes text, struct value *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf mended = result_buf(c);

	if (needs_mending(text)) {
		mend(text, &mended);
		if (!buf_ok(&mended))
			return builtin_limit(c, "the text is too large");
		text = arena_copy(c->arena, buf_view(&mended));
		TRY(arena_check(c->arena, c->err));
	}
	return json_parse_duplicates(c->arena, text, ret, err);
}

status
codec_json(struct rego_call *c, struct bytes text, struct value *ret)
{
	struct value v;
	struct err err;

	TRY(rego_charge(c, text.n / 2));
	if (!is_ok(parse_json(c, text, &v, &err))) {
		TRY(arena_check(c->arena, c->err));
		return builtin_error(c, "%s", err.msg);
	}
	*ret = settle(c->arena, &v);
	return arena_check(c->arena, c->err);
}

bool
codec_json_valid(struct rego_call *c, struct bytes text)
{
	struct value ignored;
	struct err err;

	return is_ok(parse_json(c, text, &ignored, &err));
}

static struct bytes
next_line(struct bytes *rest)
{
	size_t end = bytes_find_byte(*rest, '\n', 0);
	struct bytes line = bytes_sub(*rest, 0, end);

	*rest = end == SIZE_MAX ? bytes_sub(*rest, rest->n, rest->n)
	                        : bytes_sub(*rest, end + 1, rest->n);
	while (line.n > 0 && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == ' ' ||
	                      line.p[line.n - 1] == '\t'))
		line.n--;
	return line;
}

/* The text between the words and the dashes of a boundary line; empty if it is none. */
static struct bytes
boundary(struct bytes line, struct bytes word)
{
	if (!bytes_starts(line, word) || !bytes_ends(line, BYTES("-----")) || line.n < word.n + 5)
		return bytes_of(NULL, 0);
	return bytes_sub(line, word.n, line.n - 5);
}

bool
codec_pem(struct bytes text, struct bytes *type, struct buf *der, struct bytes *rest)
{
	CLEANUP(buf_done) struct buf body = {0};
	struct bytes line;
	size_t bad;

	*rest = text;
	do {
		if (rest->n == 0)
			return false;
		line = next_line(rest);
		*type = boundary(line, BYTES("-----BEGIN "));
	} while (type->n == 0);
	for (;;) {
		struct bytes end;

		if (rest->n == 0)
			return false;
		line = next_line(rest);
		end = boundary(line, BYTES("-----END "));
		if (end.n > 0) {
			if (!bytes_equal(end, *type))
				return false;
			break;
		}
		if (bytes_find_byte(line, ':', 0) == SIZE_MAX) /* else a header */
			buf_bytes(&body, line);
	}
	return codec_base64(buf_view(&body), false, false, der, &bad);
}

bool
codec_number(struct bytes text, struct buf *out)
{
	size_t i = 0, from;
	bool digits;

	if (i < text.n && (text.p[i] == '+' || text.p[i] == '-'))
		if (text.p[i++] == '-')
			buf_u8(out, '-');
	from = i;
	while (i < text.n && text.p[i] >= '0' && text.p[i] <= '9')
		i++;
	digits = i > from;
	while (from + 1 < i && text.p[from] == '0')
		from++;
	buf_bytes(out, digits ? bytes_sub(text, from, i) : BYTES("0"));
	if (i < text.n && text.p[i] == '.') {
		from = ++i;
		while (i < text.n && text.p[i] >= '0' && text.p[i] <= '9')
			i++;
		digits |= i > from;
		if (i > from) {
			buf_u8(out, '.');
			buf_bytes(out, bytes_sub(text, from, i));
		}
	}
	buf_bytes(out, bytes_sub(text, i, text.n));
	return digits && buf_ok(out);
}

void
codec_query_escape(struct bytes t, struct buf *out)
{
	for (size_t i = 0; i < t.n; i++) {
		uint8_t c = t.p[i], lower = c | 0x20;

		if ((lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
		    c == '_' || c == '.' || c == '~')
			buf_u8(out, c);
		else if (c == ' ')
			buf_u8(out, '+');
		else
			buf_printf(out, "%%%02X", c);
	}
}
