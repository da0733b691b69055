/* SPDX-License-Identifier: Apache-2.0 */
/* tls.h: contexts made from the mesh certificates, made again when the files change. */
#ifndef SHOP_TLS_H
#define SHOP_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>

/* Load for the first time; false, with the reason logged, when anything is missing. */
bool tls_start(const char *dir);

/* DNS names (ended by NULL, borrowed) that clients of tls_server(true) may have. */
void tls_allow(char *const *names);

/* A connection object of the present certificates; NULL when out of memory. */
SSL *tls_server(bool mutual);
/* The peer must prove to be `host`. */
SSL *tls_client(const char *host);

#endif
