/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of templates, and how their values print. */
#include "base/text.h"
#include "re/unicode.h"
#include "rego/builtin_groups.h"
#include "rego/codec.h"
#include "rego/format.h"
#include "rego/template.h"

/* ---- values ---- */

static bool
is_nil(const struct value *v)
{
	return v->type == VALUE_UNDEFINED || v->type == VALUE_NULL;
}

/* A number that came through JSON is a text of digits. */
static bool
is_text(const struct value *v)
{
	return v->type == VALUE_STRING ||
	       (v->type == VALUE_NUMBER && !(v->flags & TEMPLATE_LITERAL));
}

bool
template_truth(const struct value *v)
{
	if (v->type == VALUE_BOOL)
		return v->u.b;
	if (template_is_literal(v)) {
		struct value zero = json_int(0);

		return value_cmp(v, &zero) != 0;
	}
	return v->type == VALUE_NUMBER || (!is_nil(v) && v->n > 0);
}

static void
print_literal(const struct value *v, struct buf *out)
{
	CLEANUP(num_done) struct num n;

	num_init(&n);
	if (v->flags & VALUE_INT)
		buf_printf(out, "%ld", v->u.i);
	else if (num_from(&n, v)) {
		double d = num_to_double(&n);

		if (d < 0)
			buf_u8(out, '-');
		format_float(d < 0 ? -d : d, 'g', -1, out);
	}
}

void
template_print(const struct value *v, bool top, struct buf *out)
{
	if (v->type == VALUE_STRING) {
		buf_bytes(out, string_bytes(v));
	} else if (is_nil(v)) {
		buf_str(out, top ? "<no value>" : "<nil>");
	} else if (template_is_literal(v)) {
		print_literal(v, out);
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

static status
wrong(struct template *t, const char *function, const char *what)
{
	return builtin_error(t->c, "template: error calling %s: %s", function, what);
}

/* ---- text ---- */

/* Print puts blanks between operands when neither is a text, Println always. */
static void
print_all(const struct template_call *f, bool line, bool top, struct buf *out)
{
	for (uint32_t i = 0; i < f->n; i++) {
		const struct value *v = &f->args[i];
		bool text = is_text(v) || (top && is_nil(v));
		bool before = i > 0 && (is_text(v - 1) || (top && is_nil(v - 1)));

		if (i > 0 && (line || (!text && !before)))
			buf_u8(out, ' ');
		template_print(v, top, out);
	}
	if (line)
		buf_u8(out, '\n');
}

static status
print(struct template *t, const struct template_call *f, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(t->c);

	print_all(f, false, false, &out);
	return builtin_text(t->c, &out, ret);
}

static status
println(struct template *t, const struct template_call *f, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(t->c);

	print_all(f, true, false, &out);
	return builtin_text(t->c, &out, ret);
}

static void
escape_html(struct bytes t, struct buf *out)
{
	static const struct {
		uint8_t c;
		const char *entity;
	} rows[] = {{'"', "&#34;"}, {'\'', "&#39;"}, {'&', "&amp;"},
	            {'<', "&lt;"},  {'>', "&gt;"},   {0, "\xef\xbf\xbd"}};

	for (size_t i = 0; i < t.n; i++) {
		size_t k = 0;

		while (k < COUNT_OF(rows) && rows[k].c != t.p[i])
			k++;
		if (k < COUNT_OF(rows))
			buf_str(out, rows[k].entity);
		else
			buf_u8(out, t.p[i]);
	}
}

static void
escape_js(struct bytes t, struct buf *out)
{
	for (size_t at = 0; at < t.n && buf_ok(out);) {
		size_t from = at;
		int32_t cp = utf8_next(t, &at);

		if (cp == '\\' || cp == '\'' || cp == '"')
			buf_printf(out, "\\%c", (int)cp);
		else if (cp >= 0 && (cp < ' ' || cp == '<' || cp == '>' || cp == '&' || cp == '='))
			buf_printf(out, "\\u%04X", (unsigned int)cp);
		else if (cp < 0 || cp < 0x80 || unicode_is_print((uint32_t)cp))
			buf_bytes(out, bytes_sub(t, from, at));
		else
			buf_printf(out, "\\u%04X", (unsigned int)cp);
	}
}

static status
escaped(struct template *t, const struct template_call *f,
        void (*escape)(struct bytes, struct buf *), struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(t->c);
	CLEANUP(buf_done) struct buf plain = result_buf(t->c);

	print_all(f, false, true, &plain);
	escape(buf_view(&plain), &out);
	return builtin_text(t->c, &out, ret);
}

static status
html(struct template *t, const struct template_call *f, struct value *ret)
{
	return escaped(t, f, escape_html, ret);
}

static status
js(struct template *t, const struct template_call *f, struct value *ret)
{
	return escaped(t, f, escape_js, ret);
}

static status
urlquery(struct template *t, const struct template_call *f, struct value *ret)
{
	return escaped(t, f, codec_query_escape, ret);
}

/* What Go's printf sees. Lists and maps print as wholes, whatever the verb. */
static void
printf_argument(const struct value *v, struct format_arg *a, struct buf *text)
{
	CLEANUP(num_done) struct num n;

	num_init(&n);
	if (is_nil(v)) {
		a->kind = FORMAT_NIL;
	} else if (v->type == VALUE_BOOL) {
		a->kind = FORMAT_BOOL;
		a->text = v->u.b ? BYTES("true") : BYTES("false");
	} else if (template_is_literal(v) && v->flags & VALUE_INT) {
		a->kind = FORMAT_INT;
		a->type = "int";
		mpz_set_si(a->integer, v->u.i);
	} else if (template_is_literal(v)) {
		a->kind = FORMAT_REAL;
		a->real = num_from(&n, v) ? num_to_double(&n) : 0;
	} else {
		a->type = v->type == VALUE_STRING   ? "string"
		          : v->type == VALUE_NUMBER ? "json.Number"
		          : v->type == VALUE_OBJECT ? "map[string]interface {}"
		                                    : "[]interface {}";
		template_print(v, false, text);
		a->text = buf_view(text);
	}
}

static status
printf_of(struct template *t, const struct template_call *f, struct value *ret)
{
	if (f->args[0].type != VALUE_STRING)
		return wrong(t, "printf", "wrong type for value; expected string");
	return format_sprintf(t->c, string_bytes(&f->args[0]), f->args + 1, f->n - 1,
	                      printf_argument, ret);
}

/* ---- parts ---- */

static status
length(struct template *t, const struct template_call *f, struct value *ret)
{
	CLEANUP(buf_done) struct buf text = {0};
	const struct value *v = &f->args[0];

	if (!is_text(v) && !value_is_collection(v))
		return wrong(t, "len", is_nil(v) ? "len of nil pointer" : "len of that type");
	if (v->type == VALUE_NUMBER)
		value_number_text(v, &text);
	*ret = json_int(v->type == VALUE_NUMBER ? (int64_t)text.n : v->n);
	ret->flags |= TEMPLATE_LITERAL;
	return OK;
}

/* An index of a text or a list with n items. */
static status
index_arg(struct template *t, const char *function, const struct value *v, uint64_t n,
          uint64_t *ret)
{
	if (!template_is_literal(v) || !(v->flags & VALUE_INT))
		return wrong(t, function, "cannot index slice/array with that type");
	if (v->u.i < 0 || (uint64_t)v->u.i > n)
		return wrong(t, function, "index out of range");
	*ret = (uint64_t)v->u.i;
	return OK;
}

/* The text of a number, else the text itself. */
static status
text_of(struct template *t, const struct value *v, struct bytes *ret)
{
	CLEANUP(buf_done) struct buf text = {0};

	*ret = json_text(v);
	if (v->type != VALUE_NUMBER)
		return OK;
	value_number_text(v, &text);
	*ret = arena_copy(t->c->arena, buf_view(&text));
	return arena_check(t->c->arena, t->c->err);
}

static status
index_once(struct template *t, struct value *at, const struct value *key)
{
	const struct value *found;
	struct bytes text;
	uint64_t i;

	if (is_nil(at))
		return wrong(t, "index", "index of nil pointer");
	if (at->type == VALUE_OBJECT) {
		if (key->type != VALUE_STRING)
			return wrong(t, "index", "value has another type; should be string");
		found = value_get(at, key);
		*at = found ? *found : json_null();
		return OK;
	}
	if (is_text(at)) {
		TRY(text_of(t, at, &text));
		TRY(index_arg(t, "index", key, text.n, &i));
		if (i == text.n)
			return wrong(t, "index", "index out of range");
		*at = json_int(text.p[i]);
		at->flags |= TEMPLATE_LITERAL;
		return OK;
	}
	if (!value_is_collection(at))
		return wrong(t, "index", "can't index item of that type");
	TRY(index_arg(t, "index", key, at->n, &i));
	if (i == at->n)
		return wrong(t, "index", "index out of range");
	*at = at->u.items[i];
	return OK;
}

static status
index_of(struct template *t, const struct template_call *f, struct value *ret)
{
	*ret = f->args[0];
	if (is_nil(ret))
		return wrong(t, "index", "index of untyped nil");
	for (uint32_t i = 1; i < f->n; i++)
		TRY(index_once(t, ret, &f->args[i]));
	return OK;
}

static status
slice(struct template *t, const struct template_call *f, struct value *ret)
{
	const struct value *v = &f->args[0];
	bool text = is_text(v);
	struct bytes s = {NULL, 0};
	uint64_t at[3], n;

	if (!text && v->type != VALUE_ARRAY && v->type != VALUE_SET)
		return wrong(t, "slice",
		             is_nil(v) ? "slice of untyped nil" : "can't slice item of that type");
	if (f->n > 4 || (f->n == 4 && text))
		return wrong(t, "slice", "too many slice indexes");
	if (text)
		TRY(text_of(t, v, &s));
	n = text ? s.n : v->n;
	at[0] = 0;
	at[1] = at[2] = n;
	for (uint32_t i = 1; i < f->n; i++)
		TRY(index_arg(t, "slice", &f->args[i], n, &at[i - 1]));
	if (at[0] > at[1] || at[1] > at[2])
		return wrong(t, "slice", "invalid slice index");
	if (text) {
		*ret = json_copy_string(t->c->arena, bytes_sub(s, at[0], at[1]));
		return arena_check(t->c->arena, t->c->err);
	}
	*ret = (struct value){.type = VALUE_ARRAY,
	                      .n = (uint32_t)(at[1] - at[0]),
	                      .u.items = v->u.items + at[0]};
	return OK;
}

/* ---- logic ---- */

enum kind { KIND_NONE, KIND_BOOL, KIND_INT, KIND_FLOAT, KIND_TEXT, KIND_OTHER };

static enum kind
kind_of(const struct value *v)
{
	if (is_nil(v))
		return KIND_NONE;
	if (v->type == VALUE_BOOL)
		return KIND_BOOL;
	if (is_text(v))
		return KIND_TEXT;
	if (v->type == VALUE_NUMBER)
		return v->flags & VALUE_INT ? KIND_INT : KIND_FLOAT;
	return KIND_OTHER;
}

/* Of two values of one kind. */
static status
order(struct template *t, const struct value *a, const struct value *b, int *ret)
{
	struct bytes x, y;

	if (kind_of(a) != KIND_TEXT) {
		*ret = value_cmp(a, b);
		return OK;
	}
	TRY(text_of(t, a, &x));
	TRY(text_of(t, b, &y));
	*ret = bytes_cmp(x, y);
	return OK;
}

static status
equal(struct template *t, const struct template_call *f, struct value *ret)
{
	enum kind a = kind_of(&f->args[0]);

	if (f->n < 2)
		return wrong(t, "eq", "missing argument for comparison");
	for (uint32_t i = 1; i < f->n; i++) {
		enum kind b = kind_of(&f->args[i]);
		int differ = 1;

		if (a == KIND_NONE || b == KIND_NONE)
			differ = a != b;
		else if (a != b)
			return wrong(t, "eq", "incompatible types for comparison");
		else if (a == KIND_OTHER)
			return wrong(t, "eq", "non-comparable type");
		else
			TRY(order(t, &f->args[0], &f->args[i], &differ));
		if (differ == 0)
			return return_bool(true, ret);
	}
	return return_bool(false, ret);
}

static status
unequal(struct template *t, const struct template_call *f, struct value *ret)
{
	TRY(equal(t, f, ret));
	return return_bool(!ret->u.b, ret);
}

static status
compare(struct template *t, const struct template_call *f, int *ret)
{
	enum kind a = kind_of(&f->args[0]), b = kind_of(&f->args[1]);

	if (a == KIND_NONE || a == KIND_OTHER || b == KIND_NONE || b == KIND_OTHER)
		return wrong(t, "lt", "invalid type for comparison");
	if (a != b)
		return wrong(t, "lt", "incompatible types for comparison");
	if (a == KIND_BOOL)
		return wrong(t, "lt", "invalid type for comparison");
	return order(t, &f->args[0], &f->args[1], ret);
}

#define ORDER(name, cond)                                                                          \
	static status name(struct template *t, const struct template_call *f, struct value *ret)   \
	{                                                                                          \
		int differ;                                                                        \
		TRY(compare(t, f, &differ));                                                       \
		return return_bool(cond, ret);                                                     \
	}

ORDER(less, differ < 0)
ORDER(less_equal, differ <= 0)
ORDER(greater, differ > 0)
ORDER(greater_equal, differ >= 0)

static status
negation(struct template *t, const struct template_call *f, struct value *ret)
{
	(void)t;
	return return_bool(!template_truth(&f->args[0]), ret);
}

/* The last operand, or the one that decided: none behind it was evaluated. */
static status
last_of(struct template *t, const struct template_call *f, struct value *ret)
{
	(void)t;
	*ret = f->args[f->n - 1];
	return OK;
}

static status
call(struct template *t, const struct template_call *f, struct value *ret)
{
	(void)f;
	(void)ret;
	return wrong(t, "call", "non-function of that type");
}

static const struct {
	const char *name;
	status (*fn)(struct template *t, const struct template_call *f, struct value *ret);
	uint32_t least, most;
} functions[] = {
        {"and", last_of, 1, TEMPLATE_MAX_ARGS},
        {"or", last_of, 1, TEMPLATE_MAX_ARGS},
        {"not", negation, 1, 1},
        {"len", length, 1, 1},
        {"index", index_of, 1, TEMPLATE_MAX_ARGS},
        {"slice", slice, 1, TEMPLATE_MAX_ARGS},
        {"eq", equal, 1, TEMPLATE_MAX_ARGS},
        {"ne", unequal, 2, 2},
        {"lt", less, 2, 2},
        {"le", less_equal, 2, 2},
        {"gt", greater, 2, 2},
        {"ge", greater_equal, 2, 2},
        {"print", print, 0, TEMPLATE_MAX_ARGS},
        {"println", println, 0, TEMPLATE_MAX_ARGS},
        {"printf", printf_of, 1, TEMPLATE_MAX_ARGS},
        {"html", html, 0, TEMPLATE_MAX_ARGS},
        {"js", js, 0, TEMPLATE_MAX_ARGS},
        {"urlquery", urlquery, 0, TEMPLATE_MAX_ARGS},
        {"call", call, 1, TEMPLATE_MAX_ARGS},
};

bool
template_is_function(struct bytes name)
{
	for (size_t i = 0; i < COUNT_OF(functions); i++)
		if (bytes_is(name, functions[i].name))
			return true;
	return false;
}

status
template_function(struct template *t, struct bytes name, const struct template_call *f,
                  struct value *ret)
{
	size_t i = 0;

	TRY(rego_charge(t->c, 4 + f->n));
	while (i < COUNT_OF(functions) && !bytes_is(name, functions[i].name))
		i++;
	if (i == COUNT_OF(functions))
		return builtin_error(t->c, "template: function \"%.*s\" not defined",
		                     BYTES_ARG(name));
	if (f->n < functions[i].least || f->n > functions[i].most)
		return builtin_error(t->c, "template: wrong number of args for %.*s",
		                     BYTES_ARG(name));
	return functions[i].fn(t, f, ret);
}
