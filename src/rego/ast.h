/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ast.h: Rego as parsed. Everything lives in the compiler's arena and is gone
 * when the policy is compiled. The parser writes names, the resolver replaces
 * them: afterwards a TERM_VAR is a local variable with a number, and whatever
 * is global is a TERM_REF below TERM_DATA or TERM_INPUT.
 */
#ifndef REGO_AST_H
#define REGO_AST_H

#include "rego/value.h"

struct source {
	const char *name; /* file name as the user knows it */
	struct bytes text;
};

enum term_kind {
	TERM_CONST,
	TERM_VAR,
	TERM_DATA,
	TERM_INPUT,
	TERM_REF, /* items[0] is the head, the others its brackets */
	TERM_ARRAY,
	TERM_SET,
	TERM_OBJECT, /* items: key, value, key, value */
	TERM_ARRAY_COMP,
	TERM_SET_COMP,
	TERM_OBJECT_COMP,
	TERM_CALL,     /* name + items as arguments */
	TERM_TEMPLATE, /* items: what stands in the string, constants between */
	TERM_HELD,     /* planned already: `var` is its register */
};

struct body;
struct term;
struct scope; /* scope.h */
struct variable;
struct group; /* rules of one name: tree.h */
struct rego_builtin;
struct type; /* types.h */

/* What a call means, once resolved. */
struct callee {
	struct group *group;                /* a function of the policy */
	const struct rego_builtin *builtin; /* or one of ours */
};

struct term {
	uint8_t kind;  /* enum term_kind */
	bool wildcard; /* VAR: written as _ */
	bool quoted;   /* CONST key of a REF: written in brackets */
	bool paren;    /* stood in parentheses */
	bool resolved;
	uint32_t off; /* in the source, for messages */
	uint32_t n;   /* items */
	uint32_t var; /* VAR: number within its rule, 1.. */
	union {
		struct value value; /* CONST */
		struct bytes name;  /* VAR */
		struct {            /* CALL: a dotted name; the callee after resolving */
			struct bytes name;
			struct callee callee;
		} call;
		struct {                  /* comprehensions */
			struct term *key; /* OBJECT_COMP */
			struct term *val;
			struct body *body;
			struct scope *scope;
		} comp;
	} u;
	struct term **items;
	const struct type *type; /* types_infer.c: as far as it is known */
	struct term *fn; /* CALL: the reference that was written in front of the parentheses */
};

struct with {
	struct term *target;
	struct term *value;
	uint32_t off;
	/* Resolved: the function that is replaced, or NULL for a document. */
	struct callee callee;
	bool is_function;
	struct callee replacement; /* the function that replaces it, if it is one */
};

enum expr_kind {
	EXPR_TERM, /* a term, calls included */
	EXPR_SOME, /* some a, b: declarations only */
	EXPR_SOME_IN,
	EXPR_EVERY,
};

struct expr {
	uint8_t kind; /* enum expr_kind */
	bool negated;
	uint32_t off, end;   /* text of the expression */
	uint32_t number;     /* for the tracer */
	uint32_t place;      /* of the query: among its values */
	struct term *term;   /* TERM; SOME_IN and EVERY: the collection */
	struct term *key;    /* SOME_IN, EVERY; may be NULL */
	struct term *val;    /* SOME_IN, EVERY */
	struct term **names; /* SOME */
	uint32_t n_names;
	struct body *body;   /* EVERY */
	struct scope *scope; /* of that body */
	struct with *with;
	uint32_t n_with;
};

struct body {
	struct expr **list;
	uint32_t n;
	uint32_t *order; /* in which the planner took them; NULL: it did not */
};

struct rule {
	const struct source *source;
	uint32_t off;
	bool is_default;
	bool is_function;
	bool no_args;       /* the head was written f(): a rule that may be called */
	bool is_set;        /* contains */
	bool generated;     /* no value was written: true */
	struct term **path; /* head reference without package: names and brackets */
	uint32_t n_path;
	struct term **args;
	uint32_t n_args;
	struct term *value; /* or the set's item */
	struct body *body;  /* NULL: none */
	struct rule *otherwise;
	struct rule *next; /* in the module */
	struct module *module;
	struct variable *vars; /* by number, from 1; else branches included */
	uint32_t n_vars;
};

struct import {
	struct term *path; /* REF below data or input */
	struct bytes alias;
	uint32_t off;
	bool keyword; /* of rego or future: names nothing */
	struct import *next;
};

struct module {
	struct source source;
	struct term **package; /* constants */
	uint32_t n_package;
	uint32_t package_off;
	struct import *imports;
	struct rule *rules;
	bool v1;
	struct module *next;
};

#endif
