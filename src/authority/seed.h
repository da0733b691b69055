/* SPDX-License-Identifier: Apache-2.0 */
/* seed.h: the seed and everything derived from it (PROTOCOL section 7). */
#ifndef AUTHORITY_SEED_H
#define AUTHORITY_SEED_H

#include "crypto/key.h"

enum { SEED_SIZE = 64, SALT_SIZE = 32, WORKLOAD_SECRET_SIZE = 64, TRANSIT_BRANCH_SIZE = 32 };

struct seed {
	struct secret seed; /* SEED_SIZE */
	struct secret salt; /* SALT_SIZE */
	struct secret prk;  /* HKDF-Extract(salt, seed) */
};

void seed_random(struct seed *s);
/* From a recovery or a peer; ERR_PARSE E-AUTHORITY-030 on wrong sizes. */
status seed_from(struct seed *s, struct bytes seed, struct bytes salt, struct err *err);
void seed_done(struct seed *s); /* accepts a zeroed struct */

/* HKDF-Expand(prk, "contrast/v1/" purpose 00 u32(len) id, n). */
void seed_derive(const struct seed *s, const char *purpose, struct bytes id, size_t n,
                 struct secret *ret);
/* EC private key from size + 24 derived bytes: d = (OS2IP mod (n-1)) + 1. KEY_P256 or KEY_P384. */
struct key *seed_ec_key(const struct seed *s, enum key_kind kind, const char *purpose,
                        struct bytes id);

struct key *seed_root_key(const struct seed *s);                             /* P-384 */
struct key *seed_mesh_key(const struct seed *s, const struct hash256 *head); /* P-256 */
struct key *seed_log_key(const struct seed *s);                              /* P-256 */
/* id = WorkloadSecretID 00 u32 version. */
void seed_workload_secret(const struct seed *s, struct bytes workload_secret_id, uint32_t version,
                          struct secret *ret);
void seed_transit_branch(const struct seed *s, struct secret *ret);
/* From the branch alone: the transit process has nothing else. */
void transit_key(const struct secret *branch, struct bytes name, uint32_t version,
                 struct secret *ret);

#endif
