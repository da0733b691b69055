/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h: what `contrast up` hands to contrast-node: plan.json in the run
 * directory. Made from the generated YAML by plan_build() (plan_build.c), read
 * by the node.
 *
 *   {"name", "source", "gateway": "10.88.0.1",
 *    "names": [{"name", "address", "pod"}],                        pod -1: always answered
 *    "ports": [{"service", "address", "port", "anyState", "forward", "hostPort",
 *               "targets": [{"pod", "address", "port"}]}],
 *    "pods":  [{"platform", "initdata": base64, "policyHash", "debug", "images": [], "spec": {}}]}
 */
#ifndef NODE_PLAN_H
#define NODE_PLAN_H

#include "node/net.h"
#include "json/value.h"

enum { PLAN_MAX_BYTES = 256 * 1024 * 1024 };

struct plan_pod {
	struct bytes
	        platform; /* "local-ns"; empty: a plain pod, run under ns without a processor */
	struct bytes document;    /* initdata; empty for a plain pod */
	struct bytes policy_hash; /* hex; HOSTDATA of the launch */
	uint8_t host_data[32];
	bool debug;
	struct bytes *images;
	size_t n_images;
	struct bytes spec; /* JSON of pod_spec.h */
	struct bytes name, ns, address;
	struct bytes *containers; /* names in the specification's order */
	size_t n_containers;
	uint32_t grace;
};

struct plan {
	struct arena arena;
	struct buf text;
	struct bytes name, source;
	struct net_plan net;
	struct bytes *services; /* "namespace/name" of net.ports[i] */
	struct plan_pod *pods;
	size_t n_pods;
};

/* ERR_PARSE E-NODE-070 and JSON errors. The plan is released by plan_done() either way. */
status plan_read(const char *path, struct plan *ret, struct err *err);
void plan_done(struct plan *p);

#endif
