/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include "net.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* magic, CRC-32 of all that follows, length of key and value, key, value; little-endian. */
enum { MAGIC = 0x504f4853, HEADER = 14, BUCKETS = 4096 };

struct item {
	struct item *chain, *next; /* in its bucket; in order of first writing */
	char key[KEY_MAX + 1];
	size_t n;
	char *value;
};

static struct {
	pthread_mutex_t lock;
	int fd;
	off_t end;
	uint64_t records;
	unsigned int keys;
	struct item *buckets[BUCKETS];
	struct item *first, **last;
} g = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1};

static uint32_t
crc32_of(const uint8_t *p, size_t n)
{
	uint32_t crc = 0xffffffffu;

	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1)));
	}
	return ~crc;
}

static void
put_le(uint8_t *to, uint32_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		to[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t
get_le(const uint8_t *p, int bytes)
{
	uint32_t v = 0;

	for (int i = 0; i < bytes; i++)
		v |= (uint32_t)p[i] << (8 * i);
	return v;
}

/* ---- in memory ---- */

static struct item **
find(const char *key)
{
	struct item **at = &g.buckets[crc32_of((const uint8_t *)key, strlen(key)) % BUCKETS];

	while (*at && strcmp((*at)->key, key) != 0)
		at = &(*at)->chain;
	return at;
}

static bool
remember(const char *key, const char *value, size_t n)
{
	struct item **at = find(key), *item = *at;
	char *copy = malloc(n ? n : 1);

	if (!copy || (!item && g.keys == KEYS_MAX)) {
		free(copy);
		return false;
	}
	if (!item) {
		item = calloc(1, sizeof *item);
		if (!item) {
			free(copy);
			return false;
		}
		snprintf(item->key, sizeof item->key, "%s", key);
		*at = item;
		*g.last = item;
		g.last = &item->next;
		g.keys++;
	}
	memcpy(copy, value, n);
	free(item->value);
	item->value = copy;
	item->n = n;
	return true;
}

/* ---- on disk ---- */

/* The next whole record, or false: then the rest of the file is nobody's. */
static bool
read_record(char key[KEY_MAX + 1], char *value, size_t *n)
{
	uint8_t record[HEADER + KEY_MAX + VALUE_MAX];
	size_t keys, values;

	if (pread(g.fd, record, HEADER, g.end) != HEADER || get_le(record, 4) != MAGIC)
		return false;
	keys = get_le(record + 8, 2);
	values = get_le(record + 10, 4);
	if (keys == 0 || keys > KEY_MAX || values > VALUE_MAX ||
	    pread(g.fd, record + HEADER, keys + values, g.end + HEADER) !=
	            (ssize_t)(keys + values) ||
	    crc32_of(record + 8, 6 + keys + values) != get_le(record + 4, 4))
		return false;
	memcpy(key, record + HEADER, keys);
	key[keys] = '\0';
	memcpy(value, record + HEADER + keys, values);
	*n = values;
	g.end += (off_t)(HEADER + keys + values);
	return log_key_ok(key);
}

static bool
write_record(const char *key, const char *value, size_t n)
{
	uint8_t record[HEADER + KEY_MAX + VALUE_MAX];
	size_t keys = strlen(key), size = HEADER + keys + n;

	put_le(record, MAGIC, 4);
	put_le(record + 8, (uint32_t)keys, 2);
	put_le(record + 10, (uint32_t)n, 4);
	memcpy(record + HEADER, key, keys);
	memcpy(record + HEADER + keys, value, n);
	put_le(record + 4, crc32_of(record + 8, size - 8), 4);
	if (pwrite(g.fd, record, size, g.end) != (ssize_t)size || fdatasync(g.fd) != 0) {
		net_log("the log cannot be written: %s", strerror(errno));
		/* Whatever arrived must not be taken for a record later. */
		if (ftruncate(g.fd, g.end) != 0)
			net_log("and cannot be cut: %s", strerror(errno));
		return false;
	}
	g.end += (off_t)size;
	return true;
}

bool
log_open(const char *path)
{
	char key[KEY_MAX + 1], value[VALUE_MAX];
	off_t size;
	size_t n;

	g.last = &g.first;
	g.fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (g.fd < 0) {
		net_log("%s: %s", path, strerror(errno));
		return false;
	}
	while (read_record(key, value, &n)) {
		if (!remember(key, value, n)) {
			net_log("%s: too many keys", path);
			return false;
		}
		g.records++;
	}
	size = lseek(g.fd, 0, SEEK_END);
	if (size > g.end) {
		net_log("%s: the last %lld bytes are no record, cut off", path,
		        (long long)(size - g.end));
		if (ftruncate(g.fd, g.end) != 0)
			return false;
	}
	net_log("%llu records, %u keys", (unsigned long long)g.records, g.keys);
	return true;
}

/* ---- what clients ask ---- */

static uint64_t
put_locked(const char *key, const char *value, size_t n)
{
	if (!*find(key) && g.keys == KEYS_MAX)
		return 0;
	if (!write_record(key, value, n) || !remember(key, value, n))
		return 0;
	return ++g.records;
}

uint64_t
log_put(const char *key, const char *value, size_t n)
{
	uint64_t number;

	pthread_mutex_lock(&g.lock);
	number = put_locked(key, value, n);
	pthread_mutex_unlock(&g.lock);
	return number;
}

long
log_get(const char *key, char *to)
{
	const struct item *item;
	long n = -1;

	pthread_mutex_lock(&g.lock);
	item = *find(key);
	if (item) {
		memcpy(to, item->value, item->n);
		n = (long)item->n;
	}
	pthread_mutex_unlock(&g.lock);
	return n;
}

static int
take_locked(const char *key, long count, long *left)
{
	const struct item *item = *find(key);
	char text[32], *end;
	long have;

	if (!item || item->n == 0 || item->n >= sizeof text)
		return -1;
	memcpy(text, item->value, item->n);
	text[item->n] = '\0';
	errno = 0;
	have = strtol(text, &end, 10);
	if (errno || *end)
		return -1;
	*left = have;
	if (count > have)
		return 0;
	*left = have - count;
	snprintf(text, sizeof text, "%ld", *left);
	return put_locked(key, text, strlen(text)) ? 1 : -2;
}

int
log_take(const char *key, long count, long *left)
{
	int rc;

	pthread_mutex_lock(&g.lock);
	rc = take_locked(key, count, left);
	pthread_mutex_unlock(&g.lock);
	return rc;
}

void
log_each(const char *prefix, bool (*fn)(void *ctx, const char *key), void *ctx)
{
	char key[KEY_MAX + 1];
	const struct item *item;

	/* Items are never removed, so the lock is held for each step only. */
	pthread_mutex_lock(&g.lock);
	item = g.first;
	while (item) {
		const struct item *next;
		bool wanted = strncmp(item->key, prefix, strlen(prefix)) == 0;

		snprintf(key, sizeof key, "%s", item->key);
		pthread_mutex_unlock(&g.lock);
		if (wanted && !fn(ctx, key))
			return;
		pthread_mutex_lock(&g.lock);
		next = item->next;
		item = next;
	}
	pthread_mutex_unlock(&g.lock);
}
