/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/collateral/collateral.h"
#include "crypto/cert.h"
#include "evidence/tdx/tcb.h"

static const struct {
	const char *name;
	bool dated;
} kinds[COLLATERAL_KINDS] = {
        [COLLATERAL_SNP_VCEK] = {"snp-vcek", false},
        [COLLATERAL_SNP_CHAIN] = {"snp-chain", false},
        [COLLATERAL_SNP_CRL] = {"snp-crl", true},
        [COLLATERAL_TDX_TCB_INFO] = {"tdx-tcb-info", true},
        [COLLATERAL_TDX_QE_IDENTITY] = {"tdx-qe-identity", true},
        [COLLATERAL_TDX_TCB_CHAIN] = {"tdx-tcb-chain", false},
        [COLLATERAL_TDX_ROOT_CRL] = {"tdx-root-crl", true},
        [COLLATERAL_TDX_PCK_CRL] = {"tdx-pck-crl", true},
};

enum { CHAIN_MAX = 4 };

const char *
collateral_kind_name(enum collateral_kind k)
{
	return kinds[k].name;
}

bool
collateral_kind_parse(struct bytes name, enum collateral_kind *ret)
{
	for (size_t i = 0; i < COLLATERAL_KINDS; i++) {
		if (bytes_is(name, kinds[i].name)) {
			*ret = (enum collateral_kind)i;
			return true;
		}
	}
	return false;
}

bool
collateral_is_dated(enum collateral_kind k)
{
	return kinds[k].dated;
}

bool
collateral_is_due(const struct collateral_item *item, int64_t now)
{
	int64_t two_thirds = item->valid_from + (item->valid_until - item->valid_from) / 3 * 2;

	if (!kinds[item->kind].dated)
		return false;
	return now > two_thirds ||
	       (item->fetched > 0 && now - item->fetched > COLLATERAL_LOOK_AGAIN);
}

bool
collateral_is_older(const struct collateral_item *item, const struct collateral_item *than)
{
	/* A list without a number is compared by its date alone. */
	if (item->number != than->number && item->number > 0 && than->number > 0)
		return item->number < than->number;
	return item->valid_from < than->valid_from;
}

static status
inspect_der(struct collateral_item *item, struct err *err)
{
	CLEANUP(cert_drop) struct cert *c = NULL;

	TRY(cert_parse_der(item->data, &c, err));
	item->valid_from = cert_not_before(c);
	item->valid_until = cert_not_after(c);
	return OK;
}

/* A chain is as valid as all of its certificates together. */
static status
inspect_pem(struct collateral_item *item, struct err *err)
{
	struct cert *certs[CHAIN_MAX] = {NULL};
	size_t n = 0;

	TRY(cert_parse_pem(item->data, CHAIN_MAX, certs, &n, err));
	for (size_t i = 0; i < n; i++) {
		int64_t from = cert_not_before(certs[i]), to = cert_not_after(certs[i]);

		item->valid_from = i ? MAX(item->valid_from, from) : from;
		item->valid_until = i ? MIN(item->valid_until, to) : to;
		cert_free(certs[i]);
	}
	return OK;
}

static status
inspect_crl(struct collateral_item *item, struct err *err)
{
	CLEANUP(crl_drop) struct crl *c = NULL;

	TRY(crl_parse_der(item->data, &c, err));
	item->valid_from = crl_this_update(c);
	item->valid_until = crl_next_update(c);
	item->number = crl_number(c);
	return OK;
}

static status
inspect_tcb_info(struct collateral_item *item, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct tcb_info info;
	struct bytes text;
	uint8_t sig[64];

	TRY(tcb_envelope(&a, item->data, "tcbInfo", &text, sig, err));
	TRY(tcb_info_parse(&a, text, &info, err));
	item->valid_from = info.issued;
	item->valid_until = info.next_update;
	item->number = info.evaluation;
	return OK;
}

static status
inspect_qe_identity(struct collateral_item *item, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct qe_identity qe;
	struct bytes text;
	uint8_t sig[64];

	TRY(tcb_envelope(&a, item->data, "enclaveIdentity", &text, sig, err));
	TRY(qe_identity_parse(&a, text, &qe, err));
	item->valid_from = qe.issued;
	item->valid_until = qe.next_update;
	item->number = qe.evaluation;
	return OK;
}

static status
inspect(struct collateral_item *item, struct err *err)
{
	switch (item->kind) {
	case COLLATERAL_SNP_VCEK:
		return inspect_der(item, err);
	case COLLATERAL_SNP_CHAIN:
	case COLLATERAL_TDX_TCB_CHAIN:
		return inspect_pem(item, err);
	case COLLATERAL_SNP_CRL:
	case COLLATERAL_TDX_ROOT_CRL:
	case COLLATERAL_TDX_PCK_CRL:
		return inspect_crl(item, err);
	case COLLATERAL_TDX_TCB_INFO:
		return inspect_tcb_info(item, err);
	case COLLATERAL_TDX_QE_IDENTITY:
		return inspect_qe_identity(item, err);
	}
	return err_set(err, ERR_INTERNAL, "E-COLLATERAL-001", "unknown kind of collateral");
}

status
collateral_inspect(struct collateral_item *item, struct err *err)
{
	struct err why = {0};

	if (item->data.n > COLLATERAL_ITEM_MAX)
		return err_set(err, ERR_LIMIT, "E-COLLATERAL-001", "%s %s has %zu bytes",
		               kinds[item->kind].name, item->subject, item->data.n);
	if (!is_ok(inspect(item, &why)))
		return err_set(err, ERR_PARSE, "E-COLLATERAL-001", "%s %s: %s",
		               kinds[item->kind].name, item->subject, why.msg);
	return OK;
}
