/* SPDX-License-Identifier: Apache-2.0 */
/* fault.h: all that is wrong with a manifest, at once: one path and message each. */
#ifndef MANIFEST_FAULT_H
#define MANIFEST_FAULT_H

#include "base/arena.h"
#include "base/buf.h"

enum { FAULTS_MAX = 100 };

enum fault_kind {
	FAULT_ERROR,
	FAULT_MISSING, /* a value that only the user knows; `set` refuses it, `generate` names it */
};

struct fault {
	enum fault_kind kind;
	const char
	        *path; /* "ReferenceValues.snp[0].MinimumTCB.TEEVersion"; escaped for terminals */
	const char *message;
};

/* A zeroed struct is an empty list. Beyond FAULTS_MAX only the counts grow. */
struct faults {
	struct arena arena;
	struct fault list[FAULTS_MAX];
	size_t n;
	size_t n_errors, n_missing;
};

void faults_done(struct faults *f);
void faults_add(struct faults *f, enum fault_kind kind, const char *path, const char *fmt, ...)
        PRINTF(4, 5);

/* One line a fault: "path: message". */
void faults_format(const struct faults *f, struct buf *out);

#endif
