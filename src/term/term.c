/* SPDX-License-Identifier: Apache-2.0 */
#include "term/term.h"

#include "base/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool
term_is_tty(int fd)
{
	return isatty(fd) == 1;
}

static bool
colour_wanted(int fd)
{
	const char *no = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (no && no[0])
		return false;
	return term_is_tty(fd) && term && strcmp(term, "dumb") != 0;
}

const char *
term_on(int fd, enum term_style style)
{
	static const char *const codes[] = {
	        "", "\x1b[32m", "\x1b[31m", "\x1b[33m", "\x1b[2m", "\x1b[1m",
	};

	return colour_wanted(fd) ? codes[style] : "";
}

const char *
term_off(int fd)
{
	return colour_wanted(fd) ? "\x1b[0m" : "";
}

unsigned int
term_width(int fd)
{
	struct winsize w = {0};

	if (ioctl(fd, TIOCGWINSZ, &w) != 0 || w.ws_col < 20)
		return 100;
	return w.ws_col;
}

enum { REDRAW_NS = 100000000 };

static void
draw(const struct progress *p, uint64_t done)
{
	double secs = (double)(clock_mono_ns() - p->started_ns) / 1e9;

	if (p->total > 0)
		fprintf(stderr, "\r\x1b[K  %s  %3.0f%%  %.1fs", p->label,
		        100.0 * (double)MIN(done, p->total) / (double)p->total, secs);
	else
		fprintf(stderr, "\r\x1b[K  %s  %.1fs", p->label, secs);
	fflush(stderr);
}

void
progress_begin(struct progress *p, uint64_t total, const char *fmt, ...)
{
	va_list ap;

	*p = (struct progress){.shown = term_is_tty(STDERR_FILENO), .total = total};
	p->started_ns = clock_mono_ns();
	va_start(ap, fmt);
	vsnprintf(p->label, sizeof p->label, fmt, ap);
	va_end(ap);
	if (p->shown)
		draw(p, 0);
}

void
progress_update(struct progress *p, uint64_t done)
{
	uint64_t now = clock_mono_ns();

	if (!p->shown || now - p->last_ns < REDRAW_NS)
		return;
	p->last_ns = now;
	draw(p, done);
}

void
progress_end(struct progress *p, bool ok)
{
	double secs = (double)(clock_mono_ns() - p->started_ns) / 1e9;

	if (!p->shown)
		return;
	fprintf(stderr, "\r\x1b[K%s%s%s %s  %s%.2fs%s\n",
	        term_on(STDERR_FILENO, ok ? TERM_GOOD : TERM_BAD), ok ? "\u2714" : "\u2718",
	        term_off(STDERR_FILENO), p->label, term_on(STDERR_FILENO, TERM_DIM), secs,
	        term_off(STDERR_FILENO));
	p->shown = false;
}
