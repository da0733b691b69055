/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build.h: from the YAML of a pod and the configurations of its images to the
 * pod model of the policy, by the rules by which kubelet and containerd will
 * make the guest's requests of them.
 */
#ifndef POLICY_BUILD_H
#define POLICY_BUILD_H

#include "kube/pod.h"
#include "oci/accounts.h"
#include "policy/data.h"

/* What a container's image says. */
struct policy_image {
	struct bytes pinned; /* the reference with its digest, as the YAML has it after the edit */
	const struct image_config *config;
	const struct accounts *accounts; /* NULL unless policy_needs_accounts() */
	enum policy_socket socket;
};

struct policy_build_options {
	bool hide_logs; /* the host may not read standard output and error */
};

/* Must the image's passwd and group be read? Only when a user is named, not numbered. */
bool policy_needs_accounts(const struct kube_pod *p, const struct kube_container *c,
                           const struct image_config *config);

/*
 * `images[i]` is that of pod->containers[i]. Everything is in the arena or
 * borrowed from pod and images. Failures have file:line:col:
 * ERR_UNSUPPORTED E-POLICY-010 (two values of the node in one text), -011 (a
 * reference to a variable that only the cluster knows), -012 (an image VOLUME
 * without mount), ERR_PARSE E-POLICY-013 (nothing to run), E-OCI-060.
 */
status policy_build(const struct kube_pod *pod, const struct policy_image *images,
                    const struct policy_build_options *o, struct arena *a, struct policy_pod *ret,
                    struct err *err);

/* RE2 of the names that pods of a workload have. */
struct bytes policy_name_pattern(struct arena *a, enum kube_kind kind, struct bytes name);

#endif
