/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/policy.h"

/*
 * Two questions about each function: are all operands in range, and is every
 * register written before it is read on every way? The second is a data flow
 * to a fixed point: a set of registers for each jump target, intersected where
 * ways meet. Registers of a function are 0..n_registers-1, arguments first.
 */

const char *const opcode_names[] = {
#define X(name, operands) #name,
#include "rego/ops.def"
#undef X
};

const char *const opcode_operands[] = {
#define X(name, operands) operands,
#include "rego/ops.def"
#undef X
};

struct verifier {
	const struct policy *policy;
	const struct function *f;
	uint64_t *sets; /* one a instruction: registers surely written before it */
	uint8_t *seen;
	size_t words;
	uint32_t *work; /* instructions to look at again */
	size_t n_work;
	uint64_t *now;  /* the set behind the instruction at hand */
	bool undefined; /* a register was read too early */
};

enum { VERIFY_MAX_CELLS = 64 * 1024 * 1024 };

static status
bad(const struct verifier *v, uint32_t at, const char *what, struct err *err)
{
	return err_set(err, ERR_INTERNAL, "E-REGO-040", "code is not valid at %u (%s): %s", at,
	               v->policy->code[at].op < OP_COUNT ? opcode_names[v->policy->code[at].op]
	                                                 : "?",
	               what);
}

static uint32_t
call_size(const struct policy *p, const struct instr *in)
{
	const struct mock_target *m;

	if (in->op == OP_BUILTIN)
		return p->builtins[in->b]->arity;
	if (in->op == OP_CALL)
		return p->functions[in->b].n_args;
	m = &p->mocks[in->b];
	return m->function ? p->functions[m->function - 1].n_args : m->builtin->arity;
}

static bool
in_range(const struct verifier *v, char kind, uint32_t x)
{
	const struct policy *p = v->policy;

	switch (kind) {
	case 'w':
	case 'r':
	case 'u':
	case 'm':
		return x < v->f->n_registers;
	case 'o':
		return (x & CONST_BIT) ? (x & ~CONST_BIT) < p->n_consts : x < v->f->n_registers;
	case 'j':
		return x >= v->f->entry && x < v->f->end;
	case 'k':
		return x < p->n_consts;
	case 'f':
		return x < p->n_functions;
	case 'x':
		return x < p->n_documents;
	case 't':
		return x < p->n_mocks;
	default:
		return true;
	}
}

/* [{value: [numbers]}, [numbers]] */
static bool
is_table(const struct value *t)
{
	if (t->type != VALUE_ARRAY || t->n != 2 || t->u.items[0].type != VALUE_OBJECT)
		return false;
	for (uint32_t i = 0; i < t->u.items[0].n; i++)
		if (t->u.items[0].u.members[i].val.type != VALUE_ARRAY)
			return false;
	return t->u.items[1].type == VALUE_ARRAY;
}

static status
check_operands(const struct verifier *v, uint32_t at, struct err *err)
{
	const struct instr *in = &v->policy->code[at];
	const char *kinds;
	uint32_t n;

	if (in->op >= OP_COUNT)
		return bad(v, at, "no such instruction", err);
	kinds = opcode_operands[in->op];
	if (in->op == OP_BUILTIN && in->b >= v->policy->n_builtins)
		return bad(v, at, "no such builtin", err);
	if (!in_range(v, kinds[0], in->a) || !in_range(v, kinds[1], in->b) ||
	    !in_range(v, kinds[2], in->c) || !in_range(v, kinds[3], in->d))
		return bad(v, at, "operand out of range", err);
	if (((in->op == OP_ITER || in->op == OP_INDEX) && in->a + 1u >= v->f->n_registers) ||
	    ((in->op == OP_NEXT || in->op == OP_TRY_RULE) && in->b + 1 >= v->f->n_registers))
		return bad(v, at, "iterator out of range", err);
	if (kinds[2] == '@' && ((size_t)in->c + call_size(v->policy, in) > v->f->n_registers))
		return bad(v, at, "arguments out of range", err);
	if ((in->op == OP_MARK || in->op == OP_MARK_TRUE) && in->b >= v->policy->n_expressions)
		return bad(v, at, "no such expression", err);
	if (in->op == OP_INDEX && !is_table(&v->policy->consts[in->b]))
		return bad(v, at, "no table of definitions", err);
	n = in->op == OP_OBJECT ? 2 : 1; /* 'b' is checked here, with its count */
	if (kinds[2] == '#' && (in->c > MAX_REGISTERS || in->b + n * in->c > v->f->n_registers))
		return bad(v, at, "operands out of range", err);
	return OK;
}

static bool
has(const struct verifier *v, uint32_t reg)
{
	return (v->now[reg / 64] >> (reg % 64)) & 1;
}

static void
need(struct verifier *v, char kind, uint32_t x)
{
	bool reads = kind == 'r' || kind == 'm' || kind == 'u' || (kind == 'o' && !(x & CONST_BIT));

	if (reads && !has(v, x))
		v->undefined = true;
}

static void
need_range(struct verifier *v, uint32_t from, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (!has(v, from + i))
			v->undefined = true;
}

static void
write_register(struct verifier *v, uint32_t reg)
{
	v->now[reg / 64] |= (uint64_t)1 << (reg % 64);
}

static void
check_reads(struct verifier *v, const struct instr *in)
{
	const char *kinds = opcode_operands[in->op];

	if (in->op != OP_ITER)
		need(v, kinds[0], in->a);
	need(v, kinds[1], in->b);
	need(v, kinds[2], in->c);
	if (in->op == OP_NEXT || in->op == OP_TRY_RULE)
		need_range(v, in->b, 2);
	if (kinds[2] == '@')
		need_range(v, in->c, call_size(v->policy, in));
	if (kinds[2] == '#')
		need_range(v, in->b, in->op == OP_OBJECT ? in->c * 2 : in->c);
}

/* Control may come to `at` with the registers of `now`. */
static void
flow(struct verifier *v, uint32_t at)
{
	uint32_t i = at - v->f->entry;
	uint64_t *set = &v->sets[(size_t)i * v->words];
	bool changed = !v->seen[i];

	for (size_t w = 0; w < v->words; w++) {
		uint64_t both = v->seen[i] ? set[w] & v->now[w] : v->now[w];

		changed |= both != set[w];
		set[w] = both;
	}
	v->seen[i] |= 1;
	if (changed && !(v->seen[i] & 2)) {
		v->seen[i] |= 2;
		v->work[v->n_work++] = at;
	}
}

/* Results are written on the way that goes on; a failed instruction writes nothing. */
static void
step(struct verifier *v, uint32_t at)
{
	const struct instr *in = &v->policy->code[at];
	const char *kinds = opcode_operands[in->op];

	if (kinds[3] == 'j')
		flow(v, in->d);
	if (in->op == OP_JUMP || in->op == OP_RETURN)
		return;
	if (kinds[0] == 'w' || in->op == OP_ITER)
		write_register(v, in->a);
	if (in->op == OP_ITER || in->op == OP_INDEX)
		write_register(v, in->a + 1u);
	if (kinds[2] == 'w')
		write_register(v, in->c);
	if (at + 1 < v->f->end)
		flow(v, at + 1);
}

static status
check_flow(struct verifier *v, struct err *err)
{
	for (uint32_t i = 0; i < v->f->n_args; i++)
		write_register(v, i);
	flow(v, v->f->entry);
	while (v->n_work > 0) {
		uint32_t at = v->work[--v->n_work], i = at - v->f->entry;

		v->seen[i] &= (uint8_t)~2;
		mem_copy(v->now, &v->sets[(size_t)i * v->words], v->words * sizeof *v->now);
		check_reads(v, &v->policy->code[at]);
		if (v->undefined)
			return bad(v, at, "a register is read before it is written", err);
		step(v, at);
	}
	return OK;
}

static status
check_function(struct verifier *v, struct arena *a, struct err *err)
{
	uint32_t n = v->f->end - v->f->entry;

	if (v->f->constant)
		return OK;
	if (v->f->end > v->policy->n_code || n == 0 || v->f->entry > v->f->end ||
	    v->policy->code[v->f->end - 1].op != OP_RETURN || v->f->n_args > v->f->n_registers ||
	    v->f->n_registers > MAX_REGISTERS + 1)
		return err_set(err, ERR_INTERNAL, "E-REGO-040",
		               "code is not valid: bounds of a function");
	for (uint32_t i = v->f->entry; i < v->f->end; i++)
		TRY(check_operands(v, i, err));
	v->words = v->f->n_registers / 64 + 1;
	if ((uint64_t)v->words * n > VERIFY_MAX_CELLS)
		return err_set(err, ERR_LIMIT, "E-REGO-005", "a rule is too large");
	v->sets = arena_array(a, (size_t)n * v->words, sizeof *v->sets);
	v->seen = arena_array(a, n, 1);
	v->work = arena_array(a, n, sizeof *v->work);
	v->now = arena_array(a, v->words, sizeof *v->now);
	TRY(arena_check(a, err));
	return check_flow(v, err);
}

status
policy_verify(const struct policy *p, struct err *err)
{
	CLEANUP(arena_done) struct arena a;
	struct verifier v = {.policy = p};

	arena_init(&a, (size_t)VERIFY_MAX_CELLS * 9);
	for (uint32_t i = 0; i < p->n_functions; i++) {
		v.f = &p->functions[i];
		TRY(check_function(&v, &a, err));
		v.n_work = 0;
		arena_reset(&a);
	}
	return OK;
}
