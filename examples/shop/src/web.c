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
#include "net.h"

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *g_cart, *g_title, *g_token;

/* The cart's answer, passed on; what the cart could not do is our 502. */
static void
pass(struct evhttp_request *req, int code, const char *text)
{
	if (code == 0)
		net_reply(req, 502, "the cart does not answer\n");
	else
		net_reply(req, code, text);
}

static void
add_escaped(struct evbuffer *html, const char *before, const char *text, const char *after)
{
	char *safe = evhttp_htmlescape(text);

	evbuffer_add_printf(html, "%s%s%s", before, safe ? safe : "", after);
	free(safe);
}

static void
page_answer(struct evhttp_request *req, int code, const char *stock)
{
	struct evbuffer *html = evbuffer_new();
	char copy[NET_BODY_MAX + 1], *rest = copy, *line;

	snprintf(copy, sizeof copy, "%s", stock);
	add_escaped(html, "<!doctype html><meta charset=utf-8><title>", g_title, "</title>\n");
	add_escaped(html, "<h1>", g_title, "</h1>\n");
	if (code != 200) {
		evbuffer_add_printf(html, "<p>The shelves cannot be seen right now.</p>\n");
	} else {
		evbuffer_add_printf(html, "<ul>\n");
		while ((line = strsep(&rest, "\n")) && line[0])
			add_escaped(html, "<li>", line, "</li>\n");
		evbuffer_add_printf(html, "</ul>\n<form method=post action=/order>"
		                          "<input name=item required> "
		                          "<input name=count type=number min=1 value=1> "
		                          "<button>order</button></form>\n");
	}
	net_reply_html(req, code == 200 ? 200 : 502, html);
	evbuffer_free(html);
}

/* Parameters, each encoded again: nothing of the caller's gets through as it is. */
static void
forward(struct evhttp_request *req, enum evhttp_cmd_type method, const char *path,
        const struct evkeyvalq *q, const char *const names[2])
{
	char target[512] = "";
	size_t n = (size_t)snprintf(target, sizeof target, "%s", path);

	for (int i = 0; i < 2 && names[i]; i++) {
		const char *value = evhttp_find_header(q, names[i]);
		char *safe = value && strlen(value) <= 64 ? evhttp_uriencode(value, -1, 0) : NULL;

		if (!safe) {
			net_reply(req, 400, "item and count, or a number, are needed\n");
			return;
		}
		n += (size_t)snprintf(target + n, sizeof target - n, "%c%s=%s", i ? '&' : '?',
		                      names[i], safe);
		free(safe);
	}
	net_call(g_cart, method, target, req, pass);
}

static bool
has_token(struct evhttp_request *req)
{
	const char *v = evhttp_find_header(evhttp_request_get_input_headers(req), "Authorization");

	return v && g_token[0] && strncmp(v, "Bearer ", 7) == 0 &&
	       strlen(v + 7) == strlen(g_token) &&
	       CRYPTO_memcmp(v + 7, g_token, strlen(g_token)) == 0;
}

/* Of the query, or of a form in the body. */
static bool
parameters(struct evhttp_request *req, struct evkeyvalq *ret)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(req);
	const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(req));
	char form[NET_BODY_MAX + 1];
	ev_ssize_t n = evbuffer_copyout(body, form, NET_BODY_MAX);

	form[n > 0 ? n : 0] = '\0';
	return evhttp_parse_query_str(n > 0 ? form : query ? query : "", ret) == 0;
}

static void
route(struct evhttp_request *req, const char *path, const struct evkeyvalq *q)
{
	static const char *const change[2] = {"item", "count"}, *const show[2] = {"number", NULL};
	bool post = evhttp_request_get_command(req) == EVHTTP_REQ_POST;

	if (!post && strcmp(path, "/") == 0)
		net_call(g_cart, EVHTTP_REQ_GET, "/stock", req, page_answer);
	else if (!post && strcmp(path, "/stock") == 0)
		net_call(g_cart, EVHTTP_REQ_GET, "/stock", req, pass);
	else if (!post && strcmp(path, "/order") == 0)
		forward(req, EVHTTP_REQ_GET, path, q, show);
	else if (post && strcmp(path, "/order") == 0)
		forward(req, EVHTTP_REQ_POST, path, q, change);
	else if (!post || strcmp(path, "/restock") != 0)
		net_reply(req, 404, "not found\n");
	else if (!has_token(req))
		net_reply(req, 401, "the token is missing or wrong\n");
	else
		forward(req, EVHTTP_REQ_POST, path, q, change);
}

static void
on_request(struct evhttp_request *req, void *arg)
{
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));
	struct evkeyvalq q;

	(void)arg;
	if (!path || !parameters(req, &q)) {
		net_reply(req, 400, "malformed request\n");
		return;
	}
	route(req, path[0] ? path : "/", &q);
	evhttp_clear_headers(&q);
}

static void
ready_answer(struct evhttp_request *req, int code, const char *text)
{
	(void)text;
	net_reply(req, code == 200 ? 200 : 503, code == 200 ? "ready\n" : "not ready\n");
}

static void
ready(struct evhttp_request *req)
{
	net_call(g_cart, EVHTTP_REQ_GET, "/stock", req, ready_answer);
}

int
main(void)
{
	net_start("web");
	g_cart = net_env("SHOP_CART", "cart:8080");
	g_title = net_env("SHOP_TITLE", "The confidential shop");
	g_token = net_env("SHOP_TOKEN", "");
	net_http(net_env("SHOP_LISTEN", ":8443"), false, on_request);
	net_health(net_env("SHOP_HEALTH", ":9090"), ready);
	return net_run();
}
