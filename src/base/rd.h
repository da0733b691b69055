/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rd.h: a read cursor with a latched failure. Read all fields of a structure,
 * then ask rd_done() once: it is true only if every read was in range and
 * nothing is left over. A failed read yields zeros and never moves.
 */
#ifndef BASE_RD_H
#define BASE_RD_H

#include "base/bytes.h"

struct rd {
	const uint8_t *p;
	const uint8_t *end;
	bool failed;
};

static inline struct rd
rd_init(struct bytes b)
{
	return (struct rd){b.p, b.p ? b.p + b.n : b.p, false};
}

static inline size_t
rd_left(const struct rd *r)
{
	return r->failed ? 0 : (size_t)(r->end - r->p);
}

static inline bool
rd_ok(const struct rd *r)
{
	return !r->failed;
}

/* True when all reads succeeded and the input is used up. */
static inline bool
rd_done(const struct rd *r)
{
	return !r->failed && r->p == r->end;
}

uint8_t rd_u8(struct rd *r);
uint16_t rd_le16(struct rd *r);
uint32_t rd_le32(struct rd *r);
uint64_t rd_le64(struct rd *r);
uint16_t rd_be16(struct rd *r);
uint32_t rd_be32(struct rd *r);
uint64_t rd_be64(struct rd *r);

/* Next n bytes, borrowed from the input. */
struct bytes rd_bytes(struct rd *r, size_t n);

/* Copies n bytes to `to`; zeros there on failure. */
void rd_copy(struct rd *r, void *to, size_t n);

void rd_skip(struct rd *r, size_t n);

/* A cursor over the next n bytes alone; failed if there are not that many. */
struct rd rd_sub(struct rd *r, size_t n);

#endif
