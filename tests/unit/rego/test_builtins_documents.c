/* SPDX-License-Identifier: Apache-2.0 */
/* Builtins that read a document: GraphQL, JSON Schema, YAML, templates. */
#include "builtin_rows.h"
#include "unit.h"

#include <string.h>

#define RUN(rows)                                                                                  \
	(void)state;                                                                               \
	builtin_rows_run(&rego_builtins_full, rows, COUNT_OF(rows))

#define SCHEMA                                                                                     \
	"type Query { shop(id: ID!, n: Int = 3): Shop } type Shop { name: String! next: Shop "     \
	"tags: [String!] }"

static void
graphql(void **state)
{
	static const struct builtin_row rows[] = {
	        {"graphql.is_valid", "[\"{ shop(id: 1) { name } }\",\"" SCHEMA "\"]", "true"},
	        {"graphql.is_valid",
	         "[\"query Q($i: ID!) { shop(id: $i) { ...f } } fragment f on Shop { tags "
	         "}\",\"" SCHEMA "\"]",
	         "true"},
	        {"graphql.is_valid", "[\"{ a: shop(id: 1) { __typename } }\",\"" SCHEMA "\"]",
	         "true"},
	        {"graphql.is_valid", "[\"{ shop { name } }\",\"" SCHEMA "\"]", "false"},
	        {"graphql.is_valid", "[\"{ shop(id: 1) }\",\"" SCHEMA "\"]", "false"},
	        {"graphql.is_valid", "[\"{ shop(id: 1) { name { x } } }\",\"" SCHEMA "\"]",
	         "false"},
	        {"graphql.is_valid", "[\"{ shop(id: 1, z: 2) { name } }\",\"" SCHEMA "\"]",
	         "false"},
	        {"graphql.is_valid",
	         "[\"{ shop(id: 1) { ...f } } fragment f on Shop { ...f }\",\"" SCHEMA "\"]",
	         "false"},
	        {"graphql.is_valid", "[\"{ shop(id: 1, n: \\\"x\\\") { name } }\",\"" SCHEMA "\"]",
	         "false"},
	        {"graphql.is_valid",
	         "[\"query Q($i: Nope) { shop(id: $i) { name } }\",\"" SCHEMA "\"]", "false"},
	        {"graphql.is_valid", "[\"{ shop(id: 1) { ...g } }\",\"" SCHEMA "\"]", "false"},
	        {"graphql.is_valid", "[\"{\",\"" SCHEMA "\"]", "false"},
	        {"graphql.is_valid", "[\"\",\"" SCHEMA "\"]", "true"},
	        {"graphql.is_valid", "[\"{ shop(id: 1) { name } }\",\"type\"]", "false"},
	        {"graphql.is_valid", "[1,\"" SCHEMA "\"]", "false"},
	        {"graphql.schema_is_valid", "[\"" SCHEMA "\"]", "true"},
	        {"graphql.schema_is_valid", "[\"type Query { a: Nope }\"]", "false"},
	        {"graphql.schema_is_valid", "[\"type A { a: Int } type A { b: Int }\"]", "false"},
	        {"graphql.schema_is_valid",
	         "[\"interface I { a: Int } type Query implements I { b: Int }\"]", "false"},
	        {"graphql.schema_is_valid",
	         "[\"enum E { A B } union U = Query input N { e: E = A } type Query { a(n: N): U "
	         "}\"]",
	         "true"},
	        {"graphql.schema_is_valid", "[\"type Query { a: Int\"]", "false"},
	        {"graphql.schema_is_valid", "[[]]", "false"},
	        {"graphql.parse_query", "[\"{ a }\"]",
	         "{\"Operations\":[{\"Name\":\"\",\"Operation\":\"query\",\"SelectionSet\":[{"
	         "\"Alias\":\"a\",\"Name\":\"a\"}]}]}"},
	        {"graphql.parse_query", "[\"{ a(\"]", "!in GraphQL string"},
	        {"graphql.parse_query", "[{}]", "!operand 1 must be string"},
	        {"graphql.parse_schema", "[\"scalar D\"]",
	         "{\"Definitions\":[{\"BuiltIn\":false,\"Description\":\"\",\"Kind\":\"SCALAR\","
	         "\"Name\":\"D\"}]}"},
	        {"graphql.parse_schema", "[\"type { }\"]", "!in GraphQL string"},
	        {"graphql.parse_schema", "[null]", "!operand 1 must be string"},
	        {"graphql.parse", "[\"{ shop }\",\"" SCHEMA "\"]",
	         "!Field \"shop\" argument \"id\" of type \"ID!\" is required"},
	        {"graphql.parse", "[1,1]", "!operand"},
	        {"graphql.parse_and_verify", "[\"{ nope }\",\"" SCHEMA "\"]", "[false,{},{}]"},
	        {"graphql.parse_and_verify", "[\"{\",\"" SCHEMA "\"]", "[false,{},{}]"},
	        {"graphql.parse_and_verify", "[1,\"" SCHEMA "\"]", "[false,{},{}]"},
	};
	RUN(rows);
}

static void
schemas(void **state)
{
	static const struct builtin_row rows[] = {
	        {"json.match_schema", "[{\"a\":1},{\"properties\":{\"a\":{\"type\":\"integer\"}}}]",
	         "[true,[]]"},
	        {"json.match_schema",
	         "[\"{\\\"a\\\":1.0}\",\"{\\\"properties\\\":{\\\"a\\\":{\\\"type\\\":"
	         "\\\"integer\\\"}}}\"]",
	         "[true,[]]"},
	        {"json.match_schema",
	         "[{\"a\":\"x\"},{\"properties\":{\"a\":{\"type\":\"integer\"}}}]",
	         "[false,[{\"desc\":\"Invalid type. Expected: integer, given: "
	         "string\",\"error\":\"a: Invalid type. Expected: integer, given: "
	         "string\",\"field\":\"a\",\"type\":\"invalid_type\"}]]"},
	        {"json.match_schema", "[{},{\"required\":[\"a\"]}]",
	         "[false,[{\"desc\":\"a is required\",\"error\":\"(Root): a is "
	         "required\",\"field\":\"(Root)\",\"type\":\"required\"}]]"},
	        {"json.match_schema",
	         "[{},{\"$ref\":\"#/definitions/"
	         "a\",\"definitions\":{\"a\":{\"type\":\"object\"}}}]",
	         "[true,[]]"},
	        {"json.match_schema", "[\"[1,1]\",{\"uniqueItems\":true}]",
	         "[false,[{\"desc\":\"array items[0,1] must be unique\",\"error\":\"(Root): array "
	         "items[0,1] must be unique\",\"field\":\"(Root)\",\"type\":\"unique\"}]]"},
	        {"json.match_schema", "[{},{\"type\":\"nope\"}]", "!"},
	        {"json.match_schema", "[{},1]", "!wrong type, expected string or object"},
	        {"json.match_schema", "[1,{}]", "!"},
	        {"json.verify_schema", "[{\"type\":\"object\"}]", "[true,null]"},
	        {"json.verify_schema", "[\"{\"]", "[false,\"jsonschema: invalid JSON string\"]"},
	        {"json.verify_schema", "[1]",
	         "[false,\"jsonschema: wrong type, expected string or object\"]"},
	};
	RUN(rows);
}

static void
yaml(void **state)
{
	static const struct builtin_row rows[] = {
	        {"yaml.unmarshal", "[\"a: 1\\nb: [x, true, null, 1.5]\"]",
	         "{\"a\":1,\"b\":[\"x\",true,null,1.5]}"},
	        {"yaml.unmarshal", "[\"\"]", "null"},
	        {"yaml.unmarshal", "[\"- &x {k: v}\\n- *x\"]", "[{\"k\":\"v\"},{\"k\":\"v\"}]"},
	        {"yaml.unmarshal", "[\"a: [\"]", "!"},
	        {"yaml.unmarshal", "[1]", "!operand 1 must be string"},
	        {"yaml.is_valid", "[\"a: b\"]", "true"},
	        {"yaml.is_valid", "[\"a: [\"]", "false"},
	        {"yaml.is_valid", "[1]", "false"},
	        {"yaml.marshal", "[{\"b\":[1,\"x\"],\"a\":{\"c\":null}}]",
	         "\"a:\\n  c: null\\nb:\\n  - 1\\n  - x\\n\""},
	        {"yaml.marshal", "[\"true\"]", "\"\\\"true\\\"\\n\""},
	        {"yaml.marshal", "[{\"$set\":[2,1]}]", "\"- 1\\n- 2\\n\""},
	        {"yaml.marshal", "[{}]", "\"{}\\n\""},
	};
	RUN(rows);
}

static void
templates(void **state)
{
	static const struct builtin_row rows[] = {
	        {"strings.render_template", "[\"hi {{.name}}\",{\"name\":\"you\"}]", "\"hi you\""},
	        {"strings.render_template",
	         "[\"{{range $i, $x := .a}}{{if $i}},{{end}}{{$x}}{{end}}\",{\"a\":[1,2]}]",
	         "\"1,2\""},
	        {"strings.render_template", "[\"{{with .a}}{{.b}}{{else}}no{{end}}\",{\"a\":{}}]",
	         "\"no\""},
	        {"strings.render_template", "[\"{{- 1 -}} x\",{}]", "\"1x\""},
	        {"strings.render_template", "[\"{{printf \\\"%03d\\\" 7}}\",{}]", "\"007\""},
	        {"strings.render_template", "[\"{{.a\",{}]", "!"},
	        {"strings.render_template", "[\"{{nofn}}\",{}]", "!function \"nofn\" not defined"},
	        {"strings.render_template", "[\"{{.no}}\",{}]", "\"<undefined>\""},
	        {"strings.render_template", "[1,{}]", "!operand 1"},
	        {"strings.render_template", "[\"\",1]", "!operand 2"},
	};
	RUN(rows);
}

/* Each makes too much from little, or nests too deep: an error, soon. */
static void
hostile(void **state)
{
	static const struct {
		const char *call, *before, *repeat, *after;
		int n;
	} bombs[] = {
	        {"graphql.parse_query", "[\"", "{a", "\"]", 20000},
	        {"graphql.parse_query", "[\"{a(x:", "[", "\"]", 20000},
	        {"graphql.parse_schema", "[\"type A { a: ", "[", "\"]", 20000},
	        {"strings.render_template", "[\"", "{{if 1}}", "\",{}]", 20000},
	        {"strings.render_template", "[\"{{", "(", "}}\",{}]", 20000},
	        {"yaml.unmarshal", "[\"", "[", "\"]", 20000},
	};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bombs); i++) {
		CLEANUP(buf_done) struct buf text = {0};
		struct builtin_row row = {bombs[i].call, NULL, "!"};

		buf_str(&text, bombs[i].before);
		for (int k = 0; k < bombs[i].n; k++)
			buf_str(&text, bombs[i].repeat);
		buf_str(&text, bombs[i].after);
		row.args = buf_cstr(&text);
		builtin_rows_run(&rego_builtins_full, &row, 1);
	}
}

/* Fragments that each spread the next one twice, and aliases doubled: 2^30. */
static void
doubling(void **state)
{
	CLEANUP(buf_done) struct buf query = {0}, yaml = {0}, tmpl = {0};
	struct builtin_row rows[] = {
	        {"graphql.is_valid", NULL, "true"},
	        {"yaml.unmarshal", NULL, "!"},
	        {"strings.render_template", NULL, "!"},
	};

	(void)state;
	buf_str(&query, "[\"{ shop(id: 1) { ...f0 } }");
	for (int i = 0; i < 30; i++)
		buf_printf(&query, " fragment f%d on Shop { next { ...f%d } b: next { ...f%d } }",
		           i, i + 1, i + 1);
	buf_str(&query, " fragment f30 on Shop { name }\",\"" SCHEMA "\"]");
	buf_str(&yaml, "[\"a0: &a0 [x, x]\\n");
	for (int i = 1; i < 40; i++)
		buf_printf(&yaml, "a%d: &a%d [*a%d, *a%d]\\n", i, i, i - 1, i - 1);
	buf_str(&yaml, "\"]");
	buf_str(&tmpl, "[\"");
	for (int i = 0; i < 30; i++)
		buf_str(&tmpl, "{{range $.a}}");
	buf_str(&tmpl, "x");
	for (int i = 0; i < 30; i++)
		buf_str(&tmpl, "{{end}}");
	buf_str(&tmpl, "\",{\"a\":[1,2]}]");
	rows[0].args = buf_cstr(&query);
	rows[1].args = buf_cstr(&yaml);
	rows[2].args = buf_cstr(&tmpl);
	builtin_rows_run(&rego_builtins_full, rows, COUNT_OF(rows));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(graphql),   cmocka_unit_test(schemas), cmocka_unit_test(yaml),
	        cmocka_unit_test(templates), cmocka_unit_test(hostile), cmocka_unit_test(doubling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
