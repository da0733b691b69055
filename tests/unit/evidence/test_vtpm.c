/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole pipeline over evidence of a made-up paravisor on a made-up AMD: one
 * thing wrong a row, its step and its reason; every bit, every truncation.
 */
#include "base/text.h"
#include "evidence/azure/vtpm.h"
#include "mint.h"
#include "mint_vtpm.h"
#include "unit.h"

#include <string.h>

static struct mint mint;       /* RSA-4096: made once */
static struct mint_vtpm vtpm;  /* RSA-2048 */
static struct mint_vtpm other; /* of another guest */

static int
set_up(void **state)
{
	(void)state;
	mint_init(&mint);
	mint_vtpm_init(&vtpm, 2048);
	mint_vtpm_init(&other, 3072);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	mint_done(&mint);
	mint_vtpm_done(&vtpm);
	mint_vtpm_done(&other);
	return 0;
}

/* Everything of one verification, sound until a row changes something. */
struct bench {
	struct mint_leaf leaf;
	struct snp_report report;
	struct snp_reference set;
	struct pcr_set pcrs;
	struct hash256 policy;
	struct policy_list policies;
	struct reference_sets refs;
	struct document doc;
	struct evidence_request rq;
	struct mint_quote quote;
	const struct mint_vtpm *signer;
	struct hash256 bound;
	uint8_t session[64];
	uint8_t wire[SNP_REPORT_SIZE];
	uint8_t registers[VTPM_PCRS_SIZE];
	struct buf runtime, message, signature, crl;
	struct cert *vek;
	bool keep_report_data, keep_early;
};

static void
name_registers(struct bench *b)
{
	static const unsigned int named[] = {0, 4, 7, 9, 11};

	for (size_t i = 0; i < COUNT_OF(named); i++) {
		b->pcrs.named |= 1u << named[i];
		b->pcrs.value[named[i]] = b->quote.pcrs[named[i]];
	}
	b->set.pcrs = &b->pcrs;
}

static void
bench_init(struct bench *b)
{
	*b = (struct bench){.signer = &vtpm};
	mint_authority(&mint, SNP_GENOA, SNP_SIGNED_VCEK);
	b->leaf = mint_leaf_default(&mint, SNP_SIGNED_VCEK);
	b->report = mint_report(&mint, &b->leaf, 3);
	mem_zero(b->report.host_data, sizeof b->report.host_data);
	b->set = mint_reference(&mint, &b->report);
	b->policy = sha256(BYTES("initdata"));
	b->policies = (struct policy_list){&b->policy, 1};
	mem_copy(b->session, "what this session is bound to", 29);
	b->bound = binding_vtpm(b->session);
	b->quote = mint_quote_default(hash256_view(&b->bound), hash256_view(&b->policy));
	name_registers(b);
	b->refs = (struct reference_sets){.snp = &b->set, .n_snp = 1};
	buf_bytes(&b->runtime, buf_view(&vtpm.runtime));
	b->rq = (struct evidence_request){
	        .document = &b->doc,
	        .report_data = b->session,
	        .references = &b->refs,
	        .policies = &b->policies,
	        .now = MINT_NOW,
	};
}

/* Signs, quotes and puts the document together. */
static void
bench_seal(struct bench *b)
{
	struct endorsements *e = &b->doc.endorsements;
	struct hash256 h = sha256(buf_view(&b->runtime));

	if (!b->keep_report_data) {
		mem_zero(b->report.report_data, 64);
		mem_copy(b->report.report_data, h.b, sizeof h.b);
	}
	mint_sign(&mint, &b->report, b->wire);
	mint_quote_message(&b->quote, &b->message);
	mint_quote_sign(b->signer, &b->quote, buf_view(&b->message), &b->signature);
	for (size_t i = 0; i < TPM_PCRS; i++)
		if (b->quote.selected >> i & 1)
			mem_copy(b->registers + 32 * i, b->quote.pcrs[i].b, 32);
	b->vek = mint_vek(&mint, &b->leaf);
	mint_crl(&mint, false, MINT_NOW - MINT_DAY, MINT_NOW + MINT_DAY, &b->crl);
	b->doc.tee = TEE_SNP_VTPM;
	b->doc.evidence = bytes_of(b->wire, sizeof b->wire);
	b->doc.vtpm.runtime = buf_view(&b->runtime);
	b->doc.vtpm.message = buf_view(&b->message);
	b->doc.vtpm.signature = buf_view(&b->signature);
	b->doc.vtpm.pcrs = bytes_of(b->registers, sizeof b->registers);
	e->certs[e->n_certs++] = cert_der(mint.ark);
	e->certs[e->n_certs++] = cert_der(b->vek);
	e->certs[e->n_certs++] = cert_der(mint.ask);
	e->crls[e->n_crls++] = buf_view(&b->crl);
}

static void
bench_done(struct bench *b)
{
	cert_free(b->vek);
	buf_done(&b->crl);
	buf_done(&b->runtime);
	buf_done(&b->message);
	buf_done(&b->signature);
}

static void
expect(const struct bench *b, const char *name, enum verdict_step step, const char *reason)
{
	struct evidence_result res;

	evidence_verify(&b->rq, &res);
	if (res.verdict.step != step || strcmp(res.verdict.reason, reason) != 0)
		fail_msg("%s: got %s %s (%s), want %s %s", name,
		         verdict_step_name(res.verdict.step), res.verdict.reason,
		         res.verdict.detail, verdict_step_name(step), reason);
	if (step == STEP_ACCEPTED && b->rq.policies) {
		assert_memory_equal(res.policy.b, b->policy.b, 32);
		assert_int_equal(res.policy_index, 0);
	} else if (step != STEP_ACCEPTED) {
		assert_true(bytes_all_zero(hash256_view(&res.policy)));
		assert_int_equal(res.policy_index, -1);
	}
}

static void
sound_evidence_is_accepted(void **state)
{
	(void)state;
	for (int pss = 0; pss < 2; pss++) {
		for (unsigned int flags = 0; flags <= EVIDENCE_THOROUGH; flags++) {
			CLEANUP(bench_done) struct bench b;

			bench_init(&b);
			b.quote.pss = pss;
			b.rq.flags = flags;
			bench_seal(&b);
			expect(&b, "sound", STEP_ACCEPTED, "");
			/* The document says which policy it is: the caller needs no list then. */
			b.doc.vtpm.policy = hash256_view(&b.policy);
			expect(&b, "policy named", STEP_ACCEPTED, "");
			b.rq.policies = NULL;
			expect(&b, "no list", STEP_ACCEPTED, "");
			b.doc.vtpm.policy = (struct bytes){NULL, 0};
			expect(&b, "neither", flags ? STEP_MANIFEST : STEP_EARLY, "tpm/policy");
		}
	}
}

/* ---- one thing wrong ---- */

static struct hash256 another_policy, another_register;
static uint8_t long_nonce[TPM_EXTRA_MAX + 1];

struct row {
	const char *name;
	void (*change)(struct bench *b);
	enum verdict_step step, early; /* thorough, and with cheap checks first */
	const char *reason;
};

static void
other_runtime(struct bench *b)
{
	b->keep_report_data = true;
}
static void
runtime_of_another_guest(struct bench *b)
{
	buf_reset(&b->runtime);
	buf_bytes(&b->runtime, buf_view(&other.runtime));
}
static void
other_signer(struct bench *b)
{
	b->signer = &other;
}
static void
signed_with_sha1(struct bench *b)
{
	b->quote.sha1 = true;
}
static void
other_session(struct bench *b)
{
	b->session[0] ^= 1;
}
static void
raw_report_data(struct bench *b)
{
	/* The 64 bytes themselves: a TPM with SHA-512 would take them, and it is another meaning.
	 */
	b->quote.extra = bytes_of(b->session, sizeof b->session);
}
static void
no_extra_data(struct bench *b)
{
	b->quote.extra = (struct bytes){NULL, 0};
}
static void
extra_data_too_long(struct bench *b)
{
	b->quote.extra = bytes_of(long_nonce, sizeof long_nonce);
}
static void
not_by_a_tpm(struct bench *b)
{
	b->quote.magic ^= 1;
}
static void
a_certified_key(struct bench *b)
{
	b->quote.type = 0x8017;
}
static void
sha1_bank(struct bench *b)
{
	b->quote.bank = 0x0004;
}
static void
two_banks(struct bench *b)
{
	b->quote.banks = 2;
}
static void
other_kernel(struct bench *b)
{
	b->quote.pcrs[9].b[0] ^= 1;
}
static void
register_not_quoted(struct bench *b)
{
	b->quote.selected &= ~(1u << 9);
}
static void
policy_not_quoted(struct bench *b)
{
	b->quote.selected &= ~(1u << PCR_POLICY);
}
static void
nothing_quoted(struct bench *b)
{
	b->quote.selected = 0;
}
static void
other_policy(struct bench *b)
{
	b->policies.items = &another_policy;
}
static void
policy_extended_twice(struct bench *b)
{
	b->quote.pcrs[PCR_POLICY] = another_register;
}
static void
policy_is_the_register(struct bench *b)
{
	/* The register holds the hash itself: nobody extended it so. */
	b->quote.pcrs[PCR_POLICY] = b->policy;
}
static void
policy_claimed_wrongly(struct bench *b)
{
	b->doc.vtpm.policy = hash256_view(&another_policy);
}
static void
set_without_registers(struct bench *b)
{
	b->set.pcrs = NULL;
}
static void
set_with_no_register(struct bench *b)
{
	b->pcrs.named = 0;
}
static void
other_paravisor(struct bench *b)
{
	b->report.measurement[0] ^= 1;
}
static void
report_by_the_guest(struct bench *b)
{
	b->report.vmpl = 2;
}
static void
debug_guest(struct bench *b)
{
	b->report.policy |= SNP_POLICY_DEBUG;
}
static void
no_key(struct bench *b)
{
	buf_reset(&b->runtime);
	mint_vtpm_runtime(&vtpm, "AkPub", &b->runtime);
}
static void
two_keys(struct bench *b)
{
	buf_reset(&b->runtime);
	/* Of the two keys of one name none is the one. */
	buf_str(&b->runtime, "{\"keys\":[");
	for (int i = 0; i < 2; i++) {
		struct bytes key = bytes_sub(buf_view(&vtpm.runtime), 9, SIZE_MAX);

		buf_printf(&b->runtime, "%s", i ? "," : "");
		buf_bytes(&b->runtime, bytes_sub(key, 0, bytes_find(key, BYTES("}"), 0) + 1));
	}
	buf_str(&b->runtime, "]}");
}
static void
runtime_too_long(struct bench *b)
{
	buf_zeros(&b->runtime, VTPM_RUNTIME_MAX);
}

static const struct row rows[] = {
        {"the report vouches for other data", other_runtime, STEP_SIGNATURE, STEP_EARLY,
         "tpm/runtime"},
        {"runtime data of another guest", runtime_of_another_guest, STEP_SIGNATURE, STEP_SIGNATURE,
         "tpm/signature"},
        {"signed by another TPM", other_signer, STEP_SIGNATURE, STEP_SIGNATURE, "tpm/signature"},
        {"signed with SHA-1", signed_with_sha1, STEP_SIGNATURE, STEP_SIGNATURE, "tpm/signature"},
        {"another session", other_session, STEP_BINDING, STEP_EARLY, "tpm/nonce"},
        {"report data as extra data", raw_report_data, STEP_BINDING, STEP_EARLY, "tpm/nonce"},
        {"no extra data", no_extra_data, STEP_BINDING, STEP_EARLY, "tpm/nonce"},
        {"extra data over the limit", extra_data_too_long, STEP_DECODE, STEP_DECODE, "tpm/size"},
        {"not made by a TPM", not_by_a_tpm, STEP_DECODE, STEP_DECODE, "tpm/magic"},
        {"a TPM's word on a key", a_certified_key, STEP_DECODE, STEP_DECODE, "tpm/type"},
        {"SHA-1 bank", sha1_bank, STEP_DECODE, STEP_DECODE, "tpm/selection"},
        {"two banks", two_banks, STEP_DECODE, STEP_DECODE, "tpm/selection"},
        {"another kernel", other_kernel, STEP_IDENTITY, STEP_IDENTITY, "tpm/pcr"},
        {"a named register is not quoted", register_not_quoted, STEP_IDENTITY, STEP_IDENTITY,
         "tpm/pcr"},
        {"policy register not quoted", policy_not_quoted, STEP_MANIFEST, STEP_EARLY, "tpm/policy"},
        {"nothing quoted", nothing_quoted, STEP_IDENTITY, STEP_EARLY, NULL},
        {"another policy", other_policy, STEP_MANIFEST, STEP_EARLY, "tpm/policy"},
        {"policy register extended twice", policy_extended_twice, STEP_MANIFEST, STEP_EARLY,
         "tpm/policy"},
        {"policy register is the hash", policy_is_the_register, STEP_MANIFEST, STEP_EARLY,
         "tpm/policy"},
        {"another policy claimed", policy_claimed_wrongly, STEP_MANIFEST, STEP_EARLY, "tpm/policy"},
        {"a set without registers", set_without_registers, STEP_IDENTITY, STEP_IDENTITY,
         "tpm/no-reference"},
        {"a set that names none", set_with_no_register, STEP_IDENTITY, STEP_IDENTITY,
         "tpm/no-reference"},
        {"another paravisor", other_paravisor, STEP_IDENTITY, STEP_EARLY, "snp/measurement"},
        {"report of a lower level", report_by_the_guest, STEP_SIGNATURE, STEP_SIGNATURE,
         "snp/vmpl"},
        {"debug", debug_guest, STEP_PLATFORM, STEP_PLATFORM, "snp/debug"},
        {"no key of that name", no_key, STEP_DECODE, STEP_DECODE, "tpm/key"},
        {"two keys of that name", two_keys, STEP_DECODE, STEP_DECODE, "tpm/key"},
        {"runtime data over the limit", runtime_too_long, STEP_DECODE, STEP_DECODE, "tpm/size"},
};

static void
rejections(void **state)
{
	(void)state;
	another_policy = sha256(BYTES("another"));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (unsigned int flags = 0; flags <= EVIDENCE_THOROUGH; flags++) {
			CLEANUP(bench_done) struct bench b;
			uint8_t twice[64];

			bench_init(&b);
			mem_copy(twice, b.quote.pcrs[PCR_POLICY].b, 32);
			mem_copy(twice + 32, b.policy.b, 32);
			another_register = sha256(bytes_of(twice, sizeof twice));
			/* What follows the change in a sound guest stays as it was. */
			rows[i].change(&b);
			b.rq.flags = flags;
			bench_seal(&b);
			expect(&b, rows[i].name, flags ? rows[i].step : rows[i].early,
			       rows[i].reason ? rows[i].reason
			       : flags        ? "tpm/pcr"
			                      : "tpm/policy");
		}
	}
}

/* A document without its quote proves nothing fresh: for people who look at a file only. */
static void
report_alone(void **state)
{
	CLEANUP(bench_done) struct bench b;

	(void)state;
	bench_init(&b);
	bench_seal(&b);
	b.doc.vtpm = (struct vtpm){.runtime = buf_view(&b.runtime)};
	expect(&b, "full", STEP_DECODE, "tpm/missing");
	b.rq.scope = EVIDENCE_AUTHENTIC;
	expect(&b, "session", STEP_EARLY, "tpm/missing");
	b.rq.report_data = NULL;
	b.rq.policies = NULL;
	expect(&b, "set", STEP_IDENTITY, "tpm/missing");
	/* Under AMD's own root and without a set it is authentic: test_intake.c has one. */
	b.set.pcrs = NULL;
	expect(&b, "set without registers", STEP_IDENTITY, "tpm/no-reference");
	b.rq.nonce = BYTES("nonce");
	expect(&b, "nonce", STEP_EARLY, "tpm/missing");
}

/* Evidence of one kind does not satisfy a set for the other, nor pass for the other. */
static void
kinds_do_not_mix(void **state)
{
	CLEANUP(bench_done) struct bench b;

	(void)state;
	bench_init(&b);
	bench_seal(&b);
	b.doc.tee = TEE_SNP;
	expect(&b, "as a bare report", STEP_EARLY, "snp/report-data");
	b.rq.report_data = b.report.report_data;
	b.rq.policies = NULL;
	expect(&b, "bare under a set with registers", STEP_IDENTITY, "tpm/missing");
	b.rq.nonce = BYTES("nonce");
	expect(&b, "nonce of a bare report", STEP_NOT_EVALUATED, "tpm/missing");
	b.doc.tee = TEE_SNP_VTPM;
	b.rq.report_data = b.session;
	b.rq.policies = &b.policies;
	expect(&b, "a nonce decides nothing", STEP_NOT_EVALUATED, "request/incomplete");
	b.rq.nonce = (struct bytes){NULL, 0};
	expect(&b, "sound", STEP_ACCEPTED, "");
	b.doc.tee = TEE_TDX_VTPM;
	expect(&b, "as a TD's", STEP_DECODE, "tdx/tee");
	b.doc.tee = (enum tee)5;
	expect(&b, "no kind", STEP_DECODE, "evidence/type");
}

static void
nonces(void **state)
{
	CLEANUP(bench_done) struct bench b;

	(void)state;
	bench_init(&b);
	b.quote.extra = bytes_of(long_nonce, TPM_EXTRA_MAX); /* the limit */
	bench_seal(&b);
	b.rq.scope = EVIDENCE_AUTHENTIC;
	b.rq.report_data = NULL;
	expect(&b, "no nonce asked for", STEP_ACCEPTED, "");
	b.rq.nonce = b.quote.extra;
	expect(&b, "this nonce", STEP_ACCEPTED, "");
	b.rq.nonce = bytes_sub(b.quote.extra, 0, TPM_EXTRA_MAX - 1);
	expect(&b, "a part of it", STEP_EARLY, "tpm/nonce");
	b.rq.flags = EVIDENCE_THOROUGH;
	expect(&b, "a part of it, thorough", STEP_BINDING, "tpm/nonce");
}

/* The closest of several sets, with all that differs in it. */
static void
closest_set(void **state)
{
	CLEANUP(bench_done) struct bench b;
	struct findings *all = mem_new(struct findings);
	struct snp_reference sets[3];
	struct pcr_set pcrs;
	struct evidence_result res;

	(void)state;
	bench_init(&b);
	pcrs = b.pcrs;
	pcrs.value[4].b[0] ^= 1;
	pcrs.value[11].b[0] ^= 1;
	sets[0] = sets[1] = sets[2] = b.set;
	sets[0].pcrs = NULL;
	sets[0].guest_policy.smt = false;
	sets[1].pcrs = &pcrs;
	sets[1].measurement.b[0] ^= 1;
	sets[2].pcrs = &pcrs;
	b.refs = (struct reference_sets){.snp = sets, .n_snp = 3};
	bench_seal(&b);
	b.rq.findings = all;
	b.rq.flags = EVIDENCE_THOROUGH;
	evidence_verify(&b.rq, &res);
	assert_int_equal(res.verdict.set, 2);
	assert_string_equal(res.verdict.reason, "tpm/pcr");
	assert_string_equal(res.verdict.detail, "register 4 differs");
	assert_int_equal(all->n, 2);
	assert_string_equal(all->list[1].detail, "register 11 differs");
	mem_free(all);
}

/* ---- every bit, every length ---- */

static void
flip_all(struct bench *b, const char *part, struct bytes bytes, size_t step)
{
	uint8_t *p = (uint8_t *)(uintptr_t)bytes.p;

	for (size_t bit = 0; bit < bytes.n * 8; bit += step) {
		struct evidence_result res;

		p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		evidence_verify(&b->rq, &res);
		if (verdict_accepted(&res.verdict) || res.verdict.step == STEP_NOT_EVALUATED)
			fail_msg("%s: bit %zu: %s", part, bit, verdict_step_name(res.verdict.step));
		p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

static void
cut_all(struct bench *b, const char *part, struct bytes *bytes)
{
	struct bytes whole = *bytes;

	for (size_t n = 0; n < whole.n; n++) {
		struct evidence_result res;

		*bytes = bytes_sub(whole, 0, n);
		evidence_verify(&b->rq, &res);
		if (verdict_accepted(&res.verdict))
			fail_msg("%s: %zu of %zu bytes are accepted", part, n, whole.n);
	}
	*bytes = whole;
}

/*
 * Nothing here is unsigned: report, runtime data, message, signature and registers. With the
 * cheap checks first, so that most of it costs hashes; then a part thoroughly.
 */
static void
every_bit(void **state)
{
	bool full = getenv("CONTRAST_WALK") != NULL;
	CLEANUP(bench_done) struct bench b;
	struct snp_cache *cache = snp_cache_new();

	(void)state;
	bench_init(&b);
	bench_seal(&b);
	b.rq.cache = cache;
	for (unsigned int flags = 0; flags <= EVIDENCE_THOROUGH; flags++) {
		size_t step = full ? 1 : flags ? 37 : 1;

		b.rq.flags = flags;
		/* Each bit of the report costs a P-384 signature. */
		flip_all(&b, "report", b.doc.evidence, full ? 1 : 41);
		flip_all(&b, "runtime data", b.doc.vtpm.runtime, step);
		flip_all(&b, "message", b.doc.vtpm.message, full ? 1 : 7);
		flip_all(&b, "signature", b.doc.vtpm.signature, full ? 1 : 31);
		flip_all(&b, "registers", b.doc.vtpm.pcrs, step);
	}
	b.rq.flags = 0;
	cut_all(&b, "report", &b.doc.evidence);
	cut_all(&b, "runtime data", &b.doc.vtpm.runtime);
	cut_all(&b, "message", &b.doc.vtpm.message);
	cut_all(&b, "registers", &b.doc.vtpm.pcrs);
	for (size_t n = 1; n < 3; n++) {
		struct bytes whole = b.doc.vtpm.signature;

		b.doc.vtpm.signature = bytes_sub(whole, 0, whole.n - n);
		expect(&b, "cut signature", STEP_SIGNATURE, "tpm/signature");
		b.doc.vtpm.signature = whole;
	}
	b.doc.vtpm.signature = (struct bytes){NULL, 0};
	expect(&b, "no signature", STEP_SIGNATURE, "tpm/signature");
	snp_cache_free(cache);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(sound_evidence_is_accepted),
	        cmocka_unit_test(rejections),
	        cmocka_unit_test(report_alone),
	        cmocka_unit_test(kinds_do_not_mix),
	        cmocka_unit_test(nonces),
	        cmocka_unit_test(closest_set),
	        cmocka_unit_test(every_bit),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
