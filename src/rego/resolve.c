/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/resolve.h"

#include <stdarg.h>
#include <stdio.h>

static status resolve_body(struct resolver *rs, struct body *b);

status
resolve_error(struct resolver *rs, uint32_t off, const char *id, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return source_error(rs->source, off, rs->c->err, ERR_PARSE, id, "%s", text);
}

/* ---- global names ---- */

static const struct import *
find_import(const struct resolver *rs, struct bytes name)
{
	if (!rs->module)
		return NULL;
	for (const struct import *im = rs->module->imports; im; im = im->next)
		if (!im->keyword && bytes_equal(im->alias, name))
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

/* What a closure in the head prints is the closure's own, or an argument. */
static bool
of_the_body(const struct resolver *rs, const struct declared *d)
{
	const struct declared *other = rs->head ? rs->head->declared : NULL;

	while (other && other != d)
		other = other->next;
	return other;
}

static status
resolve_wildcard(struct resolver *rs, struct term *t)
{
	if (rs->printing || rs->template)
		return nothing_binds(rs, t->u.name);
	TRY(new_var(rs, t->u.name, t->off, &t->var));
	return occurs(rs, t->var);
}

/* A variable as written: a local, a document, a rule of this package, or undeclared. */
static status
resolve_var(struct resolver *rs, struct term *t)
{
	struct bytes name = t->u.name;
	const struct import *im;
	struct declared *d;

	if (t->wildcard)
		return resolve_wildcard(rs, t);
	if ((d = find_declared(rs, name))) {
		if (rs->printing && ((d->by == BY_SOME && !d->used) || of_the_body(rs, d)))
			return nothing_binds(rs, name);
		d->used = true;
		t->var = d->var;
		return occurs(rs, t->var);
	}
	if (is_declared_later(rs, name))
		return implicit_var(rs, t);
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

static bool
is_local(const struct resolver *rs, struct bytes name)
{
	return find_declared(rs, name) || is_declared_later(rs, name);
}

/* The node that a written name means: NULL if it is none below data. */
static struct node *
function_node(struct resolver *rs, const struct term *fn)
{
	const struct term *head = fn->kind == TERM_REF ? fn->items[0] : fn;
	struct node *n = rs->c->root;
	const struct import *im;

	if (head->kind != TERM_VAR || is_local(rs, head->u.name))
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
struct callee
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
	/* One more is where the result goes: the expression f(x, y) is f(x) = y. */
	if (t->n == want || (t->n == want + 1 && t == rs->statement))
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
unknown_function(struct resolver *rs, const struct term *t)
{
	struct bytes name = t->u.call.name;

	return resolve_error(rs, t->off, "E-REGO-011", "unknown function %.*s", BYTES_ARG(name));
}

/*
 * f() of a rule whose heads are written f() is f, as long as one of them has a value that is not
 * known here. (OPA calls every other one an undefined function; Kata's rules have such calls.)
 */
static bool
is_rule_called(struct resolver *rs, const struct term *t)
{
	const struct node *n = t->n == 0 && is_name_path(t->fn) ? function_node(rs, t->fn) : NULL;
	const struct group *g = n ? n->group : NULL;
	const struct term *head = t->fn->kind == TERM_REF ? t->fn->items[0] : t->fn;
	bool open = false;

	if (!g || g->kind == GROUP_FUNCTION || is_local(rs, head->u.name))
		return false;
	for (uint32_t i = 0; i < g->n_rules; i++) {
		const struct term *value = g->rules[i]->value;

		if (!g->rules[i]->no_args)
			return false;
		open |= value->kind != TERM_CONST;
	}
	return open;
}

/* count := 1 hides count(). */
static status
check_hidden(struct resolver *rs, const struct term *t)
{
	const struct term *head = t->fn->kind == TERM_REF ? t->fn->items[0] : t->fn;

	if (!t->u.call.callee.builtin || !is_local(rs, head->u.name))
		return OK;
	return resolve_error(rs, t->off, "E-REGO-019", "a variable hides function %.*s",
	                     BYTES_ARG(t->u.call.name));
}

/* Its arguments get their values in front of it. */
static status
resolve_print(struct resolver *rs, struct term *t)
{
	bool printing = rs->printing;

	if (t != rs->statement)
		return resolve_error(rs, t->off, "E-REGO-023", "%.*s has no value",
		                     BYTES_ARG(t->u.call.name));
	for (uint32_t i = 0; i < t->n; i++) {
		rs->printing = true;
		rs->print_off = t->items[i]->off;
		TRY(resolve_term(rs, t->items[i]));
	}
	rs->printing = printing;
	return OK;
}

static status
resolve_call(struct resolver *rs, struct term *t)
{
	bool done;

	TRY(resolve_metadata(rs, t, &done));
	if (done)
		return OK;
	if (t->fn) {
		t->u.call.callee = find_callee(rs, t->fn);
		TRY(check_hidden(rs, t));
	}
	if (t->u.call.callee.builtin && (t->u.call.callee.builtin->flags & BUILTIN_VARIADIC))
		return resolve_print(rs, t);
	for (uint32_t i = 0; i < t->n; i++)
		TRY(resolve_term(rs, t->items[i]));
	if (!t->fn) {
		if (bytes_is(t->u.call.name, "eq") || bytes_is(t->u.call.name, "assign"))
			return OK;
		t->u.call.callee.builtin = rego_builtin_find(rs->c->builtins, t->u.call.name);
	}
	if (!t->u.call.callee.builtin && !t->u.call.callee.group) {
		if (!t->fn || !is_rule_called(rs, t))
			return unknown_function(rs, t);
		*t = *t->fn;
		return resolve_term(rs, t);
	}
	return check_arity(rs, t);
}

/* ---- terms and bodies ---- */

static status
resolve_comprehension(struct resolver *rs, struct term *t)
{
	bool printing = rs->printing, template = rs->template;
	const struct term *statement = rs->statement;

	rs->printing = rs->template = false;
	TRY(scope_open(rs));
	t->u.comp.scope = rs->scope;
	TRY(resolve_body(rs, t->u.comp.body));
	rs->statement = NULL;
	if (t->u.comp.key)
		TRY(resolve_term(rs, t->u.comp.key));
	TRY(resolve_term(rs, t->u.comp.val));
	rs->printing = printing;
	rs->template = template;
	rs->statement = statement;
	return scope_close(rs);
}

static status
resolve_template(struct resolver *rs, struct term *t)
{
	bool template = rs->template;

	for (uint32_t i = 0; i < t->n; i++) {
		rs->template = true;
		rs->print_off = t->items[i]->off;
		TRY(resolve_term(rs, t->items[i]));
	}
	rs->template = template;
	return OK;
}

status
resolve_term(struct resolver *rs, struct term *t)
{
	if (t->resolved)
		return OK;
	t->resolved = true;
	switch ((enum term_kind)t->kind) {
	case TERM_CONST:
	case TERM_DATA:
	case TERM_INPUT:
	case TERM_HELD:
		return OK;
	case TERM_VAR:
		return resolve_var(rs, t);
	case TERM_REF:
		return resolve_ref(rs, t);
	case TERM_ARRAY:
	case TERM_SET:
	case TERM_OBJECT:
		for (uint32_t i = 0; i < t->n; i++)
			TRY(resolve_term(rs, t->items[i]));
		return OK;
	case TERM_TEMPLATE:
		return resolve_template(rs, t);
	case TERM_ARRAY_COMP:
	case TERM_SET_COMP:
	case TERM_OBJECT_COMP:
		return resolve_comprehension(rs, t);
	case TERM_CALL:
		return resolve_call(rs, t);
	}
	return OK;
}

/* The variables of `every` hide rules of their name in its collection too. */
static status
resolve_domain(struct resolver *rs, struct expr *e)
{
	struct declared *later = rs->scope->later, *used = rs->scope->used;

	if (e->key)
		TRY(declare_later_pattern(rs, e->key));
	TRY(declare_later_pattern(rs, e->val));
	TRY(resolve_term(rs, e->term));
	rs->scope->later = later;
	rs->scope->used = used;
	return OK;
}

static status
resolve_every(struct resolver *rs, struct expr *e)
{
	struct declared *d;

	TRY(resolve_domain(rs, e));
	TRY(scope_open(rs));
	e->scope = rs->scope;
	if (e->key) {
		TRY(declare(rs, e->key, BY_EVERY));
		TRY(resolve_term(rs, e->key));
	}
	TRY(declare(rs, e->val, BY_EVERY));
	TRY(resolve_term(rs, e->val));
	for (d = rs->scope->declared; d; d = d->next)
		d->used = false;
	TRY(resolve_body(rs, e->body));
	return scope_close(rs);
}

static status
resolve_some_in(struct resolver *rs, struct expr *e)
{
	TRY(resolve_term(rs, e->term));
	if (e->key) {
		TRY(declare_pattern(rs, e->key, BY_SOME_IN));
		TRY(resolve_term(rs, e->key));
	}
	TRY(declare_pattern(rs, e->val, BY_SOME_IN));
	return resolve_term(rs, e->val);
}

static const char *
kind_name(const struct term *t)
{
	if (t->kind == TERM_CONST)
		return value_type_name(&t->u.value);
	if (t->kind == TERM_ARRAY_COMP || t->kind == TERM_SET_COMP || t->kind == TERM_OBJECT_COMP)
		return "a comprehension";
	return t->kind == TERM_SET        ? "a set"
	       : t->kind == TERM_CALL     ? "a call"
	       : t->kind == TERM_TEMPLATE ? "a string"
	                                  : "a reference";
}

/* The old language lets a name hide input and data. */
static bool
hides_document(const struct resolver *rs, struct bytes name)
{
	return (!rs->module || rs->module->v1) &&
	       (bytes_is(name, "input") || bytes_is(name, "data"));
}

/* Left of := stand variables, arrays and objects of them. */
static status
declare_assigned(struct resolver *rs, struct term *t, bool inside)
{
	uint32_t step = t->kind == TERM_OBJECT ? 2 : 1;

	if (t->kind == TERM_VAR && hides_document(rs, t->u.name))
		return resolve_error(rs, t->off, inside ? "E-REGO-016" : "E-REGO-010",
		                     "a variable can't hide %.*s", BYTES_ARG(t->u.name));
	if (t->kind == TERM_VAR)
		return declare(rs, t, BY_ASSIGNMENT);
	if (t->kind != TERM_ARRAY && t->kind != TERM_OBJECT)
		return resolve_error(rs, t->off, "E-REGO-014", "can't assign to %s", kind_name(t));
	for (uint32_t i = step - 1; i < t->n; i += step)
		TRY(declare_assigned(rs, t->items[i], true));
	return OK;
}

static status
resolve_assignment(struct resolver *rs, struct expr *e)
{
	struct term *left = e->term->items[0];

	if (e->negated)
		return resolve_error(rs, e->off, "E-REGO-014",
		                     "nothing can be assigned in a negated expression");
	TRY(resolve_term(rs, e->term->items[1]));
	TRY(declare_assigned(rs, left, false));
	return resolve_term(rs, left);
}

static status
resolve_expr(struct resolver *rs, struct expr *e)
{
	e->number = rs->c->n_exprs++;
	rs->expr_off = e->off;
	rs->statement = NULL;
	for (uint32_t i = 0; i < e->n_with; i++)
		TRY(resolve_with(rs, &e->with[i]));
	switch ((enum expr_kind)e->kind) {
	case EXPR_SOME:
		for (uint32_t i = 0; i < e->n_names; i++)
			TRY(declare(rs, e->names[i], BY_SOME));
		return OK;
	case EXPR_SOME_IN:
		return resolve_some_in(rs, e);
	case EXPR_EVERY:
		return resolve_every(rs, e);
	case EXPR_TERM:
		break;
	}
	rs->statement = e->term;
	if (is_assignment(e->term))
		return resolve_assignment(rs, e);
	return resolve_term(rs, e->term);
}

static status
resolve_body(struct resolver *rs, struct body *b)
{
	TRY(declare_later(rs, b));
	for (uint32_t i = 0; i < b->n; i++)
		TRY(resolve_expr(rs, b->list[i]));
	rs->statement = NULL;
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
	rs->head = rs->scope;
	for (uint32_t i = 0; i < r->n_path; i++)
		TRY(resolve_term(rs, r->path[i]));
	TRY(resolve_term(rs, r->value));
	rs->head = NULL;
	return scope_close(rs);
}

/* Arguments are patterns: variables, constants, collections of them. */
static status
check_argument(struct resolver *rs, const struct term *t)
{
	if (t->kind == TERM_CALL)
		return resolve_error(rs, t->off, "E-REGO-019", "an argument can't contain a call");
	if (t->kind == TERM_REF)
		return resolve_error(rs, t->off, "E-REGO-016",
		                     "an argument can't contain a reference");
	if (t->kind == TERM_VAR && hides_document(rs, t->u.name))
		return resolve_error(rs, t->off, "E-REGO-010", "an argument can't hide %.*s",
		                     BYTES_ARG(t->u.name));
	for (uint32_t i = 0; i < t->n && t->kind != TERM_TEMPLATE; i++)
		TRY(check_argument(rs, t->items[i]));
	return OK;
}

static status
check_head(struct resolver *rs, const struct rule *r)
{
	struct bytes name = json_text(&r->path[0]->u.value);

	if (hides_document(rs, name))
		return resolve_error(rs, r->off, "E-REGO-010", "a rule can't hide %.*s",
		                     BYTES_ARG(name));
	for (uint32_t i = 0; i < r->n_args; i++)
		TRY(check_argument(rs, r->args[i]));
	return OK;
}

static status
resolve_rule(struct compiler *c, struct module *m, struct node *package, struct rule *r)
{
	struct resolver rs = {
	        .c = c, .source = r->source, .module = m, .package = package, .rule = r};

	TRY(scope_open(&rs));
	TRY(check_head(&rs, r));
	for (uint32_t i = 0; i < r->n_args; i++)
		TRY(declare_pattern(&rs, r->args[i], BY_ARGUMENT));
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

/* Two imports of one name: the second one would be lost. The old language has them. */
static status
check_imports(struct compiler *c, const struct module *m)
{
	for (const struct import *im = m->imports; im && m->v1; im = im->next) {
		for (const struct import *k = m->imports; k != im; k = k->next)
			if (bytes_equal(k->alias, im->alias))
				return source_error(&m->source, im->off, c->err, ERR_PARSE,
				                    "E-REGO-010",
				                    "an import can't hide another one: %.*s",
				                    BYTES_ARG(im->alias));
		TRY(compile_work(c, 1));
	}
	return OK;
}

status
resolve_all(struct compiler *c)
{
	for (struct module *m = c->modules; m; m = m->next)
		TRY(check_imports(c, m));
	for (struct module *m = c->modules; m; m = m->next) {
		struct node *package = c->root;

		for (uint32_t i = 0; i < m->n_package; i++)
			package = node_child(c, package, json_text(&m->package[i]->u.value));
		for (struct rule *r = m->rules; r; r = r->next)
			TRY(resolve_rule(c, m, package, r));
	}
	return c->query ? resolve_query(c) : OK;
}
