/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.h: no flipped bit and no truncation of a real file is accepted. A walk
 * starts from accepted evidence, and what may change without harm is listed by
 * each test with its reason. CONTRAST_WALK=full takes every bit (the release
 * build of scripts/test); otherwise samples keep `meson test` quick.
 */
#ifndef TESTS_EVIDENCE_WALK_H
#define TESTS_EVIDENCE_WALK_H

#include "base/clock.h"
#include "evidence/intake.h"
#include "evidence/verify.h"
#include "vectors.h"

#include <string.h>

struct set {
	const char *evidence, *files[4], *time;
};

#define SOLANA "tdx/automata-dcap/solana_signing.der"
#define INFO_90C0 "tdx/automata-dcap/0625_tcbinfov3_90C06F000000.json"
#define INFO_0080 "tdx/automata-dcap/0625_tcbinfov3_00806f050000.json"
#define QE_0625 "tdx/automata-dcap/0625_qe_td.json"

/* Bits from one to the next: primes, so that all positions in bytes come up. */
static inline size_t
stride(size_t sampled)
{
	const char *walk = getenv("CONTRAST_WALK");

	return walk && strcmp(walk, "full") == 0 ? 1 : sampled;
}

struct walk;
typedef bool walk_fn(const struct walk *w);

struct walk {
	walk_fn *hopeless; /* or NULL: a cheaper way to see that a change is refused */
	struct arena arena;
	struct buf evidence;
	struct document doc;
	struct evidence_request rq;
	size_t free_bits;
};

static inline void
walk_done(struct walk *w)
{
	arena_done(&w->arena);
	buf_done(&w->evidence);
	tdx_cache_free(w->rq.tdx_cache);
	snp_cache_free(w->rq.cache);
}

static inline void
walk_init(struct walk *w, const char *evidence, const char *const *files, size_t n,
          const char *time)
{
	struct err err;

	*w = (struct walk){0};
	if (!vector_read(evidence, &w->evidence))
		skip();
	assert_ok(intake_evidence(&w->arena, buf_view(&w->evidence), &w->doc, &err));
	for (size_t i = 0; i < n && files[i]; i++) {
		CLEANUP(buf_done) struct buf b = {0};

		assert_true(vector_read(files[i], &b));
		assert_ok(intake_endorsements(&w->arena, arena_copy(&w->arena, buf_view(&b)),
		                              &w->doc.endorsements, &err));
	}
	w->rq = (struct evidence_request){.scope = EVIDENCE_AUTHENTIC,
	                                  .document = &w->doc,
	                                  .revocation = w->doc.endorsements.n_crls > 0
	                                                        ? REVOCATION_REQUIRED
	                                                        : REVOCATION_OPTIONAL};
	assert_true(time_parse(bytes_str(time), &w->rq.now));
}

static inline bool
accepted(const struct walk *w)
{
	struct evidence_result res;

	if (w->hopeless && w->hopeless(w))
		return false;
	evidence_verify(&w->rq, &res);
	return verdict_accepted(&res.verdict);
}

/* What a walk starts from; otherwise it would refuse for another reason than the changed bit. */
static inline void
must_accept(const struct walk *w, const char *name)
{
	struct evidence_result res;

	evidence_verify(&w->rq, &res);
	if (!verdict_accepted(&res.verdict))
		fail_msg("%s, unchanged: %s (%s)", name, res.verdict.reason, res.verdict.detail);
}

/* Is this bit of the slice one of those that say nothing? */
typedef bool harmless_fn(const struct walk *w, struct bytes b, size_t at, uint8_t mask);

static inline bool
none(const struct walk *w UNUSED, struct bytes b UNUSED, size_t at UNUSED, uint8_t mask UNUSED)
{
	return false;
}

/* Flips each bit of the slice's copy, then cuts it at each length. */
static inline void
walk_slice(struct walk *w, const char *name, struct bytes *slice, size_t sampled, size_t cut_to,
           harmless_fn *harmless)
{
	CLEANUP(buf_done) struct buf copy = {0};
	struct bytes whole = *slice;
	size_t step = stride(sampled);

	buf_bytes(&copy, whole);
	*slice = buf_view(&copy);
	must_accept(w, name);
	for (size_t bit = 0; bit < copy.n * 8; bit += step) {
		uint8_t mask = (uint8_t)(1U << bit % 8);

		copy.p[bit / 8] ^= mask;
		if (accepted(w)) {
			if (!harmless(w, buf_view(&copy), bit / 8, mask))
				fail_msg("%s: bit %zu of byte %zu is free", name, bit % 8, bit / 8);
			w->free_bits++;
		}
		copy.p[bit / 8] ^= mask;
	}
	for (size_t n = 0; n<cut_to; n += step> 1 ? step / 7 + 1 : 1) {
		*slice = bytes_sub(buf_view(&copy), 0, n);
		if (accepted(w))
			fail_msg("%s: accepted with %zu of %zu bytes", name, n, copy.n);
	}
	*slice = whole;
	must_accept(w, name);
}

#endif
