/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "transport/server.h"

#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 512 };

/* Splits "host:port" at the last colon; brackets around an IPv6 address fall away. */
static bool
split(const char *address, char *host, size_t host_size, char *port, size_t port_size)
{
	struct bytes a = bytes_str(address);
	size_t colon = SIZE_MAX;
	struct bytes h, p;

	for (size_t i = 0; i < a.n; i++)
		if (a.p[i] == ':')
			colon = i;
	if (colon == SIZE_MAX)
		return false;
	h = bytes_sub(a, 0, colon);
	p = bytes_sub(a, colon + 1, a.n);
	if (h.n >= 2 && h.p[0] == '[' && h.p[h.n - 1] == ']')
		h = bytes_sub(h, 1, h.n - 1);
	return p.n > 0 && snprintf(host, host_size, "%.*s", BYTES_ARG(h)) < (int)host_size &&
	       snprintf(port, port_size, "%.*s", BYTES_ARG(p)) < (int)port_size;
}

static int
bind_one(const struct addrinfo *ai, bool shared)
{
	int one = 1, zero = 0;
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (ai->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
	if ((shared && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) != 0) ||
	    bind(fd, ai->ai_addr, ai->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0)
		fd_close(&fd);
	return fd;
}

status
server_listen(const char *address, bool shared, int *ret, struct err *err)
{
	struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
	                         .ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	char host[64], port[8];
	int fd = -1;

	if (!split(address, host, sizeof host, port, sizeof port) ||
	    getaddrinfo(host[0] ? host : NULL, port, &hints, &list) != 0)
		return err_hint(err,
		                err_set(err, ERR_USAGE, "E-SERVER-002",
		                        "%s is no address to listen on", address),
		                "write IP:PORT, [IPv6]:PORT or :PORT");
	/* IPv6 first: one socket then serves both families. */
	for (int family = 0; family < 2 && fd < 0; family++)
		for (struct addrinfo *ai = list; ai && fd < 0; ai = ai->ai_next)
			if ((ai->ai_family == AF_INET6) == (family == 0))
				fd = bind_one(ai, shared);
	freeaddrinfo(list);
	if (fd < 0)
		return err_set_errno(err, ERR_IO, "E-SERVER-003", "cannot listen on %s", address);
	*ret = fd;
	return OK;
}
