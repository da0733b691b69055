/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/policy.h"

#include <stdlib.h>

#include "rego/compile.h"
#include "rego/parse.h"
#include "rego/plan.h"

/* ---- from the compiler's memory to the policy's ---- */

static status
move_array(struct compiler *c, const void *from, size_t n, size_t size, void *ret)
{
	void **to = ret;

	*to = arena_raw(&c->policy->arena, MAX(n * size, (size_t)1), 16);
	if (!*to)
		return compile_memory(c);
	mem_copy(*to, from, n * size);
	return OK;
}

static void
document_of(struct policy *p, const struct node *n, uint32_t *last)
{
	struct document *d = &p->documents[n->index];

	*d = (struct document){.key = n->key, .parent = n->parent ? n->parent->index : 0};
	if (n->group)
		d->function = n->group->index + 1;
	if (!n->parent)
		return;
	if (last[n->parent->index])
		p->documents[last[n->parent->index]].next = n->index;
	else
		p->documents[n->parent->index].child = n->index;
	last[n->parent->index] = n->index;
}

/* Nodes below a group are keys of its value, no documents. */
static void
move_tree(struct policy *p, const struct node *n, uint32_t *last)
{
	document_of(p, n, last);
	for (const struct node *k = n->child; k && !n->group; k = k->next)
		move_tree(p, k, last);
}

static status
move_documents(struct compiler *c)
{
	struct policy *p = c->policy;
	uint32_t *last = arena_array(&c->arena, c->n_nodes, sizeof *last);

	p->documents = arena_array(&p->arena, c->n_nodes, sizeof *p->documents);
	if (!last || !p->documents)
		return compile_memory(c);
	p->n_documents = c->n_nodes;
	move_tree(p, c->root, last);
	for (uint32_t i = 0; i < p->n_documents; i++)
		p->documents[i].key = intern(c, p->documents[i].key);
	return compile_memory(c);
}

static int
by_text(const void *a, const void *b)
{
	const struct json_name *const *x = a;
	const struct json_name *const *y = b;

	return bytes_cmp(bytes_of((*x)->p, (*x)->n), bytes_of((*y)->p, (*y)->n));
}

static status
rank_names(struct compiler *c, struct json_name *slots, uint32_t n)
{
	struct json_name **order = arena_array(&c->arena, c->n_strings + 1, sizeof *order);
	uint32_t k = 0;

	if (!order)
		return compile_memory(c);
	for (uint32_t i = 0; i < n; i++)
		if (slots[i].p)
			order[k++] = &slots[i];
	qsort(order, k, sizeof(struct json_name *), by_text);
	for (uint32_t i = 0; i < k; i++)
		order[i]->rank = i + 1;
	return OK;
}

static status
move_names(struct compiler *c)
{
	struct json_name *slots;
	uint32_t n = 16;

	while (n < c->n_strings * 2)
		n *= 2;
	slots = arena_array(&c->policy->arena, n, sizeof *slots);
	if (!slots)
		return compile_memory(c);
	for (uint32_t i = 0; i < c->cap_strings; i++) {
		uint32_t hash, at;

		if (!c->strings[i].p)
			continue;
		hash = json_name_hash(c->strings[i]);
		for (at = hash & (n - 1); slots[at].p; at = (at + 1) & (n - 1))
			;
		slots[at] = (struct json_name){c->strings[i].p, (uint32_t)c->strings[i].n, hash, 0};
	}
	TRY(rank_names(c, slots, n));
	c->policy->names = (struct json_names){slots, n - 1};
	return OK;
}

static status
move_mocks(struct compiler *c)
{
	struct policy *p = c->policy;

	p->mocks = arena_array(&p->arena, c->n_mocked, sizeof *p->mocks);
	if (c->n_mocked > 0 && !p->mocks)
		return compile_memory(c);
	p->n_mocks = c->n_mocked;
	for (uint32_t i = 0; i < c->n_mocked; i++)
		p->mocks[i] =
		        (struct mock_target){c->mocked[i].group ? c->mocked[i].group->index + 1 : 0,
		                             c->mocked[i].builtin};
	return OK;
}

static status
move_all(struct compiler *c)
{
	struct policy *p = c->policy;

	TRY(move_documents(c));
	TRY(move_names(c));
	TRY(move_mocks(c));
	TRY(move_array(c, c->consts, c->n_consts, sizeof *c->consts, &p->consts));
	TRY(move_array(c, c->code, c->n_code, sizeof *c->code, &p->code));
	TRY(move_array(c, c->lines, c->n_code, sizeof *c->lines, &p->lines));
	TRY(move_array(c, c->used, c->n_used, sizeof *c->used, &p->builtins));
	p->n_consts = c->n_consts;
	p->n_code = c->n_code;
	p->n_builtins = c->n_used;
	p->memory = p->arena.used;
	return OK;
}

/* ---- the pipeline ---- */

static status
parse_modules(struct compiler *c, const struct policy_module *modules, size_t n)
{
	struct policy *p = c->policy;

	p->files = arena_array(&p->arena, n + 1, sizeof *p->files);
	p->texts = arena_array(&p->arena, n + 1, sizeof *p->texts);
	if (!p->files || !p->texts)
		return compile_memory(c);
	for (size_t i = 0; i < n; i++) {
		struct source src;
		struct module *m;

		p->files[i] = arena_copy(&p->arena, bytes_str(modules[i].name));
		p->texts[i] = arena_copy(&p->arena, modules[i].text);
		TRY(compile_memory(c));
		src = (struct source){(const char *)p->files[i].p, p->texts[i]};
		TRY(parse_module(&c->arena, &src, c->v1, &m, c->err));
		*c->modules_tail = m;
		c->modules_tail = &m->next;
	}
	p->n_files = (uint32_t)n;
	return OK;
}

static status
parse_the_query(struct compiler *c, const char *query)
{
	struct policy *p = c->policy;

	if (!query)
		return OK;
	p->files[p->n_files] = BYTES("query");
	p->texts[p->n_files] = arena_copy(&p->arena, bytes_str(query));
	c->query_source = (struct source){"query", p->texts[p->n_files++]};
	TRY(compile_memory(c));
	return parse_query(&c->arena, &c->query_source, &c->query, c->err);
}

/* A variable without a value comes before a circle, as in OPA: of two faults the first is told. */
static status
check_order(struct compiler *c)
{
	status s = check_recursion(c), planned;
	struct err circle;

	if (!is_ok(s) && s.cls != ERR_PARSE)
		return s;
	circle = *c->err;
	planned = plan_all(c);
	if (is_ok(s) || !is_ok(planned))
		return planned;
	*c->err = circle;
	return s;
}

/* Told after unsafe variables and circles, as in OPA. */
static status
check_replacements(struct compiler *c)
{
	const struct with *w = c->uneven;

	if (!w)
		return OK;
	return source_error(c->uneven_source, w->off, c->err, ERR_PARSE, "E-REGO-012",
	                    "the replacement has %u arguments, not %u",
	                    callee_arity(w->replacement), callee_arity(w->callee));
}

/*
 * Not where a module is of the old language: the policies that Kata's agent has are, with large
 * constants that lack what the rules look for, and its engine infers nothing.
 */
static status
check_types(struct compiler *c)
{
	for (const struct module *m = c->modules; m; m = m->next)
		if (!m->v1)
			return OK;
	return infer_types(c);
}

static status
compile(struct compiler *c, const struct policy_module *modules, size_t n, const char *query)
{
	if (n >= (size_t)1 << (32 - LINE_BITS))
		return err_set(c->err, ERR_LIMIT, "E-REGO-007", "more than %u modules",
		               (1u << (32 - LINE_BITS)) - 1);
	c->root = arena_new(&c->arena, struct node);
	if (!c->root)
		return compile_memory(c);
	c->n_nodes = 1;
	TRY(parse_modules(c, modules, n));
	TRY(parse_the_query(c, query));
	TRY(metadata_read(c));
	TRY(tree_build(c));
	TRY(resolve_all(c));
	TRY(check_order(c));
	TRY(check_replacements(c));
	TRY(check_types(c));
	TRY(move_all(c));
	return policy_verify(c->policy, c->err);
}

status
policy_compile(const struct policy_module *modules, size_t n, const struct policy_options *options,
               struct policy **ret, struct err *err)
{
	struct compiler c = {
	        .builtins = options->builtins ? options->builtins : &rego_builtins_core,
	        .v1 = !options->v0,
	        .trace = options->trace,
	        .filter = options->filter,
	        .err = err,
	};
	status s;

	c.modules_tail = &c.modules;
	c.groups_tail = &c.groups;
	c.policy = mem_try_alloc(sizeof *c.policy);
	if (!c.policy)
		return err_set(err, ERR_LIMIT, "E-REGO-004", "compiling needs too much memory");
	*c.policy =
	        (struct policy){.references = 1, .v1 = c.v1, .trace = c.trace, .table = c.builtins};
	arena_init(&c.arena, COMPILE_MEMORY);
	arena_init(&c.policy->arena, POLICY_MEMORY);
	s = compile(&c, modules, n, options->query);
	arena_done(&c.arena);
	if (is_ok(s))
		*ret = c.policy;
	else
		policy_drop(c.policy);
	return s;
}

struct policy *
policy_hold(const struct policy *p)
{
	struct policy *held = (struct policy *)(uintptr_t)p;

	__atomic_add_fetch(&held->references, 1, __ATOMIC_RELAXED);
	return held;
}

void
policy_drop(struct policy *p)
{
	if (!p || __atomic_sub_fetch(&p->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	arena_done(&p->arena);
	mem_free(p);
}

static uint32_t
child_document(const struct policy *p, uint32_t d, struct bytes key)
{
	uint32_t k = p->documents[d].child;

	while (k && !bytes_equal(p->documents[k].key, key))
		k = p->documents[k].next;
	return k;
}

bool
policy_find(const struct policy *p, struct bytes path, uint32_t *ret_document)
{
	uint32_t d = 0;
	size_t at = 0;

	if (bytes_is(path, "data"))
		path.n = 0;
	else if (bytes_starts(path, BYTES("data.")) || bytes_starts(path, BYTES("data/")))
		path = bytes_sub(path, 5, path.n);
	while (at < path.n) {
		size_t end = at;

		while (end < path.n && path.p[end] != '.' && path.p[end] != '/')
			end++;
		d = child_document(p, d, bytes_sub(path, at, end));
		if (!d)
			return false;
		at = end + 1;
	}
	*ret_document = d;
	return true;
}
