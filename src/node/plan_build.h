/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_build.h: from Kubernetes objects to plan.json: the part of control
 * plane and kubelet that one machine needs. One plan pod a replica, addresses
 * and names fixed at once, so that nothing has to be discovered later.
 *
 * Addresses: pods 10.88.0.2.., Services 10.88.128.1.., gateway and DNS
 * 10.88.0.1. Names: NAME.NS.svc.cluster.local, NAME.NS.svc, NAME.NS and NAME
 * of every Service (a headless one gives its pods), POD.SERVICE.NS.svc.cluster.local
 * of StatefulSet pods and of pods with hostname and subdomain.
 * Forwarded to the host's loopback: every port of Services of type
 * LoadBalancer and NodePort, and the owners' port of Coordinators.
 */
#ifndef NODE_PLAN_BUILD_H
#define NODE_PLAN_BUILD_H

#include "kube/pod.h"
#include "node/net.h"
#include "json/value.h"

struct plan_options {
	struct bytes name, source;
	const char *const *
	        debug; /* workloads whose guests are launched under a debug policy (attack tests) */
	size_t n_debug;
	const char *const
	        *swap; /* WORKLOAD=FILE: deliver this document, HOSTDATA stays (attack tests) */
	size_t n_swap;
};

/*
 * ERR_UNSUPPORTED E-NODE-090 what one machine cannot give (block volumes,
 * resourceFieldRef), ERR_LIMIT E-NODE-063, with file:line:col where there is one.
 */
status plan_build(const struct kube_set *set, const struct plan_options *o, struct buf *json,
                  struct err *err);

/* ---- shared by the files of plan_build*.c ---- */

struct plan_maker {
	const struct kube_set *set;
	const struct plan_options *o;
	struct arena arena;
	struct value names, ports, pods; /* arrays of the plan */
	struct plan_made {
		const struct kube_workload *workload;
		const struct kube_pod *pod;
		struct bytes name, ns, hostname, subdomain;
		const struct yaml_node *labels;
		uint32_t address;
		uint32_t ordinal;
	} made[NET_MAX_PODS];
	size_t n_made;
	size_t n_services;
	struct err *err;
};

struct bytes plan_namespace(struct bytes given);
/* One container's variables with $(NAME) expanded, then its commands by them. */
status plan_environment(struct plan_maker *m, const struct plan_made *pod,
                        const struct kube_container *c, struct value *env, struct value *command,
                        struct value *args);
/* A probe of the container's YAML; undefined when there is none. */
status plan_probe(struct plan_maker *m, const struct kube_file *f, const struct kube_container *c,
                  const char *which, struct value *ret);
/* A port by number or by the name that a container gives it. */
status plan_port(struct plan_maker *m, const struct kube_file *f, const struct yaml_node *n,
                 const struct kube_pod *pod, const struct kube_container *c, uint16_t *ret);
/* The pod's volumes with their files. */
status plan_volumes(struct plan_maker *m, const struct plan_made *pod, struct value *ret);
/* Services: addresses, names, ports, forwards. Needs all pods. */
status plan_services(struct plan_maker *m);

#endif
