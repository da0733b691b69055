/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/session.h"

struct session {
	struct policy *policy;
	struct session_options options;
	struct arena arena; /* input and evaluation */
	struct arena_mark input_end;
	size_t primed; /* size of its first chunk */
	struct value input;
	struct arena state; /* the data */
	struct value data;
	struct rego_cache *cache;
	struct rego_eval eval;
};

/* One large first chunk: arena_reset() keeps it, so most evaluations take nothing from the system.
 */
static bool
prime(struct session *s, size_t size)
{
	arena_done(&s->arena);
	arena_init(&s->arena,
	           s->options.limits.bytes ? s->options.limits.bytes : EVAL_DEFAULT_BYTES);
	s->primed = MIN(size, s->arena.cap / 2);
	if (!arena_raw(&s->arena, s->primed, 16))
		return false;
	arena_reset(&s->arena);
	return true;
}

static status
no_memory(struct err *err)
{
	return err_set(err, ERR_LIMIT, "E-REGO-052", "no memory for an evaluation");
}

status
session_new(const struct policy *p, const struct session_options *o, struct session **ret,
            struct err *err)
{
	struct session *s = mem_try_alloc(sizeof *s);

	if (!s)
		return no_memory(err);
	*s = (struct session){.policy = policy_hold(p), .data = value_empty(VALUE_OBJECT)};
	if (o)
		s->options = *o;
	arena_init(&s->state, SESSION_STATE_MAX);
	s->cache = cache_new(0);
	if (!s->cache || !prime(s, SESSION_ARENA)) {
		session_free(s);
		return no_memory(err);
	}
	s->input_end = arena_mark(&s->arena);
	*ret = s;
	return OK;
}

void
session_free(struct session *s)
{
	if (!s)
		return;
	cache_free(s->cache);
	arena_done(&s->arena);
	arena_done(&s->state);
	policy_drop(s->policy);
	mem_free(s);
}

void
session_random(struct session *s, void (*random)(void *ctx, void *to, size_t n), void *ctx)
{
	s->options.random = random;
	s->options.random_ctx = ctx;
}

void
session_zones(struct session *s, bool (*zone)(void *ctx, struct bytes name, struct buf *tzif),
              void *ctx)
{
	s->options.zone = zone;
	s->options.zone_ctx = ctx;
}

const struct value *
session_data(const struct session *s)
{
	return &s->data;
}

/* Takes over the arena that holds the new data. */
static void
replace_state(struct session *s, struct arena *a, struct value data)
{
	arena_done(&s->state);
	s->state = *a;
	*a = (struct arena){0};
	s->data = data;
}

status
session_set_data(struct session *s, struct bytes json, struct err *err)
{
	CLEANUP(arena_done) struct arena a;
	struct bytes text;
	struct value v;

	arena_init(&a, SESSION_STATE_MAX);
	text = arena_copy(&a, json);
	TRY(arena_check(&a, err));
	TRY(err_ctx(err, json_parse_sorted(&a, text, NULL, &s->policy->names, &v, err), "data"));
	if (v.type != VALUE_OBJECT)
		return err_set(err, ERR_PARSE, "E-REGO-074", "data must be a JSON object");
	replace_state(s, &a, v);
	return OK;
}

status
session_find(const struct session *s, struct bytes path, struct entry *ret, struct err *err)
{
	*ret = (struct entry){0};
	if (policy_find(s->policy, path, &ret->document))
		return OK;
	return err_set(err, ERR_NOT_FOUND, "E-REGO-070", "the policy has no rule or package %.*s",
	               BYTES_ARG(path));
}

status
session_input(struct session *s, struct bytes input, struct err *err)
{
	if (s->arena.used > s->primed + 4096 && s->primed < SESSION_KEEP_MAX) {
		if (!prime(s, MIN(s->arena.used * 2, (size_t)SESSION_KEEP_MAX)))
			return no_memory(err);
	} else {
		arena_reset(&s->arena);
	}
	s->input = (struct value){0};
	if (input.n > 0)
		TRY(err_ctx(err,
		            json_parse_sorted(&s->arena, input, NULL, &s->policy->names, &s->input,
		                              err),
		            "input"));
	s->input_end = arena_mark(&s->arena);
	return OK;
}

static status
evaluate(struct session *s, struct entry e, int64_t now_ns, struct trace_entry *trace,
         struct value *ret, struct err *err)
{
	struct eval_options o = {
	        .limits = s->options.limits,
	        .input = s->input,
	        .data = s->data,
	        .now_ns = now_ns,
	        .strict = s->options.strict,
	        .print = s->options.print,
	        .trace = trace,
	        .cache = s->cache,
	        .random = s->options.random,
	        .random_ctx = s->options.random_ctx,
	        .zone = s->options.zone,
	        .zone_ctx = s->options.zone_ctx,
	};

	TRY(eval_start(&s->eval, s->policy, &o, &s->arena, err));
	return e.query ? eval_query(&s->eval, ret) : eval_document(&s->eval, e.document, ret);
}

status
session_run(struct session *s, struct entry e, int64_t now_ns, struct session_answer *ret,
            struct err *err)
{
	uint64_t steps = s->options.limits.steps ? s->options.limits.steps : EVAL_DEFAULT_STEPS;
	struct trace_entry *trace = NULL;
	struct value v = {0};
	status result;

	arena_release(&s->arena, s->input_end);
	s->arena.failed = false;
	if (s->options.trace && s->policy->n_expressions > 0)
		trace = arena_array(&s->arena, s->policy->n_expressions, sizeof *trace);
	result = evaluate(s, e, now_ns, trace, &v, err);
	*ret = (struct session_answer){
	        .value = v,
	        .prints = s->eval.prints.p,
	        .n_prints = s->eval.prints.n,
	        .trace = trace,
	        .why = s->eval.why,
	        .steps = steps - s->eval.call.steps_left,
	        .bytes = s->arena.used,
	};
	return result;
}

status
session_eval(struct session *s, struct entry e, struct bytes input, int64_t now_ns,
             struct session_answer *ret, struct err *err)
{
	*ret = (struct session_answer){0};
	TRY(session_input(s, input, err));
	return session_run(s, e, now_ns, ret, err);
}

status
session_patch(struct session *s, const struct value *ops, struct err *err)
{
	const struct rego_builtin *patch = rego_builtin_find(s->policy->table, BYTES("json.patch"));
	struct value args[2] = {s->data, *ops}, patched = {0}, copy;
	CLEANUP(arena_done) struct arena a = {0};
	status result;

	if (!patch)
		return err_set(err, ERR_UNSUPPORTED, "E-REGO-075",
		               "the builtins have no json.patch");
	s->eval.call.quiet = false;
	s->eval.call.name = patch->name;
	result = patch->fn(&s->eval.call, args, &patched);
	if (result.cls == ERR_LIMIT)
		return err_ctx(err, result, "state");
	if (!is_ok(result)) {
		struct err why = *s->eval.call.err;

		return err_set(err, ERR_REJECTED, "E-REGO-071",
		               "the operations do not apply to the state: %s", why.msg);
	}
	if (patched.type != VALUE_OBJECT)
		return err_set(err, ERR_REJECTED, "E-REGO-071",
		               "the operations do not apply to the state");
	arena_init(&a, SESSION_STATE_MAX);
	copy = value_copy(&a, &patched);
	TRY(arena_check(&a, err));
	replace_state(s, &a, copy);
	return OK;
}

static status
not_a_decision(struct err *err)
{
	return err_set(err, ERR_REJECTED, "E-REGO-073",
	               "the answer is neither a boolean nor an object with a boolean \"allowed\"");
}

/* {"allowed": true, "ops": [...]}: ops may be absent or null. */
static status
object_decision(struct session *s, const struct value *v, bool *ret_allowed, struct err *err)
{
	const struct value *allowed = value_member(v, "allowed"), *ops = value_member(v, "ops");

	if (!allowed || allowed->type != VALUE_BOOL)
		return not_a_decision(err);
	if (!allowed->u.b)
		return OK;
	if (ops && ops->type != VALUE_NULL) {
		if (ops->type != VALUE_ARRAY)
			return not_a_decision(err);
		TRY(session_patch(s, ops, err));
	}
	*ret_allowed = true;
	return OK;
}

status
session_decide(struct session *s, struct entry e, struct bytes input, int64_t now_ns,
               bool *ret_allowed, struct session_answer *ret, struct err *err)
{
	*ret_allowed = false;
	TRY(session_eval(s, e, input, now_ns, ret, err));
	if (ret->value.type == VALUE_UNDEFINED)
		return err_set(err, ERR_REJECTED, "E-REGO-072",
		               "the policy gives no answer: undefined");
	if (ret->value.type == VALUE_OBJECT)
		return object_decision(s, &ret->value, ret_allowed, err);
	if (ret->value.type != VALUE_BOOL)
		return not_a_decision(err);
	*ret_allowed = ret->value.u.b;
	return OK;
}
