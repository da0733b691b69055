/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.h: the Rego of a policy, in whatever form it is at hand: as Rego; as
 * the annotation of Kata's (base64 of Rego); as an initdata document, in TOML,
 * compressed, or as its annotation (base64 of gzip); or in a pod's YAML.
 * Told apart by content. Nothing here is trusted or verified: it is for who
 * looks at a policy.
 */
#ifndef POLICY_SOURCE_H
#define POLICY_SOURCE_H

#include "kube/kube.h"

#define POLICY_KATA_ANNOTATION "io.katacontainers.config.agent.policy"

/*
 * Rego comes back as it is (borrowed), everything else unwrapped in the arena. Text of no form
 * counts as Rego, so that its compiler says what is wrong.
 * ERR_PARSE E-POLICY-030 (base64), -031 (no policy.rego in [data]), E-POLICY-004 (gzip), E-TOML-*;
 * ERR_LIMIT E-POLICY-005 (a bomb).
 */
status policy_unwrap(struct arena *a, struct bytes text, struct bytes *ret, struct err *err);

/* The same of a workload's annotations. *ret_found is false when it has none of a policy. */
status policy_of_workload(struct arena *a, const struct kube_workload *w, bool *ret_found,
                          struct bytes *ret, struct err *err);

#endif
