/* SPDX-License-Identifier: Apache-2.0 */
/*
 * marks.h: what accepted evidence rested on, so that nothing older is accepted
 * later: a host that staples its pods' collateral could go on with last
 * month's, which is signed, in its window, and silent about what is known since.
 *
 *  - A revocation list is kept itself and added to later evidence: what it revokes stays revoked,
 *    and whoever brings an older one is not turned away for that.
 *  - Of TCB info and QE identity the evaluation number is kept: a lower one is refused. Intel signs
 *    the same evaluation anew each day, so dates say nothing.
 *
 * A mark's id is SHA-256("contrast/v1/mark" 00 || kind u8 || root key id || subject): the key id of
 * a list's issuer, the FMSPC, nothing. On the wire: kind u8 || id || number u64 || issued u64 ||
 * u32 n || list.
 */
#ifndef EVIDENCE_MARKS_H
#define EVIDENCE_MARKS_H

#include "evidence/document.h"

enum {
	MARKS_OF_ONE = EVIDENCE_MAX_CRLS + 2, /* of one piece of evidence */
	MARKS_MAX = 64, /* kept: roots, CAs and processor families of a fleet */
	MARKS_HEAD = 1 + 32 + 8 + 8 + 4,
	MARKS_OF_ONE_BYTES = MARKS_OF_ONE * (MARKS_HEAD + EVIDENCE_CRL_MAX),
	MARKS_BYTES = MARKS_MAX * (MARKS_HEAD + EVIDENCE_CRL_MAX),
};

enum mark_kind { MARK_LIST = 1, MARK_TCB_INFO, MARK_QE_IDENTITY };

struct mark {
	enum mark_kind kind;
	struct hash256 id;
	uint64_t number; /* of the list; the evaluation */
	int64_t issued;
	struct bytes list; /* DER of a list; borrowed */
};

struct marks {
	struct mark items[MARKS_MAX]; /* list = view of the buffer beside it */
	struct buf lists[MARKS_MAX];
	size_t n;
	uint64_t version; /* moves whenever something changes */
};
void marks_done(struct marks *m); /* accepts a zeroed struct */

/*
 * What the document rests on, which evidence_verify() has accepted under the
 * root with this key id: lists that the root, or what it signed directly,
 * signed and that are in their window; the statements. Slices borrow from `d`.
 */
size_t marks_of(const struct document *d, const struct hash256 *root, int64_t now,
                struct mark to[MARKS_OF_ONE]);

/*
 * Puts the kept lists that may concern this document in front of its own. No
 * trust is needed for that: lists are judged by who signed them.
 */
void marks_add_lists(const struct marks *kept, struct document *d);

/* ERR_REJECTED E-EVIDENCE-060: a statement of a lower evaluation than one kept. */
status marks_check(const struct marks *kept, const struct mark *of, size_t n, struct err *err);
/* Keeps what is newer. When all places are taken, what is not there yet is not kept. */
void marks_keep(struct marks *kept, const struct mark *of, size_t n);
/* Is there nothing newer in the mark than what is kept? */
bool marks_has(const struct marks *kept, const struct mark *m);

void marks_emit(const struct mark *of, size_t n, struct buf *out);
/* At most `max` marks. ERR_PARSE E-EVIDENCE-061. Slices borrow from `b`. */
status marks_parse(struct bytes b, struct mark *to, size_t max, size_t *ret_n, struct err *err);

#endif
