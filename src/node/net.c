/* SPDX-License-Identifier: Apache-2.0 */
#include "node/net.h"

#include "base/file.h"
#include "base/log.h"
#include "base/rd.h"
#include "node/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

const char net_bridge[] = "pods";

enum {
	BACKLOG = 512,
	STATE_SIZE = 4, /* pod u16, running u8, ready u8 */
	PRIVILEGED_PORTS = 1024,
	PORT_SHIFT = 8000,
	NOBODY = 65534,
};

/* ---- namespace and bridge ---- */

static status
make_bridge(const struct net_plan *plan, struct net *n, struct err *err)
{
	TRY(netlink_open(&n->netlink, err));
	TRY(netlink_up(n->netlink, "lo", err));
	TRY(netlink_bridge(n->netlink, net_bridge, err));
	TRY(netlink_address(n->netlink, net_bridge, plan->gateway, NET_PREFIX, err));
	for (size_t i = 0; i < plan->n_ports; i++) {
		if (plan->ports[i].address)
			TRY(netlink_address(n->netlink, net_bridge, plan->ports[i].address, 32,
			                    err));
	}
	return OK;
}

/* A namespace without a name: our descriptors and the processes inside are all that holds it. */
static status
make_namespace(const struct net_plan *plan, struct net *n, struct err *err)
{
	CLEANUP(fd_close) int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	status s = OK;

	if (home < 0 || unshare(CLONE_NEWNET) != 0)
		return err_set_errno(err, ERR_IO, "E-NODE-060",
		                     "cannot make the pods' network namespace");
	n->ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (n->ns < 0)
		s = err_set_errno(err, ERR_IO, "E-NODE-060", "cannot open the pods' namespace");
	else
		s = make_bridge(plan, n, err);
	if (setns(home, CLONE_NEWNET) != 0 && is_ok(s))
		s = err_set_errno(err, ERR_IO, "E-NODE-060", "cannot return to the host's network");
	return s;
}

/* ---- netd ---- */

static int
listen_on(uint32_t address, uint16_t port)
{
	const struct sockaddr_in at = {
	        .sin_family = AF_INET,
	        .sin_port = htons(port),
	        .sin_addr.s_addr = htonl(address),
	};
	const int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (const struct sockaddr *)&at, sizeof at) == 0 && listen(fd, BACKLOG) == 0)
		return fd;
	close(fd);
	return -1;
}

/* A port of the host's loopback: the wanted one if it is free, else any. */
static status
forward(struct net_state *s, struct net_port *p, struct err *err)
{
	struct sockaddr_in at;
	socklen_t n = sizeof at;
	uint16_t wanted = p->host_port;
	int fd;

	if (wanted < PRIVILEGED_PORTS)
		wanted = (uint16_t)(wanted + PORT_SHIFT);
	fd = listen_on(INADDR_LOOPBACK, wanted);
	if (fd < 0)
		fd = listen_on(INADDR_LOOPBACK, 0);
	if (fd < 0 || getsockname(fd, (struct sockaddr *)&at, &n) != 0)
		return err_set_errno(err, ERR_IO, "E-NODE-062", "cannot listen on loopback");
	p->host_port = ntohs(at.sin_port);
	return net_relay_serve(s, p, fd, err);
}

static status
serve_all(struct net_state *s, struct net_plan *plan, const struct net *n, struct err *err)
{
	for (size_t i = 0; i < plan->n_ports; i++) {
		if (plan->ports[i].forward)
			TRY(forward(s, &plan->ports[i], err));
	}
	/* The loopback listeners stay the host's; every socket from here on is the pods'. */
	if (setns(n->ns, CLONE_NEWNET) != 0)
		return err_set_errno(err, ERR_IO, "E-NODE-060", "cannot enter the pods' network");
	TRY(net_dns_serve(s, err));
	for (size_t i = 0; i < plan->n_ports; i++) {
		const struct net_port *p = &plan->ports[i];
		int fd;

		if (!p->address)
			continue;
		fd = listen_on(p->address, p->port);
		if (fd < 0)
			return err_set_errno(err, ERR_IO, "E-NODE-062",
			                     "cannot listen on port %u of a Service", p->port);
		TRY(net_relay_serve(s, p, fd, err));
	}
	return OK;
}

static void
on_control(evutil_socket_t fd, short what, void *arg)
{
	struct net_state *s = arg;
	uint8_t raw[STATE_SIZE];
	ssize_t n = recv(fd, raw, sizeof raw, 0);
	struct rd r = rd_init(bytes_of(raw, n > 0 ? (size_t)n : 0));
	uint16_t pod = rd_be16(&r);

	(void)what;
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0)
		_exit(0); /* the node is gone */
	if (rd_left(&r) != 2 || pod >= NET_MAX_PODS)
		return;
	s->running[pod] = rd_u8(&r) != 0;
	s->ready[pod] = rd_u8(&r) != 0;
}

/* First message to the node: an error, or the host ports. */
static void
tell_start(int control, const struct net_plan *plan, const struct err *err)
{
	CLEANUP(buf_done) struct buf b = {0};

	buf_u8(&b, err != NULL);
	if (err)
		buf_str(&b, err->msg);
	for (size_t i = 0; !err && i < plan->n_ports; i++)
		buf_be16(&b, plan->ports[i].host_port);
	(void)!send(control, b.p, b.n, MSG_NOSIGNAL);
}

/* All sockets are open: what is left to do needs no rights. A change of users clears the death
 * signal. */
static status
drop_privileges(struct err *err)
{
	if (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_set_errno(err, ERR_IO, "E-NODE-060", "cannot give up privileges");
	return OK;
}

static void NORETURN
run_netd(struct net_plan *plan, const struct net *n, int control)
{
	static struct net_state state;
	struct err err = {0};
	struct event *ev;

	prctl(PR_SET_NAME, "contrast-net");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, SIG_IGN); /* of a terminal's group: the node ends us */
	signal(SIGINT, SIG_IGN);
	state.plan = plan;
	state.base = event_base_new();
	if (!state.base || !is_ok(serve_all(&state, plan, n, &err)) ||
	    !is_ok(drop_privileges(&err))) {
		tell_start(control, plan, &err);
		_exit(1);
	}
	tell_start(control, plan, NULL);
	ev = event_new(state.base, control, EV_READ | EV_PERSIST, on_control, &state);
	if (!ev || event_add(ev, NULL) != 0)
		_exit(1);
	event_base_dispatch(state.base);
	_exit(1);
}

/* ---- the node's side ---- */

static status
hear_start(struct net *n, struct net_plan *plan, struct err *err)
{
	uint8_t raw[1 + 2 * NET_MAX_PORTS];
	ssize_t got = recv(n->control, raw, sizeof raw, 0);
	struct rd r = rd_init(bytes_of(raw, got > 0 ? (size_t)got : 0));

	if (rd_u8(&r) != 0) {
		struct bytes why = rd_bytes(&r, rd_left(&r));

		return err_set(err, ERR_IO, "E-NODE-060", "%.*s", BYTES_ARG(why));
	}
	for (size_t i = 0; i < plan->n_ports; i++)
		plan->ports[i].host_port = rd_be16(&r);
	if (!rd_done(&r))
		return err_set(err, ERR_IO, "E-NODE-060", "the pods' network does not come up");
	return OK;
}

status
net_start(struct net_plan *plan, struct net *ret, struct err *err)
{
	int pair[2];

	*ret = (struct net){.ns = -1, .netlink = -1, .control = -1};
	if (plan->n_ports > NET_MAX_PORTS || plan->n_names > NET_MAX_NAMES)
		return err_set(err, ERR_LIMIT, "E-NODE-063", "too many Services or names");
	TRY(make_namespace(plan, ret, err));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return err_set_errno(err, ERR_IO, "E-NODE-060", "cannot make a socket pair");
	ret->control = pair[0];
	ret->netd = fork();
	if (ret->netd < 0) {
		close(pair[1]);
		return err_set_errno(err, ERR_IO, "E-NODE-060", "cannot start a process");
	}
	if (ret->netd == 0) {
		close(pair[0]);
		run_netd(plan, ret, pair[1]);
	}
	close(pair[1]);
	return hear_start(ret, plan, err);
}

void
net_pod_ready(const struct net *n, int pod, bool running, bool ready)
{
	const uint8_t raw[STATE_SIZE] = {(uint8_t)(pod >> 8), (uint8_t)pod, running, ready};

	(void)!send(n->control, raw, sizeof raw, MSG_NOSIGNAL);
}

void
net_stop(struct net *n)
{
	int st;

	if (n->netd > 0) {
		kill(n->netd, SIGKILL);
		while (waitpid(n->netd, &st, 0) < 0 && errno == EINTR)
			continue;
	}
	fd_close(&n->control);
	fd_close(&n->netlink);
	fd_close(&n->ns);
	n->netd = 0;
}
