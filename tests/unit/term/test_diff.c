/* SPDX-License-Identifier: Apache-2.0 */
#include "term/diff.h"

#include "unit.h"

#include <string.h>

static const struct {
	const char *before, *after, *want;
} rows[] = {
        {"a\n", "a\n", ""},
        {"", "a\n", "--- a/f\n+++ b/f\n@@ -0,0 +1 @@\n+a\n"},
        {"a\n", "", "--- a/f\n+++ b/f\n@@ -1 +0,0 @@\n-a\n"},
        {"a\nb\nc\n", "a\nx\nc\n", "--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n"},
        {"a", "a\n", "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"},
        {"1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n", "1\n2\n3\n4\n5\nx\n6\n7\n8\n9\n10\n11\n",
         "--- a/f\n+++ b/f\n@@ -3,6 +3,7 @@\n 3\n 4\n 5\n+x\n 6\n 7\n 8\n"},
        {"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "x\n1\n2\n3\n4\n5\n6\n7\n8\n",
         "--- a/f\n+++ b/f\n@@ -1,3 +1,4 @@\n+x\n 1\n 2\n 3\n@@ -6,4 +7,3 @@\n 6\n 7\n 8\n-9\n"},
};

static void
known_diffs(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_done) struct buf out = {0};
		struct err err = {0};

		assert_ok(diff_unified("f", bytes_str(rows[i].before), bytes_str(rows[i].after),
		                       false, &out, &err));
		assert_bytes(buf_view(&out), bytes_str(rows[i].want));
	}
}

/* Applies a diff of lines that all end in a line break: what patch does, without fuzz. */
static void
apply(const char *before, const char *diff, struct buf *out)
{
	size_t line = 1;
	const char *p = strstr(diff, "@@ ");

	while (p) {
		size_t from = strtoul(p + 4, NULL, 10), n = 1;
		const char *comma = p + 4 + strspn(p + 4, "0123456789");

		if (*comma == ',')
			n = strtoul(comma + 1, NULL, 10);
		from += n == 0;
		for (; line < from; line++) {
			buf_add(out, before, strcspn(before, "\n") + 1);
			before += strcspn(before, "\n") + 1;
		}
		for (p = strchr(p, '\n') + 1; *p && *p != '@'; p += strcspn(p, "\n") + 1) {
			if (*p != '+') {
				/* Context and removed lines must be what is there. */
				assert_memory_equal(p + 1, before, strcspn(p, "\n"));
				before += strcspn(before, "\n") + 1;
				line++;
			}
			if (*p != '-')
				buf_add(out, p + 1, strcspn(p, "\n"));
		}
		p = *p == '@' ? p : NULL;
	}
	buf_str(out, before);
}

static void
applied_diffs_give_the_other_text(void **state)
{
	uint64_t seed = 42;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		CLEANUP(buf_done) struct buf a = {0};
		CLEANUP(buf_done) struct buf b = {0};
		CLEANUP(buf_done) struct buf diff = {0};
		CLEANUP(buf_done) struct buf back = {0};
		struct err err = {0};
		unsigned int lines = (unsigned int)round % 60, kinds = 2 + (unsigned int)round % 7;

		for (unsigned int i = 0; i < lines; i++) {
			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			if (seed >> 60 != 0)
				buf_printf(&a, "%u\n", (unsigned int)(seed >> 33) % kinds);
			if (seed >> 56 % 16 != 3)
				buf_printf(&b, "%u\n",
				           (unsigned int)(seed >> (seed >> 61 ? 33 : 20)) % kinds);
		}
		assert_ok(diff_unified("f", buf_view(&a), buf_view(&b), false, &diff, &err));
		if (diff.n == 0) {
			assert_bytes(buf_view(&a), buf_view(&b));
			continue;
		}
		apply(buf_cstr(&a), buf_cstr(&diff), &back);
		assert_bytes(buf_view(&back), buf_view(&b));
	}
}

static void
small_edits_of_long_texts_stay_small(void **state)
{
	CLEANUP(buf_done) struct buf a = {0};
	CLEANUP(buf_done) struct buf b = {0};
	CLEANUP(buf_done) struct buf diff = {0};
	struct err err = {0};

	(void)state;
	for (int i = 0; i < 100000; i++) {
		buf_printf(&a, "line %d\n", i);
		if (i % 10000 != 5000)
			buf_printf(&b, "line %d\n", i);
	}
	assert_ok(diff_unified("f", buf_view(&a), buf_view(&b), false, &diff, &err));
	assert_in_range(diff.n, 100, 2000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(known_diffs),
	        cmocka_unit_test(applied_diffs_give_the_other_text),
	        cmocka_unit_test(small_edits_of_long_texts_stay_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
