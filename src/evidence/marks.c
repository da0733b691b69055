/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/marks.h"

#include "base/clock.h"
#include "base/rd.h"
#include "crypto/cert.h"
#include "crypto/hash.h"
#include "evidence/tdx/quote.h"
#include "evidence/tdx/tcb.h"

enum { CERTS_MAX = EVIDENCE_MAX_CERTS + 4 };

void
marks_done(struct marks *m)
{
	for (size_t i = 0; i < m->n; i++)
		buf_done(&m->lists[i]);
	*m = (struct marks){0};
}

static struct hash256
make_id(enum mark_kind kind, const struct hash256 *root, struct bytes subject)
{
	CLEANUP(buf_done) struct buf text = {0};

	buf_bytes(&text, BYTES("contrast/v1/mark\0"));
	buf_u8(&text, (uint8_t)kind);
	buf_bytes(&text, hash256_view(root));
	buf_bytes(&text, subject);
	return sha256(buf_view(&text));
}

/* ---- certificates of a document ---- */

struct certs {
	struct cert *list[CERTS_MAX];
	size_t n;
};

static void
certs_done(struct certs *c)
{
	for (size_t i = 0; i < c->n; i++)
		cert_free(c->list[i]);
}

/* Those of the endorsements, and of a quote its own. */
static void
read_certs(const struct document *d, struct certs *ret)
{
	struct verdict v = {0};
	struct tdx_quote q;
	struct err ignored;
	size_t n = 0;

	*ret = (struct certs){0};
	for (size_t i = 0; i < d->endorsements.n_certs; i++)
		if (is_ok(cert_parse_der(d->endorsements.certs[i], &ret->list[ret->n], &ignored)))
			ret->n++;
	if (d->tee == TEE_TDX && is_ok(tdx_quote_parse(d->evidence, &q, &v)) &&
	    is_ok(cert_parse_pem(q.pck_pem, CERTS_MAX - ret->n, &ret->list[ret->n], &n, &ignored)))
		ret->n += n;
}

static const struct cert *
find_root(const struct certs *c, const struct hash256 *root)
{
	for (size_t i = 0; i < c->n; i++) {
		struct hash256 id = cert_key_id(c->list[i]);

		if (hash256_equal(&id, root))
			return c->list[i];
	}
	return NULL;
}

/* ---- what evidence rests on ---- */

/* Intel signs the same evaluation anew each day: only lists are ordered by their dates too. */
static bool
is_older(const struct mark *m, const struct mark *than)
{
	if (m->kind != MARK_LIST)
		return m->number < than->number;
	if (m->number != than->number && m->number > 0 && than->number > 0)
		return m->number < than->number;
	return m->issued < than->issued;
}

/* Of one id the newest. */
static void
add(struct mark to[MARKS_OF_ONE], size_t *n, const struct mark *m)
{
	for (size_t i = 0; i < *n; i++) {
		if (!hash256_equal(&to[i].id, &m->id))
			continue;
		if (is_older(&to[i], m))
			to[i] = *m;
		return;
	}
	if (*n < MARKS_OF_ONE)
		to[(*n)++] = *m;
}

/* The issuer is the root, or a CA that the root signed itself: nobody else's lists count. */
static bool
is_issuer(const struct cert *c, const struct cert *root, const struct hash256 *root_id)
{
	struct hash256 id = cert_key_id(c);

	return hash256_equal(&id, root_id) || is_ok(cert_signed_by(c, root, NULL));
}

static void
add_list(const struct certs *certs, struct bytes der, const struct hash256 *root_id, int64_t now,
         struct mark to[MARKS_OF_ONE], size_t *n)
{
	const struct cert *root = find_root(certs, root_id);
	CLEANUP(crl_drop) struct crl *list = NULL;
	struct err ignored;

	if (!root || !is_ok(crl_parse_der(der, &list, &ignored)))
		return;
	for (size_t i = 0; i < certs->n; i++) {
		const struct cert *c = certs->list[i];
		struct hash256 id = cert_key_id(c);
		struct mark m = {.kind = MARK_LIST, .list = der};

		if (!crl_names_issuer(list, c) || !is_ok(crl_verify(list, c, now, &ignored)) ||
		    !is_issuer(c, root, root_id))
			continue;
		m.id = make_id(MARK_LIST, root_id, hash256_view(&id));
		m.number = crl_number(list);
		m.issued = crl_this_update(list);
		add(to, n, &m);
		return;
	}
}

static void
add_statements(const struct document *d, const struct hash256 *root, struct mark to[MARKS_OF_ONE],
               size_t *n)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct mark m = {.kind = MARK_TCB_INFO};
	struct qe_identity qe;
	struct tcb_info info;
	struct bytes text;
	uint8_t sig[64];
	struct err ignored;

	if (is_ok(tcb_envelope(&a, d->endorsements.tcb_info, "tcbInfo", &text, sig, &ignored)) &&
	    is_ok(tcb_info_parse(&a, text, &info, &ignored))) {
		m.id = make_id(MARK_TCB_INFO, root, bytes_of(info.fmspc, sizeof info.fmspc));
		m.number = info.evaluation;
		m.issued = info.issued;
		add(to, n, &m);
	}
	m.kind = MARK_QE_IDENTITY;
	if (is_ok(tcb_envelope(&a, d->endorsements.qe_identity, "enclaveIdentity", &text, sig,
	                       &ignored)) &&
	    is_ok(qe_identity_parse(&a, text, &qe, &ignored))) {
		m.id = make_id(MARK_QE_IDENTITY, root, (struct bytes){0});
		m.number = qe.evaluation;
		m.issued = qe.issued;
		add(to, n, &m);
	}
}

size_t
marks_of(const struct document *d, const struct hash256 *root, int64_t now,
         struct mark to[MARKS_OF_ONE])
{
	CLEANUP(certs_done) struct certs certs;
	size_t n = 0;

	read_certs(d, &certs);
	for (size_t i = 0; i < d->endorsements.n_crls; i++)
		add_list(&certs, d->endorsements.crls[i], root, now, to, &n);
	if (d->tee == TEE_TDX)
		add_statements(d, root, to, &n);
	return n;
}

/* ---- what is kept ---- */

static size_t
find(const struct marks *kept, const struct hash256 *id)
{
	size_t i = 0;

	while (i < kept->n && !hash256_equal(&kept->items[i].id, id))
		i++;
	return i;
}

/* In front; what does not fit any more is the document's last. */
static void
put_first(struct endorsements *e, struct bytes list)
{
	for (size_t i = 0; i < e->n_crls; i++)
		if (bytes_equal(e->crls[i], list))
			return;
	e->n_crls = MIN(e->n_crls + 1, (size_t)EVIDENCE_MAX_CRLS);
	for (size_t i = e->n_crls - 1; i > 0; i--)
		e->crls[i] = e->crls[i - 1];
	e->crls[0] = list;
}

void
marks_add_lists(const struct marks *kept, struct document *d)
{
	CLEANUP(certs_done) struct certs certs;

	read_certs(d, &certs);
	for (size_t r = 0; kept->n > 0 && r < certs.n; r++) {
		struct hash256 root = cert_key_id(certs.list[r]);

		if (!bytes_equal(cert_subject_cn(certs.list[r]), cert_issuer_cn(certs.list[r])))
			continue;
		for (size_t i = 0; i < certs.n; i++) {
			struct hash256 issuer = cert_key_id(certs.list[i]);
			struct hash256 id = make_id(MARK_LIST, &root, hash256_view(&issuer));
			size_t at = find(kept, &id);

			if (at < kept->n)
				put_first(&d->endorsements, kept->items[at].list);
		}
	}
}

static const char *
name_of(enum mark_kind kind)
{
	return kind == MARK_TCB_INFO ? "TCB info" : "identity of the quoting enclave";
}

status
marks_check(const struct marks *kept, const struct mark *of, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		size_t at = find(kept, &of[i].id);
		char when[32];

		if (of[i].kind == MARK_LIST || at == kept->n ||
		    of[i].number >= kept->items[at].number)
			continue;
		return err_set(
		        err, ERR_REJECTED, "E-EVIDENCE-060",
		        "the %s that came with the evidence (evaluation %llu of %s) is older "
		        "than one accepted before (evaluation %llu)",
		        name_of(of[i].kind), (unsigned long long)of[i].number,
		        time_cstr(of[i].issued, when), (unsigned long long)kept->items[at].number);
	}
	return OK;
}

bool
marks_has(const struct marks *kept, const struct mark *m)
{
	size_t at = find(kept, &m->id);

	return at < kept->n && !is_older(&kept->items[at], m);
}

static void
keep_one(struct marks *kept, const struct mark *m)
{
	size_t at = find(kept, &m->id);

	if (at == MARKS_MAX || m->list.n > EVIDENCE_CRL_MAX ||
	    (m->kind == MARK_LIST) != (m->list.n > 0) || marks_has(kept, m))
		return;
	buf_reset(&kept->lists[at]);
	buf_bytes(&kept->lists[at], m->list);
	kept->items[at] = *m;
	kept->items[at].list = buf_view(&kept->lists[at]);
	kept->n = MAX(kept->n, at + 1);
	kept->version++;
}

void
marks_keep(struct marks *kept, const struct mark *of, size_t n)
{
	for (size_t i = 0; i < n; i++)
		keep_one(kept, &of[i]);
}

/* ---- the wire ---- */

void
marks_emit(const struct mark *of, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		buf_u8(out, (uint8_t)of[i].kind);
		buf_bytes(out, hash256_view(&of[i].id));
		buf_be64(out, of[i].number);
		buf_be64(out, (uint64_t)of[i].issued);
		buf_be32(out, (uint32_t)of[i].list.n);
		buf_bytes(out, of[i].list);
	}
}

status
marks_parse(struct bytes b, struct mark *to, size_t max, size_t *ret_n, struct err *err)
{
	struct rd r = rd_init(b);
	bool sound = true;
	size_t n = 0;

	for (; sound && rd_left(&r) > 0 && n < max; n++) {
		struct mark *m = &to[n];

		*m = (struct mark){.kind = (enum mark_kind)rd_u8(&r)};
		rd_copy(&r, m->id.b, sizeof m->id.b);
		m->number = rd_be64(&r);
		m->issued = (int64_t)rd_be64(&r);
		m->list = rd_bytes(&r, rd_be32(&r));
		sound = rd_ok(&r) && m->kind >= MARK_LIST && m->kind <= MARK_QE_IDENTITY &&
		        m->issued >= 0 && m->list.n <= EVIDENCE_CRL_MAX &&
		        (m->kind == MARK_LIST) == (m->list.n > 0);
	}
	if (!sound || !rd_done(&r))
		return err_set(err, ERR_PARSE, "E-EVIDENCE-061", "the marks are malformed");
	*ret_n = n;
	return OK;
}
