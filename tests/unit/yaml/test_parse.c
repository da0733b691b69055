/* SPDX-License-Identifier: Apache-2.0 */
#include "yaml/tree.h"

#include "unit.h"

/* Text of every node: kinds, decoded scalars and the exact source of each. */
static void
dump(const struct yaml_stream *s, const struct yaml_node *n, struct buf *out)
{
	struct bytes source = bytes_sub(s->text, n->begin, n->end);

	if (n->kind == YAML_SCALAR) {
		static const char types[] = "snbif";

		buf_printf(out, "%c<%.*s>", types[yaml_type(n)], BYTES_ARG(source));
		return;
	}
	buf_str(out, n->kind == YAML_MAP ? "{" : "[");
	for (uint32_t i = 0; i < n->n; i++) {
		if (i > 0)
			buf_u8(out, ' ');
		if (n->kids[i].key)
			buf_printf(out, "%.*s:", BYTES_ARG(n->kids[i].key->text));
		dump(s, n->kids[i].val, out);
	}
	buf_str(out, n->kind == YAML_MAP ? "}" : "]");
	buf_printf(out, "%zu-%zu", n->begin, n->end);
}

static const struct {
	const char *text;
	const char *want;
} good[] = {
        {"", ""},
        {"# only a comment\n", ""},
        {"a: 1\n", "{a:i<1>}0-4"},
        {"a: 'x''y' # c\nb: \"\\u00e4\"\n", "{a:s<'x''y'> b:s<\"\\u00e4\">}0-25"},
        {"k: \xc3\xa4\na: \xe2\x82\xac\xf0\x9f\x98\x80 # \xc3\xa4\nb: [x, {q: z}]\n",
         "{k:s<\xc3\xa4> a:s<\xe2\x82\xac\xf0\x9f\x98\x80> b:[s<x> {q:s<z>}29-35]25-36}0-36"},
        {"\xef\xbb\xbf"
         "a: b\n",
         "{a:s<b>}3-7"},
        {"a:\n  b: 1\n\n# tail\nc: 2\n", "{a:{b:i<1>}5-9 c:i<2>}0-22"},
        {"a:\n- x # one\n- z\n# end\n", "{a:[s<x> s<z>]3-16}0-16"},
        {"a: |\n  t\n  u\n\nb: >-\n  v\n", "{a:s<|\n  t\n  u> b:s<>-\n  v>}0-23"},
        {"a:\nb: ~\nc: null\nd: yes\ne: 0x1F\nf: 1e3\ng: 08\nh: 1.2.3\n",
         "{a:n<> b:n<~> c:n<null> d:b<yes> e:i<0x1F> f:f<1e3> g:i<08> h:s<1.2.3>}0-52"},
        {"a: !!str 5\nb: ! 5\nc: !!int \"5\"\n", "{a:s<!!str 5> b:s<! 5> c:i<!!int \"5\">}0-30"},
        {"a: &x {k: v}\nb: *x\n", "{a:{k:s<v>}3-12 b:{k:s<v>}16-18}0-18"},
        {"a: &x {k: v, l: w}\nb:\n  <<: *x\n  k: own\n",
         "{a:{k:s<v> l:s<w>}3-18 b:{k:s<own> l:s<w>}24-39}0-39"},
        {"- &a {x: 1}\n- &b {y: 2}\n- {<<: [*a, *b], z: 3}\n",
         "[{x:i<1>}2-11 {y:i<2>}14-23 {z:i<3> x:i<1> y:i<2>}26-46]0-46"},
        {"a: 1\r\nb:\r\n  - c\r\n", "{a:i<1> b:[s<c>]12-15}0-15"},
        {"? a\n: b\n", "{a:s<b>}0-7"},
};

static void
positions_are_exact(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf out = {0};
		struct yaml_stream s;
		struct err err = {0};

		assert_ok(yaml_parse(&a, bytes_str(good[i].text), &s, &err));
		for (size_t k = 0; k < s.n; k++)
			dump(&s, s.docs[k], &out);
		assert_bytes(buf_view(&out), bytes_str(good[i].want));
	}
}

static const struct {
	const char *text;
	const char *id;
	const char *place;
} bad[] = {
        {"a: 1\nb: [x\n", "E-YAML-001", "3:1"},
        {"a:\n\tb: 1\n", "E-YAML-001", "2:1"},
        {"a: 1\n b: 2\n", "E-YAML-001", "2:3"},
        {"a: \"x\n", "E-YAML-001", "2:1"},
        {"a: \xff\n", "E-YAML-002", ""},
        {"a: 1\nb: 2\na: 3\n", "E-YAML-003", "3:1"},
        {"x:\n  - {a: 1, 'a': 2}\n", "E-YAML-003", "2:12"},
        {"? [a]\n: 1\n", "E-YAML-004", "1:3"},
        {"a: *x\n", "E-YAML-005", "1:4"},
        {"a: &x [*x]\n", "E-YAML-005", "1:8"},
        {"a: &x {b: 1}\n---\nc: *x\n", "E-YAML-005", "3:4"},
        {"a: &x [1]\nb: {<<: *x}\n", "E-YAML-006", "1:8"},
};

static void
malformed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		struct yaml_stream s;
		struct err err = {0};

		assert_fails(yaml_parse(&a, bytes_str(bad[i].text), &s, &err), bad[i].id);
		assert_string_equal(err.place, bad[i].place);
	}
}

/* `depth` nested flow lists. */
static status
parse_nested(size_t depth, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct yaml_stream s;

	for (size_t i = 0; i < depth; i++)
		buf_u8(&text, '[');
	for (size_t i = 0; i < depth; i++)
		buf_u8(&text, ']');
	return yaml_parse(&a, buf_view(&text), &s, err);
}

/* Each level holds the one before ten times: 10^levels nodes. */
static status
parse_bomb(size_t levels, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct yaml_stream s;

	buf_str(&text, "l0: &l0 [x]\n");
	for (size_t i = 1; i <= levels; i++) {
		buf_printf(&text, "l%zu: &l%zu [", i, i);
		for (size_t k = 0; k < 10; k++)
			buf_printf(&text, "%s*l%zu", k ? "," : "", i - 1);
		buf_str(&text, "]\n");
	}
	return yaml_parse(&a, buf_view(&text), &s, err);
}

static void
limits(void **state)
{
	CLEANUP(buf_done) struct buf text = {0};
	CLEANUP(arena_done) struct arena a = {0};
	struct yaml_stream s;
	struct err err = {0};

	(void)state;
	assert_ok(parse_nested(YAML_MAX_DEPTH, &err));
	assert_fails(parse_nested(YAML_MAX_DEPTH + 1, &err), "E-YAML-011");
	assert_ok(parse_bomb(4, &err));
	assert_fails(parse_bomb(6, &err), "E-YAML-012");
	buf_str(&text, "a: 1\n#");
	while (text.n < YAML_MAX_BYTES)
		buf_u8(&text, 'x');
	assert_ok(yaml_parse(&a, buf_view(&text), &s, &err));
	buf_u8(&text, 'x');
	assert_fails(yaml_parse(&a, buf_view(&text), &s, &err), "E-YAML-010");
}

/* An alias chain may not smuggle depth past the limit. */
static void
depth_counts_through_aliases(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct yaml_stream s;
	struct err err = {0};

	(void)state;
	buf_str(&text, "- &l0 [x]\n");
	for (size_t i = 1; i <= YAML_MAX_DEPTH; i++)
		buf_printf(&text, "- &l%zu [*l%zu]\n", i, i - 1);
	assert_fails(yaml_parse(&a, buf_view(&text), &s, &err), "E-YAML-011");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(positions_are_exact),
	        cmocka_unit_test(malformed),
	        cmocka_unit_test(limits),
	        cmocka_unit_test(depth_counts_through_aliases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
