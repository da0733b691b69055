/* SPDX-License-Identifier: Apache-2.0 */
#include "net.h"

#include "tls.h"

#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DOORS_MAX = 4, DRAIN_S = 5 };

struct listener {
	int fd;
	enum door door;
	void (*handler)(struct conn *);
};

static struct {
	const char *name;
	char *allowed[NAMES_MAX + 1];
	struct listener doors[DOORS_MAX];
	int n_doors;
	int signals;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int busy;
} g = {.name = "shop", .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

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

static void
die(const char *what, const char *of)
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
		die("must be set", name);
	return def;
}

void
net_start(const char *name)
{
	sigset_t set;

	g.name = name;
	signal(SIGPIPE, SIG_IGN);
	/* Blocked before any thread starts, so that only net_run() sees them; also as PID 1. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	g.signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (g.signals < 0)
		die(strerror(errno), "signalfd");
	if (!tls_start(net_env("SHOP_TLS_DIR", "/contrast/tls-config")))
		exit(1);
}

void
net_allow(const char *names)
{
	char *copy = strdup(names), *rest = copy, *one;
	int n = 0;

	while (copy && (one = strsep(&rest, ",")) && n < NAMES_MAX)
		if (one[0])
			g.allowed[n++] = one;
	if (n == 0)
		die("nobody is allowed in: name the peers", "SHOP_ALLOW");
}

/* ---- addresses ---- */

/* "host:port" or ":port" in two; false when there is no port. */
static bool
split_address(const char *address, char host[256], const char **port)
{
	const char *colon = strrchr(address, ':');

	if (!colon || (size_t)(colon - address) > 255 || colon[1] == '\0')
		return false;
	snprintf(host, 256, "%.*s", (int)(colon - address), address);
	*port = colon + 1;
	return true;
}

static void
set_timeouts(int fd)
{
	struct timeval t = {CONN_TIMEOUT_S, 0};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
}

static int
listen_on(const char *address)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
	                         .ai_flags = AI_PASSIVE,
	                         .ai_family = AF_INET};
	struct addrinfo *list = NULL;
	char host[256];
	const char *port;
	int on = 1, fd;

	if (!split_address(address, host, &port) ||
	    getaddrinfo(host[0] ? host : NULL, port, &hints, &list) != 0)
		die("is no address to listen on", address);
	fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
	    bind(fd, list->ai_addr, list->ai_addrlen) != 0 || listen(fd, 64) != 0)
		die(strerror(errno), address);
	freeaddrinfo(list);
	return fd;
}

void
net_door(const char *address, enum door door, void (*handler)(struct conn *))
{
	if (g.n_doors == DOORS_MAX)
		die("too many doors", address);
	g.doors[g.n_doors++] = (struct listener){listen_on(address), door, handler};
	net_log("listening on %s%s", address,
	        door == DOOR_PLAIN    ? " (health)"
	        : door == DOOR_PUBLIC ? " (TLS)"
	                              : " (mutual TLS)");
}

/* ---- serving ---- */

struct job {
	struct conn conn;
	struct listener door;
};

/* False: not one of ours, and told so by the handshake alone. */
static bool
handshake(struct job *j)
{
	bool mutual = j->door.door == DOOR_MUTUAL;

	if (j->door.door == DOOR_PLAIN)
		return true;
	j->conn.ssl = tls_server(mutual);
	if (!j->conn.ssl || SSL_set_fd(j->conn.ssl, j->conn.fd) != 1)
		return false;
	ERR_clear_error();
	if (SSL_do_handshake(j->conn.ssl) != 1) {
		unsigned long code = ERR_peek_last_error();

		net_log("refused a connection: %s",
		        code ? ERR_reason_error_string(code) : "it broke");
		return false;
	}
	if (mutual && !tls_peer(j->conn.ssl, g.allowed)) {
		net_log("refused a connection: its certificate names nobody who is allowed here");
		return false;
	}
	return true;
}

static void *
serve(void *arg)
{
	struct job *j = arg;

	if (handshake(j))
		j->door.handler(&j->conn);
	net_close(&j->conn);
	free(j);
	pthread_mutex_lock(&g.lock);
	g.busy--;
	pthread_cond_signal(&g.changed);
	pthread_mutex_unlock(&g.lock);
	return NULL;
}

static bool
take_place(void)
{
	bool ok;

	pthread_mutex_lock(&g.lock);
	ok = g.busy < CONN_MAX;
	if (ok)
		g.busy++;
	pthread_mutex_unlock(&g.lock);
	return ok;
}

static void
accept_one(const struct listener *l)
{
	int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
	struct job *j = NULL;
	pthread_t thread;

	if (fd < 0)
		return;
	set_timeouts(fd);
	if (take_place()) {
		j = calloc(1, sizeof *j);
		if (j) {
			*j = (struct job){.conn = {.fd = fd}, .door = *l};
			if (pthread_create(&thread, NULL, serve, j) == 0) {
				pthread_detach(thread);
				return;
			}
			free(j);
		}
		pthread_mutex_lock(&g.lock);
		g.busy--;
		pthread_mutex_unlock(&g.lock);
	}
	close(fd);
}

static void
drain(void)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += DRAIN_S;
	pthread_mutex_lock(&g.lock);
	while (g.busy > 0 && pthread_cond_timedwait(&g.changed, &g.lock, &until) == 0)
		continue;
	pthread_mutex_unlock(&g.lock);
}

int
net_run(void)
{
	struct pollfd fds[DOORS_MAX + 1];

	for (int i = 0; i < g.n_doors; i++)
		fds[i] = (struct pollfd){.fd = g.doors[i].fd, .events = POLLIN};
	fds[g.n_doors] = (struct pollfd){.fd = g.signals, .events = POLLIN};
	while (true) {
		if (poll(fds, (nfds_t)g.n_doors + 1, -1) < 0 && errno != EINTR)
			die(strerror(errno), "poll");
		if (fds[g.n_doors].revents)
			break;
		for (int i = 0; i < g.n_doors; i++)
			if (fds[i].revents)
				accept_one(&g.doors[i]);
	}
	for (int i = 0; i < g.n_doors; i++)
		close(g.doors[i].fd);
	drain();
	net_log("stopped");
	return 0;
}

/* ---- calling ---- */

static int
dial(const char *host, const char *port)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	int fd = -1;

	if (getaddrinfo(host, port, &hints, &list) != 0) {
		net_log("%s: the name cannot be resolved", host);
		return -1;
	}
	for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			continue;
		set_timeouts(fd); /* SO_SNDTIMEO bounds connect(), too */
		if (connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(list);
	if (fd < 0)
		net_log("%s:%s: does not accept connections", host, port);
	return fd;
}

bool
net_connect(const char *address, struct conn *c)
{
	char host[256];
	const char *port;

	*c = (struct conn){.fd = -1};
	if (!split_address(address, host, &port)) {
		net_log("%s: is not host:port", address);
		return false;
	}
	c->fd = dial(host, port);
	if (c->fd < 0)
		return false;
	c->ssl = tls_client(host);
	ERR_clear_error();
	if (c->ssl && SSL_set_fd(c->ssl, c->fd) == 1 && SSL_do_handshake(c->ssl) == 1)
		return true;
	net_log("%s: is not the peer it should be: %s", address,
	        c->ssl ? X509_verify_cert_error_string(SSL_get_verify_result(c->ssl))
	               : "no memory");
	net_close(c);
	return false;
}

void
net_close(struct conn *c)
{
	if (c->ssl) {
		ERR_clear_error();
		SSL_shutdown(c->ssl);
		SSL_free(c->ssl);
	}
	if (c->fd >= 0)
		close(c->fd);
	*c = (struct conn){.fd = -1};
}

/* ---- bytes ---- */

static bool
fill(struct conn *c)
{
	ssize_t n;

	ERR_clear_error();
	n = c->ssl ? SSL_read(c->ssl, c->in, sizeof c->in) : read(c->fd, c->in, sizeof c->in);
	c->from = 0;
	c->to = n > 0 ? (size_t)n : 0;
	return n > 0;
}

bool
net_line(struct conn *c, char line[LINE_SIZE])
{
	size_t n = 0;

	while (n < LINE_SIZE - 1) {
		char b;

		if (c->from == c->to && !fill(c))
			return false;
		b = c->in[c->from++];
		if (b == '\n') {
			if (n > 0 && line[n - 1] == '\r')
				n--;
			line[n] = '\0';
			return true;
		}
		/* Nothing here is binary, and a NUL would hide the rest. */
		if (b == '\0')
			return false;
		line[n++] = b;
	}
	return false;
}

bool
net_read(struct conn *c, char *to, size_t n)
{
	while (n > 0) {
		size_t have;

		if (c->from == c->to && !fill(c))
			return false;
		have = c->to - c->from < n ? c->to - c->from : n;
		memcpy(to, c->in + c->from, have);
		c->from += have;
		to += have;
		n -= have;
	}
	return true;
}

bool
net_write(struct conn *c, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t put;

		ERR_clear_error();
		put = c->ssl ? SSL_write(c->ssl, p, n > 16384 ? 16384 : (int)n)
		             : write(c->fd, p, n);
		if (put <= 0)
			return false;
		p += put;
		n -= (size_t)put;
	}
	return true;
}

bool
net_printf(struct conn *c, const char *fmt, ...)
{
	char text[LINE_SIZE];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return n >= 0 && (size_t)n < sizeof text && net_write(c, text, (size_t)n);
}
