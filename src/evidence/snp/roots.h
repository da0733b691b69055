/* SPDX-License-Identifier: Apache-2.0 */
/*
 * roots.h: AMD's roots, compiled in and pinned by key hash (PROTOCOL section
 * 12), and the intermediates, so that evidence with nothing but its leaf can
 * be judged without a network.
 */
#ifndef EVIDENCE_SNP_ROOTS_H
#define EVIDENCE_SNP_ROOTS_H

#include "crypto/hash.h"
#include "evidence/snp/tcb.h"

struct snp_root {
	enum snp_product product;
	struct bytes ark, ask, asvk; /* DER; ASK signs VCEKs, ASVK signs VLEKs */
	struct hash256 ark_key;      /* the pin */
};

const struct snp_root *snp_vendor_root(enum snp_product p);
/* Is it the key of one of AMD's roots? */
bool snp_is_vendor_root(const struct hash256 *key);

#endif
