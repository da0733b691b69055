/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/snp/certtable.h"

#include "base/rd.h"

enum { GUID_SIZE = 16, ENTRY_SIZE = 24 };

/* Mixed-endian binary forms, in the order of enum snp_table_kind. */
static const uint8_t guids[SNP_TABLE_KINDS][GUID_SIZE] = {
        /* 63da758d-e664-4564-adc5-f4b93be8accd */
        {0x8d, 0x75, 0xda, 0x63, 0x64, 0xe6, 0x64, 0x45, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8, 0xac,
         0xcd},
        /* a8074bc2-a25a-483e-aae6-39c045a0b8a1 */
        {0xc2, 0x4b, 0x07, 0xa8, 0x5a, 0xa2, 0x3e, 0x48, 0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0, 0xb8,
         0xa1},
        /* 4ab7b379-bbac-4fe4-a02f-05aef327c782 */
        {0x79, 0xb3, 0xb7, 0x4a, 0xac, 0xbb, 0xe4, 0x4f, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27, 0xc7,
         0x82},
        /* c0b406a4-a803-4952-9743-3fb6014cd0ae */
        {0xa4, 0x06, 0xb4, 0xc0, 0x03, 0xa8, 0x52, 0x49, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c, 0xd0,
         0xae},
        /* 92f81bc3-5811-4d3d-97ff-d19f88dc67ea */
        {0xc3, 0x1b, 0xf8, 0x92, 0x11, 0x58, 0x3d, 0x4d, 0x97, 0xff, 0xd1, 0x9f, 0x88, 0xdc, 0x67,
         0xea},
};

static status
malformed(struct err *err, const char *what)
{
	return err_set(err, ERR_PARSE, "E-EVIDENCE-040", "malformed certificate table: %s", what);
}

/* Number of entries before the closing zero entry, which makes the header's size. */
static status
count_entries(struct bytes b, size_t *ret, struct err *err)
{
	for (size_t n = 0; n <= SNP_TABLE_MAX_ENTRIES; n++) {
		struct bytes entry = bytes_sub(b, n * ENTRY_SIZE, (n + 1) * ENTRY_SIZE);

		if (entry.n != ENTRY_SIZE)
			return malformed(err, "no closing entry");
		if (bytes_all_zero(entry)) {
			*ret = n;
			return OK;
		}
	}
	return err_set(err, ERR_LIMIT, "E-EVIDENCE-041",
	               "a certificate table of more than %d entries", SNP_TABLE_MAX_ENTRIES);
}

static status
take_entry(struct bytes b, size_t i, size_t n, struct snp_table *ret, struct err *err)
{
	struct rd r = rd_init(bytes_sub(b, i * ENTRY_SIZE, (i + 1) * ENTRY_SIZE));
	struct bytes guid = rd_bytes(&r, GUID_SIZE);
	size_t offset = rd_le32(&r);
	size_t length = rd_le32(&r);

	if (offset < (n + 1) * ENTRY_SIZE || offset > b.n || length == 0 || length > b.n - offset)
		return malformed(err, "an entry points outside the table");
	for (size_t j = 0; j < i; j++) {
		if (bytes_equal(guid, bytes_sub(b, j * ENTRY_SIZE, j * ENTRY_SIZE + GUID_SIZE)))
			return malformed(err, "two entries of one kind");
	}
	for (size_t k = 0; k < SNP_TABLE_KINDS; k++) {
		if (bytes_equal(guid, bytes_of(guids[k], GUID_SIZE)))
			ret->entry[k] = bytes_sub(b, offset, offset + length);
	}
	return OK;
}

status
snp_table_parse(struct bytes b, struct snp_table *ret, struct err *err)
{
	size_t n;

	*ret = (struct snp_table){0};
	if (b.n > SNP_TABLE_MAX)
		return err_set(err, ERR_LIMIT, "E-EVIDENCE-041", "a certificate table of %zu bytes",
		               b.n);
	TRY(count_entries(b, &n, err));
	for (size_t i = 0; i < n; i++)
		TRY(take_entry(b, i, n, ret, err));
	return OK;
}

void
snp_table_emit(const struct snp_table *t, struct buf *out)
{
	size_t n = 0, at;

	for (size_t k = 0; k < SNP_TABLE_KINDS; k++)
		n += t->entry[k].n > 0;
	at = (n + 1) * ENTRY_SIZE;
	for (size_t k = 0; k < SNP_TABLE_KINDS; k++) {
		if (t->entry[k].n == 0)
			continue;
		buf_add(out, guids[k], GUID_SIZE);
		buf_le32(out, (uint32_t)at);
		buf_le32(out, (uint32_t)t->entry[k].n);
		at += t->entry[k].n;
	}
	buf_zeros(out, ENTRY_SIZE);
	for (size_t k = 0; k < SNP_TABLE_KINDS; k++)
		buf_bytes(out, t->entry[k]);
}
