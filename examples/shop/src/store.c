/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store: the shop's database. Mutual TLS, one request a line, one line as answer:
 *
 *   PING               OK
 *   STOCK              OK apple=10,pear=3
 *   ORDER ITEM COUNT   OK NUMBER LEFT | SHORT LEFT | NONE
 *   ADD ITEM COUNT     OK LEFT
 *   SHOW NUMBER        OK COUNT ITEM | NONE
 *   anything else      ERROR reason, and the end
 *
 * Events in the log: "add ITEM COUNT", "order NUMBER ITEM COUNT".
 * Environment: SHOP_LISTEN (:7000), SHOP_ALLOW (who may ask), SHOP_DATA
 * (/data/shop.log), SHOP_HEALTH (:9090), SHOP_STOCK ("apple=10,pear=5": what a
 * new store starts with).
 */
#include "log.h"
#include "net.h"

#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_LEN = 32, ITEMS_MAX = 64, ORDERS_MAX = 100000, COUNT_MAX = 1000000 };

struct item {
	char name[NAME_MAX_LEN + 1];
	long left;
};
struct order {
	int item;
	long count;
};

static struct item g_items[ITEMS_MAX];
static int g_n_items;
static struct order *g_orders;
static long g_n_orders;

static bool
name_ok(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n <= NAME_MAX_LEN &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static bool
number(const char *text, long max, long *ret)
{
	char *end;

	if (!text || text[0] < '0' || text[0] > '9' || strlen(text) > 9)
		return false;
	*ret = strtol(text, &end, 10);
	return *end == '\0' && *ret > 0 && *ret <= max;
}

static int
find_item(const char *name)
{
	for (int i = 0; i < g_n_items; i++)
		if (strcmp(g_items[i].name, name) == 0)
			return i;
	return -1;
}

/* ---- events: the only way in which anything changes ---- */

static bool
apply_add(const char *name, long count)
{
	int i = find_item(name);

	if (i < 0) {
		if (g_n_items == ITEMS_MAX)
			return false;
		i = g_n_items++;
		snprintf(g_items[i].name, sizeof g_items[i].name, "%s", name);
	}
	if (count > 1000L * COUNT_MAX - g_items[i].left)
		return false;
	g_items[i].left += count;
	return true;
}

static bool
apply_order(long n, const char *name, long count)
{
	int i = find_item(name);

	if (n != g_n_orders + 1 || n > ORDERS_MAX || i < 0 || count > g_items[i].left)
		return false;
	g_items[i].left -= count;
	g_orders[g_n_orders++] = (struct order){i, count};
	return true;
}

static bool
apply(const char *event)
{
	char copy[EVENT_MAX + 1], *rest = copy;
	char *verb, *first, *second, *third;
	long n, count;

	snprintf(copy, sizeof copy, "%s", event);
	verb = strsep(&rest, " ");
	first = strsep(&rest, " ");
	second = strsep(&rest, " ");
	third = strsep(&rest, " ");
	if (!first || !second || rest)
		return false;
	if (strcmp(verb, "add") == 0 && !third)
		return name_ok(first) && number(second, COUNT_MAX, &count) &&
		       apply_add(first, count);
	return strcmp(verb, "order") == 0 && number(first, ORDERS_MAX, &n) && name_ok(second) &&
	       number(third, COUNT_MAX, &count) && apply_order(n, second, count);
}

/* On the disk first, then in memory. */
static bool
change(const char *event)
{
	return log_append(event) && apply(event);
}

/* ---- requests ---- */

static bool
fault(struct evbuffer *out, const char *why)
{
	evbuffer_add_printf(out, "ERROR %s\n", why);
	return false;
}

static bool
do_stock(struct evbuffer *out)
{
	evbuffer_add_printf(out, "OK ");
	for (int i = 0; i < g_n_items; i++)
		evbuffer_add_printf(out, "%s%s=%ld", i ? "," : "", g_items[i].name,
		                    g_items[i].left);
	evbuffer_add_printf(out, "\n");
	return true;
}

static bool
do_order(const char *name, long count, struct evbuffer *out)
{
	char event[EVENT_MAX];
	int i = find_item(name);

	if (i < 0)
		evbuffer_add_printf(out, "NONE\n");
	else if (count > g_items[i].left)
		evbuffer_add_printf(out, "SHORT %ld\n", g_items[i].left);
	if (i < 0 || count > g_items[i].left)
		return true;
	snprintf(event, sizeof event, "order %ld %s %ld", g_n_orders + 1, name, count);
	if (g_n_orders == ORDERS_MAX || !change(event))
		return fault(out, "not stored");
	evbuffer_add_printf(out, "OK %ld %ld\n", g_n_orders, g_items[i].left);
	return true;
}

static bool
do_add(const char *name, long count, struct evbuffer *out)
{
	char event[EVENT_MAX];
	int i = find_item(name);

	snprintf(event, sizeof event, "add %s %ld", name, count);
	if ((i < 0 && g_n_items == ITEMS_MAX) || (i >= 0 && g_items[i].left > 999L * COUNT_MAX) ||
	    !change(event))
		return fault(out, "not stored");
	evbuffer_add_printf(out, "OK %ld\n", g_items[find_item(name)].left);
	return true;
}

static bool
do_show(long n, struct evbuffer *out)
{
	if (n > g_n_orders)
		evbuffer_add_printf(out, "NONE\n");
	else
		evbuffer_add_printf(out, "OK %ld %s\n", g_orders[n - 1].count,
		                    g_items[g_orders[n - 1].item].name);
	return true;
}

static bool
on_line(char *line, struct evbuffer *out)
{
	char *verb = strsep(&line, " "), *first = strsep(&line, " "), *second = strsep(&line, " ");
	long n;

	if (strcmp(verb, "PING") == 0 && !first) {
		evbuffer_add_printf(out, "OK\n");
		return true;
	}
	if (strcmp(verb, "STOCK") == 0 && !first)
		return do_stock(out);
	if (strcmp(verb, "SHOW") == 0 && first && !second)
		return number(first, ORDERS_MAX, &n) ? do_show(n, out)
		                                     : fault(out, "no such number");
	if (!second || line || !name_ok(first) || !number(second, COUNT_MAX, &n))
		return fault(out, "no such request");
	if (strcmp(verb, "ORDER") == 0)
		return do_order(first, n, out);
	if (strcmp(verb, "ADD") == 0)
		return do_add(first, n, out);
	return fault(out, "no such request");
}

/* "apple=10,pear=5": only what no event tells about yet. */
static void
stock_up(const char *text)
{
	char *copy = strdup(text), *rest = copy, *count;
	char event[EVENT_MAX];
	long n;

	while (rest && (count = strsep(&rest, ","))) {
		const char *name = strsep(&count, "=");

		if (!name_ok(name) || !number(count, COUNT_MAX, &n)) {
			net_log("SHOP_STOCK: \"%s\" is not name=count", name);
			continue;
		}
		snprintf(event, sizeof event, "add %s %ld", name, n);
		if (find_item(name) < 0)
			change(event);
	}
	free(copy);
}

static void
ready(struct evhttp_request *req)
{
	net_reply(req, 200, "ready\n");
}

int
main(void)
{
	net_start("store");
	g_orders = calloc(ORDERS_MAX, sizeof *g_orders);
	if (!g_orders || !log_open(net_env("SHOP_DATA", "/data/shop.log"), apply))
		return 1;
	stock_up(net_env("SHOP_STOCK", "apple=100"));
	net_allow(net_env("SHOP_ALLOW", NULL));
	net_lines(net_env("SHOP_LISTEN", ":7000"), on_line);
	net_health(net_env("SHOP_HEALTH", ":9090"), ready);
	return net_run();
}
