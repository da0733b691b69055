/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reference.h: one SNP reference set of a manifest (`ReferenceValues.snp[]`),
 * decoded. Evidence satisfies a set whole or not at all; the meaning of each
 * field is Contrast's, so that existing manifests keep theirs.
 */
#ifndef EVIDENCE_SNP_REFERENCE_H
#define EVIDENCE_SNP_REFERENCE_H

#include "evidence/azure/pcrs.h"
#include "evidence/snp/tcb.h"
#include "evidence/snp/vek.h"

/*
 * GuestPolicy. What it allows (smt, migrate_ma, cxl_allowed, single-socket not
 * demanded) the guest may or may not use; what it demands (single_socket,
 * mem_aes_256_xts, rapl_dis, ciphertext_hiding, page_swap_disable) must be set.
 * Debug is refused whatever a manifest says: there is no such field.
 */
struct snp_guest_policy {
	uint8_t abi_minor, abi_major; /* the guest's minimum must be at least this */
	bool smt;
	bool migrate_ma;
	bool single_socket;
	bool cxl_allowed;
	bool mem_aes_256_xts;
	bool rapl_dis;
	bool ciphertext_hiding;
	bool page_swap_disable;
};

/*
 * PlatformInfo: smt, tsme and tio say what may be on; ecc, rapl_disabled,
 * ciphertext_hiding and alias_check_complete what must be.
 */
struct snp_platform_info {
	bool smt;
	bool tsme;
	bool ecc;
	bool rapl_disabled;
	bool ciphertext_hiding;
	bool alias_check_complete;
	bool tio;
};

struct snp_chip_id {
	uint8_t b[SNP_CHIP_ID_SIZE];
};

struct snp_reference {
	enum snp_product product;

	/* TrustRoot: SHA-256 of the root's SPKI; without it AMD's root of the product. */
	bool has_trust_root;
	struct hash256 trust_root;

	/* TrustedMeasurement; with APEIP it is that of one vCPU, and 1..220 vCPUs are derived. */
	struct hash384 measurement;
	bool has_ap_eip;
	uint32_t ap_eip;
	uint64_t sev_features; /* of the derived VMSA pages; 1 = SNP active */

	struct snp_tcb minimum_tcb; /* of reported, committed and launch TCB, part by part */
	/* MinimumCommittedFirmware: of the committed and the current firmware; 0.0.0 demands
	 * nothing. */
	struct snp_firmware minimum_firmware;
	uint32_t minimum_version; /* of the report: an older one cannot show what a newer must */
	struct snp_guest_policy guest_policy;
	struct snp_platform_info platform_info;
	uint64_t minimum_mitigation; /* bits that launch and current vector must have */

	/* AllowedChipIDs: n == 0 with chip_ids NULL: any. Borrowed. */
	const struct snp_chip_id *chip_ids;
	size_t n_chip_ids;

	/* Empty: VCEK only. Else a VLEK of this provider only ("CN=cc-us-east-2.amazonaws.com"). */
	char csp_id[SNP_CSP_ID_MAX + 1];

	/* Signer and name of the image (ID block); NULL where the set says nothing. Borrowed. */
	const struct hash384 *id_key_digest;
	const struct hash384 *author_key_digest;
	const uint8_t *family_id, *image_id; /* 16 bytes each */
	uint32_t minimum_guest_svn;

	/* Registers of the virtual TPM behind a paravisor; NULL: for other evidence. Borrowed. */
	const struct pcr_set *pcrs;
};

enum { SNP_REFERENCE_MAX_VCPUS = 220 };

#endif
