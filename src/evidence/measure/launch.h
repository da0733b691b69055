/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch.h: the launch digest of SEV-SNP (page chain, AMD
 * publication 56860 section 8.17), and those of SEV and SEV-ES for comparison. No I/O.
 */
#ifndef EVIDENCE_MEASURE_LAUNCH_H
#define EVIDENCE_MEASURE_LAUNCH_H

#include "crypto/hash.h"
#include "evidence/measure/firmware.h"
#include "evidence/measure/vmsa.h"

enum { LAUNCH_MAX_VCPUS = 512 };

enum launch_page {
	LAUNCH_PAGE_NORMAL = 1,
	LAUNCH_PAGE_VMSA = 2,
	LAUNCH_PAGE_ZERO = 3,
	LAUNCH_PAGE_UNMEASURED = 4,
	LAUNCH_PAGE_SECRETS = 5,
	LAUNCH_PAGE_CPUID = 6,
};

#define LAUNCH_VMSA_GPA UINT64_C(0xfffffffff000)

/* One step of the chain: ld = SHA-384(PAGE_INFO). `content` is 4096 bytes for NORMAL and VMSA, else
 * unused. */
void launch_extend(struct hash384 *ld, enum launch_page type, uint64_t gpa, const uint8_t *content);

/* The SEV hash table that QEMU puts into memory with kernel-hashes=on. */
enum { SEV_HASH_TABLE_SIZE = 176 };
struct kernel_hashes {
	struct hash256 kernel, initrd, cmdline;
};
void sev_hash_table(const struct kernel_hashes *h, uint8_t table[SEV_HASH_TABLE_SIZE]);
/* Hash of a command line as the table has it: with its NUL. */
struct hash256 cmdline_hash(struct bytes cmdline);

struct launch_spec {
	const struct firmware *firmware;
	const struct kernel_hashes *hashes; /* NULL: booted without a kernel */
	enum vmm_kind vmm;
	uint32_t cpu_signature;
	uint64_t sev_features;
	unsigned int vcpus;
};

struct launch_steps {
	struct hash384 firmware; /* after the firmware's pages */
	struct hash384 metadata; /* after the metadata's pages: the seed for any number of vCPUs */
	struct hash384 launch;   /* MEASUREMENT of the report */
};

/*
 * ERR_PARSE E-MEASURE-020 a kernel is given but the firmware has no place for
 * its hashes; -021 several vCPUs but no reset block; -022 an unknown section;
 * ERR_LIMIT E-MEASURE-023 vCPUs out of range.
 */
status launch_measure_snp(const struct launch_spec *spec, struct launch_steps *ret,
                          struct err *err);
status launch_measure_sev(const struct launch_spec *spec, bool encrypted_state, struct hash256 *ret,
                          struct err *err);

/*
 * From the digest before any VMSA (metadata above), or from the one with one
 * vCPU, to that with `vcpus`. The verifier uses the second form with a
 * manifest's APEIP.
 */
void launch_add_vcpus(struct hash384 *ld, const struct vmsa_spec *ap, unsigned int count);

/*
 * The number of vCPUs, 1..max, at which a guest whose digest with one vCPU is
 * `one` has the digest `want` (48 bytes); 0 when there is none. One short hash a step.
 */
unsigned int launch_count_vcpus(const struct hash384 *one, const struct vmsa_spec *ap,
                                unsigned int max, struct bytes want);

#endif
