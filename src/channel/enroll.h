/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enroll.h: how a pod gets its certificate and secret (PROTOCOL sections 5, 6):
 * accept the Coordinator, ask for a nonce, show evidence for a fresh key on
 * this very connection, check the signed answer, open the sealed secret.
 * First issue (initializer) and renewal (mesh) are the same call.
 */
#ifndef CHANNEL_ENROLL_H
#define CHANNEL_ENROLL_H

#include "attest/socket.h"
#include "channel/attested.h"

/* Where the evidence socket of a pod is, unless somebody says otherwise. */
#define ENROLL_EVIDENCE_SOCKET "/run/contrast/evidence.sock"

enum { ENROLL_ANSWER_MAX = 256 * 1024, ENROLL_BODY_MAX = 64 * 1024 };

struct enrolled {
	struct key *key;             /* fresh P-256 */
	struct buf chain;            /* PEM: leaf, mesh CA signed by the root */
	struct buf root_ca, mesh_ca; /* PEM */
	struct secret secret;        /* workload secret; n == 0: this policy has none */
	struct hash256 policy;       /* own */
	int64_t not_after;           /* of the leaf */
	struct session_seen seen;    /* what a later session must extend */
	int64_t floor;               /* newest proven time */
};
void enrolled_done(struct enrolled *e);

/*
 * Own policy hash, from own evidence: HOSTDATA (or MRCONFIGID) that this guest was launched with.
 * `evidence` says where from, as issuer_open() takes it: "auto", a folder, a socket.
 */
status enroll_own_policy(const char *evidence, struct hash256 *ret, struct err *err);

/*
 * One attempt. `expect` has mode SESSION_POD, pins, own policy and time.
 * ERR_UNREACHABLE and ERR_CONFLICT may pass by themselves; ERR_REJECTED only
 * when somebody changes the manifest or the deployment.
 */
status enroll(struct tls_client *tls, const char *address, const struct session_expect *expect,
              const char *evidence, struct enrolled *ret, struct err *err);

/* ---- engine ---- */

/* The body of POST /v1/mesh/cert. `document` is the evidence as it came from the socket. */
status enroll_body(const uint8_t kem[32], struct bytes csr, struct bytes document, struct buf *out,
                   struct err *err);

/*
 * A signed answer: the certificate is of `key`, issued under the CA keys of
 * the session's state record; the secret opens with `kem`. ERR_REJECTED
 * E-ENROLL-002; ERR_PARSE E-ENROLL-001.
 */
status enroll_accept(const struct session *s, struct bytes answer, const struct key *key,
                     const struct key *kem, int64_t now, struct enrolled *ret, struct err *err);

#endif
