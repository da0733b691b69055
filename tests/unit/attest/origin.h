/* SPDX-License-Identifier: Apache-2.0 */
/*
 * origin.h: a web server of the tests' own on loopback that says exactly what
 * a table tells it, also what no honest server says.
 */
#ifndef TESTS_UNIT_ATTEST_ORIGIN_H
#define TESTS_UNIT_ATTEST_ORIGIN_H

#include "unit.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ORIGIN_HITS = 16, ORIGIN_TARGET = 300 };

/* One answer: `head` without the empty line, then the body; Content-Length is added unless told. */
struct reply {
	const char *head;
	struct bytes body;
	bool no_length;  /* the head says it, or nothing does */
	bool hangs;      /* after all of that nothing more comes, and the connection stays */
	size_t repeated; /* the body so many times more */
};

struct origin {
	const struct reply *replies;
	size_t n;
	int fd;
	char url[64];
	pthread_t thread;
	pthread_mutex_t lock;
	size_t hits; /* requests */
	char targets[ORIGIN_HITS][ORIGIN_TARGET];
};

static inline void
origin_send(int fd, struct bytes b)
{
	while (b.n > 0) {
		ssize_t n = send(fd, b.p, b.n, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		b = bytes_sub(b, (size_t)n, b.n);
	}
}

static inline bool
origin_read_head(int fd, char *to, size_t size)
{
	size_t n = 0;

	while (n + 1 < size) {
		ssize_t got = recv(fd, to + n, size - 1 - n, 0);

		if (got <= 0)
			return false;
		n += (size_t)got;
		to[n] = '\0';
		if (strstr(to, "\r\n\r\n"))
			return true;
	}
	return false;
}

static inline void
origin_answer(struct origin *o, int fd)
{
	static const struct reply beyond = {.head = "HTTP/1.1 500 beyond the table"};
	CLEANUP(buf_done) struct buf head = {0};
	const struct reply *r = &beyond;
	char request[4096];

	if (!origin_read_head(fd, request, sizeof request))
		return;
	pthread_mutex_lock(&o->lock);
	if (o->hits < o->n)
		r = &o->replies[o->hits];
	if (o->hits < ORIGIN_HITS)
		(void)sscanf(request, "%*s %299s", o->targets[o->hits]);
	o->hits++;
	pthread_mutex_unlock(&o->lock);
	buf_printf(&head, "%s\r\nConnection: close\r\n", r->head);
	if (!r->no_length)
		buf_printf(&head, "Content-Length: %zu\r\n", r->body.n * (r->repeated + 1));
	buf_str(&head, "\r\n");
	origin_send(fd, buf_view(&head));
	for (size_t i = 0; i <= r->repeated; i++)
		origin_send(fd, r->body);
	if (r->hangs) {
		struct pollfd p = {.fd = fd, .events = POLLIN};

		(void)poll(&p, 1, 20000); /* until the client has had enough */
	}
}

static inline void *
origin_serve(void *arg)
{
	struct origin *o = arg;
	int fd;

	while ((fd = accept(o->fd, NULL, NULL)) >= 0) {
		origin_answer(o, fd);
		close(fd);
	}
	return NULL;
}

/* `replies` are borrowed until origin_stop(). */
static inline void
origin_start(struct origin *o, const struct reply *replies, size_t n)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof a;

	*o = (struct origin){.replies = replies, .n = n};
	pthread_mutex_init(&o->lock, NULL);
	o->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(o->fd, (struct sockaddr *)(void *)&a, sizeof a), 0);
	assert_int_equal(listen(o->fd, 16), 0);
	assert_int_equal(getsockname(o->fd, (struct sockaddr *)(void *)&a, &size), 0);
	snprintf(o->url, sizeof o->url, "http://127.0.0.1:%u", ntohs(a.sin_port));
	assert_int_equal(pthread_create(&o->thread, NULL, origin_serve, o), 0);
}

static inline void
origin_stop(struct origin *o)
{
	shutdown(o->fd, SHUT_RDWR);
	pthread_join(o->thread, NULL);
	close(o->fd);
	pthread_mutex_destroy(&o->lock);
}

#endif
