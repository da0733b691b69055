/* SPDX-License-Identifier: Apache-2.0 */
/* http.h: as much of HTTP/1.1 as the shop needs: one request a connection, small bodies. */
#ifndef SHOP_HTTP_H
#define SHOP_HTTP_H

#include "net.h"

enum { BODY_MAX = 2048, HEADERS_MAX = 64 };

struct http {
	char method[8];
	char path[256];
	char query[512];
	char token[128]; /* of "Authorization: Bearer ...", else "" */
	char body[BODY_MAX + 1];
	size_t n_body;
};

/* Reads a request; answers 400 or 413 itself and returns false when it makes no sense. */
bool http_request(struct conn *c, struct http *ret);

/* Value of a name in the query or form text, decoded; false when absent, too long or malformed. */
bool http_param(const char *text, const char *name, char *to, size_t size);

void http_answer(struct conn *c, int code, const char *type, const char *body);

/* One request by mutual TLS; the status, or 0 when the peer could not be reached. body[BODY_MAX +
 * 1]. */
int http_call(const char *address, const char *method, const char *target, char *body);

#endif
