/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request.h: the requests that kubelet, containerd and Kata's shim will send
 * to the guest for a pod of the policy, as JSON in the shape in which the
 * agent hands them to the rules. Values that only the node knows are examples
 * of what a node gives.
 */
#ifndef POLICY_REQUEST_H
#define POLICY_REQUEST_H

#include "policy/data.h"

/* Ids are 64 hexadecimal digits; all fit the policy's bounds. */
struct policy_sample {
	struct bytes pod, space, uid, pod_ip, host_ip, node;
	struct bytes sandbox_id;
};

/* Names and addresses that a pod of this workload could have. Slices are in the arena. */
void policy_sample_fill(struct arena *a, const struct policy_pod *p, struct policy_sample *ret);

/* Each appends one JSON text. `n` tells containers of one pod apart. */
void policy_request_sandbox(const struct policy_sample *s, struct buf *out);
void policy_request_pause(const struct policy_pod *p, const struct policy_sample *s,
                          struct buf *out);
void policy_request_container(const struct policy_pod *p, const struct policy_sample *s, size_t n,
                              struct buf *out);
/* The e-th command of the container's probes and hooks. */
void policy_request_exec(const struct policy_pod *p, const struct policy_sample *s, size_t n,
                         size_t e, struct buf *out);

#endif
