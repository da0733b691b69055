/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history.h: what the manifests of a history say together (PROTOCOL section
 * 9). What an earlier one accepted and the present one does not may have held
 * the root key: such a root is tainted.
 */
#ifndef CHANNEL_HISTORY_H
#define CHANNEL_HISTORY_H

#include "manifest/manifest.h"

struct history_report {
	struct buf taints;  /* one line a reason; empty: none */
	struct buf readers; /* earlier policies that could read a present workload's secret, one a
	                       line */
	size_t n_taints, n_readers;
};
void history_report_done(struct history_report *r);

/* Adds what `earlier` (the manifest of `generation`) says against `present`. */
void history_compare(const struct manifest *present, const struct manifest *earlier,
                     uint64_t generation, struct history_report *r);

#endif
