/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/resolve.h"

static status
add_target(struct resolver *rs, const struct term *t)
{
	struct target *target = arena_new(&rs->c->arena, struct target);

	if (!target)
		return compile_memory(rs->c);
	if (t->kind == TERM_REF) {
		target->path = t->items + 1;
		target->n = t->n - 1;
	}
	target->next = rs->c->targets;
	rs->c->targets = target;
	return OK;
}

/* = and := and what metadata says are no functions. */
static bool
is_language(const struct term *t)
{
	const struct term *head = t->kind == TERM_REF ? t->items[0] : t;

	if (head->kind != TERM_VAR)
		return false;
	return t->kind == TERM_REF
	               ? bytes_is(head->u.name, "rego")
	               : bytes_is(head->u.name, "eq") || bytes_is(head->u.name, "assign");
}

static status
bad_target(struct resolver *rs, const struct term *t)
{
	if (is_language(t))
		return resolve_error(rs, t->off, "E-REGO-019",
		                     "with can't replace a part of the language");
	return resolve_error(
	        rs, t->off, "E-REGO-013",
	        "with replaces input, data, a function, or a constant path below them");
}

/* What a rule makes is replaced as a whole. */
static status
check_whole(struct resolver *rs, const struct term *t)
{
	const struct node *n = rs->c->root;

	for (uint32_t i = 1; n && t->kind == TERM_REF && i < t->n; i++) {
		if (n->group)
			return resolve_error(rs, t->off, "E-REGO-019",
			                     "with can't replace a part of what a rule makes");
		n = node_child(rs->c, n, json_text(&t->items[i]->u.value));
	}
	return OK;
}

static status
resolve_document_target(struct resolver *rs, struct with *w)
{
	struct term *t = w->target;
	const struct term *root;

	TRY(resolve_term(rs, t));
	root = t->kind == TERM_REF ? t->items[0] : t;
	if (root->kind != TERM_INPUT && root->kind != TERM_DATA)
		return bad_target(rs, t);
	for (uint32_t i = 1; t->kind == TERM_REF && i < t->n; i++)
		if (t->items[i]->kind != TERM_CONST || t->items[i]->u.value.type != VALUE_STRING)
			return bad_target(rs, t);
	if (root->kind == TERM_INPUT)
		return OK;
	TRY(check_whole(rs, t));
	return add_target(rs, t);
}

/* Some builtins are the language itself, not functions. */
static status
check_replaceable(struct resolver *rs, const struct with *w)
{
	const struct rego_builtin *b = w->callee.builtin;
	const char *why = NULL;

	if (!b)
		return OK;
	if (bytes_starts(bytes_str(b->name), BYTES("internal.")))
		why = "is no function of its own";
	else if (b->flags & BUILTIN_RELATION)
		why = "has more than one result";
	else if (b->flags & BUILTIN_VARIADIC)
		why = "has no result";
	if (!why)
		return OK;
	return resolve_error(rs, w->target->off, "E-REGO-019", "with can't replace %s: it %s",
	                     b->name, why);
}

uint32_t
callee_arity(struct callee f)
{
	return f.group ? f.group->n_args : f.builtin->arity;
}

status
resolve_with(struct resolver *rs, struct with *w)
{
	uint32_t unused;

	w->callee = find_callee(rs, w->target);
	w->is_function = w->callee.group || w->callee.builtin;
	if (!w->is_function) {
		TRY(resolve_document_target(rs, w));
		return resolve_term(rs, w->value);
	}
	TRY(check_replaceable(rs, w));
	TRY(mock_index(rs->c, w->callee, &unused));
	w->replacement = find_callee(rs, w->value);
	if (!w->replacement.group && !w->replacement.builtin)
		return resolve_term(rs, w->value);
	if (callee_arity(w->callee) != callee_arity(w->replacement) && !rs->c->uneven) {
		rs->c->uneven = w;
		rs->c->uneven_source = rs->source;
	}
	return OK;
}
