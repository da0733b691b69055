/* SPDX-License-Identifier: Apache-2.0 */
/*
 * term.h: what people see. Colour and moving lines only on a terminal (and
 * not with NO_COLOR or TERM=dumb); a pipe gets plain lines, and progress is
 * silent there. Results go to standard output, progress to standard error.
 */
#ifndef TERM_TERM_H
#define TERM_TERM_H

#include "base/buf.h"

enum term_style { TERM_PLAIN, TERM_GOOD, TERM_BAD, TERM_WARN, TERM_DIM, TERM_BOLD };

/* Escape sequence that starts a style on fd (1 or 2), and ends any; "" where colour is off. */
const char *term_on(int fd, enum term_style style);
const char *term_off(int fd);
bool term_is_tty(int fd);
/* Columns of the terminal, 100 when unknown. */
unsigned int term_width(int fd);

/* ---- progress on standard error ---- */
struct progress {
	bool shown;
	uint64_t started_ns;
	uint64_t last_ns;
	uint64_t total; /* 0 = unknown */
	char label[96];
};

/* A long step begins. Its line moves on a terminal; nothing is printed in a pipe. */
void progress_begin(struct progress *p, uint64_t total, const char *fmt, ...) PRINTF(3, 4);
/* Redrawn ten times a second at most. */
void progress_update(struct progress *p, uint64_t done);
/* The step is over: a check mark with the time it took, or a cross. */
void progress_end(struct progress *p, bool ok);

/* ---- tables on standard output ---- */
struct table {
	struct buf cells; /* NUL-separated */
	size_t columns;
	size_t n;
};

/* Column titles, NULL-terminated. */
void table_begin(struct table *t, const char *const *titles);
/* The next cell, row by row. Untrusted text is escaped. */
void table_cell(struct table *t, struct bytes text);
void table_cellf(struct table *t, const char *fmt, ...) PRINTF(2, 3);
/* Aligned by display width; the last column is not padded. Resets the table. */
void table_print(struct table *t, struct buf *out);
void table_done(struct table *t);

#endif
