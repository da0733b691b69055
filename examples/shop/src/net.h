/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net.h: what the three services of the shop share: listening, mutual TLS with
 * the certificates that the initializer leaves in /contrast/tls-config, and
 * lines over a connection. There is no mode without certificates: when they
 * are missing or wrong, a service does not start, and a peer that is not
 * named is not served.
 */
#ifndef SHOP_NET_H
#define SHOP_NET_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	CONN_TIMEOUT_S = 10, /* for each read and write */
	CONN_MAX = 64,       /* connections served at once */
	LINE_SIZE = 1024,
	NAMES_MAX = 8,
};

/* One connection, with TLS or (health checks only) without. */
struct conn {
	int fd;
	SSL *ssl;
	char in[4096];
	size_t from, to;
};

/* "name", for log lines; reads SHOP_TLS_DIR (default /contrast/tls-config); exits when TLS is
 * unusable. */
void net_start(const char *name);

void net_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Environment with a default; exits with a message when there is neither. */
const char *net_env(const char *name, const char *def);

enum door {
	DOOR_PLAIN,  /* health checks */
	DOOR_PUBLIC, /* TLS, anybody */
	DOOR_MUTUAL, /* TLS, and a certificate of the mesh for one of the names in net_allow() */
};

/* Comma-separated DNS names that DOOR_MUTUAL lets in. */
void net_allow(const char *names);

/* Serve connections that come to "[host]:port"; each handler runs in a thread of its own. */
void net_door(const char *address, enum door door, void (*handler)(struct conn *));

/* Until SIGTERM or SIGINT; then stops accepting, waits 5 s for what is under way. Returns 0. */
int net_run(void);

/* Connect to "host:port" by mutual TLS and check that the peer is `host`. False: logged. */
bool net_connect(const char *address, struct conn *c);
void net_close(struct conn *c);

/* A line without its end; false at the end, on a timeout, or when it is longer than LINE_SIZE - 1.
 */
bool net_line(struct conn *c, char line[LINE_SIZE]);
/* Exactly n bytes. */
bool net_read(struct conn *c, char *to, size_t n);
bool net_write(struct conn *c, const char *p, size_t n);
bool net_printf(struct conn *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
