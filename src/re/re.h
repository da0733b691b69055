/* SPDX-License-Identifier: Apache-2.0 */
/*
 * re.h: regular expressions with RE2's syntax and meaning: leftmost-first,
 * captures, Unicode classes, flags (?imsU), counted repetition up to 1000; no
 * back references, no look-around. Time is linear in text times program by
 * construction, and both are charged to budgets. A compiled expression is
 * immutable and any number of threads may share it, unless it is RE_FAST.
 *
 * Text is UTF-8; a byte that is not counts as U+FFFD of width one.
 */
#ifndef RE_RE_H
#define RE_RE_H

#include "base/arena.h"
#include "base/buf.h"

enum {
	RE_MAX_PATTERN = 256 * 1024, /* bytes */
	RE_MAX_PROGRAM = 200 * 1000, /* instructions */
	RE_MAX_REPEAT = 1000,        /* of one {n,m}, and of nested ones together */
	RE_MAX_DEPTH = 1000,         /* nested groups */
};

struct re;

enum {
	/* Will be matched often: gets an automaton that learns from each text. It then belongs to
	 * one thread, and its arena grows while it matches, by at most about RE_FAST_GROWTH. */
	RE_FAST = 1,
	RE_FAST_GROWTH = 96 * 1024,
};

/*
 * Compiles into `a`, which must outlive the result. `flags`: RE_FAST or 0.
 * ERR_PARSE E-RE-001 with Go's wording ("missing closing ]: `[a`"), place
 * "offset N" in the pattern; ERR_LIMIT E-RE-002 when too large.
 */
status re_compile(struct arena *a, struct bytes pattern, unsigned int flags, const struct re **ret,
                  struct err *err);

/* Number of groups, the whole match (0) included. */
uint32_t re_groups(const struct re *re);
/* Name of a group; empty if it has none. */
struct bytes re_group_name(const struct re *re, uint32_t group);

/* One group of a match: text[from, to); from is RE_UNSET if it took no part. */
struct re_span {
	size_t from;
	size_t to;
};
#define RE_UNSET SIZE_MAX

/*
 * What a match may use up: `scratch` for working memory (given back on
 * return), `steps` counted down; at 0 the match ends with ERR_LIMIT E-RE-003.
 */
struct re_budget {
	struct arena *scratch;
	uint64_t steps;
};

/* Does the expression match anywhere in the text? */
status re_is_match(const struct re *re, struct bytes text, struct re_budget *budget, bool *ret,
                   struct err *err);

/*
 * The leftmost match that starts at or after `from`; what stands before
 * `from` still counts for ^ and \b. Fills n spans (n <= re_groups()).
 */
status re_find(const struct re *re, struct bytes text, size_t from, struct re_budget *budget,
               struct re_span *spans, uint32_t n, bool *ret, struct err *err);

/* All matches, left to right, without overlap; no empty one right behind another. */
struct re_iter {
	const struct re *re;
	struct bytes text;
	size_t at;
	size_t last_end;
};
struct re_iter re_iter(const struct re *re, struct bytes text);
status re_next(struct re_iter *it, struct re_budget *budget, struct re_span *spans, uint32_t n,
               bool *ret, struct err *err);

/* Replaces every match by the template's expansion, appended to `out`. */
status re_replace_all(const struct re *re, struct bytes text, struct bytes template,
                      struct re_budget *budget, struct buf *out, struct err *err);

/* $1, $name, ${1}, ${name}, $$ of one match, appended; unknown groups are empty. */
void re_expand(const struct re *re, struct bytes text, struct bytes template,
               const struct re_span *spans, uint32_t n, struct buf *out);

/* The text with every character that means something to the syntax escaped. */
void re_quote(struct bytes text, struct buf *out);

/* Bytes that the compiled form takes, for tests and benches. */
size_t re_memory(const struct re *re);

#endif
