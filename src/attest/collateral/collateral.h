/* SPDX-License-Identifier: Apache-2.0 */
/*
 * collateral.h: what a verifier needs beside the evidence, found in this
 * order: a bundle that the operator gave, the cache on disk, the vendor's
 * service. All of it is signed and dated, so the carrier needs no trust; the
 * verifier checks it in any case. With everything at hand no connection is
 * made, and what is missing is named exactly.
 */
#ifndef ATTEST_COLLATERAL_COLLATERAL_H
#define ATTEST_COLLATERAL_COLLATERAL_H

#include "evidence/document.h"
#include "transport/transport.h"

enum collateral_kind {
	COLLATERAL_SNP_VCEK,        /* "Milan/<chip id hex>/<TCB hex>": DER */
	COLLATERAL_SNP_CHAIN,       /* "Milan/vcek" or "Milan/vlek": PEM of ASK and ARK */
	COLLATERAL_SNP_CRL,         /* the same subjects: DER */
	COLLATERAL_TDX_TCB_INFO,    /* FMSPC in hex: JSON as delivered */
	COLLATERAL_TDX_QE_IDENTITY, /* "td": JSON as delivered */
	COLLATERAL_TDX_TCB_CHAIN,   /* "tcb": PEM of TCB signer and root */
	COLLATERAL_TDX_ROOT_CRL,    /* "root": DER */
	COLLATERAL_TDX_PCK_CRL,     /* "platform" or "processor": DER */
};
enum {
	COLLATERAL_KINDS = 8,
	COLLATERAL_SUBJECT_MAX = 192,
	COLLATERAL_ITEM_MAX = 1024 * 1024,
	COLLATERAL_BUNDLE_ITEMS = 4096,
	COLLATERAL_BUNDLE_MAX = 64 * 1024 * 1024,
	COLLATERAL_USED_MAX = 4, /* dated items of one verification */
	COLLATERAL_RENEW_MS = 10 * 1000,
	/* After so long the vendor is asked whether there is a newer one, wherever the window ends.
	 */
	COLLATERAL_LOOK_AGAIN = 7 * 86400,
};

/* "snp-vcek", ... Stable: names files and bundle members. */
const char *collateral_kind_name(enum collateral_kind k);
bool collateral_kind_parse(struct bytes name, enum collateral_kind *ret);
/* VCEK and chains never change; the others have a window and are renewed. */
bool collateral_is_dated(enum collateral_kind k);

struct collateral_item {
	enum collateral_kind kind;
	char subject[COLLATERAL_SUBJECT_MAX];
	struct bytes data;               /* as received; in the arena of whoever made the item */
	int64_t valid_from, valid_until; /* of the certificate, list or statement */
	uint64_t number;                 /* evaluation, or number of the list; 0 = none */
	int64_t fetched;                 /* when it came into the cache; 0 = it is not from there */
};

/*
 * Was it issued before the other one of the same kind and subject? By
 * evaluation or list number, then by date: an old statement that has not ended
 * hides what is known since (attack "collateral rollback").
 */
bool collateral_is_older(const struct collateral_item *item, const struct collateral_item *than);

/*
 * Works out the window from the data itself and refuses what is not of that
 * kind: ERR_PARSE E-COLLATERAL-001. No signature is checked here.
 */
status collateral_inspect(struct collateral_item *item, struct err *err);

/*
 * Should the vendor be asked for a newer one at `now`? Of dated kinds only:
 * past two thirds of the window, or COLLATERAL_LOOK_AGAIN after the last time
 * (AMD's lists are good for a year, and a revocation does not wait that long).
 */
bool collateral_is_due(const struct collateral_item *item, int64_t now);

/* ---- where it comes from ---- */

struct collateral_set { /* items of a bundle */
	struct collateral_item *items;
	size_t n, cap;
};
/* In the arena, which latches. Of one kind and subject only the newest stays. */
void collateral_set_add(struct arena *a, struct collateral_set *set,
                        const struct collateral_item *item);

struct collateral {
	const struct collateral_set *bundle; /* or NULL */
	const char *cache_dir;               /* or NULL */
	struct transport *transport;         /* NULL: never connect */
	/*
	 * NULL: the vendors'. Else a mirror without a slash at its end: a proxy of
	 * AMD's service; a PCCS or a copy of Intel's.
	 */
	const char *kds_url, *pcs_url;
	/*
	 * Dated items that are older than what the vendor's signature was seen on
	 * before are refused (marks are kept in the cache folder). Off where the
	 * past is judged: then the old ones are the right ones.
	 */
	bool monotone;
	/*
	 * NULL, or where every item is noted that was handed out, its data in
	 * `taken_arena` (the one that collateral_get() is given). What is there is not
	 * looked for again, and what was not found neither.
	 */
	struct collateral_set *taken;
	struct arena *taken_arena;
	/* NULL, or lines about a cache that is damaged or cannot be written: it costs time alone.
	 */
	struct buf *notes;
	struct collateral_set absent; /* private: with `taken`; data = why */
	bool unwritable;              /* private: that line is there */
	bool renewing;    /* private: there is one at hand, so nobody waits long for a newer */
	int64_t kds_next; /* private: not before this, AMD throttles */
	struct collateral_item used[COLLATERAL_USED_MAX]; /* private: for collateral_remember() */
	size_t n_used;
};

/*
 * One item, in the arena: the newest of bundle and cache. A dated one that is
 * out of its window at `now` is not used; one that is due is asked for anew, and
 * the present one serves while there is no answer.
 * ERR_UNREACHABLE E-COLLATERAL-010 names item and reason; E-COLLATERAL-012:
 * all there is, is older than one seen before.
 */
status collateral_get(struct collateral *c, enum collateral_kind kind, const char *subject,
                      int64_t now, struct arena *a, struct collateral_item *ret, struct err *err);

/*
 * Everything that this evidence needs and that `e` does not have yet, added to
 * `e`. `missing` gets one line for each item that could not be had; the caller
 * may go on without (a verdict says what that means). ERR_PARSE when the
 * evidence says not what it needs.
 */
status collateral_complete(struct collateral *c, enum tee tee, struct bytes evidence, int64_t now,
                           struct arena *a, struct endorsements *e, struct buf *missing,
                           struct err *err);

/*
 * After evidence was accepted under the vendor's own root with what
 * collateral_complete() left in the endorsements: nothing older is taken from
 * now on (of lists only when the verdict says that revocation was checked). Only then: a forged
 * statement of tomorrow must not shut out the true ones of today. A folder that cannot be written
 * is an error of file_write().
 */
status collateral_remember(const struct collateral *c, bool lists_checked, struct err *err);

/* ---- bundles: one JSON file for a fleet ---- */

/* ERR_PARSE E-COLLATERAL-020 with a JSON path; digests and windows are checked again. */
status collateral_bundle_parse(struct arena *a, struct bytes json, struct collateral_set *ret,
                               struct err *err);
void collateral_bundle_write(const struct collateral_set *set, struct buf *out);

/*
 * ---- the cache: one file an item ----
 * Processes may share it: files are replaced whole, and whoever compares and
 * replaces holds the lock of the folder. ERR_PARSE, ERR_LIMIT: the file is
 * there and damaged; any other error: there is none to be had.
 */
status collateral_cache_read(const char *dir, enum collateral_kind kind, const char *subject,
                             struct arena *a, struct collateral_item *ret, struct err *err);
/* Never replaces an item by an older one of the same kind and subject. */
status collateral_cache_write(const char *dir, const struct collateral_item *item, struct err *err);
/* The newest item of this name that was ever remembered, without data; false: none. */
bool collateral_seen_read(const char *dir, enum collateral_kind kind, const char *subject,
                          struct collateral_item *ret);
status collateral_seen_write(const char *dir, const struct collateral_item *item, struct err *err);
/* All items of the cache, in the arena; files that are none are skipped. */
status collateral_cache_list(const char *dir, struct arena *a, struct collateral_set *ret,
                             struct err *err);

/* ---- the vendors' services (engines over the transport) ---- */
status kds_fetch(struct collateral *c, enum collateral_kind kind, const char *subject,
                 struct arena *a, struct collateral_item *ret, struct err *err);
/* Also fills `chain` with the issuer chain that came in the headers, when there is one. */
status pcs_fetch(struct collateral *c, enum collateral_kind kind, const char *subject,
                 struct arena *a, struct collateral_item *ret, struct collateral_item *chain,
                 struct err *err);

#endif
