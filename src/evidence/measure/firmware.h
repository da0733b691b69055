/* SPDX-License-Identifier: Apache-2.0 */
/*
 * firmware.h: the footer table of an OVMF image and the two metadata lists it
 * points to (edk2, OvmfPkg/ResetVector). The image is the user's own, but it is parsed as
 * if it were not.
 */
#ifndef EVIDENCE_MEASURE_FIRMWARE_H
#define EVIDENCE_MEASURE_FIRMWARE_H

#include "base/arena.h"
#include "base/rd.h"
#include "base/status.h"

enum {
	FIRMWARE_MAX = 64 * 1024 * 1024,
	FIRMWARE_SECTIONS_MAX = 64,
};

enum sev_section_kind {
	SEV_SECTION_MEMORY = 1,
	SEV_SECTION_SECRETS = 2,
	SEV_SECTION_CPUID = 3,
	SEV_SECTION_SVSM_CAA = 4,
	SEV_SECTION_KERNEL_HASHES = 0x10,
};

struct sev_section {
	uint32_t gpa;
	uint32_t size;
	uint32_t kind; /* enum sev_section_kind, or one that we refuse to measure */
};

enum {
	TDVF_MR_EXTEND = 1, /* the content is measured */
	TDVF_PAGE_AUG = 2,  /* not added when the TD is built */
};

enum tdvf_section_kind {
	TDVF_BFV = 0,
	TDVF_CFV = 1,
	TDVF_TD_HOB = 2,
	TDVF_TEMP_MEM = 3,
	TDVF_PERM_MEM = 4,
	TDVF_PAYLOAD = 5,
	TDVF_PAYLOAD_PARAM = 6,
};

struct tdvf_section {
	uint32_t data_offset;
	uint32_t raw_size;
	uint64_t address;
	uint64_t memory_size;
	uint32_t kind;
	uint32_t attributes;
};

struct firmware {
	struct bytes image; /* borrowed */
	uint64_t gpa;       /* the image ends at 4 GiB */

	bool has_hash_table;
	uint32_t hash_table_base;
	bool has_reset_eip;
	uint32_t reset_eip; /* where application processors start */

	const struct sev_section *sev;
	size_t n_sev;
	const struct tdvf_section *tdvf;
	size_t n_tdvf;
};

/*
 * Reads the footer. An image without one is fine (everything absent). Lists
 * are in the arena. ERR_PARSE E-MEASURE-001..009, ERR_LIMIT E-MEASURE-010.
 */
status firmware_parse(struct arena *a, struct bytes image, struct firmware *ret, struct err *err);

#endif
