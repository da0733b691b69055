/* SPDX-License-Identifier: Apache-2.0 */
#include "node/wire.h"

#include "base/rd.h"

void
wire_emit(struct buf *out, enum wire_type type, struct bytes body)
{
	buf_be32(out, (uint32_t)(body.n + 1));
	buf_u8(out, (uint8_t)type);
	buf_bytes(out, body);
}

status
wire_next(struct bytes in, bool *ret_whole, struct wire_frame *ret, size_t *used, struct err *err)
{
	struct rd r = rd_init(in);
	uint32_t n;

	*ret_whole = false;
	if (in.n < 4)
		return OK;
	n = rd_be32(&r);
	if (n == 0 || n > WIRE_MAX)
		return err_set(err, ERR_LIMIT, "E-NODE-030", "a frame of %u bytes", n);
	if (rd_left(&r) < n)
		return OK;
	ret->type = rd_u8(&r);
	ret->body = rd_bytes(&r, n - 1);
	*used = 4 + (size_t)n;
	*ret_whole = true;
	return OK;
}

void
wire_start_emit(struct buf *out, struct bytes document, struct bytes spec)
{
	buf_be32(out, (uint32_t)(1 + 4 + document.n + spec.n));
	buf_u8(out, WIRE_START);
	buf_be32(out, (uint32_t)document.n);
	buf_bytes(out, document);
	buf_bytes(out, spec);
}

status
wire_start_parse(struct bytes body, struct bytes *document, struct bytes *spec, struct err *err)
{
	struct rd r = rd_init(body);

	*document = rd_bytes(&r, rd_be32(&r));
	*spec = rd_bytes(&r, rd_left(&r));
	if (!rd_done(&r))
		return err_set(err, ERR_PARSE, "E-NODE-031", "the start message is cut short");
	return OK;
}
