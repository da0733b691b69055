/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receipt.h: a verification that others can repeat, offline and years later:
 * the Coordinator's whole answer (state record, proof, evidence, endorsements,
 * records), the nonce that it was asked with, pins and manifest, in one JSON
 * file. Its time is a claim of its maker.
 *
 *   {"receipt": 2, "purpose": "statement", "time": RFC 3339, "nonce": hex,
 *    "genesis": {...genesis.json}, "manifest": base64, "answer": base64,
 *    "evidence"?: {...evidence document}}
 *
 * "evidence" is the answer's, with the collateral that its maker had to add
 * because the Coordinator did not bring it: so nobody needs a network to judge it.
 *
 * Purpose "attest" is evidence that is bound to a connection; then "serverKey"
 * and "exporter" are there, and a statement must not have them. Version 1 is
 * "attest" without saying so; it is read, and no longer written.
 */
#ifndef CHANNEL_RECEIPT_H
#define CHANNEL_RECEIPT_H

#include "channel/session.h"

enum {
	RECEIPT_VERSION = 2,
	RECEIPT_MAX_BYTES = 2 * SESSION_BODY_MAX,
};

struct receipt {
	int64_t time;
	struct session_channel channel;
	struct pins pins;
	struct bytes manifest; /* exact bytes */
	struct bytes answer;   /* body of POST /v1/attest as it came */
	bool completed;        /* `document` is there */
	struct document document;
};

/* Appends the JSON text. */
void receipt_write(const struct receipt *r, struct buf *out);

/* Slices are in the arena. ERR_PARSE E-RECEIPT-001 with a JSON path, and the JSON errors. */
status receipt_parse(struct arena *arena, struct bytes json, struct receipt *ret, struct err *err);

/*
 * The evidence in it, with all that came along; nothing is verified. In the
 * arena. ERR_PARSE E-RECEIPT-001 and the errors of document_parse().
 */
status receipt_document(struct arena *arena, const struct receipt *r, struct document *ret,
                        struct err *err);

/*
 * Judges it as `contrast verify` judged the session, at `now` (0: at its own
 * time). The pins are the receipt's: whoever asks compares genesis and manifest
 * hash with what he knows. Errors of session_accept(); ERR_REJECTED
 * E-RECEIPT-002 when its time is before the state record's, less five minutes.
 */
status receipt_verify(const struct receipt *r, int64_t now, bool insecure, struct session *ret,
                      struct err *err);

#endif
