/* SPDX-License-Identifier: Apache-2.0 */
#include "transport/http.h"

#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <strings.h>
#include <sys/queue.h>

static const char *
method_name(enum evhttp_cmd_type type)
{
	static const struct {
		enum evhttp_cmd_type type;
		const char *name;
	} rows[] = {
	        {EVHTTP_REQ_GET, "GET"}, {EVHTTP_REQ_POST, "POST"},     {EVHTTP_REQ_HEAD, "HEAD"},
	        {EVHTTP_REQ_PUT, "PUT"}, {EVHTTP_REQ_DELETE, "DELETE"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (rows[i].type == type)
			return rows[i].name;
	return "?";
}

struct http_head
http_head_of(const struct evhttp_request *r)
{
	/* The getters take a mutable request that they do not change. */
	union {
		const struct evhttp_request *in;
		struct evhttp_request *out;
	} request = {.in = r};
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(r);

	return (struct http_head){
	        .method = bytes_str(method_name(evhttp_request_get_command(r))),
	        .path = bytes_str(uri ? evhttp_uri_get_path(uri) : NULL),
	        .query = bytes_str(uri ? evhttp_uri_get_query(uri) : NULL),
	        .fields = evhttp_request_get_input_headers(request.out),
	};
}

struct bytes
http_field(const struct http_head *h, const char *name)
{
	const struct evkeyval *f;
	struct bytes value = {0};
	size_t n = 0;

	for (f = h->fields ? h->fields->tqh_first : NULL; f; f = f->next.tqe_next) {
		if (strcasecmp(f->key, name) != 0)
			continue;
		value = bytes_str(f->value);
		n++;
	}
	return n == 1 ? value : (struct bytes){0};
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
	        {200, "OK"},
	        {400, "Bad Request"},
	        {403, "Forbidden"},
	        {404, "Not Found"},
	        {405, "Method Not Allowed"},
	        {409, "Conflict"},
	        {413, "Content Too Large"},
	        {500, "Internal Server Error"},
	        {501, "Not Implemented"},
	        {503, "Service Unavailable"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (rows[i].code == status_code)
			return rows[i].text;
	return "Status";
}
