/* SPDX-License-Identifier: Apache-2.0 */
/* libcontrast's verifier through its public header alone. */
#include "../evidence/mint.h"
#include "contrast/verify.h"
#include "manifest/manifest.h"
#include "unit.h"

#include <string.h>

static struct mint mint;
static struct snp_report report;
static uint8_t wire[SNP_REPORT_SIZE];
static struct cert *vek;
static struct buf crl, manifest;

static void
write_manifest(void)
{
	CLEANUP(manifest_drop) struct manifest *m = manifest_new();
	CLEANUP(buf_done) struct buf values = {0};
	CLEANUP(key_drop) struct key *owner = key_generate(KEY_P384, 0);
	struct bytes sans[] = {BYTES("coordinator")};
	struct manifest_policy p = {.sans = sans, .n_sans = 1, .role = MANIFEST_ROLE_COORDINATOR};
	struct faults *faults = mem_new(struct faults);
	char hex[65], digits[97];
	struct err err;

	mem_copy(p.hash.b, report.host_data, sizeof p.hash.b);
	m->insecure = true;
	assert_ok(manifest_add_policy(m, &p, &err));
	assert_ok(manifest_add_owner(m, owner, &err));
	for (size_t i = 0; i < 48; i++)
		snprintf(digits + 2 * i, 3, "%02x", (unsigned int)report.measurement[i]);
	buf_printf(&values,
	           "{\"snp\":[{\"Platform\":\"test\",\"ProductName\":\"Genoa\","
	           "\"TrustedMeasurement\":\"%s\",\"MinimumTCB\":{\"BootloaderVersion\":10,"
	           "\"TEEVersion\":0,\"SNPVersion\":23,\"MicrocodeVersion\":200},"
	           "\"TrustRoot\":\"%s\"}]}",
	           digits, hash256_hex(&mint.root, hex));
	assert_ok(manifest_add_reference_values(m, buf_view(&values), faults, &err));
	faults_done(faults);
	mem_free(faults);
	manifest_write(m, &manifest);
}

static int
setup(void **state)
{
	struct mint_leaf leaf;

	(void)state;
	mint_init(&mint);
	leaf = mint_leaf_default(&mint, SNP_SIGNED_VCEK);
	report = mint_report(&mint, &leaf, 5);
	mint_sign(&mint, &report, wire);
	vek = mint_vek(&mint, &leaf);
	mint_crl(&mint, false, MINT_NOW - MINT_DAY, MINT_NOW + MINT_DAY, &crl);
	write_manifest();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	cert_free(vek);
	buf_done(&crl);
	buf_done(&manifest);
	mint_done(&mint);
	return 0;
}

static contrast_verifier *
verifier(unsigned int flags)
{
	contrast_verifier *v = NULL;
	contrast_verify_error error;

	if (contrast_verifier_new(manifest.p, manifest.n, flags, &v, &error) != CONTRAST_VERIFY_OK)
		fail_msg("%s: %s", error.place, error.message);
	return v;
}

static void
verdicts(void **state)
{
	contrast_blob endorsements[4] = {
	        {cert_der(mint.ark).p, cert_der(mint.ark).n},
	        {cert_der(vek).p, cert_der(vek).n},
	        {cert_der(mint.ask).p, cert_der(mint.ask).n},
	        {crl.p, crl.n},
	};
	contrast_evidence e = {{wire, sizeof wire}, endorsements, 4, report.report_data, MINT_NOW};
	contrast_verifier *v = verifier(CONTRAST_VERIFY_INSECURE);
	contrast_verifier *lax =
	        verifier(CONTRAST_VERIFY_INSECURE | CONTRAST_VERIFY_REVOCATION_OPTIONAL);
	uint8_t other[64] = {1};
	contrast_verdict r;

	(void)state;
	for (int twice = 0; twice < 2; twice++) {
		assert_int_equal(contrast_verify(v, &e, &r, NULL), CONTRAST_VERIFY_OK);
		assert_int_equal(r.accepted, 1);
		assert_int_equal(r.revocation_checked, 1);
		assert_int_equal(r.reference_set, 0);
		assert_memory_equal(r.policy, report.host_data, 32);
		assert_string_equal(r.step, "accepted");
	}
	e.report_data = other;
	assert_int_equal(contrast_verify(v, &e, &r, NULL), CONTRAST_VERIFY_OK);
	assert_int_equal(r.accepted, 0);
	assert_string_equal(r.reason, "snp/report-data");
	e.report_data = report.report_data;
	e.n_endorsements = 3;
	assert_int_equal(contrast_verify(v, &e, &r, NULL), CONTRAST_VERIFY_OK);
	assert_string_equal(r.reason, "snp/crl-missing");
	assert_int_equal(r.accepted, 0);
	assert_int_equal(contrast_verify(lax, &e, &r, NULL), CONTRAST_VERIFY_OK);
	assert_int_equal(r.accepted, 1);
	assert_int_equal(r.revocation_checked, 0);
	contrast_verifier_free(v);
	contrast_verifier_free(lax);
}

static void
failing_is_never_accepting(void **state)
{
	contrast_verifier *v = NULL;
	contrast_verify_error error;
	contrast_evidence e = {{wire, 17}, NULL, 0, report.report_data, MINT_NOW};
	contrast_verdict r;

	(void)state;
	assert_int_equal(contrast_verifier_new(manifest.p, manifest.n, 0, &v, &error),
	                 CONTRAST_VERIFY_INPUT);
	assert_string_equal(error.id, "E-LIB-002");
	assert_null(v);
	assert_int_equal(contrast_verifier_new("{}", 2, 0, &v, &error), CONTRAST_VERIFY_INPUT);
	assert_null(v);
	assert_int_equal(contrast_verifier_new(NULL, 0, 0, &v, &error), CONTRAST_VERIFY_MISUSE);
	contrast_verifier_free(NULL);
	v = verifier(CONTRAST_VERIFY_INSECURE);
	memset(&r, 1, sizeof r);
	assert_int_equal(contrast_verify(v, &e, &r, &error), CONTRAST_VERIFY_INPUT);
	assert_int_equal(r.accepted, 0);
	assert_string_equal(error.id, "E-EVIDENCE-050");
	e.evidence.size = sizeof wire;
	e.report_data = NULL;
	memset(&r, 1, sizeof r);
	assert_int_equal(contrast_verify(v, &e, &r, &error), CONTRAST_VERIFY_MISUSE);
	assert_int_equal(r.accepted, 0);
	assert_int_equal(contrast_verify(NULL, &e, &r, NULL), CONTRAST_VERIFY_MISUSE);
	assert_int_equal(contrast_verify(v, &e, NULL, NULL), CONTRAST_VERIFY_MISUSE);
	contrast_verifier_free(v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(verdicts),
	        cmocka_unit_test(failing_is_never_accepting),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
