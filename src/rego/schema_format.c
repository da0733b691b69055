/* SPDX-License-Identifier: Apache-2.0 */
/* "format" of JSON Schema: the names that are checked, others hold. */
#include "base/text.h"
#include "rego/builtin_groups.h"
#include "rego/ip.h"
#include "rego/pattern.h"
#include "rego/schema.h"
#include "rego/time_layout.h"
#include "rego/uri.h"

static bool
is_alnum(uint8_t c)
{
	uint8_t lower = c | 0x20;

	return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z');
}

/* Labels of letters, digits and inner hyphens, 63 bytes each. */
static bool
is_hostname(struct bytes t)
{
	if (t.n > 255)
		return false;
	for (size_t from = 0; from <= t.n;) {
		size_t end = MIN(bytes_find_byte(t, '.', from), t.n);
		struct bytes label = bytes_sub(t, from, end);

		if (label.n == 0 || label.n > 63 || !is_alnum(label.p[0]) ||
		    !is_alnum(label.p[label.n - 1]))
			return false;
		for (size_t i = 0; i < label.n; i++)
			if (!is_alnum(label.p[i]) && label.p[i] != '-')
				return false;
		from = end + 1;
	}
	return true;
}

static bool
is_uuid(struct bytes t)
{
	for (size_t i = 0; i < t.n; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		uint8_t lower = t.p[i] | 0x20;

		if (dash ? t.p[i] != '-'
		         : !(t.p[i] >= '0' && t.p[i] <= '9') && !(lower >= 'a' && lower <= 'f'))
			return false;
	}
	return t.n == 36;
}

static bool
is_pointer(struct bytes t)
{
	for (size_t i = 0; i < t.n; i++)
		if (t.p[i] == '~' && (i + 1 == t.n || (t.p[i + 1] != '0' && t.p[i + 1] != '1')))
			return false;
	return t.n == 0 || t.p[0] == '/';
}

/* How many steps up, then # or a pointer. */
static bool
is_relative_pointer(struct bytes t)
{
	size_t n = 0;

	while (n < t.n && t.p[n] >= '0' && t.p[n] <= '9')
		n++;
	if (n == 0 || (n > 1 && t.p[0] == '0'))
		return false;
	t = bytes_sub(t, n, t.n);
	return bytes_is(t, "#") || is_pointer(t);
}

static bool
is_atom(struct bytes t)
{
	for (size_t from = 0; from <= t.n;) {
		size_t end = MIN(bytes_find_byte(t, '.', from), t.n);

		if (end == from)
			return false;
		for (size_t i = from; i < end; i++)
			if (!is_alnum(t.p[i]) && t.p[i] < 0x80 &&
			    bytes_find_byte(BYTES("!#$%&'*+-/=?^_`{|}~"), t.p[i], 0) == SIZE_MAX)
				return false;
		from = end + 1;
	}
	return true;
}

/* local@domain; the local part may be quoted, the domain in brackets. */
static bool
is_address(struct bytes t)
{
	size_t at = SIZE_MAX;
	struct bytes local, domain;

	for (size_t i = t.n; i > 0 && at == SIZE_MAX; i--)
		if (t.p[i - 1] == '@')
			at = i - 1;
	if (at == SIZE_MAX)
		return false;
	local = bytes_sub(t, 0, at);
	domain = bytes_sub(t, at + 1, t.n);
	if (local.n > 2 && local.p[0] == '"' && local.p[local.n - 1] == '"')
		local = BYTES("quoted");
	if (domain.n > 2 && domain.p[0] == '[' && domain.p[domain.n - 1] == ']') {
		struct ip ip;

		return is_atom(local) && ip_parse(bytes_sub(domain, 1, domain.n - 1), &ip);
	}
	return is_atom(local) && is_atom(domain);
}

/* An address, alone or in angle brackets behind a name (RFC 5322). */
static bool
is_email(struct bytes t)
{
	size_t open;

	t = bytes_trim(t);
	open = bytes_find_byte(t, '<', 0);
	if (open == SIZE_MAX || t.p[t.n - 1] != '>')
		return is_address(t);
	for (size_t i = 0; i < open; i++)
		if (t.p[i] != ' ' && t.p[i] != '"' && !is_atom(bytes_sub(t, i, i + 1)))
			return false;
	return is_address(bytes_sub(t, open + 1, t.n - 1));
}

/* Every brace that opens is closed. */
static bool
is_template(struct bytes t)
{
	for (size_t at = 0; (at = bytes_find_byte(t, '{', at)) != SIZE_MAX;) {
		at = bytes_find_byte(t, '}', at);
		if (at == SIZE_MAX)
			return false;
	}
	return true;
}

static status
uri_format(struct rego_call *c, struct bytes format, struct bytes t, bool *ret)
{
	struct uri u = {0};
	status s = uri_read(c, t, &u);

	if (s.cls == ERR_LIMIT)
		return s;
	TRY(arena_check(c->arena, c->err));
	*ret = is_ok(s) && bytes_find_byte(t, '\\', 0) == SIZE_MAX;
	if (bytes_is(format, "uri") || bytes_is(format, "iri"))
		*ret = *ret && u.scheme.n > 0;
	else if (bytes_is(format, "uri-template"))
		*ret = *ret && is_template(u.path);
	return OK;
}

static status
regex_format(struct rego_call *c, struct bytes t, bool *ret)
{
	const struct re *re;
	status s;

	if (t.n == 0)
		return OK;
	s = pattern_get(c, CACHE_REGEX, t, t, &re);
	*ret = is_ok(s);
	return s.cls == ERR_LIMIT ? s : OK;
}

status
schema_format(struct rego_call *c, struct bytes format, struct bytes t, bool *ret)
{
	static const char *const moments[] = {"15:04:05", "15:04:05Z07:00", "2006-01-02",
	                                      "2006-01-02T15:04:05Z07:00"};
	static const char *const uris[] = {"uri", "iri", "uri-reference", "iri-reference",
	                                   "uri-template"};
	struct ip ip;

	*ret = true;
	TRY(rego_charge(c, 4 + t.n / 8));
	for (size_t i = 0; i < COUNT_OF(uris); i++)
		if (bytes_is(format, uris[i]))
			return uri_format(c, format, t, ret);
	if (bytes_is(format, "regex"))
		return regex_format(c, t, ret);
	if (bytes_is(format, "date-time"))
		*ret = layout_fits_any(t, moments, 4);
	else if (bytes_is(format, "date"))
		*ret = layout_fits_any(t, moments + 2, 1);
	else if (bytes_is(format, "time"))
		*ret = layout_fits_any(t, moments, 2);
	else if (bytes_is(format, "ipv4"))
		*ret = ip_parse(t, &ip) && bytes_find_byte(t, '.', 0) != SIZE_MAX;
	else if (bytes_is(format, "ipv6"))
		*ret = ip_parse(t, &ip) && bytes_find_byte(t, ':', 0) != SIZE_MAX;
	else if (bytes_is(format, "email") || bytes_is(format, "idn-email"))
		*ret = is_email(t);
	else if (bytes_is(format, "hostname"))
		*ret = is_hostname(t);
	else if (bytes_is(format, "uuid"))
		*ret = is_uuid(t);
	else if (bytes_is(format, "json-pointer"))
		*ret = is_pointer(t);
	else if (bytes_is(format, "relative-json-pointer"))
		*ret = is_relative_pointer(t);
	return OK;
}
