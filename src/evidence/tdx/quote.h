/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quote.h: a TDX quote, version 4 or 5 (Intel TDX DCAP quoting library API,
 * appendix A). All slices borrow from the input. Nothing here says that the quote is genuine.
 */
#ifndef EVIDENCE_TDX_QUOTE_H
#define EVIDENCE_TDX_QUOTE_H

#include "base/buf.h"
#include "base/rd.h"
#include "evidence/verdict.h"

enum {
	TDX_QUOTE_MAX = 16 * 1024,
	TDX_AUTH_DATA_MAX = 1024,
	TDX_PEM_MAX = 16 * 1024,
	TDX_SVNS = 16,
	TDX_RTMRS = 4,
};

enum tdx_body {
	TDX_BODY_10 = 2, /* TD 1.0, 584 bytes */
	TDX_BODY_15 = 3, /* TD 1.5, 648 bytes */
};

struct tdx_quote {
	uint16_t version;
	enum tdx_body body;
	struct bytes signed_part; /* header, (v5: type and size,) body */

	struct bytes tee_tcb_svn;  /* 16 */
	struct bytes tee_tcb_svn2; /* 16; empty unless TD 1.5 */
	struct bytes mrseam, mrsignerseam, mrtd, mrconfigid, mrowner, mrownerconfig; /* 48 each */
	struct bytes mrservicetd;     /* 48; empty unless TD 1.5 */
	struct bytes rtmr[TDX_RTMRS]; /* 48 each */
	struct bytes report_data;     /* 64 */
	uint64_t seam_attributes, td_attributes, xfam;

	struct bytes signature;       /* 64, r || s big-endian, by the attestation key */
	struct bytes attestation_key; /* 64, x || y */
	struct bytes qe_report;       /* 384 */
	struct bytes qe_signature;    /* 64, by the PCK */
	struct bytes qe_auth_data;
	struct bytes pck_pem; /* leaf, intermediate, root; without a closing NUL */
};

/* The quoting enclave's report (an SGX report body). */
struct qe_report {
	uint32_t misc_select;
	struct bytes attributes;          /* 16 */
	struct bytes mrenclave, mrsigner; /* 32 */
	uint16_t isv_prod_id, isv_svn;
	struct bytes report_data; /* 64 */
};

/* A rejection has STEP_DECODE and a reason "tdx/...". Zero bytes behind the quote are accepted. */
status tdx_quote_parse(struct bytes in, struct tdx_quote *ret, struct verdict *v);

/*
 * Writers, for who makes quotes (software secure processor, tests): the part
 * that the attestation key signs, and the whole. A field that is empty is written
 * as zeros; the PEM text gets its closing NUL.
 */
void tdx_quote_emit_signed(const struct tdx_quote *q, struct buf *out);
void tdx_quote_emit(const struct tdx_quote *q, struct buf *out);
/* 384 bytes; CPUSVN is the platform's. */
void qe_report_emit(const struct qe_report *r, const uint8_t cpusvn[16], struct buf *out);

/* `report` is 384 bytes (tdx_quote.qe_report). */
void qe_report_parse(struct bytes report, struct qe_report *ret);

#endif
