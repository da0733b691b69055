/* SPDX-License-Identifier: Apache-2.0 */
/*
 * marks.c: what collateral was accepted, beyond a restart. In the store under
 * "marks-<genesis>": u16 n || ECDSA-SHA-256 of the log key over "contrast/v1/marks" 00 ||
 * genesis || marks, then the marks (evidence/marks.h).
 */
#include "authority/engine.h"
#include "base/rd.h"

#include <stdio.h>

enum { STORED_MAX = MARKS_BYTES + 1024 };

static void
name_of(const struct authority *a, char to[80])
{
	char hex[65];

	snprintf(to, 80, "marks-%s", hash256_hex(&a->chain.genesis, hex));
}

static void
message_of(const struct authority *a, struct bytes marks, struct buf *out)
{
	buf_bytes(out, BYTES("contrast/v1/marks\0"));
	buf_bytes(out, hash256_view(&a->chain.genesis));
	buf_bytes(out, marks);
}

const struct marks *
authority_marks(const struct authority *a)
{
	return &a->marks;
}

static status
store_marks(struct authority *a, struct err *err)
{
	CLEANUP(buf_done) struct buf wire = {.max = MARKS_BYTES}, signature = {0};
	CLEANUP(buf_done) struct buf message = {0}, text = {0};
	char name[80];

	marks_emit(a->marks.items, a->marks.n, &wire);
	TRY(buf_check(&wire, err));
	message_of(a, buf_view(&wire), &message);
	TRY(buf_check(&message, err));
	key_sign_ecdsa(a->log_key, SIG_SHA256, buf_view(&message), &signature);
	buf_be16(&text, (uint16_t)signature.n);
	buf_bytes(&text, buf_view(&signature));
	buf_bytes(&text, buf_view(&wire));
	TRY(buf_check(&text, err));
	name_of(a, name);
	return store_put_name(&a->o.store, name, buf_view(&text), err);
}

status
authority_keep_marks(struct authority *a, const struct mark *of, size_t n, struct err *err)
{
	uint64_t before = a->marks.version;

	marks_keep(&a->marks, of, n);
	return a->marks.version == before || !a->log_key ? OK : store_marks(a, err);
}

static status
read_marks(struct authority *a, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0}, message = {0};
	struct mark marks[MARKS_MAX];
	struct bytes signature, wire;
	char name[80];
	struct rd r;
	size_t n;

	name_of(a, name);
	TRY(store_get_name(&a->o.store, name, STORED_MAX, &text, err));
	r = rd_init(buf_view(&text));
	signature = rd_bytes(&r, rd_be16(&r));
	wire = rd_bytes(&r, rd_left(&r));
	if (!rd_ok(&r))
		return err_set(err, ERR_PARSE, "E-AUTHORITY-095", "the stored marks are malformed");
	message_of(a, wire, &message);
	TRY(buf_check(&message, err));
	TRY(key_verify_ecdsa(a->log_key, SIG_SHA256, buf_view(&message), signature, err));
	TRY(marks_parse(wire, marks, MARKS_MAX, &n, err));
	marks_keep(&a->marks, marks, n);
	return OK;
}

void
engine_load_marks(struct authority *a)
{
	struct err ignored;

	/* Nothing, or nothing that this deployment signed: then it begins anew. */
	(void)!is_ok(read_marks(a, &ignored));
}
