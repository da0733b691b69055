/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Against RE2 itself: generated patterns and texts, acceptance of the pattern,
 * and every group of the first matches, in each of our matchers. The seed is
 * fixed; RE_ORACLE_ROUNDS and RE_ORACLE_SEED run more of it.
 */
#include "re/internal.h"
#include "unit.h"

void *oracle_compile(const char *pattern, size_t n);
void oracle_free(void *re);
int oracle_groups(const void *re);
int oracle_find(const void *re, const char *text, size_t n, size_t from, size_t *spans, int groups);

enum { ROUNDS = 5000, TEXTS = 6, MAX_GROUPS = 64 };

static uint64_t seed = 88172645463325252ULL;

static uint32_t
random_below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % n;
}

static const char *const atoms[] = {
        "a",
        "b",
        "c",
        "a",
        "b",
        "ab",
        "ba",
        ".",
        "^",
        "$",
        "\\b",
        "\\B",
        "\\A",
        "\\z",
        "[ab]",
        "[^a]",
        "[a-c]",
        "[^b-c]",
        "\\d",
        "\\w",
        "\\W",
        "\\s",
        "\\S",
        "\\D",
        "[[:alpha:]]",
        "[[:^digit:]_]",
        "\\pL",
        "\\PL",
        "\\p{Greek}",
        "\\p{Lu}",
        "[\\d\\s]",
        "\\n",
        "\xc3\xa9",
        "\xce\xb1",
        "[\xce\xb1-\xcf\x89]",
        "K",
        "\xc5\xbf",
        "S",
        "(?i)",
        "(?-i)",
        "(?s)",
        "(?m)",
        "(?U)",
        "(?i:k)",
        "(?i:[k-s])",
        "\\x61",
        "\\x{3b1}",
        "\\Qa.\\E",
        "\\.",
        "\\101",
        "_",
        "1",
        " ",
        "-",
        "(?:)",
        "()",
        "[^\\n]",
        "(?i:\\pL)",
        "[]a]",
        "[a\\-b]",
};
static const char *const repeats[] = {"*",   "+",     "?",     "*?",   "+?",
                                      "??",  "{2}",   "{0,2}", "{1,}", "{1,3}?",
                                      "{0}", "{0,1}", "{2,}?", "{,2}", "{"};

static void
generate(struct buf *out, uint32_t depth)
{
	uint32_t n = random_below(4) + 1;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t kind = random_below(10);

		if (depth > 0 && kind < 3) {
			static const char *const opens[] = {"(",    "(",      "(?:", "(?i:",
			                                    "(?m:", "(?s-i:", "(?U:"};

			buf_str(out, opens[random_below(COUNT_OF(opens))]);
			generate(out, depth - 1);
			buf_u8(out, ')');
		} else if (depth > 0 && kind == 3) {
			generate(out, depth - 1);
			buf_u8(out, '|');
			generate(out, depth - 1);
		} else {
			buf_str(out, atoms[random_below(COUNT_OF(atoms))]);
		}
		if (random_below(3) == 0)
			buf_str(out, repeats[random_below(COUNT_OF(repeats))]);
	}
	/* Now and then something that is probably wrong. */
	if (random_below(60) == 0)
		buf_str(out, (const char *[]){")", "(", "[", "**", "\\", "\\8", "[b-a]", "(?P<n>a)",
		                              "(?<", "[[:x:]]"}[random_below(10)]);
}

/*
 * RE2 walks bytes, so its \\B also holds inside a character; we walk characters,
 * as Go does. Patterns with \\B get ASCII texts.
 */
static void
generate_text(struct buf *out, bool ascii)
{
	static const char *const parts[] = {
	        "a",        "b", "c",        "a",        "b",        "ab",
	        "\n",       " ", "1",        "_",        "K",        "k",
	        "s",        "S", "\xc3\xa9", "\xce\xb1", "\xce\x91", "\xe2\x84\xaa",
	        "\xc5\xbf", "-", ".",        "A",        "B",        "\xf0\x9f\x98\x80"};
	uint32_t n = random_below(12);

	for (uint32_t i = 0; i < n; i++) {
		const char *part = parts[random_below(COUNT_OF(parts))];

		if (!ascii || (uint8_t)part[0] < 0x80)
			buf_str(out, part);
	}
}

static void
compare(const struct re *re, const void *oracle, struct bytes pattern, struct bytes text,
        const char *name, status (*engine)(struct re_search *, struct err *))
{
	size_t want[2 * MAX_GROUPS], got[2 * MAX_GROUPS];
	uint32_t groups = re_groups(re);
	int found = oracle_find(oracle, (const char *)text.p, text.n, 0, want, (int)groups);
	CLEANUP(arena_done) struct arena scratch = {0};
	struct re_budget budget = {&scratch, 10 * 1000 * 1000};
	struct re_search s = {re, text, 0, &budget, got, 2 * groups, false};
	struct err err;

	assert_ok(engine(&s, &err));
	if (s.found != (found != 0))
		fail_msg("%s: /%.*s/ on \"%.*s\": found %d, RE2 %d", name, BYTES_ARG(pattern),
		         BYTES_ARG(text), s.found, found);
	for (uint32_t i = 0; found && i < 2 * groups; i++)
		if (got[i] != want[i] && !(i % 2 == 1 && want[i - 1] == SIZE_MAX))
			fail_msg("%s: /%.*s/ on \"%.*s\": group %u %s at %zd, RE2 %zd", name,
			         BYTES_ARG(pattern), BYTES_ARG(text), i / 2,
			         i % 2 ? "ends" : "starts", (ssize_t)got[i], (ssize_t)want[i]);
}

static void
compare_bool(const struct re *re, const void *oracle, struct bytes pattern, struct bytes text)
{
	CLEANUP(arena_done) struct arena scratch = {0};
	struct re_budget budget = {&scratch, 10 * 1000 * 1000};
	int want = oracle_find(oracle, (const char *)text.p, text.n, 0, NULL, 0);
	struct err err;
	bool got;

	assert_ok(re_is_match(re, text, &budget, &got, &err));
	if (got != (want != 0))
		fail_msg("is_match: /%.*s/ on \"%.*s\": %d, RE2 %d", BYTES_ARG(pattern),
		         BYTES_ARG(text), got, want);
}

static void
one_pattern(struct bytes pattern)
{
	void *oracle = oracle_compile((const char *)pattern.p, pattern.n);
	CLEANUP(arena_done) struct arena a = {0};
	const struct re *re;
	struct err err = {0};
	bool ok = is_ok(re_compile(&a, pattern, RE_FAST, &re, &err));

	if (ok != (oracle != NULL))
		fail_msg("/%.*s/: we say %s (%s), RE2 %s", BYTES_ARG(pattern), ok ? "yes" : "no",
		         err.msg, oracle ? "yes" : "no");
	for (int i = 0; ok && i < TEXTS && re_groups(re) <= MAX_GROUPS; i++) {
		CLEANUP(buf_done) struct buf text = {0};

		generate_text(&text, bytes_find(pattern, BYTES("\\B"), 0) != SIZE_MAX);
		buf_reserve(&text, 1);
		compare(re, oracle, pattern, buf_view(&text), "pike", re_pike);
		compare(re, oracle, pattern, buf_view(&text), "backtrack", re_backtrack);
		compare_bool(re, oracle, pattern, buf_view(&text));
	}
	if (oracle)
		oracle_free(oracle);
}

static void
generated(void **state)
{
	const char *rounds = getenv("RE_ORACLE_ROUNDS"), *from = getenv("RE_ORACLE_SEED");
	uint64_t n = ROUNDS;

	(void)state;
	if (rounds)
		(void)text_u64(bytes_str(rounds), UINT64_MAX, &n);
	if (from)
		(void)text_u64(bytes_str(from), UINT64_MAX, &seed);
	for (uint64_t i = 0; i < n; i++) {
		CLEANUP(buf_done) struct buf pattern = {0};

		generate(&pattern, 3);
		one_pattern(buf_view(&pattern));
	}
}

/* Every category and script name that both know, on a sample of all planes. */
static void
unicode_names(void **state)
{
	static const char *const names[] = {
	        "L",     "Lu",       "Ll",       "Lt",     "Lm",     "Lo",   "M",      "Mn",
	        "Mc",    "Me",       "N",        "Nd",     "Nl",     "No",   "P",      "Pc",
	        "Pd",    "Ps",       "Pe",       "Pi",     "Pf",     "Po",   "S",      "Sm",
	        "Sc",    "Sk",       "So",       "Z",      "Zs",     "Zl",   "Zp",     "Greek",
	        "Latin", "Cyrillic", "Han",      "Arabic", "Hebrew", "Thai", "Common", "Inherited",
	        "Yi",    "Hangul",   "Cherokee",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		for (uint32_t fold = 0; fold < 2; fold++) {
			CLEANUP(arena_done) struct arena a = {0};
			CLEANUP(buf_done) struct buf pattern = {0};
			const struct re *re;
			struct err err;
			void *oracle;

			buf_printf(&pattern, "%s\\p{%s}", fold ? "(?i)" : "", names[i]);
			assert_ok(re_compile(&a, buf_view(&pattern), RE_FAST, &re, &err));
			oracle = oracle_compile((const char *)pattern.p, pattern.n);
			assert_non_null(oracle);
			/* Below U+FB00 and unassigned-free blocks, where Unicode 14 and 15 agree.
			 */
			for (uint32_t cp = 1; cp<0xd800; cp += cp> 0x3100 ? 38U : 1U) {
				CLEANUP(buf_done) struct buf text = {0};

				if (cp == 0x0cf3 || cp == 0x0ece)
					continue; /* assigned in 15 */
				utf8_put(&text, cp);
				compare_bool(re, oracle, buf_view(&pattern), buf_view(&text));
			}
			oracle_free(oracle);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(generated),
	                                   cmocka_unit_test(unicode_names)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
