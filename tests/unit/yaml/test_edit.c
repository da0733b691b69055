/* SPDX-License-Identifier: Apache-2.0 */
#include "yaml/edit.h"

#include "unit.h"

#include <string.h>

/* Walks "a.b[1].c" from the first document. */
static struct yaml_node *
at_path(struct yaml_node *n, const char *path)
{
	while (*path && n) {
		size_t k = strcspn(path, ".[");

		if (*path == '[') {
			n = yaml_item(n, strtoul(path + 1, NULL, 10));
			path = strchr(path, ']') + 1;
		} else {
			n = yaml_get_bytes(n, bytes_of(path, k));
			path += k;
		}
		if (*path == '.')
			path++;
	}
	return n;
}

enum op { SET, RAW, SET_MAP, SET_SEQ, INSERT, REPLACE, REMOVE, NEED };

struct step {
	enum op op;
	const char *path;
	const char *key; /* key, or index for lists */
	const char *val;
};

/* A new value: text, {k: text, list: [text]} or [text]. */
static struct yaml_node *
made(struct arena *a, enum op op, const char *val)
{
	struct yaml_node *m = yaml_new_map(a), *seq = yaml_new_seq(a);

	if (op == RAW)
		return yaml_new_raw(a, val);
	if (op != SET_MAP && op != SET_SEQ && op != INSERT && op != REPLACE)
		return yaml_new_str(a, bytes_str(val));
	yaml_push(a, seq, yaml_new_str(a, bytes_str(val)));
	if (op == SET_SEQ)
		return seq;
	yaml_put(a, m, "name", yaml_new_str(a, bytes_str(val)));
	yaml_put(a, m, "list", seq);
	return m;
}

static status
run_step(struct arena *a, struct yaml_node *root, const struct step *s, struct err *err)
{
	struct yaml_node *n = at_path(root, s->path), *sub;

	assert_non_null(n);
	switch (s->op) {
	case SET:
	case RAW:
	case SET_MAP:
	case SET_SEQ:
		return yaml_set(a, n, bytes_str(s->key), made(a, s->op, s->val), err);
	case INSERT:
		return yaml_insert(a, n, (uint32_t)strtoul(s->key, NULL, 10),
		                   made(a, s->op, s->val), err);
	case REPLACE:
		return yaml_replace(a, n, (uint32_t)strtoul(s->key, NULL, 10),
		                    made(a, s->op, s->val), err);
	case REMOVE:
		return yaml_remove(a, n, (uint32_t)strtoul(s->key, NULL, 10), err);
	case NEED:
		TRY(yaml_need_map(a, n, s->key, &sub, err));
		return yaml_set(a, sub, BYTES("k"), yaml_new_str(a, bytes_str(s->val)), err);
	}
	return OK;
}

static const struct {
	const char *name;
	const char *before;
	struct step steps[3];
	const char *after;
} rows[] = {
        {"nothing", "a: 1 # c\n", {{0}}, "a: 1 # c\n"},
        {"replace a plain value",
         "a: 1   # keep\nb: x\n",
         {{SET, "", "a", "two"}},
         "a: two   # keep\nb: x\n"},
        {"quotes where needed", "a: x\n", {{SET, "", "a", "yes"}}, "a: \"yes\"\n"},
        {"equal is no edit", "a: 'x' # c\n", {{SET, "", "a", "x"}}, "a: 'x' # c\n"},
        {"double quotes stay", "a: \"x\"\n", {{SET, "", "a", "new"}}, "a: \"new\"\n"},
        {"single quotes stay", "a: 'x'\n", {{SET, "", "a", "it's"}}, "a: 'it''s'\n"},
        {"single quotes that cannot", "a: 'x'\n", {{SET, "", "a", "b\nc"}}, "a: \"b\\nc\"\n"},
        {"a string is not a number", "a: 5\n", {{SET, "", "a", "5"}}, "a: \"5\"\n"},
        {"a raw number", "a: x\n", {{RAW, "", "a", "5"}}, "a: 5\n"},
        {"new key at the end",
         "a: 1\nb: # note\n  c: 1 # in\n# tail\n",
         {{SET, "b", "d", "v"}},
         "a: 1\nb: # note\n  c: 1 # in\n  d: v\n# tail\n"},
        {"no line break at the end", "a: 1", {{SET, "", "b", "v"}}, "a: 1\nb: v"},
        {"two new keys",
         "a:\n    c: 1\n",
         {{SET, "a", "x", "1x"}, {SET, "a", "w", "2y"}},
         "a:\n    c: 1\n    x: 1x\n    w: 2y\n"},
        {"inner and outer at one line end",
         "a:\n  c: 1\n",
         {{SET, "", "z", "o"}, {SET, "a", "d", "i"}},
         "a:\n  c: 1\n  d: i\nz: o\n"},
        {"CRLF",
         "a: 1\r\nb:\r\n  c: x\r\n",
         {{SET, "b", "d", "v"}, {SET_MAP, "b", "m", "q"}},
         "a: 1\r\nb:\r\n  c: x\r\n  d: v\r\n  m:\r\n    name: q\r\n    list:\r\n      - q\r\n"},
        {"BOM",
         "\xef\xbb\xbf"
         "a: 1\n",
         {{SET, "", "b", "v"}},
         "\xef\xbb\xbf"
         "a: 1\nb: v\n"},
        {"non-ASCII before the place",
         "k: \xc3\xa4\xe2\x82\xac # \xf0\x9f\x98\x80\na: x\n",
         {{SET, "", "a", "z"}},
         "k: \xc3\xa4\xe2\x82\xac # \xf0\x9f\x98\x80\na: z\n"},
        {"flow mapping",
         "a: {b: 1, c: [x]} # f\n",
         {{SET, "a", "d", "e, f"}, {SET, "a", "b", "q"}},
         "a: {b: q, c: [x], d: \"e, f\"} # f\n"},
        {"flow list",
         "a: [x, z,]\n",
         {{INSERT, "a", "2", "p"}, {INSERT, "a", "0", "f"}},
         "a: [{name: f, list: [f]}, x, z, {name: p, list: [p]},]\n"},
        {"empty mapping", "a: {}\nb: 1\n", {{SET, "a", "k", "v"}}, "a:\n  k: v\nb: 1\n"},
        {"empty mapping with comment",
         "m:\n    a: {} # none\n    b: 1\n",
         {{SET, "m.a", "k", "v"}},
         "m:\n    a: # none\n        k: v\n    b: 1\n"},
        {"null becomes a mapping", "a:\nb: 1\n", {{NEED, "", "a", "v"}}, "a:\n  k: v\nb: 1\n"},
        {"null with comment",
         "a:   # why\nb: 1\n",
         {{NEED, "", "a", "v"}},
         "a:   # why\n  k: v\nb: 1\n"},
        {"absent mapping", "a: 1\n", {{NEED, "", "m", "v"}}, "a: 1\nm:\n  k: v\n"},
        {"list item first, indentless",
         "c:\n# first\n- name: a\n  v: 1\n- name: b\n",
         {{INSERT, "c", "0", "i"}},
         "c:\n- name: i\n  list:\n  - i\n# first\n- name: a\n  v: 1\n- name: b\n"},
        {"list item first, indented",
         "c:\n  - name: a\n    l:\n      - x\n",
         {{INSERT, "c", "0", "i"}},
         "c:\n  - name: i\n    list:\n      - i\n  - name: a\n    l:\n      - x\n"},
        {"list item last",
         "c:\n- a # x\n# end\nd: 1\n",
         {{INSERT, "c", "1", "i"}},
         "c:\n- a # x\n- name: i\n  list:\n  - i\n# end\nd: 1\n"},
        {"list item replaced",
         "c:\n- name: a # x\n  v: 1\n- b\n",
         {{REPLACE, "c", "0", "i"}},
         "c:\n- name: i\n  list:\n  - i\n- b\n"},
        {"list item removed",
         "c:\n- a # x\n- b # y\n- d\n",
         {{REMOVE, "c", "1", ""}},
         "c:\n- a # x\n- d\n"},
        {"flow item removed",
         "c: [a, b, d]\n",
         {{REMOVE, "c", "0", ""}, {REMOVE, "c", "1", ""}},
         "c: [b]\n"},
        {"all items removed", "c:\n- a\nd: 1\n", {{REMOVE, "c", "0", ""}}, "c:\n  []\nd: 1\n"},
        {"nested dashes",
         "- - a\n  - b\n",
         {{INSERT, "[0]", "0", "i"}},
         "- - name: i\n    list:\n      - i\n  - a\n  - b\n"},
        {"behind a literal",
         "a:\n  t: |\n    x\n    y\n\n  # c\nb: 1\n",
         {{SET, "a", "r", "v"}},
         "a:\n  t: |\n    x\n    y\n\n  r: v\n  # c\nb: 1\n"},
        {"behind a kept literal",
         "a:\n  t: |+\n    x\n\n",
         {{SET, "a", "r", "v"}},
         "a:\n  t: |+\n    x\n\n  r: v\n"},
        {"literal replaced",
         "a: >-\n  long\n  text\n# c\nb: 1\n",
         {{SET, "", "a", "short"}},
         "a: short\n# c\nb: 1\n"},
        {"block mapping replaced by text",
         "a:\n  x: 1\nb: 2\n",
         {{SET, "", "a", "t"}},
         "a:\n  t\nb: 2\n"},
        {"documents",
         "---\na: 1\n---\n# two\nb: 2\n...\n",
         {{SET, "", "r", "v"}},
         "---\na: 1\nr: v\n---\n# two\nb: 2\n...\n"},
        {"JSON",
         "{\"a\": {\"b\": \"c\"}}",
         {{SET, "a", "d", "e"}},
         "{\"a\": {\"b\": \"c\", d: e}}"},
        {"text that folds",
         "a: x\n",
         {{SET, "", "a", "two\nlines\t\xc2\x85"}},
         "a: \"two\\nlines\\t\\u0085\"\n"},
        {"dash text in a list",
         "a:\n- x\n",
         {{SET_SEQ, "", "a", "--deployment-id=00"}},
         "a:\n- --deployment-id=00\n"},
        {"anchor elsewhere",
         "b: &x {k: 1}\na: 1\nc: *x\n",
         {{SET, "", "a", "v"}},
         "b: &x {k: 1}\na: v\nc: *x\n"},
        {"alias replaced", "b: &x {k: 1}\nc: *x\n", {{SET, "", "c", "v"}}, "b: &x {k: 1}\nc: v\n"},
        {"unreferenced anchor above",
         "b: &x\n  k: 1\n",
         {{SET, "b", "l", "v"}},
         "b: &x\n  k: 1\n  l: v\n"},
};

static void
apply_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf once = {0};
		CLEANUP(buf_done) struct buf twice = {0};
		struct yaml_stream s;
		struct err err = {0};
		bool idempotent = true;

		assert_ok(yaml_parse(&a, bytes_str(rows[i].before), &s, &err));
		for (size_t k = 0; k < 3 && rows[i].steps[k].path; k++) {
			assert_ok(run_step(&a, s.docs[0], &rows[i].steps[k], &err));
			idempotent &=
			        rows[i].steps[k].op != INSERT && rows[i].steps[k].op != REMOVE;
		}
		if (!is_ok(yaml_apply(&s, &once, &err)))
			fail_msg("%s: %s", rows[i].name, err.msg);
		if (!bytes_equal(buf_view(&once), bytes_str(rows[i].after)))
			fail_msg("%s: got\n%.*s\nwant\n%s", rows[i].name,
			         BYTES_ARG(buf_view(&once)), rows[i].after);
		if (!idempotent)
			continue;
		assert_ok(yaml_parse(&a, buf_view(&once), &s, &err));
		for (size_t k = 0; k < 3 && rows[i].steps[k].path; k++)
			assert_ok(run_step(&a, s.docs[0], &rows[i].steps[k], &err));
		assert_ok(yaml_apply(&s, &twice, &err));
		assert_bytes(buf_view(&twice), buf_view(&once));
	}
}

static const struct {
	const char *before;
	struct step step;
	const char *id;
} refused[] = {
        {"b: &x {k: 1}\nc: *x\n", {SET, "b", "l", "v"}, "E-YAML-020"},
        {"b: &x {k: 1}\nc: *x\n", {SET, "c", "l", "v"}, "E-YAML-020"},
        {"b: &x {k: {m: 1}}\nc: *x\n", {SET, "b.k", "l", "v"}, "E-YAML-020"},
        {"b: &x {k: 1}\nc:\n  <<: *x\n  l: 2\n", {SET, "c", "z", "v"}, "E-YAML-020"},
        {"b: [1]\n", {SET, "b", "l", "v"}, "E-YAML-022"},
        {"b: x\n", {NEED, "", "b", "v"}, "E-YAML-022"},
};

static void
refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		struct yaml_stream s;
		struct err err = {0};

		assert_ok(yaml_parse(&a, bytes_str(refused[i].before), &s, &err));
		assert_fails(run_step(&a, s.docs[0], &refused[i].step, &err), refused[i].id);
		assert_true(err.place[0] != '\0');
	}
}

static void
anchor_that_an_alias_needs_is_not_lost(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf out = {0};
	struct yaml_stream s;
	struct err err = {0};

	(void)state;
	assert_ok(yaml_parse(&a, BYTES("b: &x v\nc: *x\n"), &s, &err));
	assert_ok(yaml_set(&a, s.docs[0], BYTES("b"), yaml_new_str(&a, BYTES("new")), &err));
	assert_fails(yaml_apply(&s, &out, &err), "E-YAML-021");
	assert_int_equal(out.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(apply_rows),
	        cmocka_unit_test(refusals),
	        cmocka_unit_test(anchor_that_an_alias_needs_is_not_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
