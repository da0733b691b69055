/* SPDX-License-Identifier: Apache-2.0 */
/* The half of intake.h that reads certificates, lists and statements. */
#include "base/text.h"
#include "evidence/intake.h"
#include "evidence/snp/certtable.h"
#include "evidence/snp/report.h"
#include "evidence/unwrap.h"

enum {
	PEM_BLOCKS_MAX = 32,
	LABEL_MAX = 64,
};

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

	if (!intake_kind_of_der(der, &k))
		return malformed(err, "neither certificate nor list");
	if (k == INTAKE_CERTIFICATE)
		return add_slice(e->certs, &e->n_certs, EVIDENCE_MAX_CERTS, der, err);
	return add_slice(e->crls, &e->n_crls, EVIDENCE_MAX_CRLS, der, err);
}

status
endorsements_add(struct endorsements *to, const struct endorsements *from, struct err *err)
{
	for (size_t i = 0; i < from->n_certs; i++)
		TRY(add_der(from->certs[i], to, err));
	for (size_t i = 0; i < from->n_crls; i++)
		TRY(add_der(from->crls[i], to, err));
	if (from->tcb_info.n > 0)
		to->tcb_info = from->tcb_info;
	if (from->qe_identity.n > 0)
		to->qe_identity = from->qe_identity;
	return OK;
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

/* DER as hexadecimal or base64, or PEM. */
static status
add_text(struct arena *a, const struct value *v, struct endorsements *e, struct err *err)
{
	return add_any(a, unwrap_text(a, json_text(v)), e, err);
}

/* The vendor's envelope again from text and signature that were stored apart. */
static status
join(struct arena *a, const struct value *v, const char *key, const char *text, const char *sig,
     struct bytes *ret, struct err *err)
{
	struct bytes t = json_text(json_get(v, text)), s = json_text(json_get(v, sig));

	/* Intel's quote library hands the whole answer on, signature and all. */
	if (s.n == 0 && bytes_find(t, bytes_str(key), 0) < 8) {
		*ret = t;
		return OK;
	}
	if (t.n == 0 || s.n == 0 || t.n > EVIDENCE_JSON_MAX - 256 || s.n > 128)
		return malformed(err, text);
	*ret = arena_printf(a, "{\"%s\":%.*s,\"signature\":\"%.*s\"}", key, BYTES_ARG(t),
	                    BYTES_ARG(s));
	return arena_check(a, err);
}

static status
add_parts(struct arena *a, struct bytes b, struct endorsements *e, struct err *err)
{
	static const char *const others[] = {"tcb_info_issuer_chain", "qe_identity_issuer_chain",
	                                     "pck_crl_issuer_chain", "root_ca_crl", "pck_crl"};
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
	return endorsements_add(e, &d.endorsements, err);
}

/* What was found in JSON of some tool's form. */
struct wrapped {
	struct arena *a;
	struct endorsements found;
};

static status
take_piece(void *ctx, enum intake_kind k, struct bytes piece, struct err *err)
{
	struct wrapped *w = ctx;

	switch (k) {
	case INTAKE_CERTIFICATE:
	case INTAKE_CRL:
	case INTAKE_PEM:
	case INTAKE_TCB_INFO:
	case INTAKE_QE_IDENTITY:
	case INTAKE_PARTS:
	case INTAKE_HOST_CERTS:
	case INTAKE_CERT_TABLE:
		return intake_endorsements(w->a, piece, &w->found, err);
	case INTAKE_DOCUMENT:
	case INTAKE_SNP_REPORT:
	case INTAKE_SNP_EXTENDED:
	case INTAKE_SNP_RESPONSE:
	case INTAKE_TDX_QUOTE:
	case INTAKE_HCL:
	case INTAKE_VTPM:
		break;
	}
	return OK;
}

/* JSON of no known form: what it has of endorsements inside. */
static status
add_wrapped(struct arena *a, struct bytes b, struct endorsements *e, struct err *err)
{
	struct wrapped w = {.a = a};
	const struct endorsements *f = &w.found;

	if (!unwrap_is_json(b))
		return malformed(err, "a file of no known kind");
	TRY(unwrap_json(a, b, take_piece, &w, err));
	if (f->n_certs + f->n_crls + f->tcb_info.n + f->qe_identity.n == 0)
		return malformed(err, "JSON without a certificate, list or statement in it");
	return endorsements_add(e, f, err);
}

status
intake_endorsements(struct arena *a, struct bytes b, struct endorsements *e, struct err *err)
{
	enum intake_kind k;

	if (b.n > INTAKE_MAX)
		return err_set(err, ERR_LIMIT, "E-EVIDENCE-053", "a file of %zu bytes", b.n);
	b = unwrap_text(a, b);
	TRY(arena_check(a, err));
	if (!intake_kind_of(b, &k))
		return add_wrapped(a, b, e, err);
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
	case INTAKE_SNP_EXTENDED:
		return add_table(a, bytes_sub(b, SNP_REPORT_SIZE, b.n), e, err);
	case INTAKE_SNP_REPORT:
	case INTAKE_SNP_RESPONSE:
	case INTAKE_TDX_QUOTE:
	case INTAKE_HCL:
	case INTAKE_VTPM:
		break;
	}
	return err_set(err, ERR_PARSE, "E-EVIDENCE-052", "this is %s, no endorsement",
	               intake_kind_name(k));
}
