/* SPDX-License-Identifier: Apache-2.0 */
/* The project's own cases, all files of tests/golden/rego: every feature and builtin of the language. */
#include "unit.h"

#include "../../rego/text.h"

static void
run(const char *name)
{
	const char *root = getenv("CONTRAST_SOURCE_ROOT");
	struct text_totals t = {.list_failed = true};
	char path[4096];

	snprintf(path, sizeof path, "%s/tests/golden/rego/%s", root ? root : ".", name);
	assert_true(text_run(path, name, &t));
	assert_int_equal(t.failed, 0);
	assert_true(t.passed > 0);
}

static void
language(void **state)
{
	(void)state;
	run("terms.cases");
	run("rules.cases");
	run("bodies.cases");
	run("with.cases");
	run("v0.cases");
}

static void
errors(void **state)
{
	(void)state;
	run("errors.cases");
}

static void
builtins(void **state)
{
	(void)state;
	run("builtins.cases");
}

/* Where the shared cases are: those about the language itself, all of them. */
static void
shared_cases(void **state)
{
	static const char *const files[] = {
		"assignments", "baseandvirtualdocs", "completedoc", "comprehensions", "containskeyword",
		"dataderef", "defaultkeyword", "disjunction", "elsekeyword", "eqexpr", "every",
		"functions", "indirectreferences", "inputvalues", "keywordrefs", "negation",
		"nestedreferences", "partialdocconstants", "partialobjectdoc", "partialsetdoc",
		"planner-ir", "refheads", "stringinterpolation", "topdowndynamicdispatch", "undos",
		"varreferences", "virtualdocs", "withkeyword",
	};
	struct text_totals t = {.list_failed = true};
	char path[4096];

	(void)state;
	if (!shared_data("rego-cases", path, sizeof path)) {
		print_message("the shared cases are not here\n");
		skip();
	}
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		char name[128];

		snprintf(name, sizeof name, "rego-cases/%s.json", files[i]);
		assert_non_null(shared_data(name, path, sizeof path));
		assert_true(json_cases_run(path, files[i], &t));
	}
	assert_int_equal(t.failed, 0);
	assert_true(t.passed > 300);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(language),
		cmocka_unit_test(errors),
		cmocka_unit_test(builtins),
		cmocka_unit_test(shared_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
