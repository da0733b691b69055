/* SPDX-License-Identifier: Apache-2.0 */
#include "attest/leaf.h"

struct hash512
attest_leaf_hash(const struct attest_leaf *leaf, enum tee tee)
{
	struct binding b = {.purpose = BINDING_MESH_CERT, .tee = tee};

	mem_copy(b.nonce, leaf->nonce, sizeof b.nonce);
	mem_copy(b.attester_key.b, leaf->attester_key, sizeof b.attester_key.b);
	mem_copy(b.peer_key.b, leaf->peer_key, sizeof b.peer_key.b);
	mem_copy(b.exporter, leaf->exporter, sizeof b.exporter);
	mem_copy(b.payload.b, leaf->payload, sizeof b.payload.b);
	return binding_leaf(&b);
}
