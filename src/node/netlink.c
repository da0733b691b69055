/* SPDX-License-Identifier: Apache-2.0 */
#include "node/netlink.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/rd.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_MAX = 8192, NAME_MAX_SIZE = 16 };

/* A request being built. Netlink is in host order, which is little-endian on all we run on. */
struct request {
	struct buf b;
	const char *what, *name;
};

static void
patch16(struct buf *b, size_t at, size_t v)
{
	if (b->failed)
		return;
	b->p[at] = (uint8_t)v;
	b->p[at + 1] = (uint8_t)(v >> 8);
}

static void
align(struct buf *b)
{
	buf_zeros(b, (4 - b->n % 4) % 4);
}

static void
begin(struct request *r, uint16_t type, uint16_t flags)
{
	buf_le32(&r->b, 0); /* length, set at the end */
	buf_le16(&r->b, type);
	buf_le16(&r->b, (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags));
	buf_le32(&r->b, 1);
	buf_le32(&r->b, 0);
}

static void
put_link(struct buf *b, int index, uint32_t flags, uint32_t change)
{
	buf_u8(b, AF_UNSPEC);
	buf_u8(b, 0);
	buf_le16(b, 0);
	buf_le32(b, (uint32_t)index);
	buf_le32(b, flags);
	buf_le32(b, change);
}

static size_t
open_attr(struct buf *b, uint16_t type)
{
	size_t at = b->n;

	buf_le16(b, 0);
	buf_le16(b, type);
	return at;
}

static void
close_attr(struct buf *b, size_t at)
{
	patch16(b, at, b->n - at);
	align(b);
}

static void
attr(struct buf *b, uint16_t type, struct bytes value)
{
	size_t at = open_attr(b, type);

	buf_bytes(b, value);
	close_attr(b, at);
}

static void
attr_name(struct buf *b, uint16_t type, const char *name)
{
	attr(b, type, bytes_of(name, strlen(name) + 1));
}

static void
attr_u32(struct buf *b, uint16_t type, uint32_t v)
{
	uint8_t raw[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};

	attr(b, type, bytes_of(raw, sizeof raw));
}

static void
attr_ipv4(struct buf *b, uint16_t type, uint32_t v)
{
	uint8_t raw[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};

	attr(b, type, bytes_of(raw, sizeof raw));
}

status
netlink_open(int *ret, struct err *err)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return err_set_errno(err, ERR_IO, "E-NODE-020", "cannot open a netlink socket");
	*ret = fd;
	return OK;
}

/* The kernel's answer: an NLMSG_ERROR with a negated errno, 0 for done. */
static int
answer(int nl)
{
	uint8_t raw[ANSWER_MAX];

	for (;;) {
		ssize_t n = recv(nl, raw, sizeof raw, 0);
		struct rd r;
		uint16_t type;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		r = rd_init(bytes_of(raw, (size_t)n));
		rd_skip(&r, 4);
		type = rd_le16(&r);
		rd_skip(&r, 10);
		if (type == NLMSG_ERROR) {
			int code = (int)(0 - rd_le32(&r));

			return rd_ok(&r) ? code : EPROTO;
		}
	}
}

static status
finish(struct request *r, int nl, int accept, struct err *err)
{
	int code;

	TRY(buf_check(&r->b, err));
	patch16(&r->b, 0, r->b.n);
	if (send(nl, r->b.p, r->b.n, 0) != (ssize_t)r->b.n)
		code = errno;
	else
		code = answer(nl);
	buf_done(&r->b);
	if (code == 0 || code == accept)
		return OK;
	errno = code;
	return err_set_errno(err, ERR_IO, "E-NODE-021", "cannot %s %s", r->what, r->name);
}

/* if_nametoindex() would look in the caller's namespace: ask through the socket. */
static status
index_of(int nl, const char *name, int *ret, struct err *err)
{
	struct request r = {.what = "find", .name = name};
	uint8_t raw[ANSWER_MAX];
	ssize_t n;
	struct rd in;
	uint16_t type;

	begin(&r, RTM_GETLINK, 0);
	/* No acknowledgement: the link itself is the answer. */
	patch16(&r.b, 6, NLM_F_REQUEST);
	put_link(&r.b, 0, 0, 0);
	attr_name(&r.b, IFLA_IFNAME, name);
	TRY(buf_check(&r.b, err));
	patch16(&r.b, 0, r.b.n);
	n = send(nl, r.b.p, r.b.n, 0) == (ssize_t)r.b.n ? recv(nl, raw, sizeof raw, 0) : -1;
	buf_done(&r.b);
	in = rd_init(bytes_of(raw, n > 0 ? (size_t)n : 0));
	rd_skip(&in, 4);
	type = rd_le16(&in);
	rd_skip(&in, 10 + 4);
	*ret = (int)rd_le32(&in);
	if (!rd_ok(&in) || type != RTM_NEWLINK || *ret <= 0)
		return err_set(err, ERR_IO, "E-NODE-021", "there is no network link %s", name);
	return OK;
}

status
netlink_bridge(int nl, const char *name, struct err *err)
{
	struct request r = {.what = "make the bridge", .name = name};
	size_t info;

	begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	put_link(&r.b, 0, IFF_UP, IFF_UP);
	attr_name(&r.b, IFLA_IFNAME, name);
	info = open_attr(&r.b, IFLA_LINKINFO);
	attr_name(&r.b, IFLA_INFO_KIND, "bridge");
	close_attr(&r.b, info);
	return finish(&r, nl, 0, err);
}

status
netlink_veth(int nl, const char *name, const char *bridge, const char *peer_name, int peer_ns,
             struct err *err)
{
	struct request r = {.what = "connect", .name = name};
	size_t info, data, peer;
	int master;

	TRY(index_of(nl, bridge, &master, err));
	begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	put_link(&r.b, 0, IFF_UP, IFF_UP);
	attr_name(&r.b, IFLA_IFNAME, name);
	attr_u32(&r.b, IFLA_MASTER, (uint32_t)master);
	info = open_attr(&r.b, IFLA_LINKINFO);
	attr_name(&r.b, IFLA_INFO_KIND, "veth");
	data = open_attr(&r.b, IFLA_INFO_DATA);
	peer = open_attr(&r.b, VETH_INFO_PEER);
	put_link(&r.b, 0, 0, 0);
	attr_name(&r.b, IFLA_IFNAME, peer_name);
	attr_u32(&r.b, IFLA_NET_NS_FD, (uint32_t)peer_ns);
	close_attr(&r.b, peer);
	close_attr(&r.b, data);
	close_attr(&r.b, info);
	return finish(&r, nl, 0, err);
}

status
netlink_up(int nl, const char *name, struct err *err)
{
	struct request r = {.what = "bring up", .name = name};
	int index;

	TRY(index_of(nl, name, &index, err));
	begin(&r, RTM_NEWLINK, 0);
	put_link(&r.b, index, IFF_UP, IFF_UP);
	return finish(&r, nl, 0, err);
}

status
netlink_address(int nl, const char *name, uint32_t address, unsigned int prefix, struct err *err)
{
	struct request r = {.what = "give an address to", .name = name};
	int index;

	TRY(index_of(nl, name, &index, err));
	begin(&r, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	buf_u8(&r.b, AF_INET);
	buf_u8(&r.b, (uint8_t)prefix);
	buf_u8(&r.b, 0);
	buf_u8(&r.b, 0);
	buf_le32(&r.b, (uint32_t)index);
	attr_ipv4(&r.b, IFA_LOCAL, address);
	attr_ipv4(&r.b, IFA_ADDRESS, address);
	return finish(&r, nl, EEXIST, err);
}

status
netlink_default_route(int nl, uint32_t gateway, struct err *err)
{
	struct request r = {.what = "route to", .name = "the gateway"};

	begin(&r, RTM_NEWROUTE, NLM_F_CREATE);
	buf_u8(&r.b, AF_INET);
	buf_zeros(&r.b, 3);
	buf_u8(&r.b, RT_TABLE_MAIN);
	buf_u8(&r.b, RTPROT_BOOT);
	buf_u8(&r.b, RT_SCOPE_UNIVERSE);
	buf_u8(&r.b, RTN_UNICAST);
	buf_le32(&r.b, 0);
	attr_ipv4(&r.b, RTA_GATEWAY, gateway);
	return finish(&r, nl, 0, err);
}

status
netlink_delete(int nl, const char *name, struct err *err)
{
	struct request r = {.what = "remove", .name = name};
	int index;

	TRY(index_of(nl, name, &index, err));
	begin(&r, RTM_DELLINK, 0);
	put_link(&r.b, index, 0, 0);
	return finish(&r, nl, ENODEV, err);
}
