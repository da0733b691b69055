/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h: the store's data: an append-only file of records, the newest of a key
 * wins, all keys in memory. A record is in the file and on the disk before its
 * writer hears OK; what a crash left half-written at the end is cut off.
 */
#ifndef SHOP_LOG_H
#define SHOP_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	KEY_MAX = 64, /* letters, digits, '/', '_', '-', '.' */
	VALUE_MAX = 1024,
	KEYS_MAX = 65536,
};

/* Replays the file (created when absent). False, with the reason logged, when it cannot be used. */
bool log_open(const char *path);

bool log_key_ok(const char *key);

/* Appends and syncs; 0 when that failed, else the number of the record, counted from 1. */
uint64_t log_put(const char *key, const char *value, size_t n);

/* Length of the value, which is in to[VALUE_MAX]; -1 when there is no such key. */
long log_get(const char *key, char *to);

/* Takes `count` from the number under the key: 1 done, 0 too few, -1 no number there, -2 not
 * stored. *left: what remains. */
int log_take(const char *key, long count, long *left);

/* Calls fn for each key with the prefix, in order of their first writing, until it says false. */
void log_each(const char *prefix, bool (*fn)(void *ctx, const char *key), void *ctx);

#endif
