/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/fault.h"

#include <stdarg.h>
#include <stdio.h>

enum { MESSAGE_SIZE = 512 };

void
faults_done(struct faults *f)
{
	arena_done(&f->arena);
	f->n = f->n_errors = f->n_missing = 0;
}

void
faults_add(struct faults *f, enum fault_kind kind, const char *path, const char *fmt, ...)
{
	char text[MESSAGE_SIZE];
	struct bytes p, m;
	va_list args;

	if (kind == FAULT_MISSING)
		f->n_missing++;
	else
		f->n_errors++;
	if (f->n == FAULTS_MAX)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	p = arena_copy(&f->arena, bytes_str(*path ? path : "manifest"));
	m = arena_copy(&f->arena, bytes_str(text));
	/* The counts above are what decides; without memory the text is lost, not the fault. */
	if (!p.p || !m.p)
		return;
	f->list[f->n++] = (struct fault){kind, (const char *)p.p, (const char *)m.p};
}

void
faults_format(const struct faults *f, struct buf *out)
{
	size_t all = f->n_errors + f->n_missing;

	for (size_t i = 0; i < f->n; i++)
		buf_printf(out, "%s: %s\n", f->list[i].path, f->list[i].message);
	if (all > f->n)
		buf_printf(out, "and %zu more\n", all - f->n);
}
