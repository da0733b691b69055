/* SPDX-License-Identifier: Apache-2.0 */
/* The front's hands on the store: for the keeper, and for those who read history. */
#include "base/text.h"
#include "cmd/coordinator/front.h"
#include "cmd/coordinator/store_code.h"

#include <stdio.h>

static status
store_name(const struct message *m, char to[STORE_MAX_NAME + 1], struct err *err)
{
	if (m->place.n == 0 || m->place.n > STORE_MAX_NAME)
		return err_set(err, ERR_USAGE, "E-MESSAGE-001", "a store name of %zu bytes",
		               m->place.n);
	snprintf(to, STORE_MAX_NAME + 1, "%.*s", BYTES_ARG(m->place));
	return OK;
}

static status
perform(struct front *f, const struct message *m, struct buf *out, struct err *err)
{
	char name[STORE_MAX_NAME + 1];
	struct hash256 ignored;

	switch ((enum store_code)m->code) {
	case STORE_PUT:
		return store_put(&f->store, m->body, &ignored, err);
	case STORE_GET:
		return store_get(&f->store, &m->hash, STORE_MAX_BLOB, out, err);
	case STORE_APPEND:
		return store_append(&f->store, m->number, m->body, err);
	case STORE_RECORD:
		return store_record(&f->store, m->number, out, err);
	case STORE_PUT_NAME:
		TRY(store_name(m, name, err));
		return store_put_name(&f->store, name, m->body, err);
	case STORE_GET_NAME:
		TRY(store_name(m, name, err));
		return store_get_name(&f->store, name, STORE_MAX_BLOB, out, err);
	}
	return err_set(err, ERR_USAGE, "E-MESSAGE-001", "store operation %u", m->code);
}

void
front_store(struct front *f, const struct message *m)
{
	CLEANUP(buf_done) struct buf out = {0};
	struct message answer = {.kind = MESSAGE_STORED, .id = m->id};
	struct err err;
	status s = perform(f, m, &out, &err);

	if (is_ok(s))
		s = buf_check(&out, &err);
	if (is_ok(s))
		answer.body = buf_view(&out);
	else
		message_from_err(&answer, MESSAGE_STORED, m->id, &err);
	(void)front_send(f, &answer);
}

status
front_records(struct front *f, uint64_t since, uint64_t until, struct buf *out, struct err *err)
{
	for (uint64_t g = since; g < until; g++) {
		CLEANUP(buf_done) struct buf record = {0};

		TRY(store_record(&f->store, g + 1, &record, err));
		if (g > since)
			buf_u8(out, ',');
		buf_u8(out, '"');
		base64_encode(BASE64_STD, buf_view(&record), out);
		buf_u8(out, '"');
	}
	return buf_check(out, err);
}

/* Hash of the manifest in a record: behind version, generation and previous (authority/record.h).
 */
static status
manifest_of(struct front *f, uint64_t generation, struct buf *out, struct err *err)
{
	enum { AT = 1 + 8 + 32 };
	CLEANUP(buf_done) struct buf record = {0};
	struct hash256 hash;

	TRY(store_record(&f->store, generation, &record, err));
	if (record.n < AT + SHA256_SIZE)
		return err_set(err, ERR_PARSE, "E-FRONT-001", "record %llu is cut",
		               (unsigned long long)generation);
	mem_copy(hash.b, record.p + AT, SHA256_SIZE);
	return store_get(&f->store, &hash, STORE_MAX_BLOB, out, err);
}

status
front_history_members(struct front *f, uint64_t generation, const struct hash256 *head,
                      struct bytes *ret, struct err *err)
{
	struct front_history *h = &f->history;
	CLEANUP(buf_done) struct buf manifest = {0};

	if (h->known && h->generation == generation && hash256_equal(&h->head, head)) {
		*ret = buf_view(&h->members);
		return OK;
	}
	h->known = false;
	buf_reset(&h->members);
	TRY(manifest_of(f, generation, &manifest, err));
	buf_str(&h->members, ",\"manifest\":\"");
	base64_encode(BASE64_STD, buf_view(&manifest), &h->members);
	buf_str(&h->members, "\",\"records\":[");
	TRY(front_records(f, 0, generation, &h->members, err));
	buf_u8(&h->members, ']');
	TRY(buf_check(&h->members, err));
	h->known = true;
	h->head = *head;
	h->generation = generation;
	*ret = buf_view(&h->members);
	return OK;
}
