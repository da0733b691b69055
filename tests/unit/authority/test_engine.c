/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper's engine: sets, certificates, bundles, nonces; and who is refused. */
#include "authority/bundle.h"
#include "base/text.h"
#include "fixture.h"

#include <string.h>

static void
an_empty_keeper_names_its_genesis(void **state)
{
	struct store store;
	CLEANUP(authority_drop) struct authority *a = NULL;
	CLEANUP(authority_drop) struct authority *b = NULL;
	struct pins pins = pins_of(people()->alice);
	struct state_record s;
	struct hash256 want;
	uint8_t wire[STATE_RECORD_SIZE];
	struct err err;

	(void)state;
	store_mem_open(&store);
	a = keeper(&store);
	b = keeper(&store);
	authority_state(a, NOW, &s);
	assert_int_equal(s.phase, STATE_EMPTY);
	want = genesis_hash(&pins, &authority_root(a)->key_id);
	assert_bytes(hash256_view(&s.genesis), hash256_view(&want));
	assert_true(bytes_all_zero(hash256_view(&s.head)));
	state_emit(&s, wire);
	assert_ok(state_parse(bytes_of(wire, sizeof wire), &s, &err));
	/* Two starts, two deployments. */
	assert_false(hash256_equal(authority_genesis(a), authority_genesis(b)));
	store_mem_close(&store);
}

static void
missing_pins_are_refused(void **state)
{
	struct authority_options o = {0};
	struct authority *a = NULL;
	struct store store;
	struct err err;

	(void)state;
	store_mem_open(&store);
	o.store = store;
	assert_fails(authority_new(&o, NOW, &a, &err), "E-AUTHORITY-002");
	assert_null(a);
	store_mem_close(&store);
}

static void
first_set_and_its_repeat(void **state)
{
	struct store store;
	CLEANUP(authority_drop) struct authority *a = NULL;
	CLEANUP(set_done) struct set s;
	CLEANUP(buf_done) struct buf answer = {0};
	CLEANUP(buf_done) struct buf again = {0};
	CLEANUP(buf_done) struct buf doc = {0};
	CLEANUP(arena_done) struct arena arena = {0};
	struct wish w = {.owners = {people()->alice}, .share_owners = 2, .share_k = 2};
	struct state_record st;
	struct shares_doc shares;
	struct hash256 zero = {{0}}, want;
	struct pins pins = pins_of(people()->alice);
	struct err err;

	(void)state;
	store_mem_open(&store);
	a = keeper(&store);
	set_make(&s, &w, &zero);
	set_sign(&s, people()->alice, authority_genesis(a), 1);
	assert_ok(authority_set(a, &s.request, NOW, &answer, &err));
	authority_state(a, NOW, &st);
	assert_int_equal(st.phase, STATE_ACTIVE);
	assert_int_equal(st.generation, 1);
	want = owners_digest(s.k, s.owners, s.n_owners);
	{
		struct hash256 m = sha256(buf_view(&s.text));

		want = transition_hash(&st.genesis, &m, &want, 1);
	}
	assert_bytes(hash256_view(&st.head), hash256_view(&want));
	/* The answer was lost; the client asks again, on the same or on a new connection. */
	assert_ok(authority_set(a, &s.request, NOW, &again, &err));
	assert_bytes(buf_view(&again), buf_view(&answer));
	set_refresh(&s, &st.head);
	buf_reset(&again);
	assert_ok(authority_set(a, &s.request, NOW, &again, &err));
	assert_bytes(buf_view(&again), buf_view(&answer));
	assert_int_equal(authority_generation(a), 1);
	/* Shares in the answer open for their owner and for nobody else. */
	assert_true(base64_decode(BASE64_STD, answer_text(&arena, &answer, "shares"), &doc));
	assert_ok(shares_parse(buf_view(&doc), &shares, &err));
	assert_ok(shares_verify(&shares, &pins, &st.genesis, &err));
	for (int i = 0; i < 2; i++) {
		CLEANUP(share_done) struct share one = {0};

		assert_ok(share_open(&shares, people()->rsa[i], &one, &err));
		assert_int_equal(one.index, i + 1);
	}
	{
		struct share none = {0};

		assert_fails(share_open(&shares, people()->rsa[2], &none, &err), "E-AUTHORITY-093");
	}
	store_mem_close(&store);
}

/* ---- refused sets, one row each ---- */

enum trick {
	UNSIGNED,
	BY_EVE,
	WRONG_PREVIOUS,
	WRONG_GENERATION,
	WRONG_HEAD,
	OWNERS_CLAIMED_OTHERWISE,
	THRESHOLD_CLAIMED_OTHERWISE,
	DOCUMENT_MISSING,
	DOCUMENT_TOO_MANY,
	NOT_A_MANIFEST,
	OWN_POLICY_MISSING,
	SAME_KEY_TWICE,
	SIGNED_OVER_OTHER_MANIFEST,
};

static void
play(enum trick trick, struct authority *a, const char *want)
{
	CLEANUP(set_done) struct set s;
	CLEANUP(buf_done) struct buf answer = {0};
	struct wish w = {.owners = {people()->alice}, .swap_roles = trick == OWN_POLICY_MISSING};
	struct hash256 zero = {{0}}, other = {{7}};
	const struct hash256 *genesis = authority_genesis(a);
	struct err err;

	set_make(&s, &w, &zero);
	switch (trick) {
	case UNSIGNED:
		break;
	case BY_EVE:
		set_sign(&s, people()->eve, genesis, 1);
		break;
	case WRONG_PREVIOUS:
		set_sign(&s, people()->alice, &other, 1);
		break;
	case WRONG_GENERATION:
		set_sign(&s, people()->alice, genesis, 2);
		break;
	case WRONG_HEAD:
		set_sign(&s, people()->alice, genesis, 1);
		s.request.head = other;
		break;
	case OWNERS_CLAIMED_OTHERWISE:
		s.owners[0] = key_id(people()->bob);
		set_sign(&s, people()->alice, genesis, 1);
		break;
	case THRESHOLD_CLAIMED_OTHERWISE:
		s.request.k = s.k = 0;
		s.request.n_owners = s.n_owners = 0;
		set_sign(&s, people()->alice, genesis, 1);
		break;
	case DOCUMENT_MISSING:
		set_sign(&s, people()->alice, genesis, 1);
		s.request.n_policies = 1;
		break;
	case DOCUMENT_TOO_MANY:
		set_sign(&s, people()->alice, genesis, 1);
		s.docs[1] = BYTES("another");
		break;
	case NOT_A_MANIFEST:
		buf_str(&s.text, "x");
		set_refresh(&s, &zero);
		set_sign(&s, people()->alice, genesis, 1);
		break;
	case OWN_POLICY_MISSING:
		set_sign(&s, people()->alice, genesis, 1);
		break;
	case SAME_KEY_TWICE:
		set_sign(&s, people()->alice, genesis, 1);
		set_sign(&s, people()->alice, genesis, 1);
		break;
	case SIGNED_OVER_OTHER_MANIFEST:
		set_sign(&s, people()->alice, genesis, 1);
		s.text.p[s.text.n - 1] = ' ';
		break;
	}
	assert_fails(authority_set(a, &s.request, NOW, &answer, &err), want);
	assert_int_equal(answer.n, 0);
	assert_false(authority_is_active(a));
}

static void
refused_first_sets(void **state)
{
	static const struct {
		enum trick trick;
		const char *want;
	} rows[] = {
	        {UNSIGNED, "E-AUTHORITY-024"},
	        {BY_EVE, "E-AUTHORITY-023"},
	        {WRONG_PREVIOUS, "E-AUTHORITY-015"},
	        {WRONG_GENERATION, "E-AUTHORITY-015"},
	        {WRONG_HEAD, "E-AUTHORITY-061"},
	        {OWNERS_CLAIMED_OTHERWISE, "E-AUTHORITY-063"},
	        {THRESHOLD_CLAIMED_OTHERWISE, "E-AUTHORITY-063"},
	        {DOCUMENT_MISSING, "E-AUTHORITY-067"},
	        {DOCUMENT_TOO_MANY, "E-AUTHORITY-067"},
	        {NOT_A_MANIFEST, "E-JSON-013"},
	        {OWN_POLICY_MISSING, "E-AUTHORITY-065"},
	        {SAME_KEY_TWICE, "E-AUTHORITY-016"},
	        {SIGNED_OVER_OTHER_MANIFEST, "E-AUTHORITY-015"},
	};
	struct store store;
	CLEANUP(authority_drop) struct authority *a = NULL;
	CLEANUP(buf_done) struct buf answer = {0};
	CLEANUP(buf_done) struct buf record = {0};
	struct wish w = {.owners = {people()->alice}};
	struct err err;

	(void)state;
	store_mem_open(&store);
	a = keeper(&store);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		play(rows[i].trick, a, rows[i].want);
	assert_fails(store_record(&store, 1, &record, &err), "E-STORE-001");
	/* After all that the real one still works. */
	set_ok(a, &w, people()->alice, &answer);
	assert_int_equal(authority_generation(a), 1);
	store_mem_close(&store);
}

/* PROTOCOL section 13: a recorded first set is good for one Coordinator. */
static void
recorded_first_set_replayed_to_a_twin(void **state)
{
	struct store one, two;
	CLEANUP(authority_drop) struct authority *a = NULL;
	CLEANUP(authority_drop) struct authority *twin = NULL;
	CLEANUP(set_done) struct set s;
	CLEANUP(buf_done) struct buf answer = {0};
	struct wish w = {.owners = {people()->alice}};
	struct hash256 zero = {{0}};
	struct err err;

	(void)state;
	store_mem_open(&one);
	store_mem_open(&two);
	a = keeper(&one);
	twin = keeper(&two);
	set_make(&s, &w, &zero);
	set_sign(&s, people()->alice, authority_genesis(a), 1);
	assert_ok(authority_set(a, &s.request, NOW, &answer, &err));
	buf_reset(&answer);
	assert_fails(authority_set(twin, &s.request, NOW, &answer, &err), "E-AUTHORITY-015");
	assert_false(authority_is_active(twin));
	store_mem_close(&one);
	store_mem_close(&two);
}

static void
insecure_manifest_on_real_hardware(void **state)
{
	struct store store;
	CLEANUP(authority_drop) struct authority *a = NULL;
	CLEANUP(set_done) struct set s;
	CLEANUP(set_done) struct set ok;
	CLEANUP(buf_done) struct buf answer = {0};
	struct wish w = {.owners = {people()->alice}},
	            secure = {.owners = {people()->alice}, .secure = true};
	struct authority_options o = {.pins = pins_of(people()->alice), .vendor_root = true};
	struct hash256 zero = {{0}};
	struct err err;

	(void)state;
	store_mem_open(&store);
	o.store = store;
	assert_ok(authority_new(&o, NOW, &a, &err));
	set_make(&s, &w, &zero);
	set_sign(&s, people()->alice, authority_genesis(a), 1);
	assert_fails(authority_set(a, &s.request, NOW, &answer, &err), "E-AUTHORITY-064");
	set_make(&ok, &secure, &zero);
	set_sign(&ok, people()->alice, authority_genesis(a), 1);
	assert_ok(authority_set(a, &ok.request, NOW, &answer, &err));
	store_mem_close(&store);
}

/* ---- later sets ---- */

static void
owners_rotate_and_old_sets_stay_old(void **state)
{
	struct store store;
	CLEANUP(authority_drop) struct authority *a = NULL;
	CLEANUP(buf_done) struct buf answer = {0};
	CLEANUP(set_done) struct set first;
	CLEANUP(set_done) struct set s;
	CLEANUP(set_done) struct set old;
	CLEANUP(set_done) struct set same;
	struct wish w1 = {.owners = {people()->alice}};
	struct wish w2 = {.owners = {people()->bob, people()->carol}, .k = 2, .salt = 1};
	struct hash256 zero = {{0}}, genesis, head1, head2;
	struct state_record st;
	struct err err;

	(void)state;
	store_mem_open(&store);
	a = keeper(&store);
	genesis = *authority_genesis(a);
	set_make(&first, &w1, &zero);
	set_sign(&first, people()->alice, &genesis, 1);
	assert_ok(authority_set(a, &first.request, NOW, &answer, &err));
	head1 = *authority_head(a);
	set_ok(a, &w2, people()->alice, &answer);
	head2 = *authority_head(a);
	authority_state(a, NOW, &st);
	assert_false(bytes_all_zero(hash256_view(&st.previous_mesh_key)));
	authority_state(a, NOW + AUTHORITY_PREVIOUS_CA_SECONDS, &st);
	assert_true(bytes_all_zero(hash256_view(&st.previous_mesh_key)));

	/* The old manifest set again, with its old signature: refused under every head. */
	buf_reset(&answer);
	assert_fails(authority_set(a, &first.request, NOW, &answer, &err), "E-AUTHORITY-061");
	set_refresh(&first, &head1);
	assert_fails(authority_set(a, &first.request, NOW, &answer, &err), "E-AUTHORITY-061");
	assert_true(strstr(err.msg, "present head") != NULL);
	set_refresh(&first, &head2);
	assert_fails(authority_set(a, &first.request, NOW, &answer, &err), "E-AUTHORITY-023");

	/* Alice's key no longer counts; one of two is too few; both are enough. */
	set_make(&s, &w1, &head2);
	set_sign(&s, people()->alice, &head2, 3);
	assert_fails(authority_set(a, &s.request, NOW, &answer, &err), "E-AUTHORITY-023");
	set_make(&old, &w1, &head2);
	set_sign(&old, people()->bob, &head2, 3);
	assert_fails(authority_set(a, &old.request, NOW, &answer, &err), "E-AUTHORITY-024");
	set_sign(&old, people()->carol, &head2, 3);
	assert_ok(authority_set(a, &old.request, NOW, &answer, &err));
	assert_int_equal(authority_generation(a), 3);

	/* The same manifest once more, freshly signed, is a new transition: it rotates the mesh CA.
	 */
	genesis = authority_mesh(a)->key_id;
	set_make(&same, &w1, authority_head(a));
	set_sign(&same, people()->alice, authority_head(a), 4);
	assert_ok(authority_set(a, &same.request, NOW, &answer, &err));
	assert_int_equal(authority_generation(a), 4);
	assert_false(hash256_equal(&genesis, &authority_mesh(a)->key_id));
	store_mem_close(&store);
}

static void
updates_disabled(void **state)
{
	struct store store;
	CLEANUP(authority_drop) struct authority *a = NULL;
	CLEANUP(buf_done) struct buf answer = {0};
	CLEANUP(set_done) struct set s;
	struct wish none = {.salt = 0}, next = {.owners = {people()->alice}, .salt = 1};
	struct err err;

	(void)state;
	store_mem_open(&store);
	a = keeper(&store);
	set_ok(a, &none, people()->alice, &answer);
	set_make(&s, &next, authority_head(a));
	set_sign(&s, people()->alice, authority_head(a), 2);
	assert_fails(authority_set(a, &s.request, NOW, &answer, &err), "E-AUTHORITY-022");
	store_mem_close(&store);
}

static void
share_owners_are_fixed(void **state)
{
	static const struct {
		size_t n;
		uint8_t k;
		bool ok;
	} rows[] = {{2, 2, true}, {2, 1, false}, {3, 2, false}, {0, 0, false}, {1, 1, false}};
	struct store store;
	CLEANUP(authority_drop) struct authority *a = NULL;
	CLEANUP(buf_done) struct buf answer = {0};
	struct wish first = {.owners = {people()->alice}, .share_owners = 2, .share_k = 2};

	(void)state;
	store_mem_open(&store);
	a = keeper(&store);
	set_ok(a, &first, people()->alice, &answer);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(set_done) struct set s;
		struct wish w = {.owners = {people()->alice},
		                 .share_owners = rows[i].n,
		                 .share_k = rows[i].k,
		                 .salt = 1};
		struct err err;

		set_make(&s, &w, authority_head(a));
		set_sign(&s, people()->alice, authority_head(a), authority_generation(a) + 1);
		if (rows[i].ok)
			assert_ok(authority_set(a, &s.request, NOW, &answer, &err));
		else
			assert_fails(authority_set(a, &s.request, NOW, &answer, &err),
			             "E-AUTHORITY-066");
	}
	store_mem_close(&store);
}

/* ---- certificates ---- */

static struct cert *
first_cert(struct bytes pem)
{
	struct cert *certs[4] = {NULL};
	size_t n = 0;
	struct err err;

	assert_ok(cert_parse_pem(pem, 4, certs, &n, &err));
	for (size_t i = 1; i < n; i++)
		cert_free(certs[i]);
	return certs[0];
}

static void
mesh_certificates(void **state)
{
	struct store store;
	CLEANUP(authority_drop) struct authority *a = NULL;
	CLEANUP(buf_done) struct buf set_answer = {0};
	CLEANUP(buf_done) struct buf answer = {0};
	CLEANUP(buf_done) struct buf sealed = {0};
	CLEANUP(buf_done) struct buf sealed_again = {0};
	CLEANUP(arena_done) struct arena arena = {0};
	CLEANUP(key_drop) struct key *pod = key_generate(KEY_P256, 0);
	CLEANUP(key_drop) struct key *kem = key_generate(KEY_X25519, 0);
	CLEANUP(cert_drop) struct cert *leaf = NULL;
	CLEANUP(cert_drop) struct cert *root = NULL;
	CLEANUP(secret_done) struct secret secret = {0};
	CLEANUP(secret_done) struct secret secret_again = {0};
	struct wish w = {.owners = {people()->alice}};
	struct cert_request r = {.key = pod, .policy = sha256(WEB_DOC)};
	struct cert *const chain[] = {NULL};
	struct hash256 entry, entry2, policy;
	struct state_record st;
	struct err err;

	(void)state;
	(void)chain;
	store_mem_open(&store);
	a = keeper(&store);
	key_x25519_raw_public(kem, r.kem);
	assert_fails(authority_mesh_cert(a, &r, NOW, &answer, &entry, &err), "E-AUTHORITY-071");
	set_ok(a, &w, people()->alice, &set_answer);
	assert_fails(authority_mesh_cert(a, &r, NOW, &answer, &entry, &err), "E-AUTHORITY-061");
	r.head = *authority_head(a);
	r.policy.b[0] ^= 1;
	assert_fails(authority_mesh_cert(a, &r, NOW, &answer, &entry, &err), "E-AUTHORITY-070");
	r.policy = sha256(WEB_DOC);
	r.key = people()->alice;
	assert_fails(authority_mesh_cert(a, &r, NOW, &answer, &entry, &err), "E-AUTHORITY-072");
	r.key = pod;
	assert_int_equal(answer.n, 0);
	assert_ok(authority_mesh_cert(a, &r, NOW, &answer, &entry, &err));

	leaf = first_cert(answer_text(&arena, &answer, "chain"));
	root = first_cert(answer_text(&arena, &answer, "root_ca"));
	assert_ok(cert_verify_chain(leaf, &authority_mesh(a)->root_signed, 1, root, NOW, &err));
	assert_ok(cert_verify_chain(leaf, NULL, 0, authority_mesh(a)->self_signed, NOW, &err));
	assert_ok(ca_leaf_policy(leaf, &policy, &err));
	assert_bytes(hash256_view(&policy), hash256_view(&r.policy));
	assert_int_equal(cert_not_after(leaf), NOW + CA_LEAF_SECONDS);
	assert_bytes(cert_subject_cn(leaf), BYTES("web"));
	/* One second beyond its day it is nobody's certificate. */
	assert_false(is_ok(cert_verify_chain(leaf, &authority_mesh(a)->root_signed, 1, root,
	                                     NOW + CA_LEAF_SECONDS + 1, &err)));

	/* The secret opens for this pod, and is the same for its next start. */
	assert_true(base64_decode(BASE64_STD, answer_text(&arena, &answer, "secret"), &sealed));
	assert_ok(seal_open(kem, SEAL_WORKLOAD_SECRET, authority_genesis(a), buf_view(&sealed),
	                    &secret, &err));
	assert_int_equal(secret.n, WORKLOAD_SECRET_SIZE);
	buf_reset(&answer);
	assert_ok(authority_mesh_cert(a, &r, NOW, &answer, &entry2, &err));
	assert_true(
	        base64_decode(BASE64_STD, answer_text(&arena, &answer, "secret"), &sealed_again));
	assert_ok(seal_open(kem, SEAL_WORKLOAD_SECRET, authority_genesis(a),
	                    buf_view(&sealed_again), &secret_again, &err));
	assert_true(secret_equal(&secret, &secret_again));

	/* Both are in the log. */
	{
		CLEANUP(log_tree_done) struct log_tree tree = {0};
		struct hash256 root_hash;

		assert_ok(log_tree_append(&tree, &entry, &err));
		assert_ok(log_tree_append(&tree, &entry2, &err));
		assert_ok(log_tree_root(&tree, 2, &root_hash, &err));
		authority_state(a, NOW, &st);
		assert_int_equal(st.log_size, 2);
		assert_bytes(hash256_view(&st.log_root), hash256_view(&root_hash));
	}

	/* A policy without WorkloadSecretID gets none. */
	r.policy = sha256(COORDINATOR_DOC);
	buf_reset(&answer);
	assert_ok(authority_mesh_cert(a, &r, NOW, &answer, &entry, &err));
	assert_int_equal(answer_text(&arena, &answer, "secret").n, 0);
	/* A zero KEM key would make a secret that everybody can open. */
	r.policy = sha256(WEB_DOC);
	mem_zero(r.kem, sizeof r.kem);
	buf_reset(&answer);
	assert_fails(authority_mesh_cert(a, &r, NOW, &answer, &entry, &err), "E-HPKE-001");
	store_mem_close(&store);
}

static void
certificates_of_another_head(void **state)
{
	struct store store;
	CLEANUP(authority_drop) struct authority *a = NULL;
	CLEANUP(buf_done) struct buf answer = {0};
	CLEANUP(key_drop) struct key *pod = key_generate(KEY_P256, 0);
	struct wish w1 = {.owners = {people()->alice}},
	            w2 = {.owners = {people()->alice}, .no_web = true};
	struct cert_request r = {.key = pod, .policy = sha256(WEB_DOC), .kem = {9}};
	struct hash256 entry;
	struct err err;

	(void)state;
	store_mem_open(&store);
	a = keeper(&store);
	set_ok(a, &w1, people()->alice, &answer);
	r.head = *authority_head(a);
	set_ok(a, &w2, people()->alice, &answer);
	/* Judged by the manifest before: refused, and under the new one it is gone. */
	buf_reset(&answer);
	assert_fails(authority_mesh_cert(a, &r, NOW, &answer, &entry, &err), "E-AUTHORITY-061");
	r.head = *authority_head(a);
	assert_fails(authority_mesh_cert(a, &r, NOW, &answer, &entry, &err), "E-AUTHORITY-070");
	store_mem_close(&store);
}

static void
ca_certificates_renew_on_the_timer(void **state)
{
	struct store store;
	CLEANUP(authority_drop) struct authority *a = NULL;
	CLEANUP(buf_done) struct buf answer = {0};
	struct wish w = {.owners = {people()->alice}};
	struct hash256 key, before, after;
	struct err err;

	(void)state;
	store_mem_open(&store);
	a = keeper(&store);
	set_ok(a, &w, people()->alice, &answer);
	key = authority_mesh(a)->key_id;
	before = cert_fingerprint(authority_mesh(a)->self_signed);
	assert_ok(authority_tick(a, NOW + 60, &err));
	after = cert_fingerprint(authority_mesh(a)->self_signed);
	assert_true(hash256_equal(&before, &after));
	assert_ok(authority_tick(a, NOW + 11 * 24 * 3600, &err));
	after = cert_fingerprint(authority_mesh(a)->self_signed);
	assert_false(hash256_equal(&before, &after));
	assert_true(hash256_equal(&key, &authority_mesh(a)->key_id));
	assert_int_equal(cert_not_after(authority_mesh(a)->self_signed),
	                 NOW + (11 + CA_MESH_DAYS) * 24 * 3600);
	store_mem_close(&store);
}

/* ---- bundle ---- */

static void
bundles(void **state)
{
	struct store store, foreign;
	CLEANUP(authority_drop) struct authority *a = NULL;
	CLEANUP(authority_drop) struct authority *b = NULL;
	CLEANUP(buf_done) struct buf answer = {0};
	CLEANUP(buf_done) struct buf body1 = {0};
	CLEANUP(buf_done) struct buf sig1 = {0};
	CLEANUP(buf_done) struct buf body2 = {0};
	CLEANUP(buf_done) struct buf sig2 = {0};
	CLEANUP(buf_done) struct buf other = {0};
	CLEANUP(buf_done) struct buf other_sig = {0};
	struct wish w1 = {.owners = {people()->alice}},
	            w2 = {.owners = {people()->bob}, .no_web = true};
	struct pins pins = pins_of(people()->alice);
	struct chain mesh, kept;
	struct bundle got = {0};
	struct hash256 zero = {{0}}, head1, web = sha256(WEB_DOC);
	const struct cert *root;
	struct err err;

	(void)state;
	store_mem_open(&store);
	store_mem_open(&foreign);
	a = keeper(&store);
	b = keeper(&foreign);
	assert_fails(authority_bundle(a, &zero, NOW, &body1, &sig1, &err), "E-AUTHORITY-071");
	set_ok(a, &w1, people()->alice, &answer);
	set_ok(b, &w1, people()->alice, &answer);
	root = authority_root(a)->cert;
	chain_start(&mesh, &pins, &authority_root(a)->key_id);
	assert_ok(authority_bundle(a, &zero, NOW, &body1, &sig1, &err));
	assert_ok(bundle_accept(&mesh, root, buf_view(&body1), buf_view(&sig1), NOW, &got, &err));
	assert_int_equal(mesh.generation, 1);
	assert_true(bundle_has_policy(&got, &web));
	assert_false(bundle_has_policy(&got, &zero));
	assert_null(got.previous_mesh_ca);
	bundle_done(&got);
	/* The same second, the same bytes: one signature serves all. */
	assert_ok(authority_bundle(a, &zero, NOW, &body2, &sig2, &err));
	assert_bytes(buf_view(&sig2), buf_view(&sig1));
	/* An unknown head is the same question. */
	buf_reset(&body2);
	buf_reset(&sig2);
	assert_ok(authority_bundle(a, &web, NOW, &body2, &sig2, &err));
	assert_bytes(buf_view(&sig2), buf_view(&sig1));

	head1 = *authority_head(a);
	set_ok(a, &w2, people()->alice, &answer);
	buf_reset(&body2);
	buf_reset(&sig2);
	assert_ok(authority_bundle(a, &head1, NOW + 1, &body2, &sig2, &err));
	kept = mesh;
	/* Refused: changed body, another deployment, another root, too old. */
	body2.p[body2.n / 2] ^= 1;
	assert_false(is_ok(
	        bundle_accept(&mesh, root, buf_view(&body2), buf_view(&sig2), NOW, &got, &err)));
	body2.p[body2.n / 2] ^= 1;
	assert_ok(authority_bundle(b, &zero, NOW, &other, &other_sig, &err));
	assert_false(is_ok(bundle_accept(&mesh, root, buf_view(&other), buf_view(&other_sig), NOW,
	                                 &got, &err)));
	assert_fails(bundle_accept(&mesh, authority_root(b)->cert, buf_view(&other),
	                           buf_view(&other_sig), NOW, &got, &err),
	             "E-BUNDLE-003");
	assert_fails(bundle_accept(&mesh, root, buf_view(&body2), buf_view(&sig1), NOW, &got, &err),
	             "E-BUNDLE-006");
	assert_true(hash256_equal(&kept.head, &mesh.head));
	assert_ok(bundle_accept(&mesh, root, buf_view(&body2), buf_view(&sig2), NOW, &got, &err));
	assert_int_equal(mesh.generation, 2);
	assert_false(bundle_has_policy(&got, &web));
	assert_non_null(got.previous_mesh_ca);
	assert_int_equal(got.previous_until, NOW + AUTHORITY_PREVIOUS_CA_SECONDS);
	bundle_done(&got);
	/* Generations only rise: the bundle before is refused now. */
	assert_fails(bundle_accept(&mesh, root, buf_view(&body1), buf_view(&sig1), NOW, &got, &err),
	             "E-BUNDLE-004");
	store_mem_close(&store);
	store_mem_close(&foreign);
}

/* ---- nonces ---- */

static void
nonces(void **state)
{
	struct store store;
	CLEANUP(authority_drop) struct authority *a = NULL;
	CLEANUP(authority_drop) struct authority *b = NULL;
	uint8_t n[AUTHORITY_NONCE_SIZE];
	struct err err;

	(void)state;
	store_mem_open(&store);
	a = keeper(&store);
	b = keeper(&store);
	authority_nonce(a, NOW, n);
	assert_ok(authority_nonce_check(a, NOW, bytes_of(n, 32), &err));
	assert_ok(authority_nonce_check(a, NOW + 60, bytes_of(n, 32), &err));
	assert_fails(authority_nonce_check(a, NOW + 61, bytes_of(n, 32), &err), "E-AUTHORITY-051");
	assert_fails(authority_nonce_check(a, NOW - 1, bytes_of(n, 32), &err), "E-AUTHORITY-051");
	assert_fails(authority_nonce_check(b, NOW, bytes_of(n, 32), &err), "E-AUTHORITY-050");
	assert_fails(authority_nonce_check(a, NOW, bytes_of(n, 31), &err), "E-AUTHORITY-050");
	for (size_t bit = 0; bit < 256; bit++) {
		n[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_fails(authority_nonce_check(a, NOW, bytes_of(n, 32), &err),
		             "E-AUTHORITY-050");
		n[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	store_mem_close(&store);
}

/* ---- stores that fail or lie ---- */

struct lame {
	struct store real;
	int fail_in; /* the n-th write from now fails; 0: none */
	bool after;  /* it fails after having written: a lost answer */
};

static status
maybe(struct lame *l, status (*write)(struct lame *, const void *), const void *what,
      struct err *err)
{
	bool fail = l->fail_in > 0 && --l->fail_in == 0;

	if (!fail || l->after)
		TRY(write(l, what));
	return fail ? err_set(err, ERR_IO, "E-STORE-006", "lame") : OK;
}

struct lame_append {
	uint64_t generation;
	struct bytes record;
};

static status
write_blob(struct lame *l, const void *what)
{
	struct err err;

	return l->real.ops->put(l->real.self, *(const struct bytes *)what, &err);
}

static status
write_record(struct lame *l, const void *what)
{
	const struct lame_append *w = what;
	struct err err;

	return l->real.ops->append(l->real.self, w->generation, w->record, &err);
}

struct lame_name {
	const char *name;
	struct bytes data;
};

static status
write_name(struct lame *l, const void *what)
{
	const struct lame_name *w = what;
	struct err err;

	return l->real.ops->put_name(l->real.self, w->name, w->data, &err);
}

static status
lame_put(void *self, struct bytes blob, struct err *err)
{
	return maybe(self, write_blob, &blob, err);
}
static status
lame_get(void *self, const struct hash256 *h, struct buf *out, struct err *err)
{
	struct lame *l = self;

	return l->real.ops->get(l->real.self, h, out, err);
}
static status
lame_append(void *self, uint64_t generation, struct bytes record, struct err *err)
{
	struct lame_append w = {generation, record};

	return maybe(self, write_record, &w, err);
}
static status
lame_record(void *self, uint64_t generation, struct buf *out, struct err *err)
{
	struct lame *l = self;

	return l->real.ops->record(l->real.self, generation, out, err);
}
static status
lame_put_name(void *self, const char *name, struct bytes data, struct err *err)
{
	struct lame_name w = {name, data};

	return maybe(self, write_name, &w, err);
}
static status
lame_get_name(void *self, const char *name, size_t max, struct buf *out, struct err *err)
{
	struct lame *l = self;

	return l->real.ops->get_name(l->real.self, name, max, out, err);
}
static const struct store_ops lame_ops = {lame_put,    lame_get,      lame_append,
                                          lame_record, lame_put_name, lame_get_name};

/* Each write fails once, before or after it was done; the set sent again succeeds. */
static void
failing_writes(void **state)
{
	(void)state;
	for (int after = 0; after < 2; after++) {
		for (int n = 1; n <= 5; n++) {
			struct lame l = {.fail_in = n, .after = after};
			struct store store = {&lame_ops, &l};
			CLEANUP(authority_drop) struct authority *a = NULL;
			CLEANUP(set_done) struct set s;
			CLEANUP(buf_done) struct buf answer = {0};
			struct wish w = {.owners = {people()->alice}, .share_owners = 1};
			struct hash256 zero = {{0}};
			struct err err;

			store_mem_open(&l.real);
			a = keeper(&store);
			set_make(&s, &w, &zero);
			set_sign(&s, people()->alice, authority_genesis(a), 1);
			/* Manifest, two policies, genesis document, record: five writes. */
			assert_fails(authority_set(a, &s.request, NOW, &answer, &err),
			             "E-STORE-006");
			assert_int_equal(answer.n, 0);
			assert_false(authority_is_active(a));
			assert_ok(authority_set(a, &s.request, NOW, &answer, &err));
			assert_int_equal(authority_generation(a), 1);
			store_mem_close(&l.real);
		}
	}
}

/* The record was written, its answer lost, and then the owner set something else. */
static void
another_set_after_a_lost_answer(void **state)
{
	struct lame l = {.fail_in = 5, .after = true};
	struct store store = {&lame_ops, &l};
	CLEANUP(authority_drop) struct authority *a = NULL;
	CLEANUP(set_done) struct set s;
	CLEANUP(set_done) struct set t;
	CLEANUP(buf_done) struct buf answer = {0};
	struct wish w1 = {.owners = {people()->alice}},
	            w2 = {.owners = {people()->alice}, .salt = 1};
	struct hash256 zero = {{0}};
	struct err err;

	(void)state;
	store_mem_open(&l.real);
	a = keeper(&store);
	set_make(&s, &w1, &zero);
	set_sign(&s, people()->alice, authority_genesis(a), 1);
	assert_fails(authority_set(a, &s.request, NOW, &answer, &err), "E-STORE-006");
	set_make(&t, &w2, &zero);
	set_sign(&t, people()->alice, authority_genesis(a), 1);
	/* The conflict names the head that the store made true. */
	assert_fails(authority_set(a, &t.request, NOW, &answer, &err), "E-AUTHORITY-061");
	assert_int_equal(authority_generation(a), 1);
	assert_int_equal(err.cls, ERR_CONFLICT);
	store_mem_close(&l.real);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(an_empty_keeper_names_its_genesis),
	        cmocka_unit_test(missing_pins_are_refused),
	        cmocka_unit_test(first_set_and_its_repeat),
	        cmocka_unit_test(refused_first_sets),
	        cmocka_unit_test(recorded_first_set_replayed_to_a_twin),
	        cmocka_unit_test(insecure_manifest_on_real_hardware),
	        cmocka_unit_test(owners_rotate_and_old_sets_stay_old),
	        cmocka_unit_test(updates_disabled),
	        cmocka_unit_test(share_owners_are_fixed),
	        cmocka_unit_test(mesh_certificates),
	        cmocka_unit_test(certificates_of_another_head),
	        cmocka_unit_test(ca_certificates_renew_on_the_timer),
	        cmocka_unit_test(bundles),
	        cmocka_unit_test(nonces),
	        cmocka_unit_test(failing_writes),
	        cmocka_unit_test(another_set_after_a_lost_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
