/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcb.h: AMD product lines and their TCB versions (AMD publication 56860).
 * Two TCBs are compared part by part, never as one number.
 */
#ifndef EVIDENCE_SNP_TCB_H
#define EVIDENCE_SNP_TCB_H

#include "base/buf.h"

enum snp_product { SNP_MILAN, SNP_GENOA, SNP_TURIN };
enum { SNP_PRODUCTS = 3, SNP_TCB_SIZE = 8 };

/* "Milan", "Genoa", "Turin". */
const char *snp_product_name(enum snp_product p);
bool snp_product_parse(struct bytes name, enum snp_product *ret);
/* Product line of a combined family and model (report version 3 and up); false if unknown. */
bool snp_product_from_cpuid(uint8_t family, uint8_t model, enum snp_product *ret);
/* CPUID signature of the product's QEMU CPU model, as RDX of a fresh vCPU. */
uint32_t snp_product_cpuid_signature(enum snp_product p);

struct snp_tcb {
	uint8_t fmc; /* Turin only; 0 elsewhere */
	uint8_t bootloader;
	uint8_t tee;
	uint8_t snp;
	uint8_t microcode;
};

/* False when a byte that the product reserves is not zero. */
bool snp_tcb_decode(enum snp_product p, const uint8_t raw[SNP_TCB_SIZE], struct snp_tcb *ret);
void snp_tcb_encode(enum snp_product p, const struct snp_tcb *t, uint8_t raw[SNP_TCB_SIZE]);

/* Name of the first part of `a` that is below `b`, or NULL when none is; values at *av, *bv. */
const char *snp_tcb_below(const struct snp_tcb *a, const struct snp_tcb *b, unsigned int *av,
                          unsigned int *bv);
bool snp_tcb_equal(const struct snp_tcb *a, const struct snp_tcb *b);

/* Version of the SNP firmware, as the report has it: "1.55.21" is build 21 of 1.55. */
struct snp_firmware {
	uint8_t major, minor, build;
};

enum { SNP_FIRMWARE_TEXT = 12 };
/* Below 0, 0, above 0: a is older than b, the same, newer. */
int snp_firmware_cmp(struct snp_firmware a, struct snp_firmware b);
/* "1.55.21", three numbers of 0 to 255 without leading zeros. */
bool snp_firmware_parse(struct bytes text, struct snp_firmware *ret);
char *snp_firmware_text(struct snp_firmware f, char to[SNP_FIRMWARE_TEXT]);

enum { SNP_TCB_TEXT = 80 };
/* "bootloader 4, TEE 0, SNP 24, microcode 219" (FMC first on Turin); returns to. */
char *snp_tcb_text(enum snp_product p, const struct snp_tcb *t, char to[SNP_TCB_TEXT]);

#endif
