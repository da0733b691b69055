/* SPDX-License-Identifier: Apache-2.0 */
#include "toml/toml.h"

#include "unit.h"

static const struct {
	const char *text;
	const char *want; /* table/key=value; ... */
} good[] = {
        {"", ""},
        {"# c\n\n\ta = \"b\" # d\n", "/a=b;"},
        {"a='x\\y'\r\nb=\"\\u00e9\\t\\\"\\\\\\U0001F600\"",
         "/a=x\\y;/b=\xc3\xa9\t\"\\\xf0\x9f\x98\x80;"},
        {"[data]\n\"policy.rego\" = '''\npackage p\n'q'\n'''\n'a b' = \"\"",
         "data/policy.rego=package p\n'q'\n;data/a b=;"},
        {"a = \"\"\"\nx \\\n   y\n\"\"\"\"\"\n", "/a=x y\n\"\";"},
        {"a = ''''''\nb = ''''a'''''\n", "/a=;/b='a'';"},
        {"a = \"1\"\n[t]\na = \"2\"\n[ \"u v\" ] # c\na = \"3\"", "/a=1;t/a=2;u v/a=3;"},
};

static void
reads(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf out = {0};
		struct toml t;
		struct err err = {0};

		assert_ok(toml_parse(&a, bytes_str(good[i].text), &t, &err));
		for (size_t k = 0; k < t.n; k++)
			buf_printf(&out, "%.*s/%.*s=%.*s;", BYTES_ARG(t.entries[k].table),
			           BYTES_ARG(t.entries[k].key), BYTES_ARG(t.entries[k].value));
		assert_bytes(buf_view(&out), bytes_str(good[i].want));
	}
}

static const struct {
	const char *text, *id, *place;
} bad[] = {
        {"=", "E-TOML-001", "1:1"},
        {"a", "E-TOML-001", "1:2"},
        {"a =", "E-TOML-007", "1:4"},
        {"a = 5", "E-TOML-007", "1:5"},
        {"a = [\"x\"]", "E-TOML-007", "1:5"},
        {"a.b = \"x\"", "E-TOML-007", "1:2"},
        {"[a.b]\n", "E-TOML-007", "1:3"},
        {"[[a]]\n", "E-TOML-007", "1:2"},
        {"[a\n", "E-TOML-001", "1:3"},
        {"a = \"x", "E-TOML-002", "1:7"},
        {"a = 'x\n'", "E-TOML-002", "1:7"},
        {"a = '''x''", "E-TOML-002", "1:11"},
        {"a = \"\x01\"", "E-TOML-002", "1:6"},
        {"a = '''\r'''", "E-TOML-002", "1:8"},
        {"a = \"\\q\"", "E-TOML-003", "1:7"},
        {"a = \"\\ud800\"", "E-TOML-003", "1:12"},
        {"a = \"\\u00g0\"", "E-TOML-003", "1:10"},
        {"a = \"x\" b", "E-TOML-005", "1:9"},
        {"a = \"x\"\na = \"y\"", "E-TOML-004", "2:2"},
        {"[a]\n[a]\n", "E-TOML-004", "2:4"},
        {"a = \"\xff\"", "E-TOML-006", ""},
};

static void
refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		struct toml t;
		struct err err = {0};

		assert_fails(toml_parse(&a, bytes_str(bad[i].text), &t, &err), bad[i].id);
		assert_string_equal(err.place, bad[i].place);
	}
}

static void
written_text_reads_back(void **state)
{
	static const char *const values[] = {
	        "",
	        "plain",
	        "two\nlines\n",
	        "'''",
	        "a'\n",
	        "'''\nq\"\\",
	        "\r\n",
	        "\x01\x7f\t",
	        "\n",
	        "'",
	        "\n\nleading",
	        "\"\"\"\n\"\"\"",
	        "\xf0\x9f\x98\x80\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf out = {0};
		const struct toml_entry *e;
		struct toml t;
		struct err err = {0};

		toml_write(BYTES("policy.rego"), bytes_str(values[i]), &out);
		toml_write(BYTES("z"), BYTES("behind"), &out);
		assert_ok(toml_parse(&a, buf_view(&out), &t, &err));
		e = toml_get(&t, "", "policy.rego");
		assert_non_null(e);
		assert_bytes(e->value, bytes_str(values[i]));
		assert_non_null(toml_get(&t, "", "z"));
	}
}

static void
limits(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct toml t;
	struct err err = {0};

	(void)state;
	for (int i = 0; i < TOML_MAX_ENTRIES; i++)
		buf_printf(&text, "k%d = ''\n", i);
	assert_ok(toml_parse(&a, buf_view(&text), &t, &err));
	buf_str(&text, "one = 'more'");
	assert_fails(toml_parse(&a, buf_view(&text), &t, &err), "E-TOML-011");
	buf_reset(&text);
	buf_u8(&text, '#');
	while (text.n < TOML_MAX_BYTES)
		buf_u8(&text, '#');
	assert_ok(toml_parse(&a, buf_view(&text), &t, &err));
	buf_u8(&text, '#');
	assert_fails(toml_parse(&a, buf_view(&text), &t, &err), "E-TOML-010");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(reads),
	        cmocka_unit_test(refuses),
	        cmocka_unit_test(written_text_reads_back),
	        cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
