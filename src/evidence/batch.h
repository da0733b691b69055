/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch.h: one report for many sessions (PROTOCOL section 4). REPORTDATA is
 * the root of a tree of 2^d leaves, padded with 64 zero bytes;
 * node = SHA-512(01 || left || right); with one leaf the root is the leaf.
 */
#ifndef EVIDENCE_BATCH_H
#define EVIDENCE_BATCH_H

#include "crypto/hash.h"

enum {
	BATCH_MAX_DEPTH = 12,
	BATCH_MAX_LEAVES = 1 << BATCH_MAX_DEPTH,
	BATCH_PROOF_MAX = 2 + BATCH_MAX_DEPTH * SHA512_SIZE, /* bytes of an emitted proof */
};

struct batch {
	struct hash512 *nodes; /* all levels, leaves first */
	size_t n;              /* leaves given */
	unsigned int depth;
};

struct batch_proof {
	uint16_t index;
	unsigned int depth; /* 0..12 */
	struct hash512 path[BATCH_MAX_DEPTH];
};

/* 1..4096 leaves; ERR_LIMIT E-EVIDENCE-010 otherwise. batch_done() releases it. */
status batch_build(const struct hash512 *leaves, size_t n, struct batch *ret, struct err *err);
void batch_done(struct batch *b);
struct hash512 batch_root(const struct batch *b);
/* i < b->n. */
void batch_proof_of(const struct batch *b, size_t i, struct batch_proof *ret);

/*
 * The root that the proof leads to from the leaf. ERR_REJECTED E-EVIDENCE-011
 * when the index is outside the tree, the depth above 12, or the leaf is padding.
 */
status batch_proof_root(const struct batch_proof *p, const struct hash512 *leaf,
                        struct hash512 *ret, struct err *err);

/* index u16 || d hashes, appended; the depth is the length's. ERR_PARSE E-EVIDENCE-012. */
void batch_proof_emit(const struct batch_proof *p, struct buf *out);
status batch_proof_parse(struct bytes b, struct batch_proof *ret, struct err *err);

#endif
