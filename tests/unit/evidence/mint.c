/* SPDX-License-Identifier: Apache-2.0 */
#include "mint.h"

#include "unit.h"

#include <string.h>

static const char *
product_name(enum snp_product p)
{
	return snp_product_name(p);
}

static struct cert *
issue(const struct cert_spec *spec)
{
	struct cert *c = NULL;
	struct err err;

	assert_ok(cert_issue(spec, &c, &err));
	return c;
}

void
mint_authority(struct mint *m, enum snp_product p, enum snp_signing_key kind)
{
	char ark[32], ask[32];
	struct cert_spec spec = {
	        .profile = CERT_CA,
	        .subject_cn = ark,
	        .amd_names = true,
	        .key = m->ark_key,
	        .pss_sha384 = true,
	        .not_before = MINT_NOW - 1000 * MINT_DAY,
	        .not_after = MINT_NOW + 1000 * MINT_DAY,
	};

	snprintf(ark, sizeof ark, "ARK-%s", product_name(p));
	snprintf(ask, sizeof ask, "SEV-%s%s", kind == SNP_SIGNED_VLEK ? "VLEK-" : "",
	         product_name(p));
	cert_free(m->ark);
	cert_free(m->ask);
	m->product = p;
	m->ark = issue(&spec);
	spec.profile = CERT_CA_LEAVES;
	spec.subject_cn = ask;
	spec.key = m->ask_key;
	spec.issuer = m->ark;
	spec.signer = m->ark_key;
	m->ask = issue(&spec);
	m->root = cert_key_id(m->ark);
}

void
mint_init(struct mint *m)
{
	*m = (struct mint){0};
	m->ark_key = key_generate(KEY_RSA, 4096);
	m->ask_key = key_generate(KEY_RSA, 4096);
	m->vek_key = key_generate(KEY_P384, 0);
	mint_authority(m, SNP_GENOA, SNP_SIGNED_VCEK);
}

void
mint_done(struct mint *m)
{
	cert_free(m->ark);
	cert_free(m->ask);
	key_free(m->ark_key);
	key_free(m->ask_key);
	key_free(m->vek_key);
}

struct mint_leaf
mint_leaf_default(const struct mint *m, enum snp_signing_key kind)
{
	struct mint_leaf l = {
	        .kind = kind,
	        .product = m->product,
	        .tcb = {m->product == SNP_TURIN ? 1 : 0, 10, 0, 23, 200},
	        .hwid_n = m->product == SNP_TURIN ? 8 : 64,
	        .csp_id = "CN=cc.example",
	        .not_before = MINT_NOW - 100 * MINT_DAY,
	        .not_after = MINT_NOW + 100 * MINT_DAY,
	};

	for (size_t i = 0; i < l.hwid_n; i++)
		l.hwid[i] = (uint8_t)(i + 1);
	return l;
}

enum { MAX_EXTRAS = 12, TEXTS = 256 };

struct extras {
	struct cert_extra list[MAX_EXTRAS];
	size_t n;
	struct buf text[MAX_EXTRAS];
};

static void
extra(struct extras *e, const struct mint_leaf *l, const char *oid)
{
	size_t times = l->twice_oid && strcmp(l->twice_oid, oid) == 0 ? 2 : 1;

	if (l->skip_oid && strcmp(l->skip_oid, oid) == 0)
		times = 0;
	for (size_t i = 0; i < times; i++) {
		assert_true(e->n < MAX_EXTRAS);
		e->list[e->n] = (struct cert_extra){oid, false, buf_view(&e->text[e->n])};
		if (i + 1 < times)
			buf_bytes(&e->text[e->n + 1], buf_view(&e->text[e->n]));
		e->n++;
	}
}

static void
number(struct extras *e, const struct mint_leaf *l, const char *oid, uint8_t value)
{
	snp_vek_der_integer(value, &e->text[e->n]);
	extra(e, l, oid);
}

static void
fill_extras(struct extras *e, const struct mint_leaf *l)
{
	number(e, l, SNP_OID_STRUCT_VERSION, l->product == SNP_TURIN);
	snp_vek_der_text(l->product_text ? l->product_text : product_name(l->product),
	                 &e->text[e->n]);
	extra(e, l, SNP_OID_PRODUCT);
	number(e, l, SNP_OID_BOOTLOADER, l->tcb.bootloader);
	number(e, l, SNP_OID_TEE, l->tcb.tee);
	number(e, l, SNP_OID_SNP, l->tcb.snp);
	if (l->raw_microcode.n > 0)
		buf_bytes(&e->text[e->n], l->raw_microcode);
	else
		snp_vek_der_integer(l->tcb.microcode, &e->text[e->n]);
	extra(e, l, SNP_OID_MICROCODE);
	if (l->product == SNP_TURIN)
		number(e, l, SNP_OID_FMC, l->tcb.fmc);
	if (l->kind == SNP_SIGNED_VLEK)
		snp_vek_der_text(l->csp_id, &e->text[e->n]);
	else
		buf_add(&e->text[e->n], l->hwid, l->hwid_n);
	extra(e, l, l->kind == SNP_SIGNED_VLEK ? SNP_OID_CSP_ID : SNP_OID_HWID);
	if (!l->mixed)
		return;
	if (l->kind == SNP_SIGNED_VLEK)
		buf_zeros(&e->text[e->n], 64);
	else
		snp_vek_der_text(l->csp_id, &e->text[e->n]);
	extra(e, l, l->kind == SNP_SIGNED_VLEK ? SNP_OID_HWID : SNP_OID_CSP_ID);
}

struct cert *
mint_vek(struct mint *m, const struct mint_leaf *l)
{
	struct key *other = l->other_key             ? key_generate(KEY_P384, 0)
	                    : l->key_kind == KEY_RSA ? key_generate(KEY_RSA, 2048)
	                                             : NULL;
	struct extras e = {0};
	struct cert_spec spec = {
	        .profile = CERT_LEAF_BARE,
	        .subject_cn = l->kind == SNP_SIGNED_VLEK ? "SEV-VLEK" : "SEV-VCEK",
	        .amd_names = true,
	        .key = other ? other : m->vek_key,
	        .issuer = m->ask,
	        .signer = m->ask_key,
	        .pss_sha384 = true,
	        .not_before = l->not_before,
	        .not_after = l->not_after,
	        .serial = BYTES("\0"),
	        .extras = e.list,
	};
	struct cert *c;

	fill_extras(&e, l);
	for (size_t i = 0; i < e.n; i++)
		e.list[i].value = buf_view(&e.text[i]);
	spec.n_extras = e.n;
	c = issue(&spec);
	for (size_t i = 0; i < MAX_EXTRAS; i++)
		buf_done(&e.text[i]);
	key_free(other);
	return c;
}

struct snp_report
mint_report(const struct mint *m, const struct mint_leaf *l, uint32_t version)
{
	struct snp_report r = {
	        .version = version,
	        .policy = SNP_POLICY_ONE | SNP_POLICY_SMT,
	        .signature_algo = SNP_SIG_ALGO_P384,
	        .platform_info = SNP_PLATFORM_SMT | SNP_PLATFORM_ECC | SNP_PLATFORM_ALIAS_CHECK,
	        .key_info = (uint32_t)l->kind << 2,
	        .current_major = 1,
	        .current_minor = 55,
	        .current_build = 21,
	        .committed_major = 1,
	        .committed_minor = 55,
	        .committed_build = 21,
	};

	for (size_t i = 0; i < 64; i++)
		r.report_data[i] = (uint8_t)(0x80 + i);
	for (size_t i = 0; i < 48; i++)
		r.measurement[i] = (uint8_t)(0x40 + i);
	for (size_t i = 0; i < 32; i++) {
		r.host_data[i] = (uint8_t)(0xc0 + i);
		r.report_id_ma[i] = 0xff;
	}
	snp_tcb_encode(m->product, &l->tcb, r.reported_tcb);
	mem_copy(r.committed_tcb, r.reported_tcb, 8);
	mem_copy(r.current_tcb, r.reported_tcb, 8);
	mem_copy(r.launch_tcb, r.reported_tcb, 8);
	if (l->kind == SNP_SIGNED_VCEK)
		mem_copy(r.chip_id, l->hwid, sizeof r.chip_id);
	if (version >= 3) {
		r.cpuid_family = m->product == SNP_TURIN ? 0x1a : 0x19;
		r.cpuid_model = m->product == SNP_TURIN   ? 0x02
		                : m->product == SNP_GENOA ? 0x11
		                                          : 0x01;
	}
	if (version >= 5)
		r.launch_mitigation = r.current_mitigation = 0x3f;
	return r;
}

void
mint_sign(const struct mint *m, struct snp_report *r, uint8_t wire[SNP_REPORT_SIZE])
{
	snp_report_emit(r, wire);
	key_sign_ecdsa_raw(m->vek_key, SIG_SHA384, bytes_of(wire, SNP_SIGNED_SIZE), 48, r->r, r->s);
	snp_report_emit(r, wire);
}

void
mint_crl(const struct mint *m, bool revoked, int64_t from, int64_t to, struct buf *der)
{
	struct bytes serial = cert_serial(m->ask);
	struct err err;

	assert_ok(crl_issue(m->ark, m->ark_key, true, &serial, revoked, from, to, der, &err));
}

struct snp_reference
mint_reference(const struct mint *m, const struct snp_report *r)
{
	struct snp_reference set = {
	        .product = m->product,
	        .has_trust_root = true,
	        .trust_root = m->root,
	        .sev_features = 1,
	        .guest_policy = {.smt = true},
	        .platform_info = {.smt = true, .ecc = true, .alias_check_complete = true},
	};

	mem_copy(set.measurement.b, r->measurement, sizeof r->measurement);
	assert_true(snp_tcb_decode(m->product, r->reported_tcb, &set.minimum_tcb));
	return set;
}
