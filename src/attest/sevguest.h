/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sevguest.h: SEV-SNP reports from /dev/sev-guest, for guests whose kernel has
 * no configfs-tsm (Linux 5.19 to 6.6; the kernel's Documentation/virt/coco/sev-guest.rst).
 * The report is the firmware's, the certificate table beside it the host's.
 */
#ifndef ATTEST_SEVGUEST_H
#define ATTEST_SEVGUEST_H

#include "attest/kernel.h"
#include "base/buf.h"

#define SEVGUEST_PATH "/dev/sev-guest"

enum {
	SEVGUEST_REPORT_DATA_SIZE = 64,
	SEVGUEST_REPORT_SIZE = 1184,
	SEVGUEST_RESPONSE_SIZE = 4000,
	SEVGUEST_TABLE_FIRST = 16 * 1024, /* what Linux takes at most */
	SEVGUEST_TABLE_MAX = 64 * 1024,
	SEVGUEST_ATTEMPTS = 8, /* while firmware or hypervisor are busy, with growing pauses */
};

/* ioctl numbers, by value: _IOWR('S', n, 32 bytes). */
#define SEVGUEST_GET_REPORT 0xc0205300UL
#define SEVGUEST_GET_EXT_REPORT 0xc0205302UL

/* High half of exitinfo: what the hypervisor says. */
enum { SEVGUEST_VMM_INVALID_LENGTH = 1, SEVGUEST_VMM_BUSY = 2 };

/* The kernel's structures (include/uapi/linux/sev-guest.h, x86-64). */
struct sevguest_call {
	uint8_t version;            /* of the guest message: 1 */
	uint64_t request, response; /* addresses */
	uint64_t exitinfo;          /* low half: firmware's error, high half: hypervisor's */
};
struct sevguest_report_request {
	uint8_t report_data[SEVGUEST_REPORT_DATA_SIZE];
	uint32_t vmpl;
	uint8_t reserved[28];
};
struct sevguest_ext_request {
	struct sevguest_report_request report;
	uint64_t table; /* address */
	uint32_t table_size;
	uint32_t reserved;
};
_Static_assert(sizeof(struct sevguest_call) == 32, "sevguest_call");
_Static_assert(sizeof(struct sevguest_report_request) == 96, "sevguest_report_request");
_Static_assert(sizeof(struct sevguest_ext_request) == 112, "sevguest_ext_request");

/*
 * The firmware's answer (SNP firmware ABI, MSG_REPORT_RSP): status, size,
 * report. ERR_UNREACHABLE E-SEVGUEST-002 for a status, ERR_PARSE E-SEVGUEST-003.
 */
status sevguest_response_parse(struct bytes response, struct bytes *ret_report, struct err *err);

/*
 * Asks at VMPL 0 and appends the report's 1184 bytes. `table` gets what the
 * host has of certificates, not checked; it is empty when the host has none or
 * more than fits. ERR_UNREACHABLE E-SEVGUEST-002 (refused), -004 (busy all the
 * time); ERR_PARSE E-SEVGUEST-003 also when the report is not over these bytes.
 */
status sevguest_report(const struct kernel *k, int fd,
                       const uint8_t report_data[SEVGUEST_REPORT_DATA_SIZE], struct buf *report,
                       struct buf *table, struct err *err);

#endif
