/* SPDX-License-Identifier: Apache-2.0 */
/* PROTOCOL section 13, against the engine: what a hostile front, host or store can put into an
 * attest answer. */
#include "world.h"

#include "authority/answer.h"

#include <string.h>

static struct world *g_world;

static int
setup(void **state)
{
	(void)state;
	g_world = world_new("session");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	world_free(g_world);
	return 0;
}

static struct session_channel
channel_of(uint8_t fill)
{
	struct session_channel c = {.purpose = BINDING_ATTEST};

	for (size_t i = 0; i < sizeof c.nonce; i++) {
		c.nonce[i] = fill;
		c.exporter[i] = (uint8_t)(fill + 1);
		c.server_key.b[i] = (uint8_t)(fill + 2);
	}
	return c;
}

static struct session_expect
expect_pod(void)
{
	return (struct session_expect){.mode = SESSION_POD,
	                               .pins = g_world->pins,
	                               .own_policy = g_world->web,
	                               .now = g_world->now};
}

/* What the engine says about the answer; *id gets the error's, "" when accepted. */
static status
judge(const struct session_expect *e, const struct session_channel *c, const struct answer *a,
      struct err *err)
{
	CLEANUP(buf_done) struct buf body = {0};
	CLEANUP(session_done) struct session s = {0};

	answer_write(a, &body);
	return session_accept(e, c, buf_view(&body), &s, err);
}

static void
accepted_when_all_fits(void **state)
{
	struct session_channel c = channel_of(1);
	CLEANUP(answer_done) struct answer a;
	CLEANUP(manifest_drop) struct manifest *m = NULL;
	struct session_expect e = expect_pod();
	struct err err;

	(void)state;
	answer_make(g_world, g_world->authority, &g_world->store, GUEST_COORDINATOR, &c, &a);
	assert_ok(judge(&e, &c, &a, &err));
	assert_ok(manifest_parse(buf_view(&g_world->manifest), &m, NULL, &err));
	e.mode = SESSION_VERIFY;
	e.manifest = m;
	assert_fails(judge(&e, &c, &a, &err), "E-SESSION-008");
	e.insecure = true;
	assert_ok(judge(&e, &c, &a, &err));
	e.mode = SESSION_SET;
	assert_ok(judge(&e, &c, &a, &err));
}

/* The leaf's place in a batch: the proof leads to the root or nowhere. */
static void
batched_leaf(void **state)
{
	struct session_channel c = channel_of(1), other = channel_of(9);
	CLEANUP(answer_done) struct answer a;
	CLEANUP(batch_done) struct batch batch = {0};
	struct session_expect e = expect_pod();
	struct hash512 leaves[3], root;
	struct binding b;
	struct batch_proof good;
	struct err err;

	(void)state;
	answer_make(g_world, g_world->authority, &g_world->store, GUEST_COORDINATOR, &c, &a);
	for (int i = 0; i < 3; i++) {
		const struct session_channel *of = i == 1 ? &c : &other;

		b = binding_attest(TEE_SNP, of->nonce, &of->server_key, of->exporter,
		                   bytes_of(a.state, sizeof a.state));
		leaves[i] = binding_leaf(&b);
	}
	assert_ok(batch_build(leaves, 3, &batch, &err));
	root = batch_root(&batch);
	buf_reset(&a.document);
	world_document(g_world, GUEST_COORDINATOR, &root, &a.document);
	batch_proof_of(&batch, 1, &good);
	a.proof = good;
	assert_ok(judge(&e, &c, &a, &err));
	a.proof.index = 0;
	assert_fails(judge(&e, &c, &a, &err), "E-EVIDENCE-100");
	a.proof.index = 4;
	assert_fails(judge(&e, &c, &a, &err), "E-EVIDENCE-011");
	a.proof = good;
	a.proof.path[1].b[63] ^= 1;
	assert_fails(judge(&e, &c, &a, &err), "E-EVIDENCE-100");
	a.proof = good;
	a.proof.depth = 1;
	assert_fails(judge(&e, &c, &a, &err), "E-EVIDENCE-100");
}

/* replayed nonce; evidence relayed to another TLS session; another server key */
static void
bound_to_this_session(void **state)
{
	struct session_channel c = channel_of(1);
	CLEANUP(answer_done) struct answer a;
	struct session_expect e = expect_pod();
	struct err err;

	(void)state;
	answer_make(g_world, g_world->authority, &g_world->store, GUEST_COORDINATOR, &c, &a);
	for (int i = 0; i < 3; i++) {
		struct session_channel seen = c;

		seen.nonce[31] ^= i == 0;
		seen.exporter[0] ^= i == 1;
		seen.server_key.b[7] ^= i == 2;
		assert_fails(judge(&e, &seen, &a, &err), "E-EVIDENCE-100");
		assert_non_null(strstr(err.msg, "report-data"));
	}
}

/* other measurement; a pod's HOSTDATA; debug policy; a document of nobody */
static void
identity_of_the_coordinator(void **state)
{
	static const struct {
		enum guest_name guest;
		const char *reason;
	} rows[] = {
	        {GUEST_MEASUREMENT, "measurement"},
	        {GUEST_WEB, "host-data"},
	        {GUEST_DEBUG, "debug"},
	        {GUEST_STRANGER, "host-data"},
	};
	struct session_channel c = channel_of(1);
	struct session_expect e = expect_pod();
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(answer_done) struct answer a;

		answer_make(g_world, g_world->authority, &g_world->store, rows[i].guest, &c, &a);
		assert_fails(judge(&e, &c, &a, &err), "E-EVIDENCE-100");
		if (!strstr(err.msg, rows[i].reason))
			fail_msg("row %zu: %s", i, err.msg);
	}
}

/* evidence of one purpose or role shown for another */
static void
purposes_do_not_mix(void **state)
{
	struct session_channel c = channel_of(1);
	CLEANUP(answer_done) struct answer a;
	struct session_expect e = expect_pod();
	struct bytes record;
	struct err err;

	(void)state;
	answer_make(g_world, g_world->authority, &g_world->store, GUEST_COORDINATOR, &c, &a);
	record = bytes_of(a.state, sizeof a.state);
	for (int i = 0; i < 3; i++) {
		struct binding b = binding_statement(TEE_SNP, c.nonce, record);
		struct hash512 leaf;

		if (i > 0)
			b = binding_attest(TEE_SNP, c.nonce, &c.server_key, c.exporter, record);
		if (i == 1)
			b.purpose = BINDING_MESH_CERT;
		if (i == 2)
			b.purpose = BINDING_PEER;
		leaf = binding_leaf(&b);
		buf_reset(&a.document);
		world_document(g_world, GUEST_COORDINATOR, &leaf, &a.document);
		assert_fails(judge(&e, &c, &a, &err), "E-EVIDENCE-100");
	}
}

/* A front that changes the state record, or a key that belongs to it. */
static void
every_byte_of_the_state_counts(void **state)
{
	struct session_channel c = channel_of(1);
	CLEANUP(answer_done) struct answer a;
	struct session_expect e = expect_pod();
	struct err err;

	(void)state;
	answer_make(g_world, g_world->authority, &g_world->store, GUEST_COORDINATOR, &c, &a);
	for (size_t i = 0; i < sizeof a.state; i++) {
		a.state[i] ^= 0x10;
		assert_false(is_ok(judge(&e, &c, &a, &err)));
		a.state[i] ^= 0x10;
	}
	assert_ok(judge(&e, &c, &a, &err));
}

static void
keys_belong_to_the_state(void **state)
{
	struct session_channel c = channel_of(1);
	CLEANUP(answer_done) struct answer a;
	CLEANUP(key_drop) struct key *mine = key_generate(KEY_P256, 0);
	CLEANUP(cert_drop) struct cert *forged = NULL;
	struct cert_spec spec = {.profile = CERT_CA,
	                         .subject_cn = "root",
	                         .key = mine,
	                         .signer = mine,
	                         .not_before = g_world->now - 60,
	                         .not_after = g_world->now + 60};
	struct session_expect e = expect_pod();
	struct err err;

	(void)state;
	answer_make(g_world, g_world->authority, &g_world->store, GUEST_COORDINATOR, &c, &a);
	assert_ok(cert_issue(&spec, &forged, &err));
	for (int i = 0; i < 3; i++) {
		struct buf *part = i == 0 ? &a.root_ca : i == 1 ? &a.mesh_ca : &a.key;
		struct buf saved = *part;

		*part = (struct buf){0};
		if (i == 2)
			key_spki(mine, part);
		else
			cert_pem(forged, part);
		assert_fails(judge(&e, &c, &a, &err), "E-SESSION-003");
		buf_done(part);
		*part = saved;
	}
	assert_ok(judge(&e, &c, &a, &err));
}

/* Records and manifest: signed by owners, from the genesis, all of them. */
static void
chain_of_records(void **state)
{
	struct session_channel c = channel_of(1);
	CLEANUP(answer_done) struct answer a;
	struct session_expect e = expect_pod();
	struct err err;

	(void)state;
	answer_make(g_world, g_world->authority, &g_world->store, GUEST_COORDINATOR, &c, &a);
	a.records[0].p[a.records[0].n - 3] ^= 1;
	assert_fails(judge(&e, &c, &a, &err), "E-AUTHORITY-015");
	a.records[0].p[a.records[0].n - 3] ^= 1;
	buf_bytes(&a.records[1], buf_view(&a.records[0]));
	a.n_records = 2;
	assert_fails(judge(&e, &c, &a, &err), "E-AUTHORITY-020");
	a.n_records = 1;
	a.manifest.p[a.manifest.n - 1] = ' ';
	assert_fails(judge(&e, &c, &a, &err), "E-SESSION-004");
	a.manifest.p[a.manifest.n - 1] = '\n';
	a.n_records = 0;
	assert_fails(judge(&e, &c, &a, &err), "E-AUTHORITY-025");
	a.n_records = 1;
	assert_ok(judge(&e, &c, &a, &err));
}

/* pod sent to another deployment's Coordinator; missing or other pins */
static void
other_deployment(void **state)
{
	struct session_channel c = channel_of(1);
	CLEANUP(answer_done) struct answer a;
	struct session_expect e = expect_pod();
	struct err err;

	(void)state;
	answer_make(g_world, g_world->authority, &g_world->store, GUEST_COORDINATOR, &c, &a);
	e.pins.deployment_id[0] ^= 1;
	assert_fails(judge(&e, &c, &a, &err), "E-SESSION-006");
	e = expect_pod();
	e.pins.keys[0].b[0] ^= 1;
	assert_fails(judge(&e, &c, &a, &err), "E-SESSION-006");
	e.pins.n_keys = 0;
	assert_fails(judge(&e, &c, &a, &err), "E-SESSION-006");
	e = expect_pod();
	e.own_policy.b[0] ^= 1;
	assert_fails(judge(&e, &c, &a, &err), "E-SESSION-005");
}

/* unknown trust root: the owner's manifest names another root than the evidence has */
static void
unknown_trust_root(void **state)
{
	struct session_channel c = channel_of(1);
	CLEANUP(buf_done) struct buf manifest = {0};
	CLEANUP(buf_done) struct buf ignored = {0};
	CLEANUP(answer_done) struct answer a;
	struct hash256 root = processor_trust_root(g_world->processor);
	struct authority_options o = {.pins = g_world->pins,
	                              .has_own_policy = true,
	                              .own_policy = g_world->coordinator};
	struct authority *twin = NULL;
	struct session_expect e = expect_pod();
	struct store store;
	struct err err;

	(void)state;
	root.b[0] ^= 1;
	store_mem_open(&store);
	o.store = store;
	assert_ok(authority_new(&o, g_world->now, &twin, &err));
	world_manifest(g_world, &root, "web", &manifest);
	assert_ok(world_set(g_world, twin, buf_view(&manifest), g_world->owner, &ignored, &err));
	answer_make(g_world, twin, &store, GUEST_COORDINATOR, &c, &a);
	assert_fails(judge(&e, &c, &a, &err), "E-EVIDENCE-100");
	assert_non_null(strstr(err.msg, "root"));
	authority_free(twin);
	store_mem_close(&store);
}

/* Coordinator on a store and seed of the host's own: same code, another root key. */
static void
seed_of_the_host(void **state)
{
	struct session_channel c = channel_of(1);
	CLEANUP(answer_done) struct answer good;
	CLEANUP(answer_done) struct answer fake;
	struct authority_options o = {.pins = g_world->pins,
	                              .has_own_policy = true,
	                              .own_policy = g_world->coordinator};
	struct authority *twin = NULL;
	struct session_expect e = expect_pod();
	struct store store;
	struct err err;

	(void)state;
	store_mem_open(&store);
	o.store = store;
	assert_ok(authority_new(&o, g_world->now, &twin, &err));
	answer_make(g_world, g_world->authority, &g_world->store, GUEST_COORDINATOR, &c, &good);
	answer_make(g_world, twin, &store, GUEST_COORDINATOR, &c, &fake);
	assert_fails(judge(&e, &c, &fake, &err), "E-SESSION-002");
	/* The recorded first set replayed to the twin: its signature names another genesis. */
	fake.n_records = 1;
	buf_bytes(&fake.records[0], buf_view(&good.records[0]));
	buf_bytes(&fake.manifest, buf_view(&good.manifest));
	e.mode = SESSION_SET;
	e.insecure = true;
	assert_fails(judge(&e, &c, &fake, &err), "E-AUTHORITY-020");
	authority_free(twin);
	store_mem_close(&store);
}

/* What was seen is extended or refused (PROTOCOL section 9). */
static void
nothing_goes_back(void **state)
{
	struct session_channel c = channel_of(1);
	CLEANUP(answer_done) struct answer a;
	CLEANUP(buf_done) struct buf body = {0};
	CLEANUP(session_done) struct session s = {0};
	struct session_expect e = expect_pod();
	struct session_seen seen, changed;
	struct err err;

	(void)state;
	answer_make(g_world, g_world->authority, &g_world->store, GUEST_COORDINATOR, &c, &a);
	answer_write(&a, &body);
	assert_ok(session_accept(&e, &c, buf_view(&body), &s, &err));
	session_remember(&s, &seen);
	assert_int_equal(seen.generation, 1);
	e.seen = &seen;
	assert_ok(judge(&e, &c, &a, &err));
	e.seen = &changed;
	changed = seen;
	changed.generation = 2;
	assert_fails(judge(&e, &c, &a, &err), "E-SESSION-007");
	changed = seen;
	changed.head.b[0] ^= 1;
	assert_fails(judge(&e, &c, &a, &err), "E-SESSION-007");
	changed = seen;
	changed.root_key.b[0] ^= 1;
	assert_fails(judge(&e, &c, &a, &err), "E-SESSION-006");
	changed = seen;
	changed.log_size++;
	assert_fails(judge(&e, &c, &a, &err), "E-SESSION-010");
	changed = seen;
	changed.log_root.b[0] ^= 1;
	assert_fails(judge(&e, &c, &a, &err), "E-SESSION-010");
	changed.log_id.b[0] ^= 1; /* another start of the keeper, another log */
	assert_ok(judge(&e, &c, &a, &err));
}

/* The first set: empty is for the CLI alone, and not where something was verified before. */
static void
empty_coordinator(void **state)
{
	struct session_channel c = channel_of(1);
	CLEANUP(answer_done) struct answer a;
	CLEANUP(manifest_drop) struct manifest *m = NULL;
	struct session_seen seen = {.generation = 1};
	struct authority_options o = {.pins = g_world->pins,
	                              .has_own_policy = true,
	                              .own_policy = g_world->coordinator};
	struct session_expect e = expect_pod();
	struct authority *empty = NULL;
	struct store store;
	struct err err;

	(void)state;
	store_mem_open(&store);
	o.store = store;
	assert_ok(authority_new(&o, g_world->now, &empty, &err));
	assert_ok(manifest_parse(buf_view(&g_world->manifest), &m, NULL, &err));
	answer_make(g_world, empty, &store, GUEST_COORDINATOR, &c, &a);
	assert_fails(judge(&e, &c, &a, &err), "E-SESSION-002");
	e.manifest = m;
	e.mode = SESSION_VERIFY;
	assert_fails(judge(&e, &c, &a, &err), "E-SESSION-002");
	e.mode = SESSION_SET;
	assert_fails(judge(&e, &c, &a, &err), "E-SESSION-008");
	e.insecure = true;
	assert_ok(judge(&e, &c, &a, &err));
	e.seen = &seen;
	assert_fails(judge(&e, &c, &a, &err), "E-SESSION-009");
	e.fork = true;
	assert_ok(judge(&e, &c, &a, &err));
	/* Judged by the manifest at hand: another measurement is refused here too. */
	answer_attest(g_world, &a, GUEST_MEASUREMENT, &c);
	assert_fails(judge(&e, &c, &a, &err), "E-EVIDENCE-100");
	authority_free(empty);
	store_mem_close(&store);
}

/* An active manifest other than the expected one is a difference, not an acceptance. */
static void
expected_manifest(void **state)
{
	struct session_channel c = channel_of(1);
	CLEANUP(answer_done) struct answer a;
	CLEANUP(buf_done) struct buf other = {0};
	CLEANUP(manifest_drop) struct manifest *m = NULL;
	struct session_expect e = expect_pod();
	struct err err;
	status s;

	(void)state;
	answer_make(g_world, g_world->authority, &g_world->store, GUEST_COORDINATOR, &c, &a);
	world_manifest(g_world, NULL, "web2", &other);
	assert_ok(manifest_parse(buf_view(&other), &m, NULL, &err));
	e.mode = SESSION_VERIFY;
	e.insecure = true;
	e.manifest = m;
	s = judge(&e, &c, &a, &err);
	assert_int_equal(s.cls, ERR_DIFFERS);
	assert_string_equal(err.id, "E-SESSION-011");
}

/* clock -1 y and +10 y */
static void
wrong_clocks(void **state)
{
	struct session_channel c = channel_of(1);
	CLEANUP(answer_done) struct answer a;
	struct session_expect e = expect_pod();
	struct err err;

	(void)state;
	answer_make(g_world, g_world->authority, &g_world->store, GUEST_COORDINATOR, &c, &a);
	e.now = g_world->now - 366 * 86400;
	assert_fails(judge(&e, &c, &a, &err), "E-EVIDENCE-100");
	e.now = g_world->now + INT64_C(3653) * 86400;
	assert_fails(judge(&e, &c, &a, &err), "E-EVIDENCE-100");
}

static void
truncated_and_malformed(void **state)
{
	struct session_channel c = channel_of(1);
	CLEANUP(answer_done) struct answer a;
	CLEANUP(buf_done) struct buf body = {0};
	struct session_expect e = expect_pod();
	struct err err;

	(void)state;
	answer_make(g_world, g_world->authority, &g_world->store, GUEST_COORDINATOR, &c, &a);
	answer_write(&a, &body);
	for (size_t n = 0; n < body.n; n += 97) {
		CLEANUP(session_done) struct session s = {0};

		assert_false(
		        is_ok(session_accept(&e, &c, bytes_sub(buf_view(&body), 0, n), &s, &err)));
		assert_null(s.manifest);
		assert_null(s.answer_key);
	}
}

/* Answers of application requests: signed by the accepted answer key, for this very request. */
static void
signed_answers(void **state)
{
	struct session_channel c = channel_of(1);
	CLEANUP(answer_done) struct answer a;
	CLEANUP(buf_done) struct buf body = {0};
	CLEANUP(buf_done) struct buf signature = {0};
	CLEANUP(buf_done) struct buf forged = {0};
	CLEANUP(session_done) struct session s = {0};
	CLEANUP(key_drop) struct key *mine = key_generate(KEY_P256, 0);
	struct session_expect e = expect_pod();
	struct bytes request = BYTES("{\"a\":1}"), answer = BYTES("{\"b\":2}");
	struct err err;

	(void)state;
	answer_make(g_world, g_world->authority, &g_world->store, GUEST_COORDINATOR, &c, &a);
	answer_write(&a, &body);
	assert_ok(session_accept(&e, &c, buf_view(&body), &s, &err));
	authority_sign_answer(g_world->authority, "/v1/mesh/cert", &s.head, request, answer,
	                      &signature);
	assert_ok(session_check_answer(&s, "/v1/mesh/cert", request, answer, buf_view(&signature),
	                               &err));
	assert_false(is_ok(session_check_answer(&s, "/v1/manifest", request, answer,
	                                        buf_view(&signature), &err)));
	assert_false(is_ok(session_check_answer(&s, "/v1/mesh/cert", answer, answer,
	                                        buf_view(&signature), &err)));
	assert_false(is_ok(session_check_answer(&s, "/v1/mesh/cert", request, request,
	                                        buf_view(&signature), &err)));
	assert_false(is_ok(session_check_answer(&s, "/v1/mesh/cert", request, answer,
	                                        (struct bytes){0}, &err)));
	answer_sign(mine, "/v1/mesh/cert", &s.state.genesis, &s.head, request, answer, &forged);
	assert_false(is_ok(session_check_answer(&s, "/v1/mesh/cert", request, answer,
	                                        buf_view(&forged), &err)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(accepted_when_all_fits),
	        cmocka_unit_test(batched_leaf),
	        cmocka_unit_test(bound_to_this_session),
	        cmocka_unit_test(identity_of_the_coordinator),
	        cmocka_unit_test(purposes_do_not_mix),
	        cmocka_unit_test(every_byte_of_the_state_counts),
	        cmocka_unit_test(keys_belong_to_the_state),
	        cmocka_unit_test(chain_of_records),
	        cmocka_unit_test(other_deployment),
	        cmocka_unit_test(unknown_trust_root),
	        cmocka_unit_test(seed_of_the_host),
	        cmocka_unit_test(nothing_goes_back),
	        cmocka_unit_test(empty_coordinator),
	        cmocka_unit_test(expected_manifest),
	        cmocka_unit_test(wrong_clocks),
	        cmocka_unit_test(truncated_and_malformed),
	        cmocka_unit_test(signed_answers),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
