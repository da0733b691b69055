/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal.h: what the stages of src/re share: parse.c makes a tree, compile.c
 * a program of it, match.c picks one of literal, automaton (dfa.c), bit-state
 * backtracking (backtrack.c) and simulation with threads (pike.c).
 */
#ifndef RE_INTERNAL_H
#define RE_INTERNAL_H

#include "base/text.h"
#include "re/re.h"

/* ---- sets of code points ---- */

struct re_range {
	uint32_t lo;
	uint32_t hi;
};

/* Under construction: any order, overlaps; re_set_clean() sorts and merges. */
struct re_set {
	struct arena *arena;
	struct re_range *r;
	size_t n;
	size_t cap;
};

struct re_class {
	const struct re_range *ranges; /* sorted, disjoint, not adjacent */
	uint32_t n;
	uint32_t ascii[4];
};

void re_set_add(struct re_set *s, uint32_t lo, uint32_t hi);
/* Adds what differs from lo..hi by case only, and lo..hi. */
void re_set_add_folded(struct re_set *s, uint32_t lo, uint32_t hi);
/* Adds all of `from`, or all that is not in it; `from` gets cleaned. */
void re_set_add_set(struct re_set *s, struct re_set *from, bool negate);
void re_set_clean(struct re_set *s);
void re_set_negate(struct re_set *s);
/* \d \s \w, [:alpha:] by name ("d", "alpha"), Unicode properties; false if there is none. */
bool re_set_add_perl(struct re_set *s, uint8_t letter, bool fold);
bool re_set_add_posix(struct re_set *s, struct bytes name, bool fold);
bool re_set_add_unicode(struct re_set *s, struct bytes name, bool fold);
bool re_class_has(const struct re_class *c, uint32_t cp);
bool re_is_word(uint32_t cp);

/* ---- tree ---- */

enum re_node_op {
	NODE_EMPTY,
	NODE_RUNE,
	NODE_CLASS,
	NODE_ANY,
	NODE_ANY_NOT_NL,
	NODE_ASSERT,
	NODE_CAT,
	NODE_ALT,
	NODE_REPEAT,
	NODE_GROUP,
};

enum { REPEAT_INF = UINT32_MAX };

struct re_node {
	uint8_t op;
	bool lazy;    /* REPEAT: prefers fewer */
	uint32_t arg; /* code point, assertion, index of the group */
	uint32_t min; /* REPEAT */
	uint32_t max;
	uint32_t chain;      /* REPEAT: how many stand directly on each other */
	struct re_node *sub; /* first of CAT, ALT; the one of REPEAT, GROUP */
	struct re_node *last;
	struct re_node *next;
	const struct re_class *set;
};

struct re_tree {
	struct re_node *root;
	uint32_t groups;
	struct bytes *names; /* of groups; empty slice = no name */
};

status re_parse(struct arena *a, struct bytes pattern, struct re_tree *ret, struct err *err);

/* ---- program ---- */

enum re_op {
	OP_MATCH,
	OP_FAIL,
	OP_RUNE,  /* arg: code point */
	OP_CLASS, /* arg: index of the class */
	OP_ANY,
	OP_ANY_NOT_NL,
	OP_ALT,    /* prefers out to arg */
	OP_SAVE,   /* arg: slot */
	OP_ASSERT, /* arg: one of the bits below */
};

enum re_assert {
	ASSERT_BEGIN_LINE = 1,
	ASSERT_END_LINE = 2,
	ASSERT_BEGIN_TEXT = 4,
	ASSERT_END_TEXT = 8,
	ASSERT_WORD = 16,
	ASSERT_NOT_WORD = 32,
};

struct re_inst {
	uint32_t op;
	uint32_t out;
	uint32_t arg;
};

struct re_dfa;

struct re {
	const struct re_inst *prog;
	const struct re_class *classes;
	const struct bytes *names;
	struct re_dfa *dfa;  /* NULL: none */
	struct bytes prefix; /* every match starts with it */
	uint32_t n;
	uint32_t class_count;
	uint32_t start;
	uint32_t groups;
	bool anchored; /* can only match at the start of the text */
	bool literal;  /* is `prefix` and nothing else, ... */
	bool at_end;   /* ... up to the end of the text */
	size_t memory;
};

status re_program(struct arena *a, const struct re_tree *tree, struct re *re, struct err *err);

/* An automaton that grows in the arena, by RE_FAST_GROWTH at most; NULL: too many symbols. */
struct re_dfa *re_dfa_new(struct arena *a, const struct re *re);
/* False: it is too large, ask somebody else. *steps is the work that it made, beyond looking up. */
bool re_dfa_match(struct re_dfa *d, struct bytes text, uint64_t *steps, bool *ret);

/* ---- matching ---- */

struct re_search {
	const struct re *re;
	struct bytes text;
	size_t from;
	struct re_budget *budget;
	size_t *slots; /* 2 per group that is asked for */
	uint32_t slot_count;
	bool found;
};

enum { BACKTRACK_BITS = 256 * 1024 }; /* of the visited map: program times text */

status re_pike(struct re_search *s, struct err *err);
status re_backtrack(struct re_search *s, struct err *err);
status re_out_of_steps(struct err *err);

/* One step of the budget; false when there is none left. */
static inline bool
re_step(struct re_budget *b)
{
	if (b->steps == 0)
		return false;
	b->steps--;
	return true;
}

/* Next code point at *at and its width; U+FFFD for a byte that is not UTF-8; -1 at the end. */
static inline int32_t
re_rune(struct bytes text, size_t *at)
{
	int32_t cp;

	if (*at >= text.n)
		return -1;
	if (text.p[*at] < 0x80)
		return text.p[(*at)++];
	cp = utf8_next(text, at);
	return cp < 0 ? 0xfffd : cp;
}

/* Code point before `at`, -1 at the start. */
int32_t re_rune_before(struct bytes text, size_t at);
/* Assertions that hold between two code points (-1 = none). */
uint32_t re_asserts(int32_t before, int32_t after);

static inline bool
re_takes(const struct re *re, const struct re_inst *i, int32_t cp)
{
	switch (i->op) {
	case OP_RUNE:
		return i->arg == (uint32_t)cp;
	case OP_CLASS:
		return re_class_has(&re->classes[i->arg], (uint32_t)cp);
	case OP_ANY:
		return true;
	case OP_ANY_NOT_NL:
		return cp != '\n';
	default:
		return false;
	}
}

#endif
