/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/snp/vek.h"

#include "crypto/der.h"
#include "evidence/document.h"

enum { HWID_TURIN = 8 };

bool
snp_vek_kind(const struct cert *c, enum snp_signing_key *ret)
{
	if (bytes_is(cert_subject_cn(c), "SEV-VCEK"))
		*ret = SNP_SIGNED_VCEK;
	else if (bytes_is(cert_subject_cn(c), "SEV-VLEK"))
		*ret = SNP_SIGNED_VLEK;
	else
		return false;
	return true;
}

static status
bad(struct verdict *v, const char *what)
{
	return verdict_reject(v, STEP_CHAIN, "snp/vek-parse",
	                      "the endorsement certificate is malformed: %s", what);
}

/* "SEV-Genoa", "SEV-VLEK-Genoa". */
static bool
product_of_issuer(const struct cert *c, enum snp_signing_key kind, enum snp_product *ret)
{
	struct bytes cn = cert_issuer_cn(c);
	struct bytes prefix = kind == SNP_SIGNED_VLEK ? BYTES("SEV-VLEK-") : BYTES("SEV-");

	return bytes_starts(cn, prefix) && snp_product_parse(bytes_sub(cn, prefix.n, cn.n), ret);
}

/* One SPL: an INTEGER of 0..255. */
static status
take_spl(const struct cert *c, const char *oid, uint8_t *ret, struct verdict *v)
{
	struct bytes value;
	struct err err;
	uint64_t n;

	if (!is_ok(cert_extension(c, oid, &value, &err)))
		return bad(v, err.msg);
	if (!der_number(value, DER_INTEGER, UINT8_MAX, &n))
		return bad(v, oid);
	*ret = (uint8_t)n;
	return OK;
}

static status
take_ia5(const struct cert *c, const char *oid, struct bytes *ret, struct verdict *v)
{
	struct bytes value;
	struct err err;
	struct rd r;

	if (!is_ok(cert_extension(c, oid, &value, &err)))
		return bad(v, err.msg);
	r = rd_init(value);
	*ret = der_take(&r, DER_IA5_STRING);
	return rd_done(&r) ? OK : bad(v, oid);
}

static status
take_tcb(const struct cert *c, struct snp_vek *ret, struct verdict *v)
{
	uint8_t struct_version;

	TRY(take_spl(c, SNP_OID_STRUCT_VERSION, &struct_version, v));
	TRY(take_spl(c, SNP_OID_BOOTLOADER, &ret->tcb.bootloader, v));
	TRY(take_spl(c, SNP_OID_TEE, &ret->tcb.tee, v));
	TRY(take_spl(c, SNP_OID_SNP, &ret->tcb.snp, v));
	TRY(take_spl(c, SNP_OID_MICROCODE, &ret->tcb.microcode, v));
	if (struct_version != (ret->product == SNP_TURIN ? 1 : 0))
		return bad(v, "the structure version is not the product's");
	return ret->product == SNP_TURIN ? take_spl(c, SNP_OID_FMC, &ret->tcb.fmc, v) : OK;
}

static status
take_hwid(const struct cert *c, struct snp_vek *ret, struct verdict *v)
{
	size_t want = ret->product == SNP_TURIN ? HWID_TURIN : SNP_CHIP_ID_SIZE;
	struct bytes value;
	struct err err;
	struct rd r;

	if (!is_ok(cert_extension(c, SNP_OID_HWID, &value, &err)))
		return bad(v, err.msg);
	/* Raw bytes as AMD issues it, or wrapped in an OCTET STRING as others expect it. */
	if (value.n == want + 2) {
		r = rd_init(value);
		value = der_take(&r, DER_OCTET_STRING);
		if (!rd_done(&r))
			return bad(v, "hardware id");
	}
	if (value.n != want)
		return bad(v, "the hardware id has not the product's size");
	mem_copy(ret->hwid, value.p, value.n);
	return OK;
}

static status
take_csp_id(const struct cert *c, struct snp_vek *ret, struct verdict *v)
{
	struct bytes text;

	TRY(take_ia5(c, SNP_OID_CSP_ID, &text, v));
	if (text.n == 0 || text.n > SNP_CSP_ID_MAX)
		return bad(v, "the provider's name is empty or too long");
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < 0x20 || text.p[i] > 0x7e)
			return bad(v, "the provider's name is not printable");
	}
	mem_copy(ret->csp_id, text.p, text.n);
	return OK;
}

static status
absent(const struct cert *c, const char *oid, struct verdict *v)
{
	struct bytes value;
	struct err err;

	if (cert_extension(c, oid, &value, &err).cls == ERR_NOT_FOUND)
		return OK;
	return verdict_reject(v, STEP_CHAIN, "snp/vek-kind",
	                      "the certificate mixes marks of VCEK and VLEK: extension %s", oid);
}

/* The product of the issuer's name and of the extension must be one ("Milan-B0" is Milan). */
static status
check_product(const struct cert *c, const struct snp_vek *vek, struct verdict *v)
{
	struct bytes text, name;
	enum snp_product p;

	TRY(take_ia5(c, SNP_OID_PRODUCT, &text, v));
	name = bytes_sub(text, 0, bytes_find_byte(text, '-', 0));
	if (snp_product_parse(name, &p) && p == vek->product)
		return OK;
	return verdict_reject(v, STEP_CHAIN, "snp/product",
	                      "the certificate is issued by %s's authority for another product",
	                      snp_product_name(vek->product));
}

static status
parse(const struct cert *c, struct snp_vek *ret, struct verdict *v)
{
	if (!snp_vek_kind(c, &ret->kind))
		return bad(v, "its name is neither SEV-VCEK nor SEV-VLEK");
	if (!product_of_issuer(c, ret->kind, &ret->product))
		return bad(v, "its issuer is no AMD authority of a known product");
	TRY(check_product(c, ret, v));
	TRY(take_tcb(c, ret, v));
	if (ret->kind == SNP_SIGNED_VLEK) {
		TRY(take_csp_id(c, ret, v));
		TRY(absent(c, SNP_OID_HWID, v));
	} else {
		TRY(take_hwid(c, ret, v));
		TRY(absent(c, SNP_OID_CSP_ID, v));
	}
	ret->key = cert_key(c);
	if (!ret->key || key_kind(ret->key) != KEY_P384)
		return bad(v, "its key is not on P-384");
	ret->key_id = cert_key_id(c);
	return OK;
}

status
snp_vek_parse(const struct cert *c, struct snp_vek *ret, struct verdict *v)
{
	status s;

	*ret = (struct snp_vek){0};
	s = parse(c, ret, v);
	if (!is_ok(s))
		snp_vek_done(ret);
	return s;
}

void
snp_vek_done(struct snp_vek *vek)
{
	key_free(vek->key);
	*vek = (struct snp_vek){0};
}

bool
snp_vek_matches(const struct snp_vek *vek, const struct snp_report *r)
{
	struct snp_tcb reported;

	return vek->kind == snp_signing_key(r) &&
	       snp_tcb_decode(vek->product, r->reported_tcb, &reported) &&
	       snp_tcb_equal(&reported, &vek->tcb) &&
	       (vek->kind == SNP_SIGNED_VLEK ||
	        bytes_all_zero(bytes_of(r->chip_id, sizeof r->chip_id)) ||
	        bytes_equal(bytes_of(r->chip_id, sizeof r->chip_id),
	                    bytes_of(vek->hwid, sizeof vek->hwid)));
}

void
snp_vek_der_integer(uint8_t value, struct buf *out)
{
	buf_u8(out, DER_INTEGER);
	buf_u8(out, value >= 0x80 ? 2 : 1);
	if (value >= 0x80)
		buf_u8(out, 0);
	buf_u8(out, value);
}

void
snp_vek_der_text(const char *text, struct buf *out)
{
	struct bytes b = bytes_sub(bytes_str(text), 0, 127);

	buf_u8(out, DER_IA5_STRING);
	buf_u8(out, (uint8_t)b.n);
	buf_bytes(out, b);
}

bool
snp_product_of(const struct endorsements *e, const struct snp_report *r, enum snp_product *ret)
{
	if (r->version >= SNP_REPORT_VERSION_CPUID)
		return snp_product_from_cpuid(r->cpuid_family, r->cpuid_model, ret);
	for (size_t i = 0; i < e->n_certs; i++) {
		CLEANUP(cert_drop) struct cert *c = NULL;
		struct verdict quiet = {0};
		struct snp_vek vek;
		struct err err;

		if (!is_ok(cert_parse_der(e->certs[i], &c, &err)) ||
		    !is_ok(snp_vek_parse(c, &vek, &quiet)))
			continue;
		*ret = vek.product;
		snp_vek_done(&vek);
		return true;
	}
	return false;
}
