/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For small programs on small texts: depth first, with a map of (instruction,
 * place) pairs already seen, so each is visited once and time stays linear in
 * their product. Cheaper than threads, and it stops at the first match.
 */
#include "re/internal.h"

/* An instruction at a place; or, with slot set, a capture to put back. */
struct job {
	uint32_t pc;
	uint32_t slot; /* UINT32_MAX: none */
	size_t at;
};

struct backtrack {
	struct re_search *s;
	uint32_t *seen;
	size_t width; /* places */
	struct job *jobs;
	size_t n;
	size_t cap;
};

static bool
push(struct backtrack *b, uint32_t pc, uint32_t slot, size_t at)
{
	if (b->n == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 64;
		struct job *jobs = arena_raw(b->s->budget->scratch, cap * sizeof *jobs, 16);

		if (!jobs)
			return false;
		mem_copy(jobs, b->jobs, b->n * sizeof *jobs);
		b->jobs = jobs;
		b->cap = cap;
	}
	b->jobs[b->n++] = (struct job){pc, slot, at};
	return true;
}

static bool
first_visit(struct backtrack *b, uint32_t pc, size_t at)
{
	size_t bit = pc * b->width + (at - b->s->from);
	uint32_t mask = 1U << (bit % 32);

	if (b->seen[bit / 32] & mask)
		return false;
	b->seen[bit / 32] |= mask;
	return true;
}

static uint32_t
holds_at(struct bytes text, size_t at)
{
	size_t after = at;

	return re_asserts(re_rune_before(text, at), re_rune(text, &after));
}

/* Follows one path to its end, leaving the others as jobs; false: no memory or steps. */
static bool
follow(struct backtrack *b, uint32_t pc, size_t at)
{
	struct re_search *s = b->s;

	while (first_visit(b, pc, at)) {
		const struct re_inst *i = &s->re->prog[pc];
		int32_t cp;

		if (!re_step(s->budget))
			return false;
		switch (i->op) {
		case OP_MATCH:
			s->found = true;
			return true;
		case OP_ALT:
			if (!push(b, i->arg, UINT32_MAX, at))
				return false;
			break;
		case OP_SAVE:
			if (i->arg < s->slot_count) {
				if (!push(b, 0, i->arg, s->slots[i->arg]))
					return false;
				s->slots[i->arg] = at;
			}
			break;
		case OP_ASSERT:
			if (!(holds_at(s->text, at) & i->arg))
				return true;
			break;
		default:
			cp = re_rune(s->text, &at);
			if (cp < 0 || !re_takes(s->re, i, cp))
				return true;
			break;
		}
		pc = i->out;
	}
	return true;
}

static bool
try_at(struct backtrack *b, size_t at)
{
	struct re_search *s = b->s;

	for (uint32_t i = 0; i < s->slot_count; i++)
		s->slots[i] = RE_UNSET;
	b->n = 0;
	if (!push(b, s->re->start, UINT32_MAX, at))
		return false;
	while (b->n > 0 && !s->found) {
		struct job j = b->jobs[--b->n];

		if (j.slot != UINT32_MAX)
			s->slots[j.slot] = j.at;
		else if (!follow(b, j.pc, j.at))
			return false;
	}
	return true;
}

static bool
run(struct backtrack *b)
{
	struct re_search *s = b->s;
	size_t at = s->from;

	for (;;) {
		if (s->re->anchored && at > 0)
			return true;
		if (s->re->prefix.n > 0)
			at = bytes_find(s->text, s->re->prefix, at);
		if (at == SIZE_MAX)
			return true;
		if (!try_at(b, at))
			return false;
		if (s->found || re_rune(s->text, &at) < 0)
			return true;
	}
}

status
re_backtrack(struct re_search *s, struct err *err)
{
	struct backtrack b = {.s = s, .width = s->text.n - s->from + 1};
	size_t bits = b.width * s->re->n;

	b.seen = arena_array(s->budget->scratch, bits / 32 + 1, sizeof *b.seen);
	TRY(arena_check(s->budget->scratch, err));
	if (run(&b))
		return OK;
	TRY(arena_check(s->budget->scratch, err));
	return re_out_of_steps(err);
}
