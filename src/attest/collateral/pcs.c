/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intel's Provisioning Certification Service, API version 4. Statements are
 * asked for with update=early: at disclosure, not months later.
 */
#include "attest/collateral/collateral.h"
#include "base/text.h"
#include "evidence/intake.h"

#include <stdio.h>

#define PCS_URL "https://api.trustedservices.intel.com"
#define PCS_CERTIFICATES_URL "https://certificates.trustedservices.intel.com"

/* Where an item may be had, best place first; the second is tried when the first has it not. */
struct places {
	struct buf url[2];
};

static void
places_done(struct places *p)
{
	buf_done(&p->url[0]);
	buf_done(&p->url[1]);
}

/*
 * A mirror is a PCCS or a copy of Intel's service. A PCCS keeps the root's
 * list under a path of its own, and may have what Intel publishes early not at all.
 */
static status
find_places(const char *mirror, enum collateral_kind kind, const char *subject, struct places *p,
            struct err *err)
{
	const char *base = mirror ? mirror : PCS_URL;

	switch (kind) {
	case COLLATERAL_TDX_TCB_INFO:
		buf_printf(&p->url[0], "%s/tdx/certification/v4/tcb?fmspc=%s&update=early", base,
		           subject);
		if (mirror)
			buf_printf(&p->url[1], "%s/tdx/certification/v4/tcb?fmspc=%s", base,
			           subject);
		break;
	case COLLATERAL_TDX_QE_IDENTITY:
	case COLLATERAL_TDX_TCB_CHAIN: /* comes with the identity, in a header */
		buf_printf(&p->url[0], "%s/tdx/certification/v4/qe/identity?update=early", base);
		if (mirror)
			buf_printf(&p->url[1], "%s/tdx/certification/v4/qe/identity", base);
		break;
	case COLLATERAL_TDX_PCK_CRL:
		buf_printf(&p->url[0], "%s/sgx/certification/v4/pckcrl?ca=%s&encoding=der", base,
		           subject);
		break;
	case COLLATERAL_TDX_ROOT_CRL:
		if (mirror)
			buf_printf(&p->url[0], "%s/sgx/certification/v4/rootcacrl", base);
		buf_printf(&p->url[mirror ? 1 : 0], "%s/IntelSGXRootCA.der",
		           mirror ? mirror : PCS_CERTIFICATES_URL);
		break;
	case COLLATERAL_SNP_VCEK:
	case COLLATERAL_SNP_CHAIN:
	case COLLATERAL_SNP_CRL:
		return err_set(err, ERR_INTERNAL, "E-COLLATERAL-004", "not Intel's: %s", subject);
	}
	TRY(buf_check(&p->url[0], err));
	return buf_check(&p->url[1], err);
}

/* The issuer chain of a statement; left untouched when the header is absent or unusable. */
static void
take_chain(const struct transport_response *r, struct arena *a, struct collateral_item *chain)
{
	CLEANUP(buf_done) struct buf pem = {0};
	struct collateral_item item = {.kind = COLLATERAL_TDX_TCB_CHAIN, .subject = "tcb"};
	struct bytes header = transport_header_get(r, "TCB-Info-Issuer-Chain");
	struct err ignored;

	/* Intel's names of versions 4 and 3; services in front of it use either. */
	if (header.n == 0)
		header = transport_header_get(r, "SGX-TCB-Info-Issuer-Chain");
	if (header.n == 0)
		header = transport_header_get(r, "SGX-Enclave-Identity-Issuer-Chain");
	if (header.n == 0 || !percent_decode(header, &pem))
		return;
	item.data = arena_copy(a, buf_view(&pem));
	if (!a->failed && is_ok(collateral_inspect(&item, &ignored)))
		*chain = item;
}

/* A list as DER: services answer it so, in PEM, or in hexadecimal digits. */
static status
take_list(struct bytes body, struct arena *a, struct bytes *ret, struct err *err)
{
	struct bytes text = bytes_trim(body);
	struct endorsements e = {0};
	size_t n = text.n / 2;
	uint8_t *der;

	*ret = arena_copy(a, body);
	if (bytes_starts(text, BYTES("-----BEGIN"))) {
		TRY(intake_endorsements(a, text, &e, err));
		if (e.n_crls == 1)
			*ret = e.crls[0];
	} else if (bytes_starts(text, BYTES("30"))) {
		der = arena_array(a, n, 1);
		if (der && hex_decode(text, der, n))
			*ret = bytes_of(der, n);
	}
	return arena_check(a, err);
}

/* Asks one place after the other while the answer is that it is not there. */
static status
ask(struct collateral *c, const struct places *p, struct transport_response *r, struct err *err)
{
	struct transport_request req = {.method = "GET", .max_body = COLLATERAL_ITEM_MAX};

	if (c->renewing)
		req.total_ms = COLLATERAL_RENEW_MS;
	for (size_t i = 0; i < COUNT_OF(p->url) && p->url[i].n > 0; i++) {
		req.url = buf_view(&p->url[i]);
		transport_response_done(r);
		TRY(transport_send(c->transport, &req, r, err));
		if (r->status == 200)
			return OK;
		if (r->status != 400 && r->status != 404)
			break;
	}
	return err_set(err, ERR_UNREACHABLE, "E-COLLATERAL-011", "%.*s answered %u%s",
	               BYTES_ARG(req.url), r->status,
	               r->status == 404   ? " (unknown platform)"
	               : r->status == 410 ? " (evaluation retired)"
	               : r->status == 429 ? " (asked too often)"
	                                  : "");
}

status
pcs_fetch(struct collateral *c, enum collateral_kind kind, const char *subject, struct arena *a,
          struct collateral_item *ret, struct collateral_item *chain, struct err *err)
{
	CLEANUP(transport_response_done) struct transport_response r = {0};
	CLEANUP(places_done) struct places places = {0};
	struct collateral_item item = {.kind = kind};

	TRY(find_places(c->pcs_url, kind, subject, &places, err));
	TRY(ask(c, &places, &r, err));
	take_chain(&r, a, chain);
	if (kind == COLLATERAL_TDX_TCB_CHAIN) {
		if (chain->data.n == 0)
			return err_set(err, ERR_UNREACHABLE, "E-COLLATERAL-011",
			               "%.*s came without its issuer chain",
			               BYTES_ARG(buf_view(&places.url[0])));
		*ret = *chain;
		return OK;
	}
	snprintf(item.subject, sizeof item.subject, "%s", subject);
	if (kind == COLLATERAL_TDX_ROOT_CRL || kind == COLLATERAL_TDX_PCK_CRL)
		TRY(take_list(buf_view(&r.body), a, &item.data, err));
	else
		item.data = arena_copy(a, buf_view(&r.body));
	TRY(arena_check(a, err));
	TRY(collateral_inspect(&item, err));
	*ret = item;
	return OK;
}
