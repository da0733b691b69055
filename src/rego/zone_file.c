/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/zone_file.h"

#include <stdio.h>

#include "base/file.h"
#include "rego/time_zone.h"

bool
zone_file(void *ctx, struct bytes name, struct buf *tzif)
{
	const char *folder = ctx ? ctx : "/usr/share/zoneinfo";
	char path[512];
	struct err err;
	int n;

	if (!zone_name_ok(name))
		return false;
	n = snprintf(path, sizeof path, "%s/%.*s", folder, BYTES_ARG(name));
	return n > 0 && (size_t)n < sizeof path &&
	       is_ok(file_read(path, ZONE_MAX_FILE, tzif, &err));
}
