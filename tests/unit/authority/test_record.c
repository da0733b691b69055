/* SPDX-License-Identifier: Apache-2.0 */
/* Records, chains and pins: what is taken, and every way to lie in them. */
#include "authority/record.h"
#include "fixture.h"

#include <string.h>

/* Three records: alice founds; alice's manifest names bob and carol, both needed; they end updates.
 */
struct history {
	struct pins pins;
	struct hash256 root;
	struct chain start;
	struct record r[3];
	struct buf spki[3][2], der[3][2];
	struct buf raw[3];
};

static void
history_free(struct history **hp)
{
	struct history *h = *hp;

	for (int i = 0; i < 3; i++) {
		buf_done(&h->raw[i]);
		for (int j = 0; j < 2; j++) {
			buf_done(&h->spki[i][j]);
			buf_done(&h->der[i][j]);
		}
	}
	mem_free(h);
}

static void
sign_record(struct record *r, const struct key *who, struct buf *spki, struct buf *der)
{
	struct hash256 t = record_transition(r);
	struct err err;

	buf_reset(spki);
	buf_reset(der);
	key_spki(who, spki);
	transition_sign(who, &t, der);
	assert_ok(record_add_signature(r, buf_view(spki), buf_view(der), &err));
}

static void
name_owners(struct record *r, uint8_t k, const struct key *a, const struct key *b)
{
	struct hash256 x = key_id(a), y = b ? key_id(b) : x;

	r->k = k;
	r->owners[r->n_owners++] = x;
	if (!b)
		return;
	r->owners[r->n_owners++] = y;
	if (bytes_cmp(hash256_view(&x), hash256_view(&y)) > 0) {
		r->owners[0] = y;
		r->owners[1] = x;
	}
}

static struct history *
history_new(void)
{
	struct history *h = mem_new(struct history);

	h->pins = pins_of(people()->alice);
	h->root.b[0] = 4;
	chain_start(&h->start, &h->pins, &h->root);
	for (int i = 0; i < 3; i++) {
		h->r[i].generation = (uint64_t)i + 1;
		h->r[i].manifest.b[0] = (uint8_t)(i + 1);
	}
	h->r[0].previous = h->start.genesis;
	name_owners(&h->r[0], 1, people()->alice, NULL);
	sign_record(&h->r[0], people()->alice, &h->spki[0][0], &h->der[0][0]);
	h->r[1].previous = record_transition(&h->r[0]);
	name_owners(&h->r[1], 2, people()->bob, people()->carol);
	sign_record(&h->r[1], people()->alice, &h->spki[1][0], &h->der[1][0]);
	h->r[2].previous = record_transition(&h->r[1]);
	sign_record(&h->r[2], people()->bob, &h->spki[2][0], &h->der[2][0]);
	sign_record(&h->r[2], people()->carol, &h->spki[2][1], &h->der[2][1]);
	for (int i = 0; i < 3; i++)
		record_emit(&h->r[i], &h->raw[i]);
	return h;
}

static void
a_whole_history_is_taken(void **state)
{
	CLEANUP(history_free) struct history *h = history_new();
	struct bytes raw[3];
	struct hash256 head;
	struct chain c;
	struct err err;

	(void)state;
	for (int i = 0; i < 3; i++)
		raw[i] = buf_view(&h->raw[i]);
	head = record_transition(&h->r[2]);
	c = h->start;
	assert_ok(chain_verify(&c, raw, 3, &head, &err));
	assert_int_equal(c.generation, 3);
	/* A pod that pinned only alice's key follows two rotations of owners. */
	assert_true(hash256_equal(&c.head, &head));
	c = h->start;
	assert_fails(chain_verify(&c, raw, 2, &head, &err), "E-AUTHORITY-025");
	c = h->start;
	assert_fails(chain_verify(&c, raw, 0, &head, &err), "E-AUTHORITY-025");
}

enum lie {
	OTHER_DEPLOYMENT_ID,
	OTHER_ROOT_KEY,
	OTHER_GENESIS_KEY,
	SKIP_ONE,
	GENERATION_BACK,
	GENERATION_AHEAD,
	GENERATION_SAME,
	UNSIGNED_FIRST,
	FIRST_BY_LATER_OWNER,
	OLD_OWNER_SIGNS,
	ONE_OF_TWO,
	ONE_SIGNED_TWICE,
	STRANGER_BESIDE_OWNERS,
	SIGNATURE_OF_OTHER_TRANSITION,
	AFTER_THE_END,
	OTHER_MANIFEST,
	OTHER_OWNERS,
	OTHER_THRESHOLD,
	RSA_SIGNER,
};

static status
tell(enum lie lie, struct history *h, struct err *err)
{
	CLEANUP(buf_done) struct buf spki = {0};
	CLEANUP(buf_done) struct buf der = {0};
	struct chain c = h->start;
	struct hash256 other = {{9}};
	struct record extra = {.generation = 4};

	switch (lie) {
	case OTHER_DEPLOYMENT_ID:
		h->pins.deployment_id[0] ^= 1;
		chain_start(&c, &h->pins, &h->root);
		break;
	case OTHER_ROOT_KEY:
		chain_start(&c, &h->pins, &other);
		break;
	case OTHER_GENESIS_KEY:
		h->pins = pins_of(people()->eve);
		chain_start(&c, &h->pins, &h->root);
		break;
	case SKIP_ONE:
		TRY(chain_extend(&c, &h->r[0], err));
		return chain_extend(&c, &h->r[2], err);
	case GENERATION_BACK:
	case GENERATION_AHEAD:
	case GENERATION_SAME:
		h->r[1].generation = lie == GENERATION_BACK ? 0 : lie == GENERATION_SAME ? 1 : 3;
		h->r[1].n_signatures = 0;
		sign_record(&h->r[1], people()->alice, &h->spki[1][0], &h->der[1][0]);
		break;
	case UNSIGNED_FIRST:
		h->r[0].n_signatures = 0;
		break;
	case FIRST_BY_LATER_OWNER:
		h->r[0].n_signatures = 0;
		sign_record(&h->r[0], people()->bob, &h->spki[0][0], &h->der[0][0]);
		break;
	case OLD_OWNER_SIGNS:
		h->r[2].n_signatures = 0;
		sign_record(&h->r[2], people()->alice, &h->spki[2][0], &h->der[2][0]);
		break;
	case ONE_OF_TWO:
		h->r[2].n_signatures = 1;
		break;
	case ONE_SIGNED_TWICE:
		h->r[2].signatures[1] = h->r[2].signatures[0];
		break;
	case STRANGER_BESIDE_OWNERS:
		sign_record(&h->r[2], people()->eve, &spki, &der);
		break;
	case SIGNATURE_OF_OTHER_TRANSITION:
		h->r[2].signatures[0].der = h->r[1].signatures[0].der;
		break;
	case AFTER_THE_END:
		for (int i = 0; i < 3; i++)
			TRY(chain_extend(&c, &h->r[i], err));
		extra.previous = c.head;
		sign_record(&extra, people()->bob, &spki, &der);
		return chain_extend(&c, &extra, err);
	case OTHER_MANIFEST:
		h->r[1].manifest.b[5] ^= 1;
		break;
	case OTHER_OWNERS:
		h->r[1].owners[0].b[0] ^= 1;
		break;
	case OTHER_THRESHOLD:
		h->r[1].k = 1;
		break;
	case RSA_SIGNER:
		/* The owner list may name any digest; only ECDSA counts. */
		h->pins = pins_of(people()->rsa[0]);
		chain_start(&c, &h->pins, &h->root);
		h->r[0].previous = c.genesis;
		key_spki(people()->rsa[0], &spki);
		h->r[0].n_signatures = 1;
		h->r[0].signatures[0] =
		        (struct record_signature){.spki = buf_view(&spki), .der = BYTES("x")};
		break;
	}
	for (int i = 0; i < 3; i++)
		TRY(chain_extend(&c, &h->r[i], err));
	return OK;
}

static void
lies(void **state)
{
	static const struct {
		enum lie lie;
		const char *want;
	} rows[] = {
	        {OTHER_DEPLOYMENT_ID, "E-AUTHORITY-020"},
	        {OTHER_ROOT_KEY, "E-AUTHORITY-020"},
	        {OTHER_GENESIS_KEY, "E-AUTHORITY-020"},
	        {SKIP_ONE, "E-AUTHORITY-020"},
	        {GENERATION_BACK, "E-AUTHORITY-021"},
	        {GENERATION_AHEAD, "E-AUTHORITY-021"},
	        {GENERATION_SAME, "E-AUTHORITY-021"},
	        {UNSIGNED_FIRST, "E-AUTHORITY-024"},
	        {FIRST_BY_LATER_OWNER, "E-AUTHORITY-023"},
	        {OLD_OWNER_SIGNS, "E-AUTHORITY-023"},
	        {ONE_OF_TWO, "E-AUTHORITY-024"},
	        {ONE_SIGNED_TWICE, "E-AUTHORITY-016"},
	        {STRANGER_BESIDE_OWNERS, "E-AUTHORITY-023"},
	        {SIGNATURE_OF_OTHER_TRANSITION, "E-AUTHORITY-015"},
	        {AFTER_THE_END, "E-AUTHORITY-022"},
	        {OTHER_MANIFEST, "E-AUTHORITY-015"},
	        {OTHER_OWNERS, "E-AUTHORITY-015"},
	        {OTHER_THRESHOLD, "E-AUTHORITY-015"},
	        {RSA_SIGNER, "E-AUTHORITY-023"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(history_free) struct history *h = history_new();
		struct err err = {0};

		if (is_ok(tell(rows[i].lie, h, &err)))
			fail_msg("lie %d was believed", rows[i].lie);
		if (strcmp(err.id, rows[i].want) != 0)
			fail_msg("lie %d: %s, want %s (%s)", rows[i].lie, err.id, rows[i].want,
			         err.msg);
		assert_int_equal(err.cls, ERR_REJECTED);
	}
}

/* A failed record leaves the chain where it was. */
static void
failure_changes_nothing(void **state)
{
	CLEANUP(history_free) struct history *h = history_new();
	struct chain c, before;
	struct err err;

	(void)state;
	c = h->start;
	assert_ok(chain_extend(&c, &h->r[0], &err));
	before = c;
	h->r[1].manifest.b[5] ^= 1;
	assert_fails(chain_extend(&c, &h->r[1], &err), "E-AUTHORITY-015");
	assert_memory_equal(&c, &before, sizeof c);
}

/* No bit of a stored record can change and the chain still be accepted to the same head. */
static void
every_bit(void **state)
{
	CLEANUP(history_free) struct history *h = history_new();
	struct hash256 head;
	struct err err;

	(void)state;
	head = record_transition(&h->r[1]);
	for (size_t bit = 0; bit < h->raw[1].n * 8; bit++) {
		struct bytes raw[2] = {buf_view(&h->raw[0]), buf_view(&h->raw[1])};
		struct chain c = h->start;

		h->raw[1].p[bit / 8] ^= (uint8_t)(1U << bit % 8);
		if (is_ok(chain_verify(&c, raw, 2, &head, &err)))
			fail_msg("bit %zu", bit);
		h->raw[1].p[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	for (size_t n = 0; n < h->raw[1].n; n++) {
		struct record r;

		assert_false(is_ok(record_parse(bytes_of(h->raw[1].p, n), &r, &err)));
	}
	buf_u8(&h->raw[1], 0);
	{
		struct record r;

		assert_fails(record_parse(buf_view(&h->raw[1]), &r, &err), "E-AUTHORITY-011");
	}
}

static void
malformed_records(void **state)
{
	/* Offsets: k at 73, n at 74, owners from 75. */
	static const struct {
		size_t at;
		uint8_t v;
		const char *want;
	} rows[] = {
	        {0, 2, "E-AUTHORITY-010"},    {73, 0, "E-AUTHORITY-013"},
	        {73, 3, "E-AUTHORITY-013"},   {74, 33, "E-AUTHORITY-011"},
	        {74, 255, "E-AUTHORITY-011"},
	};
	CLEANUP(history_free) struct history *h = history_new();
	struct record r;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		uint8_t old = h->raw[1].p[rows[i].at];

		h->raw[1].p[rows[i].at] = rows[i].v;
		assert_fails(record_parse(buf_view(&h->raw[1]), &r, &err), rows[i].want);
		h->raw[1].p[rows[i].at] = old;
	}
	/* Owners in the wrong order, or one twice. */
	{
		struct hash256 swap = h->r[1].owners[0];
		CLEANUP(buf_done) struct buf raw = {0};

		h->r[1].owners[0] = h->r[1].owners[1];
		record_emit(&h->r[1], &raw);
		assert_fails(record_parse(buf_view(&raw), &r, &err), "E-AUTHORITY-012");
		h->r[1].owners[1] = swap;
		buf_reset(&raw);
		record_emit(&h->r[1], &raw);
		assert_fails(record_parse(buf_view(&raw), &r, &err), "E-AUTHORITY-012");
	}
}

/* ---- pins ---- */

static void
genesis_json(void **state)
{
#define ID "\"deployment_id\": \"000102030405060708090a0b0c0d0e0f\""
#define K1 "1111111111111111111111111111111111111111111111111111111111111111"
#define K2 "2222222222222222222222222222222222222222222222222222222222222222"
	static const struct {
		const char *text, *want; /* NULL: taken */
	} rows[] = {
	        {"{\"version\": 1, " ID ", \"genesis_keys\": [\"" K2 "\", \"" K1 "\"]}", NULL},
	        {"{\"version\": 2, " ID ", \"genesis_keys\": [\"" K1 "\"]}", "E-AUTHORITY-006"},
	        {"{\"version\": 1, " ID ", \"genesis_keys\": []}", "E-AUTHORITY-005"},
	        {"{\"version\": 1, " ID ", \"genesis_keys\": [\"" K1 "\", \"" K1 "\"]}",
	         "E-AUTHORITY-005"},
	        {"{\"version\": 1, " ID ", \"genesis_keys\": [7]}", "E-AUTHORITY-005"},
	        {"{\"version\": 1, " ID ", \"genesis_keys\": [\"11\"]}", "E-AUTHORITY-005"},
	        {"{\"version\": 1, \"deployment_id\": \"00\", \"genesis_keys\": [\"" K1 "\"]}",
	         "E-AUTHORITY-005"},
	        {"{\"version\": 1, " ID ", \"genesis_keys\": [\"" K1 "\"], \"x\": 1}",
	         "E-JSON-020"},
	        {"{\"version\": 1, " ID "}", "E-JSON-021"},
	        {"[]", "E-JSON-022"},
	        {"", "E-JSON-001"},
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct pins p, again;
		CLEANUP(buf_done) struct buf out = {0};
		status s = genesis_parse(bytes_str(rows[i].text), &p, &err);

		if (rows[i].want) {
			if (is_ok(s) || strcmp(err.id, rows[i].want) != 0)
				fail_msg("row %zu: %s", i, is_ok(s) ? "taken" : err.id);
			continue;
		}
		assert_ok(s);
		assert_int_equal(p.keys[0].b[0], 0x11);
		genesis_write(&p, &out);
		assert_ok(genesis_parse(buf_view(&out), &again, &err));
		assert_memory_equal(&p, &again, sizeof p);
	}
}

static void
pins_of_arguments(void **state)
{
	static const char *const one[] = {K1}, *const bad[] = {"zz"};
	static const char id[] = "000102030405060708090a0b0c0d0e0f";
	struct pins p;
	struct err err;

	(void)state;
	assert_ok(pins_from_args(&p, id, one, 1, &err));
	assert_int_equal(p.n_keys, 1);
	assert_fails(pins_from_args(&p, NULL, one, 1, &err), "E-AUTHORITY-002");
	assert_fails(pins_from_args(&p, id, NULL, 0, &err), "E-AUTHORITY-002");
	assert_fails(pins_from_args(&p, "00", one, 1, &err), "E-AUTHORITY-003");
	assert_fails(pins_from_args(&p, id, bad, 1, &err), "E-AUTHORITY-004");
	pins_new(&p);
	for (uint8_t i = 0; i < PINS_MAX_KEYS; i++) {
		struct hash256 k = {{(uint8_t)(200 - i)}};

		assert_ok(pins_add_key(&p, &k, &err));
		assert_ok(pins_add_key(&p, &k, &err));
	}
	assert_int_equal(p.n_keys, PINS_MAX_KEYS);
	{
		struct hash256 k = {{1}};

		assert_fails(pins_add_key(&p, &k, &err), "E-AUTHORITY-001");
	}
	for (size_t i = 1; i < p.n_keys; i++)
		assert_true(bytes_cmp(hash256_view(&p.keys[i - 1]), hash256_view(&p.keys[i])) < 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_whole_history_is_taken), cmocka_unit_test(lies),
	        cmocka_unit_test(failure_changes_nothing),  cmocka_unit_test(every_bit),
	        cmocka_unit_test(malformed_records),        cmocka_unit_test(genesis_json),
	        cmocka_unit_test(pins_of_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
