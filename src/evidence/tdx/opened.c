/* SPDX-License-Identifier: Apache-2.0 */
/* Chains and collateral kept between quotes: then a quote costs two P-256 verifications. */
#include "evidence/tdx/verify.h"

#include <pthread.h>
#include <stdatomic.h>

enum { SLOTS = 64 };

struct counted {
	struct tdx_opened opened; /* first: the public part */
	atomic_uint refs;
};

struct slot {
	struct hash256 key;
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
	for (size_t i = 0; i < SLOTS; i++)
		tdx_opened_free(c->slots[i].opened);
	pthread_mutex_destroy(&c->lock);
	mem_free(c);
}

static void
add(struct hasher *h, struct bytes b)
{
	uint8_t size[4] = {(uint8_t)(b.n >> 24), (uint8_t)(b.n >> 16), (uint8_t)(b.n >> 8),
	                   (uint8_t)b.n};

	hasher_add(h, bytes_of(size, sizeof size));
	hasher_add(h, b);
}

/* All that an opened chain depends on beside time. */
static struct hash256
key_of(struct bytes pem, const struct endorsements *e, const struct hash256 *root, bool require)
{
	struct hasher *h = hasher_new(HASH_SHA256);
	uint8_t head[3] = {require, (uint8_t)e->n_certs, (uint8_t)e->n_crls};
	struct hash256 key;

	hasher_add(h, bytes_of(head, sizeof head));
	hasher_add(h, hash256_view(root));
	add(h, pem);
	for (size_t i = 0; i < e->n_certs; i++)
		add(h, e->certs[i]);
	for (size_t i = 0; i < e->n_crls; i++)
		add(h, e->crls[i]);
	add(h, e->tcb_info);
	add(h, e->qe_identity);
	hasher_final(h, key.b);
	hasher_free(h);
	return key;
}

/* Nothing in it may have ended, and nothing may lie in the future: then time changes no answer. */
static struct tdx_opened *
lookup(struct tdx_cache *c, const struct hash256 *key, int64_t now)
{
	struct slot *slot = &c->slots[key->b[0] % SLOTS];
	struct tdx_opened *o = NULL;

	pthread_mutex_lock(&c->lock);
	if (slot->opened && hash256_equal(&slot->key, key) && now >= slot->opened->opened_at &&
	    now <= slot->opened->valid_until) {
		o = slot->opened;
		take_ref(o);
	}
	pthread_mutex_unlock(&c->lock);
	return o;
}

static void
store(struct tdx_cache *c, const struct hash256 *key, struct tdx_opened *o)
{
	struct slot *slot = &c->slots[key->b[0] % SLOTS];
	struct tdx_opened *old;

	take_ref(o);
	pthread_mutex_lock(&c->lock);
	old = slot->opened;
	*slot = (struct slot){*key, o};
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
	struct hash256 key = {{0}};
	struct counted *fresh;
	status s;

	if (cache) {
		key = key_of(pem, e, root, require_revocation);
		*ret = lookup(cache, &key, now);
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
		store(cache, &key, &fresh->opened);
	*ret = &fresh->opened;
	return OK;
}
