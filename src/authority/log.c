/* SPDX-License-Identifier: Apache-2.0 */
#include "authority/log.h"

#include "base/buf.h"

/* ---- hashes (RFC 9162 section 2.1.1) ---- */

struct hash256
log_leaf_hash(struct bytes entry)
{
	CLEANUP(buf_done) struct buf in = {0};

	buf_u8(&in, 0);
	buf_bytes(&in, entry);
	return sha256(buf_view(&in));
}

struct hash256
log_node_hash(const struct hash256 *left, const struct hash256 *right)
{
	uint8_t in[1 + 2 * SHA256_SIZE];

	in[0] = 1;
	mem_copy(in + 1, left->b, SHA256_SIZE);
	mem_copy(in + 1 + SHA256_SIZE, right->b, SHA256_SIZE);
	return sha256(bytes_of(in, sizeof in));
}

struct hash256
log_entry_hash(int64_t time, const struct hash256 *head, const struct hash256 *policy,
               const struct hash256 *cert)
{
	CLEANUP(buf_done) struct buf entry = {0};

	buf_be64(&entry, (uint64_t)time);
	buf_bytes(&entry, hash256_view(head));
	buf_bytes(&entry, hash256_view(policy));
	buf_bytes(&entry, hash256_view(cert));
	return log_leaf_hash(buf_view(&entry));
}

/* ---- frontier ---- */

void
log_append(struct log_frontier *f, const struct hash256 *leaf)
{
	struct hash256 node = *leaf;

	/* Each trailing one bit of the old size is a complete subtree that now has its right twin.
	 */
	for (uint64_t size = f->size; size & 1; size >>= 1)
		node = log_node_hash(&f->peaks[--f->n_peaks], &node);
	f->peaks[f->n_peaks++] = node;
	f->size++;
}

struct hash256
log_root(const struct log_frontier *f)
{
	struct hash256 root;

	if (f->n_peaks == 0)
		return sha256(BYTES(""));
	root = f->peaks[f->n_peaks - 1];
	for (size_t i = f->n_peaks - 1; i > 0; i--)
		root = log_node_hash(&f->peaks[i - 1], &root);
	return root;
}

/* ---- tree ---- */

void
log_tree_done(struct log_tree *t)
{
	buf_done(&t->leaves);
}

status
log_tree_append(struct log_tree *t, const struct hash256 *leaf, struct err *err)
{
	buf_bytes(&t->leaves, hash256_view(leaf));
	return buf_check(&t->leaves, err);
}

uint64_t
log_tree_size(const struct log_tree *t)
{
	return t->leaves.n / SHA256_SIZE;
}

/* Root of leaves [from, to). */
static struct hash256
range_root(const struct log_tree *t, uint64_t from, uint64_t to)
{
	struct log_frontier f = {0};

	for (uint64_t i = from; i < to; i++) {
		struct hash256 leaf;

		mem_copy(leaf.b, t->leaves.p + i * SHA256_SIZE, SHA256_SIZE);
		log_append(&f, &leaf);
	}
	return log_root(&f);
}

/* The largest power of two below n; n >= 2. */
static uint64_t
split(uint64_t n)
{
	return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

static status
out_of_range(struct err *err)
{
	return err_set(err, ERR_USAGE, "E-LOG-001", "the log has no such entry or size");
}

status
log_tree_root(const struct log_tree *t, uint64_t size, struct hash256 *ret, struct err *err)
{
	if (size > log_tree_size(t))
		return out_of_range(err);
	*ret = range_root(t, 0, size);
	return OK;
}

/* Collected from the top down; proofs go from the leaf up. */
static void
reverse(struct log_proof *p)
{
	for (size_t i = 0; i < p->n / 2; i++) {
		struct hash256 swap = p->path[i];

		p->path[i] = p->path[p->n - 1 - i];
		p->path[p->n - 1 - i] = swap;
	}
}

status
log_tree_inclusion(const struct log_tree *t, uint64_t index, uint64_t size, struct log_proof *ret,
                   struct err *err)
{
	uint64_t from = 0, to = size;

	if (size > log_tree_size(t) || index >= size)
		return out_of_range(err);
	ret->n = 0;
	while (to - from > 1) {
		uint64_t middle = from + split(to - from);

		if (index < middle) {
			ret->path[ret->n++] = range_root(t, middle, to);
			to = middle;
		} else {
			ret->path[ret->n++] = range_root(t, from, middle);
			from = middle;
		}
	}
	reverse(ret);
	return OK;
}

status
log_tree_consistency(const struct log_tree *t, uint64_t old, uint64_t size, struct log_proof *ret,
                     struct err *err)
{
	uint64_t from = 0, to = size;
	bool whole = true;

	if (size > log_tree_size(t) || old == 0 || old > size)
		return out_of_range(err);
	ret->n = 0;
	/* RFC 9162 section 2.1.4.1, SUBPROOF(old, [from, to), whole). */
	while (old != to) {
		uint64_t middle = from + split(to - from);

		if (old <= middle) {
			ret->path[ret->n++] = range_root(t, middle, to);
			to = middle;
		} else {
			ret->path[ret->n++] = range_root(t, from, middle);
			from = middle;
			whole = false;
		}
	}
	if (!whole)
		ret->path[ret->n++] = range_root(t, from, to);
	reverse(ret);
	return OK;
}

/* ---- verification ---- */

status
log_verify_inclusion(const struct hash256 *leaf, uint64_t index, uint64_t size,
                     const struct hash256 *root, const struct log_proof *proof, struct err *err)
{
	/* RFC 9162 section 2.1.3.2. */
	uint64_t fn = index, sn = size - 1;
	struct hash256 r = *leaf;

	if (size == 0 || index >= size || proof->n > LOG_MAX_PROOF)
		return err_set(err, ERR_REJECTED, "E-LOG-002", "the entry is not in the log");
	for (size_t i = 0; i < proof->n; i++) {
		if (sn == 0)
			return err_set(err, ERR_REJECTED, "E-LOG-002", "the proof is too long");
		if ((fn & 1) || fn == sn) {
			r = log_node_hash(&proof->path[i], &r);
			while (!(fn & 1) && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			r = log_node_hash(&r, &proof->path[i]);
		}
		fn >>= 1;
		sn >>= 1;
	}
	if (sn != 0 || !hash256_equal(&r, root))
		return err_set(err, ERR_REJECTED, "E-LOG-002", "the entry is not in the log");
	return OK;
}

static status
inconsistent(struct err *err)
{
	return err_set(err, ERR_REJECTED, "E-LOG-003",
	               "the log does not extend what was seen of it before");
}

status
log_verify_consistency(uint64_t from, const struct hash256 *from_root, uint64_t to,
                       const struct hash256 *to_root, const struct log_proof *proof,
                       struct err *err)
{
	/* RFC 9162 section 2.1.4.2. */
	uint64_t fn = from - 1, sn = to - 1;
	struct hash256 fr, sr;
	size_t at = 0;

	if (from == 0 || from > to || proof->n > LOG_MAX_PROOF)
		return inconsistent(err);
	if (from == to)
		return proof->n == 0 && hash256_equal(from_root, to_root) ? OK : inconsistent(err);
	while (fn & 1) {
		fn >>= 1;
		sn >>= 1;
	}
	/* A power of two: its root is the first node and is not repeated in the proof. */
	if (fn == 0) {
		fr = sr = *from_root;
	} else if (proof->n > 0) {
		fr = sr = proof->path[at++];
	} else {
		return inconsistent(err);
	}
	for (; at < proof->n; at++) {
		if (sn == 0)
			return inconsistent(err);
		if ((fn & 1) || fn == sn) {
			fr = log_node_hash(&proof->path[at], &fr);
			sr = log_node_hash(&proof->path[at], &sr);
			while (!(fn & 1) && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			sr = log_node_hash(&sr, &proof->path[at]);
		}
		fn >>= 1;
		sn >>= 1;
	}
	if (sn != 0 || !hash256_equal(&fr, from_root) || !hash256_equal(&sr, to_root))
		return inconsistent(err);
	return OK;
}

/* ---- checkpoints ---- */

static void
checkpoint_message(const struct checkpoint *c, struct buf *out)
{
	buf_bytes(out, BYTES("contrast/v1/checkpoint\0"));
	buf_bytes(out, hash256_view(&c->genesis));
	buf_bytes(out, hash256_view(&c->log_id));
	buf_be64(out, c->size);
	buf_bytes(out, hash256_view(&c->root));
	buf_be64(out, (uint64_t)c->time);
}

void
checkpoint_sign(const struct key *log_key, const struct checkpoint *c, struct buf *der)
{
	CLEANUP(buf_done) struct buf message = {0};

	checkpoint_message(c, &message);
	key_sign_ecdsa(log_key, SIG_SHA256, buf_view(&message), der);
}

status
checkpoint_verify(const struct key *log_key, const struct checkpoint *c, struct bytes der,
                  struct err *err)
{
	CLEANUP(buf_done) struct buf message = {0};

	checkpoint_message(c, &message);
	if (!is_ok(key_verify_ecdsa(log_key, SIG_SHA256, buf_view(&message), der, err)))
		return err_set(err, ERR_REJECTED, "E-LOG-004",
		               "the checkpoint is not signed by this deployment's log key");
	return OK;
}
