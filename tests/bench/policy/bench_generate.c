/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `contrast generate` with everything in its caches, as a developer runs it
 * after a change: 30 Deployments of three containers and a Coordinator in one
 * file. The floor is what libyaml needs for the events of the same bytes.
 */
#include "base/clock.h"
#include "base/file.h"
#include "oci/cache.h"
#include "policy/simulate.h"

#include "../../unit/policy/pod.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <yaml.h>

enum { WORKLOADS = 30, RUNS = 7 };

struct bench {
	char dir[64];
	char yaml[128], first[128];
	char image[128]; /* registry.example/app@sha256:... */
	struct buf text;
};

static void
die(const struct err *err)
{
	fprintf(stderr, "%s: %s\n", err->place, err->msg);
	exit(1);
}

#define MUST(call)                                                                                 \
	do {                                                                                       \
		if (!is_ok(call))                                                                  \
			die(&err);                                                                 \
	} while (0)

/* One image in the cache: no registry is asked for what is named by digest. */
static void
fill_cache(struct bench *b)
{
	static const char config[] =
	        "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Entrypoint\":[\"/"
	        "app\"],"
	        "\"Env\":[\"PATH=/bin\"]},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}";
	struct hash256 config_digest = sha256(bytes_str(config)), digest;
	CLEANUP(buf_done) struct buf manifest = {0};
	struct oci_cache cache;
	char path[128], hex[65];
	struct err err;

	buf_printf(
	        &manifest,
	        "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
	        "\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":"
	        "\"sha256:%s\",\"size\":%zu},\"layers\":[]}",
	        hash256_hex(&config_digest, hex), sizeof config - 1);
	digest = sha256(buf_view(&manifest));
	snprintf(b->image, sizeof b->image, "registry.example/app@sha256:%s",
	         hash256_hex(&digest, hex));
	snprintf(path, sizeof path, "%s/cache/oci", b->dir);
	MUST(oci_cache_init(&cache, path, &err));
	MUST(oci_cache_put(&cache, &digest, buf_view(&manifest), &err));
	MUST(oci_cache_put(&cache, &config_digest, bytes_str(config), &err));
}

static void
fill_yaml(struct bench *b)
{
	struct err err;

	buf_printf(&b->text,
	           "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: coordinator}\nspec:\n"
	           "  template:\n    metadata:\n      annotations: {%s: coordinator}\n    spec:\n"
	           "      runtimeClassName: contrast-cc\n      containers:\n      - name: "
	           "coordinator\n"
	           "        image: %s\n",
	           KUBE_ANNOTATION("pod-role"), b->image);
	for (int i = 0; i < WORKLOADS; i++) {
		buf_printf(&b->text,
		           "---\n# workload %d\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n"
		           "  name: web-%d\nspec:\n  template:\n    metadata: {labels: {app: "
		           "web}}\n    spec:\n"
		           "      runtimeClassName: contrast-cc\n      containers:\n",
		           i, i);
		for (int c = 0; c < 3; c++) {
			buf_printf(&b->text,
			           "      - name: c%d # one of three\n        image: %s\n"
			           "        args: [--listen, ':%d']\n        env:\n",
			           c, b->image, 8000 + c);
			for (int e = 0; e < 10; e++)
				buf_printf(&b->text,
				           "        - {name: VAR_%d, value: \"value %d\"}\n", e, e);
		}
	}
	snprintf(b->yaml, sizeof b->yaml, "%s/deploy.yaml", b->dir);
	MUST(file_write(b->yaml, buf_view(&b->text), 0644, &err));
}

static uint64_t
generate(const struct bench *b)
{
	char program[512], references[600], cache[128];
	const char *build = getenv("CONTRAST_BUILD_ROOT"), *source = getenv("CONTRAST_SOURCE_ROOT");
	uint64_t from = clock_mono_ns();
	int exit_code = 0;
	pid_t pid;

	snprintf(program, sizeof program, "%s/contrast", build ? build : "build");
	snprintf(references, sizeof references,
	         "metal-snp,%s/tests/golden/generate/reference-values.json", source ? source : ".");
	snprintf(cache, sizeof cache, "%s/cache", b->dir);
	pid = fork();
	if (pid == 0) {
		const char *args[] = {program,
		                      "generate",
		                      "--workspace-dir",
		                      b->dir,
		                      "--cache-dir",
		                      cache,
		                      "--offline",
		                      "--initializer-image",
		                      b->image,
		                      "--reference-values",
		                      references,
		                      b->yaml,
		                      NULL};

		if (!freopen("/dev/null", "w", stdout))
			_exit(126);
		execv(program, (char **)(uintptr_t)args);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &exit_code, 0) != pid || exit_code != 0) {
		fprintf(stderr, "%s generate failed\n", program);
		exit(1);
	}
	return clock_mono_ns() - from;
}

/* Nothing but libyaml's events over the same file. */
static uint64_t
libyaml_floor(const struct bench *b)
{
	CLEANUP(buf_done) struct buf text = {0};
	uint64_t from = clock_mono_ns();
	yaml_parser_t parser;
	yaml_event_t event;
	bool end = false;
	struct err err;

	MUST(file_read(b->yaml, YAML_MAX_BYTES, &text, &err));
	if (!yaml_parser_initialize(&parser))
		exit(1);
	yaml_parser_set_input_string(&parser, text.p, text.n);
	while (!end) {
		if (!yaml_parser_parse(&parser, &event))
			exit(1);
		end = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return clock_mono_ns() - from;
}

static int
by_time(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
median_ms(uint64_t *times, size_t n)
{
	qsort(times, n, sizeof *times, by_time);
	return (double)times[n / 2] / 1e6;
}

static void
figure(const char *what, double value, const char *unit, const char *peer, double peer_value)
{
	printf("{\"bench\":\"generate\",\"figure\":\"%s\",\"value\":%.3f,\"unit\":\"%s\","
	       "\"peer\":\"%s\",\"peer_value\":%.3f,\"ratio\":%.3f,\"goal\":null,\"met\":null,"
	       "\"why\":\"no goal is set\"}\n",
	       what, value, unit, peer, peer_value, peer_value / value);
}

/* The same policy evaluated on its own pod: compiled once, then sandbox, pause, two containers,
 * probe. */
static void
self_check(void)
{
	CLEANUP(test_pod_done) struct test_pod t = {0};
	uint64_t times[RUNS], build[RUNS];
	struct err err;

	for (size_t i = 0; i < RUNS; i++) {
		uint64_t from = clock_mono_ns();

		test_pod_done(&t);
		t = (struct test_pod){.policy = {.n_containers = 0}};
		MUST(test_pod_build(&t, test_pod_full, &err));
		build[i] = clock_mono_ns() - from;
		from = clock_mono_ns();
		MUST(policy_simulate(&t.policy, buf_view(&t.document), &err));
		times[i] = clock_mono_ns() - from;
	}
	figure("policy compiled and evaluated on its pod's 5 requests", median_ms(times, RUNS),
	       "ms", "YAML read and policy written", median_ms(build, RUNS));
}

int
main(void)
{
	struct bench b = {.dir = "/tmp/contrast-bench-XXXXXX"};
	uint64_t warm[RUNS], floor_ns[RUNS];
	char name[96];
	double ms;

	if (!mkdtemp(b.dir))
		return 1;
	fill_cache(&b);
	fill_yaml(&b);
	(void)generate(&b); /* makes keys, edits the file */
	for (size_t i = 0; i < RUNS; i++) {
		warm[i] = generate(&b);
		floor_ns[i] = libyaml_floor(&b);
	}
	ms = median_ms(warm, RUNS);
	snprintf(name, sizeof name, "warm run over %d workloads, %d containers", WORKLOADS + 1,
	         4 * WORKLOADS + 1);
	figure(name, ms, "ms", "libyaml events of the same file", median_ms(floor_ns, RUNS));
	self_check();
	buf_done(&b.text);
	fflush(stdout);
	(void)execlp("rm", "rm", "-rf", b.dir, (char *)NULL);
	return 1;
}
