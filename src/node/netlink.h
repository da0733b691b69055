/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netlink.h: the few rtnetlink requests that pods' networks need (RFC 3549,
 * linux/rtnetlink.h). A socket works in the network namespace where it was
 * opened, whatever namespace the caller is in later.
 */
#ifndef NODE_NETLINK_H
#define NODE_NETLINK_H

#include "base/status.h"

/* ERR_IO E-NODE-020. The caller closes *ret. */
status netlink_open(int *ret, struct err *err);

/* Every request waits for the kernel's answer; ERR_IO E-NODE-021 names what was asked. */
status netlink_bridge(int nl, const char *name, struct err *err);
/*
 * A pair: `name` here, enslaved to the bridge, and `peer_name` in the network
 * namespace behind `peer_ns`. It goes away with either namespace.
 */
status netlink_veth(int nl, const char *name, const char *bridge, const char *peer_name,
                    int peer_ns, struct err *err);
status netlink_up(int nl, const char *name, struct err *err);
/* IPv4 in host order. An address that is there already is fine. */
status netlink_address(int nl, const char *name, uint32_t address, unsigned int prefix,
                       struct err *err);
status netlink_default_route(int nl, uint32_t gateway, struct err *err);
status netlink_delete(int nl, const char *name, struct err *err);

#endif
