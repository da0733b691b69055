/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/infer.h"
#include "rego/scope.h"

static status infer_body(struct inference *in, const struct body *b);

static status
match_error(struct inference *in, uint32_t off, const struct type *a, const struct type *b)
{
	char left[TYPES_TEXT], right[TYPES_TEXT];

	type_show(a, left, sizeof left);
	type_show(b, right, sizeof right);
	return source_error(in->source, off, in->c->err, ERR_PARSE, "E-REGO-022",
	                    "match error: left %s, right %s", left, right);
}

/* ---- calls ---- */

static struct signature *
signature(struct inference *in, const struct rego_builtin *b)
{
	struct signature *s = in->signatures;

	while (s && s->builtin != b)
		s = s->next;
	if (s || !(s = signature_of(&in->types, b)))
		return s;
	s->next = in->signatures;
	in->signatures = s;
	return s;
}

/* What a call takes and gives. */
struct takes {
	const struct type *const *args;
	uint32_t n;
	const struct type *result;
};

static void
show_list(const struct type *const *list, uint32_t n, char *to, size_t size)
{
	size_t at = 0;

	to[0] = '\0';
	for (uint32_t i = 0; i < n && at + 8 < size; i++) {
		if (i > 0) {
			to[at++] = ',';
			to[at++] = ' ';
		}
		type_show(list[i], to + at, size - at);
		at += bytes_str(to + at).n;
	}
}

static status
bad_argument(struct inference *in, const struct term *t, const struct takes *f)
{
	const struct type *have[SIGNATURE_MAX_ARGS + 1];
	char got[TYPES_TEXT], want[TYPES_TEXT];
	uint32_t n = MIN(t->n, (uint32_t)COUNT_OF(have));

	for (uint32_t i = 0; i < n; i++)
		have[i] = known_type(in, t->items[i]);
	show_list(have, n, got, sizeof got);
	show_list(f->args, MIN(f->n, n), want, sizeof want);
	return source_error(in->source, term_start(t), in->c->err, ERR_PARSE, "E-REGO-023",
	                    "%.*s: invalid argument(s): have (%s), want (%s)",
	                    BYTES_ARG(t->u.call.name), got, want);
}

static status
check_arguments(struct inference *in, struct term *t, const struct takes *f)
{
	for (uint32_t i = 0; i < t->n; i++) {
		const struct type *want = i < f->n ? f->args[i] : i == f->n ? f->result : NULL;

		if (want && !term_fits(in, t->items[i], want, false))
			return bad_argument(in, t, f);
	}
	t->type = f->result;
	return OK;
}

/* x in xs unifies x with the items, k, v in xs both with what a place has. */
static status
infer_member(struct inference *in, struct term *t)
{
	const struct term *coll = t->items[t->n - 1], *item = t->items[t->n - 2];
	const struct type *of = known_type(in, coll), *keys, *values;

	of = of ? of : in->any;
	keys = type_keys(&in->types, of);
	values = type_values(&in->types, of);
	if (t->n == 3 && keys && !term_fits(in, t->items[0], keys, false))
		return match_error(in, term_start(t), known_type(in, t->items[0]), keys);
	if (values && !term_fits(in, item, values, false))
		return match_error(in, term_start(t), known_type(in, item), values);
	t->type = type_scalar(&in->types, TYPE_BOOLEAN);
	return OK;
}

static status
infer_builtin(struct inference *in, struct term *t)
{
	const struct rego_builtin *b = t->u.call.callee.builtin;
	const struct signature *s;

	t->type = in->any;
	if (bytes_is(bytes_str(b->name), "internal.member_2") ||
	    bytes_is(bytes_str(b->name), "internal.member_3"))
		return infer_member(in, t);
	s = signature(in, b);
	if (!s)
		return OK;
	if (s->deprecated && in->v1)
		return source_error(in->source, t->off, in->c->err, ERR_PARSE, "E-REGO-018",
		                    "builtin %s is deprecated", b->name);
	return check_arguments(in, t, &(struct takes){s->args, s->n_args, s->result});
}

static status
infer_call(struct inference *in, struct term *t)
{
	const struct group *g = t->u.call.callee.group;

	for (uint32_t i = 0; i < t->n; i++)
		TRY(infer_term(in, t->items[i]));
	if (t->u.call.callee.builtin)
		return infer_builtin(in, t);
	t->type = in->any;
	if (!g || !g->arg_types)
		return OK;
	return check_arguments(in, t, &(struct takes){g->arg_types, g->n_args, g->type});
}

/* ---- terms ---- */

static status
infer_comprehension(struct inference *in, struct term *t)
{
	uint32_t trail = in->n_trail;
	const struct type *key = NULL, *val;

	TRY(infer_body(in, t->u.comp.body));
	if (t->u.comp.key) {
		TRY(infer_term(in, t->u.comp.key));
		key = known_type(in, t->u.comp.key);
	}
	TRY(infer_term(in, t->u.comp.val));
	val = known_type(in, t->u.comp.val);
	forget(in, trail);
	if (t->kind == TERM_ARRAY_COMP && val)
		t->type = type_array(&in->types, NULL, 0, val);
	else if (t->kind == TERM_SET_COMP && val)
		t->type = type_set(&in->types, val);
	else if (key && val)
		t->type = type_object(&in->types, NULL, 0, key, val);
	return OK;
}

static status
infer_items(struct inference *in, struct term *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		TRY(infer_term(in, t->items[i]));
	return OK;
}

status
infer_term(struct inference *in, struct term *t)
{
	TRY(compile_work(in->c, 1));
	t->type = NULL;
	switch ((enum term_kind)t->kind) {
	case TERM_CONST:
		t->type = type_of_value(&in->types, &t->u.value);
		return OK;
	case TERM_VAR:
		return OK;
	case TERM_INPUT:
	case TERM_HELD: /* the planner's own */
		t->type = in->any;
		return OK;
	case TERM_DATA:
		return infer_ref(in, t);
	case TERM_REF:
		for (uint32_t i = t->items[0]->kind == TERM_DATA; i < t->n; i++)
			TRY(infer_term(in, t->items[i]));
		return infer_ref(in, t);
	case TERM_ARRAY:
	case TERM_SET:
	case TERM_OBJECT:
		TRY(infer_items(in, t));
		t->type = known_type(in, t);
		return OK;
	case TERM_TEMPLATE:
		TRY(infer_items(in, t));
		t->type = type_scalar(&in->types, TYPE_STRING);
		return OK;
	case TERM_ARRAY_COMP:
	case TERM_SET_COMP:
	case TERM_OBJECT_COMP:
		return infer_comprehension(in, t);
	case TERM_CALL:
		return infer_call(in, t);
	}
	return OK;
}

/* ---- expressions ---- */

static status
infer_match(struct inference *in, const struct expr *e, const struct term *a, const struct term *b)
{
	if (terms_match(in, a, b))
		return OK;
	return match_error(in, e->off, known_type(in, a), known_type(in, b));
}

static status
infer_some_in(struct inference *in, const struct expr *e)
{
	struct term *items[2] = {e->term, e->key};
	struct term part = {.kind = TERM_REF, .off = e->term->off, .n = 2, .items = items};
	struct term any_key = {.kind = TERM_CONST};

	TRY(infer_term(in, e->term));
	if (e->key)
		TRY(infer_term(in, e->key));
	TRY(infer_term(in, e->val));
	if (e->term->kind == TERM_CONST) { /* has no items, and is nobody's mistake */
		part.type = in->any;
		if (e->key)
			(void)term_fits(in, e->key, in->any, false);
		return infer_match(in, e, e->val, &part);
	}
	if (!e->key) {
		const struct type *of = known_type(in, e->term);

		any_key.type = of ? type_keys(&in->types, of) : in->any;
		any_key.kind = TERM_TEMPLATE;
		any_key.off = e->term->off;
		items[1] = &any_key;
	}
	TRY(infer_ref(in, &part));
	return infer_match(in, e, e->val, &part);
}

static bool
is_equation(const struct term *t)
{
	return t->kind == TERM_CALL && !t->fn && t->n == 2 &&
	       (bytes_is(t->u.call.name, "eq") || bytes_is(t->u.call.name, "assign") ||
	        bytes_is(t->u.call.name, "equal"));
}

static status
infer_bare(struct inference *in, const struct expr *e)
{
	switch ((enum expr_kind)e->kind) {
	case EXPR_SOME:
		return OK;
	case EXPR_SOME_IN:
		return infer_some_in(in, e);
	case EXPR_EVERY:
		TRY(infer_term(in, e->term));
		return infer_every(in, e->body);
	case EXPR_TERM:
		break;
	}
	if (!is_equation(e->term))
		return infer_term(in, e->term);
	TRY(infer_items(in, e->term));
	return infer_match(in, e, e->term->items[0], e->term->items[1]);
}

/* Does the `with` put something in the place of rules? */
static bool
replaces_rules(struct inference *in, const struct with *w)
{
	const struct node *n = in->c->root;

	if (w->is_function || w->target->kind != TERM_REF || w->target->items[0]->kind != TERM_DATA)
		return w->target->kind == TERM_DATA;
	for (uint32_t i = 1; n && i < w->target->n; i++)
		n = node_child(in->c, n, json_text(&w->target->items[i]->u.value));
	return n;
}

static status
infer_with(struct inference *in, const struct with *w)
{
	const struct term *root = w->target->kind == TERM_REF ? w->target->items[0] : w->target;

	/* A function in the place of data has no value, and OPA does not mind. */
	if (!w->value->resolved || (root->kind == TERM_DATA && is_function(in->c, w->value)))
		return OK;
	return infer_term(in, w->value);
}

static status
infer_expr(struct inference *in, const struct expr *e)
{
	const struct expr *outer = in->replacing;
	status s;

	for (uint32_t i = 0; i < e->n_with; i++)
		TRY(infer_with(in, &e->with[i]));
	for (uint32_t i = 0; i < e->n_with; i++)
		if (replaces_rules(in, &e->with[i]))
			in->replacing = e;
	s = infer_bare(in, e);
	in->replacing = outer;
	return s;
}
static status
infer_body(struct inference *in, const struct body *b)
{
	for (uint32_t i = 0; b && i < b->n; i++)
		TRY(infer_expr(in, b->list[b->order ? b->order[i] : i]));
	return OK;
}

/* ---- rules ---- */

static status
begin(struct inference *in, const struct source *source, uint32_t n_vars, bool v1)
{
	in->source = source;
	in->v1 = v1;
	in->n_trail = 0;
	if (n_vars >= in->cap_vars) {
		in->cap_vars = n_vars + 64;
		in->vars = arena_array(in->types.arena, in->cap_vars, sizeof *in->vars);
		return compile_memory(in->c);
	}
	for (uint32_t i = 0; i <= n_vars; i++)
		in->vars[i] = NULL;
	return OK;
}

/* p[x].q: what one solution adds to the object. */
static const struct type *
entry_type(struct inference *in, const struct group *g, const struct rule *r,
           const struct type *val)
{
	uint32_t from = g->depth - r->module->n_package;

	for (uint32_t i = r->n_path; i > from; i--) {
		const struct term *key = r->path[i - 1];
		const struct type *k = known_type(in, key);
		struct type_member member = {key->u.value, val};

		if (key->kind == TERM_CONST)
			val = type_object(&in->types, &member, 1, NULL, NULL);
		else
			val = type_object(&in->types, NULL, 0, k ? k : in->any, val);
	}
	return val;
}

/* Objects of several entries are one object. */
static const struct type *
join(struct inference *in, const struct type *a, const struct type *b)
{
	struct type_member *members;
	const struct type *val;
	uint32_t n = 0;

	if (!a || !b || a->kind != TYPE_OBJECT || b->kind != TYPE_OBJECT)
		return type_or(&in->types, a, b);
	members = arena_array(in->types.arena, (size_t)a->n + b->n + 1, sizeof *members);
	if (!members || !types_charge(&in->types, (uint64_t)(a->n + 1) * (b->n + 1)))
		return in->any;
	for (uint32_t i = 0; i < a->n; i++) {
		const struct type *other = NULL;

		for (uint32_t k = 0; k < b->n && !other; k++)
			if (value_eq(&a->keys[i], &b->keys[k]))
				other = b->items[k];
		members[n++] = (struct type_member){a->keys[i], join(in, a->items[i], other)};
	}
	for (uint32_t k = 0; k < b->n; k++) {
		bool both = false;

		for (uint32_t i = 0; i < a->n; i++)
			both |= value_eq(&a->keys[i], &b->keys[k]);
		if (!both)
			members[n++] = (struct type_member){b->keys[k], b->items[k]};
	}
	val = join(in, a->val, b->val);
	return type_object(&in->types, members, n, type_or(&in->types, a->key, b->key), val);
}

static status
infer_branch(struct inference *in, struct group *g, const struct rule *head, struct rule *r)
{
	const struct type *val;

	TRY(begin(in, r->source, r->n_vars, r->module->v1));
	for (uint32_t i = 0; i < head->n_args; i++)
		TRY(infer_term(in, head->args[i]));
	TRY(infer_body(in, r->body));
	for (uint32_t i = 0; i < r->n_path; i++)
		TRY(infer_term(in, r->path[i]));
	TRY(infer_term(in, r->value));
	for (uint32_t i = 0; i < head->n_args; i++) {
		const struct type *arg;

		give_up(in, head->args[i]);
		head->args[i]->type = NULL;
		arg = known_type(in, head->args[i]);
		g->arg_types[i] = type_or(&in->types, g->arg_types[i], arg ? arg : in->any);
	}
	val = known_type(in, r->value);
	val = val ? val : in->any;
	if (r->is_set)
		val = type_set(&in->types, val);
	in->made = g->kind == GROUP_OBJECT ? join(in, in->made, entry_type(in, g, head, val))
	                                   : type_or(&in->types, in->made, val);
	return OK;
}

static status
infer_group(struct inference *in, struct group *g)
{
	const struct rule *first = g->n_rules ? g->rules[0] : g->fallback;
	const struct type **args;

	if (g->node->group != g) /* a part: its rules are those of the whole */
		return OK;
	args = arena_array(in->types.arena, first->n_args + 1, sizeof *args);
	if (!args)
		return compile_memory(in->c);
	if (g->kind == GROUP_FUNCTION)
		g->arg_types = args;
	in->made = NULL;
	for (uint32_t i = 0; i <= g->n_rules; i++) {
		struct rule *r = i < g->n_rules ? g->rules[i] : g->fallback;

		for (struct rule *branch = r; branch; branch = branch->otherwise)
			TRY(infer_branch(in, g, r, branch));
	}
	g->type = in->made;
	return OK;
}

status
infer_types(struct compiler *c)
{
	struct inference in = {.c = c};

	if (!types_init(&in.types, &c->arena))
		return compile_memory(c);
	in.any = type_scalar(&in.types, TYPE_ANY);
	for (struct group *g = c->checked; g; g = g->next_checked)
		TRY(infer_group(&in, g));
	if (c->query) {
		TRY(begin(&in, &c->query_source, c->n_query_slots, false));
		TRY(infer_body(&in, c->query));
	}
	return compile_memory(c);
}
