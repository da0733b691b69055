/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buf.h: a growable byte buffer with a maximum and a latched failure: append
 * freely, ask buf_ok() once. Wiped when released, so it may hold secrets in
 * passing. A zeroed struct is an empty buffer with the default maximum.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/bytes.h"
#include "base/status.h"

enum { BUF_DEFAULT_MAX = 64 * 1024 * 1024 };

struct buf {
	uint8_t *p;
	size_t n;
	size_t cap;
	size_t max; /* 0 = BUF_DEFAULT_MAX */
	bool failed;
};

/* Wipe and release; the buffer is empty and usable again. Accepts a zeroed buffer. */
void buf_done(struct buf *b);

/* Forget the contents (wiped), keep the storage and the maximum, clear the failure. */
void buf_reset(struct buf *b);

/* Room for n more bytes; false (latched) past the maximum or out of memory. */
bool buf_reserve(struct buf *b, size_t n);

void buf_add(struct buf *b, const void *p, size_t n);
void buf_bytes(struct buf *b, struct bytes s);
void buf_str(struct buf *b, const char *s);
void buf_u8(struct buf *b, uint8_t v);
void buf_be16(struct buf *b, uint16_t v);
void buf_be32(struct buf *b, uint32_t v);
void buf_be64(struct buf *b, uint64_t v);
void buf_le16(struct buf *b, uint16_t v);
void buf_le32(struct buf *b, uint32_t v);
void buf_le64(struct buf *b, uint64_t v);
void buf_zeros(struct buf *b, size_t n);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);

static inline struct bytes
buf_view(const struct buf *b)
{
	return bytes_of(b->p, b->n);
}

static inline bool
buf_ok(const struct buf *b)
{
	return !b->failed;
}

/* ERR_LIMIT "E-BASE-001" if an append failed. */
status buf_check(const struct buf *b, struct err *err);

/* NUL-terminated view for libc edges; "" when empty or out of room. Valid until the next append. */
const char *buf_cstr(struct buf *b);

#endif
