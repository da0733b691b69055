/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec.h: encodings as Go's decoders read them, which is laxer than base/text.h:
 * line ends are skipped and trailing bits ignored.
 */
#ifndef REGO_CODEC_H
#define REGO_CODEC_H

#include "rego/builtin.h"

/*
 * Base64 of the standard or URL alphabet, padded or (with `raw`) not. False
 * with *bad = offset of the offence, which Go reports.
 */
bool codec_base64(struct bytes text, bool url, bool raw, struct buf *out, size_t *bad);

/*
 * base64url with or without padding, as OPA's base64url.decode; an error of
 * the builtin, with `prefix` in front of its text.
 */
status codec_base64url(struct rego_call *c, const char *prefix, struct bytes text, struct buf *out);

/* One JSON text as Go's decoder takes it (a later duplicate member wins), frozen. */
status codec_json(struct rego_call *c, struct bytes text, struct value *ret);
/* Is it one JSON text, for Go? */
bool codec_json_valid(struct rego_call *c, struct bytes text);

/*
 * The first PEM block of a text: its type, its bytes (appended), and what
 * stands behind it. False if there is none that is whole.
 */
bool codec_pem(struct bytes text, struct bytes *type, struct buf *der, struct bytes *rest);

/* In lines: every one but the first begins with the prefix, and one indent a level. */
struct codec_layout {
	struct bytes prefix;
	struct bytes indent;
};

/* JSON as Go's encoder writes it, names in order; `l` NULL: in one line. */
void codec_json_text(const struct value *v, const struct codec_layout *l, struct buf *out);

/* The encoding of query strings: a blank is +, all but letters, digits and -_.~ is %XX. */
void codec_query_escape(struct bytes t, struct buf *out);

/*
 * Number text as Go's parsers take it ("+1", "007", ".5", "5." too) in JSON's
 * syntax, appended; what stands behind the digits is copied as it is. False
 * without any digit.
 */
bool codec_number(struct bytes text, struct buf *out);

#endif
