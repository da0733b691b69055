/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool.h: endorsements of a whole fleet, and what of them one report or quote
 * needs: the leaf that speaks of it, the certificates and lists of its product,
 * the statements about its kind of platform. Nothing is judged here: what does not parse
 * goes along, so that the verifier says so.
 */
#ifndef EVIDENCE_POOL_H
#define EVIDENCE_POOL_H

#include "base/arena.h"
#include "evidence/document.h"

enum { POOL_MAX = 4096 }; /* pieces of one kind */

struct pool {
	struct arena *arena; /* set by the caller; also what the pieces borrow from */
	struct bytes *certs, *crls, *tcb_infos, *qe_identities;
	size_t n_certs, n_crls, n_tcb_infos, n_qe_identities;
};

/* Adds all of them; the same piece twice is one. ERR_LIMIT E-EVIDENCE-053. */
status pool_add(struct pool *p, const struct endorsements *e, struct err *err);

/*
 * Into *ret what fits the evidence of `d`; its own endorsements are in the pool
 * or they do not count. Of several lists and statements those that are valid at
 * `now` come first, then the newest; of statements the two of one evaluation.
 */
void pool_select(const struct pool *p, const struct document *d, int64_t now,
                 struct endorsements *ret);

#endif
