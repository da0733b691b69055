/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/time_layout.h"

#include "base/clock.h"
#include "base/text.h"

enum {
	NANOS = 1000 * 1000 * 1000,
	SECONDS_A_DAY = 86400,
};

const char *const weekday_names[7] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                      "Thursday", "Friday", "Saturday"};
static const char *const month_names[12] = {"January",   "February", "March",    "April",
                                            "May",       "June",     "July",     "August",
                                            "September", "October",  "November", "December"};

struct bytes
layout_named(struct bytes layout)
{
	static const struct {
		const char *name, *layout;
	} rows[] = {
	        {"ANSIC", "Mon Jan _2 15:04:05 2006"},
	        {"UnixDate", "Mon Jan _2 15:04:05 MST 2006"},
	        {"RubyDate", "Mon Jan 02 15:04:05 -0700 2006"},
	        {"RFC822", "02 Jan 06 15:04 MST"},
	        {"RFC822Z", "02 Jan 06 15:04 -0700"},
	        {"RFC850", "Monday, 02-Jan-06 15:04:05 MST"},
	        {"RFC1123", "Mon, 02 Jan 2006 15:04:05 MST"},
	        {"RFC1123Z", "Mon, 02 Jan 2006 15:04:05 -0700"},
	        {"RFC3339", "2006-01-02T15:04:05Z07:00"},
	        {"RFC3339Nano", "2006-01-02T15:04:05.999999999Z07:00"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (bytes_is(layout, rows[i].name))
			return bytes_str(rows[i].layout);
	return layout;
}

/* ---- wall clock ---- */

struct wall
wall_at(const struct zone *z, int64_t ns)
{
	int64_t t = ns / NANOS - (ns % NANOS < 0), days, rest;
	struct wall w = {.nanosecond = ns - t * NANOS, .zone = zone_at(z, t)};

	t += w.zone.offset;
	days = t / SECONDS_A_DAY - (t % SECONDS_A_DAY < 0);
	rest = t - days * SECONDS_A_DAY;
	civil_from_days(days, &w.year, &w.month, &w.day);
	w.hour = rest / 3600;
	w.minute = rest / 60 % 60;
	w.second = rest % 60;
	w.weekday = (unsigned int)((days % 7 + 7 + 4) % 7);
	w.year_day = (unsigned int)(days - days_from_civil(w.year, 1, 1)) + 1;
	return w;
}

bool
wall_ns(const struct wall *w, int64_t offset, int64_t *ret)
{
	__int128 t = days_from_civil(w->year, w->month, 1);

	t = (t + w->day - 1) * SECONDS_A_DAY + w->hour * 3600 + w->minute * 60 + w->second - offset;
	t = t * NANOS + w->nanosecond;
	if (t > INT64_MAX || t < INT64_MIN)
		return false;
	*ret = (int64_t)t;
	return true;
}

/* ---- elements of a layout ---- */

enum element {
	EL_NONE,
	EL_LONG_MONTH,
	EL_MONTH,
	EL_NUM_MONTH,
	EL_ZERO_MONTH,
	EL_LONG_WEEKDAY,
	EL_WEEKDAY,
	EL_DAY,
	EL_UNDER_DAY,
	EL_ZERO_DAY,
	EL_UNDER_YEAR_DAY,
	EL_ZERO_YEAR_DAY,
	EL_HOUR,
	EL_HOUR12,
	EL_ZERO_HOUR12,
	EL_MINUTE,
	EL_ZERO_MINUTE,
	EL_SECOND,
	EL_ZERO_SECOND,
	EL_LONG_YEAR,
	EL_YEAR,
	EL_PM,
	EL_LOWER_PM,
	EL_ZONE_NAME,
	EL_OFFSET,    /* of any form: see struct part */
	EL_FRACTION0, /* as many digits as there are */
	EL_FRACTION9, /* without zeros at the end */
};

/* Fixed texts, the longer of two with a common start first. */
static const struct {
	const char *text;
	enum element element;
	bool whole_word; /* no lower-case letter behind it */
} elements[] = {
        {"January", EL_LONG_MONTH, false},
        {"Jan", EL_MONTH, true},
        {"Monday", EL_LONG_WEEKDAY, false},
        {"Mon", EL_WEEKDAY, true},
        {"MST", EL_ZONE_NAME, false},
        {"002", EL_ZERO_YEAR_DAY, false},
        {"01", EL_ZERO_MONTH, false},
        {"02", EL_ZERO_DAY, false},
        {"03", EL_ZERO_HOUR12, false},
        {"04", EL_ZERO_MINUTE, false},
        {"05", EL_ZERO_SECOND, false},
        {"06", EL_YEAR, false},
        {"15", EL_HOUR, false},
        {"1", EL_NUM_MONTH, false},
        {"2006", EL_LONG_YEAR, false},
        {"2", EL_DAY, false},
        {"__2", EL_UNDER_YEAR_DAY, false},
        {"_2", EL_UNDER_DAY, false},
        {"3", EL_HOUR12, false},
        {"4", EL_MINUTE, false},
        {"5", EL_SECOND, false},
        {"PM", EL_PM, false},
        {"pm", EL_LOWER_PM, false},
};

static const struct {
	const char *text;
	bool minutes, seconds, colon;
} offsets[] = {
        {"070000", true, true, false}, {"07:00:00", true, true, true}, {"0700", true, false, false},
        {"07:00", true, false, true},  {"07", false, false, false},
};

/* A run of literal text and the element behind it. */
struct part {
	struct bytes literal;
	struct bytes text; /* of the element, as it stands in the layout */
	enum element element;
	bool zulu; /* OFFSET: Z for UTC */
	bool minutes, seconds, colon;
	size_t digits; /* FRACTION */
};

static bool
is_digit(struct bytes t, size_t i)
{
	return i < t.n && t.p[i] >= '0' && t.p[i] <= '9';
}

static size_t
fraction_at(struct bytes rest, struct part *p)
{
	size_t n = 1;

	if (rest.n < 2 || (rest.p[0] != '.' && rest.p[0] != ',') ||
	    (rest.p[1] != '0' && rest.p[1] != '9'))
		return 0;
	while (n < rest.n && rest.p[n] == rest.p[1])
		n++;
	if (is_digit(rest, n))
		return 0;
	p->element = rest.p[1] == '0' ? EL_FRACTION0 : EL_FRACTION9;
	p->digits = n - 1;
	return n;
}

static size_t
offset_at(struct bytes rest, struct part *p)
{
	if (rest.n == 0 || (rest.p[0] != '-' && rest.p[0] != 'Z'))
		return 0;
	for (size_t i = 0; i < COUNT_OF(offsets); i++) {
		struct bytes text = bytes_str(offsets[i].text);

		if (!bytes_starts(bytes_sub(rest, 1, rest.n), text))
			continue;
		p->element = EL_OFFSET;
		p->zulu = rest.p[0] == 'Z';
		p->minutes = offsets[i].minutes;
		p->seconds = offsets[i].seconds;
		p->colon = offsets[i].colon;
		return text.n + 1;
	}
	return 0;
}

/* Length of the element that starts here, 0 if none does. */
static size_t
element_at(struct bytes rest, struct part *p)
{
	size_t n;

	if (bytes_starts(rest, BYTES("_2006")))
		return 0; /* an underscore, then the year */
	for (size_t i = 0; i < COUNT_OF(elements); i++) {
		struct bytes text = bytes_str(elements[i].text);

		if (!bytes_starts(rest, text))
			continue;
		if (elements[i].whole_word && text.n < rest.n && rest.p[text.n] >= 'a' &&
		    rest.p[text.n] <= 'z')
			continue;
		p->element = elements[i].element;
		return text.n;
	}
	n = offset_at(rest, p);
	return n > 0 ? n : fraction_at(rest, p);
}

static struct part
next_part(struct bytes layout, size_t *at)
{
	size_t from = *at;
	struct part p = {.element = EL_NONE};

	for (; *at < layout.n; (*at)++) {
		size_t n = element_at(bytes_sub(layout, *at, layout.n), &p);

		if (n == 0)
			continue;
		p.literal = bytes_sub(layout, from, *at);
		p.text = bytes_sub(layout, *at, *at + n);
		*at += n;
		return p;
	}
	p.literal = bytes_sub(layout, from, layout.n);
	return p;
}

/* ---- formatting ---- */

static void
put_name(const char *name, bool whole, struct buf *out)
{
	struct bytes n = bytes_str(name);

	buf_bytes(out, whole ? n : bytes_sub(n, 0, 3));
}

static void
put_offset(const struct part *p, int32_t offset, struct buf *out)
{
	int32_t abs = offset < 0 ? -offset : offset;

	if (p->zulu && offset == 0) {
		buf_u8(out, 'Z');
		return;
	}
	buf_printf(out, "%c%02d", offset < 0 ? '-' : '+', abs / 3600);
	if (p->minutes)
		buf_printf(out, p->colon ? ":%02d" : "%02d", abs / 60 % 60);
	if (p->seconds)
		buf_printf(out, p->colon ? ":%02d" : "%02d", abs % 60);
}

static void
put_fraction(const struct part *p, int64_t ns, struct buf *out)
{
	CLEANUP(buf_done) struct buf digits = {0};
	size_t n = p->digits;

	buf_printf(&digits, "%09ld", ns);
	for (size_t i = 9; i < n; i++)
		buf_u8(&digits, '0');
	while (p->element == EL_FRACTION9 && n > 0 && (n > digits.n || digits.p[n - 1] == '0'))
		n--;
	if (n == 0)
		return;
	buf_u8(out, p->text.p[0]);
	buf_bytes(out, bytes_sub(buf_view(&digits), 0, n));
}

static void
put_clock(const struct part *p, const struct wall *w, struct buf *out)
{
	int64_t hour12 = w->hour % 12 == 0 ? 12 : w->hour % 12;

	switch (p->element) {
	case EL_HOUR:
		buf_printf(out, "%02ld", w->hour);
		break;
	case EL_HOUR12:
		buf_printf(out, "%ld", hour12);
		break;
	case EL_ZERO_HOUR12:
		buf_printf(out, "%02ld", hour12);
		break;
	case EL_MINUTE:
		buf_printf(out, "%ld", w->minute);
		break;
	case EL_ZERO_MINUTE:
		buf_printf(out, "%02ld", w->minute);
		break;
	case EL_SECOND:
		buf_printf(out, "%ld", w->second);
		break;
	case EL_ZERO_SECOND:
		buf_printf(out, "%02ld", w->second);
		break;
	case EL_PM:
		buf_str(out, w->hour >= 12 ? "PM" : "AM");
		break;
	case EL_LOWER_PM:
		buf_str(out, w->hour >= 12 ? "pm" : "am");
		break;
	case EL_ZONE_NAME:
		buf_bytes(out, w->zone.name);
		break;
	case EL_OFFSET:
		put_offset(p, w->zone.offset, out);
		break;
	case EL_FRACTION0:
	case EL_FRACTION9:
		put_fraction(p, w->nanosecond, out);
		break;
	case EL_NONE:
	case EL_LONG_MONTH:
	case EL_MONTH:
	case EL_NUM_MONTH:
	case EL_ZERO_MONTH:
	case EL_LONG_WEEKDAY:
	case EL_WEEKDAY:
	case EL_DAY:
	case EL_UNDER_DAY:
	case EL_ZERO_DAY:
	case EL_UNDER_YEAR_DAY:
	case EL_ZERO_YEAR_DAY:
	case EL_LONG_YEAR:
	case EL_YEAR:
	default:
		break;
	}
}

static bool
put_date(const struct part *p, const struct wall *w, struct buf *out)
{
	switch (p->element) {
	case EL_LONG_MONTH:
	case EL_MONTH:
		put_name(month_names[w->month - 1], p->element == EL_LONG_MONTH, out);
		return true;
	case EL_NUM_MONTH:
		buf_printf(out, "%u", w->month);
		return true;
	case EL_ZERO_MONTH:
		buf_printf(out, "%02u", w->month);
		return true;
	case EL_LONG_WEEKDAY:
	case EL_WEEKDAY:
		put_name(weekday_names[w->weekday], p->element == EL_LONG_WEEKDAY, out);
		return true;
	case EL_DAY:
		buf_printf(out, "%u", w->day);
		return true;
	case EL_UNDER_DAY:
		buf_printf(out, "%2u", w->day);
		return true;
	case EL_ZERO_DAY:
		buf_printf(out, "%02u", w->day);
		return true;
	case EL_UNDER_YEAR_DAY:
		buf_printf(out, "%3u", w->year_day);
		return true;
	case EL_ZERO_YEAR_DAY:
		buf_printf(out, "%03u", w->year_day);
		return true;
	case EL_LONG_YEAR:
		buf_printf(out, "%04ld", w->year);
		return true;
	case EL_YEAR:
		buf_printf(out, "%02ld", (w->year % 100 + 100) % 100);
		return true;
	case EL_NONE:
	case EL_HOUR:
	case EL_HOUR12:
	case EL_ZERO_HOUR12:
	case EL_MINUTE:
	case EL_ZERO_MINUTE:
	case EL_SECOND:
	case EL_ZERO_SECOND:
	case EL_PM:
	case EL_LOWER_PM:
	case EL_ZONE_NAME:
	case EL_OFFSET:
	case EL_FRACTION0:
	case EL_FRACTION9:
	default:
		return false;
	}
}

void
layout_format(struct bytes layout, const struct wall *w, struct buf *out)
{
	for (size_t at = 0; at < layout.n && buf_ok(out);) {
		struct part p = next_part(layout, &at);

		buf_bytes(out, p.literal);
		if (!put_date(&p, w, out))
			put_clock(&p, w, out);
		if (p.element == EL_NONE)
			break;
	}
}

/* ---- parsing ---- */

struct reader {
	struct bytes layout, whole;
	struct bytes rest; /* of the text */
	struct wall *w;
	int64_t offset;
	int64_t year_day;
	bool has_month, has_day, pm, am;
	bool utc; /* Z was read: other offsets do not count */
	const char *out_of_range;
};

static bool
skip_literal(struct reader *r, struct bytes literal)
{
	for (size_t i = 0; i < literal.n; i++) {
		if (literal.p[i] == ' ') {
			if (r->rest.n > 0 && r->rest.p[0] != ' ')
				return false;
			while (i + 1 < literal.n && literal.p[i + 1] == ' ')
				i++;
			while (r->rest.n > 0 && r->rest.p[0] == ' ')
				r->rest = bytes_sub(r->rest, 1, r->rest.n);
			continue;
		}
		if (r->rest.n == 0 || r->rest.p[0] != literal.p[i])
			return false;
		r->rest = bytes_sub(r->rest, 1, r->rest.n);
	}
	return true;
}

/* min..max digits. */
static bool
read_digits(struct reader *r, size_t min, size_t max, int64_t *ret)
{
	size_t n = 0;
	int64_t v = 0;

	while (n < max && is_digit(r->rest, n))
		v = v * 10 + (r->rest.p[n++] - '0');
	if (n < min)
		return false;
	r->rest = bytes_sub(r->rest, n, r->rest.n);
	*ret = v;
	return true;
}

/* One or two digits, two with `fixed`; remembers when it is not in [low, high]. */
static bool
read_number(struct reader *r, bool fixed, int64_t low, int64_t high, const char *what, int64_t *ret)
{
	if (!read_digits(r, fixed ? 2 : 1, 2, ret))
		return false;
	if ((*ret < low || *ret > high) && !r->out_of_range)
		r->out_of_range = what;
	return true;
}

static bool
read_name(struct reader *r, const char *const *names, size_t n, bool whole, size_t *ret)
{
	for (size_t i = 0; i < n; i++) {
		struct bytes name = bytes_str(names[i]);
		size_t k = 0;

		if (!whole)
			name = bytes_sub(name, 0, 3);
		while (k < name.n && k < r->rest.n && (r->rest.p[k] | 0x20) == (name.p[k] | 0x20))
			k++;
		if (k < name.n)
			continue;
		r->rest = bytes_sub(r->rest, k, r->rest.n);
		*ret = i;
		return true;
	}
	return false;
}

/* A dot or comma and n digits behind it; more than nine are cut. */
static void
read_fraction(struct reader *r, size_t n)
{
	int64_t v = 0;

	for (size_t i = 1; i <= 9; i++)
		v = v * 10 + (i <= n ? r->rest.p[i] - '0' : 0);
	r->w->nanosecond = v;
	r->rest = bytes_sub(r->rest, n + 1, r->rest.n);
}

static size_t
fraction_digits(const struct reader *r)
{
	size_t n = 0;

	if (r->rest.n < 2 || (r->rest.p[0] != '.' && r->rest.p[0] != ','))
		return 0;
	while (is_digit(r->rest, n + 1))
		n++;
	return n;
}

/* Seconds; a fraction may follow although the layout has none. */
static bool
read_second(struct reader *r, const struct part *p, size_t at)
{
	size_t n;

	if (!read_number(r, p->element == EL_ZERO_SECOND, 0, 59, "second", &r->w->second))
		return false;
	n = fraction_digits(r);
	if (n > 0) {
		struct part next = next_part(r->layout, &at);

		if (next.element != EL_FRACTION0 && next.element != EL_FRACTION9)
			read_fraction(r, n);
	}
	return true;
}

static bool
read_offset(struct reader *r, const struct part *p)
{
	int64_t hour, minute = 0, second = 0;
	bool minus;

	if (p->zulu && r->rest.n > 0 && r->rest.p[0] == 'Z') {
		r->rest = bytes_sub(r->rest, 1, r->rest.n);
		r->offset = 0;
		r->utc = true;
		return true;
	}
	if (r->rest.n == 0 || (r->rest.p[0] != '+' && r->rest.p[0] != '-'))
		return false;
	minus = r->rest.p[0] == '-';
	r->rest = bytes_sub(r->rest, 1, r->rest.n);
	if (!read_number(r, true, 0, 24, "time zone offset hour", &hour))
		return false;
	if (p->minutes && ((p->colon && !skip_literal(r, BYTES(":"))) ||
	                   !read_number(r, true, 0, 60, "time zone offset minute", &minute)))
		return false;
	if (p->seconds && ((p->colon && !skip_literal(r, BYTES(":"))) ||
	                   !read_number(r, true, 0, 60, "time zone offset second", &second)))
		return false;
	if (r->utc)
		return true;
	r->offset = (hour * 60 + minute) * 60 + second;
	if (minus)
		r->offset = -r->offset;
	return true;
}

/* "UTC", an abbreviation of three to five capitals, "GMT-3", "+03": all count as UTC. */
static bool
read_zone_name(struct reader *r)
{
	size_t n = 0, digits;
	uint8_t c = r->rest.n > 0 ? r->rest.p[0] : 0;

	if (bytes_starts(r->rest, BYTES("UTC"))) {
		n = 3;
	} else if (bytes_starts(r->rest, BYTES("ChST")) || bytes_starts(r->rest, BYTES("MeST"))) {
		n = 4;
	} else if (c == '+' || c == '-' || bytes_starts(r->rest, BYTES("GMT"))) {
		n = c == 'G' ? 3 : 0;
		digits = n < r->rest.n && (r->rest.p[n] == '+' || r->rest.p[n] == '-') ? 1 : 0;
		while (digits > 0 && digits < 3 && is_digit(r->rest, n + digits))
			digits++;
		n += digits > 1 ? digits : 0;
	} else {
		while (n < r->rest.n && n < 6 && r->rest.p[n] >= 'A' && r->rest.p[n] <= 'Z')
			n++;
		if (n < 3 || n > 5 || (n == 5 && r->rest.p[4] != 'T') ||
		    (n == 4 && r->rest.p[3] != 'T' && !bytes_starts(r->rest, BYTES("WITA"))))
			return false;
	}
	r->rest = bytes_sub(r->rest, n, r->rest.n);
	return n > 0;
}

static bool
read_year(struct reader *r, bool whole)
{
	if (whole)
		return read_digits(r, 4, 4, &r->w->year);
	if (!read_digits(r, 2, 2, &r->w->year))
		return false;
	r->w->year += r->w->year >= 69 ? 1900 : 2000;
	return true;
}

static bool
read_month(struct reader *r, const struct part *p)
{
	int64_t v = 0;
	size_t i = 0;

	r->has_month = true;
	if (p->element == EL_MONTH || p->element == EL_LONG_MONTH) {
		if (!read_name(r, month_names, 12, p->element == EL_LONG_MONTH, &i))
			return false;
		v = (int64_t)i + 1;
	} else if (!read_number(r, p->element == EL_ZERO_MONTH, 1, 12, "month", &v)) {
		return false;
	}
	r->w->month = (unsigned int)MIN(MAX(v, 1), 12);
	return true;
}

static bool
read_day(struct reader *r, const struct part *p)
{
	int64_t v;

	r->has_day = true;
	if (p->element == EL_UNDER_DAY && r->rest.n > 0 && r->rest.p[0] == ' ')
		r->rest = bytes_sub(r->rest, 1, r->rest.n);
	if (!read_number(r, p->element == EL_ZERO_DAY, 0, 99, "day", &v))
		return false;
	r->w->day = (unsigned int)v;
	return true;
}

static bool
read_year_day(struct reader *r, const struct part *p)
{
	for (int i = 0; i < 2 && p->element == EL_UNDER_YEAR_DAY; i++)
		if (r->rest.n > 0 && r->rest.p[0] == ' ')
			r->rest = bytes_sub(r->rest, 1, r->rest.n);
	return read_digits(r, p->element == EL_ZERO_YEAR_DAY ? 3 : 1, 3, &r->year_day);
}

static bool
read_half(struct reader *r, const struct part *p)
{
	bool upper = p->element == EL_PM;

	r->pm = bytes_starts(r->rest, upper ? BYTES("PM") : BYTES("pm"));
	r->am = bytes_starts(r->rest, upper ? BYTES("AM") : BYTES("am"));
	r->rest = bytes_sub(r->rest, 2, r->rest.n);
	return r->pm || r->am;
}

static bool
read_element(struct reader *r, const struct part *p, size_t at)
{
	size_t ignored, n;

	switch (p->element) {
	case EL_LONG_MONTH:
	case EL_MONTH:
	case EL_NUM_MONTH:
	case EL_ZERO_MONTH:
		return read_month(r, p);
	case EL_LONG_WEEKDAY:
	case EL_WEEKDAY:
		return read_name(r, weekday_names, 7, p->element == EL_LONG_WEEKDAY, &ignored);
	case EL_DAY:
	case EL_UNDER_DAY:
	case EL_ZERO_DAY:
		return read_day(r, p);
	case EL_UNDER_YEAR_DAY:
	case EL_ZERO_YEAR_DAY:
		return read_year_day(r, p);
	case EL_HOUR:
		return read_number(r, false, 0, 23, "hour", &r->w->hour);
	case EL_HOUR12:
	case EL_ZERO_HOUR12:
		return read_number(r, p->element == EL_ZERO_HOUR12, 0, 12, "hour", &r->w->hour);
	case EL_MINUTE:
	case EL_ZERO_MINUTE:
		return read_number(r, p->element == EL_ZERO_MINUTE, 0, 59, "minute", &r->w->minute);
	case EL_SECOND:
	case EL_ZERO_SECOND:
		return read_second(r, p, at);
	case EL_LONG_YEAR:
	case EL_YEAR:
		return read_year(r, p->element == EL_LONG_YEAR);
	case EL_PM:
	case EL_LOWER_PM:
		return read_half(r, p);
	case EL_ZONE_NAME:
		return read_zone_name(r);
	case EL_OFFSET:
		return read_offset(r, p);
	case EL_FRACTION0:
		n = fraction_digits(r);
		if (n < p->digits)
			return false;
		read_fraction(r, p->digits);
		return true;
	case EL_FRACTION9:
		n = fraction_digits(r);
		if (n > 0)
			read_fraction(r, n);
		return true;
	case EL_NONE:
	default:
		return true;
	}
}

static unsigned int
days_in(unsigned int month, int64_t year)
{
	int64_t next =
	        month == 12 ? days_from_civil(year + 1, 1, 1) : days_from_civil(year, month + 1, 1);

	return (unsigned int)(next - days_from_civil(year, month, 1));
}

/* Puts together what was read; NULL, or what is out of range. */
static const char *
settle(struct reader *r)
{
	struct wall *w = r->w;
	int64_t year;

	if (r->out_of_range)
		return r->out_of_range;
	if (r->pm && w->hour < 12)
		w->hour += 12;
	if (r->am && w->hour == 12)
		w->hour = 0;
	if (r->year_day >= 0) {
		int64_t first = days_from_civil(w->year, 1, 1);
		unsigned int month, day;

		if (r->year_day < 1 || r->year_day > days_from_civil(w->year + 1, 1, 1) - first)
			return "day-of-year";
		civil_from_days(first + r->year_day - 1, &year, &month, &day);
		if ((r->has_month && month != w->month) || (r->has_day && day != w->day))
			return "day-of-year does not match";
		w->month = month;
		w->day = day;
	}
	return w->day < 1 || w->day > days_in(w->month, w->year) ? "day" : NULL;
}

static bool
mismatch(const struct reader *r, struct bytes element, struct buf *why)
{
	buf_printf(why, "parsing time \"%.*s\" as \"%.*s\": cannot parse \"%.*s\" as \"%.*s\"",
	           BYTES_ARG(r->whole), BYTES_ARG(r->layout), BYTES_ARG(r->rest),
	           BYTES_ARG(element));
	return false;
}

bool
layout_parse(struct bytes layout, struct bytes text, struct wall *w, int64_t *offset,
             struct buf *why)
{
	struct reader r = {.layout = layout, .whole = text, .rest = text, .w = w, .year_day = -1};
	const char *bad;

	*w = (struct wall){.month = 1, .day = 1};
	for (size_t at = 0;;) {
		struct part p = next_part(layout, &at);

		if (!skip_literal(&r, p.literal))
			return mismatch(&r, p.literal, why);
		if (p.element == EL_NONE)
			break;
		if (!read_element(&r, &p, at))
			return mismatch(&r, p.text, why);
	}
	if (r.rest.n > 0) {
		buf_printf(why, "parsing time \"%.*s\": extra text: \"%.*s\"", BYTES_ARG(text),
		           BYTES_ARG(r.rest));
		return false;
	}
	bad = settle(&r);
	if (bad)
		buf_printf(why, "parsing time \"%.*s\": %s out of range", BYTES_ARG(text), bad);
	*offset = r.offset;
	return !bad;
}
