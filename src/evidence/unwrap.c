/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/unwrap.h"

#include "base/text.h"
#include "crypto/cert.h"
#include "evidence/snp/report_json.h"

enum { PIECES_MAX = 4096 }; /* texts and lists looked into */

/* ---- text ---- */

/* Base64 of either alphabet, padded or not, in one line or several. */
static bool
decode_base64(struct bytes text, struct buf *out)
{
	static const enum base64_kind kinds[] = {BASE64_STD, BASE64_STD_UNPADDED, BASE64_URL,
	                                         BASE64_URL_UNPADDED};
	CLEANUP(buf_done) struct buf digits = {.max = INTAKE_MAX};

	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
			buf_u8(&digits, c);
	}
	for (size_t i = 0; buf_ok(&digits) && i < COUNT_OF(kinds); i++) {
		if (base64_decode(kinds[i], buf_view(&digits), out))
			return true;
	}
	return false;
}

static bool
decode(struct bytes text, struct buf *out)
{
	if (bytes_starts(text, BYTES("0x")))
		text = bytes_sub(text, 2, text.n);
	if (text.n < UNWRAP_PIECE_MIN)
		return false;
	/* A chain as Intel puts it into a header; curl shows the header's name before it. */
	if (bytes_find(text, BYTES("-----BEGIN%20"), 0) != SIZE_MAX ||
	    bytes_find(text, BYTES("%2D%2D%2D%2D%2DBEGIN"), 0) != SIZE_MAX)
		return percent_decode(text, out);
	/* Hexadecimal digits are base64 too, so they come first. */
	return hex_decode_buf(text, out) || decode_base64(text, out);
}

struct bytes
unwrap_text(struct arena *a, struct bytes b)
{
	CLEANUP(buf_done) struct buf raw = {.max = INTAKE_MAX};
	struct bytes text = bytes_trim(b);

	return decode(text, &raw) ? arena_copy(a, buf_view(&raw)) : b;
}

bool
unwrap_is_json(struct bytes b)
{
	struct bytes text = bytes_trim(b);

	return bytes_starts(text, BYTES("{")) || bytes_starts(text, BYTES("["));
}

/* ---- JSON ---- */

struct search {
	struct arena *a;
	unwrap_fn *fn;
	void *ctx;
	size_t pieces;
};

/* Signatures and digests look like anything: what is to be a certificate or a list must parse. */
static bool
known(struct bytes b, enum intake_kind *ret)
{
	CLEANUP(cert_drop) struct cert *c = NULL;
	CLEANUP(crl_drop) struct crl *l = NULL;
	struct err err;

	if (!intake_kind_of(b, ret))
		return false;
	if (*ret == INTAKE_CERTIFICATE)
		return is_ok(cert_parse_der(b, &c, &err));
	if (*ret == INTAKE_CRL)
		return is_ok(crl_parse_der(b, &l, &err));
	return *ret != INTAKE_CERT_TABLE || b.n > UNWRAP_PIECE_MIN;
}

static status
look_at(struct search *s, struct bytes b, struct err *err)
{
	enum intake_kind kind;

	TRY(arena_check(s->a, err));
	return known(b, &kind) ? s->fn(s->ctx, kind, b, err) : OK;
}

static status
look_at_text(struct search *s, struct bytes text, struct err *err)
{
	enum intake_kind kind;

	if (text.n < UNWRAP_PIECE_MIN || text.n > INTAKE_MAX)
		return OK;
	if (known(text, &kind))
		return s->fn(s->ctx, kind, text, err);
	return look_at(s, unwrap_text(s->a, text), err);
}

/* A list of numbers that are bytes; false when it is something else. */
static bool
list_bytes(struct arena *a, const struct value *v, struct bytes *ret)
{
	uint8_t *to = NULL;

	if (v->n < UNWRAP_PIECE_MIN || v->n > INTAKE_MAX)
		return false;
	for (uint32_t i = 0; i < v->n; i++) {
		uint64_t byte;

		if (!json_u64(json_item(v, i), UINT8_MAX, &byte))
			return false;
		if (!to)
			to = arena_alloc(a, v->n);
		if (!to)
			return false;
		to[i] = (uint8_t)byte;
	}
	*ret = bytes_of(to, v->n);
	return true;
}

static status search_value(struct search *s, const struct value *v, unsigned int depth,
                           struct err *err);

static status
search_object(struct search *s, const struct value *v, unsigned int depth, struct err *err)
{
	uint8_t *report = arena_alloc(s->a, SNP_REPORT_SIZE);

	TRY(arena_check(s->a, err));
	if (snp_report_from_json(v, report))
		return s->fn(s->ctx, INTAKE_SNP_REPORT, bytes_of(report, SNP_REPORT_SIZE), err);
	for (uint32_t i = 0; i < v->n; i++)
		TRY(search_value(s, &v->u.members[i].val, depth + 1, err));
	return OK;
}

static status
search_value(struct search *s, const struct value *v, unsigned int depth, struct err *err)
{
	struct bytes list;

	if (depth > UNWRAP_DEPTH || s->pieces++ > PIECES_MAX)
		return OK;
	if (json_is(v, VALUE_STRING))
		return look_at_text(s, json_text(v), err);
	if (json_is(v, VALUE_OBJECT))
		return search_object(s, v, depth, err);
	if (!json_is(v, VALUE_ARRAY))
		return OK;
	if (list_bytes(s->a, v, &list))
		return look_at(s, list, err);
	for (uint32_t i = 0; i < v->n; i++)
		TRY(search_value(s, json_item(v, i), depth + 1, err));
	return OK;
}

status
unwrap_json(struct arena *a, struct bytes json, unwrap_fn *fn, void *ctx, struct err *err)
{
	struct json_limits limits = {.depth = UNWRAP_JSON_DEPTH, .bytes = INTAKE_MAX};
	struct search s = {.a = a, .fn = fn, .ctx = ctx};
	struct value v;

	TRY(json_parse(a, json, &limits, &v, err));
	return search_value(&s, &v, 0, err);
}
