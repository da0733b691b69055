/* SPDX-License-Identifier: Apache-2.0 */
/* Revocation lists. */
#include "base/clock.h"
#include "crypto/cert.h"
#include "crypto/name.h"
#include "crypto/signature.h"
#include "crypto/x509_light.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>

enum { CRL_MAX = 4 * 1024 * 1024, CN_MAX = 256 };

/* Who was found to have signed it: certificates are many, and their signatures slow. */
struct signer {
	_Atomic(struct cert *) cert; /* a reference */
};

struct crl {
	struct crl_light *x;
	struct signer *signer;
	int64_t this_update, next_update;
};

/*
 * A critical extension on a list narrows what it speaks about (RFC 5280
 * section 5.2.5); such a list is not one that clears a certificate.
 */
static bool
has_critical(const struct crl_light *x)
{
	for (int i = 0; i < X509v3_get_ext_count(x->extensions); i++) {
		if (X509_EXTENSION_get_critical(X509v3_get_ext(x->extensions, i)))
			return true;
	}
	return false;
}

status
crl_parse_der(struct bytes der, struct crl **ret, struct err *err)
{
	struct crl *c = mem_new(struct crl);

	c->signer = mem_new(struct signer);
	ERR_clear_error();
	if (der.n > 0 && der.n <= CRL_MAX)
		c->x = crl_light_read(der);
	if (!c->x || has_critical(c->x) || !ossl_time(c->x->this_update, &c->this_update) ||
	    !ossl_time(c->x->next_update, &c->next_update)) {
		crl_free(c);
		return err_set(err, ERR_PARSE, "E-CRYPTO-034", "malformed revocation list: %s",
		               ossl_reason());
	}
	*ret = c;
	return OK;
}

void
crl_free(struct crl *c)
{
	if (!c)
		return;
	crl_light_free(c->x);
	cert_free(atomic_load(&c->signer->cert));
	mem_free(c->signer);
	mem_free(c);
}

int64_t
crl_this_update(const struct crl *c)
{
	return c->this_update;
}

int64_t
crl_next_update(const struct crl *c)
{
	return c->next_update;
}

uint64_t
crl_number(const struct crl *c)
{
	ASN1_INTEGER *number = X509V3_get_d2i(c->x->extensions, NID_crl_number, NULL, NULL);
	uint64_t n = 0;

	if (number && ASN1_INTEGER_get_uint64(&n, number) != 1)
		n = 0;
	ASN1_INTEGER_free(number);
	return n;
}

bool
crl_issuer_cn_is(const struct crl *c, const char *cn)
{
	uint8_t text[CN_MAX];

	return bytes_is(bytes_of(text, name_common(c->x->issuer, text, sizeof text)), cn);
}

bool
crl_sig_is_pss_sha384(const struct crl *c)
{
	return ossl_is_pss_sha384(c->x->sig.algorithm);
}

bool
crl_names_issuer(const struct crl *c, const struct cert *issuer)
{
	return names_equal(c->x->issuer, cert_parts(issuer)->subject);
}

static bool
is_signed_by(const struct crl *c, const struct cert *issuer)
{
	struct cert *none = NULL;

	if (atomic_load(&c->signer->cert) == issuer)
		return true;
	if (X509_ALGOR_cmp(c->x->algorithm, c->x->sig.algorithm) != 0 ||
	    !signature_by_good(cert_light_key(issuer), &c->x->sig))
		return false;
	/* The reference keeps the address from being another certificate's later. */
	if (atomic_compare_exchange_strong(&c->signer->cert, &none,
	                                   (struct cert *)(uintptr_t)issuer))
		cert_ref((struct cert *)(uintptr_t)issuer);
	return true;
}

status
crl_verify(const struct crl *c, const struct cert *issuer, int64_t now, struct err *err)
{
	char text[32];

	ERR_clear_error();
	if (!crl_names_issuer(c, issuer))
		return err_set(err, ERR_REJECTED, "E-CRYPTO-032",
		               "the revocation list names another issuer");
	if (!is_signed_by(c, issuer))
		return err_set(err, ERR_REJECTED, "E-CRYPTO-032",
		               "the issuer's key did not sign the revocation list: %s",
		               ossl_reason());
	if (now < c->this_update)
		return err_set(err, ERR_REJECTED, "E-CRYPTO-033",
		               "the revocation list starts at %s only",
		               time_cstr(c->this_update, text));
	if (now > c->next_update)
		return err_set(err, ERR_REJECTED, "E-CRYPTO-033", "the revocation list ended at %s",
		               time_cstr(c->next_update, text));
	return OK;
}

bool
crl_has(const struct crl *c, const struct cert *cert)
{
	/* Entries of other issuers (indirect lists) would need a critical extension. */
	return names_equal(c->x->issuer, cert_parts(cert)->issuer) &&
	       crl_light_has(c->x, cert_parts(cert)->serial);
}
