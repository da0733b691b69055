/* SPDX-License-Identifier: Apache-2.0 */
/* A made-up paravisor: runtime data with the key of its virtual TPM, signed quotes, its report. */
#ifndef TESTS_EVIDENCE_MINT_VTPM_H
#define TESTS_EVIDENCE_MINT_VTPM_H

#include "evidence/azure/tpm.h"

struct mint_vtpm {
	void *key; /* OpenSSL's */
	struct buf runtime;
};

void mint_vtpm_init(struct mint_vtpm *m, int bits);
void mint_vtpm_done(struct mint_vtpm *m);

/* {"keys": [this key, called kid, and an encryption key], "vm-configuration", "user-data"}. */
void mint_vtpm_runtime(const struct mint_vtpm *m, const char *kid, struct buf *out);

struct mint_quote {
	uint32_t magic;
	uint16_t type;
	struct bytes extra;
	uint32_t banks;
	uint16_t bank; /* TPM_ALG_SHA256 */
	uint32_t selected;
	struct hash256 pcrs[TPM_PCRS];
	bool pss;
	bool sha1; /* the signature's hash */
};
/* All registers with values, the policy in register 8. */
struct mint_quote mint_quote_default(struct bytes extra, struct bytes policy);
/* Message and bare signature, appended. */
void mint_quote_message(const struct mint_quote *q, struct buf *message);
void mint_quote_sign(const struct mint_vtpm *m, const struct mint_quote *q, struct bytes message,
                     struct buf *signature);

/* The paravisor's report around a report of 1184 bytes, or a TD report of 1024 bytes. */
void mint_hcl(struct bytes report, struct bytes runtime, struct buf *out);

#endif
