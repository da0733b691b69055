/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns, texts and all groups of the first match, in rows; each row runs in every matcher. */
#include "re/internal.h"
#include "unit.h"

#include <string.h>

enum { MANY_STEPS = 10 * 1000 * 1000 };

/* "0-3 1-2 -": spans of all groups, "-" for one that took no part; "no" for no match. */
static void
show(const struct re_span *spans, uint32_t n, bool found, char *to, size_t size)
{
	size_t at = 0;

	snprintf(to, size, "%s", found ? "" : "no");
	for (uint32_t i = 0; found && i < n; i++) {
		int k = spans[i].from == RE_UNSET
		                ? snprintf(to + at, size - at, "%s-", i ? " " : "")
		                : snprintf(to + at, size - at, "%s%zu-%zu", i ? " " : "",
		                           spans[i].from, spans[i].to);
		at += (size_t)k;
	}
}

static void
check_engine(const struct re *re, struct bytes text, const char *want, const char *pattern,
             status (*engine)(struct re_search *, struct err *), const char *name)
{
	CLEANUP(arena_done) struct arena scratch = {0};
	struct re_budget budget = {&scratch, MANY_STEPS};
	struct re_span spans[16];
	struct re_search s = {re, text, 0, &budget, &spans[0].from, 2 * re_groups(re), false};
	struct err err;
	char got[256];

	assert_true(re_groups(re) <= 16);
	assert_ok(engine(&s, &err));
	show(spans, re_groups(re), s.found, got, sizeof got);
	if (strcmp(got, want) != 0)
		fail_msg("%s: /%s/ on \"%.*s\": got %s, want %s", name, pattern, BYTES_ARG(text),
		         got, want);
}

static void
check_row(const char *pattern, struct bytes text, const char *want)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct re_budget budget = {&a, MANY_STEPS};
	struct re_span spans[16];
	const struct re *re;
	struct err err;
	char got[256];
	bool found;

	assert_ok(re_compile(&a, bytes_str(pattern), RE_FAST, &re, &err));
	check_engine(re, text, want, pattern, re_pike, "pike");
	check_engine(re, text, want, pattern, re_backtrack, "backtrack");
	assert_ok(re_find(re, text, 0, &budget, spans, re_groups(re), &found, &err));
	show(spans, re_groups(re), found, got, sizeof got);
	assert_string_equal(got, want);
	assert_ok(re_is_match(re, text, &budget, &found, &err));
	assert_int_equal(found, strcmp(want, "no") != 0);
	assert_true(re->literal || re->dfa);
}

static void
match_rows(void **state)
{
	static const struct {
		const char *pattern, *text, *want;
	} rows[] = {
	        {"", "", "0-0"},
	        {"", "abc", "0-0"},
	        {"abc", "xabcy", "1-4"},
	        {"abc", "ab", "no"},
	        {"^abc$", "abc", "0-3"},
	        {"^abc$", "abcd", "no"},
	        {"abc$", "abcabc", "3-6"},
	        {"^abc", "xabc", "no"},
	        {"a|ab", "ab", "0-1"},
	        {"ab|a", "ab", "0-2"},
	        {"(a|ab)(c|bcd)", "abcd", "0-4 0-1 1-4"},
	        {"(a+)(b+)?", "aac", "0-2 0-2 -"},
	        {"a*", "baaa", "0-0"},
	        {"a+", "baaa", "1-4"},
	        {"a+?", "baaa", "1-2"},
	        {"(a*)*", "b", "0-0 0-0"},
	        {"(a*)+", "b", "0-0 0-0"},
	        {"(|a)*", "aa", "0-0 0-0"},
	        {"(|a)+", "aa", "0-0 0-0"},
	        {"(a|b)*", "abab", "0-4 3-4"},
	        {"(?:(a)|b)*", "ab", "0-2 0-1"},
	        {"x{0}y", "xy", "1-2"},
	        {"a{2,3}", "aaaa", "0-3"},
	        {"a{2,3}?", "aaaa", "0-2"},
	        {"a{2,}", "aaaa", "0-4"},
	        {"a{,2}", "a{,2}", "0-5"},
	        {"a{01}", "a{01}", "0-5"},
	        {"{", "{", "0-1"},
	        {".", "\n", "no"},
	        {"(?s).", "\n", "0-1"},
	        {"[^a]", "\n", "0-1"},
	        {"(?m)^b$", "a\nb\nc", "2-3"},
	        {"^b$", "a\nb\nc", "no"},
	        {"\\Ab", "a\nb", "no"},
	        {"b\\z", "b\n", "no"},
	        {"(?i)straSSe", "STRASSE", "0-7"},
	        {"(?i)k", "\xe2\x84\xaa", "0-3"},
	        {"(?i)[k-l]", "\xe2\x84\xaa", "0-3"},
	        {"(?i)\xc5\xbf", "s", "0-1"},
	        {"a(?i)b", "aB", "0-2"},
	        {"a(?i)b", "AB", "no"},
	        {"(?i:a)b", "Ab", "0-2"},
	        {"(?i:a)b", "AB", "no"},
	        {"(?U)a+", "aaa", "0-1"},
	        {"(?U)a+?", "aaa", "0-3"},
	        {"\\bfoo\\b", "a foo b", "2-5"},
	        {"\\bfoo\\b", "afoo", "no"},
	        {"\\Boo", "foo", "1-3"},
	        {"\\d+", "ab12", "2-4"},
	        {"\\D+", "12ab", "2-4"},
	        {"[\\d-]+", "a1-2", "1-4"},
	        {"\\w+\\s\\W", "ab !", "0-4"},
	        {"[[:alpha:]]+[[:^alpha:]]", "ab1", "0-3"},
	        {"[]a]+", "a]", "0-2"},
	        {"[^]a]", "]ab", "2-3"},
	        {"[a\\]]+", "a]", "0-2"},
	        {"[-a]+", "a-", "0-2"},
	        {"\\Qa.b\\E+", "a.bb", "0-4"},
	        {"\\Q**", "**", "0-2"},
	        {"\\x41\\x{42}\\103\\t", "ABC\t", "0-4"},
	        {"\\pL+", "1\xc3\xa9t", "1-4"},
	        {"\\p{Greek}", "a\xce\xb1", "1-3"},
	        {"\\PL", "a1", "1-2"},
	        {"\\p{^L}", "a1", "1-2"},
	        {"\\p{Lu}", "aB", "1-2"},
	        {"(?i)\\p{Lu}", "a", "0-1"},
	        {"[\\p{Nd}x]+", "x\xd9\xa3", "0-3"},
	        {".", "\xe2\x82\xac", "0-3"},
	        {"^.$", "\xff", "0-1"},
	        {"\\x{fffd}", "\xff", "0-1"},
	        {"(?P<y>\\d{4})-(?<m>\\d\\d)", "on 2024-05", "3-10 3-7 8-10"},
	        {"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", "pod-1", "0-5 1-5"},
	        {"^(/[a-z]+)+/?$", "/run/kata/x", "0-11 9-11"},
	        {"(a|b|c|d)$", "abcd", "3-4 3-4"},
	        {"(?:)*", "a", "0-0"},
	        {"(?:^)*a", "a", "0-1"},
	        {"$^", "", "0-0"},
	        {"^*", "", "0-0"},
	        {"(a)(?:)", "a", "0-1 0-1"},
	        {"a.*c", "abcbc", "0-5"},
	        {"a.*?c", "abcbc", "0-3"},
	        {"(a?)(ab?)(b?)$", "ab", "0-2 0-0 0-2 2-2"},
	        {"[a-c&&b]+", "a&b", "0-3"},
	        {"\\b", "", "no"},
	        {"\\B", "", "0-0"},
	        {"(?m)$", "a\nb", "1-1"},
	        {"(?-s).", "a", "0-1"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		check_row(rows[i].pattern, bytes_str(rows[i].text), rows[i].want);
}

static void
error_rows(void **state)
{
	static const struct {
		const char *pattern, *msg, *place;
	} rows[] = {
	        {"(a", "missing closing ): `(a`", "offset 0"},
	        {"a)", "unexpected ): `a)`", "offset 0"},
	        {"[a", "missing closing ]: `[a`", "offset 0"},
	        {"x[z-a]", "invalid character class range: `z-a`", "offset 2"},
	        {"[[:foo:]]", "invalid character class range: `[:foo:]`", "offset 1"},
	        {"*", "missing argument to repetition operator: `*`", "offset 0"},
	        {"a|*", "missing argument to repetition operator: `*`", "offset 2"},
	        {"a**", "invalid nested repetition operator: `**`", "offset 1"},
	        {"a*{2}", "invalid nested repetition operator: `*{2}`", "offset 1"},
	        {"a++", "invalid nested repetition operator: `++`", "offset 1"},
	        {"a{1001}", "invalid repeat count: `{1001}`", "offset 1"},
	        {"a{2,1}", "invalid repeat count: `{2,1}`", "offset 1"},
	        {"(a{40}){40}", "invalid repeat count: `{40}`", "offset 7"},
	        {"a\\", "trailing backslash at end of expression: ``", "offset 2"},
	        {"\\q", "invalid escape sequence: `\\q`", "offset 0"},
	        {"\\1", "invalid escape sequence: `\\1`", "offset 0"},
	        {"\\C", "invalid escape sequence: `\\C`", "offset 0"},
	        {"\\Z", "invalid escape sequence: `\\Z`", "offset 0"},
	        {"\\x{110000}", "invalid escape sequence: `\\x{110000`", "offset 0"},
	        {"\\p{Foo}", "invalid character class range: `\\p{Foo}`", "offset 0"},
	        {"(?=a)", "invalid or unsupported Perl syntax: `(?=`", "offset 0"},
	        {"(?<!a)", "invalid named capture: `(?<!a)`", "offset 0"},
	        {"(?P<1 >a)", "invalid named capture: `(?P<1 >`", "offset 0"},
	        {"(?i-)a", "invalid or unsupported Perl syntax: `(?i-)`", "offset 0"},
	        {"(?i", "missing closing ): `(?i`", "offset 0"},
	        {"\xff", "invalid UTF-8: `\xff`", "offset 0"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		const struct re *re;
		struct err err;

		assert_fails(re_compile(&a, bytes_str(rows[i].pattern), 0, &re, &err), "E-RE-001");
		assert_string_equal(err.msg, rows[i].msg);
		assert_string_equal(err.place, rows[i].place);
	}
}

/* Depth and counts at their limits, and one beyond. */
static void
limits(void **state)
{
	static const struct {
		size_t depth;
		bool ok;
	} rows[] = {{RE_MAX_DEPTH, true}, {RE_MAX_DEPTH + 1, false}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf p = {0};
		const struct re *re;
		struct err err;

		for (size_t k = 0; k < rows[i].depth; k++)
			buf_u8(&p, '(');
		buf_u8(&p, 'a');
		for (size_t k = 0; k < rows[i].depth; k++)
			buf_u8(&p, ')');
		assert_int_equal(is_ok(re_compile(&a, buf_view(&p), 0, &re, &err)), rows[i].ok);
	}
}

static void
pattern_limits(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf p = {0};
	const struct re *re;
	struct err err;

	(void)state;
	assert_ok(re_compile(&a, BYTES("a{1000}"), 0, &re, &err));
	assert_ok(re_compile(&a, BYTES("(?:a{100}){10}"), 0, &re, &err));
	assert_fails(re_compile(&a, BYTES("(?:a{100}){11}"), 0, &re, &err), "E-RE-001");
	for (size_t i = 0; i < 300; i++)
		buf_str(&p, "[ab]{1000}");
	assert_fails(re_compile(&a, buf_view(&p), 0, &re, &err), "E-RE-002");
	buf_reset(&p);
	buf_zeros(&p, RE_MAX_PATTERN + 1);
	assert_fails(re_compile(&a, buf_view(&p), 0, &re, &err), "E-RE-002");
	/* Repetitions of repetitions without a parenthesis between them. */
	buf_reset(&p);
	buf_str(&p, "a*");
	for (size_t i = 0; i < 20000; i++)
		buf_str(&p, "(?i)*");
	assert_fails(re_compile(&a, buf_view(&p), 0, &re, &err), "E-RE-001");
	/* Copies of nothing are nothing. */
	buf_reset(&p);
	for (size_t i = 0; i < 20000; i++)
		buf_str(&p, "(?:){1000}");
	assert_ok(re_compile(&a, buf_view(&p), 0, &re, &err));
}

/* Patterns that take exponential or quadratic time elsewhere: steps stay below text x program. */
static void
bombs(void **state)
{
	static const char *const patterns[] = {
	        "(a*)*b",
	        "(a+)+$x",
	        "(a|a)*b",
	        "(a|aa)+b",
	        "((a*)*)*b",
	        "(.*)(.*)(.*)(.*)x",
	        "a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?b",
	        "(x+x+)+y",
	        "(?:a?){100}b",
	};
	CLEANUP(buf_done) struct buf text = {0};

	(void)state;
	for (size_t i = 0; i < 20000; i++)
		buf_u8(&text, 'a');
	for (size_t i = 0; i < COUNT_OF(patterns); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		struct re_budget budget = {&a, 0};
		struct re_span spans[8];
		const struct re *re;
		struct err err;
		bool found;

		assert_ok(re_compile(&a, bytes_str(patterns[i]), 0, &re, &err));
		budget.steps = (uint64_t)(text.n + 1) * re->n;
		assert_ok(re_find(re, buf_view(&text), 0, &budget, spans, re_groups(re), &found,
		                  &err));
		assert_false(found);
		budget.steps = 1000;
		assert_fails(re_find(re, buf_view(&text), 0, &budget, spans, re_groups(re), &found,
		                     &err),
		             "E-RE-003");
	}
}

static void
iterate_rows(void **state)
{
	static const struct {
		const char *pattern, *text, *want;
	} rows[] = {
	        {"a", "banana", "1-2 3-4 5-6 "},
	        {"a*", "baac", "0-0 1-3 4-4 "},
	        {"", "ab", "0-0 1-1 2-2 "},
	        {"", "\xe2\x82\xac", "0-0 3-3 "},
	        {"b*", "ab", "0-0 1-2 "},
	        {"^a", "aaa", "0-1 "},
	        {"\\b", "ab c", "0-0 2-2 3-3 4-4 "},
	        {"x", "abc", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf got = {0};
		struct re_budget budget = {&a, MANY_STEPS};
		struct re_span span;
		struct re_iter it;
		const struct re *re;
		struct err err;
		bool found;

		assert_ok(re_compile(&a, bytes_str(rows[i].pattern), 0, &re, &err));
		it = re_iter(re, bytes_str(rows[i].text));
		for (;;) {
			assert_ok(re_next(&it, &budget, &span, 1, &found, &err));
			if (!found)
				break;
			buf_printf(&got, "%zu-%zu ", span.from, span.to);
		}
		assert_bytes(buf_view(&got), bytes_str(rows[i].want));
	}
}

static void
replace_rows(void **state)
{
	static const struct {
		const char *pattern, *text, *with, *want;
	} rows[] = {
	        {"a", "banana", "o", "bonono"},
	        {"(b+)(c*)", "abbc-b", "[$2$1]", "a[cbb]-[b]"},
	        {"(?P<x>\\w+) (?P<y>\\w+)", "hello world", "${y} $x", "world hello"},
	        {"(a)", "a", "$1x", ""},
	        {"(a)", "a", "${1}x", "ax"},
	        {"a", "a", "$$1 $ ${", "$1 $ ${"},
	        {"a", "a", "$9[${0}]", "[a]"},
	        {"a*", "baac", "x", "xbxcx"},
	        {"", "ab", "-", "-a-b-"},
	        {"x*", "\xe2\x82\xac", "-", "-\xe2\x82\xac-"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		CLEANUP(buf_done) struct buf got = {0};
		struct re_budget budget = {&a, MANY_STEPS};
		const struct re *re;
		struct err err;

		assert_ok(re_compile(&a, bytes_str(rows[i].pattern), 0, &re, &err));
		assert_ok(re_replace_all(re, bytes_str(rows[i].text), bytes_str(rows[i].with),
		                         &budget, &got, &err));
		assert_bytes(buf_view(&got), bytes_str(rows[i].want));
	}
}

/* A quoted text matches itself and nothing more. */
static void
quote(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf quoted = {0};
	struct bytes text = BYTES("a.b*c+d?(e)[f]{g}|^$\\-/\xc3\xa9");
	struct re_budget budget = {&a, MANY_STEPS};
	struct re_span span;
	const struct re *re;
	struct err err;
	bool found;

	(void)state;
	re_quote(text, &quoted);
	assert_ok(re_compile(&a, buf_view(&quoted), 0, &re, &err));
	assert_ok(re_find(re, text, 0, &budget, &span, 1, &found, &err));
	assert_true(found && span.from == 0 && span.to == text.n);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(match_rows),   cmocka_unit_test(error_rows),
	        cmocka_unit_test(limits),       cmocka_unit_test(pattern_limits),
	        cmocka_unit_test(bombs),        cmocka_unit_test(iterate_rows),
	        cmocka_unit_test(replace_rows), cmocka_unit_test(quote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
