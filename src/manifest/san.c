/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/san.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { DNS_MAX = 253, LABEL_MAX = 63, IP_TEXT_MAX = 45 };

static struct san
invalid(const char *why)
{
	return (struct san){SAN_INVALID, {0}, 0, why};
}

static bool
is_alpha(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_hex(uint8_t c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

/* ---- IP ---- */

static bool
parse_ip(struct bytes text, struct san *ret)
{
	char z[IP_TEXT_MAX + 1];

	if (text.n == 0 || text.n > IP_TEXT_MAX || bytes_find_byte(text, 0, 0) != SIZE_MAX)
		return false;
	mem_copy(z, text.p, text.n);
	z[text.n] = '\0';
	if (inet_pton(AF_INET, z, ret->ip) == 1)
		ret->ip_n = 4;
	else if (inet_pton(AF_INET6, z, ret->ip) == 1)
		ret->ip_n = 16;
	return ret->ip_n != 0;
}

/* "1.2.3" or "999.1.1.1" would be taken for a DNS name: nobody means that. */
static bool
looks_like_ip(struct bytes text)
{
	for (size_t i = 0; i < text.n; i++)
		if (!is_digit(text.p[i]) && text.p[i] != '.')
			return false;
	return true;
}

/* ---- DNS ---- */

static const char *
check_label(struct bytes label, bool first)
{
	if (label.n == 0)
		return "a DNS name must have no empty label";
	if (label.n > LABEL_MAX)
		return "a DNS label has at most 63 characters";
	if (first && bytes_is(label, "*"))
		return NULL;
	for (size_t i = 0; i < label.n; i++) {
		uint8_t c = label.p[i];

		if (c == '*')
			return "\"*\" may only be the whole first label";
		if (!is_alpha(c) && !is_digit(c) && c != '-')
			return "a DNS name has letters, digits, \"-\" and \".\" only";
	}
	if (label.p[0] == '-' || label.p[label.n - 1] == '-')
		return "a DNS label must not begin or end with \"-\"";
	return NULL;
}

static const char *
check_dns(struct bytes text)
{
	size_t at = 0, labels = 0;

	if (text.n > DNS_MAX)
		return "a DNS name has at most 253 characters";
	if (bytes_is(text, "*"))
		return "\"*\" alone lets a workload pose as every other: name the host";
	if (looks_like_ip(text))
		return "neither an IP address nor a DNS name";
	while (at <= text.n) {
		size_t dot = bytes_find_byte(text, '.', at);
		size_t end = dot == SIZE_MAX ? text.n : dot;
		const char *why = check_label(bytes_sub(text, at, end), labels == 0);

		if (why)
			return why;
		labels++;
		at = end + 1;
	}
	if (text.p[0] == '*' && labels < 3)
		return "a wildcard needs two labels behind it";
	return NULL;
}

/* ---- URI (RFC 3986) ---- */

static bool
is_scheme(struct bytes s)
{
	if (s.n == 0 || !is_alpha(s.p[0]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alpha(s.p[i]) && !is_digit(s.p[i]) && s.p[i] != '+' && s.p[i] != '-' &&
		    s.p[i] != '.')
			return false;
	return true;
}

static bool
uri_char(uint8_t c)
{
	static const struct bytes marks = {(const uint8_t *)"-._~:/?#[]@!$&'()*+,;=", 22};

	return is_alpha(c) || is_digit(c) || bytes_find_byte(marks, c, 0) != SIZE_MAX;
}

static const char *
check_uri(struct bytes text, size_t authority)
{
	size_t slash = bytes_find_byte(text, '/', authority);
	struct bytes host = bytes_sub(text, authority, slash == SIZE_MAX ? text.n : slash);

	if (host.n == 0)
		return "a URI needs a host (RFC 5280 section 4.2.1.6)";
	if (bytes_find_byte(host, '@', 0) != SIZE_MAX)
		return "a URI must hold no user name";
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '%') {
			if (i + 2 >= text.n || !is_hex(text.p[i + 1]) || !is_hex(text.p[i + 2]))
				return "a \"%\" in a URI needs two hex digits behind it";
		} else if (!uri_char(text.p[i])) {
			return "a character is not allowed in a URI";
		}
	}
	return NULL;
}

struct san
san_classify(struct bytes text)
{
	struct san san = {SAN_INVALID, {0}, 0, NULL};
	size_t colon = bytes_find(text, BYTES("://"), 0);

	if (text.n == 0)
		return invalid("the name is empty");
	if (parse_ip(text, &san)) {
		san.kind = SAN_IP;
		return san;
	}
	if (colon != SIZE_MAX && is_scheme(bytes_sub(text, 0, colon))) {
		san.why = check_uri(text, colon + 3);
		san.kind = san.why ? SAN_INVALID : SAN_URI;
		return san;
	}
	san.why = check_dns(text);
	san.kind = san.why ? SAN_INVALID : SAN_DNS;
	return san;
}

bool
san_within(struct bytes name, struct bytes permitted)
{
	size_t off;

	if (name.n < permitted.n)
		return false;
	off = name.n - permitted.n;
	for (size_t i = 0; i < permitted.n; i++)
		if (lower(name.p[off + i]) != lower(permitted.p[i]))
			return false;
	return off == 0 || name.p[off - 1] == '.';
}
