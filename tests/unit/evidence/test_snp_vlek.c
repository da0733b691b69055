/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of providers (VLEK), and what keeps them apart from those of chips. */
#include "evidence/snp/roots.h"
#include "snp_bench.h"
#include "vectors.h"

#include <string.h>

CHANGE(nothing, (void)b)
CHANGE(other_key, b->leaf.other_key = true)
CHANGE(revoked, b->crl_revoked = true)
CHANGE(debug, b->report.policy |= SNP_POLICY_DEBUG)

static void
vlek_unnamed(struct bench *b)
{
	b->set.csp_id[0] = '\0';
}
static void
vlek_of_another(struct bench *b)
{
	snprintf(b->set.csp_id, sizeof b->set.csp_id, "CN=other.example");
}
/* A provider whose name begins with the one that is allowed. */
static void
vlek_name_longer(struct bench *b)
{
	b->leaf.csp_id = "CN=cc.example.attacker";
}
static void
vlek_name_shorter(struct bench *b)
{
	b->leaf.csp_id = "CN=cc.exampl";
}
static void
vlek_expired(struct bench *b)
{
	b->rq.now = b->leaf.not_after + 1;
	b->rq.revocation = REVOCATION_OPTIONAL;
}
static void
vlek_without_provider(struct bench *b)
{
	b->leaf.skip_oid = SNP_OID_CSP_ID;
}
static void
vlek_provider_twice(struct bench *b)
{
	b->leaf.twice_oid = SNP_OID_CSP_ID;
}
static void
vlek_provider_empty(struct bench *b)
{
	b->leaf.csp_id = "";
}
#define NAME_65 "CN=45678901234567890123456789012345678901234567890123456789012345"
static void
vlek_provider_at_limit(struct bench *b)
{
	_Static_assert(sizeof NAME_65 - 1 == SNP_CSP_ID_MAX + 1, "one above the limit");
	static char at_limit[SNP_CSP_ID_MAX + 1];

	mem_copy(at_limit, NAME_65, SNP_CSP_ID_MAX);
	b->leaf.csp_id = at_limit;
	mem_copy(b->set.csp_id, at_limit, sizeof at_limit);
}
static void
vlek_provider_too_long(struct bench *b)
{
	b->leaf.csp_id = NAME_65;
}
static void
vlek_provider_unprintable(struct bench *b)
{
	b->leaf.csp_id = "CN=cc\x1b[0m";
}
static void
vlek_with_hardware_id(struct bench *b)
{
	b->leaf.mixed = true;
}
static void
vlek_for_a_chips_report(struct bench *b)
{
	b->report.key_info = SNP_SIGNED_VCEK << 2;
}
static void
vlek_other_tcb(struct bench *b)
{
	b->leaf.tcb.microcode--;
}
static void
vlek_on_a_listed_machine(struct bench *b)
{
	static const struct snp_chip_id id = {{1, 2, 3}};

	b->set.chip_ids = &id;
	b->set.n_chip_ids = 1;
}

static void
vlek_rows(void **state)
{
	static const struct row rows[] = {
	        {"sound", change_nothing, STEP_ACCEPTED, ""},
	        {"VLEK where none is allowed", vlek_unnamed, STEP_PLATFORM, "snp/vlek-denied"},
	        {"another provider's", vlek_of_another, STEP_PLATFORM, "snp/csp-id"},
	        {"a longer name", vlek_name_longer, STEP_PLATFORM, "snp/csp-id"},
	        {"a shorter name", vlek_name_shorter, STEP_PLATFORM, "snp/csp-id"},
	        {"VLEK expired", vlek_expired, STEP_CHAIN, "snp/vlek-expired"},
	        {"VLEK without provider", vlek_without_provider, STEP_CHAIN, "snp/vek-parse"},
	        {"provider twice", vlek_provider_twice, STEP_CHAIN, "snp/vek-parse"},
	        {"provider empty", vlek_provider_empty, STEP_CHAIN, "snp/vek-parse"},
	        {"provider at the limit", vlek_provider_at_limit, STEP_ACCEPTED, ""},
	        {"provider too long", vlek_provider_too_long, STEP_CHAIN, "snp/vek-parse"},
	        {"provider unprintable", vlek_provider_unprintable, STEP_CHAIN, "snp/vek-parse"},
	        {"VLEK with a hardware id", vlek_with_hardware_id, STEP_CHAIN, "snp/vek-kind"},
	        {"VLEK for a chip's report", vlek_for_a_chips_report, STEP_CHAIN, "snp/vek-kind"},
	        {"another TCB", vlek_other_tcb, STEP_CHAIN, "snp/tcb-cert"},
	        {"wrong key", change_other_key, STEP_SIGNATURE, "snp/signature"},
	        {"revoked ASVK", change_revoked, STEP_REVOCATION, "snp/ask-revoked"},
	        {"set with machines", vlek_on_a_listed_machine, STEP_PLATFORM, "snp/chip-masked"},
	        {"debug", change_debug, STEP_PLATFORM, "snp/debug"},
	};

	(void)state;
	each(rows, COUNT_OF(rows), SNP_MILAN, SNP_SIGNED_VLEK, 3);
}

/* Keys of chips and providers, and the authorities of each, do not stand in for one another. */
static void
keys_do_not_mix(void **state)
{
	CLEANUP(bench_done) struct bench a, b, c, d;
	CLEANUP(arena_done) struct arena arena = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct endorsements *e = &d.doc.endorsements;
	struct document back;
	struct cert *vcek;
	struct mint_leaf leaf;
	struct value v;
	struct err err;

	(void)state;
	/* A VLEK's report with nothing but a VCEK beside it. */
	bench_init(&a, SNP_MILAN, SNP_SIGNED_VCEK, 3);
	a.report.key_info = SNP_SIGNED_VLEK << 2;
	bench_seal(&a);
	expect(&a, "VCEK for a VLEK's report", STEP_CHAIN, "snp/vek-kind");
	bench_init(&b, SNP_MILAN, SNP_SIGNED_VCEK, 3);
	b.leaf.mixed = true;
	bench_seal(&b);
	expect(&b, "VCEK with a provider", STEP_CHAIN, "snp/vek-kind");
	/* A VLEK that the authority of chips' keys issued. */
	bench_init(&c, SNP_MILAN, SNP_SIGNED_VLEK, 3);
	mint_authority(&mint, SNP_MILAN, SNP_SIGNED_VCEK);
	bench_seal(&c);
	expect(&c, "VLEK by the wrong authority", STEP_CHAIN, "snp/vek-parse");
	/* A chip's key beside it is of no matter; so it travels, as a document. */
	bench_init(&d, SNP_MILAN, SNP_SIGNED_VLEK, 3);
	mint_authority(&mint, SNP_MILAN, SNP_SIGNED_VCEK);
	leaf = mint_leaf_default(&mint, SNP_SIGNED_VCEK);
	vcek = mint_vek(&mint, &leaf);
	mint_authority(&mint, SNP_MILAN, SNP_SIGNED_VLEK);
	bench_seal(&d);
	e->certs[e->n_certs++] = cert_der(vcek);
	expect(&d, "both keys", STEP_ACCEPTED, "");
	v = document_to_json(&arena, &d.doc);
	json_write(&v, JSON_COMPACT, &text);
	assert_ok(document_parse(&arena, buf_view(&text), &back, &err));
	d.rq.document = &back;
	expect(&d, "as a document", STEP_ACCEPTED, "");
	cert_free(vcek);
}

/* AMD's own authorities of providers' keys: each is the ARK's of its product. */
static void
authorities_of_providers(void **state)
{
	static const struct {
		const char *file, *name;
		enum snp_product product;
	} rows[] = {
	        {"snp/go-sev-guest/ask_ark_milan_vlek.pem", "SEV-VLEK-Milan", SNP_MILAN},
	        {"snp/go-sev-guest/ask_ark_genoa_vlek.pem", "SEV-VLEK-Genoa", SNP_GENOA},
	        {"snp/go-sev-guest/ask_ark_turin_vlek.pem", "SEV-VLEK-Turin", SNP_TURIN},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_done) struct buf pem = {0};
		struct cert *certs[2] = {NULL};
		struct hash256 id;
		struct err err;
		size_t n = 0;

		if (!vector_read(rows[i].file, &pem))
			skip();
		assert_ok(cert_parse_pem(buf_view(&pem), COUNT_OF(certs), certs, &n, &err));
		assert_int_equal(n, 2);
		assert_bytes(cert_subject_cn(certs[0]), bytes_str(rows[i].name));
		assert_ok(cert_signed_by(certs[0], certs[1], &err));
		id = cert_key_id(certs[1]);
		assert_true(hash256_equal(&id, snp_vendor_root(rows[i].product)));
		cert_free(certs[0]);
		cert_free(certs[1]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(vlek_rows),
	        cmocka_unit_test(keys_do_not_mix),
	        cmocka_unit_test(authorities_of_providers),
	};

	return cmocka_run_group_tests(tests, bench_setup, bench_teardown);
}
