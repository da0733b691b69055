/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h: the issuance log of one keeper start (PROTOCOL section 9): a Merkle
 * tree as RFC 9162 section 2.1 has it, over SHA-256. The keeper holds the
 * frontier (one hash a bit of the size) and signs checkpoints; the front
 * holds the leaf hashes and makes proofs, which need no trust.
 */
#ifndef AUTHORITY_LOG_H
#define AUTHORITY_LOG_H

#include "crypto/key.h"

enum { LOG_MAX_PROOF = 64 };

/* What one issued certificate becomes: time u64 || head || policy || SHA-256 of the certificate. */
struct hash256 log_entry_hash(int64_t time, const struct hash256 *head,
                              const struct hash256 *policy, const struct hash256 *cert);
struct hash256 log_leaf_hash(struct bytes entry);
struct hash256 log_node_hash(const struct hash256 *left, const struct hash256 *right);

struct log_frontier {
	uint64_t size;
	struct hash256 peaks[64]; /* one complete subtree a set bit of size, largest first */
	size_t n_peaks;
};
void log_append(struct log_frontier *f, const struct hash256 *leaf);
/* SHA-256 of nothing when empty. */
struct hash256 log_root(const struct log_frontier *f);

/* All leaf hashes. */
struct log_tree {
	struct buf leaves;
};
void log_tree_done(struct log_tree *t);
status log_tree_append(struct log_tree *t, const struct hash256 *leaf, struct err *err);
uint64_t log_tree_size(const struct log_tree *t);
struct log_proof {
	size_t n;
	struct hash256 path[LOG_MAX_PROOF];
};
/* ERR_USAGE E-LOG-001 out of range. */
status log_tree_root(const struct log_tree *t, uint64_t size, struct hash256 *ret, struct err *err);
status log_tree_inclusion(const struct log_tree *t, uint64_t index, uint64_t size,
                          struct log_proof *ret, struct err *err);
status log_tree_consistency(const struct log_tree *t, uint64_t from, uint64_t to,
                            struct log_proof *ret, struct err *err);

/* ERR_REJECTED E-LOG-002 / E-LOG-003. */
status log_verify_inclusion(const struct hash256 *leaf, uint64_t index, uint64_t size,
                            const struct hash256 *root, const struct log_proof *proof,
                            struct err *err);
status log_verify_consistency(uint64_t from, const struct hash256 *from_root, uint64_t to,
                              const struct hash256 *to_root, const struct log_proof *proof,
                              struct err *err);

/* Signed by the `log` key over "contrast/v1/checkpoint" 00 || genesis || log id || size u64 || root
 * || time u64. */
struct checkpoint {
	struct hash256 genesis, log_id, root;
	uint64_t size;
	int64_t time;
};
void checkpoint_sign(const struct key *log_key, const struct checkpoint *c, struct buf *der);
status checkpoint_verify(const struct key *log_key, const struct checkpoint *c, struct bytes der,
                         struct err *err);

#endif
