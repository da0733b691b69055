/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: kube_add, kube_pod_read of every workload, the injection, yaml_apply. */
#include "kube/inject.h"
#include "kube/pod.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct bytes args[] = {{(const uint8_t *)"--deployment-id=00", 18}};
	const struct kube_initializer what = {BYTES("i"), BYTES("c"), args, 1};
	CLEANUP(kube_done) struct kube_set s;
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf once = {0};
	struct kube_pod pod;
	struct err err;

	kube_init(&s);
	if (!is_ok(kube_add(&s, "f", bytes_of(data, size), &err)))
		return 0;
	for (size_t i = 0; i < s.n_workloads && i < 16; i++) {
		(void)is_ok(kube_inject_initializer(&s, &s.workloads[i], &what, &err));
		(void)is_ok(kube_pod_read(&s, &s.workloads[i], &a, &pod, &err));
		(void)is_ok(kube_set_annotation(&s, &s.workloads[i], "k", BYTES("v"), &err));
	}
	if (!is_ok(yaml_apply(&s.files[0]->yaml, &once, &err)) && once.n > 0)
		abort();
	return 0;
}
