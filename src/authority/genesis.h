/* SPDX-License-Identifier: Apache-2.0 */
/*
 * genesis.h: the pins of a deployment (PROTOCOL section 2). `generate` makes
 * genesis.json once; the same values are command arguments of Coordinator,
 * initializer and mesh. A missing pin = refuse to start.
 */
#ifndef AUTHORITY_GENESIS_H
#define AUTHORITY_GENESIS_H

#include "crypto/hash.h"

enum {
	DEPLOYMENT_ID_SIZE = 16,
	PINS_MAX_KEYS = 8,
	GENESIS_MAX_BYTES = 64 * 1024, /* genesis.json */
};

struct pins {
	uint8_t deployment_id[DEPLOYMENT_ID_SIZE];
	size_t n_keys;
	struct hash256 keys[PINS_MAX_KEYS]; /* ids of the genesis keys, strictly ascending */
};

/* Fresh pins with a random deployment id and no keys. */
void pins_new(struct pins *p);
/* Insert in order; one that is there already is fine. ERR_LIMIT E-AUTHORITY-001. */
status pins_add_key(struct pins *p, const struct hash256 *key_id, struct err *err);
/*
 * From command arguments: 32 hex digits, and per key 64 hex digits (SHA-256 of
 * its SubjectPublicKeyInfo). ERR_USAGE E-AUTHORITY-002..004, also when one is missing.
 */
status pins_from_args(struct pins *p, const char *deployment_id, const char *const *keys, size_t n,
                      struct err *err);
bool pins_has_key(const struct pins *p, const struct hash256 *key_id);

/* PROTOCOL section 2 `genesis`, for the root CA key with this id. */
struct hash256 genesis_hash(const struct pins *p, const struct hash256 *root_key_id);

/* genesis.json: {"version": 1, "deployment_id": hex, "genesis_keys": [hex]}. Strict. */
status genesis_parse(struct bytes json, struct pins *ret, struct err *err);
void genesis_write(const struct pins *p, struct buf *out);

#endif
