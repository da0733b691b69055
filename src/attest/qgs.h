/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qgs.h: a TD report becomes a quote in the host's quote generation service
 * (Intel TDX DCAP, qgs_msg_lib). Stream, VM socket to CID 2 or a Unix socket; one request a
 * connection:
 *
 *   frame   = u32 n (big-endian) || message of n bytes
 *   message = major u16 (1) || minor u16 || type u32 || n u32 || error u32 || body (little-endian)
 *   type 0  get quote       report size u32 || id list size u32 || report || id list
 *   type 1  its answer      selected id size u32 || quote size u32 || selected id || quote
 *   type 2  get collateral  FMSPC size u32 || CA size u32 || FMSPC || CA ("platform", "processor")
 * with NUL type 3  its answer      major u16 || minor u16 || seven sizes u32 || seven parts, as
 * enum qgs_part
 *
 * Types 4 and 5, platform info, are not spoken: QE and PCE versions, platform id and CPUSVN come
 * unsigned there and signed in the quote. The service is the host's: whatever it answers is checked
 * here for form and by verifiers for truth.
 */
#ifndef ATTEST_QGS_H
#define ATTEST_QGS_H

#include "base/buf.h"

#define QGS_CONF "/etc/tdx-attest.conf"

enum {
	QGS_CID = 2, /* VMADDR_CID_HOST */
	QGS_PORT = 4050,
	QGS_FRAME_HEAD = 4,
	QGS_HEADER_SIZE = 16,
	QGS_ID_MAX = 1024,
	QGS_REPORT_SIZE = 1024,
	QGS_QUOTE_MAX = 16 * 1024,
	QGS_MESSAGE_MAX = 32 * 1024, /* with a quote */
	QGS_COLLATERAL_MAX = 256 * 1024,
	QGS_FMSPC_SIZE = 6,
	QGS_CONF_MAX = 4096,
	QGS_DEADLINE_MS = 7 * 1000, /* with quoted.h's below what a client waits (socket.h) */
};

/* ---- engine: bytes in, bytes out ---- */

/* Appends a whole frame: a quote for this TD report by whichever key the service selects. */
void qgs_request_emit(const uint8_t report[QGS_REPORT_SIZE], struct buf *out);

struct qgs_answer {
	struct bytes id; /* of the key that was selected; commonly empty */
	struct bytes quote;
};

/*
 * A message without its length. ERR_PARSE E-QGS-001; ERR_UNREACHABLE E-QGS-002
 * with the service's error. Slices borrow.
 */
status qgs_answer_parse(struct bytes message, struct qgs_answer *ret, struct err *err);

/* The collateral of this kind of platform, by which of Intel's two CAs certified it. */
void qgs_collateral_request_emit(const uint8_t fmspc[QGS_FMSPC_SIZE], bool processor,
                                 struct buf *out);

/* In the order of the message. Chains are PEM, lists DER or hexadecimal, statements JSON. */
enum qgs_part {
	QGS_PCK_CRL_CHAIN,
	QGS_ROOT_CRL,
	QGS_PCK_CRL,
	QGS_TCB_INFO_CHAIN,
	QGS_TCB_INFO,
	QGS_IDENTITY_CHAIN,
	QGS_IDENTITY,
};
enum { QGS_PARTS = 7 };

/*
 * As qgs_answer_parse(). Parts lose the NULs that end them. Up to four zero bytes may follow: older
 * services count the version twice.
 */
status qgs_collateral_parse(struct bytes message, struct bytes ret[QGS_PARTS], struct err *err);

/* What an error of the service means. */
const char *qgs_error_text(uint32_t code);

/* The length of the message that follows these four bytes; ERR_LIMIT E-QGS-003 above `most`. */
status qgs_frame_size(const uint8_t head[QGS_FRAME_HEAD], size_t most, size_t *ret,
                      struct err *err);

/* The port of "port = N" in the text of QGS_CONF ("#" comments); QGS_PORT when there is none.
 * ERR_PARSE E-QGS-004. */
status qgs_conf_port(struct bytes text, uint32_t *ret, struct err *err);

/* ---- blocking client ---- */

/* Where the service listens: a Unix socket, or a port of a VM socket. */
struct qgs_place {
	const char *unix_path; /* NULL: VM socket */
	uint32_t cid, port;    /* 0: QGS_CID, QGS_PORT */
	/* How long an answer may take; 0: QGS_DEADLINE_MS, QUOTED_DEADLINE_MS. */
	unsigned int quote_ms, collateral_ms;
};

/* Reads the port of `conf` (QGS_CONF) into the place, if there is such a file. E-QGS-004. */
status qgs_place_read(const char *conf, struct qgs_place *place, struct err *err);

/*
 * ERR_UNREACHABLE E-QGS-005. The caller closes *ret. Bounded by the kernel: a VM socket tries for
 * two seconds.
 */
status qgs_connect(const struct qgs_place *place, int *ret, struct err *err);

/* Appends the quote. ERR_UNREACHABLE E-QGS-006 when the service ends or is late. */
status qgs_quote(int fd, const uint8_t report[QGS_REPORT_SIZE], unsigned int deadline_ms,
                 struct buf *quote, struct err *err);

/* The parts borrow from `message`. Errors as qgs_quote(). */
status qgs_collateral(int fd, const uint8_t fmspc[QGS_FMSPC_SIZE], bool processor,
                      unsigned int deadline_ms, struct buf *message, struct bytes ret[QGS_PARTS],
                      struct err *err);

#endif
