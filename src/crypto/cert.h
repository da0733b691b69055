/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cert.h: X.509 certificates, chains, CRLs and requests. Verification against
 * pinned roots only, never the system's store; time is an argument.
 */
#ifndef CRYPTO_CERT_H
#define CRYPTO_CERT_H

#include "crypto/key.h"

struct cert;

/* ---- reading ---- */
status cert_parse_der(struct bytes der, struct cert **ret, struct err *err);
/* All certificates of a PEM text, at most `max`; other blocks are ERR_PARSE. */
status cert_parse_pem(struct bytes pem, size_t max, struct cert **ret, size_t *ret_n,
                      struct err *err);
void cert_free(struct cert *c);
struct cert *cert_ref(struct cert *c);
static inline void
cert_drop(struct cert **c)
{
	cert_free(*c);
	*c = NULL;
}

struct bytes cert_der(const struct cert *c); /* borrowed */
void cert_pem(const struct cert *c, struct buf *out);
struct hash256 cert_fingerprint(const struct cert *c); /* SHA-256 of the DER */
struct key *cert_key(const struct cert *c); /* a reference: key_free() it; NULL if malformed */
status cert_take_key(const struct cert *c, struct key **ret, struct err *err);
struct hash256 cert_key_id(const struct cert *c);
/* UTF-8 common name, borrowed; empty when there is none or several. */
struct bytes cert_subject_cn(const struct cert *c);
struct bytes cert_issuer_cn(const struct cert *c);
int64_t cert_not_before(const struct cert *c);
int64_t cert_not_after(const struct cert *c);
bool cert_is_ca(const struct cert *c);
/* Serial number, big-endian without leading zeros, borrowed. */
struct bytes cert_serial(const struct cert *c);

/*
 * Contents of the extension value (the inside of its OCTET STRING), borrowed.
 * ERR_NOT_FOUND when absent, ERR_PARSE when it occurs twice.
 */
status cert_extension(const struct cert *c, const char *oid, struct bytes *ret, struct err *err);

/* RSASSA-PSS with SHA-384, MGF1-SHA-384 and at least 48 bytes of salt (AMD's chain). */
bool cert_sig_is_pss_sha384(const struct cert *c);
bool cert_sig_is_ecdsa_sha256(const struct cert *c);

/* Does `issuer`'s key verify c's signature, and do the names match? Nothing else is looked at. */
status cert_signed_by(const struct cert *c, const struct cert *issuer, struct err *err);

/*
 * Full path validation of leaf <- intermediates <- root at `now`: signatures,
 * names, validity, basic constraints, path lengths, key usage, and no
 * critical extension that we do not know. The root is trusted because the
 * caller pinned it. ERR_REJECTED E-CRYPTO-0xx with depth and reason.
 */
status cert_verify_chain(const struct cert *leaf, struct cert *const *intermediates, size_t n,
                         const struct cert *root, int64_t now, struct err *err);

/*
 * The same for paths of processors: leaf, its issuer and so on in this order,
 * up to the root. Stricter: version 3 only, a CA has basic constraints, no
 * extension twice, no constraints on names, ECDSA on P-256 and P-384 or
 * RSASSA-PSS with SHA-384 only. Each signature is verified once, the root's own
 * once in its life.
 */
status cert_walk(const struct cert *leaf, struct cert *const *intermediates, size_t n,
                 const struct cert *root, int64_t now, struct err *err);

/* ---- revocation lists ---- */
struct crl;
status crl_parse_der(struct bytes der, struct crl **ret, struct err *err);
void crl_free(struct crl *c);
static inline void
crl_drop(struct crl **c)
{
	crl_free(*c);
	*c = NULL;
}
int64_t crl_this_update(const struct crl *c);
int64_t crl_next_update(const struct crl *c);
/* CRL number; 0 when there is none, or one of more than 64 bits. */
uint64_t crl_number(const struct crl *c);
/* Has the issuer's name this one common name? Says nothing about the signature. */
bool crl_issuer_cn_is(const struct crl *c, const char *cn);
/* Signed by the issuer, inside its window at `now`. ERR_REJECTED; stale is E-CRYPTO-033. */
status crl_verify(const struct crl *c, const struct cert *issuer, int64_t now, struct err *err);
bool crl_has(const struct crl *c, const struct cert *cert);
/* RSASSA-PSS with SHA-384, as AMD's lists. */
bool crl_sig_is_pss_sha384(const struct crl *c);
/* Is the list's issuer name the certificate's subject? Says nothing about the signature. */
bool crl_names_issuer(const struct crl *c, const struct cert *issuer);

/* ---- issuing ---- */
enum cert_profile {
	CERT_CA,        /* CA, keyCertSign|cRLSign */
	CERT_CA_LEAVES, /* CA with path length 0 */
	CERT_LEAF_TLS,  /* no CA, digitalSignature, server and client auth */
	CERT_LEAF_BARE, /* no standard extensions at all (as AMD's VCEK) */
};

struct cert_extra {
	const char *oid;
	bool critical;
	struct bytes value; /* DER put inside the OCTET STRING as it is */
};

struct cert_spec {
	enum cert_profile profile;
	/* Subject and issuer: common name, and for AMD-shaped ones its fixed other parts. */
	const char *subject_cn;
	const char *subject_serial; /* serialNumber attribute, or NULL */
	bool amd_names;
	const struct key *key;     /* public key of the subject */
	const struct cert *issuer; /* NULL: self-signed, then signer is the subject's key */
	const struct key *signer;  /* NULL: the subject's key */
	bool pss_sha384; /* RSA signers only; else ECDSA with SHA-256 (P-256) or SHA-384 */
	int64_t not_before, not_after;
	struct bytes serial; /* empty: 16 random bytes; {0} gives serial zero when n == 1 and p[0]
	                        == 0 */
	const struct bytes *dns; /* SANs, already syntax-checked */
	size_t n_dns;
	const struct bytes *uris;
	size_t n_uris;
	const struct bytes *ips; /* 4 or 16 bytes each */
	size_t n_ips;
	const struct bytes *permitted_dns; /* CA: critical name constraints when n > 0 */
	size_t n_permitted_dns;
	const struct cert_extra *extras;
	size_t n_extras;
};
status cert_issue(const struct cert_spec *spec, struct cert **ret, struct err *err);

/* CRL by the CA: revoked serials may be none. */
status crl_issue(const struct cert *ca, const struct key *ca_key, bool pss_sha384,
                 const struct bytes *revoked_serials, size_t n, int64_t this_update,
                 int64_t next_update, struct buf *der, struct err *err);

/* ---- requests (PKCS#10) ---- */
/* A request that carries the key and its proof of possession only (PROTOCOL section 8). */
void csr_make(const struct key *k, struct buf *der);
/* Checks the self-signature and that the key is P-256; everything else in it is ignored. */
status csr_parse(struct bytes der, struct key **ret_key, struct err *err);

#endif
