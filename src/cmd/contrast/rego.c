/* SPDX-License-Identifier: Apache-2.0 */
/* contrast policy eval|check|parse|show|bench: the Rego engine on files. */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/secret.h"
#include "cmd/contrast/cli.h"
#include "cmd/contrast/policy_file.h"
#include "rego/dump.h"
#include "rego/session.h"
#include "rego/zone_file.h"

enum {
	REGO_FILE_MAX = 16 * 1024 * 1024,
	REGO_FILES_MAX = 256,
	BENCH_NS = 300 * 1000 * 1000,
};

struct inputs {
	struct arena arena;
	struct policy_module modules[REGO_FILES_MAX];
	size_t n;
	struct value data; /* of the JSON files, merged */
};

static status
read_text(struct arena *a, const char *path, struct bytes *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {.max = REGO_FILE_MAX};

	TRY(file_read(path, REGO_FILE_MAX, &text, err));
	*ret = arena_copy(a, buf_view(&text));
	return arena_check(a, err);
}

/* Members of a later file replace those of an earlier one. */
static status
add_data(struct inputs *in, const char *path, struct bytes text, struct err *err)
{
	struct value v;

	TRY(err_at(err, json_parse(&in->arena, text, NULL, &v, err), "%s", path));
	if (v.type != VALUE_OBJECT)
		return err_at(err,
		              err_set(err, ERR_PARSE, "E-REGO-074", "data must be a JSON object"),
		              "%s", path);
	value_freeze(&v);
	for (uint32_t i = 0; i < v.n; i++)
		in->data = value_with_member(&in->arena, &in->data, v.u.members[i].key,
		                             v.u.members[i].val);
	return arena_check(&in->arena, err);
}

static status
read_inputs(struct inputs *in, const char *const *paths, size_t n, const char *pod, struct err *err)
{
	arena_init(&in->arena, (size_t)512 * 1024 * 1024);
	in->data = value_empty(VALUE_OBJECT);
	for (size_t i = 0; i < n; i++) {
		struct policy_module *m = &in->modules[in->n];
		struct bytes text;

		TRY(read_text(&in->arena, paths[i], &text, err));
		if (bytes_ends(bytes_str(paths[i]), BYTES(".json"))) {
			TRY(add_data(in, paths[i], text, err));
			continue;
		}
		if (in->n == REGO_FILES_MAX)
			return err_set(err, ERR_LIMIT, "E-REGO-007", "more than %d policy files",
			               REGO_FILES_MAX);
		TRY(policy_file_rego(&in->arena, paths[i], text, pod, &m->name, &m->text, err));
		in->n++;
	}
	return OK;
}

static void
inputs_done(struct inputs *in)
{
	arena_done(&in->arena);
}

static void
host_random(void *ctx, void *to, size_t n)
{
	(void)ctx;
	random_bytes(to, n);
}

static status
write_out(struct buf *text, struct err *err)
{
	TRY(buf_check(text, err));
	return fd_write_all(STDOUT_FILENO, buf_view(text), err);
}

struct question {
	struct inputs in;
	struct policy *policy;
	struct session *session;
	struct bytes input;
	struct entry entry;
};

static void
question_done(struct question *q)
{
	session_free(q->session);
	policy_drop(q->policy);
	inputs_done(&q->in);
}

struct asked {
	const char *const *files;
	size_t n;
	const char *input, *query, *pod;
	bool v0, strict, print;
};

static status
open_question(struct question *q, const struct asked *a, struct err *err)
{
	CLEANUP(buf_done) struct buf data = {0};
	struct policy_options o = {.v0 = a->v0, .builtins = &rego_builtins_full, .query = a->query};
	struct session_options so = {.strict = a->strict,
	                             .print = a->print,
	                             .random = host_random,
	                             .zone = zone_file};

	TRY(read_inputs(&q->in, a->files, a->n, a->pod, err));
	if (a->input)
		TRY(read_text(&q->in.arena, a->input, &q->input, err));
	TRY(policy_compile(q->in.modules, q->in.n, &o, &q->policy, err));
	TRY(session_new(q->policy, &so, &q->session, err));
	value_json(&q->in.data, &data);
	TRY(buf_check(&data, err));
	TRY(session_set_data(q->session, buf_view(&data), err));
	q->entry = (struct entry){.query = true};
	return OK;
}

static void
put_prints(const struct session_answer *answer)
{
	for (size_t i = 0; i < answer->n_prints; i++)
		fprintf(stderr, "%.*s\n", BYTES_ARG(json_text(&answer->prints[i])));
}

/* {"value": ..., "text": "x > 1", "location": {"row": 1, "col": 7}} */
static void
put_expression(const struct policy *p, uint32_t i, const struct value *v, struct buf *out)
{
	const struct expression *x = &p->query_parts[i];
	struct value text = json_string(bytes_sub(p->texts[x->file], x->off, x->end));

	buf_str(out, i > 0 ? ",{\"value\":" : "{\"value\":");
	value_json(v, out);
	buf_str(out, ",\"text\":");
	value_json(&text, out);
	buf_printf(out, ",\"location\":{\"row\":%u,\"col\":%u}}", x->line, x->col);
}

/* {"result": [{"expressions": [...], "bindings": {...}}]}, as OPA's eval. */
static void
put_json_answer(const struct policy *p, const struct value *v, struct buf *out)
{
	buf_str(out, v->n > 0 ? "{\"result\":[" : "{");
	for (uint32_t i = 0; i + 1 < v->n; i += 2) {
		const struct value *values = &v->u.items[i + 1];

		buf_str(out, i > 0 ? ",{\"expressions\":[" : "{\"expressions\":[");
		for (uint32_t k = 0; k < values->n; k++)
			put_expression(p, k, &values->u.items[k], out);
		buf_u8(out, ']');
		if (v->u.items[i].n > 0) {
			buf_str(out, ",\"bindings\":");
			value_json(&v->u.items[i], out);
		}
		buf_u8(out, '}');
	}
	buf_str(out, v->n > 0 ? "]}\n" : "}\n");
}

/* A solution a line: its variables if it has any, else the value of its last expression. */
static void
put_text_answer(const struct value *v, struct buf *out)
{
	if (v->n == 0)
		buf_str(out, "undefined\n");
	for (uint32_t i = 0; i + 1 < v->n; i += 2) {
		const struct value *bindings = &v->u.items[i], *values = &v->u.items[i + 1];

		value_json_indent(bindings->n > 0 ? bindings : &values->u.items[values->n - 1],
		                  out);
		buf_u8(out, '\n');
	}
}

status
verb_policy_eval(const struct options *o, struct err *err)
{
	CLEANUP(question_done) struct question q = {0};
	CLEANUP(buf_done) struct buf out = {0};
	struct asked a = {
	        .input = options_text(o, OPT_policy_eval_input),
	        .pod = options_text(o, OPT_policy_eval_pod),
	        .query = o->args[0],
	        .v0 = options_flag(o, OPT_policy_eval_v0),
	        .strict = options_flag(o, OPT_policy_eval_strict),
	        .print = true,
	};
	struct session_answer answer;
	status s;

	a.files = options_list(o, OPT_policy_eval_data, &a.n);
	TRY(open_question(&q, &a, err));
	s = session_eval(q.session, q.entry, q.input, clock_realtime() * 1000000000, &answer, err);
	put_prints(&answer);
	TRY(s);
	if (bytes_is(bytes_str(options_text(o, OPT_policy_eval_format)), "json"))
		put_json_answer(q.policy, &answer.value, &out);
	else
		put_text_answer(&answer.value, &out);
	return write_out(&out, err);
}

status
verb_policy_check(const struct options *o, struct err *err)
{
	CLEANUP(inputs_done) struct inputs in = {0};
	struct policy_options po = {.v0 = options_flag(o, OPT_policy_check_v0),
	                            .builtins = &rego_builtins_full};
	struct policy *p = NULL;

	TRY(read_inputs(&in, (const char *const *)o->args, o->n_args,
	                options_text(o, OPT_policy_check_pod), err));
	TRY(policy_compile(in.modules, in.n, &po, &p, err));
	policy_drop(p);
	return OK;
}

static status
put_code(const struct policy_module *m, bool v0, struct buf *out, struct err *err)
{
	struct policy_options po = {.v0 = v0, .builtins = &rego_builtins_full};
	struct policy *p = NULL;

	TRY(policy_compile(m, 1, &po, &p, err));
	policy_disassemble(p, out);
	policy_drop(p);
	return OK;
}

status
verb_policy_parse(const struct options *o, struct err *err)
{
	CLEANUP(inputs_done) struct inputs in = {0};
	CLEANUP(buf_done) struct buf out = {0};
	bool v0 = options_flag(o, OPT_policy_parse_v0);

	TRY(read_inputs(&in, (const char *const *)o->args, o->n_args,
	                options_text(o, OPT_policy_parse_pod), err));
	for (size_t i = 0; i < in.n; i++)
		TRY(options_flag(o, OPT_policy_parse_code)
		            ? put_code(&in.modules[i], v0, &out, err)
		            : dump_text(in.modules[i].name, in.modules[i].text, v0, &out, err));
	return write_out(&out, err);
}

status
verb_policy_show(const struct options *o, struct err *err)
{
	CLEANUP(inputs_done) struct inputs in = {0};

	TRY(read_inputs(&in, (const char *const *)o->args, 1, options_text(o, OPT_policy_show_pod),
	                err));
	return in.n > 0 ? fd_write_all(STDOUT_FILENO, in.modules[0].text, err) : OK;
}

/* Best time of one round in microseconds; rounds until BENCH_NS have passed. */
static status
time_rounds(struct question *q, bool parse, double *ret, struct session_answer *answer,
            struct err *err)
{
	uint64_t begin = clock_mono_ns(), best = UINT64_MAX;

	while (clock_mono_ns() - begin < BENCH_NS) {
		uint64_t start = clock_mono_ns();

		for (int i = 0; i < 10; i++)
			TRY(parse ? session_input(q->session, q->input, err)
			          : session_run(q->session, q->entry, clock_realtime() * 1000000000,
			                        answer, err));
		best = MIN(best, clock_mono_ns() - start);
	}
	*ret = (double)best / 10000;
	return OK;
}

status
verb_policy_bench(const struct options *o, struct err *err)
{
	CLEANUP(question_done) struct question q = {0};
	struct asked a = {
	        .input = options_text(o, OPT_policy_bench_input),
	        .pod = options_text(o, OPT_policy_bench_pod),
	        .query = o->args[0],
	        .v0 = options_flag(o, OPT_policy_bench_v0),
	};
	struct session_answer answer;
	double parse, run;

	a.files = options_list(o, OPT_policy_bench_data, &a.n);
	TRY(open_question(&q, &a, err));
	TRY(session_eval(q.session, q.entry, q.input, clock_realtime() * 1000000000, &answer, err));
	TRY(time_rounds(&q, true, &parse, &answer, err));
	TRY(time_rounds(&q, false, &run, &answer, err));
	if (bytes_is(bytes_str(options_text(o, OPT_policy_bench_format)), "json"))
		printf("{\"parse_us\":%.3f,\"eval_us\":%.3f,\"steps\":%llu,\"policy_bytes\":%zu,"
		       "\"input_bytes\":%zu}\n",
		       parse, run, (unsigned long long)answer.steps, q.policy->memory, q.input.n);
	else
		printf("input:      %zu bytes, parsed in %.3f us\nevaluation: %.3f us, %llu steps\n"
		       "policy:     %zu bytes compiled\n",
		       q.input.n, parse, run, (unsigned long long)answer.steps, q.policy->memory);
	return OK;
}
