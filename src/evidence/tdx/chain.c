/* SPDX-License-Identifier: Apache-2.0 */
/* The platform's certificates and Intel's signed statements. */
#include "base/clock.h"
#include "evidence/tdx/verify.h"

enum { CLOCK_SKEW = 300, CHAIN_CERTS = 4 };

/* Intel SGX Root CA, in use since 2018. */
const struct hash256 tdx_intel_root = {{
        0xa0, 0xaf, 0x03, 0x12, 0x89, 0xf5, 0xd5, 0xd4, 0x13, 0x2f, 0x91,
        0x86, 0x06, 0x8a, 0x7f, 0xc1, 0x36, 0x28, 0x63, 0x3b, 0xa2, 0x35,
        0x77, 0x74, 0x72, 0xe2, 0x9b, 0x6b, 0x6c, 0x67, 0xa4, 0x9e,
}};

static status
reject_err(struct verdict *v, enum verdict_step step, const char *reason, const struct err *err)
{
	return verdict_reject(v, step, reason, "%s", err->msg);
}

static void
until(int64_t *end, int64_t t)
{
	if (*end == 0 || t < *end)
		*end = t;
}

/* ---- revocation ---- */

/* `subject` is not on a list of `issuer`; in *checked whether there was one to look at. */
static status
check_revoked(const struct tdx_chain *c, const struct cert *subject, const struct cert *issuer,
              bool require, int64_t now, bool *checked, int64_t *end, struct verdict *v)
{
	struct lists_answer l;

	lists_ask(&c->lists, subject, issuer, false, now, &l);
	switch (l.finding) {
	case LISTS_FRESH:
		until(end, l.next_update);
		return OK;
	case LISTS_REVOKED:
		return verdict_reject(v, STEP_REVOCATION, "tdx/pck-revoked", "%.*s is revoked",
		                      BYTES_ARG(cert_subject_cn(subject)));
	case LISTS_STALE:
		return verdict_reject(v, STEP_REVOCATION, "tdx/crl-expired",
		                      "the revocation list of %.*s is out of its window: %s",
		                      BYTES_ARG(cert_subject_cn(issuer)), l.why.msg);
	case LISTS_BAD:
		return verdict_reject(v, STEP_REVOCATION, "tdx/crl", "%s", l.why.msg);
	case LISTS_UNREAD:
		return verdict_reject(v, STEP_REVOCATION, "tdx/crl-parse", "%s", l.why.msg);
	case LISTS_NONE:
		break;
	}
	*checked = false;
	if (!require)
		return OK;
	return verdict_reject(v, STEP_REVOCATION, "tdx/crl-missing", "no revocation list of %.*s",
	                      BYTES_ARG(cert_subject_cn(issuer)));
}

/* ---- PCK chain ---- */

static bool
is_pck_issuer(const struct cert *c)
{
	return bytes_is(cert_subject_cn(c), "Intel SGX PCK Platform CA") ||
	       bytes_is(cert_subject_cn(c), "Intel SGX PCK Processor CA");
}

static bool
is_root(const struct cert *c, const struct hash256 *root)
{
	struct hash256 id = cert_key_id(c);

	return hash256_equal(&id, root);
}

/* Leaf, issuer and root of the PEM text; a repeated root is tolerated. */
static status
sort_chain(struct cert *certs[CHAIN_CERTS], size_t n, const struct hash256 *root,
           struct tdx_chain *c, struct verdict *v)
{
	for (size_t i = 0; i < n; i++) {
		if (is_root(certs[i], root) && !c->root)
			c->root = cert_ref(certs[i]);
		else if (is_pck_issuer(certs[i]) && !c->issuer)
			c->issuer = cert_ref(certs[i]);
		else if (bytes_is(cert_subject_cn(certs[i]), "Intel SGX PCK Certificate") &&
		         !c->leaf)
			c->leaf = cert_ref(certs[i]);
		else if (!is_root(certs[i], root))
			return verdict_reject(
			        v, STEP_CHAIN, "tdx/root",
			        "the chain has a certificate that is neither PCK, nor "
			        "its CA, nor the expected root");
	}
	if (!c->root)
		return verdict_reject(v, STEP_CHAIN, "tdx/root",
		                      "the chain does not end at the expected root");
	if (!c->issuer || !c->leaf)
		return verdict_reject(v, STEP_CHAIN, "tdx/pck-parse",
		                      "the chain has no PCK certificate or no CA for it");
	return OK;
}

static status
check_chain(bool require, int64_t now, struct tdx_chain *c, struct verdict *v)
{
	bool checked = true;
	struct err err;

	if (!is_ok(cert_walk(c->leaf, &c->issuer, 1, c->root, now, &err)))
		return reject_err(v, STEP_CHAIN, "tdx/chain", &err);
	if (cert_is_ca(c->leaf))
		return verdict_reject(v, STEP_CHAIN, "tdx/chain", "the PCK certificate is a CA");
	if (!is_ok(pck_parse(c->leaf, &c->pck, &err)))
		return reject_err(v, STEP_CHAIN, "tdx/pck-ext", &err);
	until(&c->valid_until, cert_not_after(c->leaf));
	until(&c->valid_until, cert_not_after(c->issuer));
	until(&c->valid_until, cert_not_after(c->root));
	TRY(check_revoked(c, c->issuer, c->root, require, now, &checked, &c->valid_until, v));
	TRY(check_revoked(c, c->leaf, c->issuer, require, now, &checked, &c->valid_until, v));
	c->revocation = checked ? REVOCATION_CHECKED : REVOCATION_NOT_CHECKED;
	return OK;
}

status
tdx_chain_open(struct bytes pem, const struct endorsements *e, const struct hash256 *root,
               bool require_revocation, int64_t now, struct tdx_chain *ret, struct verdict *v)
{
	struct cert *certs[CHAIN_CERTS] = {NULL};
	size_t n = 0;
	struct err err;
	status s;

	*ret = (struct tdx_chain){0};
	if (!is_ok(cert_parse_pem(pem, CHAIN_CERTS, certs, &n, &err)))
		return reject_err(v, STEP_CHAIN, "tdx/pck-parse", &err);
	s = sort_chain(certs, n, root, ret, v);
	for (size_t i = 0; i < n; i++)
		cert_free(certs[i]);
	TRY(s);
	lists_read(e, &ret->lists);
	TRY(check_chain(require_revocation, now, ret, v));
	ret->key = cert_key(ret->leaf);
	if (!ret->key)
		return verdict_reject(v, STEP_CHAIN, "tdx/pck-parse", "the PCK's key is malformed");
	return OK;
}

void
tdx_chain_done(struct tdx_chain *c)
{
	lists_done(&c->lists);
	key_free(c->key);
	cert_free(c->root);
	cert_free(c->issuer);
	cert_free(c->leaf);
	*c = (struct tdx_chain){0};
}

/* ---- collateral ---- */

/*
 * The certificate that signs TCB info and identities: by name and under the
 * root, so never a PCK. Of several (Intel renewed it) the first whose path is
 * good; without one the message is about the last.
 */
static status
find_signer(const struct endorsements *e, const struct tdx_chain *chain, bool require, int64_t now,
            struct cert **ret, int64_t *end, struct verdict *v)
{
	bool checked = true, named = false;
	struct err err;

	for (size_t i = 0; i < e->n_certs && !*ret; i++) {
		struct cert *c = NULL;
		struct err unread;

		if (!is_ok(cert_parse_der(e->certs[i], &c, &unread)))
			continue;
		if (bytes_is(cert_subject_cn(c), "Intel SGX TCB Signing")) {
			named = true;
			if (is_ok(cert_walk(c, NULL, 0, chain->root, now, &err)))
				*ret = cert_ref(c);
		}
		cert_free(c);
	}
	if (!named)
		return verdict_reject(v, STEP_CHAIN, "tdx/collateral-missing",
		                      "no TCB signing certificate among the endorsements");
	if (!*ret)
		return reject_err(v, STEP_CHAIN, "tdx/tcbinfo-signature", &err);
	until(end, cert_not_after(*ret));
	return check_revoked(chain, *ret, chain->root, require, now, &checked, end, v);
}

static status
check_signature(const struct cert *signer, struct bytes text, const uint8_t sig[64],
                const char *reason, struct verdict *v)
{
	CLEANUP(key_drop) struct key *key = cert_key(signer);
	struct err err;

	if (!key)
		return verdict_reject(v, STEP_CHAIN, reason, "the TCB signer's key is malformed");
	if (!is_ok(key_verify_ecdsa_raw(key, SIG_SHA256, text, bytes_of(sig, 32),
	                                bytes_of(sig + 32, 32), &err)))
		return reject_err(v, STEP_SIGNATURE, reason, &err);
	return OK;
}

static status
check_window(int64_t issued, int64_t next, int64_t now, const char *what, struct verdict *v)
{
	char reason[VERDICT_REASON_SIZE];
	char when[32];
	struct buf name = {0};

	buf_printf(&name, "tdx/%s-%s", what, issued - CLOCK_SKEW > now ? "future" : "expired");
	mem_zero(reason, sizeof reason);
	mem_copy(reason, name.p, MIN(name.n, sizeof reason - 1));
	buf_done(&name);
	if (issued - CLOCK_SKEW > now)
		return verdict_reject(v, STEP_CHAIN, reason,
		                      "was issued at %s, which is in the future",
		                      time_cstr(issued, when));
	if (next < now)
		return verdict_reject(v, STEP_CHAIN, reason, "next update was %s",
		                      time_cstr(next, when));
	return OK;
}

static status
open_tcb_info(const struct endorsements *e, const struct cert *signer, int64_t now,
              struct tdx_collateral *c, struct verdict *v)
{
	uint8_t sig[64];
	struct bytes text;
	struct err err;

	if (e->tcb_info.n == 0)
		return verdict_reject(v, STEP_CHAIN, "tdx/collateral-missing", "no TCB info");
	if (!is_ok(tcb_envelope(&c->arena, e->tcb_info, "tcbInfo", &text, sig, &err)))
		return reject_err(v, STEP_DECODE, "tdx/tcbinfo-parse", &err);
	TRY(check_signature(signer, text, sig, "tdx/tcbinfo-signature", v));
	if (!is_ok(tcb_info_parse(&c->arena, text, &c->info, &err)))
		return reject_err(v, STEP_DECODE, "tdx/tcbinfo-parse", &err);
	return check_window(c->info.issued, c->info.next_update, now, "tcbinfo", v);
}

static status
open_qe_identity(const struct endorsements *e, const struct cert *signer, int64_t now,
                 struct tdx_collateral *c, struct verdict *v)
{
	uint8_t sig[64];
	struct bytes text;
	struct err err;

	if (e->qe_identity.n == 0)
		return verdict_reject(v, STEP_CHAIN, "tdx/collateral-missing", "no QE identity");
	if (!is_ok(tcb_envelope(&c->arena, e->qe_identity, "enclaveIdentity", &text, sig, &err)))
		return reject_err(v, STEP_DECODE, "tdx/qeid-parse", &err);
	TRY(check_signature(signer, text, sig, "tdx/qeid-signature", v));
	if (!is_ok(qe_identity_parse(&c->arena, text, &c->qe, &err)))
		return reject_err(v, STEP_DECODE, "tdx/qeid-parse", &err);
	return check_window(c->qe.issued, c->qe.next_update, now, "qeid", v);
}

status
tdx_collateral_open(const struct endorsements *e, const struct tdx_chain *chain,
                    bool require_revocation, int64_t now, struct tdx_collateral *ret,
                    struct verdict *v)
{
	CLEANUP(cert_drop) struct cert *signer = NULL;

	*ret = (struct tdx_collateral){0};
	arena_init(&ret->arena, 4 * 1024 * 1024);
	TRY(find_signer(e, chain, require_revocation, now, &signer, &ret->valid_until, v));
	TRY(open_tcb_info(e, signer, now, ret, v));
	TRY(open_qe_identity(e, signer, now, ret, v));
	if (ret->info.evaluation != ret->qe.evaluation)
		return verdict_reject(v, STEP_CHAIN, "tdx/tcb-eval",
		                      "TCB info is of evaluation %u, QE identity of %u",
		                      ret->info.evaluation, ret->qe.evaluation);
	until(&ret->valid_until, ret->info.next_update);
	until(&ret->valid_until, ret->qe.next_update);
	return OK;
}

void
tdx_collateral_done(struct tdx_collateral *c)
{
	arena_done(&c->arena);
	*c = (struct tdx_collateral){0};
}
