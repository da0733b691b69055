/* SPDX-License-Identifier: Apache-2.0 */
/* TDX: every quote of the vectors with every TCB info, and walks over its bits. */
#include "base/clock.h"
#include "base/text.h"
#include "evidence/verify.h"
#include "unit.h"

#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static void
read_vector(const char *name, struct buf *out)
{
	char path[512], full[700];
	struct err err;

	snprintf(path, sizeof path, "vectors/%s", name);
	if (!shared_data(path, full, sizeof full))
		skip();
	assert_ok(file_read(full, 1024 * 1024, out, &err));
}

/* What a verifier at that time would have had at hand. */
struct bundle {
	const char *tcb_info, *qe_identity, *time;
	bool signer_valid; /* the TCB signer's certificate at hand is valid at that time */
};

static const struct bundle bundles[] = {
        {"tdx/automata-dcap/0625_tcbinfov3_90C06F000000.json", "tdx/automata-dcap/0625_qe_td.json",
         "2025-07-01T00:00:00Z", true},
        {"tdx/automata-dcap/0625_tcbinfov3_00806f050000.json", "tdx/automata-dcap/0625_qe_td.json",
         "2025-07-01T00:00:00Z", true},
        {"tdx/automata-dcap/1025_tcb_info.json", "tdx/automata-dcap/1025_identity.json",
         "2025-10-20T00:00:00Z", true},
        {"tdx/automata-dcap/solana_tcb_info_v3_with_tdx_module.json",
         "tdx/automata-dcap/solana_qe_identity.json", "2025-07-20T00:00:00Z", true},
        {"tdx/trustee/tcbInfo.json", "tdx/trustee/enclaveIdentity.json", "2025-11-01T00:00:00Z",
         true},
        {"tdx/go-tdx-guest/sample_tcbInfo_response", "tdx/go-tdx-guest/sample_qeIdentity_response",
         "2023-06-20T00:00:00Z", false},
        /* These carry slice and signature apart; make_envelope() joins them. */
        {"tdx/dcap-qvl/quote_collateral.json", NULL, "2025-09-10T00:00:00Z", true},
        {"tdx/dcap-qvl/tdx_quote_collateral.json", NULL, "2025-07-01T00:00:00Z", true},
        {"tdx/dcap-qvl/tdx_quote_outdated_collateral.json", NULL, "2026-03-01T00:00:00Z", true},
};

struct loaded {
	struct buf info, qe, signer, root_crl, pck_crl;
	struct endorsements e;
	int64_t now;
	bool signer_valid;
};

static void
loaded_done(struct loaded *l)
{
	buf_done(&l->info);
	buf_done(&l->qe);
	buf_done(&l->signer);
	buf_done(&l->root_crl);
	buf_done(&l->pck_crl);
}

static void
make_envelope(const struct value *v, const char *key, const char *text, const char *sig,
              struct buf *out)
{
	buf_printf(out, "{\"%s\":%.*s,\"signature\":\"%.*s\"}", key,
	           BYTES_ARG(json_text(json_get(v, text))), BYTES_ARG(json_text(json_get(v, sig))));
}

static void
load(const struct bundle *b, struct loaded *l)
{
	memset(l, 0, sizeof *l);
	read_vector("tdx/automata-dcap/solana_signing.der", &l->signer);
	read_vector(b->tcb_info, &l->info);
	if (b->qe_identity) {
		read_vector(b->qe_identity, &l->qe);
	} else {
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf info = {0};
		struct value v;
		struct err err;

		assert_ok(json_parse(&a, buf_view(&l->info), NULL, &v, &err));
		make_envelope(&v, "tcbInfo", "tcb_info", "tcb_info_signature", &info);
		make_envelope(&v, "enclaveIdentity", "qe_identity", "qe_identity_signature",
		              &l->qe);
		buf_reset(&l->info);
		buf_bytes(&l->info, buf_view(&info));
	}
	l->e.certs[0] = buf_view(&l->signer);
	l->e.n_certs = 1;
	l->e.tcb_info = buf_view(&l->info);
	l->e.qe_identity = buf_view(&l->qe);
	l->signer_valid = b->signer_valid;
	assert_true(time_parse(bytes_str(b->time), &l->now));
}

static const struct bundle *
bundle_of(struct bytes tcb_info)
{
	for (size_t i = 0; i < COUNT_OF(bundles); i++)
		if (bytes_is(tcb_info, bundles[i].tcb_info))
			return &bundles[i];
	return NULL;
}

static void
want_status(const char *quote, const struct bundle *b, struct bytes want, const char *got)
{
	bool same = bytes_is(want, got) ||
	            (bytes_is(want, "NOT_SUPPORTED") && strcmp(got, "NotSupported") == 0);

	if (!same)
		fail_msg("%s with %s: got %s, want %.*s", quote, b->tcb_info, got, BYTES_ARG(want));
}

/*
 * The whole pipeline; the status it ends with, or why it rejected. The chain is
 * checked at `chain_time`: some quotes are younger than the collateral of a row.
 */
static const char *
run_at(struct bytes quote, const struct loaded *l, int64_t chain_time, struct verdict *v)
{
	CLEANUP(tdx_chain_done) struct tdx_chain chain = {0};
	CLEANUP(tdx_collateral_done) struct tdx_collateral c = {0};
	struct tcb_result result;
	struct tdx_quote q;

	memset(v, 0, sizeof *v);
	if (!is_ok(tdx_quote_parse(quote, &q, v)) ||
	    !is_ok(tdx_chain_open(q.pck_pem, &l->e, &tdx_intel_root, false, chain_time, &chain,
	                          v)) ||
	    !is_ok(tdx_collateral_open(&l->e, &chain, false, l->now, &c, v)) ||
	    !is_ok(tdx_authenticate(&q, &chain, &c, NULL, &result, v)))
		return strcmp(v->reason, "tdx/tcb-unsupported") == 0 ? "NotSupported" : v->reason;
	return tcb_status_name(result.status);
}

static const char *
run(struct bytes quote, const struct loaded *l, struct verdict *v)
{
	return run_at(quote, l, l->now, v);
}

static void
read_manifest(struct buf *text, struct arena *a, struct value *ret)
{
	struct err err;

	read_vector("MANIFEST.json", text);
	assert_ok(json_parse(a, buf_view(text), NULL, ret, &err));
}

static void
every_quote_with_every_tcb_info(void **state)
{
	CLEANUP(buf_done) struct buf text = {0};
	CLEANUP(arena_done) struct arena a = {0};
	struct value rows;
	unsigned int n = 0;

	(void)state;
	read_manifest(&text, &a, &rows);
	for (uint32_t i = 0; i < rows.n; i++) {
		const struct value *row = json_item(&rows, i), *tcb = json_get(row, "tcb");
		CLEANUP(buf_done) struct buf quote = {0};
		char name[256];

		if (!bytes_is(json_text(json_get(row, "kind")), "tdx") ||
		    !json_is(tcb, VALUE_ARRAY) || tcb->n == 0)
			continue;
		snprintf(name, sizeof name, "%.*s", BYTES_ARG(json_text(json_get(row, "quote"))));
		read_vector(name, &quote);
		for (uint32_t k = 0; k < tcb->n; k++) {
			const struct value *t = json_item(tcb, k);
			const struct bundle *b = bundle_of(json_text(json_get(t, "tcb_info")));
			CLEANUP(loaded_done) struct loaded l = {0};
			struct verdict v;
			int64_t born;

			if (!b || !b->signer_valid)
				continue;
			load(b, &l);
			if (strstr(name, "tdx_prod_quote_SPR_E4"))
				continue; /* its own row below: a text behind the quote */
			assert_true(time_parse(json_text(json_get(row, "pck_not_before")), &born));
			want_status(name, b, json_text(json_get(t, "expected_status")),
			            run_at(buf_view(&quote), &l, MAX(l.now, born), &v));
			n++;
		}
	}
	assert_true(n >= 20);
}

/* The rule alone for the collateral of 2023, whose signer's certificate is not at hand. */
static void
module_without_version(void **state)
{
	static const struct {
		const char *quote, *status;
	} rows[] = {
	        {"tdx/trustee/tdx_quote_4.dat", "UpToDate"},
	        {"tdx/go-tdx-guest/tdx_prod_quote_SPR_E4.dat", "NotSupported"},
	};
	CLEANUP(loaded_done) struct loaded l = {0};
	CLEANUP(arena_done) struct arena a = {0};
	struct tcb_info info;
	struct qe_identity qe;
	struct bytes signed_part;
	uint8_t sig[64];
	struct err err;

	(void)state;
	load(&bundles[5], &l);
	assert_ok(tcb_envelope(&a, l.e.tcb_info, "tcbInfo", &signed_part, sig, &err));
	assert_ok(tcb_info_parse(&a, signed_part, &info, &err));
	assert_ok(tcb_envelope(&a, l.e.qe_identity, "enclaveIdentity", &signed_part, sig, &err));
	assert_ok(qe_identity_parse(&a, signed_part, &qe, &err));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(tdx_chain_done) struct tdx_chain chain = {0};
		CLEANUP(buf_done) struct buf quote = {0};
		struct verdict v = {0};
		struct qe_report report;
		struct tcb_result result;
		struct tdx_quote q;

		read_vector(rows[i].quote, &quote);
		if (strstr(rows[i].quote, "SPR_E4")) {
			assert_false(is_ok(tdx_quote_parse(buf_view(&quote), &q, &v)));
			assert_string_equal(v.reason, "tdx/trailing");
			memset(&v, 0, sizeof v);
			quote.n -= 39;
		}
		assert_true(is_ok(tdx_quote_parse(buf_view(&quote), &q, &v)));
		assert_true(is_ok(tdx_chain_open(q.pck_pem, &l.e, &tdx_intel_root, false,
		                                 l.now + 86400 * 400, &chain, &v)));
		qe_report_parse(q.qe_report, &report);
		tcb_evaluate(&info, &qe, &chain.pck, q.tee_tcb_svn, q.tee_tcb_svn2, report.isv_svn,
		             &result);
		assert_string_equal(tcb_status_name(result.status), rows[i].status);
	}
}

static void
quotes_that_are_none(void **state)
{
	static const struct {
		const char *file, *reason;
	} rows[] = {
	        {"tdx/dcap-qvl/sgx_quote", "tdx/tee"},
	        {"tdx/intel-qvl-sample/quote.dat", "tdx/pck-parse"}, /* DER where PEM belongs */
	};
	CLEANUP(loaded_done) struct loaded l = {0};

	(void)state;
	load(&bundles[0], &l);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_done) struct buf quote = {0};
		struct verdict v;

		read_vector(rows[i].file, &quote);
		assert_string_equal(run(buf_view(&quote), &l, &v), rows[i].reason);
	}
}

/* Another certificate of the signer's name, in front: an older one, or anybody's. */
static void
signer_is_chosen_by_its_path(void **state)
{
	CLEANUP(loaded_done) struct loaded l = {0};
	CLEANUP(buf_done) struct buf quote = {0};
	struct key *key = key_generate(KEY_P256, 0);
	struct cert *other = NULL;
	struct verdict v;
	struct err err;

	(void)state;
	load(&bundles[3], &l);
	read_vector("tdx/go-tdx-guest/cos-113-tdx-quote.dat", &quote);
	assert_ok(cert_issue(&(struct cert_spec){.profile = CERT_LEAF_TLS,
	                                         .subject_cn = "Intel SGX TCB Signing",
	                                         .key = key,
	                                         .not_before = l.now - 86400,
	                                         .not_after = l.now + 86400},
	                     &other, &err));
	l.e.certs[1] = l.e.certs[0];
	l.e.certs[0] = cert_der(other);
	l.e.n_certs = 2;
	assert_string_equal(run(buf_view(&quote), &l, &v), "UpToDate");
	l.e.n_certs = 1;
	assert_string_equal(run(buf_view(&quote), &l, &v), "tdx/tcbinfo-signature");
	cert_free(other);
	key_free(key);
}

static void
revocation_lists(void **state)
{
	static const struct {
		const char *root, *pck, *time, *want;
	} rows[] = {
	        {"tdx/automata-dcap/solana_intel_root_ca_crl.der",
	         "tdx/automata-dcap/solana_pck_platform_crl.der", "2025-07-20T00:00:00Z", ""},
	        {NULL, "tdx/automata-dcap/solana_pck_platform_crl.der", "2025-07-20T00:00:00Z",
	         "tdx/crl-missing"},
	        {"tdx/automata-dcap/solana_intel_root_ca_crl.der", NULL, "2025-07-20T00:00:00Z",
	         "tdx/crl-missing"},
	        {"tdx/automata-dcap/solana_intel_root_ca_crl.der",
	         "tdx/automata-dcap/solana_pck_platform_crl.der", "2025-09-20T00:00:00Z",
	         "tdx/crl-expired"},
	};
	CLEANUP(buf_done) struct buf quote = {0};

	(void)state;
	read_vector("tdx/automata-dcap/quotev4.bin", &quote);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(tdx_chain_done) struct tdx_chain chain = {0};
		CLEANUP(buf_done) struct buf root = {0}, pck = {0};
		struct endorsements e = {0};
		struct verdict v = {0};
		struct tdx_quote q;
		int64_t now;
		status s;

		if (rows[i].root) {
			read_vector(rows[i].root, &root);
			e.crls[e.n_crls++] = buf_view(&root);
		}
		if (rows[i].pck) {
			read_vector(rows[i].pck, &pck);
			e.crls[e.n_crls++] = buf_view(&pck);
		}
		assert_true(time_parse(bytes_str(rows[i].time), &now));
		assert_true(is_ok(tdx_quote_parse(buf_view(&quote), &q, &v)));
		s = tdx_chain_open(q.pck_pem, &e, &tdx_intel_root, true, now, &chain, &v);
		assert_int_equal(is_ok(s), rows[i].want[0] == '\0');
		assert_string_equal(v.reason, rows[i].want);
		if (is_ok(s))
			assert_int_equal(chain.revocation, REVOCATION_CHECKED);
	}
}

static void
other_root(void **state)
{
	CLEANUP(tdx_chain_done) struct tdx_chain chain = {0};
	CLEANUP(buf_done) struct buf quote = {0};
	struct hash256 root = tdx_intel_root;
	struct endorsements e = {0};
	struct verdict v = {0};
	struct tdx_quote q;

	(void)state;
	read_vector("tdx/automata-dcap/quotev4.bin", &quote);
	root.b[0] ^= 1;
	assert_true(is_ok(tdx_quote_parse(buf_view(&quote), &q, &v)));
	assert_false(is_ok(tdx_chain_open(q.pck_pem, &e, &root, false, 1753000000, &chain, &v)));
	assert_string_equal(v.reason, "tdx/root");
}

/* ---- reference sets, one knob at a time ---- */

static void
appraisal(void **state)
{
	CLEANUP(tdx_chain_done) struct tdx_chain chain = {0};
	CLEANUP(tdx_collateral_done) struct tdx_collateral c = {0};
	CLEANUP(loaded_done) struct loaded l = {0};
	CLEANUP(buf_done) struct buf quote = {0};
	static const uint8_t piid[1][16] = {{1}};
	uint8_t mrtd[1][48], rtmr0[2][48];
	struct tcb_result result;
	struct verdict v = {0};
	struct tdx_quote q;
	struct tdx_reference good = {.mrtd = (const uint8_t(*)[48])mrtd,
	                             .n_mrtd = 1,
	                             .rtmr0 = (const uint8_t(*)[48])rtmr0,
	                             .n_rtmr0 = 2,
	                             .xfam_mask = TDX_XFAM_DEFAULT_MASK,
	                             .min_evaluation = 17};

	(void)state;
	read_vector("tdx/go-tdx-guest/cos-113-tdx-quote.dat", &quote);
	load(&bundles[3], &l);
	assert_true(is_ok(tdx_quote_parse(buf_view(&quote), &q, &v)));
	assert_true(
	        is_ok(tdx_chain_open(q.pck_pem, &l.e, &tdx_intel_root, false, l.now, &chain, &v)));
	assert_true(is_ok(tdx_collateral_open(&l.e, &chain, false, l.now, &c, &v)));
	assert_true(is_ok(tdx_authenticate(&q, &chain, &c, q.report_data.p, &result, &v)));
	memcpy(mrtd[0], q.mrtd.p, 48);
	memset(rtmr0[0], 7, 48);
	memcpy(rtmr0[1], q.rtmr[0].p, 48);
	good.xfam = q.xfam;
	for (size_t i = 1; i < TDX_RTMRS; i++) {
		good.has_rtmr[i] = true;
		memcpy(good.rtmr[i], q.rtmr[i].p, 48);
	}
	memcpy(good.mrconfigid, q.mrconfigid.p, 48);
	memcpy(good.mrseam, q.mrseam.p, 48);
	good.has_mrconfigid = good.has_mrseam = true;
	if (!is_ok(tdx_appraise(&q, &chain, &c, &result, &good, &v)))
		fail_msg("%s: %s", v.reason, v.detail);
	for (int change = 0; change < 12; change++) {
		static const char *const reasons[] = {"tdx/mrtd",       "tdx/rtmr0",
		                                      "tdx/rtmr1",      "tdx/rtmr2",
		                                      "tdx/rtmr3",      "tdx/mrseam",
		                                      "tdx/configid",   "tdx/xfam",
		                                      "tdx/piid",       "tdx/tcb-eval",
		                                      "tdx/tcb-status", "tdx/platform-config"};
		struct tdx_reference r = good;

		memset(&v, 0, sizeof v);
		mrtd[0][0] ^= change == 0;
		rtmr0[1][0] ^= change == 1;
		r.rtmr[1][5] ^= change == 2;
		r.rtmr[2][5] ^= change == 3;
		r.rtmr[3][5] ^= change == 4;
		r.mrseam[0] ^= change == 5;
		r.mrconfigid[40] ^= change == 6;
		r.xfam ^= change == 7 ? 4 : 0;
		r.piids = piid;
		r.n_piids = change == 8;
		r.min_evaluation += change == 9;
		r.accepted_statuses = change == 10 ? 1U << TCB_OUT_OF_DATE : 0;
		r.memory_integrity = change == 11;
		assert_false(is_ok(tdx_appraise(&q, &chain, &c, &result, &r, &v)));
		assert_string_equal(v.reason, reasons[change]);
		mrtd[0][0] ^= change == 0;
		rtmr0[1][0] ^= change == 1;
	}
	{
		uint8_t other[64] = {1};

		memset(&v, 0, sizeof v);
		assert_false(is_ok(tdx_authenticate(&q, &chain, &c, other, &result, &v)));
		assert_string_equal(v.reason, "tdx/report-data");
	}
}

/* ---- the one verifier ---- */

static void
expect_verdict(const struct evidence_request *rq, enum verdict_step step, const char *reason)
{
	struct evidence_result res;

	evidence_verify(rq, &res);
	if (res.verdict.step != step || strcmp(res.verdict.reason, reason) != 0)
		fail_msg("got %s %s (%s), want %s %s", verdict_step_name(res.verdict.step),
		         res.verdict.reason, res.verdict.detail, verdict_step_name(step), reason);
	assert_int_equal(verdict_accepted(&res.verdict), step == STEP_ACCEPTED);
}

static void
whole_pipeline(void **state)
{
	CLEANUP(loaded_done) struct loaded l = {0};
	CLEANUP(buf_done) struct buf quote = {0};
	struct findings *all = mem_new(struct findings);
	uint8_t mrtd[1][48], expected[64];
	struct tdx_reference sets[2] = {0};
	struct hash256 policy = {{0}};
	struct policy_list policies = {&policy, 1};
	struct reference_sets refs = {.tdx = sets, .n_tdx = 1};
	struct document doc = {.tee = TEE_TDX};
	struct evidence_request rq = {
	        .document = &doc,
	        .report_data = expected,
	        .references = &refs,
	        .policies = &policies,
	        .revocation = REVOCATION_OPTIONAL,
	};
	struct evidence_result res;
	struct verdict v = {0};
	struct tdx_quote q;

	(void)state;
	read_vector("tdx/go-tdx-guest/cos-113-tdx-quote.dat", &quote);
	load(&bundles[3], &l);
	assert_true(is_ok(tdx_quote_parse(buf_view(&quote), &q, &v)));
	mem_copy(mrtd[0], q.mrtd.p, 48);
	mem_copy(expected, q.report_data.p, 64);
	mem_copy(policy.b, q.mrconfigid.p, 32);
	sets[0] = (struct tdx_reference){.mrtd = (const uint8_t(*)[48])mrtd,
	                                 .n_mrtd = 1,
	                                 .xfam = q.xfam,
	                                 .xfam_mask = TDX_XFAM_DEFAULT_MASK,
	                                 .min_evaluation = 17};
	doc.evidence = buf_view(&quote);
	doc.endorsements = l.e;
	rq.now = l.now;
	for (int round = 0; round < 2; round++) {
		rq.tdx_cache = round ? tdx_cache_new() : NULL;
		expect_verdict(&rq, STEP_ACCEPTED, "");
		expect_verdict(&rq, STEP_ACCEPTED, "");
		rq.now = l.now + 86400 * 60;
		expect_verdict(&rq, STEP_CHAIN, "tdx/tcbinfo-expired");
		rq.now = l.now;
		rq.revocation = REVOCATION_REQUIRED;
		expect_verdict(&rq, STEP_REVOCATION, "tdx/crl-missing");
		rq.revocation = REVOCATION_OPTIONAL;
		expected[0] ^= 1;
		expect_verdict(&rq, STEP_EARLY, "tdx/report-data");
		rq.flags = EVIDENCE_THOROUGH;
		expect_verdict(&rq, STEP_BINDING, "tdx/report-data");
		rq.flags = 0;
		expected[0] ^= 1;
		policy.b[0] ^= 1;
		expect_verdict(&rq, STEP_EARLY, "tdx/configid");
		rq.flags = EVIDENCE_THOROUGH;
		expect_verdict(&rq, STEP_MANIFEST, "tdx/configid");
		rq.flags = 0;
		policy.b[0] ^= 1;
		mrtd[0][0] ^= 1;
		expect_verdict(&rq, STEP_EARLY, "tdx/mrtd");
		mrtd[0][0] ^= 1;
		sets[0].has_trust_root = true;
		expect_verdict(&rq, STEP_CHAIN, "tdx/root");
		sets[0].has_trust_root = false;
		refs.n_tdx = 0;
		expect_verdict(&rq, STEP_MANIFEST, "tdx/no-reference");
		refs.n_tdx = 1;
		quote.p[48 + 400] ^= 1;
		expect_verdict(&rq, STEP_SIGNATURE, "tdx/signature");
		quote.p[48 + 400] ^= 1;
		tdx_cache_free(rq.tdx_cache);
	}
	/* The closest of two sets, with all that differs. */
	rq.tdx_cache = NULL;
	rq.findings = all;
	refs.n_tdx = 2;
	sets[1] = sets[0];
	sets[0].has_trust_root = true;
	sets[1].xfam ^= 4;
	sets[1].min_evaluation = 18;
	sets[1].has_mrseam = true;
	evidence_verify(&rq, &res);
	assert_int_equal(res.verdict.set, 1);
	assert_string_equal(res.verdict.reason, "tdx/tcb-eval");
	assert_int_equal(all->n, 3);
	sets[0].has_trust_root = false;
	evidence_verify(&rq, &res);
	assert_true(verdict_accepted(&res.verdict));
	assert_int_equal(res.verdict.set, 0);
	assert_int_equal(res.tcb_status, TCB_UP_TO_DATE);
	mem_free(all);
}

/* ---- walks ---- */

struct walk {
	struct loaded l;
	struct tdx_collateral c;
	struct tdx_chain chain;
	struct bytes pem;
};

/*
 * The pipeline with the collateral opened once; the chain is opened anew only
 * when the certificates' bytes have changed.
 */
static bool
accepted(struct walk *w, struct bytes quote)
{
	CLEANUP(tdx_chain_done) struct tdx_chain fresh = {0};
	const struct tdx_chain *chain = &w->chain;
	struct tcb_result result;
	struct verdict v = {0};
	struct tdx_quote q;

	if (!is_ok(tdx_quote_parse(quote, &q, &v)))
		return false;
	if (!bytes_equal(q.pck_pem, w->pem)) {
		if (!is_ok(tdx_chain_open(q.pck_pem, &w->l.e, &tdx_intel_root, false, w->l.now,
		                          &fresh, &v)))
			return false;
		chain = &fresh;
	}
	return is_ok(tdx_authenticate(&q, chain, &w->c, NULL, &result, &v));
}

/*
 * Bits that nothing signs:
 *  - the PEM text outside the base64 of leaf and CA (armour, line ends, the closing NUL), and
 * unused base64 bits: another spelling of the same certificates;
 *  - the root certificate: it is trusted by its key, which is compared, and its other bytes
 *    (dates, self-signature) say nothing that is believed. A change of its name breaks the chain.
 * They are accepted only if the certificates that come out are the same leaf and CA.
 */
static bool
same_certificates(struct walk *w, struct bytes quote)
{
	CLEANUP(tdx_chain_done) struct tdx_chain fresh = {0};
	struct verdict v = {0};
	struct tdx_quote q;

	return is_ok(tdx_quote_parse(quote, &q, &v)) &&
	       is_ok(tdx_chain_open(q.pck_pem, &w->l.e, &tdx_intel_root, false, w->l.now, &fresh,
	                            &v)) &&
	       bytes_equal(cert_der(fresh.leaf), cert_der(w->chain.leaf)) &&
	       bytes_equal(cert_der(fresh.issuer), cert_der(w->chain.issuer));
}

static void
every_bit_and_every_cut(void **state)
{
	const size_t step = SANITIZED ? 61 : 1;
	CLEANUP(buf_done) struct buf quote = {0};
	struct walk w = {0};
	struct verdict v = {0};
	struct tdx_quote q;
	size_t pem_from, pem_to, spelling = 0;

	(void)state;
	read_vector("tdx/dcap-qvl/tdx_quote", &quote);
	load(&bundles[7], &w.l);
	assert_true(is_ok(tdx_quote_parse(buf_view(&quote), &q, &v)));
	w.pem = q.pck_pem;
	assert_true(is_ok(
	        tdx_chain_open(q.pck_pem, &w.l.e, &tdx_intel_root, false, w.l.now, &w.chain, &v)));
	assert_true(is_ok(tdx_collateral_open(&w.l.e, &w.chain, false, w.l.now, &w.c, &v)));
	assert_true(accepted(&w, buf_view(&quote)));
	pem_from = (size_t)(q.pck_pem.p - quote.p);
	pem_to = pem_from + q.pck_pem.n + 1; /* and the NUL behind it */
	{
		CLEANUP(buf_done) struct buf copy = {0};

		buf_bytes(&copy, buf_view(&quote));
		for (size_t bit = 0; bit < quote.n * 8; bit += step) {
			size_t at = bit / 8;

			copy.p[at] ^= (uint8_t)(1U << bit % 8);
			if (accepted(&w, buf_view(&copy))) {
				if (at < pem_from || at >= pem_to ||
				    !same_certificates(&w, buf_view(&copy)))
					fail_msg("bit %zu of byte %zu is not protected", bit % 8,
					         at);
				spelling++;
			}
			copy.p[at] ^= (uint8_t)(1U << bit % 8);
		}
		for (size_t n = 0; n < pem_to - 1; n += step)
			assert_false(accepted(&w, bytes_of(copy.p, n)));
	}
	print_message("# %zu bits are spelling only\n", spelling);
	tdx_chain_done(&w.chain);
	tdx_collateral_done(&w.c);
	loaded_done(&w.l);
}

/* Each bit of the collateral: signed, so never accepted with another meaning. */
static void
every_bit_of_the_collateral(void **state)
{
	const size_t step = SANITIZED ? 997 : 13;
	CLEANUP(tdx_chain_done) struct tdx_chain chain = {0};
	CLEANUP(loaded_done) struct loaded l = {0};
	CLEANUP(buf_done) struct buf quote = {0};
	struct verdict v = {0};
	struct tdx_quote q;
	struct buf *parts[2];

	(void)state;
	read_vector("tdx/dcap-qvl/tdx_quote", &quote);
	load(&bundles[7], &l);
	assert_true(is_ok(tdx_quote_parse(buf_view(&quote), &q, &v)));
	assert_true(
	        is_ok(tdx_chain_open(q.pck_pem, &l.e, &tdx_intel_root, false, l.now, &chain, &v)));
	parts[0] = &l.info;
	parts[1] = &l.qe;
	for (size_t p = 0; p < 2; p++) {
		for (size_t bit = 0; bit < parts[p]->n * 8; bit += step) {
			struct tdx_collateral c = {0};
			uint8_t mask = (uint8_t)(1U << bit % 8);
			size_t at = bit / 8;
			bool hex_case = mask == 0x20 && at > parts[p]->n - 132;

			parts[p]->p[at] ^= mask;
			memset(&v, 0, sizeof v);
			/* The letter case of the signature's digits is spelling. */
			if (is_ok(tdx_collateral_open(&l.e, &chain, false, l.now, &c, &v)) &&
			    !hex_case)
				fail_msg("bit %zu of byte %zu of part %zu is not protected",
				         bit % 8, at, p);
			tdx_collateral_done(&c);
			parts[p]->p[at] ^= mask;
		}
	}
}

static void
identities_that_lack_something(void **state)
{
	static const char *const names[] = {"attributes", "attributesmask",
	                                    "id",         "issuedate",
	                                    "isvprodid",  "isvsvn",
	                                    "miscselect", "miscselectmask",
	                                    "mrsigner",   "nextupdate",
	                                    "qeidentity", "signature",
	                                    "tcb_date",   "tcb_eval_data_num",
	                                    "tcb_levels", "tcb_status",
	                                    "version"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf text = {0};
		struct qe_identity qe;
		struct bytes part;
		uint8_t sig[64];
		char file[160];
		struct err err;

		snprintf(file, sizeof file,
		         "tdx/openenclave-qeidentity-negative/qe_identity_missing_%s.json",
		         names[i]);
		read_vector(file, &text);
		assert_false(is_ok(tcb_envelope(&a, buf_view(&text), "enclaveIdentity", &part, sig,
		                                &err)) &&
		             is_ok(qe_identity_parse(&a, part, &qe, &err)));
	}
	{
		/* The SGX enclave's identity is signed by the same key and must not pass. */
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf text = {0};
		struct qe_identity qe;
		struct bytes part;
		uint8_t sig[64];
		struct err err;

		read_vector("tdx/automata-dcap/0625_identity.json", &text);
		assert_ok(tcb_envelope(&a, buf_view(&text), "enclaveIdentity", &part, sig, &err));
		assert_fails(qe_identity_parse(&a, part, &qe, &err), "E-TDX-012");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_quote_with_every_tcb_info),
	        cmocka_unit_test(module_without_version),
	        cmocka_unit_test(quotes_that_are_none),
	        cmocka_unit_test(signer_is_chosen_by_its_path),
	        cmocka_unit_test(revocation_lists),
	        cmocka_unit_test(other_root),
	        cmocka_unit_test(appraisal),
	        cmocka_unit_test(whole_pipeline),
	        cmocka_unit_test(every_bit_and_every_cut),
	        cmocka_unit_test(every_bit_of_the_collateral),
	        cmocka_unit_test(identities_that_lack_something),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
