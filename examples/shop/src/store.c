/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store: the shop's database. Mutual TLS, one request a line, several a
 * connection; N counts bytes:
 *
 *   PING             -> OK
 *   GET KEY          -> VALUE N, then N bytes | NONE
 *   PUT KEY N, then N bytes -> OK NUMBER
 *   TAKE KEY COUNT   -> OK LEFT | SHORT LEFT | NONE
 *   LIST PREFIX      -> KEY KEY ..., then END
 *   anything else    -> ERROR reason, and the end
 *
 * Environment: SHOP_LISTEN (:7000), SHOP_ALLOW (who may ask), SHOP_DATA
 * (/data/shop.log), SHOP_HEALTH (:9090), SHOP_STOCK ("apple=10,pear=5": what a
 * new store starts with).
 */
#include "health.h"
#include "log.h"
#include "net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
fault(struct conn *c, const char *why)
{
	net_printf(c, "ERROR %s\n", why);
	return false;
}

static bool
number(const char *text, long max, long *ret)
{
	char *end;

	if (text[0] < '0' || text[0] > '9' || strlen(text) > 9)
		return false;
	*ret = strtol(text, &end, 10);
	return *end == '\0' && *ret <= max;
}

static bool
do_get(struct conn *c, const char *key)
{
	char value[VALUE_MAX];
	long n = log_get(key, value);

	if (n < 0)
		return net_printf(c, "NONE\n");
	return net_printf(c, "VALUE %ld\n", n) && net_write(c, value, (size_t)n);
}

static bool
do_put(struct conn *c, const char *key, const char *count)
{
	char value[VALUE_MAX];
	uint64_t record;
	long n;

	if (!number(count, VALUE_MAX, &n))
		return fault(c, "no such length");
	if (!net_read(c, value, (size_t)n))
		return false;
	record = log_put(key, value, (size_t)n);
	return record ? net_printf(c, "OK %llu\n", (unsigned long long)record)
	              : fault(c, "not stored");
}

static bool
do_take(struct conn *c, const char *key, const char *count)
{
	long n, left = 0;
	int rc;

	if (!number(count, 1000000, &n))
		return fault(c, "no such count");
	rc = log_take(key, n, &left);
	if (rc == -2)
		return fault(c, "not stored");
	if (rc < 0)
		return net_printf(c, "NONE\n");
	return net_printf(c, "%s %ld\n", rc ? "OK" : "SHORT", left);
}

static bool
list_one(void *ctx, const char *key)
{
	return net_printf(ctx, "KEY %s\n", key);
}

static bool
request(struct conn *c, char *line)
{
	char *verb = strsep(&line, " ");
	char *key = line ? strsep(&line, " ") : NULL;

	if (strcmp(verb, "PING") == 0 && !key)
		return net_printf(c, "OK\n");
	if (!key || !log_key_ok(key))
		return fault(c, "no such request or key");
	if (strcmp(verb, "GET") == 0 && !line)
		return do_get(c, key);
	if (strcmp(verb, "PUT") == 0 && line)
		return do_put(c, key, line);
	if (strcmp(verb, "TAKE") == 0 && line)
		return do_take(c, key, line);
	if (strcmp(verb, "LIST") == 0 && !line) {
		log_each(key, list_one, c);
		return net_printf(c, "END\n");
	}
	return fault(c, "no such request");
}

static void
serve(struct conn *c)
{
	char line[LINE_SIZE];

	while (net_line(c, line) && request(c, line))
		continue;
}

/* "apple=10,pear=5": only what no record tells about yet. */
static void
stock_up(const char *text)
{
	char *copy = strdup(text), *rest = copy, *one;

	while (copy && (one = strsep(&rest, ","))) {
		char *count = one, key[KEY_MAX + 1], old[VALUE_MAX];
		char *name = strsep(&count, "=");
		long n;

		if (!count || !number(count, 1000000, &n) ||
		    snprintf(key, sizeof key, "stock/%s", name) >= (int)sizeof key ||
		    !log_key_ok(key)) {
			net_log("SHOP_STOCK: \"%s\" is not name=count", name);
			continue;
		}
		if (log_get(key, old) < 0)
			log_put(key, count, strlen(count));
	}
	free(copy);
}

static bool
ready(void)
{
	return true;
}

int
main(void)
{
	net_start("store");
	if (!log_open(net_env("SHOP_DATA", "/data/shop.log")))
		return 1;
	stock_up(net_env("SHOP_STOCK", "apple=100"));
	net_allow(net_env("SHOP_ALLOW", NULL));
	net_door(net_env("SHOP_LISTEN", ":7000"), DOOR_MUTUAL, serve);
	health_door(net_env("SHOP_HEALTH", ":9090"), ready);
	return net_run();
}
