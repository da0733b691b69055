/* SPDX-License-Identifier: Apache-2.0 */
#include "config/options.h"
#include "unit.h"

#include <string.h>

enum { DIR_, LEVEL, KEYS, COUNT, WHEN, OUT, QUIET };
enum { RUN, LIST_SHOW };

static status
nothing(const struct options *o, struct err *err)
{
	(void)o;
	(void)err;
	return OK;
}

static const struct verb_def verbs[] = {
        {"run", "PATH...", 1, 3, "runs", "Runs.\n\nAnd more.", nothing},
        {"list show", "", 0, 0, "shows", "", nothing},
};
static const struct option_def defs[] = {
        {OPTION_EVERY_VERB, 0, "workspace-dir", OPTION_TEXT, "DIR", NULL, "T_WORKSPACE", 0,
         "folder"},
        {OPTION_EVERY_VERB, 'l', "level", OPTION_CHOICE, "low|high", "low", "T_LEVEL", 0, "level"},
        {RUN, 'k', "key", OPTION_LIST, "FILE", "key.pem", NULL, 0, "keys"},
        {RUN, 'n', "count", OPTION_NUMBER, "N", NULL, NULL, 0, "count"},
        {RUN, 0, "time", OPTION_TIME, "TIME", NULL, NULL, 0, "time"},
        {RUN, 'o', "out", OPTION_PATH, "FILE", "out.json", NULL, 0, "out"},
        {LIST_SHOW, 'q', "quiet", OPTION_FLAG, NULL, NULL, "T_QUIET", 0, "quiet"},
};
static const struct program_def prog = {"prog", "tests", "Tests.", verbs, 2, defs, 7, NULL};

struct parsed {
	struct options o;
	struct buf text;
	struct err err;
	bool done;
	status s;
	char words[256];
	char *argv[16];
};

static void
parse(struct parsed *p, const char *line)
{
	int argc = 0;

	memset(p, 0, sizeof *p);
	snprintf(p->words, sizeof p->words, "prog %s", line);
	for (char *w = strtok(p->words, " "); w && argc < 15; w = strtok(NULL, " "))
		p->argv[argc++] = w;
	p->s = options_parse(&prog, argc, p->argv, &p->o, &p->done, &p->text, &p->err);
}

static void
drop(struct parsed *p)
{
	options_done(&p->o);
	buf_done(&p->text);
}

static void
values_and_operands(void **state)
{
	CLEANUP(drop) struct parsed p;
	size_t n;

	(void)state;
	parse(&p, "run a --key x y -k z --count=7 b --time 1970-01-01T00:00:05Z -- --c");
	assert_true(is_ok(p.s));
	assert_int_equal(options_list(&p.o, KEYS, &n)[2][0], 'z');
	assert_int_equal(n, 3);
	assert_int_equal(options_number(&p.o, COUNT), 7);
	assert_int_equal(options_time(&p.o, WHEN), 5);
	assert_int_equal(p.o.n_args, 3);
	assert_string_equal(p.o.args[1], "b");
	assert_string_equal(p.o.args[2], "--c");
	assert_string_equal(options_text(&p.o, OUT), "out.json");
	assert_false(options_given(&p.o, OUT));
	assert_false(options_given(&p.o, LEVEL));
}

static void
sources_in_order(void **state)
{
	struct parsed p;

	(void)state;
	setenv("T_LEVEL", "high", 1);
	setenv("T_WORKSPACE", "/w", 1);
	parse(&p, "run a");
	assert_string_equal(options_text(&p.o, LEVEL), "high");
	assert_string_equal(options_text(&p.o, OUT), "/w/out.json");
	options_from_file(&p.o, LEVEL, "low"); /* weaker than the environment */
	assert_string_equal(options_text(&p.o, LEVEL), "high");
	options_from_file(&p.o, COUNT, "9");
	assert_int_equal(options_number(&p.o, COUNT), 9);
	drop(&p);
	parse(&p, "run a --level low -o mine.json");
	assert_string_equal(options_text(&p.o, LEVEL), "low");
	assert_string_equal(options_text(&p.o, OUT), "mine.json");
	drop(&p);
	setenv("T_LEVEL", "middle", 1);
	parse(&p, "run a");
	assert_string_equal(p.err.id, "E-USAGE-006");
	drop(&p);
	unsetenv("T_LEVEL");
	unsetenv("T_WORKSPACE");
	setenv("T_QUIET", "1", 1);
	parse(&p, "list show");
	assert_true(is_ok(p.s) && options_flag(&p.o, QUIET));
	drop(&p);
	setenv("T_QUIET", "maybe", 1);
	parse(&p, "list show");
	assert_string_equal(p.err.id, "E-USAGE-007");
	drop(&p);
	unsetenv("T_QUIET");
}

static void
mistakes(void **state)
{
	static const struct {
		const char *line, *id;
	} rows[] = {
	        {"rum", "E-USAGE-001"},
	        {"list", "E-USAGE-001"},
	        {"list hide", "E-USAGE-001"},
	        {"run a --count", "E-USAGE-002"},
	        {"run a --nope", "E-USAGE-003"},
	        {"run a -x", "E-USAGE-003"},
	        {"list show --key a", "E-USAGE-003"},
	        {"run a --count 0x1", "E-USAGE-004"},
	        {"run a --time yesterday", "E-USAGE-005"},
	        {"run a --level mid", "E-USAGE-006"},
	        {"run", "E-USAGE-009"},
	        {"run a b c d", "E-USAGE-010"},
	        {"list show x", "E-USAGE-010"},
	        {"--level low run a", "E-USAGE-011"},
	        {"--generate-docs csh", "E-USAGE-012"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(drop) struct parsed p;

		parse(&p, rows[i].line);
		assert_int_equal(p.s.cls, ERR_USAGE);
		assert_string_equal(p.err.id, rows[i].id);
	}
}

static void
help_names_every_visible_option(void **state)
{
	static const char *const lines[] = {"run --help", "run a -h", "--generate-docs man:run"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		CLEANUP(drop) struct parsed p;

		parse(&p, lines[i]);
		assert_true(is_ok(p.s) && p.done);
		assert_int_not_equal(bytes_find(buf_view(&p.text), BYTES("count"), 0), SIZE_MAX);
		assert_int_equal(bytes_find(buf_view(&p.text), BYTES("quiet"), 0), SIZE_MAX);
	}
}

static void
help_of_a_group_lists_its_commands_alone(void **state)
{
	CLEANUP(drop) struct parsed p;

	(void)state;
	parse(&p, "list --help");
	assert_true(is_ok(p.s) && p.done);
	assert_int_not_equal(bytes_find(buf_view(&p.text), BYTES("list show"), 0), SIZE_MAX);
	assert_int_equal(bytes_find(buf_view(&p.text), BYTES("runs"), 0), SIZE_MAX);
	drop(&p);
	parse(&p, "list hide");
	assert_string_equal(p.err.hint, "prog list --help lists the commands");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(values_and_operands),
	        cmocka_unit_test(sources_in_order),
	        cmocka_unit_test(mistakes),
	        cmocka_unit_test(help_names_every_visible_option),
	        cmocka_unit_test(help_of_a_group_lists_its_commands_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
