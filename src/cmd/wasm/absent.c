/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam to cryptography: what the decoder's files name of crypto/hash.h and
 * crypto/cert.h. Here nothing can be read, so nothing is said about it. Whoever
 * has a library for wasm32 links that instead of this file; the verifier (see
 * docs/evidence.md) needs the rest of those two headers and crypto/key.h.
 */
#include "crypto/cert.h"
#include "crypto/hash.h"

#include <stdlib.h>

static status
absent(struct err *err)
{
	return err_set(err, ERR_UNSUPPORTED, "E-CRYPTO-020",
	               "not read: this build has no reader of certificates");
}

status
cert_parse_der(struct bytes der, struct cert **ret, struct err *err)
{
	(void)der, (void)ret;
	return absent(err);
}

status
cert_parse_pem(struct bytes pem, size_t max, struct cert **ret, size_t *ret_n, struct err *err)
{
	(void)pem, (void)max, (void)ret, (void)ret_n;
	return absent(err);
}

status
crl_parse_der(struct bytes der, struct crl **ret, struct err *err)
{
	(void)der, (void)ret;
	return absent(err);
}

/* From here on: no certificate, list or key ever exists, so that a call is a fault. */

status
cert_extension(const struct cert *c, const char *oid, struct bytes *ret, struct err *err)
{
	(void)c, (void)oid, (void)ret, (void)err;
	abort();
}

void
cert_free(struct cert *c)
{
	if (c)
		abort();
}

void
crl_free(struct crl *c)
{
	if (c)
		abort();
}

void
key_free(struct key *k)
{
	if (k)
		abort();
}

#define UNREACHABLE(type, name, argument)                                                          \
	type name(const struct argument *c)                                                        \
	{                                                                                          \
		(void)c;                                                                           \
		abort();                                                                           \
	}
UNREACHABLE(struct hash256, cert_fingerprint, cert)
UNREACHABLE(struct hash256, cert_key_id, cert)
UNREACHABLE(struct key *, cert_key, cert)
UNREACHABLE(enum key_kind, key_kind, key)
UNREACHABLE(struct bytes, cert_subject_cn, cert)
UNREACHABLE(struct bytes, cert_issuer_cn, cert)
UNREACHABLE(struct bytes, cert_serial, cert)
UNREACHABLE(int64_t, cert_not_before, cert)
UNREACHABLE(int64_t, cert_not_after, cert)
UNREACHABLE(int64_t, crl_this_update, crl)
UNREACHABLE(int64_t, crl_next_update, crl)

/* Named by intake_paravisor() alone, which the decoder does not call. */
struct hash256
sha256(struct bytes data)
{
	(void)data;
	abort();
}
