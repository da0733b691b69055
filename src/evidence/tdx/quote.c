/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/tdx/quote.h"

enum {
	HEADER_SIZE = 48,
	BODY_10_SIZE = 584,
	BODY_15_SIZE = 648,
	QE_REPORT_SIZE = 384,
	KEY_TYPE_P256 = 2,
	TEE_SGX = 0,
	TEE_TDX = 0x81,
	CERT_TYPE_PEM = 5,
	CERT_TYPE_QE = 6,
};

static const uint8_t INTEL_QE_VENDOR[16] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
                                            0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

static status
too_short(struct verdict *v)
{
	return verdict_reject(v, STEP_DECODE, "tdx/size", "the quote ends early");
}

static status
parse_header(struct rd *r, struct tdx_quote *q, struct verdict *v)
{
	uint16_t version = rd_le16(r), key_type = rd_le16(r);
	uint32_t tee = rd_le32(r);
	struct bytes vendor;

	rd_skip(r, 4);
	vendor = rd_bytes(r, 16);
	rd_skip(r, 20);
	if (!rd_ok(r))
		return too_short(v);
	if (version == 3 || tee == TEE_SGX)
		return verdict_reject(v, STEP_DECODE, "tdx/tee", "this is an SGX quote");
	if (version != 4 && version != 5)
		return verdict_reject(v, STEP_DECODE, "tdx/version", "unsupported quote version %u",
		                      version);
	if (tee != TEE_TDX)
		return verdict_reject(v, STEP_DECODE, "tdx/tee", "unknown TEE type 0x%x", tee);
	if (key_type != KEY_TYPE_P256)
		return verdict_reject(v, STEP_DECODE, "tdx/keytype",
		                      "unsupported attestation key type %u", key_type);
	if (!bytes_equal(vendor, bytes_of(INTEL_QE_VENDOR, sizeof INTEL_QE_VENDOR)))
		return verdict_reject(v, STEP_DECODE, "tdx/vendor",
		                      "the quoting enclave is not Intel's");
	q->version = version;
	return OK;
}

/* Version 4 has a TD 1.0 body; version 5 says type and size. */
static status
parse_body_kind(struct rd *r, struct tdx_quote *q, struct verdict *v)
{
	uint16_t type = TDX_BODY_10;
	uint32_t size = BODY_10_SIZE;

	if (q->version == 5) {
		type = rd_le16(r);
		size = rd_le32(r);
		if (!rd_ok(r))
			return too_short(v);
	}
	if ((type != TDX_BODY_10 || size != BODY_10_SIZE) &&
	    (type != TDX_BODY_15 || size != BODY_15_SIZE))
		return verdict_reject(v, STEP_DECODE, "tdx/body",
		                      "unsupported body type %u of %u bytes", type, size);
	q->body = (enum tdx_body)type;
	return OK;
}

static void
parse_body(struct rd *r, struct tdx_quote *q)
{
	q->tee_tcb_svn = rd_bytes(r, 16);  /* 0 */
	q->mrseam = rd_bytes(r, 48);       /* 16 */
	q->mrsignerseam = rd_bytes(r, 48); /* 64 */
	q->seam_attributes = rd_le64(r);   /* 112 */
	q->td_attributes = rd_le64(r);     /* 120 */
	q->xfam = rd_le64(r);              /* 128 */
	q->mrtd = rd_bytes(r, 48);         /* 136 */
	q->mrconfigid = rd_bytes(r, 48);   /* 184 */
	q->mrowner = rd_bytes(r, 48);      /* 232 */
	q->mrownerconfig = rd_bytes(r, 48);
	for (size_t i = 0; i < TDX_RTMRS; i++)
		q->rtmr[i] = rd_bytes(r, 48); /* 328.. */
	q->report_data = rd_bytes(r, 64);     /* 520 */
	if (q->body == TDX_BODY_15) {
		q->tee_tcb_svn2 = rd_bytes(r, 16); /* 584 */
		q->mrservicetd = rd_bytes(r, 48);  /* 600 */
	}
}

/* Inner certification data: the PCK's chain as PEM. */
static status
parse_pck(struct rd *r, struct tdx_quote *q, struct verdict *v)
{
	uint16_t type = rd_le16(r);
	uint32_t size = rd_le32(r);

	if (rd_ok(r) && type != CERT_TYPE_PEM)
		return verdict_reject(
		        v, STEP_DECODE, "tdx/certtype",
		        "certification data of type %u needs a look-up at Intel; only a PEM "
		        "chain is supported",
		        type);
	if (size > TDX_PEM_MAX)
		return verdict_reject(v, STEP_DECODE, "tdx/siglen", "%u bytes of certificates",
		                      size);
	q->pck_pem = rd_bytes(r, size);
	if (!rd_done(r))
		return verdict_reject(v, STEP_DECODE, "tdx/siglen",
		                      "the lengths inside the signature do not add up");
	if (q->pck_pem.n > 0 && q->pck_pem.p[q->pck_pem.n - 1] == '\0')
		q->pck_pem.n--;
	return OK;
}

static status
parse_signature(struct rd *r, struct tdx_quote *q, struct verdict *v)
{
	uint16_t type, auth;
	uint32_t size;

	q->signature = rd_bytes(r, 64);
	q->attestation_key = rd_bytes(r, 64);
	type = rd_le16(r);
	size = rd_le32(r);
	if (rd_ok(r) && type != CERT_TYPE_QE)
		return verdict_reject(v, STEP_DECODE, "tdx/certtype",
		                      "unsupported certification data of type %u", type);
	if (rd_ok(r) && size != rd_left(r))
		return verdict_reject(v, STEP_DECODE, "tdx/siglen",
		                      "the lengths inside the signature do not add up");
	q->qe_report = rd_bytes(r, QE_REPORT_SIZE);
	q->qe_signature = rd_bytes(r, 64);
	auth = rd_le16(r);
	if (auth > TDX_AUTH_DATA_MAX)
		return verdict_reject(v, STEP_DECODE, "tdx/siglen",
		                      "%u bytes of authentication data", auth);
	q->qe_auth_data = rd_bytes(r, auth);
	if (!rd_ok(r))
		return verdict_reject(v, STEP_DECODE, "tdx/siglen",
		                      "the lengths inside the signature do not add up");
	return parse_pck(r, q, v);
}

status
tdx_quote_parse(struct bytes in, struct tdx_quote *ret, struct verdict *v)
{
	struct tdx_quote q = {0};
	struct rd r = rd_init(in), sig;
	size_t rest;

	if (in.n > TDX_QUOTE_MAX)
		return verdict_reject(v, STEP_DECODE, "tdx/size", "%zu bytes, %d at most", in.n,
		                      TDX_QUOTE_MAX);
	TRY(parse_header(&r, &q, v));
	TRY(parse_body_kind(&r, &q, v));
	parse_body(&r, &q);
	if (!rd_ok(&r))
		return too_short(v);
	q.signed_part = bytes_of(in.p, in.n - rd_left(&r));
	sig = rd_sub(&r, rd_le32(&r));
	if (!rd_ok(&r))
		return too_short(v);
	TRY(parse_signature(&sig, &q, v));
	rest = rd_left(&r);
	if (!bytes_all_zero(rd_bytes(&r, rest)))
		return verdict_reject(v, STEP_DECODE, "tdx/trailing",
		                      "%zu bytes behind the quote are not zero", rest);
	*ret = q;
	return OK;
}

void
qe_report_parse(struct bytes report, struct qe_report *ret)
{
	struct rd r = rd_init(report);

	rd_skip(&r, 16); /* CPUSVN: the TCB of the PCK certificate counts */
	ret->misc_select = rd_le32(&r);
	rd_skip(&r, 28);
	ret->attributes = rd_bytes(&r, 16); /* 48 */
	ret->mrenclave = rd_bytes(&r, 32);  /* 64 */
	rd_skip(&r, 32);
	ret->mrsigner = rd_bytes(&r, 32); /* 128 */
	rd_skip(&r, 96);
	ret->isv_prod_id = rd_le16(&r); /* 256 */
	ret->isv_svn = rd_le16(&r);
	rd_skip(&r, 60);
	ret->report_data = rd_bytes(&r, 64); /* 320 */
}

/* ---- writing ---- */

/* The field, or zeros in its place. */
static void
put(struct buf *out, struct bytes field, size_t n)
{
	if (field.n == n)
		buf_bytes(out, field);
	else
		buf_zeros(out, n);
}

void
tdx_quote_emit_signed(const struct tdx_quote *q, struct buf *out)
{
	buf_le16(out, q->version);
	buf_le16(out, KEY_TYPE_P256);
	buf_le32(out, TEE_TDX);
	buf_zeros(out, 4);
	buf_add(out, INTEL_QE_VENDOR, sizeof INTEL_QE_VENDOR);
	buf_zeros(out, 20);
	if (q->version == 5) {
		buf_le16(out, (uint16_t)q->body);
		buf_le32(out, q->body == TDX_BODY_15 ? BODY_15_SIZE : BODY_10_SIZE);
	}
	put(out, q->tee_tcb_svn, 16);
	put(out, q->mrseam, 48);
	put(out, q->mrsignerseam, 48);
	buf_le64(out, q->seam_attributes);
	buf_le64(out, q->td_attributes);
	buf_le64(out, q->xfam);
	put(out, q->mrtd, 48);
	put(out, q->mrconfigid, 48);
	put(out, q->mrowner, 48);
	put(out, q->mrownerconfig, 48);
	for (size_t i = 0; i < TDX_RTMRS; i++)
		put(out, q->rtmr[i], 48);
	put(out, q->report_data, 64);
	if (q->body == TDX_BODY_15) {
		put(out, q->tee_tcb_svn2, 16);
		put(out, q->mrservicetd, 48);
	}
}

void
tdx_quote_emit(const struct tdx_quote *q, struct buf *out)
{
	uint32_t pem = (uint32_t)q->pck_pem.n + 1;
	uint32_t inner = QE_REPORT_SIZE + 64 + 2 + (uint32_t)q->qe_auth_data.n + 6 + pem;

	tdx_quote_emit_signed(q, out);
	buf_le32(out, 64 + 64 + 6 + inner);
	put(out, q->signature, 64);
	put(out, q->attestation_key, 64);
	buf_le16(out, CERT_TYPE_QE);
	buf_le32(out, inner);
	put(out, q->qe_report, QE_REPORT_SIZE);
	put(out, q->qe_signature, 64);
	buf_le16(out, (uint16_t)q->qe_auth_data.n);
	buf_bytes(out, q->qe_auth_data);
	buf_le16(out, CERT_TYPE_PEM);
	buf_le32(out, pem);
	buf_bytes(out, q->pck_pem);
	buf_u8(out, 0);
}

void
qe_report_emit(const struct qe_report *r, const uint8_t cpusvn[16], struct buf *out)
{
	buf_add(out, cpusvn, 16);
	buf_le32(out, r->misc_select);
	buf_zeros(out, 28);
	put(out, r->attributes, 16); /* 48 */
	put(out, r->mrenclave, 32);  /* 64 */
	buf_zeros(out, 32);
	put(out, r->mrsigner, 32); /* 128 */
	buf_zeros(out, 96);
	buf_le16(out, r->isv_prod_id); /* 256 */
	buf_le16(out, r->isv_svn);
	buf_zeros(out, 60);
	put(out, r->report_data, 64); /* 320 */
}
