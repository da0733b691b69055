/* SPDX-License-Identifier: Apache-2.0 */
/* AMD's certificates: leaf, intermediate and root of each product line. Nothing of them is free. */
#include "walk.h"

static void
every_amd_certificate(void **state)
{
	static const struct set reports[] = {
	        {"snp/ms-tav/milan_attestation_report.bin",
	         {"snp/ms-tav/milan_vcek.pem", "snp/go-sev-guest/ask_ark_milan.pem"},
	         "2026-11-24T00:00:00Z"},
	        {"snp/ms-tav/genoa_attestation_report.bin",
	         {"snp/ms-tav/genoa_vcek.pem", "snp/go-sev-guest/ask_ark_genoa.pem"},
	         "2026-11-24T00:00:00Z"},
	        {"snp/ms-tav/turin_attestation_report.bin",
	         {"snp/ms-tav/turin_vcek.pem", "snp/go-sev-guest/ask_ark_turin_vcek.pem"},
	         "2026-11-24T00:00:00Z"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(reports); i++) {
		CLEANUP(walk_done) struct walk w;
		struct endorsements *e = &w.doc.endorsements;

		walk_init(&w, reports[i].evidence, reports[i].files, 4, reports[i].time);
		assert_int_equal(e->n_certs, 3);
		for (size_t k = 0; k < 3; k++)
			walk_slice(&w, reports[i].files[k > 0], &e->certs[k], 499, e->certs[k].n,
			           none);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_amd_certificate),
	};

	return cmocka_run_group_tests_name("evidence_walk_amd", tests, NULL, NULL);
}
