/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pod_spec.h: what one pod shall run, as the node tells the pod runner (JSON,
 * strict). The host wrote it, so in a confidential pod it is untrusted: images
 * are taken only by digest, and what the policy says is checked apart.
 *
 *   {"name", "namespace", "hostname", "confidential", "restart": "Always|OnFailure|Never",
 *    "grace": seconds, "address": "10.88.0.2", "prefix": 16, "gateway", "hosts", "resolv",
 *    "volumes":    [{"name", "files"?: [{"path", "mode", "data": base64}]}],
 *    "containers": [{"name", "kind": "init|sidecar|main", "image", "command"?, "args"?, "env"?,
 *                    "workdir"?, "user"?, "groups"?, "privileged"?, "readOnlyRoot"?,
 *                    "noNewPrivileges"?, "addCaps"?, "dropCaps"?,
 *                    "mounts"?: [{"volume", "path", "subPath"?, "readOnly"?}],
 *                    "startup"?, "readiness"?, "liveness"?: probe}]}
 *   probe = {"exec"?: [], "tcp"?: port, "http"?: port, "path"?, "delay", "period", "timeout",
 *            "failures", "successes"}
 */
#ifndef NODE_POD_SPEC_H
#define NODE_POD_SPEC_H

#include "json/value.h"

enum {
	POD_MAX_CONTAINERS = 64,
	POD_MAX_VOLUMES = 128,
	POD_MAX_FILES = 4096,
	POD_MAX_LIST = 1024,
	POD_NAME_MAX = 253,
	POD_CONTAINER_NAME_MAX = 63,
};

struct pod_texts {
	struct bytes *items;
	size_t n;
	bool present; /* an empty list is not the same as none: command, args */
};

enum pod_probe_kind { PROBE_NONE, PROBE_EXEC, PROBE_TCP, PROBE_HTTP };

struct pod_probe {
	enum pod_probe_kind kind;
	struct pod_texts command;
	uint16_t port;
	struct bytes path;
	uint32_t delay, period, timeout, failures, successes;
};

struct pod_mount {
	struct bytes volume, path, sub_path;
	bool read_only;
};

enum pod_container_kind { POD_INIT, POD_SIDECAR, POD_MAIN };

struct pod_container {
	struct bytes name, image;
	enum pod_container_kind kind;
	struct pod_texts command, args, env;
	struct bytes workdir;
	struct bytes user; /* "uid" or "uid:gid" of the pod; empty: the image's */
	uint32_t *groups;
	size_t n_groups;
	bool privileged, readonly_root, no_new_privileges;
	struct pod_texts add_caps, drop_caps;
	struct pod_mount *mounts;
	size_t n_mounts;
	struct pod_probe startup, readiness, liveness;
};

struct pod_file {
	struct bytes path; /* relative, without ".." */
	uint32_t mode;
	struct bytes data;
};

struct pod_volume {
	struct bytes name;
	struct pod_file *files;
	size_t n_files;
	bool has_files; /* ConfigMap, Secret...: read-only to containers. Else memory. */
};

enum pod_restart { RESTART_ALWAYS, RESTART_ON_FAILURE, RESTART_NEVER };

struct pod_spec {
	struct bytes name, ns, hostname, hosts, resolv;
	bool confidential;
	enum pod_restart restart;
	uint32_t grace;
	uint32_t address, gateway; /* host order */
	unsigned int prefix;
	struct pod_volume *volumes;
	size_t n_volumes;
	struct pod_container *containers; /* init and sidecar in start order, then main */
	size_t n_containers;
};

/* Everything in the arena, texts borrowed from `json`. ERR_PARSE E-NODE-032, E-JSON-..., places are
 * JSON paths. */
status pod_spec_parse(struct arena *a, struct bytes json, struct pod_spec *ret, struct err *err);

/* Lower-case letters, digits, '-' and '.', as Kubernetes names are. */
bool pod_name_valid(struct bytes name, size_t max);
/* A relative path without empty, "." and ".." components. */
bool pod_path_valid(struct bytes path);
/* "10.88.0.2" both ways. */
bool ipv4_parse(struct bytes text, uint32_t *ret);
char *ipv4_cstr(uint32_t address, char to[16]);

#endif
