/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/time_zone.h"

#include "base/clock.h"
#include "base/rd.h"

/* ---- TZif ---- */

enum { HEADER = 44, SECONDS_A_DAY = 86400 };

struct counts {
	uint32_t utc, std, leap, times, types, chars;
};

static bool
read_header(struct rd *r, uint8_t *version, struct counts *c)
{
	struct bytes magic = rd_bytes(r, 4);

	*version = rd_u8(r);
	rd_skip(r, 15);
	c->utc = rd_be32(r);
	c->std = rd_be32(r);
	c->leap = rd_be32(r);
	c->times = rd_be32(r);
	c->types = rd_be32(r);
	c->chars = rd_be32(r);
	return rd_ok(r) && bytes_is(magic, "TZif") && c->times <= ZONE_MAX_TRANSITIONS &&
	       c->types <= ZONE_MAX_TYPES && c->types > 0 && c->chars <= ZONE_MAX_FILE &&
	       c->utc <= ZONE_MAX_TYPES && c->std <= ZONE_MAX_TYPES &&
	       c->leap <= ZONE_MAX_TRANSITIONS;
}

static bool
indexes_ok(const struct zone *z)
{
	size_t types = z->types.n / 6;

	for (size_t i = 0; i < z->indexes.n; i++)
		if (z->indexes.p[i] >= types)
			return false;
	for (size_t i = 0; i < types; i++)
		if (z->types.p[6 * i + 5] >= z->names.n)
			return false;
	return true;
}

bool
zone_parse(struct bytes tzif, struct zone *ret)
{
	struct rd r = rd_init(tzif);
	struct counts c;
	uint8_t version;
	struct bytes rest;

	*ret = (struct zone){0};
	if (tzif.n > ZONE_MAX_FILE || !read_header(&r, &version, &c) || version < '2')
		return false;
	/* The first block has 32-bit times: passed over. */
	rd_skip(&r, c.times * 5UL + c.types * 6UL + c.chars + c.leap * 8UL + c.std + c.utc);
	if (!read_header(&r, &version, &c))
		return false;
	ret->transitions = rd_bytes(&r, c.times * 8UL);
	ret->indexes = rd_bytes(&r, c.times);
	ret->types = rd_bytes(&r, c.types * 6UL);
	ret->names = rd_bytes(&r, c.chars);
	rd_skip(&r, c.leap * 12UL + c.std + c.utc);
	rest = rd_bytes(&r, rd_left(&r));
	if (!rd_ok(&r) || !indexes_ok(ret))
		return false;
	if (rest.n >= 2 && rest.p[0] == '\n' && rest.p[rest.n - 1] == '\n')
		ret->rule = bytes_sub(rest, 1, rest.n - 1);
	return true;
}

static int64_t
transition(const struct zone *z, size_t i)
{
	struct rd r = rd_init(bytes_sub(z->transitions, 8 * i, 8 * i + 8));

	return (int64_t)rd_be64(&r);
}

static struct zone_info
type_info(const struct zone *z, uint8_t type)
{
	struct rd r = rd_init(bytes_sub(z->types, 6UL * type, 6UL * type + 6));
	int32_t offset = (int32_t)rd_be32(&r);
	size_t from, end;

	rd_skip(&r, 1);
	from = rd_u8(&r);
	end = bytes_find_byte(z->names, 0, from);
	return (struct zone_info){offset, bytes_sub(z->names, from, end)};
}

/* Before the first transition: the first type that is no daylight saving time. */
static uint8_t
first_type(const struct zone *z)
{
	for (size_t i = 0; i < z->types.n / 6; i++)
		if (z->types.p[6 * i + 4] == 0)
			return (uint8_t)i;
	return 0;
}

/* ---- the rule: std offset [dst [offset] [, start [/time], end [/time]]] ---- */

struct rule_reader {
	struct bytes t;
	size_t at;
	bool bad;
};

/* When a year's change happens. */
struct change {
	enum { CHANGE_JULIAN, CHANGE_DAY, CHANGE_MONTH } kind;
	int64_t month, week, day;
	int64_t seconds;
};

struct rule {
	struct zone_info std, dst;
	bool has_dst;
	struct change start, end;
};

static uint8_t
peek(const struct rule_reader *r)
{
	return r->at < r->t.n ? r->t.p[r->at] : 0;
}

static bool
take(struct rule_reader *r, uint8_t c)
{
	bool is = peek(r) == c;

	r->at += is;
	return is;
}

static struct bytes
rule_name(struct rule_reader *r)
{
	bool quoted = take(r, '<');
	size_t from = r->at;
	struct bytes name;

	while (r->at < r->t.n &&
	       (quoted ? peek(r) != '>' : (peek(r) | 0x20) >= 'a' && (peek(r) | 0x20) <= 'z'))
		r->at++;
	name = bytes_sub(r->t, from, r->at);
	if (quoted)
		r->bad |= !take(r, '>');
	r->bad |= name.n < 3;
	return name;
}

static int64_t
rule_number(struct rule_reader *r, int64_t max)
{
	int64_t v = 0;
	size_t from = r->at;

	while (peek(r) >= '0' && peek(r) <= '9' && v <= max)
		v = v * 10 + (r->t.p[r->at++] - '0');
	r->bad |= r->at == from || v > max;
	return v;
}

/* [+-]hh[:mm[:ss]] */
static int64_t
rule_time(struct rule_reader *r)
{
	bool minus = take(r, '-');
	int64_t v;

	if (!minus)
		(void)take(r, '+');
	v = rule_number(r, 167) * 3600;
	if (take(r, ':'))
		v += rule_number(r, 59) * 60;
	if (take(r, ':'))
		v += rule_number(r, 59);
	return minus ? -v : v;
}

static struct change
rule_change(struct rule_reader *r)
{
	struct change c = {.seconds = 2 * 3600};

	r->bad |= !take(r, ',');
	if (take(r, 'M')) {
		c.kind = CHANGE_MONTH;
		c.month = rule_number(r, 12);
		r->bad |= !take(r, '.');
		c.week = rule_number(r, 5);
		r->bad |= !take(r, '.');
		c.day = rule_number(r, 6);
		r->bad |= c.month < 1 || c.week < 1;
	} else {
		c.kind = take(r, 'J') ? CHANGE_JULIAN : CHANGE_DAY;
		c.day = rule_number(r, 365);
	}
	if (take(r, '/'))
		c.seconds = rule_time(r);
	return c;
}

static bool
read_rule(struct bytes text, struct rule *ret)
{
	struct rule_reader r = {.t = text};

	*ret = (struct rule){0};
	ret->std.name = rule_name(&r);
	ret->std.offset = (int32_t)-rule_time(&r);
	if (!r.bad && r.at < r.t.n) {
		ret->has_dst = true;
		ret->dst.name = rule_name(&r);
		ret->dst.offset = ret->std.offset + 3600;
		if (peek(&r) != ',')
			ret->dst.offset = (int32_t)-rule_time(&r);
		ret->start = rule_change(&r);
		ret->end = rule_change(&r);
	}
	return !r.bad && r.at == r.t.n;
}

static bool
is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Day of the change, as days since 1970. */
static int64_t
change_day(const struct change *c, int64_t year)
{
	int64_t first, day, next;

	if (c->kind == CHANGE_JULIAN)
		return days_from_civil(year, 1, 1) + c->day - 1 + (is_leap(year) && c->day >= 60);
	if (c->kind == CHANGE_DAY)
		return days_from_civil(year, 1, 1) + c->day;
	first = days_from_civil(year, (unsigned int)c->month, 1);
	next = c->month == 12 ? days_from_civil(year + 1, 1, 1)
	                      : days_from_civil(year, (unsigned int)c->month + 1, 1);
	/* 1970-01-01 was a Thursday (4). */
	day = first + (c->day - (first % 7 + 7 + 4) % 7 + 7) % 7 + (c->week - 1) * 7;
	while (day >= next)
		day -= 7;
	return day;
}

static struct zone_info
rule_at(const struct rule *r, int64_t t)
{
	int64_t days = t / SECONDS_A_DAY - (t % SECONDS_A_DAY < 0), year, start, end;
	unsigned int month, day;
	bool summer;

	if (!r->has_dst)
		return r->std;
	civil_from_days(days, &year, &month, &day);
	start = change_day(&r->start, year) * SECONDS_A_DAY + r->start.seconds - r->std.offset;
	end = change_day(&r->end, year) * SECONDS_A_DAY + r->end.seconds - r->dst.offset;
	summer = start < end ? t >= start && t < end : t >= start || t < end;
	return summer ? r->dst : r->std;
}

struct zone_info
zone_at(const struct zone *z, int64_t t)
{
	size_t lo = 0, hi = z->indexes.n;
	struct rule rule;

	if (z->types.n == 0)
		return (struct zone_info){0, BYTES("UTC")};
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (transition(z, mid) <= t)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == z->indexes.n && z->rule.n > 0 && read_rule(z->rule, &rule))
		return rule_at(&rule, t);
	return type_info(z, lo == 0 ? first_type(z) : z->indexes.p[lo - 1]);
}

bool
zone_name_ok(struct bytes name)
{
	if (name.n == 0 || name.n > ZONE_NAME_MAX || name.p[0] == '/')
		return false;
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i], lower = c | 0x20;

		if (!(lower >= 'a' && lower <= 'z') && !(c >= '0' && c <= '9') &&
		    bytes_find_byte(BYTES("/_+-"), c, 0) == SIZE_MAX)
			return false;
	}
	return true;
}
