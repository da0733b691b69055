/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/azure/hcl.h"

#include "base/rd.h"

enum {
	VERSION_MAX = 2,
	REQUEST_REPORT = 2,
	RUNTIME_VERSION = 1,
	TYPE_SNP = 2,
	TYPE_TDX = 4,
	HASH_IS_SHA256 = 1,
	HEADER_RESERVED = 12,
};

/* Both sizes are redundant: one that differs is another format. */
static bool
header_good(struct rd *r, uint32_t *ret_size)
{
	bool magic = bytes_is(rd_bytes(r, 4), "HCLA");
	uint32_t version = rd_le32(r), request, status;

	*ret_size = rd_le32(r);
	request = rd_le32(r);
	status = rd_le32(r);
	return magic && version >= 1 && version <= VERSION_MAX && request == REQUEST_REPORT &&
	       status == 0 && bytes_all_zero(rd_bytes(r, HEADER_RESERVED));
}

bool
hcl_parse(struct bytes b, struct hcl *ret)
{
	struct rd r = rd_init(b);
	uint32_t whole, size, version, type, hash, length;

	*ret = (struct hcl){0};
	if (!header_good(&r, &whole))
		return false;
	ret->report = rd_bytes(&r, HCL_REPORT);
	size = rd_le32(&r);
	version = rd_le32(&r);
	type = rd_le32(&r);
	hash = rd_le32(&r);
	length = rd_le32(&r);
	ret->runtime = rd_bytes(&r, length);
	ret->is_tdx = type == TYPE_TDX;
	return rd_ok(&r) && length > 0 && size == HCL_RUNTIME_HEADER + length &&
	       whole == HCL_HEADER + HCL_REPORT + size && version == RUNTIME_VERSION &&
	       (type == TYPE_SNP || type == TYPE_TDX) && hash == HASH_IS_SHA256;
}
