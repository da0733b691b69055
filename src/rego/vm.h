/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vm.h: one evaluation of a policy. All its memory is an arena; it reads the
 * policy, the input and the data, and changes nothing but itself.
 */
#ifndef REGO_VM_H
#define REGO_VM_H

#include "rego/cache.h"
#include "rego/policy.h"

enum {
	EVAL_DEFAULT_DEPTH = 256,
	EVAL_MAX_DEPTH = 2000, /* calls on the C stack: about 500 bytes each */
	EVAL_DEFAULT_STEPS = 50 * 1000 * 1000,
	EVAL_DEFAULT_BYTES = 256 * 1024 * 1024,
	EVAL_TIME_CHECK = 1024, /* steps between looks at the clock */
	STACK_CHUNK = 1024,     /* registers */
};

/* Zero = the default; time: no limit. */
struct eval_limits {
	uint64_t steps;
	size_t bytes;
	uint32_t depth;
	uint64_t time_ns;
};

/* Why an evaluation failed, as OPA names it. */
enum eval_error {
	EVAL_NO_ERROR,
	EVAL_CONFLICT, /* eval_conflict_error */
	EVAL_BUILTIN,  /* eval_builtin_error, strict only */
	EVAL_TYPE,     /* eval_type_error, strict only */
	EVAL_LIMIT,    /* a budget is exhausted */
	EVAL_INTERNAL,
};

/* What the tracer counts for each expression. */
struct trace_entry {
	uint32_t entered, held, failed, undefined;
};

struct mock {
	uint32_t target;
	bool is_function;
	uint32_t other;     /* mock target that is called instead */
	struct value value; /* or what the call gives */
	struct mock *below;
};

struct override {
	struct value path; /* array of strings below data */
	struct value value;
	struct override *below;
};

/* What is remembered of a rule. `v.spare`: 0 not yet, SLOT_OPEN, SLOT_DONE. */
struct slot {
	struct value v;
};
enum { SLOT_OPEN = 1, SLOT_DONE = 2 };

/* What a `with` changes. */
struct frame {
	struct frame *parent;
	struct value input;
	struct override *overrides;
	struct mock *mocks;
	struct value *slots; /* functions, then documents */
};

struct rego_cache;
struct stack_chunk;

struct rego_eval {
	const struct policy *policy;
	struct arena *arena;
	struct value data;
	struct frame *frame;
	struct rego_call call;
	struct rego_cache *cache;
	bool strict;
	bool printing;
	struct value_list prints;  /* strings */
	struct trace_entry *trace; /* one an expression, or NULL */
	uint64_t deadline;         /* of the monotonic clock, 0 = none */
	uint32_t depth_left;
	struct value *stack, *stack_end; /* free registers */
	struct stack_chunk *spare;       /* chunks that nobody uses */
	struct value_list memo;          /* rego_memo_put() */
	void (*random)(void *ctx, void *to, size_t n);
	void *random_ctx;
	bool (*zone)(void *ctx, struct bytes name, struct buf *tzif);
	void *zone_ctx;
	enum eval_error why;
	struct err *err;
};

struct eval_options {
	struct eval_limits limits;
	struct value input; /* frozen; undefined = none */
	struct value data;
	int64_t now_ns;
	bool strict; /* errors of builtins are errors */
	bool print;
	struct trace_entry *trace; /* policy->n_expressions of them, zeroed */
	struct rego_cache *cache;
	void (*random)(void *ctx, void *to, size_t n);
	void *random_ctx;
	/* TZif data by name, see zone_file(); NULL: UTC alone. */
	bool (*zone)(void *ctx, struct bytes name, struct buf *tzif);
	void *zone_ctx;
};

/* The arena is the caller's: results live there; its cap is the byte budget. */
status eval_start(struct rego_eval *ev, const struct policy *p, const struct eval_options *o,
                  struct arena *arena, struct err *err);
/* Value of a document, undefined if it has none. */
status eval_document(struct rego_eval *ev, uint32_t document, struct value *ret);
/* Solutions of the query: bindings, values of the expressions, in turn. */
status eval_query(struct rego_eval *ev, struct value *ret);

/* ---- inside ---- */

status vm_run(struct rego_eval *ev, uint32_t function, const struct value *args, struct value *ret);
status vm_rule(struct rego_eval *ev, uint32_t function, struct value *ret);
status vm_document(struct rego_eval *ev, uint32_t document, struct value *ret);
status vm_data(struct rego_eval *ev, const struct value *path, struct value *ret);
/* The document at a path of n keys, and the keys in it; undefined if there is none. */
status vm_walk(struct rego_eval *ev, const struct value *keys, uint32_t n, struct value *ret);
status vm_keys(struct rego_eval *ev, const struct value *keys, uint32_t n, struct value *ret);
struct value vm_upsert(struct arena *a, struct value whole, const struct value *path, uint32_t from,
                       uint32_t n, struct value val);
status vm_tree(struct rego_eval *ev, struct value_list *l, uint32_t line, struct value *ret);
status vm_conflict(struct rego_eval *ev, uint32_t line, const char *what);
status vm_broken(struct rego_eval *ev);
status vm_limit(struct rego_eval *ev, const char *id, const char *what);
status vm_charge_more(struct rego_eval *ev, uint64_t steps);
static inline status
vm_charge(struct rego_eval *ev, uint64_t steps)
{
	return rego_charge(&ev->call, steps);
}
status vm_print(struct rego_eval *ev, const struct value *args, uint32_t n);
status vm_template(struct rego_eval *ev, const struct value *args, uint32_t n, struct value *ret);
bool vm_in(const struct value *item, const struct value *collection);

/* ADD, SUB, ... of two values. Builtin's way of failing. */
status vm_arithmetic(struct rego_call *c, enum opcode op, const struct value *a,
                     const struct value *b, struct value *ret);

#endif
