/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show.h: evidence and endorsements, every field decoded, as a JSON value.
 * Nothing here is checked beyond its form: it is what the bytes say.
 */
#ifndef EVIDENCE_SHOW_H
#define EVIDENCE_SHOW_H

#include "evidence/document.h"
#include "evidence/verdict.h"

/*
 * {"type", fields..., "endorsements": [...]} in the arena; values borrow from
 * the document. A refusal of the decoder is in the verdict. Endorsements that
 * do not parse are listed with what is wrong with them.
 */
status evidence_show(struct arena *a, const struct document *d, struct value *ret,
                     struct verdict *v);

/* "path.of.member  value", one line each, for people; untrusted text escaped. */
void evidence_show_text(const struct value *v, struct buf *out);

#endif
