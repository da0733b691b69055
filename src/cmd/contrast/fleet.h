/* SPDX-License-Identifier: Apache-2.0 */
/* fleet.h: what the machines of a fleet need, from their evidence and from manifests. */
#ifndef CMD_CONTRAST_FLEET_H
#define CMD_CONTRAST_FLEET_H

#include "attest/collateral/collateral.h"

struct fleet {
	struct collateral *collateral; /* with `taken`: where the items end up */
	int64_t now;
	struct buf *missing; /* one line each */
	size_t machines;     /* pieces of evidence that were read */
	size_t passed;       /* files in folders that are none */
};

/*
 * Files in any form that `evidence show` takes, receipts, and folders of them
 * (not those below). A file named that is no evidence is an error; one in a folder is
 * passed over.
 */
status fleet_evidence(struct fleet *f, const char *const *paths, size_t n, struct err *err);

/* What the reference sets of a manifest need, whichever machine it is. */
status fleet_manifest(struct fleet *f, const char *path, struct err *err);

#endif
