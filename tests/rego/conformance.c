/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rego-conformance DIR... [--list-failed] [--list-skipped] [--only NOTE]
 * Runs all *.json case files of the folders ({"cases": [...]}) and the *.cases files in text form.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "text.h"

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return bytes_cmp(bytes_str((*a)->d_name), bytes_str((*b)->d_name));
}

static int
is_case_file(const struct dirent *d)
{
	struct bytes name = bytes_str(d->d_name);

	return bytes_ends(name, BYTES(".json")) || bytes_ends(name, BYTES(".cases"));
}

static bool
run_folder(const char *dir, struct text_totals *t)
{
	struct dirent **names;
	int n = scandir(dir, &names, is_case_file, by_name);
	bool good = n > 0;

	if (n < 0) {
		printf("%s: no such folder of case files\n", dir);
		return false;
	}
	for (int i = 0; i < n; i++) {
		char path[4096];

		snprintf(path, sizeof path, "%s/%s", dir, names[i]->d_name);
		good &= bytes_ends(bytes_str(path), BYTES(".cases"))
		                ? text_run(path, names[i]->d_name, t)
		                : json_cases_run(path, names[i]->d_name, t);
		free(names[i]);
	}
	free(names);
	return good;
}

int
main(int argc, char **argv)
{
	struct text_totals t = {0};
	bool good = argc > 1;

	for (int i = 1; i < argc; i++) {
		struct bytes arg = bytes_str(argv[i]);

		if (bytes_is(arg, "--list-failed"))
			t.list_failed = true;
		else if (bytes_is(arg, "--list-skipped"))
			t.list_skipped = true;
		else if (bytes_is(arg, "--only") && i + 1 < argc)
			t.only = argv[++i];
	}
	for (int i = 1; i < argc; i++) {
		if (bytes_is(bytes_str(argv[i]), "--only"))
			i++;
		else if (argv[i][0] != '-')
			good &= run_folder(argv[i], &t);
	}
	printf("%zu passed, %zu failed, %zu skipped\n", t.passed, t.failed, t.skipped);
	return good && t.failed == 0 ? 0 : 1;
}
