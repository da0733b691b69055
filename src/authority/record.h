/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.h: transitions, records and the check of a chain of them from the
 * genesis (PROTOCOL section 2). Whoever takes state from outside (keeper with
 * a store, replica, CLI, initializer, mesh) runs chain_start() and
 * chain_extend() over all records: an index is never an authority.
 *
 * Stored and served form of a record:
 *   version u8 (1) || generation u64 || previous[32] || manifest hash[32]
 *   || k u8 || n u8 || n owner key ids[32], strictly ascending
 *   || m u8 || m signatures, strictly ascending by key id:
 *      SPKI length u16 || SPKI || signature length u16 || signature (DER)
 * Signatures always carry their key, so records are checkable without manifests.
 */
#ifndef AUTHORITY_RECORD_H
#define AUTHORITY_RECORD_H

#include "authority/genesis.h"
#include "crypto/key.h"

enum {
	RECORD_MAX_OWNERS = 32,
	RECORD_MAX_SIGNATURES = 32,
	RECORD_MAX_SPKI = 256,
	RECORD_MAX_SIGNATURE = 160,
	RECORD_MAX_BYTES = 76 + 32 * RECORD_MAX_OWNERS +
	                   RECORD_MAX_SIGNATURES * (4 + RECORD_MAX_SPKI + RECORD_MAX_SIGNATURE),
	TRANSITION_HEX_SIZE = 64,
};

struct record_signature {
	struct hash256 key_id; /* SHA-256 of spki */
	struct bytes spki;     /* canonical DER */
	struct bytes der;      /* ECDSA signature */
};

/* The slices borrow from what was parsed, or from the caller that fills it in. */
struct record {
	uint64_t generation;     /* counts from 1 */
	struct hash256 previous; /* generation 1: the genesis */
	struct hash256 manifest;
	uint8_t k; /* signatures that the *next* record needs; 0 = no successor is valid */
	size_t n_owners;
	struct hash256 owners[RECORD_MAX_OWNERS];
	size_t n_signatures;
	struct record_signature signatures[RECORD_MAX_SIGNATURES];
};

/* PROTOCOL section 2 `transition`. The owners digest is owners_digest() of manifest/manifest.h. */
struct hash256 transition_hash(const struct hash256 *previous, const struct hash256 *manifest,
                               const struct hash256 *owners, uint64_t generation);
struct hash256 record_transition(const struct record *r);

/*
 * The bytes that are signed: 64 lower-case hex characters (no newline). Sign
 * with ECDSA over their SHA-256, as `openssl dgst -sha256 -sign` does.
 */
void transition_message(const struct hash256 *transition, char to[TRANSITION_HEX_SIZE + 1]);
void transition_sign(const struct key *owner, const struct hash256 *transition, struct buf *der);
/* ERR_REJECTED E-AUTHORITY-015 when the signature is not this key's over this transition. */
status transition_verify(const struct key *owner, const struct hash256 *transition,
                         struct bytes der, struct err *err);

/* Owners ascending, signatures ascending, thresholds consistent: ERR_PARSE E-AUTHORITY-010... */
status record_parse(struct bytes in, struct record *ret, struct err *err);
void record_emit(const struct record *r, struct buf *out);

/* Add a signature in order; fills key_id. The slices are borrowed. ERR_CONFLICT for a second one of
 * a key. */
status record_add_signature(struct record *r, struct bytes spki, struct bytes der, struct err *err);

/* ---- chains ---- */

struct chain {
	struct pins pins;
	struct hash256 root_key_id;
	struct hash256 genesis;
	struct hash256 head; /* equals genesis while generation is 0 */
	uint64_t generation;
	struct hash256 manifest; /* hash of the head's manifest; zeros while generation is 0 */
	uint8_t k;
	size_t n_owners;
	struct hash256 owners[RECORD_MAX_OWNERS];
};

/* Generation 0: the next record must be signed by one of the genesis keys. */
void chain_start(struct chain *c, const struct pins *pins, const struct hash256 *root_key_id);

/*
 * Check one record against the head and advance. Order of checks: previous,
 * generation, signatures (k distinct owners of the record before it).
 * ERR_REJECTED, the chain unchanged:
 *   E-AUTHORITY-020 does not follow the head (also: another genesis)
 *   E-AUTHORITY-021 generation does not count up by one
 *   E-AUTHORITY-022 updates are disabled (k is 0)
 *   E-AUTHORITY-023 signed by a key that is no owner of the record before it
 *   E-AUTHORITY-024 too few signatures
 *   E-AUTHORITY-015 a signature does not verify
 */
status chain_extend(struct chain *c, const struct record *r, struct err *err);

/*
 * All of a served list, each parsed and checked. `want_head` (may be NULL):
 * the last transition must be this one, ERR_REJECTED E-AUTHORITY-025.
 */
status chain_verify(struct chain *c, const struct bytes *records, size_t n,
                    const struct hash256 *want_head, struct err *err);

#endif
