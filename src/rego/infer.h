/* SPDX-License-Identifier: Apache-2.0 */
/*
 * infer.h: the pass that infers types, rule by rule, each after those that it
 * depends on. Expressions are looked at in the order in which they will be
 * evaluated; a variable has the type that its first use gives it. An argument
 * of a function starts without one, so what the body does with it says what the
 * function takes. What a closure learns about a variable stays inside of it.
 */
#ifndef REGO_INFER_H
#define REGO_INFER_H

#include "rego/compile.h"
#include "rego/signature.h"

/* What a variable's type was before it was set. */
struct learned {
	uint32_t var;
	const struct type *before;
};

struct inference {
	struct compiler *c;
	struct types types;
	const struct type *any;
	const struct source *source;
	bool v1;                  /* the language of the rule at hand */
	const struct type **vars; /* by number from 1; NULL: not known yet */
	uint32_t cap_vars;
	struct learned *trail; /* to undo what a closure learned */
	uint32_t n_trail, cap_trail;
	struct signature *signatures;
	const struct type *made;      /* by the rules so far of the group at hand */
	const struct expr *replacing; /* the expression at hand, when its `with` replaces rules */
};

/* ---- types_infer.c ---- */

/* Looks at the term and what is inside, and notes its type as far as it is known. */
status infer_term(struct inference *in, struct term *t);

/* ---- types_every.c ---- */

status infer_every(struct inference *in, const struct body *b);

/* ---- types_terms.c ---- */

/* Where the term begins: in front of the left operand of an operator. */
uint32_t term_start(const struct term *t);
/* What is known now; NULL: it has variables of which nothing is. */
const struct type *known_type(struct inference *in, const struct term *t);
void learn(struct inference *in, uint32_t var, const struct type *t);
void forget(struct inference *in, uint32_t trail);
/* Variables of the term of which nothing is known may be anything. */
void give_up(struct inference *in, const struct term *t);
/*
 * Can the term be of the type? Variables that have none get theirs from it. `also`: the type is
 * one of several alternatives, so what is known is widened and never contradicted.
 */
bool term_fits(struct inference *in, const struct term *t, const struct type *want, bool also);
/* Can the terms be equal? */
bool terms_match(struct inference *in, const struct term *a, const struct term *b);

/* ---- types_refs.c ---- */

/* Does the reference end at a function? */
bool is_function(const struct compiler *c, const struct term *t);
/* E-REGO-024 if the reference, whose parts are inferred, leads to nothing. */
status infer_ref(struct inference *in, struct term *t);

#endif
