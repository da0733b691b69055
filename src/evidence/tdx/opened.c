/* SPDX-License-Identifier: Apache-2.0 */
/* Chains and collateral kept between quotes: then a quote costs two P-256 verifications. */
#include "base/rd.h"
#include "evidence/tdx/verify.h"

#include <pthread.h>
#include <stdatomic.h>

enum { SLOTS = 64 };

struct counted {
	struct tdx_opened opened; /* first: the public part */
	atomic_uint refs;
};

/* Compared byte by byte with what is asked for: cheaper than any hash that could be trusted. */
struct slot {
	struct buf inputs;
	struct tdx_opened *opened;
};

struct tdx_cache {
	pthread_mutex_t lock;
	struct slot slots[SLOTS];
};

void
tdx_opened_free(struct tdx_opened *o)
{
	struct counted *counted = (struct counted *)(void *)o;

	if (!o || atomic_fetch_sub(&counted->refs, 1) != 1)
		return;
	tdx_chain_done(&o->chain);
	tdx_collateral_done(&o->collateral);
	mem_free(counted);
}

static void
take_ref(struct tdx_opened *o)
{
	atomic_fetch_add(&((struct counted *)(void *)o)->refs, 1);
}

struct tdx_cache *
tdx_cache_new(void)
{
	struct tdx_cache *c = mem_new(struct tdx_cache);

	pthread_mutex_init(&c->lock, NULL);
	return c;
}

void
tdx_cache_free(struct tdx_cache *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < SLOTS; i++) {
		tdx_opened_free(c->slots[i].opened);
		buf_done(&c->slots[i].inputs);
	}
	pthread_mutex_destroy(&c->lock);
	mem_free(c);
}

/* All that an opened chain depends on beside time, as parts in a fixed order. */
struct inputs {
	struct bytes parts[4 + EVIDENCE_MAX_CERTS + EVIDENCE_MAX_CRLS];
	size_t n;
	uint8_t head[3];
};

static void
gather(struct inputs *in, struct bytes pem, const struct endorsements *e,
       const struct hash256 *root, bool require)
{
	in->head[0] = require;
	in->head[1] = (uint8_t)e->n_certs;
	in->head[2] = (uint8_t)e->n_crls;
	in->parts[in->n++] = hash256_view(root);
	in->parts[in->n++] = pem;
	in->parts[in->n++] = e->tcb_info;
	in->parts[in->n++] = e->qe_identity;
	for (size_t i = 0; i < e->n_certs; i++)
		in->parts[in->n++] = e->certs[i];
	for (size_t i = 0; i < e->n_crls; i++)
		in->parts[in->n++] = e->crls[i];
}

/* Spreads platforms over the slots; equality is decided by the bytes. */
static size_t
slot_of(const struct inputs *in)
{
	struct bytes pem = in->parts[1];
	uint32_t h = 2166136261U;

	for (size_t i = 0; i < pem.n; i += 61)
		h = (h ^ pem.p[i]) * 16777619U;
	return h % SLOTS;
}

static void
write_inputs(const struct inputs *in, struct buf *out)
{
	buf_reset(out);
	buf_add(out, in->head, sizeof in->head);
	for (size_t i = 0; i < in->n; i++) {
		buf_be32(out, (uint32_t)in->parts[i].n);
		buf_bytes(out, in->parts[i]);
	}
}

static bool
same_inputs(const struct inputs *in, const struct buf *kept)
{
	struct rd r = rd_init(buf_view(kept));

	if (!bytes_equal(rd_bytes(&r, sizeof in->head), bytes_of(in->head, sizeof in->head)))
		return false;
	for (size_t i = 0; i < in->n; i++) {
		size_t n = rd_be32(&r);

		if (n != in->parts[i].n || !bytes_equal(rd_bytes(&r, n), in->parts[i]))
			return false;
	}
	return rd_done(&r);
}

/* Nothing in it may have ended, and nothing may lie in the future: then time changes no answer. */
static struct tdx_opened *
lookup(struct tdx_cache *c, const struct inputs *in, int64_t now)
{
	struct slot *slot = &c->slots[slot_of(in)];
	struct tdx_opened *o = NULL;

	pthread_mutex_lock(&c->lock);
	if (slot->opened && now >= slot->opened->opened_at && now <= slot->opened->valid_until &&
	    same_inputs(in, &slot->inputs)) {
		o = slot->opened;
		take_ref(o);
	}
	pthread_mutex_unlock(&c->lock);
	return o;
}

static void
store(struct tdx_cache *c, const struct inputs *in, struct tdx_opened *o)
{
	struct slot *slot = &c->slots[slot_of(in)];
	struct tdx_opened *old;

	pthread_mutex_lock(&c->lock);
	old = slot->opened;
	write_inputs(in, &slot->inputs);
	slot->opened = buf_ok(&slot->inputs) ? o : NULL;
	if (slot->opened)
		take_ref(o);
	pthread_mutex_unlock(&c->lock);
	tdx_opened_free(old);
}

static status
open_fresh(struct bytes pem, const struct endorsements *e, const struct hash256 *root, bool require,
           int64_t now, struct tdx_opened *o, struct verdict *v)
{
	TRY(tdx_chain_open(pem, e, root, require, now, &o->chain, v));
	TRY(tdx_collateral_open(e, &o->chain, require, now, &o->collateral, v));
	o->opened_at = now;
	o->valid_until = MIN(o->chain.valid_until, o->collateral.valid_until);
	return OK;
}

status
tdx_open(struct bytes pem, const struct endorsements *e, const struct hash256 *root,
         bool require_revocation, int64_t now, struct tdx_cache *cache, struct tdx_opened **ret,
         struct verdict *v)
{
	struct inputs in = {0};
	struct counted *fresh;
	status s;

	if (cache) {
		gather(&in, pem, e, root, require_revocation);
		*ret = lookup(cache, &in, now);
		if (*ret)
			return OK;
	}
	fresh = mem_new(struct counted);
	atomic_init(&fresh->refs, 1);
	s = open_fresh(pem, e, root, require_revocation, now, &fresh->opened, v);
	if (!is_ok(s)) {
		tdx_opened_free(&fresh->opened);
		return s;
	}
	if (cache)
		store(cache, &in, &fresh->opened);
	*ret = &fresh->opened;
	return OK;
}
