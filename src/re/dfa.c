/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An automaton for yes-or-no matches that is made as texts need it: one table look-up a character
 * where others went before, one step of the simulation where none did. So an expression costs
 * what its texts touch, not what it could accept: counted repeats have thousands of states that
 * nobody ever sees. It writes while it matches, and belongs to one thread. Where it would become
 * too large it gives up for good, and the matchers without memory do the rest.
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
	DFA_MAX_CHECKS = 64 * 1024, /* of runs of code points against tests */
	DFA_FIRST_STATES = 32,
	DFA_HASH = 1024,

	STATE_DEAD = 0,
	STATE_ACCEPT = 1,
	STATE_FIRST = 2,
	STATE_UNKNOWN = UINT16_MAX,
};

enum kind { KIND_START, KIND_NEWLINE, KIND_WORD, KIND_OTHER };

struct state {
	uint64_t *set;
	uint16_t *next; /* by symbol; the last one is the end of the text */
	uint8_t kind;
};

struct re_dfa {
	const struct re *re;
	struct arena *arena;
	size_t grown; /* bytes of states */
	bool over;    /* too large */
	uint64_t steps;

	const uint32_t *cuts; /* first code points of runs beyond ASCII, cuts[0] = 0x80 */
	const uint8_t *runs;  /* their symbols */
	uint32_t cut_count;
	uint32_t symbols;
	uint32_t *sample; /* a code point of each symbol */
	uint8_t ascii[128];

	uint32_t words; /* of a set */
	uint32_t start;
	struct state *states;
	uint32_t state_count, state_cap;
	uint16_t hash[DFA_HASH];
	uint64_t *work;
	uint64_t *result;
	uint32_t *stack;
};

/* Symbols while they are found out. */
struct builder {
	const struct re *re;
	struct re_inst tests[DFA_MAX_TESTS];
	uint32_t test_count;
	bool asserts;
	uint32_t *cuts;
	size_t cut_count;
	uint8_t *runs;
	uint64_t signatures[256];
	uint32_t sample[256]; /* a code point of each symbol */
	uint32_t symbols;
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
	if (b->cut_count * b->test_count > DFA_MAX_CHECKS)
		return false;
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

/* The next member at or after pc; `n` behind the last. */
static uint32_t
member(const uint64_t *set, uint32_t pc, uint32_t n)
{
	uint64_t word;

	if (pc >= n)
		return n;
	word = set[pc / 64] >> (pc % 64);
	if (word)
		return pc + (uint32_t)__builtin_ctzll(word);
	for (uint32_t i = pc / 64 + 1; i < n / 64 + 1; i++)
		if (set[i])
			return i * 64 + (uint32_t)__builtin_ctzll(set[i]);
	return n;
}

/*
 * Adds everything reachable from pc without a character. `holds`: assertions
 * that hold here, or UINT32_MAX: not known yet, they stay in the set.
 */
static void
reach(struct re_dfa *d, uint64_t *set, uint32_t start, uint32_t holds)
{
	uint32_t n = 0;

	d->stack[n++] = start;
	while (n > 0) {
		uint32_t pc = d->stack[--n];
		const struct re_inst *i = &d->re->prog[pc];

		d->steps++;
		if (has(set, pc) && !(i->op == OP_ASSERT && holds != UINT32_MAX))
			continue;
		set[pc / 64] |= 1ULL << (pc % 64);
		if (i->op == OP_ALT) {
			d->stack[n++] = i->arg;
			d->stack[n++] = i->out;
		} else if (i->op == OP_SAVE) {
			d->stack[n++] = i->out;
		} else if (i->op == OP_ASSERT && holds != UINT32_MAX && (holds & i->arg) &&
		           !has(set, i->out)) {
			d->stack[n++] = i->out;
		}
	}
}

/* Room for one more state; false when it is one too many. */
static bool
grow_states(struct re_dfa *d)
{
	uint32_t cap = d->state_cap ? 2 * d->state_cap : DFA_FIRST_STATES;
	struct state *more;

	if (d->state_count == DFA_MAX_STATES || d->grown > RE_FAST_GROWTH)
		return false;
	if (d->state_count < d->state_cap)
		return true;
	more = arena_array(d->arena, cap, sizeof *more);
	if (!more)
		return false;
	if (d->state_count > 0)
		mem_copy(more, d->states, d->state_count * sizeof *more);
	d->states = more;
	d->state_cap = cap;
	d->grown += cap * sizeof *more;
	return true;
}

static uint32_t
add_state(struct re_dfa *d, const uint64_t *set, enum kind kind)
{
	size_t stride = d->symbols + 1;
	struct state s = {.kind = (uint8_t)kind};

	if (!grow_states(d))
		return UINT32_MAX;
	s.set = arena_array(d->arena, d->words, sizeof *set);
	s.next = arena_array(d->arena, stride, sizeof *s.next);
	if (!s.set || !s.next)
		return UINT32_MAX;
	mem_copy(s.set, set, d->words * sizeof *set);
	for (size_t i = 0; i < stride; i++)
		s.next[i] = STATE_UNKNOWN;
	d->grown += d->words * sizeof *set + stride * sizeof *s.next;
	d->states[d->state_count] = s;
	return d->state_count++;
}

static uint32_t
intern(struct re_dfa *d, const uint64_t *set, enum kind kind)
{
	uint64_t h = kind;
	size_t bytes = d->words * sizeof *set;

	for (uint32_t i = 0; i < d->words; i++)
		h = (h ^ set[i]) * 0x9e3779b97f4a7c15ULL;
	for (uint32_t at = (uint32_t)(h >> 40) % DFA_HASH;; at = (at + 1) % DFA_HASH) {
		uint32_t known = d->hash[at];

		if (known == 0) {
			known = add_state(d, set, kind);
			if (known != UINT32_MAX)
				d->hash[at] = (uint16_t)known;
			return known;
		}
		if (d->states[known].kind == kind &&
		    bytes_equal(bytes_of(d->states[known].set, bytes), bytes_of(set, bytes)))
			return known;
	}
}

/* What a set of waiting threads amounts to. */
static uint32_t
settle(struct re_dfa *d, uint64_t *set, enum kind kind)
{
	bool any = false, asserts = false;
	uint32_t n = d->re->n;

	for (uint32_t pc = member(set, 0, n); pc < n; pc = member(set, pc + 1, n)) {
		const struct re_inst *i = &d->re->prog[pc];

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
	return intern(d, set, asserts ? kind : KIND_OTHER);
}

static const int32_t kind_sample[] = {-1, '\n', 'a', ' '};

/* The state after `symbol` (d->symbols = end of text); UINT32_MAX: too large. */
static uint32_t
transition(struct re_dfa *d, const struct state *s, uint32_t symbol)
{
	bool end = symbol == d->symbols;
	int32_t cp = end ? -1 : (int32_t)d->sample[symbol];
	uint32_t holds = re_asserts(kind_sample[s->kind], cp), n = d->re->n;

	mem_copy(d->work, s->set, d->words * sizeof *d->work);
	for (uint32_t pc = member(s->set, 0, n); pc < n; pc = member(s->set, pc + 1, n))
		if (d->re->prog[pc].op == OP_ASSERT)
			reach(d, d->work, pc, holds);
	mem_zero(d->result, d->words * sizeof *d->result);
	for (uint32_t pc = member(d->work, 0, n); pc < n; pc = member(d->work, pc + 1, n)) {
		const struct re_inst *i = &d->re->prog[pc];

		if (i->op == OP_MATCH)
			return STATE_ACCEPT;
		d->steps++;
		if (!end && re_takes(d->re, i, cp))
			reach(d, d->result, i->out, UINT32_MAX);
	}
	if (end)
		return STATE_DEAD;
	if (!d->re->anchored)
		reach(d, d->result, d->re->start, UINT32_MAX);
	return settle(d, d->result, kind_of((uint32_t)cp));
}

static void *
copy_array(struct arena *a, const void *from, size_t n, size_t size)
{
	void *p = arena_array(a, n, size);

	if (p)
		mem_copy(p, from, n * size);
	return p;
}

/* Takes what matching needs of the symbols to the automaton's arena. */
static void
keep_symbols(struct re_dfa *d, const struct builder *b)
{
	size_t first = 0;

	while (b->cuts[first] < 0x80)
		first++;
	for (size_t i = 0; i < first; i++)
		for (uint32_t c = b->cuts[i]; c < MIN(b->cuts[i + 1], 0x80U); c++)
			d->ascii[c] = b->runs[i];
	d->symbols = b->symbols;
	d->cut_count = (uint32_t)(b->cut_count - first);
	d->cuts = copy_array(d->arena, b->cuts + first, d->cut_count, sizeof *b->cuts);
	d->runs = copy_array(d->arena, b->runs + first, d->cut_count, 1);
	d->sample = copy_array(d->arena, b->sample, b->symbols, sizeof *b->sample);
}

struct re_dfa *
re_dfa_new(struct arena *a, const struct re *re)
{
	CLEANUP(arena_done) struct arena work = {0};
	struct builder *b = arena_new(&work, struct builder);
	struct re_dfa *d;

	if (!b || re->n > DFA_MAX_PROG)
		return NULL;
	b->re = re;
	b->cuts = arena_array(&work, DFA_MAX_CUTS, sizeof *b->cuts);
	b->runs = arena_array(&work, DFA_MAX_CUTS, 1);
	if (work.failed || !make_symbols(b))
		return NULL;
	d = arena_new(a, struct re_dfa);
	if (!d)
		return NULL;
	d->re = re;
	d->arena = a;
	d->words = re->n / 64 + 1;
	keep_symbols(d, b);
	d->work = arena_array(a, d->words, sizeof *d->work);
	d->result = arena_array(a, d->words, sizeof *d->result);
	d->stack = arena_array(a, 2 * (size_t)re->n + 2, sizeof *d->stack);
	if (a->failed)
		return NULL;
	if (!grow_states(d))
		return NULL;
	d->state_count = STATE_FIRST;
	reach(d, d->result, re->start, UINT32_MAX);
	d->start = settle(d, d->result, KIND_START);
	return d->start == UINT32_MAX ? NULL : d;
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

/* A transition that nobody has needed before. */
static uint32_t
explore(struct re_dfa *d, uint32_t state, uint32_t symbol)
{
	uint32_t to = transition(d, &d->states[state], symbol);

	if (to == UINT32_MAX)
		d->over = true;
	else
		d->states[state].next[symbol] = (uint16_t)to;
	return to;
}

static uint32_t
step(struct re_dfa *d, uint32_t state, uint32_t symbol)
{
	uint32_t to = d->states[state].next[symbol];

	return to == STATE_UNKNOWN ? explore(d, state, symbol) : to;
}

bool
re_dfa_match(struct re_dfa *d, struct bytes text, uint64_t *steps, bool *ret)
{
	uint32_t s = d->start;
	size_t at = 0;

	if (d->over)
		return false;
	d->steps = 0;
	while (at < text.n && s >= STATE_FIRST && s != UINT32_MAX) {
		uint32_t symbol;

		if (text.p[at] < 0x80)
			symbol = d->ascii[text.p[at++]];
		else
			symbol = symbol_beyond_ascii(d, (uint32_t)re_rune(text, &at));
		s = step(d, s, symbol);
	}
	if (s >= STATE_FIRST && s != UINT32_MAX)
		s = step(d, s, d->symbols);
	*steps = d->steps;
	*ret = s == STATE_ACCEPT;
	return s != UINT32_MAX;
}
