/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/intake.h"

#include "base/rd.h"
#include "evidence/intake_vtpm.h"
#include "evidence/snp/certtable.h"
#include "evidence/snp/report.h"
#include "evidence/unwrap.h"

enum {
	SNP_TABLE_MIN = 24, /* a table of nothing */
};

static const char *const names[] = {
        [INTAKE_DOCUMENT] = "an evidence document",
        [INTAKE_SNP_REPORT] = "an SEV-SNP report",
        [INTAKE_SNP_EXTENDED] = "an SEV-SNP report with its certificate table",
        [INTAKE_SNP_RESPONSE] = "an SEV-SNP firmware response",
        [INTAKE_TDX_QUOTE] = "a TDX quote",
        [INTAKE_CERT_TABLE] = "a certificate table",
        [INTAKE_CERTIFICATE] = "a certificate",
        [INTAKE_CRL] = "a revocation list",
        [INTAKE_PEM] = "certificates in PEM form",
        [INTAKE_TCB_INFO] = "Intel's TCB info",
        [INTAKE_QE_IDENTITY] = "Intel's enclave identity",
        [INTAKE_PARTS] = "Intel collateral in parts",
        [INTAKE_HOST_CERTS] = "the certificates of a host service",
        [INTAKE_HCL] = "a report of Azure's paravisor",
        [INTAKE_VTPM] = "evidence with a virtual TPM's quote",
};

const char *
intake_kind_name(enum intake_kind k)
{
	return names[k];
}

/* ---- what is it? ---- */

static bool
kind_of_json(struct bytes b, enum intake_kind *ret)
{
	static const struct {
		const char *member;
		enum intake_kind kind;
	} rows[] = {
	        {"\"evidence\"", INTAKE_DOCUMENT},           {"\"tcbInfo\"", INTAKE_TCB_INFO},
	        {"\"enclaveIdentity\"", INTAKE_QE_IDENTITY}, {"\"tcb_info\"", INTAKE_PARTS},
	        {"\"vcekCert\"", INTAKE_HOST_CERTS},         {"\"pcrs\"", INTAKE_VTPM},
	};

	/* A document comes first: its endorsements have members of the others' names. */
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (bytes_find(b, bytes_str(rows[i].member), 0) != SIZE_MAX) {
			*ret = rows[i].kind;
			return true;
		}
	}
	return false;
}

/*
 * Certificate or list? In both, the signed part is a sequence; a certificate's
 * begins with [0] (its version), a list's with an integer or an algorithm.
 */
bool
intake_kind_of_der(struct bytes b, enum intake_kind *ret)
{
	size_t at = 2;

	if (b.n < 16 || b.p[0] != 0x30)
		return false;
	at += b.p[1] & 0x80 ? (size_t)(b.p[1] & 0x7f) : 0;
	if (at + 2 > b.n || b.p[at] != 0x30)
		return false;
	at += 2 + (b.p[at + 1] & 0x80 ? (size_t)(b.p[at + 1] & 0x7f) : 0);
	if (at >= b.n)
		return false;
	*ret = b.p[at] == 0xa0 ? INTAKE_CERTIFICATE : INTAKE_CRL;
	return true;
}

/* By version and signature algorithm: what stands behind it is somebody else's. */
static bool
is_report(struct bytes b)
{
	struct rd r = rd_init(b);
	uint32_t version = rd_le32(&r);

	rd_skip(&r, 0x30);
	return version >= SNP_REPORT_VERSION_MIN && version <= SNP_REPORT_VERSION_MAX &&
	       rd_le32(&r) == SNP_SIG_ALGO_P384;
}

static bool
kind_of_binary(struct bytes b, enum intake_kind *ret)
{
	struct rd r = rd_init(b);
	uint16_t first = rd_le16(&r), second = rd_le16(&r);
	struct snp_table table;
	struct err err;

	if (bytes_starts(b, BYTES("HCLA"))) {
		*ret = INTAKE_HCL;
		return true;
	}
	if (b.n == SNP_REPORT_SIZE && second == 0) {
		*ret = INTAKE_SNP_REPORT;
		return true;
	}
	/* Status 0, the report's size, and the report behind the header. */
	if (b.n >= SNP_REPORT_SIZE + SNP_RESPONSE_HEADER && first == 0 && second == 0 &&
	    rd_le32(&r) == SNP_REPORT_SIZE) {
		*ret = INTAKE_SNP_RESPONSE;
		return true;
	}
	if (b.n >= SNP_REPORT_SIZE + SNP_TABLE_MIN && is_report(b) &&
	    is_ok(snp_table_parse(bytes_sub(b, SNP_REPORT_SIZE, b.n), &table, &err))) {
		*ret = INTAKE_SNP_EXTENDED;
		return true;
	}
	/* Versions 3 to 5, key type 2 or 3: also SGX, which the parser refuses by name. */
	if (first >= 3 && first <= 5 && second >= 2 && second <= 3 && b.n > 600) {
		*ret = INTAKE_TDX_QUOTE;
		return true;
	}
	if (b.n >= SNP_TABLE_MIN && is_ok(snp_table_parse(b, &table, &err))) {
		*ret = INTAKE_CERT_TABLE;
		return true;
	}
	return false;
}

bool
intake_kind_of(struct bytes b, enum intake_kind *ret)
{
	struct bytes text = bytes_trim(b);

	if (bytes_starts(text, BYTES("{")))
		return kind_of_json(text, ret);
	/* Quotes and tables may have PEM inside, so they come first. */
	if (intake_kind_of_der(b, ret) || kind_of_binary(b, ret))
		return true;
	*ret = INTAKE_PEM;
	return bytes_find(b, BYTES("-----BEGIN "), 0) != SIZE_MAX;
}

/* ---- evidence ---- */

static status
not_evidence(enum intake_kind k, struct err *err)
{
	status s = err_set(err, ERR_PARSE, "E-EVIDENCE-050", "this is %s, no evidence", names[k]);

	return err_hint(err, s, "pass the report or quote as FILE, and this with --endorsements");
}

/* A report with the certificate table right behind it. */
static status
evidence_of_extended(struct arena *a, struct bytes b, struct document *ret, struct err *err)
{
	ret->tee = TEE_SNP;
	ret->evidence = bytes_sub(b, 0, SNP_REPORT_SIZE);
	return intake_endorsements(a, bytes_sub(b, SNP_REPORT_SIZE, b.n), &ret->endorsements, err);
}

static status
evidence_of_kind(struct arena *a, enum intake_kind k, struct bytes b, struct document *ret,
                 struct err *err)
{
	switch (k) {
	case INTAKE_DOCUMENT:
		return document_parse(a, b, ret, err);
	case INTAKE_SNP_RESPONSE:
		return err_hint(err,
		                err_set(err, ERR_PARSE, "E-EVIDENCE-051",
		                        "%zu bytes are a firmware response around a report", b.n),
		                "cut the first %d bytes off and keep %d", SNP_RESPONSE_HEADER,
		                SNP_REPORT_SIZE);
	case INTAKE_HCL:
		return intake_paravisor(b, ret, err);
	case INTAKE_VTPM:
		return intake_vtpm(a, b, ret, err);
	case INTAKE_SNP_EXTENDED:
		return evidence_of_extended(a, b, ret, err);
	case INTAKE_SNP_REPORT:
		ret->tee = TEE_SNP;
		break;
	case INTAKE_TDX_QUOTE:
		ret->tee = TEE_TDX;
		break;
	case INTAKE_CERT_TABLE:
	case INTAKE_CERTIFICATE:
	case INTAKE_CRL:
	case INTAKE_PEM:
	case INTAKE_TCB_INFO:
	case INTAKE_QE_IDENTITY:
	case INTAKE_PARTS:
	case INTAKE_HOST_CERTS:
		return not_evidence(k, err);
	}
	if (b.n > EVIDENCE_MAX)
		return err_set(err, ERR_LIMIT, "E-EVIDENCE-031", "evidence of %zu bytes", b.n);
	ret->evidence = b;
	return OK;
}

static bool
is_evidence(enum intake_kind k)
{
	return k == INTAKE_SNP_REPORT || k == INTAKE_SNP_EXTENDED || k == INTAKE_SNP_RESPONSE ||
	       k == INTAKE_TDX_QUOTE || k == INTAKE_HCL || k == INTAKE_VTPM || k == INTAKE_DOCUMENT;
}

/* What was found in JSON of some tool's form. */
struct wrapped {
	struct arena *a;
	struct endorsements *e;
	struct bytes evidence; /* a quote, else a report, else what is around a report */
	enum intake_kind kind;
	size_t n; /* how many of that rank, all the same one counted once */
};

static unsigned int
rank_of(enum intake_kind k)
{
	/* Azure's TDX evidence holds the paravisor's TD report too, which proves nothing alone. */
	return k == INTAKE_TDX_QUOTE ? 3 : k == INTAKE_HCL ? 1 : 2;
}

static status
take_piece(void *ctx, enum intake_kind k, struct bytes piece, struct err *err)
{
	struct wrapped *w = ctx;

	if (!is_evidence(k))
		return intake_endorsements(w->a, piece, w->e, err);
	if (w->n == 0 || rank_of(k) > rank_of(w->kind)) {
		w->evidence = piece;
		w->kind = k;
		w->n = 1;
	} else if (rank_of(k) == rank_of(w->kind) && !bytes_equal(piece, w->evidence)) {
		w->n++;
	}
	return OK;
}

/*
 * What is inside of what tools put around evidence; endorsements beside it go
 * into *e. A file that is not so wrapped is returned as it is.
 */
static status
unwrap(struct arena *a, struct bytes b, struct bytes *ret, struct endorsements *e, struct err *err)
{
	struct wrapped w = {.a = a, .e = e};
	enum intake_kind k;

	*ret = b = unwrap_text(a, b);
	TRY(arena_check(a, err));
	if (!unwrap_is_json(b) ||
	    (intake_kind_of(b, &k) && (k == INTAKE_DOCUMENT || k == INTAKE_VTPM)))
		return OK;
	if (!is_ok(unwrap_json(a, b, take_piece, &w, err)) || w.n == 0) {
		*e = (struct endorsements){0};
		return OK; /* whoever reads it says what it is instead */
	}
	if (w.n > 1)
		return err_set(err, ERR_PARSE, "E-EVIDENCE-050",
		               "%zu different reports or quotes in one file: which one is meant?",
		               w.n);
	*ret = w.evidence;
	return OK;
}

status
intake_evidence(struct arena *a, struct bytes b, struct document *ret, struct err *err)
{
	struct endorsements beside = {0};
	enum intake_kind k;

	*ret = (struct document){0};
	TRY(unwrap(a, b, &b, &beside, err));
	if (!intake_kind_of(b, &k) && b.n > SNP_REPORT_SIZE && is_report(b))
		return err_set(err, ERR_PARSE, "E-EVIDENCE-050",
		               "an SEV-SNP report of %d bytes with %zu more behind it that are no "
		               "certificate table",
		               SNP_REPORT_SIZE, b.n - SNP_REPORT_SIZE);
	if (!intake_kind_of(b, &k))
		return err_set(err, ERR_PARSE, "E-EVIDENCE-050",
		               "%zu bytes that are no report, quote or evidence document", b.n);
	TRY(evidence_of_kind(a, k, b, ret, err));
	return endorsements_add(&ret->endorsements, &beside, err);
}
