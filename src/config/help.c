/* SPDX-License-Identifier: Apache-2.0 */
/* --help and the man pages, from the option table. */
#include "config/options.h"

#include <stdio.h>
#include <string.h>

enum { HELP_COLUMN = 34, HELP_WIDTH = 96 };

static bool
shown(const struct option_def *d, int verb)
{
	return !(d->flags & OPTION_HIDDEN) && (d->verb == OPTION_EVERY_VERB || d->verb == verb);
}

/* Words of `text` from column `at`, broken before HELP_WIDTH, continued at `indent`. */
static void
wrap(const char *text, size_t at, size_t indent, struct buf *out)
{
	bool first = true;

	while (*text) {
		size_t word = strcspn(text, " \n");

		if (!first && at + 1 + word > HELP_WIDTH) {
			buf_printf(out, "\n%*s", (int)indent, "");
			at = indent;
		} else if (!first) {
			buf_u8(out, ' ');
			at++;
		}
		buf_add(out, text, word);
		at += word;
		text += word;
		first = false;
		if (text[0] == '\n' && text[1] == '\n') {
			buf_printf(out, "\n\n%*s", (int)indent, "");
			at = indent;
			first = true;
		}
		while (*text == ' ' || *text == '\n')
			text++;
	}
	buf_u8(out, '\n');
}

/* "..." behind the placeholder of a list that does not say so itself. */
static const char *
list_mark(const struct option_def *d)
{
	size_t n = d->arg ? strlen(d->arg) : 0;

	if (d->kind != OPTION_LIST || (n > 3 && strcmp(d->arg + n - 3, "...") == 0))
		return "";
	return "...";
}

static void
help_option(const struct option_def *d, struct buf *out)
{
	char head[128];
	CLEANUP(buf_done) struct buf text = {0};
	size_t n;

	if (d->letter)
		snprintf(head, sizeof head, "  -%c, --%s", d->letter, d->name);
	else
		snprintf(head, sizeof head, "      --%s", d->name);
	n = strlen(head);
	if (d->kind != OPTION_FLAG)
		snprintf(head + n, sizeof head - n, " %s%s", d->arg, list_mark(d));
	buf_printf(out, "%-*s", HELP_COLUMN - 1, head);
	n = strlen(head);
	if (n >= HELP_COLUMN - 1)
		buf_printf(out, "\n%*s", HELP_COLUMN, "");
	else
		buf_u8(out, ' ');
	buf_str(&text, d->help);
	if (d->fallback && d->kind != OPTION_FLAG)
		buf_printf(&text, " [%s]", d->fallback);
	if (d->env)
		buf_printf(&text, " ($%s)", d->env);
	wrap(buf_cstr(&text), HELP_COLUMN, HELP_COLUMN, out);
}

static void
help_verb_line(const struct verb_def *v, struct buf *out)
{
	buf_printf(out, "  %-22s %s\n", v->name, v->summary);
}

void
options_help_group(const struct program_def *p, const char *group, struct buf *out)
{
	size_t n = strlen(group);

	buf_printf(out, "usage: %s %s COMMAND [options]\n\n", p->name, group);
	for (size_t i = 0; i < p->n_verbs; i++)
		if (strncmp(p->verbs[i].name, group, n) == 0 && p->verbs[i].name[n] == ' ')
			help_verb_line(&p->verbs[i], out);
	buf_printf(out, "\n%s %s COMMAND --help explains one.\n", p->name, group);
}

static void
help_program(const struct program_def *p, struct buf *out)
{
	buf_printf(out, "%s - %s\n\nusage: %s COMMAND [options]\n\n", p->name, p->summary, p->name);
	for (size_t i = 0; i < p->n_verbs; i++)
		help_verb_line(&p->verbs[i], out);
	buf_printf(out, "\n%s COMMAND --help explains one. %s --version prints the version.\n",
	           p->name, p->name);
}

void
options_help(const struct program_def *p, int verb, struct buf *out)
{
	bool plain = p->verbs[0].name[0] == '\0';
	const struct verb_def *v = &p->verbs[plain ? 0 : MAX(verb, 0)];

	if (verb < 0 && !plain) {
		help_program(p, out);
		return;
	}
	buf_printf(out, "usage: %s%s%s [options]%s%s\n\n", p->name, plain ? "" : " ", v->name,
	           v->args[0] ? " " : "", v->args);
	wrap(v->description[0] ? v->description : v->summary, 0, 0, out);
	buf_str(out, "\n");
	for (size_t i = 0; i < p->n_options; i++)
		if (shown(&p->options[i], plain ? 0 : verb))
			help_option(&p->options[i], out);
	buf_printf(out, "%-*sthis text\n", HELP_COLUMN, "  -h, --help");
}

/* ---- man ---- */

/* Text with roff's specials made harmless. */
static void
roff(const char *text, struct buf *out)
{
	bool line_start = true;

	for (; *text; text++) {
		if (line_start && (*text == '.' || *text == '\''))
			buf_str(out, "\\&");
		if (*text == '\\')
			buf_str(out, "\\e");
		else if (*text == '-')
			buf_str(out, "\\-");
		else if (*text == '\n' && text[1] == '\n')
			buf_str(out, "\n.PP"), text++, buf_str(out, "\n");
		else
			buf_u8(out, (uint8_t)*text);
		line_start = *text == '\n';
	}
	buf_u8(out, '\n');
}

static void
man_option(const struct option_def *d, struct buf *out)
{
	buf_str(out, ".TP\n.B ");
	if (d->letter)
		buf_printf(out, "\\-%c, ", d->letter);
	buf_str(out, "\\-\\-");
	for (const char *c = d->name; *c; c++)
		buf_printf(out, *c == '-' ? "\\-" : "%c", *c);
	if (d->kind != OPTION_FLAG)
		buf_printf(out, " \\fI%s\\fR%s", d->arg, list_mark(d));
	buf_u8(out, '\n');
	roff(d->help, out);
	out->n--;
	buf_str(out, ".\n");
	if (d->fallback && d->kind != OPTION_FLAG)
		buf_printf(out, "Default: %s.\n", d->fallback);
	if (d->env)
		buf_printf(out, "Environment: %s.\n", d->env);
}

/* Page name: program, or program-verb with blanks as dashes. */
static void
page_name(const struct program_def *p, int verb, struct buf *out)
{
	buf_str(out, p->name);
	if (verb < 0)
		return;
	buf_u8(out, '-');
	for (const char *c = p->verbs[verb].name; *c; c++)
		buf_u8(out, *c == ' ' ? '-' : (uint8_t)*c);
}

static void
man_synopsis(const struct program_def *p, const struct verb_def *v, struct buf *out)
{
	buf_printf(out, ".SH SYNOPSIS\n.B %s %s\n[\\fIoptions\\fR] %s\n", p->name, v->name,
	           v->args);
}

static void
man_verbs(const struct program_def *p, struct buf *out)
{
	buf_str(out, ".SH COMMANDS\n");
	for (size_t i = 0; i < p->n_verbs; i++) {
		buf_printf(out, ".TP\n.B %s\n", p->verbs[i].name);
		roff(p->verbs[i].summary, out);
	}
}

void
options_man(const struct program_def *p, int verb, struct buf *out)
{
	CLEANUP(buf_done) struct buf name = {0};
	bool plain = p->verbs[0].name[0] == '\0';
	const struct verb_def *v = verb >= 0 ? &p->verbs[verb] : plain ? &p->verbs[0] : NULL;

	page_name(p, verb, &name);
	buf_printf(out, ".TH \"%s\" 1 \"\" \"contrast %s\"\n.SH NAME\n%s \\- ", buf_cstr(&name),
	           CONTRAST_VERSION, buf_cstr(&name));
	roff(verb >= 0 ? v->summary : p->summary, out);
	if (v)
		man_synopsis(p, v, out);
	buf_str(out, ".SH DESCRIPTION\n");
	roff(v && v->description[0] ? v->description : p->description, out);
	if (!v) {
		man_verbs(p, out);
	} else {
		buf_str(out, ".SH OPTIONS\n");
		for (size_t i = 0; i < p->n_options; i++)
			if (shown(&p->options[i], verb < 0 ? 0 : verb))
				man_option(&p->options[i], out);
	}
	buf_str(out, ".SH EXIT STATUS\n0 success; 1 rejected, denied or different; 2 bad usage or "
	             "input; 3 unreachable, or collateral is missing; 4 conflict.\n");
}
