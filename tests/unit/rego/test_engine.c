/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <pthread.h>

#include "contrast/rego.h"
#include "rego/session.h"

static struct policy *
compile_with(const char *text, const struct policy_options *o)
{
	struct policy_module m = {"t.rego", bytes_str(text)};
	struct policy *p = NULL;
	struct err err = {0};

	assert_ok(policy_compile(&m, 1, o, &p, &err));
	return p;
}

static struct policy *
compile(const char *text)
{
	return compile_with(text, &(struct policy_options){.builtins = &rego_builtins_full});
}

static struct session *
open_session(struct policy *p, const struct session_options *o)
{
	struct session *s = NULL;
	struct err err = {0};

	assert_ok(session_new(p, o, &s, &err));
	return s;
}

/* Evaluate one path of one policy; the id of the error, or "" and the JSON. */
static void
evaluate(const char *text, const char *path, struct bytes input, const struct session_options *o,
         char id[24], struct buf *json)
{
	struct policy *p = compile(text);
	struct session *s = open_session(p, o);
	struct session_answer answer;
	struct entry e;
	struct err err = {0};
	status r = session_find(s, bytes_str(path), &e, &err);

	if (is_ok(r))
		r = session_eval(s, e, input, 0, &answer, &err);
	snprintf(id, 24, "%s", is_ok(r) ? "" : err.id);
	if (is_ok(r) && json)
		value_json(&answer.value, json);
	session_free(s);
	policy_drop(p);
}

/* ---- hostile policies and inputs ---- */

static void
repeat(struct buf *b, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_str(b, text);
}

static void
refuses(struct buf *text, const char *id)
{
	struct policy_module m = {"t.rego", buf_view(text)};
	struct policy *p = NULL;
	struct err err = {0};

	assert_true(buf_ok(text));
	assert_fails(policy_compile(&m, 1, &(struct policy_options){0}, &p, &err), id);
	buf_done(text);
}

static void
hostile_policies(void **state)
{
	static const struct {
		const char *open, *close, *id;
		size_t n;
	} bombs[] = {
	        {"[", "]", "E-REGO-002", 100000},     {"{", "}", "E-REGO-002", 100000},
	        {"(", ")", "E-REGO-002", 100000},     {"{a|", "}", "E-REGO-002", 5000},
	        {"count(", ")", "E-REGO-002", 10000}, {"a[", "]", "E-REGO-002", 10000},
	        {"[a|", "]", "E-REGO-002", 1000},     {"{\"a\":", "}", "E-REGO-002", 1000},
	        {"$\"{", "}\"", "E-REGO-002", 1000},
	};
	struct buf text = {0};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bombs); i++) {
		buf_str(&text, "package t\np := ");
		repeat(&text, bombs[i].open, bombs[i].n);
		buf_str(&text, "1");
		repeat(&text, bombs[i].close, bombs[i].n);
		refuses(&text, bombs[i].id);
	}
	/* Without the closing brackets each of them is tried as two things. */
	buf_str(&text, "package t\np := ");
	repeat(&text, "{a|", 60);
	refuses(&text, "E-REGO-002");
	buf_str(&text, "package t\np := \"\xff\"");
	refuses(&text, "E-REGO-001");
	buf_str(&text, "package t\n\xff");
	refuses(&text, "E-REGO-001");
	/* 3000 rules that build on each other. */
	buf_str(&text, "package t\n");
	for (int i = 3000; i > 0; i--)
		buf_printf(&text, "p%d := p%d + 1\n", i, i - 1);
	refuses(&text, "E-REGO-006");
	/* A body in the worst order for the planner. */
	buf_str(&text, "package t\np if {\n");
	for (int i = 20000; i > 0; i--)
		buf_printf(&text, "x%d = x%d + 1\n", i, i - 1);
	buf_str(&text, "x0 = 1\n}\n");
	refuses(&text, "E-REGO-004");
	/* One variable without value below 180 levels: looked at twice a level it would be 2^180.
	 */
	buf_str(&text, "package t\np := 1 + x");
	repeat(&text, " + 1", 180);
	refuses(&text, "E-REGO-016");
	buf_str(&text, "package t\np if { ");
	repeat(&text, "[", 180);
	buf_str(&text, "count(x)");
	repeat(&text, ", 1]", 180);
	buf_str(&text, " = ");
	repeat(&text, "[", 180);
	buf_str(&text, "count(y)");
	repeat(&text, ", z]", 180);
	buf_str(&text, " }\n");
	refuses(&text, "E-REGO-016");
}

static void
hostile_evaluations(void **state)
{
	static const struct {
		const char *name, *text, *id;
	} rows[] = {
	        {"10^9 turns",
	         "r := numbers.range(1, 1000)\np := count([1 | r[_]; r[_]; r[_]; false])",
	         "E-REGO-051"},
	        {"10^6 items", "p := count([x | x := numbers.range(1, 1000000)[_]])", ""},
	        {"10^6 items of a set",
	         "p := count({x % 1000 | x := numbers.range(1, 1000000)[_]})", ""},
	        {"memory", "p := [numbers.range(1, 1000000) | numbers.range(1, 100)[_]]",
	         "E-REGO-052"},
	        {"a number of 10^5 digits by multiplication",
	         "a := 123456789012345678901234567890\nb := a * a\nc := b * b\nd := c * c\ne := d "
	         "* d\n"
	         "f := e * e\ng := f * f\nh := g * g\ni := h * h\nj := i * i\nk := j * j\np := k * "
	         "k",
	         ""},
	        {"a huge exponent", "p := input.huge + 1", ""},
	        {"a nested quantifier", "p := regex.match(\"((a*)*)*b$\", input.as)", ""},
	        {"string doubling",
	         "a := concat(\"\", [input.as, input.as, input.as, input.as, input.as, input.as])\n"
	         "b := concat(\"\", [a, a, a, a, a, a, a, a, a, a])\n"
	         "c := concat(\"\", [b, b, b, b, b, b, b, b, b, b])\n"
	         "d := concat(\"\", [c, c, c, c, c, c, c, c, c, c])\n"
	         "p := concat(\"\", [d, d, d, d, d, d, d, d, d, d])",
	         "E-REGO-052"},
	        {"large values compared again and again",
	         "a := numbers.range(1, 100000)\nb := numbers.range(1, 100000)\n"
	         "p := count([1 | a[_]; a == b; false])",
	         "E-REGO-051"},
	        {"the same below a small value",
	         "a := [[numbers.range(1, 100000)]]\nb := [[numbers.range(1, 100000)]]\n"
	         "p := count([1 | a[0][0][_]; a < b; false])",
	         "E-REGO-051"},
	        {"large arrays searched again and again",
	         "a := numbers.range(1, 100000)\np := count([1 | a[_]; 0 in a; false])",
	         "E-REGO-051"},
	        {"a value that holds itself twice, 40 times over",
	         "a := [input.as, 1]\nb := [[a, a], [a, a]]\nc := [[b, b], [b, b]]\n"
	         "d := [[c, c], [c, c]]\ne := [[d, d], [d, d]]\nf := [[e, e], [e, e]]\n"
	         "g := [[f, f], [f, f]]\nh := [[g, g], [g, g]]\ni := [[h, h], [h, h]]\n"
	         "j := [[i, i], [i, i]]\nk := [[j, j], [j, j]]\nl := [[k, k], [k, k]]\n"
	         "m := [[l, l], [l, l]]\nn := [[m, m], [m, m]]\np := n == [n[0], [m, m]]",
	         "E-REGO-051"},
	        {"mutual mocks",
	         "f(x) := g(x)\ng(x) := x\np := x if { x := f(1) with data.t.g as data.t.f }", ""},
	};
	CLEANUP(buf_done) struct buf input = {0};
	struct session_options o = {.limits = {.bytes = 192 * 1024 * 1024}};

	(void)state;
	buf_str(&input, "{\"huge\": 1e999999999, \"as\": \"");
	repeat(&input, "a", 10000);
	buf_str(&input, "\"}");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[1200], id[24];

		snprintf(text, sizeof text, "package t\n%s\n", rows[i].text);
		evaluate(text, "data.t.p", buf_view(&input), &o, id, NULL);
		if (!bytes_is(bytes_str(id), rows[i].id))
			fail_msg("%s: got \"%s\", want \"%s\"", rows[i].name, id, rows[i].id);
	}
}

static void
hostile_inputs(void **state)
{
	static const struct {
		const char *input, *id;
	} rows[] = {
	        {"{\"a\": 1, \"a\": 2}", "E-JSON-007"},
	        {"{\"a\": \"\xff\"}", "E-JSON-006"},
	        {"{\"a\": \"\\ud800\"}", "E-JSON-005"},
	        {"{\"a\": 1} x", "E-JSON-013"},
	        {"{\"a\": 01}", "E-JSON-009"},
	        {"nul", "E-JSON-001"},
	        {"{\"a\"", "E-JSON-008"},
	        {"{\"p1\":1,\"p2\":1,\"p1\":1}", "E-JSON-007"},
	};
	CLEANUP(buf_done) struct buf deep = {0};
	char id[24];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		evaluate("package t\np := input.a\np1 := input.p1", "data.t.p",
		         bytes_str(rows[i].input), NULL, id, NULL);
		assert_string_equal(id, rows[i].id);
	}
	repeat(&deep, "[", 100000);
	evaluate("package t\np := input", "data.t.p", buf_view(&deep), NULL, id, NULL);
	assert_string_equal(id, "E-JSON-012");
}

/* ---- budgets ---- */

static void
budgets(void **state)
{
	static const char loop[] = "package t\np := count([x | x := input[_]])\n"
	                           "f(x) := x\ng(x) := f(x)\nh(x) := g(x)\nq := h(1)\n";
	/* 3 functions and the rule. */
	static const struct {
		const char *path;
		struct eval_limits limits;
		const char *id;
	} rows[] = {
	        {"data.t.p", {.steps = 1000}, ""},
	        {"data.t.p", {.steps = 5}, "E-REGO-051"},
	        {"data.t.q", {.depth = 4}, ""},
	        {"data.t.q", {.depth = 3}, "E-REGO-053"},
	        {"data.t.p", {.bytes = 400}, "E-REGO-052"},
	        {"data.t.p", {.bytes = 64 * 1024}, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct session_options o = {.limits = rows[i].limits};
		char id[24];

		if (rows[i].limits.bytes == 400) {
			struct policy *p = compile(loop);
			struct session *s = NULL;
			struct err err = {0};

			/* So little that not even a session has room. */
			(void)is_ok(session_new(p, &o, &s, &err));
			session_free(s);
			policy_drop(p);
			continue;
		}
		evaluate(loop, rows[i].path, BYTES("[1,2,3,4,5,6,7,8]"), &o, id, NULL);
		if (!bytes_is(bytes_str(id), rows[i].id))
			fail_msg("row %zu: got \"%s\", want \"%s\"", i, id, rows[i].id);
	}
}

static void
time_budget(void **state)
{
	struct session_options o = {.limits = {.time_ns = 2 * 1000 * 1000}};
	char id[24];

	(void)state;
	evaluate(
	        "package t\np := count([1 | numbers.range(1, 5000)[_]; numbers.range(1, 5000)[_]])",
	        "data.t.p", BYTES(""), &o, id, NULL);
	assert_string_equal(id, "E-REGO-054");
}

/* Every allocation fails once: each time an error with a name, or the right answer, never a leak.
 */
static void
allocation_failures(void **state)
{
	static const char text[] =
	        "package t\nimport data.x as y\ndefault p := {}\n"
	        "p := {k: sprintf(\"%v\", [v]) | some k, v in input.map; regex.match(\"^a+\", k)}\n"
	        "q[a].b contains c if { some a, c in input.map }\n"
	        "r := x if { x := count(q) with input.map as {\"aa\": [1, 2]} }\n"
	        "answer := [p, q, r, y]\n";
	struct policy_module m = {"t.rego", bytes_str(text)};
	struct policy_options o = {.builtins = &rego_builtins_core};
	struct session_options so = {.print = true};
	bool done = false;
	uint64_t n = 1;

	(void)state;
	for (; !done && n < 3000; n++) {
		struct policy *p = NULL;
		struct session *s = NULL;
		struct session_answer answer = {0};
		struct entry e;
		struct err err = {0};
		status r;

		mem_fail_after(n);
		r = policy_compile(&m, 1, &o, &p, &err);
		if (is_ok(r))
			r = session_new(p, &so, &s, &err);
		if (is_ok(r))
			r = session_set_data(s, BYTES("{\"x\": {\"z\": [1, 2, 3]}}"), &err);
		if (is_ok(r))
			r = session_find(s, BYTES("data.t.answer"), &e, &err);
		if (is_ok(r))
			r = session_eval(s, e,
			                 BYTES("{\"map\": {\"aab\": 1, \"b\": \"x\\u0041\"}}"), 0,
			                 &answer, &err);
		mem_fail_after(0);
		if (is_ok(r)) {
			CLEANUP(buf_done) struct buf json = {0};

			value_json(&answer.value, &json);
			if (bytes_is(buf_view(&json), "[{\"aab\":\"1\"},{\"aab\":{\"b\":[1]},\"b\":"
			                              "{\"b\":[\"xA\"]}},1,"
			                              "{\"z\":[1,2,3]}]"))
				done = n > 20;
		} else {
			if (r.cls != ERR_LIMIT)
				fail_msg("allocation %zu: %s %s", (size_t)n, err.id, err.msg);
			assert_true(err.id[0] == 'E');
		}
		session_free(s);
		policy_drop(p);
	}
	assert_true(done);
	assert_true(n > 20);
}

/* ---- sessions and state ---- */

static const char agent[] = "package agent\n"
                            "default Open := false\n"
                            "Open := {\"allowed\": true, \"ops\": [{\"op\": \"add\", \"path\": "
                            "\"/pstate/name\", \"value\": "
                            "input.name}]} if not data.pstate.name\n"
                            "Open if data.pstate.name == input.name\n"
                            "Close := {\"allowed\": true, \"ops\": [{\"op\": \"remove\", \"path\": "
                            "\"/pstate/name\"}]}\n"
                            "Denied := {\"allowed\": false, \"ops\": [{\"op\": \"add\", \"path\": "
                            "\"/pstate/x\", \"value\": 1}]}\n"
                            "Odd := 5\n"
                            "Null := {\"allowed\": true, \"ops\": null}\n"
                            "Undefined if input.never\n";

static void
decisions(void **state)
{
	static const struct {
		const char *path, *input;
		bool allowed;
		const char *id;
	} rows[] = {
	        {"data.agent.Open", "{\"name\": \"a\"}", true, ""},
	        {"data.agent.Open", "{\"name\": \"b\"}", false, ""},
	        {"data.agent.Open", "{\"name\": \"a\"}", true, ""},
	        {"data.agent.Denied", "{}", false, ""},
	        {"data.agent.Odd", "{}", false, "E-REGO-073"},
	        {"data.agent.Undefined", "{}", false, "E-REGO-072"},
	        {"data.agent.Null", "{}", true, ""},
	        {"data.agent.Close", "{}", true, ""},
	        {"data.agent.Close", "{}", false, "E-REGO-071"},
	        {"data.agent.Open", "{\"name\": \"b\"}", true, ""},
	        {"data.agent.Open", "{\"name\": \"b\"", false, "E-JSON-009"},
	};
	struct policy *p = compile(agent);
	struct session *s = open_session(p, NULL);
	struct err err = {0};

	(void)state;
	assert_ok(session_set_data(s, BYTES("{\"pstate\": {}}"), &err));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct session_answer answer;
		struct entry e;
		bool allowed = true;
		status r;

		assert_ok(session_find(s, bytes_str(rows[i].path), &e, &err));
		r = session_decide(s, e, bytes_str(rows[i].input), 0, &allowed, &answer, &err);
		if (allowed != rows[i].allowed ||
		    !bytes_is(bytes_str(rows[i].id), is_ok(r) ? "" : err.id))
			fail_msg("row %zu: %d %s", i, allowed, is_ok(r) ? "" : err.id);
	}
	assert_null(value_member(value_member(session_data(s), "pstate"), "x"));
	assert_fails(session_find(s, BYTES("data.agent.Nothing"), &(struct entry){0}, &err),
	             "E-REGO-070");
	session_free(s);
	policy_drop(p);
}

static void
prints_and_trace(void **state)
{
	static const char text[] = "package t\np if {\n\tprint(\"x is\", input.x, input.y)\n"
	                           "\tinput.x == 1\n\tinput.y > 2\n\tinput.z\n}\n";
	struct policy *p =
	        compile_with(text, &(struct policy_options){.trace = true,
	                                                    .builtins = &rego_builtins_core});
	struct session *s =
	        open_session(p, &(struct session_options){.print = true, .trace = true});
	struct session_answer answer;
	struct entry e;
	struct err err = {0};

	(void)state;
	assert_ok(session_find(s, BYTES("data.t.p"), &e, &err));
	assert_ok(session_eval(s, e, BYTES("{\"x\": 1, \"y\": 1}"), 0, &answer, &err));
	assert_int_equal(answer.value.type, VALUE_UNDEFINED);
	assert_int_equal(answer.n_prints, 1);
	assert_bytes(json_text(&answer.prints[0]), BYTES("x is 1 1"));
	assert_non_null(answer.trace);
	for (uint32_t i = 0; i < p->n_expressions; i++) {
		const struct trace_entry *t = &answer.trace[i];

		if (p->expressions[i].line == 4)
			assert_true(t->entered == 1 && t->held == 1);
		if (p->expressions[i].line == 5)
			assert_true(t->entered == 1 && t->held == 0 && t->failed == 1);
		if (p->expressions[i].line == 6)
			assert_int_equal(t->entered, 0);
	}
	assert_ok(session_eval(s, e, BYTES("{\"x\": 1}"), 0, &answer, &err));
	assert_bytes(json_text(&answer.prints[0]), BYTES("x is 1 <undefined>"));
	for (uint32_t i = 0; i < p->n_expressions; i++)
		if (p->expressions[i].line == 5)
			assert_int_equal(answer.trace[i].undefined, 1);
	session_free(s);
	policy_drop(p);
}

/* ---- threads share a policy ---- */

static void *
thread_main(void *arg)
{
	const struct policy *p = arg;
	struct session *s = NULL;
	struct err err = {0};
	struct entry e;
	size_t good = 0;

	if (!is_ok(session_new(p, NULL, &s, &err)) ||
	    !is_ok(session_find(s, BYTES("t/p"), &e, &err)))
		return NULL;
	for (int i = 0; i < 300; i++) {
		struct session_answer answer;
		char input[64];

		snprintf(input, sizeof input, "{\"n\": %d, \"s\": \"a%d\"}", i, i);
		if (is_ok(session_eval(s, e, bytes_str(input), 0, &answer, &err)) &&
		    answer.value.type == VALUE_NUMBER && answer.value.u.i == 2 * i + 3)
			good++;
	}
	session_free(s);
	return good == 300 ? arg : NULL;
}

static void
threads(void **state)
{
	struct policy *p =
	        compile("package t\n"
	                "p := (input.n * 2) + count(xs) if regex.match(\"^a[0-9]+$\", input.s)\n"
	                "xs := {x | some x in [1, 2, 3, input.n]; x < 4; x > 0}\n");
	pthread_t t[4];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(t); i++)
		assert_int_equal(pthread_create(&t[i], NULL, thread_main, p), 0);
	for (size_t i = 0; i < COUNT_OF(t); i++) {
		void *good = NULL;

		assert_int_equal(pthread_join(t[i], &good), 0);
		assert_non_null(good);
	}
	policy_drop(p);
}

/* ---- code ---- */

static void
verifier(void **state)
{
	struct policy *p = compile("package t\np := x if { some x in input; x > 1 }\n");
	struct err err = {0};
	size_t refused = 0, tried = 0;

	(void)state;
	assert_ok(policy_verify(p, &err));
	/* Every field of every instruction, set to something far out of range. */
	for (uint32_t i = 0; i < p->n_code; i++) {
		struct instr was = p->code[i];

		for (int field = 0; field < 5; field++) {
			struct instr *in = &p->code[i];

			if (field == 0)
				in->op = OP_COUNT;
			else if (field == 1)
				in->a = 59999;
			else if (field == 2)
				in->b = 1000000;
			else if (field == 3)
				in->c = 1000000;
			else
				in->d = 1000000;
			tried++;
			refused += !is_ok(policy_verify(p, &err));
			*in = was;
		}
	}
	/* Unused fields may hold anything, used ones not. */
	assert_true(refused > tried / 2);
	p->code[0].op = OP_RETURN;
	p->code[0].b = p->functions[0].n_registers - 1;
	assert_fails(policy_verify(p, &err), "E-REGO-040");
	policy_drop(p);
}

static void
disassembly(void **state)
{
	static const char want[] = "data.t.k = 7\n"
	                           "data.t.p: 0 arguments, 6 registers\n"
	                           "    0  UNDEF       r0  ; 3\n"
	                           "    1  INPUT       r1 -> 7  ; 3\n"
	                           "    2  ITER        r2 r1 -> 7  ; 3\n"
	                           "    3  NEXT        r5 r2 r4 -> 7  ; 3\n"
	                           "    4  GT          r5 7 -> 3  ; 3\n"
	                           "    5  RESULT      r0 r5 #0  ; 3\n"
	                           "    6  JUMP        -> 3  ; 3\n"
	                           "    7  RETURN      r0  ; 3\n";
	CLEANUP(buf_done) struct buf text = {0};
	struct policy *p = compile("package t\nk := 7\np := x if { some x in input; x > k }\n");

	(void)state;
	policy_disassemble(p, &text);
	assert_bytes(buf_view(&text), bytes_str(want));
	policy_drop(p);
}

/* ---- the library's face ---- */

static void
public_api(void **state)
{
	static const char text[] =
	        "package t\ndefault allow := false\nallow if input.user == \"bob\"\n";
	contrast_rego_module m = {"t.rego", text, sizeof text - 1};
	contrast_rego_module broken = {"b.rego", "package t\np := (\n", 17};
	contrast_rego_policy *p = NULL;
	contrast_rego_session *s = NULL;
	contrast_rego_entry e, q;
	contrast_rego_error error;
	const char *json;
	size_t n;
	int allowed = 1;

	(void)state;
	assert_int_equal(contrast_rego_compile(&broken, 1, NULL, 0, &p, &error),
	                 CONTRAST_REGO_PARSE);
	assert_string_equal(error.place, "b.rego:3:1");
	assert_int_equal(contrast_rego_compile(&m, 1, "x = data.t.allow", 0, &p, NULL),
	                 CONTRAST_REGO_OK);
	assert_true(contrast_rego_policy_size(p) > 0);
	assert_int_equal(contrast_rego_session_new(p, NULL, 0, &s, &error), CONTRAST_REGO_OK);
	contrast_rego_policy_free(p); /* the session holds it */
	assert_int_equal(contrast_rego_prepare(s, "data.t.nothing", &e, &error),
	                 CONTRAST_REGO_UNDEFINED);
	assert_int_equal(contrast_rego_prepare(s, "data.t.allow", &e, &error), CONTRAST_REGO_OK);
	assert_int_equal(contrast_rego_decide(s, e, "{\"user\":\"bob\"}", 14, 0, &allowed, &error),
	                 CONTRAST_REGO_OK);
	assert_int_equal(allowed, 1);
	assert_int_equal(contrast_rego_decide(s, e, "{\"user\":\"eve\"}", 14, 0, &allowed, &error),
	                 CONTRAST_REGO_OK);
	assert_int_equal(allowed, 0);
	assert_int_equal(contrast_rego_decide(s, e, "{", 1, 0, &allowed, &error),
	                 CONTRAST_REGO_PARSE);
	assert_int_equal(allowed, 0);
	assert_int_equal(contrast_rego_prepare_query(s, &q, &error), CONTRAST_REGO_OK);
	assert_int_equal(contrast_rego_evaluate(s, q, "{\"user\":\"bob\"}", 14, 0, &json, &n,
	                                        &error),
	                 CONTRAST_REGO_OK);
	assert_bytes(bytes_of(json, n),
	             BYTES("[{\"bindings\":{\"x\":true},\"expressions\":[true]}]"));
	contrast_rego_session_free(s);
}

/* One hour east of UTC, always: a TZif file of version 2 without transitions. */
static int
one_zone(void *context, const char *name, const void **tzif, size_t *size)
{
#define ZEROS_4 "\0\0\0\0"
#define HEAD "TZif2" ZEROS_4 ZEROS_4 ZEROS_4 "\0\0\0" ZEROS_4 ZEROS_4 ZEROS_4 ZEROS_4
#define BLOCK                                                                                      \
	HEAD "\0\0\0\1"                                                                            \
	     "\0\0\0\4"                                                                            \
	     "\0\0\16\20\0\0"                                                                      \
	     "ABC\0"
	static const char data[] = BLOCK BLOCK "\nABC-1\n";
	int *calls = context;

	++*calls;
	*tzif = data;
	*size = sizeof data - 1;
	return bytes_is(bytes_str(name), "Here/There");
}

static void
zones(void **state)
{
	static const char text[] = "package t\nh := time.clock([0, input])[0]\n";
	contrast_rego_module m = {"t.rego", text, sizeof text - 1};
	static const struct {
		const char *input;
		bool loader;
		const char *want; /* NULL: undefined */
		int calls;
	} rows[] = {
	        {"\"Here/There\"", false, NULL, 0}, {"\"Here/There\"", true, "1", 1},
	        {"\"No/Where\"", true, NULL, 1},    {"\"../etc/passwd\"", true, NULL, 0},
	        {"\"/etc/passwd\"", true, NULL, 0}, {"\"UTC\"", false, "0", 0},
	};
	contrast_rego_policy *p = NULL;
	contrast_rego_session *s = NULL;
	contrast_rego_entry e;
	contrast_rego_error error;

	(void)state;
	assert_int_equal(contrast_rego_compile(&m, 1, NULL, 0, &p, &error), CONTRAST_REGO_OK);
	assert_int_equal(contrast_rego_session_new(p, NULL, 0, &s, &error), CONTRAST_REGO_OK);
	assert_int_equal(contrast_rego_prepare(s, "data.t.h", &e, &error), CONTRAST_REGO_OK);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *json;
		size_t n;
		int calls = 0;

		contrast_rego_session_zones(s, rows[i].loader ? one_zone : NULL, &calls);
		assert_int_equal(contrast_rego_evaluate(s, e, rows[i].input,
		                                        bytes_str(rows[i].input).n, 0, &json, &n,
		                                        &error),
		                 CONTRAST_REGO_OK);
		assert_int_equal(calls, rows[i].calls);
		assert_int_equal(json == NULL, rows[i].want == NULL);
		if (json)
			assert_bytes(bytes_of(json, n), bytes_str(rows[i].want));
	}
	contrast_rego_session_free(s);
	contrast_rego_policy_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(hostile_policies), cmocka_unit_test(hostile_evaluations),
	        cmocka_unit_test(hostile_inputs),   cmocka_unit_test(budgets),
	        cmocka_unit_test(time_budget),      cmocka_unit_test(allocation_failures),
	        cmocka_unit_test(decisions),        cmocka_unit_test(prints_and_trace),
	        cmocka_unit_test(threads),          cmocka_unit_test(verifier),
	        cmocka_unit_test(disassembly),      cmocka_unit_test(zones),
	        cmocka_unit_test(public_api),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
