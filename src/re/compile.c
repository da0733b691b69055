/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tree to program, from the back: emit(node, next) returns where a match of
 * the node followed by `next` starts. Only loops are patched afterwards.
 */
#include "re/internal.h"

struct emitter {
	struct arena *arena;
	struct re_inst *prog;
	uint32_t n;
	uint32_t cap;
	struct re_class *classes;
	uint32_t class_count;
	uint32_t class_cap;
	bool full;
};

static uint32_t emit(struct emitter *e, const struct re_node *n, uint32_t next);

static uint32_t
put(struct emitter *e, enum re_op op, uint32_t out, uint32_t arg)
{
	if (e->n == e->cap) {
		uint32_t cap = e->cap ? e->cap * 2 : 32;
		struct re_inst *p =
		        e->n < RE_MAX_PROGRAM ? arena_array(e->arena, cap, sizeof *p) : NULL;

		if (!p) {
			e->full = true;
			return 0;
		}
		mem_copy(p, e->prog, e->n * sizeof *p);
		e->prog = p;
		e->cap = cap;
	}
	e->prog[e->n] = (struct re_inst){op, out, arg};
	return e->n++;
}

/* Index of a class; equal ones from one node (repetitions) are found at the end. */
static uint32_t
class_index(struct emitter *e, const struct re_class *c)
{
	for (uint32_t i = e->class_count; i > 0 && e->class_count - i < 8; i--)
		if (e->classes[i - 1].ranges == c->ranges)
			return i - 1;
	if (e->class_count == e->class_cap) {
		uint32_t cap = e->class_cap ? e->class_cap * 2 : 8;
		struct re_class *p = arena_array(e->arena, cap, sizeof *p);

		if (!p) {
			e->full = true;
			return 0;
		}
		mem_copy(p, e->classes, e->class_count * sizeof *p);
		e->classes = p;
		e->class_cap = cap;
	}
	e->classes[e->class_count] = *c;
	return e->class_count++;
}

static uint32_t
emit_class(struct emitter *e, const struct re_class *c, uint32_t next)
{
	if (c->n == 0)
		return put(e, OP_FAIL, 0, 0);
	return put(e, OP_CLASS, next, class_index(e, c));
}

static bool
nullable(const struct re_node *n)
{
	switch ((enum re_node_op)n->op) {
	case NODE_EMPTY:
	case NODE_ASSERT:
		return true;
	case NODE_CAT:
		for (const struct re_node *s = n->sub; s; s = s->next)
			if (!nullable(s))
				return false;
		return true;
	case NODE_ALT:
		for (const struct re_node *s = n->sub; s; s = s->next)
			if (nullable(s))
				return true;
		return false;
	case NODE_REPEAT:
		return n->min == 0 || nullable(n->sub);
	case NODE_GROUP:
		return nullable(n->sub);
	case NODE_RUNE:
	case NODE_CLASS:
	case NODE_ANY:
	case NODE_ANY_NOT_NL:
	default:
		return false;
	}
}

static uint32_t
fork_to(struct emitter *e, uint32_t into, uint32_t past, bool lazy)
{
	return lazy ? put(e, OP_ALT, past, into) : put(e, OP_ALT, into, past);
}

/* x+: the loop is the fork behind x. */
static uint32_t
emit_plus(struct emitter *e, const struct re_node *n, uint32_t next)
{
	uint32_t loop = put(e, OP_ALT, 0, 0);
	uint32_t body = emit(e, n->sub, loop);

	if (!e->full)
		e->prog[loop] = n->lazy ? (struct re_inst){OP_ALT, next, body}
		                        : (struct re_inst){OP_ALT, body, next};
	return body;
}

/*
 * x*: where x may be empty as (x+)?, so that the priorities of the empty
 * iterations come out as RE2's.
 */
static uint32_t
emit_star(struct emitter *e, const struct re_node *n, uint32_t next)
{
	uint32_t loop, body;

	if (nullable(n->sub))
		return fork_to(e, emit_plus(e, n, next), next, n->lazy);
	loop = put(e, OP_ALT, 0, 0);
	body = emit(e, n->sub, loop);
	if (!e->full)
		e->prog[loop] = n->lazy ? (struct re_inst){OP_ALT, next, body}
		                        : (struct re_inst){OP_ALT, body, next};
	return loop;
}

/* x{2,5} is xx(x(x(x)?)?)?, x{2,} is xx+. */
static uint32_t
emit_repeat(struct emitter *e, const struct re_node *n, uint32_t next)
{
	uint32_t at = next, copies = n->min;

	if (n->max == REPEAT_INF) {
		if (n->min == 0)
			return emit_star(e, n, next);
		at = emit_plus(e, n, next);
		copies--;
	} else {
		for (uint32_t i = n->min; i < n->max && !e->full; i++)
			at = fork_to(e, emit(e, n->sub, at), next, n->lazy);
	}
	for (uint32_t i = 0; i < copies && !e->full; i++) {
		uint32_t before = e->n;

		at = emit(e, n->sub, at);
		if (e->n == before)
			break; /* the operand is empty: more copies are the same */
	}
	return at;
}

/* Concatenations are emitted from the last member to the first. */
static uint32_t
emit_cat(struct emitter *e, const struct re_node *n, uint32_t next)
{
	const struct re_node **list;
	size_t count = 0;

	for (const struct re_node *s = n->sub; s; s = s->next)
		count++;
	list = arena_array(e->arena, count, sizeof(const struct re_node *));
	if (!list) {
		e->full = true;
		return 0;
	}
	count = 0;
	for (const struct re_node *s = n->sub; s; s = s->next)
		list[count++] = s;
	while (count > 0 && !e->full)
		next = emit(e, list[--count], next);
	return next;
}

/* a|b|c: forks in a row, the first alternative preferred. */
static uint32_t
emit_alt(struct emitter *e, const struct re_node *n, uint32_t next)
{
	uint32_t first = 0, last = 0;
	bool any = false;

	for (const struct re_node *s = n->sub; s && !e->full; s = s->next) {
		uint32_t at = emit(e, s, next), fork;

		if (!s->next) {
			if (!any)
				return at;
			e->prog[last].arg = at;
			break;
		}
		fork = put(e, OP_ALT, at, 0);
		if (any && !e->full)
			e->prog[last].arg = fork;
		if (!any)
			first = fork;
		last = fork;
		any = true;
	}
	return first;
}

static uint32_t
emit_group(struct emitter *e, const struct re_node *n, uint32_t next)
{
	uint32_t close = put(e, OP_SAVE, next, 2 * n->arg + 1);
	uint32_t body = emit(e, n->sub, close);

	return put(e, OP_SAVE, body, 2 * n->arg);
}

static uint32_t
emit(struct emitter *e, const struct re_node *n, uint32_t next)
{
	if (e->full)
		return 0;
	switch ((enum re_node_op)n->op) {
	case NODE_RUNE:
		return put(e, OP_RUNE, next, n->arg);
	case NODE_CLASS:
		return emit_class(e, n->set, next);
	case NODE_ANY:
		return put(e, OP_ANY, next, 0);
	case NODE_ANY_NOT_NL:
		return put(e, OP_ANY_NOT_NL, next, 0);
	case NODE_ASSERT:
		return put(e, OP_ASSERT, next, n->arg);
	case NODE_CAT:
		return emit_cat(e, n, next);
	case NODE_ALT:
		return emit_alt(e, n, next);
	case NODE_REPEAT:
		return emit_repeat(e, n, next);
	case NODE_GROUP:
		return emit_group(e, n, next);
	case NODE_EMPTY:
	default:
		return next;
	}
}

/* The code points that every match must start with, and whether nothing else follows. */
static void
find_prefix(struct arena *a, struct re *re)
{
	CLEANUP(buf_done) struct buf text = {0};
	uint32_t pc = re->prog[re->start].out; /* behind SAVE 0 */

	re->anchored = re->prog[pc].op == OP_ASSERT && re->prog[pc].arg == ASSERT_BEGIN_TEXT;
	if (re->anchored)
		pc = re->prog[pc].out;
	/* U+FFFD also stands for bytes that are no UTF-8: no search for its encoding. */
	while (re->prog[pc].op == OP_RUNE && re->prog[pc].arg != 0xfffd && text.n < 256) {
		utf8_put(&text, re->prog[pc].arg);
		pc = re->prog[pc].out;
	}
	re->at_end = re->prog[pc].op == OP_ASSERT && re->prog[pc].arg == ASSERT_END_TEXT;
	if (re->at_end)
		pc = re->prog[pc].out;
	re->literal = re->prog[pc].op == OP_SAVE && re->prog[pc].arg == 1 && buf_ok(&text);
	if (buf_ok(&text))
		re->prefix = arena_copy(a, buf_view(&text));
}

/* Moves the program from the emitter's arena to the caller's. */
static void
keep(struct arena *a, const struct emitter *e, const struct re_tree *tree, struct re *re)
{
	struct re_inst *prog = arena_array(a, e->n, sizeof *prog);
	struct re_class *classes = arena_array(a, e->class_count, sizeof *classes);
	struct bytes *names = arena_array(a, tree->groups, sizeof *names);

	if (!prog || !classes || !names)
		return;
	mem_copy(prog, e->prog, e->n * sizeof *prog);
	re->memory = sizeof *re + e->n * sizeof *prog + e->class_count * sizeof *classes;
	for (uint32_t i = 0; i < e->class_count; i++) {
		size_t n = e->classes[i].n * sizeof(struct re_range);
		struct re_range *copy = arena_raw(a, n, _Alignof(struct re_range));

		if (!copy)
			return;
		mem_copy(copy, e->classes[i].ranges, n);
		classes[i] = e->classes[i];
		classes[i].ranges = copy;
		re->memory += n;
	}
	for (uint32_t i = 0; i < tree->groups; i++)
		names[i] = arena_copy(a, tree->names[i]);
	re->prog = prog;
	re->classes = classes;
	re->names = names;
}

status
re_program(struct arena *a, const struct re_tree *tree, struct re *re, struct err *err)
{
	CLEANUP(arena_done) struct arena work = {0};
	struct emitter e = {.arena = &work};

	re->start = emit(&e, tree->root, put(&e, OP_MATCH, 0, 0));
	re->n = e.n;
	re->class_count = e.class_count;
	re->groups = tree->groups;
	if (!e.full)
		keep(a, &e, tree, re);
	if (e.full || work.failed || a->failed)
		return err_set(err, ERR_LIMIT, "E-RE-002", "expression too large");
	find_prefix(a, re);
	return arena_check(a, err);
}
