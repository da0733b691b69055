/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tdxguest.h: TD reports from /dev/tdx_guest (Linux 6.2 and later; the kernel's
 * Documentation/virt/coco/tdx-guest.rst). A report is for this machine alone (a MAC); the host's
 * quoting enclave makes a quote of it (qgs.h).
 */
#ifndef ATTEST_TDXGUEST_H
#define ATTEST_TDXGUEST_H

#include "attest/kernel.h"
#include "base/status.h"

#define TDXGUEST_PATH "/dev/tdx_guest"

enum {
	TDXGUEST_REPORT_DATA_SIZE = 64,
	TDXGUEST_REPORT_SIZE = 1024,
	TDXGUEST_ATTEMPTS = 8,
};

/* ioctl number, by value: _IOWR('T', 1, 1088 bytes). */
#define TDXGUEST_GET_REPORT 0xc4405401UL

struct tdxguest_call {
	uint8_t report_data[TDXGUEST_REPORT_DATA_SIZE];
	uint8_t report[TDXGUEST_REPORT_SIZE];
};
_Static_assert(sizeof(struct tdxguest_call) == 1088, "tdxguest_call");

/* ERR_UNREACHABLE E-TDXGUEST-001; ERR_PARSE E-TDXGUEST-002: no TD report over these bytes. */
status tdxguest_report(const struct kernel *k, int fd,
                       const uint8_t report_data[TDXGUEST_REPORT_DATA_SIZE],
                       uint8_t report[TDXGUEST_REPORT_SIZE], struct err *err);

#endif
