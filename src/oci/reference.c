/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/reference.h"

#include "base/text.h"
#include "oci/show.h"

#include <stdio.h>

static const char default_host[] = "docker.io";
static const char default_tag[] = "latest";

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_lower(uint8_t c)
{
	return c >= 'a' && c <= 'z';
}

static bool
is_upper(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

static bool
is_alnum(uint8_t c)
{
	return is_digit(c) || is_lower(c) || is_upper(c);
}

static status
bad(struct bytes text, struct err *err, const char *what)
{
	status s = err_set(err, ERR_PARSE, "E-OCI-001", "the image \"%s\" is not a reference: %s",
	                   show_text(text).text, what);

	return err_hint(err, s, "a reference is [HOST[:PORT]/]NAME[:TAG][@sha256:DIGEST]");
}

/* ---- digests ---- */

status
digest_parse(struct bytes text, struct hash256 *ret, struct err *err)
{
	struct bytes prefix = BYTES("sha256:");
	struct bytes hex = bytes_sub(text, prefix.n, text.n);

	if (!bytes_starts(text, prefix)) {
		if (bytes_find_byte(text, ':', 0) != SIZE_MAX)
			return err_set(err, ERR_UNSUPPORTED, "E-OCI-003",
			               "the digest \"%s\" is not sha256", show_text(text).text);
		return err_set(err, ERR_PARSE, "E-OCI-004", "\"%s\" is not a digest",
		               show_text(text).text);
	}
	for (size_t i = 0; i < hex.n; i++)
		if (is_upper(hex.p[i]))
			return err_set(err, ERR_PARSE, "E-OCI-004",
			               "the digest \"%s\" has upper-case digits",
			               show_text(text).text);
	if (!hex_decode(hex, ret->b, sizeof ret->b))
		return err_set(err, ERR_PARSE, "E-OCI-004",
		               "the digest \"%s\" does not have 64 hexadecimal digits",
		               show_text(text).text);
	return OK;
}

void
digest_emit(const struct hash256 *digest, struct buf *out)
{
	buf_str(out, "sha256:");
	hex_encode(hash256_view(digest), out);
}

char *
digest_cstr(const struct hash256 *digest, char to[72])
{
	char hex[65];

	snprintf(to, 72, "sha256:%s", hash256_hex(digest, hex));
	return to;
}

/* ---- names ---- */

/* name[:port] or [ipv6][:port]; labels start and end with a letter or digit. */
static bool
host_ok(struct bytes host)
{
	size_t colon = SIZE_MAX;
	struct bytes name = host;
	uint64_t port;

	if (host.n > 0 && host.p[0] == '[') {
		size_t end = bytes_find_byte(host, ']', 0);

		if (end == SIZE_MAX || end < 3)
			return false;
		for (size_t i = 1; i < end; i++)
			if (host.p[i] != ':' && host.p[i] != '.' && !is_digit(host.p[i]) &&
			    !(host.p[i] >= 'a' && host.p[i] <= 'f') &&
			    !(host.p[i] >= 'A' && host.p[i] <= 'F'))
				return false;
		if (end + 1 == host.n)
			return true;
		if (host.p[end + 1] != ':')
			return false;
		return text_u64(bytes_sub(host, end + 2, host.n), 65535, &port) && port > 0;
	}
	colon = bytes_find_byte(host, ':', 0);
	if (colon != SIZE_MAX) {
		name = bytes_sub(host, 0, colon);
		if (!text_u64(bytes_sub(host, colon + 1, host.n), 65535, &port) || port == 0)
			return false;
	}
	for (size_t i = 0; i < name.n; i++) {
		bool edge =
		        i == 0 || i + 1 == name.n || name.p[i - 1] == '.' || name.p[i + 1] == '.';

		if (!is_alnum(name.p[i]) && (edge || (name.p[i] != '-' && name.p[i] != '.')))
			return false;
	}
	return name.n > 0;
}

/* Letters and digits in lower case, with '.', '_', '__' or any run of '-' between them. */
static bool
component_ok(struct bytes c)
{
	size_t i = 0;

	if (c.n == 0 || !(is_lower(c.p[0]) || is_digit(c.p[0])))
		return false;
	while (i < c.n) {
		size_t start;

		while (i < c.n && (is_lower(c.p[i]) || is_digit(c.p[i])))
			i++;
		if (i == c.n)
			return true;
		start = i;
		while (i < c.n && c.p[i] == c.p[start] &&
		       (c.p[i] == '.' || c.p[i] == '_' || c.p[i] == '-'))
			i++;
		if (i == start || i == c.n || !(is_lower(c.p[i]) || is_digit(c.p[i])))
			return false;
		if (c.p[start] != '-' && i - start > (c.p[start] == '_' ? 2u : 1u))
			return false;
	}
	return false;
}

static bool
repository_ok(struct bytes name)
{
	while (true) {
		size_t slash = bytes_find_byte(name, '/', 0);

		if (!component_ok(bytes_sub(name, 0, MIN(slash, name.n))))
			return false;
		if (slash == SIZE_MAX)
			return true;
		name = bytes_sub(name, slash + 1, name.n);
	}
}

static bool
tag_ok(struct bytes tag)
{
	if (tag.n == 0 || tag.n > REFERENCE_TAG_MAX || tag.p[0] == '.' || tag.p[0] == '-')
		return false;
	for (size_t i = 0; i < tag.n; i++)
		if (!is_alnum(tag.p[i]) && tag.p[i] != '_' && tag.p[i] != '.' && tag.p[i] != '-')
			return false;
	return true;
}

/* Docker's rule for telling a host from the first component of a name. */
static bool
is_host(struct bytes first)
{
	if (bytes_is(first, "localhost"))
		return true;
	for (size_t i = 0; i < first.n; i++)
		if (first.p[i] == '.' || first.p[i] == ':' || is_upper(first.p[i]))
			return true;
	return false;
}

static bool
is_image_id(struct bytes name)
{
	struct hash256 h;

	return name.n == 64 && hex_decode(name, h.b, sizeof h.b);
}

static void
copy_cstr(char *to, size_t size, struct bytes from)
{
	snprintf(to, size, "%.*s", BYTES_ARG(from));
}

static status
parse_name(struct bytes text, struct bytes name, struct reference *ret, struct err *err)
{
	size_t slash = bytes_find_byte(name, '/', 0);
	struct bytes host = bytes_str(default_host);

	if (slash != SIZE_MAX && is_host(bytes_sub(name, 0, slash))) {
		host = bytes_sub(name, 0, slash);
		name = bytes_sub(name, slash + 1, name.n);
	} else if (is_image_id(name)) {
		return bad(text, err, "64 hexadecimal digits are an image id, not a name");
	}
	if (bytes_is(host, "index.docker.io"))
		host = bytes_str(default_host);
	if (host.n > REFERENCE_HOST_MAX || !host_ok(host))
		return bad(text, err, "the host is malformed");
	if (name.n > REFERENCE_REPOSITORY_MAX - 8)
		return err_set(err, ERR_LIMIT, "E-OCI-002", "the image name \"%s\" is too long",
		               show_text(text).text);
	if (!repository_ok(name))
		return bad(text, err,
		           "the name may have lower-case letters, digits, and . _ - inside");
	copy_cstr(ret->host, sizeof ret->host, host);
	if (bytes_is(host, default_host) && bytes_find_byte(name, '/', 0) == SIZE_MAX)
		snprintf(ret->repository, sizeof ret->repository, "library/%.*s", BYTES_ARG(name));
	else
		copy_cstr(ret->repository, sizeof ret->repository, name);
	return OK;
}

status
reference_parse(struct bytes text, struct reference *ret, struct err *err)
{
	struct bytes name = text;
	size_t at, colon;

	*ret = (struct reference){0};
	if (text.n > REFERENCE_MAX)
		return err_set(err, ERR_LIMIT, "E-OCI-002", "the image name \"%s\" is too long",
		               show_text(text).text);
	if (text.n == 0)
		return bad(text, err, "it is empty");
	at = bytes_find_byte(text, '@', 0);
	if (at != SIZE_MAX) {
		TRY(digest_parse(bytes_sub(text, at + 1, text.n), &ret->digest, err));
		ret->has_digest = true;
		name = bytes_sub(text, 0, at);
	}
	colon = name.n;
	while (colon > 0 && name.p[colon - 1] != ':' && name.p[colon - 1] != '/')
		colon--;
	if (colon > 0 && name.p[colon - 1] == ':') {
		struct bytes tag = bytes_sub(name, colon, name.n);

		if (!tag_ok(tag))
			return bad(text, err, "the tag is malformed");
		copy_cstr(ret->tag, sizeof ret->tag, tag);
		name = bytes_sub(name, 0, colon - 1);
	}
	TRY(parse_name(text, name, ret, err));
	if (!ret->has_digest && ret->tag[0] == '\0')
		copy_cstr(ret->tag, sizeof ret->tag, bytes_str(default_tag));
	return OK;
}

void
reference_emit(const struct reference *r, struct buf *out)
{
	buf_printf(out, "%s/%s", r->host, r->repository);
	if (r->tag[0])
		buf_printf(out, ":%s", r->tag);
	if (r->has_digest) {
		buf_u8(out, '@');
		digest_emit(&r->digest, out);
	}
}

void
reference_pin(const struct reference *r, const struct hash256 *digest, struct buf *out)
{
	struct reference pinned = *r;

	pinned.has_digest = true;
	pinned.digest = *digest;
	reference_emit(&pinned, out);
}

const char *
reference_api_host(const struct reference *r)
{
	return bytes_is(bytes_str(r->host), default_host) ? "registry-1.docker.io" : r->host;
}
