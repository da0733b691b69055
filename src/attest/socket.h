/* SPDX-License-Identifier: Apache-2.0 */
/*
 * socket.h: the two sockets through which a pod gets evidence (PROTOCOL
 * section 4). The owner of the report device (agent, launcher, software
 * secure processor) serves both as Unix stream sockets:
 *
 *   report socket    takes 64 bytes of REPORTDATA. A Coordinator's only.
 *   evidence socket  takes the fields of a leaf and hashes them itself, always
 *                    with purpose "mesh-cert" and role client: what comes out
 *                    can never pass for a Coordinator's evidence.
 *
 * Wire, integers big-endian; any number of requests one after the other on a
 * connection; a malformed one is answered and the connection closed:
 *
 *   frame    = u32 n || n bytes
 *   request  = version u8 (1) || op u8 || body
 *              op 1 report      REPORTDATA[64]
 *              op 2 mesh-cert   nonce[32] || SHA-256(attester key)[32] || SHA-256(peer key)[32]
 *                               || exporter[32] || SHA-256(payload)[32]
 *   answer   = version u8 (1) || result u8 || tee u8 (1 to 4, docs/protocol.md; 0 unless ok) ||
 * rest result 0: rest is the evidence document (JSON, docs/evidence.md) with its endorsements; else
 * a line for people
 *
 * A socket that serves one op answers any other with ATTEST_REFUSED. For
 * op 2, REPORTDATA is the leaf itself (a tree of depth 0).
 */
#ifndef ATTEST_SOCKET_H
#define ATTEST_SOCKET_H

#include "base/buf.h"

enum {
	ATTEST_SOCKET_VERSION = 1,
	ATTEST_REPORT_DATA_SIZE = 64,
	ATTEST_TEE_MAX = 4,             /* snp, tdx, and both behind a paravisor */
	ATTEST_REQUEST_MAX = 256,       /* bytes of a request, without its length */
	ATTEST_ANSWER_MAX = 256 * 1024, /* bytes of an answer, without its length */
	ATTEST_DEADLINE_MS = 10 * 1000, /* a client waits this long for one answer */
};

enum attest_op {
	ATTEST_OP_REPORT = 1,
	ATTEST_OP_MESH_CERT = 2,
};

enum attest_result {
	ATTEST_DONE = 0,
	ATTEST_MALFORMED = 1,
	ATTEST_REFUSED = 2,     /* not on this socket */
	ATTEST_UNAVAILABLE = 3, /* the device did not answer; asking again may help */
};

/* The leaf's fields that a pod may choose; purpose, role and tee are the server's. */
struct attest_leaf {
	uint8_t nonce[32];
	uint8_t attester_key[32];
	uint8_t peer_key[32];
	uint8_t exporter[32];
	uint8_t payload[32];
};

struct attest_request {
	enum attest_op op;
	uint8_t report_data[ATTEST_REPORT_DATA_SIZE]; /* ATTEST_OP_REPORT */
	struct attest_leaf leaf;                      /* ATTEST_OP_MESH_CERT */
};

struct attest_answer {
	enum attest_result result;
	uint8_t tee;
	struct bytes rest; /* document or message, borrowed from the frame */
};

/* ---- engine: bytes in, bytes out ---- */

/* Appends the whole frame. */
void attest_request_emit(const struct attest_request *r, struct buf *out);
void attest_answer_emit(enum attest_result result, uint8_t tee, struct bytes rest, struct buf *out);

/* `body` is a frame without its length. ERR_PARSE E-ATTEST-001 (request), -002 (answer). */
status attest_request_parse(struct bytes body, struct attest_request *ret, struct err *err);
status attest_answer_parse(struct bytes body, struct attest_answer *ret, struct err *err);

/*
 * One frame from the front of `in`: true with its body in *ret and its whole
 * size (4 + n) in *used; false when more bytes are needed. A length of zero or
 * above `max` is ERR_LIMIT E-ATTEST-003.
 */
status attest_frame_next(struct bytes in, size_t max, bool *ret_whole, struct bytes *ret,
                         size_t *used, struct err *err);

/* ---- blocking client, with a deadline ---- */

/* ERR_UNREACHABLE E-ATTEST-010. The caller closes *ret. */
status attest_socket_connect(const char *path, int *ret, struct err *err);

/*
 * Sends the request on a connected socket and appends the evidence document to
 * `document`. ERR_UNREACHABLE E-ATTEST-011 when the deadline passes or the
 * socket ends, ERR_REJECTED E-ATTEST-012 when the server refuses.
 */
status attest_socket_call(int fd, const struct attest_request *request, unsigned int deadline_ms,
                          uint8_t *ret_tee, struct buf *document, struct err *err);

#endif
