/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout.h: the local launch layout (docs/local-platform.md): what a launcher boots
 * becomes one SNP launch digest, or the registers of a TD. The page chain is AMD's (SNP firmware
 * ABI, LAUNCH_UPDATE); which pages there are, and where, is ours: firmware ending at 4 GiB, one
 * page with the SEV hash table, one VMSA a virtual processor. No I/O.
 */
#ifndef NODE_LAYOUT_H
#define NODE_LAYOUT_H

#include "crypto/hash.h"

enum {
	LAYOUT_PAGE = 4096,
	LAYOUT_MAX_VCPUS = 220,
	LAYOUT_MAX_FIRMWARE = 16 * 1024 * 1024,
	LAYOUT_HASHES_GPA = 0x800000, /* where the hash-table page lies in the guest */
};

struct launch_layout {
	struct bytes firmware; /* whole pages, or empty: nothing below the runner (ns) */
	struct hash256 kernel; /* SHA-256 of the kernel image; of nothing for ns */
	struct hash256 initrd;
	struct hash256 cmdline; /* of layout_cmdline()'s result */
	uint32_t vcpus;
	uint32_t cpu_signature; /* RDX at reset: family, model, stepping as CPUID 1 has them */
	uint64_t sev_features;
};

/*
 * The measured form of a command line: the digits of tsc_early_khz=N become
 * one 0 (the launcher calibrates N, so it differs between starts), and the NUL
 * that ends it in the guest is part of it. Anything but digits in that place,
 * or a second such word, is ERR_REJECTED E-NODE-003: it would smuggle
 * unmeasured words in.
 */
status layout_cmdline(struct bytes cmdline, struct buf *out, struct err *err);

/* Launch digest. ERR_LIMIT E-NODE-001/002 for a firmware or vCPU count out of range. */
status layout_measure(const struct launch_layout *l, struct hash384 *ret, struct err *err);

/* What a TD's measurement registers hold when its first program starts. */
enum { LAYOUT_RTMRS = 4 };
struct td_registers {
	struct hash384 mrtd;
	struct hash384 rtmr[LAYOUT_RTMRS];
};

/*
 * The same layout in Intel's shape. MRTD: the firmware's pages, added and extended as the TDX
 * module does; of nothing when there is none. Each event below extends its register with SHA-384
 * of these bytes: RTMR0 the number of processors, u32 little-endian (a TD's firmware measures it in
 * its tables); RTMR1 SHA-256 of the kernel; RTMR2 SHA-256 of the command line, then of the initrd.
 * RTMR3 belongs to the running guest and is zero. Errors as layout_measure().
 */
status layout_measure_td(const struct launch_layout *l, struct td_registers *ret, struct err *err);

#endif
