/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel images as PE files: Authenticode digest, and QEMU's changes to the setup header. */
#include "evidence/measure/tdx.h"

enum {
	PE_OFFSET_AT = 0x3c,
	PE_MAGIC_32 = 0x10b,
	PE_MAGIC_64 = 0x20b,
	PE_SECTIONS_MAX = 96,
	PE_CERTIFICATES = 4, /* index of the data directory */
};

struct pe_section {
	uint32_t offset, size;
};

struct pe {
	size_t checksum;     /* offset of the 4 bytes */
	size_t certificates; /* offset of the 8-byte directory entry, 0 = none */
	uint32_t cert_size;
	uint32_t headers; /* SizeOfHeaders */
	struct pe_section sections[PE_SECTIONS_MAX];
	size_t n;
};

static status
malformed(struct err *err, const char *what)
{
	return err_set(err, ERR_PARSE, "E-MEASURE-031", "not a usable PE image: %s", what);
}

/* Optional header: where checksum and certificate entry are. */
static status
read_optional(struct bytes image, size_t at, size_t size, struct pe *pe, struct err *err)
{
	struct rd r = rd_init(bytes_sub(image, at, at + size));
	size_t dirs_at;
	uint32_t n_dirs;
	uint16_t magic = rd_le16(&r);

	if (magic != PE_MAGIC_32 && magic != PE_MAGIC_64)
		return malformed(err, "unknown optional header");
	dirs_at = magic == PE_MAGIC_64 ? 112 : 96;
	rd_skip(&r, 58);
	pe->headers = rd_le32(&r); /* 60 */
	pe->checksum = at + 64;
	rd_skip(&r, dirs_at - 4 - 64);
	n_dirs = rd_le32(&r);
	if (n_dirs > PE_CERTIFICATES) {
		rd_skip(&r, 8 * PE_CERTIFICATES);
		pe->certificates = at + dirs_at + 8 * PE_CERTIFICATES;
		rd_skip(&r, 4);
		pe->cert_size = rd_le32(&r);
	}
	return rd_ok(&r) ? OK : malformed(err, "the optional header ends early");
}

static status
read_sections(struct bytes image, size_t at, size_t n, struct pe *pe, struct err *err)
{
	struct rd r = rd_init(bytes_sub(image, at, image.n));

	for (size_t i = 0; i < n; i++) {
		struct pe_section s;

		rd_skip(&r, 16);
		s.size = rd_le32(&r);
		s.offset = rd_le32(&r);
		rd_skip(&r, 16);
		if (!rd_ok(&r) || (uint64_t)s.offset + s.size > image.n)
			return malformed(err, "a section is out of range");
		if (s.size > 0)
			pe->sections[pe->n++] = s;
	}
	return OK;
}

static void
sort_sections(struct pe *pe)
{
	for (size_t i = 1; i < pe->n; i++) {
		struct pe_section s = pe->sections[i];
		size_t k = i;

		for (; k > 0 && pe->sections[k - 1].offset > s.offset; k--)
			pe->sections[k] = pe->sections[k - 1];
		pe->sections[k] = s;
	}
}

static status
read_pe(struct bytes image, struct pe *pe, struct err *err)
{
	struct rd r = rd_init(image);
	size_t at, optional_size, n;

	rd_skip(&r, PE_OFFSET_AT);
	at = rd_le32(&r);
	r = rd_init(bytes_sub(image, at, image.n));
	if (!bytes_equal(rd_bytes(&r, 4), BYTES("PE\0\0")))
		return malformed(err, "no PE signature");
	rd_skip(&r, 2);
	n = rd_le16(&r);
	rd_skip(&r, 12);
	optional_size = rd_le16(&r);
	rd_skip(&r, 2);
	if (!rd_ok(&r) || n > PE_SECTIONS_MAX)
		return malformed(err, "the header ends early or has too many sections");
	TRY(read_optional(image, at + 24, optional_size, pe, err));
	TRY(read_sections(image, at + 24 + optional_size, n, pe, err));
	if (pe->headers > image.n || pe->checksum + 4 > pe->headers ||
	    pe->certificates + 8 > pe->headers || pe->cert_size > image.n)
		return malformed(err, "the headers are out of range");
	sort_sections(pe);
	return OK;
}

status
pe_authenticode(struct bytes image, struct hash384 *ret, struct err *err)
{
	static const uint8_t zeros[8];
	struct pe pe = {0};
	uint64_t hashed;
	struct hasher *h;
	size_t end, rest;

	TRY(read_pe(image, &pe, err));
	h = hasher_new(HASH_SHA384);
	end = pe.certificates ? pe.certificates : pe.headers;
	hasher_add(h, bytes_sub(image, 0, pe.checksum));
	hasher_add(h, bytes_sub(image, pe.checksum + 4, end));
	if (pe.certificates)
		hasher_add(h, bytes_sub(image, pe.certificates + 8, pe.headers));
	hashed = pe.headers;
	for (size_t i = 0; i < pe.n; i++) {
		hasher_add(h, bytes_sub(image, pe.sections[i].offset,
		                        (size_t)pe.sections[i].offset + pe.sections[i].size));
		hashed += pe.sections[i].size;
	}
	/* What lies behind the sections, without the certificates, padded to 8. */
	if (image.n > hashed + pe.cert_size) {
		rest = image.n - pe.cert_size - (size_t)hashed;
		hasher_add(h, bytes_sub(image, (size_t)hashed, (size_t)hashed + rest));
		hasher_add(h, bytes_of(zeros, (8 - image.n % 8) % 8));
	}
	hasher_final(h, ret->b);
	hasher_free(h);
	return OK;
}

/* ---- QEMU's changes (x86 boot protocol, Documentation/arch/x86/boot.rst of Linux) ---- */

enum {
	SETUP_MAGIC = 0x202, /* "HdrS" */
	SETUP_VERSION = 0x206,
	SETUP_LOADER = 0x210,
	SETUP_FLAGS = 0x211,
	SETUP_INITRD = 0x218,
	SETUP_INITRD_SIZE = 0x21c,
	SETUP_HEAP_END = 0x224,
	SETUP_CMDLINE = 0x228,
	SETUP_INITRD_MAX = 0x22c,
	SETUP_XLOADFLAGS = 0x236,
	SETUP_END = 0x240,
	CAN_USE_HEAP = 0x80,
	LOADER_QEMU = 0xb0,
	CMDLINE_ADDRESS = 0x20000,
	REAL_MODE_ADDRESS = 0x10000,
	ACPI_AREA = 0x28000,
};
#define LOW_RAM_SPLIT UINT64_C(0xb0000000)
#define LOW_RAM_WHEN_SPLIT UINT64_C(0x80000000)

static void
put32(uint8_t *to, uint64_t v)
{
	for (size_t i = 0; i < 4; i++)
		to[i] = (uint8_t)(v >> (8 * i));
}

status
kernel_patch_qemu(uint8_t *image, size_t size, size_t initrd_size, uint64_t memory, struct err *err)
{
	struct rd r = rd_init(bytes_of(image, size));
	uint64_t low = memory >= LOW_RAM_SPLIT ? LOW_RAM_WHEN_SPLIT : memory;
	uint64_t initrd_max = 0x37ffffff;
	uint32_t version;

	rd_skip(&r, SETUP_VERSION);
	version = rd_le16(&r);
	if (size < SETUP_END || !bytes_equal(bytes_of(image + SETUP_MAGIC, 4), BYTES("HdrS")) ||
	    version < 0x202)
		return err_set(err, ERR_PARSE, "E-MEASURE-032",
		               "the kernel is no bzImage with boot protocol 2.02 or later");
	if (version >= 0x20c && (image[SETUP_XLOADFLAGS] & 2))
		initrd_max = UINT32_MAX; /* the initrd may lie anywhere below 4 GiB */
	else if (version >= 0x203) {
		r = rd_init(bytes_of(image + SETUP_INITRD_MAX, 4));
		initrd_max = rd_le32(&r);
	}
	if (low < ACPI_AREA + initrd_size)
		return err_set(err, ERR_PARSE, "E-MEASURE-032",
		               "%llu bytes of memory do not hold the initrd",
		               (unsigned long long)memory);
	if (initrd_max >= low - ACPI_AREA)
		initrd_max = low - ACPI_AREA - 1;
	image[SETUP_LOADER] = LOADER_QEMU;
	if (version >= 0x201) {
		image[SETUP_FLAGS] |= CAN_USE_HEAP;
		image[SETUP_HEAP_END] =
		        (uint8_t)((CMDLINE_ADDRESS - REAL_MODE_ADDRESS - 0x200) & 255);
		image[SETUP_HEAP_END + 1] =
		        (uint8_t)((CMDLINE_ADDRESS - REAL_MODE_ADDRESS - 0x200) >> 8 & 255);
	}
	put32(image + SETUP_CMDLINE, CMDLINE_ADDRESS);
	if (initrd_size > 0) {
		put32(image + SETUP_INITRD, (initrd_max - initrd_size) & ~UINT64_C(4095));
		put32(image + SETUP_INITRD_SIZE, initrd_size);
	}
	return OK;
}
