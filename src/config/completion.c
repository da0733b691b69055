/* SPDX-License-Identifier: Apache-2.0 */
/* Shell completion, from the option table. */
#include "config/options.h"

#include <string.h>

static bool
shown(const struct option_def *d, size_t verb)
{
	return !(d->flags & OPTION_HIDDEN) &&
	       (d->verb == OPTION_EVERY_VERB || (size_t)d->verb == verb);
}

/* The program's name as a shell function name. */
static void
function_name(const struct program_def *p, struct buf *out)
{
	buf_str(out, "_");
	for (const char *c = p->name; *c; c++)
		buf_u8(out, *c == '-' ? '_' : (uint8_t)*c);
}

static void
option_words(const struct program_def *p, size_t verb, struct buf *out)
{
	for (size_t i = 0; i < p->n_options; i++)
		if (shown(&p->options[i], verb))
			buf_printf(out, "--%s ", p->options[i].name);
	buf_str(out, "--help");
}

/* bash: two leading words choose the verb; files where no option is being typed. */
static void
bash(const struct program_def *p, struct buf *out)
{
	CLEANUP(buf_done) struct buf fn = {0};

	function_name(p, &fn);
	buf_printf(out, "# bash completion of %s\n%s() {\n", p->name, buf_cstr(&fn));
	buf_str(out, "\tlocal cur=${COMP_WORDS[COMP_CWORD]} one=\"${COMP_WORDS[1]}\"\n"
	             "\tlocal two=\"$one ${COMP_WORDS[2]}\" words=\n\tcase \"$two\" in\n");
	for (size_t i = 0; i < p->n_verbs; i++) {
		const char *name = p->verbs[i].name;

		buf_printf(out,
		           name[0] == '\0'     ? "\t*) words='"
		           : strchr(name, ' ') ? "\t'%s') words='"
		                               : "\t'%s '*) words='",
		           name);
		option_words(p, i, out);
		buf_str(out, "' ;;\n");
	}
	buf_str(out, "\tesac\n\tif [[ $COMP_CWORD -eq 1 ]]; then\n\t\twords='");
	for (size_t i = 0; i < p->n_verbs; i++)
		buf_printf(out, "%.*s ", (int)strcspn(p->verbs[i].name, " "), p->verbs[i].name);
	buf_str(out, "--help --version'\n\telif [[ $COMP_CWORD -eq 2 && $cur != -* ]]; then\n"
	             "\t\tcase \"$one\" in\n");
	for (size_t i = 0; i < p->n_verbs; i++) {
		const char *space = strchr(p->verbs[i].name, ' ');

		if (space)
			buf_printf(out, "\t\t%.*s) words+=' %s' ;;&\n",
			           (int)(space - p->verbs[i].name), p->verbs[i].name, space + 1);
	}
	buf_printf(out,
	           "\t\tesac\n\tfi\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	           "\t[[ $cur == -* ]] || COMPREPLY+=($(compgen -f -- \"$cur\"))\n}\n"
	           "complete -o filenames -F %s %s\n",
	           buf_cstr(&fn), p->name);
}

/* Single quotes of a shell word: ' becomes '\''. */
static void
quoted(const char *text, struct buf *out)
{
	buf_u8(out, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			buf_str(out, "'\\''");
		else
			buf_u8(out, (uint8_t)*text);
	}
	buf_u8(out, '\'');
}

/* zsh's form of an explanation: [text] behind the option. */
static void
bracketed(const char *text, struct buf *out)
{
	buf_str(out, "\\[");
	quoted(text, out);
	buf_str(out, "\\]");
}

static void
zsh(const struct program_def *p, struct buf *out)
{
	buf_printf(out, "#compdef %s\nlocal verb=\"$words[2] $words[3]\"\ncase \"$verb\" in\n",
	           p->name);
	for (size_t i = 0; i < p->n_verbs; i++) {
		const char *name = p->verbs[i].name;

		buf_printf(out,
		           name[0] == '\0'     ? "*)"
		           : strchr(name, ' ') ? "'%s')"
		                               : "'%s '*)",
		           name);
		buf_str(out, " _arguments '*:file:_files'");
		for (size_t k = 0; k < p->n_options; k++) {
			const struct option_def *d = &p->options[k];

			if (!shown(d, i))
				continue;
			buf_printf(out, " \\\n\t--%s%s", d->name,
			           d->kind == OPTION_FLAG ? "" : "=");
			bracketed(d->help, out);
		}
		buf_str(out, " ;;\n");
	}
	buf_str(out, "*) _values command");
	for (size_t i = 0; i < p->n_verbs; i++)
		buf_printf(out, " '%.*s'", (int)strcspn(p->verbs[i].name, " "), p->verbs[i].name);
	buf_str(out, " ;;\nesac\n");
}

static void
fish(const struct program_def *p, struct buf *out)
{
	for (size_t i = 0; i < p->n_verbs; i++) {
		const char *name = p->verbs[i].name;
		int first = (int)strcspn(name, " ");

		if (name[0])
			buf_printf(out, "complete -c %s -n __fish_use_subcommand -a %.*s\n",
			           p->name, first, name);
		if (strchr(name, ' '))
			buf_printf(out,
			           "complete -c %s -n '__fish_seen_subcommand_from %.*s' -a %s\n",
			           p->name, first, name, strchr(name, ' ') + 1);
		for (size_t k = 0; k < p->n_options; k++) {
			const struct option_def *d = &p->options[k];

			if (!shown(d, i))
				continue;
			buf_printf(out, "complete -c %s", p->name);
			if (name[0])
				buf_printf(out, " -n '__fish_seen_subcommand_from %.*s'", first,
				           name);
			buf_printf(out, " -l %s%s -d ", d->name,
			           d->kind == OPTION_FLAG ? "" : " -r");
			quoted(d->help, out);
			buf_u8(out, '\n');
		}
	}
}

status
options_completion(const struct program_def *p, const char *shell, struct buf *out, struct err *err)
{
	if (strcmp(shell, "bash") == 0)
		bash(p, out);
	else if (strcmp(shell, "zsh") == 0)
		zsh(p, out);
	else if (strcmp(shell, "fish") == 0)
		fish(p, out);
	else
		return err_set(err, ERR_USAGE, "E-USAGE-012",
		               "--generate-docs takes man, man:COMMAND, bash, zsh or fish");
	return OK;
}
