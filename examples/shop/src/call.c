/* SPDX-License-Identifier: Apache-2.0 */
/* Calls to other services: one connection each, mutual TLS, the peer named by its address. */
#include "net.h"
#include "tls.h"

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct call {
	struct evhttp_request *asked_for;
	net_answer done;
	char address[300];
	char host[256];
	int port;
	struct bufferevent *bev; /* owned by `http` when that is set */
	struct evhttp_connection *http;
	struct event_base *base;
	char line[NET_LINE_MAX];
};

static void
log_failure(const struct call *c)
{
	SSL *ssl = c->bev ? bufferevent_openssl_get_ssl(c->bev) : NULL;
	long verified = ssl ? SSL_get_verify_result(ssl) : X509_V_OK;

	if (verified != X509_V_OK)
		net_log("%s: is not the peer it should be: %s", c->address,
		        X509_verify_cert_error_string(verified));
	else
		net_log("%s: does not answer", c->address);
}

/* Later, because libevent is still inside the connection that called us. */
static void
release(evutil_socket_t fd, short what, void *arg)
{
	struct call *c = arg;

	(void)fd;
	(void)what;
	if (c->http)
		evhttp_connection_free(c->http);
	else if (c->bev)
		bufferevent_free(c->bev);
	free(c);
}

static void
finish(struct call *c, int code, const char *text)
{
	const struct timeval now = {0, 0};

	if (code == 0)
		log_failure(c);
	c->done(c->asked_for, code, text);
	event_base_once(c->base, -1, EV_TIMEOUT, release, c, &now);
}

static struct call *
call_new(const char *address, struct evhttp_request *asked_for, net_answer done)
{
	struct call *c = calloc(1, sizeof *c);
	const char *colon = strrchr(address, ':');
	SSL *ssl;

	if (!c || !colon || (size_t)(colon - address) >= sizeof c->host) {
		free(c);
		return NULL;
	}
	c->asked_for = asked_for;
	c->done = done;
	c->base = net_base();
	snprintf(c->address, sizeof c->address, "%s", address);
	snprintf(c->host, sizeof c->host, "%.*s", (int)(colon - address), address);
	c->port = (int)strtol(colon + 1, NULL, 10);
	ssl = tls_client(c->host);
	c->bev = ssl ? bufferevent_openssl_socket_new(c->base, -1, ssl, BUFFEREVENT_SSL_CONNECTING,
	                                              BEV_OPT_CLOSE_ON_FREE)
	             : NULL;
	if (!c->bev) {
		free(c);
		return NULL;
	}
	bufferevent_openssl_set_allow_dirty_shutdown(c->bev, 1);
	return c;
}

/* ---- HTTP ---- */

static void
http_done(struct evhttp_request *answer, void *arg)
{
	struct call *c = arg;
	int code = answer ? evhttp_request_get_response_code(answer) : 0;
	struct evbuffer *body = answer ? evhttp_request_get_input_buffer(answer) : NULL;
	char text[NET_BODY_MAX + 1] = "";

	if (body)
		evbuffer_copyout(body, text, NET_BODY_MAX);
	finish(c, code, text);
}

void
net_call(const char *address, enum evhttp_cmd_type method, const char *target,
         struct evhttp_request *asked_for, net_answer done)
{
	struct call *c = call_new(address, asked_for, done);
	struct evhttp_request *req;

	if (!c) {
		done(asked_for, 0, "");
		return;
	}
	c->http = evhttp_connection_base_bufferevent_new(c->base, NULL, c->bev, c->host,
	                                                 (ev_uint16_t)c->port);
	req = c->http ? evhttp_request_new(http_done, c) : NULL;
	if (!req) {
		finish(c, 0, "");
		return;
	}
	evhttp_connection_set_timeout(c->http, NET_TIMEOUT_S);
	evhttp_connection_set_max_body_size(c->http, NET_BODY_MAX);
	evhttp_add_header(evhttp_request_get_output_headers(req), "Host", c->host);
	evhttp_add_header(evhttp_request_get_output_headers(req), "Connection", "close");
	/* A failure is told through http_done(), sometimes before this returns. */
	(void)evhttp_make_request(c->http, req, method, target);
}

/* ---- a line ---- */

static void
line_read(struct bufferevent *b, void *arg)
{
	struct call *c = arg;
	struct evbuffer *in = bufferevent_get_input(b);
	char *line = evbuffer_readln(in, NULL, EVBUFFER_EOL_LF);

	if (!line && evbuffer_get_length(in) < NET_LINE_MAX)
		return;
	bufferevent_setcb(b, NULL, NULL, NULL, NULL);
	bufferevent_disable(b, EV_READ);
	finish(c, line ? 200 : 0, line ? line : "");
	free(line);
}

static void
line_event(struct bufferevent *b, short what, void *arg)
{
	struct call *c = arg;

	if (what & BEV_EVENT_CONNECTED) {
		evbuffer_add_printf(bufferevent_get_output(b), "%s\n", c->line);
		return;
	}
	bufferevent_setcb(b, NULL, NULL, NULL, NULL);
	finish(c, 0, "");
}

void
net_ask(const char *address, const char *line, struct evhttp_request *asked_for, net_answer done)
{
	struct call *c = call_new(address, asked_for, done);
	const struct timeval t = {NET_TIMEOUT_S, 0};

	if (!c) {
		done(asked_for, 0, "");
		return;
	}
	snprintf(c->line, sizeof c->line, "%s", line);
	bufferevent_setcb(c->bev, line_read, NULL, line_event, c);
	bufferevent_set_timeouts(c->bev, &t, &t);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	if (bufferevent_socket_connect_hostname(c->bev, NULL, AF_UNSPEC, c->host, c->port) != 0) {
		bufferevent_setcb(c->bev, NULL, NULL, NULL, NULL);
		finish(c, 0, "");
	}
}
