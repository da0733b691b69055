/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/tree.h"

#include "rego/compile.h"

static uint32_t
bucket(const struct compiler *c, const struct node *parent, struct bytes key)
{
	uint64_t h = 0xcbf29ce484222325 ^ parent->index;

	for (size_t i = 0; i < key.n; i++)
		h = (h ^ key.p[i]) * 0x100000001b3;
	return (uint32_t)(h >> 20) & (c->n_buckets - 1);
}

struct node *
node_child(const struct compiler *c, const struct node *n, struct bytes key)
{
	struct node *k = c->n_buckets ? c->buckets[bucket(c, n, key)] : NULL;

	while (k && (k->parent != n || !bytes_equal(k->key, key)))
		k = k->chain;
	return k;
}

static bool
grow_buckets(struct compiler *c)
{
	uint32_t n = c->n_buckets;
	struct node **old = c->buckets;

	c->n_buckets = n ? n * 4 : 64;
	c->buckets = arena_array(&c->arena, c->n_buckets, sizeof *c->buckets);
	if (!c->buckets) {
		c->n_buckets = 0;
		return false;
	}
	for (uint32_t i = 0; i < n; i++) {
		for (struct node *k = old[i], *next; k; k = next) {
			struct node **slot = &c->buckets[bucket(c, k->parent, k->key)];

			next = k->chain;
			k->chain = *slot;
			*slot = k;
		}
	}
	return true;
}

struct node *
node_add(struct compiler *c, struct node *n, struct bytes key)
{
	struct node *child = node_child(c, n, key);
	struct node **slot;

	if (child)
		return child;
	if (c->n_nodes >= c->n_buckets && !grow_buckets(c))
		return NULL;
	child = arena_new(&c->arena, struct node);
	if (!child)
		return NULL;
	child->key = key;
	child->parent = n;
	child->depth = n->depth + 1;
	child->index = c->n_nodes++;
	slot = &c->buckets[bucket(c, n, key)];
	child->chain = *slot;
	*slot = child;
	if (n->last)
		n->last->next = child;
	else
		n->child = child;
	n->last = child;
	return child;
}

struct bytes
node_path(struct compiler *c, const struct node *n)
{
	struct bytes above;

	if (!n->parent)
		return BYTES("data");
	above = node_path(c, n->parent);
	return arena_printf(&c->arena, "%.*s.%.*s", BYTES_ARG(above), BYTES_ARG(n->key));
}

static bool
is_name(const struct term *t)
{
	return t->kind == TERM_CONST && t->u.value.type == VALUE_STRING;
}

uint32_t
rule_static_path(const struct rule *r)
{
	uint32_t i = 0;

	while (i < r->n_path && is_name(r->path[i]))
		i++;
	return i;
}

/* The node of a module's package. */
static struct node *
package_node(struct compiler *c, const struct module *m)
{
	struct node *n = c->root;

	for (uint32_t i = 0; n && i < m->n_package; i++)
		n = node_add(c, n, json_text(&m->package[i]->u.value));
	return n;
}

static struct node *
rule_node(struct compiler *c, const struct rule *r)
{
	struct node *n = package_node(c, r->module);
	uint32_t fixed = rule_static_path(r);

	for (uint32_t i = 0; n && i < fixed; i++) {
		n = node_add(c, n, json_text(&r->path[i]->u.value));
		if (n)
			n->from_rule = true;
	}
	return n;
}

static enum group_kind
kind_of(const struct rule *r, const struct node *n)
{
	if (r->is_function)
		return GROUP_FUNCTION;
	if (n->object)
		return GROUP_OBJECT;
	return r->is_set ? GROUP_SET : GROUP_VALUE;
}

static status
conflict(struct compiler *c, const struct rule *r, const struct node *n, const char *what)
{
	struct bytes path = node_path(c, n);

	return source_error(r->source, r->off, c->err, ERR_PARSE, "E-REGO-020", "rule %.*s %s",
	                    BYTES_ARG(path), what);
}

static struct group *
group_new(struct compiler *c, struct node *n, enum group_kind kind)
{
	struct group *g = arena_new(&c->arena, struct group);

	if (!g)
		return NULL;
	g->kind = (uint8_t)kind;
	g->node = n;
	g->depth = n->depth;
	g->index = c->n_groups++;
	*c->groups_tail = g;
	c->groups_tail = &g->next;
	n->group = g;
	return g;
}

static status
group_rule(struct compiler *c, struct group *g, struct rule *r)
{
	if (r->is_default && g->kind != GROUP_OBJECT) {
		if (g->fallback)
			return conflict(c, r, g->node, "has more than one default");
		g->fallback = r;
		return OK;
	}
	if (g->n_rules == g->cap) {
		uint32_t cap = g->cap ? g->cap * 2 : 2;
		struct rule **p = arena_array(&c->arena, cap, sizeof *p);

		if (!p)
			return compile_memory(c);
		mem_copy(p, g->rules, g->n_rules * sizeof(struct rule *));
		g->rules = p;
		g->cap = cap;
	}
	g->rules[g->n_rules++] = r;
	return OK;
}

status
group_part(struct compiler *c, struct group *g, struct bytes key, struct group **ret)
{
	struct node *n = g->node;

	for (*ret = g->parts; *ret; *ret = (*ret)->next_part)
		if (bytes_equal((*ret)->key, key))
			return OK;
	*ret = group_new(c, n, GROUP_OBJECT);
	n->group = g; /* the node stays that of the whole */
	if (!*ret)
		return compile_memory(c);
	(*ret)->key = key;
	(*ret)->next_part = g->parts;
	g->parts = *ret;
	TRY(compile_work(c, g->n_rules));
	for (uint32_t i = 0; i < g->n_rules; i++) {
		struct rule *r = g->rules[i];
		const struct term *t = r->path[g->depth - r->module->n_package];

		if (t->kind != TERM_CONST ||
		    (t->u.value.type == VALUE_STRING && bytes_equal(json_text(&t->u.value), key)))
			TRY(group_rule(c, *ret, r));
	}
	return OK;
}

/* The topmost object node on the way to `n`, or `n` itself. */
static struct node *
home(struct node *n)
{
	struct node *found = n;

	for (; n; n = n->parent)
		if (n->object)
			found = n;
	return found;
}

static status
place_rule(struct compiler *c, struct rule *r)
{
	struct node *n = rule_node(c, r);
	struct group *g;

	if (!n)
		return compile_memory(c);
	if (!r->is_function)
		n = home(n);
	if (n->object && !r->is_function && rule_static_path(r) == r->n_path &&
	    n == rule_node(c, r))
		return conflict(c, r, n,
		                "is one value here and an object with dynamic keys elsewhere");
	g = n->group;
	if (!g && !(g = group_new(c, n, kind_of(r, n))))
		return compile_memory(c);
	if (g->kind != kind_of(r, n))
		return conflict(c, r, n, "has definitions of different kinds");
	if (r->is_function && (g->n_rules > 0 || g->fallback) && g->n_args != r->n_args)
		return conflict(c, r, n, "has definitions with different numbers of arguments");
	g->n_args = r->n_args;
	return group_rule(c, g, r);
}

/* A node that is a value or a function can't have rules below it. */
static status
check_nesting(struct compiler *c, const struct node *n, const struct node *above)
{
	if (above && n->group) {
		const struct rule *r = n->group->n_rules ? n->group->rules[0] : n->group->fallback;
		struct bytes path = node_path(c, above);

		return source_error(r->source, r->off, c->err, ERR_PARSE, "E-REGO-021",
		                    "the rule is inside of rule %.*s", BYTES_ARG(path));
	}
	if (n->group)
		above = n;
	for (const struct node *k = n->child; k; k = k->next)
		TRY(check_nesting(c, k, above));
	return OK;
}

status
tree_build(struct compiler *c)
{
	for (struct module *m = c->modules; m; m = m->next) {
		if (!package_node(c, m))
			return compile_memory(c);
		for (struct rule *r = m->rules; r; r = r->next) {
			struct node *n = rule_node(c, r);

			if (!n)
				return compile_memory(c);
			if (rule_static_path(r) < r->n_path)
				n->object = true;
		}
	}
	for (struct module *m = c->modules; m; m = m->next)
		for (struct rule *r = m->rules; r; r = r->next)
			TRY(place_rule(c, r));
	return check_nesting(c, c->root, NULL);
}
