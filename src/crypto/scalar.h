/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scalar.h: an EC private key from derived bytes (PROTOCOL section 7). `wide`
 * has 24 bytes more than the curve's order, so the bias of the reduction is
 * below 2^-190.
 */
#ifndef CRYPTO_SCALAR_H
#define CRYPTO_SCALAR_H

#include "crypto/key.h"

enum { SCALAR_EXTRA = 24 };

/* KEY_P256 or KEY_P384; wide.n is 32 or 48 bytes plus SCALAR_EXTRA. d = (OS2IP(wide) mod (n-1))
 * + 1. */
struct key *key_from_wide(enum key_kind kind, const struct secret *wide);

#endif
