/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: document_parse, document_to_json; what was written must parse to the same again. */
#include "evidence/document.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct document d, back;
	struct value v;
	struct err err;

	if (!is_ok(document_parse(&a, bytes_of(data, size), &d, &err)))
		return 0;
	v = document_to_json(&a, &d);
	json_write(&v, JSON_COMPACT, &text);
	if (!is_ok(document_parse(&a, buf_view(&text), &back, &err)) ||
	    !bytes_equal(back.evidence, d.evidence) || back.tee != d.tee ||
	    !bytes_equal(back.vtpm.runtime, d.vtpm.runtime) ||
	    !bytes_equal(back.vtpm.pcrs, d.vtpm.pcrs) ||
	    back.endorsements.n_certs != d.endorsements.n_certs)
		abort();
	return 0;
}
