/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.h: is a TDX quote genuine, at which TCB, and does it satisfy a
 * reference set? In the order of docs/evidence.md. What can be checked once
 * and kept (certificate chain, collateral) is an object of its own: on the hot
 * path two P-256 signatures remain.
 */
#ifndef EVIDENCE_TDX_VERIFY_H
#define EVIDENCE_TDX_VERIFY_H

#include "evidence/document.h"
#include "evidence/findings.h"
#include "evidence/lists.h"
#include "evidence/tdx/reference.h"

/* SHA-256 of the SubjectPublicKeyInfo of the Intel SGX Root CA. */
extern const struct hash256 tdx_intel_root;

/* ---- the platform's certificates ---- */

struct tdx_chain {
	struct key *key; /* of the PCK certificate */
	struct cert *root;
	struct cert *issuer; /* Platform or Processor CA */
	struct cert *leaf;
	struct pck pck;
	struct crl_lists lists; /* for the collateral's signer too */
	enum revocation_state revocation;
	int64_t valid_until; /* earliest end of a certificate or CRL used */
};

/*
 * PCK <- Platform or Processor CA <- the root with this key, at `now`, with
 * names and roles checked, and not revoked where the lists are at hand.
 * Reasons tdx/pck-parse, tdx/root, tdx/chain, tdx/pck-ext, tdx/crl-missing,
 * tdx/crl-expired, tdx/crl, tdx/crl-parse, tdx/pck-revoked. Release with tdx_chain_done() in any
 * case.
 */
status tdx_chain_open(struct bytes pem, const struct endorsements *e, const struct hash256 *root,
                      bool require_revocation, int64_t now, struct tdx_chain *ret,
                      struct verdict *v);
void tdx_chain_done(struct tdx_chain *c);

/* ---- Intel's statements ---- */

struct tdx_collateral {
	struct arena arena;
	struct tcb_info info;
	struct qe_identity qe;
	int64_t valid_until; /* earliest end of a statement, its signer, or a list used */
};

/*
 * TCB info and QE identity of the endorsements (the chain's): signed by a TCB
 * signer under the chain's root that none of its lists names, inside their windows, of one
 * evaluation. Reasons tdx/collateral-missing, tdx/tcbinfo-signature, tdx/tcbinfo-parse,
 * tdx/tcbinfo-expired, tdx/tcbinfo-future, tdx/qeid-..., tdx/tcb-eval.
 */
status tdx_collateral_open(const struct endorsements *e, const struct tdx_chain *chain,
                           bool require_revocation, int64_t now, struct tdx_collateral *ret,
                           struct verdict *v);
void tdx_collateral_done(struct tdx_collateral *c);

/* ---- a quote ---- */

/*
 * Signatures, the quoting enclave, platform identity, and REPORTDATA (NULL:
 * not compared, for showing a saved quote only). On OK `result` has the TCB
 * status, whatever it is, except NOT_SUPPORTED and Revoked, which are refused.
 */
status tdx_authenticate(const struct tdx_quote *q, const struct tdx_chain *chain,
                        const struct tdx_collateral *c, const uint8_t report_data[64],
                        struct tcb_result *result, struct verdict *v);

/* The authentic quote against one reference set: every difference. */
void tdx_appraise_all(const struct tdx_quote *q, const struct tdx_chain *chain,
                      const struct tdx_collateral *c, const struct tcb_result *result,
                      const struct tdx_reference *ref, struct appraisal *a);
/* The first of them as a verdict. */
status tdx_appraise(const struct tdx_quote *q, const struct tdx_chain *chain,
                    const struct tdx_collateral *c, const struct tcb_result *result,
                    const struct tdx_reference *ref, struct verdict *v);

/* ---- kept between quotes ---- */

/*
 * Chain and collateral that were found good under one root, immutable and
 * counted. The same inputs give the same until valid_until.
 */
struct tdx_opened {
	struct tdx_chain chain;
	struct tdx_collateral collateral;
	int64_t opened_at, valid_until;
};
void tdx_opened_free(struct tdx_opened *o);

struct tdx_cache; /* bounded, safe for several threads */
struct tdx_cache *tdx_cache_new(void);
void tdx_cache_free(struct tdx_cache *c);

/* tdx_chain_open() and tdx_collateral_open(), or what an earlier call found. cache may be NULL. */
status tdx_open(struct bytes pem, const struct endorsements *e, const struct hash256 *root,
                bool require_revocation, int64_t now, struct tdx_cache *cache,
                struct tdx_opened **ret, struct verdict *v);

#endif
