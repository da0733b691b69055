/* SPDX-License-Identifier: Apache-2.0 */
/* What the keeper's engine gives out: certificates and bundles. */
#include "authority/bundle.h"
#include "base/text.h"
#include "fixture.h"

#include <string.h>

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(mesh_certificates),
	        cmocka_unit_test(certificates_of_another_head),
	        cmocka_unit_test(ca_certificates_renew_on_the_timer),
	        cmocka_unit_test(bundles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
