/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folder.h: the files of an owner's or verifier's folder that `set`,
 * `verify` and `sign` share: manifest, pins, owner keys, and what was verified
 * before. Nothing below verify/ is written before a verdict.
 */
#ifndef CMD_CONTRAST_FOLDER_H
#define CMD_CONTRAST_FOLDER_H

#include "channel/attested.h"
#include "config/options.h"

enum { FOLDER_FILE_MAX = 1024 * 1024 };

struct folder {
	const char *dir; /* NULL = the current folder */
};

/* "DIR/name"; name itself without a folder. Returns to. */
const char *folder_path(const struct folder *w, const char *name, char to[4096]);

/*
 * manifest.json, with every fault on standard error. "Insecure" without the
 * flag is ERR_REJECTED E-OWNER-001.
 */
status folder_manifest(const char *path, bool insecure, struct manifest **ret, struct err *err);
/* genesis.json. ERR_NOT_FOUND E-OWNER-002: without pins nothing is verified. */
status folder_pins(const char *path, struct pins *ret, struct err *err);

/* verify/state.json: what was accepted last; absent = nothing seen (generation 0). */
status folder_seen(const struct folder *w, struct session_seen *ret, struct err *err);
/* Both the state and verify/latest-transition. */
status folder_remember(const struct folder *w, const struct session_seen *seen, struct err *err);

/* A file of the workspace, 0644, atomic. */
status folder_write(const struct folder *w, const char *name, struct bytes data, struct err *err);

/*
 * signed-transitions: "previous transition" a line. Before a key signs a second
 * successor of one transition this is ERR_CONFLICT E-OWNER-003, unless `fork`
 * (PROTOCOL section 9). The line is on disk before the signature exists.
 */
status folder_note_signature(const struct folder *w, const struct hash256 *previous,
                             const struct hash256 *transition, bool fork, struct err *err);

/* ---- the transition that a manifest makes ---- */
struct transition {
	struct hash256 previous; /* genesis for the first */
	uint64_t generation;
	struct hash256 hash;
};
void transition_of(const struct manifest *m, const struct hash256 *previous, uint64_t generation,
                   struct transition *ret);

/* PEM private or public key; ERR_NOT_FOUND when the file is absent. */
status folder_key(const char *path, struct key **ret, struct err *err);

/* ---- the policy documents of YAML files and folders ---- */
struct documents {
	struct buf *texts; /* exact initdata documents, one a policy */
	struct hash256 *hashes;
	size_t n, cap;
};
void documents_done(struct documents *d);
/*
 * Those of all confidential workloads below the paths, each once. They must be
 * the manifest's policies, no more and no fewer: ERR_DIFFERS E-OWNER-004.
 */
status documents_read(const char *const *paths, size_t n, const struct manifest *m,
                      struct documents *ret, struct err *err);

/* ---- talking to the Coordinator ---- */
/* attested_open(), again every second while unreachable, until `wait` seconds have passed. */
status folder_open(struct tls_client *tls, const char *address, const struct session_expect *expect,
                   uint64_t wait, struct attested *ret, struct err *err);

/*
 * seed-shares.json from the answer of a first set. The document belongs to this
 * genesis, and the share of the key at `key_path` (if that file is there) opens
 * and fits its commitment: PROTOCOL section 6.
 */
status shares_keep(const struct folder *w, const struct pins *pins, const struct hash256 *genesis,
                   struct bytes base64, const char *key_path, struct err *err);

/* "check mark text" on standard output; a warning on standard error. */
void say_done(const char *fmt, ...) PRINTF(1, 2);
void say_warning(const char *fmt, ...) PRINTF(1, 2);

#endif
