/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Field by field: which check refuses which value, with which reason. Every
 * byte of a report's and a quote's signed part must be in a table, with a check
 * or with the reason why none looks at it. Signatures are taken as good here
 * (tests/fuzz/open_signatures.c), so that what a field says is all that is judged.
 */
#include "base/clock.h"
#include "evidence/intake.h"
#include "mint.h"
#include "vectors.h"

#include <string.h>

struct row {
	const char *field;
	uint16_t at, size; /* what is covered */
	uint16_t byte;     /* which of it changes, */
	int change;        /* -1: becomes one less; else XOR */
	enum verdict_step step;
	const char *reason; /* or, for STEP_ACCEPTED, why nobody looks */
};

enum { LESS = -1 };

/* What is judged, and how the whole is put together; `wire` is what changes. */
struct bench {
	struct evidence_request rq;
	struct document doc;
	struct reference_sets refs;
	struct policy_list policies;
	struct hash256 policy;
	uint8_t expected[64];
	struct buf wire;
	struct findings *findings;
};

static void
judge_row(struct bench *b, const struct row *r)
{
	struct evidence_result res;
	uint8_t *p = &b->wire.p[r->at + r->byte], was = *p;

	assert_true(r->byte < r->size && r->reason[0] != '\0');
	*p = r->change == LESS ? (uint8_t)(was - 1) : (uint8_t)(was ^ r->change);
	evidence_verify(&b->rq, &res);
	if (res.verdict.step != r->step ||
	    (r->step != STEP_ACCEPTED && strcmp(res.verdict.reason, r->reason) != 0))
		fail_msg("%s at 0x%x: got %s %s (%s), want %s %s", r->field, r->at + r->byte,
		         verdict_step_name(res.verdict.step), res.verdict.reason,
		         res.verdict.detail, verdict_step_name(r->step), r->reason);
	*p = was;
}

static void
judge_rows(struct bench *b, const struct row *rows, size_t n, size_t end)
{
	struct evidence_result res;
	bool covered[1024 + SNP_REPORT_SIZE] = {false};

	assert_true(end <= COUNT_OF(covered));
	evidence_verify(&b->rq, &res);
	if (!verdict_accepted(&res.verdict))
		fail_msg("unchanged: %s (%s)", res.verdict.reason, res.verdict.detail);
	for (size_t i = 0; i < n; i++) {
		judge_row(b, &rows[i]);
		for (size_t k = rows[i].at; k < (size_t)rows[i].at + rows[i].size; k++)
			covered[k] = true;
	}
	for (size_t k = 0; k < end; k++)
		if (!covered[k])
			fail_msg("byte 0x%zx is in no row", k);
}

/* ---- SEV-SNP, version 5, Turin: has every field there is ---- */

static struct mint mint;

#define DECODE(field, at, size, byte, change, reason)                                              \
	{                                                                                          \
		field, at, size, byte, change, STEP_DECODE, reason                                 \
	}
#define PLATFORM(field, at, size, byte, change, reason)                                            \
	{                                                                                          \
		field, at, size, byte, change, STEP_PLATFORM, reason                               \
	}
#define IDENTITY(field, at, size, byte, change, reason)                                            \
	{                                                                                          \
		field, at, size, byte, change, STEP_IDENTITY, reason                               \
	}
#define UNUSED_FIELD(field, at, size, byte, why)                                                   \
	{                                                                                          \
		field, at, size, byte, 1, STEP_ACCEPTED, why                                       \
	}

static const struct row snp_rows[] = {
        DECODE("version: 7", 0x000, 4, 0, 2, "snp/version"),
        DECODE("version: 1", 0x000, 4, 0, 4, "snp/version"),
        DECODE("version: 2, which has less", 0x000, 4, 0, 7, "snp/reserved"),
        IDENTITY("guest SVN", 0x004, 4, 0, LESS, "snp/guest-svn"),
        PLATFORM("policy: ABI minor", 0x008, 1, 0, LESS, "snp/policy"),
        PLATFORM("policy: ABI major", 0x009, 1, 0, LESS, "snp/policy"),
        PLATFORM("policy: SMT", 0x00a, 1, 0, 0x01, "snp/policy"),
        DECODE("policy: bit 17", 0x00a, 1, 0, 0x02, "snp/reserved"),
        PLATFORM("policy: MIGRATE_MA", 0x00a, 1, 0, 0x04, "snp/migration"),
        PLATFORM("policy: DEBUG", 0x00a, 1, 0, 0x08, "snp/debug"),
        PLATFORM("policy: SINGLE_SOCKET", 0x00a, 1, 0, 0x10, "snp/policy"),
        PLATFORM("policy: CXL_ALLOW", 0x00a, 1, 0, 0x20, "snp/policy"),
        PLATFORM("policy: MEM_AES_256_XTS", 0x00a, 1, 0, 0x40, "snp/policy"),
        PLATFORM("policy: RAPL_DIS", 0x00a, 1, 0, 0x80, "snp/policy"),
        PLATFORM("policy: CIPHERTEXT_HIDING", 0x00b, 1, 0, 0x01, "snp/policy"),
        PLATFORM("policy: PAGE_SWAP_DISABLE", 0x00b, 1, 0, 0x02, "snp/policy"),
        DECODE("policy: bit 26", 0x00b, 1, 0, 0x04, "snp/reserved"),
        DECODE("policy: bits 32 to 63", 0x00c, 4, 3, 0x80, "snp/reserved"),
        IDENTITY("family id", 0x010, 16, 15, 1, "snp/family-id"),
        IDENTITY("image id", 0x020, 16, 0, 1, "snp/image-id"),
        PLATFORM("VMPL 1", 0x030, 4, 0, 1, "snp/vmpl"),
        DECODE("VMPL 4", 0x030, 4, 0, 4, "snp/vmpl-range"),
        DECODE("signature algorithm", 0x034, 4, 0, 3, "snp/sigalgo"),
        PLATFORM("current TCB", 0x038, 8, 7, LESS, "snp/tcb-order"),
        PLATFORM("current TCB: reserved", 0x038, 8, 5, 1, "snp/tcb-format"),
        PLATFORM("platform: SMT", 0x040, 1, 0, 0x01, "snp/platform"),
        PLATFORM("platform: TSME", 0x040, 1, 0, 0x02, "snp/platform"),
        PLATFORM("platform: ECC", 0x040, 1, 0, 0x04, "snp/platform"),
        PLATFORM("platform: RAPL_DIS", 0x040, 1, 0, 0x08, "snp/platform"),
        PLATFORM("platform: CIPHERTEXT_HIDING", 0x040, 1, 0, 0x10, "snp/platform"),
        PLATFORM("platform: ALIAS_CHECK", 0x040, 1, 0, 0x20, "snp/platform"),
        {"platform: bit 6", 0x040, 1, 0, 0x40, STEP_ACCEPTED,
         "AMD documents no meaning, and real Turins set it"},
        PLATFORM("platform: TIO", 0x040, 1, 0, 0x80, "snp/platform"),
        UNUSED_FIELD("platform: bits 8 to 63", 0x041, 7, 0,
                     "bits that AMD may give a meaning later: a set names none"),
        IDENTITY("key: AUTHOR_KEY_EN", 0x048, 1, 0, 0x01, "snp/author-key"),
        {"key: MASK_CHIP_KEY", 0x048, 1, 0, 0x02, STEP_ACCEPTED,
         "it says that the id may be masked; here the id is there and compared"},
        {"key: signed by a VLEK", 0x048, 1, 0, 0x04, STEP_CHAIN, "snp/vek-kind"},
        DECODE("key: reserved signer", 0x048, 1, 0, 0x08, "snp/signingkey"),
        DECODE("key: not signed", 0x048, 1, 0, 0x1c, "snp/unsigned"),
        DECODE("key: reserved", 0x048, 4, 3, 0x80, "snp/reserved"),
        DECODE("reserved", 0x04c, 4, 0, 1, "snp/reserved"),
        {"report data", 0x050, 64, 63, 1, STEP_BINDING, "snp/report-data"},
        IDENTITY("measurement", 0x090, 48, 47, 1, "snp/measurement"),
        {"host data", 0x0c0, 32, 31, 1, STEP_MANIFEST, "snp/host-data"},
        IDENTITY("ID key digest", 0x0e0, 48, 0, 1, "snp/id-key"),
        IDENTITY("author key digest", 0x110, 48, 47, 1, "snp/author-key"),
        UNUSED_FIELD("report id", 0x140, 32, 0, "a random name of the guest; nobody refers to it"),
        PLATFORM("report id of a migration agent", 0x160, 32, 31, 1, "snp/migration"),
        {"reported TCB", 0x180, 8, 7, LESS, STEP_CHAIN, "snp/tcb-cert"},
        {"reported TCB: reserved", 0x180, 8, 4, 1, STEP_CHAIN, "snp/tcb-format"},
        {"CPUID family", 0x188, 1, 0, 3, STEP_CHAIN, "snp/product"}, /* 0x19 */
        {"CPUID model", 0x189, 1, 0, 0x40, STEP_CHAIN, "snp/product"},
        UNUSED_FIELD("CPUID stepping", 0x18a, 1, 0,
                     "a product line is one whatever its stepping; the advisor reads it"),
        DECODE("reserved", 0x18b, 21, 20, 1, "snp/reserved"),
        {"chip id", 0x1a0, 64, 0, 1, STEP_CHAIN, "snp/chipid-cert"},
        PLATFORM("committed TCB", 0x1e0, 8, 3, LESS, "snp/tcb-order"),
        PLATFORM("current build", 0x1e8, 1, 0, LESS, "snp/fw-min"),
        PLATFORM("current minor", 0x1e9, 1, 0, LESS, "snp/fw-min"),
        PLATFORM("current major", 0x1ea, 1, 0, LESS, "snp/fw-min"),
        DECODE("reserved", 0x1eb, 1, 0, 1, "snp/reserved"),
        PLATFORM("committed build", 0x1ec, 1, 0, LESS, "snp/fw-min"),
        PLATFORM("committed minor", 0x1ed, 1, 0, LESS, "snp/fw-min"),
        PLATFORM("committed major", 0x1ee, 1, 0, LESS, "snp/fw-min"),
        DECODE("reserved", 0x1ef, 1, 0, 1, "snp/reserved"),
        PLATFORM("launch TCB: FMC", 0x1f0, 8, 0, LESS, "snp/tcb-min"),
        PLATFORM("launch TCB: microcode", 0x1f0, 8, 7, LESS, "snp/tcb-min"),
        PLATFORM("launch mitigations", 0x1f8, 8, 0, 0x20, "snp/mitigation"),
        PLATFORM("current mitigations", 0x200, 8, 0, 0x20, "snp/mitigation"),
        DECODE("reserved", 0x208, 152, 151, 1, "snp/reserved"),
};

static const uint8_t family_id[16] = {1, 2, 3}, image_id[16] = {4, 5, 6};

/* A report that says something in every field, and a set that demands all of it. */
static void
fill_snp(struct snp_report *r, struct snp_reference *set, struct hash384 keys[2],
         struct snp_chip_id *chip)
{
	r->policy |= 1 << 8 | 31; /* ABI 1.31 */
	r->policy &= ~SNP_POLICY_SMT;
	r->policy |= SNP_POLICY_SINGLE_SOCKET | SNP_POLICY_MEM_AES_256_XTS | SNP_POLICY_RAPL_DIS |
	             SNP_POLICY_CIPHERTEXT_HIDING | SNP_POLICY_PAGE_SWAP_DISABLE;
	r->platform_info = SNP_PLATFORM_ECC | SNP_PLATFORM_RAPL_DIS |
	                   SNP_PLATFORM_CIPHERTEXT_HIDING | SNP_PLATFORM_ALIAS_CHECK;
	r->key_info |= SNP_KEY_AUTHOR_EN;
	r->guest_svn = 7;
	mem_copy(r->family_id, family_id, 16);
	mem_copy(r->image_id, image_id, 16);
	for (size_t i = 0; i < 48; i++) {
		keys[0].b[i] = r->id_key_digest[i] = (uint8_t)(i + 1);
		keys[1].b[i] = r->author_key_digest[i] = (uint8_t)(i + 101);
	}
	mem_copy(chip->b, r->chip_id, sizeof chip->b);
	*set = mint_reference(&mint, r);
	set->guest_policy = (struct snp_guest_policy){.abi_major = 1,
	                                              .abi_minor = 31,
	                                              .single_socket = true,
	                                              .mem_aes_256_xts = true,
	                                              .rapl_dis = true,
	                                              .ciphertext_hiding = true,
	                                              .page_swap_disable = true};
	set->platform_info = (struct snp_platform_info){.ecc = true,
	                                                .rapl_disabled = true,
	                                                .ciphertext_hiding = true,
	                                                .alias_check_complete = true};
	set->minimum_firmware = (struct snp_firmware){1, 55, 21};
	set->minimum_version = 5;
	set->minimum_mitigation = 0x3f;
	set->id_key_digest = &keys[0];
	set->author_key_digest = &keys[1];
	set->family_id = family_id;
	set->image_id = image_id;
	set->minimum_guest_svn = 7;
	set->chip_ids = chip;
	set->n_chip_ids = 1;
}

struct snp_bench {
	struct bench b;
	struct mint_leaf leaf;
	struct snp_report report;
	struct snp_reference set;
	struct hash384 keys[2];
	struct snp_chip_id chip;
	struct cert *vek;
	uint8_t wire[SNP_REPORT_SIZE];
};

static void
snp_bench_init(struct snp_bench *s)
{
	struct bench *b = &s->b;
	struct endorsements *e = &b->doc.endorsements;

	*s = (struct snp_bench){0};
	mint_authority(&mint, SNP_TURIN, SNP_SIGNED_VCEK);
	s->leaf = mint_leaf_default(&mint, SNP_SIGNED_VCEK);
	s->report = mint_report(&mint, &s->leaf, 5);
	fill_snp(&s->report, &s->set, s->keys, &s->chip);
	mint_sign(&mint, &s->report, s->wire);
	s->vek = mint_vek(&mint, &s->leaf);
	buf_add(&b->wire, s->wire, sizeof s->wire);
	b->doc.tee = TEE_SNP;
	b->doc.evidence = buf_view(&b->wire);
	e->certs[0] = cert_der(s->vek);
	e->certs[1] = cert_der(mint.ask);
	e->certs[2] = cert_der(mint.ark);
	e->n_certs = 3;
	mem_copy(b->policy.b, s->report.host_data, 32);
	mem_copy(b->expected, s->report.report_data, 64);
	b->policies = (struct policy_list){&b->policy, 1};
	b->refs = (struct reference_sets){.snp = &s->set, .n_snp = 1};
	b->rq = (struct evidence_request){.flags = EVIDENCE_THOROUGH,
	                                  .document = &b->doc,
	                                  .report_data = b->expected,
	                                  .references = &b->refs,
	                                  .policies = &b->policies,
	                                  .revocation = REVOCATION_OPTIONAL,
	                                  .now = MINT_NOW};
}

static void
snp_bench_done(struct snp_bench *s)
{
	cert_free(s->vek);
	buf_done(&s->b.wire);
}

static void
snp_fields_all(void **state)
{
	CLEANUP(snp_bench_done) struct snp_bench s;

	(void)state;
	snp_bench_init(&s);
	judge_rows(&s.b, snp_rows, COUNT_OF(snp_rows), SNP_SIGNED_SIZE);
}

/* A report that breaks everything: all of it is named, in the order of docs/evidence.md. */
static void
snp_order(void **state)
{
	static const char *const want[] = {
	        "snp/version-old", "snp/debug",       "snp/migration",  "snp/policy",
	        "snp/platform",    "snp/vmpl",        "snp/tcb-order",  "snp/tcb-min",
	        "snp/fw-min",      "snp/fw-min",      "snp/mitigation", "snp/mitigation",
	        "snp/chip",        "snp/measurement", "snp/id-key",     "snp/author-key",
	        "snp/guest-svn",   "snp/family-id",   "snp/image-id",
	};
	CLEANUP(snp_bench_done) struct snp_bench s;
	struct findings *all = mem_new(struct findings);
	struct evidence_result res;

	(void)state;
	snp_bench_init(&s);
	s.set.minimum_version = 6;
	s.set.minimum_tcb.microcode = 0;
	s.b.wire.p[0x00a] ^= 0x1c; /* no single socket, debug, migration */
	s.b.wire.p[0x040] ^= 0x20;
	s.b.wire.p[0x030] = 1;
	s.b.wire.p[0x038 + 7]--;
	s.b.wire.p[0x1f0 + 3]--;
	s.b.wire.p[0x1e8]--;
	s.b.wire.p[0x1ec]--;
	s.b.wire.p[0x1f8] ^= 1;
	s.b.wire.p[0x200] ^= 1;
	s.chip.b[5] ^= 1;
	s.b.wire.p[0x090] ^= 1;
	s.b.wire.p[0x0e0] ^= 1;
	s.b.wire.p[0x110] ^= 1;
	s.b.wire.p[0x004]--;
	s.b.wire.p[0x010] ^= 1;
	s.b.wire.p[0x020] ^= 1;
	s.b.rq.findings = all;
	evidence_verify(&s.b.rq, &res);
	assert_false(verdict_accepted(&res.verdict));
	assert_string_equal(res.verdict.reason, want[0]);
	assert_string_equal(res.verdict.expected, "6");
	assert_string_equal(res.verdict.got, "5");
	assert_int_equal(res.verdict.set, 0);
	for (size_t i = 0; i < MAX(all->n, COUNT_OF(want)); i++) {
		assert_true(i < COUNT_OF(want) && i < all->n);
		assert_string_equal(all->list[i].reason, want[i]);
		if (i > 0)
			assert_true(all->list[i].step >= all->list[i - 1].step);
	}
	mem_free(all);
}

/* ---- TDX: a quote of version 5 with a TD 1.5 body, which has every field ---- */

enum {
	BODY = 54,
	SIG = BODY + 648 + 4, /* behind the length */
	QE = SIG + 134,
	PEM_HEAD = SIG + 582 + 2 + 32,
};

static const struct row tdx_rows[] = {
        DECODE("version", 0, 2, 0, 2, "tdx/version"), /* 7 */
        DECODE("attestation key type", 2, 2, 0, 1, "tdx/keytype"),
        DECODE("TEE type: SGX", 4, 4, 0, 0x81, "tdx/tee"),
        UNUSED_FIELD("reserved (version 4: SVNs of QE and PCE)", 8, 4, 0,
                     "the PCK certificate and the QE report have these numbers signed"),
        DECODE("vendor of the QE", 12, 16, 15, 1, "tdx/vendor"),
        UNUSED_FIELD("user data", 28, 20, 0, "a name that the QE gives the platform"),
        DECODE("body type", 48, 2, 0, 1, "tdx/body"), /* 2 with the size of 3 */
        DECODE("body type 4", 48, 2, 0, 7, "tdx/body"),
        DECODE("body size", 50, 4, 0, 1, "tdx/body"),
        PLATFORM("TEE_TCB_SVN: module", BODY, 1, 0, 7, "tdx/tcb-status"), /* 2 */
        PLATFORM("TEE_TCB_SVN: module's version", BODY + 1, 1, 0, 0x40, "tdx/tcb-unsupported"),
        PLATFORM("TEE_TCB_SVN: loader", BODY + 2, 14, 0, 2, "tdx/tcb-unsupported"), /* 0 */
        IDENTITY("MRSEAM", BODY + 16, 48, 47, 1, "tdx/mrseam"),
        PLATFORM("MRSIGNERSEAM", BODY + 64, 48, 0, 1, "tdx/module"),
        PLATFORM("SEAMATTRIBUTES", BODY + 112, 8, 7, 0x80, "tdx/module"),
        PLATFORM("TDATTRIBUTES: DEBUG", BODY + 120, 8, 0, 1, "tdx/debug"),
        PLATFORM("TDATTRIBUTES: bit 7", BODY + 120, 8, 0, 0x80, "tdx/debug"),
        PLATFORM("TDATTRIBUTES: SEPT_VE_DISABLE", BODY + 120, 8, 3, 0x10, "tdx/attributes"),
        PLATFORM("TDATTRIBUTES: MIGRATABLE", BODY + 120, 8, 3, 0x20, "tdx/attributes"),
        PLATFORM("TDATTRIBUTES: reserved", BODY + 120, 8, 5, 1, "tdx/attributes"),
        PLATFORM("XFAM", BODY + 128, 8, 0, 4, "tdx/xfam"),
        {"XFAM: PKRU, CET, AMX", BODY + 128, 8, 1, 0x02, STEP_ACCEPTED,
         "they vary with the processor of the host, and harm nobody"},
        IDENTITY("MRTD", BODY + 136, 48, 0, 1, "tdx/mrtd"),
        {"MRCONFIGID: policy", BODY + 184, 32, 0, 1, STEP_MANIFEST, "tdx/configid"},
        {"MRCONFIGID: rest", BODY + 216, 16, 15, 1, STEP_MANIFEST, "tdx/configid"},
        IDENTITY("MROWNER", BODY + 232, 48, 47, 1, "tdx/owner"),
        IDENTITY("MROWNERCONFIG", BODY + 280, 48, 0, 1, "tdx/owner"),
        IDENTITY("RTMR0", BODY + 328, 48, 0, 1, "tdx/rtmr0"),
        IDENTITY("RTMR1", BODY + 376, 48, 0, 1, "tdx/rtmr1"),
        IDENTITY("RTMR2", BODY + 424, 48, 0, 1, "tdx/rtmr2"),
        IDENTITY("RTMR3", BODY + 472, 48, 47, 1, "tdx/rtmr3"),
        {"REPORTDATA", BODY + 520, 64, 63, 1, STEP_BINDING, "tdx/report-data"},
        PLATFORM("TEE_TCB_SVN2: module", BODY + 584, 1, 0, 7, "tdx/tcb-status"),
        PLATFORM("TEE_TCB_SVN2: version", BODY + 585, 1, 0, 0x40, "tdx/tcb-unsupported"),
        PLATFORM("TEE_TCB_SVN2: loader", BODY + 586, 14, 0, 2, "tdx/tcb-unsupported"),
        PLATFORM("MRSERVICETD", BODY + 600, 48, 0, 1, "tdx/servicetd"),
        DECODE("length of the signature", SIG - 4, 4, 0, LESS, "tdx/siglen"),
        UNUSED_FIELD("signature", SIG, 64, 0, "taken as good in this test; walked in test_tdx.c"),
        {"attestation key", SIG + 64, 64, 0, 1, STEP_SIGNATURE, "tdx/ak-binding"},
        DECODE("certification type", SIG + 128, 2, 0, 1, "tdx/certtype"),
        DECODE("its size", SIG + 130, 4, 0, 1, "tdx/siglen"),
        UNUSED_FIELD("QE: CPUSVN", QE, 16, 0, "the PCK certificate has the TCB signed by Intel"),
        {"QE: MISCSELECT", QE + 16, 4, 0, 1, STEP_CHAIN, "tdx/qe-identity"},
        UNUSED_FIELD("QE: reserved", QE + 20, 28, 0,
                     "signed by a PCK that Intel certifies; the identity names no value"),
        {"QE: ATTRIBUTES: DEBUG", QE + 48, 16, 0, 2, STEP_CHAIN, "tdx/qe-identity"},
        UNUSED_FIELD("QE: MRENCLAVE", QE + 64, 32, 0,
                     "Intel names its enclaves by signer, product and version"),
        UNUSED_FIELD("QE: reserved", QE + 96, 32, 0, "as above"),
        {"QE: MRSIGNER", QE + 128, 32, 0, 1, STEP_CHAIN, "tdx/qe-identity"},
        UNUSED_FIELD("QE: reserved", QE + 160, 96, 0, "as above"),
        {"QE: ISVPRODID", QE + 256, 2, 0, 1, STEP_CHAIN, "tdx/qe-identity"},
        PLATFORM("QE: ISVSVN", QE + 258, 2, 0, 6, "tdx/tcb-unsupported"), /* 0 */
        UNUSED_FIELD("QE: reserved", QE + 260, 60, 0, "as above"),
        {"QE: REPORTDATA", QE + 320, 32, 0, 1, STEP_SIGNATURE, "tdx/ak-binding"},
        {"QE: REPORTDATA's rest", QE + 352, 32, 31, 1, STEP_SIGNATURE, "tdx/ak-binding"},
        UNUSED_FIELD("QE: signature", QE + 384, 64, 0,
                     "taken as good in this test; walked in test_tdx.c"),
        DECODE("size of the authentication data", SIG + 582, 2, 1, 0x80, "tdx/siglen"),
        {"authentication data", SIG + 584, 32, 31, 1, STEP_SIGNATURE, "tdx/ak-binding"},
        DECODE("type of certificates", PEM_HEAD, 2, 0, 1, "tdx/certtype"),
        DECODE("their size", PEM_HEAD + 2, 4, 0, 1, "tdx/siglen"),
};

struct tdx_bench {
	struct bench b;
	struct arena arena;
	struct tdx_reference set;
	uint8_t mrtd[1][48], rtmr0[1][48];
};

static bool
tdx_bench_init(struct tdx_bench *t)
{
	static const char *const files[] = {"tdx/automata-dcap/0625_tcbinfov3_90C06F000000.json",
	                                    "tdx/automata-dcap/0625_qe_td.json",
	                                    "tdx/automata-dcap/solana_signing.der"};
	struct bench *b = &t->b;
	struct verdict v = {0};
	struct tdx_quote q;
	struct err err;

	*t = (struct tdx_bench){0};
	if (!vector_read("tdx/automata-dcap/alibaba_quote_5.dat", &b->wire))
		return false;
	mem_zero(b->wire.p + BODY + 600, 48); /* its service TD */
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		CLEANUP(buf_done) struct buf file = {0};

		assert_true(vector_read(files[i], &file));
		assert_ok(intake_endorsements(&t->arena, arena_copy(&t->arena, buf_view(&file)),
		                              &b->doc.endorsements, &err));
	}
	b->doc.tee = TEE_TDX;
	b->doc.evidence = buf_view(&b->wire);
	assert_true(is_ok(tdx_quote_parse(b->doc.evidence, &q, &v)));
	assert_int_equal(q.body, TDX_BODY_15);
	mem_copy(t->mrtd[0], q.mrtd.p, 48);
	mem_copy(t->rtmr0[0], q.rtmr[0].p, 48);
	t->set = (struct tdx_reference){.mrtd = (const uint8_t(*)[48])t->mrtd,
	                                .n_mrtd = 1,
	                                .has_mrseam = true,
	                                .rtmr0 = (const uint8_t(*)[48])t->rtmr0,
	                                .n_rtmr0 = 1,
	                                .xfam = q.xfam,
	                                .xfam_mask = TDX_XFAM_DEFAULT_MASK,
	                                .min_evaluation = 17};
	mem_copy(t->set.mrseam, q.mrseam.p, 48);
	for (size_t i = 1; i < TDX_RTMRS; i++) {
		t->set.has_rtmr[i] = true;
		mem_copy(t->set.rtmr[i], q.rtmr[i].p, 48);
	}
	mem_copy(b->policy.b, q.mrconfigid.p, 32);
	mem_copy(b->expected, q.report_data.p, 64);
	b->policies = (struct policy_list){&b->policy, 1};
	b->refs = (struct reference_sets){.tdx = &t->set, .n_tdx = 1};
	b->rq = (struct evidence_request){.flags = EVIDENCE_THOROUGH,
	                                  .document = &b->doc,
	                                  .report_data = b->expected,
	                                  .references = &b->refs,
	                                  .policies = &b->policies,
	                                  .revocation = REVOCATION_OPTIONAL};
	assert_true(time_parse(BYTES("2025-07-01T00:00:00Z"), &b->rq.now));
	return true;
}

static void
tdx_bench_done(struct tdx_bench *t)
{
	buf_done(&t->b.wire);
	arena_done(&t->arena);
}

static void
tdx_fields_all(void **state)
{
	CLEANUP(tdx_bench_done) struct tdx_bench t;

	(void)state;
	if (!tdx_bench_init(&t))
		skip();
	judge_rows(&t.b, tdx_rows, COUNT_OF(tdx_rows), PEM_HEAD + 6);
}

/* Without a list of policies the caller looks 32 bytes up; the other 16 must be nothing even so. */
static void
configid_without_list(void **state)
{
	static const struct row rows[] = {
	        {"MRCONFIGID: policy", BODY + 184, 32, 0, 1, STEP_ACCEPTED, "the caller's affair"},
	        {"MRCONFIGID: rest", BODY + 216, 16, 0, 1, STEP_MANIFEST, "tdx/configid"},
	        {"MRCONFIGID: rest", BODY + 216, 16, 15, 0x80, STEP_MANIFEST, "tdx/configid"},
	};
	static const struct row early = {"MRCONFIGID: rest", BODY + 216,    16, 7, 1,
	                                 STEP_EARLY,         "tdx/configid"};
	CLEANUP(tdx_bench_done) struct tdx_bench t;

	(void)state;
	if (!tdx_bench_init(&t))
		skip();
	t.b.rq.policies = NULL;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		judge_row(&t.b, &rows[i]);
	t.b.rq.flags = 0;
	judge_row(&t.b, &early);
}

static void
tdx_order(void **state)
{
	static const char *const want[] = {
	        "tdx/tcb-eval", "tdx/debug", "tdx/servicetd", "tdx/xfam",  "tdx/platform-config",
	        "tdx/mrtd",     "tdx/rtmr0", "tdx/rtmr1",     "tdx/rtmr2", "tdx/rtmr3",
	        "tdx/mrseam",   "tdx/owner", "tdx/owner",
	};
	CLEANUP(tdx_bench_done) struct tdx_bench t;
	struct findings *all = mem_new(struct findings);
	struct evidence_result res;

	(void)state;
	if (!tdx_bench_init(&t)) {
		mem_free(all);
		skip();
	}
	t.set.min_evaluation = 18;
	t.set.memory_integrity = true;
	t.b.wire.p[BODY + 120] ^= 1;
	t.b.wire.p[BODY + 600] ^= 1;
	t.b.wire.p[BODY + 128] ^= 4;
	for (size_t at = 136; at < 520; at += 48)
		t.b.wire.p[BODY + at] ^= at != 184;
	t.b.wire.p[BODY + 16] ^= 1;
	t.b.rq.findings = all;
	evidence_verify(&t.b.rq, &res);
	assert_string_equal(res.verdict.reason, want[0]);
	assert_string_equal(res.verdict.expected, "18");
	assert_string_equal(res.verdict.got, "17");
	for (size_t i = 0; i < MAX(all->n, COUNT_OF(want)); i++) {
		assert_true(i < COUNT_OF(want) && i < all->n);
		assert_string_equal(all->list[i].reason, want[i]);
	}
	mem_free(all);
}

static int
setup(void **state)
{
	(void)state;
	mint_init(&mint);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	mint_done(&mint);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(snp_fields_all),        cmocka_unit_test(snp_order),
	        cmocka_unit_test(tdx_fields_all),        cmocka_unit_test(tdx_order),
	        cmocka_unit_test(configid_without_list),
	};

	return cmocka_run_group_tests_name("evidence_fields", tests, setup, teardown);
}
