/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff.h: unified diffs of two texts by lines (Myers' algorithm in linear
 * space). What comes out is what `patch` takes.
 */
#ifndef TERM_DIFF_H
#define TERM_DIFF_H

#include "base/buf.h"

enum {
	DIFF_CONTEXT = 3,
	DIFF_MAX_LINES = 1000000, /* of both together; beyond, one hunk replaces all */
	DIFF_MAX_COST =
	        20000, /* edits searched for; beyond, the rest of a part is replaced whole */
};

/*
 * Appends "--- a/NAME", "+++ b/NAME" and the hunks; nothing when the texts are
 * equal. `colour`: with the terminal's colours of standard output.
 */
status diff_unified(const char *name, struct bytes before, struct bytes after, bool colour,
                    struct buf *out, struct err *err);

#endif
