/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template.h: Go's text/template on values that went through JSON, so that
 * their numbers are texts of digits (literals of the template are numbers).
 * template.c walks text and control structures, template_eval.c evaluates what
 * stands inside an action, template_calls.c has the functions. A first walk
 * only reads: it finds definitions and all faults of syntax.
 */
#ifndef REGO_TEMPLATE_H
#define REGO_TEMPLATE_H

#include "rego/builtin.h"

enum {
	TEMPLATE_MAX_VARS = 256,
	TEMPLATE_MAX_DEPTH = 100,
	TEMPLATE_MAX_DEFINITIONS = 64,
	TEMPLATE_MAX_ARGS = 32,
	TEMPLATE_LITERAL = 64, /* flag of a NUMBER: an int or (text) a float of the template */
};

enum template_flow { FLOW_NONE, FLOW_BREAK, FLOW_CONTINUE };

struct template
{
	struct rego_call *c;
	struct bytes text;
	size_t at;
	struct value dot;
	struct {
		struct bytes name; /* with its dollar */
		struct value val;
	} vars[TEMPLATE_MAX_VARS];
	uint32_t n_vars;
	struct {
		struct bytes name;
		size_t body;
	} definitions[TEMPLATE_MAX_DEFINITIONS];
	uint32_t n_definitions;
	struct bytes declared[2]; /* by the last pipeline: $i, $x := */
	uint32_t n_declared;
	bool assigned; /* with = */
	bool in_range;
	uint32_t depth;
	enum template_flow flow;
	struct buf out;
};

status template_bad(struct template *t, const char *what);
void template_space(struct template *t);
/* Is the next word this one? Takes it. */
bool template_word(struct template *t, const char *word);
bool template_take(struct template *t, const char *text);

/* A pipeline up to the closing braces; with `skip` only read. What it declares is in `t`. */
status template_pipeline(struct template *t, bool skip, struct value *ret);
/* "text" or `text`. */
status template_quoted(struct template *t, struct value *ret);
/* The variable of this name gets the value; false if there is none. */
bool template_set(struct template *t, struct bytes name, const struct value *v);

struct template_call {
	struct value args[TEMPLATE_MAX_ARGS];
	uint32_t n;
};
bool template_is_function(struct bytes name);
status template_function(struct template *t, struct bytes name, const struct template_call *f,
                         struct value *ret);
bool template_truth(const struct value *v);
/* As fmt.Print; nil is a word, at the top "<no value>". */
void template_print(const struct value *v, bool top, struct buf *out);

static inline bool
template_is_literal(const struct value *v)
{
	return v->type == VALUE_NUMBER && (v->flags & TEMPLATE_LITERAL);
}

#endif
