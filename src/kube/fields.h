/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields.h: every field of a pod and of a container that Kubernetes 1.31
 * knows, and what we make of it. A field that is in no table is a typing
 * error or newer than we are: both would make the policy wrong in silence.
 */
#ifndef KUBE_FIELDS_H
#define KUBE_FIELDS_H

#include "kube/kube.h"

enum kube_treatment {
	KUBE_READ,   /* understood elsewhere in this folder */
	KUBE_IGNORE, /* decided outside the guest, or without effect on the policy */
	KUBE_REFUSE, /* changes what runs in a way that no policy of ours covers */
};

struct kube_field {
	const char *name;
	enum kube_treatment treatment;
	const char *why; /* of KUBE_REFUSE: what to do instead */
};

enum kube_fields {
	KUBE_FIELDS_POD,
	KUBE_FIELDS_CONTAINER,
	KUBE_FIELDS_POD_SECURITY,
	KUBE_FIELDS_SECURITY,
	KUBE_FIELDS_VOLUME,
	KUBE_FIELDS_MOUNT,
	KUBE_FIELDS_ENV,
};

/* ERR_PARSE E-KUBE-008 unknown, ERR_UNSUPPORTED E-KUBE-020 refused, at the field. */
status kube_check_fields(const struct kube_file *f, const struct yaml_node *m,
                         enum kube_fields which, struct err *err);

#endif
