/* SPDX-License-Identifier: Apache-2.0 */
/* What the advisor says of a made-up fleet, and that a set with its minimum accepts all of it. */
#include "base/clock.h"
#include "evidence/advisor.h"
#include "evidence/intake.h"
#include "evidence/pool.h"
#include "mint.h"
#include "vectors.h"

#include <string.h>

static struct mint mint; /* RSA-4096: made once */

enum { MACHINES = 4 };

/* One machine of the fleet; all are Genoas of the mint, their sets trust its root. */
struct machine {
	struct mint_leaf leaf;
	struct snp_report report;
	uint8_t wire[SNP_REPORT_SIZE];
	struct cert *vek;
	struct document doc;
	struct advisor_item item;
	char name[16];
};

struct fleet {
	struct machine m[MACHINES];
	struct advisor_item items[MACHINES];
	struct snp_reference set;
	struct reference_sets refs;
	struct arena arena;
	struct value v;
};

static void
fleet_init(struct fleet *f)
{
	*f = (struct fleet){0};
	mint_authority(&mint, SNP_GENOA, SNP_SIGNED_VCEK);
	for (size_t i = 0; i < MACHINES; i++) {
		struct machine *m = &f->m[i];

		m->leaf = mint_leaf_default(&mint, SNP_SIGNED_VCEK);
		m->leaf.hwid[0] = (uint8_t)(0x10 + i);
		m->report = mint_report(&mint, &m->leaf, 5);
		snprintf(m->name, sizeof m->name, "m%zu", i);
	}
	f->set = mint_reference(&mint, &f->m[0].report);
	f->set.minimum_tcb = (struct snp_tcb){0, 10, 0, 23, 190};
	f->refs = (struct reference_sets){.snp = &f->set, .n_snp = 1};
}

/* The TCB of a machine everywhere: certificate, and all four of the report. */
static void
set_microcode(struct machine *m, uint8_t microcode)
{
	m->leaf.tcb.microcode = microcode;
	m->report.reported_tcb[7] = m->report.committed_tcb[7] = microcode;
	m->report.current_tcb[7] = m->report.launch_tcb[7] = microcode;
}

static void
fleet_run(struct fleet *f, bool count_unverified)
{
	struct advisor_request rq = {.items = f->items,
	                             .n = MACHINES,
	                             .references = &f->refs,
	                             .count_unverified = count_unverified,
	                             .now = MINT_NOW};
	struct err err;

	for (size_t i = 0; i < MACHINES; i++) {
		struct machine *m = &f->m[i];
		struct endorsements *e = &m->doc.endorsements;

		mint_sign(&mint, &m->report, m->wire);
		m->vek = mint_vek(&mint, &m->leaf);
		m->doc.tee = TEE_SNP;
		m->doc.evidence = bytes_of(m->wire, sizeof m->wire);
		e->certs[0] = cert_der(m->vek);
		e->certs[1] = cert_der(mint.ask);
		e->certs[2] = cert_der(mint.ark);
		e->n_certs = 3;
		f->items[i] = (struct advisor_item){m->name, &m->doc};
	}
	assert_ok(advisor_run(&f->arena, &rq, &f->v, &err));
}

static void
fleet_done(struct fleet *f)
{
	for (size_t i = 0; i < MACHINES; i++)
		cert_free(f->m[i].vek);
	arena_done(&f->arena);
}

/* "fleets.0.now.MinimumTCB.SNPVersion" */
static const struct value *
at(const struct value *v, const char *path)
{
	struct bytes p = bytes_str(path);

	for (size_t from = 0; v && from <= p.n;) {
		size_t end = MIN(bytes_find_byte(p, '.', from), p.n);
		struct bytes name = bytes_sub(p, from, end);

		v = json_is(v, VALUE_ARRAY) ? json_item(v, (size_t)(name.p[0] - '0'))
		                            : json_get_bytes(v, name);
		from = end + 1;
	}
	return v;
}

static void
expect_json(const struct fleet *f, const char *path, const char *want)
{
	CLEANUP(buf_done) struct buf got = {0};

	if (at(&f->v, path))
		json_write(at(&f->v, path), JSON_COMPACT, &got);
	if (!bytes_is(buf_view(&got), want))
		fail_msg("%s: %s, want %s", path, buf_cstr(&got), want);
}

static void
minimum_of_all(void **state)
{
	CLEANUP(fleet_done) struct fleet f;

	(void)state;
	fleet_init(&f);
	set_microcode(&f.m[1], 195);
	f.m[2].report.launch_tcb[6] = 21; /* launched before an update */
	f.m[2].report.current_build = 40; /* not committed yet */
	f.m[3].report.committed_build = 30;
	f.m[3].report.current_build = 30;
	fleet_run(&f, false);
	expect_json(&f, "fleets.0.counted", "4");
	expect_json(&f, "fleets.0.now",
	            "{\"ProductName\":\"Genoa\",\"MinimumTCB\":{\"BootloaderVersion\":10,"
	            "\"TEEVersion\":0,\"SNPVersion\":21,\"MicrocodeVersion\":195},"
	            "\"MinimumCommittedFirmware\":\"1.55.21\"}");
	expect_json(&f, "fleets.0.afterUpdate.MinimumTCB",
	            "{\"BootloaderVersion\":10,\"TEEVersion\":0,\"SNPVersion\":23,"
	            "\"MicrocodeVersion\":200}");
	expect_json(&f, "fleets.0.afterUpdate.MinimumCommittedFirmware", "\"1.55.30\"");
	expect_json(&f, "fleets.0.laggards", "[\"m0\",\"m1\",\"m2\"]"); /* m0: its firmware */
	expect_json(&f, "platforms.1.advice",
	            "[\"microcode 195 of 200, current firmware 1.55.21 of 1.55.30: update the "
	            "machine's firmware\"]");
	expect_json(
	        &f, "platforms.2.advice",
	        "[\"committed firmware 1.55.21 of 1.55.30: the host can still go back: let it "
	        "commit the firmware (SNP_COMMIT)\",\"SNP 21 of 23: the guest was launched before "
	        "the update: launch it anew\",\"SNP 21 of 23 (policy, snp[0]): below the policy's "
	        "floor: it is refused\"]");
	expect_json(&f, "platforms.3.advice", "[]");
	/* Parts in the order of the manifest: 3 is microcode. */
	expect_json(&f, "platforms.1.parts.3",
	            "{\"name\":\"microcode\",\"counts\":195,\"reported\":195,\"committed\":195,"
	            "\"launch\":195,\"current\":195,\"highest\":200,\"floor\":190,\"old\":true}");
	expect_json(&f, "platforms.0.parts.3.old", "false");
}

/* The figures are what they are said to be: a set with them takes all, one step more does not. */
static void
minimum_is_exact(void **state)
{
	CLEANUP(fleet_done) struct fleet f;
	static const struct {
		const char *path;
		size_t at;
	} parts[] = {
	        {"fleets.0.now.MinimumTCB.BootloaderVersion", offsetof(struct snp_tcb, bootloader)},
	        {"fleets.0.now.MinimumTCB.TEEVersion", offsetof(struct snp_tcb, tee)},
	        {"fleets.0.now.MinimumTCB.SNPVersion", offsetof(struct snp_tcb, snp)},
	        {"fleets.0.now.MinimumTCB.MicrocodeVersion", offsetof(struct snp_tcb, microcode)},
	};
	struct snp_tcb minimum;

	(void)state;
	fleet_init(&f);
	set_microcode(&f.m[1], 195);
	f.m[2].report.launch_tcb[6] = 21;
	f.m[3].report.committed_build = 7;
	fleet_run(&f, false);
	minimum = (struct snp_tcb){0};
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		uint64_t n;

		assert_true(json_u64(at(&f.v, parts[i].path), 255, &n));
		*((uint8_t *)&minimum + parts[i].at) = (uint8_t)n;
	}
	assert_true(snp_firmware_parse(json_text(at(&f.v, "fleets.0.now.MinimumCommittedFirmware")),
	                               &f.set.minimum_firmware));
	for (size_t change = 0; change <= COUNT_OF(parts) + 1; change++) {
		size_t refused = 0;

		f.set.minimum_tcb = minimum;
		if (change < COUNT_OF(parts))
			++*((uint8_t *)&f.set.minimum_tcb + parts[change].at);
		else if (change == COUNT_OF(parts))
			f.set.minimum_firmware.build++;
		for (size_t i = 0; i < MACHINES; i++) {
			struct evidence_request rq = {.scope = EVIDENCE_AUTHENTIC,
			                              .document = &f.m[i].doc,
			                              .references = &f.refs,
			                              .revocation = REVOCATION_OPTIONAL,
			                              .now = MINT_NOW};
			struct evidence_result res;

			evidence_verify(&rq, &res);
			refused += !verdict_accepted(&res.verdict);
		}
		if (change == COUNT_OF(parts))
			f.set.minimum_firmware.build--;
		if (change > COUNT_OF(parts))
			assert_int_equal(refused, 0);
		else
			assert_true(refused > 0);
	}
}

/* A forged report lowers nothing, also where unverified ones may count. */
static void
forged_does_not_count(void **state)
{
	(void)state;
	for (int unverified = 0; unverified < 2; unverified++) {
		CLEANUP(fleet_done) struct fleet f;

		fleet_init(&f);
		set_microcode(&f.m[1], 3);
		f.m[1].leaf.other_key = true; /* a leaf of the name, whose key did not sign */
		fleet_run(&f, unverified != 0);
		expect_json(&f, "platforms.1.authentic", "false");
		expect_json(&f, "platforms.1.counted", "false");
		expect_json(&f, "platforms.1.reason", "\"snp/signature\"");
		expect_json(&f, "fleets.0.counted", "3");
		expect_json(&f, "fleets.0.now.MinimumTCB.MicrocodeVersion", "200");
	}
}

/* Without its certificate a report counts only when that was asked for. */
static void
unverified(void **state)
{
	(void)state;
	for (int count = 0; count < 2; count++) {
		CLEANUP(fleet_done) struct fleet f;
		struct advisor_request rq;
		struct err err;

		fleet_init(&f);
		set_microcode(&f.m[1], 150);
		fleet_run(&f, false);
		f.m[1].doc.endorsements.n_certs = 0;
		rq = (struct advisor_request){.items = f.items,
		                              .n = MACHINES,
		                              .references = &f.refs,
		                              .count_unverified = count != 0,
		                              .now = MINT_NOW};
		assert_ok(advisor_run(&f.arena, &rq, &f.v, &err));
		expect_json(&f, "platforms.1.authentic", "false");
		expect_json(&f, "platforms.1.reason", "\"snp/vek-missing\"");
		expect_json(&f, "platforms.1.counted", count ? "true" : "false");
		expect_json(&f, "fleets.0.now.MinimumTCB.MicrocodeVersion", count ? "150" : "200");
	}
}

/* Models count their microcode apart: neither lowers the other, and sets need machines. */
static void
models_apart(void **state)
{
	CLEANUP(fleet_done) struct fleet f;

	(void)state;
	fleet_init(&f);
	set_microcode(&f.m[2], 25);
	f.m[2].report.cpuid_model = 0xa0;
	fleet_run(&f, false);
	expect_json(&f, "fleets.0.counted", "3");
	expect_json(&f, "fleets.0.now.MinimumTCB.MicrocodeVersion", "200");
	expect_json(&f, "fleets.1.model", "\"family 0x19 model 0xa0 stepping 0\"");
	expect_json(&f, "fleets.1.now.MinimumTCB.MicrocodeVersion", "25");
	assert_int_equal(at(&f.v, "fleets.1.AllowedChipIDs")->n, 1);
	assert_int_equal(at(&f.v, "fleets.0.AllowedChipIDs")->n, 3);
}

/* ---- a pool: everything of everybody, and each takes its own ---- */

static void
add_vector(struct arena *a, struct pool *p, const char *name)
{
	CLEANUP(buf_done) struct buf b = {0};
	struct endorsements e = {0};
	struct err err;

	if (!vector_read(name, &b))
		skip();
	assert_ok(intake_endorsements(a, arena_copy(a, buf_view(&b)), &e, &err));
	assert_ok(pool_add(p, &e, &err));
}

static void
each_takes_its_own(void **state)
{
	static const char *const endorsements[] = {
	        "snp/go-sev-guest/ask_ark_milan.pem",
	        "snp/go-sev-guest/ask_ark_milan_vlek.pem",
	        "snp/go-sev-guest/ask_ark_genoa.pem",
	        "snp/go-sev-guest/ask_ark_genoa_vlek.pem",
	        "snp/go-sev-guest/ask_ark_turin_vcek.pem",
	        "snp/go-sev-guest/ask_ark_turin_vlek.pem",
	        "snp/ms-tav/milan_vcek.pem",
	        "snp/ms-tav/genoa_vcek.pem",
	        "snp/ms-tav/turin_vcek.pem",
	        "snp/go-sev-guest/vcek.testcer",
	        "snp/automata-snp-sdk/output.vek.der",
	        "tdx/automata-dcap/0625_tcbinfov3_90C06F000000.json",
	        "tdx/automata-dcap/0625_tcbinfov3_00806f050000.json",
	        "tdx/automata-dcap/0625_qe_td.json",
	        "tdx/automata-dcap/1025_tcb_info.json",
	        "tdx/automata-dcap/1025_identity.json",
	        "tdx/automata-dcap/solana_tcb_info_v3_with_tdx_module.json",
	        "tdx/automata-dcap/solana_qe_identity.json",
	        "tdx/automata-dcap/solana_pck_platform_crl.der",
	        "tdx/automata-dcap/solana_intel_root_ca_crl.der",
	        "tdx/automata-dcap/0825_platform_crl.der",
	        "tdx/automata-dcap/1025_pck_crl.der",
	        "tdx/go-tdx-guest/pckcrl",
	        "tdx/go-tdx-guest/rootcrl.der",
	        "tdx/trustee/tcbInfo.json",
	        "tdx/trustee/enclaveIdentity.json",
	        "tdx/automata-dcap/solana_signing.der",
	};
	static const struct {
		const char *evidence, *time, *reason; /* "" accepted */
		enum revocation_state revocation;
	} rows[] = {
	        {"snp/ms-tav/milan_attestation_report.bin", "2026-11-24T00:00:00Z", "", 0},
	        {"snp/ms-tav/genoa_attestation_report.bin", "2026-11-24T00:00:00Z", "", 0},
	        {"snp/ms-tav/turin_attestation_report.bin", "2026-11-24T00:00:00Z", "", 0},
	        {"snp/automata-snp-sdk/report.bin", "2026-11-24T00:00:00Z", "", 0},
	        {"tdx/automata-dcap/alibaba_quote_5.dat", "2025-07-01T00:00:00Z", "tdx/crl-expired",
	         0},
	        {"tdx/automata-dcap/quotev4.bin", "2025-07-20T00:00:00Z", "", REVOCATION_CHECKED},
	        {"tdx/automata-dcap/quotev4.bin", "2025-10-20T00:00:00Z", "", REVOCATION_CHECKED},
	        {"tdx/trustee/tdx_quote_6.dat", "2025-11-01T00:00:00Z", "", REVOCATION_CHECKED},
	        {"tdx/dcap-qvl/tdx_quote", "2025-07-20T00:00:00Z", "tdx/fmspc", 0},
	};
	CLEANUP(arena_done) struct arena a = {0};
	struct pool p = {.arena = &a};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(endorsements); i++)
		add_vector(&a, &p, endorsements[i]);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_done) struct buf b = {0};
		struct evidence_result res;
		struct document d;
		struct evidence_request rq = {.scope = EVIDENCE_AUTHENTIC,
		                              .document = &d,
		                              .revocation = REVOCATION_OPTIONAL};
		struct err err;

		assert_true(vector_read(rows[i].evidence, &b));
		assert_true(time_parse(bytes_str(rows[i].time), &rq.now));
		assert_ok(intake_evidence(&a, buf_view(&b), &d, &err));
		pool_select(&p, &d, rq.now, &d.endorsements);
		evidence_verify(&rq, &res);
		/* Its leaf and its chains, and no other machine's: what is missing is named by
		 * them. */
		if (tee_hardware(d.tee) == TEE_SNP)
			assert_true(d.endorsements.n_certs >= 3 && d.endorsements.n_certs <= 4);
		if (strcmp(res.verdict.reason, rows[i].reason) != 0)
			fail_msg("%s at %s: %s (%s)", rows[i].evidence, rows[i].time,
			         res.verdict.reason, res.verdict.detail);
		if (rows[i].revocation == REVOCATION_CHECKED)
			assert_int_equal(res.verdict.revocation, REVOCATION_CHECKED);
	}
}

/* TDX: parts by Intel's names, levels with date and advisories, evaluation as the figure. */
static void
intel_levels(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf old = {0}, good = {0};
	struct pool p = {.arena = &a};
	struct document d[2];
	struct advisor_item items[2];
	static struct fleet f;
	struct advisor_request rq = {.items = items, .n = 2};
	struct err err;

	(void)state;
	add_vector(&a, &p, "tdx/automata-dcap/0625_tcbinfov3_00806f050000.json");
	add_vector(&a, &p, "tdx/automata-dcap/0625_qe_td.json");
	add_vector(&a, &p, "tdx/automata-dcap/solana_signing.der");
	assert_true(time_parse(BYTES("2025-07-01T00:00:00Z"), &rq.now));
	assert_true(vector_read("tdx/trustee/evidence-v0.td-quote.bin", &old) &&
	            vector_read("tdx/go-tdx-guest/cos-113-tdx-quote.dat", &good));
	for (size_t i = 0; i < 2; i++) {
		assert_ok(intake_evidence(&a, buf_view(i ? &good : &old), &d[i], &err));
		pool_select(&p, &d[i], rq.now, &d[i].endorsements);
		items[i] = (struct advisor_item){i ? "good" : "old", &d[i]};
	}
	assert_ok(advisor_run(&a, &rq, &f.v, &err));
	expect_json(&f, "platforms.0.status", "\"OutOfDate\"");
	expect_json(&f, "platforms.0.levelDate", "\"2023-08-09T00:00:00Z\"");
	expect_json(&f, "platforms.0.advisories.0", "\"INTEL-SA-00960\"");
	expect_json(&f, "platforms.0.evaluation", "17");
	expect_json(&f, "platforms.0.parts.0",
	            "{\"name\":\"SGX component 1, Early Microcode Update (BIOS)\",\"counts\":6,"
	            "\"newest\":7,\"highest\":7,\"old\":true}");
	expect_json(&f, "platforms.1.status", "\"UpToDate\"");
	expect_json(&f, "fleets.0.now", "{\"MinTCBEvaluationDataNumber\":17}");
	expect_json(&f, "fleets.0.laggards", "[\"old\"]");
	expect_json(&f, "fleets.0.upToDate", "1");
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
	        cmocka_unit_test(minimum_of_all),        cmocka_unit_test(minimum_is_exact),
	        cmocka_unit_test(forged_does_not_count), cmocka_unit_test(unverified),
	        cmocka_unit_test(models_apart),          cmocka_unit_test(each_takes_its_own),
	        cmocka_unit_test(intel_levels),
	};

	return cmocka_run_group_tests_name("evidence_advisor", tests, setup, teardown);
}
