/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sprintf with Go's verbs, flags, widths, argument indexes, and its texts for
 * mistakes. Numbers come as Go would have them: int, big.Int or float64.
 */
#include "rego/format.h"

#include <math.h>
#include <stdlib.h>

#include "rego/builtin_groups.h"

enum { FORMAT_MAX_WIDTH = 1000 * 1000 }; /* Go's own limit of width and precision */

struct printer {
	struct rego_call *c;
	struct bytes format;
	size_t at;
	const struct value *args;
	uint32_t n;
	uint32_t next;
	bool reordered;
	bool good_index;
	format_convert *convert;
	struct buf out;
};

/* ---- argument index [n], width, precision ---- */

static bool
number(struct printer *p, int *ret)
{
	size_t from = p->at;
	int v = 0;

	while (p->at < p->format.n && p->format.p[p->at] >= '0' && p->format.p[p->at] <= '9') {
		v = v * 10 + (p->format.p[p->at++] - '0');
		if (v > FORMAT_MAX_WIDTH) {
			p->at = p->format.n;
			return false;
		}
	}
	*ret = v;
	return p->at > from;
}

/* [n] in front of a verb, a star or nothing. */
static void
arg_index(struct printer *p, bool *found)
{
	size_t from = p->at, close;
	int index;

	*found = false;
	if (p->at >= p->format.n || p->format.p[p->at] != '[')
		return;
	p->reordered = true;
	close = bytes_find_byte(p->format, ']', p->at);
	p->at++;
	if (close == SIZE_MAX) {
		p->at = from + 1;
		p->good_index = false;
		return;
	}
	*found = number(p, &index) && p->at == close;
	if (*found && index >= 1 && (uint32_t)index <= p->n)
		p->next = (uint32_t)index - 1;
	else
		p->good_index = false;
	p->at = close + 1;
}

/* An int64 in Go: 1.0 is a float64. */
static bool
go_int(const struct value *v, int64_t *ret)
{
	return value_plain_int(v, ret) &&
	       (v->flags & VALUE_INT || bytes_find_byte(json_text(v), '.', 0) == SIZE_MAX);
}

static bool
int_argument(struct printer *p, int *ret)
{
	CLEANUP(buf_done) struct buf text = {0};
	struct format_arg a = {.kind = FORMAT_TEXT};
	bool good;

	if (p->next >= p->n)
		return false;
	mpz_init(a.integer);
	p->convert(&p->args[p->next++], &a, &text);
	good = a.kind == FORMAT_INT && mpz_cmpabs_ui(a.integer, FORMAT_MAX_WIDTH) <= 0;
	*ret = good ? (int)mpz_get_si(a.integer) : 0;
	mpz_clear(a.integer);
	return good;
}

static void
read_flags(struct printer *p, struct format_spec *f)
{
	for (; p->at < p->format.n; p->at++) {
		switch (p->format.p[p->at]) {
		case '#':
			f->sharp = true;
			break;
		case '0':
			f->zero = true;
			break;
		case '+':
			f->plus = true;
			break;
		case '-':
			f->minus = true;
			break;
		case ' ':
			f->space = true;
			break;
		default:
			return;
		}
	}
}

static bool
star(struct printer *p)
{
	if (p->at >= p->format.n || p->format.p[p->at] != '*')
		return false;
	p->at++;
	return true;
}

static void
read_width(struct printer *p, struct format_spec *f, bool *after_index)
{
	int v;

	if (star(p)) {
		f->has_width = int_argument(p, &f->width);
		if (!f->has_width)
			buf_str(&p->out, "%!(BADWIDTH)");
		if (f->has_width && f->width < 0) {
			f->width = -f->width;
			f->minus = true;
			f->zero = false;
		}
		*after_index = false;
	} else if (number(p, &v)) {
		f->has_width = true;
		f->width = v;
		if (*after_index) /* "%[3]2d" */
			p->good_index = false;
	}
}

static void
read_precision(struct printer *p, struct format_spec *f, bool *after_index)
{
	if (p->at + 1 >= p->format.n || p->format.p[p->at] != '.')
		return;
	p->at++;
	if (*after_index) /* "%[3].2d" */
		p->good_index = false;
	arg_index(p, after_index);
	if (star(p)) {
		f->has_precision = int_argument(p, &f->precision) && f->precision >= 0;
		if (!f->has_precision)
			buf_str(&p->out, "%!(BADPREC)");
		*after_index = false;
	} else {
		f->has_precision = true;
		if (!number(p, &f->precision))
			f->precision = 0;
	}
}

/* ---- verbs ---- */

/* The number as Go's int64, big.Int, float64 or, beyond its range, text. */
static void
number_argument(const struct value *v, struct format_arg *a)
{
	CLEANUP(num_done) struct num n;
	int64_t i;

	num_init(&n);
	if (go_int(v, &i)) {
		a->kind = FORMAT_INT;
		mpz_set_si(a->integer, i);
	} else if (bytes_find_byte(json_text(v), '.', 0) == SIZE_MAX &&
	           bytes_find_byte(json_text(v), 'e', 0) == SIZE_MAX &&
	           bytes_find_byte(json_text(v), 'E', 0) == SIZE_MAX && num_from(&n, v) &&
	           num_to_mpz(&n, a->integer)) {
		a->kind = FORMAT_BIG;
	} else if (num_from(&n, v) && isfinite(a->real = num_to_double(&n))) {
		a->kind = FORMAT_REAL;
		if (json_text(v).p[0] == '-')
			a->real = -fabs(a->real); /* minus zero has a sign */
	} else {
		a->kind = FORMAT_TEXT;
		a->text = json_text(v);
	}
}

/* What sprintf makes of a value: numbers and strings, the rest in Rego's syntax. */
static void
rego_argument(const struct value *v, struct format_arg *a, struct buf *text)
{
	if (v->type == VALUE_NUMBER) {
		number_argument(v, a);
	} else if (v->type == VALUE_STRING) {
		a->text = string_bytes(v);
	} else {
		value_term(v, text);
		a->text = buf_view(text);
	}
}

static void
one_argument(struct printer *p, const struct format_spec *f, const struct value *v)
{
	CLEANUP(buf_done) struct buf text = {.max = p->out.max};
	struct format_arg a = {.kind = FORMAT_TEXT};

	mpz_init(a.integer);
	p->convert(v, &a, &text);
	p->out.failed |= !buf_ok(&text);
	if (f->verb == 'T')
		format_text(f, bytes_str(format_type_name(&a)), &p->out);
	else
		format_value(f, &a, &p->out);
	mpz_clear(a.integer);
}

/* Behind a percent sign. */
static void
verb(struct printer *p)
{
	struct format_spec f = {0};
	bool after_index;
	int32_t c;

	p->good_index = true;
	read_flags(p, &f);
	arg_index(p, &after_index);
	read_width(p, &f, &after_index);
	read_precision(p, &f, &after_index);
	if (!after_index)
		arg_index(p, &after_index);
	c = utf8_next(p->format, &p->at);
	f.verb = (uint32_t)c;
	if (c < 0) {
		buf_str(&p->out, "%!(NOVERB)");
	} else if (c == '%') {
		buf_u8(&p->out, '%');
	} else if (!p->good_index) {
		buf_str(&p->out, "%!");
		format_rune(f.verb, &p->out);
		buf_str(&p->out, "(BADINDEX)");
	} else if (p->next >= p->n) {
		buf_str(&p->out, "%!");
		format_rune(f.verb, &p->out);
		buf_str(&p->out, "(MISSING)");
	} else {
		format_settle(&f);
		one_argument(p, &f, &p->args[p->next++]);
	}
}

static void
extra(struct printer *p)
{
	struct format_spec plain = {.verb = 'v'};

	buf_str(&p->out, "%!(EXTRA ");
	for (uint32_t i = p->next; i < p->n && buf_ok(&p->out); i++) {
		struct format_spec type = {.verb = 'T'};
		size_t from;

		if (i > p->next)
			buf_str(&p->out, ", ");
		from = p->out.n;
		one_argument(p, &type, &p->args[i]);
		if (bytes_ends(buf_view(&p->out), BYTES("<nil>")) && p->out.n - from == 5)
			continue; /* nil has no type */
		buf_u8(&p->out, '=');
		one_argument(p, &plain, &p->args[i]);
	}
	buf_u8(&p->out, ')');
}

static void
print(struct printer *p)
{
	while (p->at < p->format.n && buf_ok(&p->out)) {
		size_t percent = bytes_find_byte(p->format, '%', p->at);

		buf_bytes(&p->out, bytes_sub(p->format, p->at, percent));
		if (percent == SIZE_MAX)
			break;
		p->at = percent + 1;
		verb(p);
	}
	if (!p->reordered && p->next < p->n)
		extra(p);
}

status
format_sprintf(struct rego_call *c, struct bytes format, const struct value *args, uint32_t n,
               format_convert *convert, struct value *ret)
{
	struct printer p = {.c = c,
	                    .format = format,
	                    .args = args,
	                    .n = n,
	                    .convert = convert,
	                    .out = result_buf(c)};
	status s;

	TRY(rego_charge(c, format.n / 8 + n * 4U));
	print(&p);
	s = rego_charge(c, p.out.n / 16);
	if (is_ok(s))
		s = builtin_text(c, &p.out, ret);
	buf_done(&p.out);
	return s;
}

static status
go_sprintf(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct bytes format;

	TRY(builtin_string(c, args, 0, &format));
	TRY(builtin_type(c, args, 1, VALUE_ARRAY));
	return format_sprintf(c, format, args[1].u.items, args[1].n, rego_argument, ret);
}

/* format_int: what stands behind the point is cut off. */
static status
format_int(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(num_done) struct num n;
	CLEANUP(buf_done) struct buf text = result_buf(c);
	int64_t base = 0;
	mpz_t z;
	bool good;

	num_init(&n);
	TRY(builtin_type(c, args, 0, VALUE_NUMBER));
	TRY(builtin_type(c, args, 1, VALUE_NUMBER));
	/* 2.0 is none of them. */
	if (!(args[1].flags & VALUE_INT) || !value_plain_int(&args[1], &base) ||
	    (base != 2 && base != 8 && base != 10 && base != 16))
		return builtin_operand_text(c, 2, "must be one of {2, 8, 10, 16}");
	mpz_init(z);
	good = num_from(&n, &args[0]) && num_to_mpz(&n, z);
	if (good && buf_reserve(&text, mpz_sizeinbase(z, (int)base) + 2)) {
		mpz_get_str((char *)text.p, (int)base, z);
		text.n = bytes_str((const char *)text.p).n;
	}
	mpz_clear(z);
	return good ? builtin_text(c, &text, ret) : builtin_limit(c, "the number is too large");
}

static const struct rego_builtin list[] = {
        {"sprintf", 2, 0, go_sprintf},
        {"format_int", 2, 0, format_int},
};
const struct rego_builtin_group rego_group_sprintf = {list, COUNT_OF(list)};
