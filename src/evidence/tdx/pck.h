/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pck.h: the SGX extension of a PCK certificate (Intel SGX PCK Certificate and
 * CRL profile, section 1.3.5): which platform, at which TCB.
 */
#ifndef EVIDENCE_TDX_PCK_H
#define EVIDENCE_TDX_PCK_H

#include "crypto/cert.h"
#include "evidence/tdx/quote.h"

enum sgx_type { SGX_STANDARD = 0, SGX_SCALABLE = 1, SGX_SCALABLE_INTEGRITY = 2 };

struct pck {
	uint8_t comp[TDX_SVNS];
	uint16_t pcesvn;
	uint8_t pceid[2];
	uint8_t fmspc[6];
	enum sgx_type sgx_type;
	bool has_piid; /* Platform CA only */
	uint8_t piid[16];
	bool has_configuration;
	bool dynamic_platform, cached_keys, smt_enabled;
};

/* Content of the extension. ERR_PARSE E-TDX-001 with what is wrong. */
status pck_parse_extension(struct bytes der, struct pck *ret, struct err *err);

/*
 * Writes the extension, PPID zero, CPUSVN as the components; for who makes
 * PCK certificates (software secure processor, tests).
 */
void pck_emit_extension(const struct pck *p, struct buf *out);
#define PCK_OID_SGX "1.2.840.113741.1.13.1"

/* The extension of a certificate. */
status pck_parse(const struct cert *cert, struct pck *ret, struct err *err);

#endif
