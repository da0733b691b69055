/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/snp/tcb.h"

#include "base/text.h"

#include <stdio.h>

static const struct {
	const char *name;
	uint32_t cpuid_signature;
} products[SNP_PRODUCTS] = {
        [SNP_MILAN] = {"Milan", 0xa00f11},
        [SNP_GENOA] = {"Genoa", 0xa10f10},
        [SNP_TURIN] = {"Turin", 0xb00f00},
};

const char *
snp_product_name(enum snp_product p)
{
	return products[p].name;
}

bool
snp_product_parse(struct bytes name, enum snp_product *ret)
{
	for (unsigned int i = 0; i < SNP_PRODUCTS; i++) {
		if (bytes_is(name, products[i].name)) {
			*ret = (enum snp_product)i;
			return true;
		}
	}
	return false;
}

uint32_t
snp_product_cpuid_signature(enum snp_product p)
{
	return products[p].cpuid_signature;
}

bool
snp_product_from_cpuid(uint8_t family, uint8_t model, enum snp_product *ret)
{
	static const struct {
		uint8_t family, from, to;
		enum snp_product product;
	} rows[] = {
	        {0x19, 0x00, 0x0f, SNP_MILAN},
	        {0x19, 0x10, 0x1f, SNP_GENOA},
	        {0x19, 0xa0, 0xaf, SNP_GENOA}, /* Bergamo, Siena */
	        {0x1a, 0x00, 0x11, SNP_TURIN},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (family == rows[i].family && model >= rows[i].from && model <= rows[i].to) {
			*ret = rows[i].product;
			return true;
		}
	}
	return false;
}

bool
snp_tcb_decode(enum snp_product p, const uint8_t raw[SNP_TCB_SIZE], struct snp_tcb *ret)
{
	if (p == SNP_TURIN) {
		*ret = (struct snp_tcb){raw[0], raw[1], raw[2], raw[3], raw[7]};
		return bytes_all_zero(bytes_of(raw + 4, 3));
	}
	*ret = (struct snp_tcb){0, raw[0], raw[1], raw[6], raw[7]};
	return bytes_all_zero(bytes_of(raw + 2, 4));
}

void
snp_tcb_encode(enum snp_product p, const struct snp_tcb *t, uint8_t raw[SNP_TCB_SIZE])
{
	mem_zero(raw, SNP_TCB_SIZE);
	if (p == SNP_TURIN) {
		raw[0] = t->fmc;
		raw[1] = t->bootloader;
		raw[2] = t->tee;
		raw[3] = t->snp;
	} else {
		raw[0] = t->bootloader;
		raw[1] = t->tee;
		raw[6] = t->snp;
	}
	raw[7] = t->microcode;
}

const char *
snp_tcb_below(const struct snp_tcb *a, const struct snp_tcb *b, unsigned int *av, unsigned int *bv)
{
	const struct {
		const char *name;
		uint8_t a, b;
	} parts[] = {
	        {"FMC", a->fmc, b->fmc},
	        {"bootloader", a->bootloader, b->bootloader},
	        {"TEE", a->tee, b->tee},
	        {"SNP", a->snp, b->snp},
	        {"microcode", a->microcode, b->microcode},
	};

	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		if (parts[i].a < parts[i].b) {
			*av = parts[i].a;
			*bv = parts[i].b;
			return parts[i].name;
		}
	}
	return NULL;
}

bool
snp_tcb_equal(const struct snp_tcb *a, const struct snp_tcb *b)
{
	unsigned int x, y;

	return !snp_tcb_below(a, b, &x, &y) && !snp_tcb_below(b, a, &x, &y);
}

int
snp_firmware_cmp(struct snp_firmware a, struct snp_firmware b)
{
	unsigned int x = (unsigned int)a.major << 16 | (unsigned int)a.minor << 8 | a.build;
	unsigned int y = (unsigned int)b.major << 16 | (unsigned int)b.minor << 8 | b.build;

	return (x > y) - (x < y);
}

bool
snp_firmware_parse(struct bytes text, struct snp_firmware *ret)
{
	uint64_t parts[3];
	size_t at = 0;

	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		size_t end = i < 2 ? bytes_find_byte(text, '.', at) : text.n;

		if (end == SIZE_MAX || !text_u64(bytes_sub(text, at, end), UINT8_MAX, &parts[i]))
			return false;
		at = end + 1;
	}
	*ret = (struct snp_firmware){(uint8_t)parts[0], (uint8_t)parts[1], (uint8_t)parts[2]};
	return true;
}

char *
snp_firmware_text(struct snp_firmware f, char to[SNP_FIRMWARE_TEXT])
{
	snprintf(to, SNP_FIRMWARE_TEXT, "%u.%u.%u", (unsigned int)f.major, (unsigned int)f.minor,
	         (unsigned int)f.build);
	return to;
}

char *
snp_tcb_text(enum snp_product p, const struct snp_tcb *t, char to[SNP_TCB_TEXT])
{
	char fmc[16] = "";

	if (p == SNP_TURIN)
		snprintf(fmc, sizeof fmc, "FMC %u, ", (unsigned int)t->fmc);
	snprintf(to, SNP_TCB_TEXT, "%sbootloader %u, TEE %u, SNP %u, microcode %u", fmc,
	         (unsigned int)t->bootloader, (unsigned int)t->tee, (unsigned int)t->snp,
	         (unsigned int)t->microcode);
	return to;
}
