/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/parse.h"

#include "base/text.h"

static bool
all_keywords(struct parser *ps)
{
	return ps->kw_in = ps->kw_every = ps->kw_if = ps->kw_contains = true;
}

/* `import future.keywords.x` and `import rego.v1`; false if it is another import or none. */
static bool
keyword_import(struct parser *ps, const struct term *path)
{
	struct bytes word[3] = {{0}};

	for (uint32_t i = 0; i < path->n && i < 3; i++)
		word[i] = path->items[i]->kind == TERM_VAR ? path->items[i]->u.name
		                                           : json_text(&path->items[i]->u.value);
	if (bytes_is(word[0], "rego") && bytes_is(word[1], "v1") && path->n == 2) {
		ps->v1 = true;
		ps->module->v1 = true;
		return all_keywords(ps);
	}
	if (!bytes_is(word[0], "future") || !bytes_is(word[1], "keywords"))
		return false;
	if (path->n == 2)
		return all_keywords(ps);
	if (bytes_is(word[2], "in"))
		return ps->kw_in = true;
	if (bytes_is(word[2], "every"))
		return ps->kw_every = ps->kw_in = true;
	if (bytes_is(word[2], "if"))
		return ps->kw_if = true;
	if (bytes_is(word[2], "contains"))
		return ps->kw_contains = true;
	(void)parser_fail(ps, path->off, "no such keyword");
	return false;
}

static bool
check_import(struct parser *ps, const struct term *path)
{
	if (path->kind != TERM_REF || path->items[0]->kind != TERM_VAR ||
	    !(bytes_is(path->items[0]->u.name, "data") ||
	      bytes_is(path->items[0]->u.name, "input")))
		return parser_fail(ps, path->off,
		                   "an import starts with data, input, rego or future");
	for (uint32_t i = 1; i < path->n; i++)
		if (path->items[i]->kind != TERM_CONST ||
		    path->items[i]->u.value.type != VALUE_STRING)
			return parser_fail(ps, path->items[i]->off,
			                   "an import path has constant parts");
	return true;
}

static struct bytes
last_part(const struct term *path)
{
	return json_text(&path->items[path->n - 1]->u.value);
}

/* What neither a rule nor an import may be called. */
static bool
is_rule_keyword(const struct parser *ps, struct bytes name)
{
	return is_keyword(ps, name) || (ps->kw_contains && bytes_is(name, "contains"));
}

static bool
parse_import(struct parser *ps, struct import **tail)
{
	struct import *im = arena_new(ps->arena, struct import);

	if (!im)
		return parser_limit(ps, "the policy needs too much memory");
	im->off = ps->tok.off;
	parser_scan(ps);
	if (!(im->path = parse_head_term(ps)))
		return false;
	if (im->path->kind == TERM_REF && keyword_import(ps, im->path)) {
		if (at_word(ps, "as"))
			return parser_fail(ps, ps->tok.off, "this import can't have another name");
		im->keyword = true;
		im->alias = last_part(im->path);
		*tail = im;
		return true;
	}
	if (im->path->kind == TERM_VAR &&
	    (bytes_is(im->path->u.name, "input") || bytes_is(im->path->u.name, "data"))) {
		im->alias = im->path->u.name;
	} else {
		if (!check_import(ps, im->path))
			return false;
		im->alias = last_part(im->path);
	}
	if (at_word(ps, "as")) {
		parser_scan(ps);
		if (ps->tok.kind != TOK_IDENT || is_rule_keyword(ps, ps->tok.text))
			return parser_fail(ps, ps->tok.off, "expected a name after as");
		if (bytes_is(ps->tok.text, "input") || bytes_is(ps->tok.text, "data"))
			return parser_fail(ps, ps->tok.off, "an import can't hide input or data");
		im->alias = ps->tok.text;
		parser_scan(ps);
	} else if (is_rule_keyword(ps, im->alias)) {
		return parser_fail(ps, im->path->items[im->path->n - 1]->off,
		                   "the last part of the path is a keyword: give it another name");
	}
	*tail = im;
	return true;
}

/* ---- rules ---- */

static bool
set_head(struct parser *ps, struct rule *r, struct term *t)
{
	struct term_list path = {0};

	if (t->kind == TERM_CALL) {
		r->is_function = t->n > 0; /* f() is f */
		r->no_args = t->n == 0;
		r->args = t->items;
		r->n_args = t->n;
		t = t->fn;
	}
	if (!t || t->paren ||
	    (t->kind != TERM_VAR && (t->kind != TERM_REF || t->items[0]->kind != TERM_VAR)))
		return parser_fail(ps, r->off, "expected the name of a rule");
	if (t->kind == TERM_VAR && is_rule_keyword(ps, t->u.name))
		return parser_fail(ps, r->off, "a keyword can't be the name of a rule");
	for (uint32_t i = 0; i < (t->kind == TERM_REF ? t->n : 1); i++) {
		struct term *part = t->kind == TERM_REF ? t->items[i] : t;

		if (i == 0)
			part = term_const(ps, json_string(part->u.name), part->off);
		if (!term_push(ps, &path, part))
			return false;
	}
	r->path = path.p;
	r->n_path = path.n;
	return true;
}

static bool
take_equals(struct parser *ps)
{
	return take_punct(ps, PUNCT2(':', '=')) || take_punct(ps, PUNCT('='));
}

static bool
parse_head(struct parser *ps, struct rule *r)
{
	struct term *t = parse_head_term(ps);

	if (!t || !set_head(ps, r, t))
		return false;
	if (ps->kw_contains && at_word(ps, "contains")) {
		if (r->is_function)
			return parser_fail(ps, ps->tok.off,
			                   "a function has one value, it makes no set");
		parser_scan(ps);
		r->is_set = true;
		return (r->value = parse_expr_term(ps)) != NULL;
	}
	if (take_equals(ps))
		return (r->value = parse_expr_term(ps)) != NULL;
	r->generated = true;
	return true;
}

/* Behind `if`: a body in braces, or one expression. */
static struct body *
parse_if_body(struct parser *ps)
{
	struct parser_mark m = parser_mark(ps);
	struct body *b;
	struct expr *e;

	if (take_punct(ps, PUNCT('{'))) {
		b = parse_body(ps, PUNCT('}'));
		/* It may have been a set or an object with an operator behind it. */
		if (b && (ps->tok.newline || (ps->tok.kind != TOK_PUNCT && !at_word(ps, "in"))))
			return b;
		if (b)
			(void)parser_fail(ps, ps->tok.off, "expected the end of the rule");
		parser_back(ps, m);
	}
	e = parse_literal(ps);
	b = arena_new(ps->arena, struct body);
	if (!e || !b || !(b->list = arena_array(ps->arena, 1, sizeof(struct expr *))))
		return NULL;
	b->list[0] = e;
	b->n = 1;
	return b;
}

/* `if` or braces, where there are any. */
static bool
parse_rule_body(struct parser *ps, struct rule *r, bool *had_if)
{
	*had_if = ps->kw_if && at_word(ps, "if");
	if (*had_if) {
		parser_scan(ps);
		return (r->body = parse_if_body(ps)) != NULL;
	}
	if (at_punct(ps, PUNCT('{'))) {
		if (ps->v1)
			return parser_fail(ps, ps->tok.off,
			                   "expected if before the body of the rule");
		parser_scan(ps);
		return (r->body = parse_body(ps, PUNCT('}'))) != NULL;
	}
	return true;
}

static struct rule *
rule_new(struct parser *ps)
{
	struct rule *r = arena_new(ps->arena, struct rule);

	if (!r) {
		(void)parser_limit(ps, "the policy needs too much memory");
		return NULL;
	}
	r->source = ps->source;
	r->module = ps->module;
	r->off = ps->tok.off;
	return r;
}

static bool
true_value(struct parser *ps, struct rule *r)
{
	if (!r->value)
		r->value = term_const(ps, json_bool(true), r->off);
	return r->value != NULL;
}

static bool
parse_else(struct parser *ps, struct rule *r)
{
	bool had_if;

	while (at_word(ps, "else")) {
		struct rule *e = rule_new(ps);

		if (!e)
			return false;
		if (r->is_set)
			return parser_fail(ps, ps->tok.off, "a rule that makes a set has no else");
		if (!r->body)
			return parser_fail(ps, ps->tok.off, "else behind what always holds");
		parser_scan(ps);
		e->is_function = r->is_function;
		if (take_equals(ps)) {
			if (!(e->value = parse_expr_term(ps)))
				return false;
		} else {
			e->generated = true;
		}
		if (!true_value(ps, e) || !parse_rule_body(ps, e, &had_if))
			return false;
		if (!e->body && e->generated)
			return parser_fail(ps, ps->tok.off,
			                   "expected a value or a body after else");
		r->otherwise = e;
		r = e;
	}
	return true;
}

/* p[x] { ... } of v0 adds x to a set; p[x] if ... says that p[x] is true. */
static void
v0_partial_set(struct rule *r, bool had_if)
{
	if (!r->generated || r->is_set || r->is_function || had_if || r->n_path != 2)
		return;
	r->is_set = true;
	r->value = r->path[1];
	r->n_path = 1;
}

/* What is evaluated only in closures does no harm. */
static bool
default_value(const struct term *t)
{
	if (t->kind == TERM_VAR || t->kind == TERM_REF || t->kind == TERM_CALL)
		return false;
	for (uint32_t i = 0; i < t->n; i++)
		if (!default_value(t->items[i]))
			return false;
	return true;
}

static bool
default_argument(const struct rule *r, uint32_t i)
{
	const struct term *t = r->args[i];

	if (t->kind != TERM_VAR || bytes_is(t->u.name, "input") || bytes_is(t->u.name, "data"))
		return false;
	for (uint32_t k = 0; k < i && !t->wildcard; k++)
		if (bytes_equal(r->args[k]->u.name, t->u.name))
			return false;
	return true;
}

static bool
parse_default(struct parser *ps, struct rule *r)
{
	parser_scan(ps);
	r->is_default = true;
	r->off = ps->tok.off;
	if (!parse_head(ps, r))
		return false;
	if (r->is_set)
		return parser_fail(ps, r->off, "a default is a value, not an item of a set");
	for (uint32_t i = 0; i < r->n_args; i++)
		if (!default_argument(r, i))
			return parser_fail(ps, r->args[i]->off,
			                   "an argument of a default is a variable of its own");
	if (r->value && !default_value(r->value))
		return parser_fail(ps, r->value->off,
		                   "a default has no variables, references and calls");
	return true_value(ps, r);
}

static bool
finish_rule(struct parser *ps, struct rule *r)
{
	bool had_if;

	if (!parse_rule_body(ps, r, &had_if))
		return false;
	if (!ps->v1)
		v0_partial_set(r, had_if);
	if (r->generated && !r->body && !r->is_set && !r->is_function)
		return parser_fail(ps, r->off, "a rule needs a value or a body");
	return true_value(ps, r) && parse_else(ps, r);
}

/* One rule, or in v0 one for each of several bodies behind one head. */
static bool
parse_rule(struct parser *ps, struct rule ***tail)
{
	struct parser_mark head = parser_mark(ps);
	struct rule *r = rule_new(ps);

	if (!r)
		return false;
	if (at_word(ps, "default")) {
		if (!parse_default(ps, r))
			return false;
		**tail = r;
		*tail = &r->next;
	} else {
		if (!parse_head(ps, r) || !finish_rule(ps, r))
			return false;
		**tail = r;
		*tail = &r->next;
		while (!ps->v1 && r->body && !r->otherwise && at_punct(ps, PUNCT('{'))) {
			struct parser_mark body = parser_mark(ps);
			struct rule *again = rule_new(ps);

			parser_back(ps, head);
			if (!again || !parse_head(ps, again))
				return false;
			parser_back(ps, body);
			if (!finish_rule(ps, again))
				return false;
			**tail = again;
			*tail = &again->next;
			if (again->otherwise)
				break;
		}
	}
	return true;
}

static bool
parse_statements(struct parser *ps)
{
	struct module *m = ps->module;
	struct import **imports = &m->imports;
	struct rule **rules = &m->rules;
	struct term_list path = {0};

	if (!at_word(ps, "package"))
		return parser_fail(ps, ps->tok.off, "expected package");
	m->package_off = ps->tok.off;
	parser_scan(ps);
	if (!parse_package_path(ps, &path))
		return false;
	m->package = path.p;
	m->n_package = path.n;
	while (ps->tok.kind != TOK_EOF) {
		if (at_word(ps, "import")) {
			if (!parse_import(ps, imports))
				return false;
			if (*imports)
				imports = &(*imports)->next;
		} else if (!parse_rule(ps, &rules)) {
			return false;
		}
	}
	return true;
}

status
parse_module(struct arena *a, const struct source *source, bool v1, struct module **ret,
             struct err *err)
{
	struct parser ps;

	if (source->text.n > PARSE_MAX_TEXT)
		return err_at(err,
		              err_set(err, ERR_LIMIT, "E-REGO-003",
		                      "the policy is larger than %d bytes", PARSE_MAX_TEXT),
		              "%s", source->name);
	parser_start(&ps, a, source);
	ps.v1 = ps.kw_in = ps.kw_every = ps.kw_if = ps.kw_contains = v1;
	ps.module = arena_new(a, struct module);
	if (!ps.module)
		return arena_check(a, err);
	ps.module->source = *source;
	ps.source = &ps.module->source; /* rules keep it */
	ps.module->v1 = v1;
	parser_scan(&ps);
	if (!parse_statements(&ps) || !parser_check_depth(&ps, ps.module->rules, NULL))
		return parser_status(&ps, err);
	*ret = ps.module;
	return OK;
}
