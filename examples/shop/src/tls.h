/* SPDX-License-Identifier: Apache-2.0 */
/* tls.h: contexts made from the mesh certificates, made again when the files change. */
#ifndef SHOP_TLS_H
#define SHOP_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>

/* Load for the first time; false, with the reason logged, when anything is missing. */
bool tls_start(const char *dir);

/* A connection object of the present certificates; NULL when out of memory. */
SSL *tls_server(bool ask_for_certificate);
/* The peer must prove to be `host`. */
SSL *tls_client(const char *host);

/* The DNS name among `names` that the verified peer has, or NULL. */
const char *tls_peer(SSL *ssl, char *const *names);

#endif
