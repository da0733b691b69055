/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/plan.h"

/* What the yields of a rule need. */
struct making {
	struct group *group;
	struct rule *head; /* the definition */
	struct rule *rule; /* its branch that is planned */
	uint32_t result;   /* register: value, or list */
	uint32_t matched;  /* register: this branch has a solution; NO_REGISTER = not needed */
	uint32_t next;     /* label: the next definition */
	uint32_t first;    /* label: leave at the first solution; UINT32_MAX = look for all */
	bool tree;         /* object entries have paths */
	var_set *before;   /* bound by the arguments */
	uint32_t index;    /* register of plan_index() */
	uint32_t number;   /* of the definition */
};

status
begin_function(struct plan *p, struct compiler *c, const struct rule *r)
{
	*p = (struct plan){.c = c,
	                   .start = c->n_code,
	                   .rule = r,
	                   .value_into = NO_REGISTER,
	                   .source = r ? r->source : &c->query_source};
	p->vars = r ? r->vars : c->query_slots;
	return OK;
}

status
begin_rule(struct plan *p, const struct rule *r)
{
	p->rule = r;
	if (r) {
		p->source = r->source;
		p->vars = r->vars;
		p->n_vars = r->n_vars;
	}
	p->file = 0;
	for (const struct module *m = p->c->modules; m && !(r && m == r->module); m = m->next)
		p->file++;
	p->words = p->n_vars / 64 + 1;
	p->bound = arena_array(&p->c->arena, p->words, sizeof *p->bound);
	p->reg_of = arena_array(&p->c->arena, p->n_vars + 1, sizeof *p->reg_of);
	if (!p->bound || !p->reg_of)
		return compile_memory(p->c);
	for (uint32_t i = 0; i <= p->n_vars; i++)
		p->reg_of[i] = UINT32_MAX;
	p->unsafe_var = 0;
	if (r)
		set_line(p, r->off);
	return OK;
}

status
end_function(struct plan *p, struct function *f, uint32_t n_args)
{
	struct compiler *c = p->c;
	uint32_t unused;

	TRY(new_registers(p, 1, &unused));
	p->max_registers = MAX(p->max_registers, p->n_registers);
	for (uint32_t i = p->start; i < c->n_code; i++) {
		const char *operands = opcode_operands[c->code[i].op];

		if (operands[3] == 'j')
			c->code[i].d = p->labels[c->code[i].d];
	}
	f->entry = p->start;
	f->end = c->n_code;
	f->n_registers = p->max_registers;
	f->n_args = (uint16_t)n_args;
	return OK;
}

/* ---- solutions ---- */

/* Arguments that could not be matched before the body. */
static status
match_deferred(struct plan *p, const struct rule *r, const var_set *before)
{
	for (uint32_t i = 0; p->deferred && i < r->n_args; i++) {
		struct plan then = *p;
		var_set *outs = arena_array(&p->c->arena, p->words, sizeof *outs);

		then.bound = (var_set *)(uintptr_t)before;
		if (!outs)
			return compile_memory(p->c);
		if (ready_pattern(&then, r->args[i], outs))
			continue;
		TRY(head_ready(p, r->args[i]));
		TRY(plan_match(p, r->args[i], i));
	}
	return OK;
}

static status
yield_value(struct plan *p, void *ctx)
{
	struct making *m = ctx;
	bool function = m->group->kind == GROUP_FUNCTION;
	uint32_t val;

	TRY(match_deferred(p, m->head, m->before));
	TRY(head_ready(p, m->rule->value));
	set_line(p, m->rule->off);
	TRY(plan_term(p, m->rule->value, NO_REGISTER, &val));
	TRY(emit(p, OP_RESULT, m->result, val, function, 0));
	if (m->first != UINT32_MAX)
		return emit(p, OP_JUMP, 0, 0, 0, m->first);
	/* Without loops there is no second solution. A constant stays what it is. */
	if (!p->loops || const_at(p, val))
		return emit(p, OP_JUMP, 0, 0, 0, m->next);
	if (m->matched != NO_REGISTER)
		TRY(plan_into(p, &(struct term){.kind = TERM_CONST, .u.value = json_bool(true)},
		              m->matched));
	return emit(p, OP_JUMP, 0, 0, 0, p->fail);
}

static status
yield_set_item(struct plan *p, void *ctx)
{
	struct making *m = ctx;
	uint32_t val;

	TRY(head_ready(p, m->rule->value));
	TRY(plan_term(p, m->rule->value, NO_REGISTER, &val));
	TRY(emit(p, OP_PUSH, m->result, val, 0, 0));
	return emit(p, OP_JUMP, 0, 0, 0, p->fail);
}

/* Kinds of entries of an object with paths, see vm_object.c. */
enum { ENTRY_VALUE, ENTRY_SET, ENTRY_DEFAULT };

static status
yield_entry(struct plan *p, void *ctx)
{
	struct making *m = ctx;
	struct rule *r = m->head;
	uint32_t from = m->group->depth - r->module->n_package, base, path, val, kind;
	uint32_t n = r->n_path - from;

	TRY(new_registers(p, n, &base));
	for (uint32_t i = 0; i < n; i++) {
		TRY(head_ready(p, r->path[from + i]));
		TRY(plan_into(p, r->path[from + i], base + i));
	}
	TRY(head_ready(p, m->rule->value));
	TRY(plan_term(p, m->rule->value, NO_REGISTER, &val));
	if (!m->tree) {
		TRY(emit(p, OP_PUSH2, m->result, base, val, 0));
	} else {
		TRY(new_registers(p, 1, &path));
		TRY(emit(p, OP_ARRAY, path, base, n, 0));
		TRY(const_operand(p,
		                  json_int(r->is_set       ? ENTRY_SET
		                           : r->is_default ? ENTRY_DEFAULT
		                                           : ENTRY_VALUE),
		                  &kind));
		TRY(emit(p, OP_PUSH2, m->result, path, kind, 0));
		TRY(emit(p, OP_PUSH, m->result, val, 0, 0));
	}
	if (m->matched != NO_REGISTER)
		TRY(plan_into(p, &(struct term){.kind = TERM_CONST, .u.value = json_bool(true)},
		              m->matched));
	return emit(p, OP_JUMP, 0, 0, 0, p->fail);
}

/* ---- definitions ---- */

/* Arguments are the first registers. */
static status
match_arguments(struct plan *p, const struct rule *r)
{
	p->deferred = false;
	for (uint32_t i = 0; i < r->n_args; i++) {
		struct term *t = r->args[i];
		var_set *outs = arena_array(&p->c->arena, p->words, sizeof *outs);

		if (!outs)
			return compile_memory(p->c);
		if (!ready_pattern(p, t, outs)) {
			p->deferred = true;
			continue;
		}
		if (t->kind == TERM_VAR && !is_bound(p, NULL, t->var)) {
			p->reg_of[t->var] = i;
			set_add(p->bound, t->var);
			continue;
		}
		TRY(plan_match(p, t, i));
	}
	return OK;
}

/* One body of a definition; control arrives at the returned label when it has no (more) solution.
 */
static status
plan_branch(struct plan *p, struct making *m, struct rule *branch, yield_fn *yield)
{
	uint32_t exhausted, fail = p->fail;

	m->rule = branch;
	m->matched = NO_REGISTER;
	if (branch->otherwise) {
		TRY(new_registers(p, 1, &m->matched));
		TRY(emit(p, OP_UNDEF, m->matched, 0, 0, 0));
	}
	TRY(new_label(p, &exhausted));
	p->loops = false;
	set_line(p, branch->off);
	TRY(plan_body(p, branch->body, exhausted, yield, m));
	bind_label(p, exhausted);
	if (branch->otherwise) {
		uint32_t other;

		TRY(new_label(p, &other));
		TRY(emit(p, OP_DEFINED, 0, m->matched, 0, other));
		TRY(emit(p, OP_JUMP, 0, 0, 0, m->next));
		bind_label(p, other);
	}
	p->fail = fail;
	return OK;
}

static status
plan_definition(struct plan *p, struct making *m, struct rule *r, yield_fn *yield)
{
	uint32_t registers = p->n_registers;

	TRY(begin_rule(p, r));
	TRY(new_label(p, &m->next));
	p->fail = m->next;
	m->head = r;
	if (m->index != NO_REGISTER)
		TRY(emit(p, OP_TRY_RULE, 0, m->index, m->number, m->next));
	m->number++;
	m->before = arena_array(&p->c->arena, p->words, sizeof *m->before);
	if (!m->before)
		return compile_memory(p->c);
	TRY(match_arguments(p, r));
	mem_copy(m->before, p->bound, p->words * sizeof *m->before);
	for (struct rule *branch = r; branch; branch = branch->otherwise)
		TRY(plan_branch(p, m, branch, yield));
	bind_label(p, m->next);
	/* The next definition needs nothing of this one: it may have its registers. */
	p->max_registers = MAX(p->max_registers, p->n_registers);
	p->n_registers = registers;
	return OK;
}

/* All branches of all definitions have this one constant value. */
static bool
one_constant(struct plan *p, const struct group *g)
{
	struct value first, v;
	bool any = false;

	for (uint32_t i = 0; i < g->n_rules; i++) {
		for (struct rule *r = g->rules[i]; r; r = r->otherwise) {
			if (!constant_term(p, r->value, &v) || (any && !value_eq(&first, &v)))
				return false;
			first = v;
			any = true;
		}
	}
	return any;
}

static status
plan_default(struct plan *p, struct making *m, struct group *g)
{
	uint32_t undefined;

	if (!g->fallback)
		return OK;
	TRY(begin_rule(p, g->fallback));
	TRY(new_label(p, &undefined));
	TRY(emit(p, OP_DEFINED, 0, m->result, 0, undefined));
	TRY(emit(p, OP_RETURN, 0, m->result, 0, 0));
	bind_label(p, undefined);
	TRY(new_label(p, &m->next));
	p->fail = m->next;
	TRY(match_arguments(p, g->fallback));
	TRY(head_ready(p, g->fallback->value));
	TRY(plan_into(p, g->fallback->value, m->result));
	bind_label(p, m->next);
	return OK;
}

static status
plan_value_group(struct plan *p, struct group *g)
{
	struct making m = {.group = g, .first = UINT32_MAX};
	uint32_t done;

	TRY(new_label(p, &done));
	TRY(new_registers(p, 1, &m.result));
	TRY(emit(p, OP_UNDEF, m.result, 0, 0, 0));
	if (one_constant(p, g))
		m.first = done;
	TRY(plan_index(p, g, &m.index));
	for (uint32_t i = 0; i < g->n_rules; i++)
		TRY(plan_definition(p, &m, g->rules[i], yield_value));
	TRY(plan_default(p, &m, g));
	bind_label(p, done);
	return emit(p, OP_RETURN, 0, m.result, 0, 0);
}

static status
plan_set_group(struct plan *p, struct group *g)
{
	struct making m = {.group = g, .first = UINT32_MAX};

	TRY(new_registers(p, 1, &m.result));
	TRY(emit(p, OP_LIST, m.result, 0, 0, 0));
	TRY(plan_index(p, g, &m.index));
	for (uint32_t i = 0; i < g->n_rules; i++)
		TRY(plan_definition(p, &m, g->rules[i], yield_set_item));
	TRY(emit(p, OP_TO_SET, m.result, 0, 0, 0));
	return emit(p, OP_RETURN, 0, m.result, 0, 0);
}

static status
plan_object_group(struct plan *p, struct group *g)
{
	struct making m = {.group = g, .first = UINT32_MAX};

	for (uint32_t i = 0; i < g->n_rules; i++) {
		const struct rule *r = g->rules[i];

		m.tree |= r->is_set || r->is_default ||
		          r->n_path - (g->depth - r->module->n_package) != 1;
	}
	TRY(new_registers(p, 1, &m.result));
	TRY(emit(p, OP_LIST, m.result, 0, 0, 0));
	TRY(plan_index(p, g, &m.index));
	for (uint32_t i = 0; i < g->n_rules; i++)
		TRY(plan_definition(p, &m, g->rules[i], yield_entry));
	TRY(emit(p, m.tree ? OP_TO_TREE : OP_TO_OBJECT, m.result, 0, 0, 0));
	return emit(p, OP_RETURN, 0, m.result, 0, 0);
}

static status
plan_group(struct compiler *c, struct group *g, struct function *f)
{
	const struct rule *r = g->n_rules ? g->rules[0] : g->fallback;
	struct plan p;

	f->kind = g->kind;
	f->constant = g->constant;
	f->value = g->value;
	TRY(begin_function(&p, c, r));
	TRY(begin_rule(&p, r));
	f->line = p.file << LINE_BITS | p.line;
	if (g->constant)
		return OK;
	p.n_registers = g->n_args;
	switch ((enum group_kind)g->kind) {
	case GROUP_VALUE:
	case GROUP_FUNCTION:
		TRY(plan_value_group(&p, g));
		break;
	case GROUP_SET:
		TRY(plan_set_group(&p, g));
		break;
	case GROUP_OBJECT:
		TRY(plan_object_group(&p, g));
		break;
	}
	return end_function(&p, f, g->n_args);
}

/* ---- constants ---- */

/* name := constant, and nothing else under this name. */
static status
fold_constant(struct compiler *c, struct group *g, bool *progress)
{
	const struct rule *r = g->n_rules ? g->rules[0] : g->fallback;
	struct plan p;
	struct value v;

	if (g->kind != GROUP_VALUE || g->constant || g->n_rules > 1 || r->body || r->otherwise)
		return OK;
	if (g->n_rules == 1 && g->fallback) /* the default is never needed */
		return OK;
	TRY(begin_function(&p, c, r));
	if (!constant_term(&p, r->value, &v))
		return compile_memory(c);
	TRY(intern_value(c, &v));
	g->value = v;
	g->constant = true;
	*progress = true;
	return OK;
}

static bool
below_target(const struct compiler *c, const struct group *g)
{
	for (const struct target *t = c->targets; t; t = t->next) {
		const struct node *n = g->node;
		uint32_t both = MIN(t->n, n->depth);
		bool same = true;

		while (n->depth > both)
			n = n->parent;
		for (; n->parent && same; n = n->parent)
			same = t->path[n->depth - 1]->u.value.type == VALUE_STRING &&
			       bytes_equal(n->key, json_text(&t->path[n->depth - 1]->u.value));
		if (same)
			return true;
	}
	return false;
}

static status
fold_constants(struct compiler *c)
{
	bool progress = true;

	for (struct group *g = c->groups; g; g = g->next)
		g->mocked = below_target(c, g);
	/* Rules that name each other: as often as it helps, but not for ever. */
	for (int round = 0; round < 4 && progress; round++) {
		progress = false;
		for (struct group *g = c->groups; g; g = g->next)
			TRY(fold_constant(c, g, &progress));
	}
	return OK;
}

status
plan_all(struct compiler *c)
{
	struct policy *pol = c->policy;
	uint32_t n = c->n_groups + (c->query != NULL);

	TRY(fold_constants(c));
	if (c->trace) {
		pol->expressions =
		        arena_array(&pol->arena, c->n_exprs + 1, sizeof *pol->expressions);
		if (!pol->expressions)
			return compile_memory(c);
		pol->n_expressions = c->n_exprs;
	}
	pol->functions = arena_array(&pol->arena, n, sizeof *pol->functions);
	if (n > 0 && !pol->functions)
		return compile_memory(c);
	pol->n_functions = n;
	for (struct group *g = c->groups; g; g = g->next) {
		TRY(plan_group(c, g, &pol->functions[g->index]));
		pol->functions[g->index].node = g->node->index;
	}
	if (c->query) {
		TRY(plan_query(c, &pol->functions[c->n_groups]));
		pol->query = c->n_groups + 1;
	}
	return OK;
}
