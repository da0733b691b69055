/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A complete automaton made at compile time, for yes-or-no matches: one table
 * look-up a character, nothing written while matching, so threads share it.
 * Made only while it stays small; other expressions do without.
 *
 * A state is the set of instructions where threads wait, and what kind of
 * character came before if one of them is an assertion. Characters that no
 * instruction tells apart are one symbol.
 */
#include "re/internal.h"
#include "re/unicode.h"

#include <stdlib.h>

enum {
	DFA_MAX_PROG = 2048,
	DFA_MAX_STATES = 512,
	DFA_MAX_TESTS = 62,
	DFA_MAX_CUTS = 4096,
	DFA_MAX_STEPS = 400 * 1000,
	DFA_HASH = 1024,

	STATE_DEAD = 0,
	STATE_ACCEPT = 1,
	STATE_FIRST = 2,
};

struct re_dfa {
	const uint16_t *next; /* [state * stride + symbol]; the last symbol is the end */
	const uint32_t *cuts; /* first code points of runs beyond ASCII, cuts[0] = 0x80 */
	const uint8_t *runs;  /* their symbols */
	uint32_t cut_count;
	uint32_t stride;
	uint32_t start;
	uint32_t states;
	uint8_t ascii[128];
};

enum kind { KIND_START, KIND_NEWLINE, KIND_WORD, KIND_OTHER };

struct state {
	uint64_t *set;
	uint8_t kind;
};

struct builder {
	const struct re *re;
	struct arena *arena;
	struct re_inst tests[DFA_MAX_TESTS];
	uint32_t test_count;
	bool asserts;
	uint32_t *cuts;
	size_t cut_count;
	uint8_t *runs;
	uint64_t signatures[256];
	uint32_t sample[256]; /* a code point of each symbol */
	uint32_t symbols;
	uint32_t words; /* of a set */
	struct state states[DFA_MAX_STATES];
	uint32_t state_count;
	uint16_t hash[DFA_HASH];
	uint64_t *work;
	uint64_t *result;
	uint32_t *stack;
	uint64_t steps;
};

/* ---- symbols ---- */

static bool
add_test(struct builder *b, const struct re_inst *i)
{
	for (uint32_t k = 0; k < b->test_count; k++)
		if (b->tests[k].op == i->op && b->tests[k].arg == i->arg)
			return true;
	if (b->test_count == DFA_MAX_TESTS)
		return false;
	b->tests[b->test_count++] = *i;
	return true;
}

static bool
add_cut(struct builder *b, uint32_t cp)
{
	if (cp > UNICODE_MAX)
		return true;
	if (b->cut_count == DFA_MAX_CUTS)
		return false;
	b->cuts[b->cut_count++] = cp;
	return true;
}

static bool
add_cuts(struct builder *b, const struct re_inst *i)
{
	const struct re_class *c = i->op == OP_CLASS ? &b->re->classes[i->arg] : NULL;

	if (i->op == OP_RUNE)
		return add_cut(b, i->arg) && add_cut(b, i->arg + 1);
	for (uint32_t k = 0; c && k < c->n; k++)
		if (!add_cut(b, c->ranges[k].lo) || !add_cut(b, c->ranges[k].hi + 1))
			return false;
	return true;
}

static bool
collect(struct builder *b)
{
	static const uint32_t special[] = {0,   0x80,    '\n', '\n' + 1, '0', '9' + 1,
	                                   'A', 'Z' + 1, '_',  '_' + 1,  'a', 'z' + 1};

	for (uint32_t pc = 0; pc < b->re->n; pc++) {
		const struct re_inst *i = &b->re->prog[pc];

		if (i->op == OP_ASSERT)
			b->asserts = true;
		if ((i->op == OP_RUNE || i->op == OP_CLASS || i->op == OP_ANY_NOT_NL) &&
		    !add_test(b, i))
			return false;
	}
	for (uint32_t k = 0; k < b->test_count; k++)
		if (!add_cuts(b, &b->tests[k]))
			return false;
	for (size_t k = 0; k < COUNT_OF(special); k++)
		if (!add_cut(b, special[k]))
			return false;
	return true;
}

static int
cut_order(const void *x, const void *y)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;

	return a < b ? -1 : a > b;
}

static enum kind
kind_of(uint32_t cp)
{
	if (cp == '\n')
		return KIND_NEWLINE;
	return re_is_word(cp) ? KIND_WORD : KIND_OTHER;
}

static uint64_t
signature(const struct builder *b, uint32_t cp)
{
	uint64_t bits = 0;

	for (uint32_t k = 0; k < b->test_count; k++)
		bits |= (uint64_t)re_takes(b->re, &b->tests[k], (int32_t)cp) << k;
	return b->asserts ? bits << 2 | (uint64_t)kind_of(cp) : bits;
}

static bool
symbol_of(struct builder *b, uint32_t cp, uint8_t *ret)
{
	uint64_t sig = signature(b, cp);

	for (uint32_t k = 0; k < b->symbols; k++) {
		if (b->signatures[k] != sig)
			continue;
		*ret = (uint8_t)k;
		return true;
	}
	if (b->symbols == 255)
		return false;
	b->signatures[b->symbols] = sig;
	b->sample[b->symbols] = cp;
	*ret = (uint8_t)b->symbols++;
	return true;
}

static bool
make_symbols(struct builder *b)
{
	size_t n = 0;

	if (!collect(b))
		return false;
	qsort(b->cuts, b->cut_count, sizeof *b->cuts, cut_order);
	for (size_t i = 1; i < b->cut_count; i++)
		if (b->cuts[i] != b->cuts[n])
			b->cuts[++n] = b->cuts[i];
	b->cut_count = n + 1;
	for (size_t i = 0; i < b->cut_count; i++)
		if (!symbol_of(b, b->cuts[i], &b->runs[i]))
			return false;
	return true;
}

/* ---- states ---- */

static bool
has(const uint64_t *set, uint32_t pc)
{
	return set[pc / 64] >> (pc % 64) & 1;
}

/*
 * Adds everything reachable from pc without a character. `holds`: assertions
 * that hold here, or UINT32_MAX: not known yet, they stay in the set.
 */
static void
reach(struct builder *b, uint64_t *set, uint32_t start, uint32_t holds)
{
	uint32_t n = 0;

	b->stack[n++] = start;
	while (n > 0) {
		uint32_t pc = b->stack[--n];
		const struct re_inst *i = &b->re->prog[pc];

		b->steps++;
		if (has(set, pc) && !(i->op == OP_ASSERT && holds != UINT32_MAX))
			continue;
		set[pc / 64] |= 1ULL << (pc % 64);
		if (i->op == OP_ALT) {
			b->stack[n++] = i->arg;
			b->stack[n++] = i->out;
		} else if (i->op == OP_SAVE) {
			b->stack[n++] = i->out;
		} else if (i->op == OP_ASSERT && holds != UINT32_MAX && (holds & i->arg) &&
		           !has(set, i->out)) {
			b->stack[n++] = i->out;
		}
	}
}

static uint32_t
intern(struct builder *b, const uint64_t *set, enum kind kind)
{
	uint64_t h = kind;
	size_t bytes = b->words * sizeof *set;
	struct state *s;

	for (uint32_t i = 0; i < b->words; i++)
		h = (h ^ set[i]) * 0x9e3779b97f4a7c15ULL;
	for (uint32_t at = (uint32_t)(h >> 40) % DFA_HASH;; at = (at + 1) % DFA_HASH) {
		uint32_t known = b->hash[at];

		if (known == 0) {
			if (b->state_count == DFA_MAX_STATES)
				return UINT32_MAX;
			b->hash[at] = (uint16_t)b->state_count;
			break;
		}
		if (b->states[known].kind == kind &&
		    bytes_equal(bytes_of(b->states[known].set, bytes), bytes_of(set, bytes)))
			return known;
	}
	s = &b->states[b->state_count];
	s->kind = (uint8_t)kind;
	s->set = arena_array(b->arena, b->words, sizeof *set);
	if (!s->set)
		return UINT32_MAX;
	mem_copy(s->set, set, bytes);
	return b->state_count++;
}

/* What a set of waiting threads amounts to. */
static uint32_t
settle(struct builder *b, uint64_t *set, enum kind kind)
{
	bool any = false, asserts = false;

	for (uint32_t pc = 0; pc < b->re->n; pc++) {
		const struct re_inst *i = &b->re->prog[pc];

		if (!has(set, pc))
			continue;
		if (i->op == OP_MATCH)
			return STATE_ACCEPT;
		if (i->op == OP_ALT || i->op == OP_SAVE || i->op == OP_FAIL ||
		    (i->op == OP_ASSERT && i->arg == ASSERT_BEGIN_TEXT && kind != KIND_START)) {
			set[pc / 64] &= ~(1ULL << (pc % 64)); /* plays no part any more */
			continue;
		}
		any = true;
		asserts |= i->op == OP_ASSERT;
	}
	if (!any)
		return STATE_DEAD;
	return intern(b, set, asserts ? kind : KIND_OTHER);
}

static const int32_t kind_sample[] = {-1, '\n', 'a', ' '};

/* The state after `symbol` (b->symbols = end of text); UINT32_MAX: too large. */
static uint32_t
transition(struct builder *b, const struct state *s, uint32_t symbol)
{
	bool end = symbol == b->symbols;
	int32_t cp = end ? -1 : (int32_t)b->sample[symbol];
	uint32_t holds = re_asserts(kind_sample[s->kind], cp);

	mem_copy(b->work, s->set, b->words * sizeof *b->work);
	for (uint32_t pc = 0; pc < b->re->n; pc++)
		if (has(s->set, pc) && b->re->prog[pc].op == OP_ASSERT)
			reach(b, b->work, pc, holds);
	mem_zero(b->result, b->words * sizeof *b->result);
	for (uint32_t pc = 0; pc < b->re->n; pc++) {
		const struct re_inst *i = &b->re->prog[pc];

		if (!has(b->work, pc))
			continue;
		if (i->op == OP_MATCH)
			return STATE_ACCEPT;
		if (!end && re_takes(b->re, i, cp))
			reach(b, b->result, i->out, UINT32_MAX);
	}
	if (end)
		return STATE_DEAD;
	if (!b->re->anchored)
		reach(b, b->result, b->re->start, UINT32_MAX);
	b->steps += b->re->n / 8;
	return settle(b, b->result, kind_of((uint32_t)cp));
}

static bool
make_states(struct builder *b, uint16_t **table, uint32_t *start)
{
	uint32_t stride = b->symbols + 1;
	uint16_t *next = arena_array(b->arena, (size_t)DFA_MAX_STATES * stride, sizeof *next);

	if (!next)
		return false;
	b->state_count = STATE_FIRST;
	reach(b, b->result, b->re->start, UINT32_MAX);
	*start = settle(b, b->result, KIND_START);
	for (uint32_t k = 0; k < stride; k++)
		next[STATE_ACCEPT * stride + k] = STATE_ACCEPT;
	for (uint32_t s = STATE_FIRST; s < b->state_count; s++) {
		for (uint32_t k = 0; k < stride; k++) {
			uint32_t to = transition(b, &b->states[s], k);

			if (to == UINT32_MAX || b->steps > DFA_MAX_STEPS)
				return false;
			next[s * stride + k] = (uint16_t)to;
		}
	}
	*table = next;
	return true;
}

/* A copy of n elements in the caller's arena. */
static void *
copy_array(struct arena *a, const void *from, size_t n, size_t size)
{
	void *p = arena_array(a, n, size);

	if (p)
		mem_copy(p, from, n * size);
	return p;
}

/* Takes what matching needs from the builder's arena to the caller's. */
static struct re_dfa *
keep(struct arena *a, struct builder *b, const uint16_t *next, uint32_t start)
{
	struct re_dfa *d = arena_new(a, struct re_dfa);
	size_t first = 0;

	while (b->cuts[first] < 0x80)
		first++;
	if (!d)
		return NULL;
	for (size_t i = 0; i < first; i++)
		for (uint32_t c = b->cuts[i]; c < MIN(b->cuts[i + 1], 0x80U); c++)
			d->ascii[c] = b->runs[i];
	d->cut_count = (uint32_t)(b->cut_count - first);
	d->stride = b->symbols + 1;
	d->start = start;
	d->states = b->state_count;
	d->next = copy_array(a, next, (size_t)d->states * d->stride, sizeof *next);
	d->cuts = copy_array(a, b->cuts + first, d->cut_count, sizeof *b->cuts);
	d->runs = copy_array(a, b->runs + first, d->cut_count, 1);
	return a->failed ? NULL : d;
}

const struct re_dfa *
re_dfa_build(struct arena *a, const struct re *re)
{
	CLEANUP(arena_done) struct arena work = {0};
	struct builder *b = arena_new(&work, struct builder);
	uint16_t *next;
	uint32_t start;

	if (!b || re->n > DFA_MAX_PROG)
		return NULL;
	b->re = re;
	b->arena = &work;
	b->words = re->n / 64 + 1;
	b->cuts = arena_array(&work, DFA_MAX_CUTS, sizeof *b->cuts);
	b->runs = arena_array(&work, DFA_MAX_CUTS, 1);
	b->work = arena_array(&work, b->words, sizeof *b->work);
	b->result = arena_array(&work, b->words, sizeof *b->result);
	b->stack = arena_array(&work, 2 * (size_t)re->n + 2, sizeof *b->stack);
	if (work.failed || !make_symbols(b) || !make_states(b, &next, &start))
		return NULL;
	return keep(a, b, next, start);
}

/* ---- matching ---- */

static uint32_t
symbol_beyond_ascii(const struct re_dfa *d, uint32_t cp)
{
	uint32_t lo = 0, hi = d->cut_count;

	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (cp < d->cuts[mid])
			hi = mid;
		else
			lo = mid;
	}
	return d->runs[lo];
}

bool
re_dfa_match(const struct re_dfa *d, struct bytes text)
{
	uint32_t s = d->start;
	size_t at = 0;

	while (at < text.n) {
		uint32_t symbol;

		if (s < STATE_FIRST)
			return s == STATE_ACCEPT;
		if (text.p[at] < 0x80)
			symbol = d->ascii[text.p[at++]];
		else
			symbol = symbol_beyond_ascii(d, (uint32_t)re_rune(text, &at));
		s = d->next[s * d->stride + symbol];
	}
	return d->next[s * d->stride + d->stride - 1] == STATE_ACCEPT;
}

size_t
re_dfa_memory(const struct re_dfa *d)
{
	return sizeof *d + (size_t)d->states * d->stride * sizeof *d->next +
	       d->cut_count * (sizeof *d->cuts + 1);
}
