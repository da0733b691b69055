/* SPDX-License-Identifier: Apache-2.0 */
/* time.*, but for now_ns: moments are nanoseconds since 1970, or [ns, zone, layout]. */
#include "base/clock.h"
#include "base/text.h"
#include "rego/builtin_groups.h"
#include "rego/codec.h"
#include "rego/format.h"
#include "rego/time_layout.h"

enum {
	NANOS = 1000 * 1000 * 1000,
	MAX_YEARS = 10000, /* beyond these no result fits */
	MAX_DAYS = 4 * 1000 * 1000,
};

/* An operand: the moment, its zone and the layout to show it in. */
struct moment {
	int64_t ns;
	struct zone zone;
	struct bytes zone_name;
	struct bytes layout;
	struct wall wall;
};

static status
outside(struct rego_call *c)
{
	return builtin_error(c, "time outside of valid range");
}

static status
load_zone(struct rego_call *c, struct bytes name, struct zone *ret)
{
	CLEANUP(buf_done) struct buf file = {.max = ZONE_MAX_FILE};
	struct bytes kept;

	*ret = (struct zone){0};
	if (name.n == 0 || bytes_is(name, "UTC") || bytes_is(name, "Local"))
		return OK; /* an engine has no place of its own */
	TRY(rego_charge(c, 1000));
	if (!zone_name_ok(name) || !rego_zone(c, name, &file))
		return builtin_error(c, "unknown time zone %.*s", BYTES_ARG(name));
	kept = arena_copy(c->arena, buf_view(&file));
	TRY(arena_check(c->arena, c->err));
	if (!zone_parse(kept, ret))
		return builtin_error(c, "malformed time zone information");
	return OK;
}

static status
read_number(struct rego_call *c, const struct value *v, int64_t *ret)
{
	if (v->type != VALUE_NUMBER)
		return builtin_operand(c, 1, "number", v);
	if (!value_int(v, ret))
		return builtin_error(c, "timestamp too big");
	return OK;
}

static status
read_moment(struct rego_call *c, const struct value *v, struct moment *m)
{
	const struct value *items = v->u.items;

	*m = (struct moment){0};
	if (v->type == VALUE_NUMBER) {
		TRY(read_number(c, v, &m->ns));
	} else if (v->type == VALUE_ARRAY && v->n > 0) {
		for (uint32_t i = 1; i < MIN(v->n, 3U); i++)
			if (items[i].type != VALUE_STRING)
				return builtin_operand(c, 1, "string", &items[i]);
		TRY(read_number(c, &items[0], &m->ns));
		if (v->n > 1)
			m->zone_name = string_bytes(&items[1]);
		if (v->n > 2)
			m->layout = string_bytes(&items[2]);
	} else {
		return builtin_operand(c, 1, "either number (ns) or [number (ns), string (tz)]", v);
	}
	TRY(load_zone(c, m->zone_name, &m->zone));
	m->wall = wall_at(&m->zone, m->ns);
	return OK;
}

static status
integers(struct rego_call *c, const int64_t *numbers, size_t n, struct value *ret)
{
	struct value_list out = value_list_of(c->arena);

	for (size_t i = 0; i < n; i++)
		value_push(&out, json_int(numbers[i]));
	*ret = value_array(&out);
	return arena_check(c->arena, c->err);
}

static status
date(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct moment m;

	TRY(read_moment(c, &args[0], &m));
	return integers(c, (int64_t[]){m.wall.year, m.wall.month, m.wall.day}, 3, ret);
}

static status
clock_of(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct moment m;

	TRY(read_moment(c, &args[0], &m));
	return integers(c, (int64_t[]){m.wall.hour, m.wall.minute, m.wall.second}, 3, ret);
}

static status
weekday(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct moment m;

	TRY(read_moment(c, &args[0], &m));
	*ret = json_cstr(weekday_names[m.wall.weekday]);
	return OK;
}

static status
format(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(c);
	struct moment m;

	TRY(read_moment(c, &args[0], &m));
	if (m.layout.n == 0)
		m.layout = BYTES("RFC3339Nano");
	TRY(rego_charge(c, m.layout.n));
	layout_format(layout_named(m.layout), &m.wall, &out);
	return builtin_text(c, &out, ret);
}

/* ---- parsing ---- */

static status
parse(struct rego_call *c, struct bytes layout, struct bytes text, struct value *ret)
{
	CLEANUP(buf_done) struct buf why = {0};
	struct wall w;
	int64_t offset, ns;

	TRY(rego_charge(c, layout.n + text.n));
	if (!layout_parse(layout, text, &w, &offset, &why))
		return builtin_error(c, "%s", buf_cstr(&why));
	if (!wall_ns(&w, offset, &ns))
		return outside(c);
	*ret = json_int(ns);
	return OK;
}

static status
parse_ns(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct bytes layout, text;

	TRY(builtin_string(c, args, 0, &layout));
	TRY(builtin_string(c, args, 1, &text));
	return parse(c, layout_named(layout), text, ret);
}

static status
parse_rfc3339_ns(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct bytes text;

	TRY(builtin_string(c, args, 0, &text));
	return parse(c, layout_named(BYTES("RFC3339")), text, ret);
}

static const struct {
	const char *name;
	int64_t ns;
} units[] = {
        {"ns", 1},       {"us", 1000}, {"\xc2\xb5s", 1000}, {"\xce\xbcs", 1000},
        {"ms", 1000000}, {"s", NANOS}, {"m", 60L * NANOS},  {"h", 3600L * NANOS},
};

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/*
 * One number with its unit, added to *sum; NULL, or what is wrong with it. Fractions go through
 * a double, with at most as many digits as an int64 has: the last nanosecond depends on it.
 */
static const char *
duration_term(struct bytes t, size_t *at, __int128 *sum, struct bytes *unit)
{
	__int128 v = 0;
	uint64_t fraction = 0;
	double scale = 1;
	size_t digits = 0, from;
	bool full = false;

	for (; *at < t.n && is_digit(t.p[*at]); (*at)++, digits++)
		v = v > INT64_MAX ? v : v * 10 + (t.p[*at] - '0');
	if (*at < t.n && t.p[*at] == '.') {
		for ((*at)++; *at < t.n && is_digit(t.p[*at]); (*at)++, digits++) {
			uint64_t more = fraction * 10 + (uint64_t)(t.p[*at] - '0');

			full |= fraction > INT64_MAX / 10 || more > (uint64_t)INT64_MAX + 1;
			fraction = full ? fraction : more;
			scale = full ? scale : scale * 10;
		}
	}
	if (digits == 0)
		return "invalid";
	from = *at;
	while (*at < t.n && t.p[*at] != '.' && !is_digit(t.p[*at]))
		(*at)++;
	*unit = bytes_sub(t, from, *at);
	if (unit->n == 0)
		return "missing unit";
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (!bytes_is(*unit, units[i].name))
			continue;
		*sum += v * units[i].ns +
		        (int64_t)((double)fraction * ((double)units[i].ns / scale));
		return *sum > (__int128)INT64_MAX + 1 ? "invalid" : NULL;
	}
	return "unknown unit";
}

/* Go's durations: signed numbers with units from ns to h. */
static const char *
duration(struct bytes text, int64_t *ret, struct bytes *unit)
{
	bool minus = text.n > 0 && text.p[0] == '-';
	struct bytes t = bytes_sub(text, minus || (text.n > 0 && text.p[0] == '+'), text.n);
	const char *bad = t.n == 0 ? "invalid" : NULL;
	__int128 sum = 0;

	*ret = 0;
	if (bytes_is(t, "0"))
		return NULL;
	for (size_t at = 0; at < t.n && !bad;)
		bad = duration_term(t, &at, &sum, unit);
	if (!bad && sum > (__int128)INT64_MAX + (minus ? 1 : 0))
		bad = "invalid";
	*ret = (int64_t)(minus ? -sum : sum);
	return bad;
}

/*
 * OPA's days, weeks and years become hours of the same length: the number times 24 as a float,
 * in plain decimals. False when the text is not made of numbers and units of one letter or
 * two.
 */
static bool
rewrite_duration(struct bytes t, struct buf *out)
{
	static const char *const two[] = {"ms", "us", "\xc2\xb5s", "ns"};
	size_t at = 0;

	if (t.n > 0 && (t.p[0] == '-' || t.p[0] == '+'))
		buf_u8(out, t.p[at++]);
	while (at < t.n) {
		struct bytes rest, digits;
		size_t from = at, n = 1;
		uint8_t c;

		while (at < t.n && (is_digit(t.p[at]) || t.p[at] == '.'))
			at++;
		digits = bytes_sub(t, from, at);
		rest = bytes_sub(t, at, t.n);
		if (digits.n == 0 || rest.n == 0)
			return false;
		for (size_t i = 0; i < COUNT_OF(two); i++)
			if (bytes_starts(rest, bytes_str(two[i])))
				n = bytes_str(two[i]).n;
		c = rest.p[0];
		if (n == 1 && (c < 'a' || c > 'z'))
			return false;
		at += n;
		if (n == 1 && (c == 'd' || c == 'w' || c == 'y')) {
			CLEANUP(buf_done) struct buf plain = {0};
			CLEANUP(num_done) struct num number;

			num_init(&number);
			if (!codec_number(digits, &plain) || !num_parse(&number, buf_view(&plain)))
				return false;
			format_float(num_to_double(&number) * (c == 'd'   ? 24
			                                       : c == 'w' ? 168
			                                                  : 365 * 24),
			             'f', -1, out);
			buf_u8(out, 'h');
		} else {
			buf_bytes(out, digits);
			buf_bytes(out, bytes_sub(rest, 0, n));
		}
	}
	return buf_ok(out);
}

static status
parse_duration_ns(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(buf_done) struct buf hours = {0};
	struct bytes text, t, unit = {NULL, 0};
	const char *bad = NULL;
	bool longer = false;
	int64_t ns;

	TRY(builtin_string(c, args, 0, &text));
	TRY(rego_charge(c, text.n));
	for (size_t i = 0; i < text.n; i++)
		longer |= text.p[i] == 'd' || text.p[i] == 'w' || text.p[i] == 'y';
	t = text;
	if (longer && !rewrite_duration(text, &hours))
		bad = "invalid";
	else if (longer)
		t = buf_view(&hours);
	if (!bad)
		bad = duration(t, &ns, &unit);
	if (bad && bytes_is(bytes_str(bad), "invalid"))
		return builtin_error(c, "time: invalid duration \"%.*s\"", BYTES_ARG(text));
	if (bad && bytes_is(bytes_str(bad), "missing unit"))
		return builtin_error(c, "time: missing unit in duration \"%.*s\"", BYTES_ARG(text));
	if (bad)
		return builtin_error(c, "time: unknown unit \"%.*s\" in duration \"%.*s\"",
		                     BYTES_ARG(unit), BYTES_ARG(text));
	*ret = json_int(ns);
	return OK;
}

/* ---- calendar arithmetic ---- */

/* The moment when the zone's wall clock shows so many seconds since 1970. */
static int64_t
from_wall_seconds(const struct zone *z, int64_t t)
{
	int32_t guess = zone_at(z, t).offset;

	return t - zone_at(z, t - guess).offset;
}

static status
add_date(struct rego_call *c, const struct value *args, struct value *ret)
{
	int64_t years, months, days, month, year, seconds;
	struct moment m;
	__int128 ns;

	TRY(read_moment(c, &args[0], &m));
	TRY(builtin_int(c, args, 1, &years));
	TRY(builtin_int(c, args, 2, &months));
	TRY(builtin_int(c, args, 3, &days));
	if (years > MAX_YEARS || years < -MAX_YEARS || months > 12 * MAX_YEARS ||
	    months < -12 * MAX_YEARS || days > MAX_DAYS || days < -MAX_DAYS)
		return outside(c);
	month = (int64_t)m.wall.month - 1 + months;
	year = m.wall.year + years + month / 12 - (month % 12 < 0);
	month = (month % 12 + 12) % 12 + 1;
	seconds = (days_from_civil(year, (unsigned int)month, 1) + m.wall.day - 1 + days) * 86400 +
	          m.wall.hour * 3600 + m.wall.minute * 60 + m.wall.second;
	ns = (__int128)from_wall_seconds(&m.zone, seconds) * NANOS + m.wall.nanosecond;
	if (ns > INT64_MAX || ns < INT64_MIN)
		return outside(c);
	*ret = json_int((int64_t)ns);
	return OK;
}

/* Years, months, days, hours, minutes, seconds from the earlier to the later. */
static void
difference(const struct wall *a, const struct wall *b, int64_t to[6])
{
	int64_t days =
	        days_from_civil(a->month == 12 ? a->year + 1 : a->year, a->month % 12 + 1, 1) -
	        days_from_civil(a->year, a->month, 1);
	const int64_t wrap[6] = {0, 12, days, 24, 60, 60};

	to[0] = b->year - a->year;
	to[1] = (int64_t)b->month - (int64_t)a->month;
	to[2] = (int64_t)b->day - (int64_t)a->day;
	to[3] = b->hour - a->hour;
	to[4] = b->minute - a->minute;
	to[5] = b->second - a->second;
	for (size_t i = 5; i > 0; i--) {
		if (to[i] >= 0)
			continue;
		to[i] += wrap[i];
		to[i - 1]--;
	}
}

static status
diff(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct moment a, b;
	struct wall wall;
	int64_t parts[6];

	TRY(read_moment(c, &args[0], &a));
	TRY(read_moment(c, &args[1], &b));
	wall = wall_at(&a.zone, b.ns); /* both in the first one's zone */
	if (a.ns > b.ns)
		difference(&wall, &a.wall, parts);
	else
		difference(&a.wall, &wall, parts);
	return integers(c, parts, 6, ret);
}

static const struct rego_builtin list[] = {
        {"time.add_date", 4, 0, add_date}, {"time.clock", 1, 0, clock_of},
        {"time.date", 1, 0, date},         {"time.diff", 2, 0, diff},
        {"time.format", 1, 0, format},     {"time.parse_duration_ns", 1, 0, parse_duration_ns},
        {"time.parse_ns", 2, 0, parse_ns}, {"time.parse_rfc3339_ns", 1, 0, parse_rfc3339_ns},
        {"time.weekday", 1, 0, weekday},
};
const struct rego_builtin_group rego_group_time = {list, COUNT_OF(list)};
