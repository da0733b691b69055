/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uri.parse and uri.is_valid: URI references by RFC 3986 as Go's package reads
 * them, which is OPA's. User information is checked and not shown.
 */
#include "base/text.h"
#include "rego/builtin_groups.h"
#include "rego/ip.h"
#include "rego/uri.h"

/* Where bytes stand: what may be written there as it is, and what may be escaped. */
enum uri_part { PART_PATH, PART_HOST, PART_ZONE, PART_USER, PART_FRAGMENT };

static bool
is_unreserved(uint8_t b)
{
	uint8_t lower = b | 0x20;

	return (lower >= 'a' && lower <= 'z') || (b >= '0' && b <= '9') ||
	       bytes_find_byte(BYTES("-_.~"), b, 0) != SIZE_MAX;
}

static bool
stands_plain(enum uri_part part, uint8_t b)
{
	static const char *const more[] = {
	        [PART_PATH] = "$&+,/:;=@",          [PART_HOST] = "!$&'()*+,;=:[]<>\"",
	        [PART_ZONE] = "!$&'()*+,;=:[]<>\"", [PART_USER] = "$&+,;=",
	        [PART_FRAGMENT] = "!$&()*+,/:;=?@",
	};

	return is_unreserved(b) || bytes_find_byte(bytes_str(more[part]), b, 0) != SIZE_MAX;
}

/* An escape that may not stand in a host: it hides ASCII, or what a zone could not say itself. */
static bool
escape_is_refused(enum uri_part part, uint8_t b)
{
	if (part == PART_HOST)
		return b < 0x80 && b != '%';
	return part == PART_ZONE && b != '%' && b != ' ' && !stands_plain(PART_HOST, b);
}

static status
unescape(struct rego_call *c, enum uri_part part, struct bytes t, struct buf *out)
{
	bool host = part == PART_HOST || part == PART_ZONE;

	for (size_t i = 0; i < t.n; i++) {
		uint8_t b = t.p[i];

		if (b == '%') {
			struct bytes digits = bytes_sub(t, i + 1, i + 3);

			if (digits.n != 2 || !hex_decode(digits, &b, 1) ||
			    escape_is_refused(part, b))
				return builtin_error(c, "invalid URL escape \"%.*s\"",
				                     BYTES_ARG(bytes_sub(t, i, i + 3)));
			i += 2;
		} else if (host && b < 0x80 && !stands_plain(part, b)) {
			return builtin_error(c, "invalid character \"%c\" in host name", b);
		}
		buf_u8(out, b);
	}
	return OK;
}

/* The text that escaping as little as possible would give: is it `t`? */
static bool
is_default_escape(enum uri_part part, struct bytes plain, struct bytes t)
{
	CLEANUP(buf_done) struct buf b = {0};

	for (size_t i = 0; i < plain.n; i++)
		if (stands_plain(part, plain.p[i]))
			buf_u8(&b, plain.p[i]);
		else
			buf_printf(&b, "%%%02X", plain.p[i]);
	return buf_ok(&b) && bytes_equal(buf_view(&b), t);
}

static bool
is_port(struct bytes t)
{
	if (t.n == 0)
		return true;
	for (size_t i = 1; i < t.n; i++)
		if (t.p[i] < '0' || t.p[i] > '9')
			return false;
	return t.p[0] == ':';
}

static size_t
find_last(struct bytes t, uint8_t b)
{
	for (size_t i = t.n; i > 0; i--)
		if (t.p[i - 1] == b)
			return i - 1;
	return SIZE_MAX;
}

static status
check_user(struct rego_call *c, struct bytes user)
{
	CLEANUP(buf_done) struct buf plain = {0};

	for (size_t i = 0; i < user.n; i++)
		if (!is_unreserved(user.p[i]) &&
		    bytes_find_byte(BYTES(":!$&'()*+,;=%@"), user.p[i], 0) == SIZE_MAX)
			return builtin_error(c, "net/url: invalid userinfo");
	return unescape(c, PART_USER, user, &plain);
}

/* [v6%25zone]:port; nothing but an IPv6 address may stand in brackets. */
static status
read_literal(struct rego_call *c, struct bytes host, struct buf *name, struct bytes *port)
{
	size_t close = find_last(host, ']'), zone;
	struct bytes inside;
	struct ip ip;

	if (close == SIZE_MAX)
		return builtin_error(c, "missing ']' in host");
	*port = bytes_sub(host, close + 1, host.n);
	if (!is_port(*port))
		return builtin_error(c, "invalid port \"%.*s\" after host", BYTES_ARG(*port));
	inside = bytes_sub(host, 1, close);
	zone = bytes_find(inside, BYTES("%25"), 0);
	TRY(unescape(c, PART_HOST, bytes_sub(inside, 0, zone), name));
	if (zone != SIZE_MAX)
		TRY(unescape(c, PART_ZONE, bytes_sub(inside, zone, inside.n), name));
	inside = buf_view(name);
	zone = bytes_find_byte(inside, '%', 0);
	if (bytes_find_byte(bytes_sub(inside, 0, zone), ':', 0) == SIZE_MAX ||
	    !ip_parse(bytes_sub(inside, 0, zone), &ip) ||
	    (zone != SIZE_MAX && zone + 1 == inside.n))
		return builtin_error(c, "invalid IP-literal");
	return OK;
}

/*
 * Host and port. More than one colon is refused for http and https; other schemes have long been
 * allowed lists of hosts with ports, and there the last colon counts.
 */
static status
read_host(struct rego_call *c, struct bytes scheme, struct bytes host, struct buf *name,
          struct bytes *port)
{
	size_t open = find_last(host, '['), colon = bytes_find_byte(host, ':', 0);
	struct bytes all;

	if (open != SIZE_MAX && open > 0)
		return builtin_error(c, "invalid IP-literal");
	if (open == 0)
		return read_literal(c, host, name, port);
	if (!bytes_is(scheme, "http") && !bytes_is(scheme, "https"))
		colon = find_last(host, ':');
	if (colon != SIZE_MAX && !is_port(bytes_sub(host, colon, host.n)))
		return builtin_error(c, "invalid port \"%.*s\" after host",
		                     BYTES_ARG(bytes_sub(host, colon, host.n)));
	TRY(unescape(c, PART_HOST, host, name));
	/* Escapes may have brought a colon: it is the decoded text that is cut. */
	all = buf_view(name);
	colon = find_last(all, ':');
	*port = (struct bytes){0};
	if (colon != SIZE_MAX && is_port(bytes_sub(all, colon, all.n))) {
		*port = arena_copy(c->arena, bytes_sub(all, colon, all.n));
		name->n = colon;
	}
	return OK;
}

static struct bytes
kept(struct rego_call *c, const struct buf *b)
{
	return arena_copy(c->arena, buf_view(b));
}

static status
read_authority(struct rego_call *c, struct uri *u, struct bytes authority)
{
	CLEANUP(buf_done) struct buf name = result_buf(c);
	size_t at = find_last(authority, '@');
	struct bytes host = at == SIZE_MAX ? authority : bytes_sub(authority, at + 1, authority.n);

	TRY(read_host(c, u->scheme, host, &name, &u->port));
	if (at != SIZE_MAX)
		TRY(check_user(c, bytes_sub(authority, 0, at)));
	u->host = kept(c, &name);
	u->port = bytes_sub(u->port, 1, u->port.n);
	return OK;
}

/* The scheme's name off the front of *t; none is no error, an empty one is. */
static status
read_scheme(struct rego_call *c, struct uri *u, struct bytes *t)
{
	CLEANUP(buf_done) struct buf lower = {0};

	for (size_t i = 0; i < t->n; i++) {
		uint8_t b = t->p[i];
		bool letter = (b | 0x20) >= 'a' && (b | 0x20) <= 'z';

		if (b == ':' && i == 0)
			return builtin_error(c, "missing protocol scheme");
		if (b == ':') {
			u->scheme = kept(c, &lower);
			*t = bytes_sub(*t, i + 1, t->n);
			return OK;
		}
		if (!letter &&
		    (i == 0 || !((b >= '0' && b <= '9') || b == '+' || b == '-' || b == '.')))
			return OK;
		buf_u8(&lower, letter ? b | 0x20 : b);
	}
	return OK;
}

static status
read_path(struct rego_call *c, struct uri *u, struct bytes t)
{
	CLEANUP(buf_done) struct buf path = result_buf(c);

	TRY(unescape(c, PART_PATH, t, &path));
	u->path = kept(c, &path);
	u->raw_path = is_default_escape(PART_PATH, u->path, t) ? u->path : t;
	return OK;
}

/* What stands behind the scheme, without query and fragment. */
static status
read_hierarchy(struct rego_call *c, struct uri *u, struct bytes t)
{
	size_t end;

	if (!bytes_starts(t, BYTES("/"))) {
		if (u->scheme.n > 0)
			return OK; /* opaque */
		if (bytes_find_byte(bytes_sub(t, 0, bytes_find_byte(t, '/', 0)), ':', 0) !=
		    SIZE_MAX)
			return builtin_error(c, "first path segment in URL cannot contain colon");
	}
	if (bytes_starts(t, BYTES("//")) && (u->scheme.n > 0 || !bytes_starts(t, BYTES("///")))) {
		end = bytes_find_byte(t, '/', 2);
		TRY(read_authority(c, u, bytes_sub(t, 2, end)));
		t = end == SIZE_MAX ? (struct bytes){0} : bytes_sub(t, end, t.n);
	}
	return read_path(c, u, t);
}

status
uri_read(struct rego_call *c, struct bytes t, struct uri *u)
{
	CLEANUP(buf_done) struct buf fragment = result_buf(c);
	size_t hash = bytes_find_byte(t, '#', 0), mark;
	struct bytes before = bytes_sub(t, 0, hash);

	TRY(rego_charge(c, 1 + t.n / 4));
	for (size_t i = 0; i < before.n; i++)
		if (before.p[i] < ' ' || before.p[i] == 0x7f)
			return builtin_error(c, "net/url: invalid control character in URL");
	TRY(read_scheme(c, u, &before));
	mark = bytes_find_byte(before, '?', 0);
	if (mark != SIZE_MAX)
		u->query = bytes_sub(before, mark + 1, before.n);
	TRY(read_hierarchy(c, u, bytes_sub(before, 0, mark)));
	if (hash == SIZE_MAX)
		return OK;
	TRY(unescape(c, PART_FRAGMENT, bytes_sub(t, hash + 1, t.n), &fragment));
	u->fragment = kept(c, &fragment);
	return OK;
}

static void
push_part(struct value_list *l, const char *name, struct bytes text)
{
	if (text.n > 0)
		value_push_named(l, name, json_copy_string(l->arena, text));
}

static status
uri_parse(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value_list out = value_list_of(c->arena);
	struct uri u = {0};
	struct bytes text;

	TRY(builtin_string(c, args, 0, &text));
	TRY(uri_read(c, text, &u));
	push_part(&out, "scheme", u.scheme);
	push_part(&out, "hostname", u.host);
	push_part(&out, "port", u.port);
	push_part(&out, "path", u.path);
	push_part(&out, "raw_path", u.path.n > 0 ? u.raw_path : u.path);
	push_part(&out, "raw_query", u.query);
	push_part(&out, "fragment", u.fragment);
	*ret = value_object(&out, NULL);
	return arena_check(c->arena, c->err);
}

static status
uri_is_valid(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct uri u = {0};
	status s;

	if (args[0].type != VALUE_STRING || args[0].n == 0)
		return return_bool(false, ret);
	s = uri_read(c, string_bytes(&args[0]), &u);
	if (s.cls == ERR_LIMIT)
		return s;
	TRY(arena_check(c->arena, c->err));
	return return_bool(is_ok(s), ret);
}

static const struct rego_builtin list[] = {
        {"uri.parse", 1, 0, uri_parse},
        {"uri.is_valid", 1, 0, uri_is_valid},
};
const struct rego_builtin_group rego_group_uri = {list, COUNT_OF(list)};
