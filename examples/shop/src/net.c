/* SPDX-License-Identifier: Apache-2.0 */
#include "net.h"

#include "tls.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <netdb.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DOORS_MAX = 4, DRAIN_S = 5 };

static struct {
	const char *name;
	struct event_base *base;
	char *allowed[NET_NAMES_MAX + 1];
	struct evhttp *http[DOORS_MAX];
	struct evhttp_bound_socket *bound[DOORS_MAX];
	int n_http;
	struct evconnlistener *listener;
	bool (*on_line)(char *line, struct evbuffer *out);
	void (*ready)(struct evhttp_request *);
	int busy;
	bool stopping;
} g = {.name = "shop"};

void
net_log(const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	fprintf(stderr, "%s: %s\n", g.name, line);
}

struct event_base *
net_base(void)
{
	return g.base;
}

__attribute__((noreturn)) static void
die(const char *of, const char *what)
{
	net_log("%s: %s", of, what);
	exit(1);
}

const char *
net_env(const char *name, const char *def)
{
	const char *value = getenv(name);

	if (value && value[0])
		return value;
	if (!def)
		die(name, "must be set");
	return def;
}

/* ---- what is under way ---- */

static void
begin(void)
{
	g.busy++;
}

static void
end(void)
{
	if (--g.busy == 0 && g.stopping)
		event_base_loopexit(g.base, NULL);
}

static void
on_complete(struct evhttp_request *req, void *arg)
{
	(void)req;
	(void)arg;
	end();
}

static void
on_signal(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval patience = {DRAIN_S, 0}, now = {0, 0};

	(void)fd;
	(void)what;
	(void)arg;
	if (g.stopping)
		return;
	g.stopping = true;
	for (int i = 0; i < g.n_http; i++)
		evhttp_del_accept_socket(g.http[i], g.bound[i]);
	if (g.listener)
		evconnlistener_disable(g.listener);
	event_base_loopexit(g.base, g.busy ? &patience : &now);
}

void
net_start(const char *name)
{
	static const int signals[] = {SIGTERM, SIGINT};

	g.name = name;
	signal(SIGPIPE, SIG_IGN);
	g.base = event_base_new();
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		struct event *e = g.base ? evsignal_new(g.base, signals[i], on_signal, NULL) : NULL;

		if (!e || evsignal_add(e, NULL) != 0)
			die("libevent", "cannot start");
	}
	if (!tls_start(net_env("SHOP_TLS_DIR", "/contrast/tls-config")))
		exit(1);
	tls_allow(g.allowed);
}

void
net_allow(const char *names)
{
	char *rest = strdup(names), *one;
	int n = 0;

	while (rest && (one = strsep(&rest, ",")) && n < NET_NAMES_MAX)
		if (one[0])
			g.allowed[n++] = one;
	if (n == 0)
		die("SHOP_ALLOW", "nobody is allowed in: name the peers");
}

int
net_run(void)
{
	event_base_dispatch(g.base);
	net_log("stopped");
	return 0;
}

/* ---- addresses ---- */

/* "host:port" or ":port" in two. */
static bool
split_address(const char *address, char host[256], int *port)
{
	const char *colon = strrchr(address, ':');
	char *rest;
	long n;

	if (!colon || (size_t)(colon - address) > 255)
		return false;
	snprintf(host, 256, "%.*s", (int)(colon - address), address);
	n = strtol(colon + 1, &rest, 10);
	*port = (int)n;
	return n > 0 && n < 65536 && *rest == '\0';
}

/* ---- HTTP ---- */

static struct bufferevent *
tls_bufferevent(SSL *ssl, enum bufferevent_ssl_state state, int fd)
{
	struct bufferevent *b;

	if (!ssl)
		return NULL;
	b = bufferevent_openssl_socket_new(g.base, fd, ssl, state, BEV_OPT_CLOSE_ON_FREE);
	/* An end without close_notify cuts nothing short: every answer has its length. */
	if (b)
		bufferevent_openssl_set_allow_dirty_shutdown(b, 1);
	return b;
}

static struct bufferevent *
accept_public(struct event_base *base, void *arg)
{
	(void)base;
	(void)arg;
	return tls_bufferevent(tls_server(false), BUFFEREVENT_SSL_ACCEPTING, -1);
}

static struct bufferevent *
accept_mutual(struct event_base *base, void *arg)
{
	(void)base;
	(void)arg;
	return tls_bufferevent(tls_server(true), BUFFEREVENT_SSL_ACCEPTING, -1);
}

static struct evhttp *
http_on(const char *address, const char *what, void (*handler)(struct evhttp_request *, void *))
{
	struct evhttp *http = evhttp_new(g.base);
	struct evhttp_bound_socket *bound;
	char host[256];
	int port;

	if (!http || g.n_http == DOORS_MAX || !split_address(address, host, &port))
		die(address, "is no address to listen on");
	evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST);
	evhttp_set_max_headers_size(http, 8192);
	evhttp_set_max_body_size(http, NET_BODY_MAX);
	evhttp_set_timeout(http, NET_TIMEOUT_S);
	evhttp_set_gencb(http, handler, NULL);
	bound = evhttp_bind_socket_with_handle(http, host[0] ? host : "0.0.0.0", (ev_uint16_t)port);
	if (!bound)
		die(address, strerror(errno));
	g.http[g.n_http] = http;
	g.bound[g.n_http++] = bound;
	net_log("listening on %s (%s)", address, what);
	return http;
}

void
net_http(const char *address, bool mutual, void (*handler)(struct evhttp_request *, void *))
{
	struct evhttp *http = http_on(address, mutual ? "mutual TLS" : "TLS", handler);

	evhttp_set_bevcb(http, mutual ? accept_mutual : accept_public, NULL);
}

static void
reply(struct evhttp_request *req, int code, const char *type, struct evbuffer *body)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(req);

	evhttp_add_header(headers, "Content-Type", type);
	evhttp_add_header(headers, "X-Content-Type-Options", "nosniff");
	evhttp_add_header(headers, "Connection", "close");
	begin();
	evhttp_request_set_on_complete_cb(req, on_complete, NULL);
	/* The caller is gone: there is nobody to complete it for. */
	if (!evhttp_request_get_connection(req))
		end();
	evhttp_send_reply(req, code, NULL, body);
}

void
net_reply(struct evhttp_request *req, int code, const char *text)
{
	struct evbuffer *body = evbuffer_new();

	evbuffer_add(body, text, strlen(text));
	reply(req, code, "text/plain", body);
	evbuffer_free(body);
}

void
net_reply_html(struct evhttp_request *req, int code, struct evbuffer *html)
{
	reply(req, code, "text/html; charset=utf-8", html);
}

static void
on_health(struct evhttp_request *req, void *arg)
{
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));

	(void)arg;
	if (path && strcmp(path, "/healthz") == 0)
		net_reply(req, 200, "ok\n");
	else if (path && strcmp(path, "/readyz") == 0)
		g.ready(req);
	else
		net_reply(req, 404, "not found\n");
}

void
net_health(const char *address, void (*ready)(struct evhttp_request *))
{
	g.ready = ready;
	http_on(address, "health", on_health);
}

/* ---- lines ---- */

static void
line_closed(struct bufferevent *b)
{
	bufferevent_free(b);
	end();
}

static void
line_written(struct bufferevent *b, void *arg)
{
	(void)arg;
	line_closed(b);
}

static void
line_read(struct bufferevent *b, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(b);
	bool go_on = true;
	char *line;
	size_t n;

	(void)arg;
	while (go_on && (line = evbuffer_readln(in, &n, EVBUFFER_EOL_LF))) {
		/* Nothing here is binary, and a NUL would hide the rest. */
		go_on = n < NET_LINE_MAX && strlen(line) == n &&
		        g.on_line(line, bufferevent_get_output(b));
		free(line);
	}
	if (go_on && evbuffer_get_length(in) < NET_LINE_MAX)
		return;
	bufferevent_disable(b, EV_READ);
	if (evbuffer_get_length(bufferevent_get_output(b)) == 0)
		line_closed(b);
	else
		bufferevent_setcb(b, NULL, line_written, NULL, NULL);
}

static void
line_event(struct bufferevent *b, short what, void *arg)
{
	(void)arg;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT))
		line_closed(b);
}

static void
set_timeouts(struct bufferevent *b)
{
	const struct timeval t = {NET_TIMEOUT_S, 0};

	bufferevent_set_timeouts(b, &t, &t);
	bufferevent_enable(b, EV_READ | EV_WRITE);
}

static void
line_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *a, int n, void *arg)
{
	struct bufferevent *b = tls_bufferevent(tls_server(true), BUFFEREVENT_SSL_ACCEPTING, fd);

	(void)l;
	(void)a;
	(void)n;
	(void)arg;
	if (!b) {
		close(fd);
		return;
	}
	begin();
	bufferevent_setcb(b, line_read, NULL, line_event, NULL);
	set_timeouts(b);
}

void
net_lines(const char *address, bool (*handler)(char *line, struct evbuffer *out))
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
	                         .ai_flags = AI_PASSIVE,
	                         .ai_family = AF_INET};
	struct addrinfo *list = NULL;
	char host[256], port_text[8];
	int port;

	if (!split_address(address, host, &port))
		die(address, "is no address to listen on");
	snprintf(port_text, sizeof port_text, "%d", port);
	if (getaddrinfo(host[0] ? host : NULL, port_text, &hints, &list) != 0)
		die(address, "is no address to listen on");
	g.on_line = handler;
	g.listener = evconnlistener_new_bind(g.base, line_accept, NULL,
	                                     LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC |
	                                             LEV_OPT_REUSEABLE,
	                                     64, list->ai_addr, (int)list->ai_addrlen);
	freeaddrinfo(list);
	if (!g.listener)
		die(address, strerror(errno));
	net_log("listening on %s (mutual TLS)", address);
}
