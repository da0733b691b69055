/* SPDX-License-Identifier: Apache-2.0 */
/* aead.h: AES-256-GCM (NIST SP 800-38D), 12-byte nonce, 16-byte tag behind the ciphertext. */
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include "base/buf.h"
#include "base/secret.h"

enum { AEAD_KEY_SIZE = 32, AEAD_NONCE_SIZE = 12, AEAD_TAG_SIZE = 16 };

/* Appends ciphertext || tag. A nonce must never be used twice with one key. */
void aead_seal(struct bytes key, struct bytes nonce, struct bytes aad, struct bytes plain,
               struct buf *out);
/* ERR_REJECTED E-CRYPTO-050: changed, or another key, nonce or aad. `ret` is untouched then. */
status aead_open(struct bytes key, struct bytes nonce, struct bytes aad, struct bytes sealed,
                 struct secret *ret, struct err *err);

#endif
