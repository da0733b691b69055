/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/plan.h"

status
compile_memory(struct compiler *c)
{
	if (c->arena.failed)
		return err_set(c->err, ERR_LIMIT, "E-REGO-004", "compiling needs too much memory");
	if (c->policy && c->policy->arena.failed)
		return err_set(c->err, ERR_LIMIT, "E-REGO-004", "the compiled policy is too large");
	return OK;
}

status
compile_work(struct compiler *c, uint64_t n)
{
	c->work += n;
	if (c->work > COMPILE_MAX_WORK)
		return err_set(c->err, ERR_LIMIT, "E-REGO-004", "compiling takes too much work");
	return compile_memory(c);
}

/* Grows a compiler's array by doubling; *p stays valid on failure. */
static status
grow(struct compiler *c, void *list, uint32_t n, uint32_t *cap, size_t size)
{
	void **p = list;
	void *more;

	if (n < *cap)
		return OK;
	more = arena_array(&c->arena, (size_t)*cap * 2 + 64, size);
	if (!more)
		return compile_memory(c);
	mem_copy(more, *p, n * size);
	*p = more;
	*cap = *cap * 2 + 64;
	return OK;
}

status
emit(struct plan *p, enum opcode op, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	struct compiler *k = p->c;
	uint32_t cap = k->cap_code;

	TRY(compile_work(k, 1));
	TRY(grow(k, &k->code, k->n_code, &cap, sizeof *k->code));
	TRY(grow(k, &k->lines, k->n_code, &k->cap_code, sizeof *k->lines));
	k->code[k->n_code] = (struct instr){(uint16_t)op, (uint16_t)a, b, c, d};
	k->lines[k->n_code++] = p->file << LINE_BITS | MIN(p->line, (1u << LINE_BITS) - 1);
	return OK;
}

void
set_line(struct plan *p, uint32_t off)
{
	struct compiler *c = p->c;

	/* Places of one module lie close to each other mostly: go on from the last one. */
	if (c->line_source != p->source) {
		c->line_source = p->source;
		c->line_off = 0;
		c->line = 1;
	}
	off = MIN(off, (uint32_t)p->source->text.n);
	while (c->line_off < off)
		c->line += p->source->text.p[c->line_off++] == '\n';
	while (c->line_off > off)
		c->line -= p->source->text.p[--c->line_off] == '\n';
	p->line = c->line;
}

status
new_label(struct plan *p, uint32_t *ret)
{
	TRY(grow(p->c, &p->labels, p->n_labels, &p->cap_labels, sizeof *p->labels));
	p->labels[p->n_labels] = UINT32_MAX;
	*ret = p->n_labels++;
	return OK;
}

void
bind_label(struct plan *p, uint32_t label)
{
	p->labels[label] = p->c->n_code;
}

status
new_registers(struct plan *p, uint32_t n, uint32_t *ret)
{
	*ret = p->n_registers;
	p->n_registers += n;
	if (p->n_registers > MAX_REGISTERS)
		return source_error(p->source, p->rule ? p->rule->off : 0, p->c->err, ERR_LIMIT,
		                    "E-REGO-005", "the rule is too large");
	return OK;
}

uint32_t
var_register(struct plan *p, uint32_t var)
{
	if (p->reg_of[var] == UINT32_MAX)
		p->reg_of[var] = p->n_registers++; /* checked at the next new_registers() */
	return p->reg_of[var];
}

/* ---- constants ---- */

static uint64_t
hash_bytes(struct bytes b)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < b.n; i++)
		h = (h ^ b.p[i]) * 0x100000001b3;
	return h ^ h >> 29;
}

static bool
grow_strings(struct compiler *c)
{
	uint32_t cap = c->cap_strings ? c->cap_strings * 2 : 256;
	struct bytes *p = arena_array(&c->arena, cap, sizeof *p);

	if (!p)
		return false;
	for (uint32_t i = 0; i < c->cap_strings; i++) {
		uint32_t at = (uint32_t)hash_bytes(c->strings[i]) & (cap - 1);

		if (!c->strings[i].p)
			continue;
		while (p[at].p)
			at = (at + 1) & (cap - 1);
		p[at] = c->strings[i];
	}
	c->strings = p;
	c->cap_strings = cap;
	return true;
}

struct bytes
intern(struct compiler *c, struct bytes text)
{
	uint32_t at;

	if (c->n_strings * 2 >= c->cap_strings && !grow_strings(c))
		return text;
	at = (uint32_t)hash_bytes(text) & (c->cap_strings - 1);
	while (c->strings[at].p) {
		if (bytes_equal(c->strings[at], text))
			return c->strings[at];
		at = (at + 1) & (c->cap_strings - 1);
	}
	c->strings[at] = arena_copy(&c->policy->arena, text);
	c->n_strings++;
	return c->strings[at];
}

/* A copy in the policy's memory, strings interned, containers frozen. */
status
intern_value(struct compiler *c, struct value *v)
{
	size_t n = v->type == VALUE_OBJECT ? (size_t)v->n * 2 : v->n;
	struct value *p;

	TRY(compile_work(c, 1));
	if (v->type == VALUE_STRING) {
		v->u.s = intern(c, bytes_of(v->u.s, v->n)).p;
		v->flags |= VALUE_INTERNED;
	} else if (v->type == VALUE_NUMBER && !(v->flags & VALUE_INT)) {
		v->u.s = arena_copy(&c->policy->arena, bytes_of(v->u.s, v->n)).p;
	} else if (value_is_collection(v) && n > 0) {
		p = arena_raw(&c->policy->arena, n * sizeof *p, _Alignof(struct value));
		if (!p)
			return compile_memory(c);
		mem_copy(p, v->u.items, n * sizeof *p);
		for (size_t i = 0; i < n; i++)
			TRY(intern_value(c, &p[i]));
		v->u.items = p;
	}
	if (value_is_collection(v))
		v->flags = VALUE_INTERNED;
	return compile_memory(c);
}

static uint64_t
hash_scalar(const struct value *v)
{
	if (v->type == VALUE_STRING)
		return hash_bytes(bytes_of(&v->u.s, sizeof v->u.s)) * 31 + v->n;
	if (v->type == VALUE_NUMBER && (v->flags & VALUE_INT))
		return hash_bytes(bytes_of(&v->u.i, sizeof v->u.i));
	return 0x9e3779b97f4a7c15u * (v->type + 2u * (v->type == VALUE_BOOL && v->u.b));
}

static bool
same_scalar(const struct value *a, const struct value *b)
{
	if (a->type != b->type || a->n != b->n)
		return false;
	if (a->type == VALUE_STRING)
		return a->u.s == b->u.s;
	if (a->type == VALUE_NUMBER)
		return (a->flags & VALUE_INT) && (b->flags & VALUE_INT) && a->u.i == b->u.i;
	return a->type == VALUE_NULL || (a->type == VALUE_BOOL && a->u.b == b->u.b);
}

static status
add_const(struct compiler *c, struct value v, uint32_t *ret)
{
	TRY(grow(c, &c->consts, c->n_consts, &c->cap_consts, sizeof *c->consts));
	*ret = c->n_consts;
	c->consts[c->n_consts++] = v;
	return OK;
}

static status
grow_const_index(struct compiler *c)
{
	uint32_t cap = c->cap_const_index ? c->cap_const_index * 2 : 256;
	uint32_t *p = arena_array(&c->arena, cap, sizeof *p);

	if (!p)
		return compile_memory(c);
	for (uint32_t i = 0; i < c->cap_const_index; i++) {
		uint32_t at;

		if (!c->const_index[i])
			continue;
		at = (uint32_t)hash_scalar(&c->consts[c->const_index[i] - 1]) & (cap - 1);
		while (p[at])
			at = (at + 1) & (cap - 1);
		p[at] = c->const_index[i];
	}
	c->const_index = p;
	c->cap_const_index = cap;
	return OK;
}

status
const_operand(struct plan *p, struct value v, uint32_t *ret)
{
	struct compiler *c = p->c;
	uint32_t at, n;

	/* Part of a constant: the policy's own already. */
	if (!value_is_collection(&v) || !(v.flags & VALUE_INTERNED))
		TRY(intern_value(c, &v));
	if (value_is_collection(&v)) {
		TRY(add_const(c, v, &n));
		*ret = n | CONST_BIT;
		return OK;
	}
	if (c->n_const_index * 2 >= c->cap_const_index)
		TRY(grow_const_index(c));
	at = (uint32_t)hash_scalar(&v) & (c->cap_const_index - 1);
	while (c->const_index[at]) {
		if (same_scalar(&c->consts[c->const_index[at] - 1], &v)) {
			*ret = (c->const_index[at] - 1) | CONST_BIT;
			return OK;
		}
		at = (at + 1) & (c->cap_const_index - 1);
	}
	TRY(add_const(c, v, &n));
	c->const_index[at] = n + 1;
	c->n_const_index++;
	*ret = n | CONST_BIT;
	return OK;
}

const struct value *
const_at(const struct plan *p, uint32_t operand)
{
	return (operand & CONST_BIT) ? &p->c->consts[operand & ~CONST_BIT] : NULL;
}

status
builtin_index(struct compiler *c, const struct rego_builtin *b, uint32_t *ret)
{
	for (*ret = 0; *ret < c->n_used; (*ret)++)
		if (c->used[*ret] == b)
			return OK;
	TRY(grow(c, &c->used, c->n_used, &c->cap_used, sizeof *c->used));
	c->used[c->n_used++] = b;
	return OK;
}

bool
is_mocked(const struct compiler *c, struct callee f)
{
	for (uint32_t i = 0; i < c->n_mocked; i++)
		if (c->mocked[i].group == f.group && c->mocked[i].builtin == f.builtin)
			return true;
	return false;
}

status
mock_index(struct compiler *c, struct callee f, uint32_t *ret)
{
	for (*ret = 0; *ret < c->n_mocked; (*ret)++)
		if (c->mocked[*ret].group == f.group && c->mocked[*ret].builtin == f.builtin)
			return OK;
	TRY(grow(c, &c->mocked, c->n_mocked, &c->cap_mocked, sizeof *c->mocked));
	c->mocked[c->n_mocked++] = f;
	return OK;
}
