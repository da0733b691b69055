/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/http.h"

#include "base/text.h"

static bool
is_token_byte(uint8_t c)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return true;
	for (size_t i = 0; i + 1 < sizeof others; i++)
		if ((uint8_t)others[i] == c)
			return true;
	return false;
}

static bool
is_token(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if (!is_token_byte(b.p[i]))
			return false;
	return b.n > 0;
}

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

static bool
same_name(struct bytes a, struct bytes b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

status
http_head_size(struct bytes in, size_t *ret, struct err *err)
{
	size_t end = bytes_find(bytes_sub(in, 0, HTTP_HEAD_MAX), BYTES("\r\n\r\n"), 0);

	*ret = 0;
	if (end != SIZE_MAX)
		*ret = end + 4;
	else if (in.n >= HTTP_HEAD_MAX)
		return err_set(err, ERR_LIMIT, "E-HTTP-001", "the head has more than %d bytes",
		               HTTP_HEAD_MAX);
	return OK;
}

/* Cuts the line at the front off *rest, without its CRLF; a bare CR or LF is refused. */
static status
next_line(struct bytes *rest, struct bytes *line, struct err *err)
{
	size_t end = bytes_find(*rest, BYTES("\r\n"), 0);

	if (end == SIZE_MAX)
		return err_set(err, ERR_PARSE, "E-HTTP-002", "a line without CRLF");
	*line = bytes_sub(*rest, 0, end);
	for (size_t i = 0; i < line->n; i++) {
		uint8_t c = line->p[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return err_set(err, ERR_PARSE, "E-HTTP-002",
			               "control character 0x%02x in the head", c);
	}
	*rest = bytes_sub(*rest, end + 2, rest->n);
	return OK;
}

static status
parse_version(struct bytes text, struct http_head *h, struct err *err)
{
	if (!bytes_is(text, "HTTP/1.1") && !bytes_is(text, "HTTP/1.0"))
		return err_set(err, ERR_PARSE, "E-HTTP-003", "not HTTP/1.1");
	h->minor = text.p[7] == '1';
	h->close = h->minor == 0;
	return OK;
}

static status
parse_target(struct bytes target, struct http_head *h, struct err *err)
{
	size_t mark = bytes_find_byte(target, '?', 0);

	if (target.n > HTTP_TARGET_MAX)
		return err_set(err, ERR_LIMIT, "E-HTTP-001", "the target has more than %d bytes",
		               HTTP_TARGET_MAX);
	if (target.n == 0 || target.p[0] != '/')
		return err_set(err, ERR_PARSE, "E-HTTP-004", "the target is no absolute path");
	for (size_t i = 0; i < target.n; i++)
		if (target.p[i] <= 0x20 || target.p[i] >= 0x7f || target.p[i] == '#')
			return err_set(err, ERR_PARSE, "E-HTTP-004",
			               "byte 0x%02x in the target", target.p[i]);
	h->path = bytes_sub(target, 0, mark);
	if (mark != SIZE_MAX)
		h->query = bytes_sub(target, mark + 1, target.n);
	return OK;
}

static status
parse_request_line(struct bytes line, struct http_head *h, struct err *err)
{
	size_t a = bytes_find_byte(line, ' ', 0);
	size_t b = a == SIZE_MAX ? a : bytes_find_byte(line, ' ', a + 1);

	if (b == SIZE_MAX || !is_token(bytes_sub(line, 0, a)))
		return err_set(err, ERR_PARSE, "E-HTTP-003", "malformed request line");
	h->method = bytes_sub(line, 0, a);
	TRY(parse_target(bytes_sub(line, a + 1, b), h, err));
	return parse_version(bytes_sub(line, b + 1, line.n), h, err);
}

static status
parse_status_line(struct bytes line, struct http_head *h, struct err *err)
{
	uint64_t code = 0;

	if (line.n < 12 || line.p[8] != ' ' || (line.n > 12 && line.p[12] != ' ') ||
	    !text_u64(bytes_sub(line, 9, 12), 599, &code) || code < 100)
		return err_set(err, ERR_PARSE, "E-HTTP-003", "malformed status line");
	h->status = (unsigned int)code;
	return parse_version(bytes_sub(line, 0, 8), h, err);
}

static status
parse_field(struct bytes line, struct http_head *h, struct err *err)
{
	size_t colon = bytes_find_byte(line, ':', 0);
	struct http_field *f;

	if (h->n_fields == HTTP_FIELDS_MAX)
		return err_set(err, ERR_LIMIT, "E-HTTP-001", "more than %d header fields",
		               HTTP_FIELDS_MAX);
	if (colon == SIZE_MAX || !is_token(bytes_sub(line, 0, colon)))
		return err_set(err, ERR_PARSE, "E-HTTP-005", "malformed header field");
	f = &h->fields[h->n_fields++];
	f->name = bytes_sub(line, 0, colon);
	f->value = bytes_trim(bytes_sub(line, colon + 1, line.n));
	return OK;
}

/* How many fields have this name; the last one's value in *value. */
static size_t
count_field(const struct http_head *h, const char *name, struct bytes *value)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n_fields; i++) {
		if (!same_name(h->fields[i].name, bytes_str(name)))
			continue;
		*value = h->fields[i].value;
		n++;
	}
	return n;
}

/* Where the body ends, and whether the connection lives on (RFC 9112 sections 6 and 9). */
static status
read_framing(struct http_head *h, struct err *err)
{
	struct bytes value = {0};
	size_t n = count_field(h, "transfer-encoding", &value);

	if (n > 0)
		return err_set(err, ERR_PARSE, "E-HTTP-006", "Transfer-Encoding is not spoken here");
	n = count_field(h, "content-length", &value);
	if (n > 1 || (n == 1 && !text_u64(value, INT64_MAX, &h->length)))
		return err_set(err, ERR_PARSE, "E-HTTP-007", "malformed Content-Length");
	h->has_length = n == 1;
	if (count_field(h, "connection", &value) == 1) {
		if (same_name(value, BYTES("close")))
			h->close = true;
		else if (same_name(value, BYTES("keep-alive")))
			h->close = false;
	}
	return OK;
}

static status
parse_head(struct bytes head, bool request, struct http_head *h, struct err *err)
{
	struct bytes line;

	*h = (struct http_head){0};
	if (head.n > HTTP_HEAD_MAX)
		return err_set(err, ERR_LIMIT, "E-HTTP-001", "the head has more than %d bytes",
		               HTTP_HEAD_MAX);
	TRY(next_line(&head, &line, err));
	TRY(request ? parse_request_line(line, h, err) : parse_status_line(line, h, err));
	for (;;) {
		TRY(next_line(&head, &line, err));
		if (line.n == 0)
			break;
		TRY(parse_field(line, h, err));
	}
	if (head.n > 0)
		return err_set(err, ERR_PARSE, "E-HTTP-002", "bytes behind the head");
	return read_framing(h, err);
}

status
http_request_parse(struct bytes head, struct http_head *ret, struct err *err)
{
	struct bytes value = {0};
	size_t hosts;

	TRY(parse_head(head, true, ret, err));
	hosts = count_field(ret, "host", &value);
	if (hosts > 1 || (hosts == 0 && ret->minor == 1))
		return err_set(err, ERR_PARSE, "E-HTTP-008", "a request needs one Host field");
	if (count_field(ret, "upgrade", &value) > 0)
		return err_set(err, ERR_PARSE, "E-HTTP-009", "Upgrade is not spoken here");
	if (count_field(ret, "expect", &value) > 0) {
		if (!same_name(value, BYTES("100-continue")))
			return err_set(err, ERR_PARSE, "E-HTTP-009", "unknown expectation");
		ret->expect_continue = ret->minor == 1;
	}
	return OK;
}

status
http_response_parse(struct bytes head, struct http_head *ret, struct err *err)
{
	TRY(parse_head(head, false, ret, err));
	if (!ret->has_length && ret->status >= 200 && ret->status != 204 && ret->status != 304)
		return err_set(err, ERR_PARSE, "E-HTTP-007", "the answer has no Content-Length");
	return OK;
}

struct bytes
http_field(const struct http_head *h, const char *name)
{
	struct bytes value = {0};

	return count_field(h, name, &value) == 1 ? value : (struct bytes){0};
}

struct bytes
http_query(const struct http_head *h, const char *name)
{
	struct bytes want = bytes_str(name);
	size_t at = 0;

	while (at < h->query.n) {
		size_t end = bytes_find_byte(h->query, '&', at);
		struct bytes pair = bytes_sub(h->query, at, end);

		if (pair.n > want.n && bytes_starts(pair, want) && pair.p[want.n] == '=')
			return bytes_sub(pair, want.n + 1, pair.n);
		if (end == SIZE_MAX)
			break;
		at = end + 1;
	}
	return (struct bytes){0};
}

const char *
http_reason(unsigned int status_code)
{
	static const struct {
		unsigned int code;
		const char *text;
	} rows[] = {
		{100, "Continue"}, {200, "OK"}, {400, "Bad Request"}, {403, "Forbidden"},
		{404, "Not Found"}, {405, "Method Not Allowed"}, {408, "Request Timeout"},
		{409, "Conflict"}, {411, "Length Required"}, {412, "Precondition Failed"},
		{413, "Content Too Large"}, {415, "Unsupported Media Type"},
		{429, "Too Many Requests"}, {431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"}, {501, "Not Implemented"},
		{503, "Service Unavailable"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (rows[i].code == status_code)
			return rows[i].text;
	return "Status";
}

static void
emit_body_fields(struct bytes content_type, struct bytes extra, size_t length, struct buf *out)
{
	if (content_type.n > 0)
		buf_printf(out, "Content-Type: %.*s\r\n", BYTES_ARG(content_type));
	buf_printf(out, "Content-Length: %zu\r\n", length);
	buf_bytes(out, extra);
}

void
http_response_emit(unsigned int status_code, struct bytes content_type, struct bytes extra,
                   size_t length, bool close, struct buf *out)
{
	buf_printf(out, "HTTP/1.1 %u %s\r\n", status_code, http_reason(status_code));
	emit_body_fields(content_type, extra, length, out);
	buf_str(out, "Cache-Control: no-store\r\n");
	if (close)
		buf_str(out, "Connection: close\r\n");
	buf_str(out, "\r\n");
}

void
http_request_emit(const char *method, const char *target, const char *host,
                  struct bytes content_type, struct bytes extra, size_t length, struct buf *out)
{
	buf_printf(out, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, target, host);
	emit_body_fields(content_type, extra, length, out);
	buf_str(out, "\r\n");
}
