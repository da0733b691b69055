/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scope.h: variables of one rule. A scope is a body: the rule's own, a
 * comprehension's, an every's. A closure (the inner one) shares a variable
 * with its surroundings exactly when the variable also stands directly in a
 * scope around it; otherwise it has one of its own.
 */
#ifndef REGO_SCOPE_H
#define REGO_SCOPE_H

#include "rego/ast.h"

enum declared_by { BY_ASSIGNMENT, BY_SOME, BY_SOME_IN, BY_EVERY, BY_ARGUMENT, BY_USE };

struct declared {
	struct bytes name;
	uint32_t var;
	uint32_t off;
	uint8_t by; /* enum declared_by */
	bool used;
	struct declared *next;
};

struct scope {
	struct scope *parent;
	struct declared *declared;
	struct declared *used;  /* undeclared names that stand directly here */
	struct declared *later; /* names that some expression of this body declares */
};

/* A scope in which the variable stands directly. */
struct occurrence {
	const struct scope *scope;
	struct occurrence *next;
};

struct variable {
	struct bytes name; /* "_" of a wildcard */
	uint32_t off;      /* where it first stands */
	struct occurrence *in;
};

/* True if the variable also stands in a scope around `closure`. */
static inline bool
variable_shared(const struct variable *v, const struct scope *closure)
{
	for (const struct scope *s = closure->parent; s; s = s->parent)
		for (const struct occurrence *o = v->in; o; o = o->next)
			if (o->scope == s)
				return true;
	return false;
}

#endif
