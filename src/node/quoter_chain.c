/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and statements in the shape of Intel's (PCK certificate profile, PCS API v4). */
#include "base/clock.h"
#include "base/text.h"
#include "node/quoter_state.h"

enum {
	CA_DAYS = 20 * 365,
	LEAF_DAYS = 7 * 365,
	STATEMENT_DAYS = 30,
	BACKDATE = 60 * 60, /* clocks of pods may lag behind the host's a little */
};

/* ---- certificates ---- */

/* Not a CA; signs, but no certificates: as Intel's leaves have it. */
static const struct cert_extra leaf_extensions[] = {
        {.oid = "2.5.29.19", .critical = true, .value = {(const uint8_t *)"\x30\x00", 2}},
        {.oid = "2.5.29.15", .critical = true, .value = {(const uint8_t *)"\x03\x02\x06\xc0", 4}},
};

static status
issue_leaf(const char *cn, const struct key *key, const struct cert *issuer,
           const struct key *signer, struct bytes sgx, int64_t now, struct cert **ret,
           struct err *err)
{
	struct cert_extra extras[] = {leaf_extensions[0],
	                              leaf_extensions[1],
	                              {.oid = PCK_OID_SGX, .value = sgx}};
	const struct cert_spec spec = {
	        .profile = CERT_LEAF_BARE,
	        .subject_cn = cn,
	        .key = key,
	        .issuer = issuer,
	        .signer = signer,
	        .not_before = now - BACKDATE,
	        .not_after = now + (int64_t)LEAF_DAYS * QUOTER_DAY,
	        .extras = extras,
	        .n_extras = sgx.n > 0 ? 3 : 2,
	};

	return err_ctx(err, cert_issue(&spec, ret, err), "the quoter's certificate %s", cn);
}

static status
issue_ca(const char *cn, enum cert_profile profile, const struct key *key,
         const struct cert *issuer, const struct key *signer, int64_t now, struct cert **ret,
         struct err *err)
{
	const struct cert_spec spec = {
	        .profile = profile,
	        .subject_cn = cn,
	        .key = key,
	        .issuer = issuer,
	        .signer = signer,
	        .not_before = now - BACKDATE,
	        .not_after = now + (int64_t)CA_DAYS * QUOTER_DAY,
	};

	return err_ctx(err, cert_issue(&spec, ret, err), "the quoter's certificate %s", cn);
}

status
quoter_issue_certs(struct quoter *q, int64_t now, struct err *err)
{
	CLEANUP(buf_done) struct buf sgx = {0};

	pck_emit_extension(&q->facts.pck, &sgx);
	TRY(buf_check(&sgx, err));
	TRY(issue_ca("Contrast local SGX Root CA", CERT_CA, q->root_key, NULL, q->root_key, now,
	             &q->root, err));
	TRY(issue_ca("Intel SGX PCK Platform CA", CERT_CA_LEAVES, q->platform_key, q->root,
	             q->root_key, now, &q->platform, err));
	TRY(issue_leaf("Intel SGX PCK Certificate", q->pck_key, q->platform, q->platform_key,
	               buf_view(&sgx), now, &q->pck, err));
	TRY(issue_leaf("Intel SGX TCB Signing", q->signer_key, q->root, q->root_key,
	               (struct bytes){NULL, 0}, now, &q->signer, err));
	cert_pem(q->pck, &q->pem);
	cert_pem(q->platform, &q->pem);
	cert_pem(q->root, &q->pem);
	return buf_check(&q->pem, err);
}

/* ---- statements ---- */

static void
put_components(struct buf *out, const char *name, const uint8_t svn[TDX_SVNS])
{
	buf_printf(out, "\"%s\":[", name);
	for (size_t i = 0; i < TDX_SVNS; i++)
		buf_printf(out, "%s{\"svn\":%u}", i > 0 ? "," : "", svn[i]);
	buf_str(out, "]");
}

static void
put_hex(struct buf *out, const char *name, struct bytes b)
{
	buf_printf(out, "\"%s\":\"", name);
	hex_encode(b, out);
	buf_str(out, "\",");
}

static void
put_window(struct buf *out, int64_t now, unsigned int evaluation)
{
	char issued[32], next[32];

	buf_printf(out,
	           "\"issueDate\":\"%s\",\"nextUpdate\":\"%s\",\"tcbEvaluationDataNumber\":%u,",
	           time_cstr(now - BACKDATE, issued),
	           time_cstr(now + (int64_t)STATEMENT_DAYS * QUOTER_DAY, next), evaluation);
}

/* The level that this platform has, and below it everything that is older. */
static void
put_platform_levels(struct buf *out, const struct quoter_facts *f)
{
	static const uint8_t none[TDX_SVNS];
	const uint8_t *const sgx[] = {f->pck.comp, none};
	const uint8_t *const tdx[] = {f->tee_tcb_svn, none};
	static const char *const statuses[] = {"UpToDate", "OutOfDate"};

	buf_str(out, "\"tcbLevels\":[");
	for (size_t i = 0; i < COUNT_OF(statuses); i++) {
		buf_printf(out, "%s{\"tcb\":{", i > 0 ? "," : "");
		put_components(out, "sgxtcbcomponents", sgx[i]);
		buf_printf(out, ",\"pcesvn\":%u,", i == 0 ? f->pck.pcesvn : 0U);
		put_components(out, "tdxtcbcomponents", tdx[i]);
		buf_printf(out, "},\"tcbDate\":\"2026-01-01T00:00:00Z\",\"tcbStatus\":\"%s\"}",
		           statuses[i]);
	}
	buf_str(out, "]");
}

static void
put_isv_levels(struct buf *out, unsigned int svn)
{
	buf_printf(out,
	           "\"tcbLevels\":[{\"tcb\":{\"isvsvn\":%u},\"tcbDate\":\"2026-01-01T00:00:00Z\","
	           "\"tcbStatus\":\"UpToDate\"},{\"tcb\":{\"isvsvn\":0},"
	           "\"tcbDate\":\"2025-01-01T00:00:00Z\",\"tcbStatus\":\"OutOfDate\"}]",
	           svn);
}

/* Signed by nobody but Intel: MRSIGNERSEAM is zero. */
static void
put_module(struct buf *out)
{
	static const uint8_t zero[48];
	static const uint8_t ones[8] = {255, 255, 255, 255, 255, 255, 255, 255};

	put_hex(out, "mrsigner", bytes_of(zero, sizeof zero));
	put_hex(out, "attributes", bytes_of(zero, 8));
	put_hex(out, "attributesMask", bytes_of(ones, sizeof ones));
	out->n--; /* the comma */
}

static void
write_tcb_info(const struct quoter_facts *f, int64_t now, unsigned int evaluation, struct buf *out)
{
	buf_str(out, "{\"id\":\"TDX\",\"version\":3,");
	put_window(out, now, evaluation);
	put_hex(out, "fmspc", bytes_of(f->pck.fmspc, sizeof f->pck.fmspc));
	put_hex(out, "pceId", bytes_of(f->pck.pceid, sizeof f->pck.pceid));
	buf_str(out, "\"tcbType\":0,\"tdxModule\":{");
	put_module(out);
	buf_printf(out, "},\"tdxModuleIdentities\":[{\"id\":\"TDX_%02x\",", f->tee_tcb_svn[1]);
	put_module(out);
	buf_str(out, ",");
	put_isv_levels(out, f->tee_tcb_svn[0]);
	buf_str(out, "}],");
	put_platform_levels(out, f);
	buf_str(out, "}");
}

static void
write_qe_identity(int64_t now, unsigned int evaluation, struct buf *out)
{
	static const uint8_t misc[4], misc_mask[4] = {255, 255, 255, 255};
	static const uint8_t mask[16] = {0xfb, 255, 255, 255, 255, 255, 255, 255};

	buf_str(out, "{\"id\":\"TD_QE\",\"version\":2,");
	put_window(out, now, evaluation);
	put_hex(out, "miscselect", bytes_of(misc, sizeof misc));
	put_hex(out, "miscselectMask", bytes_of(misc_mask, sizeof misc_mask));
	put_hex(out, "attributes", quoter_enclave.attributes);
	put_hex(out, "attributesMask", bytes_of(mask, sizeof mask));
	put_hex(out, "mrsigner", quoter_enclave.mrsigner);
	buf_printf(out, "\"isvprodid\":%u,", quoter_enclave.isv_prod_id);
	put_isv_levels(out, quoter_enclave.isv_svn);
	buf_str(out, "}");
}

static void
seal(const struct key *key, const char *name, struct bytes text, struct buf *out)
{
	uint8_t sig[64];

	key_sign_ecdsa_raw(key, SIG_SHA256, text, 32, sig, sig + 32);
	buf_reset(out);
	buf_printf(out, "{\"%s\":", name);
	buf_bytes(out, text);
	buf_str(out, ",");
	put_hex(out, "signature", bytes_of(sig, sizeof sig));
	out->n--; /* the comma */
	buf_str(out, "}");
}

status
quoter_issue_statements(struct quoter *q, int64_t now, unsigned int evaluation, struct err *err)
{
	CLEANUP(buf_done) struct buf info = {0};
	CLEANUP(buf_done) struct buf identity = {0};
	int64_t until = now + (int64_t)STATEMENT_DAYS * QUOTER_DAY;

	buf_reset(&q->root_crl);
	buf_reset(&q->pck_crl);
	TRY(crl_issue(q->root, q->root_key, false, NULL, 0, now - BACKDATE, until, &q->root_crl,
	              err));
	TRY(crl_issue(q->platform, q->platform_key, false, NULL, 0, now - BACKDATE, until,
	              &q->pck_crl, err));
	write_tcb_info(&q->facts, now, evaluation, &info);
	write_qe_identity(now, evaluation, &identity);
	TRY(buf_check(&info, err));
	TRY(buf_check(&identity, err));
	seal(q->signer_key, "tcbInfo", buf_view(&info), &q->tcb_info);
	seal(q->signer_key, "enclaveIdentity", buf_view(&identity), &q->qe_identity);
	TRY(buf_check(&q->tcb_info, err));
	q->fresh_until = until;
	return buf_check(&q->qe_identity, err);
}
