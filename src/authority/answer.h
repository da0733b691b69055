/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answer.h: signatures on answers and what is sealed (PROTOCOL section 6).
 * Used by both ends.
 *
 *   answer = ECDSA-SHA-256 by the answer key over
 *            "contrast/v1/answer" 00 || path 00 || genesis || head
 *            || SHA-256(request body) || SHA-256(answer body)
 *   seal   = HPKE base mode, info = "contrast/v1/seal/" what 00 || genesis
 */
#ifndef AUTHORITY_ANSWER_H
#define AUTHORITY_ANSWER_H

#include "crypto/key.h"

/* The closed set of `what`. */
#define SEAL_WORKLOAD_SECRET "workload-secret"
#define SEAL_RECOVER "recover"
#define SEAL_PEER_STATE "peer-state"

void answer_message(const char *path, const struct hash256 *genesis, const struct hash256 *head,
                    struct bytes request, struct bytes answer, struct buf *out);
void answer_sign(const struct key *answer_key, const char *path, const struct hash256 *genesis,
                 const struct hash256 *head, struct bytes request, struct bytes answer,
                 struct buf *signature);
/*
 * `answer_key_id` is the one in the state record accepted on this connection.
 * Use no byte of the answer before this returned OK. ERR_REJECTED
 * E-AUTHORITY-055 another key, -056 the signature does not fit path, genesis,
 * head, request and answer.
 */
status answer_verify(const struct key *answer_key, const struct hash256 *answer_key_id,
                     const char *path, const struct hash256 *genesis, const struct hash256 *head,
                     struct bytes request, struct bytes answer, struct bytes signature,
                     struct err *err);

/* enc[32] || ciphertext. ERR_REJECTED for a bad KEM key (E-HPKE-*). */
status seal_to(const uint8_t kem_public[32], const char *what, const struct hash256 *genesis,
               struct bytes plain, struct buf *out, struct err *err);
status seal_open(const struct key *kem_private, const char *what, const struct hash256 *genesis,
                 struct bytes sealed, struct secret *ret, struct err *err);

#endif
