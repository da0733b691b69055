/* SPDX-License-Identifier: Apache-2.0 */
/* What comes along with a report: lists old and new, several leaves, the host's certificate table.
 */
#include "evidence/marks.h"
#include "evidence/snp/certtable.h"
#include "snp_bench.h"

#include <string.h>

/*
 * A host staples the list of last month, which is signed and in its window: the newer one that was
 * accepted before, and that revokes, counts all the same.
 */
static void
an_older_list_hides_nothing(void **state)
{
	CLEANUP(bench_done) struct bench b;
	CLEANUP(buf_done) struct buf newer = {0};
	CLEANUP(marks_done) struct marks kept = {0};
	struct mark of[MARKS_OF_ONE];
	struct document d;

	(void)state;
	bench_init(&b, SNP_GENOA, SNP_SIGNED_VCEK, 5);
	b.crl_from = MINT_NOW - 20 * MINT_DAY;
	bench_seal(&b);
	mint_crl(&mint, true, MINT_NOW - MINT_DAY, MINT_NOW + 30 * MINT_DAY, &newer);
	d = b.doc;
	d.endorsements.crls[0] = buf_view(&newer);
	assert_int_equal(marks_of(&d, &mint.root, MINT_NOW, of), 1);
	assert_int_equal(of[0].issued, MINT_NOW - MINT_DAY);
	/* Of another root nothing is marked, and an ended list is none. */
	assert_int_equal(marks_of(&d, &b.policy, MINT_NOW, of), 0);
	assert_int_equal(marks_of(&d, &mint.root, MINT_NOW + 60 * MINT_DAY, of), 0);
	assert_int_equal(marks_of(&d, &mint.root, MINT_NOW, of), 1);
	marks_keep(&kept, of, 1);
	expect(&b, "as stapled", STEP_ACCEPTED, "");
	/* Junk in all places pushes it out no more than the older list does. */
	for (int junk = 0; junk < 2; junk++) {
		struct endorsements before = b.doc.endorsements;

		while (junk && b.doc.endorsements.n_crls < EVIDENCE_MAX_CRLS)
			b.doc.endorsements.crls[b.doc.endorsements.n_crls++] = buf_view(&b.crl);
		marks_add_lists(&kept, &b.doc);
		expect(&b, "with what is known", STEP_REVOCATION, "snp/ask-revoked");
		b.doc.endorsements = before;
	}
	/* The older one is no news. */
	assert_int_equal(marks_of(&b.doc, &mint.root, MINT_NOW, of), 1);
	assert_true(marks_has(&kept, &of[0]));
	marks_keep(&kept, of, 1);
	assert_int_equal(kept.version, 1);
}

/* A list that anybody signed under the issuer's name is no mark. */
static void
a_forged_list_is_no_mark(void **state)
{
	CLEANUP(bench_done) struct bench b;
	struct mark of[MARKS_OF_ONE];

	(void)state;
	bench_init(&b, SNP_MILAN, SNP_SIGNED_VCEK, 3);
	bench_seal(&b);
	assert_int_equal(marks_of(&b.doc, &mint.root, MINT_NOW, of), 1);
	b.crl.p[b.crl.n - 9] ^= 1;
	assert_int_equal(marks_of(&b.doc, &mint.root, MINT_NOW, of), 0);
	b.doc.endorsements.crls[0] = BYTES("no list");
	assert_int_equal(marks_of(&b.doc, &mint.root, MINT_NOW, of), 0);
}

/* The same rule as for Intel's lists (test_tdx_lists.c), in front and behind. */
static void
several_lists(void **state)
{
	static const struct {
		const char *name;
		struct {
			int from, to; /* days from now; 0, 0: none */
			enum { PLAIN, REVOKES, FORGED } how;
		} lists[2];
		enum verdict_step step;
		const char *reason;
		int valid; /* days that it stays accepted */
	} rows[] = {
	        {"an ended and a fresh one",
	         {{-9, -1, PLAIN}, {-1, 9, PLAIN}},
	         STEP_ACCEPTED,
	         "",
	         9},
	        {"an older and a newer one",
	         {{-5, 5, PLAIN}, {-1, 9, PLAIN}},
	         STEP_ACCEPTED,
	         "",
	         9},
	        {"two ended ones",
	         {{-9, -2, PLAIN}, {-9, -1, PLAIN}},
	         STEP_REVOCATION,
	         "snp/crl-expired",
	         0},
	        {"one of the future",
	         {{1, 9, PLAIN}, {0, 0, PLAIN}},
	         STEP_REVOCATION,
	         "snp/crl-expired",
	         0},
	        {"one of the future and a fresh one",
	         {{1, 9, PLAIN}, {-1, 9, PLAIN}},
	         STEP_ACCEPTED,
	         "",
	         9},
	        {"the newer revokes",
	         {{-5, 5, PLAIN}, {-1, 9, REVOKES}},
	         STEP_REVOCATION,
	         "snp/ask-revoked",
	         0},
	        {"the older revokes",
	         {{-5, 5, REVOKES}, {-1, 9, PLAIN}},
	         STEP_REVOCATION,
	         "snp/ask-revoked",
	         0},
	        {"the ended one revokes",
	         {{-9, -1, REVOKES}, {-1, 9, PLAIN}},
	         STEP_REVOCATION,
	         "snp/ask-revoked",
	         0},
	        {"forged", {{-1, 9, FORGED}, {0, 0, PLAIN}}, STEP_REVOCATION, "snp/crl", 0},
	        {"forged beside a fresh one",
	         {{-1, 9, FORGED}, {-1, 9, PLAIN}},
	         STEP_ACCEPTED,
	         "",
	         9},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows) * 4; i++) {
		CLEANUP(bench_done) struct bench b;
		struct buf der[2] = {{0}};
		struct evidence_result res;
		size_t row = i / 4, first = i & 1;

		bench_init(&b, SNP_GENOA, SNP_SIGNED_VCEK, 5);
		b.no_crl = true;
		b.rq.revocation = i & 2 ? REVOCATION_OPTIONAL : REVOCATION_REQUIRED;
		bench_seal(&b);
		for (size_t k = 0; k < 2; k++) {
			size_t at = k ^ first;

			if (rows[row].lists[at].to == 0)
				continue;
			mint_crl(&mint, rows[row].lists[at].how != PLAIN,
			         MINT_NOW + rows[row].lists[at].from * MINT_DAY,
			         MINT_NOW + rows[row].lists[at].to * MINT_DAY, &der[k]);
			der[k].p[der[k].n - 1] ^= rows[row].lists[at].how == FORGED;
			b.doc.endorsements.crls[b.doc.endorsements.n_crls++] = buf_view(&der[k]);
		}
		expect(&b, rows[row].name, rows[row].step, rows[row].reason);
		evidence_verify(&b.rq, &res);
		if (rows[row].step == STEP_ACCEPTED)
			assert_int_equal(res.valid_to, MINT_NOW + rows[row].valid * MINT_DAY);
		buf_done(&der[0]);
		buf_done(&der[1]);
	}
}

/* Of several leaves the one that fits the report is taken, cached or not. */
static void
several_leaves(void **state)
{
	CLEANUP(bench_done) struct bench b;
	struct cert *other;
	struct mint_leaf l;
	struct endorsements *e = &b.doc.endorsements;

	(void)state;
	bench_init(&b, SNP_GENOA, SNP_SIGNED_VCEK, 5);
	bench_seal(&b);
	l = b.leaf;
	l.tcb.microcode--;
	other = mint_vek(&mint, &l);
	e->certs[3] = e->certs[1];
	e->certs[1] = cert_der(other);
	e->n_certs = 4;
	b.rq.cache = snp_cache_new();
	expect(&b, "second leaf", STEP_ACCEPTED, "");
	expect(&b, "second leaf", STEP_ACCEPTED, "");
	b.report.reported_tcb[7]--;
	b.report.committed_tcb[7]--;
	b.report.launch_tcb[7]--;
	b.set.minimum_tcb.microcode--;
	mint_sign(&mint, &b.report, b.wire);
	expect(&b, "first leaf", STEP_ACCEPTED, "");
	snp_cache_free(b.rq.cache);
	cert_free(other);
}

static void
cert_tables(void **state)
{
	CLEANUP(buf_done) struct buf wire = {0};
	struct snp_table t = {
	        .entry = {[SNP_TABLE_VCEK] = BYTES("vcek"), [SNP_TABLE_CRL] = BYTES("l")}};
	struct snp_table back;
	struct err err = {0};

	(void)state;
	snp_table_emit(&t, &wire);
	assert_int_equal(wire.n, 3 * 24 + 5);
	assert_ok(snp_table_parse(buf_view(&wire), &back, &err));
	assert_bytes(back.entry[SNP_TABLE_VCEK], BYTES("vcek"));
	assert_bytes(back.entry[SNP_TABLE_CRL], BYTES("l"));
	assert_int_equal(back.entry[SNP_TABLE_ARK].n, 0);
	for (size_t n = 0; n < wire.n; n++)
		assert_false(is_ok(snp_table_parse(bytes_sub(buf_view(&wire), 0, n), &back, &err)));
	wire.p[16]--; /* the first entry into the header */
	assert_fails(snp_table_parse(buf_view(&wire), &back, &err), "E-EVIDENCE-040");
	wire.p[16]++;
	wire.p[23] = 0xff; /* a length that wraps */
	assert_fails(snp_table_parse(buf_view(&wire), &back, &err), "E-EVIDENCE-040");
	wire.p[23] = 0;
	mem_copy(wire.p + 24, wire.p, 16); /* one kind twice */
	assert_fails(snp_table_parse(buf_view(&wire), &back, &err), "E-EVIDENCE-040");
	for (size_t n = SNP_TABLE_MAX_ENTRIES; n <= SNP_TABLE_MAX_ENTRIES + 1; n++) {
		buf_reset(&wire);
		for (size_t i = 0; i < n; i++) {
			buf_u8(&wire, (uint8_t)(i + 1));
			buf_zeros(&wire, 15);
			buf_le32(&wire, (uint32_t)(24 * (n + 1)));
			buf_le32(&wire, 1);
		}
		buf_zeros(&wire, 25);
		if (n == SNP_TABLE_MAX_ENTRIES)
			assert_ok(snp_table_parse(buf_view(&wire), &back, &err));
		else
			assert_fails(snp_table_parse(buf_view(&wire), &back, &err),
			             "E-EVIDENCE-041");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(an_older_list_hides_nothing),
	        cmocka_unit_test(a_forged_list_is_no_mark),
	        cmocka_unit_test(several_lists),
	        cmocka_unit_test(several_leaves),
	        cmocka_unit_test(cert_tables),
	};

	return cmocka_run_group_tests(tests, bench_setup, bench_teardown);
}
