/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/cert.h"

#include "base/clock.h"
#include "crypto/name.h"
#include "crypto/ossl.h"
#include "crypto/signature.h"
#include "crypto/x509_light.h"

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <string.h>

enum {
	CERT_MAX = 64 * 1024,
	PEM_TEXT_MAX = 1024 * 1024,
	CN_MAX = 256,
	PSS_SALT_MIN = 48,
};

/* What is worked out when somebody asks, by whoever asks first. */
struct late {
	_Atomic(X509 *) x509;              /* complete, for TLS */
	_Atomic(struct cert_light *) read; /* by our own templates */
	_Atomic(struct key *) key;
	atomic_int self_signed; /* enum self_signed */
};

enum self_signed { SELF_UNKNOWN = 0, SELF_GOOD, SELF_BAD };

struct cert {
	atomic_uint refs;
	struct cert_parts parts; /* borrowed from `issued`, late.x509 or late.read */
	X509 *issued;            /* made here with its key as bytes, or NULL */
	struct late *late;
	unsigned char *der;
	size_t der_n;
	int64_t not_before, not_after;
	size_t subject_n, issuer_n;
	uint8_t subject_cn[CN_MAX];
	uint8_t issuer_cn[CN_MAX];
};

/* ---- from and to OpenSSL ---- */

bool
ossl_time(const ASN1_TIME *t, int64_t *ret)
{
	struct tm tm;

	if (!t || ASN1_TIME_to_tm(t, &tm) != 1)
		return false;
	*ret = days_from_civil(tm.tm_year + 1900, (unsigned int)tm.tm_mon + 1,
	                       (unsigned int)tm.tm_mday) *
	               86400 +
	       tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec;
	return true;
}

static struct cert *
new_cert(void)
{
	struct cert *c = mem_new(struct cert);

	atomic_init(&c->refs, 1);
	c->late = mem_new(struct late);
	return c;
}

/* Everything that is kept beside the parts; frees the certificate when it has no times. */
static struct cert *
finish(struct cert *c)
{
	if (!ossl_time(c->parts.not_before, &c->not_before) ||
	    !ossl_time(c->parts.not_after, &c->not_after)) {
		cert_free(c);
		ERR_clear_error();
		return NULL;
	}
	c->subject_n = name_common(c->parts.subject, c->subject_cn, CN_MAX);
	c->issuer_n = name_common(c->parts.issuer, c->issuer_cn, CN_MAX);
	ERR_clear_error();
	return c;
}

static struct cert *
from_x509(X509 *x, bool keyless)
{
	struct cert *c = new_cert();
	int n = i2d_X509(x, &c->der);

	if (keyless)
		c->issued = x;
	else
		atomic_store(&c->late->x509, x);
	if (n <= 0) {
		cert_free(c);
		ERR_clear_error();
		return NULL;
	}
	c->der_n = (size_t)n;
	c->parts = (struct cert_parts){
	        .subject = name_of_x509(X509_get_subject_name(x)),
	        .issuer = name_of_x509(X509_get_issuer_name(x)),
	        .serial = X509_get0_serialNumber(x),
	        .not_before = X509_get0_notBefore(x),
	        .not_after = X509_get0_notAfter(x),
	        .extensions = X509_get0_extensions(x),
	        .algorithm = X509_get0_tbs_sigalg(x),
	};
	return finish(c);
}

struct cert *
cert_from_x509(X509 *x)
{
	return from_x509(x, false);
}

struct cert *
cert_from_keyless(X509 *x)
{
	return from_x509(x, true);
}

X509 *
cert_x509(const struct cert *c)
{
	const unsigned char *p = c->der;
	X509 *none = NULL, *read = atomic_load(&c->late->x509);

	if (read)
		return read;
	read = d2i_X509(NULL, &p, (long)c->der_n);
	ossl_must(read != NULL, "a certificate that was read before");
	/* Somebody else may have been first: his stays. */
	if (atomic_compare_exchange_strong(&c->late->x509, &none, read))
		return read;
	X509_free(read);
	return none;
}

const struct cert_parts *
cert_parts(const struct cert *c)
{
	return &c->parts;
}

const struct cert_light *
cert_light(const struct cert *c)
{
	struct cert_light *none = NULL, *read = atomic_load(&c->late->read);

	if (read)
		return read;
	read = cert_light_read(cert_der(c));
	ossl_must(read != NULL, "a certificate that was read before");
	if (atomic_compare_exchange_strong(&c->late->read, &none, read))
		return read;
	cert_light_free(read);
	return none;
}

const struct key *
cert_light_key(const struct cert *c)
{
	struct key *none = NULL, *key = atomic_load(&c->late->key);

	if (key)
		return key;
	if (!is_ok(key_parse_spki(cert_light(c)->spki, &key, NULL)))
		return NULL;
	if (atomic_compare_exchange_strong(&c->late->key, &none, key))
		return key;
	key_free(key);
	return none;
}

bool
cert_self_signed(const struct cert *c)
{
	int known = atomic_load(&c->late->self_signed);

	if (known == SELF_UNKNOWN) {
		known = signature_by_good(cert_light_key(c), &cert_light(c)->sig) ? SELF_GOOD
		                                                                  : SELF_BAD;
		atomic_store(&c->late->self_signed, known);
	}
	return known == SELF_GOOD;
}

void
cert_free(struct cert *c)
{
	if (!c || atomic_fetch_sub(&c->refs, 1) != 1)
		return;
	X509_free(atomic_load(&c->late->x509));
	cert_light_free(atomic_load(&c->late->read));
	key_free(atomic_load(&c->late->key));
	mem_free(c->late);
	X509_free(c->issued);
	OPENSSL_free(c->der);
	mem_free(c);
}

struct cert *
cert_ref(struct cert *c)
{
	atomic_fetch_add(&c->refs, 1);
	return c;
}

/* ---- parsing ---- */

static status
malformed(struct err *err)
{
	return err_set(err, ERR_PARSE, "E-CRYPTO-020", "malformed certificate: %s", ossl_reason());
}

status
cert_parse_der(struct bytes der, struct cert **ret, struct err *err)
{
	struct cert_light *light;
	struct cert *c;

	ERR_clear_error();
	if (der.n == 0 || der.n > CERT_MAX)
		return malformed(err);
	/*
	 * The outer structure must be DER to the byte: otherwise a certificate
	 * had many encodings, and its fingerprint would name none of them.
	 */
	light = cert_light_read(der);
	if (!light)
		return malformed(err);
	c = new_cert();
	c->der = OPENSSL_memdup(der.p, der.n);
	ossl_must(c->der != NULL, "memory");
	c->der_n = der.n;
	c->parts = light->parts;
	atomic_store(&c->late->read, light);
	c = finish(c);
	if (!c)
		return malformed(err);
	*ret = c;
	return OK;
}

static status
pem_block(const char *name, struct bytes der, size_t max, struct cert **ret, size_t *n,
          struct err *err)
{
	if (strcmp(name, PEM_STRING_X509) != 0)
		return err_set(err, ERR_PARSE, "E-CRYPTO-022",
		               "a PEM block \"%.40s\" among certificates", name);
	if (*n == max)
		return err_set(err, ERR_LIMIT, "E-CRYPTO-021",
		               "more than %zu certificates in the PEM text", max);
	TRY(cert_parse_der(der, &ret[*n], err));
	++*n;
	return OK;
}

static status
pem_blocks(BIO *bio, size_t max, struct cert **ret, size_t *n, struct err *err)
{
	for (;;) {
		char *name = NULL, *header = NULL;
		unsigned char *data = NULL;
		long len = 0;
		status s;

		if (PEM_read_bio(bio, &name, &header, &data, &len) != 1)
			break;
		s = pem_block(name, bytes_of(data, (size_t)len), max, ret, n, err);
		OPENSSL_free(name);
		OPENSSL_free(header);
		OPENSSL_free(data);
		TRY(s);
	}
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE || *n == 0)
		return err_set(err, ERR_PARSE, "E-CRYPTO-020", "no certificate in PEM form: %s",
		               ossl_reason());
	return OK;
}

status
cert_parse_pem(struct bytes pem, size_t max, struct cert **ret, size_t *ret_n, struct err *err)
{
	size_t n = 0;
	BIO *bio;
	status s;

	if (pem.n > PEM_TEXT_MAX)
		return err_set(err, ERR_LIMIT, "E-CRYPTO-021", "a PEM text of %zu bytes", pem.n);
	ERR_clear_error();
	bio = BIO_new_mem_buf(pem.p ? (const void *)pem.p : "", (int)pem.n);
	ossl_must(bio != NULL, "memory BIO");
	s = pem_blocks(bio, max, ret, &n, err);
	BIO_free(bio);
	ERR_clear_error();
	if (!is_ok(s)) {
		while (n > 0)
			cert_drop(&ret[--n]);
		return s;
	}
	*ret_n = n;
	return OK;
}

/* ---- reading ---- */

struct bytes
cert_der(const struct cert *c)
{
	return bytes_of(c->der, c->der_n);
}

void
cert_pem(const struct cert *c, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());

	ossl_must(bio && PEM_write_bio(bio, PEM_STRING_X509, "", c->der, (long)c->der_n) > 0,
	          "certificate PEM");
	ossl_bio_take(bio, out);
	BIO_free(bio);
}

struct hash256
cert_fingerprint(const struct cert *c)
{
	return sha256(cert_der(c));
}

status
cert_take_key(const struct cert *c, struct key **ret, struct err *err)
{
	if (!cert_light_key(c))
		return err_set(err, ERR_PARSE, "E-CRYPTO-001",
		               "the certificate's key is malformed: %s", ossl_reason());
	*ret = key_ref(atomic_load(&c->late->key));
	return OK;
}

struct key *
cert_key(const struct cert *c)
{
	struct key *k = NULL;

	return is_ok(cert_take_key(c, &k, NULL)) ? k : NULL;
}

struct hash256
cert_key_id(const struct cert *c)
{
	return sha256(cert_light(c)->spki);
}

struct bytes
cert_subject_cn(const struct cert *c)
{
	return bytes_of(c->subject_cn, c->subject_n);
}

struct bytes
cert_issuer_cn(const struct cert *c)
{
	return bytes_of(c->issuer_cn, c->issuer_n);
}

int64_t
cert_not_before(const struct cert *c)
{
	return c->not_before;
}

int64_t
cert_not_after(const struct cert *c)
{
	return c->not_after;
}

struct bytes
cert_serial(const struct cert *c)
{
	const ASN1_INTEGER *serial = c->parts.serial;
	struct bytes b =
	        bytes_of(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));

	while (b.n > 1 && b.p[0] == 0)
		b = bytes_sub(b, 1, b.n);
	return b;
}

status
cert_extension(const struct cert *c, const char *oid, struct bytes *ret, struct err *err)
{
	ASN1_OBJECT *obj = OBJ_txt2obj(oid, 1);
	const ASN1_OCTET_STRING *value;
	int at, again;

	ossl_must(obj != NULL, oid);
	at = X509v3_get_ext_by_OBJ(c->parts.extensions, obj, -1);
	again = at < 0 ? -1 : X509v3_get_ext_by_OBJ(c->parts.extensions, obj, at);
	ASN1_OBJECT_free(obj);
	if (at < 0)
		return err_set(err, ERR_NOT_FOUND, "E-CRYPTO-023", "no extension %s", oid);
	if (again >= 0)
		return err_set(err, ERR_PARSE, "E-CRYPTO-024", "extension %s occurs twice", oid);
	value = X509_EXTENSION_get_data(X509v3_get_ext(c->parts.extensions, at));
	*ret = bytes_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
	return OK;
}

/* ---- signature algorithms ---- */

static bool
mgf1_is_sha384(const X509_ALGOR *mgf)
{
	const ASN1_OBJECT *obj, *hash_obj;
	X509_ALGOR *hash;
	const void *param;
	int type;
	bool is;

	X509_ALGOR_get0(&obj, &type, &param, mgf);
	if (OBJ_obj2nid(obj) != NID_mgf1 || type != V_ASN1_SEQUENCE)
		return false;
	hash = ASN1_item_unpack(param, ASN1_ITEM_rptr(X509_ALGOR));
	if (!hash)
		return false;
	X509_ALGOR_get0(&hash_obj, NULL, NULL, hash);
	is = OBJ_obj2nid(hash_obj) == NID_sha384;
	X509_ALGOR_free(hash);
	return is;
}

long
ossl_pss_sha384_salt(const X509_ALGOR *alg)
{
	const ASN1_OBJECT *obj, *hash_obj;
	RSA_PSS_PARAMS *pss;
	const void *param;
	long salt = -1;
	int type;

	X509_ALGOR_get0(&obj, &type, &param, alg);
	if (OBJ_obj2nid(obj) != NID_rsassaPss || type != V_ASN1_SEQUENCE)
		return -1;
	pss = ASN1_item_unpack(param, ASN1_ITEM_rptr(RSA_PSS_PARAMS));
	if (pss && pss->hashAlgorithm && pss->maskGenAlgorithm && pss->saltLength) {
		X509_ALGOR_get0(&hash_obj, NULL, NULL, pss->hashAlgorithm);
		if (OBJ_obj2nid(hash_obj) == NID_sha384 && mgf1_is_sha384(pss->maskGenAlgorithm) &&
		    (!pss->trailerField || ASN1_INTEGER_get(pss->trailerField) == 1))
			salt = ASN1_INTEGER_get(pss->saltLength);
	}
	RSA_PSS_PARAMS_free(pss);
	ERR_clear_error();
	return salt >= PSS_SALT_MIN ? salt : -1;
}

bool
ossl_is_pss_sha384(const X509_ALGOR *alg)
{
	return ossl_pss_sha384_salt(alg) >= 0;
}

bool
cert_sig_is_pss_sha384(const struct cert *c)
{
	return ossl_is_pss_sha384(c->parts.algorithm);
}

bool
cert_sig_is_ecdsa_sha256(const struct cert *c)
{
	const ASN1_OBJECT *obj;

	X509_ALGOR_get0(&obj, NULL, NULL, c->parts.algorithm);
	return OBJ_obj2nid(obj) == NID_ecdsa_with_SHA256;
}
