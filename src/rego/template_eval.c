/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "rego/builtin_groups.h"
#include "rego/format.h"
#include "rego/template.h"

enum { MAX_ARGS = 32 };

static uint8_t
peek(const struct template *t)
{
	return t->at < t->text.n ? t->text.p[t->at] : 0;
}

static bool
is_letter(uint8_t c)
{
	return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || c >= 0x80;
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static struct bytes
identifier(struct template *t)
{
	size_t from = t->at;

	while (is_letter(peek(t)) || is_digit(peek(t)))
		t->at++;
	return bytes_sub(t->text, from, t->at);
}

/* ---- values ---- */

bool
template_truth(const struct value *v)
{
	switch ((enum value_type)v->type) {
	case VALUE_BOOL:
		return v->u.b;
	case VALUE_NUMBER:
		return !(v->flags & VALUE_INT) || v->u.i != 0;
	case VALUE_STRING:
	case VALUE_ARRAY:
	case VALUE_OBJECT:
	case VALUE_SET:
		return v->n > 0;
	case VALUE_UNDEFINED:
	case VALUE_NULL:
	default:
		return false;
	}
}

/* As fmt.Print: [a b], map[k:v], nothing for nil but a word. */
void
template_print(const struct value *v, bool top, struct buf *out)
{
	if (v->type == VALUE_STRING) {
		buf_bytes(out, string_bytes(v));
	} else if (v->type == VALUE_UNDEFINED || v->type == VALUE_NULL) {
		buf_str(out, top ? "<undefined>" : "<nil>");
	} else if (!value_is_collection(v)) {
		value_json(v, out);
	} else {
		buf_str(out, v->type == VALUE_OBJECT ? "map[" : "[");
		for (uint32_t i = 0; i < v->n && buf_ok(out); i++) {
			struct value key, val;

			value_at(v, i, &key, &val);
			if (i > 0)
				buf_u8(out, ' ');
			if (v->type == VALUE_OBJECT) {
				template_print(&key, false, out);
				buf_u8(out, ':');
			}
			template_print(&val, false, out);
		}
		buf_u8(out, ']');
	}
}

/* ---- operands ---- */

/* .name.name behind a value. */
static status
fields(struct template *t, bool skip, struct value *v)
{
	while (peek(t) == '.' && t->at + 1 < t->text.n && is_letter(t->text.p[t->at + 1])) {
		struct value key, held = *v;
		const struct value *found;

		t->at++;
		key = json_string(identifier(t));
		if (skip)
			continue;
		if (v->type != VALUE_OBJECT && v->type != VALUE_UNDEFINED)
			return builtin_error(t->c, "template: can't evaluate field %.*s in type %s",
			                     BYTES_ARG(string_bytes(&key)), value_type_name(v));
		found = v->type == VALUE_OBJECT ? value_get(&held, &key) : NULL;
		*v = found ? *found : (struct value){0};
	}
	return OK;
}

static status
quoted(struct template *t, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = {.max = 1 << 20};
	uint8_t quote = peek(t);
	size_t from = ++t->at;

	for (;; t->at++) {
		uint8_t c = peek(t);

		if (c == 0 || (c == '\n' && quote == '"'))
			return template_bad(t, "unterminated quoted string");
		if (c == quote)
			break;
		if (c != '\\' || quote == '`') {
			buf_u8(&out, c);
			continue;
		}
		t->at++;
		c = peek(t);
		buf_u8(&out, c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c);
	}
	(void)from;
	t->at++;
	*ret = json_copy_string(t->c->arena, buf_view(&out));
	return arena_check(t->c->arena, t->c->err);
}

static status
number(struct template *t, struct value *ret)
{
	size_t from = t->at;

	while (is_digit(peek(t)) || is_letter(peek(t)) || peek(t) == '.' || peek(t) == '-' ||
	       peek(t) == '+')
		t->at++;
	*ret = value_number(t->c->arena, bytes_sub(t->text, from, t->at));
	return ret->type == VALUE_NUMBER ? arena_check(t->c->arena, t->c->err)
	                                 : template_bad(t, "bad number");
}

static status
variable(struct template *t, bool skip, struct value *ret)
{
	size_t from = t->at++;
	struct bytes name;

	(void)identifier(t);
	name = bytes_sub(t->text, from, t->at);
	for (uint32_t i = t->n_vars; i > 0; i--) {
		if (!bytes_equal(t->vars[i - 1].name, name))
			continue;
		*ret = t->vars[i - 1].val;
		return OK;
	}
	if (skip)
		return OK;
	return builtin_error(t->c, "template: undefined variable \"%.*s\"", BYTES_ARG(name));
}

static status
operand(struct template *t, bool skip, struct value *ret, bool *found)
{
	uint8_t c = peek(t);
	bool declared;

	*found = true;
	*ret = (struct value){0};
	if (c == '.' && !(t->at + 1 < t->text.n && is_digit(t->text.p[t->at + 1]))) {
		*ret = t->dot;
		if (t->at + 1 >= t->text.n || !is_letter(t->text.p[t->at + 1])) {
			t->at++;
			return OK;
		}
	} else if (c == '$') {
		TRY(variable(t, skip, ret));
	} else if (c == '(') {
		t->at++;
		if (++t->depth > TEMPLATE_MAX_DEPTH)
			return builtin_limit(t->c, "the template nests too deeply");
		TRY(template_pipeline(t, skip, ret, &declared));
		if (!template_take(t, ")"))
			return template_bad(t, "missing right parenthesis");
		t->depth--;
	} else if (c == '"' || c == '`') {
		return quoted(t, ret);
	} else if (is_digit(c) || ((c == '-' || c == '+') && t->at + 1 < t->text.n &&
	                           is_digit(t->text.p[t->at + 1]))) {
		return number(t, ret);
	} else if (template_word(t, "true") || template_word(t, "false")) {
		*ret = json_bool(t->text.p[t->at - 2] == 'u');
		return OK;
	} else if (template_word(t, "nil")) {
		return OK;
	} else {
		*found = false;
		return OK;
	}
	return fields(t, skip, ret);
}

/* ---- functions ---- */

struct call {
	struct value args[MAX_ARGS];
	uint32_t n;
};

static status
text_result(struct template *t, struct buf *out, struct value *ret)
{
	return builtin_text(t->c, out, ret);
}

static status
print(struct template *t, const struct call *f, bool line, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(t->c);

	for (uint32_t i = 0; i < f->n; i++) {
		/* Print puts spaces between operands when neither is a string, Println always. */
		if (i > 0 && (line || (f->args[i].type != VALUE_STRING &&
		                       f->args[i - 1].type != VALUE_STRING)))
			buf_u8(&out, ' ');
		template_print(&f->args[i], false, &out);
	}
	if (line)
		buf_u8(&out, '\n');
	return text_result(t, &out, ret);
}

static status
printf_of(struct template *t, const struct call *f, struct value *ret)
{
	const struct rego_builtin *b = NULL;
	struct value args[2];

	for (size_t i = 0; i < rego_group_sprintf.n; i++)
		if (bytes_is(bytes_str(rego_group_sprintf.list[i].name), "sprintf"))
			b = &rego_group_sprintf.list[i];
	if (f->n == 0 || !b)
		return template_bad(t, "printf needs a format");
	args[0] = f->args[0];
	args[1] = (struct value){.type = VALUE_ARRAY, .n = f->n - 1, .u.items = f->args + 1};
	return b->fn(t->c, args, ret);
}

static status
index_of(struct template *t, const struct call *f, struct value *ret)
{
	struct value at = f->n > 0 ? f->args[0] : (struct value){0};

	for (uint32_t i = 1; i < f->n; i++) {
		const struct value *v =
		        value_is_collection(&at) ? value_get(&at, &f->args[i]) : NULL;

		if (!v && at.type == VALUE_ARRAY)
			return builtin_error(t->c,
			                     "template: error calling index: index out of range");
		at = v ? *v : (struct value){0};
	}
	*ret = at;
	return OK;
}

static status
compare(struct template *t, struct bytes name, const struct call *f, struct value *ret)
{
	int order;

	if (f->n < 2)
		return template_bad(t, "missing argument for comparison");
	if (bytes_is(name, "eq")) {
		bool any = false;

		for (uint32_t i = 1; i < f->n; i++)
			any |= value_eq(&f->args[0], &f->args[i]);
		return return_bool(any, ret);
	}
	order = value_cmp(&f->args[0], &f->args[1]);
	if (bytes_is(name, "ne"))
		return return_bool(order != 0, ret);
	return return_bool(bytes_is(name, "lt")   ? order < 0
	                   : bytes_is(name, "le") ? order <= 0
	                   : bytes_is(name, "gt") ? order > 0
	                                          : order >= 0,
	                   ret);
}

static status
length(struct template *t, const struct call *f, struct value *ret)
{
	if (f->n != 1 || (f->args[0].type != VALUE_STRING && !value_is_collection(&f->args[0])))
		return template_bad(t, "error calling len");
	*ret = json_int(f->args[0].n);
	return OK;
}

static void
escape_html(struct bytes t, struct buf *out)
{
	for (size_t i = 0; i < t.n; i++) {
		static const struct {
			uint8_t c;
			const char *entity;
		} rows[] = {{'"', "&#34;"},
		            {'\'', "&#39;"},
		            {'&', "&amp;"},
		            {'<', "&lt;"},
		            {'>', "&gt;"}};
		size_t k = 0;

		while (k < COUNT_OF(rows) && rows[k].c != t.p[i])
			k++;
		if (k < COUNT_OF(rows))
			buf_str(out, rows[k].entity);
		else
			buf_u8(out, t.p[i]);
	}
}

static status
html(struct template *t, const struct call *f, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(t->c);
	CLEANUP(buf_done) struct buf plain = result_buf(t->c);

	for (uint32_t i = 0; i < f->n; i++)
		template_print(&f->args[i], false, &plain);
	escape_html(buf_view(&plain), &out);
	return text_result(t, &out, ret);
}

static status
call(struct template *t, struct bytes name, const struct call *f, struct value *ret)
{
	static const char *const comparisons[] = {"eq", "ne", "lt", "le", "gt", "ge"};

	TRY(rego_charge(t->c, 4 + f->n));
	for (size_t i = 0; i < COUNT_OF(comparisons); i++)
		if (bytes_is(name, comparisons[i]))
			return compare(t, name, f, ret);
	if (bytes_is(name, "and") || bytes_is(name, "or")) {
		bool stop = bytes_is(name, "or");

		for (uint32_t i = 0; i < f->n; i++) {
			*ret = f->args[i];
			if (template_truth(ret) == stop)
				break;
		}
		return OK;
	}
	if (bytes_is(name, "not") && f->n == 1)
		return return_bool(!template_truth(&f->args[0]), ret);
	if (bytes_is(name, "len"))
		return length(t, f, ret);
	if (bytes_is(name, "index"))
		return index_of(t, f, ret);
	if (bytes_is(name, "print") || bytes_is(name, "println"))
		return print(t, f, name.n > 5, ret);
	if (bytes_is(name, "printf"))
		return printf_of(t, f, ret);
	if (bytes_is(name, "html"))
		return html(t, f, ret);
	return builtin_error(t->c, "template: function \"%.*s\" not defined", BYTES_ARG(name));
}

/* ---- pipelines ---- */

/* An operand, or a function with its operands; `last`: what the pipe brings as one more. */
static status
command(struct template *t, bool skip, const struct value *last, struct value *ret)
{
	struct call f = {.n = 0};
	struct bytes name = {NULL, 0};
	struct value v;
	bool found;

	template_space(t);
	TRY(operand(t, skip, ret, &found));
	if (!found) {
		name = identifier(t);
		if (name.n == 0)
			return template_bad(t, "unexpected token in action");
		for (;;) {
			template_space(t);
			TRY(operand(t, skip, &v, &found));
			if (!found && is_letter(peek(t))) {
				/* A function without operands, as an operand. */
				struct call none = {.n = 0};
				struct bytes inner = identifier(t);

				found = true;
				if (!skip)
					TRY(call(t, inner, &none, &v));
			}
			if (!found)
				break;
			if (f.n == MAX_ARGS - 1)
				return builtin_limit(t->c, "too many operands");
			f.args[f.n++] = v;
		}
	}
	if (skip)
		return OK;
	if (last && name.n == 0)
		return template_bad(t, "non executable command in pipeline");
	if (last)
		f.args[f.n++] = *last;
	return name.n > 0 ? call(t, name, &f, ret) : OK;
}

/* "$x :=", "$x =", "$i, $x :="; the names, and how many there are. */
static uint32_t
declaration(struct template *t, struct bytes names[2], bool *assign)
{
	size_t start = t->at;
	uint32_t n = 0;

	template_space(t);
	while (n < 2 && peek(t) == '$') {
		size_t from = t->at++;

		(void)identifier(t);
		names[n++] = bytes_sub(t->text, from, t->at);
		template_space(t);
		if (!template_take(t, ","))
			break;
		template_space(t);
	}
	*assign = false;
	if (n > 0 && template_take(t, ":="))
		return n;
	if (n == 1 && peek(t) == '=' &&
	    !bytes_starts(bytes_sub(t->text, t->at, t->text.n), BYTES("=="))) {
		t->at++;
		*assign = true;
		return n;
	}
	t->at = start;
	return 0;
}

static status
declare(struct template *t, struct bytes name, const struct value *v, bool assign)
{
	for (uint32_t i = t->n_vars; assign && i > 0; i--) {
		if (!bytes_equal(t->vars[i - 1].name, name))
			continue;
		t->vars[i - 1].val = *v;
		return OK;
	}
	if (t->n_vars == TEMPLATE_MAX_VARS)
		return builtin_limit(t->c, "more than %d variables", TEMPLATE_MAX_VARS);
	t->vars[t->n_vars].name = name;
	t->vars[t->n_vars++].val = *v;
	return OK;
}

status
template_pipeline(struct template *t, bool skip, struct value *ret, bool *declared)
{
	struct bytes names[2];
	bool assign;
	uint32_t n = declaration(t, names, &assign);
	struct value last;

	TRY(command(t, skip, NULL, ret));
	for (template_space(t); template_take(t, "|"); template_space(t)) {
		last = *ret;
		TRY(command(t, skip, &last, ret));
	}
	*declared = n > 0;
	/* Of range's two, both are made here so that they are known; range sets them. */
	for (uint32_t i = 0; i < n && !skip; i++)
		TRY(declare(t, names[i], ret, assign));
	return OK;
}
