/* SPDX-License-Identifier: Apache-2.0 */
/* AMD's Key Distribution Service (publication 57230): VCEKs, chains, revocation lists. */
#include "attest/collateral/collateral.h"
#include "base/text.h"
#include "evidence/snp/tcb.h"

#include <stdio.h>

enum {
	HWID_TURIN_DIGITS = 16,      /* Turin's chip id has 8 bytes that count */
	LEAF_SPACING_MS = 10 * 1000, /* AMD answers one leaf in about ten seconds */
	LEAF_TOTAL_MS = 90 * 1000, /* time for three refusals, and other programs behind one NAT */
};

#define KDS_URL "https://kdsintf.amd.com"

/* The parts of "Milan/<chip>/<tcb>"; the missing ones are empty. */
static void
split(struct bytes subject, struct bytes parts[3])
{
	for (size_t i = 0; i < 3; i++) {
		size_t slash = bytes_find_byte(subject, '/', 0);
		size_t end = slash == SIZE_MAX || i == 2 ? subject.n : slash;

		parts[i] = bytes_sub(subject, 0, end);
		subject = bytes_sub(subject, MIN(end + 1, subject.n), subject.n);
	}
}

static status
leaf_url(const char *base, const char *subject, struct buf *url, struct err *err)
{
	struct bytes parts[3], chip;
	uint8_t raw[SNP_TCB_SIZE];
	enum snp_product p;
	struct snp_tcb t;

	split(bytes_str(subject), parts);
	if (!snp_product_parse(parts[0], &p) || !hex_decode(parts[2], raw, sizeof raw) ||
	    !snp_tcb_decode(p, raw, &t))
		return err_set(err, ERR_PARSE, "E-COLLATERAL-004", "%s names no VCEK", subject);
	chip = p == SNP_TURIN ? bytes_sub(parts[1], 0, HWID_TURIN_DIGITS) : parts[1];
	buf_printf(url, "%s/vcek/v1/%s/%.*s?", base, snp_product_name(p), BYTES_ARG(chip));
	if (p == SNP_TURIN)
		buf_printf(url, "fmcSPL=%02u&", t.fmc);
	buf_printf(url, "blSPL=%02u&teeSPL=%02u&snpSPL=%02u&ucodeSPL=%02u", t.bootloader, t.tee,
	           t.snp, t.microcode);
	return buf_check(url, err);
}

static status
list_url(const char *base, const char *subject, const char *what, struct buf *url, struct err *err)
{
	struct bytes parts[3];
	enum snp_product p;

	split(bytes_str(subject), parts);
	if (!snp_product_parse(parts[0], &p) ||
	    (!bytes_is(parts[1], "vcek") && !bytes_is(parts[1], "vlek")))
		return err_set(err, ERR_PARSE, "E-COLLATERAL-004", "%s names no product line",
		               subject);
	buf_printf(url, "%s/%.*s/v1/%s/%s", base, BYTES_ARG(parts[1]), snp_product_name(p), what);
	return buf_check(url, err);
}

/* Waits until AMD will answer for another leaf. */
static void
space_out(struct collateral *c)
{
	uint64_t now = c->transport->now_ms(c->transport);

	if (c->kds_next > (int64_t)now)
		c->transport->sleep_ms(c->transport, (uint64_t)c->kds_next - now);
	c->kds_next = (int64_t)c->transport->now_ms(c->transport) + LEAF_SPACING_MS;
}

status
kds_fetch(struct collateral *c, enum collateral_kind kind, const char *subject, struct arena *a,
          struct collateral_item *ret, struct err *err)
{
	CLEANUP(transport_response_done) struct transport_response r = {0};
	CLEANUP(buf_done) struct buf url = {0};
	const char *base = c->kds_url ? c->kds_url : KDS_URL;
	struct collateral_item item = {.kind = kind};
	struct transport_request req = {.method = "GET", .max_body = COLLATERAL_ITEM_MAX};

	if (kind == COLLATERAL_SNP_VCEK)
		TRY(leaf_url(base, subject, &url, err));
	else
		TRY(list_url(base, subject, kind == COLLATERAL_SNP_CRL ? "crl" : "cert_chain", &url,
		             err));
	if (kind == COLLATERAL_SNP_VCEK) {
		/* Only AMD itself has that rhythm; what throttles behind a mirror says so. */
		if (!c->kds_url)
			space_out(c);
		req.total_ms = LEAF_TOTAL_MS;
	} else if (c->renewing)
		req.total_ms = COLLATERAL_RENEW_MS;
	req.throttle_ms = LEAF_SPACING_MS;
	req.url = buf_view(&url);
	TRY(transport_send(c->transport, &req, &r, err));
	if (r.status != 200)
		return err_set(err, ERR_UNREACHABLE, "E-COLLATERAL-011", "%s answered %u%s", base,
		               r.status, r.status == 429 ? " (asked too often)" : "");
	snprintf(item.subject, sizeof item.subject, "%s", subject);
	item.data = arena_copy(a, buf_view(&r.body));
	TRY(arena_check(a, err));
	TRY(collateral_inspect(&item, err));
	*ret = item;
	return OK;
}
