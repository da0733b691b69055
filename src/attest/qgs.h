/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qgs.h: a TD report becomes a quote in the host's quote generation service
 * (Intel TDX DCAP, qgs_msg_lib). Stream, VM socket to CID 2 or a Unix socket:
 *
 *   frame    = u32 n (big-endian) || message of n bytes
 *   message  = major u16 (1) || minor u16 || type u32 || size u32 || error u32 || body
 * little-endian size is that of the whole message type 0   get quote: report size u32 || id list
 * size u32 || report || id list type 1   answer:    selected id size u32 || quote size u32 ||
 * selected id || quote
 *
 * The service is the host's: whatever it answers is checked here for form and by
 * verifiers for truth.
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
	QGS_MESSAGE_MAX = 32 * 1024,
	QGS_CONF_MAX = 4096,
	QGS_DEADLINE_MS = 10 * 1000,
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

/* The length of the message that follows these four bytes; ERR_LIMIT E-QGS-003. */
status qgs_frame_size(const uint8_t head[QGS_FRAME_HEAD], size_t *ret, struct err *err);

/* The port of "port = N" in the text of QGS_CONF ("#" comments); QGS_PORT when there is none.
 * ERR_PARSE E-QGS-004. */
status qgs_conf_port(struct bytes text, uint32_t *ret, struct err *err);

/* ---- blocking client ---- */

/* Where the service listens: a Unix socket, or a VM socket's port as `conf` says. */
struct qgs_place {
	const char *unix_path; /* NULL: VM socket */
	const char *conf;      /* NULL or absent: QGS_PORT */
};

/* ERR_UNREACHABLE E-QGS-005; E-QGS-004. The caller closes *ret. */
status qgs_connect(const struct qgs_place *place, int *ret, struct err *err);

/* Appends the quote. ERR_UNREACHABLE E-QGS-006 when the service ends or is late. */
status qgs_quote(int fd, const uint8_t report[QGS_REPORT_SIZE], unsigned int deadline_ms,
                 struct buf *quote, struct err *err);

#endif
