/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper's engine: sets, and who is refused. */
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
