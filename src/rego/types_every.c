/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/infer.h"

/*
 * Bodies of `every`, as far as OPA looks at them: references have to lead somewhere, and closures
 * are closures; whether a call or an equation can succeed is seen when it runs.
 */

static status look_at(struct inference *in, struct term *t);

static status
look_at_ref(struct inference *in, struct term *t)
{
	uint8_t head = t->items[0]->kind;

	for (uint32_t i = head == TERM_DATA; i < t->n; i++)
		TRY(look_at(in, t->items[i]));
	if (head == TERM_DATA || head == TERM_INPUT || head == TERM_VAR)
		return infer_ref(in, t);
	for (uint32_t i = 1; i < t->n; i++)
		give_up(in, t->items[i]);
	t->type = in->any;
	return OK;
}

static status
look_at(struct inference *in, struct term *t)
{
	TRY(compile_work(in->c, 1));
	t->type = NULL;
	if (t->kind == TERM_REF)
		return look_at_ref(in, t);
	if (t->kind == TERM_DATA || t->kind == TERM_ARRAY_COMP || t->kind == TERM_SET_COMP ||
	    t->kind == TERM_OBJECT_COMP)
		return infer_term(in, t);
	for (uint32_t i = 0; i < t->n; i++)
		TRY(look_at(in, t->items[i]));
	if (t->kind == TERM_CALL)
		t->type = in->any;
	return OK;
}

static status
look_at_expr(struct inference *in, const struct expr *e)
{
	for (uint32_t i = 0; i < e->n_with; i++) {
		if (e->with[i].value->resolved && !is_function(in->c, e->with[i].value))
			TRY(look_at(in, e->with[i].value));
	}
	if (e->term)
		TRY(look_at(in, e->term));
	if (e->kind == EXPR_SOME_IN && e->key)
		TRY(look_at(in, e->key));
	if (e->kind == EXPR_SOME_IN)
		TRY(look_at(in, e->val));
	return e->kind == EXPR_EVERY ? infer_every(in, e->body) : OK;
}

status
infer_every(struct inference *in, const struct body *b)
{
	for (uint32_t i = 0; i < b->n; i++)
		TRY(look_at_expr(in, b->list[b->order ? b->order[i] : i]));
	return OK;
}
