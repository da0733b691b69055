/* SPDX-License-Identifier: Apache-2.0 */
/*
 * data.h: the typed pod model of a policy, and its JSON form, `policy_data`.
 * This is the seam between what reads YAML and images, the Rego rules
 * (rules/policy.rego) that judge the host's requests by it, and the guest that
 * acts on it. A policy document is always the rules, a line
 * `policy_data := {...}`, and nothing behind it.
 */
#ifndef POLICY_DATA_H
#define POLICY_DATA_H

#include "json/value.h"

/*
 * The sockets of PROTOCOL section 4, inside the container. A container whose
 * data names one gets it bound there by the guest (agent, pod runner) and by
 * nobody else: no other container, whatever the host asks for.
 */
#define POLICY_EVIDENCE_SOCKET "/run/contrast/evidence.sock"
#define POLICY_REPORT_SOCKET "/run/contrast/report.sock"

enum {
	POLICY_DATA_VERSION = 1,
	POLICY_MAX_BYTES = 4 * 1024 * 1024, /* of a policy document */
};

enum policy_role { POLICY_INIT, POLICY_SIDECAR, POLICY_MAIN };
enum policy_socket { POLICY_SOCKET_NONE, POLICY_SOCKET_EVIDENCE, POLICY_SOCKET_REPORT };

/* Where a part of a text comes from that only the node knows; rules bound each. */
enum policy_dynamic {
	POLICY_LITERAL,
	POLICY_POD_NAME,
	POLICY_POD_NAMESPACE,
	POLICY_POD_UID,
	POLICY_POD_IP,
	POLICY_HOST_IP,
	POLICY_NODE_NAME,
	POLICY_NUMBER,
};

/* A variable: a fixed value; a value of the node; or a text with $(ref) in it, ref of the second
 * kind. */
struct policy_env {
	struct bytes name;
	struct bytes value; /* POLICY_LITERAL */
	enum policy_dynamic from;
	struct bytes ref; /* the variable whose value stands for $(ref) in `value`; empty: none */
};

struct policy_arg {
	struct bytes text;
	struct bytes ref;
};

enum policy_source {
	POLICY_SOURCE_MEMORY,  /* emptyDir, medium Memory */
	POLICY_SOURCE_SCRATCH, /* emptyDir */
	POLICY_SOURCE_FILES,   /* ConfigMap, Secret, projected, downward API: files that the host
	                        * copies in
	                        */
};

struct policy_mount {
	struct bytes path; /* in the container */
	enum policy_source source;
	struct bytes volume;
	bool read_only;
	bool from_host; /* propagation HostToContainer */
};

struct policy_texts {
	struct bytes *items;
	size_t n;
};

struct policy_container {
	struct bytes name;
	enum policy_role role;
	struct bytes image;      /* host/repository[:tag]@sha256:... */
	struct policy_arg *args; /* the whole command line, image's entry point included */
	size_t n_args;
	struct policy_env *env; /* image's, then the pod's; names are unique */
	size_t n_env;
	struct bytes cwd;
	uint32_t uid, gid;
	uint32_t *groups; /* ascending, without gid */
	size_t n_groups;
	bool privileged, read_only_root, no_new_privileges, terminal;
	struct policy_texts caps_add, caps_drop; /* "CAP_NET_ADMIN", "ALL" */
	struct policy_mount *mounts;
	size_t n_mounts;
	struct policy_texts devices; /* paths in the container */
	struct policy_texts *execs;  /* commands of probes and hooks */
	size_t n_execs;
	enum policy_socket socket;
};

struct policy_pod {
	struct bytes kind, name;
	struct bytes name_pattern; /* RE2, anchored: names that pods of this workload have */
	struct bytes space;        /* empty: any, but one for the whole pod */
	struct bytes hostname;     /* empty: the pod's name */
	struct policy_container *containers; /* init containers first, in order */
	size_t n_containers;
	bool share_pids;
	bool service_links; /* variables of Services may be added */
	bool token;         /* the service account's files may be mounted */
	bool logs;          /* the host may read standard output and error */
};

/*
 * Appends the JSON of `policy_data`: fixed member order, indented, since some
 * readers of policies limit the length of a line.
 */
status policy_data_write(const struct policy_pod *p, struct buf *out, struct err *err);

/*
 * Read it back, strictly; borrows from `json` and the arena.
 * ERR_PARSE E-POLICY-001 and E-JSON-*, the place is a JSON path.
 */
status policy_data_read(struct arena *a, struct bytes json, struct policy_pod *ret,
                        struct err *err);

/* Container by name, or NULL. */
const struct policy_container *policy_container_find(const struct policy_pod *p, struct bytes name);

#endif
