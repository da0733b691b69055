/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.h: the command line of every program, from one table. A program
 * writes an options.def (see src/cmd/contrast/options.def); from it come the
 * parser (getopt_long), --help, the man pages and the shell completions.
 * Values: flags win over the environment, that over the configuration file,
 * that over the default.
 */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

#include "base/buf.h"
#include "base/status.h"

enum option_kind {
	OPTION_FLAG,   /* present or not */
	OPTION_TEXT,   /* any text */
	OPTION_PATH,   /* a file; the default is put below --workspace-dir */
	OPTION_LIST,   /* one or more texts up to the next option; may repeat */
	OPTION_NUMBER, /* unsigned decimal */
	OPTION_TIME,   /* RFC 3339 */
	OPTION_CHOICE, /* one of "a|b|c" in `arg` */
};

enum {
	OPTION_EVERY_VERB = -1,
	OPTION_HIDDEN = 1,   /* left out of help, man and completion */
	OPTION_REQUIRED = 2, /* without value and default: a usage error */
};

struct option_def {
	int verb;    /* index into the verbs, or OPTION_EVERY_VERB */
	char letter; /* 0 = none */
	const char *name;
	enum option_kind kind;
	const char *arg;      /* placeholder in help */
	const char *fallback; /* NULL = unset */
	const char *env;      /* name of the environment variable, or NULL */
	unsigned int flags;
	const char *help;
};

struct options;
typedef status (*verb_fn)(const struct options *o, struct err *err);

struct verb_def {
	const char *name; /* one or two words: "evidence show" */
	const char *args; /* "" or "PATH..." */
	unsigned int min_args, max_args;
	const char *summary;
	const char *description; /* paragraphs separated by blank lines */
	verb_fn run;
};

struct program_def {
	const char *name;
	const char *summary;
	const char *description;
	const struct verb_def *verbs; /* a program without verbs has one with an empty name */
	size_t n_verbs;
	const struct option_def *options;
	size_t n_options;
	/*
	 * Reads the file that the option "config" names: config_file() of
	 * config/file.h, or NULL for a program without one (it then needs no YAML).
	 */
	status (*config)(struct options *o, const char *path, struct err *err);
};

enum option_source { FROM_NOWHERE, FROM_DEFAULT, FROM_FILE, FROM_ENV, FROM_FLAG };

struct option_value {
	const char **texts; /* borrowed from argv, environ, or owned by the options */
	size_t n;
	enum option_source source;
};

struct options {
	const struct program_def *program;
	size_t verb;
	struct option_value *values; /* one per program->options */
	char **args;
	size_t n_args;
	char **owned; /* strings that the options made themselves */
	size_t n_owned;
};

/*
 * Parse argv. On --help, --version and --generate the text is in `text` and
 * `*ret_done` is true: print it and leave with 0. ERR_USAGE otherwise names
 * what is wrong. argv and environ must outlive the options.
 */
status options_parse(const struct program_def *program, int argc, char **argv, struct options *o,
                     bool *ret_done, struct buf *text, struct err *err);
void options_done(struct options *o);

/*
 * A value of the configuration file for option `id`; only taken where neither
 * flag nor environment gave one. Copies the text.
 */
void options_from_file(struct options *o, size_t id, const char *text);

/* Values by option id (enum generated from the table). Unset text: NULL. */
bool options_flag(const struct options *o, size_t id);
bool options_given(const struct options *o, size_t id); /* by flag, environment or file */
const char *options_text(const struct options *o, size_t id);
const char *const *options_list(const struct options *o, size_t id, size_t *ret_n);
/* Checked at parse time, so these cannot fail; 0 when unset. */
uint64_t options_number(const struct options *o, size_t id);
int64_t options_time(const struct options *o, size_t id);

/* ---- what else the table gives (help.c) ---- */
void options_help(const struct program_def *p, int verb, struct buf *out);
/* The commands of two words that begin with `group`. */
void options_help_group(const struct program_def *p, const char *group, struct buf *out);
/* roff of section 1; verb -1 = the program's page. */
void options_man(const struct program_def *p, int verb, struct buf *out);
/* shell: "bash", "zsh" or "fish". */
status options_completion(const struct program_def *p, const char *shell, struct buf *out,
                          struct err *err);

/*
 * main() of every program: parse, run the verb, print the failure once
 * (one line, then "hint: ..."), return the exit code.
 */
int options_main(const struct program_def *p, int argc, char **argv);

#endif
