/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.h: time as seconds since 1970 (int64_t). Engines take "now" as an
 * argument; only programs read a clock. PROTOCOL section 10: a guest's clock
 * is the host's until proven otherwise, so it has a floor and moves with
 * CLOCK_BOOTTIME only.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/buf.h"

/* CLOCK_REALTIME and CLOCK_BOOTTIME in seconds, and the latter in nanoseconds. */
int64_t clock_realtime(void);
int64_t clock_boottime(void);
uint64_t clock_mono_ns(void);

/* No program of this source runs earlier than this: the floor before anything newer is proven. */
#define CLOCK_RELEASE_FLOOR INT64_C(1795478400) /* 2026-11-24 */

/* now = max(realtime at start, floor) + boottime since start. */
struct guest_clock {
	int64_t base;
	int64_t boot_at_base;
};
void guest_clock_start(struct guest_clock *c, int64_t floor);
/* Raise the floor when newer signed material was accepted. Never goes back. */
void guest_clock_floor(struct guest_clock *c, int64_t floor);
int64_t guest_clock_now(const struct guest_clock *c);
/* Seconds by which CLOCK_REALTIME is ahead of the guest clock (negative: behind). */
int64_t guest_clock_skew(const struct guest_clock *c);

/* RFC 3339 in UTC: "2026-11-24T05:47:00Z". */
void time_format(int64_t t, struct buf *out);
char *time_cstr(int64_t t, char to[32]);
/* RFC 3339 with Z or an offset, fractions cut off; false if malformed or outside 0001..9999. */
bool time_parse(struct bytes text, int64_t *ret);

/* Days since 1970-01-01 of a proleptic Gregorian date, and back. */
int64_t days_from_civil(int64_t year, unsigned int month, unsigned int day);
void civil_from_days(int64_t days, int64_t *year, unsigned int *month, unsigned int *day);

#endif
