/* SPDX-License-Identifier: Apache-2.0 */
/* local.h: what up, down, status and logs share: the files of a run directory, as they see it. */
#ifndef CMD_CONTRAST_LOCAL_H
#define CMD_CONTRAST_LOCAL_H

#include "kube/kube.h"
#include "node/rundir.h"
#include "json/value.h"

enum { LOCAL_STATUS_MAX = 16 * 1024 * 1024, LOCAL_FILE_MAX = 16 * 1024 * 1024 };

/* status.json, parsed; zeroed = empty. */
struct local_status {
	struct arena arena;
	struct buf text;
	struct value v;
};
void local_status_done(struct local_status *s);
/* Reads it again. ERR_NOT_FOUND before the node wrote its first. */
status local_status_read(const struct rundir *r, struct local_status *ret, struct err *err);
struct bytes local_text(const struct value *v, const char *name);
bool local_true(const struct value *v, const char *name);

/* All YAML below `dir`, in the order of its names, into the set; `texts` keeps the bytes. */
struct local_yaml {
	struct arena arena;
	struct kube_set set;
	size_t n_files;
};
void local_yaml_done(struct local_yaml *y);
/* ERR_NOT_FOUND E-CLI-020 when there is none. */
status local_yaml_read(const char *dir, struct local_yaml *ret, struct err *err);
/* Writes every YAML file that was read to `to`, numbered. */
status local_yaml_copy(const struct local_yaml *y, const char *to, struct err *err);
/* manifest.json, genesis.json, keys and pins: regular files *.json and *.pem of `from`. */
status local_workspace_copy(const char *from, const char *to, struct err *err);

/* Are all pods of the status ready or done? A failed one is in *ret_failed. */
bool local_all_ready(const struct local_status *s, const struct value **ret_failed);

/* The tables that people see (status.c). */
void status_show(const struct local_status *s, struct buf *out);

#endif
