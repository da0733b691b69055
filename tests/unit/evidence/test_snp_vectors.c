/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real reports of many machines: each gets the verdict that MANIFEST.json
 * says, for its reason; and no flipped bit and no truncation of one is accepted.
 *
 * Bits that nothing signs: none. Of the 1184 bytes, 672 are signed; R and S
 * are the signature; their padding, and the rest of the signature's 512 bytes,
 * must be zero, which the decoder demands.
 */
#include "vectors.h"

#include "evidence/verify.h"

#include <string.h>

/*
 * Steps through the bits. CONTRAST_WALK=full takes every one (the release
 * build of scripts/test, scripts/soak); otherwise samples keep `meson test` quick.
 */
enum { LEAF_MAX = 8, NOW = 1795500000 /* 2026-11-24 */ };

struct steps {
	size_t report, first_leaf, leaf; /* first_leaf: one a product line */
};

static struct steps
steps(void)
{
	const char *walk = getenv("CONTRAST_WALK");

	if (walk && strcmp(walk, "full") == 0)
		return (struct steps){1, 1, 41};
	return (struct steps){61, 199, 997};
}

struct vector {
	struct buf report, leaf, chain;
	struct cert *certs[LEAF_MAX];
	size_t n_certs;
	struct document doc;
	struct snp_report parsed;
	struct snp_reference set;
	struct hash256 policy;
	struct policy_list policies;
	struct reference_sets refs;
	struct evidence_request rq;
};

static void
vector_done(struct vector *t)
{
	for (size_t i = 0; i < t->n_certs; i++)
		cert_free(t->certs[i]);
	buf_done(&t->report);
	buf_done(&t->leaf);
	buf_done(&t->chain);
}

/* A reference set that the report satisfies: what is left to judge is what is signed. */
static void
fit_set(struct vector *t, enum snp_product p)
{
	const struct snp_report *r = &t->parsed;

	t->set = (struct snp_reference){
	        .product = p,
	        .sev_features = 1,
	        .guest_policy = {.smt = true},
	        .platform_info = {.smt = true, .tsme = true},
	};
	mem_copy(t->set.measurement.b, r->measurement, SHA384_SIZE);
	assert_true(snp_tcb_decode(p, r->launch_tcb, &t->set.minimum_tcb));
	mem_copy(t->policy.b, r->host_data, SHA256_SIZE);
	t->policies = (struct policy_list){&t->policy, 1};
	t->refs = (struct reference_sets){.snp = &t->set, .n_snp = 1};
}

static void
add_certs(struct vector *t, const struct buf *text)
{
	struct bytes b = buf_view(text);
	size_t n = 0;
	struct err err;

	if (b.n > 0 && b.p[0] == 0x30) {
		assert_ok(cert_parse_der(b, &t->certs[t->n_certs], &err));
		n = 1;
	} else {
		assert_ok(
		        cert_parse_pem(b, LEAF_MAX - t->n_certs, &t->certs[t->n_certs], &n, &err));
	}
	t->n_certs += n;
}

static bool
vector_load(struct arena *a, const struct value *row, struct vector *t)
{
	enum snp_product p;
	struct verdict v = {0};

	*t = (struct vector){0};
	if (!vector_read(row_text(a, row, "report"), &t->report) ||
	    !vector_read(row_text(a, row, "vek"), &t->leaf))
		return false;
	add_certs(t, &t->leaf);
	if (vector_read(row_text(a, row, "chain"), &t->chain))
		add_certs(t, &t->chain);
	t->doc.tee = TEE_SNP;
	t->doc.evidence = buf_view(&t->report);
	for (size_t i = 0; i < t->n_certs; i++)
		t->doc.endorsements.certs[i] = cert_der(t->certs[i]);
	t->doc.endorsements.n_certs = t->n_certs;
	t->rq = (struct evidence_request){
	        .document = &t->doc,
	        .report_data = t->parsed.report_data,
	        .references = &t->refs,
	        .policies = &t->policies,
	        .revocation = REVOCATION_OPTIONAL, /* nobody publishes AMD's lists with reports */
	        .now = NOW,
	};
	if (is_ok(snp_report_parse(buf_view(&t->report), &t->parsed, &v))) {
		if (!snp_product_parse(json_text(json_get(row, "product")), &p))
			p = SNP_MILAN;
		fit_set(t, p);
	}
	return true;
}

/* What the row says must happen. */
struct want {
	enum verdict_step step;
	const char *reason;
};

static struct want
want_of(const struct value *row)
{
	struct bytes why = json_text(json_get(row, "why"));
	uint64_t size = 0;

	(void)json_u64(json_get(row, "size"), 1 << 20, &size);
	if (bytes_is(json_text(json_get(row, "policy")), "0xb0000"))
		return (struct want){STEP_PLATFORM, "snp/debug"};
	if (bytes_is(json_text(json_get(row, "crypto_verdict")), "valid"))
		return (struct want){STEP_ACCEPTED, ""};
	if (size != SNP_REPORT_SIZE)
		return (struct want){STEP_DECODE, "snp/size"};
	if (bytes_find(why, BYTES("signature corrupted"), 0) != SIZE_MAX)
		return (struct want){STEP_SIGNATURE, "snp/signature"};
	if (bytes_find(json_text(json_get(row, "vek_subject")), BYTES("CN="), 0) == SIZE_MAX)
		return (struct want){STEP_CHAIN, "snp/vek-kind"};
	/* Leaves of another chip or TCB: the cheap comparison speaks before the signature. */
	if (json_is(json_get(row, "tcb_matches_cert"), VALUE_BOOL) &&
	    !json_get(row, "tcb_matches_cert")->u.b)
		return (struct want){STEP_CHAIN, "snp/tcb-cert"};
	return (struct want){STEP_CHAIN, "snp/chipid-cert"};
}

static void
manifest_rows(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct value rows;
	size_t n = 0;

	(void)state;
	rows = vector_rows(&a, &text);
	for (size_t i = 0; i < rows.n; i++) {
		const struct value *row = json_item(&rows, i);
		CLEANUP(vector_done) struct vector t = {0};
		struct want want;
		struct evidence_result res;

		if (!row_kind(row, "snp") || !vector_load(&a, row, &t))
			continue;
		want = want_of(row);
		evidence_verify(&t.rq, &res);
		if (res.verdict.step != want.step || strcmp(res.verdict.reason, want.reason) != 0)
			fail_msg("%s: got %s %s (%s), want %s %s", row_text(&a, row, "report"),
			         verdict_step_name(res.verdict.step), res.verdict.reason,
			         res.verdict.detail, verdict_step_name(want.step), want.reason);
		if (want.step == STEP_ACCEPTED)
			assert_int_equal(res.verdict.revocation, REVOCATION_NOT_CHECKED);
		n++;
	}
	if (n == 0)
		skip();
	assert_true(n >= 15);
}

/* Roots are pinned by key and travel with the evidence: without them there is no chain. */
static void
leaf_alone(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct value rows;
	size_t n = 0;

	(void)state;
	rows = vector_rows(&a, &text);
	for (size_t i = 0; i < rows.n; i++) {
		const struct value *row = json_item(&rows, i);
		CLEANUP(vector_done) struct vector t = {0};
		struct evidence_result res;

		if (!row_kind(row, "snp") || want_of(row).step != STEP_ACCEPTED ||
		    !vector_load(&a, row, &t))
			continue;
		t.doc.endorsements.n_certs = 1;
		evidence_verify(&t.rq, &res);
		assert_string_equal(res.verdict.reason, "snp/root");
		n++;
	}
	if (n == 0)
		skip();
}

static void
must_refuse(const struct vector *t, const char *what, size_t at)
{
	struct evidence_result res;

	evidence_verify(&t->rq, &res);
	if (verdict_accepted(&res.verdict))
		fail_msg("%s: changed at bit %zu, and still accepted", what, at);
}

/* What a walk starts from: otherwise it would refuse for another reason than the changed bit. */
static void
must_accept(const struct vector *t, const char *what)
{
	struct evidence_result res;

	evidence_verify(&t->rq, &res);
	if (!verdict_accepted(&res.verdict))
		fail_msg("%s: %s", what, res.verdict.reason);
}

static void
walk_report(struct vector *t, const char *name)
{
	for (size_t bit = 0; bit < t->report.n * 8; bit += steps().report) {
		t->report.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
		must_refuse(t, name, bit);
		t->report.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	for (size_t n = 0; n < t->report.n; n++) {
		t->doc.evidence = bytes_sub(buf_view(&t->report), 0, n);
		must_refuse(t, name, n * 8);
	}
	t->doc.evidence = buf_view(&t->report);
}

static void
walk_leaf(struct vector *t, const char *name, size_t step)
{
	CLEANUP(buf_done) struct buf der = {0};

	buf_bytes(&der, cert_der(t->certs[0]));
	t->doc.endorsements.certs[0] = buf_view(&der);
	for (size_t bit = 0; bit < der.n * 8; bit += step) {
		der.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
		must_refuse(t, name, bit);
		der.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	for (size_t n = 0; n<der.n; n += step> 1 ? 7 : 1) {
		t->doc.endorsements.certs[0] = bytes_sub(buf_view(&der), 0, n);
		must_refuse(t, name, n * 8);
	}
	t->doc.endorsements.certs[0] = cert_der(t->certs[0]);
}

static void
mutation_walk(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf text = {0};
	bool seen[SNP_PRODUCTS] = {false};
	struct value rows;
	size_t n = 0;

	(void)state;
	rows = vector_rows(&a, &text);
	for (size_t i = 0; i < rows.n; i++) {
		const struct value *row = json_item(&rows, i);
		CLEANUP(vector_done) struct vector t = {0};
		const char *name = row_text(&a, row, "report");
		uint8_t expected[EVIDENCE_REPORT_DATA_SIZE];
		struct snp_cache *cache;

		if (!row_kind(row, "snp") || want_of(row).step != STEP_ACCEPTED ||
		    !vector_load(&a, row, &t))
			continue;
		/* The expected values must not follow the flipped bits. */
		mem_copy(expected, t.parsed.report_data, sizeof expected);
		t.rq.report_data = expected;
		/* The chain stays the same through the report's walk: cache it. */
		cache = t.rq.cache = snp_cache_new();
		must_accept(&t, name);
		walk_report(&t, name);
		t.rq.cache = NULL;
		snp_cache_free(cache);
		must_accept(&t, name);
		walk_leaf(&t, name, seen[t.set.product] ? steps().leaf : steps().first_leaf);
		seen[t.set.product] = true;
		n++;
	}
	if (n == 0)
		skip();
	assert_true(n >= 12);
}

/* Leaves and chains that do not belong together. */
static void
crossed_chains(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct value rows;
	size_t n = 0;

	(void)state;
	rows = vector_rows(&a, &text);
	for (size_t i = 0; i < rows.n; i++) {
		for (size_t j = 0; j < rows.n; j++) {
			const struct value *x = json_item(&rows, i), *y = json_item(&rows, j);
			CLEANUP(vector_done) struct vector t = {0};
			CLEANUP(vector_done) struct vector u = {0};
			struct evidence_result res;

			if (i == j || !row_kind(x, "snp") || !row_kind(y, "snp") ||
			    want_of(x).step != STEP_ACCEPTED || want_of(y).step != STEP_ACCEPTED ||
			    !vector_load(&a, x, &t) || !vector_load(&a, y, &u) ||
			    memcmp(t.parsed.chip_id, u.parsed.chip_id, 64) == 0)
				continue;
			t.doc.endorsements = u.doc.endorsements;
			evidence_verify(&t.rq, &res);
			assert_false(verdict_accepted(&res.verdict));
			assert_int_equal(res.verdict.step, STEP_CHAIN);
			n++;
		}
	}
	if (n == 0)
		skip();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(manifest_rows),
	        cmocka_unit_test(leaf_alone),
	        cmocka_unit_test(crossed_chains),
	        cmocka_unit_test(mutation_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
