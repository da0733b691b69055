/* SPDX-License-Identifier: Apache-2.0 */
/*
 * web: the shop's front door. HTTPS with the mesh certificate for whoever
 * verified the deployment and trusts its CA; everything behind it by mutual TLS.
 *
 *   GET  /                              a page with the stock
 *   GET  /stock                         the same as text
 *   POST /order   item=apple&count=2    (form or query)
 *   GET  /order?number=1
 *   POST /restock item=apple&count=5    with "Authorization: Bearer TOKEN"
 *
 * Environment: SHOP_LISTEN (:8443), SHOP_CART (cart:8080), SHOP_HEALTH (:9090),
 * SHOP_TITLE, SHOP_TOKEN (nobody may restock without one).
 */
#include "health.h"
#include "http.h"
#include "net.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *g_cart, *g_title, *g_token;

static void append(char *to, size_t size, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));

static void
append(char *to, size_t size, const char *fmt, ...)
{
	size_t n = strlen(to);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(to + n, size - n, fmt, ap);
	va_end(ap);
}

static void
append_escaped(char *to, size_t size, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			append(to, size, "&lt;");
			break;
		case '&':
			append(to, size, "&amp;");
			break;
		case '"':
			append(to, size, "&quot;");
			break;
		default:
			append(to, size, "%c", *text);
		}
	}
}

/* Passes the cart's answer on; what the cart could not do is our 502. */
static void
pass(struct conn *c, const char *method, const char *target)
{
	char body[BODY_MAX + 1];
	int code = http_call(g_cart, method, target, body);

	if (code == 0)
		http_answer(c, 502, "text/plain", "the cart does not answer\n");
	else
		http_answer(c, code, "text/plain", body);
}

static void
page(struct conn *c)
{
	char stock[BODY_MAX + 1], html[BODY_MAX * 4] = "", *rest = stock, *line;
	int code = http_call(g_cart, "GET", "/stock", stock);

	append(html, sizeof html, "<!doctype html><meta charset=utf-8><title>");
	append_escaped(html, sizeof html, g_title);
	append(html, sizeof html, "</title><h1>");
	append_escaped(html, sizeof html, g_title);
	append(html, sizeof html, "</h1>\n");
	if (code != 200) {
		append(html, sizeof html, "<p>The shelves cannot be seen right now.</p>\n");
		http_answer(c, 502, "text/html; charset=utf-8", html);
		return;
	}
	append(html, sizeof html, "<ul>\n");
	while ((line = strsep(&rest, "\n")) && line[0]) {
		append(html, sizeof html, "<li>");
		append_escaped(html, sizeof html, line);
		append(html, sizeof html, "</li>\n");
	}
	append(html, sizeof html,
	       "</ul>\n<form method=post action=/order><input name=item required> "
	       "<input name=count type=number min=1 value=1> <button>order</button></form>\n");
	http_answer(c, 200, "text/html; charset=utf-8", html);
}

/* item and count from form or query, made into a target again: nothing else gets through. */
static bool
target_of(const struct http *h, const char *path, char *to, size_t size)
{
	char item[48], count[16];
	const char *text = h->n_body ? h->body : h->query;

	if (!http_param(text, "item", item, sizeof item) ||
	    !http_param(text, "count", count, sizeof count))
		return false;
	if (strspn(item, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != strlen(item) ||
	    strspn(count, "0123456789") != strlen(count))
		return false;
	return snprintf(to, size, "%s?item=%s&count=%s", path, item, count) < (int)size;
}

static void
change(struct conn *c, const struct http *h)
{
	char target[256];

	if (strcmp(h->path, "/restock") == 0 &&
	    (!g_token[0] || strlen(h->token) != strlen(g_token) ||
	     CRYPTO_memcmp(h->token, g_token, strlen(g_token)) != 0)) {
		http_answer(c, 401, "text/plain", "the token is missing or wrong\n");
		return;
	}
	if (target_of(h, h->path, target, sizeof target))
		pass(c, "POST", target);
	else
		http_answer(c, 400, "text/plain", "item and count are needed\n");
}

static void
show_order(struct conn *c, const struct http *h)
{
	char number[16], target[64];

	if (!http_param(h->query, "number", number, sizeof number) ||
	    strspn(number, "0123456789") != strlen(number)) {
		http_answer(c, 400, "text/plain", "a number is needed\n");
		return;
	}
	snprintf(target, sizeof target, "/order?number=%s", number);
	pass(c, "GET", target);
}

static void
serve(struct conn *c)
{
	struct http h;
	bool post;

	if (!http_request(c, &h))
		return;
	post = strcmp(h.method, "POST") == 0;
	if (!post && strcmp(h.path, "/") == 0)
		page(c);
	else if (!post && strcmp(h.path, "/stock") == 0)
		pass(c, "GET", "/stock");
	else if (!post && strcmp(h.path, "/order") == 0)
		show_order(c, &h);
	else if (post && (strcmp(h.path, "/order") == 0 || strcmp(h.path, "/restock") == 0))
		change(c, &h);
	else
		http_answer(c, 404, "text/plain", "not found\n");
}

static bool
ready(void)
{
	char body[BODY_MAX + 1];

	return http_call(g_cart, "GET", "/stock", body) == 200;
}

int
main(void)
{
	net_start("web");
	g_cart = net_env("SHOP_CART", "cart:8080");
	g_title = net_env("SHOP_TITLE", "The confidential shop");
	g_token = net_env("SHOP_TOKEN", "");
	net_door(net_env("SHOP_LISTEN", ":8443"), DOOR_PUBLIC, serve);
	health_door(net_env("SHOP_HEALTH", ":9090"), ready);
	return net_run();
}
