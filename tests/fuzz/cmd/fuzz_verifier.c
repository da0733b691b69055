/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reaches: verifier_message(): the bodies of POST /v1/mesh/cert (first byte 0)
 * and POST /v1/manifest (1), own evidence (2), a manifest to load (3). Evidence
 * for a session that nobody has is never accepted.
 */
#include "cmd/coordinator/verifier.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum message_kind kinds[] = {MESSAGE_CHECK_CERT, MESSAGE_CHECK_SET,
	                                          MESSAGE_DESCRIBE, MESSAGE_LOAD};
	static struct verifier verifier;
	CLEANUP(arena_done) struct arena arena = {.cap = VERIFIER_ARENA};
	struct message m = {.id = 1, .time = 1795506000}, answer;
	bool has_answer;
	struct bytes in;
	struct err err;

	if (size == 0)
		return 0;
	in = bytes_of(data + 1, size - 1);
	m.kind = kinds[data[0] % COUNT_OF(kinds)];
	m.body = in;
	m.document = in;
	m.manifest = in;
	(void)verifier_message(&verifier, &m, &arena, &answer, &has_answer, &err);
	if (has_answer && answer.kind == MESSAGE_CERT_RESULT)
		abort();
	verifier_done(&verifier);
	return 0;
}
