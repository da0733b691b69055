/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel.h: the few calls by which report devices are used, as a table, so
 * that tests can be the kernel.
 */
#ifndef ATTEST_KERNEL_H
#define ATTEST_KERNEL_H

#include "base/base.h"

struct kernel {
	int (*open_device)(const char *path); /* a descriptor, or -1 with errno */
	int (*control)(int fd, unsigned long request, void *arg); /* ioctl(2) */
	void (*pause_ms)(unsigned int ms);
};

/* The kernel that runs us. */
extern const struct kernel kernel_own;

/* Errors of a device that is busy: asking again may help. */
bool kernel_is_busy(int error);

#endif
