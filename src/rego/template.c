/* SPDX-License-Identifier: Apache-2.0 */
/* strings.render_template. */
#include "rego/template.h"

#include "rego/builtin_groups.h"

/* What ended a run of text and actions. */
enum ending { END_TEXT, END_END, END_ELSE };

static status run(struct template *t, bool skip, enum ending *ending);

status
template_bad(struct template *t, const char *what)
{
	size_t line = 1;

	for (size_t i = 0; i < MIN(t->at, t->text.n); i++)
		line += t->text.p[i] == '\n';
	return builtin_error(t->c, "template: :%zu: %s", line, what);
}

static bool
is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

void
template_space(struct template *t)
{
	while (t->at < t->text.n && is_space(t->text.p[t->at]))
		t->at++;
}

bool
template_take(struct template *t, const char *text)
{
	struct bytes want = bytes_str(text);
	bool is = bytes_starts(bytes_sub(t->text, t->at, t->text.n), want);

	t->at += is ? want.n : 0;
	return is;
}

bool
template_word(struct template *t, const char *word)
{
	struct bytes rest = bytes_sub(t->text, t->at, t->text.n), want = bytes_str(word);
	uint8_t next = rest.n > want.n ? rest.p[want.n] : ' ';

	if (!bytes_starts(rest, want) || (next | 0x20) == '_' ||
	    ((next | 0x20) >= 'a' && (next | 0x20) <= 'z') || (next >= '0' && next <= '9'))
		return false;
	t->at += want.n;
	return true;
}

/* Text up to the next action; what is trimmed on either side of it is left out. */
static void
text_part(struct template *t, bool skip)
{
	size_t open = bytes_find(t->text, BYTES("{{"), t->at);
	struct bytes part = bytes_sub(t->text, t->at, open);

	t->at = open == SIZE_MAX ? t->text.n : open + 2;
	if (open == SIZE_MAX)
		t->at = t->text.n;
	else if (t->at + 1 < t->text.n && t->text.p[t->at] == '-' &&
	         is_space(t->text.p[t->at + 1])) {
		t->at++;
		while (part.n > 0 && is_space(part.p[part.n - 1]))
			part.n--;
	}
	if (!skip)
		buf_bytes(&t->out, part);
}

static status
close_action(struct template *t)
{
	bool trim;

	template_space(t);
	trim = t->at > 0 && is_space(t->text.p[t->at - 1]) && template_take(t, "-");
	if (!template_take(t, "}}"))
		return template_bad(t, "unexpected token in action");
	if (trim)
		template_space(t);
	return OK;
}

static status
comment(struct template *t)
{
	size_t end = bytes_find(t->text, BYTES("*/"), t->at);

	if (end == SIZE_MAX)
		return template_bad(t, "unclosed comment");
	t->at = end + 2;
	return close_action(t);
}

/* if and with: branches until one is taken. */
static status
branch(struct template *t, bool skip, bool with)
{
	struct value held = t->dot, v = {0};
	uint32_t vars = t->n_vars;
	bool taken = false, more = true;
	enum ending ending;

	while (more) {
		bool go;

		TRY(template_pipeline(t, skip || taken, &v));
		TRY(close_action(t));
		go = !skip && !taken && template_truth(&v);
		if (with && go)
			t->dot = v;
		TRY(run(t, !go, &ending));
		t->dot = held;
		taken |= go;
		more = false;
		if (ending == END_ELSE) {
			template_space(t);
			more = template_word(t, with ? "with" : "if");
			if (more)
				continue;
			TRY(close_action(t));
			TRY(run(t, skip || taken, &ending));
		}
		if (ending != END_END)
			return template_bad(t, "unexpected EOF");
	}
	t->n_vars = vars;
	return OK;
}

/* What range declares: the item, or index and item. */
struct loop {
	struct bytes names[2];
	uint32_t n;
	size_t body;
};

static status
loop_turn(struct template *t, const struct loop *l, uint32_t vars, const struct value *key,
          const struct value *val, enum ending *ending)
{
	TRY(rego_charge(t->c, 4));
	t->at = l->body;
	t->n_vars = vars;
	t->dot = *val;
	if (l->n > 0)
		(void)template_set(t, l->names[l->n - 1], val);
	if (l->n > 1)
		(void)template_set(t, l->names[0], key);
	t->flow = FLOW_NONE;
	return run(t, false, ending);
}

/* Counts from 0 for a number, else the items of a list or a map. */
static status
loop(struct template *t, const struct loop *l, const struct value *v, enum ending *ending)
{
	struct value held = t->dot;
	uint32_t vars = t->n_vars;
	int64_t n = template_is_literal(v) ? v->u.i : v->n;

	for (int64_t i = 0; i < n && t->flow != FLOW_BREAK; i++) {
		struct value key = json_int(i), val = json_int(i);

		key.flags |= TEMPLATE_LITERAL;
		val.flags |= TEMPLATE_LITERAL;
		if (v->type == VALUE_OBJECT)
			(void)value_at(v, (uint32_t)i, &key, &val);
		else if (value_is_collection(v))
			(void)value_at(v, (uint32_t)i, &(struct value){0}, &val);
		TRY(loop_turn(t, l, vars, &key, &val, ending));
	}
	t->flow = FLOW_NONE;
	t->dot = held;
	return OK;
}

static bool
is_count(const struct value *v)
{
	return template_is_literal(v) && (v->flags & VALUE_INT);
}

static status
range(struct template *t, bool skip)
{
	uint32_t vars = t->n_vars;
	struct value v = {0};
	struct loop l;
	enum ending ending = END_END;
	bool any, held = t->in_range;

	TRY(template_pipeline(t, skip, &v));
	TRY(close_action(t));
	l = (struct loop){{t->declared[0], t->declared[1]}, t->n_declared, t->at};
	if (!skip && v.type != VALUE_UNDEFINED && v.type != VALUE_NULL && !is_count(&v) &&
	    !value_is_collection(&v))
		return template_bad(t, "range can't iterate over this value");
	if (!skip && is_count(&v) && l.n > 1)
		return template_bad(t, "can't use a number to iterate over more than one variable");
	any = !skip && (is_count(&v) ? v.u.i > 0 : value_is_collection(&v) && v.n > 0);
	t->in_range = true;
	if (any)
		TRY(loop(t, &l, &v, &ending));
	else
		TRY(run(t, true, &ending));
	t->in_range = held;
	t->n_vars = vars;
	if (ending == END_ELSE) {
		TRY(close_action(t));
		TRY(run(t, skip || any, &ending));
		t->n_vars = vars;
	}
	return ending == END_END ? OK : template_bad(t, "unexpected EOF");
}

/* ---- templates by name ---- */

static status
definition_name(struct template *t, struct value *ret)
{
	template_space(t);
	if (t->at >= t->text.n || (t->text.p[t->at] != '"' && t->text.p[t->at] != '`'))
		return template_bad(t, "unexpected token in template clause");
	return template_quoted(t, ret);
}

/* The body is read past, its place kept: the last definition of a name counts. */
static status
define(struct template *t, struct bytes name)
{
	uint32_t vars = t->n_vars, i = 0;
	bool held = t->in_range;
	enum ending ending;
	size_t body = t->at;

	t->n_vars = 1; /* a definition sees no variables around it */
	t->in_range = false;
	TRY(run(t, true, &ending));
	t->n_vars = vars;
	t->in_range = held;
	if (ending != END_END)
		return template_bad(t, "unexpected {{else}} or EOF in define clause");
	while (i < t->n_definitions && !bytes_equal(t->definitions[i].name, name))
		i++;
	if (i == TEMPLATE_MAX_DEFINITIONS)
		return builtin_limit(t->c, "more than %d definitions", TEMPLATE_MAX_DEFINITIONS);
	t->definitions[i].name = name;
	t->definitions[i].body = body;
	t->n_definitions = MAX(t->n_definitions, i + 1);
	return OK;
}

static status
invoke(struct template *t, struct bytes name, const struct value *dot)
{
	struct value held = t->dot, top = t->vars[0].val;
	uint32_t vars = t->n_vars;
	size_t at = t->at;
	enum ending ending;

	for (uint32_t i = 0; i < t->n_definitions; i++) {
		if (!bytes_equal(t->definitions[i].name, name))
			continue;
		if (vars == TEMPLATE_MAX_VARS)
			return builtin_limit(t->c, "more than %d variables", TEMPLATE_MAX_VARS);
		/* Its $ hides all others. */
		t->vars[vars].name = BYTES("$");
		t->vars[vars].val = *dot;
		t->n_vars = vars + 1;
		t->dot = *dot;
		t->at = t->definitions[i].body;
		TRY(run(t, false, &ending));
		t->at = at;
		t->dot = held;
		t->vars[0].val = top;
		t->n_vars = vars;
		return OK;
	}
	return builtin_error(t->c, "template: template \"%.*s\" not defined", BYTES_ARG(name));
}

static status
by_name(struct template *t, bool skip, bool block)
{
	struct value name, dot = {0};

	TRY(definition_name(t, &name));
	template_space(t);
	if (block || !bytes_starts(bytes_sub(t->text, t->at, t->text.n), BYTES("}}")))
		if (block || t->at + 2 >= t->text.n ||
		    !bytes_starts(bytes_sub(t->text, t->at, t->text.n), BYTES("-}}")))
			TRY(template_pipeline(t, skip, &dot));
	TRY(close_action(t));
	if (block)
		TRY(define(t, string_bytes(&name)));
	return skip ? OK : invoke(t, string_bytes(&name), &dot);
}

static status
output(struct template *t, bool skip)
{
	struct value v = {0};

	TRY(template_pipeline(t, skip, &v));
	if (t->n_declared > 1)
		return template_bad(t, "too many declarations in action");
	if (!skip && t->n_declared == 0)
		template_print(&v, true, &t->out);
	return close_action(t);
}

/* One action behind its opening braces. *ending is set by end and else. */
static status
action(struct template *t, bool skip, enum ending *ending)
{
	template_space(t);
	*ending = END_TEXT;
	if (template_take(t, "/*"))
		return comment(t);
	if (template_word(t, "if"))
		return branch(t, skip, false);
	if (template_word(t, "with"))
		return branch(t, skip, true);
	if (template_word(t, "range"))
		return range(t, skip);
	if (template_word(t, "end")) {
		*ending = END_END;
		return close_action(t);
	}
	if (template_word(t, "else")) {
		*ending = END_ELSE; /* what follows belongs to the structure */
		return OK;
	}
	if (template_word(t, "template"))
		return by_name(t, skip, false);
	if (template_word(t, "block"))
		return by_name(t, skip, true);
	if (template_word(t, "define")) {
		struct value name;

		if (t->depth > 1)
			return template_bad(t, "unexpected {{define}}");
		TRY(definition_name(t, &name));
		TRY(close_action(t));
		return define(t, string_bytes(&name));
	}
	if (template_word(t, "break") || template_word(t, "continue")) {
		if (!t->in_range)
			return template_bad(t, "{{break}} or {{continue}} outside {{range}}");
		if (!skip)
			t->flow = t->text.p[t->at - 1] == 'k' ? FLOW_BREAK : FLOW_CONTINUE;
		return close_action(t);
	}
	return output(t, skip);
}

static status
run(struct template *t, bool skip, enum ending *ending)
{
	if (++t->depth > TEMPLATE_MAX_DEPTH)
		return builtin_limit(t->c, "the template nests deeper than %d", TEMPLATE_MAX_DEPTH);
	*ending = END_TEXT;
	while (*ending == END_TEXT && t->at < t->text.n) {
		size_t from = t->at;
		bool quiet = skip || t->flow != FLOW_NONE;

		text_part(t, quiet);
		TRY(rego_charge(t->c, 2 + (t->at - from) / 8));
		if (!buf_ok(&t->out))
			return builtin_limit(t->c, "the result is too large");
		if (t->at < t->text.n || (t->at >= 2 && bytes_ends(t->text, BYTES("{{"))))
			TRY(action(t, quiet, ending));
		else if (t->depth > 1)
			return template_bad(t, "unexpected EOF");
	}
	t->depth--;
	return OK;
}

static status
whole(struct template *t, bool skip)
{
	enum ending ending;

	t->at = 0;
	t->n_vars = 1;
	TRY(run(t, skip, &ending));
	return ending == END_TEXT ? OK : template_bad(t, "unexpected {{end}} or {{else}}");
}

/* OPA calls what has no value undefined, wherever the words stand. */
static status
show_missing(struct template *t, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(t->c);
	struct bytes all = buf_view(&t->out), want = BYTES("<no value>");

	for (size_t from = 0; from < all.n;) {
		size_t at = bytes_find(all, want, from);

		buf_bytes(&out, bytes_sub(all, from, at));
		if (at == SIZE_MAX)
			break;
		buf_str(&out, "<undefined>");
		from = at + want.n;
	}
	return builtin_text(t->c, &out, ret);
}

/* Sets and names that are no strings have no form in a template. */
static bool
is_plain(const struct value *v)
{
	for (uint32_t i = 0; value_is_collection(v) && i < v->n; i++) {
		if (v->type == VALUE_OBJECT && v->u.members[i].key.type != VALUE_STRING)
			return false;
		if (!is_plain(v->type == VALUE_OBJECT ? &v->u.members[i].val : &v->u.items[i]))
			return false;
	}
	return v->type != VALUE_SET;
}

static status
render(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct template *t;
	struct bytes text;
	status s;

	TRY(builtin_string(c, args, 0, &text));
	TRY(builtin_type(c, args, 1, VALUE_OBJECT));
	TRY(builtin_charge_weight(c, &args[1]));
	if (!is_plain(&args[1]))
		return builtin_error(c, "template variables must be JSON");
	t = arena_new(c->arena, struct template);
	TRY(arena_check(c->arena, c->err));
	t->c = c;
	t->text = text;
	t->dot = args[1];
	t->out = result_buf(c);
	t->vars[0].name = BYTES("$");
	t->vars[0].val = args[1];
	t->n_vars = 1;
	s = whole(t, true);
	if (is_ok(s))
		s = whole(t, false);
	if (is_ok(s))
		s = show_missing(t, ret);
	buf_done(&t->out);
	return s;
}

static const struct rego_builtin list[] = {
        {"strings.render_template", 2, 0, render},
};
const struct rego_builtin_group rego_group_template = {list, COUNT_OF(list)};
