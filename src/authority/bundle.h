/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle.h: what the mesh polls (PROTOCOL sections 6 and 8). The body is JSON:
 *   {"version": 1, "genesis", "head", "generation", "time", "mesh_ca": PEM (signed by the root),
 *    "previous_mesh_ca"?: PEM, "previous_until"?: seconds, "policies": [hex], "records": [base64]}
 * signed by the mesh CA key: ECDSA-SHA-256 over "contrast/v1/bundle" 00 || body.
 * It comes over an unattested connection: bundle_accept() is all that makes it true.
 */
#ifndef AUTHORITY_BUNDLE_H
#define AUTHORITY_BUNDLE_H

#include "authority/record.h"
#include "crypto/cert.h"

enum {
	BUNDLE_VERSION = 1,
	BUNDLE_MAX_BYTES = 8 * 1024 * 1024,
	BUNDLE_MAX_POLICIES = 4096,
	BUNDLE_MAX_RECORDS = 4096,
};

void bundle_message(struct bytes body, struct buf *out);
void bundle_sign(const struct key *mesh_key, struct bytes body, struct buf *signature);

struct bundle {
	struct hash256 *policies; /* ascending */
	size_t n_policies;
	struct cert *mesh_ca;
	struct cert *previous_mesh_ca; /* NULL: none */
	int64_t previous_until;
	int64_t time;
};
void bundle_done(struct bundle *b);

/*
 * The mesh's check, in this order: the CA certificate is signed by the root
 * that was accepted (at `now`), the records lead from the own head to the
 * bundle's, the signature is the CA key's over exactly this body. On success
 * the chain has moved to the bundle's head; on failure nothing has changed.
 * A chain that is ahead of the bundle refuses it: generations only rise.
 * ERR_PARSE E-BUNDLE-001, ERR_REJECTED E-BUNDLE-002.., E-AUTHORITY-020...
 */
status bundle_accept(struct chain *c, const struct cert *root, struct bytes body,
                     struct bytes signature, int64_t now, struct bundle *ret, struct err *err);
bool bundle_has_policy(const struct bundle *b, const struct hash256 *policy);

#endif
