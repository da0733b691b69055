/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include "base/text.h"

#include <stdio.h>
#include <time.h>

static struct timespec
read_clock(clockid_t id)
{
	struct timespec ts = {0};

	(void)clock_gettime(id, &ts);
	return ts;
}

int64_t
clock_realtime(void)
{
	return read_clock(CLOCK_REALTIME).tv_sec;
}

int64_t
clock_boottime(void)
{
	return read_clock(CLOCK_BOOTTIME).tv_sec;
}

uint64_t
clock_mono_ns(void)
{
	struct timespec ts = read_clock(CLOCK_MONOTONIC);

	return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

void
guest_clock_start(struct guest_clock *c, int64_t floor)
{
	c->base = MAX(clock_realtime(), floor);
	c->boot_at_base = clock_boottime();
}

int64_t
guest_clock_now(const struct guest_clock *c)
{
	return c->base + (clock_boottime() - c->boot_at_base);
}

void
guest_clock_floor(struct guest_clock *c, int64_t floor)
{
	int64_t now = guest_clock_now(c);

	if (floor > now)
		c->base += floor - now;
}

int64_t
guest_clock_skew(const struct guest_clock *c)
{
	return clock_realtime() - guest_clock_now(c);
}

/* The era arithmetic below counts from March 1st, which puts the leap day last. */
int64_t
days_from_civil(int64_t year, unsigned int month, unsigned int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return era * 146097 + doe - 719468;
}

void
civil_from_days(int64_t days, int64_t *year, unsigned int *month, unsigned int *day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*day = (unsigned int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (unsigned int)(mp < 10 ? mp + 3 : mp - 9);
	*year = yoe + era * 400 + (*month <= 2);
}

char *
time_cstr(int64_t t, char to[32])
{
	int64_t days = (t >= 0 ? t : t - 86399) / 86400;
	int64_t secs = t - days * 86400;
	int64_t year;
	unsigned int month, day;

	civil_from_days(days, &year, &month, &day);
	if (year < 0 || year > 9999)
		snprintf(to, 32, "out-of-range");
	else
		snprintf(to, 32, "%04d-%02u-%02uT%02d:%02d:%02dZ", (int)year, month, day,
		         (int)(secs / 3600), (int)(secs / 60 % 60), (int)(secs % 60));
	return to;
}

void
time_format(int64_t t, struct buf *out)
{
	char tmp[32];

	buf_str(out, time_cstr(t, tmp));
}

/* `n` digits at text[at]; -1 if they are not there. */
static int
digits(struct bytes text, size_t at, size_t n)
{
	int v = 0;

	if (text.n < at + n)
		return -1;
	for (size_t i = at; i < at + n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return -1;
		v = v * 10 + (text.p[i] - '0');
	}
	return v;
}

static bool
char_is(struct bytes text, size_t at, char a, char b)
{
	return at < text.n && (text.p[at] == a || text.p[at] == b);
}

/* "Z", "+hh:mm" or "-hh:mm" up to the end; seconds east of UTC. */
static bool
parse_zone(struct bytes text, size_t at, int64_t *ret)
{
	int h, m;

	*ret = 0;
	if (char_is(text, at, 'Z', 'z'))
		return text.n == at + 1;
	if (!char_is(text, at, '+', '-') || text.n != at + 6 || text.p[at + 3] != ':')
		return false;
	h = digits(text, at + 1, 2);
	m = digits(text, at + 4, 2);
	if (h < 0 || h > 23 || m < 0 || m > 59)
		return false;
	*ret = (text.p[at] == '-' ? -1 : 1) * ((int64_t)h * 3600 + (int64_t)m * 60);
	return true;
}

static int
days_in(int year, int month)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

bool
time_parse(struct bytes text, int64_t *ret)
{
	int year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
	int hour = digits(text, 11, 2), min = digits(text, 14, 2), sec = digits(text, 17, 2);
	size_t at = 19;
	int64_t zone;

	if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in(year, month) ||
	    hour < 0 || hour > 23 || min < 0 || min > 59 || sec < 0 || sec > 60)
		return false;
	if (text.p[4] != '-' || text.p[7] != '-' || !char_is(text, 10, 'T', 't') ||
	    text.p[13] != ':' || text.p[16] != ':')
		return false;
	if (char_is(text, at, '.', '.')) {
		size_t first = ++at;

		while (digits(text, at, 1) >= 0)
			at++;
		if (at == first)
			return false;
	}
	if (!parse_zone(text, at, &zone))
		return false;
	*ret = days_from_civil(year, (unsigned int)month, (unsigned int)day) * 86400 + hour * 3600 +
	       min * 60 + sec - zone;
	return true;
}
