/* SPDX-License-Identifier: Apache-2.0 */
/* parts.h: the pieces of kube_pod_read(), one file each; for this folder only. */
#ifndef KUBE_PARTS_H
#define KUBE_PARTS_H

#include "kube/pod.h"

/* Fills p->volumes, also from volumeClaimTemplates. */
status kube_volumes_read(const struct kube_set *s, const struct kube_workload *w, struct arena *a,
                         struct kube_pod *p, struct err *err);

/* c->node is set; p has its volumes. */
status kube_container_read(const struct kube_set *s, const struct kube_pod *p, bool init,
                           struct arena *a, struct kube_container *c, struct err *err);

/* env and envFrom of a container. */
status kube_env_read(const struct kube_set *s, const struct kube_workload *w,
                     const struct yaml_node *container, struct arena *a, struct kube_env **ret,
                     size_t *ret_n, struct err *err);

/* RFC 1123 label, as names of containers and volumes are. */
bool kube_is_label(struct bytes name);

#endif
