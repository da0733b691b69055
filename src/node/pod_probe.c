/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Startup, readiness and liveness probes (Kubernetes core/v1 Probe). Kubelet
 * asks from outside the pod; the runner asks the pod's own address from
 * inside, so the answer does not depend on what stands in front of the pod.
 */
#include "node/pod_state.h"

#include "base/clock.h"
#include "base/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	HTTP_REQUEST_MAX = 4096,
	HTTP_HEAD = 12, /* "HTTP/1.1 200" */
	FIRST_MS = 50,
	HURRY_MS = 250,
	HURRY_EXEC_MS = 1000, /* each is a process */
};
static const uint64_t second_ns = 1000000000;

static void next_round(struct prober *r, uint64_t ms);

static void
drop_socket(struct prober *r)
{
	if (r->socket)
		event_free(r->socket);
	r->socket = NULL;
	fd_close(&r->fd);
}

/*
 * Does this failure count? Kubernetes counts one a period; who hurries asks in
 * between, too, and those are for a quick start alone.
 */
static bool
counts(struct prober *r)
{
	uint64_t now = clock_mono_ns();

	if (r->hurry && r->counted_ns && now - r->counted_ns < r->probe->period * second_ns)
		return false;
	r->counted_ns = now;
	return true;
}

static void
round_over(struct prober *r, bool success)
{
	bool counted = success || counts(r);

	drop_socket(r);
	if (r->exec > 0)
		kill(r->exec, SIGKILL);
	r->exec = 0;
	r->busy = false;
	r->good = success ? r->good + 1 : 0;
	r->bad = success ? 0 : r->bad + counted;
	if (success)
		r->hurry = false;
	if (r->hurry)
		next_round(r, r->probe->kind == PROBE_EXEC ? HURRY_EXEC_MS : HURRY_MS);
	else
		next_round(r, (uint64_t)r->probe->period * 1000);
	if (counted && (success ? r->good == r->probe->successes : r->bad == r->probe->failures))
		r->done(r, success);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct prober *r = arg;
	uint8_t head[HTTP_HEAD];
	ssize_t n = recv(fd, head, sizeof head, 0);
	struct bytes got = bytes_of(head, n > 0 ? (size_t)n : 0);

	(void)what;
	round_over(r, got.n == HTTP_HEAD && bytes_starts(got, BYTES("HTTP/1.")) &&
	                      (head[9] == '2' || head[9] == '3'));
}

static bool
send_request(struct prober *r)
{
	char text[HTTP_REQUEST_MAX], host[16];
	struct bytes path = r->probe->path;
	int n = snprintf(text, sizeof text,
	                 "GET %s%.*s HTTP/1.1\r\nHost: %s:%u\r\nUser-Agent: kube-probe/contrast\r\n"
	                 "Accept: */*\r\nConnection: close\r\n\r\n",
	                 path.n && path.p[0] == '/' ? "" : "/", BYTES_ARG(path),
	                 ipv4_cstr(r->pod->spec.address, host), r->probe->port);

	return n > 0 && n < (int)sizeof text && send(r->fd, text, (size_t)n, MSG_NOSIGNAL) == n;
}

static void
on_connected(evutil_socket_t fd, short what, void *arg)
{
	struct prober *r = arg;
	int code = 0;
	socklen_t n = sizeof code;

	(void)what;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &n) != 0 || code != 0) {
		round_over(r, false);
		return;
	}
	if (r->probe->kind == PROBE_TCP) {
		round_over(r, true);
		return;
	}
	event_free(r->socket);
	r->socket = event_new(r->pod->base, fd, EV_READ, on_readable, r);
	if (!send_request(r) || !r->socket || event_add(r->socket, NULL) != 0)
		round_over(r, false);
}

static bool
start_socket(struct prober *r)
{
	const struct sockaddr_in to = {
	        .sin_family = AF_INET,
	        .sin_port = htons(r->probe->port),
	        .sin_addr.s_addr = htonl(r->pod->spec.address),
	};

	r->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (r->fd < 0)
		return false;
	if (connect(r->fd, (const struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)
		return false;
	r->socket = event_new(r->pod->base, r->fd, EV_WRITE, on_connected, r);
	return r->socket && event_add(r->socket, NULL) == 0;
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct prober *r = arg;
	const struct timeval deadline = {.tv_sec = r->probe->timeout};
	bool started;

	(void)fd;
	(void)what;
	if (r->busy) {
		round_over(r, false); /* no answer in time */
		return;
	}
	r->busy = true;
	evtimer_add(r->timer, &deadline);
	if (r->probe->kind == PROBE_EXEC)
		started = is_ok(container_exec(&r->pod->runner, r->ctr->id, r->probe->command.items,
		                               r->probe->command.n, &r->exec, NULL));
	else
		started = start_socket(r);
	if (!started)
		round_over(r, false);
}

static void
next_round(struct prober *r, uint64_t ms)
{
	const struct timeval wait = {.tv_sec = (time_t)(ms / 1000),
	                             .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	evtimer_add(r->timer, &wait);
}

void
prober_start(struct prober *r, struct ctr *c, const struct pod_probe *probe, bool hurry,
             void (*done)(struct prober *r, bool success))
{
	prober_stop(r);
	*r = (struct prober){
	        .pod = c->pod, .ctr = c, .probe = probe, .fd = -1, .done = done, .hurry = hurry};
	r->timer = evtimer_new(c->pod->base, on_timer, r);
	next_round(r, probe->delay ? (uint64_t)probe->delay * 1000 : FIRST_MS);
}

void
prober_stop(struct prober *r)
{
	if (!r->timer)
		return;
	event_free(r->timer);
	r->timer = NULL;
	drop_socket(r);
	if (r->exec > 0)
		kill(r->exec, SIGKILL);
	r->exec = 0;
}

bool
prober_reaped(struct prober *r, pid_t pid, int code)
{
	if (!r->timer || r->exec <= 0 || r->exec != pid)
		return false;
	r->exec = 0;
	round_over(r, code == 0);
	return true;
}
