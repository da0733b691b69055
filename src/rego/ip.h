/* SPDX-License-Identifier: Apache-2.0 */
/* ip.h: IP addresses and networks as Go's package reads and shows them. */
#ifndef REGO_IP_H
#define REGO_IP_H

#include "base/buf.h"

/* IPv4 as IPv4-mapped IPv6. */
typedef unsigned __int128 ip_number;

struct ip {
	ip_number n;
	bool v4;
};

struct network {
	struct ip shown; /* as it prints; not masked when a bare address stood for its class */
	ip_number first, last;
	unsigned int bits; /* of the prefix, within the family */
	bool v4;
};

bool ip_parse(struct bytes text, struct ip *ret);
/* "address/bits". */
bool network_parse(struct bytes text, struct network *ret);
/* The network of `bits` (within the family) around an address. */
struct network network_of(struct ip ip, unsigned int bits);

static inline bool
network_has(const struct network *net, struct ip ip)
{
	return net->v4 == ip.v4 && net->first <= ip.n && ip.n <= net->last;
}

void ip_show(struct ip ip, struct buf *out);
void network_show(const struct network *net, struct buf *out);

#endif
