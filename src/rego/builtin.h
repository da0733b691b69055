/* SPDX-License-Identifier: Apache-2.0 */
/*
 * builtin.h: what a builtin function is and what it may use. Builtins do no
 * I/O, keep no state, and allocate their result in the call's arena. Errors
 * are values of the language: undefined, unless the caller asked for strict
 * errors. Only exhausted budgets stop an evaluation in every mode.
 */
#ifndef REGO_BUILTIN_H
#define REGO_BUILTIN_H

#include "rego/value.h"

struct rego_eval; /* the evaluation that calls: rego/vm.h */

struct rego_call {
	struct rego_eval *eval;
	struct arena *arena; /* of the evaluation: results and temporaries */
	const char *name;    /* of the builtin, for messages */
	int64_t now_ns;      /* the one time of this evaluation, since 1970 */
	bool quiet;          /* errors become undefined: nobody reads the message */
	bool type_error;     /* the failure was about an operand: eval_type_error */
	/* The budget; at the second number rego_charge_more() looks at the clock. */
	uint64_t steps_left, steps_until_time;
	struct err *err;
};

/*
 * OK with *ret set; OK with *ret left undefined; or a failure made by one of
 * the three functions below. `args` has as many items as the arity says; none is
 * undefined. *ret is VALUE_UNDEFINED on entry.
 */
typedef status rego_builtin_fn(struct rego_call *c, const struct value *args, struct value *ret);

enum {
	BUILTIN_NONDET = 1,   /* depends on time or chance: never folded at compile time */
	BUILTIN_RELATION = 2, /* *ret is an array of all results: walk */
	BUILTIN_VARIADIC = 4, /* one array argument made of all arguments: print */
};

struct rego_builtin {
	const char *name;
	uint8_t arity;
	uint8_t flags;
	rego_builtin_fn *fn;
};

/* ---- tables ---- */

struct rego_builtin_group {
	const struct rego_builtin *list;
	size_t n;
};

/* Groups in order of look-up; what no group has is an unknown function. */
struct rego_builtins {
	const char *name;
	const struct rego_builtin_group *const *groups;
	size_t n;
};

/*
 * Link-time tables: a program names one of them and links only that one's
 * code. `core`: aggregates, arrays, sets, objects, strings, numbers, bits,
 * json, base64, hex, regex, glob, types, time.now_ns. `full`: everything.
 */
extern const struct rego_builtins rego_builtins_core;
extern const struct rego_builtins rego_builtins_full;

const struct rego_builtin *rego_builtin_find(const struct rego_builtins *t, struct bytes name);

/* Groups: each is defined in builtin_<group>.c as a table ended by its length. */
extern const struct rego_builtin_group rego_group_operators;

/* ---- failures ---- */

/* A builtin error (eval_builtin_error): the operands have the right types, but no result. */
status builtin_error(struct rego_call *c, const char *fmt, ...) PRINTF(2, 3);

/*
 * An operand has the wrong type (eval_type_error): "operand 2 must be string
 * but got number". `want` as OPA writes it: "string", "one of {set, array}".
 */
status builtin_operand(struct rego_call *c, unsigned int operand, const char *want,
                       const struct value *got);
/* Operands whose types do not fit together (eval_type_error), in free text. */
status builtin_type_error(struct rego_call *c, const char *fmt, ...) PRINTF(2, 3);
/* The same as builtin_operand() with free text behind "operand N ". */
status builtin_operand_text(struct rego_call *c, unsigned int operand, const char *fmt, ...)
        PRINTF(3, 4);

/* A budget is exhausted: stops the evaluation in every mode. */
status builtin_limit(struct rego_call *c, const char *fmt, ...) PRINTF(2, 3);

/*
 * Operands by number from 0, checked; the failure names operand i+1. An integer is one that
 * is written as one and has 64 bits: 1.0 and 1e3 are refused, as by OPA.
 */
static inline status
builtin_string(struct rego_call *c, const struct value *args, unsigned int i, struct bytes *ret)
{
	*ret = (struct bytes){NULL, 0};
	if (args[i].type != VALUE_STRING)
		return builtin_operand(c, i + 1, "string", &args[i]);
	*ret = bytes_of(args[i].u.s, args[i].n);
	return OK;
}
status builtin_int(struct rego_call *c, const struct value *args, unsigned int i, int64_t *ret);
status builtin_type(struct rego_call *c, const struct value *args, unsigned int i,
                    enum value_type type);

/* ---- services of the evaluation ---- */

/*
 * Charge work that is not constant time (scans, sorts, matching): `steps` in
 * units of roughly one VM instruction. ERR_LIMIT when the budget is gone.
 */
status rego_charge_more(struct rego_call *c, uint64_t steps);
static inline status
rego_charge(struct rego_call *c, uint64_t steps)
{
	if (c->arena->failed || c->steps_left < steps ||
	    c->steps_left - steps < c->steps_until_time)
		return rego_charge_more(c, steps);
	c->steps_left -= steps;
	return OK;
}

/*
 * Charge for all values inside `v`, shared ones as often as they are shared: for whoever
 * walks it, and for collections newly made of others.
 */
status builtin_charge_weight(struct rego_call *c, const struct value *v);

/*
 * Derived objects (compiled regular expressions, parsed schemas) by kind and
 * key, kept over evaluations by the evaluator and bounded in size; NULL if absent.
 * What was found or put stays valid until the builtin returns.
 */
enum rego_cache_kind { CACHE_REGEX, CACHE_GLOB, CACHE_SCHEMA, CACHE_GRAPHQL, CACHE_TEMPLATE };
void *rego_cache_get(struct rego_call *c, enum rego_cache_kind kind, struct bytes key);
/* Takes over the object; false (object freed at once) without memory. `size`: bytes it holds. */
bool rego_cache_put(struct rego_call *c, enum rego_cache_kind kind, struct bytes key, void *object,
                    size_t size, void (*free_object)(void *));

/*
 * Results that must stay the same within one evaluation (rand.intn, uuid):
 * by a key value of the builtin's choice. NULL if not remembered yet.
 */
const struct value *rego_memo_get(struct rego_call *c, const struct value *key);
void rego_memo_put(struct rego_call *c, struct value key, struct value val);

/*
 * TZif data of a zone by name, appended; false when the host has none. The
 * caller has made sure that the name stays inside the host's folder.
 */
bool rego_zone(struct rego_call *c, struct bytes name, struct buf *tzif);

/* Random bytes from the host; a builtin error when it gave no source. */
status rego_random(struct rego_call *c, void *to, size_t n);

/* Result of a buffer: copied to the arena as a string. ERR_LIMIT when the buffer failed. */
status builtin_text(struct rego_call *c, struct buf *b, struct value *ret);

#endif
