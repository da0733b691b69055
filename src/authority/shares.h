/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shares.h: what the first transition leaves behind for recovery (PROTOCOL
 * sections 6 and 9): the root public key, commitments signed by it, and the
 * seed's shares, each sealed to its owner. Public; kept in the store under the
 * name "genesis-<hex>".
 *
 *   version u8 (1) || root SPKI length u16 || root SPKI || k u8 || n u8
 *   || salt commitment[32] || n entries: owner key id[32] || commitment[32]
 *      || sealed length u16 || sealed
 *   || signature length u16 || signature
 *
 *   commitment = SHA-256("contrast/v1/share" 00 || index u8 || share), index 0 for the salt
 *   signed     = ECDSA-SHA-384 by the root key over "contrast/v1/shares" 00 || genesis || k u8
 *                || n u8 || salt commitment || n times (index u8 || owner key id || commitment)
 *   sealed     = RSA-OAEP-SHA-256 of index u8 || share[64] || salt[32]
 */
#ifndef AUTHORITY_SHARES_H
#define AUTHORITY_SHARES_H

#include "authority/genesis.h"
#include "authority/seed.h"
#include "manifest/manifest.h"

enum {
	SHARES_MAX = 32,
	SHARES_MAX_SEALED = 1024, /* RSA-8192 */
	SHARES_MAX_BYTES = 64 * 1024,
	SHARE_PLAIN_SIZE = 1 + SEED_SIZE + SALT_SIZE,
};

struct share_entry {
	struct hash256 owner; /* SHA-256 of the RSA key's SubjectPublicKeyInfo */
	struct hash256 commitment;
	struct bytes sealed; /* borrowed from the document */
};

struct shares_doc {
	struct bytes root_spki;
	struct hash256 root_key_id;
	uint8_t k; /* 0: no recovery */
	size_t n;
	struct hash256 salt_commitment;
	struct share_entry entries[SHARES_MAX];
	struct bytes signature;
};

struct hash256 share_commitment(uint8_t index, struct bytes share);
/* The message that the root key signs; appended. */
void shares_message(const struct shares_doc *doc, const struct hash256 *genesis, struct buf *out);

/* Split, seal to the manifest's share owners, sign; the document is appended to out. */
status shares_make(const struct seed *seed, const struct key *root_key,
                   const struct hash256 *genesis, const struct manifest *m, struct buf *out,
                   struct err *err);
/* ERR_PARSE E-AUTHORITY-090. Slices borrow from `in`. */
status shares_parse(struct bytes in, struct shares_doc *ret, struct err *err);
/*
 * Is it the document of this genesis under these pins, signed by its root key?
 * ERR_REJECTED E-AUTHORITY-091 another genesis, -092 signature.
 */
status shares_verify(const struct shares_doc *doc, const struct pins *pins,
                     const struct hash256 *genesis, struct err *err);

/* An owner's opened share. */
struct share {
	uint8_t index;
	struct secret share; /* SEED_SIZE */
	struct secret salt;  /* SALT_SIZE */
};
void share_done(struct share *s);
/*
 * Open the share of this RSA key and compare it with the commitments. The CLI
 * does so before it reports success of a first `set`. ERR_NOT_FOUND
 * E-AUTHORITY-093 (the key owns none), ERR_REJECTED E-AUTHORITY-094.
 */
status share_open(const struct shares_doc *doc, const struct key *owner, struct share *ret,
                  struct err *err);
/* ERR_REJECTED E-AUTHORITY-081 names the index; E-AUTHORITY-082 the salt. */
status share_check(const struct shares_doc *doc, uint8_t index, struct bytes share,
                   struct bytes salt, struct err *err);

/* The message of POST /v1/recover: sealed to the keeper's KEM key, see authority.h. */
status recover_seal(const uint8_t kem[32], const struct hash256 *genesis, const struct share *s,
                    const struct hash256 *last_head, struct buf *out, struct err *err);

#endif
