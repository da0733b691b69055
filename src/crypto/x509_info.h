/* SPDX-License-Identifier: Apache-2.0 */
/*
 * x509_info.h: certificates, requests and private keys as JSON values with the
 * names and shapes of Go's crypto/x509, for policies that look into them. The
 * values are built in the arena; objects keep their order of insertion.
 */
#ifndef CRYPTO_X509_INFO_H
#define CRYPTO_X509_INFO_H

#include "json/value.h"

/* Length of the DER certificate at the start of `der`, 0 if there is none. */
size_t x509_info_length(struct bytes der);

/* ERR_PARSE E-CRYPTO-020, text as Go's. */
status x509_info_cert(struct arena *a, struct bytes der, struct value *ret, struct err *err);
/* ERR_PARSE E-CRYPTO-040. */
status x509_info_request(struct arena *a, struct bytes der, struct value *ret, struct err *err);

/*
 * Validates leaf <- intermediates <- root at `now` (seconds). ders[0] is the
 * root, ders[n - 1] the leaf. `dns` may be empty. On success order[0..*len)
 * are the indexes of the path, leaf first. ERR_REJECTED E-CRYPTO-030.
 */
status x509_info_verify(const struct bytes *ders, size_t n, int64_t now, struct bytes dns,
                        bool any_usage, size_t *order, size_t *len, struct err *err);

/* A private key (PKCS#1, SEC1 or PKCS#8 DER) as a JSON Web Key. ERR_PARSE E-CRYPTO-001. */
status x509_info_jwk(struct arena *a, struct bytes der, struct value *ret, struct err *err);
/* The same as its numbers. */
status x509_info_key(struct arena *a, struct bytes der, struct value *ret, struct err *err);
/* Does the private key belong to the certificate? */
bool x509_info_pair(struct bytes cert, struct bytes key);

#endif
