/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "rego/vm.h"

status
eval_start(struct rego_eval *ev, const struct policy *p, const struct eval_options *o,
           struct arena *arena, struct err *err)
{
	uint64_t steps = o->limits.steps ? o->limits.steps : EVAL_DEFAULT_STEPS;
	uint32_t depth = o->limits.depth ? o->limits.depth : EVAL_DEFAULT_DEPTH;

	*ev = (struct rego_eval){
	        .policy = p,
	        .arena = arena,
	        .data = o->data.type == VALUE_UNDEFINED ? value_empty(VALUE_OBJECT) : o->data,
	        .cache = o->cache,
	        .strict = o->strict,
	        .printing = o->print,
	        .trace = o->trace,
	        .depth_left = MIN(depth, (uint32_t)EVAL_MAX_DEPTH),
	        .random = o->random,
	        .random_ctx = o->random_ctx,
	        .zone = o->zone,
	        .zone_ctx = o->zone_ctx,
	        .err = err,
	};
	ev->call = (struct rego_call){.eval = ev,
	                              .arena = arena,
	                              .now_ns = o->now_ns,
	                              .quiet = !o->strict,
	                              .steps_left = steps,
	                              .err = err};
	if (o->limits.time_ns) {
		ev->deadline = clock_mono_ns() + o->limits.time_ns;
		ev->call.steps_until_time = steps - MIN(steps, (uint64_t)EVAL_TIME_CHECK);
	}
	ev->prints = value_list_of(arena);
	ev->memo = value_list_of(arena);
	ev->frame = arena_new(arena, struct frame);
	if (!ev->frame)
		return vm_charge(ev, 0);
	ev->frame->input = o->input;
	ev->frame->slots = arena_array(arena, (size_t)p->n_functions + p->n_documents,
	                               sizeof *ev->frame->slots);
	return vm_charge(ev, 1);
}

status
eval_document(struct rego_eval *ev, uint32_t document, struct value *ret)
{
	return vm_document(ev, document, ret);
}

status
eval_query(struct rego_eval *ev, struct value *ret)
{
	return vm_run(ev, ev->policy->query - 1, NULL, ret);
}

/* ---- services of builtins ---- */

status
rego_charge_more(struct rego_call *c, uint64_t steps)
{
	return vm_charge_more(c->eval, steps);
}

const struct value *
rego_memo_get(struct rego_call *c, const struct value *key)
{
	const struct value_list *l = &c->eval->memo;

	for (size_t i = 0; i + 1 < l->n; i += 2)
		if (value_eq(&l->p[i], key))
			return &l->p[i + 1];
	return NULL;
}

void
rego_memo_put(struct rego_call *c, struct value key, struct value val)
{
	value_push_member(&c->eval->memo, key, val);
}

status
rego_random(struct rego_call *c, void *to, size_t n)
{
	if (!c->eval->random)
		return builtin_error(c, "the host gives no random numbers");
	c->eval->random(c->eval->random_ctx, to, n);
	return OK;
}

bool
rego_zone(struct rego_call *c, struct bytes name, struct buf *tzif)
{
	return c->eval->zone && c->eval->zone(c->eval->zone_ctx, name, tzif);
}

void *
rego_cache_get(struct rego_call *c, enum rego_cache_kind kind, struct bytes key)
{
	return c->eval->cache ? cache_find(c->eval->cache, kind, key) : NULL;
}

bool
rego_cache_put(struct rego_call *c, enum rego_cache_kind kind, struct bytes key, void *object,
               size_t size, void (*free_object)(void *))
{
	if (!c->eval->cache) {
		free_object(object);
		return false;
	}
	return cache_add(c->eval->cache, kind, key, object, size, free_object);
}
