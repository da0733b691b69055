/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hcl.h: the report of Azure's paravisor as a guest reads it from its virtual
 * TPM (NV index 0x01400001): 32 bytes of header, the hardware's report in 1184 bytes,
 * 20 bytes that describe the runtime data, and these: JSON with the TPM's keys.
 * Integers are little-endian.
 *
 *   "HCLA" || version u32 (1, 2) || size u32 || request u32 (2) || status u32 (0) || 12 zero bytes
 *   report: SEV-SNP as it is; TDX a TDREPORT of 1024 bytes, then zeros
 *   size u32 || version u32 (1) || type u32 (2 SNP, 4 TDX) || hash u32 (1 SHA-256) || length u32
 */
#ifndef EVIDENCE_AZURE_HCL_H
#define EVIDENCE_AZURE_HCL_H

#include "base/bytes.h"

enum {
	HCL_HEADER = 32,
	HCL_REPORT = 1184,
	HCL_RUNTIME_HEADER = 20,
};

struct hcl {
	bool is_tdx;
	struct bytes report;  /* 1184 bytes */
	struct bytes runtime; /* the JSON text, which REPORTDATA is the hash of */
};

/* Borrows. False when a field is not as above; what follows the runtime data is not looked at. */
bool hcl_parse(struct bytes b, struct hcl *ret);

#endif
