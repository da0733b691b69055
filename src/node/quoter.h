/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quoter.h: the software secure processor in the shape of Intel's TDX
 * (docs/local-platform.md): a root of its own, Platform CA and PCK
 * certificate with the SGX extension, TCB signer, TCB info and quoting enclave
 * identity, both revocation lists, and a quoting enclave that signs version 4 (TD 1.0) and 5
 * (TD 1.5) quotes. INSECURE as processor.h is: whoever runs it can sign anything, its
 * root is not Intel's, a manifest that trusts it must say so, and no check is skipped for it.
 *
 * State directory of processor.h, below tdx/: root.key platform.key signer.key pck.key, P-256,
 * once per machine (`TrustRoot` is SHA-256 of the first one's SubjectPublicKeyInfo), and piid.
 * Certificates and statements are made anew by each process; the attestation key, too, as a
 * quoting enclave does.
 */
#ifndef NODE_QUOTER_H
#define NODE_QUOTER_H

#include "evidence/document.h"
#include "evidence/tdx/pck.h"
#include "node/layout.h"

enum { QUOTER_REPORT_DATA_SIZE = 64, QUOTER_EVALUATION = 18 };

/* What the platform pretends to be; reference values are made from it. */
struct quoter_facts {
	uint8_t tee_tcb_svn[TDX_SVNS]; /* module SVN, module version, loader SVN */
	struct hash384 mrseam;
	uint64_t xfam, td_attributes;
	struct pck pck;
};

struct quoter;

/*
 * `now` dates certificates. ERR_IO E-NODE-011, -012 as processor_open().
 */
status quoter_open(const char *dir, int64_t now, struct quoter **ret, struct err *err);
void quoter_free(struct quoter *q);
static inline void
quoter_drop(struct quoter **q)
{
	quoter_free(*q);
	*q = NULL;
}

const struct quoter_facts *quoter_get_facts(const struct quoter *q);
/* A manifest's TrustRoot. */
struct hash256 quoter_trust_root(const struct quoter *q);

/* What the launcher hands over, fixed for the life of the TD. */
struct td_launch {
	struct td_registers registers;
	uint8_t policy[SHA256_SIZE]; /* SHA-256 of the initdata document: MRCONFIGID, then zeros */
	bool debug;
};

/*
 * Appends a signed quote over these 64 bytes; nothing else in it comes from
 * the guest. ERR_UNSUPPORTED E-NODE-018: a version other than 4 and 5.
 */
status quoter_quote(const struct quoter *q, const struct td_launch *l, uint16_t version,
                    const uint8_t report_data[QUOTER_REPORT_DATA_SIZE], struct buf *out,
                    struct err *err);

/*
 * TCB signer, revocation lists, TCB info and identity, good for thirty days
 * and made again when less than ten are left at `now`. Borrowed until the next call.
 */
status quoter_endorse(struct quoter *q, int64_t now, struct endorsements *ret, struct err *err);

/* Reference values for manifest.json: {"tdx": [one set]}; all four RTMRs are those of the launch.
 */
status quoter_reference_json(const struct quoter *q, struct bytes platform,
                             const struct td_launch *l, struct buf *out, struct err *err);

#endif
