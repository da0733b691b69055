/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hpke.h: RFC 9180, base mode, single shot, with the one suite we use:
 * DHKEM(X25519, HKDF-SHA-256) 0x0020, HKDF-SHA-256 0x0001, AES-256-GCM 0x0002.
 * An all-zero shared secret is refused (RFC 9180 section 7.1.4).
 */
#ifndef CRYPTO_HPKE_H
#define CRYPTO_HPKE_H

#include "crypto/key.h"

enum { HPKE_ENC_SIZE = 32, HPKE_TAG_SIZE = 16, HPKE_OVERHEAD = HPKE_ENC_SIZE + HPKE_TAG_SIZE };

/* Appends enc[32] || ciphertext || tag[16]. ERR_REJECTED E-HPKE-001 for a bad public key. */
status hpke_seal(struct bytes recipient_public, struct bytes info, struct bytes aad,
                 struct bytes plain, struct buf *out, struct err *err);
/* The same with a given ephemeral key, for test vectors only. */
status hpke_seal_with(const struct key *ephemeral, struct bytes recipient_public, struct bytes info,
                      struct bytes aad, struct bytes plain, struct buf *out, struct err *err);
/* ERR_REJECTED E-HPKE-002: not for this key, this info, this aad, or changed. */
status hpke_open(const struct key *recipient, struct bytes info, struct bytes aad,
                 struct bytes sealed, struct secret *ret, struct err *err);

#endif
