/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions beside RE2 in the same run, one JSON line a figure:
 * compiling, and one search for a match without captures, which is what
 * regex.match() of a policy asks for. A ratio above 1: faster than RE2.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "re/re.h"

void *oracle_compile(const char *pattern, size_t n);
void oracle_free(void *re);
int oracle_find(const void *re, const char *text, size_t n, size_t from, size_t *spans, int groups);

enum { BATCHES = 40, BATCH_NS = 500 * 1000 };

struct job {
	struct bytes pattern;
	struct bytes text;
	const struct re *re;
	void *peer;
	struct arena scratch;
	bool found;
};

typedef void work_fn(struct job *j);

static _Noreturn void
give_up(const struct job *j, const char *what)
{
	fprintf(stderr, "%s: %.*s\n", what, BYTES_ARG(j->pattern));
	exit(1);
}

static void
compile_with(struct job *j, unsigned int flags)
{
	CLEANUP(arena_done) struct arena a = {0};
	const struct re *re;
	struct err err = {0};

	if (!is_ok(re_compile(&a, j->pattern, flags, &re, &err)))
		give_up(j, err.msg);
}

static void
our_compile(struct job *j)
{
	compile_with(j, 0);
}

/* With the automaton that the matches of this bench use; RE2 makes its own while it matches. */
static void
our_compile_ahead(struct job *j)
{
	compile_with(j, RE_FAST);
}

static void
peer_compile(struct job *j)
{
	oracle_free(oracle_compile((const char *)j->pattern.p, j->pattern.n));
}

static void
our_match(struct job *j)
{
	struct re_budget budget = {&j->scratch, UINT64_MAX};
	struct err err = {0};

	if (!is_ok(re_is_match(j->re, j->text, &budget, &j->found, &err)))
		give_up(j, err.msg);
}

static void
peer_match(struct job *j)
{
	j->found = oracle_find(j->peer, (const char *)j->text.p, j->text.n, 0, NULL, 0);
}

static double
batch(work_fn *work, struct job *j, uint64_t n)
{
	uint64_t start = clock_mono_ns();

	for (uint64_t i = 0; i < n; i++)
		work(j);
	return (double)(clock_mono_ns() - start) / (double)n;
}

static uint64_t
batch_size(work_fn *work, struct job *j)
{
	uint64_t n = 1;

	while (batch(work, j, n) * (double)n < BATCH_NS)
		n *= 2;
	return n;
}

/* Batches of both in turns, the best of each: what else runs here hits both alike. */
static void
compare(const char *name, const char *what, work_fn *ours, work_fn *peers, struct job *j)
{
	uint64_t our_n = batch_size(ours, j), peer_n = batch_size(peers, j);
	double own = 0, peer = 0, took;

	for (int b = 0; b < BATCHES; b++) {
		took = batch(ours, j, our_n);
		own = b == 0 || took < own ? took : own;
		took = batch(peers, j, peer_n);
		peer = b == 0 || took < peer ? took : peer;
	}
	printf("{\"bench\":\"re\",\"figure\":\"%s_%s\",\"value\":%.1f,\"unit\":\"ns\",\"peer\":"
	       "\"RE2\",\"peer_value\":%.1f,\"ratio\":%.3f,\"goal\":null,\"met\":null}\n",
	       name, what, own, peer, peer / own);
	fflush(stdout);
}

static void
pattern(const char *name, const char *re, const char *text, bool found)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct job j = {.pattern = bytes_str(re), .text = bytes_str(text)};
	struct err err = {0};

	j.peer = oracle_compile(re, j.pattern.n);
	if (!j.peer || !is_ok(re_compile(&a, j.pattern, RE_FAST, &j.re, &err)))
		give_up(&j, "does not compile");
	our_match(&j);
	if (j.found != found)
		give_up(&j, "wrong answer of ours");
	peer_match(&j);
	if (j.found != found)
		give_up(&j, "wrong answer of RE2");
	compare(name, "compile", our_compile, peer_compile, &j);
	compare(name, "compile_ahead", our_compile_ahead, peer_compile, &j);
	compare(name, "match", our_match, peer_match, &j);
	oracle_free(j.peer);
	arena_done(&j.scratch);
}

int
main(void)
{
	static char as[2001];

	for (size_t i = 0; i < sizeof as - 1; i++)
		as[i] = 'a';
	pattern("literal", "^tcp$", "tcp", true);
	pattern("env_address",
	        "^[A-Z](?:[A-Z0-9_]{0,61}[A-Z0-9])?_SERVICE_HOST=(25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})"
	        "([.](25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})){3}$",
	        "KUBERNETES_SERVICE_HOST=10.96.0.1", true);
	pattern("shared_path",
	        "^/run/kata-containers/shared/containers/[0-9a-f]{64}-[0-9a-z]{16}-hosts$",
	        "/run/kata-containers/shared/containers/"
	        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef-0a1b2c3d4e5f6a7b"
	        "-hosts",
	        true);
	pattern("search", "secret=[a-z]+[0-9]{4}",
	        "GET /index?session=12&page=4&colour=green&size=9&secret=token2024 HTTP/1.1", true);
	pattern("letters", "^\\pL+$", "Grundstücksverkehrsgenehmigungszuständigkeitsübertragung",
	        true);
	pattern("nested_plus_2000", "^(a+)+$", as, true);
	pattern("nested_repeat_2000", "(?:(?:a?){20}b){10}", as, false);
	pattern("quadratic_2000", "(x+x+)+y|a*a*a*b", as, false);
	return 0;
}
