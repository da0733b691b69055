/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/url.h"

#include "base/text.h"

static status
bad(struct err *err, const char *what)
{
	return err_set(err, ERR_PARSE, "E-TRANSPORT-001", "%s", what);
}

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool
equal_ignoring_case(struct bytes a, struct bytes b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

static bool
is_alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z');
}

/* Characters that a URL may hold at all; the rest must be percent-encoded. */
static bool
is_url_char(uint8_t c)
{
	return c > 0x20 && c < 0x7f && c != '"' && c != '<' && c != '>' && c != '\\' && c != '^' &&
	       c != '`' && c != '{' && c != '|' && c != '}';
}

static bool
host_ok(struct bytes host, bool ipv6)
{
	if (host.n == 0 || host.n > URL_HOST_MAX)
		return false;
	for (size_t i = 0; i < host.n; i++) {
		uint8_t c = host.p[i];
		bool ok = ipv6 ? (c == ':' || c == '.' || (c >= '0' && c <= '9') ||
		                  (lower(c) >= 'a' && lower(c) <= 'f'))
		               : (is_alnum(c) || c == '-' || c == '.' || c == '_');

		if (!ok)
			return false;
	}
	return host.p[0] != '.' && host.p[0] != '-';
}

/* host[:port] or [ipv6][:port] */
static status
parse_authority(struct bytes a, struct url *ret, struct err *err)
{
	struct bytes port = {NULL, 0};
	bool colon = false;
	uint64_t number;

	if (a.n > 0 && a.p[0] == '[') {
		size_t end = bytes_find_byte(a, ']', 1);

		if (end == SIZE_MAX)
			return bad(err, "the address has an unclosed [");
		ret->ipv6 = true;
		ret->host = bytes_sub(a, 1, end);
		a = bytes_sub(a, end + 1, a.n);
		if (a.n > 0 && a.p[0] != ':')
			return bad(err, "unexpected text after ] in the address");
		colon = a.n > 0;
		port = bytes_sub(a, 1, a.n);
	} else {
		size_t at = bytes_find_byte(a, ':', 0);

		colon = at != SIZE_MAX;
		ret->host = bytes_sub(a, 0, colon ? at : a.n);
		if (colon)
			port = bytes_sub(a, at + 1, a.n);
	}
	if (!host_ok(ret->host, ret->ipv6))
		return bad(err, "the address has no valid host name");
	ret->port = ret->https ? 443 : 80;
	if (!colon)
		return OK;
	if (!text_u64(port, 65535, &number) || number == 0)
		return bad(err, "the address has no valid port number");
	ret->port = (uint16_t)number;
	ret->port_given = true;
	return OK;
}

status
url_parse(struct bytes text, struct url *ret, struct err *err)
{
	struct bytes rest;
	size_t end = 0;

	*ret = (struct url){0};
	if (text.n > URL_MAX)
		return bad(err, "the address is too long");
	for (size_t i = 0; i < text.n; i++)
		if (!is_url_char(text.p[i]))
			return bad(err, "the address holds a character that must be encoded");
	text = bytes_sub(text, 0, MIN(text.n, bytes_find_byte(text, '#', 0)));
	if (text.n >= 8 && equal_ignoring_case(bytes_sub(text, 0, 8), BYTES("https://"))) {
		ret->https = true;
		rest = bytes_sub(text, 8, text.n);
	} else if (text.n >= 7 && equal_ignoring_case(bytes_sub(text, 0, 7), BYTES("http://"))) {
		rest = bytes_sub(text, 7, text.n);
	} else {
		return bad(err, "the address does not start with https:// or http://");
	}
	while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?')
		end++;
	ret->target = bytes_sub(rest, end, rest.n);
	return parse_authority(bytes_sub(rest, 0, end), ret, err);
}

void
url_origin(const struct url *u, struct buf *out)
{
	buf_str(out, u->https ? "https://" : "http://");
	if (u->ipv6)
		buf_u8(out, '[');
	buf_bytes(out, u->host);
	if (u->ipv6)
		buf_u8(out, ']');
	if (u->port_given)
		buf_printf(out, ":%u", u->port);
}

/* The path of the base up to and with its last slash. */
static struct bytes
base_folder(const struct url *base)
{
	struct bytes path = bytes_sub(base->target, 0,
	                              MIN(base->target.n, bytes_find_byte(base->target, '?', 0)));
	size_t n = path.n;

	while (n > 0 && path.p[n - 1] != '/')
		n--;
	return n ? bytes_sub(path, 0, n) : BYTES("/");
}

static bool
has_scheme(struct bytes location)
{
	size_t colon = bytes_find_byte(location, ':', 0);
	size_t slash = bytes_find_byte(location, '/', 0);

	return colon != SIZE_MAX && colon < slash;
}

status
url_resolve(const struct url *base, struct bytes location, struct buf *out, struct err *err)
{
	struct url check;
	size_t start = out->n;

	if (has_scheme(location)) {
		buf_bytes(out, location);
	} else if (bytes_starts(location, BYTES("//"))) {
		buf_str(out, base->https ? "https:" : "http:");
		buf_bytes(out, location);
	} else {
		url_origin(base, out);
		if (location.n == 0 || location.p[0] != '/')
			buf_bytes(out, base_folder(base));
		buf_bytes(out, location);
	}
	TRY(buf_check(out, err));
	return url_parse(bytes_of(out->p + start, out->n - start), &check, err);
}

bool
url_same_origin(const struct url *a, const struct url *b)
{
	return a->https == b->https && a->port == b->port && equal_ignoring_case(a->host, b->host);
}

/* Four decimal numbers and nothing else: "127.0.0.1.example" is a name. */
static bool
is_loopback_ipv4(struct bytes host)
{
	struct bytes rest = host;

	if (!bytes_starts(host, BYTES("127.")))
		return false;
	for (int i = 0; i < 4; i++) {
		size_t dot = bytes_find_byte(rest, '.', 0);
		uint64_t part;

		if ((dot == SIZE_MAX) != (i == 3))
			return false;
		if (!text_u64(bytes_sub(rest, 0, MIN(dot, rest.n)), 255, &part))
			return false;
		rest = bytes_sub(rest, MIN(dot, rest.n - 1) + 1, rest.n);
	}
	return true;
}

bool
url_is_loopback(struct bytes host)
{
	return equal_ignoring_case(host, BYTES("localhost")) || bytes_is(host, "::1") ||
	       is_loopback_ipv4(host);
}

void
url_escape(struct bytes text, struct buf *out)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~')
			buf_u8(out, c);
		else
			buf_printf(out, "%%%02X", c);
	}
}
