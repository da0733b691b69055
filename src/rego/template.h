/* SPDX-License-Identifier: Apache-2.0 */
/*
 * template.h: Go's text/template, without definitions of templates by name.
 * template.c walks text and control structures, template_eval.c evaluates what
 * stands inside an action.
 */
#ifndef REGO_TEMPLATE_H
#define REGO_TEMPLATE_H

#include "rego/builtin.h"

enum { TEMPLATE_MAX_VARS = 256, TEMPLATE_MAX_DEPTH = 100 };

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
	uint32_t depth;
	enum template_flow flow;
	struct buf out;
};

status template_bad(struct template *t, const char *what);
void template_space(struct template *t);
/* Is the next word this one? Takes it. */
bool template_word(struct template *t, const char *word);
bool template_take(struct template *t, const char *text);

/* A pipeline up to the closing braces; with `skip` only read. *declared: it was $x := ... */
status template_pipeline(struct template *t, bool skip, struct value *ret, bool *declared);
bool template_truth(const struct value *v);
void template_print(const struct value *v, bool top, struct buf *out);

#endif
