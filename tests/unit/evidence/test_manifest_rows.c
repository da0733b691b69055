/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every row of the vectors' MANIFEST.json that test_snp_vectors.c does not
 * judge: quotes by the one verifier, for the reason that the row names, at a
 * time at which its statements are valid; statements, lists and chains alone.
 */
#include "base/clock.h"
#include "base/text.h"
#include "evidence/intake.h"
#include "evidence/pool.h"
#include "evidence/verify.h"
#include "vectors.h"

#include <string.h>

enum { DAY = 86400 };

/* What quotes are judged with beside the TCB info of the row. */
static const char *const common[] = {
        "tdx/automata-dcap/solana_signing.der",
        "tdx/automata-dcap/0625_qe_td.json",
        "tdx/automata-dcap/1025_identity.json",
        "tdx/automata-dcap/solana_qe_identity.json",
        "tdx/trustee/enclaveIdentity.json",
        "tdx/go-tdx-guest/sample_qeIdentity_response",
        "tdx/dcap-qvl/tdx_quote_outdated_collateral.json",
};

static void
add_file(struct arena *a, struct pool *p, const char *name, bool whole)
{
	CLEANUP(buf_done) struct buf b = {0};
	struct endorsements e = {0};
	struct err err;

	assert_true(vector_read(name, &b));
	assert_ok(intake_endorsements(a, arena_copy(a, buf_view(&b)), &e, &err));
	e.n_crls = 0;
	if (!whole)
		e.tcb_info = (struct bytes){NULL, 0};
	assert_ok(pool_add(p, &e, &err));
}

static int64_t
row_time(const struct value *row, const char *name)
{
	CLEANUP(buf_done) struct buf text = {0};
	struct bytes t = json_text(json_get(row, name));
	int64_t ret;

	/* Python writes an offset where RFC 3339 has Z too. */
	buf_bytes(&text, bytes_sub(t, 0, 19));
	buf_str(&text, "Z");
	assert_true(time_parse(buf_view(&text), &ret));
	return ret;
}

static bool
objects(const struct value *row, const char *what)
{
	const struct value *list = json_get(row, "strict_policy_objections");

	for (uint32_t i = 0; list && i < list->n; i++)
		if (bytes_find(json_text(json_item(list, i)), bytes_str(what), 0) != SIZE_MAX)
			return true;
	return false;
}

static bool
found(const struct findings *f, const char *reason)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->list[i].reason, reason) == 0)
			return true;
	return false;
}

/* A set that the quote satisfies but for what the row objects to: exactly that is found. */
static void
judge_policy(const struct value *row, const char *name, struct document *d, int64_t now,
             bool up_to_date)
{
	struct findings *all = mem_new(struct findings);
	uint8_t mrtd[1][48], data[64];
	struct tdx_reference set = {.mrtd = (const uint8_t(*)[48])mrtd,
	                            .n_mrtd = 1,
	                            .xfam_mask = UINT64_MAX};
	struct reference_sets refs = {.tdx = &set, .n_tdx = 1};
	struct evidence_request rq = {.scope = EVIDENCE_AUTHENTIC,
	                              .flags = EVIDENCE_THOROUGH,
	                              .document = d,
	                              .report_data = data,
	                              .references = &refs,
	                              .revocation = REVOCATION_OPTIONAL,
	                              .findings = all,
	                              .now = now};
	const struct {
		const char *reason;
		bool want;
	} rows[] = {
	        {"tdx/tcb-status", !up_to_date},
	        {"tdx/debug", objects(row, "DEBUG")},
	        {"tdx/attributes", !objects(row, "DEBUG") && (objects(row, "SEPT_VE_DISABLE") ||
	                                                      objects(row, "PKS"))},
	        {"tdx/servicetd", objects(row, "MRSERVICETD")},
	};
	struct evidence_result res;
	struct verdict v = {0};
	struct tdx_quote q;
	size_t wanted = 0;

	assert_true(is_ok(tdx_quote_parse(d->evidence, &q, &v)));
	mem_copy(mrtd[0], q.mrtd.p, 48);
	mem_copy(data, q.report_data.p, 64);
	set.xfam = q.xfam;
	evidence_verify(&rq, &res);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		wanted += rows[i].want;
		if (found(all, rows[i].reason) != rows[i].want)
			fail_msg("%s: %s %s", name, rows[i].reason,
			         rows[i].want ? "is not found" : "is found");
	}
	assert_int_equal(all->n, wanted);
	assert_int_equal(verdict_accepted(&res.verdict), wanted == 0);
	mem_free(all);
}

static const char *
want_reason(struct bytes expected, const char *tcb_info)
{
	/* Of 2023; the signer's certificate of that time is not among the vectors. */
	if (strstr(tcb_info, "sample_tcbInfo_response"))
		return "tdx/tcbinfo-signature";
	return bytes_is(expected, "NOT_SUPPORTED") ? "tdx/tcb-unsupported" : "";
}

static void
judge_quote(struct arena *a, const struct value *row, const struct value *t)
{
	const char *name = row_text(a, row, "quote"), *info = row_text(a, t, "tcb_info");
	struct bytes expected = json_text(json_get(t, "expected_status"));
	const char *want = want_reason(expected, info);
	int64_t now = MAX(row_time(t, "valid_from"), row_time(row, "pck_not_before")) + DAY;
	CLEANUP(buf_done) struct buf b = {0};
	struct pool p = {.arena = a};
	struct evidence_request rq = {.scope = EVIDENCE_AUTHENTIC,
	                              .revocation = REVOCATION_OPTIONAL};
	struct evidence_result res;
	struct document d;
	struct err err;

	if (now > row_time(t, "valid_to"))
		return; /* the machine is younger than the statement */
	assert_true(vector_read(name, &b));
	if (strstr(name, "SPR_E4"))
		b.n -= 39; /* its suffix: test_tdx.c */
	for (size_t i = 0; i < COUNT_OF(common); i++)
		add_file(a, &p, common[i], false);
	add_file(a, &p, info, true);
	assert_ok(intake_evidence(a, buf_view(&b), &d, &err));
	rq.document = &d;
	/* The first day on which a QE identity of the same evaluation is valid too. */
	for (; now < row_time(t, "valid_to"); now += DAY) {
		rq.now = now;
		pool_select(&p, &d, now, &d.endorsements);
		evidence_verify(&rq, &res);
		if (!bytes_starts(bytes_str(res.verdict.reason), BYTES("tdx/qeid-")) &&
		    strcmp(res.verdict.reason, "tdx/tcb-eval") != 0)
			break;
	}
	if (strcmp(res.verdict.reason, want) != 0 ||
	    (want[0] == '\0' && !bytes_is(expected, tcb_status_name(res.tcb_status))))
		fail_msg("%s with %s: %s (%s), status %s; want %.*s", name, info,
		         res.verdict.reason, res.verdict.detail, tcb_status_name(res.tcb_status),
		         BYTES_ARG(expected));
	assert_int_equal(verdict_accepted(&res.verdict), want[0] == '\0');
	if (want[0] == '\0')
		judge_policy(row, name, &d, now, bytes_is(expected, "UpToDate"));
}

static bool
is_here(const char *name)
{
	CLEANUP(buf_done) struct buf b = {0};

	return vector_read(name, &b);
}

static void
every_quote(void **state)
{
	CLEANUP(arena_done) struct arena outer = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct value rows;
	size_t n = 0;

	(void)state;
	rows = vector_rows(&outer, &text);
	for (size_t i = 0; i < rows.n; i++) {
		const struct value *row = json_item(&rows, i), *tcb = json_get(row, "tcb");

		for (uint32_t k = 0; row_kind(row, "tdx") && tcb && k < tcb->n; k++) {
			CLEANUP(arena_done) struct arena a = {0};

			/* Rows may name collateral that is not here. */
			if (!is_here(row_text(&outer, json_item(tcb, k), "tcb_info")))
				continue;
			judge_quote(&a, row, json_item(tcb, k));
			n++;
		}
	}
	if (n == 0)
		skip();
	assert_true(n >= 20);
}

/* Signed by Intel, as the row says; and read where it is ours to read. */
static void
every_statement(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf text = {0}, der = {0};
	struct cert *signer = NULL;
	struct key *key;
	struct value rows;
	struct err err;
	size_t n = 0;

	(void)state;
	rows = vector_rows(&a, &text);
	if (!vector_read("tdx/automata-dcap/solana_signing.der", &der))
		skip();
	assert_ok(cert_parse_der(buf_view(&der), &signer, &err));
	key = cert_key(signer);
	for (size_t i = 0; i < rows.n; i++) {
		const struct value *row = json_item(&rows, i);
		bool info = row_kind(row, "tcb-info");
		const char *name = row_text(&a, row, "file");
		CLEANUP(arena_done) struct arena b = {0};
		CLEANUP(buf_done) struct buf file = {0};
		struct qe_identity qe;
		struct tcb_info tcb;
		uint8_t sig[64];
		struct bytes part;
		bool good, ours;

		if ((!info && !row_kind(row, "qe-identity")) || !vector_read(name, &file))
			continue;
		good = is_ok(tcb_envelope(&b, buf_view(&file), info ? "tcbInfo" : "enclaveIdentity",
		                          &part, sig, &err)) &&
		       is_ok(key_verify_ecdsa_raw(key, SIG_SHA256, part, bytes_of(sig, 32),
		                                  bytes_of(sig + 32, 32), &err));
		if (good != json_get(row, "intel_signature_ok")->u.b)
			fail_msg("%s: the signature is %s", name, good ? "good" : err.msg);
		n++;
		if (!good)
			continue;
		ours = info ? is_ok(tcb_info_parse(&b, part, &tcb, &err))
		            : is_ok(qe_identity_parse(&b, part, &qe, &err));
		assert_int_equal(ours,
		                 bytes_is(json_text(json_get(row, "id")), info ? "TDX" : "TD_QE"));
		if (!ours)
			continue;
		assert_int_equal(info ? tcb.issued : qe.issued, row_time(row, "issueDate"));
		assert_int_equal(info ? tcb.next_update : qe.next_update,
		                 row_time(row, "nextUpdate"));
	}
	key_free(key);
	cert_free(signer);
	assert_true(n >= 25);
}

/* Lists by the CAs of a quote's chain, in their windows and not outside. */
static void
every_list(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf text = {0}, quote = {0};
	struct cert *certs[4] = {NULL};
	struct verdict v = {0};
	struct tdx_quote q;
	struct value rows;
	struct err err;
	size_t n = 0, m = 0;

	(void)state;
	rows = vector_rows(&a, &text);
	if (!vector_read("tdx/automata-dcap/quotev4.bin", &quote))
		skip();
	assert_true(is_ok(tdx_quote_parse(buf_view(&quote), &q, &v)));
	assert_ok(cert_parse_pem(q.pck_pem, COUNT_OF(certs), certs, &m, &err));
	for (size_t i = 0; i < rows.n; i++) {
		const struct value *row = json_item(&rows, i);
		CLEANUP(buf_done) struct buf der = {0};
		CLEANUP(crl_drop) struct crl *c = NULL;
		char when[32];
		bool good = false, outside = false;

		if (!row_kind(row, "crl") || !vector_read(row_text(&a, row, "file"), &der))
			continue;
		assert_ok(crl_parse_der(buf_view(&der), &c, &err));
		assert_true(bytes_starts(bytes_str(time_cstr(crl_this_update(c), when)),
		                         json_text(json_get(row, "thisUpdate"))));
		assert_true(bytes_starts(bytes_str(time_cstr(crl_next_update(c), when)),
		                         json_text(json_get(row, "nextUpdate"))));
		for (size_t k = 0; k < m; k++) {
			good |= is_ok(crl_verify(c, certs[k], crl_next_update(c), &err));
			outside |= is_ok(crl_verify(c, certs[k], crl_next_update(c) + 1, &err)) ||
			           is_ok(crl_verify(c, certs[k], crl_this_update(c) - 1, &err));
		}
		assert_int_equal(good, json_get(row, "signature_ok")->u.b);
		assert_false(outside);
		n++;
	}
	for (size_t k = 0; k < m; k++)
		cert_free(certs[k]);
	assert_true(n >= 5);
}

/* A leaf with its chain and no report: reading, product, dates, path. */
static void
every_chain(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct value rows;
	struct err err;
	size_t n = 0;

	(void)state;
	rows = vector_rows(&a, &text);
	for (size_t i = 0; i < rows.n; i++) {
		const struct value *row = json_item(&rows, i);
		CLEANUP(buf_done) struct buf pem = {0}, issuer = {0};
		struct cert *c[4] = {NULL};
		struct verdict v = {0};
		struct snp_vek vek;
		size_t m = 0;

		if (!row_kind(row, "snp-chain") || !vector_read(row_text(&a, row, "vek"), &pem))
			continue;
		assert_ok(cert_parse_pem(buf_view(&pem), COUNT_OF(c), c, &m, &err));
		assert_int_equal(m, 3);
		assert_true(is_ok(snp_vek_parse(c[0], &vek, &v)));
		buf_str(&issuer, "CN=");
		buf_bytes(&issuer, cert_issuer_cn(c[0]));
		assert_bytes(buf_view(&issuer), json_text(json_get(row, "vek_issuer")));
		assert_int_equal(cert_not_before(c[0]), row_time(row, "vek_not_before"));
		assert_int_equal(cert_not_after(c[0]), row_time(row, "vek_not_after"));
		assert_int_equal(is_ok(cert_walk(c[0], &c[1], 1, c[2], cert_not_before(c[0]),
		                                 &err)),
		                 json_get(row, "chain_ok")->u.b);
		snp_vek_done(&vek);
		for (size_t k = 0; k < m; k++)
			cert_free(c[k]);
		n++;
	}
	if (n == 0)
		skip();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_quote),
	        cmocka_unit_test(every_statement),
	        cmocka_unit_test(every_list),
	        cmocka_unit_test(every_chain),
	};

	return cmocka_run_group_tests_name("evidence_manifest_rows", tests, NULL, NULL);
}
