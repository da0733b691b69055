/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmsa.h: the register state of a virtual processor at launch as one measured
 * page (AMD APM volume 2, table B-4; values as each hypervisor sets them).
 */
#ifndef EVIDENCE_MEASURE_VMSA_H
#define EVIDENCE_MEASURE_VMSA_H

#include "base/bytes.h"

enum { VMSA_SIZE = 4096 };
#define VMSA_BOOT_EIP UINT32_C(0xfffffff0)

enum vmm_kind {
	VMM_QEMU,
	VMM_EC2,      /* RDX 0x600, as one reference tool has it */
	VMM_EC2_RDX0, /* RDX 0, as the other has it */
	VMM_GCE,
};

struct vmsa_spec {
	enum vmm_kind vmm;
	uint32_t eip; /* 0xfffffff0 for the boot processor */
	uint32_t cpu_signature;
	uint64_t sev_features;
};

void vmsa_page(const struct vmsa_spec *spec, uint8_t page[VMSA_SIZE]);

/* "qemu", "ec2", "ec2-rdx0", "gce"; false if unknown. */
bool vmm_parse(struct bytes name, enum vmm_kind *ret);

/* Signature of a named processor model ("epyc-milan", "EPYC-v4", ...), or of "0xa00f11"; false if
 * unknown. */
bool cpu_signature_parse(struct bytes name, uint32_t *ret);
/* CPUID leaf 1 EAX of family, model and stepping. */
uint32_t cpu_signature(unsigned int family, unsigned int model, unsigned int stepping);

#endif
