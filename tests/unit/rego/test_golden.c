/* SPDX-License-Identifier: Apache-2.0 */
/* The project's own cases, all files of tests/golden/rego: every feature and builtin of the
 * language. */
#include "unit.h"

#include <dirent.h>

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

static int
is_json(const struct dirent *d)
{
	return bytes_ends(bytes_str(d->d_name), BYTES(".json"));
}

/* Where OPA's cases are: all of them pass but those of builtins that are left out. */
static void
shared_cases(void **state)
{
	struct text_totals t = {.list_failed = true};
	struct dirent **names;
	char dir[4096], path[8192];
	int n;

	(void)state;
	if (!shared_data("rego-cases", dir, sizeof dir)) {
		print_message("# OPA's cases are not here\n");
		skip();
	}
	n = scandir(dir, &names, is_json, NULL);
	assert_true(n > 100);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, names[i]->d_name);
		assert_true(json_cases_run(path, names[i]->d_name, &t));
		free(names[i]);
	}
	free(names);
	assert_int_equal(t.failed, 0);
	assert_true(t.passed > 1500 && t.skipped < 40);
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
