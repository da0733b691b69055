/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/compile.h"
#include "rego/scope.h"

/* One rule at a time. An undeclared name means the same variable everywhere in the rule. */
struct resolver {
	struct compiler *c;
	const struct source *source;
	const struct module *module; /* NULL: a query */
	struct node *package;
	const struct rule *rule;         /* or NULL */
	struct declared *names;          /* undeclared ones */
	struct declared *argument_names; /* those that stand in the arguments */
	struct scope *scope;
	struct variable *vars;
	uint32_t n_vars, cap_vars;
	bool query;
};

static status resolve_term(struct resolver *rs, struct term *t);
static status resolve_body(struct resolver *rs, struct body *b);

static status
name_error(struct resolver *rs, uint32_t off, const char *id, const char *what, struct bytes name)
{
	return source_error(rs->source, off, rs->c->err, ERR_PARSE, id, "%s %.*s", what,
	                    BYTES_ARG(name));
}

/* ---- scopes and variables ---- */

static status
scope_open(struct resolver *rs)
{
	struct scope *s = arena_new(&rs->c->arena, struct scope);

	if (!s)
		return compile_memory(rs->c);
	s->parent = rs->scope;
	rs->scope = s;
	return OK;
}

static void
scope_close(struct resolver *rs)
{
	rs->scope = rs->scope->parent;
}

static status
new_var(struct resolver *rs, struct bytes name, uint32_t off, uint32_t *ret)
{
	if (rs->n_vars + 1 >= rs->cap_vars) {
		uint32_t cap = rs->cap_vars ? rs->cap_vars * 2 : 16;
		struct variable *p = arena_array(&rs->c->arena, cap, sizeof *p);

		if (!p)
			return compile_memory(rs->c);
		if (rs->vars)
			mem_copy(p, rs->vars, (rs->n_vars + 1) * sizeof *p);
		rs->vars = p;
		rs->cap_vars = cap;
	}
	*ret = ++rs->n_vars;
	rs->vars[*ret] = (struct variable){.name = name, .off = off};
	return compile_work(rs->c, 1);
}

static status
occurs(struct resolver *rs, uint32_t var)
{
	struct variable *v = &rs->vars[var];
	struct occurrence *o;

	for (o = v->in; o; o = o->next)
		if (o->scope == rs->scope)
			return OK;
	o = arena_new(&rs->c->arena, struct occurrence);
	if (!o)
		return compile_memory(rs->c);
	o->scope = rs->scope;
	o->next = v->in;
	v->in = o;
	return OK;
}

static status
add_name(struct resolver *rs, struct declared **list, const struct term *t, uint32_t *ret)
{
	struct declared *d = arena_new(&rs->c->arena, struct declared);

	if (!d)
		return compile_memory(rs->c);
	TRY(new_var(rs, t->u.name, t->off, &d->var));
	d->name = t->u.name;
	d->next = *list;
	*list = d;
	*ret = d->var;
	return OK;
}

static status
declare(struct resolver *rs, struct term *t)
{
	uint32_t var;

	return t->wildcard ? OK : add_name(rs, &rs->scope->declared, t, &var);
}

/* Variables of a pattern left of := or behind some: everything but keys of objects. */
static status
declare_pattern(struct resolver *rs, struct term *t)
{
	if (t->kind == TERM_VAR)
		return declare(rs, t);
	if (t->kind == TERM_ARRAY)
		for (uint32_t i = 0; i < t->n; i++)
			TRY(declare_pattern(rs, t->items[i]));
	if (t->kind == TERM_OBJECT)
		for (uint32_t i = 1; i < t->n; i += 2)
			TRY(declare_pattern(rs, t->items[i]));
	return OK;
}

static uint32_t
declared_var(const struct resolver *rs, struct bytes name)
{
	for (const struct scope *s = rs->scope; s; s = s->parent)
		for (const struct declared *d = s->declared; d; d = d->next)
			if (bytes_equal(d->name, name))
				return d->var;
	return 0;
}

static status
implicit_var(struct resolver *rs, struct term *t)
{
	uint64_t n = 1;

	for (const struct declared *d = rs->names; d && !t->var; d = d->next, n++)
		if (bytes_equal(d->name, t->u.name))
			t->var = d->var;
	if (!t->var)
		TRY(add_name(rs, &rs->names, t, &t->var));
	TRY(occurs(rs, t->var));
	return compile_work(rs->c, n / 8);
}

/* ---- global names ---- */

static const struct import *
find_import(const struct resolver *rs, struct bytes name)
{
	if (!rs->module)
		return NULL;
	for (const struct import *im = rs->module->imports; im; im = im->next)
		if (bytes_equal(im->alias, name))
			return im;
	return NULL;
}

static struct term *
const_term(struct resolver *rs, struct bytes text, uint32_t off)
{
	struct term *t = arena_new(&rs->c->arena, struct term);

	if (t) {
		t->kind = TERM_CONST;
		t->off = off;
		t->u.value = json_string(text);
	}
	return t;
}

static struct term *
root_term(struct resolver *rs, enum term_kind kind, uint32_t off)
{
	struct term *t = arena_new(&rs->c->arena, struct term);

	if (t) {
		t->kind = (uint8_t)kind;
		t->off = off;
	}
	return t;
}

/* data.<package>.<name>, in place. */
static status
package_ref(struct resolver *rs, struct term *t, struct bytes name)
{
	uint32_t n = rs->module->n_package + 2;
	struct term **items = arena_array(&rs->c->arena, n, sizeof *items);

	if (!items)
		return compile_memory(rs->c);
	items[0] = root_term(rs, TERM_DATA, t->off);
	for (uint32_t i = 0; i < rs->module->n_package; i++)
		items[i + 1] = rs->module->package[i];
	items[n - 1] = const_term(rs, name, t->off);
	t->kind = TERM_REF;
	t->items = items;
	t->n = n;
	return compile_memory(rs->c);
}

static status
import_ref(struct resolver *rs, struct term *t, const struct import *im)
{
	const struct term *path = im->path;
	struct term **items;
	bool data;

	if (path->kind == TERM_VAR) {
		t->kind = bytes_is(path->u.name, "data") ? TERM_DATA : TERM_INPUT;
		return OK;
	}
	data = bytes_is(path->items[0]->u.name, "data");
	items = arena_array(&rs->c->arena, path->n, sizeof *items);
	if (!items)
		return compile_memory(rs->c);
	mem_copy(items, path->items, path->n * sizeof(struct term *));
	items[0] = root_term(rs, data ? TERM_DATA : TERM_INPUT, t->off);
	t->kind = TERM_REF;
	t->items = items;
	t->n = path->n;
	return compile_memory(rs->c);
}

static bool
is_rule_name(const struct resolver *rs, struct bytes name)
{
	const struct node *n = rs->package ? node_child(rs->c, rs->package, name) : NULL;

	return n && n->from_rule;
}

/* A variable as written: a local, a document, a rule of this package, or undeclared. */
static status
resolve_var(struct resolver *rs, struct term *t)
{
	struct bytes name = t->u.name;
	const struct import *im;

	if (t->wildcard) {
		TRY(new_var(rs, name, t->off, &t->var));
		return occurs(rs, t->var);
	}
	if ((t->var = declared_var(rs, name)) != 0)
		return occurs(rs, t->var);
	if ((im = find_import(rs, name)))
		return import_ref(rs, t, im);
	if (bytes_is(name, "data") || bytes_is(name, "input")) {
		t->kind = bytes_is(name, "data") ? TERM_DATA : TERM_INPUT;
		return OK;
	}
	if (is_rule_name(rs, name))
		return package_ref(rs, t, name);
	return implicit_var(rs, t);
}

/* A head that became a reference itself is merged: one list of brackets. */
static status
flatten(struct resolver *rs, struct term *t)
{
	struct term *head = t->items[0];
	struct term **items;

	if (head->kind != TERM_REF)
		return OK;
	items = arena_array(&rs->c->arena, (size_t)head->n + t->n - 1, sizeof *items);
	if (!items)
		return compile_memory(rs->c);
	mem_copy(items, head->items, head->n * sizeof(struct term *));
	mem_copy(items + head->n, t->items + 1, (t->n - 1) * sizeof(struct term *));
	t->items = items;
	t->n += head->n - 1;
	return OK;
}

static status
resolve_ref(struct resolver *rs, struct term *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		TRY(resolve_term(rs, t->items[i]));
	return flatten(rs, t);
}

/* ---- calls ---- */

/* The node that a written name means: NULL if it is none below data. */
static struct node *
function_node(struct resolver *rs, const struct term *fn)
{
	const struct term *head = fn->kind == TERM_REF ? fn->items[0] : fn;
	struct node *n = rs->c->root;
	const struct import *im;

	if (head->kind != TERM_VAR || declared_var(rs, head->u.name))
		return NULL;
	if ((im = find_import(rs, head->u.name)) && im->path->kind == TERM_REF &&
	    bytes_is(im->path->items[0]->u.name, "data")) {
		for (uint32_t i = 1; n && i < im->path->n; i++)
			n = node_child(rs->c, n, json_text(&im->path->items[i]->u.value));
	} else if (is_rule_name(rs, head->u.name)) {
		n = node_child(rs->c, rs->package, head->u.name);
	} else if (!bytes_is(head->u.name, "data")) {
		return NULL;
	}
	for (uint32_t i = 1; n && fn->kind == TERM_REF && i < fn->n; i++) {
		const struct term *key = fn->items[i];

		if (key->kind != TERM_CONST || key->u.value.type != VALUE_STRING)
			return NULL;
		n = node_child(rs->c, n, json_text(&key->u.value));
	}
	return n;
}

static struct bytes
written_name(struct resolver *rs, const struct term *fn)
{
	struct bytes name = fn->kind == TERM_REF ? fn->items[0]->u.name : fn->u.name;

	for (uint32_t i = 1; fn->kind == TERM_REF && i < fn->n; i++) {
		struct bytes part = json_text(&fn->items[i]->u.value);

		name = arena_printf(&rs->c->arena, "%.*s.%.*s", BYTES_ARG(name), BYTES_ARG(part));
	}
	return name;
}

static bool
is_name_path(const struct term *t)
{
	if (t->kind == TERM_VAR)
		return true;
	if (t->kind != TERM_REF || t->items[0]->kind != TERM_VAR)
		return false;
	for (uint32_t i = 1; i < t->n; i++)
		if (t->items[i]->kind != TERM_CONST || t->items[i]->u.value.type != VALUE_STRING)
			return false;
	return true;
}

/* What a written name calls: a function of the policy before one of ours. */
static struct callee
find_callee(struct resolver *rs, const struct term *fn)
{
	struct callee found = {0};
	struct node *n;

	if (!is_name_path(fn))
		return found;
	n = function_node(rs, fn);
	if (n) {
		if (n->group && n->group->kind == GROUP_FUNCTION)
			found.group = n->group;
		return found;
	}
	found.builtin = rego_builtin_find(rs->c->builtins, written_name(rs, fn));
	return found;
}

static status
check_arity(struct resolver *rs, const struct term *t)
{
	const struct callee *f = &t->u.call.callee;
	uint32_t want = f->group ? f->group->n_args : f->builtin->arity;

	if (f->builtin && (f->builtin->flags & BUILTIN_VARIADIC))
		return OK;
	/* One more is where the result goes: f(x, y) is f(x) = y. */
	if (t->n == want || t->n == want + 1)
		return OK;
	return source_error(rs->source, t->off, rs->c->err, ERR_PARSE, "E-REGO-012",
	                    "%.*s has %u argument%s, not %u", BYTES_ARG(t->u.call.name), want,
	                    want == 1 ? "" : "s", t->n);
}

/* rego.metadata.rule() and .chain() are constants. */
static status
resolve_metadata(struct resolver *rs, struct term *t, bool *done)
{
	bool chain = bytes_is(t->u.call.name, "rego.metadata.chain");

	*done = rs->rule && t->n == 0 && (chain || bytes_is(t->u.call.name, "rego.metadata.rule"));
	if (!*done)
		return OK;
	t->kind = TERM_CONST;
	return metadata_of(rs->c, rs->rule, chain, &t->u.value);
}

static status
resolve_call(struct resolver *rs, struct term *t)
{
	bool done;

	TRY(resolve_metadata(rs, t, &done));
	if (done)
		return OK;
	for (uint32_t i = 0; i < t->n; i++)
		TRY(resolve_term(rs, t->items[i]));
	if (!t->fn) {
		if (bytes_is(t->u.call.name, "eq") || bytes_is(t->u.call.name, "assign"))
			return OK;
		t->u.call.callee.builtin = rego_builtin_find(rs->c->builtins, t->u.call.name);
	} else {
		t->u.call.callee = find_callee(rs, t->fn);
	}
	if (!t->u.call.callee.builtin && !t->u.call.callee.group)
		return name_error(rs, t->off, "E-REGO-011", "unknown function", t->u.call.name);
	return check_arity(rs, t);
}

/* ---- terms and bodies ---- */

static status
resolve_comprehension(struct resolver *rs, struct term *t)
{
	TRY(scope_open(rs));
	t->u.comp.scope = rs->scope;
	TRY(resolve_body(rs, t->u.comp.body));
	if (t->u.comp.key)
		TRY(resolve_term(rs, t->u.comp.key));
	TRY(resolve_term(rs, t->u.comp.val));
	scope_close(rs);
	return OK;
}

static status
resolve_term(struct resolver *rs, struct term *t)
{
	if (t->resolved)
		return OK;
	t->resolved = true;
	switch ((enum term_kind)t->kind) {
	case TERM_CONST:
	case TERM_DATA:
	case TERM_INPUT:
		return OK;
	case TERM_VAR:
		return resolve_var(rs, t);
	case TERM_REF:
		return resolve_ref(rs, t);
	case TERM_ARRAY:
	case TERM_SET:
	case TERM_OBJECT:
	case TERM_TEMPLATE:
		for (uint32_t i = 0; i < t->n; i++)
			TRY(resolve_term(rs, t->items[i]));
		return OK;
	case TERM_ARRAY_COMP:
	case TERM_SET_COMP:
	case TERM_OBJECT_COMP:
		return resolve_comprehension(rs, t);
	case TERM_CALL:
		return resolve_call(rs, t);
	}
	return OK;
}

static status
add_target(struct resolver *rs, const struct term *t)
{
	struct target *target = arena_new(&rs->c->arena, struct target);

	if (!target)
		return compile_memory(rs->c);
	if (t->kind == TERM_REF) {
		target->path = t->items + 1;
		target->n = t->n - 1;
	}
	target->next = rs->c->targets;
	rs->c->targets = target;
	return OK;
}

static status
resolve_document_target(struct resolver *rs, struct with *w)
{
	struct term *t = w->target;
	const struct term *root;

	if (!is_name_path(t) && t->kind != TERM_INPUT && t->kind != TERM_DATA)
		return source_error(
		        rs->source, t->off, rs->c->err, ERR_PARSE, "E-REGO-013",
		        "with replaces input, data, a function, or a constant path below them");
	TRY(resolve_term(rs, t));
	root = t->kind == TERM_REF ? t->items[0] : t;
	if (root->kind != TERM_INPUT && root->kind != TERM_DATA)
		return source_error(
		        rs->source, t->off, rs->c->err, ERR_PARSE, "E-REGO-013",
		        "with replaces input, data, a function, or a constant path below them");
	return root->kind == TERM_DATA ? add_target(rs, t) : OK;
}

static status
resolve_with(struct resolver *rs, struct with *w)
{
	uint32_t unused;

	w->callee = find_callee(rs, w->target);
	w->is_function = w->callee.group || w->callee.builtin;
	if (!w->is_function) {
		TRY(resolve_document_target(rs, w));
		return resolve_term(rs, w->value);
	}
	TRY(mock_index(rs->c, w->callee, &unused));
	w->replacement = find_callee(rs, w->value);
	if (w->replacement.group || w->replacement.builtin)
		return OK;
	return resolve_term(rs, w->value);
}

static status
resolve_every(struct resolver *rs, struct expr *e)
{
	TRY(resolve_term(rs, e->term));
	TRY(scope_open(rs));
	e->scope = rs->scope;
	if (e->key) {
		TRY(declare(rs, e->key));
		TRY(resolve_term(rs, e->key));
	}
	TRY(declare(rs, e->val));
	TRY(resolve_term(rs, e->val));
	TRY(resolve_body(rs, e->body));
	scope_close(rs);
	return OK;
}

static bool
is_assignment(const struct term *t)
{
	return t->kind == TERM_CALL && !t->fn && bytes_is(t->u.call.name, "assign");
}

static status
resolve_some_in(struct resolver *rs, struct expr *e)
{
	TRY(resolve_term(rs, e->term));
	if (e->key) {
		TRY(declare_pattern(rs, e->key));
		TRY(resolve_term(rs, e->key));
	}
	TRY(declare_pattern(rs, e->val));
	return resolve_term(rs, e->val);
}

static status
resolve_expr(struct resolver *rs, struct expr *e)
{
	e->number = rs->c->n_exprs++;
	for (uint32_t i = 0; i < e->n_with; i++)
		TRY(resolve_with(rs, &e->with[i]));
	switch ((enum expr_kind)e->kind) {
	case EXPR_SOME:
		for (uint32_t i = 0; i < e->n_names; i++)
			TRY(declare(rs, e->names[i]));
		return OK;
	case EXPR_SOME_IN:
		return resolve_some_in(rs, e);
	case EXPR_EVERY:
		return resolve_every(rs, e);
	case EXPR_TERM:
		break;
	}
	if (!is_assignment(e->term))
		return resolve_term(rs, e->term);
	TRY(resolve_term(rs, e->term->items[1]));
	if (e->term->items[0]->kind != TERM_VAR && e->term->items[0]->kind != TERM_ARRAY &&
	    e->term->items[0]->kind != TERM_OBJECT)
		return source_error(rs->source, e->term->off, rs->c->err, ERR_PARSE, "E-REGO-014",
		                    "only variables, arrays and objects can be assigned to");
	if (e->term->items[0]->kind == TERM_VAR && !e->term->items[0]->wildcard)
		for (const struct declared *d = rs->scope->declared; d; d = d->next)
			if (bytes_equal(d->name, e->term->items[0]->u.name) && !rs->query)
				return name_error(rs, e->term->items[0]->off, "E-REGO-015",
				                  "declared twice: variable", d->name);
	TRY(declare_pattern(rs, e->term->items[0]));
	return resolve_term(rs, e->term->items[0]);
}

static status
resolve_body(struct resolver *rs, struct body *b)
{
	for (uint32_t i = 0; i < b->n; i++)
		TRY(resolve_expr(rs, b->list[i]));
	return OK;
}

/* Body first: the head uses what it declares. The else branches see the arguments only. */
static status
resolve_branch(struct resolver *rs, struct rule *r)
{
	rs->names = rs->argument_names;
	TRY(scope_open(rs));
	if (r->body)
		TRY(resolve_body(rs, r->body));
	for (uint32_t i = 0; i < r->n_path; i++)
		TRY(resolve_term(rs, r->path[i]));
	TRY(resolve_term(rs, r->value));
	scope_close(rs);
	return OK;
}

static status
resolve_rule(struct compiler *c, struct module *m, struct node *package, struct rule *r)
{
	struct resolver rs = {
	        .c = c, .source = r->source, .module = m, .package = package, .rule = r};

	TRY(scope_open(&rs));
	for (uint32_t i = 0; i < r->n_args; i++)
		TRY(declare_pattern(&rs, r->args[i]));
	for (uint32_t i = 0; i < r->n_args; i++)
		TRY(resolve_term(&rs, r->args[i]));
	rs.argument_names = rs.names;
	for (struct rule *branch = r; branch; branch = branch->otherwise)
		TRY(resolve_branch(&rs, branch));
	for (struct rule *branch = r; branch; branch = branch->otherwise) {
		branch->vars = rs.vars;
		branch->n_vars = rs.n_vars;
	}
	return OK;
}

static status
query_names(struct compiler *c, const struct declared *list)
{
	for (const struct declared *d = list; d; d = d->next) {
		struct term *t = arena_new(&c->arena, struct term);

		if (!t)
			return compile_memory(c);
		*t = (struct term){.kind = TERM_VAR, .var = d->var, .u.name = d->name};
		c->query_vars[c->n_query_vars++] = t;
	}
	return OK;
}

static status
resolve_query(struct compiler *c)
{
	struct resolver rs = {.c = c, .source = &c->query_source, .query = true};

	TRY(scope_open(&rs));
	c->query_scope = rs.scope;
	TRY(resolve_body(&rs, c->query));
	c->query_vars = arena_array(&c->arena, rs.n_vars + 1, sizeof *c->query_vars);
	if (!c->query_vars)
		return compile_memory(c);
	TRY(query_names(c, rs.names));
	TRY(query_names(c, rs.scope->declared));
	c->query_slots = rs.vars;
	c->n_query_slots = rs.n_vars;
	return OK;
}

status
resolve_all(struct compiler *c)
{
	for (struct module *m = c->modules; m; m = m->next) {
		struct node *package = c->root;

		for (uint32_t i = 0; i < m->n_package; i++)
			package = node_child(c, package, json_text(&m->package[i]->u.value));
		for (struct rule *r = m->rules; r; r = r->next)
			TRY(resolve_rule(c, m, package, r));
	}
	return c->query ? resolve_query(c) : OK;
}
