/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/stream.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

uint64_t
stream_deadline(unsigned int ms)
{
	return clock_mono_ns() + (uint64_t)ms * 1000000;
}

static bool
wait_ready(int fd, short events, uint64_t deadline)
{
	for (;;) {
		uint64_t now = clock_mono_ns();
		struct pollfd p = {.fd = fd, .events = events};
		int rc;

		if (now >= deadline) {
			errno = ETIMEDOUT;
			return false;
		}
		rc = poll(&p, 1, (int)((deadline - now) / 1000000 + 1));
		if (rc > 0)
			return true;
		if (rc < 0 && errno != EINTR)
			return false;
	}
}

static bool
passes(int error)
{
	return error == EINTR || error == EAGAIN;
}

bool
stream_send(int fd, struct bytes data, uint64_t deadline)
{
	while (data.n > 0) {
		ssize_t put;

		if (!wait_ready(fd, POLLOUT, deadline))
			return false;
		put = send(fd, data.p, data.n, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (put < 0 && !passes(errno))
			return false;
		if (put > 0)
			data = bytes_sub(data, (size_t)put, data.n);
	}
	return true;
}

bool
stream_receive(int fd, size_t most, uint64_t deadline, struct buf *in)
{
	ssize_t got;

	if (!buf_reserve(in, most)) {
		errno = ENOMEM;
		return false;
	}
	do {
		if (!wait_ready(fd, POLLIN, deadline))
			return false;
		got = recv(fd, in->p + in->n, most, MSG_DONTWAIT);
	} while (got < 0 && passes(errno));
	if (got == 0)
		errno = EPIPE;
	if (got <= 0)
		return false;
	in->n += (size_t)got;
	return true;
}
