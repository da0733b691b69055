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
	bool taken = false, declared, more = true;
	enum ending ending;

	while (more) {
		bool go;

		TRY(template_pipeline(t, skip || taken, &v, &declared));
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

/* The variables of range get the item, or index and item. */
static void
set_loop_variables(struct template *t, uint32_t vars, const struct value *key,
                   const struct value *val)
{
	uint32_t n = t->n_vars - vars;

	if (n > 0)
		t->vars[t->n_vars - 1].val = *val;
	if (n > 1)
		t->vars[t->n_vars - 2].val = *key;
}

static status
loop_body(struct template *t, const struct value *v, uint32_t vars, size_t body,
          enum ending *ending)
{
	struct value held = t->dot;
	uint32_t mine = t->n_vars;

	for (uint32_t i = 0; i < v->n; i++) {
		struct value key, val;

		TRY(rego_charge(t->c, 4));
		value_at(v, i, &key, &val);
		if (v->type == VALUE_SET)
			key = json_int(i);
		t->at = body;
		t->n_vars = mine;
		t->dot = val;
		set_loop_variables(t, vars, &key, &val);
		t->flow = FLOW_NONE;
		TRY(run(t, false, ending));
		if (t->flow == FLOW_BREAK)
			break;
	}
	t->flow = FLOW_NONE;
	t->dot = held;
	return OK;
}

static status
range(struct template *t, bool skip)
{
	uint32_t vars = t->n_vars;
	struct value v = {0};
	enum ending ending = END_END;
	bool declared, any;
	size_t body;

	TRY(template_pipeline(t, skip, &v, &declared));
	TRY(close_action(t));
	body = t->at;
	if (!skip && v.type != VALUE_UNDEFINED && v.type != VALUE_NULL && !value_is_collection(&v))
		return template_bad(t, "range can't iterate over this value");
	any = !skip && value_is_collection(&v) && v.n > 0;
	if (any)
		TRY(loop_body(t, &v, vars, body, &ending));
	else
		TRY(run(t, true, &ending));
	t->n_vars = vars;
	if (ending == END_ELSE) {
		TRY(close_action(t));
		TRY(run(t, skip || any, &ending));
	}
	return ending == END_END ? OK : template_bad(t, "unexpected EOF");
}

static status
output(struct template *t, bool skip)
{
	struct value v = {0};
	bool declared;

	TRY(template_pipeline(t, skip, &v, &declared));
	if (!skip && !declared)
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
	if (template_word(t, "break") || template_word(t, "continue")) {
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
	}
	t->depth--;
	return OK;
}

static status
render(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct template *t;
	enum ending ending;
	struct bytes text;
	status s;

	TRY(builtin_string(c, args, 0, &text));
	TRY(builtin_type(c, args, 1, VALUE_OBJECT));
	t = arena_new(c->arena, struct template);
	TRY(arena_check(c->arena, c->err));
	t->c = c;
	t->text = text;
	t->dot = args[1];
	t->out = result_buf(c);
	t->vars[0].name = BYTES("$");
	t->vars[0].val = args[1];
	t->n_vars = 1;
	s = run(t, false, &ending);
	if (is_ok(s) && ending != END_TEXT)
		s = template_bad(t, "unexpected {{end}} or {{else}}");
	if (is_ok(s))
		s = builtin_text(c, &t->out, ret);
	buf_done(&t->out);
	return s;
}

static const struct rego_builtin list[] = {
        {"strings.render_template", 2, 0, render},
};
const struct rego_builtin_group rego_group_template = {list, COUNT_OF(list)};
