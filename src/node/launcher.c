/* SPDX-License-Identifier: Apache-2.0 */
#include "node/launcher.h"

status
launcher_open(struct bytes platform, const struct launcher_files *files, struct launcher **ret,
              struct err *err)
{
	const struct platform *row = platform_find(platform);

	if (row && row->launcher && bytes_is(bytes_str(row->launcher), "ns"))
		return launcher_ns_new(files, ret, err);
	return err_hint(err,
	                err_set(err, ERR_UNSUPPORTED, "E-NODE-051",
	                        "platform \"%.*s\" cannot be run on this machine",
	                        BYTES_ARG(platform)),
	                "contrast generate --reference-values local-ns");
}

void
launcher_free(struct launcher *l)
{
	if (l)
		l->ops->free(l);
}
