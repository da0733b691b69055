/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.h: the part of HTTP/1.1 (RFC 9112) that our servers and clients speak,
 * as an engine: bytes in, a head out. Bodies have a Content-Length or do not
 * exist; chunked bodies, folded lines, upgrades and trailers are refused, so
 * two readers can never disagree where a message ends.
 */
#ifndef TRANSPORT_HTTP_H
#define TRANSPORT_HTTP_H

#include "base/buf.h"

enum {
	HTTP_HEAD_MAX = 8 * 1024, /* bytes of a head with its empty line */
	HTTP_FIELDS_MAX = 48,
	HTTP_TARGET_MAX = 2 * 1024,
};

struct http_field {
	struct bytes name; /* compared without case */
	struct bytes value; /* without white space around it */
};

/* Everything borrows from the parsed bytes. */
struct http_head {
	struct bytes method; /* requests */
	struct bytes path;   /* "/v1/attest", never empty, not decoded */
	struct bytes query;  /* behind the '?', maybe empty */
	unsigned int status; /* answers: 100..599 */
	unsigned int minor;  /* 1 or 0 of HTTP/1.x */
	bool has_length;
	bool close;           /* the sender ends the connection after this message */
	bool expect_continue; /* requests: wants to hear 100 before it sends the body */
	uint64_t length;      /* of the body; 0 without Content-Length */
	struct http_field fields[HTTP_FIELDS_MAX];
	size_t n_fields;
};

/*
 * Length of the head at the front of `in`, its empty line included, in *ret; 0
 * while it is incomplete. ERR_LIMIT E-HTTP-001 when it is longer than HTTP_HEAD_MAX.
 */
status http_head_size(struct bytes in, size_t *ret, struct err *err);

/* `head` is exactly one head. ERR_PARSE E-HTTP-002..009, ERR_LIMIT E-HTTP-001. */
status http_request_parse(struct bytes head, struct http_head *ret, struct err *err);
status http_response_parse(struct bytes head, struct http_head *ret, struct err *err);

/* Value of a field that occurs once; empty slice when absent or repeated. */
struct bytes http_field(const struct http_head *h, const char *name);

/* Value of `name` in the query ("a=1&b=2"), not decoded; empty slice when absent. */
struct bytes http_query(const struct http_head *h, const char *name);

/* Head of an answer. `extra` is whole lines ended by CRLF, or empty. */
void http_response_emit(unsigned int status_code, struct bytes content_type, struct bytes extra,
                        size_t length, bool close, struct buf *out);
void http_request_emit(const char *method, const char *target, const char *host,
                       struct bytes content_type, struct bytes extra, size_t length,
                       struct buf *out);

/* "Not Found" for 404; "Status" for codes that we never send. */
const char *http_reason(unsigned int status_code);

#endif
