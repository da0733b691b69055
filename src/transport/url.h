/* SPDX-License-Identifier: Apache-2.0 */
/*
 * url.h: absolute http and https URLs (the part of RFC 3986 that registries,
 * key servers and API servers use), and redirect targets against them. Strict:
 * printable ASCII, no user information; a fragment is dropped.
 */
#ifndef TRANSPORT_URL_H
#define TRANSPORT_URL_H

#include "base/buf.h"

enum {
	URL_MAX = 8192,
	URL_HOST_MAX = 253,
};

struct url {
	bool https;
	bool ipv6;         /* the host was in brackets */
	struct bytes host; /* borrowed, without brackets */
	uint16_t port;     /* the scheme's default when not given */
	bool port_given;
	struct bytes target; /* borrowed: path and query, maybe empty; starts with '/' or '?' */
};

/* ERR_PARSE "E-TRANSPORT-001", place empty. `ret` borrows from `text`. */
status url_parse(struct bytes text, struct url *ret, struct err *err);

/* Append what a Location header means when it answers a request to `base`; same errors. */
status url_resolve(const struct url *base, struct bytes location, struct buf *out, struct err *err);

/* Append scheme://host[:port] without target. */
void url_origin(const struct url *u, struct buf *out);

/* Same scheme, host (ASCII case ignored) and port: who may see the same credentials. */
bool url_same_origin(const struct url *a, const struct url *b);

/* localhost, 127.0.0.0/8 or ::1 written as such: never looked up elsewhere. */
bool url_is_loopback(struct bytes host);

/* Append `text` percent-encoded for a query value (RFC 3986 unreserved kept). */
void url_escape(struct bytes text, struct buf *out);

#endif
