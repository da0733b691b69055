/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rundir.h: one directory a running deployment, below $CONTRAST_RUN_DIR or
 * /run/contrast. The node holds a lock on it while it lives, so "is it
 * running?" has one answer even after a crash.
 *
 *   <base>/<name>/lock          locked by the node
 *                 plan.json     what to run
 *                 status.json   written by the node after every change
 *                 node.log
 *                 images/       blobs
 *                 m/<i>/        becomes the machine's tmpfs in its own mount namespace
 *                 logs/<pod>/<container>.log
 *                 workspace/    copies of the user's manifest, keys, pins
 */
#ifndef NODE_RUNDIR_H
#define NODE_RUNDIR_H

#include "base/buf.h"

#include <sys/types.h>

enum { RUNDIR_PATH = 1024, RUNDIR_NAME_MAX = 48 };

struct rundir {
	char path[RUNDIR_PATH];
	char name[RUNDIR_NAME_MAX + 1];
};

/* Name of a deployment: last component of the real path of `dir`, and 8 digits of its hash. */
status rundir_of(const char *dir, struct rundir *ret, struct err *err);
/*
 * The one to talk about: that of `dir`, or with NULL the only one there is.
 * ERR_NOT_FOUND E-NODE-080 (none), ERR_USAGE E-NODE-081 (several; they are named).
 */
status rundir_find(const char *dir, struct rundir *ret, struct err *err);
/* <path>/<name>, NUL-terminated; returns to. Empty when too long. */
char *rundir_file(const struct rundir *r, const char *name, char to[RUNDIR_PATH + 256]);

/* The node's lock; held until the process ends. ERR_CONFLICT E-NODE-082 when it is taken. */
status rundir_lock(const struct rundir *r, int *ret_fd, struct err *err);
/* Is a node holding it? */
bool rundir_is_running(const struct rundir *r);
/*
 * Ends the node of this directory (SIGTERM, after `grace` seconds SIGKILL),
 * waits until it and all its machines are gone, removes the directory. Works
 * after a crash, too, and twice. ERR_IO E-NODE-083 when something will not go.
 */
status rundir_down(const struct rundir *r, unsigned int grace, struct err *err);

/* What starts and stops pods needs root: ERR_UNSUPPORTED E-NODE-050 without. */
status rundir_need_root(struct err *err);

/* Start time of a process in clock ticks since boot, 0 if there is none: a pid and it name one
 * process for ever. */
uint64_t process_start_time(pid_t pid);

#endif
