/* SPDX-License-Identifier: Apache-2.0 */
/*
 * document.h: the evidence document (docs/evidence.md), in which evidence
 * travels with what it needs to be judged:
 *
 *   {"type": "snp" | "tdx" | "snp-vtpm" | "tdx-vtpm",
 *    "evidence": base64 of the report or quote,
 *    "vtpm": {                             with the last two types, and only then
 *      "runtimeData": base64               JSON with the TPM's key, whose hash REPORTDATA is
 *      "message": base64                   TPMS_ATTEST of a quote
 *      "signature": base64                 RSA, bare
 *      "pcrs": base64                      24 values of the SHA-256 bank, one behind the other
 *      "policy": base64                    optional: the policy hash that register 8 stands for
 *    },
 *    "endorsements": {
 *      "certificates": [base64 DER, ...]   SNP: VCEK or VLEK, ASK, ARK in any order;
 *                                          TDX: issuer chain of the collateral
 *      "crls": [base64 DER, ...]           revocation lists
 *      "tcbInfo": base64, "qeIdentity": base64    TDX: JSON exactly as the vendor sent it
 *    }}
 *
 * All of it is signed by others or worthless, so anybody may carry it.
 * Decoding is strict: unknown or duplicate members are errors with their path.
 */
#ifndef EVIDENCE_DOCUMENT_H
#define EVIDENCE_DOCUMENT_H

#include "evidence/binding.h"
#include "json/value.h"

enum {
	EVIDENCE_MAX = 16 * 1024, /* bytes of a report or quote */
	EVIDENCE_MAX_CERTS = 8,
	EVIDENCE_MAX_CRLS = 4,
	EVIDENCE_CERT_MAX = 8 * 1024,
	EVIDENCE_CRL_MAX = 64 * 1024,
	EVIDENCE_JSON_MAX = 128 * 1024, /* TCB info, QE identity */
	EVIDENCE_DOCUMENT_MAX = 1024 * 1024,
	VTPM_RUNTIME_MAX = 4096, /* bytes of JSON */
	VTPM_MESSAGE_MAX = 512,
	VTPM_SIGNATURE_MAX = 512, /* RSA-4096 */
	VTPM_PCRS = 24,
	VTPM_PCRS_SIZE = VTPM_PCRS * SHA256_SIZE,
};

/* What a paravisor's report vouches for, and a virtual TPM's quote over this session. */
struct vtpm {
	struct bytes runtime;
	struct bytes message,
	        signature;   /* empty: a saved report alone, which proves no freshness */
	struct bytes pcrs;   /* VTPM_PCRS_SIZE bytes */
	struct bytes policy; /* 32 bytes, or empty */
};

struct endorsements {
	struct bytes certs[EVIDENCE_MAX_CERTS]; /* DER */
	size_t n_certs;
	struct bytes crls[EVIDENCE_MAX_CRLS]; /* DER */
	size_t n_crls;
	struct bytes tcb_info, qe_identity; /* empty when absent */
};

struct document {
	enum tee tee;
	struct bytes evidence;
	struct vtpm vtpm; /* where tee_has_vtpm() */
	struct endorsements endorsements;
};

/*
 * The document's bytes are in the arena afterwards. ERR_PARSE E-EVIDENCE-030
 * (shape; also the JSON errors), ERR_LIMIT E-EVIDENCE-031; the place is the JSON path.
 */
status document_parse(struct arena *arena, struct bytes json, struct document *ret,
                      struct err *err);

/* From a value that is parsed already (a member of an API body). */
status document_from_json(struct arena *arena, const struct value *v, struct document *ret,
                          struct err *err);

/* As a JSON value in the arena; write it with json_write(). Latches in the arena. */
struct value document_to_json(struct arena *arena, const struct document *d);

#endif
