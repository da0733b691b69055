/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reference.h: reference values of the local platform's rows, computed from
 * the very files that would be booted and the processor that would sign, never
 * constants (docs/local-platform.md). Only these rows have built-in ones.
 */
#ifndef NODE_REFERENCE_H
#define NODE_REFERENCE_H

#include "node/launcher.h"

/*
 * What a platform ("local-ns", "local-ns-tdx") would boot now, as lines: the launch digest of
 * SNP in hex, or "mrtd" and "rtmr0" to "rtmr3" with theirs. `runner` is the contrast-node
 * program; NULL = this program if it is contrast-node, else the one beside it
 * (reference_runner()). ERR_UNSUPPORTED E-NODE-051.
 */
status reference_measure(struct bytes platform, const char *runner, enum processor_part part,
                         struct buf *out, struct err *err);

/*
 * A reference values file, {"snp": [{...}]} or {"tdx": [{...}]} as in manifest.json, with one
 * complete set: measurement, TrustRoot, ProductName, MinimumTCB, GuestPolicy,
 * PlatformInfo, or what quoter_reference_json() says. For manifest_add_reference_values().
 * Opens the processor's state in `state_dir` (NULL = the default), making it when absent.
 */
status reference_values_json(struct bytes platform, const char *runner, const char *state_dir,
                             enum processor_part part, int64_t now, struct buf *out,
                             struct err *err);

/* contrast-node: $CONTRAST_NODE, this program if it is called so, or the file beside it.
 * ERR_NOT_FOUND E-NODE-054. */
status reference_runner(struct buf *out, struct err *err);

#endif
