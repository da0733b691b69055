/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net.h: the network that the pods of one deployment share: a bridge in a
 * network namespace that has no name, so it is gone when the last process in
 * it is. One process (netd) lives there: it answers DNS for Service and pod
 * names, gives every Service an address of its own, and passes TCP connections
 * on to the ready pods behind it, byte by byte, never looking inside. The same
 * process listens on loopback of the host for the ports that people outside
 * may reach.
 */
#ifndef NODE_NET_H
#define NODE_NET_H

#include "base/bytes.h"
#include "base/status.h"

#include <sys/types.h>

enum {
	NET_MAX_PODS = 512,
	NET_MAX_NAMES = 8192,
	NET_MAX_PORTS = 1024,
	NET_PREFIX = 16,
};

/* An answer of DNS: a fixed address, or that of a pod while it is ready. */
struct net_name {
	struct bytes name; /* "cart.shop.svc.cluster.local", lower case, no dot at the end */
	uint32_t address;  /* host order */
	int pod;           /* -1: always; else only while that pod is ready */
};

struct net_target {
	int pod;
	uint32_t address;
	uint16_t port;
};

/* One TCP port of a Service. */
struct net_port {
	uint32_t address; /* the Service's own; 0: none (headless), only for forwards */
	uint16_t port;
	bool any_state; /* publishNotReadyAddresses */
	struct net_target *targets;
	size_t n_targets;
	bool forward;       /* also on the host's loopback */
	uint16_t host_port; /* wanted; 0 or taken: the kernel chooses. After net_start: the real one
	                     */
};

struct net_plan {
	uint32_t gateway;
	struct net_name *names;
	size_t n_names;
	struct net_port *ports;
	size_t n_ports;
};

struct net {
	int ns;      /* the bridge's namespace */
	int netlink; /* in it */
	int control; /* to netd */
	pid_t netd;
};

extern const char net_bridge[];

/*
 * Makes namespace and bridge and starts netd; fills host_port of forwarded
 * ports. The plan must live as long as the net. ERR_IO E-NODE-060...
 */
status net_start(struct net_plan *plan, struct net *ret, struct err *err);
/* netd's view of a pod. */
void net_pod_ready(const struct net *n, int pod, bool running, bool ready);
void net_stop(struct net *n);

/* ---- netd's parts (net_dns.c, net_relay.c) ---- */
struct event_base;
struct net_state {
	struct event_base *base;
	const struct net_plan *plan;
	bool running[NET_MAX_PODS];
	bool ready[NET_MAX_PODS];
};
/* Answers A questions on gateway:53. */
status net_dns_serve(struct net_state *s, struct err *err);
/* Takes connections of a listening socket and passes them to a target of the port. */
status net_relay_serve(struct net_state *s, const struct net_port *port, int listener,
                       struct err *err);

#endif
