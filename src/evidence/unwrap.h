/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwrap.h: what tools put around evidence and endorsements. Text spells bytes
 * (hexadecimal, base64, percent-encoding of header values); JSON of any shape
 * has pieces somewhere inside, as texts or lists of bytes. What is inside is
 * judged as if it had come bare.
 */
#ifndef EVIDENCE_UNWRAP_H
#define EVIDENCE_UNWRAP_H

#include "evidence/intake.h"

enum {
	UNWRAP_JSON_DEPTH = 32, /* of JSON that is read */
	UNWRAP_DEPTH = 12,      /* and searched */
	UNWRAP_PIECE_MIN = 64,  /* shorter texts and lists are no piece of anything */
};

/* The bytes that a whole file of text spells; the file itself when it spells none. */
struct bytes unwrap_text(struct arena *a, struct bytes b);

/* Is it an object or list of JSON, by its first character? */
bool unwrap_is_json(struct bytes b);

/* Called for each piece that is something known. ERR_... ends the search with it. */
typedef status unwrap_fn(void *ctx, enum intake_kind kind, struct bytes piece, struct err *err);
status unwrap_json(struct arena *a, struct bytes json, unwrap_fn *fn, void *ctx, struct err *err);

#endif
