/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/batch.h"

#include "base/rd.h"

static struct hash512
node(const struct hash512 *left, const struct hash512 *right)
{
	uint8_t text[1 + 2 * SHA512_SIZE];

	text[0] = 1; /* leaves start with 0: no leaf can pass for a node */
	mem_copy(text + 1, left->b, SHA512_SIZE);
	mem_copy(text + 1 + SHA512_SIZE, right->b, SHA512_SIZE);
	return sha512(bytes_of(text, sizeof text));
}

status
batch_build(const struct hash512 *leaves, size_t n, struct batch *ret, struct err *err)
{
	unsigned int depth = 0;
	struct hash512 *level;

	if (n == 0 || n > BATCH_MAX_LEAVES)
		return err_set(err, ERR_LIMIT, "E-EVIDENCE-010", "a batch of %zu leaves, not 1..%d",
		               n, BATCH_MAX_LEAVES);
	while (((size_t)1 << depth) < n)
		depth++;
	/* Zeroed memory is the padding. 2^d leaves and 2^d - 1 nodes above them. */
	level = mem_alloc(((size_t)2 << depth) * sizeof *level);
	mem_copy(level, leaves, n * sizeof *leaves);
	*ret = (struct batch){level, n, depth};
	for (size_t width = (size_t)1 << depth; width > 1; width /= 2) {
		for (size_t i = 0; i < width / 2; i++)
			level[width + i] = node(&level[2 * i], &level[2 * i + 1]);
		level += width;
	}
	return OK;
}

void
batch_done(struct batch *b)
{
	mem_free(b->nodes);
	*b = (struct batch){0};
}

struct hash512
batch_root(const struct batch *b)
{
	return b->nodes[((size_t)2 << b->depth) - 2];
}

void
batch_proof_of(const struct batch *b, size_t i, struct batch_proof *ret)
{
	const struct hash512 *level = b->nodes;

	*ret = (struct batch_proof){.index = (uint16_t)i, .depth = b->depth};
	for (unsigned int d = 0; d < b->depth; d++) {
		ret->path[d] = level[i ^ 1];
		level += (size_t)1 << (b->depth - d);
		i /= 2;
	}
}

status
batch_proof_root(const struct batch_proof *p, const struct hash512 *leaf, struct hash512 *ret,
                 struct err *err)
{
	struct hash512 h = *leaf;

	/* An index beyond the tree would be a second name of the same leaf. */
	if (p->depth > BATCH_MAX_DEPTH || p->index >= 1U << p->depth)
		return err_set(err, ERR_REJECTED, "E-EVIDENCE-011",
		               "leaf %u is outside a tree of depth %u", p->index, p->depth);
	if (bytes_all_zero(hash512_view(leaf)))
		return err_set(err, ERR_REJECTED, "E-EVIDENCE-011", "the leaf is padding");
	for (unsigned int d = 0; d < p->depth; d++)
		h = p->index >> d & 1 ? node(&p->path[d], &h) : node(&h, &p->path[d]);
	*ret = h;
	return OK;
}

void
batch_proof_emit(const struct batch_proof *p, struct buf *out)
{
	buf_be16(out, p->index);
	for (unsigned int d = 0; d < p->depth; d++)
		buf_bytes(out, hash512_view(&p->path[d]));
}

status
batch_proof_parse(struct bytes b, struct batch_proof *ret, struct err *err)
{
	struct rd r = rd_init(b);

	*ret = (struct batch_proof){.index = rd_be16(&r)};
	if (!rd_ok(&r) || rd_left(&r) % SHA512_SIZE != 0 ||
	    rd_left(&r) / SHA512_SIZE > BATCH_MAX_DEPTH)
		return err_set(err, ERR_PARSE, "E-EVIDENCE-012", "a batch proof of %zu bytes", b.n);
	ret->depth = (unsigned int)(rd_left(&r) / SHA512_SIZE);
	for (unsigned int d = 0; d < ret->depth; d++)
		rd_copy(&r, ret->path[d].b, SHA512_SIZE);
	return OK;
}
