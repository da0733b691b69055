/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message.h: everything that the Coordinator's processes can say to each other
 * (PROTOCOL section 1): one table, one codec. Both ends of a socketpair treat
 * the other as hostile: a frame that is not exactly a row of the table, or not
 * for this direction, ends the connection.
 *
 *   frame   = u32 n || n bytes
 *   message = kind u8 || id u64 || the row's fields in order
 *   field   = u8 | u64 | 32 bytes | u32 n || n bytes
 */
#ifndef CMD_COORDINATOR_MESSAGE_H
#define CMD_COORDINATOR_MESSAGE_H

#include "base/buf.h"
#include "crypto/hash.h"
#include "evidence/marks.h"

enum {
	MESSAGE_BODY_MAX = 16 * 1024 * 1024 + 4096, /* a manifest request */
	MESSAGE_REQUEST_MAX = 64 * 1024,            /* any other request (PROTOCOL section 11) */
	MESSAGE_DOCUMENT_MAX = 256 * 1024,
	MESSAGE_TEXT_MAX = 1024,
	MESSAGE_PEM_MAX = 16 * 1024,
	MESSAGE_KEY_MAX = 256,
	MESSAGE_SIGNATURE_MAX = 256,
	MESSAGE_PATH_MAX = 12 * 64,
	MESSAGE_RECORD_SIZE_MAX = 282,
	MESSAGE_FRAME_MAX = 40 * 1024 * 1024,
};

/* Who may send a kind. */
enum message_direction {
	FRONT_TO_KEEPER,
	KEEPER_TO_FRONT,
	KEEPER_TO_VERIFIER,
	VERIFIER_TO_KEEPER,
};

enum message_kind {
#define MESSAGE(direction, name, ...) MESSAGE_##name,
#include "cmd/coordinator/message.def"
#undef MESSAGE
	MESSAGE_COUNT
};

/* The union of all rows; a message uses the members that its row names. Slices borrow from the
 * frame. */
struct message {
	enum message_kind kind;
	uint64_t id; /* of the request; the answer carries it back */
	uint8_t code;
	uint64_t number;
	uint64_t time;
	struct hash256 head, hash, nonce, server_key, exporter, policy, kem;
	struct bytes body, document, record, path, root_ca, mesh_ca, key, signature;
	struct bytes manifest, owners, policies, signatures, marks;
	struct bytes error, place, text;
};

/* Appends the whole frame. Fields beyond their limits latch `out` as failed. */
void message_emit(const struct message *m, struct buf *out);

/*
 * `body` is a frame without its length. ERR_PARSE E-MESSAGE-001: no row of the
 * table for this direction, or not exactly its fields.
 */
status message_parse(enum message_direction from, struct bytes body, struct message *ret,
                     struct err *err);

/* "ATTEST"; for logs. */
const char *message_name(enum message_kind kind);

/*
 * A list inside a field: u32 n || n bytes, repeated. message_list_next() cuts
 * the first item off *list; false at the end, and at malformed rests (then
 * *list is not empty).
 */
void message_list_add(struct buf *list, struct bytes item);
bool message_list_next(struct bytes *list, struct bytes *item);

/* A failure as a message of `kind` (MESSAGE_ERROR, MESSAGE_REFUSED, MESSAGE_STORED) and back. */
void message_from_err(struct message *m, enum message_kind kind, uint64_t id,
                      const struct err *err);
status message_to_err(const struct message *m, struct err *err);

#endif
