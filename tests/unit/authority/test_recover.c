/* SPDX-License-Identifier: Apache-2.0 */
/* Recovery by share owners, replicas, and stores that were exchanged (PROTOCOL section 9). */
#include "base/text.h"
#include "fixture.h"

struct scene {
	struct store store;
	struct authority *a;
	struct hash256 genesis, head1, head;
	struct buf doc_bytes;
	struct shares_doc doc;
	struct share shares[3];
};

static void
scene_done(struct scene *s)
{
	for (int i = 0; i < 3; i++)
		share_done(&s->shares[i]);
	buf_done(&s->doc_bytes);
	authority_free(s->a);
	store_mem_close(&s->store);
}

/* Two of three owners recover; two manifests were set. */
static void
scene_make(struct scene *s)
{
	CLEANUP(buf_done) struct buf answer = {0};
	CLEANUP(arena_done) struct arena arena = {0};
	struct wish w1 = {.owners = {people()->alice}, .share_owners = 3, .share_k = 2};
	struct wish w2 = {.owners = {people()->alice}, .share_owners = 3, .share_k = 2, .salt = 1};
	struct err err;

	*s = (struct scene){0};
	store_mem_open(&s->store);
	s->a = keeper(&s->store);
	set_ok(s->a, &w1, people()->alice, &answer);
	assert_true(
	        base64_decode(BASE64_STD, answer_text(&arena, &answer, "shares"), &s->doc_bytes));
	assert_ok(shares_parse(buf_view(&s->doc_bytes), &s->doc, &err));
	for (int i = 0; i < 3; i++)
		assert_ok(share_open(&s->doc, people()->rsa[i], &s->shares[i], &err));
	s->head1 = *authority_head(s->a);
	set_ok(s->a, &w2, people()->alice, &answer);
	s->head = *authority_head(s->a);
	s->genesis = *authority_genesis(s->a);
}

static status
give(struct authority *a, const struct scene *s, int i, const struct hash256 *last, int64_t now,
     struct buf *answer, struct err *err)
{
	CLEANUP(buf_done) struct buf sealed = {0};
	struct state_record st;

	authority_state(a, now, &st);
	TRY(recover_seal(st.kem, &s->genesis, &s->shares[i], last, &sealed, err));
	return authority_recover(a, buf_view(&sealed), now, answer, err);
}

static void
two_of_three_recover(void **state)
{
	CLEANUP(scene_done) struct scene s;
	CLEANUP(authority_drop) struct authority *b = NULL;
	CLEANUP(buf_done) struct buf answer = {0};
	CLEANUP(set_done) struct set next;
	struct wish w = {.owners = {people()->alice}, .share_owners = 3, .share_k = 2, .salt = 2};
	struct state_record st;
	struct hash256 zero = {{0}}, root, mesh;
	uint8_t wire[STATE_RECORD_SIZE];
	struct err err;

	(void)state;
	scene_make(&s);
	root = authority_root(s.a)->key_id;
	mesh = authority_mesh(s.a)->key_id;
	b = keeper(&s.store);
	authority_state(b, NOW, &st);
	assert_int_equal(st.phase, STATE_RECOVERING);
	state_emit(&st, wire);
	assert_ok(state_parse(bytes_of(wire, sizeof wire), &st, &err));
	/* Nothing is set on a recovering Coordinator. */
	set_make(&next, &w, &zero);
	set_sign(&next, people()->alice, &s.head, 3);
	assert_fails(authority_set(b, &next.request, NOW, &answer, &err), "E-AUTHORITY-062");

	assert_ok(give(b, &s, 2, &s.head, NOW, &answer, &err));
	assert_false(authority_is_active(b));
	/* The same share again is no second one. */
	assert_ok(give(b, &s, 2, &s.head, NOW, &answer, &err));
	assert_false(authority_is_active(b));
	assert_ok(give(b, &s, 0, &s.head1, NOW, &answer, &err));
	assert_true(authority_is_active(b));
	authority_state(b, NOW, &st);
	assert_bytes(hash256_view(&st.head), hash256_view(&s.head));
	assert_bytes(hash256_view(&st.genesis), hash256_view(&s.genesis));
	assert_int_equal(st.generation, 2);
	/* Root and mesh CA keys are the same as before; there is no previous mesh CA. */
	assert_bytes(hash256_view(&st.root_key), hash256_view(&root));
	assert_bytes(hash256_view(&st.mesh_key), hash256_view(&mesh));
	assert_true(bytes_all_zero(hash256_view(&st.previous_mesh_key)));
	/* A late share is told that it is done; life goes on; shares stay fixed. */
	assert_ok(give(b, &s, 1, &s.head, NOW, &answer, &err));
	set_refresh(&next, &s.head);
	assert_ok(authority_set(b, &next.request, NOW, &answer, &err));
	w.share_k = 1;
	w.salt = 3;
	{
		CLEANUP(set_done) struct set bad;

		set_make(&bad, &w, authority_head(b));
		set_sign(&bad, people()->alice, authority_head(b), 4);
		assert_fails(authority_set(b, &bad.request, NOW, &answer, &err), "E-AUTHORITY-066");
	}
}

/* What collateral was accepted outlives a restart, unless the store hides it or makes it up. */
static void
marks_are_taken_up_again(void **state)
{
	static const struct mark mark = {.kind = MARK_TCB_INFO,
	                                 .id = {{7}},
	                                 .number = 18,
	                                 .issued = NOW};
	char name[80], hex[65];
	struct err err;

	(void)state;
	for (int i = 0; i < 3; i++) {
		CLEANUP(scene_done) struct scene s;
		CLEANUP(authority_drop) struct authority *b = NULL;
		CLEANUP(buf_done) struct buf answer = {0}, text = {0};

		scene_make(&s);
		assert_int_equal(authority_marks(s.a)->n, 0);
		assert_ok(authority_keep_marks(s.a, &mark, 1, &err));
		snprintf(name, sizeof name, "marks-%s", hash256_hex(&s.genesis, hex));
		assert_ok(store_get_name(&s.store, name, MARKS_BYTES, &text, &err));
		/* A store that raises the number, to shut out every honest pod; one that cuts. */
		if (i == 1)
			text.p[text.n - 13] ^= 1;
		if (i == 2)
			text.n = 1;
		assert_ok(store_put_name(&s.store, name, buf_view(&text), &err));
		b = keeper(&s.store);
		assert_int_equal(authority_marks(b)->n, 0);
		assert_ok(give(b, &s, 2, &s.head, NOW, &answer, &err));
		assert_ok(give(b, &s, 0, &s.head, NOW, &answer, &err));
		assert_true(authority_is_active(b));
		assert_int_equal(authority_marks(b)->n, i == 0 ? 1 : 0);
		if (i == 0)
			assert_int_equal(authority_marks(b)->items[0].number, 18);
	}
}

static void
a_wrong_share_is_named(void **state)
{
	CLEANUP(scene_done) struct scene s;
	CLEANUP(authority_drop) struct authority *b = NULL;
	CLEANUP(buf_done) struct buf answer = {0};
	struct err err;

	(void)state;
	scene_make(&s);
	b = keeper(&s.store);
	s.shares[1].share.p[7] ^= 1;
	assert_fails(give(b, &s, 1, &s.head, NOW, &answer, &err), "E-AUTHORITY-081");
	assert_true(bytes_find(bytes_str(err.msg), BYTES("share 2"), 0) != SIZE_MAX);
	s.shares[1].share.p[7] ^= 1;
	s.shares[1].index = 3;
	assert_fails(give(b, &s, 1, &s.head, NOW, &answer, &err), "E-AUTHORITY-081");
	s.shares[1].index = 0;
	assert_fails(give(b, &s, 1, &s.head, NOW, &answer, &err), "E-AUTHORITY-081");
	s.shares[1].index = 200;
	assert_fails(give(b, &s, 1, &s.head, NOW, &answer, &err), "E-AUTHORITY-081");
	s.shares[1].index = 2;
	s.shares[1].salt.p[0] ^= 1;
	assert_fails(give(b, &s, 1, &s.head, NOW, &answer, &err), "E-AUTHORITY-082");
	s.shares[1].salt.p[0] ^= 1;
	assert_ok(give(b, &s, 1, &s.head, NOW, &answer, &err));
	assert_ok(give(b, &s, 0, &s.head, NOW, &answer, &err));
	assert_true(authority_is_active(b));
}

/* One owner saw a newer head than the store has: the store was rolled back. */
static void
recovery_from_an_older_store(void **state)
{
	CLEANUP(scene_done) struct scene s;
	CLEANUP(authority_drop) struct authority *b = NULL;
	CLEANUP(buf_done) struct buf answer = {0};
	CLEANUP(buf_done) struct buf raw = {0};
	struct store old;
	struct hash256 hash, zero = {{0}};
	struct record r;
	char name[80], hex[65];
	struct err err;

	(void)state;
	scene_make(&s);
	store_mem_open(&old);
	assert_ok(store_record(&s.store, 1, &raw, &err));
	assert_ok(record_parse(buf_view(&raw), &r, &err));
	assert_ok(store_append(&old, 1, buf_view(&raw), &err));
	{
		CLEANUP(buf_done) struct buf text = {0};

		assert_ok(store_get(&s.store, &r.manifest, MANIFEST_MAX_BYTES, &text, &err));
		assert_ok(store_put(&old, buf_view(&text), &hash, &err));
	}
	snprintf(name, sizeof name, "genesis-%s", hash256_hex(&s.genesis, hex));
	assert_ok(store_put_name(&old, name, buf_view(&s.doc_bytes), &err));
	b = keeper(&old);
	assert_ok(give(b, &s, 0, &s.head1, NOW, &answer, &err));
	assert_fails(give(b, &s, 1, &s.head, NOW, &answer, &err), "E-AUTHORITY-083");
	assert_false(authority_is_active(b));
	/* Who knows no head cannot notice: this is what docs/threat-model.md says. */
	assert_ok(give(b, &s, 2, &zero, NOW, &answer, &err));
	assert_true(authority_is_active(b));
	authority_free(b);
	b = NULL;
	store_mem_close(&old);
}

static void
shares_are_forgotten_after_an_hour(void **state)
{
	CLEANUP(scene_done) struct scene s;
	CLEANUP(authority_drop) struct authority *b = NULL;
	CLEANUP(buf_done) struct buf answer = {0};
	struct err err;

	(void)state;
	scene_make(&s);
	b = keeper(&s.store);
	assert_ok(give(b, &s, 0, &s.head, NOW, &answer, &err));
	assert_ok(give(b, &s, 1, &s.head, NOW + 3600, &answer, &err));
	assert_false(authority_is_active(b));
	assert_ok(give(b, &s, 0, &s.head, NOW + 3700, &answer, &err));
	assert_true(authority_is_active(b));
}

static void
messages_for_others_do_not_open(void **state)
{
	CLEANUP(scene_done) struct scene s;
	CLEANUP(authority_drop) struct authority *b = NULL;
	CLEANUP(authority_drop) struct authority *c = NULL;
	CLEANUP(buf_done) struct buf answer = {0};
	CLEANUP(buf_done) struct buf sealed = {0};
	struct state_record st;
	struct store empty;
	struct hash256 other = {{1}};
	struct err err;

	(void)state;
	scene_make(&s);
	b = keeper(&s.store);
	/* Sealed to the KEM key of another start. */
	authority_state(s.a, NOW, &st);
	assert_ok(recover_seal(st.kem, &s.genesis, &s.shares[0], &s.head, &sealed, &err));
	assert_fails(authority_recover(b, buf_view(&sealed), NOW, &answer, &err), "E-HPKE-002");
	/* For another genesis. */
	authority_state(b, NOW, &st);
	buf_reset(&sealed);
	assert_ok(recover_seal(st.kem, &other, &s.shares[0], &s.head, &sealed, &err));
	assert_fails(authority_recover(b, buf_view(&sealed), NOW, &answer, &err), "E-HPKE-002");
	/* For another purpose, and too short. */
	buf_reset(&sealed);
	assert_ok(seal_to(st.kem, SEAL_PEER_STATE, &s.genesis, BYTES("x"), &sealed, &err));
	assert_fails(authority_recover(b, buf_view(&sealed), NOW, &answer, &err), "E-HPKE-002");
	buf_reset(&sealed);
	assert_ok(seal_to(st.kem, SEAL_RECOVER, &s.genesis, BYTES("x"), &sealed, &err));
	assert_fails(authority_recover(b, buf_view(&sealed), NOW, &answer, &err),
	             "E-AUTHORITY-080");
	store_mem_open(&empty);
	c = keeper(&empty);
	assert_fails(authority_recover(c, buf_view(&sealed), NOW, &answer, &err),
	             "E-AUTHORITY-085");
	authority_free(c);
	c = NULL;
	store_mem_close(&empty);
}

/* ---- stores that are not ours ---- */

static void
foreign_histories_are_refused(void **state)
{
	CLEANUP(scene_done) struct scene s;
	struct authority_options o = {.pins = pins_of(people()->eve)};
	struct authority *a = NULL;
	struct err err;

	(void)state;
	scene_make(&s);
	/* Other pins: the host's own store under our name, or ours under another's. */
	o.store = s.store;
	assert_fails(authority_new(&o, NOW, &a, &err), "E-AUTHORITY-060");
	assert_null(a);
	o.pins = pins_of(people()->alice);
	o.pins.deployment_id[5] ^= 1;
	assert_fails(authority_new(&o, NOW, &a, &err), "E-AUTHORITY-060");
}

enum damage { NO_DOCUMENT, FOREIGN_DOCUMENT, CUT_DOCUMENT, CHANGED_COMMITMENT, CHANGED_RECORD };

static void
damaged_stores_are_refused(void **state)
{
	(void)state;
	for (enum damage d = NO_DOCUMENT; d <= CHANGED_RECORD; d++) {
		CLEANUP(scene_done) struct scene s;
		CLEANUP(scene_done) struct scene other;
		CLEANUP(buf_done) struct buf raw = {0};
		struct authority_options o = {.pins = pins_of(people()->alice)};
		struct authority *a = NULL;
		struct store bad;
		char name[80], hex[65];
		struct err err;

		scene_make(&s);
		scene_make(&other);
		store_mem_open(&bad);
		o.store = bad;
		assert_ok(store_record(&s.store, 1, &raw, &err));
		snprintf(name, sizeof name, "genesis-%s", hash256_hex(&s.genesis, hex));
		if (d == CHANGED_RECORD)
			raw.p[raw.n - 1] ^= 1;
		if (d == CUT_DOCUMENT)
			s.doc_bytes.n--;
		if (d == CHANGED_COMMITMENT)
			s.doc_bytes.p[130 + 32 + 40] ^= 1;
		if (d != NO_DOCUMENT)
			assert_ok(store_put_name(&bad, name,
			                         buf_view(d == FOREIGN_DOCUMENT ? &other.doc_bytes
			                                                        : &s.doc_bytes),
			                         &err));
		assert_ok(store_append(&bad, 1, buf_view(&raw), &err));
		if (is_ok(authority_new(&o, NOW, &a, &err)))
			fail_msg("damage %d was not noticed", d);
		assert_string_equal(err.id, "E-AUTHORITY-060");
		store_mem_close(&bad);
	}
}

/* The host founds a deployment of its own with its own seed and key: nobody's pins fit. */
static void
fake_recovery_with_the_hosts_own_store(void **state)
{
	CLEANUP(scene_done) struct scene s;
	struct store own;
	CLEANUP(authority_drop) struct authority *fake = NULL;
	struct authority *victim = NULL;
	CLEANUP(buf_done) struct buf answer = {0};
	struct authority_options host = {.pins = pins_of(people()->eve)};
	struct authority_options o = {.pins = pins_of(people()->alice)};
	struct wish w = {.owners = {people()->eve}, .share_owners = 3, .share_k = 2};
	struct err err;

	(void)state;
	scene_make(&s);
	store_mem_open(&own);
	host.store = o.store = own;
	assert_ok(authority_new(&host, NOW, &fake, &err));
	set_ok(fake, &w, people()->eve, &answer);
	assert_fails(authority_new(&o, NOW, &victim, &err), "E-AUTHORITY-060");
	assert_null(victim);
	authority_free(fake);
	fake = NULL;
	store_mem_close(&own);
}

/* ---- replicas ---- */

static status
pull(struct authority *from, struct authority *to, const struct hash256 *policy, struct buf *sealed,
     struct err *err)
{
	CLEANUP(buf_done) struct buf answer = {0};
	CLEANUP(arena_done) struct arena arena = {0};
	struct peer_request r = {.head = *authority_head(from), .policy = *policy};
	struct state_record st;

	authority_state(to, NOW, &st);
	mem_copy(r.kem, st.kem, sizeof r.kem);
	TRY(authority_peer_state(from, &r, NOW, &answer, err));
	buf_reset(sealed);
	assert_true(base64_decode(BASE64_STD, answer_text(&arena, &answer, "state"), sealed));
	return OK;
}

static void
a_replica_pulls_and_follows(void **state)
{
	CLEANUP(scene_done) struct scene s;
	CLEANUP(authority_drop) struct authority *b = NULL;
	CLEANUP(buf_done) struct buf sealed = {0};
	CLEANUP(buf_done) struct buf answer = {0};
	struct hash256 own = sha256(COORDINATOR_DOC), web = sha256(WEB_DOC);
	struct wish w = {.owners = {people()->alice}, .share_owners = 3, .share_k = 2, .salt = 5};
	struct state_record x, y;
	struct err err;

	(void)state;
	scene_make(&s);
	b = keeper(&s.store);
	assert_fails(pull(s.a, b, &web, &sealed, &err), "E-AUTHORITY-087");
	assert_ok(pull(s.a, b, &own, &sealed, &err));
	/* A set between pull and adoption: the replica follows the store. */
	set_ok(s.a, &w, people()->alice, &answer);
	assert_ok(authority_adopt(b, buf_view(&sealed), NOW, &err));
	authority_state(s.a, NOW, &x);
	authority_state(b, NOW, &y);
	assert_bytes(hash256_view(&x.head), hash256_view(&y.head));
	assert_bytes(hash256_view(&x.mesh_key), hash256_view(&y.mesh_key));
	assert_bytes(hash256_view(&x.root_key), hash256_view(&y.root_key));
	assert_fails(authority_adopt(b, buf_view(&sealed), NOW, &err), "E-AUTHORITY-088");
	/* One sets, the other takes it up; a set by the one behind is a conflict that names the
	 * head. */
	w.salt = 6;
	set_ok(b, &w, people()->alice, &answer);
	{
		CLEANUP(set_done) struct set late;

		w.salt = 7;
		set_make(&late, &w, authority_head(s.a));
		set_sign(&late, people()->alice, authority_head(s.a), 4);
		assert_fails(authority_set(s.a, &late.request, NOW, &answer, &err),
		             "E-AUTHORITY-061");
	}
	authority_state(s.a, NOW, &x);
	authority_state(b, NOW, &y);
	assert_bytes(hash256_view(&x.head), hash256_view(&y.head));
}

static void
a_replica_refuses_less_than_it_pulled(void **state)
{
	CLEANUP(scene_done) struct scene s;
	CLEANUP(authority_drop) struct authority *b = NULL;
	CLEANUP(buf_done) struct buf sealed = {0};
	CLEANUP(buf_done) struct buf plain = {0};
	CLEANUP(buf_done) struct buf forged = {0};
	struct hash256 own = sha256(COORDINATOR_DOC), unknown = {{3}};
	struct state_record st;
	struct err err;

	(void)state;
	scene_make(&s);
	b = keeper(&s.store);
	/* A head that the store does not have. */
	authority_state(b, NOW, &st);
	buf_zeros(&plain, SEED_SIZE + SALT_SIZE);
	buf_bytes(&plain, hash256_view(&unknown));
	assert_ok(seal_to(st.kem, SEAL_PEER_STATE, &s.genesis, buf_view(&plain), &forged, &err));
	assert_fails(authority_adopt(b, buf_view(&forged), NOW, &err), "E-AUTHORITY-083");
	/* No head at all: only owners who never saw one may say so. */
	buf_reset(&plain);
	buf_reset(&forged);
	buf_zeros(&plain, SEED_SIZE + SALT_SIZE + SHA256_SIZE);
	assert_ok(seal_to(st.kem, SEAL_PEER_STATE, &s.genesis, buf_view(&plain), &forged, &err));
	assert_fails(authority_adopt(b, buf_view(&forged), NOW, &err), "E-AUTHORITY-080");
	/* A seed that does not make the root key. */
	buf_reset(&plain);
	buf_reset(&forged);
	buf_zeros(&plain, SEED_SIZE + SALT_SIZE);
	buf_bytes(&plain, hash256_view(&s.head));
	assert_ok(seal_to(st.kem, SEAL_PEER_STATE, &s.genesis, buf_view(&plain), &forged, &err));
	assert_fails(authority_adopt(b, buf_view(&forged), NOW, &err), "E-AUTHORITY-084");
	assert_false(authority_is_active(b));
	assert_ok(pull(s.a, b, &own, &sealed, &err));
	assert_ok(authority_adopt(b, buf_view(&sealed), NOW, &err));
}

/* An owner signed a manifest that no keeper took, and the host put it into the store. */
static void
rules_hold_for_what_the_store_brings(void **state)
{
	CLEANUP(scene_done) struct scene s;
	CLEANUP(set_done) struct set bad;
	CLEANUP(buf_done) struct buf raw = {0};
	CLEANUP(buf_done) struct buf answer = {0};
	struct wish w = {.owners = {people()->alice}, .share_owners = 1, .salt = 9};
	struct record r = {.generation = 3};
	struct hash256 hash;
	struct err err;

	(void)state;
	scene_make(&s);
	set_make(&bad, &w, &s.head);
	set_sign(&bad, people()->alice, &s.head, 3);
	assert_fails(authority_set(s.a, &bad.request, NOW, &answer, &err), "E-AUTHORITY-066");
	r.previous = s.head;
	r.manifest = sha256(buf_view(&bad.text));
	r.k = bad.k;
	r.n_owners = bad.n_owners;
	r.owners[0] = bad.owners[0];
	assert_ok(record_add_signature(&r, bad.signatures[0].spki, bad.signatures[0].der, &err));
	record_emit(&r, &raw);
	assert_ok(store_put(&s.store, buf_view(&bad.text), &hash, &err));
	assert_ok(store_append(&s.store, 3, buf_view(&raw), &err));
	assert_fails(authority_sync(s.a, NOW, &err), "E-AUTHORITY-066");
	assert_int_equal(authority_generation(s.a), 2);
	assert_bytes(hash256_view(authority_head(s.a)), hash256_view(&s.head));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(two_of_three_recover),
	        cmocka_unit_test(marks_are_taken_up_again),
	        cmocka_unit_test(a_wrong_share_is_named),
	        cmocka_unit_test(recovery_from_an_older_store),
	        cmocka_unit_test(shares_are_forgotten_after_an_hour),
	        cmocka_unit_test(messages_for_others_do_not_open),
	        cmocka_unit_test(foreign_histories_are_refused),
	        cmocka_unit_test(damaged_stores_are_refused),
	        cmocka_unit_test(fake_recovery_with_the_hosts_own_store),
	        cmocka_unit_test(a_replica_pulls_and_follows),
	        cmocka_unit_test(a_replica_refuses_less_than_it_pulled),
	        cmocka_unit_test(rules_hold_for_what_the_store_brings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
