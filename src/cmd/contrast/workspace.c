/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/contrast/workspace.h"

#include <stdio.h>
#include <stdlib.h>

status
workspace_cache_dir(const char *given, char to[WORKSPACE_PATH_SIZE], struct err *err)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int n;

	if (given)
		n = snprintf(to, WORKSPACE_PATH_SIZE, "%s", given);
	else if (xdg && xdg[0] == '/')
		n = snprintf(to, WORKSPACE_PATH_SIZE, "%s/contrast", xdg);
	else if (home && home[0] == '/')
		n = snprintf(to, WORKSPACE_PATH_SIZE, "%s/.cache/contrast", home);
	else
		return err_hint(err,
		                err_set(err, ERR_USAGE, "E-CLI-001", "there is no cache folder"),
		                "give --cache-dir or set HOME");
	if (n < 0 || n >= WORKSPACE_PATH_SIZE)
		return err_set(err, ERR_USAGE, "E-CLI-001", "the path of the cache is too long");
	return OK;
}
