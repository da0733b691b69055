/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lists.h: what the revocation lists at hand say about one certificate. One
 * rule for AMD's and Intel's (docs/evidence.md, Collateral): evidence brings
 * lists of its own, so there may be several of one issuer.
 *
 *  - The freshest one that is in its window counts; an older one hides nothing
 *    of it, and a stale one beside it is no objection.
 *  - What any list revokes that the issuer signed stays revoked.
 *  - Without one in its window, a stale or a bad list is a refusal.
 *  - A list of another issuer is not at hand.
 */
#ifndef EVIDENCE_LISTS_H
#define EVIDENCE_LISTS_H

#include "crypto/cert.h"
#include "evidence/document.h"

struct crl_lists {
	struct crl *list[EVIDENCE_MAX_CRLS];
	size_t n;
	bool unread;    /* one did not parse: nobody knows whose it was */
	struct err why; /* of that one */
};

/* Parses what is there; lists_done() in any case. */
void lists_read(const struct endorsements *e, struct crl_lists *ret);
void lists_done(struct crl_lists *l);

enum lists_finding {
	LISTS_NONE,    /* no list of the issuer */
	LISTS_FRESH,   /* in its window, and the certificate is on none */
	LISTS_REVOKED, /* on a list of the issuer, be it fresh or not */
	LISTS_STALE,   /* none in its window */
	LISTS_BAD,     /* none in its window, and one is not signed by the issuer as it must be */
	LISTS_UNREAD,  /* none in its window, and one does not parse */
};

struct lists_answer {
	enum lists_finding finding;
	int64_t this_update, next_update; /* of the freshest, for LISTS_FRESH */
	struct err why;                   /* for the last three */
};

/* `pss`: a list must be signed with PSS and SHA-384 (AMD's). */
void lists_ask(const struct crl_lists *l, const struct cert *subject, const struct cert *issuer,
               bool pss, int64_t now, struct lists_answer *ret);

#endif
