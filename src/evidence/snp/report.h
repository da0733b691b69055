/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.h: the SEV-SNP attestation report, 1184 bytes, versions 2 to 5
 * (AMD, SEV-SNP firmware ABI, publication 56860). One table of fields serves parsing, emitting
 * (software secure processor) and printing.
 */
#ifndef EVIDENCE_SNP_REPORT_H
#define EVIDENCE_SNP_REPORT_H

#include "base/buf.h"
#include "evidence/snp/tcb.h"
#include "evidence/verdict.h"

enum {
	SNP_REPORT_VERSION_MIN = 2,
	SNP_REPORT_VERSION_CPUID = 3,      /* from here on CPUID is in it */
	SNP_REPORT_VERSION_MITIGATION = 5, /* and the mitigation vectors */
	SNP_REPORT_VERSION_MAX = 5,
	SNP_REPORT_SIZE = 0x4a0,
	SNP_SIGNED_SIZE = 0x2a0, /* what the signature covers */
	SNP_SIG_INT_SIZE = 48,
	SNP_SIG_ALGO_P384 = 1,
	SNP_CHIP_ID_SIZE = 64,
	SNP_RESPONSE_HEADER = 32, /* in front of the report in the firmware's answer */
};

/* POLICY bits. */
#define SNP_POLICY_SMT (1ULL << 16)
#define SNP_POLICY_ONE (1ULL << 17) /* reserved, must be set */
#define SNP_POLICY_MIGRATE_MA (1ULL << 18)
#define SNP_POLICY_DEBUG (1ULL << 19)
#define SNP_POLICY_SINGLE_SOCKET (1ULL << 20)
#define SNP_POLICY_CXL_ALLOW (1ULL << 21)
#define SNP_POLICY_MEM_AES_256_XTS (1ULL << 22)
#define SNP_POLICY_RAPL_DIS (1ULL << 23)
#define SNP_POLICY_CIPHERTEXT_HIDING (1ULL << 24)
#define SNP_POLICY_PAGE_SWAP_DISABLE (1ULL << 25)

/* PLATFORM_INFO bits; others are not known and not judged. */
#define SNP_PLATFORM_SMT (1ULL << 0)
#define SNP_PLATFORM_TSME (1ULL << 1)
#define SNP_PLATFORM_ECC (1ULL << 2)
#define SNP_PLATFORM_RAPL_DIS (1ULL << 3)
#define SNP_PLATFORM_CIPHERTEXT_HIDING (1ULL << 4)
#define SNP_PLATFORM_ALIAS_CHECK (1ULL << 5)
#define SNP_PLATFORM_TIO (1ULL << 7)

/* KEY_INFO. */
#define SNP_KEY_AUTHOR_EN (1U << 0)
#define SNP_KEY_MASK_CHIP (1U << 1)
enum snp_signing_key { SNP_SIGNED_VCEK = 0, SNP_SIGNED_VLEK = 1, SNP_SIGNED_NONE = 7 };

struct snp_report {
	uint32_t version;
	uint32_t guest_svn;
	uint64_t policy;
	uint8_t family_id[16];
	uint8_t image_id[16];
	uint32_t vmpl;
	uint32_t signature_algo;
	uint8_t current_tcb[SNP_TCB_SIZE];
	uint64_t platform_info;
	uint32_t key_info;
	uint8_t report_data[64];
	uint8_t measurement[48];
	uint8_t host_data[32];
	uint8_t id_key_digest[48];
	uint8_t author_key_digest[48];
	uint8_t report_id[32];
	uint8_t report_id_ma[32];
	uint8_t reported_tcb[SNP_TCB_SIZE];
	uint8_t cpuid_family, cpuid_model, cpuid_stepping; /* version 3 and up */
	uint8_t chip_id[SNP_CHIP_ID_SIZE];
	uint8_t committed_tcb[SNP_TCB_SIZE];
	uint8_t current_build, current_minor, current_major;
	uint8_t committed_build, committed_minor, committed_major;
	uint8_t launch_tcb[SNP_TCB_SIZE];
	uint64_t launch_mitigation, current_mitigation; /* version 5 */
	/* Big-endian, though the report has them little-endian. */
	uint8_t r[SNP_SIG_INT_SIZE], s[SNP_SIG_INT_SIZE];
};

static inline enum snp_signing_key
snp_signing_key(const struct snp_report *r)
{
	return (enum snp_signing_key)(r->key_info >> 2 & 7);
}

/*
 * Layer "parse" (docs/evidence.md): size, version, algorithm,
 * every byte that this version reserves zero, key kind, VMPL, signature
 * format. A refusal is in the verdict at STEP_DECODE with reasons snp/size,
 * snp/version, snp/sigalgo, snp/reserved, snp/unsigned, snp/signingkey,
 * snp/host-report, snp/vmpl-range, snp/sig-format.
 */
status snp_report_parse(struct bytes b, struct snp_report *ret, struct verdict *v);

/* The bytes, without looking whether they make sense; reserved bytes are zero. */
void snp_report_emit(const struct snp_report *r, uint8_t to[SNP_REPORT_SIZE]);

enum snp_field_kind { SNP_FIELD_NUMBER, SNP_FIELD_BYTES, SNP_FIELD_TCB };

struct snp_field {
	const char *name;
	uint16_t offset; /* in the report */
	uint16_t size;
	uint8_t min_version;
	enum snp_field_kind kind;
	uint16_t member; /* offset in struct snp_report */
};
/* In ascending order of their offset. */
extern const struct snp_field snp_fields[];
extern const size_t snp_fields_n;

/* Value of a NUMBER field. */
uint64_t snp_field_number(const struct snp_report *r, const struct snp_field *f);
void snp_field_set(struct snp_report *r, const struct snp_field *f, uint64_t value);
/* Value of the others, borrowed. */
struct bytes snp_field_bytes(const struct snp_report *r, const struct snp_field *f);

#endif
