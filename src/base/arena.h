/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.h: memory for one unit of work (a parse, a request, an evaluation),
 * with a hard cap, released in one call. Nothing in it outlives it.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/bytes.h"
#include "base/status.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *top;
	uint8_t *next;
	uint8_t *limit;
	size_t used; /* bytes taken from the system */
	size_t cap;  /* 0 = 64 MiB */
	bool failed;
	bool wipe; /* zero the memory on release */
};

/* A place to return to; see arena_release(). */
struct arena_mark {
	struct arena_chunk *top;
	uint8_t *next;
};

/* `cap`: bytes the arena may take at most. A zeroed arena has 64 MiB. */
void arena_init(struct arena *a, size_t cap);
void arena_done(struct arena *a);

/* Drop everything but the first chunk, for reuse without going to the system. */
void arena_reset(struct arena *a);

/* Zeroed memory, aligned to 16. NULL (latched in `failed`) past the cap. */
void *arena_alloc(struct arena *a, size_t n);

/* The same, not zeroed, aligned to `align` (a power of two, 16 at most). */
void *arena_raw(struct arena *a, size_t n, size_t align);

/* Array of `n` zeroed elements; NULL on overflow or past the cap. */
void *arena_array(struct arena *a, size_t n, size_t size);
#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))

/*
 * Makes the block `p` of `old` bytes `size` bytes long in place: true only if it
 * is the last one and its chunk has room. The added bytes are not zeroed.
 */
bool arena_extend(struct arena *a, const void *p, size_t old, size_t size);

/* A copy of the slice; {NULL, 0} past the cap. With a NUL behind it. */
struct bytes arena_copy(struct arena *a, struct bytes b);
struct bytes arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);

struct arena_mark arena_mark(const struct arena *a);
/* Give back everything allocated since the mark. */
void arena_release(struct arena *a, struct arena_mark m);

/* ERR_LIMIT "E-BASE-002" if an allocation failed. */
status arena_check(const struct arena *a, struct err *err);

#endif
