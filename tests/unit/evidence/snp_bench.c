/* SPDX-License-Identifier: Apache-2.0 */
/* See snp_bench.h. */
#include "snp_bench.h"

#include <string.h>

struct mint mint;

void
bench_init(struct bench *b, enum snp_product p, enum snp_signing_key kind, uint32_t version)
{
	*b = (struct bench){0};
	mint_authority(&mint, p, kind);
	b->leaf = mint_leaf_default(&mint, kind);
	b->report = mint_report(&mint, &b->leaf, version);
	b->set = mint_reference(&mint, &b->report);
	if (kind == SNP_SIGNED_VLEK)
		snprintf(b->set.csp_id, sizeof b->set.csp_id, "%s", b->leaf.csp_id);
	mem_copy(b->policy.b, b->report.host_data, 32);
	mem_copy(b->expected, b->report.report_data, 64);
	b->policies = (struct policy_list){&b->policy, 1};
	b->refs = (struct reference_sets){.snp = &b->set, .n_snp = 1};
	b->crl_from = MINT_NOW - MINT_DAY;
	b->crl_to = MINT_NOW + 30 * MINT_DAY;
	b->rq = (struct evidence_request){
	        .document = &b->doc,
	        .report_data = b->expected,
	        .references = &b->refs,
	        .policies = &b->policies,
	        .now = MINT_NOW,
	};
}

void
bench_seal(struct bench *b)
{
	struct endorsements *e = &b->doc.endorsements;

	mint_sign(&mint, &b->report, b->wire);
	b->vek = mint_vek(&mint, &b->leaf);
	mint_crl(&mint, b->crl_revoked, b->crl_from, b->crl_to, &b->crl);
	b->doc.tee = TEE_SNP;
	b->doc.evidence = bytes_of(b->wire, sizeof b->wire);
	/* Root first: the order is of no matter. */
	if (!b->no_ark)
		e->certs[e->n_certs++] = cert_der(mint.ark);
	if (!b->no_vek)
		e->certs[e->n_certs++] = cert_der(b->vek);
	if (!b->no_ask)
		e->certs[e->n_certs++] = cert_der(mint.ask);
	if (!b->no_crl)
		e->crls[e->n_crls++] = buf_view(&b->crl);
}

void
bench_done(struct bench *b)
{
	cert_free(b->vek);
	buf_done(&b->crl);
}

void
expect(const struct bench *b, const char *name, enum verdict_step step, const char *reason)
{
	struct evidence_result res;

	evidence_verify(&b->rq, &res);
	if (res.verdict.step != step || strcmp(res.verdict.reason, reason) != 0)
		fail_msg("%s: got %s %s (%s), want %s %s", name,
		         verdict_step_name(res.verdict.step), res.verdict.reason,
		         res.verdict.detail, verdict_step_name(step), reason);
	assert_int_equal(verdict_accepted(&res.verdict), step == STEP_ACCEPTED);
	if (step == STEP_ACCEPTED)
		assert_memory_equal(res.policy.b, b->policy.b, 32);
	else
		assert_true(bytes_all_zero(hash256_view(&res.policy)));
}

void
each(const struct row *rows, size_t n, enum snp_product p, enum snp_signing_key kind,
     uint32_t version)
{
	for (size_t i = 0; i < n; i++) {
		CLEANUP(bench_done) struct bench b;

		bench_init(&b, p, kind, version);
		rows[i].change(&b);
		bench_seal(&b);
		expect(&b, rows[i].name, rows[i].step, rows[i].reason);
	}
}

int
bench_setup(void **state)
{
	(void)state;
	mint_init(&mint);
	return 0;
}

int
bench_teardown(void **state)
{
	(void)state;
	mint_done(&mint);
	return 0;
}
