/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quotes of many machines. Free are the PEM text around the base64 of the PCK's
 * certificates, unused base64 bits, and the root's certificate, which is trusted
 * by its key: only where the leaf and its CA come out the same (is_spelling).
 * Zeros behind a quote may be cut. Quotes whose platform is below all of Intel's
 * levels are not here: they are never accepted.
 */
#include "walk.h"

static bool
open_chain(const struct walk *w, struct bytes quote, struct tdx_chain *ret)
{
	struct verdict v = {0};
	struct tdx_quote q;

	return is_ok(tdx_quote_parse(quote, &q, &v)) &&
	       is_ok(tdx_chain_open(q.pck_pem, &w->doc.endorsements, &tdx_intel_root, false,
	                            w->rq.now, ret, &v));
}

/* In the PEM text, and the same leaf and CA come out. */
static bool
is_spelling(const struct walk *w, struct bytes b, size_t at, uint8_t mask UNUSED)
{
	CLEANUP(tdx_chain_done) struct tdx_chain one = {0}, other = {0};
	struct verdict v = {0};
	struct tdx_quote q;
	size_t from;

	if (!is_ok(tdx_quote_parse(buf_view(&w->evidence), &q, &v)))
		return false;
	from = (size_t)(q.pck_pem.p - w->evidence.p);
	return at >= from && at <= from + q.pck_pem.n && open_chain(w, b, &one) &&
	       open_chain(w, buf_view(&w->evidence), &other) &&
	       bytes_equal(cert_der(one.leaf), cert_der(other.leaf)) &&
	       bytes_equal(cert_der(one.issuer), cert_der(other.issuer));
}

/* Other certificates than the quote's: without a path to the root nothing else need be judged. */
static bool
chain_is_broken(const struct walk *w)
{
	CLEANUP(tdx_chain_done) struct tdx_chain chain = {0};
	struct verdict v = {0};
	struct tdx_quote now, before;

	return is_ok(tdx_quote_parse(buf_view(&w->evidence), &before, &v)) &&
	       is_ok(tdx_quote_parse(w->doc.evidence, &now, &v)) &&
	       !bytes_equal(now.pck_pem, before.pck_pem) && !open_chain(w, w->doc.evidence, &chain);
}

static const struct set quotes[] = {
        {"tdx/dcap-qvl/tdx_quote",
         {"tdx/dcap-qvl/tdx_quote_collateral.json"},
         "2025-07-01T00:00:00Z"},
        {"tdx/dcap-qvl/near_quote.bin",
         {"tdx/dcap-qvl/quote_collateral.json"},
         "2025-09-10T00:00:00Z"},
        {"tdx/automata-dcap/alibaba_quote_5.dat",
         {INFO_90C0, QE_0625, SOLANA},
         "2025-07-01T00:00:00Z"},
        {"tdx/automata-dcap/quotev4.bin", {INFO_0080, QE_0625, SOLANA}, "2025-07-01T00:00:00Z"},
        {"tdx/go-tdx-guest/cos-113-tdx-quote.dat",
         {INFO_0080, QE_0625, SOLANA},
         "2025-07-01T00:00:00Z"},
        {"tdx/go-tdx-guest/quote_v5_sample.dat",
         {"tdx/dcap-qvl/tdx_quote_outdated_collateral.json"},
         "2026-03-01T00:00:00Z"},
        {"tdx/trustee/evidence-v0.td-quote.bin",
         {INFO_0080, QE_0625, SOLANA},
         "2025-07-01T00:00:00Z"},
        {"tdx/trustee/tdx_quote_6.dat",
         {"tdx/trustee/tcbInfo.json", "tdx/trustee/enclaveIdentity.json", SOLANA},
         "2025-11-01T00:00:00Z"},
};

/* The part that something must be: without the zeros behind it, and the NUL that ends the PEM. */
static size_t
needed(const struct walk *w)
{
	size_t n = w->evidence.n;

	while (n > 0 && w->evidence.p[n - 1] == 0)
		n--;
	return n;
}

static void
every_quote(void **state)
{
	size_t free_bits = 0;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(quotes); i++) {
		CLEANUP(walk_done) struct walk w;

		walk_init(&w, quotes[i].evidence, quotes[i].files, 4, quotes[i].time);
		/* Chain and statements stay the same but where the certificates change. */
		w.rq.tdx_cache = tdx_cache_new();
		w.hopeless = chain_is_broken;
		walk_slice(&w, quotes[i].evidence, &w.doc.evidence, 211, needed(&w), is_spelling);
		free_bits += w.free_bits;
	}
	print_message("# %zu bits are spelling\n", free_bits);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_quote),
	};

	return cmocka_run_group_tests_name("evidence_walk_quotes", tests, NULL, NULL);
}
