/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/coordinator/message.h"

#include "base/rd.h"

#include <stdio.h>

enum field_type { FIELD_END, FIELD_U8, FIELD_U64, FIELD_H32, FIELD_BLOB };

enum { MAX_FIELDS = 8 };

struct field {
	enum field_type type;
	size_t offset;
	size_t limit;
};

struct row {
	const char *name;
	enum message_direction direction;
	struct field fields[MAX_FIELDS];
};

static const struct row rows[] = {
#define U8(m)                                                                                      \
	{                                                                                          \
		FIELD_U8, offsetof(struct message, m), 0                                           \
	}
#define U64(m)                                                                                     \
	{                                                                                          \
		FIELD_U64, offsetof(struct message, m), 0                                          \
	}
#define H32(m)                                                                                     \
	{                                                                                          \
		FIELD_H32, offsetof(struct message, m), 0                                          \
	}
#define BLOB(m, max)                                                                               \
	{                                                                                          \
		FIELD_BLOB, offsetof(struct message, m), (max)                                     \
	}
#define MESSAGE(dir, name, ...) {#name, dir, {__VA_ARGS__}},
#include "cmd/coordinator/message.def"
#undef MESSAGE
#undef U8
#undef U64
#undef H32
#undef BLOB
};

static void
emit_field(const struct field *f, const struct message *m, struct buf *out)
{
	const uint8_t *at = (const uint8_t *)m + f->offset;
	struct bytes blob;
	uint64_t number;

	switch (f->type) {
	case FIELD_END:
		break;
	case FIELD_U8:
		buf_u8(out, *at);
		break;
	case FIELD_U64:
		mem_copy(&number, at, sizeof number);
		buf_be64(out, number);
		break;
	case FIELD_H32:
		buf_add(out, at, SHA256_SIZE);
		break;
	case FIELD_BLOB:
		mem_copy(&blob, at, sizeof blob);
		if (blob.n > f->limit)
			out->failed = true;
		buf_be32(out, (uint32_t)blob.n);
		buf_bytes(out, blob);
		break;
	}
}

void
message_emit(const struct message *m, struct buf *out)
{
	size_t start = out->n;
	size_t n;

	buf_be32(out, 0);
	buf_u8(out, (uint8_t)m->kind);
	buf_be64(out, m->id);
	for (size_t i = 0; i < MAX_FIELDS; i++)
		emit_field(&rows[m->kind].fields[i], m, out);
	if (!buf_ok(out))
		return;
	n = out->n - start - 4;
	for (size_t i = 0; i < 4; i++)
		out->p[start + i] = (uint8_t)(n >> (24 - 8 * i));
}

/* False when a blob is beyond its limit; a short read latches in r. */
static bool
parse_field(const struct field *f, struct rd *r, struct message *m)
{
	uint8_t *at = (uint8_t *)m + f->offset;
	struct bytes blob;
	uint64_t number;
	uint32_t n;

	switch (f->type) {
	case FIELD_END:
		break;
	case FIELD_U8:
		*at = rd_u8(r);
		break;
	case FIELD_U64:
		number = rd_be64(r);
		mem_copy(at, &number, sizeof number);
		break;
	case FIELD_H32:
		rd_copy(r, at, SHA256_SIZE);
		break;
	case FIELD_BLOB:
		n = rd_be32(r);
		if (n > f->limit)
			return false;
		blob = rd_bytes(r, n);
		mem_copy(at, &blob, sizeof blob);
		break;
	}
	return true;
}

status
message_parse(enum message_direction from, struct bytes body, struct message *ret, struct err *err)
{
	struct rd r = rd_init(body);
	uint8_t kind = rd_u8(&r);
	bool ok = rd_ok(&r) && kind < MESSAGE_COUNT && rows[kind].direction == from;

	*ret = (struct message){0};
	ret->kind = ok ? (enum message_kind)kind : MESSAGE_HELLO;
	ret->id = rd_be64(&r);
	for (size_t i = 0; ok && i < MAX_FIELDS; i++)
		ok = parse_field(&rows[kind].fields[i], &r, ret);
	if (ok && rd_done(&r))
		return OK;
	*ret = (struct message){0};
	return err_set(err, ERR_PARSE, "E-MESSAGE-001",
	               "a frame of %zu bytes and kind %u is no message for this direction", body.n,
	               kind);
}

const char *
message_name(enum message_kind kind)
{
	return kind < MESSAGE_COUNT ? rows[kind].name : "?";
}

void
message_list_add(struct buf *list, struct bytes item)
{
	buf_be32(list, (uint32_t)item.n);
	buf_bytes(list, item);
}

bool
message_list_next(struct bytes *list, struct bytes *item)
{
	struct rd r = rd_init(*list);
	uint32_t n = rd_be32(&r);

	*item = rd_bytes(&r, n);
	if (list->n == 0 || !rd_ok(&r))
		return false;
	*list = bytes_sub(*list, 4 + (size_t)n, list->n);
	return true;
}

void
message_from_err(struct message *m, enum message_kind kind, uint64_t id, const struct err *err)
{
	*m = (struct message){.kind = kind, .id = id, .code = (uint8_t)err->cls};
	m->error = bytes_str(err->id);
	m->place = bytes_str(err->place);
	m->text = bytes_str(err->msg);
}

status
message_to_err(const struct message *m, struct err *err)
{
	char id[ERR_ID_SIZE];
	enum err_class cls = m->code > ERR_OK && m->code <= ERR_INTERNAL ? (enum err_class)m->code
	                                                                 : ERR_INTERNAL;
	status s;

	snprintf(id, sizeof id, "%.*s", BYTES_ARG(m->error));
	s = err_set(err, cls, id, "%.*s", BYTES_ARG(m->text));
	return m->place.n > 0 ? err_at(err, s, "%.*s", BYTES_ARG(m->place)) : s;
}
