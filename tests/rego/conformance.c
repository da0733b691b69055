/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rego-conformance DIR... [--list-failed] [--list-skipped] [--only NOTE]
 * Runs all *.json case files of the folders ({"cases": [...]}).
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "case.h"

struct totals {
	size_t passed, failed, skipped;
	bool list_failed, list_skipped;
	const char *only;
};

enum { MAX_FILE = 64 * 1024 * 1024, MAX_FILES = 4096 };

static bool
flag(const struct value *v, const char *name)
{
	const struct value *f = json_get(v, name);

	return f && f->type == VALUE_BOOL && f->u.b;
}

static struct rego_case
read_case(const struct value *v)
{
	struct rego_case c = {
		.note = json_text(json_get(v, "note")),
		.query = json_text(json_get(v, "query")),
		.input_term = json_text(json_get(v, "input_term")),
		.input = json_get(v, "input"),
		.data = json_get(v, "data"),
		.want_result = json_get(v, "want_result"),
		.want_error = json_text(json_get(v, "want_error")),
		.want_code = json_text(json_get(v, "want_error_code")),
		.strict = flag(v, "strict_error"),
		.sort = flag(v, "sort_bindings"),
	};
	const struct value *modules = json_get(v, "modules");

	for (size_t i = 0; i < CASE_MODULES && json_item(modules, i); i++)
		c.modules[c.n_modules++] = json_text(json_item(modules, i));
	if (c.want_result && c.want_result->type != VALUE_ARRAY)
		c.want_result = NULL;
	return c;
}

static void
run_case(const char *file, const struct value *v, struct totals *t)
{
	struct rego_case c = read_case(v);
	char why[4096];

	if (t->only && bytes_find(c.note, bytes_str(t->only), 0) == SIZE_MAX)
		return;
	switch (case_run(&c, why, sizeof why)) {
	case CASE_PASSED:
		t->passed++;
		break;
	case CASE_FAILED:
		t->failed++;
		if (t->list_failed)
			printf("failed: %s: %.*s: %s\n", file, BYTES_ARG(c.note), why);
		break;
	case CASE_SKIPPED:
		t->skipped++;
		if (t->list_skipped)
			printf("skipped: %s: %.*s\n", file, BYTES_ARG(c.note));
		break;
	}
}

static bool
run_file(const char *path, const char *name, struct totals *t)
{
	CLEANUP(buf_done) struct buf text = {.max = MAX_FILE};
	CLEANUP(arena_done) struct arena a;
	struct value v;
	struct err err = {0};
	const struct value *cases;
	status s;

	arena_init(&a, (size_t)8 * MAX_FILE);
	s = file_read(path, MAX_FILE, &text, &err);
	if (is_ok(s))
		s = json_parse(&a, buf_view(&text), NULL, &v, &err);
	if (!is_ok(s)) {
		printf("%s: %s: %s\n", path, err.place, err.msg);
		return false;
	}
	cases = json_get(&v, "cases");
	for (size_t i = 0; json_item(cases, i); i++)
		run_case(name, json_item(cases, i), t);
	return true;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return bytes_cmp(bytes_str((*a)->d_name), bytes_str((*b)->d_name));
}

static int
is_case_file(const struct dirent *d)
{
	return bytes_ends(bytes_str(d->d_name), BYTES(".json"));
}

static bool
run_folder(const char *dir, struct totals *t)
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
		good &= run_file(path, names[i]->d_name, t);
		free(names[i]);
	}
	free(names);
	return good;
}

int
main(int argc, char **argv)
{
	struct totals t = {0};
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
