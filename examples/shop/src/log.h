/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h: the store's file: events, one a line with its CRC-32 in front, only
 * ever appended and on the disk before anybody hears OK. What a crash left
 * half-written at the end is cut off at the next start.
 */
#ifndef SHOP_LOG_H
#define SHOP_LOG_H

#include <stdbool.h>

enum { EVENT_MAX = 256 };

/*
 * Replays the file (created when absent) through `apply`, which may say false:
 * then the file is not ours. False, with the reason logged, when it cannot be used.
 */
bool log_open(const char *path, bool (*apply)(const char *event));

/* False, logged, when the event is not on the disk; the file is as before then. */
bool log_append(const char *event);

#endif
