/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/show.h"

#include "base/text.h"
#include "evidence/show_vtpm.h"
#include "evidence/snp/vek.h"
#include "evidence/tdx/tcb.h"

#include <stdio.h>

enum { PATH_MAX_TEXT = 160, COLUMN = 44, SHOW_TEXT_MAX = 4096 };

static struct value
hex_number(struct arena *a, uint64_t v)
{
	return json_string(arena_printf(a, "0x%llx", (unsigned long long)v));
}

struct bit {
	const char *name;
	uint64_t mask;
};

/* {"value": "0x..", "SMT": true, ...} */
static struct value
bits(struct arena *a, uint64_t v, const struct bit *list, size_t n)
{
	struct value o = json_object();

	json_put(a, &o, "value", hex_number(a, v));
	for (size_t i = 0; i < n; i++)
		json_put(a, &o, list[i].name, json_bool((v & list[i].mask) != 0));
	return o;
}

/* ---- certificates ---- */

static void
put_text(struct arena *a, struct value *o, const char *name, struct bytes text)
{
	json_put(a, o, name, utf8_valid(text) ? json_copy_string(a, text) : json_hex(a, text));
}

static void
show_vek(struct arena *a, const struct cert *c, struct value *o)
{
	struct verdict quiet = {0};
	char text[SNP_TCB_TEXT];
	enum snp_signing_key kind;
	struct snp_vek vek;

	if (!snp_vek_kind(c, &kind))
		return;
	if (!is_ok(snp_vek_parse(c, &vek, &quiet))) {
		json_put(a, o, "malformed", json_copy_string(a, bytes_str(quiet.detail)));
		return;
	}
	json_put(a, o, "product", json_cstr(snp_product_name(vek.product)));
	json_put(a, o, "tcb",
	         json_copy_string(a, bytes_str(snp_tcb_text(vek.product, &vek.tcb, text))));
	if (kind == SNP_SIGNED_VLEK)
		json_put(a, o, "cspId", json_copy_string(a, bytes_str(vek.csp_id)));
	else
		json_put(a, o, "hwid",
		         json_hex(a, bytes_of(vek.hwid, vek.product == SNP_TURIN ? 8 : 64)));
	snp_vek_done(&vek);
}

static void
show_pck(struct arena *a, const struct cert *c, struct value *o)
{
	struct pck pck;
	struct err err;

	if (!bytes_is(cert_subject_cn(c), "Intel SGX PCK Certificate") ||
	    !is_ok(pck_parse(c, &pck, &err)))
		return;
	json_put(a, o, "fmspc", json_hex(a, bytes_of(pck.fmspc, 6)));
	json_put(a, o, "pceid", json_hex(a, bytes_of(pck.pceid, 2)));
	json_put(a, o, "componentSvns", json_hex(a, bytes_of(pck.comp, TDX_SVNS)));
	json_put(a, o, "pceSvn", json_int(pck.pcesvn));
	json_put(a, o, "memoryIntegrity", json_bool(pck.sgx_type == SGX_SCALABLE_INTEGRITY));
	if (pck.has_piid)
		json_put(a, o, "piid", json_hex(a, bytes_of(pck.piid, 16)));
	if (pck.has_configuration) {
		json_put(a, o, "dynamicPlatform", json_bool(pck.dynamic_platform));
		json_put(a, o, "smt", json_bool(pck.smt_enabled));
	}
}

static struct value
show_cert(struct arena *a, const struct cert *c)
{
	struct value o = json_object();
	struct hash256 print = cert_fingerprint(c), key = cert_key_id(c);

	put_text(a, &o, "subject", cert_subject_cn(c));
	put_text(a, &o, "issuer", cert_issuer_cn(c));
	json_put(a, &o, "serial", json_hex(a, cert_serial(c)));
	json_put(a, &o, "notBefore", json_time(a, cert_not_before(c)));
	json_put(a, &o, "notAfter", json_time(a, cert_not_after(c)));
	json_put(a, &o, "sha256", json_hex(a, hash256_view(&print)));
	json_put(a, &o, "keySha256", json_hex(a, hash256_view(&key)));
	show_vek(a, c, &o);
	show_pck(a, c, &o);
	return o;
}

static struct value
show_one_der(struct arena *a, struct bytes der)
{
	CLEANUP(cert_drop) struct cert *c = NULL;
	struct value o = json_object();
	struct err err;

	if (is_ok(cert_parse_der(der, &c, &err)))
		return show_cert(a, c);
	json_put(a, &o, "malformed", json_copy_string(a, bytes_str(err.msg)));
	return o;
}

static struct value
show_crl(struct arena *a, struct bytes der)
{
	CLEANUP(crl_drop) struct crl *c = NULL;
	struct value o = json_object();
	struct err err;

	if (!is_ok(crl_parse_der(der, &c, &err))) {
		json_put(a, &o, "malformed", json_copy_string(a, bytes_str(err.msg)));
		return o;
	}
	json_put(a, &o, "thisUpdate", json_time(a, crl_this_update(c)));
	json_put(a, &o, "nextUpdate", json_time(a, crl_next_update(c)));
	return o;
}

/* Window and evaluation of TCB info or identity; signatures are not looked at. */
static void
show_statement(struct arena *a, const char *name, struct bytes json, const char *key,
               struct value *to)
{
	uint8_t sig[64];
	struct value v, o = json_object();
	static const char *const members[] = {"issueDate", "nextUpdate", "fmspc",
	                                      "tcbEvaluationDataNumber"};
	struct bytes text;
	struct err err;

	if (json.n == 0)
		return;
	if (!is_ok(tcb_envelope(a, json, key, &text, sig, &err)) ||
	    !is_ok(json_parse(a, text, NULL, &v, &err)))
		json_put(a, &o, "malformed", json_copy_string(a, bytes_str(err.msg)));
	else
		for (size_t i = 0; i < COUNT_OF(members); i++)
			if (json_get(&v, members[i]))
				json_put(a, &o, members[i], *json_get(&v, members[i]));
	json_put(a, to, name, o);
}

static struct value
show_endorsements(struct arena *a, const struct endorsements *e)
{
	struct value o = json_object(), certs = json_array(), crls = json_array();

	for (size_t i = 0; i < e->n_certs; i++)
		json_add(a, &certs, show_one_der(a, e->certs[i]));
	for (size_t i = 0; i < e->n_crls; i++)
		json_add(a, &crls, show_crl(a, e->crls[i]));
	json_put(a, &o, "certificates", certs);
	json_put(a, &o, "crls", crls);
	show_statement(a, "tcbInfo", e->tcb_info, "tcbInfo", &o);
	show_statement(a, "qeIdentity", e->qe_identity, "enclaveIdentity", &o);
	return o;
}

/* ---- SNP ---- */

static const struct bit policy_bits[] = {
        {"smtAllowed", SNP_POLICY_SMT},
        {"migrationAgentAllowed", SNP_POLICY_MIGRATE_MA},
        {"debugAllowed", SNP_POLICY_DEBUG},
        {"singleSocket", SNP_POLICY_SINGLE_SOCKET},
        {"cxlAllowed", SNP_POLICY_CXL_ALLOW},
        {"memAes256Xts", SNP_POLICY_MEM_AES_256_XTS},
        {"raplDisabled", SNP_POLICY_RAPL_DIS},
        {"ciphertextHidingDram", SNP_POLICY_CIPHERTEXT_HIDING},
        {"pageSwapDisabled", SNP_POLICY_PAGE_SWAP_DISABLE},
};
static const struct bit platform_bits[] = {
        {"smt", SNP_PLATFORM_SMT},
        {"tsme", SNP_PLATFORM_TSME},
        {"ecc", SNP_PLATFORM_ECC},
        {"raplDisabled", SNP_PLATFORM_RAPL_DIS},
        {"ciphertextHidingDram", SNP_PLATFORM_CIPHERTEXT_HIDING},
        {"aliasCheckComplete", SNP_PLATFORM_ALIAS_CHECK},
        {"tio", SNP_PLATFORM_TIO},
};

static struct value
show_tcb(struct arena *a, const uint8_t *raw, const enum snp_product *p)
{
	struct value o = json_object();
	struct snp_tcb t;

	json_put(a, &o, "raw", json_hex(a, bytes_of(raw, SNP_TCB_SIZE)));
	if (!p)
		return o;
	if (!snp_tcb_decode(*p, raw, &t)) {
		json_put(a, &o, "malformed", json_cstr("reserved bytes are set"));
		return o;
	}
	if (*p == SNP_TURIN)
		json_put(a, &o, "fmc", json_int(t.fmc));
	json_put(a, &o, "bootloader", json_int(t.bootloader));
	json_put(a, &o, "tee", json_int(t.tee));
	json_put(a, &o, "snp", json_int(t.snp));
	json_put(a, &o, "microcode", json_int(t.microcode));
	return o;
}

static struct value
show_key_info(struct arena *a, uint32_t info)
{
	static const char *const kinds[8] = {
	        [SNP_SIGNED_VCEK] = "VCEK", [SNP_SIGNED_VLEK] = "VLEK", [SNP_SIGNED_NONE] = "none"};
	struct value o = json_object();
	const char *kind = kinds[info >> 2 & 7];

	json_put(a, &o, "value", hex_number(a, info));
	json_put(a, &o, "signingKey", json_cstr(kind ? kind : "unknown"));
	json_put(a, &o, "authorKey", json_bool((info & SNP_KEY_AUTHOR_EN) != 0));
	json_put(a, &o, "chipKeyMasked", json_bool((info & SNP_KEY_MASK_CHIP) != 0));
	return o;
}

static struct value
show_policy(struct arena *a, uint64_t policy)
{
	struct value o = bits(a, policy, policy_bits, COUNT_OF(policy_bits));

	json_put(a, &o, "abi",
	         json_string(arena_printf(a, "%u.%u", (unsigned int)(policy >> 8 & 0xff),
	                                  (unsigned int)(policy & 0xff))));
	return o;
}

static struct value
show_field(struct arena *a, const struct snp_report *r, const struct snp_field *f,
           const enum snp_product *p)
{
	if (f->member == offsetof(struct snp_report, policy))
		return show_policy(a, r->policy);
	if (f->member == offsetof(struct snp_report, platform_info))
		return bits(a, r->platform_info, platform_bits, COUNT_OF(platform_bits));
	if (f->member == offsetof(struct snp_report, key_info))
		return show_key_info(a, r->key_info);
	switch (f->kind) {
	case SNP_FIELD_TCB:
		return show_tcb(a, snp_field_bytes(r, f).p, p);
	case SNP_FIELD_BYTES:
		return json_hex(a, snp_field_bytes(r, f));
	case SNP_FIELD_NUMBER:
		break;
	}
	return f->size == 8 ? hex_number(a, snp_field_number(r, f))
	                    : json_int((int64_t)snp_field_number(r, f));
}

/*
 * What a manifest would demand to accept this platform and nothing older: the
 * lowest part of the three versions that the verifier holds against a minimum.
 */
static void
suggest_minimum(struct arena *a, const struct snp_report *r, enum snp_product p, struct value *o)
{
	struct value min = json_object();
	struct snp_tcb t[3];

	if (!snp_tcb_decode(p, r->reported_tcb, &t[0]) ||
	    !snp_tcb_decode(p, r->committed_tcb, &t[1]) || !snp_tcb_decode(p, r->launch_tcb, &t[2]))
		return;
#define LOWEST(part) json_int(MIN(t[0].part, MIN(t[1].part, t[2].part)))
	if (p == SNP_TURIN)
		json_put(a, &min, "FMCVersion", LOWEST(fmc));
	json_put(a, &min, "BootloaderVersion", LOWEST(bootloader));
	json_put(a, &min, "TEEVersion", LOWEST(tee));
	json_put(a, &min, "SNPVersion", LOWEST(snp));
	json_put(a, &min, "MicrocodeVersion", LOWEST(microcode));
#undef LOWEST
	json_put(a, o, "minimumTCBOfThisPlatform", min);
}

static status
show_snp(struct arena *a, const struct document *d, struct value *o, struct verdict *v)
{
	enum snp_product product;
	struct snp_report r;
	bool known;

	TRY(snp_report_parse(d->evidence, &r, v));
	known = snp_product_of(&d->endorsements, &r, &product);
	if (known)
		json_put(a, o, "product", json_cstr(snp_product_name(product)));
	for (size_t i = 0; i < snp_fields_n; i++) {
		if (snp_fields[i].min_version <= r.version)
			json_put(a, o, snp_fields[i].name,
			         show_field(a, &r, &snp_fields[i], known ? &product : NULL));
	}
	json_put(a, o, "signature_r", json_hex(a, bytes_of(r.r, sizeof r.r)));
	json_put(a, o, "signature_s", json_hex(a, bytes_of(r.s, sizeof r.s)));
	if (known)
		suggest_minimum(a, &r, product, o);
	return OK;
}

/* ---- TDX ---- */

static const struct bit attribute_bits[] = {
        {"debug", 0xff},
        {"lass", 1ULL << 27},
        {"septVeDisable", 1ULL << 28},
        {"migratable", 1ULL << 29},
        {"pks", 1ULL << 30},
        {"keyLocker", 1ULL << 31},
        {"perfmon", 1ULL << 63},
};

static struct value
show_qe(struct arena *a, const struct tdx_quote *q)
{
	struct value o = json_object();
	struct qe_report qe;

	qe_report_parse(q->qe_report, &qe);
	json_put(a, &o, "mrenclave", json_hex(a, qe.mrenclave));
	json_put(a, &o, "mrsigner", json_hex(a, qe.mrsigner));
	json_put(a, &o, "isvProdId", json_int(qe.isv_prod_id));
	json_put(a, &o, "isvSvn", json_int(qe.isv_svn));
	json_put(a, &o, "attributes", json_hex(a, qe.attributes));
	json_put(a, &o, "miscSelect", hex_number(a, qe.misc_select));
	json_put(a, &o, "reportData", json_hex(a, qe.report_data));
	json_put(a, &o, "authData", json_hex(a, q->qe_auth_data));
	return o;
}

static struct value
show_pck_chain(struct arena *a, struct bytes pem)
{
	struct cert *certs[4] = {NULL};
	struct value list = json_array();
	size_t n = 0;
	struct err err;

	if (!is_ok(cert_parse_pem(pem, COUNT_OF(certs), certs, &n, &err)))
		return json_copy_string(a, bytes_str(err.msg));
	for (size_t i = 0; i < n; i++) {
		json_add(a, &list, show_cert(a, certs[i]));
		cert_free(certs[i]);
	}
	return list;
}

static status
show_tdx(struct arena *a, const struct document *d, struct value *o, struct verdict *v)
{
	static const char *const rtmrs[] = {"rtmr0", "rtmr1", "rtmr2", "rtmr3"};
	struct tdx_quote q;

	TRY(tdx_quote_parse(d->evidence, &q, v));
	json_put(a, o, "version", json_int(q.version));
	json_put(a, o, "body", json_cstr(q.body == TDX_BODY_15 ? "TD 1.5" : "TD 1.0"));
	json_put(a, o, "teeTcbSvn", json_hex(a, q.tee_tcb_svn));
	if (q.tee_tcb_svn2.n > 0)
		json_put(a, o, "teeTcbSvn2", json_hex(a, q.tee_tcb_svn2));
	json_put(a, o, "mrseam", json_hex(a, q.mrseam));
	json_put(a, o, "mrsignerseam", json_hex(a, q.mrsignerseam));
	json_put(a, o, "seamAttributes", hex_number(a, q.seam_attributes));
	json_put(a, o, "tdAttributes",
	         bits(a, q.td_attributes, attribute_bits, COUNT_OF(attribute_bits)));
	json_put(a, o, "xfam", hex_number(a, q.xfam));
	json_put(a, o, "mrtd", json_hex(a, q.mrtd));
	json_put(a, o, "mrconfigid", json_hex(a, q.mrconfigid));
	json_put(a, o, "mrowner", json_hex(a, q.mrowner));
	json_put(a, o, "mrownerconfig", json_hex(a, q.mrownerconfig));
	for (size_t i = 0; i < TDX_RTMRS; i++)
		json_put(a, o, rtmrs[i], json_hex(a, q.rtmr[i]));
	json_put(a, o, "reportData", json_hex(a, q.report_data));
	if (q.mrservicetd.n > 0)
		json_put(a, o, "mrservicetd", json_hex(a, q.mrservicetd));
	json_put(a, o, "attestationKey", json_hex(a, q.attestation_key));
	json_put(a, o, "quotingEnclave", show_qe(a, &q));
	json_put(a, o, "pckChain", show_pck_chain(a, q.pck_pem));
	return OK;
}

status
evidence_show(struct arena *a, const struct document *d, struct value *ret, struct verdict *v)
{
	struct value o = json_object();

	json_put(a, &o, "type", json_cstr(tee_name(d->tee)));
	TRY(tee_hardware(d->tee) == TEE_SNP ? show_snp(a, d, &o, v) : show_tdx(a, d, &o, v));
	if (tee_has_vtpm(d->tee))
		TRY(show_vtpm(a, &d->vtpm, &o, v));
	json_put(a, &o, "endorsements", show_endorsements(a, &d->endorsements));
	*ret = o;
	return OK;
}

/* ---- as text ---- */

static void show_lines(const struct value *v, const char *path, struct buf *out);

static void
show_scalar(const struct value *v, const char *path, struct buf *out)
{
	CLEANUP(buf_done) struct buf text = {0};

	if (json_is(v, VALUE_STRING))
		text_escape(json_text(v), SHOW_TEXT_MAX, &text);
	else
		json_write(v, JSON_COMPACT, &text);
	buf_printf(out, "%-*s ", COLUMN, path);
	buf_bytes(out, buf_view(&text));
	buf_u8(out, '\n');
}

/* Names may be a stranger's, too: those of a paravisor's runtime data. */
static void
member_path(char *to, const char *path, struct bytes name)
{
	CLEANUP(buf_done) struct buf shown = {0};

	text_escape(name, PATH_MAX_TEXT, &shown);
	snprintf(to, PATH_MAX_TEXT, "%s%s%s", path, path[0] ? "." : "", buf_cstr(&shown));
}

static void
show_lines(const struct value *v, const char *path, struct buf *out)
{
	char inner[PATH_MAX_TEXT];

	if (json_is(v, VALUE_OBJECT)) {
		for (uint32_t i = 0; i < v->n; i++) {
			member_path(inner, path, json_text(&v->u.members[i].key));
			show_lines(&v->u.members[i].val, inner, out);
		}
	} else if (json_is(v, VALUE_ARRAY)) {
		for (uint32_t i = 0; i < v->n; i++) {
			snprintf(inner, sizeof inner, "%s[%u]", path, i);
			show_lines(&v->u.items[i], inner, out);
		}
	} else {
		show_scalar(v, path, out);
	}
}

void
evidence_show_text(const struct value *v, struct buf *out)
{
	show_lines(v, "", out);
}
