/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence_read.h: what the verbs of `evidence` read: reports and quotes, the
 * endorsements of all of them in one pool, collateral, the manifest. A folder of certificates
 * stands for its files, an entry of configfs-tsm for its report with the host's table.
 */
#ifndef CMD_CONTRAST_EVIDENCE_READ_H
#define CMD_CONTRAST_EVIDENCE_READ_H

#include "cmd/contrast/sources.h"
#include "evidence/intake.h"
#include "evidence/pool.h"
#include "evidence/verify.h"
#include "manifest/manifest.h"

struct evidence_inputs {
	struct arena arena;
	struct pool pool;
	struct sources sources;
	/* What the manifest demands, in the verifier's form; NULL and empty without one. */
	struct manifest *manifest;
	struct reference_sets references;
	struct policy_list policies;
};
void evidence_inputs_init(struct evidence_inputs *in);
void evidence_inputs_done(struct evidence_inputs *in);

struct evidence_file {
	const char *path;
	struct document doc; /* its endorsements: its own, until evidence_complete() */
};

/* All may be called several times; errors name the file. */
status evidence_read_file(struct evidence_inputs *in, const char *path, struct evidence_file *f,
                          struct err *err);
status evidence_read_endorsements(struct evidence_inputs *in, const char *const *files, size_t n,
                                  struct err *err);
/*
 * Bundles and single pieces, and where else to look. `present`: the present is
 * judged, so that nothing older than what was seen before counts.
 */
status evidence_read_collateral(struct evidence_inputs *in, const struct options *o,
                                const struct source_options *ids, size_t collateral, size_t fetch,
                                bool present, struct err *err);
/* path NULL: there is none. */
status evidence_read_policy(struct evidence_inputs *in, const char *path, bool insecure,
                            struct err *err);

/* Of everything read what this file needs; what is missing is looked up, or named line by line. */
status evidence_complete(struct evidence_inputs *in, struct evidence_file *f, int64_t now,
                         struct buf *missing, struct err *err);

status evidence_print_json(struct evidence_inputs *in, const struct value *v, struct err *err);

#endif
