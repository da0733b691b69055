/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/verify.h"

/* Operands: in range and of the right kind. */

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

enum { VERIFY_MEMORY = 512 * 1024 * 1024 };

status
verify_bad(const struct verifier *v, uint32_t at, const char *what, struct err *err)
{
	return err_set(err, ERR_INTERNAL, "E-REGO-040", "code is not valid at %u (%s): %s", at,
	               v->policy->code[at].op < OP_COUNT ? opcode_names[v->policy->code[at].op]
	                                                 : "?",
	               what);
}

static uint32_t
target_size(const struct policy *p, uint32_t target)
{
	const struct mock_target *m = &p->mocks[target];

	return m->function ? p->functions[m->function - 1].n_args : m->builtin->arity;
}

uint32_t
verify_call_size(const struct policy *p, const struct instr *in)
{
	if (in->op == OP_BUILTIN)
		return p->builtins[in->b]->arity;
	if (in->op == OP_CALL)
		return p->functions[in->b].n_args;
	return target_size(p, in->b);
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
	case 'g':
		return x < p->n_builtins;
	case 'x':
		return x < p->n_documents;
	case 't':
		return x < p->n_mocks;
	default:
		return true;
	}
}

static bool
is_table(const struct value *t)
{
	/* [{value: [numbers]}, [numbers]] */
	if (t->type != VALUE_ARRAY || t->n != 2 || t->u.items[0].type != VALUE_OBJECT)
		return false;
	for (uint32_t i = 0; i < t->u.items[0].n; i++)
		if (t->u.items[0].u.members[i].val.type != VALUE_ARRAY)
			return false;
	return t->u.items[1].type == VALUE_ARRAY;
}

static bool
is_path(const struct value *t)
{
	if (t->type != VALUE_ARRAY)
		return false;
	for (uint32_t i = 0; i < t->n; i++)
		if (t->u.items[i].type != VALUE_STRING)
			return false;
	return true;
}

/* Registers in a row: iterators, arguments, items. */
static const char *
check_rows(const struct verifier *v, const struct instr *in)
{
	const char *kinds = opcode_operands[in->op];
	uint64_t n_registers = v->f->n_registers, n = in->c;

	if (((in->op == OP_ITER || in->op == OP_INDEX) && in->a + 1u >= n_registers) ||
	    ((in->op == OP_NEXT || in->op == OP_TRY_RULE) && in->b + 1u >= n_registers))
		return "iterator out of range";
	if (kinds[2] == '@') {
		n = verify_call_size(v->policy, in);
		if (in->c + n > n_registers)
			return "arguments out of range";
		if (in->a >= in->c && in->a < in->c + n)
			return "the result is among the arguments";
	}
	/* 'b' is checked here, with its count */
	if (kinds[2] == '#' && in->b + (in->op == OP_OBJECT ? 2 * n : n) > n_registers)
		return "operands out of range";
	return NULL;
}

/* What else the operands of some instructions must be. */
static const char *
check_meaning(const struct verifier *v, const struct instr *in)
{
	const struct policy *p = v->policy;

	switch (in->op) {
	case OP_RULE:
		return p->functions[in->b].n_args > 0 ? "a function is no rule" : NULL;
	case OP_MARK:
	case OP_MARK_TRUE:
		return in->b >= p->n_expressions ? "no such expression" : NULL;
	case OP_INDEX:
		return is_table(&p->consts[in->b]) ? NULL : "no table of definitions";
	case OP_DATA:
	case OP_WITH_DATA:
	case OP_WITH_INPUT:
		return is_path(&p->consts[in->b]) ? NULL : "no path";
	case OP_WITH_FN:
		/* Arguments are laid out for the target: its replacement must read no more. */
		return target_size(p, in->b) < target_size(p, in->c)
		               ? "a replacement of more arguments"
		               : NULL;
	default:
		return NULL;
	}
}

static status
check_operands(const struct verifier *v, uint32_t at, struct err *err)
{
	const struct instr *in = &v->policy->code[at];
	const char *kinds, *what;

	if (in->op >= OP_COUNT)
		return verify_bad(v, at, "no such instruction", err);
	kinds = opcode_operands[in->op];
	if (!in_range(v, kinds[0], in->a) || !in_range(v, kinds[1], in->b) ||
	    !in_range(v, kinds[2], in->c) || !in_range(v, kinds[3], in->d))
		return verify_bad(v, at, "operand out of range", err);
	what = check_rows(v, in);
	if (!what)
		what = check_meaning(v, in);
	return what ? verify_bad(v, at, what, err) : OK;
}

static status
check_function(struct verifier *v, struct err *err)
{
	const struct policy *p = v->policy;

	if (v->f->constant)
		return OK;
	if (v->f->end > p->n_code || v->f->entry >= v->f->end ||
	    p->code[v->f->end - 1].op != OP_RETURN || v->f->n_args > v->f->n_registers ||
	    v->f->n_registers > MAX_REGISTERS + 1)
		return err_set(err, ERR_INTERNAL, "E-REGO-040",
		               "code is not valid: bounds of a function");
	for (uint32_t i = v->f->entry; i < v->f->end; i++)
		TRY(check_operands(v, i, err));
	TRY(verify_ends(v, err));
	return verify_flow(v, err);
}

status
policy_verify(const struct policy *p, struct err *err)
{
	CLEANUP(arena_done) struct arena a;
	struct verifier v = {.policy = p, .arena = &a};

	arena_init(&a, VERIFY_MEMORY);
	for (uint32_t i = 0; i < p->n_functions; i++) {
		v.f = &p->functions[i];
		TRY(check_function(&v, err));
		arena_reset(&a);
	}
	return OK;
}
