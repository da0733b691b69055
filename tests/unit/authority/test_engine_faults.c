/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper's engine: nonces, and stores that fail or lie. */
#include "fixture.h"

#include <string.h>

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
	        cmocka_unit_test(nonces),
	        cmocka_unit_test(failing_writes),
	        cmocka_unit_test(another_set_after_a_lost_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
