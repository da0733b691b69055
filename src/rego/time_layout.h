/* SPDX-License-Identifier: Apache-2.0 */
/*
 * time_layout.h: Go's layouts ("Mon Jan 2 15:04:05 MST 2006"), to format and
 * to parse with.
 */
#ifndef REGO_TIME_LAYOUT_H
#define REGO_TIME_LAYOUT_H

#include "base/buf.h"
#include "rego/time_zone.h"

/* A moment as a wall clock shows it. */
struct wall {
	int64_t year;
	unsigned int month; /* 1..12 */
	unsigned int day;
	int64_t hour, minute, second;
	int64_t nanosecond;
	unsigned int weekday;  /* 0 = Sunday */
	unsigned int year_day; /* 1..366 */
	struct zone_info zone;
};

/* The wall clock of a zone at nanoseconds since 1970. */
struct wall wall_at(const struct zone *z, int64_t ns);
/* Nanoseconds since 1970 of a wall clock in UTC; days and months may be out of range. False past 64
 * bits. */
bool wall_ns(const struct wall *w, int64_t offset, int64_t *ret);

extern const char *const weekday_names[7];

/* A layout by the name of Go's constant ("RFC1123Z"), or the text itself. */
struct bytes layout_named(struct bytes layout);

void layout_format(struct bytes layout, const struct wall *w, struct buf *out);

/*
 * False with a message in Go's words appended to `why`; `offset` is the zone's,
 * seconds east of UTC.
 */
bool layout_parse(struct bytes layout, struct bytes text, struct wall *w, int64_t *offset,
                  struct buf *why);

/* Is it a time in one of these layouts? */
static inline bool
layout_fits_any(struct bytes text, const char *const *layouts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		CLEANUP(buf_done) struct buf why = {0};
		struct wall w = {0};
		int64_t offset;

		if (layout_parse(bytes_str(layouts[i]), text, &w, &offset, &why))
			return true;
	}
	return false;
}

#endif
