/* SPDX-License-Identifier: Apache-2.0 */
/* graph.reachable and graph.reachable_paths: an object from nodes to their neighbours. */
#include "rego/builtin_groups.h"

enum { GRAPH_MAX_DEPTH = 1000 };

static status
operands(struct rego_call *c, const struct value *args)
{
	TRY(builtin_type(c, args, 0, VALUE_OBJECT));
	if (args[1].type != VALUE_ARRAY && args[1].type != VALUE_SET)
		return builtin_operand(c, 2, "{array, set}", &args[1]);
	return OK;
}

/* Items of an array or set of neighbours; anything else has none. */
static uint32_t
edge_count(const struct value *edges)
{
	return edges->type == VALUE_ARRAY || edges->type == VALUE_SET ? edges->n : 0;
}

/* Place of a key in the graph, UINT32_MAX if it is no node. */
static uint32_t
node_of(const struct value *graph, const struct value *key)
{
	const struct value *edges = value_get(graph, key);
	uint32_t lo = 0, hi = graph->n;

	if (!edges)
		return UINT32_MAX;
	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (value_cmp(&graph->u.members[mid].key, key) <= 0)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

struct reach {
	struct rego_call *c;
	const struct value *graph;
	bool *seen;
	uint32_t *queue;
	uint32_t n;
};

static status
enqueue(struct reach *r, const struct value *nodes)
{
	for (uint32_t i = 0; i < edge_count(nodes); i++) {
		uint32_t node = node_of(r->graph, &nodes->u.items[i]);

		TRY(rego_charge(r->c, 4));
		if (node == UINT32_MAX || r->seen[node])
			continue;
		r->seen[node] = true;
		r->queue[r->n++] = node;
	}
	return OK;
}

static status
reachable(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value_list out = value_list_of(c->arena);
	struct reach r = {.c = c, .graph = &args[0]};

	TRY(operands(c, args));
	r.seen = arena_array(c->arena, args[0].n, sizeof *r.seen);
	r.queue = arena_array(c->arena, args[0].n, sizeof *r.queue);
	TRY(arena_check(c->arena, c->err));
	TRY(enqueue(&r, &args[1]));
	for (uint32_t i = 0; i < r.n; i++) {
		value_push(&out, args[0].u.members[r.queue[i]].key);
		TRY(enqueue(&r, &args[0].u.members[r.queue[i]].val));
	}
	*ret = value_set(&out);
	return arena_check(c->arena, c->err);
}

/* ---- paths ---- */

struct walk {
	struct rego_call *c;
	const struct value *graph;
	struct value_list out;
	struct value path[GRAPH_MAX_DEPTH + 1];
	bool *reached; /* by place in the graph */
};

static status
put_path(struct walk *w, uint32_t n)
{
	struct value *items = arena_array(w->c->arena, n, sizeof *items);

	TRY(rego_charge(w->c, 4 + n / 4));
	TRY(arena_check(w->c->arena, w->c->err));
	mem_copy(items, w->path, n * sizeof *items);
	value_push(&w->out, (struct value){.type = VALUE_ARRAY, .n = n, .u.items = items});
	return OK;
}

/*
 * A path ends where there is no neighbour, where the next is no node, or was
 * reached before: in a circle, or by another path from the same first step.
 */
static status
follow(struct walk *w, const struct value *key, uint32_t depth)
{
	uint32_t node = node_of(w->graph, key);
	const struct value *edges;

	TRY(rego_charge(w->c, 4));
	if (node == UINT32_MAX)
		return put_path(w, depth);
	if (depth >= GRAPH_MAX_DEPTH)
		return builtin_limit(w->c, "a path is longer than %d", GRAPH_MAX_DEPTH);
	edges = &w->graph->u.members[node].val;
	w->path[depth] = *key;
	if (edge_count(edges) == 0)
		return put_path(w, depth + 1);
	for (uint32_t i = 0; i < edges->n; i++) {
		uint32_t next = node_of(w->graph, &edges->u.items[i]);

		if (next != UINT32_MAX && w->reached[next]) {
			TRY(put_path(w, depth + 1));
			continue;
		}
		w->reached[node] = true;
		TRY(follow(w, &edges->u.items[i], depth + 1));
	}
	return OK;
}

/* All paths from one node; what was reached is forgotten after each first step. */
static status
paths_from(struct walk *w, const struct value *key)
{
	uint32_t node = node_of(w->graph, key);
	const struct value *edges;

	if (node == UINT32_MAX)
		return OK;
	edges = &w->graph->u.members[node].val;
	w->path[0] = *key;
	if (edge_count(edges) == 0)
		return put_path(w, 1);
	for (uint32_t i = 0; i < edges->n; i++) {
		TRY(rego_charge(w->c, w->graph->n / 16));
		mem_zero(w->reached, w->graph->n * sizeof *w->reached);
		w->reached[node] = true;
		TRY(follow(w, &edges->u.items[i], 1));
	}
	return OK;
}

static status
reachable_paths(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct walk *w;

	TRY(operands(c, args));
	w = arena_new(c->arena, struct walk);
	TRY(arena_check(c->arena, c->err));
	w->c = c;
	w->graph = &args[0];
	w->out = value_list_of(c->arena);
	w->reached = arena_array(c->arena, args[0].n, sizeof *w->reached);
	TRY(arena_check(c->arena, c->err));
	for (uint32_t i = 0; i < args[1].n; i++)
		TRY(paths_from(w, &args[1].u.items[i]));
	*ret = value_set(&w->out);
	return arena_check(c->arena, c->err);
}

static const struct rego_builtin list[] = {
        {"graph.reachable", 2, 0, reachable},
        {"graph.reachable_paths", 2, 0, reachable_paths},
};
const struct rego_builtin_group rego_group_graph = {list, COUNT_OF(list)};
