/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h: work below a root directory that holds a stranger's links: inside of
 * unpack.c. Paths are those of layer_path().
 */
#ifndef OCI_TREE_H
#define OCI_TREE_H

#include "base/status.h"

/*
 * The directory that holds the last component of `path`, opened O_PATH without
 * ever leaving the root; `*ret_name` points into path. `create`: missing
 * directories are made (0755). ERR_NOT_FOUND when absent, ERR_REJECTED
 * E-OCI-051 when something in the way is no directory, ERR_IO.
 */
status tree_parent(int root, const char *path, bool create, int *ret_dir, const char **ret_name,
                   struct err *err);

/* Remove what `name` in `dir` is, whatever it is; absent is fine. Never follows a link. */
status tree_remove_at(int dir, const char *name, struct err *err);

#endif
