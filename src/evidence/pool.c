/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/pool.h"

#include "evidence/snp/vek.h"
#include "evidence/tdx/tcb.h"

/* ---- adding ---- */

static status
add(struct pool *p, struct bytes **list, size_t *n, struct bytes piece, struct err *err)
{
	for (size_t i = 0; i < *n; i++)
		if (bytes_equal((*list)[i], piece))
			return OK;
	if (*n == POOL_MAX)
		return err_set(err, ERR_LIMIT, "E-EVIDENCE-053",
		               "more than %d certificates or lists", POOL_MAX);
	if ((*n & (*n - 1)) == 0) { /* full at each power of two */
		struct bytes *grown = arena_array(p->arena, *n ? *n * 2 : 1, sizeof *grown);

		TRY(arena_check(p->arena, err));
		mem_copy(grown, *list, *n * sizeof *grown);
		*list = grown;
	}
	(*list)[(*n)++] = piece;
	return OK;
}

status
pool_add(struct pool *p, const struct endorsements *e, struct err *err)
{
	for (size_t i = 0; i < e->n_certs; i++)
		TRY(add(p, &p->certs, &p->n_certs, e->certs[i], err));
	for (size_t i = 0; i < e->n_crls; i++)
		TRY(add(p, &p->crls, &p->n_crls, e->crls[i], err));
	if (e->tcb_info.n > 0)
		TRY(add(p, &p->tcb_infos, &p->n_tcb_infos, e->tcb_info, err));
	if (e->qe_identity.n > 0)
		TRY(add(p, &p->qe_identities, &p->n_qe_identities, e->qe_identity, err));
	return OK;
}

/* ---- certificates, by how much they are needed ---- */

enum need {
	NEED_NONE,     /* of another vendor */
	NEED_OTHER,    /* CA of another product: when no CA is of this one */
	NEED_STRANGER, /* leaf of another machine: when none is of this one */
	NEED_MAYBE,    /* nothing says that it is of another */
	NEED_CHAIN,
	NEED_LEAF,
};

/* What the evidence says of itself. */
struct about {
	enum tee tee;
	bool has_report, has_product;
	struct snp_report report;
	enum snp_product product;
	bool has_pck;
	struct pck pck;
};

static bool
names_product(struct bytes cn, enum snp_product *ret)
{
	static const char *const heads[] = {"ARK-", "SEV-VLEK-", "SEV-"};

	for (size_t i = 0; i < COUNT_OF(heads); i++) {
		struct bytes head = bytes_str(heads[i]);

		if (bytes_starts(cn, head))
			return snp_product_parse(bytes_sub(cn, head.n, cn.n), ret);
	}
	return false;
}

static enum need
snp_cert_need(const struct about *q, const struct cert *c)
{
	struct verdict quiet = {0};
	enum snp_signing_key kind;
	enum snp_product p;
	struct snp_vek vek;
	bool fits;

	if (snp_vek_kind(c, &kind)) {
		if (!q->has_report || !is_ok(snp_vek_parse(c, &vek, &quiet)))
			return NEED_MAYBE;
		fits = snp_vek_matches(&vek, &q->report);
		snp_vek_done(&vek);
		return fits ? NEED_LEAF : NEED_STRANGER;
	}
	if (!names_product(cert_subject_cn(c), &p))
		return NEED_MAYBE;
	if (q->has_product)
		return p == q->product ? NEED_CHAIN : NEED_OTHER;
	return NEED_CHAIN;
}

static enum need
cert_need(const struct about *q, struct bytes der)
{
	CLEANUP(cert_drop) struct cert *c = NULL;
	struct err err;

	if (!is_ok(cert_parse_der(der, &c, &err)))
		return NEED_MAYBE;
	if (q->tee == TEE_SNP)
		return bytes_starts(cert_subject_cn(c), BYTES("Intel")) ? NEED_NONE
		                                                        : snp_cert_need(q, c);
	if (bytes_is(cert_subject_cn(c), "Intel SGX TCB Signing"))
		return NEED_LEAF;
	return bytes_starts(cert_subject_cn(c), BYTES("SEV-")) ||
	                       bytes_starts(cert_subject_cn(c), BYTES("ARK-"))
	               ? NEED_NONE
	               : NEED_MAYBE;
}

static void
select_certs(const struct pool *p, const struct about *q, struct endorsements *ret)
{
	bool taken[NEED_LEAF + 1] = {false};

	for (enum need want = NEED_LEAF; want > NEED_NONE; want = (enum need)(want - 1)) {
		if ((want == NEED_STRANGER && taken[NEED_LEAF]) ||
		    (want == NEED_OTHER && taken[NEED_CHAIN]))
			continue;
		for (size_t i = 0; i < p->n_certs && ret->n_certs < EVIDENCE_MAX_CERTS; i++) {
			if (cert_need(q, p->certs[i]) != want)
				continue;
			taken[want] = true;
			ret->certs[ret->n_certs++] = p->certs[i];
		}
	}
}

/* ---- lists and statements, by their windows ---- */

/* Is b to be preferred to a? */
struct window {
	bool fits, parses;
	int64_t from, to;
	uint32_t evaluation;
};

static bool
better(const struct window *a, const struct window *b, int64_t now)
{
	bool va = now >= a->from && now <= a->to, vb = now >= b->from && now <= b->to;

	if (a->fits != b->fits)
		return b->fits;
	if (va != vb)
		return vb;
	if (a->evaluation != b->evaluation)
		return b->evaluation > a->evaluation;
	return b->from > a->from;
}

static bool
is_intels(const struct crl *c)
{
	return crl_issuer_cn_is(c, "Intel SGX Root CA") ||
	       crl_issuer_cn_is(c, "Intel SGX PCK Platform CA") ||
	       crl_issuer_cn_is(c, "Intel SGX PCK Processor CA");
}

static bool
product_of_list(const struct crl *c, enum snp_product *ret)
{
	static const char *const roots[SNP_PRODUCTS] = {
	        [SNP_MILAN] = "ARK-Milan", [SNP_GENOA] = "ARK-Genoa", [SNP_TURIN] = "ARK-Turin"};

	for (unsigned int i = 0; i < SNP_PRODUCTS; i++) {
		if (crl_issuer_cn_is(c, roots[i])) {
			*ret = (enum snp_product)i;
			return true;
		}
	}
	return false;
}

/* False: a list of another vendor or product. */
static bool
list_window(const struct about *q, struct bytes der, struct window *ret)
{
	CLEANUP(crl_drop) struct crl *c = NULL;
	enum snp_product p;
	struct err err;

	*ret = (struct window){.fits = true};
	if (!is_ok(crl_parse_der(der, &c, &err)))
		return true;
	ret->from = crl_this_update(c);
	ret->to = crl_next_update(c);
	if (product_of_list(c, &p))
		return q->tee == TEE_SNP && (!q->has_product || p == q->product);
	return q->tee != TEE_SNP || !is_intels(c);
}

static void
select_lists(const struct pool *p, const struct about *q, int64_t now, struct endorsements *ret)
{
	struct window taken[EVIDENCE_MAX_CRLS], w;

	for (size_t i = 0; i < p->n_crls; i++) {
		size_t at = ret->n_crls;

		if (!list_window(q, p->crls[i], &w))
			continue;
		while (at > 0 && better(&taken[at - 1], &w, now))
			at--;
		if (at == EVIDENCE_MAX_CRLS)
			continue;
		if (ret->n_crls < EVIDENCE_MAX_CRLS)
			ret->n_crls++;
		for (size_t k = ret->n_crls - 1; k > at; k--) {
			ret->crls[k] = ret->crls[k - 1];
			taken[k] = taken[k - 1];
		}
		ret->crls[at] = p->crls[i];
		taken[at] = w;
	}
}

static struct window
info_window(const struct about *q, struct arena *a, struct bytes text)
{
	struct window w = {0};
	struct tcb_info info;
	struct bytes part;
	uint8_t sig[64];
	struct err err;

	if (!is_ok(tcb_envelope(a, text, "tcbInfo", &part, sig, &err)) ||
	    !is_ok(tcb_info_parse(a, part, &info, &err)))
		return w;
	return (struct window){q->has_pck && bytes_equal(bytes_of(info.fmspc, 6),
	                                                 bytes_of(q->pck.fmspc, 6)),
	                       true, info.issued, info.next_update, info.evaluation};
}

static struct window
identity_window(struct arena *a, struct bytes text, const struct window *info)
{
	struct window w = {0};
	struct qe_identity qe;
	struct bytes part;
	uint8_t sig[64];
	struct err err;

	if (!is_ok(tcb_envelope(a, text, "enclaveIdentity", &part, sig, &err)) ||
	    !is_ok(qe_identity_parse(a, part, &qe, &err)))
		return w;
	return (struct window){info->parses && qe.evaluation == info->evaluation, true, qe.issued,
	                       qe.next_update, qe.evaluation};
}

static void
select_statements(const struct pool *p, const struct about *q, int64_t now,
                  struct endorsements *ret)
{
	struct window best = {0}, best_qe = {0};

	for (size_t i = 0; i < p->n_tcb_infos; i++) {
		CLEANUP(arena_done) struct arena a = {0};
		struct window w = info_window(q, &a, p->tcb_infos[i]);

		if (i > 0 && !better(&best, &w, now))
			continue;
		ret->tcb_info = p->tcb_infos[i];
		best = w;
	}
	for (size_t i = 0; i < p->n_qe_identities; i++) {
		CLEANUP(arena_done) struct arena a = {0};
		struct window w = identity_window(&a, p->qe_identities[i], &best);

		if (i > 0 && !better(&best_qe, &w, now))
			continue;
		ret->qe_identity = p->qe_identities[i];
		best_qe = w;
	}
}

/* ---- the whole ---- */

static void
look_at_quote(const struct document *d, struct about *q)
{
	struct cert *certs[4] = {NULL};
	struct verdict quiet = {0};
	struct tdx_quote quote;
	size_t n = 0;
	struct err err;

	if (!is_ok(tdx_quote_parse(d->evidence, &quote, &quiet)) ||
	    !is_ok(cert_parse_pem(quote.pck_pem, COUNT_OF(certs), certs, &n, &err)))
		return;
	for (size_t i = 0; i < n; i++) {
		if (bytes_is(cert_subject_cn(certs[i]), "Intel SGX PCK Certificate"))
			q->has_pck |= is_ok(pck_parse(certs[i], &q->pck, &err));
		cert_free(certs[i]);
	}
}

/* Of a report without CPUID: the product of the leaf that speaks of it. */
static void
look_at_report(const struct pool *p, const struct document *d, struct about *q)
{
	struct verdict quiet = {0};

	q->has_report = is_ok(snp_report_parse(d->evidence, &q->report, &quiet));
	if (!q->has_report)
		return;
	q->has_product =
	        q->report.version >= SNP_REPORT_VERSION_CPUID &&
	        snp_product_from_cpuid(q->report.cpuid_family, q->report.cpuid_model, &q->product);
	for (size_t i = 0; !q->has_product && i < p->n_certs; i++) {
		CLEANUP(cert_drop) struct cert *c = NULL;
		struct snp_vek vek;
		struct err err;

		quiet = (struct verdict){0};
		if (!is_ok(cert_parse_der(p->certs[i], &c, &err)) ||
		    !is_ok(snp_vek_parse(c, &vek, &quiet)))
			continue;
		q->has_product = snp_vek_matches(&vek, &q->report);
		q->product = vek.product;
		snp_vek_done(&vek);
	}
}

void
pool_select(const struct pool *p, const struct document *d, int64_t now, struct endorsements *ret)
{
	struct about q = {.tee = tee_hardware(d->tee)};

	*ret = (struct endorsements){0};
	if (q.tee == TEE_SNP)
		look_at_report(p, d, &q);
	else
		look_at_quote(d, &q);
	select_certs(p, &q, ret);
	select_lists(p, &q, now, ret);
	if (q.tee == TEE_TDX)
		select_statements(p, &q, now, ret);
}
