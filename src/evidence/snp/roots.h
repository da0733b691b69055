/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roots.h: AMD's roots, pinned by the hash of their key (PROTOCOL section 12).
 */
#ifndef EVIDENCE_SNP_ROOTS_H
#define EVIDENCE_SNP_ROOTS_H

#include "crypto/hash.h"
#include "evidence/snp/tcb.h"

/* SHA-256 of the SubjectPublicKeyInfo of the product line's ARK. */
const struct hash256 *snp_vendor_root(enum snp_product p);
/* Is it the key of one of AMD's roots? */
bool snp_is_vendor_root(const struct hash256 *key);

#endif
