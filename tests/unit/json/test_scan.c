/* SPDX-License-Identifier: Apache-2.0 */
/* Scans and comparisons that look at many bytes at once, against those that look at one. */
#include "unit.h"
#include "json/scan.h"
#include "json/value.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM = 72 };

static void
same_ends(const uint8_t *p, size_t n)
{
	bool bytes = true, words = true, vectors = true;
	const uint8_t *want = plain_end_bytes(p, p + n, &bytes);

	assert_ptr_equal(plain_end_words(p, p + n, &words), want);
	assert_ptr_equal(plain_end(p, p + n, &vectors), want);
	assert_int_equal(words, bytes);
	assert_int_equal(vectors, bytes);
}

/* Every byte at every place of texts of every length, each alone at the end of its block. */
static void
plain_ends(void **state)
{
	static const uint8_t fill[] = {'a', 0x20, 0x7f, 0x80, 0xff};

	(void)state;
	for (size_t n = 0; n <= 40; n++) {
		uint8_t *text = malloc(n ? n : 1);

		assert_non_null(text);
		for (size_t f = 0; f < COUNT_OF(fill); f++) {
			memset(text, fill[f], n);
			same_ends(text, n);
			for (size_t at = 0; at < n; at++) {
				for (unsigned int c = 0; c < 256; c++) {
					text[at] = (uint8_t)c;
					same_ends(text, n);
				}
				text[at] = fill[f];
			}
		}
		free(text);
	}
}

/* What stands behind a string's end says nothing about the string. */
static void
what_follows_does_not_count(void **state)
{
	uint8_t text[ROOM];
	bool ascii;

	(void)state;
	for (size_t n = 0; n < ROOM; n++) {
		memset(text, 0xff, sizeof text);
		memset(text, 'x', n);
		text[n] = '"';
		ascii = true;
		assert_ptr_equal(plain_end(text, text + ROOM, &ascii), text + n);
		assert_true(ascii);
		ascii = true;
		assert_ptr_equal(plain_end_words(text, text + ROOM, &ascii), text + n);
		assert_true(ascii);
	}
}

static void
equal_texts(void **state)
{
	(void)state;
	for (size_t n = 0; n <= 40; n++) {
		uint8_t *a = malloc(n ? n : 1), *b = malloc(n ? n : 1);

		assert_true(a && b);
		memset(a, 'k', n);
		memset(b, 'k', n);
		assert_true(same_text(a, b, n));
		for (size_t at = 0; at < n; at++) {
			for (unsigned int bit = 0; bit < 8; bit++) {
				b[at] ^= (uint8_t)(1u << bit);
				assert_false(same_text(a, b, n));
				b[at] ^= (uint8_t)(1u << bit);
			}
		}
		free(a);
		free(b);
	}
}

/* ---- members in the order of their names, known names or not ---- */

static int
by_text(const void *a, const void *b)
{
	const struct json_name *x = a, *y = b;

	return bytes_cmp(bytes_of(x->p, x->n), bytes_of(y->p, y->n));
}

/* A set of "n0".."n<count - 1>". */
static struct json_names
names_of(struct arena *a, unsigned int count)
{
	struct json_name list[64];
	struct json_name *slots = arena_array(a, 128, sizeof *slots);

	assert_true(slots && count <= COUNT_OF(list));
	for (unsigned int i = 0; i < count; i++) {
		struct bytes text = arena_printf(a, "n%u", i);

		list[i] = (struct json_name){text.p, (uint32_t)text.n, json_name_hash(text), 0};
	}
	qsort(list, count, sizeof list[0], by_text);
	for (unsigned int i = 0; i < count; i++) {
		uint32_t at = list[i].hash & 127;

		while (slots[at].p)
			at = (at + 1) & 127;
		slots[at] = list[i];
		slots[at].rank = i + 1;
	}
	return (struct json_names){slots, 127};
}

/* "n0".."n<n - 1>", each step-th after the other. */
static void
parse_members(unsigned int n, unsigned int known, unsigned int step)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct json_names names = names_of(&a, known);
	struct value v;
	struct err err;

	for (unsigned int i = 0; i < n; i++)
		buf_printf(&text, "%c\"n%u\":%u", i ? ',' : '{', i * step % n, i * step % n);
	buf_u8(&text, '}');
	assert_ok(json_parse_sorted(&a, buf_view(&text), NULL, &names, &v, &err));
	assert_int_equal(v.n, n);
	for (uint32_t i = 0; i < n; i++) {
		const struct member *m = &v.u.members[i];
		struct bytes name = arena_printf(&a, "n%d", (int)m->val.u.i);

		assert_bytes(json_text(&m->key), name);
		assert_int_equal((m->key.flags & VALUE_INTERNED) != 0, m->val.u.i < known);
		if (i > 0)
			assert_true(bytes_cmp(json_text(&m[-1].key), name) < 0);
	}
}

static void
members_in_order(void **state)
{
	static const struct {
		unsigned int n, step;
	} rows[] = {
	        {1, 1},  {2, 1},  {8, 3},  {13, 5},  {13, 12}, {24, 1},
	        {24, 5}, {24, 7}, {25, 6}, {25, 24}, {37, 10}, {37, 36},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		for (unsigned int known = 0; known <= rows[i].n; known++)
			parse_members(rows[i].n, known, rows[i].step);
}

static void
twins_are_found(void **state)
{
	(void)state;
	for (unsigned int n = 2; n <= 40; n++) {
		for (unsigned int known = 0; known <= n; known += n) {
			CLEANUP(arena_done) struct arena a = {0};
			CLEANUP(buf_done) struct buf text = {0};
			struct json_names names = names_of(&a, known);
			struct value v;
			struct err err;

			buf_str(&text, "{");
			for (unsigned int i = 0; i < n; i++)
				buf_printf(&text, "\"n%u\":0,", i + 1 == n ? n / 3 : i);
			text.p[text.n - 1] = '}';
			assert_fails(json_parse_sorted(&a, buf_view(&text), NULL, &names, &v, &err),
			             "E-JSON-007");
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(plain_ends),      cmocka_unit_test(what_follows_does_not_count),
	        cmocka_unit_test(equal_texts),     cmocka_unit_test(members_in_order),
	        cmocka_unit_test(twins_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
