/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire.h: what node and pod runner say to each other, on one stream (a socket
 * pair under ns, a virtio-serial port under vm). Each side distrusts the
 * other: the runner believes nothing that its report does not prove, the node
 * takes states and output as words to show.
 *
 *   frame = u32 n || type u8 || n-1 bytes                integers big-endian
 */
#ifndef NODE_WIRE_H
#define NODE_WIRE_H

#include "base/buf.h"

enum {
	WIRE_MAX = 32 * 1024 * 1024, /* a frame, without its length */
	WIRE_OUTPUT_MAX = 64 * 1024,
};

enum wire_type {
	/* node to pod */
	WIRE_START =
	        1, /* u32 length of the initdata document || document || pod specification (JSON) */
	WIRE_STOP = 2, /* u32 seconds of grace */
	/* pod to node */
	WIRE_STATE = 16,    /* JSON, see pod_state.h: the whole state, after every change */
	WIRE_OUTPUT = 17,   /* container u8 || stream u8 (1 out, 2 err) || bytes */
	WIRE_REFUSED = 18,  /* id, NUL, message: the pod powers off */
	WIRE_ATTESTED = 19, /* what the runner saw: registers of 48 bytes (launch digest; or MRTD
	                       and four RTMRs), then 32 bytes of HOSTDATA or MRCONFIGID */
};

struct wire_frame {
	uint8_t type;
	struct bytes body; /* borrowed from the input */
};

void wire_emit(struct buf *out, enum wire_type type, struct bytes body);
/*
 * First frame of `in`: *ret_whole says whether it is there; then *used is its
 * whole size. ERR_LIMIT E-NODE-030 for a length of zero or above WIRE_MAX.
 */
status wire_next(struct bytes in, bool *ret_whole, struct wire_frame *ret, size_t *used,
                 struct err *err);

/* Parts of WIRE_START. ERR_PARSE E-NODE-031. */
void wire_start_emit(struct buf *out, struct bytes document, struct bytes spec);
status wire_start_parse(struct bytes body, struct bytes *document, struct bytes *spec,
                        struct err *err);

#endif
