/* SPDX-License-Identifier: Apache-2.0 */
/* http.h: views of what libevent parsed: requests and answers of HTTP/1.1, for servers and clients.
 */
#ifndef TRANSPORT_HTTP_H
#define TRANSPORT_HTTP_H

#include "base/buf.h"

struct evkeyvalq;
struct evhttp_request;

enum {
	HTTP_HEAD_MAX = 8 * 1024, /* bytes of a head */
};

/* Everything borrows from the request that it was taken from. */
struct http_head {
	struct bytes method; /* "GET" */
	struct bytes path;   /* "/v1/attest", not decoded */
	struct bytes query;  /* behind the '?', maybe empty */
	const struct evkeyvalq *fields;
};

/* A header field to send; texts are NUL-terminated. */
struct http_field {
	const char *name;
	const char *value;
};

struct http_head http_head_of(const struct evhttp_request *r);

/* Value of a field that occurs once; empty slice when absent or repeated. */
struct bytes http_field(const struct http_head *h, const char *name);

/* Value of `name` in the query ("a=1&b=2"), not decoded; empty slice when absent. */
struct bytes http_query(const struct http_head *h, const char *name);

/* "Not Found" for 404; "Status" for codes that we never send. */
const char *http_reason(unsigned int status_code);

#endif
