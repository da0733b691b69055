/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve.h: from written names to variables, documents and functions, one
 * rule at a time. A name that a body declares anywhere (x := ..., some x) is
 * its own in the whole body; using it in front of its declaration is an error.
 * An undeclared name means the same variable everywhere in the rule.
 */
#ifndef REGO_RESOLVE_H
#define REGO_RESOLVE_H

#include "rego/compile.h"
#include "rego/scope.h"

struct resolver {
	struct compiler *c;
	const struct source *source;
	const struct module *module; /* NULL: a query */
	struct node *package;
	const struct rule *rule;         /* or NULL */
	struct declared *names;          /* undeclared ones */
	struct declared *argument_names; /* those that stand in the arguments */
	struct scope *scope;
	struct variable *vars;
	uint32_t n_vars, cap_vars;
	bool query;
	const struct term *statement; /* the term that is a whole expression */
	const struct scope *head;     /* the rule's scope while its head is resolved */
	bool printing;                /* what stands here binds nothing: print() */
	bool template;                /* nor does _ in a template */
	uint32_t print_off;           /* of that argument */
	uint32_t expr_off;            /* of the expression at hand */
};

/* ---- resolve.c ---- */

status resolve_term(struct resolver *rs, struct term *t);
/* What a written name calls: a function of the policy before one of ours; none: both NULL. */
struct callee find_callee(struct resolver *rs, const struct term *fn);
/* A failure at a place of the rule at hand. */
status resolve_error(struct resolver *rs, uint32_t off, const char *id, const char *fmt, ...)
        PRINTF(4, 5);

/* ---- resolve_vars.c ---- */

status scope_open(struct resolver *rs);
/* E-REGO-017 when a declaration was of no use. */
status scope_close(struct resolver *rs);
status new_var(struct resolver *rs, struct bytes name, uint32_t off, uint32_t *ret);
/* Notes that the variable stands directly in the scope at hand. */
status occurs(struct resolver *rs, uint32_t var);
/* E-REGO-015 if the body has used or declared the name before. */
status declare(struct resolver *rs, struct term *t, enum declared_by by);
/* Variables of a pattern behind some or in arguments: everything but keys of objects. */
status declare_pattern(struct resolver *rs, struct term *t, enum declared_by by);
/* Names that the body will declare. */
status declare_later(struct resolver *rs, const struct body *b);
status declare_later_pattern(struct resolver *rs, const struct term *t);
/* The declaration that a name refers to here, or NULL. */
struct declared *find_declared(const struct resolver *rs, struct bytes name);
bool is_declared_later(const struct resolver *rs, struct bytes name);
/* E-REGO-019 */
status nothing_binds(struct resolver *rs, struct bytes name);
bool is_assignment(const struct term *t);
/* An undeclared name. E-REGO-019 where nothing could give it a value. */
status implicit_var(struct resolver *rs, struct term *t);

/* ---- resolve_with.c ---- */

/* E-REGO-013, 019. Notes the first replacement of other arguments in the compiler. */
status resolve_with(struct resolver *rs, struct with *w);

#endif
