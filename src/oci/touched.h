/* SPDX-License-Identifier: Apache-2.0 */
/*
 * touched.h: the paths that one layer has written so far. Whiteouts hide what
 * lower layers have, never what their own layer brings, in whatever order the
 * two stand in the archive.
 */
#ifndef OCI_TOUCHED_H
#define OCI_TOUCHED_H

#include "base/arena.h"

struct touched {
	struct arena *arena; /* borrowed */
	struct bytes *slots; /* open addressing, power of two; in the heap, because it grows */
	size_t n, cap;
	uint64_t salt;
};

void touched_init(struct touched *t, struct arena *arena);
void touched_done(struct touched *t);

/* The path and every folder above it. ERR_LIMIT when out of memory. */
status touched_add(struct touched *t, struct bytes path, struct err *err);
bool touched_has(const struct touched *t, struct bytes path);

#endif
