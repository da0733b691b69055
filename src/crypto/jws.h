/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jws.h: the algorithms of JSON Web Signatures (RFC 7518, 8037) and the hashes
 * that policies name, old ones included. For policies, and for the keys of
 * virtual TPMs, which clouds name as JSON Web Keys; nothing of ours is secured
 * with these.
 */
#ifndef CRYPTO_JWS_H
#define CRYPTO_JWS_H

#include "base/buf.h"
#include "base/status.h"

enum digest_kind { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512 };

/* Appended as raw bytes. */
void digest_of(enum digest_kind kind, struct bytes data, struct buf *out);
void hmac_of(enum digest_kind kind, struct bytes key, struct bytes data, struct buf *out);

/* HMAC, RSASSA-PKCS1-v1_5, RSASSA-PSS, ECDSA (r || s), Ed25519. */
enum jws_family { JWS_HS, JWS_RS, JWS_PS, JWS_ES, JWS_EDDSA };
struct jws_alg {
	enum jws_family family;
	enum digest_kind digest;
};

/* "RS256" and so on; false if it is none. */
bool jws_alg_parse(struct bytes name, struct jws_alg *ret);

/* A public, private or symmetric key. */
struct jws_key;
void jws_key_free(struct jws_key *k); /* NULL is fine */

/* The key of a DER certificate or SubjectPublicKeyInfo. ERR_PARSE E-JWS-001. */
status jws_key_from_cert(struct bytes der, struct jws_key **ret, struct err *err);
status jws_key_from_spki(struct bytes der, struct jws_key **ret, struct err *err);

/* Decoded members of a JSON Web Key; empty = absent. */
struct jws_jwk {
	struct bytes kty, crv;
	struct bytes k;                         /* oct */
	struct bytes n, e, d, p, q, dp, dq, qi; /* RSA; d of EC and OKP too */
	struct bytes x, y;                      /* EC, OKP */
};
status jws_key_from_jwk(const struct jws_jwk *jwk, struct jws_key **ret, struct err *err);

/* False also when the key is not of the algorithm's family. */
bool jws_verify(const struct jws_key *k, struct jws_alg alg, struct bytes message,
                struct bytes signature);
/* ERR_USAGE E-JWS-002 when the key cannot sign so. */
status jws_sign(const struct jws_key *k, struct jws_alg alg, struct bytes message, struct buf *out,
                struct err *err);

#endif
