/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authority.h: the engine of the keeper: seed, CA, history, answers. No
 * sockets, no clock, no parsing of strangers' bytes except a manifest whose
 * hash a checked chain has authorised (PROTOCOL section 1). Single-threaded.
 * Borrowed results live until the next call that changes the state.
 */
#ifndef AUTHORITY_AUTHORITY_H
#define AUTHORITY_AUTHORITY_H

#include "authority/ca.h"
#include "authority/log.h"
#include "authority/record.h"
#include "authority/store.h"
#include "evidence/marks.h"
#include "evidence/state.h"
#include "manifest/manifest.h"

struct authority;

enum {
	AUTHORITY_KEM_SIZE = 32,
	AUTHORITY_NONCE_SIZE = 32,
	AUTHORITY_NONCE_SECONDS = 60,
	AUTHORITY_PREVIOUS_CA_SECONDS = 3600,
};

struct authority_options {
	struct pins pins;
	struct store store; /* borrowed: outlives the authority */
	/* Own evidence chains to a vendor root: manifests with "Insecure" are refused. */
	bool vendor_root;
	/* Own HOSTDATA: a manifest in which it is no coordinator would lock this keeper out. */
	bool has_own_policy;
	struct hash256 own_policy;
};

/*
 * A keeper's start: fresh seed, root key, answer key, KEM key and nonce key.
 * Over an empty store the phase is STATE_EMPTY and the genesis is known. A
 * store with records is a deployment of its own: if its chain is valid under
 * the pins, the fresh seed is thrown away and the phase is STATE_RECOVERING.
 * ERR_REJECTED E-AUTHORITY-060: the store's history is not valid under these pins.
 */
status authority_new(const struct authority_options *o, int64_t now, struct authority **ret,
                     struct err *err);
void authority_free(struct authority *a);

/* The fields of PROTOCOL section 3 as they stand; the time is `now`. */
void authority_state(const struct authority *a, int64_t now, struct state_record *ret);
bool authority_is_active(const struct authority *a);
/* Zeros while recovering; head is zeros unless active. */
const struct hash256 *authority_genesis(const struct authority *a);
const struct hash256 *authority_head(const struct authority *a);
uint64_t authority_generation(const struct authority *a);
/* NULL unless active. */
const struct manifest *authority_manifest(const struct authority *a);
const struct root_ca *authority_root(const struct authority *a); /* NULL while recovering */
const struct mesh_ca *authority_mesh(const struct authority *a);
const struct key *authority_answer_key(const struct authority *a);
/* The newest time that this engine knows from owners' or its own signed state (PROTOCOL section
 * 10). */
int64_t authority_time_floor(const struct authority *a);

/*
 * Timer, at least once a minute: re-signs CA certificates, ends the previous
 * mesh CA, forgets recovery shares after an hour.
 */
status authority_tick(struct authority *a, int64_t now, struct err *err);

/* ---- nonces (PROTOCOL section 4) ---- */
void authority_nonce(const struct authority *a, int64_t now, uint8_t to[AUTHORITY_NONCE_SIZE]);
/* ERR_REJECTED E-AUTHORITY-050 not ours, -051 too old. */
status authority_nonce_check(const struct authority *a, int64_t now, struct bytes nonce,
                             struct err *err);

/* ---- POST /v1/manifest ---- */

/*
 * What the front read from the request. k and owners are its claim of what
 * the manifest says: the keeper needs them for the transition before it may
 * parse the manifest, and compares them afterwards.
 */
struct set_request {
	struct hash256 head; /* the one accepted on this connection; zeros in phase empty */
	uint8_t k;
	const struct hash256 *owners; /* ascending ids */
	size_t n_owners;
	struct bytes manifest;        /* exact bytes */
	const struct bytes *policies; /* initdata documents */
	size_t n_policies;
	const struct record_signature *signatures; /* key_id is computed again from spki */
	size_t n_signatures;
};

/*
 * Next transition: signatures by the record before it (the first: by a
 * genesis key), then the manifest's own rules, then the store, then the swap.
 * The same set again (its transition is the head) gives the same answer.
 * `answer` gets the JSON body:
 *   {"generation", "genesis", "head", "root_ca", "mesh_ca", "shares"?}
 * Failures change nothing:
 *   ERR_CONFLICT E-AUTHORITY-061 another head than the request names (the message has it)
 *   ERR_REJECTED E-AUTHORITY-015, 022..024 signatures
 *   ERR_REJECTED E-AUTHORITY-062 phase recovering
 *   ERR_REJECTED E-AUTHORITY-063 owners differ from the claim
 *   ERR_REJECTED E-AUTHORITY-064 "Insecure" under a vendor root
 *   ERR_REJECTED E-AUTHORITY-065 own policy is no coordinator of it
 *   ERR_REJECTED E-AUTHORITY-066 share owners or threshold changed
 *   ERR_PARSE    E-AUTHORITY-067 a policy document is missing, or one too many
 *   ERR_PARSE    E-MANIFEST-001, ERR_IO and others from the store
 */
status authority_set(struct authority *a, const struct set_request *r, int64_t now,
                     struct buf *answer, struct err *err);

/* Take up records that another keeper (or a lost answer) put into the store; checked as ever. */
status authority_sync(struct authority *a, int64_t now, struct err *err);

/* ---- POST /v1/mesh/cert ---- */

/* After accepted evidence: what the verifier's result says, nothing of the peer's address. */
struct cert_request {
	struct hash256 head;   /* of the manifest that the evidence was judged by */
	struct hash256 policy; /* HOSTDATA */
	const struct key *key; /* public key of the CSR, P-256 */
	uint8_t kem[AUTHORITY_KEM_SIZE];
};
/*
 * `answer`: {"chain": PEM of leaf and mesh CA, "root_ca", "mesh_ca", "head", "generation",
 * "policy", "not_after", "secret"?: base64 of HPKE enc || ciphertext, what = "workload-secret"}.
 * `log_entry` gets the entry's hash for the front's copy of the issuance log.
 * ERR_CONFLICT E-AUTHORITY-061; ERR_REJECTED E-AUTHORITY-070 policy not in the active manifest;
 * ERR_REJECTED E-AUTHORITY-071 no active manifest.
 */
status authority_mesh_cert(struct authority *a, const struct cert_request *r, int64_t now,
                           struct buf *answer, struct hash256 *log_entry, struct err *err);

/*
 * What accepted evidence rested on (evidence/marks.h). Kept in the store too, signed with the log
 * key, and taken up again with the seed by recovery and replicas: a store that shows an older
 * state of it, or none, makes the keeper begin there. Failing to store is an
 * error, but the marks count.
 */
const struct marks *authority_marks(const struct authority *a);
status authority_keep_marks(struct authority *a, const struct mark *of, size_t n, struct err *err);

/* Of the issuance log as it stands; unsigned (empty) while recovering. */
void authority_checkpoint(const struct authority *a, int64_t now, struct checkpoint *ret,
                          struct buf *signature);

/* ---- GET /v1/bundle?head= ---- */
/*
 * Body (JSON) and its signature by the mesh CA key; the records after `since`
 * (zeros or an unknown head: all). Made at most once a second for one `since`.
 */
status authority_bundle(struct authority *a, const struct hash256 *since, int64_t now,
                        struct buf *body, struct buf *signature, struct err *err);

/* ---- answers and sealing (PROTOCOL section 6): authority/answer.h has the checks ---- */
void authority_sign_answer(const struct authority *a, const char *path, const struct hash256 *head,
                           struct bytes request, struct bytes answer, struct buf *signature);

/* ---- recovery and replicas (PROTOCOL section 9) ---- */
/*
 * One share, sealed to the KEM key with what = "recover": index u8 || share[64] || salt[32] ||
 * last head seen[32] (zeros: none). `answer`: {"phase", "have", "need", "head"}.
 * ERR_REJECTED E-AUTHORITY-080.. names what is wrong with the share.
 */
status authority_recover(struct authority *a, struct bytes sealed, int64_t now, struct buf *answer,
                         struct err *err);
/* A replica asks; `policy` must be a coordinator of the active manifest. `answer`: {"state":
 * base64}. */
struct peer_request {
	struct hash256 head;
	struct hash256 policy;
	uint8_t kem[AUTHORITY_KEM_SIZE];
};
status authority_peer_state(struct authority *a, const struct peer_request *r, int64_t now,
                            struct buf *answer, struct err *err);
/* The replica's side: the sealed state it pulled (what = "peer-state"). */
status authority_adopt(struct authority *a, struct bytes sealed, int64_t now, struct err *err);

#endif
