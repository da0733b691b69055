/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "term/term.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_COLUMNS = 16, MAX_CELL = 512 };

void
table_done(struct table *t)
{
	buf_done(&t->cells);
	*t = (struct table){0};
}

void
table_cell(struct table *t, struct bytes text)
{
	text_escape(text, MAX_CELL, &t->cells);
	buf_u8(&t->cells, 0);
	t->n++;
}

void
table_cellf(struct table *t, const char *fmt, ...)
{
	char text[MAX_CELL];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	table_cell(t, bytes_str(text));
}

void
table_begin(struct table *t, const char *const *titles)
{
	size_t n = 0;

	table_done(t);
	for (; titles[n] && n < MAX_COLUMNS; n++)
		table_cell(t, bytes_str(titles[n]));
	t->columns = n;
}

/* Code points, near enough to columns for what we print. */
static size_t
display_width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static const char *
next_cell(const char *cell)
{
	return cell + strlen(cell) + 1;
}

void
table_print(struct table *t, struct buf *out)
{
	size_t widths[MAX_COLUMNS] = {0};
	const char *cell = (const char *)t->cells.p;

	if (!buf_ok(&t->cells) || t->columns == 0)
		return;
	for (size_t i = 0; i < t->n; i++, cell = next_cell(cell))
		widths[i % t->columns] = MAX(widths[i % t->columns], display_width(cell));
	cell = (const char *)t->cells.p;
	for (size_t i = 0; i < t->n; i++, cell = next_cell(cell)) {
		bool last = (i + 1) % t->columns == 0 || i + 1 == t->n;
		size_t pad = widths[i % t->columns] - display_width(cell) + 2;

		buf_str(out, cell);
		if (last)
			buf_str(out, "\n");
		else
			buf_printf(out, "%*s", (int)pad, "");
	}
	table_done(t);
}
