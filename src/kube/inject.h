/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inject.h: the edits that make a workload confidential (docs/generate.md).
 * Each works on the tree (yaml/edit.h) and is nothing when done already, so
 * doing all of them twice is doing them once. Failures have file:line:col.
 */
#ifndef KUBE_INJECT_H
#define KUBE_INJECT_H

#include "kube/kube.h"

#define KUBE_INITIALIZER "contrast-initializer"
#define KUBE_MESH "contrast-service-mesh"
#define KUBE_SECRETS_VOLUME "contrast-secrets"
#define KUBE_SECRETS_PATH "/contrast"

struct kube_initializer {
	struct bytes image;
	struct bytes coordinator; /* COORDINATOR_HOST */
	const struct bytes *args; /* the pins */
	size_t n_args;
};

/*
 * The initializer as first init container (a present one is replaced), the
 * memory-backed volume for its results, and a mount of it in every container
 * that has none. ERR_CONFLICT E-KUBE-030: the volume's name is taken by
 * something else.
 */
status kube_inject_initializer(struct kube_set *s, const struct kube_workload *w,
                               const struct kube_initializer *what, struct err *err);

/*
 * Arguments of the form --name=value: those with a prefix of `args` up to its
 * "=" are replaced, missing ones appended, surplus ones removed; all others stay.
 */
status kube_set_args(struct kube_set *s, const struct kube_workload *w, struct yaml_node *container,
                     const struct bytes *args, size_t n, struct err *err);

/* A pod annotation; makes metadata and annotations where they are missing. */
status kube_set_annotation(struct kube_set *s, const struct kube_workload *w, const char *name,
                           struct bytes value, struct err *err);

/* A member of the pod's spec or of a container that is a string. */
status kube_set_text(struct kube_set *s, const struct kube_workload *w, struct yaml_node *m,
                     const char *name, struct bytes value, struct err *err);

#endif
