/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/measure/firmware.h"

enum {
	FOOTER_OFFSET = 32, /* of the table's end, from the end of the image */
	ENTRY_HEAD = 18,    /* size u16, GUID */
	GUID_SIZE = 16,
};

/* GUIDs as they lie in memory: the first three fields little-endian. */
static const uint8_t GUID_FOOTER[GUID_SIZE] = {0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45,
                                               0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d};
static const uint8_t GUID_HASH_TABLE[GUID_SIZE] = {0x1f, 0x37, 0x55, 0x72, 0x3b, 0x3a, 0x04, 0x4b,
                                                   0x92, 0x7b, 0x1d, 0xa6, 0xef, 0xa8, 0xd4, 0x54};
static const uint8_t GUID_RESET[GUID_SIZE] = {0xde, 0x71, 0xf7, 0x00, 0x7e, 0x1a, 0xcb, 0x4f,
                                              0x89, 0x0e, 0x68, 0xc7, 0x7e, 0x2f, 0xb4, 0x4e};
static const uint8_t GUID_SEV[GUID_SIZE] = {0x66, 0x65, 0x88, 0xdc, 0x4a, 0x98, 0x98, 0x47,
                                            0xa7, 0x5e, 0x55, 0x85, 0xa7, 0xbf, 0x67, 0xcc};
static const uint8_t GUID_TDVF[GUID_SIZE] = {0x35, 0x65, 0x7a, 0xe4, 0x4a, 0x98, 0x98, 0x47,
                                             0x86, 0x5e, 0x46, 0x85, 0xa7, 0xbf, 0x8e, 0xc2};

/* "offset from the end" fields, 0 = the entry is absent. */
struct found {
	unsigned int seen;
	uint32_t sev_offset, tdvf_offset;
};

static bool
is_guid(struct bytes guid, const uint8_t want[GUID_SIZE])
{
	return bytes_equal(guid, bytes_of(want, GUID_SIZE));
}

/* Notes that an entry was met; false if it was met before. */
static bool
first_time(struct found *f, unsigned int bit)
{
	bool first = !(f->seen & bit);

	f->seen |= bit;
	return first;
}

static status
take_entry(struct firmware *fw, struct found *f, struct bytes guid, struct bytes data,
           struct err *err)
{
	struct rd r = rd_init(data);
	bool once = true;

	if (is_guid(guid, GUID_HASH_TABLE)) {
		once = first_time(f, 1);
		fw->has_hash_table = true;
		fw->hash_table_base = rd_le32(&r);
	} else if (is_guid(guid, GUID_RESET)) {
		once = first_time(f, 2);
		fw->has_reset_eip = true;
		fw->reset_eip = rd_le32(&r);
	} else if (is_guid(guid, GUID_SEV)) {
		once = first_time(f, 4);
		f->sev_offset = rd_le32(&r);
	} else if (is_guid(guid, GUID_TDVF)) {
		once = first_time(f, 8);
		f->tdvf_offset = rd_le32(&r);
	}
	if (!once)
		return err_set(err, ERR_PARSE, "E-MEASURE-003",
		               "the firmware's footer table has an entry twice");
	if (!rd_ok(&r))
		return err_set(err, ERR_PARSE, "E-MEASURE-004",
		               "an entry of the firmware's footer table is too short");
	return OK;
}

/* The table is read backwards: each entry ends with its size and GUID. */
static status
walk_table(struct firmware *fw, struct bytes table, struct found *f, struct err *err)
{
	while (table.n >= ENTRY_HEAD) {
		struct rd r = rd_init(bytes_sub(table, table.n - ENTRY_HEAD, table.n));
		size_t size = rd_le16(&r);
		struct bytes guid = rd_bytes(&r, GUID_SIZE);

		if (size < ENTRY_HEAD || size > table.n)
			return err_set(err, ERR_PARSE, "E-MEASURE-002",
			               "an entry of the firmware's footer table has the size %zu",
			               size);
		TRY(take_entry(fw, f, guid, bytes_sub(table, table.n - size, table.n - ENTRY_HEAD),
		               err));
		table.n -= size;
	}
	if (table.n != 0)
		return err_set(err, ERR_PARSE, "E-MEASURE-002",
		               "%zu bytes are left over in the firmware's footer table", table.n);
	return OK;
}

/* Slice that starts `offset` bytes before the end of the image. */
static status
from_end(const struct firmware *fw, uint32_t offset, struct rd *ret, struct err *err)
{
	if (offset > fw->image.n)
		return err_set(err, ERR_PARSE, "E-MEASURE-005",
		               "the firmware's metadata would lie before its start");
	*ret = rd_init(bytes_sub(fw->image, fw->image.n - offset, fw->image.n));
	return OK;
}

/*
 * Head of a metadata list that starts `offset` bytes before the end of the image: signature,
 * length, version 1, count. *r is left at the first section.
 */
static status
read_list_head(const struct firmware *fw, uint32_t offset, const char *signature, const char *id,
               const char *what, struct rd *r, uint32_t *ret_n, struct err *err)
{
	struct bytes sig;
	uint32_t version, n;

	TRY(from_end(fw, offset, r, err));
	sig = rd_bytes(r, 4);
	rd_skip(r, 4); /* length: the count says the same */
	version = rd_le32(r);
	n = rd_le32(r);
	if (!rd_ok(r) || !bytes_is(sig, signature) || version != 1)
		return err_set(err, ERR_PARSE, id,
		               "the firmware's %s metadata is malformed or not version 1", what);
	if (n > FIRMWARE_SECTIONS_MAX)
		return err_set(err, ERR_LIMIT, "E-MEASURE-010",
		               "the firmware's metadata has %u sections, %d at most", n,
		               FIRMWARE_SECTIONS_MAX);
	*ret_n = n;
	return OK;
}

static status
read_sev(struct arena *a, struct firmware *fw, uint32_t offset, struct err *err)
{
	struct sev_section *list;
	struct rd r;
	uint32_t n;

	TRY(read_list_head(fw, offset, "ASEV", "E-MEASURE-006", "SEV", &r, &n, err));
	list = arena_array(a, n, sizeof *list);
	for (uint32_t i = 0; list && i < n; i++) {
		list[i].gpa = rd_le32(&r);
		list[i].size = rd_le32(&r);
		list[i].kind = rd_le32(&r);
	}
	if (!rd_ok(&r))
		return err_set(err, ERR_PARSE, "E-MEASURE-006",
		               "the firmware's SEV metadata ends early");
	fw->sev = list;
	fw->n_sev = n;
	return arena_check(a, err);
}

static status
read_tdvf(struct arena *a, struct firmware *fw, uint32_t offset, struct err *err)
{
	struct tdvf_section *list;
	struct rd r;
	uint32_t n;

	TRY(read_list_head(fw, offset, "TDVF", "E-MEASURE-007", "TDX", &r, &n, err));
	list = arena_array(a, n, sizeof *list);
	for (uint32_t i = 0; list && i < n; i++) {
		list[i].data_offset = rd_le32(&r);
		list[i].raw_size = rd_le32(&r);
		list[i].address = rd_le64(&r);
		list[i].memory_size = rd_le64(&r);
		list[i].kind = rd_le32(&r);
		list[i].attributes = rd_le32(&r);
	}
	if (!rd_ok(&r))
		return err_set(err, ERR_PARSE, "E-MEASURE-007",
		               "the firmware's TDX metadata ends early");
	fw->tdvf = list;
	fw->n_tdvf = n;
	return arena_check(a, err);
}

status
firmware_parse(struct arena *a, struct bytes image, struct firmware *ret, struct err *err)
{
	struct firmware fw = {.image = image};
	struct found found = {0};
	struct rd r;
	size_t size, end;

	if (image.n == 0 || image.n % 4096 != 0 || image.n > FIRMWARE_MAX)
		return err_set(
		        err, ERR_PARSE, "E-MEASURE-001",
		        "a firmware image is whole 4 KiB pages, %d MiB at most; this is %zu bytes",
		        FIRMWARE_MAX / 1024 / 1024, image.n);
	fw.gpa = (UINT64_C(1) << 32) - image.n;
	end = image.n - FOOTER_OFFSET;
	r = rd_init(bytes_sub(image, end - ENTRY_HEAD, end));
	size = rd_le16(&r);
	if (is_guid(rd_bytes(&r, GUID_SIZE), GUID_FOOTER)) {
		if (size < ENTRY_HEAD || size > end)
			return err_set(err, ERR_PARSE, "E-MEASURE-002",
			               "the firmware's footer table has the size %zu", size);
		TRY(walk_table(&fw, bytes_sub(image, end - size, end - ENTRY_HEAD), &found, err));
	}
	if (found.sev_offset)
		TRY(read_sev(a, &fw, found.sev_offset, err));
	if (found.tdvf_offset)
		TRY(read_tdvf(a, &fw, found.tdvf_offset, err));
	*ret = fw;
	return OK;
}
