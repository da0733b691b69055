/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/snp/chain.h"

#include "base/clock.h"
#include "evidence/lists.h"
#include "evidence/snp/roots.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
	CACHE_SLOTS = 256,
	RSA_BITS = 4096,
};

/* The certificates of one path while it is judged. */
struct path {
	struct cert *certs[EVIDENCE_MAX_CERTS]; /* what the evidence brought */
	size_t n_certs;
	struct cert *leaf, *ask, *ark; /* borrowed from the above */
	struct snp_vek vek;
};

struct counted_chain {
	struct snp_chain chain; /* first: the public part */
	atomic_uint refs;
};

static void
path_done(struct path *p)
{
	for (size_t i = 0; i < p->n_certs; i++)
		cert_free(p->certs[i]);
	snp_vek_done(&p->vek);
}

void
snp_chain_free(struct snp_chain *c)
{
	struct counted_chain *counted = (struct counted_chain *)(void *)c;

	if (!c || atomic_fetch_sub(&counted->refs, 1) != 1)
		return;
	snp_vek_done(&c->vek);
	mem_free(counted);
}

/* ---- cache ---- */

struct slot {
	struct hash256 key;
	struct snp_chain *chain;
};

struct snp_cache {
	pthread_mutex_t lock;
	struct slot slots[CACHE_SLOTS];
};

struct snp_cache *
snp_cache_new(void)
{
	struct snp_cache *c = mem_new(struct snp_cache);

	pthread_mutex_init(&c->lock, NULL);
	return c;
}

void
snp_cache_free(struct snp_cache *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < CACHE_SLOTS; i++)
		snp_chain_free(c->slots[i].chain);
	pthread_mutex_destroy(&c->lock);
	mem_free(c);
}

static struct snp_chain *
cache_get(struct snp_cache *c, const struct hash256 *key)
{
	struct slot *slot = &c->slots[key->b[0] % CACHE_SLOTS];
	struct snp_chain *chain = NULL;

	pthread_mutex_lock(&c->lock);
	if (slot->chain && hash256_equal(&slot->key, key)) {
		chain = slot->chain;
		atomic_fetch_add(&((struct counted_chain *)(void *)chain)->refs, 1);
	}
	pthread_mutex_unlock(&c->lock);
	return chain;
}

static void
cache_put(struct snp_cache *c, const struct hash256 *key, struct snp_chain *chain)
{
	struct slot *slot = &c->slots[key->b[0] % CACHE_SLOTS];
	struct snp_chain *old;

	atomic_fetch_add(&((struct counted_chain *)(void *)chain)->refs, 1);
	pthread_mutex_lock(&c->lock);
	old = slot->chain;
	*slot = (struct slot){*key, chain};
	pthread_mutex_unlock(&c->lock);
	snp_chain_free(old);
}

/*
 * What a verdict about a leaf depends on beside time: leaf, root, and every
 * certificate and list that came along (they decide which ASK was checked).
 */
static struct hash256
cache_key(const struct snp_chain_request *rq)
{
	const struct endorsements *e = rq->endorsements;
	struct hasher *h = hasher_new(HASH_SHA256);
	uint8_t head[2] = {rq->trust_root != NULL, (uint8_t)snp_signing_key(rq->report)};
	struct hash256 key;

	hasher_add(h, bytes_of(head, sizeof head));
	if (rq->trust_root)
		hasher_add(h, hash256_view(rq->trust_root));
	for (size_t i = 0; i < e->n_certs + e->n_crls; i++) {
		struct bytes der = i < e->n_certs ? e->certs[i] : e->crls[i - e->n_certs];
		uint8_t size[5] = {i < e->n_certs, (uint8_t)(der.n >> 24), (uint8_t)(der.n >> 16),
		                   (uint8_t)(der.n >> 8), (uint8_t)der.n};

		hasher_add(h, bytes_of(size, sizeof size));
		hasher_add(h, der);
	}
	hasher_final(h, key.b);
	hasher_free(h);
	return key;
}

/* ---- finding leaf, intermediate and root ---- */

static status
parse_certs(const struct endorsements *e, struct path *p, struct verdict *v)
{
	for (size_t i = 0; i < e->n_certs; i++) {
		struct err err;

		if (!is_ok(cert_parse_der(e->certs[i], &p->certs[p->n_certs], &err)))
			return verdict_reject(v, STEP_CHAIN, "snp/vek-parse",
			                      "certificate %zu of the evidence: %s", i, err.msg);
		p->n_certs++;
	}
	return OK;
}

static const char *
kind_name(enum snp_signing_key kind)
{
	return kind == SNP_SIGNED_VLEK ? "VLEK" : "VCEK";
}

/* Neither AMD's nor Intel's by its name: whoever gave it takes it for the leaf. */
static bool
is_stranger(const struct cert *c)
{
	static const char *const known[] = {"ARK-", "SEV-", "Intel SGX"};
	struct bytes cn = cert_subject_cn(c);

	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (bytes_starts(cn, bytes_str(known[i])))
			return false;
	return true;
}

static status
no_leaf(const struct snp_report *r, const struct path *p, const struct cert *other,
        struct verdict *v)
{
	const char *wanted = kind_name(snp_signing_key(r));

	if (other)
		return verdict_reject(v, STEP_CHAIN, "snp/vek-kind",
		                      "the report is signed by a %s, the certificate is a %s's",
		                      wanted,
		                      snp_signing_key(r) == SNP_SIGNED_VLEK ? "VCEK" : "VLEK");
	for (size_t i = 0; i < p->n_certs; i++)
		if (is_stranger(p->certs[i]))
			return verdict_reject(v, STEP_CHAIN, "snp/vek-kind",
			                      "the certificate is none of AMD's: not a %s", wanted);
	return verdict_reject(v, STEP_CHAIN, "snp/vek-missing",
	                      "the evidence has no %s certificate, and none is at hand", wanted);
}

/*
 * The leaf of the report's kind; of several the one that speaks of this
 * report. Without a match the first is taken, so that the message names what differs.
 */
static status
find_leaf(const struct snp_report *r, struct path *p, struct verdict *v)
{
	struct cert *other = NULL;

	for (size_t i = 0; i < p->n_certs; i++) {
		struct verdict quiet = {0};
		enum snp_signing_key kind;
		struct snp_vek vek;

		if (!snp_vek_kind(p->certs[i], &kind))
			continue;
		if (kind != snp_signing_key(r)) {
			other = p->certs[i];
			continue;
		}
		if (!p->leaf)
			p->leaf = p->certs[i];
		if (!is_ok(snp_vek_parse(p->certs[i], &vek, &quiet)))
			continue;
		if (snp_vek_matches(&vek, r))
			p->leaf = p->certs[i];
		snp_vek_done(&vek);
	}
	if (!p->leaf)
		return no_leaf(r, p, other, v);
	return snp_vek_parse(p->leaf, &p->vek, v);
}

/* A certificate of the evidence whose subject is this name, or NULL. */
static struct cert *
find_by_name(const struct path *p, struct bytes cn)
{
	for (size_t i = 0; i < p->n_certs; i++) {
		if (p->certs[i] != p->leaf && bytes_equal(cert_subject_cn(p->certs[i]), cn))
			return p->certs[i];
	}
	return NULL;
}

/*
 * The certificate with the root's key. Its name does not matter: the key is
 * pinned, by us or by the reference set, and the evidence only carries it.
 */
static status
find_root(const struct snp_chain_request *rq, struct path *p, struct verdict *v)
{
	const struct hash256 *want =
	        rq->trust_root ? rq->trust_root : snp_vendor_root(p->vek.product);
	struct hash256 got = {{0}};
	bool claimed = false;

	for (size_t i = 0; i < p->n_certs; i++) {
		struct hash256 id;

		if (!bytes_starts(cert_subject_cn(p->certs[i]), BYTES("ARK-")))
			continue;
		id = got = cert_key_id(p->certs[i]);
		claimed = true;
		if (hash256_equal(&id, want)) {
			p->ark = p->certs[i];
			return OK;
		}
	}
	verdict_values_hex(v, hash256_view(want), hash256_view(&got));
	if (!claimed)
		return verdict_reject(v, STEP_CHAIN, "snp/root",
		                      "the root's certificate is not among the endorsements");
	return verdict_reject(v, STEP_CHAIN, "snp/root",
	                      "the evidence ends at a root that is not %s",
	                      rq->trust_root ? "the one that the reference set names" : "AMD's");
}

static status
find_intermediate(struct path *p, struct verdict *v)
{
	p->ask = find_by_name(p, cert_issuer_cn(p->leaf));
	if (p->ask)
		return OK;
	return verdict_reject(v, STEP_CHAIN, "snp/chain",
	                      "the certificate of the leaf's issuer is not among the endorsements");
}

/* ---- judging ---- */

static bool
is_rsa4096(const struct cert *c)
{
	struct key *k = cert_key(c);
	bool is = k && key_kind(k) == KEY_RSA && key_bits(k) == RSA_BITS;

	key_free(k);
	return is;
}

static status
check_algorithms(const struct path *p, struct verdict *v)
{
	if (cert_sig_is_pss_sha384(p->leaf) && cert_sig_is_pss_sha384(p->ask) &&
	    cert_sig_is_pss_sha384(p->ark) && is_rsa4096(p->ask) && is_rsa4096(p->ark))
		return OK;
	return verdict_reject(v, STEP_CHAIN, "snp/chain-algo",
	                      "the chain is not RSA-4096 with PSS and SHA-384 throughout");
}

static status
check_path(const struct snp_chain_request *rq, const struct path *p, struct verdict *v)
{
	struct cert *between[1] = {p->ask};
	char until[32];
	struct err err;

	if (is_ok(cert_walk(p->leaf, between, 1, p->ark, rq->now, &err)))
		return check_algorithms(p, v);
	/* The walk knows AMD's algorithms alone; a chain that is good by others is named as such.
	 */
	if (is_ok(cert_verify_chain(p->leaf, between, 1, p->ark, rq->now, NULL)))
		TRY(check_algorithms(p, v));
	if (p->vek.kind == SNP_SIGNED_VLEK && rq->now > cert_not_after(p->leaf))
		return verdict_reject(v, STEP_CHAIN, "snp/vlek-expired", "valid until %s",
		                      time_cstr(cert_not_after(p->leaf), until));
	return verdict_reject(v, STEP_CHAIN, "snp/chain", "%s", err.msg);
}

static status
check_revocation(const struct snp_chain_request *rq, const struct path *p, struct snp_chain *chain,
                 struct verdict *v)
{
	CLEANUP(lists_done) struct crl_lists lists;
	struct lists_answer l;

	lists_read(rq->endorsements, &lists);
	lists_ask(&lists, p->ask, p->ark, true, rq->now, &l);
	switch (l.finding) {
	case LISTS_FRESH:
		chain->revocation = REVOCATION_CHECKED;
		chain->valid_from = MAX(chain->valid_from, l.this_update);
		chain->valid_to = MIN(chain->valid_to, l.next_update);
		return OK;
	case LISTS_REVOKED:
		return verdict_reject(v, STEP_REVOCATION, "snp/ask-revoked",
		                      "AMD's list revokes the intermediate certificate");
	case LISTS_STALE:
		return verdict_reject(v, STEP_REVOCATION, "snp/crl-expired", "%s", l.why.msg);
	case LISTS_BAD:
		return verdict_reject(v, STEP_REVOCATION, "snp/crl", "%s", l.why.msg);
	case LISTS_UNREAD:
		return verdict_reject(v, STEP_REVOCATION, "snp/crl-parse", "%s", l.why.msg);
	case LISTS_NONE:
		break;
	}
	if (rq->revocation == REVOCATION_OPTIONAL)
		return OK;
	return verdict_reject(v, STEP_REVOCATION, "snp/crl-missing",
	                      "no revocation list of ARK-%s is at hand",
	                      snp_product_name(p->vek.product));
}

static status
judge(const struct snp_chain_request *rq, struct path *p, struct snp_chain *chain,
      struct verdict *v)
{
	TRY(parse_certs(rq->endorsements, p, v));
	TRY(find_leaf(rq->report, p, v));
	TRY(find_root(rq, p, v));
	TRY(find_intermediate(p, v));
	TRY(check_path(rq, p, v));
	chain->valid_from = MAX(cert_not_before(p->leaf),
	                        MAX(cert_not_before(p->ask), cert_not_before(p->ark)));
	chain->valid_to =
	        MIN(cert_not_after(p->leaf), MIN(cert_not_after(p->ask), cert_not_after(p->ark)));
	TRY(check_revocation(rq, p, chain, v));
	chain->root_key = cert_key_id(p->ark);
	chain->vek = p->vek;
	p->vek = (struct snp_vek){0};
	return OK;
}

static bool
usable(const struct snp_chain *c, const struct snp_chain_request *rq)
{
	return rq->now >= c->valid_from && rq->now <= c->valid_to &&
	       (c->revocation == REVOCATION_CHECKED || rq->revocation == REVOCATION_OPTIONAL);
}

status
snp_chain_verify(const struct snp_chain_request *rq, struct snp_chain **ret, struct verdict *v)
{
	CLEANUP(path_done) struct path p = {0};
	struct counted_chain *fresh;
	struct hash256 key;
	status s;

	if (rq->cache) {
		key = cache_key(rq);
		*ret = cache_get(rq->cache, &key);
		/* A document with several leaves: the cached one may be another report's. */
		if (*ret && usable(*ret, rq) && snp_vek_matches(&(*ret)->vek, rq->report))
			return OK;
		snp_chain_free(*ret);
	}
	fresh = mem_new(struct counted_chain);
	atomic_init(&fresh->refs, 1);
	s = judge(rq, &p, &fresh->chain, v);
	if (!is_ok(s)) {
		snp_chain_free(&fresh->chain);
		return s;
	}
	if (rq->cache)
		cache_put(rq->cache, &key, &fresh->chain);
	*ret = &fresh->chain;
	return OK;
}
