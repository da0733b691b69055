/* SPDX-License-Identifier: Apache-2.0 */
/* sources.h: where verbs get collateral from, as their options say: cache, bundles, mirrors,
 * vendors. */
#ifndef CMD_CONTRAST_SOURCES_H
#define CMD_CONTRAST_SOURCES_H

#include "attest/collateral/collateral.h"
#include "channel/attested.h"
#include "config/options.h"

/* The options of one verb: SOURCE_OPTIONS(evidence_verify). */
struct source_options {
	size_t cache_dir, kds, pcs, mirror_ca;
};
#define SOURCE_OPTIONS(verb)                                                                       \
	{                                                                                          \
		OPT_##verb##_cache_dir, OPT_##verb##_kds, OPT_##verb##_pcs, OPT_##verb##_mirror_ca \
	}
/* And of a verb that talks to a Coordinator. */
struct session_options {
	struct source_options source;
	size_t fetch, collateral, coordinator;
};
#define SESSION_OPTIONS(verb)                                                                      \
	{                                                                                          \
		SOURCE_OPTIONS(verb), OPT_##verb##_fetch, OPT_##verb##_collateral,                 \
		        OPT_##verb##_coordinator                                                   \
	}

struct sources {
	struct collateral collateral;
	struct collateral_set bundle; /* of sources_bundle(), all of them together */
	struct arena arena;
	struct buf notes, missing;
	struct document completed; /* the last evidence of a Coordinator, if anything was added */
	bool has_completed;
	int64_t now;
};

/*
 * With `connect` the vendors or their mirrors may be asked. Without a folder
 * for the cache there is simply none. ERR_USAGE E-CLI-044: a mirror that is no
 * URL, or plain HTTP beyond this machine. *ret is released by sources_done() either way.
 */
status sources_open(const struct options *o, const struct source_options *ids, bool connect,
                    struct sources *ret, struct err *err);
void sources_done(struct sources *s);

/* Adds the items of a bundle; of one item in several bundles the newest counts. `text` is borrowed.
 */
status sources_bundle(struct sources *s, const char *path, struct bytes text, struct err *err);

/*
 * folder_open() with what the Coordinator's evidence lacks taken from bundles, cache and,
 * with --fetch, the vendors. What could not be had is on standard error when
 * the evidence is refused. `expect` refers to `s` afterwards.
 */
status sources_attest(struct sources *s, const struct options *o, const struct session_options *ids,
                      struct tls_client *tls, struct session_expect *expect, uint64_t wait,
                      struct attested *ret, struct err *err);

/*
 * After evidence was accepted under `root`: if that is a vendor's, nothing older than what it
 * rests on is taken from now on.
 */
void sources_remember(const struct sources *s, const struct hash256 *root, bool lists_checked);

/* What was noted about the cache, as warnings; once. */
void sources_tell(struct sources *s);

#endif
