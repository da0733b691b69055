/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launcher.h: one interface, two ways to start a pod's machine: `ns`
 * (namespaces of this kernel) and `vm` (a micro-VM). A launcher measures what
 * it really boots, has the secure processor open a guest context with that
 * measurement and the document's hash as HOSTDATA, boots, and hands back a
 * machine whose stream speaks wire.h. Everything above it is the same for both.
 */
#ifndef NODE_LAUNCHER_H
#define NODE_LAUNCHER_H

#include "node/signer.h"

#include <sys/types.h>

struct launcher;
struct machine;

/* Where a launcher finds what it boots. Absent ones are NULL. */
struct launcher_files {
	const char *runner;   /* ns: the pod runner (contrast-node); NULL = this very program */
	const char *firmware; /* vm */
	const char *kernel;
	const char *initrd;
	const char *cmdline;
	const char *crun;   /* path in the machine */
	const char *images; /* image store: DIR/blobs/sha256 */
};

/* What one pod's machine is started with. */
struct machine_start {
	struct signer *signer;          /* NULL: a plain pod, without device and document */
	struct bytes document;          /* initdata, delivered to the pod */
	uint8_t host_data[SHA256_SIZE]; /* bound at launch; an honest host takes the document's
	                                   SHA-256 */
	struct bytes spec;              /* pod specification, see pod_spec.h */
	bool debug;                     /* launched so that the host may look in */
	uint32_t vcpus;
	const char *work;   /* folder of this pod alone, made by the caller */
	int bridge_netlink; /* netlink socket in the namespace of the bridge */
	const char *bridge;
	const char *link; /* name of the machine's link on the bridge */
	int stderr_fd;    /* where the machine's own complaints go */
};

struct launcher_ops {
	const char *name; /* "ns", "vm": last part of the platform's name */

	/* Can this host do it? ERR_UNSUPPORTED E-NODE-050 says what is missing. */
	status (*probe)(struct launcher *l, struct err *err);

	/* The launch layout of what start() would boot now, but for the CPU signature, which is
	 * the processor's; slices live as long as the launcher. */
	status (*measure)(struct launcher *l, uint32_t vcpus, struct launch_layout *ret,
	                  struct err *err);

	/* Returns when the machine runs and has been sent its start message. */
	status (*start)(struct launcher *l, const struct machine_start *s, struct machine **ret,
	                struct err *err);

	/* A descriptor that polls readable when there is something to read or the machine ended. */
	int (*stream)(const struct machine *m);
	/* The guest's requests to the secure processor (device.h), or -1. */
	int (*device)(const struct machine *m);
	struct signed_guest *(*guest)(const struct machine *m);

	/* WIRE_STOP with seconds of grace; SIGKILL is kill(). */
	status (*stop)(struct machine *m, uint32_t grace, struct err *err);
	void (*kill)(struct machine *m);
	/* Has it ended? Does not block; *ret_code is its exit code, or 128 + signal. */
	bool (*ended)(struct machine *m, int *ret_code);
	/* The host's process of the machine, for the run directory. */
	pid_t (*pid)(const struct machine *m);
	/* Kills it if it lives, waits, releases everything. */
	void (*remove)(struct machine *m);

	void (*free)(struct launcher *l);
};

struct launcher {
	const struct launcher_ops *ops;
};

/* The launcher of a platform's row. ERR_UNSUPPORTED E-NODE-051 for a platform that this host cannot
 * run. */
status launcher_open(struct bytes platform, const struct launcher_files *files,
                     struct launcher **ret, struct err *err);
void launcher_free(struct launcher *l);
static inline void
launcher_drop(struct launcher **l)
{
	launcher_free(*l);
	*l = NULL;
}

/* launcher_ns.c */
status launcher_ns_new(const struct launcher_files *files, struct launcher **ret, struct err *err);

#endif
