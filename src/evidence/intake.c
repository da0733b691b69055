/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/intake.h"

#include "base/rd.h"
#include "base/text.h"
#include "evidence/intake_vtpm.h"
#include "evidence/snp/certtable.h"
#include "evidence/snp/report.h"

enum {
	PEM_BLOCKS_MAX = 32,
	LABEL_MAX = 64,
};

static const char *const names[] = {
        [INTAKE_DOCUMENT] = "an evidence document",
        [INTAKE_SNP_REPORT] = "an SEV-SNP report",
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
static bool
kind_of_der(struct bytes b, enum intake_kind *ret)
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
	if (b.n == SNP_REPORT_SIZE + SNP_RESPONSE_HEADER || b.n == 4000) {
		*ret = INTAKE_SNP_RESPONSE;
		return true;
	}
	/* Versions 3 to 5, key type 2 or 3: also SGX, which the parser refuses by name. */
	if (first >= 3 && first <= 5 && second >= 2 && second <= 3 && b.n > 600) {
		*ret = INTAKE_TDX_QUOTE;
		return true;
	}
	if (b.n >= 24 && is_ok(snp_table_parse(b, &table, &err))) {
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
	if (kind_of_der(b, ret) || kind_of_binary(b, ret))
		return true;
	*ret = INTAKE_PEM;
	return bytes_find(b, BYTES("-----BEGIN "), 0) != SIZE_MAX;
}

/* ---- evidence ---- */

/* A file of nothing but hexadecimal digits, as test vectors often are. */
static struct bytes
from_hex(struct arena *a, struct bytes b)
{
	CLEANUP(buf_done) struct buf raw = {.max = INTAKE_MAX};
	struct bytes text = bytes_trim(b);

	if (bytes_starts(text, BYTES("0x")))
		text = bytes_sub(text, 2, text.n);
	if (text.n < 64 || !hex_decode_buf(text, &raw))
		return b;
	return arena_copy(a, buf_view(&raw));
}

static status
not_evidence(enum intake_kind k, struct err *err)
{
	status s = err_set(err, ERR_PARSE, "E-EVIDENCE-050", "this is %s, no evidence", names[k]);

	return err_hint(err, s, "pass the report or quote as FILE, and this with --endorsements");
}

status
intake_evidence(struct arena *a, struct bytes b, struct document *ret, struct err *err)
{
	enum intake_kind k;

	*ret = (struct document){0};
	b = from_hex(a, b);
	TRY(arena_check(a, err));
	if (!intake_kind_of(b, &k))
		return err_set(err, ERR_PARSE, "E-EVIDENCE-050",
		               "%zu bytes that are no report, quote or evidence document", b.n);
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

/* ---- endorsements ---- */

static status
malformed(struct err *err, const char *what)
{
	return err_set(err, ERR_PARSE, "E-EVIDENCE-052", "malformed endorsements: %s", what);
}

static status
add_slice(struct bytes *list, size_t *n, size_t max, struct bytes der, struct err *err)
{
	for (size_t i = 0; i < *n; i++) {
		if (bytes_equal(list[i], der))
			return OK;
	}
	if (*n == max)
		return err_set(err, ERR_LIMIT, "E-EVIDENCE-053",
		               "more than %zu certificates or lists", max);
	list[(*n)++] = der;
	return OK;
}

static status
add_der(struct bytes der, struct endorsements *e, struct err *err)
{
	enum intake_kind k;

	if (!kind_of_der(der, &k))
		return malformed(err, "neither certificate nor list");
	if (k == INTAKE_CERTIFICATE)
		return add_slice(e->certs, &e->n_certs, EVIDENCE_MAX_CERTS, der, err);
	return add_slice(e->crls, &e->n_crls, EVIDENCE_MAX_CRLS, der, err);
}

/* The base64 of a PEM block, white space taken out, decoded into the arena. */
static status
decode_block(struct arena *a, struct bytes text, struct bytes *ret, struct err *err)
{
	CLEANUP(buf_done) struct buf digits = {.max = INTAKE_MAX};
	CLEANUP(buf_done) struct buf der = {.max = INTAKE_MAX};

	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
			buf_u8(&digits, c);
	}
	TRY(buf_check(&digits, err));
	if (digits.n == 0 || !base64_decode(BASE64_STD, buf_view(&digits), &der))
		return malformed(err, "a PEM block is not base64");
	*ret = arena_copy(a, buf_view(&der));
	return arena_check(a, err);
}

static status
add_pem(struct arena *a, struct bytes text, struct endorsements *e, struct err *err)
{
	static const char begin[] = "-----BEGIN ", end[] = "-----END ", dashes[] = "-----";
	size_t at = 0;

	for (size_t blocks = 0;; blocks++) {
		size_t from = bytes_find(text, bytes_str(begin), at), label_end, to;
		struct bytes der;

		if (from == SIZE_MAX)
			return blocks > 0 ? OK : malformed(err, "no PEM block");
		if (blocks == PEM_BLOCKS_MAX)
			return err_set(err, ERR_LIMIT, "E-EVIDENCE-053", "more than %d PEM blocks",
			               PEM_BLOCKS_MAX);
		from += sizeof begin - 1;
		label_end = bytes_find(text, bytes_str(dashes), from);
		to = bytes_find(text, bytes_str(end), from);
		if (label_end == SIZE_MAX || to == SIZE_MAX || label_end - from > LABEL_MAX ||
		    to < label_end)
			return malformed(err, "a PEM block is not closed");
		TRY(decode_block(a, bytes_sub(text, label_end + sizeof dashes - 1, to), &der, err));
		TRY(add_der(der, e, err));
		at = to + sizeof end - 1;
	}
}

/* A table's entry: DER, or PEM as some hosts write it. */
static status
add_any(struct arena *a, struct bytes b, struct endorsements *e, struct err *err)
{
	if (b.n == 0)
		return OK;
	if (bytes_starts(b, BYTES("-----BEGIN ")))
		return add_pem(a, b, e, err);
	return add_der(b, e, err);
}

static status
add_table(struct arena *a, struct bytes b, struct endorsements *e, struct err *err)
{
	struct snp_table table;

	TRY(snp_table_parse(b, &table, err));
	for (size_t i = 0; i < SNP_TABLE_KINDS; i++)
		TRY(add_any(a, table.entry[i], e, err));
	return OK;
}

static status
parse_object(struct arena *a, struct bytes b, struct value *ret, struct err *err)
{
	struct json_limits limits = {.depth = 16, .bytes = INTAKE_MAX};

	return json_parse(a, b, &limits, ret, err);
}

/* {"vcekCert": PEM, "certificateChain": PEM, ...}: other members are the host's own affair. */
static status
add_host_certs(struct arena *a, struct bytes b, struct endorsements *e, struct err *err)
{
	struct value v;

	TRY(parse_object(a, b, &v, err));
	TRY(add_any(a, json_text(json_get(&v, "vcekCert")), e, err));
	return add_any(a, json_text(json_get(&v, "certificateChain")), e, err);
}

/* Hexadecimal DER, or PEM. */
static status
add_text(struct arena *a, const struct value *v, struct endorsements *e, struct err *err)
{
	CLEANUP(buf_done) struct buf raw = {.max = INTAKE_MAX};
	struct bytes text = json_text(v);

	if (text.n == 0)
		return OK;
	if (!hex_decode_buf(text, &raw))
		return add_any(a, text, e, err);
	return add_any(a, arena_copy(a, buf_view(&raw)), e, err);
}

/* The vendor's envelope again from text and signature that were stored apart. */
static status
join(struct arena *a, const struct value *v, const char *key, const char *text, const char *sig,
     struct bytes *ret, struct err *err)
{
	struct bytes t = json_text(json_get(v, text)), s = json_text(json_get(v, sig));

	if (t.n == 0 || s.n == 0 || t.n > EVIDENCE_JSON_MAX - 256 || s.n > 128)
		return malformed(err, text);
	*ret = arena_printf(a, "{\"%s\":%.*s,\"signature\":\"%.*s\"}", key, BYTES_ARG(t),
	                    BYTES_ARG(s));
	return arena_check(a, err);
}

static status
add_parts(struct arena *a, struct bytes b, struct endorsements *e, struct err *err)
{
	static const char *const others[] = {"tcb_info_issuer_chain", "root_ca_crl", "pck_crl"};
	struct value v;

	TRY(parse_object(a, b, &v, err));
	TRY(join(a, &v, "tcbInfo", "tcb_info", "tcb_info_signature", &e->tcb_info, err));
	TRY(join(a, &v, "enclaveIdentity", "qe_identity", "qe_identity_signature", &e->qe_identity,
	         err));
	for (size_t i = 0; i < COUNT_OF(others); i++)
		TRY(add_text(a, json_get(&v, others[i]), e, err));
	return OK;
}

static status
add_document(struct arena *a, struct bytes b, struct endorsements *e, struct err *err)
{
	struct document d;

	TRY(document_parse(a, b, &d, err));
	for (size_t i = 0; i < d.endorsements.n_certs; i++)
		TRY(add_der(d.endorsements.certs[i], e, err));
	for (size_t i = 0; i < d.endorsements.n_crls; i++)
		TRY(add_der(d.endorsements.crls[i], e, err));
	if (d.endorsements.tcb_info.n > 0)
		e->tcb_info = d.endorsements.tcb_info;
	if (d.endorsements.qe_identity.n > 0)
		e->qe_identity = d.endorsements.qe_identity;
	return OK;
}

status
intake_endorsements(struct arena *a, struct bytes b, struct endorsements *e, struct err *err)
{
	enum intake_kind k;

	if (b.n > INTAKE_MAX)
		return err_set(err, ERR_LIMIT, "E-EVIDENCE-053", "a file of %zu bytes", b.n);
	if (!intake_kind_of(b, &k))
		return malformed(err, "a file of no known kind");
	switch (k) {
	case INTAKE_DOCUMENT:
		return add_document(a, b, e, err);
	case INTAKE_CERT_TABLE:
		return add_table(a, b, e, err);
	case INTAKE_CERTIFICATE:
	case INTAKE_CRL:
		return add_der(b, e, err);
	case INTAKE_PEM:
		return add_pem(a, b, e, err);
	case INTAKE_TCB_INFO:
		e->tcb_info = b;
		return OK;
	case INTAKE_QE_IDENTITY:
		e->qe_identity = b;
		return OK;
	case INTAKE_PARTS:
		return add_parts(a, b, e, err);
	case INTAKE_HOST_CERTS:
		return add_host_certs(a, b, e, err);
	case INTAKE_SNP_REPORT:
	case INTAKE_SNP_RESPONSE:
	case INTAKE_TDX_QUOTE:
	case INTAKE_HCL:
	case INTAKE_VTPM:
		break;
	}
	return err_set(err, ERR_PARSE, "E-EVIDENCE-052", "this is %s, no endorsement", names[k]);
}
