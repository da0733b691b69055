/* SPDX-License-Identifier: Apache-2.0 */
/* Bundle, then cache, then network; and what a piece of evidence needs. */
#include "attest/collateral/collateral.h"
#include "base/clock.h"
#include "base/text.h"
#include "crypto/cert.h"
#include "evidence/snp/report.h"
#include "evidence/tdx/verify.h"

#include <stdio.h>

enum { CLOCK_SKEW = 300, CHAIN_MAX = 4 };

static bool
in_window(const struct collateral_item *i, int64_t now)
{
	return i->valid_from - CLOCK_SKEW <= now && now <= i->valid_until;
}

/* Past two thirds of its window a newer one may exist. */
static bool
is_ageing(const struct collateral_item *i, int64_t now)
{
	return collateral_is_dated(i->kind) &&
	       now > i->valid_from + (i->valid_until - i->valid_from) / 3 * 2;
}

/* The newest usable one of a bundle. */
static bool
from_bundle(const struct collateral_set *set, enum collateral_kind kind, const char *subject,
            int64_t now, struct collateral_item *ret)
{
	bool found = false;

	for (size_t i = 0; set && i < set->n; i++) {
		const struct collateral_item *item = &set->items[i];

		if (item->kind != kind || !bytes_is(bytes_str(subject), item->subject) ||
		    !in_window(item, now) || (found && item->valid_from <= ret->valid_from))
			continue;
		*ret = *item;
		found = true;
	}
	return found;
}

static bool
is_snp(enum collateral_kind kind)
{
	return kind == COLLATERAL_SNP_VCEK || kind == COLLATERAL_SNP_CHAIN ||
	       kind == COLLATERAL_SNP_CRL;
}

/* Asks the vendor and keeps the answer, and the issuer chain that came with it. */
static status
from_network(struct collateral *c, enum collateral_kind kind, const char *subject, struct arena *a,
             struct collateral_item *ret, struct err *err)
{
	struct collateral_item chain = {0};
	struct err ignored;

	if (is_snp(kind))
		TRY(kds_fetch(c, kind, subject, a, ret, err));
	else
		TRY(pcs_fetch(c, kind, subject, a, ret, &chain, err));
	if (!c->cache_dir)
		return OK;
	/* A cache that cannot be written costs time, not correctness. */
	(void)!is_ok(collateral_cache_write(c->cache_dir, ret, &ignored));
	if (chain.data.n > 0)
		(void)!is_ok(collateral_cache_write(c->cache_dir, &chain, &ignored));
	return OK;
}

status
collateral_get(struct collateral *c, enum collateral_kind kind, const char *subject, int64_t now,
               struct arena *a, struct collateral_item *ret, struct err *err)
{
	struct collateral_item have = {0};
	bool usable = from_bundle(c->bundle, kind, subject, now, ret);
	struct err why = {0};
	char when[32];

	if (usable)
		return OK;
	if (c->cache_dir &&
	    is_ok(collateral_cache_read(c->cache_dir, kind, subject, a, &have, &why)))
		usable = in_window(&have, now);
	if (usable && (!c->transport || !is_ageing(&have, now))) {
		*ret = have;
		return OK;
	}
	if (c->transport && is_ok(from_network(c, kind, subject, a, ret, &why)) &&
	    in_window(ret, now))
		return OK;
	if (usable) {
		*ret = have;
		return OK;
	}
	if (have.data.n > 0)
		return err_set(err, ERR_UNREACHABLE, "E-COLLATERAL-010",
		               "%s %s: the one at hand ended at %s", collateral_kind_name(kind),
		               subject, time_cstr(have.valid_until, when));
	return err_set(err, ERR_UNREACHABLE, "E-COLLATERAL-010", "%s %s: %s",
	               collateral_kind_name(kind), subject,
	               c->transport ? why.msg : "in no bundle and not in the cache");
}

/* ---- what evidence needs ---- */

struct wish {
	struct collateral *c;
	int64_t now;
	struct arena *a;
	struct endorsements *e;
	struct buf *missing;
};

/* The item, or a line in `missing`. */
static bool
want(struct wish *w, enum collateral_kind kind, const char *subject, struct collateral_item *ret)
{
	struct err err;

	if (is_ok(collateral_get(w->c, kind, subject, w->now, w->a, ret, &err)))
		return true;
	buf_printf(w->missing, "%s\n", err.msg);
	return false;
}

static void
add_cert(struct wish *w, struct bytes der)
{
	if (w->e->n_certs < EVIDENCE_MAX_CERTS)
		w->e->certs[w->e->n_certs++] = der;
}

static void
add_crl(struct wish *w, enum collateral_kind kind, const char *subject)
{
	struct collateral_item item;

	if (w->e->n_crls < EVIDENCE_MAX_CRLS && want(w, kind, subject, &item))
		w->e->crls[w->e->n_crls++] = item.data;
}

static void
add_chain(struct wish *w, enum collateral_kind kind, const char *subject)
{
	struct cert *certs[CHAIN_MAX] = {NULL};
	struct collateral_item item;
	size_t n = 0;
	struct err err;

	if (!want(w, kind, subject, &item) ||
	    !is_ok(cert_parse_pem(item.data, CHAIN_MAX, certs, &n, &err)))
		return;
	for (size_t i = 0; i < n; i++) {
		add_cert(w, arena_copy(w->a, cert_der(certs[i])));
		cert_free(certs[i]);
	}
}

/* ---- SNP ---- */

struct snp_have {
	bool leaf, vlek, intermediate;
	bool product_known;
	enum snp_product product;
};

/* "SEV-Milan", "SEV-VLEK-Genoa" name the CA of a product. */
static bool
product_of_ca(struct bytes cn, enum snp_product *ret)
{
	if (bytes_starts(cn, BYTES("SEV-VLEK-")))
		return snp_product_parse(bytes_sub(cn, 9, cn.n), ret);
	return bytes_starts(cn, BYTES("SEV-")) && snp_product_parse(bytes_sub(cn, 4, cn.n), ret);
}

static void
look_at_certs(const struct endorsements *e, struct snp_have *have)
{
	for (size_t i = 0; i < e->n_certs; i++) {
		CLEANUP(cert_drop) struct cert *c = NULL;
		enum snp_product p;
		struct err err;

		if (!is_ok(cert_parse_der(e->certs[i], &c, &err)))
			continue;
		if (bytes_is(cert_subject_cn(c), "SEV-VCEK") ||
		    bytes_is(cert_subject_cn(c), "SEV-VLEK")) {
			have->leaf = true;
			have->vlek = bytes_is(cert_subject_cn(c), "SEV-VLEK");
			have->product_known = product_of_ca(cert_issuer_cn(c), &have->product);
		} else if (product_of_ca(cert_subject_cn(c), &p)) {
			have->intermediate = true;
		}
	}
}

static void
vcek_subject(const struct snp_report *r, enum snp_product p, char to[COLLATERAL_SUBJECT_MAX])
{
	char chip[2 * SNP_CHIP_ID_SIZE + 1], tcb[2 * SNP_TCB_SIZE + 1];
	size_t n = p == SNP_TURIN ? 8 : SNP_CHIP_ID_SIZE;

	snprintf(to, COLLATERAL_SUBJECT_MAX, "%s/%s/%s", snp_product_name(p),
	         hex_cstr(bytes_of(r->chip_id, n), chip, sizeof chip),
	         hex_cstr(bytes_of(r->reported_tcb, SNP_TCB_SIZE), tcb, sizeof tcb));
}

/*
 * Version 2 does not say its product: a chip id that ends in zeros is Turin's
 * form, else the older lines are tried in turn.
 */
static void
add_vcek(struct wish *w, const struct snp_report *r, struct snp_have *have)
{
	bool turin = bytes_all_zero(bytes_of(r->chip_id + 8, SNP_CHIP_ID_SIZE - 8));
	const enum snp_product tries[] = {have->product_known ? have->product
	                                  : turin             ? SNP_TURIN
	                                                      : SNP_MILAN,
	                                  SNP_GENOA};
	size_t n = have->product_known || turin ? 1 : 2;
	CLEANUP(buf_done) struct buf lines = {0};
	struct buf *missing = w->missing;

	w->missing = &lines;
	for (size_t i = 0; i < n && !have->leaf; i++) {
		char subject[COLLATERAL_SUBJECT_MAX];
		struct collateral_item item;

		vcek_subject(r, tries[i], subject);
		if (!want(w, COLLATERAL_SNP_VCEK, subject, &item))
			continue;
		add_cert(w, item.data);
		have->leaf = have->product_known = true;
		have->product = tries[i];
	}
	w->missing = missing;
	if (!have->leaf)
		buf_bytes(missing, buf_view(&lines));
}

static status
complete_snp(struct wish *w, struct bytes evidence, struct err *err)
{
	char subject[COLLATERAL_SUBJECT_MAX];
	struct snp_have have = {0};
	struct verdict v = {0};
	struct snp_report r;

	if (!is_ok(snp_report_parse(evidence, &r, &v)))
		return verdict_status(&v, err);
	look_at_certs(w->e, &have);
	if (!have.product_known && r.version >= 3)
		have.product_known =
		        snp_product_from_cpuid(r.cpuid_family, r.cpuid_model, &have.product);
	if (!have.leaf && snp_signing_key(&r) == SNP_SIGNED_VLEK)
		buf_str(w->missing, "the VLEK: only the cloud that runs the machine has it\n");
	else if (!have.leaf)
		add_vcek(w, &r, &have);
	if (!have.product_known)
		return OK; /* the line about the leaf says it all */
	snprintf(subject, sizeof subject, "%s/%s", snp_product_name(have.product),
	         have.vlek ? "vlek" : "vcek");
	if (!have.intermediate)
		add_chain(w, COLLATERAL_SNP_CHAIN, subject);
	if (w->e->n_crls == 0)
		add_crl(w, COLLATERAL_SNP_CRL, subject);
	return OK;
}

/* ---- TDX ---- */

/* FMSPC and CA of a quote's PCK certificate. Nothing is believed: it only names files. */
static status
platform_of(struct bytes pem, char fmspc[13], bool *processor, struct err *err)
{
	struct cert *certs[CHAIN_MAX] = {NULL};
	size_t n = 0;
	struct pck pck;
	status s =
	        err_set(err, ERR_PARSE, "E-COLLATERAL-005", "the quote's certificates have no PCK");

	if (!is_ok(cert_parse_pem(pem, CHAIN_MAX, certs, &n, err)))
		return err_set(err, ERR_PARSE, "E-COLLATERAL-005",
		               "the quote's certificates are malformed");
	for (size_t i = 0; i < n; i++) {
		if (!is_ok(s) && bytes_is(cert_subject_cn(certs[i]), "Intel SGX PCK Certificate")) {
			s = pck_parse(certs[i], &pck, err);
			*processor =
			        bytes_is(cert_issuer_cn(certs[i]), "Intel SGX PCK Processor CA");
		}
	}
	for (size_t i = 0; i < n; i++)
		cert_free(certs[i]);
	TRY(s);
	hex_cstr(bytes_of(pck.fmspc, sizeof pck.fmspc), fmspc, 13);
	return OK;
}

static status
complete_tdx(struct wish *w, struct bytes evidence, struct err *err)
{
	struct collateral_item item;
	struct verdict v = {0};
	struct tdx_quote q;
	bool processor = false;
	char fmspc[13];

	if (!is_ok(tdx_quote_parse(evidence, &q, &v)))
		return verdict_status(&v, err);
	TRY(platform_of(q.pck_pem, fmspc, &processor, err));
	if (w->e->tcb_info.n == 0 && want(w, COLLATERAL_TDX_TCB_INFO, fmspc, &item))
		w->e->tcb_info = item.data;
	if (w->e->qe_identity.n == 0 && want(w, COLLATERAL_TDX_QE_IDENTITY, "td", &item))
		w->e->qe_identity = item.data;
	if (w->e->n_certs == 0)
		add_chain(w, COLLATERAL_TDX_TCB_CHAIN, "tcb");
	if (w->e->n_crls == 0) {
		add_crl(w, COLLATERAL_TDX_ROOT_CRL, "root");
		add_crl(w, COLLATERAL_TDX_PCK_CRL, processor ? "processor" : "platform");
	}
	return OK;
}

status
collateral_complete(struct collateral *c, enum tee tee, struct bytes evidence, int64_t now,
                    struct arena *a, struct endorsements *e, struct buf *missing, struct err *err)
{
	struct wish w = {c, now, a, e, missing};

	TRY(tee == TEE_SNP ? complete_snp(&w, evidence, err) : complete_tdx(&w, evidence, err));
	TRY(buf_check(missing, err));
	return arena_check(a, err);
}
