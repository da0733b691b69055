/* SPDX-License-Identifier: Apache-2.0 */
#include "config/options.h"

#include "base/clock.h"
#include "base/text.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum {
	CODE_HELP = 1000,
	CODE_VERSION,
	CODE_GENERATE,
	CODE_OPTION = 2000, /* + index into the table */
};

void
options_done(struct options *o)
{
	for (size_t i = 0; i < o->n_owned; i++)
		mem_free(o->owned[i]);
	for (size_t i = 0; o->values && i < o->program->n_options; i++)
		mem_free(o->values[i].texts);
	mem_free(o->owned);
	mem_free(o->values);
	mem_free(o->args);
	*o = (struct options){0};
}

static void
add_text(struct option_value *v, const char *text)
{
	const char **grown = mem_alloc((v->n + 1) * sizeof *grown);

	mem_copy(grown, v->texts, v->n * sizeof *grown);
	grown[v->n++] = text;
	mem_free(v->texts);
	v->texts = grown;
}

/* A value from a weaker source never replaces one from a stronger. */
static void
give(struct options *o, size_t id, const char *text, enum option_source source)
{
	struct option_value *v = &o->values[id];

	if (source < v->source)
		return;
	if (source > v->source || o->program->options[id].kind != OPTION_LIST)
		v->n = 0;
	v->source = source;
	add_text(v, text);
}

static const char *
own(struct options *o, const char *text)
{
	size_t n = strlen(text) + 1;
	char *copy = mem_alloc(n);
	char **grown = mem_alloc((o->n_owned + 1) * sizeof *grown);

	mem_copy(copy, text, n);
	mem_copy(grown, o->owned, o->n_owned * sizeof *grown);
	grown[o->n_owned++] = copy;
	mem_free(o->owned);
	o->owned = grown;
	return copy;
}

void
options_from_file(struct options *o, size_t id, const char *text)
{
	if (o->values[id].source <= FROM_FILE)
		give(o, id, own(o, text), FROM_FILE);
}

static bool
applies(const struct option_def *d, size_t verb)
{
	return d->verb == OPTION_EVERY_VERB || (size_t)d->verb == verb;
}

/* ---- which verb ---- */

static bool
words_match(const char *name, int argc, char **argv, int *used)
{
	const char *space = strchr(name, ' ');
	size_t first = space ? (size_t)(space - name) : strlen(name);

	*used = space ? 2 : 1;
	if (argc < *used || strlen(argv[0]) != first || strncmp(argv[0], name, first) != 0)
		return false;
	return !space || strcmp(argv[1], space + 1) == 0;
}

/* Is `word` the first word of commands of two? */
static bool
is_group(const struct program_def *p, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i < p->n_verbs; i++)
		if (n && strncmp(p->verbs[i].name, word, n) == 0 && p->verbs[i].name[n] == ' ')
			return true;
	return false;
}

static status
no_such_verb(const struct program_def *p, int argc, char **argv, struct err *err)
{
	CLEANUP(buf_done) struct buf shown = {0};
	bool group = is_group(p, argv[0]);
	status s;

	text_escape(bytes_str(argv[0]), 40, &shown);
	if (group && argc > 1) {
		buf_u8(&shown, ' ');
		text_escape(bytes_str(argv[1]), 40, &shown);
	}
	s = err_set(err, ERR_USAGE, "E-USAGE-001",
	            group && argc < 2 ? "\"%s\" needs a second word" : "unknown command \"%s\"",
	            buf_cstr(&shown));
	return err_hint(err, s, "%s%s%s --help lists the commands", p->name, group ? " " : "",
	                group ? argv[0] : "");
}

/* The verb named by argv[0..1]; *used words of it. */
static status
find_verb(const struct program_def *p, int argc, char **argv, size_t *ret, int *used,
          struct err *err)
{
	for (size_t i = 0; i < p->n_verbs; i++) {
		if (words_match(p->verbs[i].name, argc, argv, used)) {
			*ret = i;
			return OK;
		}
	}
	return no_such_verb(p, argc, argv, err);
}

static bool
asks_for_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* "prog --help", "prog" alone, or "prog policy --help": the commands, not one's options. */
static bool
lists_commands(const struct program_def *p, int argc, char **argv, struct buf *text)
{
	if (argc < 2 || asks_for_help(argv[1]))
		options_help(p, -1, text);
	else if (argc > 2 && is_group(p, argv[1]) && asks_for_help(argv[2]))
		options_help_group(p, argv[1], text);
	else
		return false;
	return true;
}

/* ---- getopt ---- */

struct getopt_tables {
	char letters[160];
	struct option *longs;
};

static void
build_tables(const struct program_def *p, size_t verb, struct getopt_tables *t)
{
	size_t n = 0, l = 0;

	/* "-": operands come in order, so that lists can take those behind them; ":" we report. */
	t->letters[l++] = '-';
	t->letters[l++] = ':';
	t->longs = mem_alloc((p->n_options + 4) * sizeof *t->longs);
	for (size_t i = 0; i < p->n_options; i++) {
		const struct option_def *d = &p->options[i];
		int takes = d->kind == OPTION_FLAG ? no_argument : required_argument;

		if (!applies(d, verb))
			continue;
		t->longs[n++] = (struct option){d->name, takes, NULL, CODE_OPTION + (int)i};
		if (d->letter && l + 3 < sizeof t->letters) {
			t->letters[l++] = d->letter;
			if (takes == required_argument)
				t->letters[l++] = ':';
		}
	}
	t->letters[l++] = 'h';
	t->letters[l] = '\0';
	t->longs[n++] = (struct option){"help", no_argument, NULL, CODE_HELP};
	t->longs[n++] = (struct option){"version", no_argument, NULL, CODE_VERSION};
	t->longs[n] = (struct option){"generate-docs", required_argument, NULL, CODE_GENERATE};
}

static int
by_letter(const struct program_def *p, size_t verb, int letter)
{
	for (size_t i = 0; i < p->n_options; i++)
		if (applies(&p->options[i], verb) && p->options[i].letter == letter)
			return CODE_OPTION + (int)i;
	return -1;
}

static status
unknown_option(const struct options *o, char **argv, int code, struct err *err)
{
	CLEANUP(buf_done) struct buf shown = {0};
	const char *word = argv[optind - 1];
	status s;

	text_escape(bytes_str(word), 60, &shown);
	if (code == ':')
		s = err_set(err, ERR_USAGE, "E-USAGE-002", "%s needs a value", buf_cstr(&shown));
	else
		s = err_set(err, ERR_USAGE, "E-USAGE-003", "unknown option %s", buf_cstr(&shown));
	return err_hint(err, s, "%s %s --help lists the options", o->program->name,
	                o->program->verbs[o->verb].name);
}

static void
add_arg(struct options *o, char *arg)
{
	char **grown = mem_alloc((o->n_args + 1) * sizeof *grown);

	mem_copy(grown, o->args, o->n_args * sizeof *grown);
	grown[o->n_args++] = arg;
	mem_free(o->args);
	o->args = grown;
}

static status
generate_docs(const struct program_def *p, const char *what, struct buf *text, struct err *err)
{
	if (strncmp(what, "man", 3) == 0) {
		for (size_t i = 0; i < p->n_verbs; i++) {
			if (what[3] == ':' && strcmp(what + 4, p->verbs[i].name) == 0) {
				options_man(p, (int)i, text);
				return OK;
			}
		}
		options_man(p, -1, text);
		return OK;
	}
	return options_completion(p, what, text, err);
}

/* One getopt result. *list = option that takes the operands which follow, or -1. */
static status
take_code(struct options *o, int code, char **argv, int *list, bool *done, struct buf *text,
          struct err *err)
{
	const struct program_def *p = o->program;

	if (code > 1 && code < CODE_HELP && code != ':' && code != '?')
		code = code == 'h' ? CODE_HELP : by_letter(p, o->verb, code);
	if (code == 1) {
		if (*list >= 0)
			give(o, (size_t)*list, optarg, FROM_FLAG);
		else
			add_arg(o, optarg);
		return OK;
	}
	*list = -1;
	if (code == CODE_HELP || code == CODE_VERSION) {
		*done = true;
		if (code == CODE_HELP)
			options_help(p, p->verbs[0].name[0] ? (int)o->verb : -1, text);
		else
			buf_printf(text, "%s %s\n", p->name, CONTRAST_VERSION);
		return OK;
	}
	if (code == CODE_GENERATE) {
		*done = true;
		return generate_docs(p, optarg, text, err);
	}
	if (code < CODE_OPTION)
		return unknown_option(o, argv, code, err);
	code -= CODE_OPTION;
	give(o, (size_t)code, p->options[code].kind == OPTION_FLAG ? "true" : optarg, FROM_FLAG);
	if (p->options[code].kind == OPTION_LIST)
		*list = code;
	return OK;
}

static status
run_getopt(struct options *o, int argc, char **argv, bool *done, struct buf *text, struct err *err)
{
	struct getopt_tables t = {0};
	int list = -1, code;
	status s = OK;

	build_tables(o->program, o->verb, &t);
	optind = 0; /* GNU: start afresh */
	opterr = 0;
	while (is_ok(s) && !*done &&
	       (code = getopt_long(argc, argv, t.letters, t.longs, NULL)) != -1)
		s = take_code(o, code, argv, &list, done, text, err);
	for (; is_ok(s) && !*done && optind < argc; optind++)
		add_arg(o, argv[optind]); /* behind "--" */
	mem_free(t.longs);
	return s;
}

/* ---- values from elsewhere, and checks ---- */

extern char **environ;

static const char *
env_value(const char *name)
{
	size_t n = strlen(name);

	for (char **e = environ; e && *e; e++)
		if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
			return *e + n + 1;
	return NULL;
}

static void
from_environment(struct options *o)
{
	for (size_t i = 0; i < o->program->n_options; i++) {
		const char *name = o->program->options[i].env;
		const char *text = name ? env_value(name) : NULL;

		if (text && text[0] && o->values[i].source < FROM_ENV)
			give(o, i, text, FROM_ENV);
	}
}

static bool
is_choice(const char *choices, const char *text)
{
	size_t n = strlen(text);

	for (const char *p = choices; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL)
		if (strncmp(p, text, n) == 0 && (p[n] == '\0' || p[n] == '|'))
			return true;
	return false;
}

static status
check_value(const struct option_def *d, const char *text, struct err *err)
{
	uint64_t u;
	int64_t t;

	switch (d->kind) {
	case OPTION_NUMBER:
		if (!text_u64(bytes_str(text), UINT64_MAX, &u))
			return err_set(err, ERR_USAGE, "E-USAGE-004", "--%s needs a whole number",
			               d->name);
		return OK;
	case OPTION_TIME:
		if (!time_parse(bytes_str(text), &t))
			return err_set(err, ERR_USAGE, "E-USAGE-005",
			               "--%s needs a time like 2026-11-24T12:00:00Z", d->name);
		return OK;
	case OPTION_CHOICE:
		if (!is_choice(d->arg, text))
			return err_set(err, ERR_USAGE, "E-USAGE-006", "--%s is one of %s", d->name,
			               d->arg);
		return OK;
	case OPTION_FLAG:
		if (!is_choice("true|false|1|0", text))
			return err_set(err, ERR_USAGE, "E-USAGE-007", "%s must be true or false",
			               d->env ? d->env : d->name);
		return OK;
	case OPTION_TEXT:
	case OPTION_PATH:
	case OPTION_LIST:
		return OK;
	}
	return OK;
}

static status
check_all(const struct options *o, struct err *err)
{
	const struct verb_def *verb = &o->program->verbs[o->verb];

	for (size_t i = 0; i < o->program->n_options; i++) {
		const struct option_def *d = &o->program->options[i];
		const struct option_value *v = &o->values[i];

		if (!applies(d, o->verb))
			continue;
		for (size_t k = 0; k < v->n; k++)
			TRY(check_value(d, v->texts[k], err));
		if ((d->flags & OPTION_REQUIRED) && v->n == 0)
			return err_set(err, ERR_USAGE, "E-USAGE-008", "--%s is needed", d->name);
	}
	if (o->n_args < verb->min_args)
		return err_hint(err,
		                err_set(err, ERR_USAGE, "E-USAGE-009", "an operand is missing"),
		                "usage: %s %s %s", o->program->name, verb->name, verb->args);
	if (o->n_args > verb->max_args)
		return err_hint(err, err_set(err, ERR_USAGE, "E-USAGE-010", "too many operands"),
		                "usage: %s %s %s", o->program->name, verb->name, verb->args);
	return OK;
}

static status
from_config(struct options *o, struct err *err)
{
	for (size_t i = 0; o->program->config && i < o->program->n_options; i++)
		if (strcmp(o->program->options[i].name, "config") == 0 && options_text(o, i))
			return o->program->config(o, options_text(o, i), err);
	return OK;
}

/* Defaults last; default paths go below --workspace-dir, given ones stay as they are. */
static void
from_defaults(struct options *o)
{
	const char *workspace = NULL;

	for (size_t i = 0; i < o->program->n_options; i++)
		if (strcmp(o->program->options[i].name, "workspace-dir") == 0)
			workspace = options_text(o, i);
	for (size_t i = 0; i < o->program->n_options; i++) {
		const struct option_def *d = &o->program->options[i];
		char path[4096];

		if (!d->fallback || o->values[i].n > 0)
			continue;
		snprintf(path, sizeof path, "%s/%s", workspace ? workspace : "", d->fallback);
		give(o, i, d->kind == OPTION_PATH && workspace ? own(o, path) : d->fallback,
		     FROM_DEFAULT);
	}
}

status
options_parse(const struct program_def *program, int argc, char **argv, struct options *o,
              bool *ret_done, struct buf *text, struct err *err)
{
	int used = 0;

	*o = (struct options){.program = program};
	o->values = mem_alloc(program->n_options * sizeof *o->values);
	*ret_done = false;
	if (program->verbs[0].name[0] != '\0') {
		*ret_done = lists_commands(program, argc, argv, text);
		if (*ret_done)
			return OK;
		if (argv[1][0] != '-') {
			TRY(find_verb(program, argc - 1, argv + 1, &o->verb, &used, err));
		} else if (strcmp(argv[1], "--version") != 0 &&
		           strncmp(argv[1], "--generate-docs", 15) != 0) {
			return err_hint(err,
			                err_set(err, ERR_USAGE, "E-USAGE-011",
			                        "the command comes before its options"),
			                "%s --help lists the commands", program->name);
		}
	}
	TRY(run_getopt(o, argc - used, argv + used, ret_done, text, err));
	if (*ret_done)
		return OK;
	from_environment(o);
	TRY(from_config(o, err));
	from_defaults(o);
	return check_all(o, err);
}

/* ---- access ---- */

bool
options_given(const struct options *o, size_t id)
{
	return o->values[id].source >= FROM_FILE;
}

const char *
options_text(const struct options *o, size_t id)
{
	const struct option_value *v = &o->values[id];

	return v->n > 0 ? v->texts[v->n - 1] : NULL;
}

bool
options_flag(const struct options *o, size_t id)
{
	const char *text = options_text(o, id);

	return text && (strcmp(text, "true") == 0 || strcmp(text, "1") == 0);
}

const char *const *
options_list(const struct options *o, size_t id, size_t *ret_n)
{
	*ret_n = o->values[id].n;
	return o->values[id].texts;
}

uint64_t
options_number(const struct options *o, size_t id)
{
	uint64_t v = 0;
	const char *text = options_text(o, id);

	return text && text_u64(bytes_str(text), UINT64_MAX, &v) ? v : 0;
}

int64_t
options_time(const struct options *o, size_t id)
{
	int64_t t = 0;
	const char *text = options_text(o, id);

	return text && time_parse(bytes_str(text), &t) ? t : 0;
}
