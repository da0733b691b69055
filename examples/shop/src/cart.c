/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cart: takes orders. HTTP over mutual TLS; only the store keeps anything.
 *
 *   GET  /stock                         "apple 10" a line
 *   POST /order?item=apple&count=2      "order 1: 2 apple, 8 left" | 409
 *   POST /restock?item=apple&count=5    "apple 13"
 *   GET  /order?number=1                "2 apple"
 *
 * Environment: SHOP_LISTEN (:8080), SHOP_ALLOW, SHOP_STORE (store:7000), SHOP_HEALTH (:9090).
 */
#include "health.h"
#include "http.h"
#include "log.h"
#include "net.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *g_store;
/* Orders are numbered by the store's TAKE of a counter that goes down from here. */
static const long order_base = 1000000;

/* ---- the store's protocol, client side ---- */

static bool
ask(struct conn *c, char answer[LINE_SIZE], const char *request)
{
	return net_printf(c, "%s\n", request) && net_line(c, answer) &&
	       strncmp(answer, "ERROR", 5) != 0;
}

/* value[VALUE_MAX + 1]; 1 found, 0 none, -1 broken. */
static int
store_get(struct conn *c, const char *key, char *value)
{
	char line[LINE_SIZE], request[KEY_MAX + 8];
	long n;

	snprintf(request, sizeof request, "GET %s", key);
	if (!ask(c, line, request))
		return -1;
	if (strcmp(line, "NONE") == 0)
		return 0;
	if (strncmp(line, "VALUE ", 6) != 0)
		return -1;
	n = strtol(line + 6, NULL, 10);
	if (n < 0 || n > VALUE_MAX || !net_read(c, value, (size_t)n))
		return -1;
	value[n] = '\0';
	return 1;
}

static bool
store_put(struct conn *c, const char *key, const char *value)
{
	char line[LINE_SIZE];

	return net_printf(c, "PUT %s %zu\n", key, strlen(value)) &&
	       net_write(c, value, strlen(value)) && net_line(c, line) &&
	       strncmp(line, "OK ", 3) == 0;
}

/* 1 taken, 0 too few, -1 no such thing, -2 broken. */
static int
store_take(struct conn *c, const char *key, long count, long *left)
{
	char line[LINE_SIZE], request[KEY_MAX + 32];

	snprintf(request, sizeof request, "TAKE %s %ld", key, count);
	if (!ask(c, line, request))
		return -2;
	if (strcmp(line, "NONE") == 0)
		return -1;
	*left = strtol(strchr(line, ' ') ? strchr(line, ' ') : "", NULL, 10);
	return strncmp(line, "OK ", 3) == 0 ? 1 : strncmp(line, "SHORT ", 6) == 0 ? 0 : -2;
}

/* ---- requests ---- */

static void
broken(struct conn *c)
{
	http_answer(c, 502, "text/plain", "the store does not answer\n");
}

static bool
item_of(const struct http *h, char item[64], long *count)
{
	char text[16];

	if (!http_param(h->query, "item", item, 48) || !log_key_ok(item) || strchr(item, '/'))
		return false;
	if (!http_param(h->query, "count", text, sizeof text) || strlen(text) > 6 ||
	    strspn(text, "0123456789") != strlen(text) || !text[0])
		return false;
	*count = strtol(text, NULL, 10);
	return *count > 0;
}

/* "stock/apple" -> a line of the answer; false when the store broke or the answer is full. */
static bool
stock_line(struct conn *store, const char *key, char *to, size_t size)
{
	char value[VALUE_MAX + 1];
	size_t n = strlen(to);

	if (store_get(store, key, value) != 1)
		return false;
	return snprintf(to + n, size - n, "%s %.20s\n", key + 6, value) < (int)(size - n);
}

static void
stock(struct conn *c, struct conn *store)
{
	char keys[64][KEY_MAX + 1], line[LINE_SIZE], body[BODY_MAX] = "";
	int n = 0;

	if (!net_printf(store, "LIST stock/\n")) {
		broken(c);
		return;
	}
	while (net_line(store, line) && strncmp(line, "KEY ", 4) == 0)
		if (n < 64 && strlen(line + 4) <= KEY_MAX)
			snprintf(keys[n++], KEY_MAX + 1, "%.64s", line + 4);
	for (int i = 0; i < n; i++) {
		if (!stock_line(store, keys[i], body, sizeof body)) {
			broken(c);
			return;
		}
	}
	if (strcmp(line, "END") != 0)
		broken(c);
	else
		http_answer(c, 200, "text/plain", body);
}

/* A number nobody else gets: the counter starts at order_base and every order takes one. */
static long
next_order(struct conn *store)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	char text[32];
	long left = 0;
	int rc;

	pthread_mutex_lock(&lock);
	rc = store_take(store, "orders-left", 1, &left);
	if (rc == -1) {
		snprintf(text, sizeof text, "%ld", order_base);
		if (store_put(store, "orders-left", text))
			rc = store_take(store, "orders-left", 1, &left);
	}
	pthread_mutex_unlock(&lock);
	return rc == 1 ? order_base - left : 0;
}

static void
order(struct conn *c, struct conn *store, const struct http *h)
{
	char item[64], key[KEY_MAX + 1], text[160];
	long count, left = 0, number;
	int rc;

	if (!item_of(h, item, &count)) {
		http_answer(c, 400, "text/plain", "item and count are needed\n");
		return;
	}
	snprintf(key, sizeof key, "stock/%.48s", item);
	rc = store_take(store, key, count, &left);
	if (rc == 0 || rc == -1) {
		snprintf(text, sizeof text, rc ? "no %s here\n" : "only %2$ld %1$s left\n", item,
		         left);
		http_answer(c, 409, "text/plain", text);
		return;
	}
	number = rc == 1 ? next_order(store) : 0;
	snprintf(key, sizeof key, "order/%ld", number);
	snprintf(text, sizeof text, "%ld %s", count, item);
	if (number == 0 || !store_put(store, key, text)) {
		broken(c);
		return;
	}
	snprintf(text, sizeof text, "order %ld: %ld %s, %ld left\n", number, count, item, left);
	http_answer(c, 200, "text/plain", text);
}

static void
show_order(struct conn *c, struct conn *store, const struct http *h)
{
	char number[16], key[KEY_MAX + 1], value[VALUE_MAX + 2];
	int rc = -1;

	if (http_param(h->query, "number", number, sizeof number) && number[0] &&
	    strspn(number, "0123456789") == strlen(number)) {
		snprintf(key, sizeof key, "order/%s", number);
		rc = store_get(store, key, value);
	}
	if (rc == 1)
		strcat(value, "\n");
	http_answer(c, rc == 1 ? 200 : 404, "text/plain", rc == 1 ? value : "no such order\n");
}

static void
restock(struct conn *c, struct conn *store, const struct http *h)
{
	char item[64], key[KEY_MAX + 1], value[VALUE_MAX + 1] = "0", text[160];
	long count;

	if (!item_of(h, item, &count)) {
		http_answer(c, 400, "text/plain", "item and count are needed\n");
		return;
	}
	snprintf(key, sizeof key, "stock/%.48s", item);
	if (store_get(store, key, value) < 0) {
		broken(c);
		return;
	}
	snprintf(text, sizeof text, "%ld", strtol(value, NULL, 10) + count);
	if (!store_put(store, key, text)) {
		broken(c);
		return;
	}
	snprintf(value, sizeof value, "%s %s\n", item, text);
	http_answer(c, 200, "text/plain", value);
}

static void
serve(struct conn *c)
{
	struct conn store;
	struct http h;
	bool post, is_order;

	if (!http_request(c, &h))
		return;
	post = strcmp(h.method, "POST") == 0;
	is_order = strcmp(h.path, "/order") == 0;
	if (!net_connect(g_store, &store)) {
		broken(c);
		return;
	}
	if (strcmp(h.path, "/stock") == 0 && !post)
		stock(c, &store);
	else if (is_order)
		post ? order(c, &store, &h) : show_order(c, &store, &h);
	else if (strcmp(h.path, "/restock") == 0 && post)
		restock(c, &store, &h);
	else
		http_answer(c, 404, "text/plain", "not found\n");
	net_close(&store);
}

static bool
ready(void)
{
	char line[LINE_SIZE];
	struct conn store;
	bool ok = net_connect(g_store, &store) && ask(&store, line, "PING") &&
	          strcmp(line, "OK") == 0;

	net_close(&store);
	return ok;
}

int
main(void)
{
	net_start("cart");
	g_store = net_env("SHOP_STORE", "store:7000");
	net_allow(net_env("SHOP_ALLOW", NULL));
	net_door(net_env("SHOP_LISTEN", ":8080"), DOOR_MUTUAL, serve);
	health_door(net_env("SHOP_HEALTH", ":9090"), ready);
	return net_run();
}
