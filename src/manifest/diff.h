/* SPDX-License-Identifier: Apache-2.0 */
/* diff.h: what differs in meaning between two manifests; order and layout do not count. */
#ifndef MANIFEST_DIFF_H
#define MANIFEST_DIFF_H

#include "manifest/manifest.h"

enum diff_kind { DIFF_ADDED, DIFF_REMOVED, DIFF_CHANGED };

struct diff_line {
	enum diff_kind kind;
	const char *path;           /* "Policies.<hash>", "WorkloadOwnerThreshold", ... */
	const char *before, *after; /* JSON text; "" where there is none */
};

struct manifest_diff {
	struct arena arena;
	struct diff_line *lines;
	size_t n, cap;
};

/* A zeroed struct is empty. Policies first, then reference sets, owners, the rest. */
void manifest_diff(const struct manifest *before, const struct manifest *after,
                   struct manifest_diff *ret);
void manifest_diff_done(struct manifest_diff *d);

/* "+ path: after", "- path: before", "~ path: before -> after", one line each. */
void manifest_diff_format(const struct manifest_diff *d, struct buf *out);

#endif
