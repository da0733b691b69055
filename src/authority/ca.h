/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ca.h: root -> mesh CA -> leaf (PROTOCOL section 8). Keys come from the seed;
 * certificates are made anew at will and never compared by their bytes.
 */
#ifndef AUTHORITY_CA_H
#define AUTHORITY_CA_H

#include "authority/seed.h"
#include "crypto/cert.h"
#include "manifest/manifest.h"

/* Leaf extension, not critical: OCTET STRING with the 32 bytes of the policy hash. */
#define CA_OID_POLICY_HASH "2.25.186455828206255209175275837695279400557"

enum {
	CA_ROOT_DAYS = 3650,
	CA_MESH_DAYS = 30,
	CA_LEAF_SECONDS = 24 * 3600,
	CA_BACKDATE_SECONDS = 3600, /* of notBefore, for peers whose clock is behind */
};

/* One mesh CA: its key, the self-signed certificate (mesh-ca.pem) and the root-signed twin for
 * chains. */
struct mesh_ca {
	struct key *key;
	struct hash256 key_id;
	struct cert *self_signed;
	struct cert *root_signed;
	struct buf self_pem, chain_pem; /* of the two, as answers carry them */
	int64_t made;                   /* when the certificates were made */
};

struct root_ca {
	struct key *key;
	struct hash256 key_id;
	struct cert *cert;
	struct buf pem;
};

status root_ca_make(struct root_ca *ca, const struct seed *seed, int64_t now, struct err *err);
void root_ca_done(struct root_ca *ca);

/* `permitted`: PermittedNames of the manifest, a critical name constraint when n > 0. */
status mesh_ca_make(struct mesh_ca *ca, const struct root_ca *root, const struct seed *seed,
                    const struct hash256 *head, const struct bytes *permitted, size_t n,
                    int64_t now, struct err *err);
/* New certificates for the same key; on a timer, long before the 30 days end. */
status mesh_ca_renew(struct mesh_ca *ca, const struct root_ca *root, const struct bytes *permitted,
                     size_t n, int64_t now, struct err *err);
void mesh_ca_done(struct mesh_ca *ca);

/*
 * A leaf for the key of a CSR: SANs from the policy alone, the policy hash
 * extension, serialNumber = first 16 bytes of SHA-256 of the key in hex.
 * Never outlives the mesh CA's certificate.
 */
status ca_issue_leaf(const struct mesh_ca *ca, const struct manifest_policy *policy,
                     const struct key *subject, int64_t now, struct cert **ret, struct err *err);

/* The policy hash of a leaf. ERR_NOT_FOUND, ERR_PARSE E-AUTHORITY-040. */
status ca_leaf_policy(const struct cert *leaf, struct hash256 *ret, struct err *err);

#endif
