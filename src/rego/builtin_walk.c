/* SPDX-License-Identifier: Apache-2.0 */
/* walk: every value inside a value with its path, as a relation. */
#include "rego/builtin_groups.h"

enum { WALK_MAX_DEPTH = 1024 };

/* The path so far; a child's path copies it, because every result keeps its own. */
struct walker {
	struct rego_call *c;
	struct value_list out;
	struct value path[WALK_MAX_DEPTH + 1];
};

static status
put(struct walker *w, uint32_t depth, const struct value *v)
{
	struct rego_call *c = w->c;
	struct value *path = arena_array(c->arena, depth, sizeof *path);
	struct value *pair = arena_array(c->arena, 2, sizeof *pair);

	TRY(arena_check(c->arena, c->err));
	mem_copy(path, w->path, depth * sizeof *path);
	pair[0] = (struct value){.type = VALUE_ARRAY, .n = depth, .u.items = path};
	pair[1] = *v;
	value_push(&w->out, (struct value){.type = VALUE_ARRAY, .n = 2, .u.items = pair});
	return arena_check(c->arena, c->err);
}

/* One level of the walk: a collection and how far it was visited. */
struct level {
	struct value v;
	uint32_t next;
};

static status
visit(struct walker *w, struct level *stack, const struct value *root)
{
	uint32_t depth = 0;

	stack[0] = (struct level){*root, 0};
	TRY(put(w, 0, root));
	for (;;) {
		struct level *l = &stack[depth];
		struct value val;

		if (!value_at(&l->v, l->next, &w->path[depth], &val)) {
			if (depth-- == 0)
				return OK;
			continue;
		}
		l->next++;
		TRY(rego_charge(w->c, 4 + depth / 4));
		TRY(put(w, depth + 1, &val));
		if (!value_is_collection(&val))
			continue;
		if (++depth == WALK_MAX_DEPTH)
			return builtin_limit(w->c, "the value nests deeper than %d",
			                     WALK_MAX_DEPTH);
		stack[depth] = (struct level){val, 0};
	}
}

static status
walk(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct walker *w = arena_new(c->arena, struct walker);
	struct level *stack = arena_array(c->arena, WALK_MAX_DEPTH, sizeof *stack);

	TRY(arena_check(c->arena, c->err));
	w->c = c;
	w->out = value_list_of(c->arena);
	TRY(visit(w, stack, &args[0]));
	*ret = value_array(&w->out);
	return arena_check(c->arena, c->err);
}

static const struct rego_builtin list[] = {
        {"walk", 1, BUILTIN_RELATION, walk},
};
const struct rego_builtin_group rego_group_walk = {list, COUNT_OF(list)};
