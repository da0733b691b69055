/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shamir.h: k of n secret sharing, bytewise over GF(256) with the polynomial
 * x^8+x^4+x^3+x+1. Share i is the value at x = i, i from 1. No table lookups
 * and no branches on secret bytes.
 */
#ifndef CRYPTO_SHAMIR_H
#define CRYPTO_SHAMIR_H

#include "base/secret.h"

enum { SHAMIR_MAX_SHARES = 255, SHAMIR_MAX_SECRET = 1024 };

/*
 * shares[i] (i from 0) gets the share of index i + 1, as long as the secret.
 * 1 <= k <= n <= 255: ERR_USAGE E-SHAMIR-001.
 */
status shamir_split(struct bytes secret, uint8_t k, uint8_t n, struct secret *shares,
                    struct err *err);
/* The same with given coefficients (k - 1 rows as long as the secret), for test vectors. */
status shamir_split_with(struct bytes secret, struct bytes coefficients, uint8_t k, uint8_t n,
                         struct secret *shares, struct err *err);
/*
 * The secret from k shares with distinct indexes 1..255 and equal length.
 * Wrong shares give a wrong secret, not an error: compare with a commitment.
 * ERR_USAGE E-SHAMIR-002.
 */
status shamir_combine(const uint8_t *indexes, const struct bytes *shares, size_t k,
                      struct secret *ret, struct err *err);

#endif
