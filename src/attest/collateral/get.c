/* SPDX-License-Identifier: Apache-2.0 */
/* Bundle, then cache, then network; and what a piece of evidence needs. */
#include "attest/collateral/collateral.h"
#include "base/clock.h"
#include "base/text.h"
#include "crypto/cert.h"
#include "evidence/snp/report.h"
#include "evidence/snp/roots.h"
#include "evidence/tdx/verify.h"

#include <stdio.h>

enum { CLOCK_SKEW = 300, CHAIN_MAX = 4 };

static bool
in_window(const struct collateral_item *i, int64_t now)
{
	return i->valid_from - CLOCK_SKEW <= now && now <= i->valid_until;
}

static bool
is_snp(enum collateral_kind kind)
{
	return kind == COLLATERAL_SNP_VCEK || kind == COLLATERAL_SNP_CHAIN ||
	       kind == COLLATERAL_SNP_CRL;
}

static void
note(struct collateral *c, const struct err *e, const char *what)
{
	if (c->notes)
		buf_printf(c->notes, "%s%s%s: %s\n", e->place, e->place[0] ? ": " : "", e->msg,
		           what);
}

/* A cache that cannot be written costs time, not correctness. */
static void
keep(struct collateral *c, const struct collateral_item *item)
{
	struct err err;

	if (!c->cache_dir || is_ok(collateral_cache_write(c->cache_dir, item, &err)))
		return;
	if (!c->unwritable)
		note(c, &err, "nothing is kept in the cache");
	c->unwritable = true;
}

/* Asks the vendor and keeps the answer, and the issuer chain that came with it. */
static status
from_network(struct collateral *c, enum collateral_kind kind, const char *subject, struct arena *a,
             struct collateral_item *ret, struct err *err)
{
	struct collateral_item chain = {0};

	if (is_snp(kind))
		TRY(kds_fetch(c, kind, subject, a, ret, err));
	else
		TRY(pcs_fetch(c, kind, subject, a, ret, &chain, err));
	keep(c, ret);
	if (chain.data.n > 0)
		keep(c, &chain);
	return OK;
}

/* What was found of one item, and why the rest is not used. */
struct search {
	struct collateral *c;
	int64_t now;
	bool has_mark, found, bundled;
	struct collateral_item mark, best, ended, older;
};

static bool
read_mark(const struct collateral *c, enum collateral_kind kind, const char *subject,
          struct collateral_item *mark)
{
	return c->monotone && c->cache_dir && collateral_is_dated(kind) &&
	       collateral_seen_read(c->cache_dir, kind, subject, mark);
}

static void
consider(struct search *s, const struct collateral_item *item, bool bundled)
{
	if (!in_window(item, s->now)) {
		s->ended = *item;
	} else if (s->has_mark && collateral_is_older(item, &s->mark)) {
		s->older = *item;
	} else if (!s->found || collateral_is_older(&s->best, item)) {
		s->best = *item;
		s->bundled = bundled;
		s->found = true;
	}
}

static void
look_at_hand(struct search *s, enum collateral_kind kind, const char *subject, struct arena *a)
{
	const struct collateral_set *set = s->c->bundle;
	struct collateral_item have;
	struct err err;
	status found;

	for (size_t i = 0; set && i < set->n; i++)
		if (set->items[i].kind == kind &&
		    bytes_is(bytes_str(subject), set->items[i].subject))
			consider(s, &set->items[i], true);
	if (!s->c->cache_dir)
		return;
	found = collateral_cache_read(s->c->cache_dir, kind, subject, a, &have, &err);
	if (is_ok(found))
		consider(s, &have, false);
	else if (found.cls == ERR_PARSE || found.cls == ERR_LIMIT)
		note(s->c, &err,
		     s->c->transport ? "it is fetched anew" : "the cache does without it");
}

static status
older_than_seen(const struct collateral_item *item, const struct collateral_item *mark,
                struct err *err)
{
	char of[32], seen[32];

	return err_set(err, ERR_UNREACHABLE, "E-COLLATERAL-012",
	               "%s %s: the one at hand (number %llu of %s) is older than one seen before "
	               "(number %llu of %s)",
	               collateral_kind_name(mark->kind), mark->subject,
	               (unsigned long long)item->number, time_cstr(item->valid_from, of),
	               (unsigned long long)mark->number, time_cstr(mark->valid_from, seen));
}

static status
not_found(const struct search *s, enum collateral_kind kind, const char *subject,
          const struct err *why, struct err *err)
{
	char when[32];

	if (s->older.data.n > 0)
		return older_than_seen(&s->older, &s->mark, err);
	if (s->ended.data.n > 0 && s->ended.valid_from > s->now)
		return err_set(err, ERR_UNREACHABLE, "E-COLLATERAL-010",
		               "%s %s: the one at hand starts at %s", collateral_kind_name(kind),
		               subject, time_cstr(s->ended.valid_from, when));
	if (s->ended.data.n > 0)
		return err_set(err, ERR_UNREACHABLE, "E-COLLATERAL-010",
		               "%s %s: the one at hand ended at %s%s%s", collateral_kind_name(kind),
		               subject, time_cstr(s->ended.valid_until, when),
		               why->msg[0] ? ", and " : "", why->msg);
	return err_set(err, ERR_UNREACHABLE, "E-COLLATERAL-010", "%s %s: %s",
	               collateral_kind_name(kind), subject,
	               s->c->transport ? why->msg : "in no bundle and not in the cache");
}

/* What this run handed out or could not find before: a fleet has much in common. */
static const struct collateral_item *
known(const struct collateral_set *set, enum collateral_kind kind, const char *subject)
{
	for (size_t i = 0; set && i < set->n; i++)
		if (set->items[i].kind == kind &&
		    bytes_is(bytes_str(subject), set->items[i].subject))
			return &set->items[i];
	return NULL;
}

static void
note_absent(struct collateral *c, enum collateral_kind kind, const char *subject,
            const struct err *err)
{
	struct collateral_item item = {.kind = kind};

	if (!c->taken)
		return;
	snprintf(item.subject, sizeof item.subject, "%s", subject);
	item.data = arena_copy(c->taken_arena, bytes_str(err->msg));
	collateral_set_add(c->taken_arena, &c->absent, &item);
}

status
collateral_get(struct collateral *c, enum collateral_kind kind, const char *subject, int64_t now,
               struct arena *a, struct collateral_item *ret, struct err *err)
{
	const struct collateral_item *taken = known(c->taken, kind, subject);
	const struct collateral_item *absent = known(&c->absent, kind, subject);
	struct search s = {.c = c, .now = now};
	struct collateral_item fresh;
	struct err why = {0};
	status result;

	if (taken) {
		*ret = *taken;
		return OK;
	}
	if (absent)
		return err_set(err, ERR_UNREACHABLE, "E-COLLATERAL-010", "%.*s",
		               BYTES_ARG(absent->data));

	s.has_mark = read_mark(c, kind, subject, &s.mark);
	look_at_hand(&s, kind, subject, a);
	c->renewing = s.found;
	if (c->transport && (!s.found || (!s.bundled && collateral_is_due(&s.best, now))) &&
	    is_ok(from_network(c, kind, subject, a, &fresh, &why)))
		consider(&s, &fresh, false);
	if (!s.found) {
		result = not_found(&s, kind, subject, &why, err);
		note_absent(c, kind, subject, err);
		return result;
	}
	*ret = s.best;
	if (c->taken)
		collateral_set_add(c->taken_arena, c->taken, ret);
	return OK;
}

/* ---- what evidence needs ---- */

struct wish {
	struct collateral *c;
	int64_t now;
	struct arena *a;
	struct endorsements *e;
	struct buf *missing;
};

static void
note_used(struct collateral *c, const struct collateral_item *item)
{
	if (collateral_is_dated(item->kind) && c->n_used < COLLATERAL_USED_MAX)
		c->used[c->n_used++] = *item;
}

/* The item, or a line in `missing`. */
static bool
want(struct wish *w, enum collateral_kind kind, const char *subject, struct collateral_item *ret)
{
	struct err err;

	if (is_ok(collateral_get(w->c, kind, subject, w->now, w->a, ret, &err))) {
		note_used(w->c, ret);
		return true;
	}
	buf_printf(w->missing, "%s\n", err.msg);
	return false;
}

/*
 * A piece that came with the evidence or was given by file. One older than
 * what was seen gives way to a newer one at hand; without that it may not be
 * used, and the reason is a line in `missing`.
 */
static bool
may_use(struct wish *w, enum collateral_kind kind, const char *subject, struct bytes *data)
{
	struct collateral_item item = {.kind = kind, .data = *data}, mark, newer;
	struct err err, none;

	snprintf(item.subject, sizeof item.subject, "%s", subject);
	/* What does not parse is the verifier's to name. */
	if (!is_ok(collateral_inspect(&item, &err)))
		return true;
	if (read_mark(w->c, kind, subject, &mark) && collateral_is_older(&item, &mark)) {
		(void)!is_ok(older_than_seen(&item, &mark, &err));
		if (!is_ok(collateral_get(w->c, kind, subject, w->now, w->a, &newer, &none))) {
			buf_printf(w->missing, "%s\n", err.msg);
			return false;
		}
		*data = newer.data;
		item = newer;
	}
	note_used(w->c, &item);
	return true;
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

static bool
crl_is_of(struct bytes der, const char *issuer_cn)
{
	CLEANUP(crl_drop) struct crl *c = NULL;
	struct err err;

	return is_ok(crl_parse_der(der, &c, &err)) && crl_issuer_cn_is(c, issuer_cn);
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

/* A root of that name is there, and AMD's is not: marks of AMD's lists say nothing about it. */
static bool
is_of_another_root(const struct endorsements *e, const char *cn, enum snp_product p)
{
	bool other = false;

	for (size_t i = 0; i < e->n_certs; i++) {
		CLEANUP(cert_drop) struct cert *c = NULL;
		struct hash256 id;
		struct err err;

		if (!is_ok(cert_parse_der(e->certs[i], &c, &err)) ||
		    !bytes_is(cert_subject_cn(c), cn))
			continue;
		id = cert_key_id(c);
		if (hash256_equal(&id, snp_vendor_root(p)))
			return false;
		other = true;
	}
	return other;
}

/* Which of the lists are of this product's root, and new enough. */
static void
screen_snp_crls(struct wish *w, enum snp_product p, const char *subject)
{
	char root[32];
	size_t kept = 0;

	snprintf(root, sizeof root, "ARK-%s", snp_product_name(p));
	if (is_of_another_root(w->e, root, p))
		return;
	for (size_t i = 0; i < w->e->n_crls; i++)
		if (!crl_is_of(w->e->crls[i], root) ||
		    may_use(w, COLLATERAL_SNP_CRL, subject, &w->e->crls[i]))
			w->e->crls[kept++] = w->e->crls[i];
	w->e->n_crls = kept;
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
	screen_snp_crls(w, have.product, subject);
	if (w->e->n_crls == 0)
		add_crl(w, COLLATERAL_SNP_CRL, subject);
	return OK;
}

/* ---- TDX ---- */

/* FMSPC and CA of a quote's PCK certificate. Nothing is believed: it only names files. */
static status
platform_of(struct bytes pem, char fmspc[13], bool *processor, bool *intel, struct err *err)
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
		struct hash256 id = cert_key_id(certs[i]);

		*intel |= hash256_equal(&id, &tdx_intel_root);
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

/* Statements and lists that came along and are older than what was seen are left out. */
static void
screen_tdx(struct wish *w, const char *fmspc, bool processor)
{
	const char *pck = processor ? "Intel SGX PCK Processor CA" : "Intel SGX PCK Platform CA";
	struct endorsements *e = w->e;
	size_t kept = 0;

	if (e->tcb_info.n > 0 && !may_use(w, COLLATERAL_TDX_TCB_INFO, fmspc, &e->tcb_info))
		e->tcb_info = (struct bytes){0};
	if (e->qe_identity.n > 0 && !may_use(w, COLLATERAL_TDX_QE_IDENTITY, "td", &e->qe_identity))
		e->qe_identity = (struct bytes){0};
	for (size_t i = 0; i < e->n_crls; i++) {
		bool root = crl_is_of(e->crls[i], "Intel SGX Root CA");

		if ((!root && !crl_is_of(e->crls[i], pck)) ||
		    may_use(w, root ? COLLATERAL_TDX_ROOT_CRL : COLLATERAL_TDX_PCK_CRL,
		            root        ? "root"
		            : processor ? "processor"
		                        : "platform",
		            &e->crls[i]))
			e->crls[kept++] = e->crls[i];
	}
	e->n_crls = kept;
}

/* Is a list of this issuer there? */
static bool
has_crl(const struct endorsements *e, const char *issuer_cn)
{
	bool found = false;

	for (size_t i = 0; i < e->n_crls; i++)
		found |= crl_is_of(e->crls[i], issuer_cn);
	return found;
}

static status
complete_tdx(struct wish *w, struct bytes evidence, struct err *err)
{
	struct collateral_item item;
	struct verdict v = {0};
	struct tdx_quote q;
	bool processor = false, intel = false;
	char fmspc[13];

	if (!is_ok(tdx_quote_parse(evidence, &q, &v)))
		return verdict_status(&v, err);
	TRY(platform_of(q.pck_pem, fmspc, &processor, &intel, err));
	if (intel)
		screen_tdx(w, fmspc, processor);
	if (w->e->tcb_info.n == 0 && want(w, COLLATERAL_TDX_TCB_INFO, fmspc, &item))
		w->e->tcb_info = item.data;
	if (w->e->qe_identity.n == 0 && want(w, COLLATERAL_TDX_QE_IDENTITY, "td", &item))
		w->e->qe_identity = item.data;
	if (w->e->n_certs == 0)
		add_chain(w, COLLATERAL_TDX_TCB_CHAIN, "tcb");
	if (!has_crl(w->e, "Intel SGX Root CA"))
		add_crl(w, COLLATERAL_TDX_ROOT_CRL, "root");
	if (!has_crl(w->e, processor ? "Intel SGX PCK Processor CA" : "Intel SGX PCK Platform CA"))
		add_crl(w, COLLATERAL_TDX_PCK_CRL, processor ? "processor" : "platform");
	return OK;
}

status
collateral_complete(struct collateral *c, enum tee tee, struct bytes evidence, int64_t now,
                    struct arena *a, struct endorsements *e, struct buf *missing, struct err *err)
{
	struct wish w = {c, now, a, e, missing};

	c->n_used = 0;
	TRY(tee_hardware(tee) == TEE_SNP ? complete_snp(&w, evidence, err)
	                                 : complete_tdx(&w, evidence, err));
	TRY(buf_check(missing, err));
	return arena_check(a, err);
}

/* Of two of one kind nobody says here which of them the verdict rests on. */
static bool
is_only_one(const struct collateral *c, const struct collateral_item *item)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_used; i++)
		n += c->used[i].kind == item->kind;
	return n == 1;
}

static bool
is_statement(enum collateral_kind kind)
{
	return kind == COLLATERAL_TDX_TCB_INFO || kind == COLLATERAL_TDX_QE_IDENTITY;
}

status
collateral_remember(const struct collateral *c, bool lists_checked, struct err *err)
{
	if (!c->monotone || !c->cache_dir)
		return OK;
	for (size_t i = 0; i < c->n_used; i++)
		if (is_only_one(c, &c->used[i]) && (lists_checked || is_statement(c->used[i].kind)))
			TRY(collateral_seen_write(c->cache_dir, &c->used[i], err));
	return OK;
}
