/* SPDX-License-Identifier: Apache-2.0 */
/*
 * curl.h: the transport of the command line over libcurl: proxies from the
 * environment (never for loopback), certificates verified, HTTP/1.1 or 2,
 * connections kept. Not for the images: libcurl alone costs more memory than
 * the initializer may use.
 */
#ifndef TRANSPORT_CURL_H
#define TRANSPORT_CURL_H

#include "transport/transport.h"

struct curl_options {
	const char *ca_file;     /* PEM, instead of the system's store; NULL = the system's */
	const char *client_cert; /* PEM files of a client certificate and its key, or NULL */
	const char *client_key;
};

/*
 * `options` may be NULL. ERR_INTERNAL E-TRANSPORT-014 when the library cannot
 * start. One transport serves one thread. Release with transport_curl_free().
 */
status transport_curl_new(const struct curl_options *options, struct transport **ret,
                          struct err *err);
void transport_curl_free(struct transport *t);

static inline void
transport_curl_drop(struct transport **t)
{
	transport_curl_free(*t);
	*t = NULL;
}

#endif
