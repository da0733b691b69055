/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <stdio.h>

#include "base/file.h"

enum { MAX_TEXT = 4 * 1024 * 1024 };

struct group {
	struct rego_case c;
	struct buf module;
	struct bytes lines[4]; /* query, input, result */
	size_t n_lines;
	struct value input, data, want;
	unsigned int first_line;
};

void
text_count(const char *file, const struct rego_case *c, struct text_totals *t)
{
	char why[4096];

	if (t->only && bytes_find(c->note, bytes_str(t->only), 0) == SIZE_MAX)
		return;
	switch (case_run(c, why, sizeof why)) {
	case CASE_PASSED:
		t->passed++;
		break;
	case CASE_FAILED:
		t->failed++;
		if (t->list_failed)
			printf("failed: %s: %.*s: %s\n", file, BYTES_ARG(c->note), why);
		break;
	case CASE_SKIPPED:
		t->skipped++;
		if (t->list_skipped)
			printf("skipped: %s: %.*s\n", file, BYTES_ARG(c->note));
		break;
	}
}

static bool
malformed(const char *name, const struct group *g, const char *what)
{
	printf("%s:%u: %s\n", name, g->first_line, what);
	return false;
}

static void
end_module(struct arena *a, struct group *g)
{
	if (g->module.n > 0 && g->c.n_modules < CASE_MODULES)
		g->c.modules[g->c.n_modules++] = arena_copy(a, buf_view(&g->module));
	buf_reset(&g->module);
}

/* "x = 1" is [{"x": 1}]. */
static struct bytes
solutions(struct arena *a, struct bytes line)
{
	size_t eq = bytes_find(line, BYTES(" = "), 0);

	if (bytes_is(line, "undefined"))
		return BYTES("[]");
	if (bytes_is(line, "true"))
		return BYTES("[{}]");
	if (line.n > 0 && line.p[0] != '[' && eq != SIZE_MAX)
		return arena_printf(a, "[{\"%.*s\": %.*s}]", BYTES_ARG(bytes_sub(line, 0, eq)),
		                    BYTES_ARG(bytes_sub(line, eq + 3, line.n)));
	return line;
}

static bool
run_group(struct arena *a, const char *name, struct group *g, struct text_totals *t)
{
	struct bytes result = g->lines[2];
	struct err err = {0};

	end_module(a, g);
	if (g->n_lines != 3)
		return malformed(name, g, "a case has a query, an input and a result");
	g->c.query = g->lines[0];
	g->c.note = arena_printf(a, "%u: %.*s", g->first_line, BYTES_ARG(g->lines[0]));
	if (!bytes_is(g->lines[1], "-")) {
		if (!is_ok(json_parse(a, g->lines[1], NULL, &g->input, &err)))
			return malformed(name, g, err.msg);
		g->c.input = &g->input;
	}
	if (bytes_starts(result, BYTES("error: "))) {
		g->c.want_error = bytes_sub(result, 7, result.n);
	} else {
		if (!is_ok(json_parse(a, solutions(a, result), NULL, &g->want, &err)))
			return malformed(name, g, err.msg);
		g->c.want_result = &g->want;
	}
	text_count(name, &g->c, t);
	return true;
}

static bool
take_line(struct arena *a, const char *name, struct group *g, struct bytes line)
{
	struct err err = {0};

	if (line.p[0] == '#')
		return true;
	if (bytes_is(line, "|---")) {
		end_module(a, g);
	} else if (line.p[0] == '|') {
		buf_bytes(&g->module,
		          bytes_sub(line, line.n > 1 && line.p[1] == ' ' ? 2 : 1, line.n));
		buf_u8(&g->module, '\n');
	} else if (bytes_is(line, "@v0")) {
		g->c.v0 = true;
	} else if (bytes_is(line, "@strict")) {
		g->c.strict = true;
	} else if (bytes_starts(line, BYTES("data: "))) {
		if (!is_ok(json_parse(a, bytes_sub(line, 6, line.n), NULL, &g->data, &err)))
			return malformed(name, g, err.msg);
		g->c.data = &g->data;
	} else if (g->n_lines == 3) {
		return malformed(name, g, "more than three lines");
	} else {
		g->lines[g->n_lines++] = line;
	}
	return true;
}

bool
text_run(const char *path, const char *name, struct text_totals *t)
{
	CLEANUP(buf_done) struct buf text = {.max = MAX_TEXT};
	CLEANUP(arena_done) struct arena a = {0};
	struct group g = {0};
	struct bytes all;
	struct err err = {0};
	unsigned int number = 0;
	bool good = true, any = false;

	if (!is_ok(file_read(path, MAX_TEXT, &text, &err))) {
		printf("%s: %s\n", path, err.msg);
		return false;
	}
	buf_str(&text, "\n\n");
	all = buf_view(&text);
	for (size_t at = 0; at < all.n && good;) {
		size_t end = MIN(bytes_find_byte(all, '\n', at), all.n);
		struct bytes line = bytes_sub(all, at, end);

		at = end + 1;
		number++;
		if (line.n > 0) {
			if (!any)
				g.first_line = number;
			any |= line.p[0] != '#';
			good = take_line(&a, name, &g, line);
		} else if (any) {
			good = run_group(&a, name, &g, t);
			buf_done(&g.module);
			g = (struct group){0};
			any = false;
		}
	}
	buf_done(&g.module);
	return good;
}
