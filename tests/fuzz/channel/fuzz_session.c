/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reaches: session_accept() over the body of an attest answer: JSON, state
 * record, proof, certificates, records, manifest, evidence. Pins and nonce are
 * those of the corpus; its exporter is not known, so nothing may be accepted.
 */
#include "base/text.h"
#include "channel/session.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char id[] = "8d1e2ced61f9c5049b94c82036486f97";
	static const char key[] =
	        "a6d7b4355d7850027ea671924edb69ff5020ee0d63dc3aa51fb3e5b6a2f23abf";
	struct session_expect expect = {.mode = SESSION_POD, .now = 1795506000};
	struct session_channel channel = {.exporter = {1}};
	struct session s;
	struct err err;

	if (!hex_decode(bytes_of(id, sizeof id - 1), expect.pins.deployment_id,
	                DEPLOYMENT_ID_SIZE) ||
	    !hex_decode(bytes_of(key, sizeof key - 1), expect.pins.keys[0].b, SHA256_SIZE))
		abort();
	expect.pins.n_keys = 1;
	for (size_t i = 0; i < sizeof channel.nonce; i++)
		channel.nonce[i] = 'n';
	if (is_ok(session_accept(&expect, &channel, bytes_of(data, size), &s, &err)))
		abort();
	if (s.manifest || s.answer_key || verdict_accepted(&s.verdict))
		abort();
	return 0;
}
