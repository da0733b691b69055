/* SPDX-License-Identifier: Apache-2.0 */
/* The whole pipeline over reports of a made-up AMD: one thing wrong a row, its step and its reason.
 */
#include "base/text.h"
#include "evidence/snp/roots.h"
#include "snp_bench.h"
#include "vectors.h"

#include <string.h>

static void
sound_reports_are_accepted(void **state)
{
	static const struct {
		enum snp_product p;
		enum snp_signing_key kind;
		uint32_t version;
	} rows[] = {
	        {SNP_MILAN, SNP_SIGNED_VCEK, 2}, {SNP_MILAN, SNP_SIGNED_VLEK, 3},
	        {SNP_GENOA, SNP_SIGNED_VCEK, 3}, {SNP_GENOA, SNP_SIGNED_VCEK, 5},
	        {SNP_TURIN, SNP_SIGNED_VCEK, 5}, {SNP_TURIN, SNP_SIGNED_VLEK, 5},
	        {SNP_GENOA, SNP_SIGNED_VCEK, 4},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(bench_done) struct bench b;
		struct evidence_result res;

		bench_init(&b, rows[i].p, rows[i].kind, rows[i].version);
		bench_seal(&b);
		expect(&b, "sound", STEP_ACCEPTED, "");
		evidence_verify(&b.rq, &res);
		assert_int_equal(res.verdict.revocation, REVOCATION_CHECKED);
		assert_int_equal(res.verdict.set, 0);
		assert_int_equal(res.policy_index, 0);
		assert_int_equal(res.valid_to, b.crl_to);
		assert_true(hash256_equal(&res.root_key, &mint.root));
	}
}

CHANGE(nothing, (void)b)
CHANGE(report_data, b->expected[63] ^= 1)
CHANGE(report_data_thorough, (b->expected[63] ^= 1, b->rq.flags = EVIDENCE_THOROUGH))
CHANGE(host_data, b->policy.b[0] ^= 1)
CHANGE(host_data_thorough, (b->policy.b[0] ^= 1, b->rq.flags = EVIDENCE_THOROUGH))
CHANGE(no_policies, b->policies.n = 0)
CHANGE(measurement, b->set.measurement.b[47] ^= 1)
CHANGE(measurement_thorough, (b->set.measurement.b[47] ^= 1, b->rq.flags = EVIDENCE_THOROUGH))
CHANGE(root, b->set.trust_root.b[0] ^= 1)
CHANGE(vendor_root, b->set.has_trust_root = false)
CHANGE(no_vek, b->no_vek = true)
CHANGE(no_ask, b->no_ask = true)
CHANGE(no_ark, b->no_ark = true)
CHANGE(no_crl, b->no_crl = true)
CHANGE(no_crl_optional, (b->no_crl = true, b->rq.revocation = REVOCATION_OPTIONAL))
CHANGE(crl_expired, b->crl_to = MINT_NOW - 1)
CHANGE(crl_expired_optional, (b->crl_to = MINT_NOW - 1, b->rq.revocation = REVOCATION_OPTIONAL))
CHANGE(crl_future, b->crl_from = MINT_NOW + 1)
CHANGE(revoked, b->crl_revoked = true)
CHANGE(leaf_expired, b->leaf.not_after = MINT_NOW - 1)
CHANGE(leaf_future, b->leaf.not_before = MINT_NOW + 1)
CHANGE(other_key, b->leaf.other_key = true)
CHANGE(rsa_leaf, b->leaf.key_kind = KEY_RSA)
CHANGE(no_hwid, b->leaf.skip_oid = SNP_OID_HWID)
CHANGE(no_microcode, b->leaf.skip_oid = SNP_OID_MICROCODE)
CHANGE(twice_tee, b->leaf.twice_oid = SNP_OID_TEE)
CHANGE(hwid_63, b->leaf.hwid_n = 63)
CHANGE(spl_300, b->leaf.raw_microcode = BYTES("\x02\x02\x01\x2c"))
CHANGE(spl_negative, b->leaf.raw_microcode = BYTES("\x02\x01\xc8"))
CHANGE(spl_trailing, b->leaf.raw_microcode = BYTES("\x02\x02\x00\xc8\x00"))
CHANGE(product_text, b->leaf.product_text = "Milan-B0")
CHANGE(product_suffix, b->leaf.product_text = "Genoa-B2")
CHANGE(product_cpuid, b->report.cpuid_model = 1)
CHANGE(product_unknown, b->report.cpuid_family = 0x18)
CHANGE(set_product, b->set.product = SNP_MILAN)
CHANGE(tcb_cert, b->report.reported_tcb[7]--)
CHANGE(tcb_format, b->report.reported_tcb[3] = 1)
CHANGE(chip_cert, b->report.chip_id[0] ^= 1)
CHANGE(chip_zero, mem_zero(b->report.chip_id, 64))
CHANGE(chip_masked, (mem_zero(b->report.chip_id, 64), b->report.key_info |= SNP_KEY_MASK_CHIP))
CHANGE(vlek_report, b->report.key_info = SNP_SIGNED_VLEK << 2)
CHANGE(debug, b->report.policy |= SNP_POLICY_DEBUG)
CHANGE(migration, b->report.policy |= SNP_POLICY_MIGRATE_MA)
CHANGE(migration_id, b->report.report_id_ma[0] = 0)
CHANGE(smt, b->set.guest_policy.smt = false)
CHANGE(single_socket, b->set.guest_policy.single_socket = true)
CHANGE(xts, b->set.guest_policy.mem_aes_256_xts = true)
CHANGE(cxl, b->report.policy |= SNP_POLICY_CXL_ALLOW)
CHANGE(abi, b->set.guest_policy.abi_minor = 31)
CHANGE(abi_ok, (b->set.guest_policy.abi_minor = 31, b->report.policy |= 31))
CHANGE(platform_smt, b->set.platform_info.smt = false)
CHANGE(platform_alias, b->report.platform_info &= ~SNP_PLATFORM_ALIAS_CHECK)
CHANGE(platform_tsme, b->report.platform_info |= SNP_PLATFORM_TSME)
CHANGE(platform_bit6, b->report.platform_info |= 0x40)
CHANGE(vmpl, b->report.vmpl = 1)
CHANGE(tcb_order, b->report.committed_tcb[7]--)
CHANGE(tcb_order_current, b->report.current_tcb[0]--)
CHANGE(tcb_min, b->set.minimum_tcb.microcode++)
CHANGE(tcb_launch, b->report.launch_tcb[6]--)
CHANGE(tcb_ahead, b->report.current_tcb[7]++)
CHANGE(mitigation, b->set.minimum_mitigation = 0x40)
CHANGE(mitigation_ok, b->set.minimum_mitigation = 0x21)
CHANGE(csp_wanted, snprintf(b->set.csp_id, sizeof b->set.csp_id, "CN=x"))
CHANGE(guest_svn, b->set.minimum_guest_svn = 1)
CHANGE(fw_equal, b->set.minimum_firmware = ((struct snp_firmware){1, 55, 21}))
CHANGE(fw_build, b->set.minimum_firmware = ((struct snp_firmware){1, 55, 22}))
CHANGE(fw_minor, b->set.minimum_firmware = ((struct snp_firmware){1, 56, 0}))
CHANGE(fw_major, b->set.minimum_firmware = ((struct snp_firmware){2, 0, 0}))
CHANGE(fw_older_minor, b->set.minimum_firmware = ((struct snp_firmware){1, 54, 255}))
CHANGE(fw_older_major, b->set.minimum_firmware = ((struct snp_firmware){0, 255, 255}))
CHANGE(fw_committed, (change_fw_equal(b), b->report.committed_build--))
CHANGE(fw_current, (change_fw_equal(b), b->report.current_build--))
CHANGE(version_equal, b->set.minimum_version = 5)
CHANGE(version_old, b->set.minimum_version = 6)
CHANGE(incomplete_binding, b->rq.report_data = NULL)
CHANGE(incomplete_refs, b->rq.references = NULL)
CHANGE(no_sets, b->refs.n_snp = 0)

static void
one_thing_wrong(void **state)
{
	static const struct row rows[] = {
	        {"nothing", change_nothing, STEP_ACCEPTED, ""},
	        {"report data", change_report_data, STEP_EARLY, "snp/report-data"},
	        {"report data", change_report_data_thorough, STEP_BINDING, "snp/report-data"},
	        {"host data", change_host_data, STEP_EARLY, "snp/host-data"},
	        {"host data", change_host_data_thorough, STEP_MANIFEST, "snp/host-data"},
	        {"no policies", change_no_policies, STEP_EARLY, "snp/host-data"},
	        {"measurement", change_measurement, STEP_EARLY, "snp/measurement"},
	        {"measurement", change_measurement_thorough, STEP_IDENTITY, "snp/measurement"},
	        {"unknown root", change_root, STEP_CHAIN, "snp/root"},
	        {"local root for a vendor set", change_vendor_root, STEP_CHAIN, "snp/root"},
	        {"no leaf", change_no_vek, STEP_CHAIN, "snp/vek-missing"},
	        {"no intermediate", change_no_ask, STEP_CHAIN, "snp/chain"},
	        {"no root", change_no_ark, STEP_CHAIN, "snp/root"},
	        {"no list", change_no_crl, STEP_REVOCATION, "snp/crl-missing"},
	        {"no list, optional", change_no_crl_optional, STEP_ACCEPTED, ""},
	        {"list expired", change_crl_expired, STEP_REVOCATION, "snp/crl-expired"},
	        {"list expired", change_crl_expired_optional, STEP_REVOCATION, "snp/crl-expired"},
	        {"list of the future", change_crl_future, STEP_REVOCATION, "snp/crl-expired"},
	        {"revoked ASK", change_revoked, STEP_REVOCATION, "snp/ask-revoked"},
	        {"leaf expired", change_leaf_expired, STEP_CHAIN, "snp/chain"},
	        {"leaf of the future", change_leaf_future, STEP_CHAIN, "snp/chain"},
	        {"wrong key", change_other_key, STEP_SIGNATURE, "snp/signature"},
	        {"RSA leaf", change_rsa_leaf, STEP_CHAIN, "snp/vek-parse"},
	        {"no HWID", change_no_hwid, STEP_CHAIN, "snp/vek-parse"},
	        {"no SPL", change_no_microcode, STEP_CHAIN, "snp/vek-parse"},
	        {"SPL twice", change_twice_tee, STEP_CHAIN, "snp/vek-parse"},
	        {"HWID of 63 bytes", change_hwid_63, STEP_CHAIN, "snp/vek-parse"},
	        {"SPL 300", change_spl_300, STEP_CHAIN, "snp/vek-parse"},
	        {"SPL below 0", change_spl_negative, STEP_CHAIN, "snp/vek-parse"},
	        {"SPL and more", change_spl_trailing, STEP_CHAIN, "snp/vek-parse"},
	        {"other product named", change_product_text, STEP_CHAIN, "snp/product"},
	        {"product with stepping", change_product_suffix, STEP_ACCEPTED, ""},
	        {"Milan's CPUID", change_product_cpuid, STEP_CHAIN, "snp/product"},
	        {"unknown CPUID", change_product_unknown, STEP_CHAIN, "snp/product"},
	        {"set of another product", change_set_product, STEP_PLATFORM, "snp/product-denied"},
	        {"TCB of the certificate", change_tcb_cert, STEP_CHAIN, "snp/tcb-cert"},
	        {"TCB format", change_tcb_format, STEP_CHAIN, "snp/tcb-format"},
	        {"chip of the certificate", change_chip_cert, STEP_CHAIN, "snp/chipid-cert"},
	        {"no chip id", change_chip_zero, STEP_CHAIN, "snp/chipid-cert"},
	        {"masked chip id", change_chip_masked, STEP_ACCEPTED, ""},
	        {"VLEK's report", change_vlek_report, STEP_CHAIN, "snp/vek-kind"},
	        {"debug", change_debug, STEP_PLATFORM, "snp/debug"},
	        {"migration", change_migration, STEP_PLATFORM, "snp/migration"},
	        {"migration agent", change_migration_id, STEP_PLATFORM, "snp/migration"},
	        {"SMT", change_smt, STEP_PLATFORM, "snp/policy"},
	        {"single socket", change_single_socket, STEP_PLATFORM, "snp/policy"},
	        {"XTS", change_xts, STEP_PLATFORM, "snp/policy"},
	        {"CXL", change_cxl, STEP_PLATFORM, "snp/policy"},
	        {"ABI", change_abi, STEP_PLATFORM, "snp/policy"},
	        {"ABI", change_abi_ok, STEP_ACCEPTED, ""},
	        {"platform SMT", change_platform_smt, STEP_PLATFORM, "snp/platform"},
	        {"BadRAM", change_platform_alias, STEP_PLATFORM, "snp/platform"},
	        {"TSME", change_platform_tsme, STEP_PLATFORM, "snp/platform"},
	        {"unknown platform bit", change_platform_bit6, STEP_ACCEPTED, ""},
	        {"VMPL", change_vmpl, STEP_PLATFORM, "snp/vmpl"},
	        {"committed below reported", change_tcb_order, STEP_PLATFORM, "snp/tcb-order"},
	        {"current below committed", change_tcb_order_current, STEP_PLATFORM,
	         "snp/tcb-order"},
	        {"minimum TCB", change_tcb_min, STEP_PLATFORM, "snp/tcb-min"},
	        {"launch TCB", change_tcb_launch, STEP_PLATFORM, "snp/tcb-min"},
	        {"current ahead", change_tcb_ahead, STEP_ACCEPTED, ""},
	        {"mitigation", change_mitigation, STEP_PLATFORM, "snp/mitigation"},
	        {"mitigation", change_mitigation_ok, STEP_ACCEPTED, ""},
	        {"provider wanted", change_csp_wanted, STEP_PLATFORM, "snp/csp-id"},
	        {"guest SVN", change_guest_svn, STEP_IDENTITY, "snp/guest-svn"},
	        {"firmware at the floor", change_fw_equal, STEP_ACCEPTED, ""},
	        {"firmware one build short", change_fw_build, STEP_PLATFORM, "snp/fw-min"},
	        {"minor weighs more than build", change_fw_minor, STEP_PLATFORM, "snp/fw-min"},
	        {"major weighs more than minor", change_fw_major, STEP_PLATFORM, "snp/fw-min"},
	        {"older minor, higher build", change_fw_older_minor, STEP_ACCEPTED, ""},
	        {"older major, higher rest", change_fw_older_major, STEP_ACCEPTED, ""},
	        {"committed firmware below", change_fw_committed, STEP_PLATFORM, "snp/fw-min"},
	        {"current firmware below", change_fw_current, STEP_PLATFORM, "snp/fw-min"},
	        {"report version at the floor", change_version_equal, STEP_ACCEPTED, ""},
	        {"report version below", change_version_old, STEP_PLATFORM, "snp/version-old"},
	        {"nothing to bind to", change_incomplete_binding, STEP_NOT_EVALUATED,
	         "request/incomplete"},
	        {"no references", change_incomplete_refs, STEP_NOT_EVALUATED, "request/incomplete"},
	        {"no SNP sets", change_no_sets, STEP_MANIFEST, "snp/no-reference"},
	};

	(void)state;
	each(rows, COUNT_OF(rows), SNP_GENOA, SNP_SIGNED_VCEK, 5);
}

static void
chip_lists(void **state)
{
	CLEANUP(bench_done) struct bench b;
	struct snp_chip_id ids[2] = {{{9}}, {{0}}};

	(void)state;
	bench_init(&b, SNP_GENOA, SNP_SIGNED_VCEK, 3);
	bench_seal(&b);
	b.set.chip_ids = ids;
	b.set.n_chip_ids = 0; /* a list with nothing on it allows nothing */
	expect(&b, "empty list", STEP_PLATFORM, "snp/chip");
	b.set.n_chip_ids = 2;
	expect(&b, "not listed", STEP_PLATFORM, "snp/chip");
	mem_copy(ids[1].b, b.report.chip_id, 64);
	expect(&b, "listed", STEP_ACCEPTED, "");
	bench_done(&b);
	bench_init(&b, SNP_GENOA, SNP_SIGNED_VCEK, 3);
	change_chip_masked(&b);
	bench_seal(&b);
	b.set.chip_ids = ids;
	b.set.n_chip_ids = 2;
	expect(&b, "masked", STEP_PLATFORM, "snp/chip-masked");
}

/* Of several sets the one that matches is taken; without one, the closest is reported. */
static void
several_sets(void **state)
{
	CLEANUP(bench_done) struct bench b;
	struct snp_reference sets[3];
	struct findings *all = mem_new(struct findings);
	struct evidence_result res;

	(void)state;
	bench_init(&b, SNP_GENOA, SNP_SIGNED_VCEK, 5);
	bench_seal(&b);
	sets[0] = sets[1] = sets[2] = b.set;
	sets[0].measurement.b[0] ^= 1;
	sets[1].minimum_tcb.snp = 255;
	sets[1].platform_info.smt = false;
	sets[1].guest_policy.smt = false;
	b.refs = (struct reference_sets){.snp = sets, .n_snp = 3};
	evidence_verify(&b.rq, &res);
	assert_true(verdict_accepted(&res.verdict));
	assert_int_equal(res.verdict.set, 2);
	sets[2].minimum_tcb.microcode = 255;
	b.rq.findings = all;
	evidence_verify(&b.rq, &res);
	assert_int_equal(res.verdict.set, 2);
	assert_string_equal(res.verdict.reason, "snp/tcb-min");
	assert_string_equal(res.verdict.expected, "255");
	assert_string_equal(res.verdict.got, "200");
	assert_int_equal(all->n, 3); /* reported, committed, launch */
	/* Now the second is closer by count: two differences against three. */
	sets[1].minimum_tcb.snp = 0;
	evidence_verify(&b.rq, &res);
	assert_int_equal(res.verdict.set, 1);
	assert_int_equal(all->n, 2);
	/* No set borrows from another: TCB of one, root of the other is nobody's. */
	sets[1] = sets[2] = b.set;
	sets[1].trust_root.b[0] ^= 1;
	sets[2].minimum_tcb.microcode = 255;
	evidence_verify(&b.rq, &res);
	assert_false(verdict_accepted(&res.verdict));
	assert_string_equal(res.verdict.reason, "snp/tcb-min");
	mem_free(all);
}

/* A cached chain gives the verdict that a fresh one gives, also when time or wishes change. */
static void
cache_changes_nothing(void **state)
{
	CLEANUP(bench_done) struct bench b;

	(void)state;
	bench_init(&b, SNP_GENOA, SNP_SIGNED_VCEK, 5);
	bench_seal(&b);
	b.rq.cache = snp_cache_new();
	for (int i = 0; i < 3; i++)
		expect(&b, "cached", STEP_ACCEPTED, "");
	b.wire[0x140] ^= 1;
	expect(&b, "cached", STEP_SIGNATURE, "snp/signature");
	b.wire[0x140] ^= 1;
	b.rq.now = b.crl_to + 1;
	expect(&b, "cached, list ended", STEP_REVOCATION, "snp/crl-expired");
	b.rq.now = b.leaf.not_after + 1;
	expect(&b, "cached, leaf ended", STEP_CHAIN, "snp/chain");
	b.rq.now = MINT_NOW;
	b.set.trust_root.b[5] ^= 1;
	expect(&b, "cached, other root", STEP_CHAIN, "snp/root");
	b.set.trust_root.b[5] ^= 1;
	b.doc.endorsements.n_crls = 0;
	b.rq.revocation = REVOCATION_OPTIONAL;
	expect(&b, "without list", STEP_ACCEPTED, "");
	/* What was accepted without a list is no answer for one who wants a list. */
	b.rq.revocation = REVOCATION_REQUIRED;
	expect(&b, "list wanted", STEP_REVOCATION, "snp/crl-missing");
	snp_cache_free(b.rq.cache);
}

/* ECDSA is malleable: n - S is as good as S, and must be. */
static void
malleable_signature(void **state)
{
	static const char order[] = "ffffffffffffffffffffffffffffffffffffffffffffffff"
	                            "c7634d81f4372ddf581a0db248b0a77aecec196accc52973";
	CLEANUP(bench_done) struct bench b;
	uint8_t n[48], swap[48];
	int borrow = 0;

	(void)state;
	bench_init(&b, SNP_GENOA, SNP_SIGNED_VCEK, 5);
	bench_seal(&b);
	assert_true(hex_decode(bytes_str(order), n, 48));
	for (size_t i = 48; i-- > 0;) {
		int d = n[i] - b.report.s[i] - borrow;

		borrow = d < 0;
		b.report.s[i] = (uint8_t)(d & 0xff);
	}
	snp_report_emit(&b.report, b.wire);
	expect(&b, "n - S", STEP_ACCEPTED, "");
	mem_copy(swap, b.report.r, 48);
	mem_copy(b.report.r, b.report.s, 48);
	mem_copy(b.report.s, swap, 48);
	snp_report_emit(&b.report, b.wire);
	expect(&b, "R and S swapped", STEP_SIGNATURE, "snp/signature");
	mem_copy(b.report.r, n, 48);
	snp_report_emit(&b.report, b.wire);
	expect(&b, "R is the order", STEP_SIGNATURE, "snp/signature");
}

/* Every bit of leaf, intermediate, root and list, flipped, is noticed. */
static void
no_bit_is_free(void **state)
{
	CLEANUP(bench_done) struct bench b;
	CLEANUP(buf_done) struct buf copy = {0};
	struct endorsements *e = &b.doc.endorsements;

	(void)state;
	bench_init(&b, SNP_GENOA, SNP_SIGNED_VCEK, 5);
	bench_seal(&b);
	for (size_t i = 0; i < 4; i++) {
		struct bytes *slot = i < 3 ? &e->certs[i] : &e->crls[0];
		struct bytes whole = *slot;
		size_t step = getenv("CONTRAST_WALK") ? 1 : 61;

		buf_reset(&copy);
		buf_bytes(&copy, whole);
		*slot = buf_view(&copy);
		for (size_t bit = 0; bit < copy.n * 8; bit += step) {
			struct evidence_result res;

			copy.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
			evidence_verify(&b.rq, &res);
			if (verdict_accepted(&res.verdict))
				fail_msg("endorsement %zu: bit %zu of byte %zu is free", i, bit % 8,
				         bit / 8);
			copy.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
		}
		for (size_t n = 0; n < whole.n; n += 17) {
			struct evidence_result res;

			*slot = bytes_sub(whole, 0, n);
			evidence_verify(&b.rq, &res);
			assert_false(verdict_accepted(&res.verdict));
		}
		*slot = whole;
	}
	expect(&b, "unchanged", STEP_ACCEPTED, "");
}

static void
roots_are_amds(void **state)
{
	static const char *const fingerprints[SNP_PRODUCTS] = {
	        "69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd",
	        "4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1",
	        "1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a",
	};

	(void)state;
	static const char *const files[SNP_PRODUCTS] = {
	        "vectors/snp/go-sev-guest/ask_ark_milan.pem",
	        "vectors/snp/go-sev-guest/ask_ark_genoa.pem",
	        "vectors/snp/go-sev-guest/ask_ark_turin_vcek.pem",
	};

	for (unsigned int p = 0; p < SNP_PRODUCTS; p++) {
		CLEANUP(buf_done) struct buf pem = {0};
		struct cert *c[2] = {NULL};
		struct hash256 h;
		char path[600], hex[65];
		size_t n = 0;
		struct err err;

		if (!shared_data(files[p], path, sizeof path))
			skip();
		assert_ok(file_read(path, 64 * 1024, &pem, &err));
		assert_ok(cert_parse_pem(buf_view(&pem), 2, c, &n, &err));
		assert_int_equal(n, 2);
		assert_ok(cert_verify_chain(c[0], NULL, 0, c[1], MINT_NOW, &err));
		h = cert_fingerprint(c[1]);
		assert_string_equal(hash256_hex(&h, hex), fingerprints[p]);
		h = cert_key_id(c[1]);
		assert_true(hash256_equal(&h, snp_vendor_root((enum snp_product)p)));
		assert_true(snp_is_vendor_root(&h));
		h.b[0] ^= 1;
		assert_false(snp_is_vendor_root(&h));
		cert_free(c[0]);
		cert_free(c[1]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(sound_reports_are_accepted),
	        cmocka_unit_test(one_thing_wrong),
	        cmocka_unit_test(chip_lists),
	        cmocka_unit_test(several_sets),
	        cmocka_unit_test(cache_changes_nothing),
	        cmocka_unit_test(malleable_signature),
	        cmocka_unit_test(no_bit_is_free),
	        cmocka_unit_test(roots_are_amds),
	};

	return cmocka_run_group_tests(tests, bench_setup, bench_teardown);
}
