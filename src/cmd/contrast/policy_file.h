/* SPDX-License-Identifier: Apache-2.0 */
/* policy_file.h: a policy that the user named, as Rego or in what it travels in. */
#ifndef CMD_CONTRAST_POLICY_FILE_H
#define CMD_CONTRAST_POLICY_FILE_H

#include "base/arena.h"

/*
 * The Rego of a file's text: Rego, an annotation, an initdata document (policy/source.h), or of a
 * *.yaml the policy of the workload `pod` ("web" or "Deployment/web"; NULL: the only one).
 * *ret_name is what messages call it. In the arena or borrowed from `text` and `path`.
 * ERR_NOT_FOUND E-POLICY-032..034, ERR_PARSE E-POLICY-030, -031 and those of the forms.
 */
status policy_file_rego(struct arena *a, const char *path, struct bytes text, const char *pod,
                        const char **ret_name, struct bytes *ret, struct err *err);

#endif
