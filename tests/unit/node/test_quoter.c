/* SPDX-License-Identifier: Apache-2.0 */
/* The TDX-shaped processor: its quotes pass the same verifier under the same rules as Intel's. */
#include "channel/judge.h"
#include "node/quoter_state.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DAY = 24 * 60 * 60, NOW = 1795500000 };

static char state_dir[64] = "/tmp/contrast-quoter-XXXXXX";
static struct quoter *quoter;
static struct td_launch launch;
static struct hash512 session;

static int
set_up(void **state)
{
	struct hash256 policy = sha256(BYTES("document"));
	struct err err;

	(void)state;
	assert_non_null(mkdtemp(state_dir));
	assert_ok(quoter_open(state_dir, NOW, &quoter, &err));
	launch.registers.mrtd = sha384(BYTES("firmware"));
	for (uint8_t i = 0; i < TDX_RTMRS; i++)
		launch.registers.rtmr[i] = sha384(bytes_of(&i, 1));
	mem_copy(launch.policy, policy.b, sizeof launch.policy);
	memset(session.b, 0x5e, sizeof session.b);
	return 0;
}

static int
tear_down(void **state)
{
	char command[128];

	(void)state;
	quoter_free(quoter);
	snprintf(command, sizeof command, "rm -rf '%s'", state_dir);
	return system(command);
}

/* ---- an Insecure manifest that trusts this platform ---- */

static struct manifest *
manifest_of(const struct quoter *q, const struct td_launch *l, const char *policy)
{
	CLEANUP(buf_done) struct buf json = {0};
	CLEANUP(key_drop) struct key *owner = key_generate(KEY_P384, 0);
	CLEANUP(faults_done) struct faults faults = {0};
	struct manifest *m = manifest_new();
	struct manifest_policy p = {.hash = sha256(bytes_str(policy)),
	                            .role = MANIFEST_ROLE_COORDINATOR};
	struct err err;

	m->insecure = true;
	assert_ok(quoter_reference_json(q, BYTES("local-ns"), l, &json, &err));
	assert_ok(manifest_add_reference_values(m, bytes_sub(buf_view(&json), 0, json.n), &faults,
	                                        &err));
	assert_ok(manifest_add_policy(m, &p, &err));
	assert_ok(manifest_add_owner(m, owner, &err));
	assert_int_equal(manifest_validate(m, &faults), 0);
	assert_int_equal(m->n_tdx, 1);
	return m;
}

struct world {
	struct buf quote;
	struct document document;
	struct manifest *manifest;
	struct judge judge;
	int64_t now;
};

static void
world_open(uint16_t version, const struct td_launch *l, const char *policy, struct world *w)
{
	struct err err;

	*w = (struct world){.now = NOW};
	assert_ok(quoter_quote(quoter, l, version, session.b, &w->quote, &err));
	w->document = (struct document){.tee = TEE_TDX, .evidence = buf_view(&w->quote)};
	assert_ok(quoter_endorse(quoter, NOW, &w->document.endorsements, &err));
	w->manifest = manifest_of(quoter, &launch, policy);
	assert_ok(judge_init(&w->judge, w->manifest, &err));
}

static void
world_done(struct world *w)
{
	judge_done(&w->judge);
	manifest_free(w->manifest);
	buf_done(&w->quote);
}

enum change {
	NOTHING,
	OTHER_MRTD,
	OTHER_RTMR0,
	OTHER_RTMR3,
	DEBUG_TD,
	OTHER_POLICY,
	OTHER_SESSION,
	NO_ROOT_CRL,
	NO_PCK_CRL,
	NO_TCB_INFO,
	NO_IDENTITY,
	NO_SIGNER,
	LATER,
	MUCH_EARLIER,
	FLIP_BODY,
	FLIP_QE_REPORT,
	FLIP_AUTH,
	FLIP_KEY,
	FLIP_TCB_INFO,
	FLIP_IDENTITY,
	INTELS_ROOT,
	OTHERS_ROOT,
};

static void
apply(enum change c, struct world *w)
{
	struct endorsements *e = &w->document.endorsements;
	size_t body = w->quote.p[0] == 5 ? 54 : 48;
	size_t sig = body + (w->quote.p[0] == 5 ? 648 : 584) + 4;

	if (c == NO_ROOT_CRL)
		e->crls[0] = e->crls[1];
	if (c == NO_PCK_CRL)
		e->n_crls = 1;
	if (c == NO_TCB_INFO)
		e->tcb_info.n = 0;
	if (c == NO_IDENTITY)
		e->qe_identity.n = 0;
	if (c == NO_SIGNER)
		e->certs[0] = e->certs[1];
	if (c == LATER)
		w->now = NOW + 31 * DAY;
	if (c == MUCH_EARLIER)
		w->now = NOW - DAY;
	if (c == FLIP_BODY)
		w->quote.p[body + 280] ^= 1; /* MROWNERCONFIG: nobody compares it */
	if (c == FLIP_QE_REPORT)
		w->quote.p[sig + 134 + 64] ^= 1;
	if (c == FLIP_AUTH)
		w->quote.p[sig + 584] ^= 1;
	if (c == FLIP_KEY)
		w->quote.p[sig + 64] ^= 1;
	if (c == FLIP_TCB_INFO)
		quoter->tcb_info.p[bytes_find(e->tcb_info, BYTES("pToDate"), 0) - 1] ^= 1;
	if (c == FLIP_IDENTITY)
		quoter->qe_identity.p[bytes_find(e->qe_identity, BYTES("pToDate"), 0) - 1] ^= 1;
}

static void
verifier_rows(void **state)
{
	static const struct {
		enum change change;
		const char *reason; /* NULL: accepted */
	} rows[] = {
	        {NOTHING, NULL},
	        {OTHER_MRTD, "tdx/mrtd"},
	        {OTHER_RTMR0, "tdx/rtmr0"},
	        {OTHER_RTMR3, "tdx/rtmr3"},
	        {DEBUG_TD, "tdx/debug"},
	        {OTHER_POLICY, "tdx/configid"},
	        {OTHER_SESSION, "tdx/report-data"},
	        {NO_ROOT_CRL, "tdx/crl-missing"},
	        {NO_PCK_CRL, "tdx/crl-missing"},
	        {NO_TCB_INFO, "tdx/collateral-missing"},
	        {NO_IDENTITY, "tdx/collateral-missing"},
	        {NO_SIGNER, "tdx/collateral-missing"},
	        {LATER, "tdx/crl-expired"},
	        {MUCH_EARLIER, "tdx/chain"},
	        {FLIP_BODY, "tdx/signature"},
	        {FLIP_QE_REPORT, "tdx/qe-signature"},
	        {FLIP_AUTH, "tdx/ak-binding"},
	        {FLIP_KEY, "tdx/ak-binding"},
	        {FLIP_TCB_INFO, "tdx/tcbinfo-signature"},
	        {FLIP_IDENTITY, "tdx/qeid-signature"},
	        {INTELS_ROOT, "tdx/root"},
	        {OTHERS_ROOT, "tdx/root"},
	};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT_OF(rows); i++) {
		enum change c = rows[i / 2].change;
		uint16_t version = i % 2 ? 5 : 4;
		struct td_launch l = launch;
		struct hash512 want = session;
		struct tdx_reference set;
		struct judgement got = {0};
		struct world w;
		struct verdict v = {0};
		struct err err;
		bool accepted;

		l.registers.mrtd.b[0] ^= c == OTHER_MRTD;
		l.registers.rtmr[0].b[47] ^= c == OTHER_RTMR0;
		l.registers.rtmr[3].b[0] ^= c == OTHER_RTMR3;
		l.debug = c == DEBUG_TD;
		l.policy[31] ^= c == OTHER_POLICY;
		want.b[63] ^= c == OTHER_SESSION;
		world_open(version, &l, "document", &w);
		apply(c, &w);
		/* The judge's own sets: the manifest's, but for the root. */
		set = w.judge.references.tdx[0];
		set.has_trust_root = c != INTELS_ROOT;
		set.trust_root.b[0] ^= c == OTHERS_ROOT;
		w.judge.references.tdx = &set;
		accepted = is_ok(judge_evidence(&w.judge, &w.document, JUDGE_COORDINATOR, &want,
		                                w.now, &got, &v, &err));
		if (accepted != !rows[i / 2].reason)
			fail_msg("row %zu, version %u: %s: %s", i / 2, version, v.reason, v.detail);
		if (rows[i / 2].reason)
			assert_string_equal(v.reason, rows[i / 2].reason);
		else
			assert_bytes(hash256_view(&got.policy),
			             bytes_of(launch.policy, sizeof launch.policy));
		if (c == FLIP_TCB_INFO || c == FLIP_IDENTITY)
			apply(c, &w); /* back again */
		world_done(&w);
	}
}

/* A root that is no vendor's: a Coordinator there may serve Insecure manifests. */
static void
no_vendor_signed_it(void **state)
{
	struct world w;

	(void)state;
	world_open(4, &launch, "document", &w);
	assert_int_equal(judge_vendor_root(&w.document, NOW), 0);
	world_done(&w);
}

static void
quotes_say_what_was_launched(void **state)
{
	(void)state;
	for (uint16_t version = 3; version <= 6; version++) {
		CLEANUP(buf_done) struct buf raw = {0};
		CLEANUP(buf_done) struct buf again = {0};
		const struct quoter_facts *f = quoter_get_facts(quoter);
		struct tdx_quote q;
		struct verdict v;
		struct err err;

		if (version < 4 || version > 5) {
			assert_fails(quoter_quote(quoter, &launch, version, session.b, &raw, &err),
			             "E-NODE-018");
			continue;
		}
		assert_ok(quoter_quote(quoter, &launch, version, session.b, &raw, &err));
		assert_ok(tdx_quote_parse(buf_view(&raw), &q, &v));
		assert_int_equal(q.version, version);
		assert_int_equal(q.body, version == 5 ? TDX_BODY_15 : TDX_BODY_10);
		assert_bytes(q.mrtd, hash384_view(&launch.registers.mrtd));
		for (size_t i = 0; i < TDX_RTMRS; i++)
			assert_bytes(q.rtmr[i], hash384_view(&launch.registers.rtmr[i]));
		assert_bytes(bytes_sub(q.mrconfigid, 0, 32), bytes_of(launch.policy, 32));
		assert_true(bytes_all_zero(bytes_sub(q.mrconfigid, 32, 48)));
		assert_bytes(q.report_data, bytes_of(session.b, 64));
		assert_int_equal(q.xfam, f->xfam);
		/* What is read is what would be written. */
		tdx_quote_emit(&q, &again);
		assert_bytes(buf_view(&again), buf_view(&raw));
	}
}

/* Numbers of every length that DER writes differently. */
static void
extension_is_read_as_written(void **state)
{
	static const uint16_t pcesvn[] = {0, 1, 127, 128, 255, 256, 0x7fff, 0x8000, 0xffff};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(pcesvn); i++) {
		CLEANUP(buf_done) struct buf der = {0};
		struct pck p = quoter_get_facts(quoter)->pck, got;
		struct err err;

		p.pcesvn = pcesvn[i];
		p.has_piid = i % 2;
		p.has_configuration = i % 3 != 0;
		if (!p.has_piid)
			memset(p.piid, 0, sizeof p.piid);
		if (!p.has_configuration)
			p.dynamic_platform = p.cached_keys = p.smt_enabled = false;
		pck_emit_extension(&p, &der);
		assert_ok(pck_parse_extension(buf_view(&der), &got, &err));
		assert_int_equal(got.pcesvn, p.pcesvn);
		assert_memory_equal(got.comp, p.comp, sizeof p.comp);
		assert_memory_equal(got.fmspc, p.fmspc, sizeof p.fmspc);
		assert_memory_equal(got.piid, p.piid, sizeof p.piid);
		assert_int_equal(got.has_piid, p.has_piid);
		assert_int_equal(got.has_configuration, p.has_configuration);
		assert_int_equal(got.cached_keys, p.cached_keys);
		assert_int_equal(got.dynamic_platform, p.dynamic_platform);
		assert_int_equal(got.sgx_type, p.sgx_type);
	}
}

static void
statements_are_renewed_in_time(void **state)
{
	static const struct {
		int64_t when;
		bool fresh;
	} rows[] = {{NOW, false}, {NOW + 19 * DAY, false}, {NOW + 21 * DAY, true}};
	CLEANUP(quoter_drop) struct quoter *q = NULL;
	CLEANUP(buf_done) struct buf before = {0};
	struct err err;

	(void)state;
	assert_ok(quoter_open(state_dir, NOW, &q, &err));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct endorsements e;

		assert_ok(quoter_endorse(q, rows[i].when, &e, &err));
		if (i > 0)
			assert_int_equal(!bytes_equal(buf_view(&before), e.tcb_info),
			                 rows[i].fresh);
		buf_reset(&before);
		buf_bytes(&before, e.tcb_info);
	}
}

/* One root and one platform a machine; another enclave each time, whose quotes pass as well. */
static void
state_is_kept(void **state)
{
	CLEANUP(quoter_drop) struct quoter *again = NULL;
	struct hash256 a = quoter_trust_root(quoter), b;
	struct err err;

	(void)state;
	assert_ok(quoter_open(state_dir, NOW + DAY, &again, &err));
	b = quoter_trust_root(again);
	assert_true(hash256_equal(&a, &b));
	assert_memory_equal(quoter_get_facts(again)->pck.piid, quoter_get_facts(quoter)->pck.piid,
	                    16);
	assert_memory_not_equal(again->point, quoter->point, sizeof quoter->point);
	assert_int_equal(chmod(state_dir, 0750), 0);
	quoter_drop(&again);
	assert_fails(quoter_open(state_dir, NOW, &again, &err), "E-NODE-011");
	assert_int_equal(chmod(state_dir, 0700), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(quotes_say_what_was_launched),
	        cmocka_unit_test(extension_is_read_as_written),
	        cmocka_unit_test(verifier_rows),
	        cmocka_unit_test(no_vendor_signed_it),
	        cmocka_unit_test(statements_are_renewed_in_time),
	        cmocka_unit_test(state_is_kept),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
