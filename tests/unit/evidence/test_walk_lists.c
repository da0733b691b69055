/* SPDX-License-Identifier: Apache-2.0 */
/* Intel's revocation lists, and the certificate that signs its statements. Nothing of them is free.
 */
#include "walk.h"

static const struct set others[] = {
        {"tdx/dcap-qvl/tdx_quote",
         {"tdx/dcap-qvl/tdx_quote_collateral.json"},
         "2025-07-01T00:00:00Z"},
        {"tdx/dcap-qvl/near_quote.bin",
         {"tdx/dcap-qvl/quote_collateral.json"},
         "2025-09-10T00:00:00Z"},
        {"tdx/go-tdx-guest/quote_v5_sample.dat",
         {"tdx/dcap-qvl/tdx_quote_outdated_collateral.json"},
         "2026-03-01T00:00:00Z"},
        {"tdx/automata-dcap/alibaba_quote_5.dat",
         {INFO_90C0, QE_0625, SOLANA},
         "2025-07-01T00:00:00Z"},
};

static bool
is_signer(struct bytes der)
{
	CLEANUP(cert_drop) struct cert *c = NULL;
	struct err err;

	return is_ok(cert_parse_der(der, &c, &err)) &&
	       bytes_is(cert_subject_cn(c), "Intel SGX TCB Signing");
}

static void
every_signer(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		CLEANUP(walk_done) struct walk w;
		size_t n = 0;

		walk_init(&w, others[i].evidence, others[i].files, 4, others[i].time);
		for (size_t k = 0; k < w.doc.endorsements.n_certs; k++) {
			if (!is_signer(w.doc.endorsements.certs[k]))
				continue;
			walk_slice(&w, "TCB signer", &w.doc.endorsements.certs[k], 197,
			           w.doc.endorsements.certs[k].n, none);
			n++;
		}
		assert_true(n > 0);
	}
}

static void
every_list(void **state)
{
	static const struct set lists[] = {
	        {"tdx/automata-dcap/quotev4.bin",
	         {INFO_0080 /* replaced */, "tdx/automata-dcap/solana_qe_identity.json", SOLANA},
	         "2025-07-20T00:00:00Z"},
	        {"tdx/automata-dcap/quotev4.bin",
	         {"tdx/automata-dcap/1025_tcb_info.json", "tdx/automata-dcap/1025_identity.json",
	          SOLANA},
	         "2025-10-20T00:00:00Z"},
	};
	static const char *const pck[] = {"tdx/automata-dcap/solana_pck_platform_crl.der",
	                                  "tdx/automata-dcap/1025_pck_crl.der"};
	static const char *const more[] = {"tdx/automata-dcap/solana_intel_root_ca_crl.der"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lists); i++) {
		CLEANUP(walk_done) struct walk w;
		const char *files[6];
		size_t n = 0;

		files[n++] = i == 0 ? "tdx/automata-dcap/solana_tcb_info_v3_with_tdx_module.json"
		                    : lists[i].files[0];
		files[n++] = lists[i].files[1];
		files[n++] = SOLANA;
		files[n++] = pck[i];
		files[n++] = more[0];
		walk_init(&w, lists[i].evidence, files, n, lists[i].time);
		assert_int_equal(w.doc.endorsements.n_crls, 2);
		for (size_t k = 0; k < 2; k++)
			walk_slice(&w, "list", &w.doc.endorsements.crls[k], 293,
			           w.doc.endorsements.crls[k].n, none);
	}
	/* And those that come in parts, root's and CA's. */
	for (size_t i = 0; i < 3; i++) {
		CLEANUP(walk_done) struct walk w;

		walk_init(&w, others[i].evidence, others[i].files, 4, others[i].time);
		assert_int_equal(w.doc.endorsements.n_crls, 2);
		for (size_t k = 0; k < 2; k++)
			walk_slice(&w, others[i].files[0], &w.doc.endorsements.crls[k], 293,
			           w.doc.endorsements.crls[k].n, none);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_signer),
	        cmocka_unit_test(every_list),
	};

	return cmocka_run_group_tests_name("evidence_walk_lists", tests, NULL, NULL);
}
