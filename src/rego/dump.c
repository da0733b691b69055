/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/dump.h"

#include "rego/parse.h"

static void put_body(const struct body *b, int depth, struct buf *out);
static void put_term(const struct term *t, int depth, struct buf *out);

static void
indent(int depth, struct buf *out)
{
	buf_u8(out, '\n');
	for (int i = 0; i < depth; i++)
		buf_str(out, "  ");
}

static void
put_items(const char *what, struct term *const *items, uint32_t n, int depth, struct buf *out)
{
	buf_printf(out, "(%s", what);
	for (uint32_t i = 0; i < n; i++) {
		buf_u8(out, ' ');
		put_term(items[i], depth, out);
	}
	buf_u8(out, ')');
}

static void
put_comprehension(const char *what, const struct term *t, int depth, struct buf *out)
{
	buf_printf(out, "(%s ", what);
	if (t->u.comp.key) {
		put_term(t->u.comp.key, depth, out);
		buf_u8(out, ' ');
	}
	put_term(t->u.comp.val, depth, out);
	put_body(t->u.comp.body, depth + 1, out);
	buf_u8(out, ')');
}

static void
put_call(const struct term *t, int depth, struct buf *out)
{
	buf_u8(out, '(');
	buf_bytes(out, t->u.call.name);
	for (uint32_t i = 0; i < t->n; i++) {
		buf_u8(out, ' ');
		put_term(t->items[i], depth, out);
	}
	buf_u8(out, ')');
}

static void
put_term(const struct term *t, int depth, struct buf *out)
{
	switch ((enum term_kind)t->kind) {
	case TERM_CONST:
		value_term(&t->u.value, out);
		return;
	case TERM_VAR:
		buf_bytes(out, t->u.name);
		return;
	case TERM_DATA:
	case TERM_INPUT:
		buf_str(out, t->kind == TERM_DATA ? "data" : "input");
		return;
	case TERM_REF:
		put_items("ref", t->items, t->n, depth, out);
		return;
	case TERM_ARRAY:
		put_items("array", t->items, t->n, depth, out);
		return;
	case TERM_SET:
		put_items("set", t->items, t->n, depth, out);
		return;
	case TERM_OBJECT:
		put_items("object", t->items, t->n, depth, out);
		return;
	case TERM_TEMPLATE:
		put_items("template", t->items, t->n, depth, out);
		return;
	case TERM_ARRAY_COMP:
		put_comprehension("array-of", t, depth, out);
		return;
	case TERM_SET_COMP:
		put_comprehension("set-of", t, depth, out);
		return;
	case TERM_OBJECT_COMP:
		put_comprehension("object-of", t, depth, out);
		return;
	case TERM_CALL:
		put_call(t, depth, out);
		return;
	case TERM_HELD: /* the planner's, never parsed */
		return;
	}
}

static void
put_named(const char *what, const struct expr *e, int depth, struct buf *out)
{
	buf_printf(out, "(%s ", what);
	if (e->key) {
		put_term(e->key, depth, out);
		buf_u8(out, ' ');
	}
	put_term(e->val, depth, out);
	buf_u8(out, ' ');
	put_term(e->term, depth, out);
	if (e->body)
		put_body(e->body, depth + 1, out);
	buf_u8(out, ')');
}

static void
put_expr(const struct expr *e, int depth, struct buf *out)
{
	if (e->negated)
		buf_str(out, "(not ");
	if (e->kind == EXPR_SOME)
		put_items("some", e->names, e->n_names, depth, out);
	else if (e->kind == EXPR_TERM)
		put_term(e->term, depth, out);
	else
		put_named(e->kind == EXPR_EVERY ? "every" : "some-in", e, depth, out);
	if (e->negated)
		buf_u8(out, ')');
	for (uint32_t i = 0; i < e->n_with; i++) {
		buf_str(out, " (with ");
		put_term(e->with[i].target, depth, out);
		buf_u8(out, ' ');
		put_term(e->with[i].value, depth, out);
		buf_u8(out, ')');
	}
}

static void
put_body(const struct body *b, int depth, struct buf *out)
{
	for (uint32_t i = 0; i < b->n; i++) {
		indent(depth, out);
		put_expr(b->list[i], depth, out);
	}
}

static void
put_rule(const struct rule *r, const char *what, struct buf *out)
{
	buf_printf(out, "(%s", what);
	if (r->n_path > 0) {
		buf_u8(out, ' ');
		put_items("path", r->path, r->n_path, 1, out);
	}
	if (r->is_function) {
		buf_u8(out, ' ');
		put_items("arguments", r->args, r->n_args, 1, out);
	}
	buf_str(out, r->is_set ? " (contains " : " (value ");
	put_term(r->value, 1, out);
	buf_u8(out, ')');
	if (r->body)
		put_body(r->body, 1, out);
	if (r->otherwise) {
		indent(1, out);
		put_rule(r->otherwise, "else", out);
	}
	buf_u8(out, ')');
}

void
dump_module(const struct module *m, struct buf *out)
{
	put_items("package", m->package, m->n_package, 0, out);
	buf_u8(out, '\n');
	for (const struct import *im = m->imports; im; im = im->next) {
		buf_str(out, "(import ");
		put_term(im->path, 0, out);
		buf_u8(out, ' ');
		buf_bytes(out, im->alias);
		buf_str(out, ")\n");
	}
	for (const struct rule *r = m->rules; r; r = r->next) {
		put_rule(r, r->is_default ? "default" : "rule", out);
		buf_u8(out, '\n');
	}
}

status
dump_text(const char *name, struct bytes text, bool v0, struct buf *out, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct source src = {name, text};
	struct module *m;

	TRY(parse_module(&a, &src, !v0, &m, err));
	dump_module(m, out);
	return buf_check(out, err);
}
