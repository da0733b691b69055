/* SPDX-License-Identifier: Apache-2.0 */
/* Collateral: windows, order of sources, cache, bundles, and what is asked of the vendors. */
#include "attest/collateral/collateral.h"
#include "base/text.h"
#include "transport/script.h"
#include "unit/attest/mint.h"

#include <string.h>

static void
windows_come_from_the_data(void **state)
{
	CLEANUP(buf_done) struct buf crl = {0};
	struct collateral_item item = {.kind = COLLATERAL_SNP_CRL, .subject = "Milan/vcek"};
	struct err err;

	(void)state;
	mint_crl(NOW - DAY, NOW + DAY, &crl);
	item.data = buf_view(&crl);
	assert_ok(collateral_inspect(&item, &err));
	assert_int_equal(item.valid_from, NOW - DAY);
	assert_int_equal(item.valid_until, NOW + DAY);
	item.kind = COLLATERAL_SNP_VCEK;
	assert_fails(collateral_inspect(&item, &err), "E-COLLATERAL-001");
	item.kind = COLLATERAL_TDX_TCB_INFO;
	assert_fails(collateral_inspect(&item, &err), "E-COLLATERAL-001");
}

static void
cache_keeps_the_newest(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf newer = {0}, older = {0};
	struct collateral_item item = {.kind = COLLATERAL_SNP_CRL, .subject = "Milan/vcek"}, got;
	struct collateral_set all;
	struct err err;

	(void)state;
	mint_crl(NOW - DAY, NOW + DAY, &newer);
	mint_crl(NOW - 2 * DAY, NOW + DAY, &older);
	item.data = buf_view(&newer);
	assert_ok(collateral_inspect(&item, &err));
	assert_ok(collateral_cache_write(dir, &item, &err));
	item.data = buf_view(&older);
	assert_ok(collateral_inspect(&item, &err));
	assert_ok(collateral_cache_write(dir, &item, &err));
	assert_ok(collateral_cache_read(dir, COLLATERAL_SNP_CRL, "Milan/vcek", &a, &got, &err));
	assert_bytes(got.data, buf_view(&newer));
	assert_ok(collateral_cache_list(dir, &a, &all, &err));
	assert_int_equal(all.n, 1);
	assert_string_equal(all.items[0].subject, "Milan/vcek");
	assert_fails(collateral_cache_read(dir, COLLATERAL_SNP_CRL, "../../etc/passwd", &a, &got,
	                                   &err),
	             "E-COLLATERAL-002");
	assert_fails(collateral_cache_read(dir, COLLATERAL_SNP_CRL, "Genoa/vcek", &a, &got, &err),
	             "E-FILE-003");
}

static void
bundles_round_trip_and_refuse_changes(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf crl = {0}, cert = {0}, text = {0}, again = {0};
	struct collateral_item items[2] = {
	        {.kind = COLLATERAL_SNP_CRL, .subject = "Milan/vcek"},
	        {.kind = COLLATERAL_SNP_VCEK, .subject = "Milan/00/00"},
	};
	struct collateral_set set = {.items = items, .n = 2}, got;
	struct err err;
	size_t at;

	(void)state;
	mint_crl(NOW - DAY, NOW + DAY, &crl);
	mint_cert(&cert, NULL);
	items[0].data = buf_view(&crl);
	items[1].data = buf_view(&cert);
	assert_ok(collateral_inspect(&items[0], &err));
	assert_ok(collateral_inspect(&items[1], &err));
	collateral_bundle_write(&set, &text);
	assert_ok(collateral_bundle_parse(&a, buf_view(&text), &got, &err));
	assert_int_equal(got.n, 2);
	assert_bytes(got.items[1].data, buf_view(&cert));
	collateral_bundle_write(&got, &again);
	assert_bytes(buf_view(&again), buf_view(&text));
	/* One digit of a digest. */
	at = bytes_find(buf_view(&text), BYTES("\"sha256\": \""), 0) + strlen("\"sha256\": \"");
	text.p[at] = text.p[at] == '0' ? '1' : '0';
	assert_fails(collateral_bundle_parse(&a, buf_view(&text), &got, &err), "E-COLLATERAL-020");
	assert_string_equal(err.place, ".items[0].sha256");
}

/* ---- order of sources ---- */

static void
sources_in_order(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf bundled = {0}, cached = {0}, served = {0};
	struct collateral_item one = {.kind = COLLATERAL_SNP_CRL, .subject = "Genoa/vcek"}, got;
	struct collateral_set bundle = {.items = &one, .n = 1};
	struct script_step step = {.url = "https://kdsintf.amd.com/vcek/v1/Genoa/crl",
	                           .status = 200};
	struct script script;
	struct collateral c = {0};
	struct err err;

	(void)state;
	mint_crl(NOW - DAY, NOW + DAY, &bundled);
	mint_crl(NOW - 30 * DAY, NOW + 2 * DAY, &cached); /* past two thirds */
	mint_crl(NOW - DAY / 2, NOW + 30 * DAY, &served);
	step.body = buf_view(&served);

	/* Nothing anywhere, and no network: named exactly. */
	assert_fails(collateral_get(&c, one.kind, one.subject, NOW, &a, &got, &err),
	             "E-COLLATERAL-010");
	assert_non_null(strstr(err.msg, "snp-crl Genoa/vcek"));

	/* The bundle wins; no connection is made although there is a transport. */
	script_init(&script, &step, 0);
	one.data = buf_view(&bundled);
	assert_ok(collateral_inspect(&one, &err));
	c = (struct collateral){.bundle = &bundle, .transport = &script.transport};
	assert_ok(collateral_get(&c, one.kind, one.subject, NOW, &a, &got, &err));
	assert_bytes(got.data, buf_view(&bundled));
	assert_true(script_done(&script));

	/* Out of its window it is not used: the cache is. */
	one.data = buf_view(&cached);
	assert_ok(collateral_inspect(&one, &err));
	assert_ok(collateral_cache_write(dir, &one, &err));
	one.data = buf_view(&bundled);
	assert_ok(collateral_inspect(&one, &err));
	c = (struct collateral){.bundle = &bundle, .cache_dir = dir};
	assert_ok(collateral_get(&c, one.kind, one.subject, NOW + DAY + 1, &a, &got, &err));
	assert_bytes(got.data, buf_view(&cached));

	/* The cached one is ageing: the vendor is asked; without an answer it serves on. */
	c = (struct collateral){.cache_dir = dir, .transport = &script.transport};
	script_init(&script, &(struct script_step){.status = 404}, 1);
	assert_ok(collateral_get(&c, one.kind, one.subject, NOW, &a, &got, &err));
	assert_bytes(got.data, buf_view(&cached));
	assert_true(script_done(&script));
	script_init(&script, &step, 1);
	assert_ok(collateral_get(&c, one.kind, one.subject, NOW, &a, &got, &err));
	assert_bytes(got.data, buf_view(&served));
	assert_true(script_done(&script));

	/* And what was served is in the cache now. */
	c.transport = NULL;
	assert_ok(collateral_get(&c, one.kind, one.subject, NOW + 20 * DAY, &a, &got, &err));
	assert_bytes(got.data, buf_view(&served));
	assert_fails(collateral_get(&c, one.kind, one.subject, NOW + 31 * DAY, &a, &got, &err),
	             "E-COLLATERAL-010");
	assert_non_null(strstr(err.msg, "ended at"));
}

static void
amd_is_asked_for_leaves_slowly(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf cert = {0};
	char milan[COLLATERAL_SUBJECT_MAX], turin[COLLATERAL_SUBJECT_MAX], url[2][400];
	struct script_step steps[2] = {{.url = url[0], .status = 200},
	                               {.url = url[1], .status = 200}};
	struct collateral_item got;
	struct script script;
	struct collateral c = {.transport = &script.transport};
	struct err err;

	(void)state;
	mint_cert(&cert, NULL);
	steps[0].body = steps[1].body = buf_view(&cert);
	snprintf(milan, sizeof milan, "Milan/%0128d/04000000000018db", 7);
	snprintf(turin, sizeof turin, "Turin/%016d/0101010400000051", 9);
	snprintf(url[0], sizeof url[0],
	         "https://kdsintf.amd.com/vcek/v1/Milan/"
	         "%0128d?blSPL=04&teeSPL=00&snpSPL=24&ucodeSPL=219",
	         7);
	snprintf(url[1], sizeof url[1],
	         "https://kdsintf.amd.com/vcek/v1/Turin/"
	         "%016d?fmcSPL=01&blSPL=01&teeSPL=01&snpSPL=04&"
	         "ucodeSPL=81",
	         9);
	script_init(&script, steps, 2);
	assert_ok(collateral_get(&c, COLLATERAL_SNP_VCEK, milan, NOW, &a, &got, &err));
	assert_int_equal(script.slept_ms, 0);
	assert_ok(collateral_get(&c, COLLATERAL_SNP_VCEK, turin, NOW, &a, &got, &err));
	assert_int_equal(script.slept_ms, 10000);
	assert_true(script_done(&script));
}

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

/* 429 is waited out in AMD's rhythm, or as long as the answer says; never in quick succession. */
static void
throttling_is_waited_out(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf cert = {0};
	char milan[COLLATERAL_SUBJECT_MAX];
	struct script_step steps[4] = {{.status = 429},
	                               {.status = 429, .headers = {{"Retry-After", "7"}}},
	                               {.status = 200},
	                               {.status = 429}};
	struct collateral_item got;
	struct script script;
	struct collateral c = {.transport = &script.transport};
	struct err err;

	(void)state;
	mint_cert(&cert, NULL);
	steps[2].body = buf_view(&cert);
	snprintf(milan, sizeof milan, "Milan/%0128d/04000000000018db", 7);
	script_init(&script, steps, 3);
	assert_ok(collateral_get(&c, COLLATERAL_SNP_VCEK, milan, NOW, &a, &got, &err));
	assert_int_equal(script.slept_ms, 10000 + 7000);
	assert_true(script_done(&script));
	for (size_t i = 0; i < 4; i++)
		steps[i] = (struct script_step){.status = 429};
	script_init(&script, steps, 4);
	c.kds_next = 0;
	assert_fails(collateral_get(&c, COLLATERAL_SNP_VCEK, milan, NOW, &a, &got, &err),
	             "E-COLLATERAL-010");
	assert_non_null(strstr(err.msg, "asked too often"));
	assert_int_equal(script.slept_ms, 3 * 10000);
}

/* ---- nothing older than what was seen ---- */

static void
order_is_by_number_then_date(void **state)
{
	static const struct {
		uint64_t number[2];
		int64_t from[2];
		bool older;
	} rows[] = {
	        {{17, 18}, {NOW, NOW}, true},       {{18, 17}, {NOW, NOW}, false},
	        {{17, 18}, {NOW + DAY, NOW}, true}, {{18, 17}, {NOW - DAY, NOW}, false},
	        {{18, 18}, {NOW - 1, NOW}, true},   {{18, 18}, {NOW, NOW}, false},
	        {{0, 0}, {NOW - 1, NOW}, true},     {{0, 9}, {NOW, NOW - 1}, false},
	        {{9, 0}, {NOW - 1, NOW}, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct collateral_item a = {.number = rows[i].number[0],
		                            .valid_from = rows[i].from[0]};
		struct collateral_item b = {.number = rows[i].number[1],
		                            .valid_from = rows[i].from[1]};

		assert_int_equal(collateral_is_older(&a, &b), rows[i].older);
	}
}

/* The mark stays when the item is gone; only a newer one moves it. */
static void
older_ones_are_refused(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf old = {0}, new = {0};
	struct collateral_item one = {.kind = COLLATERAL_SNP_CRL, .subject = "Genoa/vcek"}, mark,
	                       got;
	struct collateral_set bundle = {.items = &one, .n = 1};
	struct script_step step = {.status = 200};
	struct script script;
	struct collateral c = {.cache_dir = dir, .bundle = &bundle, .monotone = true};
	struct err err;

	(void)state;
	mint_crl(NOW - 3 * DAY, NOW + 90 * DAY, &old);
	mint_crl(NOW - DAY, NOW + 90 * DAY, &new);
	assert_false(collateral_seen_read(dir, one.kind, one.subject, &mark));
	one.data = buf_view(&new);
	assert_ok(collateral_inspect(&one, &err));
	assert_ok(collateral_seen_write(dir, &one, &err));
	one.data = buf_view(&old);
	assert_ok(collateral_inspect(&one, &err));
	assert_ok(collateral_seen_write(dir, &one, &err)); /* moves nothing back */
	assert_true(collateral_seen_read(dir, one.kind, one.subject, &mark));
	assert_int_equal(mark.valid_from, NOW - DAY);

	/* In a bundle, in the cache, from the vendor's address: the old one has not ended. */
	assert_fails(collateral_get(&c, one.kind, one.subject, NOW, &a, &got, &err),
	             "E-COLLATERAL-012");
	assert_non_null(strstr(err.msg, "older than one seen before"));
	c.bundle = NULL;
	assert_ok(collateral_cache_write(dir, &one, &err));
	assert_fails(collateral_get(&c, one.kind, one.subject, NOW, &a, &got, &err),
	             "E-COLLATERAL-012");
	step.body = buf_view(&old);
	script_init(&script, &step, 1);
	c.transport = &script.transport;
	assert_fails(collateral_get(&c, one.kind, one.subject, NOW, &a, &got, &err),
	             "E-COLLATERAL-012");
	assert_true(script_done(&script));
	step.body = buf_view(&new);
	script_init(&script, &step, 1);
	assert_ok(collateral_get(&c, one.kind, one.subject, NOW, &a, &got, &err));
	assert_bytes(got.data, buf_view(&new));

	/* The past is judged by what was there then. */
	c = (struct collateral){.bundle = &bundle};
	assert_ok(collateral_get(&c, one.kind, one.subject, NOW - 2 * DAY, &a, &got, &err));
	assert_bytes(got.data, buf_view(&old));
}

/* A newer one in the cache beats an older one in the bundle. */
static void
the_newest_at_hand_is_taken(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf old = {0}, new = {0};
	struct collateral_item one = {.kind = COLLATERAL_SNP_CRL, .subject = "Genoa/vcek"}, got;
	struct collateral_set bundle = {.items = &one, .n = 1};
	struct collateral c = {.cache_dir = dir, .bundle = &bundle};
	struct err err;

	(void)state;
	mint_crl(NOW - 3 * DAY, NOW + 90 * DAY, &old);
	mint_crl(NOW - DAY, NOW + 90 * DAY, &new);
	one.data = buf_view(&new);
	assert_ok(collateral_inspect(&one, &err));
	assert_ok(collateral_cache_write(dir, &one, &err));
	one.data = buf_view(&old);
	assert_ok(collateral_inspect(&one, &err));
	assert_ok(collateral_get(&c, one.kind, one.subject, NOW, &a, &got, &err));
	assert_bytes(got.data, buf_view(&new));
}

/* Statements that came with a quote, older than what was seen: another is taken, or named. */
static void
stapled_statements_too(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf quote = {0}, info = {0}, missing = {0};
	struct collateral_item item = {.kind = COLLATERAL_TDX_TCB_INFO, .subject = "00806f050000"};
	struct endorsements e = {0};
	struct collateral c = {.cache_dir = dir, .monotone = true};
	struct err err;
	int64_t now = 1753000000;

	(void)state;
	read_vector("tdx/automata-dcap/quotev4.bin", &quote);
	read_vector("tdx/automata-dcap/solana_tcb_info_v3_with_tdx_module.json", &info);
	item.data = buf_view(&info);
	assert_ok(collateral_inspect(&item, &err));
	assert_true(item.number > 0);
	e.tcb_info = item.data;
	assert_ok(collateral_complete(&c, TEE_TDX, buf_view(&quote), now, &a, &e, &missing, &err));
	assert_int_equal(c.n_used, 1);
	/* Lists were not checked, statements were. */
	assert_ok(collateral_remember(&c, false, &err));
	item.number++;
	item.valid_from -= DAY;
	assert_ok(collateral_seen_write(dir, &item, &err));
	buf_reset(&missing);
	assert_ok(collateral_complete(&c, TEE_TDX, buf_view(&quote), now, &a, &e, &missing, &err));
	assert_int_equal(e.tcb_info.n, 0);
	assert_non_null(
	        strstr(buf_cstr(&missing), "tdx-tcb-info 00806f050000: the one at hand (number "));
	e.tcb_info = buf_view(&info);
	c.monotone = false;
	buf_reset(&missing);
	assert_ok(collateral_complete(&c, TEE_TDX, buf_view(&quote), now, &a, &e, &missing, &err));
	assert_bytes(e.tcb_info, buf_view(&info));
}

/* ---- what evidence needs ---- */

static void
an_snp_report_names_what_it_lacks(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf report = {0}, missing = {0};
	struct endorsements e = {0};
	struct collateral c = {0};
	struct err err;

	(void)state;
	read_vector("snp/ms-tav/turin_attestation_report.bin", &report);
	assert_ok(collateral_complete(&c, TEE_SNP, buf_view(&report), NOW, &a, &e, &missing, &err));
	assert_non_null(strstr(buf_cstr(&missing), "snp-vcek Turin/"));
	assert_non_null(strstr(buf_cstr(&missing), "snp-chain Turin/vcek"));
	assert_non_null(strstr(buf_cstr(&missing), "snp-crl Turin/vcek"));
	assert_int_equal(e.n_certs, 0);
}

static void
percent_encode(struct bytes in, struct buf *out)
{
	for (size_t i = 0; i < in.n; i++)
		buf_printf(out, "%%%02X", in.p[i]);
}

static void
a_tdx_quote_gets_all_it_needs(void **state)
{
	static const char base[] = "https://api.trustedservices.intel.com";
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done)
	struct buf quote = {0}, info = {0}, qe = {0}, root_crl = {0}, pck_crl = {0};
	CLEANUP(buf_done) struct buf missing = {0}, chain = {0}, header = {0}, signer = {0};
	CLEANUP(cert_drop) struct cert *cert = NULL;
	char url[4][200];
	struct script_step steps[4] = {0};
	struct script script;
	struct endorsements e = {0};
	struct collateral c = {.transport = &script.transport, .cache_dir = dir};
	struct err err;
	int64_t now = 1753000000; /* 2025-07-20 */

	(void)state;
	read_vector("tdx/automata-dcap/quotev4.bin", &quote);
	read_vector("tdx/automata-dcap/solana_tcb_info_v3_with_tdx_module.json", &info);
	read_vector("tdx/automata-dcap/solana_qe_identity.json", &qe);
	read_vector("tdx/automata-dcap/solana_intel_root_ca_crl.der", &root_crl);
	read_vector("tdx/automata-dcap/solana_pck_platform_crl.der", &pck_crl);
	read_vector("tdx/automata-dcap/solana_signing.der", &signer);
	assert_ok(cert_parse_der(buf_view(&signer), &cert, &err));
	cert_pem(cert, &chain);
	percent_encode(buf_view(&chain), &header);
	snprintf(url[0], 200, "%s/tdx/certification/v4/tcb?fmspc=00806f050000&update=early", base);
	snprintf(url[1], 200, "%s/tdx/certification/v4/qe/identity?update=early", base);
	snprintf(url[2], 200, "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der");
	snprintf(url[3], 200, "%s/sgx/certification/v4/pckcrl?ca=platform&encoding=der", base);
	for (size_t i = 0; i < 4; i++) {
		steps[i].url = url[i];
		steps[i].status = 200;
	}
	steps[0].body = buf_view(&info);
	steps[0].headers[0][0] = "Tcb-Info-Issuer-Chain";
	steps[0].headers[0][1] = buf_cstr(&header);
	steps[1].body = buf_view(&qe);
	steps[2].body = buf_view(&root_crl);
	steps[3].body = buf_view(&pck_crl);
	script_init(&script, steps, 4);
	assert_ok(collateral_complete(&c, TEE_TDX, buf_view(&quote), now, &a, &e, &missing, &err));
	assert_string_equal(buf_cstr(&missing), "");
	assert_string_equal(script.fault, "");
	assert_true(script_done(&script));
	assert_bytes(e.tcb_info, buf_view(&info));
	assert_int_equal(e.n_crls, 2);
	assert_int_equal(e.n_certs, 1);

	/* The second time the cache has it all: no connection. */
	e = (struct endorsements){0};
	script_init(&script, steps, 0);
	assert_ok(collateral_complete(&c, TEE_TDX, buf_view(&quote), now, &a, &e, &missing, &err));
	assert_true(script_done(&script));
	assert_int_equal(e.n_crls, 2);
	assert_int_equal(e.n_certs, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(windows_come_from_the_data),
	        cmocka_unit_test_setup_teardown(cache_keeps_the_newest, make_dir, drop_dir),
	        cmocka_unit_test(bundles_round_trip_and_refuse_changes),
	        cmocka_unit_test_setup_teardown(sources_in_order, make_dir, drop_dir),
	        cmocka_unit_test(amd_is_asked_for_leaves_slowly),
	        cmocka_unit_test(throttling_is_waited_out),
	        cmocka_unit_test(order_is_by_number_then_date),
	        cmocka_unit_test_setup_teardown(older_ones_are_refused, make_dir, drop_dir),
	        cmocka_unit_test_setup_teardown(the_newest_at_hand_is_taken, make_dir, drop_dir),
	        cmocka_unit_test_setup_teardown(stapled_statements_too, make_dir, drop_dir),
	        cmocka_unit_test(an_snp_report_names_what_it_lacks),
	        cmocka_unit_test_setup_teardown(a_tdx_quote_gets_all_it_needs, make_dir, drop_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
