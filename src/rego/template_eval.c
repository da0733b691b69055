/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "rego/builtin_groups.h"
#include "rego/codec.h"
#include "rego/template.h"

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
		if (v->type == VALUE_NULL)
			return builtin_error(t->c,
			                     "template: nil pointer evaluating interface {}.%.*s",
			                     BYTES_ARG(string_bytes(&key)));
		if (v->type != VALUE_OBJECT && v->type != VALUE_UNDEFINED)
			return builtin_error(t->c, "template: can't evaluate field %.*s in type %s",
			                     BYTES_ARG(string_bytes(&key)), value_type_name(v));
		found = v->type == VALUE_OBJECT ? value_get(&held, &key) : NULL;
		*v = found ? *found : (struct value){0};
	}
	return OK;
}

/* The character behind a backslash; false where there is none of the kind. */
static bool
escape(struct template *t, uint8_t quote, struct buf *out)
{
	static const char means[] = "\a\b\f\n\r\t\v\\";
	uint8_t c = peek(t), b[4] = {0};
	size_t at = bytes_find_byte(BYTES("abfnrtv\\"), c, 0);
	size_t n = c == 'x' ? 1 : c == 'u' ? 2 : c == 'U' ? 4 : 0;
	uint32_t cp = 0;

	if (at != SIZE_MAX || c == quote) {
		buf_u8(out, c == quote ? c : (uint8_t)means[at]);
		return true;
	}
	if (n == 0 || !hex_decode(bytes_sub(t->text, t->at + 1, t->at + 1 + 2 * n), b, n))
		return false;
	t->at += 2 * n;
	for (size_t i = 0; i < n; i++)
		cp = cp << 8 | b[i];
	if (n == 1)
		buf_u8(out, b[0]);
	else
		utf8_put(out, cp);
	return true;
}

static status
quoted_text(struct template *t, struct buf *out)
{
	uint8_t quote = peek(t);

	for (t->at++;; t->at++) {
		uint8_t c = peek(t);

		if (t->at >= t->text.n || (c == '\n' && quote != '`'))
			return template_bad(t, "unterminated quoted string");
		if (c == quote)
			break;
		if (c != '\\' || quote == '`') {
			buf_u8(out, c);
			continue;
		}
		t->at++;
		if (!escape(t, quote, out))
			return template_bad(t, "invalid syntax in quoted string");
	}
	t->at++;
	return OK;
}

status
template_quoted(struct template *t, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = {.max = 1 << 20};

	TRY(quoted_text(t, &out));
	return builtin_text(t->c, &out, ret);
}

/* 'x' is the number of its character. */
static status
character(struct template *t, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = {0};
	size_t at = 0;
	int32_t cp;

	TRY(quoted_text(t, &out));
	cp = utf8_next(buf_view(&out), &at);
	if (cp < 0 || at != out.n)
		return template_bad(t, "malformed character constant");
	*ret = json_int(cp);
	ret->flags |= TEMPLATE_LITERAL;
	return OK;
}

/* Integers as Go's source has them: other bases, underscores between digits. */
static bool
integer(struct bytes t, int64_t *ret)
{
	bool sign = t.n > 0 && (t.p[0] == '-' || t.p[0] == '+');
	struct bytes d = bytes_sub(t, sign, t.n);
	uint8_t mark = d.n > 1 && d.p[0] == '0' ? d.p[1] | 0x20 : 0;
	int64_t base = mark == 'x' ? 16 : mark == 'b' ? 2 : d.n > 1 && d.p[0] == '0' ? 8 : 10;
	__int128 v = 0;
	size_t i = mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 0;

	if (i >= d.n)
		return false;
	for (; i < d.n; i++) {
		uint8_t c = d.p[i], lower = c | 0x20;
		int64_t digit = is_digit(c) ? c - '0' : lower >= 'a' ? lower - 'a' + 10 : 99;

		if (c == '_')
			continue;
		if (digit >= base || v > INT64_MAX)
			return false;
		v = v * base + digit;
	}
	v = sign && t.p[0] == '-' ? -v : v;
	*ret = (int64_t)v;
	return v == *ret;
}

static status
number(struct template *t, struct value *ret)
{
	CLEANUP(buf_done) struct buf text = {0};
	CLEANUP(num_done) struct num n;
	size_t from = t->at;
	struct bytes word;
	int64_t i;

	num_init(&n);
	t->at += !is_digit(peek(t)) && peek(t) != '.';
	while (is_digit(peek(t)) || is_letter(peek(t)) || peek(t) == '.' ||
	       ((peek(t) == '-' || peek(t) == '+') && (t->text.p[t->at - 1] | 0x20) == 'e'))
		t->at++;
	word = bytes_sub(t->text, from, t->at);
	if (integer(word, &i)) {
		*ret = json_int(i);
	} else {
		if (bytes_ends(word, BYTES("i")))
			return template_bad(t, "complex numbers are not supported");
		if ((bytes_find_byte(word, '.', 0) == SIZE_MAX &&
		     bytes_find_byte(word, 'e', 0) == SIZE_MAX &&
		     bytes_find_byte(word, 'E', 0) == SIZE_MAX) ||
		    !codec_number(word, &text) || !num_parse(&n, buf_view(&text)))
			return template_bad(t, "bad number syntax");
		/* Kept as text whatever its value: it is a float. */
		*ret = (struct value){.type = VALUE_NUMBER};
		word = arena_copy(t->c->arena, buf_view(&text));
		ret->u.s = word.p;
		ret->n = (uint32_t)word.n;
	}
	ret->flags |= TEMPLATE_LITERAL;
	return arena_check(t->c->arena, t->c->err);
}

static status
variable_value(struct template *t, struct bytes name, struct value *ret)
{
	for (uint32_t i = t->n_vars; i > 0; i--) {
		if (!bytes_equal(t->vars[i - 1].name, name))
			continue;
		*ret = t->vars[i - 1].val;
		return OK;
	}
	return builtin_error(t->c, "template: undefined variable \"%.*s\"", BYTES_ARG(name));
}

static status
variable(struct template *t, struct value *ret)
{
	size_t from = t->at++;

	(void)identifier(t);
	return variable_value(t, bytes_sub(t->text, from, t->at), ret);
}

/* What a word of a command is: nothing, a constant or the dot, nil, or what can be called. */
enum word { WORD_NONE, WORD_CONSTANT, WORD_NIL, WORD_TERM };

/* A field or a variable ends at a blank, a bracket or an operator. */
static status
check_end(struct template *t)
{
	uint8_t c = peek(t);

	if (t->at >= t->text.n || bytes_find_byte(BYTES(" \t\r\n.,|:=)(}"), c, 0) != SIZE_MAX)
		return OK;
	return template_bad(t, "bad character in action");
}

static status
parenthesis(struct template *t, bool skip, struct value *ret)
{
	t->at++;
	if (++t->depth > TEMPLATE_MAX_DEPTH)
		return builtin_limit(t->c, "the template nests too deeply");
	TRY(template_pipeline(t, skip, ret));
	template_space(t);
	if (!template_take(t, ")"))
		return template_bad(t, "missing right parenthesis");
	t->depth--;
	return OK;
}

static status
constant(struct template *t, struct value *ret, enum word *word)
{
	uint8_t c = peek(t), next = t->at + 1 < t->text.n ? t->text.p[t->at + 1] : 0;

	*word = WORD_CONSTANT;
	if (c == '"' || c == '`')
		return template_quoted(t, ret);
	if (c == '\'')
		return character(t, ret);
	if (is_digit(c) || ((c == '-' || c == '+' || c == '.') && is_digit(next)))
		return number(t, ret);
	if (template_word(t, "true") || template_word(t, "false")) {
		*ret = json_bool(t->text.p[t->at - 2] == 'u');
		return OK;
	}
	*word = template_word(t, "nil") ? WORD_NIL : WORD_NONE;
	return OK;
}

static status
operand(struct template *t, bool skip, struct value *ret, enum word *word)
{
	uint8_t c = peek(t), next = t->at + 1 < t->text.n ? t->text.p[t->at + 1] : 0;

	*ret = (struct value){0};
	*word = WORD_TERM;
	if (c == '.' && !is_digit(next)) {
		*ret = t->dot;
		if (!is_letter(next)) {
			*word = WORD_CONSTANT;
			t->at++;
			return check_end(t);
		}
	} else if (c == '$') {
		TRY(variable(t, ret));
	} else if (c == '(') {
		TRY(parenthesis(t, skip, ret));
	} else {
		TRY(constant(t, ret, word));
		if (*word == WORD_NONE || peek(t) != '.')
			return OK;
		return template_bad(t, "unexpected . after term");
	}
	TRY(fields(t, skip, ret));
	return check_end(t);
}

/* ---- pipelines ---- */

static status
function_name(struct template *t, struct bytes *ret)
{
	*ret = identifier(t);
	if (ret->n == 0)
		return template_bad(t, "unexpected token in action");
	if (!template_is_function(*ret))
		return builtin_error(t->c, "template: function \"%.*s\" not defined",
		                     BYTES_ARG(*ret));
	return check_end(t);
}

/* One operand of a function; a function's name there is a call without operands. */
static status
argument(struct template *t, bool skip, struct value *ret, enum word *word)
{
	static const struct template_call none = {.n = 0};
	struct bytes name;

	template_space(t);
	TRY(operand(t, skip, ret, word));
	if (*word != WORD_NONE || !is_letter(peek(t)))
		return OK;
	TRY(function_name(t, &name));
	*word = WORD_TERM;
	return skip ? OK : template_function(t, name, &none, ret);
}

/* and, or: nothing behind the operand that decides is evaluated. */
static bool
is_decided(struct bytes name, const struct template_call *f)
{
	bool is_or = bytes_is(name, "or");

	return f->n > 0 && (is_or || bytes_is(name, "and")) &&
	       template_truth(&f->args[f->n - 1]) == is_or;
}

static status
function(struct template *t, bool skip, const struct value *last, struct value *ret)
{
	struct template_call f = {.n = 0};
	struct bytes name;
	bool decided = false;

	TRY(function_name(t, &name));
	for (;;) {
		struct value v;
		enum word word;

		TRY(argument(t, skip || decided, &v, &word));
		if (word == WORD_NONE)
			break;
		if (f.n == TEMPLATE_MAX_ARGS - 1)
			return builtin_limit(t->c, "too many operands");
		if (!decided)
			f.args[f.n++] = v;
		decided = decided || (!skip && is_decided(name, &f));
	}
	if (skip)
		return OK;
	if (last && !decided)
		f.args[f.n++] = *last;
	return template_function(t, name, &f, ret);
}

/* An operand, or a function with its operands; `last`: what the pipe brings as one more. */
static status
command(struct template *t, bool skip, bool first, const struct value *last, struct value *ret)
{
	struct value more;
	enum word word, second;

	template_space(t);
	TRY(operand(t, skip, ret, &word));
	if (word == WORD_NONE)
		return function(t, skip, last, ret);
	if (!first && word != WORD_TERM)
		return template_bad(t, "non executable command in pipeline");
	for (bool any = false;; any = true) {
		TRY(argument(t, skip, &more, &second));
		if (second == WORD_NONE && any && !skip)
			return template_bad(t, "can't give argument to non-function");
		if (second == WORD_NONE)
			break;
	}
	if (!skip && word == WORD_NIL)
		return template_bad(t, "nil is not a command");
	if (!skip && last)
		return template_bad(t, "can't give argument to non-function");
	return OK;
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
	*assign = n > 0 && peek(t) == '=';
	if (*assign)
		t->at++;
	if (*assign || (n > 0 && template_take(t, ":=")))
		return n;
	t->at = start;
	return 0;
}

bool
template_set(struct template *t, struct bytes name, const struct value *v)
{
	for (uint32_t i = t->n_vars; i > 0; i--) {
		if (!bytes_equal(t->vars[i - 1].name, name))
			continue;
		t->vars[i - 1].val = *v;
		return true;
	}
	return false;
}

static status
declare(struct template *t, struct bytes name, const struct value *v, bool assign, bool skip)
{
	struct value now = v->type == VALUE_NULL ? (struct value){0} : *v, held;

	if (assign) {
		TRY(variable_value(t, name, &held));
		(void)template_set(t, name, skip ? &held : &now);
		return OK;
	}
	if (t->n_vars == TEMPLATE_MAX_VARS)
		return builtin_limit(t->c, "more than %d variables", TEMPLATE_MAX_VARS);
	t->vars[t->n_vars].name = name;
	t->vars[t->n_vars++].val = now;
	return OK;
}

/* Behind a pipe another command, or nothing. */
static bool
at_end(const struct template *t)
{
	struct bytes rest = bytes_sub(t->text, t->at, t->text.n);

	return rest.n == 0 || rest.p[0] == ')' || bytes_starts(rest, BYTES("}}")) ||
	       bytes_starts(rest, BYTES("-}}"));
}

status
template_pipeline(struct template *t, bool skip, struct value *ret)
{
	struct bytes names[2] = {{NULL, 0}, {NULL, 0}};
	bool assign;
	uint32_t n = declaration(t, names, &assign);
	struct value last;

	TRY(command(t, skip, true, NULL, ret));
	for (template_space(t); template_take(t, "|"); template_space(t)) {
		last = ret->type == VALUE_NULL ? (struct value){0} : *ret;
		template_space(t);
		if (at_end(t))
			break;
		TRY(command(t, skip, false, &last, ret));
	}
	/* Of range's two, both are made here so that they are known; range sets them. */
	for (uint32_t i = 0; i < n; i++)
		TRY(declare(t, names[i], ret, assign, skip));
	t->declared[0] = names[0];
	t->declared[1] = names[1];
	t->n_declared = n;
	t->assigned = assign;
	return OK;
}
