/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The general matcher: all threads of the program in step, in order of
 * priority, each with its captures. Time is text times program.
 */
#include "re/internal.h"

struct thread {
	union {
		uint32_t refs;
		struct thread *next_free;
	} u;
	size_t slots[];
};

struct entry {
	uint32_t pc;
	struct thread *t;
};

/* Sparse set of program counters in order of insertion. */
struct queue {
	struct entry *dense;
	uint32_t *sparse;
	uint32_t n;
};

/* Either an instruction to follow, or a thread to go back to. */
struct work {
	uint32_t pc;
	struct thread *restore;
};

struct pike {
	struct re_search *s;
	struct arena *arena;
	struct thread *free;
	struct work *stack;
	struct queue run;
	struct queue next;
};

static struct thread *
thread_new(struct pike *p)
{
	struct thread *t = p->free;

	if (t)
		p->free = t->u.next_free;
	else
		t = arena_raw(p->arena, sizeof *t + p->s->slot_count * sizeof(size_t), 16);
	if (t)
		t->u.refs = 1;
	return t;
}

static void
thread_drop(struct pike *p, struct thread *t)
{
	if (t && --t->u.refs == 0) {
		t->u.next_free = p->free;
		p->free = t;
	}
}

static bool
queue_has(const struct queue *q, uint32_t pc)
{
	return q->sparse[pc] < q->n && q->dense[q->sparse[pc]].pc == pc;
}

static struct entry *
queue_put(struct queue *q, uint32_t pc)
{
	struct entry *e = &q->dense[q->n];

	q->sparse[pc] = q->n++;
	*e = (struct entry){pc, NULL};
	return e;
}

/* A copy of `t` with one slot set; NULL past the arena's cap. */
static struct thread *
thread_save(struct pike *p, const struct thread *t, uint32_t slot, size_t at)
{
	struct thread *copy = thread_new(p);

	if (!copy)
		return NULL;
	mem_copy(copy->slots, t->slots, p->s->slot_count * sizeof(size_t));
	copy->slots[slot] = at;
	return copy;
}

/*
 * Follows everything reachable from pc without taking a character. `t` is
 * borrowed. false: out of steps or memory.
 */
static bool
follow(struct pike *p, struct queue *q, uint32_t start, size_t at, uint32_t holds, struct thread *t)
{
	const struct re *re = p->s->re;
	uint32_t n = 0;

	p->stack[n++] = (struct work){start, NULL};
	while (n > 0) {
		struct work w = p->stack[--n];
		const struct re_inst *i = &re->prog[w.pc];
		struct thread *saved;

		if (w.restore) {
			thread_drop(p, t);
			t = w.restore;
			continue;
		}
		if (queue_has(q, w.pc))
			continue;
		if (!re_step(p->s->budget))
			return false;
		queue_put(q, w.pc);
		switch (i->op) {
		case OP_ALT:
			p->stack[n++] = (struct work){i->arg, NULL};
			p->stack[n++] = (struct work){i->out, NULL};
			break;
		case OP_ASSERT:
			if (holds & i->arg)
				p->stack[n++] = (struct work){i->out, NULL};
			break;
		case OP_SAVE:
			if (i->arg >= p->s->slot_count) {
				p->stack[n++] = (struct work){i->out, NULL};
				break;
			}
			saved = thread_save(p, t, i->arg, at);
			if (!saved)
				return false;
			p->stack[n++] = (struct work){0, t};
			p->stack[n++] = (struct work){i->out, NULL};
			t = saved;
			break;
		default:
			q->dense[q->n - 1].t = t;
			t->u.refs++;
			break;
		}
	}
	return true;
}

static void
queue_clear(struct pike *p, struct queue *q, uint32_t from)
{
	for (uint32_t i = from; i < q->n; i++)
		thread_drop(p, q->dense[i].t);
	q->n = 0;
}

static void
take_match(struct pike *p, const struct thread *t)
{
	p->s->found = true;
	mem_copy(p->s->slots, t->slots, p->s->slot_count * sizeof(size_t));
}

/* One character for every thread; false: out of steps or memory. */
static bool
step(struct pike *p, int32_t cp, size_t after, uint32_t holds_after)
{
	const struct re *re = p->s->re;

	for (uint32_t k = 0; k < p->run.n; k++) {
		struct entry e = p->run.dense[k];

		if (!e.t)
			continue;
		if (re->prog[e.pc].op == OP_MATCH) {
			take_match(p, e.t);
			queue_clear(p, &p->run, k);
			return true;
		}
		if (cp >= 0 && re_takes(re, &re->prog[e.pc], cp) &&
		    !follow(p, &p->next, re->prog[e.pc].out, after, holds_after, e.t))
			return false;
		thread_drop(p, e.t);
	}
	p->run.n = 0;
	return true;
}

/* Starts a thread at `at`, with the lowest priority. */
static bool
start(struct pike *p, size_t at, uint32_t holds)
{
	struct thread *t = thread_new(p);

	if (!t)
		return false;
	for (uint32_t i = 0; i < p->s->slot_count; i++)
		t->slots[i] = RE_UNSET;
	if (!follow(p, &p->run, p->s->re->start, at, holds, t))
		return false;
	thread_drop(p, t);
	return true;
}

static void
swap(struct pike *p)
{
	struct queue q = p->run;

	p->run = p->next;
	p->next = q;
	p->next.n = 0;
}

static bool
run(struct pike *p)
{
	const struct re *re = p->s->re;
	struct bytes text = p->s->text;
	size_t at = p->s->from;

	for (;;) {
		int32_t before, cp, next_cp;
		size_t after, beyond;

		if (p->run.n == 0) {
			if (p->s->found || (re->anchored && at > 0))
				return true;
			if (re->prefix.n > 0)
				at = bytes_find(text, re->prefix, at);
			if (at == SIZE_MAX)
				return true;
		}
		before = re_rune_before(text, at);
		after = at;
		cp = re_rune(text, &after);
		beyond = after;
		next_cp = re_rune(text, &beyond);
		if (!p->s->found && !start(p, at, re_asserts(before, cp)))
			return false;
		if (!step(p, cp, after, re_asserts(cp, next_cp)))
			return false;
		if (cp < 0 || (p->s->found && p->s->slot_count == 0))
			return true;
		swap(p);
		at = after;
	}
}

status
re_pike(struct re_search *s, struct err *err)
{
	struct pike p = {.s = s, .arena = s->budget->scratch};
	uint32_t n = s->re->n;

	p.run.dense = arena_array(p.arena, n, sizeof *p.run.dense);
	p.run.sparse = arena_array(p.arena, n, sizeof *p.run.sparse);
	p.next.dense = arena_array(p.arena, n, sizeof *p.next.dense);
	p.next.sparse = arena_array(p.arena, n, sizeof *p.next.sparse);
	p.stack = arena_array(p.arena, 2 * (size_t)n + 2, sizeof *p.stack);
	TRY(arena_check(p.arena, err));
	if (run(&p))
		return OK;
	TRY(arena_check(p.arena, err));
	return re_out_of_steps(err);
}
