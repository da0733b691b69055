/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan.h: from resolved rules to code. A body becomes nested loops: an
 * expression with several solutions opens a loop, and what follows stands
 * inside. So there is always one place to go when an expression fails: the
 * innermost loop's next turn (`fail`), and nothing ever unwinds at run time.
 * Which variables are bound where is known here, once and for all.
 */
#ifndef REGO_PLAN_H
#define REGO_PLAN_H

#include "rego/compile.h"
#include "rego/policy.h"
#include "rego/scope.h"

typedef uint64_t var_set; /* array of words, by number of the variable */

struct plan {
	struct compiler *c;
	const struct source *source;
	uint32_t file;
	struct variable *vars;
	uint32_t n_vars, words;
	uint32_t *reg_of; /* register of a variable */
	var_set *bound;
	uint32_t *labels; /* place in code, UINT32_MAX while unknown */
	uint32_t n_labels, cap_labels;
	uint32_t n_registers, max_registers; /* in use, and at most so far */
	uint32_t start;                      /* of this function in code */
	uint32_t fail;                       /* label */
	uint32_t line;
	bool loops;                      /* a loop was opened since somebody cleared this */
	bool query;                      /* the next body is the query's own */
	bool query_body;                 /* this one is: values of its expressions are kept */
	bool query_holds;                /* a false value ends the solution */
	uint32_t query_values;           /* first register of them */
	uint32_t value_into;             /* register for the next expression's, or NO_REGISTER */
	bool deferred;                   /* arguments that match only what the body binds */
	uint32_t unsafe_var, unsafe_off; /* why the last expression was not ready */
	bool unsafe_shown;               /* it stands in a template, where nothing is bound */
	const struct rule *rule;         /* that is planned */
};

/* ---- ready.c: can it be evaluated with what is bound? ---- */

/* If true, adds to `outs` what the evaluation binds. */
bool ready_expr(struct plan *p, const struct expr *e, var_set *outs);
bool ready_value(struct plan *p, const struct term *t, var_set *outs);
bool ready_pattern(struct plan *p, const struct term *t, var_set *outs);
bool is_bound(const struct plan *p, const var_set *outs, uint32_t var);
void set_add(var_set *set, uint32_t var);
/* Has the term a variable that is not bound (outside of closures)? */
bool has_unbound(const struct plan *p, const struct term *t);
bool is_print(const struct term *t);
bool is_unify(const struct term *t);

/* ---- code.c: emitting ---- */

status emit(struct plan *p, enum opcode op, uint32_t a, uint32_t b, uint32_t c, uint32_t d);
status new_label(struct plan *p, uint32_t *ret);
void bind_label(struct plan *p, uint32_t label);
status new_registers(struct plan *p, uint32_t n, uint32_t *ret);
uint32_t var_register(struct plan *p, uint32_t var);
/* Number of a constant, deduplicated, with CONST_BIT. */
status const_operand(struct plan *p, struct value v, uint32_t *ret);
struct bytes intern(struct compiler *c, struct bytes text);
status intern_value(struct compiler *c, struct value *v);
status builtin_index(struct compiler *c, const struct rego_builtin *b, uint32_t *ret);
bool is_mocked(const struct compiler *c, struct callee f);
void set_line(struct plan *p, uint32_t off);

/* ---- plan_term.c ---- */

/* Evaluate; *ret is a register or constant. `hint`: register to use, or NO_REGISTER. */
status plan_term(struct plan *p, struct term *t, uint32_t hint, uint32_t *ret);
/* The same into exactly this register. */
status plan_into(struct plan *p, struct term *t, uint32_t reg);
/* Items into the registers from `base` on, in whatever order their variables allow. */
status plan_list(struct plan *p, struct term **items, uint32_t n, uint32_t base);
/* Value of a register, or of undefined when the term has none; opens no loop. */
status plan_optional(struct plan *p, struct term *t, uint32_t reg);
bool constant_term(struct plan *p, struct term *t, struct value *ret);
/* A constant's value by its operand. */
const struct value *const_at(const struct plan *p, uint32_t operand);
status plan_call(struct plan *p, struct term *t, uint32_t hint, uint32_t *ret);
status plan_ref(struct plan *p, struct term *t, uint32_t hint, uint32_t *ret);

/* ---- plan_unify.c ---- */

status plan_unify(struct plan *p, struct term *left, struct term *right);
/* Match a pattern with the value of an operand. */
status plan_match(struct plan *p, struct term *pattern, uint32_t operand);

/* ---- plan_body.c ---- */

typedef status yield_fn(struct plan *p, void *ctx);
/*
 * All solutions of a body: `yield` emits what happens at each. Afterwards
 * control is at `exhausted` when there is no (further) solution; the label is
 * the caller's to bind.
 */
status plan_body(struct plan *p, struct body *b, uint32_t exhausted, yield_fn *yield, void *ctx);
/* E-REGO-016 unless the term can be evaluated with what is bound. */
status head_ready(struct plan *p, const struct term *t);
status plan_compare(struct plan *p, struct term *t, bool *done);
/* An expression with what its `with` replaces; its value to p->value_into if that is set. */
status plan_conditions(struct plan *p, struct expr *e);
/* Where an expression stands in its file. */
struct expression expression_place(const struct plan *p, const struct expr *e);

/* ---- plan_query.c ---- */

/* An expression of the query, and its value to the register that is its own. */
status plan_query_expr(struct plan *p, struct expr *e);
status plan_query(struct compiler *c, struct function *f);

/* ---- plan_index.c ---- */

/* Emits the choice among many definitions; *ret is its register, NO_REGISTER if there is none. */
status plan_index(struct plan *p, struct group *g, uint32_t *ret);

/* ---- plan_rule.c ---- */

/* A function of code: of the rules of a name, or of the query (NULL). */
status begin_function(struct plan *p, struct compiler *c, const struct rule *r);
/* Variables are the rule's own; registers and labels the function's. */
status begin_rule(struct plan *p, const struct rule *r);
status end_function(struct plan *p, struct function *f, uint32_t n_args);
status plan_all(struct compiler *c);

#endif
