/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/measure/vmsa.h"

#include "base/text.h"

#include <ctype.h>

/* Offsets of the save area. */
enum {
	AT_ES = 0x00,
	AT_CS = 0x10,
	AT_SS = 0x20,
	AT_DS = 0x30,
	AT_FS = 0x40,
	AT_GS = 0x50,
	AT_GDTR = 0x60,
	AT_LDTR = 0x70,
	AT_IDTR = 0x80,
	AT_TR = 0x90,
	AT_EFER = 0xd0,
	AT_CR4 = 0x148,
	AT_CR0 = 0x158,
	AT_DR7 = 0x160,
	AT_DR6 = 0x168,
	AT_RFLAGS = 0x170,
	AT_RIP = 0x178,
	AT_PAT = 0x268,
	AT_RDX = 0x310,
	AT_SEV_FEATURES = 0x3b0,
	AT_XCR0 = 0x3e8,
	AT_MXCSR = 0x408,
	AT_FCW = 0x410,
};

static void
put(uint8_t *page, size_t at, uint64_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		page[at + i] = (uint8_t)(v >> (8 * i));
}

static void
put_segment(uint8_t *page, size_t at, uint16_t selector, uint16_t attributes, uint32_t limit,
            uint64_t base)
{
	put(page, at, selector, 2);
	put(page, at + 2, attributes, 2);
	put(page, at + 4, limit, 4);
	put(page, at + 8, base, 8);
}

struct variant {
	uint16_t boot_cs, ss, tr;
	uint64_t pat;
	bool rdx_is_signature;
	uint32_t rdx;
	uint32_t mxcsr, fcw;
};

static const struct variant variants[] = {
        [VMM_QEMU] = {0x9b, 0x93, 0x8b, 0x0007040600070406, true, 0, 0x1f80, 0x37f},
        [VMM_EC2] = {0x9a, 0x92, 0x83, 0x0007040600070406, false, 0x600, 0, 0},
        [VMM_EC2_RDX0] = {0x9a, 0x92, 0x83, 0x0007040600070406, false, 0, 0, 0},
        [VMM_GCE] = {0x9b, 0x93, 0x8b, 0x70106, false, 0x600, 0, 0},
};

void
vmsa_page(const struct vmsa_spec *spec, uint8_t page[VMSA_SIZE])
{
	const struct variant *v = &variants[spec->vmm];
	uint16_t cs = spec->eip == VMSA_BOOT_EIP ? v->boot_cs : 0x9b;

	mem_zero(page, VMSA_SIZE);
	put_segment(page, AT_ES, 0, 0x93, 0xffff, 0);
	put_segment(page, AT_CS, 0xf000, cs, 0xffff, spec->eip & 0xffff0000);
	put_segment(page, AT_SS, 0, v->ss, 0xffff, 0);
	put_segment(page, AT_DS, 0, 0x93, 0xffff, 0);
	put_segment(page, AT_FS, 0, 0x93, 0xffff, 0);
	put_segment(page, AT_GS, 0, 0x93, 0xffff, 0);
	put_segment(page, AT_GDTR, 0, 0, 0xffff, 0);
	put_segment(page, AT_LDTR, 0, 0x82, 0xffff, 0);
	put_segment(page, AT_IDTR, 0, 0, 0xffff, 0);
	put_segment(page, AT_TR, 0, v->tr, 0xffff, 0);
	put(page, AT_EFER, 0x1000, 8);
	put(page, AT_CR4, 0x40, 8);
	put(page, AT_CR0, 0x10, 8);
	put(page, AT_DR7, 0x400, 8);
	put(page, AT_DR6, 0xffff0ff0, 8);
	put(page, AT_RFLAGS, 2, 8);
	put(page, AT_RIP, spec->eip & 0xffff, 8);
	put(page, AT_PAT, v->pat, 8);
	put(page, AT_RDX, v->rdx_is_signature ? spec->cpu_signature : v->rdx, 8);
	put(page, AT_SEV_FEATURES, spec->sev_features, 8);
	put(page, AT_XCR0, 1, 8);
	put(page, AT_MXCSR, v->mxcsr, 4);
	put(page, AT_FCW, v->fcw, 2);
}

bool
vmm_parse(struct bytes name, enum vmm_kind *ret)
{
	static const char *const names[] = {[VMM_QEMU] = "qemu",
	                                    [VMM_EC2] = "ec2",
	                                    [VMM_EC2_RDX0] = "ec2-rdx0",
	                                    [VMM_GCE] = "gce"};

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		if (bytes_is(name, names[i])) {
			*ret = (enum vmm_kind)i;
			return true;
		}
	}
	return false;
}

uint32_t
cpu_signature(unsigned int family, unsigned int model, unsigned int stepping)
{
	unsigned int base = MIN(family, 15U);

	return (family - base) << 20 | (model >> 4) << 16 | base << 8 | (model & 15) << 4 |
	       (stepping & 15);
}

static bool
same_word(struct bytes a, const char *b)
{
	struct bytes w = bytes_str(b);

	if (a.n != w.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (tolower(a.p[i]) != tolower(w.p[i]))
			return false;
	return true;
}

static bool
parse_hex_signature(struct bytes text, uint32_t *ret)
{
	uint32_t v = 0;

	if (!bytes_starts(text, BYTES("0x")) || text.n < 3 || text.n > 10)
		return false;
	for (size_t i = 2; i < text.n; i++) {
		uint8_t c = (uint8_t)tolower(text.p[i]);

		if (!isxdigit(c))
			return false;
		v = v << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	*ret = v;
	return true;
}

bool
cpu_signature_parse(struct bytes name, uint32_t *ret)
{
	static const struct {
		const char *name;
		uint8_t family, model, stepping;
	} models[] = {
	        {"EPYC", 23, 1, 2},       {"EPYC-v1", 23, 1, 2},     {"EPYC-v2", 23, 1, 2},
	        {"EPYC-v3", 23, 1, 2},    {"EPYC-v4", 23, 1, 2},     {"EPYC-Rome", 23, 49, 0},
	        {"EPYC-Milan", 25, 1, 1}, {"EPYC-Genoa", 25, 17, 0}, {"EPYC-Turin", 26, 0, 0},
	};

	for (size_t i = 0; i < COUNT_OF(models); i++) {
		if (same_word(name, models[i].name)) {
			*ret = cpu_signature(models[i].family, models[i].model, models[i].stepping);
			return true;
		}
	}
	return parse_hex_signature(name, ret);
}
