/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reference.h: one reference set for TDX (ReferenceValues.tdx of a manifest).
 * A quote must satisfy a set whole.
 */
#ifndef EVIDENCE_TDX_REFERENCE_H
#define EVIDENCE_TDX_REFERENCE_H

#include "evidence/azure/pcrs.h"
#include "evidence/tdx/tcb.h"

struct tdx_reference {
	bool has_trust_root; /* TrustRoot: SHA-256 of the root's SPKI; else Intel's */
	struct hash256 trust_root;
	const uint8_t (*mrtd)[48]; /* any of them */
	size_t n_mrtd;
	bool has_mrseam;
	uint8_t mrseam[48];
	const uint8_t (*rtmr0)[48]; /* any of them; none = not compared */
	size_t n_rtmr0;
	bool has_rtmr[TDX_RTMRS]; /* [0] is not used */
	uint8_t rtmr[TDX_RTMRS][48];
	bool has_mrconfigid;
	uint8_t mrconfigid[48];
	uint8_t mrowner[48], mrownerconfig[48]; /* zero: none */
	uint64_t xfam, xfam_mask;
	const uint8_t (*piids)[16]; /* allowed platforms; none = all */
	size_t n_piids;
	bool memory_integrity; /* SGX type must be scalable with integrity */
	bool smt_disabled;
	bool static_platform;
	uint32_t min_evaluation;
	uint32_t accepted_statuses; /* bits 1 << enum tcb_status; 0 = UpToDate alone */
	const struct pcr_set *pcrs; /* as in an SNP set */
};

/* Bits that must be compared: all but PKRU, CET and AMX, which vary with host and launcher. */
#define TDX_XFAM_DEFAULT_MASK (~(UINT64_C(1) << 9 | UINT64_C(3) << 11 | UINT64_C(3) << 17))
/* SEPT_VE_DISABLE and nothing else. */
#define TDX_ATTRIBUTES_REQUIRED UINT64_C(0x10000000)

#endif
