/* SPDX-License-Identifier: Apache-2.0 */
/* A pod from YAML text, with one image for all of its containers, for tests of policies. */
#ifndef TESTS_POLICY_POD_H
#define TESTS_POLICY_POD_H

#include "policy/build.h"
#include "policy/initdata.h"
#include "unit.h"

struct test_pod {
	struct kube_set set;
	struct arena arena;
	struct kube_pod pod;
	struct policy_pod policy;
	struct buf document;
};

static inline void
test_pod_done(struct test_pod *t)
{
	kube_done(&t->set);
	arena_done(&t->arena);
	buf_done(&t->document);
}

/* The image: ENTRYPOINT [/entry], CMD [serve], ENV IMAGE=1, USER 7. */
static inline status
test_pod_build(struct test_pod *t, const char *yaml, struct err *err)
{
	static struct bytes entry[] = {{(const uint8_t *)"/entry", 6}};
	static struct bytes cmd[] = {{(const uint8_t *)"serve", 5}};
	static struct bytes env[] = {{(const uint8_t *)"IMAGE=1", 7}};
	static const struct image_config config = {.env = {env, 1, true},
	                                           .entrypoint = {entry, 1, true},
	                                           .cmd = {cmd, 1, true},
	                                           .user = {(const uint8_t *)"7", 1}};
	const struct policy_build_options o = {.hide_logs = false};
	struct policy_image images[KUBE_MAX_CONTAINERS] = {0};

	kube_init(&t->set);
	TRY(kube_add(&t->set, "pod.yaml", bytes_str(yaml), err));
	TRY(kube_pod_read(&t->set, &t->set.workloads[0], &t->arena, &t->pod, err));
	for (size_t i = 0; i < t->pod.n_containers; i++)
		images[i] = (struct policy_image){t->pod.containers[i].image, &config, NULL,
		                                  POLICY_SOCKET_NONE};
	TRY(policy_build(&t->pod, images, &o, &t->arena, &t->policy, err));
	return policy_document_write(&t->policy, &t->document, err);
}

#define TEST_IMAGE                                                                                 \
	"registry.example/app@sha256:"                                                             \
	"3333333333333333333333333333333333333333333333333333333333333333"

/* One of everything that a policy knows. */
static const char test_pod_full[] =
        "apiVersion: apps/v1\n"
        "kind: Deployment\n"
        "metadata: {name: web.front, namespace: shop}\n"
        "spec:\n"
        "  template:\n"
        "    metadata: {labels: {tier: front}}\n"
        "    spec:\n"
        "      runtimeClassName: contrast-cc\n"
        "      securityContext: {fsGroup: 2000, supplementalGroups: [3000]}\n"
        "      initContainers:\n"
        "      - {name: first, image: '" TEST_IMAGE
        "', command: [/init], volumeMounts: [{name: keys, mountPath: /contrast}]}\n"
        "      containers:\n"
        "      - name: web\n"
        "        image: " TEST_IMAGE "\n"
        "        args: ['--ip=$(IP)', 'a$$b']\n"
        "        workingDir: /srv\n"
        "        env:\n"
        "        - {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}\n"
        "        - {name: URL, value: 'http://$(IP):80/$(TIER)'}\n"
        "        - {name: TIER, valueFrom: {fieldRef: {fieldPath: \"metadata.labels['tier']\"}}}\n"
        "        - {name: ME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}\n"
        "        - {name: CPUS, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}\n"
        "        securityContext:\n"
        "          runAsUser: 1000\n"
        "          runAsGroup: 1001\n"
        "          allowPrivilegeEscalation: false\n"
        "          readOnlyRootFilesystem: true\n"
        "          capabilities: {add: [NET_ADMIN], drop: [MKNOD, CAP_KILL]}\n"
        "        livenessProbe: {exec: {command: [/bin/check, now]}}\n"
        "        volumeMounts:\n"
        "        - {name: keys, mountPath: /contrast}\n"
        "        - {name: tmp, mountPath: /tmp}\n"
        "        - {name: conf, mountPath: /etc/app.d, readOnly: true}\n"
        "      volumes:\n"
        "      - {name: keys, emptyDir: {medium: Memory}}\n"
        "      - {name: tmp, emptyDir: {}}\n"
        "      - {name: conf, configMap: {name: conf}}\n";

#endif
