/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/receipt.h"

#include "base/clock.h"
#include "base/text.h"

static void
put_hex(struct buf *out, const char *name, struct bytes b)
{
	buf_printf(out, "  \"%s\": \"", name);
	hex_encode(b, out);
	buf_str(out, "\",\n");
}

static void
put_base64(struct buf *out, const char *name, struct bytes b, const char *end)
{
	buf_printf(out, "  \"%s\": \"", name);
	base64_encode(BASE64_STD, b, out);
	buf_printf(out, "\"%s\n", end);
}

static void
put_document(const struct document *d, struct buf *out)
{
	CLEANUP(arena_done) struct arena arena = {.cap = RECEIPT_MAX_BYTES};
	struct value v = document_to_json(&arena, d);

	buf_str(out, "  \"evidence\": ");
	json_write(&v, JSON_COMPACT, out);
	buf_u8(out, '\n');
	out->failed |= arena.failed;
}

void
receipt_write(const struct receipt *r, struct buf *out)
{
	CLEANUP(buf_done) struct buf genesis = {0};
	char when[32];

	genesis_write(&r->pins, &genesis);
	buf_printf(out, "{\n  \"receipt\": %d,\n  \"purpose\": \"%s\",\n  \"time\": \"%s\",\n",
	           RECEIPT_VERSION, binding_purpose_name(r->channel.purpose),
	           time_cstr(r->time, when));
	put_hex(out, "nonce", bytes_of(r->channel.nonce, NONCE_SIZE));
	if (r->channel.purpose == BINDING_ATTEST) {
		put_hex(out, "serverKey", hash256_view(&r->channel.server_key));
		put_hex(out, "exporter", bytes_of(r->channel.exporter, EXPORTER_SIZE));
	}
	buf_str(out, "  \"genesis\": ");
	buf_bytes(out, bytes_trim(buf_view(&genesis)));
	buf_str(out, ",\n");
	put_base64(out, "manifest", r->manifest, ",");
	put_base64(out, "answer", r->answer, r->completed ? "," : "");
	if (r->completed)
		put_document(&r->document, out);
	buf_str(out, "}\n");
}

static status
take_hex(const struct value *v, const char *name, void *to, size_t n, struct err *err)
{
	if (hex_decode(json_text(v), to, n))
		return OK;
	return err_at(err,
	              err_set(err, ERR_PARSE, "E-RECEIPT-001", "not %zu bytes in hexadecimal", n),
	              ".%s", name);
}

static status
take_base64(struct arena *arena, const struct value *v, const char *name, struct bytes *ret,
            struct err *err)
{
	CLEANUP(buf_done) struct buf raw = {.max = RECEIPT_MAX_BYTES};

	if (!base64_decode(BASE64_STD, json_text(v), &raw))
		return err_at(err, err_set(err, ERR_PARSE, "E-RECEIPT-001", "not base64"), ".%s",
		              name);
	*ret = arena_copy(arena, buf_view(&raw));
	return arena_check(arena, err);
}

static status
take_genesis(const struct value *v, struct pins *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {0};

	json_write(v, JSON_COMPACT, &text);
	TRY(buf_check(&text, err));
	return err_at(err, genesis_parse(buf_view(&text), ret, err), ".genesis");
}

/* Which purpose the evidence must be of, and the facts of a connection exactly when it has them. */
static status
take_channel(uint64_t version, const struct value *purpose, const struct value *key,
             const struct value *exporter, struct session_channel *ret, struct err *err)
{
	ret->purpose = BINDING_ATTEST;
	if ((version == 1) == (purpose != NULL) ||
	    (purpose && (!binding_purpose_parse(json_text(purpose), &ret->purpose) ||
	                 (ret->purpose != BINDING_ATTEST && ret->purpose != BINDING_STATEMENT))))
		return err_at(err,
		              err_set(err, ERR_PARSE, "E-RECEIPT-001",
		                      "must be \"statement\" or \"attest\", from version 2 on"),
		              ".purpose");
	if ((ret->purpose == BINDING_ATTEST) != (key != NULL) || !key != !exporter)
		return err_set(err, ERR_PARSE, "E-RECEIPT-001",
		               "serverKey and exporter belong to purpose attest, and to no other");
	if (!key)
		return OK;
	TRY(take_hex(key, "serverKey", ret->server_key.b, SHA256_SIZE, err));
	return take_hex(exporter, "exporter", ret->exporter, EXPORTER_SIZE, err);
}

status
receipt_parse(struct arena *arena, struct bytes json, struct receipt *ret, struct err *err)
{
	const struct value *version, *purpose, *time, *nonce, *key, *exporter, *genesis, *manifest,
	        *answer, *evidence;
	const struct json_field fields[] = {
	        {"receipt", VALUE_NUMBER, true, &version},
	        {"purpose", VALUE_STRING, false, &purpose},
	        {"time", VALUE_STRING, true, &time},
	        {"nonce", VALUE_STRING, true, &nonce},
	        {"serverKey", VALUE_STRING, false, &key},
	        {"exporter", VALUE_STRING, false, &exporter},
	        {"genesis", VALUE_OBJECT, true, &genesis},
	        {"manifest", VALUE_STRING, true, &manifest},
	        {"answer", VALUE_STRING, true, &answer},
	        {"evidence", VALUE_OBJECT, false, &evidence},
	};
	struct json_limits limits = {.depth = 8, .bytes = RECEIPT_MAX_BYTES};
	struct value v;
	uint64_t n;

	*ret = (struct receipt){0};
	TRY(json_parse(arena, json, &limits, &v, err));
	TRY(json_fields(&v, fields, COUNT_OF(fields), err));
	if (!json_u64(version, RECEIPT_VERSION, &n) || n < 1)
		return err_set(err, ERR_PARSE, "E-RECEIPT-001", "a receipt of an unknown version");
	if (!time_parse(json_text(time), &ret->time))
		return err_at(err, err_set(err, ERR_PARSE, "E-RECEIPT-001", "not a time"), ".time");
	TRY(take_hex(nonce, "nonce", ret->channel.nonce, NONCE_SIZE, err));
	TRY(take_channel(n, purpose, key, exporter, &ret->channel, err));
	TRY(take_genesis(genesis, &ret->pins, err));
	TRY(take_base64(arena, manifest, "manifest", &ret->manifest, err));
	TRY(take_base64(arena, answer, "answer", &ret->answer, err));
	ret->completed = evidence != NULL;
	return evidence ? err_at(err, document_from_json(arena, evidence, &ret->document, err),
	                         ".evidence")
	                : OK;
}

status
receipt_document(struct arena *arena, const struct receipt *r, struct document *ret,
                 struct err *err)
{
	const struct json_limits limits = {.depth = 8, .bytes = SESSION_BODY_MAX};
	const struct value *evidence;
	struct value v;

	if (r->completed) {
		*ret = r->document;
		return OK;
	}
	TRY(err_at(err, json_parse(arena, r->answer, &limits, &v, err), ".answer"));
	evidence = json_get(&v, "evidence");
	if (!evidence)
		return err_at(err, err_set(err, ERR_PARSE, "E-RECEIPT-001", "has no evidence"),
		              ".answer");
	return err_at(err, document_from_json(arena, evidence, ret, err), ".answer.evidence");
}

/* The collateral of the receipt goes with the evidence of the answer; the evidence itself stays. */
static status
complete_from_receipt(void *ctx, struct document *d, struct arena *arena, struct err *err)
{
	const struct receipt *r = ctx;

	(void)arena;
	if (r->document.tee != d->tee || !bytes_equal(r->document.evidence, d->evidence))
		return err_at(err,
		              err_set(err, ERR_REJECTED, "E-RECEIPT-004",
		                      "is not the evidence of the answer"),
		              ".evidence");
	d->endorsements = r->document.endorsements;
	return OK;
}

/* A receipt cannot be older than the state that it shows. */
static status
check_time(const struct receipt *r, const struct session *s, struct err *err)
{
	char made[32], state[32];

	if (r->time >= (int64_t)s->state.time - SESSION_SKEW_SECONDS)
		return OK;
	return err_set(err, ERR_REJECTED, "E-RECEIPT-002",
	               "the receipt says %s, and its state record was made at %s",
	               time_cstr(r->time, made), time_cstr((int64_t)s->state.time, state));
}

status
receipt_verify(const struct receipt *r, int64_t now, bool insecure, struct session *ret,
               struct err *err)
{
	struct receipt held = *r;
	CLEANUP(manifest_drop) struct manifest *m = NULL;
	struct session_expect expect = {
	        .mode = SESSION_VERIFY,
	        .pins = r->pins,
	        .insecure = insecure,
	        .now = now ? now : r->time,
	        .complete = r->completed ? complete_from_receipt : NULL,
	        .complete_ctx = &held,
	};
	status s;

	*ret = (struct session){0};
	TRY(err_ctx(err, manifest_parse(r->manifest, &m, NULL, err), "manifest of the receipt"));
	expect.manifest = m;
	TRY(session_accept(&expect, &r->channel, r->answer, ret, err));
	s = check_time(r, ret, err);
	if (!is_ok(s))
		session_done(ret);
	return s;
}
