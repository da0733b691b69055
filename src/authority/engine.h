/* SPDX-License-Identifier: Apache-2.0 */
/* engine.h: the inside of struct authority, for the files of this folder alone. */
#ifndef AUTHORITY_ENGINE_H
#define AUTHORITY_ENGINE_H

#include "authority/authority.h"
#include "authority/log.h"
#include "authority/shares.h"

enum {
	ENGINE_BUNDLES = 4,                    /* answers kept, one a `since` */
	ENGINE_SHARE_SECONDS = 3600,           /* a recovery share is forgotten after that */
	ENGINE_RENEW_SECONDS = 10 * 24 * 3600, /* CA certificates are made anew after that */
	ENGINE_SECRET_VERSION = 1,             /* of workload secrets */
};

/* The mesh CA before the present one: counts until its end. */
struct previous_ca {
	bool there;
	struct hash256 key_id;
	struct cert *root_signed;
	int64_t until;
};

struct recovery {
	struct buf doc_bytes; /* what doc borrows from */
	struct shares_doc doc;
	bool have[SHARES_MAX];
	int64_t since[SHARES_MAX];
	struct secret share[SHARES_MAX];
	struct secret salt;
};

struct bundle_cache {
	bool there;
	struct hash256 since;
	int64_t made;
	struct buf body, signature;
};

struct authority {
	struct authority_options o;
	enum state_phase phase;
	int64_t floor;

	/* Of this start. */
	struct key *answer_key;
	struct hash256 answer_key_id; /* and the id of the issuance log */
	struct key *kem_key;
	uint8_t kem_public[AUTHORITY_KEM_SIZE];
	struct secret nonce_key;
	struct log_frontier log;

	/* Of the deployment; not while recovering. */
	struct seed seed;
	struct root_ca root;
	struct key *log_key;

	/* History: while recovering that of the store, checked from its genesis. */
	struct chain chain;
	struct chain
	        before; /* the chain without its last record: what a repeated set was signed for */
	struct buf heads;             /* all transitions, 32 bytes each, generation 1 first */
	struct hash256 shares_digest; /* of manifest 1: never changes */

	struct marks marks; /* collateral accepted so far */

	/* Active only. */
	struct manifest *manifest;
	struct mesh_ca mesh;
	struct previous_ca previous;

	struct recovery recovery;
	struct bundle_cache bundles[ENGINE_BUNDLES];
	size_t next_bundle;
};

/* Check one record and advance chain, before and heads. */
status engine_extend(struct authority *a, const struct record *r, struct err *err);
/* Is this transition one of the history? Its generation, 0 if not. */
uint64_t engine_generation_of(const struct authority *a, const struct hash256 *head);
/*
 * Make the manifest of the chain's head the active one: new mesh CA, the old
 * one becomes the previous (unless `keep_previous` is false). Takes a
 * reference of `m`. Nothing changes on failure.
 */
status engine_activate(struct authority *a, struct manifest *m, bool keep_previous, int64_t now,
                       struct err *err);
/* The manifest with this hash from the store, parsed. */
status engine_load_manifest(struct authority *a, const struct hash256 *hash, struct manifest **ret,
                            struct err *err);
/* Name in the store of what belongs to a genesis. */
void engine_genesis_name(const struct hash256 *genesis, char to[80]);

/* Seed, root and log key in place; the seed must make the root key that the chain names. */
status engine_take_seed(struct authority *a, struct bytes seed, struct bytes salt, int64_t now,
                        struct err *err);
/* Takes up the marks of this genesis from the store; what is not validly signed is not there. */
void engine_load_marks(struct authority *a);
void engine_forget_shares(struct authority *a);

void engine_conflict_head(const struct authority *a, char to[65]);

#endif
