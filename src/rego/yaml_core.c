/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/yaml_core.h"

#include <math.h>
#include <stdlib.h>

#include "rego/codec.h"
#include "rego/format.h"
#include "rego/time_layout.h"

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_word(struct bytes t, struct yaml_core *ret)
{
	static const struct {
		const char *word;
		struct yaml_core is;
	} words[] = {
	        {"", {.type = CORE_NULL}},
	        {"~", {.type = CORE_NULL}},
	        {"null", {.type = CORE_NULL}},
	        {"Null", {.type = CORE_NULL}},
	        {"NULL", {.type = CORE_NULL}},
	        {"true", {.type = CORE_BOOL, .boolean = true}},
	        {"True", {.type = CORE_BOOL, .boolean = true}},
	        {"TRUE", {.type = CORE_BOOL, .boolean = true}},
	        {"false", {.type = CORE_BOOL}},
	        {"False", {.type = CORE_BOOL}},
	        {"FALSE", {.type = CORE_BOOL}},
	        {".nan", {.type = CORE_FLOAT, .real = NAN}},
	        {".NaN", {.type = CORE_FLOAT, .real = NAN}},
	        {".NAN", {.type = CORE_FLOAT, .real = NAN}},
	        {".inf", {.type = CORE_FLOAT, .real = INFINITY}},
	        {".Inf", {.type = CORE_FLOAT, .real = INFINITY}},
	        {".INF", {.type = CORE_FLOAT, .real = INFINITY}},
	        {"+.inf", {.type = CORE_FLOAT, .real = INFINITY}},
	        {"+.Inf", {.type = CORE_FLOAT, .real = INFINITY}},
	        {"+.INF", {.type = CORE_FLOAT, .real = INFINITY}},
	        {"-.inf", {.type = CORE_FLOAT, .real = -INFINITY}},
	        {"-.Inf", {.type = CORE_FLOAT, .real = -INFINITY}},
	        {"-.INF", {.type = CORE_FLOAT, .real = -INFINITY}},
	        {"<<", {.type = CORE_MERGE}},
	};

	for (size_t i = 0; i < COUNT_OF(words); i++) {
		if (!bytes_is(t, words[i].word))
			continue;
		*ret = words[i].is;
		return true;
	}
	return false;
}

static bool
is_timestamp(struct bytes t)
{
	static const char *const layouts[] = {"2006-1-2T15:4:5.999999999Z07:00",
	                                      "2006-1-2t15:4:5.999999999Z07:00",
	                                      "2006-1-2 15:4:5.999999999", "2006-1-2"};
	size_t digits = 0;

	while (digits < t.n && is_digit(t.p[digits]))
		digits++;
	if (digits != 4 || t.n == 4 || t.p[4] != '-')
		return false;
	return layout_fits_any(t, layouts, COUNT_OF(layouts));
}

/* With 0x, 0o, 0b or a plain 0 in front another base; what fits no 64 bits is no integer. */
static bool
is_integer(struct bytes t, struct yaml_core *ret)
{
	bool sign = t.n > 0 && (t.p[0] == '-' || t.p[0] == '+');
	struct bytes d = bytes_sub(t, sign, t.n);
	uint8_t mark = d.n > 1 ? d.p[1] | 0x20 : 0;
	unsigned __int128 v = 0;
	unsigned int base = 10;

	*ret = (struct yaml_core){.type = CORE_INT, .negative = sign && t.p[0] == '-'};
	if (d.n > 1 && d.p[0] == '0') {
		base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
		d = bytes_sub(d, mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1, d.n);
	}
	for (size_t i = 0; i < d.n; i++) {
		uint8_t c = d.p[i], lower = c | 0x20;
		unsigned int digit = is_digit(c)                    ? (unsigned int)c - '0'
		                     : lower >= 'a' && lower <= 'f' ? (unsigned int)lower - 'a' + 10
		                                                    : 99;

		if (digit >= base)
			return false;
		v = v * base + digit;
		if (v > UINT64_MAX)
			return false;
	}
	ret->magnitude = (uint64_t)v;
	return d.n > 0 && (ret->negative ? v <= (uint64_t)INT64_MAX + 1 : !sign || v <= INT64_MAX);
}

/* Decimal, point and exponent as YAML has them; beyond a double it is no number. */
static bool
is_float(struct bytes t, struct yaml_core *ret)
{
	CLEANUP(buf_done) struct buf text = {0};
	CLEANUP(num_done) struct num n;
	size_t i = t.n > 0 && (t.p[0] == '-' || t.p[0] == '+') ? 1 : 0, digits = 0, mark;

	num_init(&n);
	for (; i < t.n && is_digit(t.p[i]); i++)
		digits++;
	if (i < t.n && t.p[i] == '.')
		for (i++; i < t.n && is_digit(t.p[i]); i++)
			digits++;
	if (digits == 0)
		return false;
	if (i < t.n && (t.p[i] | 0x20) == 'e') {
		i += i + 1 < t.n && (t.p[i + 1] == '-' || t.p[i + 1] == '+') ? 2 : 1;
		for (mark = i; i < t.n && is_digit(t.p[i]); i++)
			;
		if (i == mark)
			return false;
	}
	if (i != t.n || !codec_number(t, &text) || !num_parse(&n, buf_view(&text)))
		return false;
	*ret = (struct yaml_core){.type = CORE_FLOAT, .real = num_to_double(&n)};
	if (t.p[0] == '-')
		ret->real = -fabs(ret->real);
	return isfinite(ret->real);
}

struct yaml_core
yaml_core_resolve(struct bytes t)
{
	CLEANUP(buf_done) struct buf plain = {0};
	struct yaml_core ret = {.type = CORE_STR};

	if (is_word(t, &ret))
		return ret;
	ret = (struct yaml_core){.type = CORE_STR};
	if (t.p[0] == '.')
		return is_float(t, &ret) ? ret : (struct yaml_core){.type = CORE_STR};
	if (!is_digit(t.p[0]) && t.p[0] != '-' && t.p[0] != '+')
		return ret;
	if (is_timestamp(t))
		return (struct yaml_core){.type = CORE_TIME};
	for (size_t i = 0; i < t.n; i++)
		if (t.p[i] != '_')
			buf_u8(&plain, t.p[i]);
	if (is_integer(buf_view(&plain), &ret) || is_float(buf_view(&plain), &ret))
		return ret;
	return (struct yaml_core){.type = CORE_STR};
}

void
yaml_core_json_float(double d, struct buf *out)
{
	CLEANUP(buf_done) struct buf text = {0};
	bool exponent = d != 0 && (fabs(d) < 1e-6 || fabs(d) >= 1e21);
	struct bytes t;

	if (signbit(d))
		buf_u8(out, '-');
	format_float(fabs(d), exponent ? 'e' : 'f', -1, &text);
	t = buf_view(&text);
	/* e-09 becomes e-9. */
	if (exponent && t.n >= 4 && t.p[t.n - 4] == 'e' && t.p[t.n - 3] == '-' &&
	    t.p[t.n - 2] == '0') {
		buf_bytes(out, bytes_sub(t, 0, t.n - 2));
		buf_u8(out, t.p[t.n - 1]);
	} else {
		buf_bytes(out, t);
	}
}
