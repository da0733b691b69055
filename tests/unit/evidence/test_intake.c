/* SPDX-License-Identifier: Apache-2.0 */
/* Files as people have them: told apart, read, shown; then judged as they are. */
#include "base/clock.h"
#include "evidence/intake.h"
#include "evidence/show.h"
#include "evidence/verify.h"
#include "vectors.h"

#include <string.h>

static void
kinds(void **state)
{
	static const struct {
		const char *file;
		enum intake_kind kind;
	} rows[] = {
	        {"snp/ms-tav/turin_attestation_report.bin", INTAKE_SNP_REPORT},
	        {"snp/fraunhofer-cmc/report_bad_data.bin", INTAKE_SNP_RESPONSE},
	        {"snp/ms-tav/turin_vcek.pem", INTAKE_PEM},
	        {"snp/go-sev-guest/ask_ark_milan.pem", INTAKE_PEM},
	        {"snp/go-sev-guest/vcek.testcer", INTAKE_CERTIFICATE},
	        {"snp/automata-snp-sdk/vcek.der", INTAKE_CERTIFICATE},
	        {"snp/ms-sidecar/uvm_host_amd_certificate.json", INTAKE_HOST_CERTS},
	        {"snp/routex-client-lua/vcek-chain-turin.pem", INTAKE_PEM},
	        {"snp/trustee-az-snp-vtpm/hcl-report.bin", INTAKE_HCL},
	        {"tdx/dcap-qvl/tdx_quote", INTAKE_TDX_QUOTE},
	        {"tdx/dcap-qvl/tdx_quote_outdated", INTAKE_TDX_QUOTE},
	        {"tdx/go-tdx-guest/cos-113-tdx-quote.dat", INTAKE_TDX_QUOTE},
	        {"tdx/dcap-qvl/tdx_quote_collateral.json", INTAKE_PARTS},
	        {"tdx/automata-dcap/solana_pck_platform_crl.der", INTAKE_CRL},
	        {"tdx/automata-dcap/solana_intel_root_ca_crl.der", INTAKE_CRL},
	        {"tdx/go-tdx-guest/rootcrl.der", INTAKE_CRL},
	        {"tdx/automata-dcap/1025_tcb_info.json", INTAKE_TCB_INFO},
	        {"tdx/automata-dcap/1025_identity.json", INTAKE_QE_IDENTITY},
	        {"tdx/intel-qvl-sample/tcbSignChain.pem", INTAKE_PEM},
	};
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_done) struct buf b = {0};
		enum intake_kind k;

		if (!vector_read(rows[i].file, &b))
			continue;
		if (!intake_kind_of(buf_view(&b), &k) || k != rows[i].kind)
			fail_msg("%s is not taken for %s", rows[i].file,
			         intake_kind_name(rows[i].kind));
		n++;
	}
	if (n == 0)
		skip();
}

static void
refusals(void **state)
{
	static const struct {
		const char *text;
		const char *evidence, *endorsement; /* ids */
	} rows[] = {
	        {"", "E-EVIDENCE-050", "E-EVIDENCE-052"},
	        {"hello", "E-EVIDENCE-050", "E-EVIDENCE-052"},
	        {"{}", "E-EVIDENCE-050", "E-EVIDENCE-052"},
	        {"{\"tcbInfo\":{},\"signature\":\"\"}", "E-EVIDENCE-050", NULL},
	        {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "E-EVIDENCE-050",
	         "E-EVIDENCE-052"},
	        {"-----BEGIN CERTIFICATE-----\nAAAA\n", "E-EVIDENCE-050", "E-EVIDENCE-052"},
	        {"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", "E-EVIDENCE-050",
	         "E-EVIDENCE-052"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		struct endorsements e = {0};
		struct document d;
		struct err err = {0};

		assert_fails(intake_evidence(&a, bytes_str(rows[i].text), &d, &err),
		             rows[i].evidence);
		if (rows[i].endorsement)
			assert_fails(intake_endorsements(&a, bytes_str(rows[i].text), &e, &err),
			             rows[i].endorsement);
		else
			assert_ok(intake_endorsements(&a, bytes_str(rows[i].text), &e, &err));
	}
}

/* One certificate twice is one; nine are one too many. */
static void
duplicates_and_limits(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf b = {0};
	struct endorsements e = {0};
	struct err err = {0};
	uint8_t der[32] = {0x30, 30, 0x30, 28, 0xa0};

	(void)state;
	for (uint8_t i = 0; i <= EVIDENCE_MAX_CERTS; i++) {
		struct bytes copy;

		der[31] = i;
		copy = arena_copy(&a, bytes_of(der, sizeof der));
		for (int twice = 0; twice < 2 && i < EVIDENCE_MAX_CERTS; twice++)
			assert_ok(intake_endorsements(&a, copy, &e, &err));
		if (i == EVIDENCE_MAX_CERTS)
			assert_fails(intake_endorsements(&a, copy, &e, &err), "E-EVIDENCE-053");
	}
	assert_int_equal(e.n_certs, EVIDENCE_MAX_CERTS);
	buf_zeros(&b, INTAKE_MAX + 1);
	assert_fails(intake_endorsements(&a, buf_view(&b), &e, &err), "E-EVIDENCE-053");
}

static void
add_file(struct arena *a, const char *name, struct endorsements *e)
{
	CLEANUP(buf_done) struct buf b = {0};
	struct err err;

	assert_true(vector_read(name, &b));
	assert_ok(intake_endorsements(a, arena_copy(a, buf_view(&b)), e, &err));
}

/* A command line's worth of files, and the verdict. */
static void
files_to_verdicts(void **state)
{
	static const struct {
		const char *evidence;
		const char *endorsements[4];
		const char *time;
		enum verdict_step step;
		const char *reason;
	} rows[] = {
	        {"snp/ms-sidecar/snp_report.bin",
	         {"snp/ms-sidecar/uvm_host_amd_certificate.json"},
	         "2026-11-24T00:00:00Z",
	         STEP_ACCEPTED,
	         ""},
	        {"snp/ms-tav/turin_attestation_report.bin",
	         {"snp/ms-tav/turin_vcek.pem", "snp/go-sev-guest/ask_ark_turin_vcek.pem"},
	         "2026-11-24T00:00:00Z",
	         STEP_ACCEPTED,
	         ""},
	        {"snp/ms-tav/turin_attestation_report.bin",
	         {"snp/ms-tav/turin_vcek.pem", "snp/go-sev-guest/ask_ark_genoa.pem"},
	         "2026-11-24T00:00:00Z",
	         STEP_CHAIN,
	         "snp/root"},
	        {"tdx/dcap-qvl/tdx_quote",
	         {"tdx/dcap-qvl/tdx_quote_collateral.json"},
	         "2025-07-01T00:00:00Z",
	         STEP_ACCEPTED,
	         ""},
	        {"tdx/dcap-qvl/tdx_quote",
	         {"tdx/dcap-qvl/tdx_quote_collateral.json"},
	         "2026-07-01T00:00:00Z",
	         STEP_REVOCATION,
	         "tdx/crl-expired"},
	        {"tdx/automata-dcap/quotev4.hex",
	         {"tdx/automata-dcap/solana_tcb_info_v3_with_tdx_module.json",
	          "tdx/automata-dcap/solana_qe_identity.json",
	          "tdx/automata-dcap/solana_signing.der"},
	         "2025-07-20T00:00:00Z",
	         STEP_ACCEPTED,
	         ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf b = {0};
		struct document d;
		struct evidence_request rq = {.scope = EVIDENCE_AUTHENTIC,
		                              .document = &d,
		                              .revocation = REVOCATION_OPTIONAL};
		struct evidence_result res;
		struct err err;

		if (!vector_read(rows[i].evidence, &b))
			skip();
		assert_ok(intake_evidence(&a, buf_view(&b), &d, &err));
		for (size_t k = 0; k < 4 && rows[i].endorsements[k]; k++)
			add_file(&a, rows[i].endorsements[k], &d.endorsements);
		assert_true(time_parse(bytes_str(rows[i].time), &rq.now));
		evidence_verify(&rq, &res);
		if (res.verdict.step != rows[i].step ||
		    strcmp(res.verdict.reason, rows[i].reason) != 0)
			fail_msg("%s: got %s %s (%s)", rows[i].evidence,
			         verdict_step_name(res.verdict.step), res.verdict.reason,
			         res.verdict.detail);
	}
}

/* Azure: the report vouches for the runtime data, and for no others. */
static void
paravisor_report(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf b = {0};
	struct document d;
	struct evidence_request rq = {.scope = EVIDENCE_AUTHENTIC,
	                              .document = &d,
	                              .revocation = REVOCATION_OPTIONAL,
	                              .now = 1795500000};
	struct evidence_result res;
	struct err err = {0};
	size_t end;

	(void)state;
	if (!vector_read("snp/trustee-az-snp-vtpm/hcl-report.bin", &b))
		skip();
	assert_ok(intake_evidence(&a, buf_view(&b), &d, &err));
	assert_int_equal(d.tee, TEE_SNP_VTPM);
	end = (size_t)(d.vtpm.runtime.p - b.p) + d.vtpm.runtime.n;
	add_file(&a, "snp/trustee-az-snp-vtpm/vcek.pem", &d.endorsements);
	evidence_verify(&rq, &res);
	if (!verdict_accepted(&res.verdict))
		fail_msg("%s: %s", res.verdict.reason, res.verdict.detail);
	/* Another key in the runtime data. */
	b.p[end - d.vtpm.runtime.n + 100] ^= 1;
	evidence_verify(&rq, &res);
	assert_string_equal(res.verdict.reason, "tpm/runtime");
	for (size_t n = 4; n < end; n += 7)
		assert_fails(intake_evidence(&a, bytes_sub(buf_view(&b), 0, n), &d, &err),
		             "E-EVIDENCE-054");
}

/* Everything in the vectors that is evidence can be shown; the fields are those of MANIFEST.json.
 */
static void
everything_is_shown(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct value rows;
	size_t n = 0;

	(void)state;
	rows = vector_rows(&a, &text);
	for (size_t i = 0; i < rows.n; i++) {
		const struct value *row = json_item(&rows, i);
		bool snp = row_kind(row, "snp");
		CLEANUP(arena_done) struct arena b = {0};
		CLEANUP(buf_done) struct buf file = {0};
		CLEANUP(buf_done) struct buf lines = {0};
		struct verdict v = {0};
		struct document d;
		struct value shown;
		struct err err;

		if ((!snp && !row_kind(row, "tdx")) ||
		    !vector_read(row_text(&a, row, snp ? "report" : "quote"), &file) ||
		    !is_ok(intake_evidence(&b, buf_view(&file), &d, &err)) ||
		    !is_ok(evidence_show(&b, &d, &shown, &v)))
			continue;
		evidence_show_text(&shown, &lines);
		assert_true(buf_ok(&lines) && lines.n > 1000);
		n++;
		if (!json_get(row, snp ? "measurement" : "mrtd"))
			continue; /* a row without fields */
		assert_bytes(json_text(json_get(&shown, snp ? "measurement" : "mrtd")),
		             json_text(json_get(row, snp ? "measurement" : "mrtd")));
		assert_bytes(json_text(json_get(&shown, snp ? "host_data" : "mrconfigid")),
		             json_text(json_get(row, snp ? "host_data" : "mrconfigid")));
	}
	if (n == 0)
		skip();
	assert_true(n >= 30);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(kinds),
	        cmocka_unit_test(refusals),
	        cmocka_unit_test(duplicates_and_limits),
	        cmocka_unit_test(files_to_verdicts),
	        cmocka_unit_test(paravisor_report),
	        cmocka_unit_test(everything_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
