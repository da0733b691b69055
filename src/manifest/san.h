/* SPDX-License-Identifier: Apache-2.0 */
/*
 * san.h: syntax of subject alternative names (PROTOCOL section 8): IP
 * address, URI (RFC 3986 with an authority, as SPIFFE ids are) or DNS name
 * (RFC 1123, a wildcard as whole first label).
 */
#ifndef MANIFEST_SAN_H
#define MANIFEST_SAN_H

#include "base/bytes.h"
#include "base/status.h"

enum san_kind { SAN_INVALID, SAN_DNS, SAN_IP, SAN_URI };

struct san {
	enum san_kind kind;
	uint8_t ip[16];
	size_t ip_n;     /* 4 or 16 for SAN_IP */
	const char *why; /* what is wrong, for SAN_INVALID */
};
struct san san_classify(struct bytes text);

/* Is the DNS name equal to or below the permitted one (RFC 5280 section 4.2.1.10)? ASCII case is
 * ignored. */
bool san_within(struct bytes name, struct bytes permitted);

#endif
