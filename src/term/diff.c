/* SPDX-License-Identifier: Apache-2.0 */
#include "term/diff.h"

#include "term/term.h"

#include <unistd.h>

struct line {
	struct bytes text; /* without its line break */
	bool ended;        /* has one */
	bool changed;
};

struct side {
	struct line *lines;
	size_t n;
};

struct differ {
	struct side a, b;
	ptrdiff_t *forward, *backward; /* furthest points by diagonal, offset by `origin` */
	ptrdiff_t origin;
};

static void
differ_done(struct differ *d)
{
	mem_free(d->a.lines);
	mem_free(d->b.lines);
	mem_free(d->forward);
	mem_free(d->backward);
}

static status
no_memory(struct err *err)
{
	return err_set(err, ERR_LIMIT, "E-DIFF-001", "the texts are too large to compare");
}

static size_t
count_lines(struct bytes text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n + (text.n > 0 && text.p[text.n - 1] != '\n');
}

static status
split(struct bytes text, struct side *s, struct err *err)
{
	size_t n = count_lines(text), at = 0;

	s->lines = mem_try_alloc((n + 1) * sizeof *s->lines);
	if (!s->lines)
		return no_memory(err);
	for (s->n = 0; s->n < n; s->n++) {
		size_t end = bytes_find_byte(text, '\n', at);

		s->lines[s->n] = (struct line){bytes_sub(text, at, end == SIZE_MAX ? text.n : end),
		                               end != SIZE_MAX, false};
		at = end + 1;
	}
	return OK;
}

static bool
same(const struct differ *d, ptrdiff_t i, ptrdiff_t j)
{
	const struct line *x = &d->a.lines[i], *y = &d->b.lines[j];

	return x->ended == y->ended && bytes_equal(x->text, y->text);
}

/* A rectangle of the edit graph: lines [a0, a1) against [b0, b1). */
struct part {
	ptrdiff_t a0, a1, b0, b1;
};

static void
mark(struct differ *d, const struct part *p)
{
	for (ptrdiff_t i = p->a0; i < p->a1; i++)
		d->a.lines[i].changed = true;
	for (ptrdiff_t j = p->b0; j < p->b1; j++)
		d->b.lines[j].changed = true;
}

struct middle {
	ptrdiff_t a, b;
	bool found;
};

/*
 * The middle of a shortest edit script: searches from both ends until the
 * furthest reaching paths meet (Myers 1986, section 4b).
 */
static struct middle
find_middle(struct differ *d, const struct part *p)
{
	ptrdiff_t n = p->a1 - p->a0, m = p->b1 - p->b0, delta = n - m;
	ptrdiff_t limit = (n + m + 1) / 2;
	ptrdiff_t *f = d->forward + d->origin, *b = d->backward + d->origin;
	struct middle none = {0, 0, false};

	if (limit > DIFF_MAX_COST)
		limit = DIFF_MAX_COST;
	f[1] = 0;
	b[1] = 0;
	for (ptrdiff_t cost = 0; cost <= limit; cost++) {
		for (ptrdiff_t k = -cost; k <= cost; k += 2) {
			ptrdiff_t x = k == -cost || (k != cost && f[k - 1] < f[k + 1])
			                      ? f[k + 1]
			                      : f[k - 1] + 1;
			ptrdiff_t y = x - k;

			while (x < n && y < m && x >= 0 && y >= 0 &&
			       same(d, p->a0 + x, p->b0 + y)) {
				x++;
				y++;
			}
			f[k] = x;
			if ((delta & 1) && delta - k >= -(cost - 1) && delta - k <= cost - 1 &&
			    x + b[delta - k] >= n)
				return (struct middle){p->a0 + MIN(x, n), p->b0 + MAX(MIN(y, m), 0),
				                       true};
		}
		for (ptrdiff_t k = -cost; k <= cost; k += 2) {
			ptrdiff_t x = k == -cost || (k != cost && b[k - 1] < b[k + 1])
			                      ? b[k + 1]
			                      : b[k - 1] + 1;
			ptrdiff_t y = x - k;

			while (x < n && y < m && x >= 0 && y >= 0 &&
			       same(d, p->a1 - 1 - x, p->b1 - 1 - y)) {
				x++;
				y++;
			}
			b[k] = x;
			if (!(delta & 1) && delta - k >= -cost && delta - k <= cost &&
			    x + f[delta - k] >= n)
				return (struct middle){p->a1 - MIN(x, n), p->b1 - MAX(MIN(y, m), 0),
				                       true};
		}
	}
	return none;
}

/* Depth is logarithmic for real texts; `left` bounds it for hostile ones. */
static void
compare(struct differ *d, struct part p, unsigned int left)
{
	struct middle mid;

	while (p.a0 < p.a1 && p.b0 < p.b1 && same(d, p.a0, p.b0)) {
		p.a0++;
		p.b0++;
	}
	while (p.a0 < p.a1 && p.b0 < p.b1 && same(d, p.a1 - 1, p.b1 - 1)) {
		p.a1--;
		p.b1--;
	}
	if (p.a0 == p.a1 || p.b0 == p.b1 || left == 0) {
		mark(d, &p);
		return;
	}
	mid = find_middle(d, &p);
	if (!mid.found || (mid.a == p.a0 && mid.b == p.b0) || (mid.a == p.a1 && mid.b == p.b1)) {
		mark(d, &p);
		return;
	}
	compare(d, (struct part){p.a0, mid.a, p.b0, mid.b}, left - 1);
	compare(d, (struct part){mid.a, p.a1, mid.b, p.b1}, left - 1);
}

/* ---- hunks ---- */

struct printer {
	const struct differ *d;
	bool colour;
	struct buf *out;
};

static void
put_line(struct printer *w, char sign, const struct line *l)
{
	enum term_style style = sign == '+' ? TERM_GOOD : sign == '-' ? TERM_BAD : TERM_PLAIN;
	bool dress = w->colour && sign != ' ';

	if (dress)
		buf_str(w->out, term_on(STDOUT_FILENO, style));
	buf_u8(w->out, (uint8_t)sign);
	buf_bytes(w->out, l->text);
	if (dress)
		buf_str(w->out, term_off(STDOUT_FILENO));
	buf_str(w->out, l->ended ? "\n" : "\n\\ No newline at end of file\n");
}

static void
put_range(struct buf *out, char sign, size_t from, size_t n)
{
	/* An empty range names the line before it. */
	buf_printf(out, "%c%zu", sign, n == 0 ? from : from + 1);
	if (n != 1)
		buf_printf(out, ",%zu", n);
}

/* Lines [a0, a1) and [b0, b1), which start and end with context. */
static void
put_hunk(struct printer *w, size_t a0, size_t a1, size_t b0, size_t b1)
{
	const struct side *a = &w->d->a, *b = &w->d->b;
	size_t i = a0, j = b0;

	buf_str(w->out, "@@ ");
	put_range(w->out, '-', a0, a1 - a0);
	buf_u8(w->out, ' ');
	put_range(w->out, '+', b0, b1 - b0);
	buf_str(w->out, " @@\n");
	while (i < a1 || j < b1) {
		if (i < a1 && a->lines[i].changed)
			put_line(w, '-', &a->lines[i++]);
		else if (j < b1 && b->lines[j].changed)
			put_line(w, '+', &b->lines[j++]);
		else {
			put_line(w, ' ', &a->lines[i++]);
			j++;
		}
	}
}

static void
put_hunks(struct printer *w)
{
	const struct side *a = &w->d->a, *b = &w->d->b;
	size_t i = 0, j = 0;

	while (i < a->n || j < b->n) {
		size_t a0, b0, quiet = 0;

		if ((i >= a->n || !a->lines[i].changed) && (j >= b->n || !b->lines[j].changed)) {
			i++;
			j++;
			continue;
		}
		a0 = i - MIN(i, (size_t)DIFF_CONTEXT);
		b0 = j - (i - a0);
		/* On until there are more equal lines than two contexts have. */
		while ((i < a->n || j < b->n) && quiet <= (size_t)2 * DIFF_CONTEXT) {
			if (i < a->n && a->lines[i].changed) {
				i++;
				quiet = 0;
			} else if (j < b->n && b->lines[j].changed) {
				j++;
				quiet = 0;
			} else {
				i++;
				j++;
				quiet++;
			}
		}
		quiet -= MIN(quiet, (size_t)DIFF_CONTEXT);
		put_hunk(w, a0, i - quiet, b0, j - quiet);
	}
}

static status
diff_run(struct differ *d, struct err *err)
{
	struct part all = {0, (ptrdiff_t)d->a.n, 0, (ptrdiff_t)d->b.n};
	size_t room = MIN(d->a.n + d->b.n + 1, (size_t)DIFF_MAX_COST * 2) + 8;

	if (d->a.n + d->b.n > DIFF_MAX_LINES) {
		mark(d, &all);
		return OK;
	}
	/* Diagonals reach from -cost to cost, and one beyond on each side; delta shifts the other
	 * end. */
	room = 2 * room + 2;
	d->forward = mem_try_alloc(room * sizeof *d->forward);
	d->backward = mem_try_alloc(room * sizeof *d->backward);
	if (!d->forward || !d->backward)
		return no_memory(err);
	d->origin = (ptrdiff_t)(room / 2);
	compare(d, all, 1000);
	return OK;
}

status
diff_unified(const char *name, struct bytes before, struct bytes after, bool colour,
             struct buf *out, struct err *err)
{
	CLEANUP(differ_done) struct differ d = {.origin = 0};
	struct printer w = {&d, colour, out};

	if (bytes_equal(before, after))
		return OK;
	TRY(split(before, &d.a, err));
	TRY(split(after, &d.b, err));
	TRY(diff_run(&d, err));
	while (*name == '/')
		name++;
	buf_printf(out, "--- a/%s\n+++ b/%s\n", name, name);
	put_hunks(&w);
	return buf_check(out, err);
}
