/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vek.h: the certificate of the key that signs reports: VCEK (of a chip) or
 * VLEK (of a cloud provider), with AMD's extensions (AMD, VCEK certificate and KDS interface,
 * publication 57230).
 */
#ifndef EVIDENCE_SNP_VEK_H
#define EVIDENCE_SNP_VEK_H

#include "crypto/cert.h"
#include "evidence/snp/report.h"

enum { SNP_CSP_ID_MAX = 64 };

struct snp_vek {
	enum snp_signing_key kind; /* VCEK or VLEK */
	enum snp_product product;
	struct snp_tcb tcb;
	uint8_t hwid[SNP_CHIP_ID_SIZE];  /* VCEK; Turin has 8 bytes, the rest zero */
	char csp_id[SNP_CSP_ID_MAX + 1]; /* VLEK: printable ASCII */
	struct key *key;
	struct hash256 key_id;
};

/* By its common name alone: is it a VCEK or a VLEK? */
bool snp_vek_kind(const struct cert *c, enum snp_signing_key *ret);

/*
 * Everything of the leaf that needs no issuer: names, key P-384, required
 * extensions, none twice. A refusal is in the verdict at STEP_CHAIN:
 * snp/vek-parse, snp/product. snp_vek_done() releases the key.
 */
status snp_vek_parse(const struct cert *c, struct snp_vek *ret, struct verdict *v);
void snp_vek_done(struct snp_vek *vek);

/* Does the certificate speak of this report: kind, TCB, chip? Compares, says nothing of signatures.
 */
bool snp_vek_matches(const struct snp_vek *vek, const struct snp_report *r);

/* Of a report: by CPUID where it has one, else by the first leaf of the endorsements. */
struct endorsements;
bool snp_product_of(const struct endorsements *e, const struct snp_report *r,
                    enum snp_product *ret);

/* AMD's extensions as values for cert_issue(): appended DER of one INTEGER or IA5String. */
void snp_vek_der_integer(uint8_t value, struct buf *out);
void snp_vek_der_text(const char *text, struct buf *out);

#define SNP_OID_STRUCT_VERSION "1.3.6.1.4.1.3704.1.1"
#define SNP_OID_PRODUCT "1.3.6.1.4.1.3704.1.2"
#define SNP_OID_BOOTLOADER "1.3.6.1.4.1.3704.1.3.1"
#define SNP_OID_TEE "1.3.6.1.4.1.3704.1.3.2"
#define SNP_OID_SNP "1.3.6.1.4.1.3704.1.3.3"
#define SNP_OID_MICROCODE "1.3.6.1.4.1.3704.1.3.8"
#define SNP_OID_FMC "1.3.6.1.4.1.3704.1.3.9"
#define SNP_OID_HWID "1.3.6.1.4.1.3704.1.4"
#define SNP_OID_CSP_ID "1.3.6.1.4.1.3704.1.5"

#endif
