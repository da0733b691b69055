/* SPDX-License-Identifier: Apache-2.0 */
/* A made-up AMD: keys, certificates with the real extensions, lists, signed reports. */
#ifndef TESTS_EVIDENCE_MINT_H
#define TESTS_EVIDENCE_MINT_H

#include "evidence/snp/vek.h"
#include "evidence/verify.h"

enum { MINT_DAY = 86400 };
#define MINT_NOW INT64_C(1795500000) /* 2026-11-24 */

struct mint {
	enum snp_product product;
	struct key *ark_key, *ask_key, *vek_key;
	struct cert *ark, *ask;
	struct hash256 root;
};

/* RSA-4096 twice: takes some seconds, so tests share one. */
void mint_init(struct mint *m);
void mint_done(struct mint *m);
/* ARK and ASK (or ASVK) anew with the names of a product. */
void mint_authority(struct mint *m, enum snp_product p, enum snp_signing_key kind);

struct mint_leaf {
	enum snp_signing_key kind;
	enum snp_product product;
	const char *product_text; /* NULL: the product's name */
	struct snp_tcb tcb;
	uint8_t hwid[64];
	size_t hwid_n;
	const char *csp_id;
	int64_t not_before, not_after;
	const char *issuer_cn; /* NULL: as the authority is called */
	/* Things to do wrong. */
	const char *skip_oid;
	const char *twice_oid;
	struct bytes raw_microcode; /* DER put there as it is */
	enum key_kind key_kind;     /* KEY_P256 (0): the mint's own P-384 key */
	bool other_key;
	bool mixed; /* has both kinds' marks: hardware id and provider */
};
struct mint_leaf mint_leaf_default(const struct mint *m, enum snp_signing_key kind);
struct cert *mint_vek(struct mint *m, const struct mint_leaf *leaf);

/* A sound report of the product, to be changed before it is signed. */
struct snp_report mint_report(const struct mint *m, const struct mint_leaf *leaf, uint32_t version);
void mint_sign(const struct mint *m, struct snp_report *r, uint8_t wire[SNP_REPORT_SIZE]);

/* The list of the ARK; the ASK is on it when `revoked`. */
void mint_crl(const struct mint *m, bool revoked, int64_t from, int64_t to, struct buf *der);

/* A reference set that the sound report satisfies. */
struct snp_reference mint_reference(const struct mint *m, const struct snp_report *r);

#endif
