/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.h: who accepts a Coordinator, and when (PROTOCOL section 5). An
 * engine: the bytes of one attest answer and the facts of the TLS session in,
 * an accepted session or a reason out. No socket, no clock, no file.
 */
#ifndef CHANNEL_SESSION_H
#define CHANNEL_SESSION_H

#include "authority/record.h"
#include "channel/judge.h"
#include "crypto/cert.h"
#include "evidence/batch.h"
#include "evidence/state.h"

enum {
	SESSION_BODY_MAX = 64 * 1024 * 1024, /* of an attest answer */
	SESSION_MAX_RECORDS = 65536,
	SESSION_SKEW_SECONDS = 5 * 60, /* PROTOCOL section 10 */
};

enum session_mode {
	SESSION_POD,    /* own policy must be in the head manifest */
	SESSION_VERIFY, /* the head manifest must be the one expected, byte for byte */
	SESSION_SET,    /* active, or empty and judged by the manifest at hand */
};

/* What was accepted earlier and must be extended, never contradicted (PROTOCOL section 9). */
struct session_seen {
	struct hash256 genesis;
	struct hash256 root_key;
	struct hash256 head;
	uint64_t generation; /* 0 = nothing was seen */
	struct hash256 log_id;
	uint64_t log_size;
	struct hash256 log_root;
};

struct session_expect {
	enum session_mode mode;
	struct pins pins;
	struct hash256 own_policy;       /* SESSION_POD */
	const struct manifest *manifest; /* SESSION_VERIFY, SESSION_SET: the one on disk */
	bool insecure;                   /* a manifest with "Insecure" may be accepted */
	bool fork;                       /* phase empty is accepted although a record was seen */
	const struct session_seen *seen; /* or NULL */
	int64_t now;
	/*
	 * NULL, or adds to the evidence what its carrier did not bring (lists,
	 * statements), in the arena, before it is judged. What it adds is believed no
	 * more than the rest.
	 */
	status (*complete)(void *ctx, struct document *d, struct arena *a, struct err *err);
	void *complete_ctx;
};

/* The TLS session on which the answer came. */
struct session_channel {
	enum binding_purpose purpose; /* BINDING_ATTEST, or BINDING_STATEMENT: no session at all */
	uint8_t nonce[NONCE_SIZE];    /* ours, fresh */
	/* Zeros in a statement, which proves the state and never the channel. */
	struct hash256 server_key;
	uint8_t exporter[EXPORTER_SIZE];
};

/* Accepted. Slices are in the arena. */
struct session {
	struct arena arena;
	struct state_record state;
	struct hash256 head;   /* zeros in phase empty: what requests name */
	struct hash256 policy; /* of the Coordinator */
	struct verdict verdict;
	int64_t floor;             /* newest proven time */
	int64_t skew;              /* state record's time minus ours, seconds */
	struct manifest *manifest; /* of the head; NULL in phase empty */
	struct key *answer_key;
	struct bytes root_ca, mesh_ca; /* PEM; mesh empty in phase empty */
	struct bytes *records;
	size_t n_records;
	struct document document; /* the evidence as it was judged, for those who keep it */
	struct hash256 root_key;  /* the root that it was accepted under */
};
void session_done(struct session *s);

/*
 * Judges the body of POST /v1/attest. A statement is judged in SESSION_VERIFY
 * alone (ERR_USAGE E-SESSION-012): nothing that is sent or received on a
 * connection may rest on it. *ret is zeroed unless OK; release it
 * with session_done() either way.
 *   ERR_PARSE    E-SESSION-001 shape of the answer (also JSON and evidence ids)
 *   ERR_REJECTED E-SESSION-002 the phase is not one that this caller accepts
 *                E-SESSION-003 a CA certificate is not of the key in the state record
 *                E-SESSION-004 the head manifest is not the one that the chain names
 *                E-SESSION-005 own policy is not in the head manifest
 *                E-SESSION-006 another deployment than the one seen before
 *                E-SESSION-007 an older generation, or a history that does not contain the seen
 * head E-SESSION-008 "Insecure" without permission E-SESSION-009 phase empty although a record was
 * seen (needs `fork`) E-SESSION-010 the log shrank or its root changed E-AUTHORITY-010..025 the
 * chain; E-EVIDENCE-100 the evidence ERR_DIFFERS  E-SESSION-011 the active manifest is not the
 * expected one
 */
status session_accept(const struct session_expect *expect, const struct session_channel *channel,
                      struct bytes body, struct session *ret, struct err *err);

/* What to remember of an accepted session. */
void session_remember(const struct session *s, struct session_seen *ret);

/*
 * The signed answer of an application request on this session: OK means that
 * its bytes may be used (PROTOCOL section 6).
 */
status session_check_answer(const struct session *s, const char *path, struct bytes request,
                            struct bytes answer, struct bytes signature, struct err *err);

#endif
