/* SPDX-License-Identifier: Apache-2.0 */
/* reference.h: reference sets of a manifest in the form that the verifier takes. */
#ifndef MANIFEST_REFERENCE_H
#define MANIFEST_REFERENCE_H

#include "evidence/snp/reference.h"
#include "evidence/tdx/reference.h"
#include "manifest/manifest.h"

/*
 * ReferenceValues.snp[i] of a validated manifest. Chip ids are borrowed from
 * it. Absent GuestPolicy: SMT may be on, nothing is demanded. Absent
 * PlatformInfo: everything may be on, nothing is demanded.
 */
void manifest_snp_reference(const struct manifest *m, size_t i, struct snp_reference *ret);

/*
 * ReferenceValues.tdx[i]; lists are borrowed from the manifest or the arena.
 * MRCONFIGID is left open: it is looked up among the policies afterwards.
 */
status manifest_tdx_reference(const struct manifest *m, size_t i, struct arena *arena,
                              struct tdx_reference *ret, struct err *err);

#endif
