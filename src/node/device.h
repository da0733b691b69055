/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device.h: how a guest asks the secure processor for a report: AMD's guest
 * messages (SNP firmware ABI, MSG_REPORT_REQ and MSG_REPORT_RSP) with the
 * certificate table of the extended request behind the answer. One stream a
 * guest: who holds its end is that guest.
 *
 *   frame    = u32 n (big-endian) || n bytes
 *   request  = REPORT_DATA[64] || VMPL u32 || KEY_SEL u32 || 24 zeros            little-endian
 *   answer   = STATUS u32 || size u32 || 24 zeros || report || certificate table
 *   table    = {GUID[16], offset u32, length u32}... zero entry || certificates  (GHCB,
 * section 4.1.8)
 *
 * A TD asks with the same request, VMPL and KEY_SEL zero, and gets behind the same header, as
 * `size` bytes, an evidence document: quote, and the endorsements that a local root's verifier
 * cannot fetch from Intel. In a real TD the module makes a report and the host's service a quote of
 * it (attest/qgs.h); here both are one program, so one step hides nothing.
 */
#ifndef NODE_DEVICE_H
#define NODE_DEVICE_H

#include "evidence/snp/certtable.h"
#include "node/processor.h"
#include "node/quoter.h"

enum {
	DEVICE_REQUEST_SIZE = 96,
	DEVICE_ANSWER_MAX = 64 * 1024,
	DEVICE_INVALID_PARAMS = 0x16,
	DEVICE_BUSY = 0x1,
};

void device_request_emit(const uint8_t report_data[PROCESSOR_REPORT_DATA_SIZE], uint32_t vmpl,
                         struct buf *out);

/*
 * Answers one request (without its length) of a guest, appending a whole
 * frame. A malformed request is answered with a status, as the firmware does.
 */
void device_serve(struct guest *g, struct processor *p, int64_t now, struct bytes request,
                  struct buf *out);

/* The same for a TD, with quotes of this version. */
void device_serve_td(const struct td_launch *l, struct quoter *q, uint16_t version, int64_t now,
                     struct bytes request, struct buf *out);

/* What a guest gets; slices borrow from the frame. Absent certificates are empty. */
struct device_answer {
	struct bytes report;
	struct snp_table certificates;
};
/* `answer` without its length. ERR_PARSE E-NODE-035, E-EVIDENCE-040, ERR_UNREACHABLE E-NODE-036
 * (its status). */
status device_answer_parse(struct bytes answer, struct device_answer *ret, struct err *err);

/*
 * The answer in either shape as a document, borrowed from answer and arena. Errors as
 * device_answer_parse() and document_parse(); E-NODE-035: evidence of the other kind.
 */
status device_document(enum tee tee, struct bytes answer, struct arena *a, struct document *ret,
                       struct err *err);

/* Blocking call on the stream; the answer's storage is `frame` and the arena. ERR_UNREACHABLE
 * E-NODE-036. */
status device_report(int fd, enum tee tee, const uint8_t report_data[PROCESSOR_REPORT_DATA_SIZE],
                     struct arena *a, struct buf *frame, struct document *ret, struct err *err);

#endif
