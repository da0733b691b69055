/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cart: takes orders. HTTP over mutual TLS; only the store keeps anything.
 *
 *   GET  /stock                         "apple 10" a line
 *   POST /order?item=apple&count=2      "order 1: 2 apple, 8 left" | 409
 *   GET  /order?number=1                "2 apple" | 404
 *   POST /restock?item=apple&count=5    "13 left"
 *
 * Environment: SHOP_LISTEN (:8080), SHOP_ALLOW, SHOP_STORE (store:7000), SHOP_HEALTH (:9090).
 */
#include "net.h"

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *g_store;

/* What follows "OK " when the store said so; else answers the caller itself. */
static const char *
ok_or_reply(struct evhttp_request *req, int code, const char *line)
{
	char text[128];

	if (code == 200 && strncmp(line, "OK ", 3) == 0)
		return line + 3;
	if (code == 200 && strcmp(line, "NONE") == 0) {
		net_reply(req, 404, "there is no such thing\n");
	} else if (code == 200 && strncmp(line, "SHORT ", 6) == 0) {
		snprintf(text, sizeof text, "only %.20s left\n", line + 6);
		net_reply(req, 409, text);
	} else if (code == 200 && strncmp(line, "ERROR ", 6) == 0) {
		net_reply(req, 400, "the store refuses this\n");
	} else {
		net_reply(req, 502, "the store does not answer\n");
	}
	return NULL;
}

static void
stock_answer(struct evhttp_request *req, int code, const char *line)
{
	const char *list = ok_or_reply(req, code, line);
	char text[NET_LINE_MAX + 2];

	if (!list)
		return;
	snprintf(text, sizeof text, "%s%s", list, list[0] ? "\n" : "");
	for (char *p = text; *p; p++)
		*p = *p == '=' ? ' ' : *p == ',' ? '\n' : *p;
	net_reply(req, 200, text);
}

static void
order_answer(struct evhttp_request *req, int code, const char *line)
{
	const char *numbers = ok_or_reply(req, code, line);
	char text[128];
	char *left;
	long n;

	if (!numbers)
		return;
	n = strtol(numbers, &left, 10);
	snprintf(text, sizeof text, "order %ld taken,%.20s left\n", n, left);
	net_reply(req, 200, text);
}

static void
show_answer(struct evhttp_request *req, int code, const char *line)
{
	const char *what = ok_or_reply(req, code, line);
	char text[128];

	if (!what)
		return;
	snprintf(text, sizeof text, "%.100s\n", what);
	net_reply(req, 200, text);
}

static void
restock_answer(struct evhttp_request *req, int code, const char *line)
{
	const char *left = ok_or_reply(req, code, line);
	char text[128];

	if (!left)
		return;
	snprintf(text, sizeof text, "%.20s left\n", left);
	net_reply(req, 200, text);
}

/* Parameters become words of a line, so nothing that ends a word may be in them. */
static bool
word(const struct evkeyvalq *q, const char *name, const char **ret)
{
	*ret = evhttp_find_header(q, name);
	return *ret && strlen(*ret) > 0 && strlen(*ret) <= 32 &&
	       strspn(*ret, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(*ret);
}

static void
change(struct evhttp_request *req, const struct evkeyvalq *q, const char *verb, net_answer done)
{
	const char *item, *count;
	char line[128];

	if (!word(q, "item", &item) || !word(q, "count", &count)) {
		net_reply(req, 400, "item and count are needed\n");
		return;
	}
	snprintf(line, sizeof line, "%s %s %s", verb, item, count);
	net_ask(g_store, line, req, done);
}

static void
show(struct evhttp_request *req, const struct evkeyvalq *q)
{
	const char *number;
	char line[128];

	if (!word(q, "number", &number)) {
		net_reply(req, 400, "a number is needed\n");
		return;
	}
	snprintf(line, sizeof line, "SHOW %s", number);
	net_ask(g_store, line, req, show_answer);
}

static void
on_request(struct evhttp_request *req, void *arg)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(req);
	const char *path = evhttp_uri_get_path(uri), *query = evhttp_uri_get_query(uri);
	bool post = evhttp_request_get_command(req) == EVHTTP_REQ_POST;
	struct evkeyvalq q;

	(void)arg;
	if (!path || evhttp_parse_query_str(query ? query : "", &q) != 0) {
		net_reply(req, 400, "malformed query\n");
		return;
	}
	if (!post && strcmp(path, "/stock") == 0)
		net_ask(g_store, "STOCK", req, stock_answer);
	else if (!post && strcmp(path, "/order") == 0)
		show(req, &q);
	else if (post && strcmp(path, "/order") == 0)
		change(req, &q, "ORDER", order_answer);
	else if (post && strcmp(path, "/restock") == 0)
		change(req, &q, "ADD", restock_answer);
	else
		net_reply(req, 404, "not found\n");
	evhttp_clear_headers(&q);
}

static void
ready_answer(struct evhttp_request *req, int code, const char *line)
{
	bool ok = code == 200 && strcmp(line, "OK") == 0;

	net_reply(req, ok ? 200 : 503, ok ? "ready\n" : "not ready\n");
}

static void
ready(struct evhttp_request *req)
{
	net_ask(g_store, "PING", req, ready_answer);
}

int
main(void)
{
	net_start("cart");
	g_store = net_env("SHOP_STORE", "store:7000");
	net_allow(net_env("SHOP_ALLOW", NULL));
	net_http(net_env("SHOP_LISTEN", ":8080"), true, on_request);
	net_health(net_env("SHOP_HEALTH", ":9090"), ready);
	return net_run();
}
