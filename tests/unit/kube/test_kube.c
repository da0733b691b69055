/* SPDX-License-Identifier: Apache-2.0 */
#include "kube/inject.h"
#include "kube/pod.h"

#include "unit.h"

#include <string.h>

/* A pod around the given lines of its spec, and lines of its only container. */
static void
pod_text(const char *spec, const char *container, struct buf *out)
{
	buf_printf(out,
	           "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {l: v}}\nspec:\n"
	           "  runtimeClassName: contrast-cc\n%s%s%s"
	           "  containers:\n  - name: c\n    image: i\n%s%s%s",
	           spec[0] ? "  " : "", spec, spec[0] ? "\n" : "", container[0] ? "    " : "",
	           container, container[0] ? "\n" : "");
}

static status
read_pod(const char *spec, const char *container, const char *more, struct kube_set *s,
         struct arena *a, struct buf *text, struct kube_pod *ret, struct err *err)
{
	kube_init(s);
	pod_text(spec, container, text);
	buf_str(text, more);
	TRY(kube_add(s, "f.yaml", buf_view(text), err));
	return kube_pod_read(s, &s->workloads[0], a, ret, err);
}

static const struct {
	const char *spec, *container, *more;
	const char *id, *place;
} refused[] = {
        {"hostPID: true", "", "", "E-KUBE-020", "f.yaml:6:3"},
        {"hostNetwork: true", "", "", "E-KUBE-020", "f.yaml:6:16"},
        {"hostNetwrok: true", "", "", "E-KUBE-008", "f.yaml:6:3"},
        {"securityContext: {sysctls: [{name: a, value: b}]}", "", "", "E-KUBE-020", "f.yaml:6:21"},
        {"volumes: [{name: v, hostPath: {path: /}}]", "", "", "E-KUBE-020", "f.yaml:6:23"},
        {"volumes: [{name: v, moonDir: {}}]", "", "", "E-KUBE-008", "f.yaml:6:23"},
        {"volumes: [{name: V}]", "", "", "E-KUBE-011", "f.yaml:6:13"},
        {"volumes: [{name: v}, {name: v}]", "", "", "E-KUBE-009", "f.yaml:6:24"},
        {"volumes: [{name: v, emptyDir: {}, secret: {}}]", "", "", "E-KUBE-012", "f.yaml:6:13"},
        {"volumes: {}", "", "", "E-KUBE-003", "f.yaml:6:12"},
        {"volumes: [{name: v, persistentVolumeClaim: {claimName: x}}]",
         "volumeMounts: [{name: v, mountPath: /d}]", "", "E-KUBE-025", "f.yaml:10:20"},
        {"", "volumeMounts: [{name: v, mountPath: /d}]", "", "E-KUBE-017", "f.yaml:9:20"},
        {"volumes: [{name: v}]", "volumeMounts: [{name: v, mountPath: d}]", "", "E-KUBE-018",
         "f.yaml:10:20"},
        {"volumes: [{name: v}]", "volumeMounts: [{name: v, mountPath: /a/../b}]", "", "E-KUBE-018",
         "f.yaml:10:20"},
        {"volumes: [{name: v}]", "volumeMounts: [{name: v, mountPath: /a, subPath: x}]", "",
         "E-KUBE-020", "f.yaml:10:45"},
        {"volumes: [{name: v}]",
         "volumeMounts: [{name: v, mountPath: /a}, {name: v, mountPath: /a/}]", "", "E-KUBE-009",
         "f.yaml:10:46"},
        {"volumes: [{name: v}]", "volumeDevices: [{name: v, devicePath: /dev/x}]", "", "E-KUBE-019",
         "f.yaml:10:21"},
        {"", "comand: [x]", "", "E-KUBE-008", "f.yaml:9:5"},
        {"", "command: x", "", "E-KUBE-003", "f.yaml:9:14"},
        {"", "command: [x, 5]", "", "E-KUBE-003", "f.yaml:9:18"},
        {"", "stdin: true", "", "E-KUBE-020", "f.yaml:9:5"},
        {"", "env: [{name: A, value: yes}]", "", "E-KUBE-003", "f.yaml:9:28"},
        {"", "env: [{name: A, value: 80}]", "", "E-KUBE-003", "f.yaml:9:28"},
        {"", "env: [{value: x}]", "", "E-KUBE-016", "f.yaml:9:11"},
        {"", "env: [{name: A, vlaue: x}]", "", "E-KUBE-008", "f.yaml:9:21"},
        {"", "env: [{name: A, value: x, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]", "",
         "E-KUBE-015", "f.yaml:9:11"},
        {"", "env: [{name: A, valueFrom: {}}]", "", "E-KUBE-015", "f.yaml:9:32"},
        {"", "env: [{name: A, valueFrom: {fieldRef: {fieldPath: status.moon}}}]", "", "E-KUBE-024",
         "f.yaml:9:43"},
        {"", "env: [{name: A, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['x']\"}}}]", "",
         "E-KUBE-023", "f.yaml:9:43"},
        {"", "env: [{name: A, valueFrom: {configMapKeyRef: {name: m, key: k}}}]", "", "E-KUBE-013",
         "f.yaml:9:50"},
        {"", "env: [{name: A, valueFrom: {configMapKeyRef: {name: m, key: k}}}]",
         "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {j: v}\n", "E-KUBE-013",
         "f.yaml:9:50"},
        {"", "env: [{name: A, valueFrom: {configMapKeyRef: {name: m, key: k, optional: true}}}]",
         "", "E-KUBE-022", "f.yaml:9:50"},
        {"", "env: [{name: A, valueFrom: {secretKeyRef: {name: m, key: k}}}]",
         "---\napiVersion: v1\nkind: Secret\nmetadata: {name: m}\ndata: {k: '!'}\n", "E-KUBE-014",
         "f.yaml:14:11"},
        {"", "env: [{name: A, valueFrom: {secretKeyRef: {name: m, key: k}}}]",
         "---\napiVersion: v1\nkind: Secret\nmetadata: {name: m}\ndata: {k: /w==}\n", "E-KUBE-021",
         "f.yaml:14:11"},
        {"", "securityContext: {runAsUser: -1}", "", "E-KUBE-004", "f.yaml:9:34"},
        {"", "securityContext: {runAsUser: 4294967296}", "", "E-KUBE-004", "f.yaml:9:34"},
        {"", "securityContext: {procMount: Unmasked}", "", "E-KUBE-020", "f.yaml:9:23"},
        {"initContainers: [{name: c, image: x}]", "", "", "E-KUBE-009", "f.yaml:8:5"},
        {"initContainers: [{name: c_, image: x}]", "", "", "E-KUBE-011", "f.yaml:6:20"},
        {"initContainers: [{name: d}]", "", "", "E-KUBE-010", "f.yaml:6:20"},
};

static void
bad_pods(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		CLEANUP(kube_done) struct kube_set s;
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf text = {0};
		struct kube_pod p;
		struct err err = {0};
		status st = read_pod(refused[i].spec, refused[i].container, refused[i].more, &s, &a,
		                     &text, &p, &err);

		if (is_ok(st) || strcmp(err.id, refused[i].id) != 0 ||
		    strcmp(err.place, refused[i].place) != 0)
			fail_msg("%s%s: %s %s %s, want %s %s", refused[i].spec,
			         refused[i].container, err.id, err.place, err.msg, refused[i].id,
			         refused[i].place);
	}
}

static void
variables(void **state)
{
	CLEANUP(kube_done) struct kube_set s;
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct kube_pod p;
	const struct kube_env *e;
	struct err err = {0};

	(void)state;
	assert_ok(read_pod(
	        "",
	        "envFrom: [{secretRef: {name: m}, prefix: S_}, {configMapRef: {name: m}}]\n"
	        "    env:\n    - {name: k, value: own}\n    - {name: L, valueFrom: {fieldRef: "
	        "{fieldPath: "
	        "\"metadata.labels['l']\"}}}\n    - {name: NS, valueFrom: {fieldRef: {fieldPath: "
	        "metadata.namespace}}}",
	        "---\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  "
	        "metadata: {name: m}\n"
	        "  data: {k: map, 'not valid': x}\n- apiVersion: v1\n  kind: Secret\n  metadata: "
	        "{name: m}\n"
	        "  data: {k: c2VjcmV0}\n  stringData: {j: plain}\n",
	        &s, &a, &text, &p, &err));
	e = p.containers[0].env;
	assert_int_equal(p.containers[0].n_env, 5);
	assert_bytes(e[0].name, BYTES("S_k"));
	assert_bytes(e[0].value, BYTES("secret"));
	assert_false(e[0].expands);
	assert_bytes(e[1].name, BYTES("S_j"));
	assert_bytes(e[2].value, BYTES("own"));
	assert_true(e[2].expands);
	assert_bytes(e[3].value, BYTES("v"));
	assert_int_equal(e[4].from, KUBE_POD_NAMESPACE);
}

static void
kinds_and_lists(void **state)
{
	static const char text[] = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: "
	                           "a}\nspec: {template: {spec: {runtimeClassName: "
	                           "contrast-cc-x, containers: []}}}\n"
	                           "---\napiVersion: batch/v1\nkind: CronJob\nmetadata: {name: "
	                           "b}\nspec: {jobTemplate: {spec: {template: "
	                           "{spec: {runtimeClassName: kata-cc-isolation}}}}}\n"
	                           "---\napiVersion: serving.knative.dev/v1\nkind: Service\nspec: "
	                           "{template: {spec: {}}}\n"
	                           "---\napiVersion: example.com/v1\nkind: Deployment\nspec: moon\n"
	                           "---\n# nothing\n---\njust: values\n---\n- a\n- list\n"
	                           "---\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  "
	                           "kind: Pod\n  spec: {containers: []}\n"
	                           "- apiVersion: v1\n  kind: Service\n  metadata: {name: s}\n";
	CLEANUP(kube_done) struct kube_set s;
	struct err err = {0};

	(void)state;
	kube_init(&s);
	assert_ok(kube_add(&s, "f.yaml", bytes_str(text), &err));
	assert_int_equal(s.n_workloads, 3);
	assert_true(s.workloads[0].confidential && s.workloads[1].confidential);
	assert_false(s.workloads[2].confidential);
	assert_int_equal(s.workloads[1].kind, KUBE_CRON_JOB);
	assert_int_equal(s.n_services, 1);
}

static const struct {
	const char *text, *id, *place;
} bad_objects[] = {
        {"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {}\n", "E-KUBE-005",
         "f.yaml:4:7"},
        {"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {}}\n",
         "E-KUBE-005", "f.yaml:4:18"},
        {"apiVersion: v1\nkind: Pod\nspec: {runtimeClassName: contrast-cc}\n", "E-KUBE-006",
         "f.yaml:1:1"},
        {"apiVersion: v1\nkind: Pod\nspec: {runtimeClassName: [x]}\n", "E-KUBE-003", "f.yaml:3:26"},
        {"apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n---\napiVersion: v1\nkind: "
         "Secret\nmetadata: {name: a}\n",
         "E-KUBE-007", "f.yaml:5:1"},
        {"apiVersion: v1\nkind: Pod\nspec:\n\tx: 1\n", "E-YAML-001", "f.yaml:4:1"},
};

static void
objects_that_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad_objects); i++) {
		CLEANUP(kube_done) struct kube_set s;
		struct err err = {0};

		kube_init(&s);
		assert_fails(kube_add(&s, "f.yaml", bytes_str(bad_objects[i].text), &err),
		             bad_objects[i].id);
		assert_string_equal(err.place, bad_objects[i].place);
	}
}

/* ---- injection ---- */

static void
inject(const char *before, struct buf *after)
{
	static const struct bytes args[] = {{(const uint8_t *)"--deployment-id=00", 18},
	                                    {(const uint8_t *)"--genesis-key=11", 16}};
	const struct kube_initializer what = {BYTES("reg/initializer@sha256:2"),
	                                      BYTES("coordinator-ready"), args, 2};
	CLEANUP(kube_done) struct kube_set s;
	struct err err = {0};

	kube_init(&s);
	assert_ok(kube_add(&s, "f.yaml", bytes_str(before), &err));
	assert_ok(kube_inject_initializer(&s, &s.workloads[0], &what, &err));
	assert_ok(kube_set_annotation(&s, &s.workloads[0], "note", BYTES("n"), &err));
	assert_ok(kube_set_args(&s, &s.workloads[0],
	                        yaml_item(yaml_get(s.workloads[0].spec, "containers"), 0), args, 2,
	                        &err));
	assert_ok(yaml_apply(&s.files[0]->yaml, after, &err));
}

static void
injection_is_idempotent_and_replaces(void **state)
{
	static const char before[] = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  "
	                             "runtimeClassName: contrast-cc # c\n"
	                             "  initContainers:\n  - name: other\n    image: o\n"
	                             "  - {name: contrast-initializer, image: old}\n"
	                             "  - name: side\n    image: s\n    restartPolicy: Always\n"
	                             "  containers:\n  - name: c\n    image: i\n"
	                             "    args: [--genesis-key=old, serve, --genesis-key=older, "
	                             "--deployment-id=99, --genesis-key=x]\n";
	static const char after[] =
	        "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {note: "
	        "\"n\"}}\nspec:\n"
	        "  runtimeClassName: contrast-cc # c\n"
	        "  initContainers:\n  - name: contrast-initializer\n    image: "
	        "reg/initializer@sha256:2\n"
	        "    args:\n    - --deployment-id=00\n    - --genesis-key=11\n"
	        "    env:\n    - name: COORDINATOR_HOST\n      value: coordinator-ready\n"
	        "    resources:\n      limits:\n        memory: 50Mi\n      requests:\n        "
	        "memory: 50Mi\n"
	        "    volumeMounts:\n    - name: contrast-secrets\n      mountPath: /contrast\n"
	        "  - name: other\n    image: o\n"
	        "  - name: side\n    image: s\n    restartPolicy: Always\n"
	        "    volumeMounts:\n    - name: contrast-secrets\n      mountPath: /contrast\n"
	        "  containers:\n  - name: c\n    image: i\n"
	        "    args: [\"--deployment-id=00\", serve, \"--genesis-key=11\"]\n"
	        "    volumeMounts:\n    - name: contrast-secrets\n      mountPath: /contrast\n"
	        "  volumes:\n  - name: contrast-secrets\n    emptyDir:\n      medium: Memory\n";
	CLEANUP(buf_done) struct buf once = {0};
	CLEANUP(buf_done) struct buf twice = {0};

	(void)state;
	inject(before, &once);
	assert_string_equal(buf_cstr(&once), after);
	inject(buf_cstr(&once), &twice);
	assert_bytes(buf_view(&twice), buf_view(&once));
}

static void
a_foreign_volume_of_that_name_is_refused(void **state)
{
	static const char text[] =
	        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
	        "  containers: [{name: c, image: i}]\n"
	        "  volumes: [{name: contrast-secrets, secret: {secretName: x}}]\n";
	const struct kube_initializer what = {.image = BYTES("i")};
	CLEANUP(kube_done) struct kube_set s;
	struct err err = {0};

	(void)state;
	kube_init(&s);
	assert_ok(kube_add(&s, "f.yaml", bytes_str(text), &err));
	assert_fails(kube_inject_initializer(&s, &s.workloads[0], &what, &err), "E-KUBE-030");
	assert_string_equal(err.place, "f.yaml:6:13");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(bad_pods),
	        cmocka_unit_test(variables),
	        cmocka_unit_test(kinds_and_lists),
	        cmocka_unit_test(objects_that_are_refused),
	        cmocka_unit_test(injection_is_idempotent_and_replaces),
	        cmocka_unit_test(a_foreign_volume_of_that_name_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
