/* SPDX-License-Identifier: Apache-2.0 */
#include "config/file.h"

#include "unit.h"

enum { CONFIG_, DIR_, KEYS, COUNT, OUT, QUIET, N };
enum { RUN, SHOW };

static status
nothing(const struct options *o, struct err *err)
{
	(void)o;
	(void)err;
	return OK;
}

static const struct verb_def verbs[] = {
        {"run", "", 0, 3, "runs", "", nothing},
        {"list show", "", 0, 0, "shows", "", nothing},
};
static const struct option_def defs[] = {
        {OPTION_EVERY_VERB, 0, "config", OPTION_TEXT, "FILE", NULL, NULL, 0, "file"},
        {OPTION_EVERY_VERB, 0, "workspace-dir", OPTION_TEXT, "DIR", NULL, NULL, 0, "folder"},
        {RUN, 'k', "key", OPTION_LIST, "FILE", "key.pem", NULL, 0, "keys"},
        {RUN, 'n', "count", OPTION_NUMBER, "N", NULL, NULL, 0, "count"},
        {RUN, 'o', "out", OPTION_PATH, "FILE", "out.json", NULL, 0, "out"},
        {SHOW, 'q', "quiet", OPTION_FLAG, NULL, NULL, NULL, 0, "quiet"},
};
static const struct program_def prog = {"prog", "t", "T.", verbs, 2, defs, N, config_file};

/* Runs `prog VERB... --config FILE MORE` over a file with this text. */
static status
run(const char *text, const char *verb, const char *more, struct options *o, struct err *err)
{
	static const char path[] = "config-test.yaml";
	CLEANUP(buf_done) struct buf out = {0};
	const char *argv[8] = {"prog", verb, "--config", path, more};
	status s;
	bool done;

	TRY(file_write(path, bytes_str(text), 0644, err));
	s = options_parse(&prog, more ? 5 : 4, (char **)(uintptr_t)argv, o, &done, &out, err);
	TRY(file_remove(path, NULL));
	return s;
}

static void
values(void **state)
{
	CLEANUP(options_done) struct options o = {0};
	struct err err = {0};
	const char *const *keys;
	size_t n;

	(void)state;
	assert_ok(run("# c\nworkspace-dir: w\ncount: 3\nrun:\n  key: [a, b]\n"
	              "list show:\n  quiet: true\nquiet: false\n",
	              "run", NULL, &o, &err));
	assert_int_equal(options_number(&o, COUNT), 3);
	keys = options_list(&o, KEYS, &n);
	assert_int_equal(n, 2);
	assert_string_equal(keys[1], "b");
	assert_string_equal(options_text(&o, OUT), "w/out.json");
	assert_false(options_given(&o, QUIET));
}

static void
flags_win(void **state)
{
	CLEANUP(options_done) struct options o = {0};
	struct err err = {0};

	(void)state;
	assert_ok(run("run: {count: 3, out: file}\n", "run", "--out=flag", &o, &err));
	assert_string_equal(options_text(&o, OUT), "flag");
	assert_int_equal(options_number(&o, COUNT), 3);
}

static const struct {
	const char *text, *id, *place;
} bad[] = {
        {"- a\n", "E-CONFIG-001", "config-test.yaml:1:1"},
        {"count: 1\n---\ncount: 2\n", "E-CONFIG-001", "config-test.yaml:3:1"},
        {"cuont: 1\n", "E-CONFIG-002", "config-test.yaml:1:1"},
        {"run:\n  quiet: true\n", "E-CONFIG-002", "config-test.yaml:2:3"},
        {"config: other\n", "E-CONFIG-002", "config-test.yaml:1:1"},
        {"count: [1]\n", "E-CONFIG-003", "config-test.yaml:1:8"},
        {"out:\n", "E-CONFIG-003", "config-test.yaml:1:5"},
        {"key: [a, {b: c}]\n", "E-CONFIG-003", "config-test.yaml:1:10"},
        {"count: many\n", "E-USAGE-004", ""},
        {"count: 1\ncount: 2\n", "E-YAML-003", "config-test.yaml:2:1"},
};

static void
refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		CLEANUP(options_done) struct options o = {0};
		struct err err = {0};

		assert_fails(run(bad[i].text, "run", NULL, &o, &err), bad[i].id);
		assert_string_equal(err.place, bad[i].place);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(values),
	        cmocka_unit_test(flags_win),
	        cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
