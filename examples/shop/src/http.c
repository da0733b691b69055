/* SPDX-License-Identifier: Apache-2.0 */
#include "http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *
reason(int code)
{
	switch (code) {
	case 200:
		return "OK";
	case 400:
		return "Bad Request";
	case 401:
		return "Unauthorized";
	case 404:
		return "Not Found";
	case 409:
		return "Conflict";
	case 413:
		return "Content Too Large";
	case 502:
		return "Bad Gateway";
	default:
		return "Service Unavailable";
	}
}

void
http_answer(struct conn *c, int code, const char *type, const char *body)
{
	size_t n = strlen(body);

	if (net_printf(c,
	               "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
	               "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
	               code, reason(code), type, n))
		net_write(c, body, n);
}

static bool
refuse(struct conn *c, int code, const char *why)
{
	http_answer(c, code, "text/plain", why);
	return false;
}

/* "METHOD /path?query HTTP/1.1" */
static bool
request_line(char *line, struct http *ret)
{
	char *method = strsep(&line, " ");
	char *target = line ? strsep(&line, " ") : NULL;
	char *query;

	if (!target || !line || strncmp(line, "HTTP/1.", 7) != 0 || target[0] != '/')
		return false;
	query = target;
	target = strsep(&query, "?");
	return snprintf(ret->method, sizeof ret->method, "%s", method) < (int)sizeof ret->method &&
	       snprintf(ret->path, sizeof ret->path, "%s", target) < (int)sizeof ret->path &&
	       snprintf(ret->query, sizeof ret->query, "%s", query ? query : "") <
	               (int)sizeof ret->query;
}

/* A header's value when `line` is that header. */
static const char *
value_of(const char *line, const char *name)
{
	size_t n = strlen(name);

	if (strncasecmp(line, name, n) != 0 || line[n] != ':')
		return NULL;
	return line + n + 1 + strspn(line + n + 1, " \t");
}

static bool
length_of(const char *text, size_t *ret)
{
	char *end;

	if (text[0] < '0' || text[0] > '9' || strlen(text) > 9)
		return false;
	*ret = strtoul(text, &end, 10);
	return *end == '\0';
}

/* The headers that matter; -1 malformed, else 0. */
static int
read_headers(struct conn *c, char *token, size_t token_size, size_t *length)
{
	char line[LINE_SIZE];
	bool has_length = false;

	for (int i = 0; i < HEADERS_MAX; i++) {
		const char *v;

		if (!net_line(c, line))
			return -1;
		if (line[0] == '\0')
			return 0;
		if ((v = value_of(line, "Content-Length"))) {
			if (has_length || !length_of(v, length))
				return -1;
			has_length = true;
		} else if (value_of(line, "Transfer-Encoding")) {
			return -1;
		} else if (token && (v = value_of(line, "Authorization")) &&
		           strncmp(v, "Bearer ", 7) == 0) {
			snprintf(token, token_size, "%s", v + 7);
		}
	}
	return -1;
}

bool
http_request(struct conn *c, struct http *ret)
{
	char line[LINE_SIZE];

	memset(ret, 0, sizeof *ret);
	if (!net_line(c, line))
		return false;
	if (!request_line(line, ret) ||
	    read_headers(c, ret->token, sizeof ret->token, &ret->n_body) != 0)
		return refuse(c, 400, "malformed request\n");
	if (ret->n_body > BODY_MAX)
		return refuse(c, 413, "too large\n");
	return net_read(c, ret->body, ret->n_body);
}

/* ---- parameters ---- */

static int
hex_digit(char c)
{
	const char *digits = "0123456789abcdef0123456789ABCDEF", *at = c ? strchr(digits, c) : NULL;

	return at ? (int)((at - digits) % 16) : -1;
}

/* Percent and plus decoding; false for what is malformed or hides a control character. */
static bool
decode(const char *from, size_t n, char *to, size_t size)
{
	size_t out = 0;

	for (size_t i = 0; i < n; i++) {
		int c = from[i] == '+' ? ' ' : (unsigned char)from[i];

		if (from[i] == '%') {
			int high = i + 2 < n ? hex_digit(from[i + 1]) : -1;
			int low = high >= 0 ? hex_digit(from[i + 2]) : -1;

			if (low < 0)
				return false;
			c = high * 16 + low;
			i += 2;
		}
		if (c < 0x20 || out + 1 >= size)
			return false;
		to[out++] = (char)c;
	}
	to[out] = '\0';
	return true;
}

bool
http_param(const char *text, const char *name, char *to, size_t size)
{
	size_t n = strlen(name);

	while (*text) {
		size_t length = strcspn(text, "&");

		if (length > n && strncmp(text, name, n) == 0 && text[n] == '=')
			return decode(text + n + 1, length - n - 1, to, size);
		text += length + (text[length] == '&');
	}
	return false;
}

/* ---- client ---- */

static int
read_answer(struct conn *c, char *body)
{
	char line[LINE_SIZE];
	size_t n = 0;
	int code;

	if (!net_line(c, line) || strncmp(line, "HTTP/1.1 ", 9) != 0 || strlen(line) < 12)
		return 0;
	line[12] = '\0';
	code = (int)strtol(line + 9, NULL, 10);
	if (read_headers(c, NULL, 0, &n) != 0 || n > BODY_MAX || !net_read(c, body, n))
		return 0;
	body[n] = '\0';
	return code >= 200 && code <= 599 ? code : 0;
}

int
http_call(const char *address, const char *method, const char *target, char *body)
{
	struct conn c;
	int code = 0;

	body[0] = '\0';
	if (!net_connect(address, &c))
		return 0;
	if (net_printf(
	            &c,
	            "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
	            method, target, address))
		code = read_answer(&c, body);
	net_close(&c);
	return code;
}
