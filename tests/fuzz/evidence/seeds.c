/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evidence-seeds FOLDER: makes the corpus of fuzz_verify.c anew. SNP from a
 * made-up AMD; TDX from made-up certificates around statements of zeros: with
 * signatures taken as good, both are accepted.
 */
#include "../../unit/evidence/mint.h"
#include "../../unit/evidence/mint_vtpm.h"
#include "base/file.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

enum part {
	PART_SNP,
	PART_TDX,
	PART_CERT,
	PART_CRL,
	PART_TCB_INFO,
	PART_QE_IDENTITY,
	PART_RUNTIME,
	PART_MESSAGE,
	PART_SIGNATURE,
	PART_PCRS,
};
enum { SVNS = 16 };

static void
need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "evidence-seeds: %s\n", what);
	exit(1);
}

static void
put(struct buf *out, enum part kind, struct bytes b)
{
	buf_u8(out, (uint8_t)kind);
	buf_be16(out, (uint16_t)b.n);
	buf_bytes(out, b);
}

static void
save(const char *folder, const char *name, const struct buf *b)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "wb");
	need(f && fwrite(b->p, 1, b->n, f) == b->n && fclose(f) == 0, path);
}

/* Behind a paravisor: registers of zeros but for the policy's. Bound to 64 zeros as all here. */
static void
put_vtpm(struct buf *out, const struct mint_vtpm *t)
{
	static const uint8_t zeros[64];
	CLEANUP(buf_done) struct buf message = {0};
	CLEANUP(buf_done) struct buf signature = {0};
	static const struct hash256 policy = {{1}};
	struct hash256 bound = binding_vtpm(zeros);
	struct mint_quote q = mint_quote_default(hash256_view(&bound), hash256_view(&policy));

	for (size_t i = 0; i < TPM_PCRS; i++)
		if (i != PCR_POLICY)
			q.pcrs[i] = (struct hash256){{0}};
	mint_quote_message(&q, &message);
	mint_quote_sign(t, &q, buf_view(&message), &signature);
	put(out, PART_RUNTIME, buf_view(&t->runtime));
	put(out, PART_MESSAGE, buf_view(&message));
	put(out, PART_PCRS, bytes_of(q.pcrs, sizeof q.pcrs));
	put(out, PART_SIGNATURE, buf_view(&signature));
}

static void
snp(const char *folder, struct mint *m, enum snp_signing_key kind, uint32_t version,
    const struct mint_vtpm *t, const char *name)
{
	CLEANUP(buf_done) struct buf out = {0};
	CLEANUP(buf_done) struct buf crl = {0};
	struct mint_leaf leaf;
	struct snp_report report;
	uint8_t wire[SNP_REPORT_SIZE];
	struct cert *vek;

	mint_authority(m, SNP_GENOA, kind);
	leaf = mint_leaf_default(m, kind);
	report = mint_report(m, &leaf, version);
	mem_zero(report.report_data, sizeof report.report_data);
	if (t) {
		struct hash256 h = sha256(buf_view(&t->runtime));

		mem_copy(report.report_data, h.b, sizeof h.b);
	}
	mem_zero(report.measurement, sizeof report.measurement);
	mint_sign(m, &report, wire);
	vek = mint_vek(m, &leaf);
	mint_crl(m, false, MINT_NOW - MINT_DAY, MINT_NOW + MINT_DAY, &crl);
	put(&out, PART_SNP, bytes_of(wire, sizeof wire));
	put(&out, PART_CRL, buf_view(&crl));
	put(&out, PART_CERT, cert_der(vek));
	put(&out, PART_CERT, cert_der(m->ask));
	put(&out, PART_CERT, cert_der(m->ark));
	if (t)
		put_vtpm(&out, t);
	save(folder, name, &out);
	cert_free(vek);
}

/* ---- TDX ---- */

struct intel {
	struct key *root_key, *key;
	struct cert *root, *ca, *leaf, *signer;
	struct buf extension;
};

static void
member(struct buf *out, const uint8_t *arcs, size_t n, struct bytes value)
{
	static const uint8_t sgx[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};

	buf_u8(out, 0x30);
	if (2 + sizeof sgx + n + value.n > 127) {
		buf_u8(out, 0x82);
		buf_be16(out, (uint16_t)(2 + sizeof sgx + n + value.n));
	} else {
		buf_u8(out, (uint8_t)(2 + sizeof sgx + n + value.n));
	}
	buf_u8(out, 0x06);
	buf_u8(out, (uint8_t)(sizeof sgx + n));
	buf_add(out, sgx, sizeof sgx);
	buf_add(out, arcs, n);
	buf_bytes(out, value);
}

/* Tag and length in front; lengths of 256 and more. */
static void
wrap(struct buf *out, struct bytes inside)
{
	buf_u8(out, 0x30);
	buf_u8(out, 0x82);
	buf_be16(out, (uint16_t)inside.n);
	buf_bytes(out, inside);
}

static void
sgx_extension(struct buf *out)
{
	static const uint8_t zero[] = {0x02, 1, 0}, pceid[] = {0x04, 2, 0, 0},
	                     fmspc[] = {0x04, 6, 0, 0, 0, 0, 0, 0}, type[] = {0x0a, 1, 2},
	                     octets[18] = {0x04, 16};
	CLEANUP(buf_done) struct buf tcb = {0};
	CLEANUP(buf_done) struct buf wrapped = {0};
	CLEANUP(buf_done) struct buf all = {0};
	uint8_t arc[2] = {2, 0};

	for (arc[1] = 1; arc[1] <= SVNS + 1; arc[1]++)
		member(&tcb, arc, 2, bytes_of(zero, sizeof zero));
	member(&tcb, arc, 2, bytes_of(octets, sizeof octets));
	wrap(&wrapped, buf_view(&tcb));
	arc[0] = 1;
	member(&all, arc, 1, bytes_of(octets, sizeof octets));
	arc[0] = 2;
	member(&all, arc, 1, buf_view(&wrapped));
	arc[0] = 3;
	member(&all, arc, 1, bytes_of(pceid, sizeof pceid));
	arc[0] = 4;
	member(&all, arc, 1, bytes_of(fmspc, sizeof fmspc));
	arc[0] = 5;
	member(&all, arc, 1, bytes_of(type, sizeof type));
	arc[0] = 6;
	member(&all, arc, 1, bytes_of(octets, sizeof octets));
	wrap(out, buf_view(&all));
}

static struct cert *
issue(const struct intel *in, const char *cn, enum cert_profile profile, const struct cert *issuer,
      const struct cert_extra *extra)
{
	struct cert_spec spec = {
	        .profile = profile,
	        .subject_cn = cn,
	        .key = issuer ? in->key : in->root_key,
	        .issuer = issuer,
	        .signer = issuer == in->root || !issuer ? in->root_key : in->key,
	        .not_before = MINT_NOW - MINT_DAY,
	        .not_after = MINT_NOW + MINT_DAY,
	        .extras = extra,
	        .n_extras = extra != NULL,
	};
	struct cert *c = NULL;
	struct err err;

	need(is_ok(cert_issue(&spec, &c, &err)), "certificate");
	return c;
}

static void
intel_init(struct intel *in)
{
	struct cert_extra extra = {.oid = "1.2.840.113741.1.13.1"};

	*in = (struct intel){.root_key = key_generate(KEY_P256, 0),
	                     .key = key_generate(KEY_P256, 0)};
	sgx_extension(&in->extension);
	extra.value = buf_view(&in->extension);
	in->root = issue(in, "Intel SGX Root CA", CERT_CA, NULL, NULL);
	in->ca = issue(in, "Intel SGX PCK Platform CA", CERT_CA_LEAVES, in->root, NULL);
	in->leaf = issue(in, "Intel SGX PCK Certificate", CERT_LEAF_TLS, in->ca, &extra);
	in->signer = issue(in, "Intel SGX TCB Signing", CERT_LEAF_TLS, in->root, NULL);
}

static void
intel_done(struct intel *in)
{
	buf_done(&in->extension);
	cert_free(in->root);
	cert_free(in->ca);
	cert_free(in->leaf);
	cert_free(in->signer);
	key_free(in->root_key);
	key_free(in->key);
}

/* Header, body of zeros, signature data; the quoting enclave's hash is the target's affair. */
static void
quote(const struct intel *in, uint16_t version, struct buf *out)
{
	static const uint8_t vendor[16] = {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
	                                   0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};
	size_t body = version == 5 ? 648 : 584, from;
	CLEANUP(buf_done) struct buf pem = {0};
	CLEANUP(buf_done) struct buf spki = {0};

	cert_pem(in->leaf, &pem);
	cert_pem(in->ca, &pem);
	cert_pem(in->root, &pem);
	key_spki(in->key, &spki);
	buf_le16(out, version);
	buf_le16(out, 2);
	buf_le32(out, 0x81);
	buf_le32(out, 0);
	buf_add(out, vendor, sizeof vendor);
	buf_zeros(out, 20);
	if (version == 5) {
		buf_le16(out, 3);
		buf_le32(out, (uint32_t)body);
	}
	from = out->n;
	buf_zeros(out, body);
	out->p[from + 120 + 3] = 0x10; /* SEPT_VE_DISABLE */
	buf_le32(out, (uint32_t)(64 + 64 + 6 + 384 + 64 + 2 + 6 + pem.n));
	buf_zeros(out, 63);
	buf_u8(out, 1);
	buf_bytes(out, bytes_sub(buf_view(&spki), spki.n - 64, spki.n));
	buf_le16(out, 6);
	buf_le32(out, (uint32_t)(384 + 64 + 2 + 6 + pem.n));
	buf_zeros(out, 384);
	buf_zeros(out, 63);
	buf_u8(out, 1);
	buf_le16(out, 0);
	buf_le16(out, 5);
	buf_le32(out, (uint32_t)pem.n);
	buf_bytes(out, buf_view(&pem));
}

static void
hex_zeros(struct buf *out, const char *name, size_t n)
{
	buf_printf(out, "\"%s\":\"", name);
	for (size_t i = 0; i < 2 * n; i++)
		buf_u8(out, '0');
	buf_str(out, "\",");
}

static void
module(struct buf *out)
{
	hex_zeros(out, "mrsigner", 48);
	hex_zeros(out, "attributes", 8);
	buf_str(out, "\"attributesMask\":\"FFFFFFFFFFFFFFFF\"");
}

static void
components(struct buf *out, const char *name)
{
	buf_printf(out, "\"%s\":[", name);
	for (int i = 0; i < SVNS; i++)
		buf_printf(out, "%s{\"svn\":0}", i ? "," : "");
	buf_str(out, "]");
}

static const char dates[] =
        "\"issueDate\":\"2026-11-20T00:00:00Z\",\"nextUpdate\":\"2026-12-20T00:00:00Z\","
        "\"tcbEvaluationDataNumber\":17,";
static const char level_end[] = ",\"tcbDate\":\"2026-03-13T00:00:00Z\",\"tcbStatus\":\"UpToDate\"}";

static void
sign(struct buf *out)
{
	buf_str(out, ",\"signature\":\"");
	for (int i = 0; i < 128; i++)
		buf_u8(out, '1');
	buf_str(out, "\"}");
}

static void
tcb_info(struct buf *out)
{
	buf_printf(out, "{\"tcbInfo\":{\"id\":\"TDX\",\"version\":3,%s", dates);
	buf_str(out, "\"fmspc\":\"000000000000\",\"pceId\":\"0000\",\"tcbType\":0,\"tdxModule\":{");
	module(out);
	buf_str(out, "},\"tdxModuleIdentities\":[{\"id\":\"TDX_01\",");
	module(out);
	buf_printf(out, ",\"tcbLevels\":[{\"tcb\":{\"isvsvn\":0}%s]}],\"tcbLevels\":[{\"tcb\":{",
	           level_end);
	components(out, "sgxtcbcomponents");
	buf_str(out, ",\"pcesvn\":0,");
	components(out, "tdxtcbcomponents");
	buf_printf(out, "}%s]}", level_end);
	sign(out);
}

static void
qe_identity(struct buf *out)
{
	buf_printf(out, "{\"enclaveIdentity\":{\"id\":\"TD_QE\",\"version\":2,%s", dates);
	hex_zeros(out, "miscselect", 4);
	buf_str(out, "\"miscselectMask\":\"FFFFFFFF\",");
	hex_zeros(out, "attributes", 16);
	hex_zeros(out, "attributesMask", 16);
	hex_zeros(out, "mrsigner", 32);
	buf_printf(out, "\"isvprodid\":0,\"tcbLevels\":[{\"tcb\":{\"isvsvn\":0}%s]}", level_end);
	sign(out);
}

static void
tdx(const char *folder, const struct intel *in, uint16_t version, const struct mint_vtpm *t,
    const char *name)
{
	CLEANUP(buf_done) struct buf out = {0};
	CLEANUP(buf_done) struct buf part = {0};
	struct err err;

	quote(in, version, &part);
	put(&out, PART_TDX, buf_view(&part));
	put(&out, PART_CERT, cert_der(in->signer));
	buf_reset(&part);
	tcb_info(&part);
	put(&out, PART_TCB_INFO, buf_view(&part));
	buf_reset(&part);
	qe_identity(&part);
	put(&out, PART_QE_IDENTITY, buf_view(&part));
	for (int i = 0; i < 2; i++) {
		buf_reset(&part);
		need(is_ok(crl_issue(i ? in->ca : in->root, i ? in->key : in->root_key, false, NULL,
		                     0, MINT_NOW - MINT_DAY, MINT_NOW + MINT_DAY, &part, &err)),
		     "list");
		put(&out, PART_CRL, buf_view(&part));
	}
	if (t)
		put_vtpm(&out, t);
	save(folder, name, &out);
}

int
main(int argc, char **argv)
{
	struct mint m;
	struct mint_vtpm t;
	struct intel in;

	need(argc == 2, "which folder?");
	mint_init(&m);
	mint_vtpm_init(&t, 2048);
	snp(argv[1], &m, SNP_SIGNED_VCEK, 2, NULL, "snp-v2");
	snp(argv[1], &m, SNP_SIGNED_VCEK, 5, NULL, "snp-v5");
	snp(argv[1], &m, SNP_SIGNED_VLEK, 3, NULL, "snp-vlek");
	snp(argv[1], &m, SNP_SIGNED_VCEK, 3, &t, "snp-vtpm");
	mint_done(&m);
	intel_init(&in);
	tdx(argv[1], &in, 4, NULL, "tdx-v4");
	tdx(argv[1], &in, 5, NULL, "tdx-v5");
	tdx(argv[1], &in, 4, &t, "tdx-vtpm");
	intel_done(&in);
	mint_vtpm_done(&t);
	return 0;
}
