/* SPDX-License-Identifier: Apache-2.0 */
/* base64, base64url and hex. */
#include "base/text.h"
#include "rego/builtin_groups.h"
#include "rego/codec.h"

static status
encode(struct rego_call *c, const struct value *args, enum base64_kind kind, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(c);
	struct bytes text;

	TRY(builtin_string(c, args, 0, &text));
	TRY(rego_charge(c, text.n / 16));
	base64_encode(kind, text, &out);
	return builtin_text(c, &out, ret);
}

static status
base64_encode_std(struct rego_call *c, const struct value *args, struct value *ret)
{
	return encode(c, args, BASE64_STD, ret);
}

static status
base64url_encode(struct rego_call *c, const struct value *args, struct value *ret)
{
	return encode(c, args, BASE64_URL, ret);
}

static status
base64url_encode_no_pad(struct rego_call *c, const struct value *args, struct value *ret)
{
	return encode(c, args, BASE64_URL_UNPADDED, ret);
}

static status
base64_decode_std(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(c);
	struct bytes text;
	size_t bad;

	TRY(builtin_string(c, args, 0, &text));
	TRY(rego_charge(c, text.n / 16));
	if (!codec_base64(text, false, false, &out, &bad))
		return builtin_error(c, "illegal base64 data at input byte %zu", bad);
	return builtin_text(c, &out, ret);
}

static status
base64_is_valid(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(c);
	size_t bad;

	if (args[0].type != VALUE_STRING)
		return return_bool(false, ret);
	TRY(rego_charge(c, args[0].n / 16));
	return return_bool(codec_base64(string_bytes(&args[0]), false, false, &out, &bad), ret);
}

static status
base64url_decode(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(c);
	struct bytes text;

	TRY(builtin_string(c, args, 0, &text));
	TRY(codec_base64url(c, "", text, &out));
	return builtin_text(c, &out, ret);
}

static status
hex_encode_text(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(c);
	struct bytes text;

	TRY(builtin_string(c, args, 0, &text));
	TRY(rego_charge(c, text.n / 16));
	hex_encode(text, &out);
	return builtin_text(c, &out, ret);
}

static bool
is_hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static status
hex_decode_text(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(c);
	struct bytes text;

	TRY(builtin_string(c, args, 0, &text));
	TRY(rego_charge(c, text.n / 16));
	for (size_t i = 0; i < text.n; i++)
		if (!is_hex(text.p[i]))
			return builtin_error(c, "encoding/hex: invalid byte: U+%04X '%c'",
			                     text.p[i],
			                     text.p[i] >= ' ' && text.p[i] < 0x7f ? text.p[i]
			                                                          : '?');
	if (text.n % 2 != 0)
		return builtin_error(c, "encoding/hex: odd length hex string");
	if (!hex_decode_buf(text, &out) && text.n > 0)
		return builtin_limit(c, "the result is too large");
	return builtin_text(c, &out, ret);
}

static const struct rego_builtin list[] = {
        {"base64.encode", 1, 0, base64_encode_std},
        {"base64.decode", 1, 0, base64_decode_std},
        {"base64.is_valid", 1, 0, base64_is_valid},
        {"base64url.encode", 1, 0, base64url_encode},
        {"base64url.encode_no_pad", 1, 0, base64url_encode_no_pad},
        {"base64url.decode", 1, 0, base64url_decode},
        {"hex.encode", 1, 0, hex_encode_text},
        {"hex.decode", 1, 0, hex_decode_text},
};
const struct rego_builtin_group rego_group_encoding = {list, COUNT_OF(list)};
