/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures of the Rego engine, one JSON line each. beside.py runs peers on the
 * same cases (BENCH_REGO_CASES names a folder where they are left) and counts
 * instructions (BENCH_REGO_ONLY names a case, decided BENCH_REGO_TURNS times).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "kata.h"
#include "rego/session.h"

enum { BATCHES = 60, BATCH_NS = 1500 * 1000 };

static void
figure(const char *name, double value, const char *unit, double goal)
{
	if (getenv("BENCH_REGO_ONLY"))
		return;
	printf("{\"bench\":\"rego\",\"figure\":\"%s\",\"value\":%.3f,\"unit\":\"%s\",\"peer\":null,"
	       "\"peer_value\":null,\"ratio\":null,\"goal\":",
	       name, value, unit);
	if (goal > 0)
		printf("%.3f,\"met\":%s}\n", goal, value <= goal ? "true" : "false");
	else
		printf("null,\"met\":null}\n");
	fflush(stdout);
}

static _Noreturn void
give_up(const char *what, const struct err *err)
{
	fprintf(stderr, "%s: %s: %s\n", what, err->place, err->msg);
	exit(1);
}

typedef void work_fn(void *ctx);

/*
 * Time of one call in microseconds: the best of many short batches, because a
 * machine with other work only ever adds to it.
 */
static double
measure(work_fn *work, void *ctx)
{
	uint64_t n = 1, start, took;
	double best = 0;

	for (;;) {
		start = clock_mono_ns();
		for (uint64_t i = 0; i < n; i++)
			work(ctx);
		took = clock_mono_ns() - start;
		if (took > BATCH_NS)
			break;
		n *= 2;
	}
	for (size_t b = 0; b < BATCHES; b++) {
		start = clock_mono_ns();
		for (uint64_t i = 0; i < n; i++)
			work(ctx);
		took = clock_mono_ns() - start;
		if (b == 0 || (double)took / (double)n < best)
			best = (double)took / (double)n;
	}
	return best / 1000;
}

struct job {
	struct policy_module module;
	struct policy_options options;
	struct session *session;
	struct entry entry;
	struct bytes input;
	const char *query;
	struct session_answer answer;
};

static void
do_compile(void *ctx)
{
	struct job *j = ctx;
	struct policy *p;
	struct err err = {0};

	if (!is_ok(policy_compile(&j->module, 1, &j->options, &p, &err)))
		give_up("compile", &err);
	policy_drop(p);
}

static void
do_input(void *ctx)
{
	struct job *j = ctx;
	struct err err = {0};

	if (!is_ok(session_input(j->session, j->input, &err)))
		give_up("input", &err);
}

static void
do_run(void *ctx)
{
	struct job *j = ctx;
	struct err err = {0};

	if (!is_ok(session_run(j->session, j->entry, 0, &j->answer, &err)))
		give_up("run", &err);
}

/* The case as files, and a line about it: name, query, dialect, answer. */
static void
leave_case(const struct job *j, const char *name, bool allowed)
{
	const char *folder = getenv("BENCH_REGO_CASES");
	struct err err = {0};
	char path[4096];
	FILE *list;

	if (!folder)
		return;
	snprintf(path, sizeof path, "%s/%s.rego", folder, name);
	if (!is_ok(file_write(path, j->module.text, 0644, &err)))
		give_up(path, &err);
	snprintf(path, sizeof path, "%s/%s.json", folder, name);
	if (!is_ok(file_write(path, j->input, 0644, &err)))
		give_up(path, &err);
	snprintf(path, sizeof path, "%s/cases", folder);
	list = fopen(path, "a");
	if (!list ||
	    fprintf(list, "%s %s %s %s\n", name, j->query, j->options.v0 ? "v0" : "v1",
	            allowed ? "true" : "false") < 0 ||
	    fclose(list) != 0) {
		perror(path);
		exit(1);
	}
}

/* True where only instructions are counted: the turns of the one case are done. */
static bool
only_turns(struct job *j, const char *name)
{
	const char *only = getenv("BENCH_REGO_ONLY"), *turns = getenv("BENCH_REGO_TURNS");

	if (!only)
		return false;
	for (int i = 0; turns && strcmp(only, name) == 0 && i < atoi(turns); i++) {
		do_input(j);
		do_run(j);
	}
	return true;
}

static void
open_session(struct job *j, const char *name, const char *path)
{
	char figure_name[96];
	struct policy *p;
	struct err err = {0};

	if (!is_ok(policy_compile(&j->module, 1, &j->options, &p, &err)) ||
	    !is_ok(session_new(p, NULL, &j->session, &err)) ||
	    !is_ok(session_set_data(j->session, BYTES("{\"pstate\":{}}"), &err)) ||
	    !is_ok(session_find(j->session, bytes_str(path), &j->entry, &err)))
		give_up(path, &err);
	snprintf(figure_name, sizeof figure_name, "%s_compiled_bytes", name);
	figure(figure_name, (double)p->memory, "bytes", 1048576);
	j->query = path;
	policy_drop(p);
}

/* Parse and evaluation apart; the answer must be as said. */
static void
decide(struct job *j, const char *name, struct bytes input, bool allowed, double goal)
{
	char figure_name[96];
	double parse, run;
	const struct value *yes;

	j->input = input;
	if (only_turns(j, name))
		return;
	leave_case(j, name, allowed);
	do_input(j);
	parse = measure(do_input, j);
	do_input(j);
	run = measure(do_run, j);
	yes = j->answer.value.type == VALUE_OBJECT ? value_member(&j->answer.value, "allowed")
	                                           : &j->answer.value;
	if (!yes || yes->type != VALUE_BOOL || yes->u.b != allowed) {
		fprintf(stderr, "%s: the policy does not say %s\n", name, allowed ? "yes" : "no");
		exit(1);
	}
	snprintf(figure_name, sizeof figure_name, "%s_parse", name);
	figure(figure_name, parse, "us", 0);
	snprintf(figure_name, sizeof figure_name, "%s_eval", name);
	figure(figure_name, run, "us", 0);
	snprintf(figure_name, sizeof figure_name, "%s_total", name);
	figure(figure_name, parse + run, "us", goal);
	snprintf(figure_name, sizeof figure_name, "%s_steps", name);
	figure(figure_name, (double)j->answer.steps, "steps", 0);
}

static void
tiny(void)
{
	static const char text[] =
	        "package t\n"
	        "default allow := false\n"
	        "allow if input.user == \"alice\"\n"
	        "allow if { input.method == \"GET\"; input.path == [\"public\"] }\n";
	struct job j = {.module = {"tiny.rego", BYTES("")}};

	j.module.text = bytes_str(text);
	open_session(&j, "tiny", "data.t.allow");
	decide(&j, "tiny", BYTES("{\"user\":\"bob\",\"method\":\"GET\",\"path\":[\"public\"]}"),
	       true, 1);
	session_free(j.session);
}

static void
comprehensions(void)
{
	static const char text[] =
	        "package c\n"
	        "names := {lower(x.name) | some x in input.items; x.size > 10}\n"
	        "by_kind[k] contains x.name if { some x in input.items; k := x.kind }\n"
	        "total := sum([x.size | some x in input.items])\n"
	        "text := concat(\",\", [sprintf(\"%s=%d\", [x.name, x.size]) | some x in "
	        "input.items; "
	        "startswith(x.name, \"n1\")])\n"
	        "answer := count(names) + count(by_kind) + total + count(text) > 0\n";
	struct job j = {.module = {"comprehensions.rego", BYTES("")}};
	CLEANUP(buf_done) struct buf input = {0};

	j.module.text = bytes_str(text);
	j.options.builtins = &rego_builtins_core;
	buf_str(&input, "{\"items\":[");
	for (int i = 0; i < 500; i++)
		buf_printf(&input, "%s{\"name\":\"N%d\",\"kind\":\"k%d\",\"size\":%d}",
		           i ? "," : "", i, i % 17, i % 40);
	buf_str(&input, "]}");
	open_session(&j, "comprehensions_500", "data.c.answer");
	decide(&j, "comprehensions_500", buf_view(&input), true, 0);
	session_free(j.session);
}

/* CreateContainerRequests of the recordings, the largest one last. */
static size_t
containers(struct arena *a, const char *root, struct value *list, size_t max, struct bytes *last)
{
	static const char *const files[] = {"pod-exec",      "k8s-policy-pod",         "pod-cm1",
	                                    "pod-lifecycle", "pod-persistent-volumes", "web"};
	struct err err = {0};
	size_t n = 0;

	for (size_t f = 0; f < COUNT_OF(files); f++) {
		struct kata_file *requests = arena_new(a, struct kata_file);
		char path[4096];

		snprintf(path, sizeof path, "%s/kata-policy/requests/%s.txt", root, files[f]);
		if (!requests || !is_ok(kata_read(a, path, requests, &err)))
			return 0;
		for (size_t i = 0; i < requests->n && n < max; i++) {
			if (!bytes_is(requests->list[i].name, "CreateContainerRequest"))
				continue;
			*last = requests->list[i].json;
			list[n++] = kata_container(a, *last);
		}
	}
	return n;
}

static void
kata(void)
{
	const char *root = getenv("CONTRAST_SHARED_DATA");
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf rules = {0};
	struct value list[32];
	struct bytes request, text;
	struct job j = {0};
	struct err err = {0};
	size_t n = containers(&a, root ? root : "../shared/data", list, COUNT_OF(list), &request);

	if (n == 0) {
		printf("{\"bench\":\"rego\",\"figure\":\"create_container_total\",\"value\":null,"
		       "\"unit\":\"us\","
		       "\"peer\":null,\"peer_value\":null,\"ratio\":null,\"goal\":50,\"met\":null,"
		       "\"why\":\"the recorded requests are not here\"}\n");
		return;
	}
	if (!is_ok(file_read("tests/bench/rego/kata_rules.rego", 1 << 20, &rules, &err)) ||
	    !is_ok(kata_policy(&a, buf_view(&rules), list, n, &text, &err)))
		give_up("policy", &err);
	if (getenv("BENCH_REGO_DUMP"))
		(void)is_ok(file_write(getenv("BENCH_REGO_DUMP"), text, 0644, &err));
	j.module = (struct policy_module){"kata.rego", text};
	j.options = (struct policy_options){.v0 = true, .builtins = &rego_builtins_core};
	figure("policy_text_bytes", (double)text.n, "bytes", 0);
	if (!getenv("BENCH_REGO_ONLY"))
		figure("policy_compile", measure(do_compile, &j), "us", 0);
	open_session(&j, "create_container", "data.agent_policy.CreateContainerRequest");
	figure("create_container_bytes", (double)request.n, "bytes", 0);
	decide(&j, "create_container", request, true, 50);
	decide(&j, "create_container_denied", kata_denied(&a, request), false, 50);
	decide(&j, "create_container_50k", kata_padded(&a, request, 50 * 1024), true, 200);
	session_free(j.session);
}

int
main(void)
{
	tiny();
	kata();
	comprehensions();
	return 0;
}
