/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/measure/tdx.h"

#include "base/text.h"

enum { PAGE = 4096, CHUNK = 256, RECORD = 128 };

/* A 128-byte record: its name at 0, the guest address at 16. */
static void
add_record(struct hasher *h, const char *name, uint64_t gpa)
{
	uint8_t record[RECORD] = {0};
	struct bytes n = bytes_str(name);

	mem_copy(record, n.p, n.n);
	for (size_t i = 0; i < 8; i++)
		record[16 + i] = (uint8_t)(gpa >> (8 * i));
	hasher_add(h, bytes_of(record, sizeof record));
}

static void
add_page(struct hasher *h, const struct tdvf_section *s, uint64_t at)
{
	if (!(s->attributes & TDVF_PAGE_AUG))
		add_record(h, "MEM.PAGE.ADD", s->address + at);
}

/* Content of one page, zero behind the section's data. */
static void
extend_page(struct hasher *h, const struct firmware *fw, const struct tdvf_section *s, uint64_t at)
{
	uint8_t page[PAGE] = {0};

	if (!(s->attributes & TDVF_MR_EXTEND))
		return;
	if (at < s->raw_size)
		mem_copy(page, fw->image.p + s->data_offset + at,
		         MIN((size_t)PAGE, s->raw_size - at));
	for (size_t c = 0; c < PAGE; c += CHUNK) {
		add_record(h, "MR.EXTEND", s->address + at + c);
		hasher_add(h, bytes_of(page + c, CHUNK));
	}
}

static void
add_section(struct hasher *h, const struct firmware *fw, const struct tdvf_section *s,
            enum mrtd_order order)
{
	for (uint64_t at = 0; at < s->memory_size; at += PAGE) {
		add_page(h, s, at);
		if (order == MRTD_BY_PAGE)
			extend_page(h, fw, s, at);
	}
	for (uint64_t at = 0; order == MRTD_BY_SECTION && at < s->memory_size; at += PAGE)
		extend_page(h, fw, s, at);
}

/* Checked here and not when parsing: an SNP measurement does not need these sections. */
static status
check_section(const struct firmware *fw, const struct tdvf_section *s, struct err *err)
{
	if ((uint64_t)s->data_offset + s->raw_size > fw->image.n || s->raw_size > s->memory_size ||
	    s->address % PAGE != 0 || s->memory_size % PAGE != 0 || s->memory_size > UINT32_MAX)
		return err_set(err, ERR_PARSE, "E-MEASURE-008",
		               "a section of the firmware's TDX metadata is out of range");
	return OK;
}

status
mrtd_measure(const struct firmware *fw, enum mrtd_order order, struct hash384 *ret, struct err *err)
{
	struct hasher *h;

	if (fw->n_tdvf == 0)
		return err_set(err, ERR_NOT_FOUND, "E-MEASURE-030",
		               "the firmware has no TDX metadata");
	for (size_t i = 0; i < fw->n_tdvf; i++)
		TRY(check_section(fw, &fw->tdvf[i], err));
	h = hasher_new(HASH_SHA384);
	for (size_t i = 0; i < fw->n_tdvf; i++)
		add_section(h, fw, &fw->tdvf[i], order);
	hasher_final(h, ret->b);
	hasher_free(h);
	return OK;
}

void
rtmr_extend(struct hash384 *rtmr, const struct hash384 *digest)
{
	uint8_t both[2 * SHA384_SIZE];

	mem_copy(both, rtmr->b, SHA384_SIZE);
	mem_copy(both + SHA384_SIZE, digest->b, SHA384_SIZE);
	*rtmr = sha384(bytes_of(both, sizeof both));
}

static void
extend_with(struct hash384 *rtmr, struct bytes data)
{
	struct hash384 d = sha384(data);

	rtmr_extend(rtmr, &d);
}

/* UTF-16LE with a NUL; characters outside the first plane become two units. */
static void
utf16(struct bytes text, struct buf *out)
{
	size_t at = 0;

	while (at < text.n) {
		int32_t cp = utf8_next(text, &at);
		uint32_t c = cp < 0 ? 0xfffd : (uint32_t)cp;

		if (c >= 0x10000) {
			buf_le16(out, (uint16_t)(0xd800 + ((c - 0x10000) >> 10)));
			buf_le16(out, (uint16_t)(0xdc00 + ((c - 0x10000) & 0x3ff)));
		} else {
			buf_le16(out, (uint16_t)c);
		}
	}
	buf_le16(out, 0);
}

status
rtmr_measure_boot(const struct tdx_boot *boot, struct hash384 *rtmr1, struct hash384 *rtmr2,
                  struct err *err)
{
	CLEANUP(buf_done) struct buf options = {0};
	CLEANUP(buf_done) struct buf line = {0};
	struct hash384 one = {{0}}, two = {{0}}, kernel;

	TRY(pe_authenticode(boot->kernel, &kernel, err));
	rtmr_extend(&one, &kernel);
	extend_with(&one, BYTES("Calling EFI Application from Boot Option"));
	if (boot->separator_in_rtmr1)
		extend_with(&one, BYTES("\0\0\0\0"));
	extend_with(&one, BYTES("Exit Boot Services Invocation"));
	extend_with(&one, BYTES("Exit Boot Services Returned with Success"));

	/* The loader adds this word when it passes an initrd. */
	buf_bytes(&line, boot->cmdline);
	if (boot->initrd.n > 0)
		buf_str(&line, " initrd=initrd");
	utf16(buf_view(&line), &options);
	TRY(buf_check(&options, err));
	extend_with(&two, buf_view(&options));
	if (boot->initrd.n > 0)
		extend_with(&two, boot->initrd);
	*rtmr1 = one;
	*rtmr2 = two;
	return OK;
}
