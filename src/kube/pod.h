/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pod.h: the pod of a workload, read strictly: every field of it is either
 * understood, known to be without effect inside the guest, or refused. Slices
 * borrow from the YAML or live in the arena that is passed in.
 */
#ifndef KUBE_POD_H
#define KUBE_POD_H

#include "kube/kube.h"

/* Where a value comes from that only the node knows. */
enum kube_dynamic {
	KUBE_LITERAL,
	KUBE_POD_NAME,
	KUBE_POD_NAMESPACE,
	KUBE_POD_UID,
	KUBE_POD_IP,
	KUBE_HOST_IP,
	KUBE_NODE_NAME,
	KUBE_RESOURCE, /* resourceFieldRef: a number */
};

struct kube_env {
	struct bytes name;
	struct bytes value; /* KUBE_LITERAL, references not expanded yet */
	enum kube_dynamic from;
	bool expands; /* written as `value`: $(NAME) in it stands for an earlier variable */
	const struct yaml_node *node;
};

enum kube_volume_kind {
	KUBE_VOLUME_EMPTY_DIR,
	KUBE_VOLUME_MEMORY, /* emptyDir with medium Memory */
	KUBE_VOLUME_CONFIG_MAP,
	KUBE_VOLUME_SECRET,
	KUBE_VOLUME_PROJECTED,
	KUBE_VOLUME_DOWNWARD_API,
	KUBE_VOLUME_BLOCK, /* claim or template with volumeMode Block: volumeDevices only */
	KUBE_VOLUME_CLAIM, /* any other claim */
};

struct kube_volume {
	struct bytes name;
	enum kube_volume_kind kind;
	struct bytes object; /* name of the ConfigMap, Secret or claim */
	const struct yaml_node *node;
};

struct kube_mount {
	const struct kube_volume *volume;
	struct bytes path;
	bool read_only;
	bool from_host; /* mountPropagation HostToContainer */
	const struct yaml_node *node;
};

struct kube_device {
	const struct kube_volume *volume;
	struct bytes path;
};

struct kube_security {
	bool has_uid, has_gid, privileged, read_only_root;
	bool no_escalation; /* allowPrivilegeEscalation: false */
	uint32_t uid, gid;
	struct bytes *caps_add, *caps_drop;
	size_t n_caps_add, n_caps_drop;
};

enum kube_role { KUBE_INIT, KUBE_SIDECAR, KUBE_MAIN };

struct kube_exec {
	struct bytes *args;
	size_t n;
};

struct kube_container {
	struct yaml_node *node;
	const struct yaml_node *image_node;
	enum kube_role role;
	struct bytes name, image, working_dir;
	bool has_command, has_args, tty, stdin_open;
	struct bytes *command, *args;
	size_t n_command, n_args;
	struct kube_env *env; /* envFrom first; a later one of a name replaced the earlier */
	size_t n_env;
	struct kube_mount *mounts;
	size_t n_mounts;
	struct kube_device *devices;
	size_t n_devices;
	struct kube_exec *execs; /* of probes and hooks */
	size_t n_execs;
	struct kube_security security;
};

struct kube_pod {
	const struct kube_workload *workload;
	struct kube_container *containers; /* init containers first, in order */
	size_t n_containers;
	struct kube_volume *volumes;
	size_t n_volumes;
	bool has_uid, has_gid, has_fs_group;
	uint32_t uid, gid, fs_group;
	uint32_t *groups; /* supplementalGroups */
	size_t n_groups;
	bool share_pids, host_network;
	bool token_mounted; /* automountServiceAccountToken is not false */
	bool service_links; /* enableServiceLinks is not false */
	bool restarts;      /* restartPolicy Always */
	struct bytes hostname;
};

/*
 * ERR_PARSE E-KUBE-003..019 for what is wrong, ERR_UNSUPPORTED E-KUBE-020..
 * for what no policy can cover, always with file:line:col.
 */
status kube_pod_read(const struct kube_set *s, const struct kube_workload *w, struct arena *a,
                     struct kube_pod *ret, struct err *err);

#endif
