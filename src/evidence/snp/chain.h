/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chain.h: from a VCEK or VLEK up to the root that a reference set names, and
 * revocation. Chains that were found valid may be cached: then a report costs
 * one P-384 verification.
 */
#ifndef EVIDENCE_SNP_CHAIN_H
#define EVIDENCE_SNP_CHAIN_H

#include "evidence/document.h"
#include "evidence/snp/vek.h"

enum revocation_policy {
	REVOCATION_REQUIRED = 0, /* without a fresh list the answer is no */
	REVOCATION_OPTIONAL,     /* without any list: not checked. A bad list is still a no */
};

/* A leaf that was verified up to its root; immutable and counted. */
struct snp_chain {
	struct snp_vek vek;
	struct hash256 root_key;
	enum revocation_state revocation;
	int64_t valid_from, valid_to; /* of all certificates and the list together */
};
void snp_chain_free(struct snp_chain *c);

/* Bounded, safe for several threads. Holds good chains only. */
struct snp_cache;
struct snp_cache *snp_cache_new(void);
void snp_cache_free(struct snp_cache *c);

struct snp_chain_request {
	const struct endorsements *endorsements;
	const struct snp_report *report; /* decides which of several leaves is meant */
	/* NULL: AMD's root of the leaf's product; else SHA-256 of the root's SPKI. */
	const struct hash256 *trust_root;
	enum revocation_policy revocation;
	int64_t now;
	struct snp_cache *cache; /* or NULL */
};

/*
 * A chain whose leaf fits the report's signing kind. Whoever carries the
 * certificates needs no trust: the root counts by its key, which is pinned. Refusals: STEP_CHAIN
 * snp/vek-missing, snp/vek-parse, snp/vek-kind, snp/product, snp/root, snp/chain, snp/vlek-expired,
 * snp/chain-algo; STEP_REVOCATION snp/crl-missing, snp/crl-parse, snp/crl, snp/crl-expired,
 * snp/ask-revoked. snp_chain_free() the result.
 */
status snp_chain_verify(const struct snp_chain_request *rq, struct snp_chain **ret,
                        struct verdict *v);

#endif
