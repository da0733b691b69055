/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/ip.h"

#include "base/text.h"

#define V4_PREFIX ((ip_number)0xffff << 32)

static bool
parse_v4(struct bytes t, uint32_t *ret)
{
	uint32_t v = 0;
	size_t at = 0;

	for (int i = 0; i < 4; i++) {
		size_t end = i == 3 ? t.n : bytes_find_byte(t, '.', at);
		uint64_t part;

		if (end == SIZE_MAX || !text_u64(bytes_sub(t, at, end), 255, &part))
			return false;
		v = v << 8 | (uint32_t)part;
		at = end + 1;
	}
	*ret = v;
	return true;
}

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Groups of an IPv6 address up to the end or a double colon. */
struct groups {
	uint16_t v[8];
	size_t n;
};

static bool
parse_groups(struct bytes t, struct groups *g)
{
	size_t at = 0;

	while (at < t.n) {
		size_t end = bytes_find_byte(t, ':', at), digits;
		struct bytes part = bytes_sub(t, at, end);
		uint32_t v4, v = 0;

		if (end == SIZE_MAX && bytes_find_byte(part, '.', 0) != SIZE_MAX) {
			if (g->n > 6 || !parse_v4(part, &v4))
				return false;
			g->v[g->n++] = (uint16_t)(v4 >> 16);
			g->v[g->n++] = (uint16_t)v4;
			return true;
		}
		for (digits = 0; digits < part.n; digits++) {
			int d = hex_digit(part.p[digits]);

			if (d < 0 || digits == 4)
				return false;
			v = v << 4 | (uint32_t)d;
		}
		if (digits == 0 || g->n == 8)
			return false;
		g->v[g->n++] = (uint16_t)v;
		if (end == SIZE_MAX)
			return true;
		at = end + 1;
		if (at == t.n)
			return false; /* ends in a single colon */
	}
	return true;
}

static bool
parse_v6(struct bytes t, ip_number *ret)
{
	size_t gap = bytes_find(t, BYTES("::"), 0);
	struct groups head = {.n = 0}, tail = {.n = 0};
	uint16_t all[8] = {0};

	if (!parse_groups(bytes_sub(t, 0, gap), &head))
		return false;
	if (gap != SIZE_MAX && !parse_groups(bytes_sub(t, gap + 2, t.n), &tail))
		return false;
	if (gap == SIZE_MAX ? head.n != 8 : head.n + tail.n > 7)
		return false;
	for (size_t i = 0; i < head.n; i++)
		all[i] = head.v[i];
	for (size_t i = 0; i < tail.n; i++)
		all[8 - tail.n + i] = tail.v[i];
	*ret = 0;
	for (size_t i = 0; i < 8; i++)
		*ret = *ret << 16 | all[i];
	return true;
}

bool
ip_parse(struct bytes text, struct ip *ret)
{
	uint32_t v4;

	if (bytes_find_byte(text, ':', 0) == SIZE_MAX) {
		if (!parse_v4(text, &v4))
			return false;
		*ret = (struct ip){V4_PREFIX | v4, true};
		return true;
	}
	if (!parse_v6(text, &ret->n))
		return false;
	ret->v4 = ret->n >> 32 == V4_PREFIX >> 32;
	return true;
}

struct network
network_of(struct ip ip, unsigned int bits)
{
	unsigned int host = (ip.v4 ? 32 : 128) - bits;
	ip_number mask = host == 128 ? ~(ip_number)0 : ((ip_number)1 << host) - 1;
	struct network net = {.first = ip.n & ~mask,
	                      .last = ip.n | mask,
	                      .bits = bits,
	                      .v4 = ip.v4};

	net.shown = (struct ip){net.first, ip.v4};
	return net;
}

/* Decimal; here, unlike in an address, zeros may stand in front. */
static bool
parse_prefix(struct bytes t, unsigned int max, uint64_t *ret)
{
	while (t.n > 1 && t.p[0] == '0')
		t = bytes_sub(t, 1, t.n);
	return text_u64(t, max, ret);
}

bool
network_parse(struct bytes text, struct network *ret)
{
	size_t slash = bytes_find_byte(text, '/', 0);
	bool colon = bytes_find_byte(text, ':', 0) != SIZE_MAX;
	struct ip ip;
	uint64_t bits;

	if (slash == SIZE_MAX || !ip_parse(bytes_sub(text, 0, slash), &ip) ||
	    !parse_prefix(bytes_sub(text, slash + 1, text.n), colon ? 128 : 32, &bits))
		return false;
	if (ip.v4 && colon) {
		/* IPv4-mapped: the part of the mask that is inside counts. */
		if (bits < 96)
			ip.v4 = false;
		else
			bits -= 96;
	}
	*ret = network_of(ip, (unsigned int)bits);
	return true;
}

void
ip_show(struct ip ip, struct buf *out)
{
	unsigned int best = 8, best_n = 1;
	uint16_t g[8];

	if (ip.v4 || ip.n >> 32 == V4_PREFIX >> 32) {
		buf_printf(out, "%u.%u.%u.%u", (unsigned int)(ip.n >> 24 & 255),
		           (unsigned int)(ip.n >> 16 & 255), (unsigned int)(ip.n >> 8 & 255),
		           (unsigned int)(ip.n & 255));
		return;
	}
	for (unsigned int i = 0; i < 8; i++)
		g[i] = (uint16_t)(ip.n >> (112 - 16 * i));
	/* The first of the longest runs of two zero groups or more. */
	for (unsigned int i = 0; i < 8; i++) {
		unsigned int n = 0;

		while (i + n < 8 && g[i + n] == 0)
			n++;
		if (n > best_n) {
			best = i;
			best_n = n;
		}
	}
	for (unsigned int i = 0; i < 8; i++) {
		if (i == best) {
			buf_str(out, "::");
			i += best_n - 1;
			continue;
		}
		buf_printf(out, i > 0 && i != best + best_n ? ":%x" : "%x", g[i]);
	}
}

void
network_show(const struct network *net, struct buf *out)
{
	ip_show(net->shown, out);
	buf_printf(out, "/%u", net->bits);
}
