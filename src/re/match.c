/* SPDX-License-Identifier: Apache-2.0 */
#include "re/internal.h"

status
re_out_of_steps(struct err *err)
{
	return err_set(err, ERR_LIMIT, "E-RE-003", "matching takes more steps than are left");
}

int32_t
re_rune_before(struct bytes text, size_t at)
{
	size_t from = at;

	if (at == 0)
		return -1;
	/* Back over continuation bytes, three at most; what does not fit is U+FFFD. */
	do {
		from--;
	} while (from > 0 && at - from < 4 && (text.p[from] & 0xc0) == 0x80);
	if (text.p[from] >= 0x80) {
		size_t end = from;
		int32_t cp = utf8_next(text, &end);

		return cp >= 0 && end == at ? cp : 0xfffd;
	}
	return from + 1 == at ? text.p[from] : 0xfffd;
}

uint32_t
re_asserts(int32_t before, int32_t after)
{
	bool word_before = before >= 0 && re_is_word((uint32_t)before);
	bool word_after = after >= 0 && re_is_word((uint32_t)after);
	uint32_t holds = word_before != word_after ? ASSERT_WORD : ASSERT_NOT_WORD;

	if (before < 0)
		holds |= ASSERT_BEGIN_TEXT | ASSERT_BEGIN_LINE;
	if (before == '\n')
		holds |= ASSERT_BEGIN_LINE;
	if (after < 0)
		holds |= ASSERT_END_TEXT | ASSERT_END_LINE;
	if (after == '\n')
		holds |= ASSERT_END_LINE;
	return holds;
}

status
re_compile(struct arena *a, struct bytes pattern, unsigned int flags, const struct re **ret,
           struct err *err)
{
	CLEANUP(arena_done) struct arena work = {0};
	struct re *re = arena_new(a, struct re);
	struct re_tree tree;

	TRY(re_parse(&work, pattern, &tree, err));
	if (!re)
		return arena_check(a, err);
	TRY(re_program(a, &tree, re, err));
	if ((flags & RE_FAST) && !re->literal)
		re->dfa = re_dfa_new(a, re);
	*ret = re;
	return arena_check(a, err);
}

uint32_t
re_groups(const struct re *re)
{
	return re->groups;
}

struct bytes
re_group_name(const struct re *re, uint32_t group)
{
	return group < re->groups ? re->names[group] : bytes_of(NULL, 0);
}

size_t
re_memory(const struct re *re)
{
	return re->memory;
}

/* Where a literal expression matches; SIZE_MAX: nowhere. */
static size_t
find_literal(const struct re *re, struct bytes text, size_t from)
{
	struct bytes want = re->prefix;

	if (re->anchored) {
		bool here = from == 0 && bytes_starts(text, want);

		return here && (!re->at_end || text.n == want.n) ? 0 : SIZE_MAX;
	}
	if (re->at_end)
		return text.n - from >= want.n && bytes_ends(text, want) ? text.n - want.n
		                                                         : SIZE_MAX;
	return bytes_find(text, want, from);
}

static status
charge(struct re_budget *budget, size_t steps, struct err *err)
{
	if (budget->steps <= steps)
		return re_out_of_steps(err);
	budget->steps -= steps;
	return OK;
}

static status
search(struct re_search *s, struct err *err)
{
	struct arena_mark mark = arena_mark(s->budget->scratch);
	size_t places = s->text.n - s->from + 1;
	status st;

	if (places <= BACKTRACK_BITS / s->re->n)
		st = re_backtrack(s, err);
	else
		st = re_pike(s, err);
	arena_release(s->budget->scratch, mark);
	return st;
}

status
re_find(const struct re *re, struct bytes text, size_t from, struct re_budget *budget,
        struct re_span *spans, uint32_t n, bool *ret, struct err *err)
{
	struct re_search s = {re, text, from, budget, &spans[0].from, 2 * n, false};

	*ret = false;
	if (from > text.n)
		return OK;
	if (re->literal) {
		size_t at = find_literal(re, text, from);

		TRY(charge(budget, (at == SIZE_MAX ? text.n : at) / 8 - from / 8 + 1, err));
		*ret = at != SIZE_MAX;
		if (n > 0 && *ret)
			spans[0] = (struct re_span){at, at + re->prefix.n};
		return OK;
	}
	TRY(search(&s, err));
	*ret = s.found;
	return OK;
}

status
re_is_match(const struct re *re, struct bytes text, struct re_budget *budget, bool *ret,
            struct err *err)
{
	struct re_search s = {re, text, 0, budget, NULL, 0, false};

	if (re->literal) {
		TRY(charge(budget, text.n / 8 + 1, err));
		*ret = find_literal(re, text, 0) != SIZE_MAX;
		return OK;
	}
	if (re->dfa) {
		uint64_t steps = 0;
		bool done = re_dfa_match(re->dfa, text, &steps, ret);

		TRY(charge(budget, steps + text.n / 4 + 1, err));
		if (done)
			return OK;
	}
	*ret = false;
	TRY(search(&s, err));
	*ret = s.found;
	return OK;
}

struct re_iter
re_iter(const struct re *re, struct bytes text)
{
	return (struct re_iter){re, text, 0, SIZE_MAX};
}

status
re_next(struct re_iter *it, struct re_budget *budget, struct re_span *spans, uint32_t n, bool *ret,
        struct err *err)
{
	for (;;) {
		bool accept = true;

		TRY(re_find(it->re, it->text, it->at, budget, spans, n, ret, err));
		if (!*ret)
			return OK;
		if (spans[0].to == it->at) {
			/* Empty: not right behind the last match, and move on by a character. */
			accept = spans[0].from != it->last_end;
			if (re_rune(it->text, &it->at) < 0)
				it->at = it->text.n + 1;
		} else {
			it->at = spans[0].to;
		}
		it->last_end = spans[0].to;
		if (accept)
			return OK;
	}
}
