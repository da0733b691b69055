/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container.h: containers inside a pod's sandbox, by crun. Whoever is PID 1 of
 * the sandbox (pod runner, agent) calls it: the container's first process
 * becomes that PID 1's child, so its exit status is the exact one. Cgroups are
 * not managed and limits are not raised: the sandbox is the limit (research on
 * hybrid cgroup hosts: crun refuses otherwise).
 */
#ifndef AGENT_CONTAINER_H
#define AGENT_CONTAINER_H

#include "base/buf.h"

#include <sys/types.h>

enum {
	CONTAINER_MAX_ARGS = 1024,
	CONTAINER_MAX_MOUNTS = 256,
	CONTAINER_MAX_CAPS = 64,
	CONTAINER_MAX_GROUPS = 64,
	CONTAINER_ID_MAX = 128,
};

struct container_mount {
	struct bytes source;      /* path in the sandbox, or a filesystem's name */
	struct bytes destination; /* absolute path in the container */
	const char *type;         /* "bind", "tmpfs", ... */
	const char *options;      /* "rbind,ro": separated by commas */
};

struct container_spec {
	const char *id;           /* letters, digits, "_.-"; unique in the sandbox */
	struct bytes rootfs;      /* absolute path */
	const struct bytes *args; /* without NUL bytes */
	size_t n_args;
	const struct bytes *env; /* "NAME=value" */
	size_t n_env;
	struct bytes cwd; /* empty: "/" */
	uint32_t uid, gid;
	const uint32_t *groups;
	size_t n_groups;
	bool privileged; /* every capability of the sandbox, nothing masked */
	bool readonly_root;
	bool no_new_privileges;
	const struct bytes *add_caps; /* "NET_ADMIN" or "CAP_NET_ADMIN"; "ALL" */
	size_t n_add_caps;
	const struct bytes *drop_caps;
	size_t n_drop_caps;
	const struct container_mount *mounts; /* after the standard ones, in this order */
	size_t n_mounts;
};

/* Where crun keeps its things; all in memory of the sandbox. */
struct container_runner {
	const char *crun;  /* program */
	const char *state; /* its --root */
	const char *work;  /* a folder for bundles: <work>/<id>/config.json */
};

/*
 * The OCI runtime configuration (1.0.2), appended. Namespaces: own mount and
 * PID namespace; network, IPC and host name are the sandbox's. Default
 * capabilities are containerd's. ERR_REJECTED E-AGENT-001 for a field that the
 * format cannot carry (NUL in an argument, relative path, unknown capability).
 */
status container_config(const struct container_spec *c, struct buf *out, struct err *err);

/*
 * Starts the container's process with standard input from /dev/null and the
 * given output descriptors. On success *ret is a child of the caller (which is
 * PID 1 or a subreaper) to wait for. ERR_IO E-AGENT-010 with crun's own words.
 */
status container_start(const struct container_runner *r, const struct container_spec *c, int out_fd,
                       int err_fd, pid_t *ret, struct err *err);

/* Removes what crun and we keep of an exited container; kills it if it lives. */
void container_delete(const struct container_runner *r, const char *id);

/* Starts a command in a running container (probes), output dropped; *ret is crun's own process. */
status container_exec(const struct container_runner *r, const char *id, const struct bytes *args,
                      size_t n_args, pid_t *ret, struct err *err);

#endif
