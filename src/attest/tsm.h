/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tsm.h: evidence from the kernel (Linux 6.7 and later): configfs-tsm, one
 * interface for SEV-SNP and TDX (Documentation/ABI/testing/configfs-tsm). For
 * guests whose containers reach it themselves; elsewhere there is socket.h.
 * Blocking: a report takes milliseconds, a quote some forty.
 */
#ifndef ATTEST_TSM_H
#define ATTEST_TSM_H

#include <sys/types.h>

#include "evidence/document.h"

#define TSM_ROOT "/sys/kernel/config/tsm/report"

enum {
	TSM_REPORT_DATA_SIZE = 64,
	TSM_BLOB_MAX = 64 * 1024,
	TSM_ATTEMPTS = 8, /* while the firmware is busy, with growing pauses */
};

/* Where, and how entries are made and removed (tests have a folder that is no kernel's). */
struct tsm {
	const char *root;
	int (*make)(const char *path, mode_t mode);  /* NULL: mkdir(2) */
	int (*remove)(const char *path);             /* NULL: rmdir(2) */
	void (*pause_ms)(unsigned int ms);           /* NULL: that of kernel_own */
	ssize_t (*read)(int fd, void *to, size_t n); /* NULL: read(2) */
};

/* An entry of ours; tsm_close() removes it. */
struct tsm_entry {
	const struct tsm *tsm;
	char path[256]; /* "" when closed */
	enum tee tee;
};

/* ERR_NOT_FOUND E-TSM-001: no such interface; ERR_UNSUPPORTED E-TSM-002: a provider that is neither
 * SNP nor TDX. */
status tsm_open(const struct tsm *t, struct tsm_entry *ret, struct err *err);
void tsm_close(struct tsm_entry *e);

/*
 * Evidence over these 64 bytes as a document, appended, with the endorsements
 * that the host gave. ERR_UNREACHABLE E-TSM-003 when the firmware does not
 * answer; ERR_CONFLICT E-TSM-004 when somebody else wrote to our entry each time; ERR_UNSUPPORTED
 * E-TSM-005 when an SVSM keeps level 0 to itself; ERR_PARSE E-ISSUER-002, as quoted_check().
 * privlevel and the service_ attributes stay as the kernel has them: level 0, of the guest itself.
 */
status tsm_evidence(const struct tsm_entry *e, const uint8_t report_data[TSM_REPORT_DATA_SIZE],
                    struct buf *document, struct err *err);

#endif
