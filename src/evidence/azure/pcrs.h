/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pcrs.h: the registers of a virtual TPM that a reference set names (`Pcrs` of
 * a manifest's set). A paravisor's report measures the paravisor; what the
 * guest booted is in these alone.
 */
#ifndef EVIDENCE_AZURE_PCRS_H
#define EVIDENCE_AZURE_PCRS_H

#include "crypto/hash.h"

enum {
	PCRS = 24,
	/*
	 * The guest extends it once, with the hash of its initdata document, before anything else
	 * runs: it stands for HOSTDATA, which is the paravisor's there.
	 */
	PCR_POLICY = 8,
	/* Whoever is in the guest can set these two back: they prove nothing. */
	PCR_DEBUG = 16,
	PCR_APPLICATION = 23,
};

struct pcr_set {
	uint32_t named; /* bit i: register i must have value[i] */
	struct hash256 value[PCRS];
};

#endif
