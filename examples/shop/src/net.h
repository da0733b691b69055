/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net.h: what the three services of the shop share: an event loop (libevent),
 * HTTP and lines over mutual TLS with the certificates that the initializer
 * leaves in /contrast/tls-config. There is no mode without certificates: when
 * they are missing or wrong, a service does not start, and a peer that is not
 * named is refused inside the handshake.
 */
#ifndef SHOP_NET_H
#define SHOP_NET_H

#include <event2/bufferevent.h>
#include <event2/http.h>
#include <stdbool.h>
#include <stddef.h>

struct event_base *net_base(void);

enum {
	NET_TIMEOUT_S = 10, /* for each read and write */
	NET_BODY_MAX = 4096,
	NET_LINE_MAX = 4096,
	NET_NAMES_MAX = 8,
};

/* Name for log lines; reads SHOP_TLS_DIR (default /contrast/tls-config); exits when TLS is
 * unusable. */
void net_start(const char *name);

void net_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Environment with a default; exits with a message when there is neither. */
const char *net_env(const char *name, const char *def);

/* Comma-separated DNS names that mutual TLS lets in. */
void net_allow(const char *names);

/* HTTP at "[host]:port". `mutual`: for the allowed names only, else for everybody. */
void net_http(const char *address, bool mutual, void (*handler)(struct evhttp_request *, void *));

/*
 * Lines over mutual TLS: each complete one goes to `handler`, which answers
 * into `out`; false ends the connection after the answer.
 */
void net_lines(const char *address, bool (*handler)(char *line, struct evbuffer *out));

/* kubelet's probes, plain HTTP: /healthz is answered here, /readyz by `ready`. */
void net_health(const char *address, void (*ready)(struct evhttp_request *));

/* Until SIGTERM or SIGINT; then accepts nothing more and waits 5 s for what is under way. Returns
 * 0. */
int net_run(void);

void net_reply(struct evhttp_request *req, int code, const char *text);
void net_reply_html(struct evhttp_request *req, int code, struct evbuffer *html);

/*
 * Ask another service by mutual TLS, which must prove to be the host of
 * "host:port"; `done` hears once: code 0 when it cannot be reached (logged).
 */
typedef void (*net_answer)(struct evhttp_request *asked_for, int code, const char *text);
void net_call(const char *address, enum evhttp_cmd_type method, const char *target,
              struct evhttp_request *asked_for, net_answer done);

/* The same with one line; `code` is 200 for any answer. */
void net_ask(const char *address, const char *line, struct evhttp_request *asked_for,
             net_answer done);

#endif
