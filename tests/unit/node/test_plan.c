/* SPDX-License-Identifier: Apache-2.0 */
#include "node/plan.h"
#include "node/plan_build.h"
#include "unit.h"
#include "json/value.h"

#include <string.h>
#include <unistd.h>

#define IMAGE "r/i@sha256:0000000000000000000000000000000000000000000000000000000000000000"
#define CONTAINER(more) "{name: c, image: '" IMAGE "'" more "}"
#define POD(spec)                                                                                  \
	"{apiVersion: v1, kind: Pod, metadata: {name: p, labels: {app: p}}, spec: {" spec "}}\n"
#define WORKLOAD(kind, name, top, spec)                                                            \
	"{apiVersion: apps/v1, kind: " kind ", metadata: {name: " name "}, spec: {" top            \
	"selector: {matchLabels: {app: " name "}}, template: {metadata: {labels: {app: " name      \
	"}}, spec: {" spec "}}}}\n"
#define SERVICE(name, spec)                                                                        \
	"{apiVersion: v1, kind: Service, metadata: {name: " name "}, spec: {" spec "}}\n"

static status
build(const char *yaml, struct buf *json, struct err *err)
{
	const struct plan_options o = {.name = BYTES("t"), .source = BYTES("/t")};
	struct kube_set set;
	status s;

	kube_init(&set);
	s = kube_add(&set, "t.yaml", bytes_str(yaml), err);
	if (is_ok(s))
		s = plan_build(&set, &o, json, err);
	kube_done(&set);
	return s;
}

static void
refused(void **state)
{
	static const struct {
		const char *yaml, *id;
	} rows[] = {
	        {POD("runtimeClassName: contrast-cc-local-ns, containers: [" CONTAINER("") "]"),
	         "E-NODE-091"},
	        {POD("runtimeClassName: contrast-cc, containers: [" CONTAINER("") "]"),
	         "E-NODE-051"},
	        {POD("runtimeClassName: contrast-cc-metal-snp, containers: [" CONTAINER("") "]"),
	         "E-NODE-051"},
	        {POD("containers: [" CONTAINER(
	                 ", volumeMounts: [{name: v, mountPath: /v}]") "], volumes: [{name: v, "
	                                                               "configMap: {name: "
	                                                               "absent}}]"),
	         "E-NODE-093"},
	        {POD("containers: [" CONTAINER(", readinessProbe: {httpGet: {port: http}}") "]"),
	         "E-NODE-092"},
	        {POD("containers: [" CONTAINER(", readinessProbe: {tcpSocket: {port: 0}}") "]"),
	         "E-NODE-092"},
	        {POD("containers: [" CONTAINER(", env: [{name: A, valueFrom: {resourceFieldRef: "
	                                       "{resource: limits.cpu}}}]") "]"),
	         "E-NODE-090"},
	        {POD("containers: [" CONTAINER("") "]") "---\n" SERVICE("s", "type: ExternalName"),
	         "E-NODE-090"},
	        {POD("containers: [" CONTAINER("") "]") "---\n" SERVICE(
	                 "s", "selector: {app: p}, ports: [{port: 80, targetPort: http}]"),
	         "E-NODE-092"},
	        {POD("containers: [" CONTAINER("") "]") "---\n" SERVICE("s",
	                                                                "ports: [{port: 70000}]"),
	         "E-NODE-092"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_done) struct buf json = {0};
		struct err err = {0};

		if (is_ok(build(rows[i].yaml, &json, &err)))
			fail_msg("row %zu is accepted", i);
		if (strcmp(err.id, rows[i].id) != 0)
			fail_msg("row %zu: %s %s [%s], want %s", i, err.place, err.msg, err.id,
			         rows[i].id);
		assert_memory_equal(err.place, "t.yaml:", 7);
	}
}

static void
plan_of(const char *yaml, struct plan *p)
{
	char path[] = "/tmp/contrast-plan-XXXXXX";
	CLEANUP(buf_done) struct buf json = {0};
	int fd = mkstemp(path);
	struct err err;

	assert_true(fd >= 0);
	close(fd);
	assert_ok(build(yaml, &json, &err));
	assert_ok(file_write(path, buf_view(&json), 0600, &err));
	/* What is written is what the node reads, strictly. */
	assert_ok(plan_read(path, p, &err));
	unlink(path);
}

static const struct net_name *
name_of(const struct plan *p, const char *name)
{
	for (size_t i = 0; i < p->net.n_names; i++) {
		if (bytes_is(p->net.names[i].name, name))
			return &p->net.names[i];
	}
	return NULL;
}

static void
services(void **state)
{
	struct plan p;

	(void)state;
	plan_of(WORKLOAD("StatefulSet", "db", "serviceName: db, replicas: 2, ", "containers: [" CONTAINER(", ports: [{name: sql, containerPort: 5432}]") "]") "---\n" WORKLOAD(
	                "Deployment", "web", "",
	                "containers: [" CONTAINER(
	                        "") "]") "---\n" SERVICE("db", "clusterIP: None, selector: {app: "
	                                                       "db}, ports: [{port: 1, targetPort: "
	                                                       "sql}]") "---\n" SERVICE("web",
	                                                                                "type: "
	                                                                                "NodePort, "
	                                                                                "selector: "
	                                                                                "{app: "
	                                                                                "web}, "
	                                                                                "ports: "
	                                                                                "[{port: "
	                                                                                "80, "
	                                                                                "targetPort"
	                                                                                ": 8080}, "
	                                                                                "{port: "
	                                                                                "53, "
	                                                                                "protocol: "
	                                                                                "UDP}]"),
	        &p);
	assert_int_equal(p.n_pods, 3);
	assert_bytes(p.pods[0].name, BYTES("db-0"));
	assert_bytes(p.pods[1].name, BYTES("db-1"));
	assert_int_equal(p.net.n_ports, 2);
	/* Headless: no address of its own, the pods' instead, while they are ready. */
	assert_int_equal(p.net.ports[0].address, 0);
	assert_int_equal(p.net.ports[0].targets[1].port, 5432);
	assert_int_equal(name_of(&p, "db")->pod, 0);
	assert_int_equal(name_of(&p, "db-1.db.default.svc.cluster.local")->address, 0x0a580003);
	/* Of type NodePort: an address, and on the host's loopback. UDP is left out. */
	assert_int_equal(p.net.ports[1].address, 0x0a588001);
	assert_true(p.net.ports[1].forward);
	assert_int_equal(p.net.ports[1].targets[0].port, 8080);
	assert_int_equal(p.net.ports[1].n_targets, 1);
	assert_int_equal(name_of(&p, "web.default.svc.cluster.local")->pod, -1);
	assert_null(name_of(&p, "web.other"));
	plan_done(&p);
}

static void
names_are_stable_and_valid(void **state)
{
	struct plan a, b;

	(void)state;
	for (int i = 0; i < 2; i++)
		plan_of(WORKLOAD("Deployment", "web", "replicas: 3, ",
		                 "containers: [" CONTAINER("") "]"),
		        i ? &b : &a);
	for (size_t i = 0; i < 3; i++) {
		assert_bytes(a.pods[i].name, b.pods[i].name);
		assert_true(bytes_starts(a.pods[i].name, BYTES("web-")));
		assert_int_equal(a.pods[i].name.n, 4 + 10 + 1 + 5);
		for (size_t k = 0; k < i; k++)
			assert_false(bytes_equal(a.pods[i].name, a.pods[k].name));
	}
	plan_done(&a);
	plan_done(&b);
}

static void
what_is_not_started(void **state)
{
	struct plan p;

	(void)state;
	plan_of("{apiVersion: batch/v1, kind: CronJob, metadata: {name: nightly}, spec: {schedule: "
	        "'* * * * *', "
	        "jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: "
	        "[" CONTAINER("") "]}}}}}}\n---\n" WORKLOAD(
	                "Deployment", "idle", "replicas: 0, ",
	                "containers: [" CONTAINER(
	                        "") "]") "---\n" POD("containers: [" CONTAINER("") "]"),
	        &p);
	assert_int_equal(p.n_pods, 1);
	assert_bytes(p.pods[0].name, BYTES("p"));
	plan_done(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(refused),
	        cmocka_unit_test(services),
	        cmocka_unit_test(names_are_stable_and_valid),
	        cmocka_unit_test(what_is_not_started),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
