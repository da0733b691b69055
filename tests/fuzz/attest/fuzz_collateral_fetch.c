/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reaches: kds_fetch(), pcs_fetch() and collateral_complete() over answers of a
 * hostile service: {kind u8, header length be16, issuer chain header, body}. Bit 7
 * of the kind: it is a mirror; bit 6: which has it not in the first place.
 */
#include "attest/collateral/collateral.h"
#include "base/rd.h"
#include "transport/transport.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct hostile {
	struct transport transport; /* first: found again from it */
	struct bytes header, body;
	uint64_t clock;
	bool absent; /* the first time */
};

static status
answer(struct transport *t, const struct transport_request *req, struct transport_response *ret,
       struct err *err)
{
	struct hostile *h = (struct hostile *)(void *)t;

	(void)req;
	ret->status = h->absent ? 404 : 200;
	h->absent = false;
	TRY(transport_header_add(ret, BYTES("TCB-Info-Issuer-Chain"), h->header, err));
	buf_bytes(&ret->body, h->body);
	return buf_check(&ret->body, err);
}

static uint64_t
tell(struct transport *t)
{
	return ((struct hostile *)(void *)t)->clock++;
}

static void
wait_for(struct transport *t, uint64_t ms)
{
	((struct hostile *)(void *)t)->clock += ms;
}

/* What came back as an item has a window and is what the service sent. */
static void
fetch(struct collateral *c, const struct hostile *h, uint8_t kind)
{
	static const char *const subjects[COLLATERAL_KINDS] = {
	        "Genoa/00/0", "Genoa/vcek", "Genoa/vcek", "00806f050000",
	        "td",         "tcb",        "root",       "platform",
	};
	CLEANUP(arena_done) struct arena a = {0};
	struct collateral_item item, chain = {0};
	enum collateral_kind k = (enum collateral_kind)(kind & 0x3f) % COLLATERAL_KINDS;
	const char *subject = subjects[k];
	struct err err;
	status s = k <= COLLATERAL_SNP_CRL ? kds_fetch(c, k, subject, &a, &item, &err)
	                                   : pcs_fetch(c, k, subject, &a, &item, &chain, &err);

	/* Lists may come in hexadecimal or PEM. */
	if (is_ok(s) && k != COLLATERAL_TDX_TCB_CHAIN && !bytes_equal(item.data, h->body) &&
	    ((k != COLLATERAL_TDX_ROOT_CRL && k != COLLATERAL_TDX_PCK_CRL) ||
	     item.data.n >= h->body.n))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf missing = {0};
	struct hostile h = {.transport = {answer, tell, wait_for, 1}};
	struct collateral c = {.transport = &h.transport};
	struct rd r = rd_init(bytes_of(data, size));
	uint8_t kind = rd_u8(&r);
	struct endorsements e = {0};
	struct err err;

	h.header = rd_bytes(&r, rd_be16(&r));
	if (!rd_ok(&r))
		return 0;
	h.body = rd_bytes(&r, rd_left(&r));
	h.absent = kind & 0x40;
	if (kind & 0x80)
		c.kds_url = c.pcs_url = "https://mirror.example";
	fetch(&c, &h, kind);
	/* The body as evidence: which items does it say it needs? */
	(void)!is_ok(collateral_complete(&c, kind & 1 ? TEE_TDX : TEE_SNP, h.body, 1795500000, &a,
	                                 &e, &missing, &err));
	return 0;
}
