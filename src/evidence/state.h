/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.h: the Coordinator's state record (PROTOCOL section 3), 282 bytes that
 * the keeper makes and evidence of purpose attest and statement covers.
 */
#ifndef EVIDENCE_STATE_H
#define EVIDENCE_STATE_H

#include "crypto/hash.h"

enum { STATE_RECORD_SIZE = 282, STATE_VERSION = 1 };

enum state_phase { STATE_EMPTY = 0, STATE_RECOVERING = 1, STATE_ACTIVE = 2 };

struct state_record {
	enum state_phase phase;
	uint64_t generation;
	struct hash256 genesis;
	struct hash256 head;
	struct hash256 root_key; /* SHA-256 of the root CA's SPKI, as the next two and answer_key */
	struct hash256 mesh_key;
	struct hash256 previous_mesh_key; /* zero: there is none */
	uint8_t kem[32];                  /* X25519 public key, of this keeper start */
	struct hash256 answer_key;
	uint64_t log_size;
	struct hash256 log_root;
	uint64_t time; /* unix seconds */
};

void state_emit(const struct state_record *s, uint8_t to[STATE_RECORD_SIZE]);

/*
 * Strict: size, version, phase, and the zeros that the phase demands (empty:
 * generation, head, mesh CA keys; recovering: also genesis and root key;
 * active: generation, genesis, head and the keys are not zero).
 * ERR_PARSE E-EVIDENCE-020.
 */
status state_parse(struct bytes b, struct state_record *ret, struct err *err);

const char *state_phase_name(enum state_phase phase);

#endif
