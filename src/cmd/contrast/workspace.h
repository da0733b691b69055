/* SPDX-License-Identifier: Apache-2.0 */
/* workspace.h: the folders that verbs share. */
#ifndef CMD_CONTRAST_WORKSPACE_H
#define CMD_CONTRAST_WORKSPACE_H

#include "base/status.h"

enum { WORKSPACE_PATH_SIZE = 4096 };

/* `given` (the flag or CONTRAST_CACHE_DIR) or the user's cache folder. ERR_USAGE E-CLI-001 without
 * either. */
status workspace_cache_dir(const char *given, char to[WORKSPACE_PATH_SIZE], struct err *err);

#endif
