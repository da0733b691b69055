/* SPDX-License-Identifier: Apache-2.0 */
/* quoter_state.h: private to the TDX-shaped processor: what quoter_open() holds. */
#ifndef NODE_QUOTER_STATE_H
#define NODE_QUOTER_STATE_H

#include "crypto/cert.h"
#include "node/quoter.h"

enum { QUOTER_DAY = 24 * 60 * 60, QUOTER_AUTH_SIZE = 32 };

struct quoter {
	struct quoter_facts facts;
	struct key *root_key, *platform_key, *signer_key, *pck_key;
	struct cert *root, *platform, *signer, *pck;
	struct buf pem; /* PCK, Platform CA, root */
	/* The quoting enclave: its attestation key, and how the PCK vouches for it. */
	struct key *attestation;
	uint8_t point[64];
	uint8_t auth[QUOTER_AUTH_SIZE];
	struct buf qe_report;
	uint8_t qe_signature[64];
	/* Statements, until when. */
	int64_t fresh_until;
	struct buf root_crl, pck_crl, tcb_info, qe_identity;
};

/* The quoting enclave as identity and report say. */
extern const struct qe_report quoter_enclave;

/* Certificates under keys that exist already, and the PEM chain. */
status quoter_issue_certs(struct quoter *q, int64_t now, struct err *err);
/* Lists and signed JSON, dated `now`, of this evaluation (tcbEvaluationDataNumber). */
status quoter_issue_statements(struct quoter *q, int64_t now, unsigned int evaluation,
                               struct err *err);

#endif
