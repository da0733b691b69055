/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rego-kata DIR... [--list-failed] [--answers] [--no-prints]
 *
 * Runs recordings of Kata's agent: folders, at any depth, with a policy (*.rego) and beside it
 *   NAME.txt, inputs.txt, requests.txt, requests.jsonl or testcases.json   what the agent was asked
 *   outputs.json    the answers, one for each request in order
 *   prints.json     the lines that print() made, a list for each request
 * Requests are decided as the agent does it, in order, with the state that the answers before made.
 * A policy without requests must compile; a request without an answer must get one. --answers
 * prints each answer as a line of JSON, --no-prints skips print(). The last line: N passed, N
 * failed, N skipped.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "recorded.h"
#include "rego/session.h"

enum { MAX_FILE = 512 * 1024 * 1024, MAX_DEPTH = 6, PATH_SIZE = 4096 };

struct totals {
	bool list_failed, answers, no_prints;
	size_t policies, passed, failed, skipped;
	uint64_t *ns;
	size_t n_ns, cap_ns;
};

struct run {
	struct totals *t;
	const char *path; /* of the policy */
	struct arena arena;
	struct policy *policy;
	struct session *session;
	struct recording requests;
	struct value outputs, prints; /* arrays, or undefined */
	struct err err;
};

static void
run_done(struct run *r)
{
	session_free(r->session);
	policy_drop(r->policy);
	recording_done(&r->requests);
	arena_done(&r->arena);
}

static status
slurp(struct arena *a, const char *path, struct bytes *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf text = {.max = MAX_FILE};

	TRY(err_at(err, file_read(path, MAX_FILE, &text, err), "%s", path));
	*ret = arena_copy(a, buf_view(&text));
	return arena_check(a, err);
}

/* Policies of 2024 are of the old language, today's of either. */
static status
compile(struct run *r, struct bytes text)
{
	const struct policy_module m = {r->path, text};
	struct policy_options o = {.v0 = true, .builtins = &rego_builtins_core};
	const struct session_options so = {.print = !r->t->no_prints};
	struct err other = {0};

	if (!is_ok(policy_compile(&m, 1, &o, &r->policy, &r->err))) {
		o.v0 = false;
		if (!is_ok(policy_compile(&m, 1, &o, &r->policy, &other)))
			return (status){r->err.cls};
	}
	TRY(session_new(r->policy, &so, &r->session, &r->err));
	return session_set_data(r->session, BYTES("{\"pstate\":{}}"), &r->err);
}

static void
keep_time(struct totals *t, uint64_t ns)
{
	if (t->n_ns == t->cap_ns) {
		t->cap_ns = t->cap_ns ? 2 * t->cap_ns : 1024;
		t->ns = realloc(t->ns, t->cap_ns * sizeof *t->ns);
		if (!t->ns)
			abort();
	}
	t->ns[t->n_ns++] = ns;
}

static void
put_answer(struct run *r, const struct recorded *q, const struct session_answer *answer,
           bool allowed, status s, uint64_t ns)
{
	CLEANUP(buf_done) struct buf out = {0};

	buf_str(&out, "{\"ep\":");
	json_write_string(q->name, &out);
	buf_printf(&out, ",\"us\":%.3f,\"allowed\":%s,\"bytes\":%zu,\"steps\":%llu,\"data\":",
	           (double)ns / 1000, allowed ? "true" : "false", answer->bytes,
	           (unsigned long long)answer->steps);
	value_json(session_data(r->session), &out);
	if (answer->value.type != VALUE_UNDEFINED) {
		buf_str(&out, ",\"value\":");
		value_json(&answer->value, &out);
	}
	if (!is_ok(s)) {
		buf_str(&out, ",\"error\":");
		json_write_string(bytes_str(r->err.id), &out);
	}
	for (size_t i = 0; i < answer->n_prints; i++) {
		buf_str(&out, i > 0 ? "," : ",\"prints\":[");
		json_write_string(json_text(&answer->prints[i]), &out);
	}
	printf("%s%s}\n", buf_cstr(&out), answer->n_prints > 0 ? "]" : "");
}

/* An answer as an engine writes it down: the value itself or inside a set of results. */
static const struct value *
bare(const struct value *v)
{
	static const char *const wrap[] = {"result", "expressions", "value", NULL};

	for (int depth = 0; v && depth < 8; depth++) {
		const struct value *inner = v->type == VALUE_ARRAY ? json_item(v, 0) : NULL;

		for (size_t i = 0; wrap[i] && v->type == VALUE_OBJECT && !inner; i++)
			inner = json_get(v, wrap[i]);
		if (!inner)
			return v;
		v = inner;
	}
	return v;
}

/* Nothing expected (an empty set of results): undefined. */
static bool
same_answer(const struct value *want, const struct session_answer *got)
{
	const struct value *v = bare(want);

	if (v->type == VALUE_ARRAY || (v->type == VALUE_OBJECT && v->n == 0))
		return got->value.type == VALUE_UNDEFINED;
	return value_eq(v, &got->value);
}

/* A recorded line may begin with where it was printed: "file:line: ". */
static bool
same_line(struct bytes want, struct bytes got)
{
	size_t at = bytes_find(want, BYTES(": "), 0);

	return bytes_equal(want, got) ||
	       (at != SIZE_MAX && bytes_equal(bytes_sub(want, at + 2, want.n), got));
}

static bool
same_prints(const struct value *want, const struct session_answer *got)
{
	if (want->type != VALUE_ARRAY || want->n != got->n_prints)
		return false;
	for (size_t i = 0; i < want->n; i++)
		if (!same_line(json_text(json_item(want, i)), json_text(&got->prints[i])))
			return false;
	return true;
}

static void
judge(struct run *r, size_t i, const struct session_answer *got, bool allowed, status s)
{
	const struct recorded *q = &r->requests.list[i];
	const struct value *output = json_item(&r->outputs, i), *lines = json_item(&r->prints, i);
	const char *why = NULL;
	char text[2048];

	if (output && !same_answer(output, got))
		why = "another answer";
	else if (q->allowed && (q->allowed->type != VALUE_BOOL || q->allowed->u.b != allowed))
		why = allowed ? "is allowed" : "is denied";
	else if (!output && !q->allowed && !is_ok(s))
		why = "no answer";
	else if (lines && !same_prints(lines, got))
		why = "other lines printed";
	if (!why) {
		r->t->passed++;
		return;
	}
	r->t->failed++;
	if (!r->t->list_failed)
		return;
	err_format(&r->err, text, sizeof text);
	printf("FAILED %s: request %zu, %.*s: %s%s%s\n", r->path, i + 1, BYTES_ARG(q->name), why,
	       is_ok(s) ? "" : ": ", is_ok(s) ? "" : text);
}

static status
ask(struct run *r, const struct recorded *q, bool *allowed, struct session_answer *answer)
{
	CLEANUP(buf_done) struct buf path = {0};
	struct entry entry;

	if (q->data.n > 0)
		TRY(session_set_data(r->session, q->data, &r->err));
	buf_printf(&path, "data.agent_policy.%.*s", BYTES_ARG(q->name));
	TRY(session_find(r->session, buf_view(&path), &entry, &r->err));
	return session_decide(r->session, entry, q->json, 0, allowed, answer, &r->err);
}

/* Of this thread: what else the machine does is not in it. */
static uint64_t
cpu_ns(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) != 0)
		return clock_mono_ns();
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void
run_request(struct run *r, size_t i)
{
	struct session_answer answer = {0};
	bool allowed = false;
	uint64_t start = cpu_ns(), ns;
	status s;

	r->err = (struct err){0};
	s = ask(r, &r->requests.list[i], &allowed, &answer);
	ns = cpu_ns() - start;
	keep_time(r->t, ns);
	if (r->t->answers)
		put_answer(r, &r->requests.list[i], &answer, allowed, s, ns);
	judge(r, i, &answer, allowed, s);
}

/* The first of the names that is a file of the folder, or NULL. */
static const char *
beside(struct arena *a, const char *dir, const char *const *names)
{
	for (size_t i = 0; names[i]; i++) {
		const char *path = (const char *)arena_printf(a, "%s/%s", dir, names[i]).p;

		if (path && file_exists(path))
			return path;
	}
	return NULL;
}

static status
read_list(struct run *r, const char *path, struct value *ret)
{
	struct bytes text;

	*ret = (struct value){0};
	if (!path)
		return OK;
	TRY(slurp(&r->arena, path, &text, &r->err));
	TRY(err_at(&r->err, json_parse(&r->arena, text, NULL, ret, &r->err), "%s", path));
	value_freeze(ret);
	if (ret->type != VALUE_ARRAY)
		return err_set(&r->err, ERR_PARSE, "E-TEST-003", "%s: not a list", path);
	if (ret->n != r->requests.n)
		return err_set(&r->err, ERR_PARSE, "E-TEST-004", "%s: %u entries for %zu requests",
		               path, ret->n, r->requests.n);
	return OK;
}

static status
load(struct run *r, const char *dir, struct bytes stem)
{
	static const char *const answers[] = {"outputs.json", "answers.json", NULL};
	static const char *const prints[] = {"prints.json", NULL};
	const char *own = (const char *)arena_printf(&r->arena, "%.*s.txt", BYTES_ARG(stem)).p;
	const char *const names[] = {own ? own : "",   "inputs.txt",     "requests.txt",
	                             "requests.jsonl", "testcases.json", NULL};
	const char *path;
	struct bytes text;

	TRY(slurp(&r->arena, r->path, &text, &r->err));
	TRY(compile(r, text));
	path = beside(&r->arena, dir, names);
	if (!path)
		return OK;
	TRY(slurp(&r->arena, path, &text, &r->err));
	TRY(err_at(&r->err, recording_read(&r->arena, text, &r->requests, &r->err), "%s", path));
	TRY(read_list(r, beside(&r->arena, dir, answers), &r->outputs));
	return read_list(r, beside(&r->arena, dir, prints), &r->prints);
}

static void
run_policy(struct totals *t, const char *dir, const char *name, const char *path)
{
	CLEANUP(run_done) struct run r = {.t = t, .path = path};
	struct bytes stem = bytes_sub(bytes_str(name), 0, bytes_str(name).n - 5);
	char text[2048];

	arena_init(&r.arena, (size_t)4 * MAX_FILE);
	t->policies++;
	if (!is_ok(load(&r, dir, stem))) {
		err_format(&r.err, text, sizeof text);
		printf("FAILED %s\n", text);
		t->failed++;
		return;
	}
	for (size_t i = 0; i < r.requests.n; i++)
		run_request(&r, i);
	if (r.requests.n == 0)
		t->passed++;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return bytes_cmp(bytes_str((*a)->d_name), bytes_str((*b)->d_name));
}

static void
run_folder(struct totals *t, const char *dir, int depth)
{
	struct dirent **names;
	int n = depth < MAX_DEPTH ? scandir(dir, &names, NULL, by_name) : -1;

	if (n < 0) {
		printf("%s: no such folder\n", dir);
		t->failed++;
		return;
	}
	for (int i = 0; i < n; i++) {
		char path[PATH_SIZE];

		snprintf(path, sizeof path, "%s/%s", dir, names[i]->d_name);
		if (bytes_ends(bytes_str(path), BYTES(".rego")))
			run_policy(t, dir, names[i]->d_name, path);
		else if (names[i]->d_name[0] != '.' && file_is_dir(path))
			run_folder(t, path, depth + 1);
		free(names[i]);
	}
	free(names);
}

static int
by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

int
main(int argc, char **argv)
{
	struct totals t = {0};

	for (int i = 1; i < argc; i++) {
		if (bytes_is(bytes_str(argv[i]), "--list-failed"))
			t.list_failed = true;
		else if (bytes_is(bytes_str(argv[i]), "--answers"))
			t.answers = true;
		else if (bytes_is(bytes_str(argv[i]), "--no-prints"))
			t.no_prints = true;
	}
	for (int i = 1; i < argc; i++)
		if (argv[i][0] != '-')
			run_folder(&t, argv[i], 0);
	if (t.n_ns > 0) {
		qsort(t.ns, t.n_ns, sizeof *t.ns, by_size);
		printf("%zu policies, %zu requests: median %.1f us, 99%% below %.1f us, worst "
		       "%.1f us\n",
		       t.policies, t.n_ns, (double)t.ns[t.n_ns / 2] / 1000,
		       (double)t.ns[t.n_ns * 99 / 100] / 1000, (double)t.ns[t.n_ns - 1] / 1000);
	}
	if (t.policies == 0) {
		printf("no policy there\n");
		t.skipped++;
	}
	printf("%zu passed, %zu failed, %zu skipped\n", t.passed, t.failed, t.skipped);
	free(t.ns);
	return t.failed == 0 && t.policies > 0 ? 0 : 1;
}
