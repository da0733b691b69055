/* SPDX-License-Identifier: Apache-2.0 */
/* Files as people have them: told apart, read, shown; then judged as they are. */
#include "base/clock.h"
#include "base/text.h"
#include "evidence/intake.h"
#include "evidence/show.h"
#include "evidence/snp/certtable.h"
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

/* ---- what tools put around evidence ---- */

struct spelled {
	const char *name;
	void (*spell)(struct bytes b, struct buf *out);
};

static void
spell_plain(struct bytes b, struct buf *out)
{
	buf_bytes(out, b);
}

static void
spell_hex(struct bytes b, struct buf *out)
{
	buf_str(out, "0x");
	hex_encode(b, out);
	buf_str(out, "\n");
}

static void
spell_base64(struct bytes b, struct buf *out)
{
	base64_encode(BASE64_STD, b, out);
}

static void
spell_base64url(struct bytes b, struct buf *out)
{
	base64_encode(BASE64_URL_UNPADDED, b, out);
}

/* As base64(1) and MIME break lines. */
static void
spell_lines(struct bytes b, struct buf *out)
{
	CLEANUP(buf_done) struct buf line = {0};

	base64_encode(BASE64_STD, b, &line);
	for (size_t i = 0; i < line.n; i += 76) {
		buf_bytes(out, bytes_sub(buf_view(&line), i, MIN(i + 76, line.n)));
		buf_str(out, "\r\n");
	}
}

static void
spell_list(struct bytes b, struct buf *out)
{
	buf_str(out, "{\"attestation\": {\"data\": [");
	for (size_t i = 0; i < b.n; i++)
		buf_printf(out, "%s%u", i ? ", " : "", (unsigned int)b.p[i]);
	buf_str(out, "]}, \"certificates\": []}");
}

static void
spell_member(struct bytes b, struct buf *out)
{
	buf_str(out, "{\"event_log\": \"[]\", \"quote\": \"");
	hex_encode(b, out);
	buf_str(out, "\"}");
}

static void
spell_padded(struct bytes b, struct buf *out)
{
	buf_bytes(out, b);
	buf_zeros(out, 2048);
}

/* All spellings of one file are the same evidence. */
static void
spellings(void **state)
{
	static const char *const files[] = {"snp/ms-tav/turin_attestation_report.bin",
	                                    "snp/go-sev-guest/attestation.bin",
	                                    "tdx/dcap-qvl/tdx_quote",
	                                    "tdx/automata-dcap/alibaba_quote_5.dat"};
	static const struct spelled rows[] = {
	        {"plain", spell_plain},        {"hex", spell_hex},
	        {"base64", spell_base64},      {"base64url", spell_base64url},
	        {"base64 lines", spell_lines}, {"list of bytes", spell_list},
	        {"member", spell_member},      {"padded", spell_padded},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		for (size_t k = 0; k < COUNT_OF(rows); k++) {
			CLEANUP(arena_done) struct arena a = {0};
			CLEANUP(buf_done) struct buf b = {0}, text = {0};
			struct document d;
			struct err err;
			size_t zeros;

			if (!vector_read(files[i], &b))
				skip();
			rows[k].spell(buf_view(&b), &text);
			if (!is_ok(intake_evidence(&a, buf_view(&text), &d, &err)))
				fail_msg("%s as %s: %s", files[i], rows[k].name, err.msg);
			/* Zeros behind a quote stay: its decoder knows them. */
			zeros = rows[k].spell == spell_padded && d.tee == TEE_TDX ? 2048 : 0;
			assert_bytes(bytes_sub(d.evidence, 0, d.evidence.n - zeros), buf_view(&b));
			assert_int_equal(d.tee, i < 2 ? TEE_SNP : TEE_TDX);
		}
	}
}

/* Fields of a report as a tool writes them, with the members that `evidence show` gives. */
static void
report_from_fields(void **state)
{
	static const char *const files[] = {"snp/ms-tav/turin_attestation_report.bin",
	                                    "snp/ms-tav/genoa_attestation_report.bin",
	                                    "snp/go-sev-guest/attestation.bin"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf b = {0}, text = {0};
		struct document d = {.tee = TEE_SNP}, again;
		struct verdict v = {0};
		struct value shown;
		struct err err;

		if (!vector_read(files[i], &b))
			skip();
		d.evidence = buf_view(&b);
		assert_true(is_ok(evidence_show(&a, &d, &shown, &v)));
		json_write(&shown, JSON_INDENT, &text);
		if (!is_ok(intake_evidence(&a, buf_view(&text), &again, &err)))
			fail_msg("%s: %s", files[i], err.msg);
		assert_bytes(again.evidence, buf_view(&b));
	}
}

/* The names and shapes of the Rust library, written by hand: version 2, two-part versions. */
static void
report_of_rust(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf b = {0}, text = {0};
	struct snp_report r;
	struct verdict v = {0};
	struct document d;
	struct err err;
	const struct {
		const char *name;
		size_t at, n;
	} lists[] = {
	        {"family_id", 0x10, 16},          {"image_id", 0x20, 16},
	        {"report_data", 0x50, 64},        {"measurement", 0x90, 48},
	        {"host_data", 0xc0, 32},          {"id_key_digest", 0xe0, 48},
	        {"author_key_digest", 0x110, 48}, {"report_id", 0x140, 32},
	        {"report_id_ma", 0x160, 32},      {"chip_id", 0x1a0, 64},
	};
	const struct {
		const char *name;
		size_t at;
	} tcbs[] = {{"current_tcb", 0x38},
	            {"reported_tcb", 0x180},
	            {"committed_tcb", 0x1e0},
	            {"launch_tcb", 0x1f0}};

	(void)state;
	if (!vector_read("snp/ms-sidecar/snp_report.bin", &b))
		skip();
	assert_true(is_ok(snp_report_parse(buf_view(&b), &r, &v)));
	buf_printf(
	        &text,
	        "{\"attestation_report\": {\"version\": %u, \"guest_svn\": %u, \"policy\": %llu, "
	        "\"vmpl\": %u, \"sig_algo\": 1, \"plat_info\": %llu, \"key_info\": %u, "
	        "\"cpuid_fam_id\": null, "
	        "\"current\": {\"major\": %u, \"minor\": %u, \"build\": %u}, "
	        "\"committed\": {\"major\": %u, \"minor\": %u, \"build\": %u}",
	        r.version, r.guest_svn, (unsigned long long)r.policy, r.vmpl,
	        (unsigned long long)r.platform_info, r.key_info, (unsigned int)r.current_major,
	        (unsigned int)r.current_minor, (unsigned int)r.current_build,
	        (unsigned int)r.committed_major, (unsigned int)r.committed_minor,
	        (unsigned int)r.committed_build);
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		buf_printf(&text, ", \"%s\": [", lists[i].name);
		for (size_t k = 0; k < lists[i].n; k++)
			buf_printf(&text, "%s%u", k ? "," : "", (unsigned int)b.p[lists[i].at + k]);
		buf_str(&text, "]");
	}
	for (size_t i = 0; i < COUNT_OF(tcbs); i++)
		buf_printf(
		        &text,
		        ", \"%s\": {\"fmc\": null, \"bootloader\": %u, \"tee\": %u, \"snp\": %u, "
		        "\"microcode\": %u}",
		        tcbs[i].name, (unsigned int)b.p[tcbs[i].at],
		        (unsigned int)b.p[tcbs[i].at + 1], (unsigned int)b.p[tcbs[i].at + 6],
		        (unsigned int)b.p[tcbs[i].at + 7]);
	buf_str(&text, ", \"signature\": {\"r\": [");
	for (size_t k = 0; k < 144; k++)
		buf_printf(&text, "%s%u%s",
		           k == 72 ? "\"s\": ["
		           : k     ? ","
		                   : "",
		           (unsigned int)b.p[0x2a0 + k], k == 71 ? "], " : "");
	buf_str(&text, "]}}, \"cert_chain\": null}");
	if (!is_ok(intake_evidence(&a, buf_view(&text), &d, &err)))
		fail_msg("%s", err.msg);
	assert_bytes(d.evidence, buf_view(&b));
}

/* Certificates beside it are taken along; two different reports are a question. */
static void
beside_and_twice(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf file = {0}, x = {0}, y = {0}, text = {0};
	struct document d;
	struct err err = {0};

	(void)state;
	if (!vector_read("snp/automata-snp-sdk/output.json", &file) ||
	    !vector_read("snp/automata-snp-sdk/report.bin", &x) ||
	    !vector_read("snp/go-sev-guest/attestation.bin", &y))
		skip();
	assert_ok(intake_evidence(&a, buf_view(&file), &d, &err));
	assert_bytes(d.evidence, buf_view(&x));
	assert_int_equal(d.endorsements.n_certs, 1);
	for (int same = 1; same >= 0; same--) {
		buf_reset(&text);
		buf_str(&text, "[\"");
		hex_encode(buf_view(&x), &text);
		buf_str(&text, "\", {\"other\": \"");
		hex_encode(buf_view(same ? &x : &y), &text);
		buf_str(&text, "\"}]");
		if (same)
			assert_ok(intake_evidence(&a, buf_view(&text), &d, &err));
		else
			assert_fails(intake_evidence(&a, buf_view(&text), &d, &err),
			             "E-EVIDENCE-050");
	}
	assert_true(strstr(err.msg, "which one is meant") != NULL);
}

/* A report with its table behind it, as the extended request gives it. */
static void
report_with_table(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf b = {0}, leaf = {0};
	struct snp_table t = {0};
	struct document d;
	struct err err = {0};

	(void)state;
	if (!vector_read("snp/automata-snp-sdk/report.bin", &b) ||
	    !vector_read("snp/automata-snp-sdk/output.vek.der", &leaf))
		skip();
	t.entry[SNP_TABLE_VCEK] = buf_view(&leaf);
	snp_table_emit(&t, &b);
	assert_ok(intake_evidence(&a, buf_view(&b), &d, &err));
	assert_int_equal(d.evidence.n, SNP_REPORT_SIZE);
	assert_int_equal(d.endorsements.n_certs, 1);
	assert_bytes(d.endorsements.certs[0], buf_view(&leaf));
	/* What is neither table nor zeros is no part of a report. */
	b.n = SNP_REPORT_SIZE;
	buf_str(&b, "and some more that is long enough");
	assert_fails(intake_evidence(&a, buf_view(&b), &d, &err), "E-EVIDENCE-050");
	assert_true(strstr(err.msg, "more behind it") != NULL);
}

/* Endorsements in the spellings of caches, headers and libraries. */
static void
spelled_endorsements(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf crl = {0}, pem = {0}, info = {0}, text = {0};
	struct endorsements e = {0};
	struct err err;

	(void)state;
	if (!vector_read("tdx/automata-dcap/solana_pck_platform_crl.der", &crl) ||
	    !vector_read("snp/go-sev-guest/ask_ark_milan.pem", &pem) ||
	    !vector_read("tdx/automata-dcap/1025_tcb_info.json", &info))
		skip();
	hex_encode(buf_view(&crl), &text); /* a PCCS */
	assert_ok(intake_endorsements(&a, buf_view(&text), &e, &err));
	buf_reset(&text);
	spell_lines(buf_view(&crl), &text);
	assert_ok(intake_endorsements(&a, buf_view(&text), &e, &err));
	assert_int_equal(e.n_crls, 1);
	buf_reset(&text);
	for (size_t i = 0; i < pem.n; i++) /* a header of Intel's service */
		if (pem.p[i] == '\n' || pem.p[i] == ' ' || pem.p[i] == '+')
			buf_printf(&text, "%%%02X", (unsigned int)pem.p[i]);
		else
			buf_u8(&text, pem.p[i]);
	assert_ok(intake_endorsements(&a, buf_view(&text), &e, &err));
	assert_int_equal(e.n_certs, 2);
	buf_reset(&text);
	spell_base64(buf_view(&info), &text);
	assert_ok(intake_endorsements(&a, buf_view(&text), &e, &err));
	assert_bytes(e.tcb_info, buf_view(&info));
	/* Somebody's JSON with a list in it. */
	e = (struct endorsements){0};
	buf_reset(&text);
	buf_str(&text, "{\"collateral\": {\"rootCaCrl\": \"");
	spell_base64(buf_view(&crl), &text);
	buf_str(&text,
	        "\", \"digest\": \"3030303030303030303030303030303030303030303030303030303030303030"
	        "30303030303030303030303030303030303030303030303030303030303030\"}}");
	assert_ok(intake_endorsements(&a, buf_view(&text), &e, &err));
	assert_true(e.n_crls == 1 && e.n_certs == 0);
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
	        cmocka_unit_test(spellings),
	        cmocka_unit_test(report_from_fields),
	        cmocka_unit_test(report_of_rust),
	        cmocka_unit_test(beside_and_twice),
	        cmocka_unit_test(report_with_table),
	        cmocka_unit_test(spelled_endorsements),
	        cmocka_unit_test(everything_is_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
