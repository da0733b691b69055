/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tpm.h: the quote of a virtual TPM (TPM 2.0 part 2, TPMS_ATTEST of type
 * quote), and the attestation key that signs it, which Azure's paravisor names
 * in its runtime data. A quote that verifies says nothing by itself: the
 * runtime data must be what a verified report's REPORTDATA is the hash of.
 */
#ifndef EVIDENCE_AZURE_TPM_H
#define EVIDENCE_AZURE_TPM_H

#include "crypto/hash.h"
#include "crypto/jws.h"
#include "evidence/document.h"
#include "evidence/verdict.h"

enum {
	TPM_PCRS = VTPM_PCRS,
	TPM_MESSAGE_MAX = VTPM_MESSAGE_MAX,
	TPM_NAME_MAX = 68,  /* TPM2B_NAME: algorithm and SHA-512 */
	TPM_EXTRA_MAX = 66, /* TPM2B_DATA: algorithm and the largest hash; Azure's takes 50 */
	TPM_KEY_MIN = 256,  /* bytes of modulus and signature: RSA-2048 ... */
	TPM_KEY_MAX = VTPM_SIGNATURE_MAX, /* ... to RSA-4096 */
};

struct tpm_quote {
	struct bytes signer; /* qualified name of the key */
	struct bytes extra_data;
	uint64_t clock;
	uint32_t resets, restarts;
	uint8_t clock_safe;
	uint64_t firmware;
	uint32_t selected; /* bit i: PCR i of the SHA-256 bank is in the digest */
	struct hash256 pcr_digest;
};

/* Slices borrow from `message`. Refusals: step decode, tpm/size ... (docs/evidence.md). */
status tpm_quote_parse(struct bytes message, struct tpm_quote *ret, struct verdict *v);

/* The values given are those quoted, and zero where none is quoted: tpm/pcr-digest. */
status tpm_quote_pcrs(const struct tpm_quote *q, const struct hash256 pcrs[TPM_PCRS],
                      enum verdict_step step, struct verdict *v);

/* Compares the extra data with what was asked for, in constant time: tpm/nonce. */
status tpm_quote_nonce(const struct tpm_quote *q, struct bytes expected, enum verdict_step step,
                       struct verdict *v);

/*
 * The key HCLAkPub of the runtime data, which is RSA with exponent 65537 and
 * 2048 to 4096 bits. The caller frees it. Step decode, tpm/key.
 */
status tpm_key_of_runtime(struct bytes runtime, struct jws_key **ret, struct verdict *v);

/* RSASSA-PKCS1-v1_5 or RSASSA-PSS with SHA-256: step signature, tpm/signature. */
status tpm_quote_signed(const struct jws_key *key, struct bytes message, struct bytes signature,
                        struct verdict *v);

#endif
