/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intel's Provisioning Certification Service, API version 4. Statements are
 * asked for with update=early: at disclosure, not months later.
 */
#include "attest/collateral/collateral.h"
#include "base/text.h"

#include <stdio.h>

#define PCS_URL "https://api.trustedservices.intel.com"
#define PCS_CERTIFICATES_URL "https://certificates.trustedservices.intel.com"

static status
make_url(const struct collateral *c, enum collateral_kind kind, const char *subject,
         struct buf *url, struct err *err)
{
	const char *base = c->pcs_url ? c->pcs_url : PCS_URL;
	const char *certs =
	        c->pcs_certificates_url ? c->pcs_certificates_url : PCS_CERTIFICATES_URL;

	switch (kind) {
	case COLLATERAL_TDX_TCB_INFO:
		buf_printf(url, "%s/tdx/certification/v4/tcb?fmspc=%s&update=early", base, subject);
		break;
	case COLLATERAL_TDX_QE_IDENTITY:
		buf_printf(url, "%s/tdx/certification/v4/qe/identity?update=early", base);
		break;
	case COLLATERAL_TDX_PCK_CRL:
		buf_printf(url, "%s/sgx/certification/v4/pckcrl?ca=%s&encoding=der", base, subject);
		break;
	case COLLATERAL_TDX_ROOT_CRL:
		buf_printf(url, "%s/IntelSGXRootCA.der", certs);
		break;
	case COLLATERAL_TDX_TCB_CHAIN:
		/* Comes with the QE identity, in a header. */
		buf_printf(url, "%s/tdx/certification/v4/qe/identity?update=early", base);
		break;
	case COLLATERAL_SNP_VCEK:
	case COLLATERAL_SNP_CHAIN:
	case COLLATERAL_SNP_CRL:
		return err_set(err, ERR_INTERNAL, "E-COLLATERAL-004", "not Intel's: %s", subject);
	}
	return buf_check(url, err);
}

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* %XX of a header value; false if malformed. */
static bool
percent_decode(struct bytes in, struct buf *out)
{
	for (size_t i = 0; i < in.n; i++) {
		int hi, lo;

		if (in.p[i] != '%') {
			buf_u8(out, in.p[i]);
			continue;
		}
		if (in.n - i < 3)
			return false;
		hi = hex_digit(in.p[i + 1]);
		lo = hex_digit(in.p[i + 2]);
		if (hi < 0 || lo < 0)
			return false;
		buf_u8(out, (uint8_t)(hi << 4 | lo));
		i += 2;
	}
	return buf_ok(out);
}

/* The issuer chain of a statement; left untouched when the header is absent or unusable. */
static void
take_chain(const struct transport_response *r, struct arena *a, struct collateral_item *chain)
{
	CLEANUP(buf_done) struct buf pem = {0};
	struct collateral_item item = {.kind = COLLATERAL_TDX_TCB_CHAIN, .subject = "tcb"};
	struct bytes header = transport_header_get(r, "TCB-Info-Issuer-Chain");
	struct err ignored;

	if (header.n == 0)
		header = transport_header_get(r, "SGX-Enclave-Identity-Issuer-Chain");
	if (header.n == 0 || !percent_decode(header, &pem))
		return;
	item.data = arena_copy(a, buf_view(&pem));
	if (!a->failed && is_ok(collateral_inspect(&item, &ignored)))
		*chain = item;
}

status
pcs_fetch(struct collateral *c, enum collateral_kind kind, const char *subject, struct arena *a,
          struct collateral_item *ret, struct collateral_item *chain, struct err *err)
{
	CLEANUP(transport_response_done) struct transport_response r = {0};
	CLEANUP(buf_done) struct buf url = {0};
	struct collateral_item item = {.kind = kind};
	struct transport_request req = {.method = "GET", .max_body = COLLATERAL_ITEM_MAX};

	TRY(make_url(c, kind, subject, &url, err));
	req.url = buf_view(&url);
	TRY(transport_send(c->transport, &req, &r, err));
	if (r.status != 200)
		return err_set(err, ERR_UNREACHABLE, "E-COLLATERAL-011", "%.*s answered %u%s",
		               BYTES_ARG(req.url), r.status,
		               r.status == 404   ? " (unknown platform)"
		               : r.status == 410 ? " (evaluation retired)"
		                                 : "");
	take_chain(&r, a, chain);
	if (kind == COLLATERAL_TDX_TCB_CHAIN) {
		if (chain->data.n == 0)
			return err_set(err, ERR_UNREACHABLE, "E-COLLATERAL-011",
			               "%.*s came without its issuer chain", BYTES_ARG(req.url));
		*ret = *chain;
		return OK;
	}
	snprintf(item.subject, sizeof item.subject, "%s", subject);
	item.data = arena_copy(a, buf_view(&r.body));
	TRY(arena_check(a, err));
	TRY(collateral_inspect(&item, err));
	*ret = item;
	return OK;
}
