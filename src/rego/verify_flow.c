/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/verify.h"

/*
 * What every register holds before each instruction, on every way there: a data
 * flow to a fixed point. A set of planes is kept for each jump target alone,
 * intersected where ways meet; between two targets the code is walked straight.
 */

enum { SEEN = 1, WAITS = 2 };

static uint64_t *
plane(const struct verifier *v, enum hold h)
{
	return v->now + (size_t)h * v->words;
}

static bool
has(const struct verifier *v, enum hold h, uint32_t reg)
{
	return (plane(v, h)[reg / 64] >> (reg % 64)) & 1;
}

static void
need(struct verifier *v, enum hold h, uint32_t reg)
{
	static const char *const faults[HOLD_COUNT] = {
	        "a register is read before it is written",
	        "a register is read that may be undefined",
	        "a register holds no list",
	        "a register holds no iterator",
	        "a register holds no iterator",
	        "a register holds no frame",
	};

	if (!has(v, h, reg))
		v->fault = faults[h];
}

static void
hold(struct verifier *v, enum hold h, uint32_t reg)
{
	plane(v, h)[reg / 64] |= (uint64_t)1 << (reg % 64);
}

/* The register holds this and nothing else; a defined value is a value too. */
static void
becomes(struct verifier *v, enum hold h, uint32_t reg)
{
	for (int i = 0; i < HOLD_COUNT; i++)
		plane(v, (enum hold)i)[reg / 64] &= ~((uint64_t)1 << (reg % 64));
	hold(v, h, reg);
	if (h == HOLD_DEFINED)
		hold(v, HOLD_VALUE, reg);
}

/* ---- reads ---- */

static void
need_operand(struct verifier *v, char kind, uint32_t x)
{
	if (kind == 'u')
		need(v, HOLD_VALUE, x);
	else if (kind == 'o' && !(x & CONST_BIT))
		need(v, HOLD_VALUE, x);
}

static void
need_range(struct verifier *v, enum hold h, uint32_t from, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		need(v, h, from + i);
}

static bool
is_defined(const struct verifier *v, uint32_t operand)
{
	return (operand & CONST_BIT) || has(v, HOLD_DEFINED, operand);
}

static void
need_defined(struct verifier *v, uint32_t operand)
{
	if (!is_defined(v, operand))
		need(v, HOLD_DEFINED, operand);
}

/* Operands `m` and `r`, and what goes into collections and frames. */
static void
need_special(struct verifier *v, const struct instr *in)
{
	switch (in->op) {
	case OP_PUSH2:
		need_defined(v, in->b);
		need_defined(v, in->c);
		need(v, HOLD_LIST, in->a);
		break;
	case OP_PUSH:
		need_defined(v, in->b);
		need(v, HOLD_LIST, in->a);
		break;
	case OP_TO_ARRAY:
	case OP_TO_SET:
	case OP_TO_OBJECT:
	case OP_TO_TREE:
		need(v, HOLD_LIST, in->a);
		break;
	case OP_WITH_INPUT:
	case OP_WITH_DATA:
	case OP_WITH_CALL:
		need_defined(v, in->c);
		break;
	case OP_NEXT:
	case OP_TRY_RULE:
		need(v, HOLD_ITER, in->b);
		need(v, HOLD_CURSOR, in->b + 1);
		break;
	case OP_LEAVE:
	case OP_ENTER:
		need(v, HOLD_FRAME, in->a);
		break;
	case OP_RESULT:
		need(v, HOLD_VALUE, in->a);
		break;
	default:
		break;
	}
}

static void
check_reads(struct verifier *v, const struct instr *in)
{
	const char *kinds = opcode_operands[in->op];
	enum hold items = in->op == OP_PRINT || in->op == OP_TEMPLATE ? HOLD_VALUE : HOLD_DEFINED;

	need_operand(v, kinds[0], in->a);
	need_operand(v, kinds[1], in->b);
	need_operand(v, kinds[2], in->c);
	need_special(v, in);
	if (kinds[2] == '@')
		need_range(v, HOLD_DEFINED, in->c, verify_call_size(v->policy, in));
	if (kinds[2] == '#')
		need_range(v, items, in->b, in->op == OP_OBJECT ? in->c * 2 : in->c);
}

/* ---- writes and ways ---- */

/* Control may come to `at` with the registers of `now`. */
static void
flow(struct verifier *v, uint32_t at)
{
	uint32_t i = v->leader[at - v->f->entry] - 1;
	size_t n = HOLD_COUNT * v->words;
	uint64_t *set = &v->sets[i * n];
	bool changed = !(v->seen[i] & SEEN);

	for (size_t w = 0; w < n; w++) {
		uint64_t both = (v->seen[i] & SEEN) ? set[w] & v->now[w] : v->now[w];

		changed |= both != set[w];
		set[w] = both;
	}
	v->seen[i] |= SEEN;
	if (changed && !(v->seen[i] & WAITS)) {
		v->seen[i] |= WAITS;
		v->work[v->n_work++] = at;
	}
}

/* Most instructions leave their result alone when they have none; these make it undefined. */
static bool
clears(uint16_t op)
{
	return op == OP_BUILTIN || op == OP_CALL || op == OP_MOCKED || op == OP_RULE ||
	       op == OP_DATA || op == OP_WALK || op == OP_KEYS;
}

static void
write_result(struct verifier *v, const struct instr *in)
{
	const char *kinds = opcode_operands[in->op];

	switch (in->op) {
	case OP_MOVE:
		becomes(v, is_defined(v, in->b) ? HOLD_DEFINED : HOLD_VALUE, in->a);
		return;
	case OP_UNDEF:
		becomes(v, HOLD_VALUE, in->a);
		return;
	case OP_NODE:
		/* A package is an object always, a rule may be undefined. */
		becomes(v, v->policy->documents[in->b].function ? HOLD_VALUE : HOLD_DEFINED, in->a);
		return;
	case OP_LIST:
		becomes(v, HOLD_LIST, in->a);
		return;
	case OP_WITH:
		becomes(v, HOLD_FRAME, in->a);
		return;
	case OP_ITER:
	case OP_INDEX:
		becomes(v, HOLD_ITER, in->a);
		becomes(v, HOLD_CURSOR, in->a + 1u);
		return;
	case OP_TO_ARRAY:
	case OP_TO_SET:
	case OP_TO_OBJECT:
	case OP_TO_TREE:
		becomes(v, HOLD_DEFINED, in->a);
		return;
	case OP_RESULT:
		if (is_defined(v, in->b))
			hold(v, HOLD_DEFINED, in->a);
		return;
	case OP_DEFINED:
		hold(v, HOLD_DEFINED, in->b);
		return;
	default:
		break;
	}
	if (kinds[2] == 'w')
		becomes(v, HOLD_DEFINED, in->c);
	if (kinds[0] == 'w')
		becomes(v, HOLD_DEFINED, in->a);
}

/* The way of no result, and then the one that goes on. */
static void
step(struct verifier *v, const struct instr *in)
{
	if (clears(in->op))
		becomes(v, HOLD_VALUE, in->a);
	if (opcode_operands[in->op][3] == 'j')
		flow(v, in->d);
	write_result(v, in);
}

static status
walk(struct verifier *v, uint32_t at, struct err *err)
{
	for (;; at++) {
		const struct instr *in = &v->policy->code[at];

		check_reads(v, in);
		if (v->fault)
			return verify_bad(v, at, v->fault, err);
		step(v, in);
		if (in->op == OP_JUMP || in->op == OP_RETURN)
			return OK;
		if (v->leader[at + 1 - v->f->entry]) {
			flow(v, at + 1);
			return OK;
		}
	}
}

/* Number the jump targets; the first instruction is one. */
static status
find_leaders(struct verifier *v, struct err *err)
{
	uint32_t n = v->f->end - v->f->entry, leaders = 0;

	v->leader = arena_array(v->arena, n, sizeof *v->leader);
	TRY(arena_check(v->arena, err));
	v->leader[0] = ++leaders;
	for (uint32_t i = v->f->entry; i < v->f->end; i++) {
		const struct instr *in = &v->policy->code[i];

		if (opcode_operands[in->op][3] == 'j' && !v->leader[in->d - v->f->entry])
			v->leader[in->d - v->f->entry] = ++leaders;
	}
	v->words = v->f->n_registers / 64 + 1;
	v->sets = arena_array(v->arena, leaders, HOLD_COUNT * v->words * sizeof *v->sets);
	v->seen = arena_array(v->arena, leaders, 1);
	v->work = arena_array(v->arena, leaders, sizeof *v->work);
	v->now = arena_array(v->arena, HOLD_COUNT * v->words, sizeof *v->now);
	if (v->arena->failed)
		return err_set(err, ERR_LIMIT, "E-REGO-005", "a rule is too large");
	return OK;
}

/* ---- circles ---- */

/* Edges that count: from and to what is no NEXT. Returns how many, at most two. */
static uint32_t
edges(const struct verifier *v, uint32_t at, uint32_t to[2])
{
	const struct instr *code = v->policy->code, *in = &code[at];
	uint32_t n = 0;

	if (in->op == OP_NEXT)
		return 0;
	if (in->op != OP_JUMP && in->op != OP_RETURN && code[at + 1].op != OP_NEXT)
		to[n++] = at + 1;
	if (opcode_operands[in->op][3] == 'j' && code[in->d].op != OP_NEXT)
		to[n++] = in->d;
	return n;
}

/* Taking away what nothing leads to, until nothing is left; or a circle. */
status
verify_ends(struct verifier *v, struct err *err)
{
	uint32_t entry = v->f->entry, n = v->f->end - entry, n_work = 0, left = n, to[2];
	uint32_t *into = arena_array(v->arena, n, sizeof *into);
	uint32_t *work = arena_array(v->arena, n, sizeof *work);

	TRY(arena_check(v->arena, err));
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = edges(v, entry + i, to); k-- > 0;)
			into[to[k] - entry]++;
	for (uint32_t i = 0; i < n; i++)
		if (into[i] == 0)
			work[n_work++] = entry + i;
	while (n_work > 0) {
		uint32_t at = work[--n_work];

		left--;
		for (uint32_t k = edges(v, at, to); k-- > 0;)
			if (--into[to[k] - entry] == 0)
				work[n_work++] = to[k];
	}
	return left > 0 ? verify_bad(v, entry, "a loop without NEXT", err) : OK;
}

status
verify_flow(struct verifier *v, struct err *err)
{
	TRY(find_leaders(v, err));
	v->n_work = 0;
	for (uint32_t i = 0; i < v->f->n_args; i++)
		becomes(v, HOLD_DEFINED, i);
	flow(v, v->f->entry);
	while (v->n_work > 0) {
		uint32_t at = v->work[--v->n_work], i = v->leader[at - v->f->entry] - 1;
		size_t n = HOLD_COUNT * v->words;

		v->seen[i] &= (uint8_t)~WAITS;
		mem_copy(v->now, &v->sets[i * n], n * sizeof *v->now);
		TRY(walk(v, at, err));
	}
	return OK;
}
