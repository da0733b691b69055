/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tdx.h: what a TD's measurement registers will hold: MRTD from the firmware,
 * RTMR1 and RTMR2 from a directly booted kernel, initrd and command line
 * (Intel TDX Virtual Firmware design guide; edk2's measurements). RTMR0 depends on ACPI tables
 * that only the launcher has, so it is not predicted. No I/O.
 */
#ifndef EVIDENCE_MEASURE_TDX_H
#define EVIDENCE_MEASURE_TDX_H

#include "crypto/hash.h"
#include "evidence/measure/firmware.h"

enum mrtd_order {
	MRTD_BY_PAGE, /* each page added, then extended: KVM_TDX_INIT_MEM_REGION, QEMU 9 and later
	               */
	MRTD_BY_SECTION, /* all pages of a section added, then all extended: older QEMU */
};

/* ERR_NOT_FOUND E-MEASURE-030: the firmware has no TDX metadata; ERR_PARSE E-MEASURE-008: it is out
 * of range. */
status mrtd_measure(const struct firmware *fw, enum mrtd_order order, struct hash384 *ret,
                    struct err *err);

/* RTMR = SHA-384(RTMR || digest). */
void rtmr_extend(struct hash384 *rtmr, const struct hash384 *digest);

/*
 * Authenticode digest (SHA-384) of a PE image: without checksum, certificate
 * table entry and certificates. ERR_PARSE E-MEASURE-031.
 */
status pe_authenticode(struct bytes image, struct hash384 *ret, struct err *err);

/*
 * The setup header as QEMU changes it before the guest measures the kernel:
 * loader type, heap, command line and initrd pointers. `image` is modified.
 * memory: bytes of guest RAM, decides where the initrd goes.
 * ERR_PARSE E-MEASURE-032: no bzImage with protocol 2.02 or later.
 */
status kernel_patch_qemu(uint8_t *image, size_t size, size_t initrd_size, uint64_t memory,
                         struct err *err);

struct tdx_boot {
	struct bytes kernel; /* as the guest sees it */
	struct bytes initrd; /* empty: none */
	struct bytes cmdline;
	bool separator_in_rtmr1; /* edk2 before 2024-02 puts the second separator there */
};
status rtmr_measure_boot(const struct tdx_boot *boot, struct hash384 *rtmr1, struct hash384 *rtmr2,
                         struct err *err);

#endif
