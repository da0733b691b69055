/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCB infos and QE identities. Free are white space before and behind a
 * statement and the letter case of its signature's digits.
 */
#include "walk.h"

static bool
is_hex_case(const struct walk *w UNUSED, struct bytes b, size_t at, uint8_t mask)
{
	size_t key = bytes_find(b, BYTES("\"signature\":\""), 0);

	if (mask == 0x20 && key != SIZE_MAX && at > key + 12 && at <= key + 12 + 128)
		return true;
	/* White space that becomes other white space, outside of what is signed. */
	return (b.p[at] == ' ' || b.p[at] == '\t' || b.p[at] == '\r' || b.p[at] == '\n') &&
	       (at == 0 || at + 2 >= b.n);
}

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
        {"tdx/automata-dcap/quotev4.bin", {INFO_0080, QE_0625, SOLANA}, "2025-07-01T00:00:00Z"},
        {"tdx/automata-dcap/quotev4.bin",
         {"tdx/automata-dcap/1025_tcb_info.json", "tdx/automata-dcap/1025_identity.json", SOLANA},
         "2025-10-20T00:00:00Z"},
        {"tdx/automata-dcap/quotev4.bin",
         {"tdx/automata-dcap/solana_tcb_info_v3_with_tdx_module.json",
          "tdx/automata-dcap/solana_qe_identity.json", SOLANA},
         "2025-07-20T00:00:00Z"},
        {"tdx/trustee/tdx_quote_6.dat",
         {"tdx/trustee/tcbInfo.json", "tdx/trustee/enclaveIdentity.json", SOLANA},
         "2025-11-01T00:00:00Z"},
};

/* The bytes that a statement must have: white space behind it is nothing. */
static size_t
trimmed(struct bytes b)
{
	return bytes_trim(b).n + (size_t)(bytes_trim(b).p - b.p);
}

static void
every_statement(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		CLEANUP(walk_done) struct walk w;
		struct endorsements *e = &w.doc.endorsements;

		walk_init(&w, others[i].evidence, others[i].files, 4, others[i].time);
		walk_slice(&w, others[i].files[0], &e->tcb_info, 499, trimmed(e->tcb_info),
		           is_hex_case);
		walk_slice(&w, others[i].files[0], &e->qe_identity, 199, trimmed(e->qe_identity),
		           is_hex_case);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_statement),
	};

	return cmocka_run_group_tests_name("evidence_walk_statements", tests, NULL, NULL);
}
