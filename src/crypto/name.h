/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name.h: distinguished names (RFC 5280 section 4.1.2.4) as the DER they came in; for crypto/
 * alone. OpenSSL makes a tree and a canonical form of each name it reads, which takes most of what
 * reading a certificate does. Here only a name of another kind than most, or one that differs in
 * its bytes from what it is compared with, goes there.
 */
#ifndef CRYPTO_NAME_H
#define CRYPTO_NAME_H

#include "crypto/ossl.h"

/* OpenSSL reads it, too. */
bool name_good(struct bytes name);
/* As X509_NAME_cmp() == 0. Names that are not good are unequal, unless they are the same bytes. */
bool names_equal(struct bytes a, struct bytes b);
/* The common name as UTF-8 in `to`; 0 when there is none, several, or one longer than max. */
size_t name_common(struct bytes name, uint8_t *to, size_t max);
/* Borrowed from OpenSSL's name. */
struct bytes name_of_x509(const X509_NAME *name);

#endif
