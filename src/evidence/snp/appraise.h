/* SPDX-License-Identifier: Apache-2.0 */
/*
 * appraise.h: authentic claims of a report against one reference set: steps
 * "platform" and "identity" (docs/evidence.md). No crypto
 * beyond hashes, no I/O, total: every difference is reported.
 */
#ifndef EVIDENCE_SNP_APPRAISE_H
#define EVIDENCE_SNP_APPRAISE_H

#include "evidence/findings.h"
#include "evidence/snp/chain.h"
#include "evidence/snp/reference.h"

/*
 * Reasons at STEP_PLATFORM: snp/product-denied, snp/version-old, snp/vlek-denied, snp/csp-id,
 * snp/debug, snp/migration, snp/policy, snp/platform, snp/vmpl, snp/tcb-order,
 * snp/tcb-min, snp/fw-min, snp/mitigation, snp/chip, snp/chip-masked; at STEP_IDENTITY:
 * snp/measurement, snp/id-key, snp/author-key, snp/guest-svn, snp/family-id, snp/image-id.
 */
void snp_appraise(const struct snp_reference *set, const struct snp_report *r,
                  const struct snp_vek *vek, struct appraisal *a);

/* Is the measurement the set's, or one derived from it? The number of vCPUs found, else 0. */
unsigned int snp_measurement_matches(const struct snp_reference *set, const struct snp_report *r);

#endif
