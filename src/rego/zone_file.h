/* SPDX-License-Identifier: Apache-2.0 */
/* zone_file.h: the system's time zones for eval_options.zone; programs alone use it. */
#ifndef REGO_ZONE_FILE_H
#define REGO_ZONE_FILE_H

#include "base/buf.h"

/* `ctx`: the folder as a C string, NULL = /usr/share/zoneinfo. The name was checked by the engine.
 */
bool zone_file(void *ctx, struct bytes name, struct buf *tzif);

#endif
