/* SPDX-License-Identifier: Apache-2.0 */
/* Making certificates, revocation lists and requests. */
#include "crypto/cert.h"
#include "crypto/ossl.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

enum { PSS_SALT = 48, SERIAL_SIZE = 16, CSR_MAX = 16 * 1024 };

static void
add_name(X509_NAME *name, const char *field, const char *text)
{
	ossl_must(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
	                                     (const unsigned char *)text, -1, -1, 0) == 1,
	          "certificate name");
}

void
ossl_name(X509_NAME *name, const char *cn, const char *serial, bool amd_names)
{
	/* AMD's own order (every VCEK, ASK and ARK has these). */
	if (amd_names) {
		add_name(name, "OU", "Engineering");
		add_name(name, "C", "US");
		add_name(name, "L", "Santa Clara");
		add_name(name, "ST", "CA");
		add_name(name, "O", "Advanced Micro Devices");
	}
	add_name(name, "CN", cn);
	if (serial)
		add_name(name, "serialNumber", serial);
}

EVP_MD_CTX *
ossl_signer(const struct key *k, bool pss_sha384)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool small = key_kind(k) == KEY_P256;
	const EVP_MD *md = ossl_md(small ? HASH_SHA256 : HASH_SHA384);
	EVP_PKEY_CTX *pctx = NULL;

	ossl_must(ctx && EVP_DigestSignInit(ctx, &pctx, md, NULL, key_evp(k)) == 1, "signer");
	if (pss_sha384)
		ossl_must(key_kind(k) == KEY_RSA &&
		                  EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		                  EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, PSS_SALT) == 1 &&
		                  EVP_PKEY_CTX_set_rsa_mgf1_md(pctx, md) == 1,
		          "PSS signer");
	return ctx;
}

/* ---- extensions ---- */

static void
add_std(X509 *x, int nid, bool critical, void *value)
{
	ossl_must(value && X509_add1_ext_i2d(x, nid, value, critical, X509V3_ADD_APPEND) == 1,
	          "certificate extension");
}

static void
add_constraints(X509 *x, bool ca, bool no_sub_ca)
{
	BASIC_CONSTRAINTS *bc = BASIC_CONSTRAINTS_new();

	ossl_must(bc != NULL, "basic constraints");
	bc->ca = ca ? 0xff : 0;
	if (no_sub_ca) {
		bc->pathlen = ASN1_INTEGER_new();
		ossl_must(bc->pathlen && ASN1_INTEGER_set(bc->pathlen, 0) == 1, "path length");
	}
	add_std(x, NID_basic_constraints, true, bc);
	BASIC_CONSTRAINTS_free(bc);
}

static void
add_usage(X509 *x, bool ca)
{
	/* Bits of RFC 5280 section 4.2.1.3: digitalSignature 0, keyCertSign 5, cRLSign 6. */
	ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();

	ossl_must(bits != NULL, "key usage");
	if (ca)
		ossl_must(ASN1_BIT_STRING_set_bit(bits, 5, 1) == 1 &&
		                  ASN1_BIT_STRING_set_bit(bits, 6, 1) == 1,
		          "key usage");
	else
		ossl_must(ASN1_BIT_STRING_set_bit(bits, 0, 1) == 1, "key usage");
	add_std(x, NID_key_usage, true, bits);
	ASN1_BIT_STRING_free(bits);
}

static void
add_tls_usage(X509 *x)
{
	EXTENDED_KEY_USAGE *eku = EXTENDED_KEY_USAGE_new();

	ossl_must(eku && sk_ASN1_OBJECT_push(eku, OBJ_nid2obj(NID_server_auth)) > 0 &&
	                  sk_ASN1_OBJECT_push(eku, OBJ_nid2obj(NID_client_auth)) > 0,
	          "extended key usage");
	add_std(x, NID_ext_key_usage, false, eku);
	EXTENDED_KEY_USAGE_free(eku);
}

/* SHA-256 of the key, cut to 20 bytes (RFC 7093 method 1). */
static ASN1_OCTET_STRING *
key_identifier(const struct hash256 *id)
{
	ASN1_OCTET_STRING *s = ASN1_OCTET_STRING_new();

	ossl_must(s && ASN1_OCTET_STRING_set(s, id->b, 20) == 1, "key identifier");
	return s;
}

static void
add_key_ids(X509 *x, const struct cert_spec *spec)
{
	struct hash256 mine = key_id(spec->key);
	struct hash256 theirs = spec->issuer ? cert_key_id(spec->issuer) : mine;
	ASN1_OCTET_STRING *ski = key_identifier(&mine);
	AUTHORITY_KEYID *aki = AUTHORITY_KEYID_new();

	ossl_must(aki != NULL, "authority key identifier");
	add_std(x, NID_subject_key_identifier, false, ski);
	/* The issuer's own SKI is this same function of its key when we made it. */
	aki->keyid = key_identifier(&theirs);
	if (!spec->issuer || X509_get0_subject_key_id(cert_x509(spec->issuer)) == NULL ||
	    ASN1_OCTET_STRING_cmp(aki->keyid, X509_get0_subject_key_id(cert_x509(spec->issuer))) ==
	            0)
		add_std(x, NID_authority_key_identifier, false, aki);
	AUTHORITY_KEYID_free(aki);
	ASN1_OCTET_STRING_free(ski);
}

static GENERAL_NAME *
text_name(int type, struct bytes text)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *s =
	        ASN1_STRING_type_new(type == GEN_IPADD ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);

	ossl_must(name && s && ASN1_STRING_set(s, text.p, (int)text.n) == 1, "general name");
	GENERAL_NAME_set0_value(name, type, s);
	return name;
}

static void
push_names(GENERAL_NAMES *to, int type, const struct bytes *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ossl_must(sk_GENERAL_NAME_push(to, text_name(type, names[i])) > 0, "SAN");
}

static void
add_sans(X509 *x, const struct cert_spec *spec)
{
	GENERAL_NAMES *names;

	if (spec->n_dns + spec->n_uris + spec->n_ips == 0)
		return;
	names = GENERAL_NAMES_new();
	ossl_must(names != NULL, "SAN");
	push_names(names, GEN_DNS, spec->dns, spec->n_dns);
	push_names(names, GEN_URI, spec->uris, spec->n_uris);
	push_names(names, GEN_IPADD, spec->ips, spec->n_ips);
	add_std(x, NID_subject_alt_name, false, names);
	GENERAL_NAMES_free(names);
}

static void
add_permitted(X509 *x, const struct cert_spec *spec)
{
	NAME_CONSTRAINTS *nc;

	if (spec->n_permitted_dns == 0)
		return;
	nc = NAME_CONSTRAINTS_new();
	ossl_must(nc && (nc->permittedSubtrees = sk_GENERAL_SUBTREE_new_null()),
	          "name constraints");
	for (size_t i = 0; i < spec->n_permitted_dns; i++) {
		GENERAL_SUBTREE *sub = GENERAL_SUBTREE_new();

		ossl_must(sub != NULL, "name constraints");
		GENERAL_NAME_free(sub->base);
		sub->base = text_name(GEN_DNS, spec->permitted_dns[i]);
		ossl_must(sk_GENERAL_SUBTREE_push(nc->permittedSubtrees, sub) > 0,
		          "name constraints");
	}
	add_std(x, NID_name_constraints, true, nc);
	NAME_CONSTRAINTS_free(nc);
}

static void
add_extra(X509 *x, const struct cert_extra *extra)
{
	ASN1_OBJECT *obj = OBJ_txt2obj(extra->oid, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *ext;

	ossl_must(obj && value &&
	                  ASN1_OCTET_STRING_set(value, extra->value.p, (int)extra->value.n) == 1,
	          "extension");
	ext = X509_EXTENSION_create_by_OBJ(NULL, obj, extra->critical, value);
	ossl_must(ext && X509_add_ext(x, ext, -1) == 1, "extension");
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(value);
	ASN1_OBJECT_free(obj);
}

static void
add_extensions(X509 *x, const struct cert_spec *spec)
{
	bool ca = spec->profile == CERT_CA || spec->profile == CERT_CA_LEAVES;

	if (spec->profile != CERT_LEAF_BARE) {
		add_constraints(x, ca, spec->profile == CERT_CA_LEAVES);
		add_usage(x, ca);
		if (spec->profile == CERT_LEAF_TLS)
			add_tls_usage(x);
		add_key_ids(x, spec);
	}
	add_sans(x, spec);
	add_permitted(x, spec);
	for (size_t i = 0; i < spec->n_extras; i++)
		add_extra(x, &spec->extras[i]);
}

/* ---- certificates ---- */

static void
set_serial(X509 *x, struct bytes serial)
{
	uint8_t fresh[SERIAL_SIZE];
	ASN1_INTEGER *to = X509_get_serialNumber(x);
	BIGNUM *bn;

	if (serial.n == 0) {
		random_bytes(fresh, sizeof fresh);
		/* Positive, and never shorter than it should be. */
		fresh[0] = (uint8_t)((fresh[0] & 0x7f) | 0x40);
		serial = bytes_of(fresh, sizeof fresh);
	}
	bn = BN_bin2bn(serial.p, (int)serial.n, NULL);
	ossl_must(bn && BN_to_ASN1_INTEGER(bn, to), "serial number");
	BN_free(bn);
}

static void
set_times(X509 *x, const struct cert_spec *spec)
{
	ossl_must(ASN1_TIME_set(X509_getm_notBefore(x), (time_t)spec->not_before) &&
	                  ASN1_TIME_set(X509_getm_notAfter(x), (time_t)spec->not_after),
	          "certificate times");
}

static status
check_spec(const struct cert_spec *spec, struct err *err)
{
	const struct key *signer = spec->signer ? spec->signer : spec->key;

	if (!key_is_private(signer))
		return err_set(err, ERR_INTERNAL, "E-CRYPTO-043",
		               "the signer's key is not private");
	if (spec->pss_sha384 != (key_kind(signer) == KEY_RSA))
		return err_set(err, ERR_INTERNAL, "E-CRYPTO-043",
		               "RSA signers sign with PSS, others with ECDSA");
	if (spec->not_after <= spec->not_before)
		return err_set(err, ERR_INTERNAL, "E-CRYPTO-043",
		               "the certificate would end before it begins");
	return OK;
}

/*
 * A leaf's EC key as bytes: X509_set_pubkey() would encode and decode it
 * through OpenSSL's tables, for longer than both signatures take.
 */
static bool
set_ec_key_bytes(X509 *x, const struct key *k)
{
	int curve = key_kind(k) == KEY_P256   ? NID_X9_62_prime256v1
	            : key_kind(k) == KEY_P384 ? NID_secp384r1
	                                      : NID_undef;
	unsigned char *point;
	size_t n = 0;

	if (curve == NID_undef)
		return false;
	ossl_must(EVP_PKEY_get_octet_string_param(key_evp(k), OSSL_PKEY_PARAM_PUB_KEY, NULL, 0,
	                                          &n) == 1,
	          "EC point");
	point = OPENSSL_malloc(n);
	ossl_must(point &&
	                  EVP_PKEY_get_octet_string_param(key_evp(k), OSSL_PKEY_PARAM_PUB_KEY,
	                                                  point, n, &n) == 1 &&
	                  X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(x),
	                                         OBJ_nid2obj(NID_X9_62_id_ecPublicKey),
	                                         V_ASN1_OBJECT, OBJ_nid2obj(curve), point,
	                                         (int)n) == 1,
	          "certificate key");
	return true;
}

status
cert_issue(const struct cert_spec *spec, struct cert **ret, struct err *err)
{
	const struct key *signer = spec->signer ? spec->signer : spec->key;
	X509_NAME *name = X509_NAME_new();
	EVP_MD_CTX *ctx;
	struct cert *c;
	status s = check_spec(spec, err);
	bool keyless;
	X509 *x;

	if (!is_ok(s)) {
		X509_NAME_free(name);
		return s;
	}
	x = X509_new();
	ossl_must(x && name && X509_set_version(x, X509_VERSION_3) == 1, "certificate");
	set_serial(x, spec->serial);
	set_times(x, spec);
	ossl_name(name, spec->subject_cn, spec->subject_serial, spec->amd_names);
	ossl_must(X509_set_subject_name(x, name) == 1 &&
	                  X509_set_issuer_name(x, spec->issuer ? X509_get_subject_name(
	                                                                 cert_x509(spec->issuer))
	                                                       : name) == 1,
	          "certificate");
	keyless = spec->profile == CERT_LEAF_TLS && set_ec_key_bytes(x, spec->key);
	ossl_must(keyless || X509_set_pubkey(x, key_evp(spec->key)) == 1, "certificate key");
	X509_NAME_free(name);
	add_extensions(x, spec);
	ctx = ossl_signer(signer, spec->pss_sha384);
	ossl_must(X509_sign_ctx(x, ctx) > 0, "certificate signature");
	EVP_MD_CTX_free(ctx);
	c = keyless ? cert_from_keyless(x) : cert_from_x509(x);
	ossl_must(c != NULL, "certificate encoding");
	*ret = c;
	return OK;
}

/* ---- revocation lists ---- */

static void
add_revoked(X509_CRL *crl, struct bytes serial, int64_t when)
{
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t)when);
	BIGNUM *bn = BN_bin2bn(serial.p, (int)serial.n, NULL);
	ASN1_INTEGER *number = bn ? BN_to_ASN1_INTEGER(bn, NULL) : NULL;

	ossl_must(entry && time && number && X509_REVOKED_set_serialNumber(entry, number) == 1 &&
	                  X509_REVOKED_set_revocationDate(entry, time) == 1 &&
	                  X509_CRL_add0_revoked(crl, entry) == 1,
	          "revocation entry");
	ASN1_INTEGER_free(number);
	BN_free(bn);
	ASN1_TIME_free(time);
}

static void
set_crl_times(X509_CRL *crl, int64_t from, int64_t to)
{
	ASN1_TIME *a = ASN1_TIME_set(NULL, (time_t)from);
	ASN1_TIME *b = ASN1_TIME_set(NULL, (time_t)to);

	ossl_must(a && b && X509_CRL_set1_lastUpdate(crl, a) == 1 &&
	                  X509_CRL_set1_nextUpdate(crl, b) == 1,
	          "revocation list times");
	ASN1_TIME_free(a);
	ASN1_TIME_free(b);
}

status
crl_issue(const struct cert *ca, const struct key *ca_key, bool pss_sha384,
          const struct bytes *revoked_serials, size_t n, int64_t this_update, int64_t next_update,
          struct buf *der, struct err *err)
{
	X509_CRL *crl;
	EVP_MD_CTX *ctx;
	unsigned char *out = NULL;
	int len;

	if (!key_is_private(ca_key) || pss_sha384 != (key_kind(ca_key) == KEY_RSA))
		return err_set(err, ERR_INTERNAL, "E-CRYPTO-043", "no key that signs this list");
	crl = X509_CRL_new();
	ossl_must(crl && X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
	                  X509_CRL_set_issuer_name(crl, X509_get_subject_name(cert_x509(ca))) == 1,
	          "revocation list");
	set_crl_times(crl, this_update, next_update);
	for (size_t i = 0; i < n; i++)
		add_revoked(crl, revoked_serials[i], this_update);
	X509_CRL_sort(crl);
	ctx = ossl_signer(ca_key, pss_sha384);
	ossl_must(X509_CRL_sign_ctx(crl, ctx) > 0, "revocation list signature");
	EVP_MD_CTX_free(ctx);
	len = i2d_X509_CRL(crl, &out);
	ossl_must(len > 0, "revocation list encoding");
	buf_add(der, out, (size_t)len);
	OPENSSL_free(out);
	X509_CRL_free(crl);
	return OK;
}

/* ---- requests ---- */

void
csr_make(const struct key *k, struct buf *der)
{
	X509_REQ *req = X509_REQ_new();
	EVP_MD_CTX *ctx = ossl_signer(k, key_kind(k) == KEY_RSA);
	unsigned char *out = NULL;
	int n;

	ossl_must(req && X509_REQ_set_version(req, X509_REQ_VERSION_1) == 1 &&
	                  X509_REQ_set_pubkey(req, key_evp(k)) == 1 &&
	                  X509_REQ_sign_ctx(req, ctx) > 0,
	          "certificate request");
	EVP_MD_CTX_free(ctx);
	n = i2d_X509_REQ(req, &out);
	ossl_must(n > 0, "certificate request");
	buf_add(der, out, (size_t)n);
	OPENSSL_free(out);
	X509_REQ_free(req);
}

static status
csr_key(X509_REQ *req, struct key **ret, struct err *err)
{
	EVP_PKEY *pkey = X509_REQ_get_pubkey(req);
	struct key *k;

	if (!pkey)
		return err_set(err, ERR_PARSE, "E-CRYPTO-040",
		               "the key of the certificate request is malformed: %s",
		               ossl_reason());
	k = key_from_evp(pkey);
	/* The kind first: other algorithms' verification is not our attack surface. */
	if (key_kind(k) != KEY_P256) {
		key_free(k);
		return err_set(err, ERR_REJECTED, "E-CRYPTO-042",
		               "the key of the certificate request is not P-256");
	}
	if (X509_REQ_verify(req, pkey) != 1) {
		key_free(k);
		return err_set(err, ERR_REJECTED, "E-CRYPTO-041",
		               "the certificate request is not signed by its own key: %s",
		               ossl_reason());
	}
	*ret = k;
	return OK;
}

status
csr_parse(struct bytes der, struct key **ret_key, struct err *err)
{
	const unsigned char *p = der.p;
	X509_REQ *req = NULL;
	status s;

	ERR_clear_error();
	if (der.n > 0 && der.n <= CSR_MAX)
		req = d2i_X509_REQ(NULL, &p, (long)der.n);
	if (!req || p != der.p + der.n) {
		X509_REQ_free(req);
		return err_set(err, ERR_PARSE, "E-CRYPTO-040", "malformed certificate request: %s",
		               ossl_reason());
	}
	s = csr_key(req, ret_key, err);
	X509_REQ_free(req);
	return s;
}
