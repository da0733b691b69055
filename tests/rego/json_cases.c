/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/file.h"
#include "text.h"

enum { MAX_FILE = 64 * 1024 * 1024 };

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
	        .v0 = flag(v, "v0"), /* ours: OPA says it by the folder */
	};
	const struct value *modules = json_get(v, "modules");

	for (size_t i = 0; i < CASE_MODULES && json_item(modules, i); i++)
		c.modules[c.n_modules++] = json_text(json_item(modules, i));
	if (c.want_result && c.want_result->type != VALUE_ARRAY)
		c.want_result = NULL;
	return c;
}

bool
json_cases_run(const char *path, const char *name, struct text_totals *t)
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
	for (size_t i = 0; json_item(cases, i); i++) {
		struct rego_case c = read_case(json_item(cases, i));

		text_count(name, &c, t);
	}
	return true;
}
