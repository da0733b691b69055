/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/x509_info.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/text.h"
#include "crypto/ossl.h"

enum { X509_INFO_MAX_CHAIN = 32 };

size_t
x509_info_length(struct bytes der)
{
	const uint8_t *p = der.p;
	X509 *x = der.n <= INT32_MAX ? d2i_X509(NULL, &p, (long)der.n) : NULL;
	size_t n = x ? (size_t)(p - der.p) : 0;

	X509_free(x);
	ERR_clear_error();
	return n;
}

/* ---- pieces ---- */

static struct value
base64_of(struct arena *a, const uint8_t *p, int n)
{
	return n > 0 ? json_base64(a, bytes_of(p, (size_t)n)) : json_null();
}

static struct value
number_of(struct arena *a, const BIGNUM *bn)
{
	char *text = bn ? BN_bn2dec(bn) : NULL;
	struct bytes copy = text ? arena_copy(a, bytes_str(text)) : (struct bytes){NULL, 0};
	int64_t small;

	OPENSSL_free(text);
	if (!copy.p)
		return json_null();
	if (text_i64(copy, &small))
		return json_int(small);
	return (struct value){.type = VALUE_NUMBER, .n = (uint32_t)copy.n, .u.s = copy.p};
}

static struct value
asn1_integer(struct arena *a, const ASN1_INTEGER *i)
{
	BIGNUM *bn = ASN1_INTEGER_to_BN(i, NULL);
	struct value v = number_of(a, bn);

	BN_free(bn);
	return v;
}

static struct value
asn1_text(struct arena *a, const ASN1_STRING *s)
{
	uint8_t *utf8 = NULL;
	int n = ASN1_STRING_to_UTF8(&utf8, s);
	struct value v = json_copy_string(a, bytes_of(utf8, n > 0 ? (size_t)n : 0));

	OPENSSL_free(utf8);
	ERR_clear_error();
	return v;
}

/* [2, 5, 4, 3] */
static struct value
oid_of(struct arena *a, const ASN1_OBJECT *o)
{
	struct value list = json_array();
	char text[128];
	struct bytes t;
	int n = OBJ_obj2txt(text, sizeof text, o, 1);

	t = bytes_of(text, n > 0 ? MIN((size_t)n, sizeof text - 1) : 0);
	for (size_t at = 0; at < t.n;) {
		size_t dot = bytes_find_byte(t, '.', at);
		uint64_t part;

		if (text_u64(bytes_sub(t, at, dot), INT64_MAX, &part))
			json_add(a, &list, json_int((int64_t)part));
		at = dot == SIZE_MAX ? t.n : dot + 1;
	}
	return list;
}

static struct value
time_of(struct arena *a, const ASN1_TIME *t)
{
	int64_t seconds;

	return ossl_time(t, &seconds) ? json_time(a, seconds) : json_null();
}

/* ---- names ---- */

static const struct {
	const char *member;
	int nid;
	bool single;
} attributes[] = {
        {"Country", NID_countryName, false},
        {"Organization", NID_organizationName, false},
        {"OrganizationalUnit", NID_organizationalUnitName, false},
        {"Locality", NID_localityName, false},
        {"Province", NID_stateOrProvinceName, false},
        {"StreetAddress", NID_streetAddress, false},
        {"PostalCode", NID_postalCode, false},
        {"SerialNumber", NID_serialNumber, true},
        {"CommonName", NID_commonName, true},
};

static struct value
attribute(struct arena *a, const X509_NAME *name, int nid, bool single)
{
	struct value list = json_array(), last = json_cstr("");

	for (int i = X509_NAME_get_index_by_NID(name, nid, -1); i >= 0;
	     i = X509_NAME_get_index_by_NID(name, nid, i)) {
		last = asn1_text(a, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i)));
		json_add(a, &list, last);
	}
	if (single)
		return last;
	return list.n > 0 ? list : json_null();
}

static struct value
name_of(struct arena *a, const X509_NAME *name)
{
	struct value out = json_object(), all = json_array();

	for (size_t i = 0; i < COUNT_OF(attributes); i++)
		json_put(a, &out, attributes[i].member,
		         attribute(a, name, attributes[i].nid, attributes[i].single));
	for (int i = 0; i < X509_NAME_entry_count(name); i++) {
		X509_NAME_ENTRY *e = X509_NAME_get_entry(name, i);
		struct value one = json_object();

		json_put(a, &one, "Type", oid_of(a, X509_NAME_ENTRY_get_object(e)));
		json_put(a, &one, "Value", asn1_text(a, X509_NAME_ENTRY_get_data(e)));
		json_add(a, &all, one);
	}
	json_put(a, &out, "Names", all.n > 0 ? all : json_null());
	json_put(a, &out, "ExtraNames", json_null());
	return out;
}

/* ---- alternative names ---- */

static struct value
ip_text(struct arena *a, const ASN1_OCTET_STRING *s)
{
	CLEANUP(buf_done) struct buf out = {0};
	const uint8_t *p = ASN1_STRING_get0_data(s);
	int n = ASN1_STRING_length(s);

	if (n == 4)
		buf_printf(&out, "%u.%u.%u.%u", p[0], p[1], p[2], p[3]);
	for (int i = 0; n == 16 && i < n; i += 2)
		buf_printf(&out, i > 0 ? ":%x" : "%x", (unsigned int)(p[i] << 8 | p[i + 1]));
	return json_copy_string(a, buf_view(&out));
}

static struct value
alternatives(struct arena *a, const GENERAL_NAMES *names, int type)
{
	struct value list = json_array();

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);

		if (n->type != type)
			continue;
		if (type == GEN_IPADD)
			json_add(a, &list, ip_text(a, n->d.iPAddress));
		else
			json_add(a, &list,
			         json_copy_string(a,
			                          bytes_of(ASN1_STRING_get0_data(n->d.ia5),
			                                   (size_t)ASN1_STRING_length(n->d.ia5))));
	}
	return list.n > 0 ? list : json_null();
}

static void
put_alternatives(struct arena *a, GENERAL_NAMES *names, struct value *out)
{
	struct value uris = alternatives(a, names, GEN_URI);

	json_put(a, out, "DNSNames", alternatives(a, names, GEN_DNS));
	json_put(a, out, "EmailAddresses", alternatives(a, names, GEN_EMAIL));
	json_put(a, out, "IPAddresses", alternatives(a, names, GEN_IPADD));
	json_put(a, out, "URIStrings", uris);
	GENERAL_NAMES_free(names);
}

/* ---- algorithms and keys, numbered as Go does ---- */

static int64_t
signature_algorithm(int nid)
{
	static const int nids[] = {
	        0,
	        NID_md2WithRSAEncryption,
	        NID_md5WithRSAEncryption,
	        NID_sha1WithRSAEncryption,
	        NID_sha256WithRSAEncryption,
	        NID_sha384WithRSAEncryption,
	        NID_sha512WithRSAEncryption,
	        NID_dsaWithSHA1,
	        NID_dsa_with_SHA256,
	        NID_ecdsa_with_SHA1,
	        NID_ecdsa_with_SHA256,
	        NID_ecdsa_with_SHA384,
	        NID_ecdsa_with_SHA512,
	        NID_rsassaPss,
	        -1,
	        -1,
	        NID_ED25519,
	};

	for (size_t i = 1; i < COUNT_OF(nids); i++)
		if (nids[i] == nid)
			return (int64_t)i;
	return 0;
}

static int64_t
key_algorithm(const EVP_PKEY *k)
{
	switch (k ? EVP_PKEY_get_base_id(k) : 0) {
	case EVP_PKEY_RSA:
		return 1;
	case EVP_PKEY_DSA:
		return 2;
	case EVP_PKEY_EC:
		return 3;
	case EVP_PKEY_ED25519:
		return 4;
	default:
		return 0;
	}
}

static struct value
key_number(struct arena *a, const EVP_PKEY *k, const char *param)
{
	BIGNUM *bn = NULL;
	struct value v = json_null();

	if (EVP_PKEY_get_bn_param(k, param, &bn) == 1)
		v = number_of(a, bn);
	BN_clear_free(bn);
	ERR_clear_error();
	return v;
}

static struct value
raw_key(struct arena *a, const EVP_PKEY *k, bool is_private)
{
	uint8_t raw[64];
	size_t n = sizeof raw;
	struct value v = json_null();

	if ((is_private ? EVP_PKEY_get_raw_private_key(k, raw, &n)
	                : EVP_PKEY_get_raw_public_key(k, raw, &n)) == 1)
		v = json_base64(a, bytes_of(raw, n));
	mem_wipe(raw, sizeof raw);
	return v;
}

static struct value
public_key(struct arena *a, const EVP_PKEY *k)
{
	struct value out = json_object();

	switch (key_algorithm(k)) {
	case 1:
		json_put(a, &out, "N", key_number(a, k, OSSL_PKEY_PARAM_RSA_N));
		json_put(a, &out, "E", key_number(a, k, OSSL_PKEY_PARAM_RSA_E));
		return out;
	case 3:
		json_put(a, &out, "Curve", json_object());
		json_put(a, &out, "X", key_number(a, k, OSSL_PKEY_PARAM_EC_PUB_X));
		json_put(a, &out, "Y", key_number(a, k, OSSL_PKEY_PARAM_EC_PUB_Y));
		return out;
	case 4:
		return raw_key(a, k, false);
	default:
		return json_null();
	}
}

/* ---- certificates ---- */

static struct value
extensions_of(struct arena *a, const STACK_OF(X509_EXTENSION) * list)
{
	struct value out = json_array();

	for (int i = 0; i < sk_X509_EXTENSION_num(list); i++) {
		X509_EXTENSION *e = sk_X509_EXTENSION_value(list, i);
		const ASN1_OCTET_STRING *v = X509_EXTENSION_get_data(e);
		struct value one = json_object();

		json_put(a, &one, "Id", oid_of(a, X509_EXTENSION_get_object(e)));
		json_put(a, &one, "Critical", json_bool(X509_EXTENSION_get_critical(e) != 0));
		json_put(a, &one, "Value",
		         base64_of(a, ASN1_STRING_get0_data(v), ASN1_STRING_length(v)));
		json_add(a, &out, one);
	}
	return out.n > 0 ? out : json_null();
}

/* Go's ExtKeyUsage: any, serverAuth, clientAuth, codeSigning, emailProtection, ..., OCSP. */
static struct value
extended_usage(struct arena *a, X509 *x)
{
	static const struct {
		uint32_t bit;
		int64_t number;
	} rows[] = {
	        {XKU_ANYEKU, 0}, {XKU_SSL_SERVER, 1}, {XKU_SSL_CLIENT, 2}, {XKU_CODE_SIGN, 3},
	        {XKU_SMIME, 4},  {XKU_TIMESTAMP, 8},  {XKU_OCSP_SIGN, 9},
	};
	uint32_t bits = X509_get_extended_key_usage(x);
	struct value list = json_array();

	if (bits == UINT32_MAX)
		return json_null();
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		if (bits & rows[i].bit)
			json_add(a, &list, json_int(rows[i].number));
	return list.n > 0 ? list : json_null();
}

/* Go counts the bits of KeyUsage from digitalSignature = 1 on. */
static int64_t
key_usage(X509 *x)
{
	static const uint32_t bits[] = {KU_DIGITAL_SIGNATURE, KU_NON_REPUDIATION,
	                                KU_KEY_ENCIPHERMENT,  KU_DATA_ENCIPHERMENT,
	                                KU_KEY_AGREEMENT,     KU_KEY_CERT_SIGN,
	                                KU_CRL_SIGN,          KU_ENCIPHER_ONLY,
	                                KU_DECIPHER_ONLY};
	uint32_t usage = X509_get_key_usage(x);
	int64_t v = 0;

	for (size_t i = 0; usage != UINT32_MAX && i < COUNT_OF(bits); i++)
		v |= usage & bits[i] ? 1L << i : 0;
	return v;
}

static struct value
octets(struct arena *a, const ASN1_OCTET_STRING *s)
{
	return s ? base64_of(a, ASN1_STRING_get0_data(s), ASN1_STRING_length(s)) : json_null();
}

static void
put_constraints(struct arena *a, X509 *x, struct value *out)
{
	BASIC_CONSTRAINTS *bc = X509_get_ext_d2i(x, NID_basic_constraints, NULL, NULL);
	int64_t path = bc && bc->pathlen ? ASN1_INTEGER_get(bc->pathlen) : -1;

	json_put(a, out, "BasicConstraintsValid", json_bool(bc != NULL));
	json_put(a, out, "IsCA", json_bool(bc && bc->ca));
	json_put(a, out, "MaxPathLen", json_int(bc && bc->ca ? path : bc ? -1 : 0));
	json_put(a, out, "MaxPathLenZero", json_bool(path == 0));
	BASIC_CONSTRAINTS_free(bc);
}

static void
put_key_and_signature(struct arena *a, X509 *x, struct value *out)
{
	const ASN1_BIT_STRING *signature;
	const X509_ALGOR *alg;
	EVP_PKEY *k = X509_get0_pubkey(x);

	X509_get0_signature(&signature, &alg, x);
	json_put(a, out, "Signature",
	         base64_of(a, ASN1_STRING_get0_data(signature), ASN1_STRING_length(signature)));
	json_put(a, out, "SignatureAlgorithm",
	         json_int(signature_algorithm(X509_get_signature_nid(x))));
	json_put(a, out, "PublicKeyAlgorithm", json_int(key_algorithm(k)));
	json_put(a, out, "PublicKey", public_key(a, k));
}

static struct value
der_of(struct arena *a, int n, uint8_t *p)
{
	struct value v = base64_of(a, p, n);

	OPENSSL_free(p);
	return v;
}

static void
put_raw(struct arena *a, X509 *x, struct bytes der, struct value *out)
{
	uint8_t *tbs = NULL, *spki = NULL, *subject = NULL, *issuer = NULL;
	int n;

	json_put(a, out, "Raw", json_base64(a, der));
	n = i2d_re_X509_tbs(x, &tbs);
	json_put(a, out, "RawTBSCertificate", der_of(a, n, tbs));
	n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki);
	json_put(a, out, "RawSubjectPublicKeyInfo", der_of(a, n, spki));
	n = i2d_X509_NAME(X509_get_subject_name(x), &subject);
	json_put(a, out, "RawSubject", der_of(a, n, subject));
	n = i2d_X509_NAME(X509_get_issuer_name(x), &issuer);
	json_put(a, out, "RawIssuer", der_of(a, n, issuer));
}

/* Members that we do not take apart, as Go shows them when they are absent. */
static void
put_absent(struct arena *a, struct value *out)
{
	static const char *const nulls[] = {
	        "ExtraExtensions",
	        "UnhandledCriticalExtensions",
	        "UnknownExtKeyUsage",
	        "OCSPServer",
	        "IssuingCertificateURL",
	        "URIs",
	        "PermittedDNSDomains",
	        "ExcludedDNSDomains",
	        "PermittedIPRanges",
	        "ExcludedIPRanges",
	        "PermittedEmailAddresses",
	        "ExcludedEmailAddresses",
	        "PermittedURIDomains",
	        "ExcludedURIDomains",
	        "CRLDistributionPoints",
	        "PolicyIdentifiers",
	        "Policies",
	};

	for (size_t i = 0; i < COUNT_OF(nulls); i++)
		json_put(a, out, nulls[i], json_null());
	json_put(a, out, "PermittedDNSDomainsCritical", json_bool(false));
}

static X509 *
read_cert(struct bytes der)
{
	const uint8_t *p = der.p;
	X509 *x = der.n <= INT32_MAX ? d2i_X509(NULL, &p, (long)der.n) : NULL;

	ERR_clear_error();
	return x;
}

status
x509_info_cert(struct arena *a, struct bytes der, struct value *ret, struct err *err)
{
	X509 *x = read_cert(der);

	if (!x)
		return err_set(err, ERR_PARSE, "E-CRYPTO-020", "x509: malformed certificate");
	*ret = json_object();
	put_raw(a, x, der, ret);
	put_key_and_signature(a, x, ret);
	json_put(a, ret, "Version", json_int(X509_get_version(x) + 1));
	json_put(a, ret, "SerialNumber", asn1_integer(a, X509_get0_serialNumber(x)));
	json_put(a, ret, "Issuer", name_of(a, X509_get_issuer_name(x)));
	json_put(a, ret, "Subject", name_of(a, X509_get_subject_name(x)));
	json_put(a, ret, "NotBefore", time_of(a, X509_get0_notBefore(x)));
	json_put(a, ret, "NotAfter", time_of(a, X509_get0_notAfter(x)));
	json_put(a, ret, "KeyUsage", json_int(key_usage(x)));
	json_put(a, ret, "ExtKeyUsage", extended_usage(a, x));
	json_put(a, ret, "Extensions", extensions_of(a, X509_get0_extensions(x)));
	json_put(a, ret, "SubjectKeyId", octets(a, X509_get0_subject_key_id(x)));
	json_put(a, ret, "AuthorityKeyId", octets(a, X509_get0_authority_key_id(x)));
	put_constraints(a, x, ret);
	put_alternatives(a, X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL), ret);
	put_absent(a, ret);
	X509_free(x);
	ERR_clear_error();
	return arena_check(a, err);
}

status
x509_info_request(struct arena *a, struct bytes der, struct value *ret, struct err *err)
{
	const uint8_t *p = der.p;
	X509_REQ *r = der.n <= INT32_MAX ? d2i_X509_REQ(NULL, &p, (long)der.n) : NULL;
	STACK_OF(X509_EXTENSION) * extensions;
	EVP_PKEY *k;

	ERR_clear_error();
	if (!r)
		return err_set(err, ERR_PARSE, "E-CRYPTO-040",
		               "asn1: malformed certificate request");
	k = X509_REQ_get0_pubkey(r);
	extensions = X509_REQ_get_extensions(r);
	*ret = json_object();
	json_put(a, ret, "Raw", json_base64(a, der));
	json_put(a, ret, "Version", json_int(X509_REQ_get_version(r)));
	json_put(a, ret, "SignatureAlgorithm",
	         json_int(signature_algorithm(X509_REQ_get_signature_nid(r))));
	json_put(a, ret, "PublicKeyAlgorithm", json_int(key_algorithm(k)));
	json_put(a, ret, "PublicKey", public_key(a, k));
	json_put(a, ret, "Subject", name_of(a, X509_REQ_get_subject_name(r)));
	json_put(a, ret, "Extensions", extensions_of(a, extensions));
	json_put(a, ret, "ExtraExtensions", json_null());
	json_put(a, ret, "Attributes", json_null());
	json_put(a, ret, "URIs", json_null());
	put_alternatives(a, X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL), ret);
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	X509_REQ_free(r);
	ERR_clear_error();
	return arena_check(a, err);
}

/* ---- chains ---- */

/* Which of the inputs each certificate of the validated path is. */
static void
path_order(X509 *const *certs, size_t n, const STACK_OF(X509) * chain, size_t *order, size_t *len)
{
	*len = 0;
	for (int i = 0; i < sk_X509_num(chain); i++)
		for (size_t k = 0; k < n; k++) {
			if (X509_cmp(certs[k], sk_X509_value(chain, i)) != 0)
				continue;
			order[(*len)++] = k;
			break;
		}
}

static bool
verify_chain(X509 *const *certs, size_t n, int64_t now, struct bytes dns, bool any_usage,
             size_t *order, size_t *len)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *middle = sk_X509_new_null();
	X509_VERIFY_PARAM *param;
	bool good;

	ossl_must(store && ctx && middle, "certificate store");
	X509_STORE_add_cert(store, certs[0]);
	for (size_t i = 1; i + 1 < n; i++)
		sk_X509_push(middle, certs[i]);
	ossl_must(X509_STORE_CTX_init(ctx, store, certs[n - 1], middle) == 1, "certificate chain");
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_time(param, (time_t)now);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
	if (!any_usage)
		X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
	if (dns.n > 0)
		X509_VERIFY_PARAM_set1_host(param, (const char *)dns.p, dns.n);
	good = X509_verify_cert(ctx) == 1;
	if (good)
		path_order(certs, n, X509_STORE_CTX_get0_chain(ctx), order, len);
	sk_X509_free(middle);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	ERR_clear_error();
	return good;
}

status
x509_info_verify(const struct bytes *ders, size_t n, int64_t now, struct bytes dns, bool any_usage,
                 size_t *order, size_t *len, struct err *err)
{
	X509 *certs[X509_INFO_MAX_CHAIN] = {NULL};
	bool good = n >= 2 && n <= X509_INFO_MAX_CHAIN;

	for (size_t i = 0; good && i < n; i++)
		good = (certs[i] = read_cert(ders[i])) != NULL;
	good = good && verify_chain(certs, n, now, dns, any_usage, order, len);
	for (size_t i = 0; i < MIN(n, (size_t)X509_INFO_MAX_CHAIN); i++)
		X509_free(certs[i]);
	if (!good)
		return err_set(err, ERR_REJECTED, "E-CRYPTO-030", "the chain does not verify");
	return OK;
}

/* ---- private keys ---- */

static EVP_PKEY *
read_key(struct bytes der)
{
	const uint8_t *p = der.p;
	EVP_PKEY *k = der.n <= INT32_MAX ? d2i_AutoPrivateKey(NULL, &p, (long)der.n) : NULL;

	ERR_clear_error();
	return k;
}

static status
no_key(struct err *err)
{
	return err_set(err, ERR_PARSE, "E-CRYPTO-001", "x509: failed to parse private key");
}

/* A number as base64url without padding; `size` pads with zeros in front. */
static void
put_jwk_number(struct arena *a, const EVP_PKEY *k, const char *param, const char *member,
               size_t size, struct value *out)
{
	CLEANUP(buf_done) struct buf text = {0};
	BIGNUM *bn = NULL;
	uint8_t raw[2048];
	int n;

	if (EVP_PKEY_get_bn_param(k, param, &bn) != 1) {
		ERR_clear_error();
		return;
	}
	n = BN_bn2binpad(bn, raw, size > 0 ? (int)size : MIN(BN_num_bytes(bn), (int)sizeof raw));
	if (n > 0) {
		base64_encode(BASE64_URL_UNPADDED, bytes_of(raw, (size_t)n), &text);
		json_put(a, out, member, json_copy_string(a, buf_view(&text)));
	}
	mem_wipe(raw, sizeof raw);
	BN_clear_free(bn);
}

static const struct {
	const char *param, *member, *go;
} rsa_numbers[] = {
        {OSSL_PKEY_PARAM_RSA_N, "n", "N"},           {OSSL_PKEY_PARAM_RSA_E, "e", "E"},
        {OSSL_PKEY_PARAM_RSA_D, "d", "D"},           {OSSL_PKEY_PARAM_RSA_FACTOR1, "p", NULL},
        {OSSL_PKEY_PARAM_RSA_FACTOR2, "q", NULL},    {OSSL_PKEY_PARAM_RSA_EXPONENT1, "dp", NULL},
        {OSSL_PKEY_PARAM_RSA_EXPONENT2, "dq", NULL}, {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, "qi", NULL},
};

static void
ec_jwk(struct arena *a, const EVP_PKEY *k, struct value *out)
{
	int bits = EVP_PKEY_get_bits(k);
	size_t n = ((size_t)bits + 7) / 8;

	json_put(a, out, "kty", json_cstr("EC"));
	json_put(a, out, "crv", json_cstr(bits == 256 ? "P-256" : bits == 384 ? "P-384" : "P-521"));
	put_jwk_number(a, k, OSSL_PKEY_PARAM_EC_PUB_X, "x", n, out);
	put_jwk_number(a, k, OSSL_PKEY_PARAM_EC_PUB_Y, "y", n, out);
	put_jwk_number(a, k, OSSL_PKEY_PARAM_PRIV_KEY, "d", n, out);
}

status
x509_info_jwk(struct arena *a, struct bytes der, struct value *ret, struct err *err)
{
	EVP_PKEY *k = read_key(der);
	int64_t alg = key_algorithm(k);

	*ret = json_object();
	if (alg == 1) {
		json_put(a, ret, "kty", json_cstr("RSA"));
		for (size_t i = 0; i < COUNT_OF(rsa_numbers); i++)
			put_jwk_number(a, k, rsa_numbers[i].param, rsa_numbers[i].member, 0, ret);
	} else if (alg == 3) {
		ec_jwk(a, k, ret);
	}
	EVP_PKEY_free(k);
	return ret->n > 0 ? arena_check(a, err) : no_key(err);
}

status
x509_info_key(struct arena *a, struct bytes der, struct value *ret, struct err *err)
{
	EVP_PKEY *k = read_key(der);
	struct value primes = json_array();

	if (!k)
		return no_key(err);
	*ret = public_key(a, k);
	if (key_algorithm(k) == 1) {
		json_put(a, ret, "D", key_number(a, k, OSSL_PKEY_PARAM_RSA_D));
		json_add(a, &primes, key_number(a, k, OSSL_PKEY_PARAM_RSA_FACTOR1));
		json_add(a, &primes, key_number(a, k, OSSL_PKEY_PARAM_RSA_FACTOR2));
		json_put(a, ret, "Primes", primes);
	} else if (key_algorithm(k) == 3) {
		json_put(a, ret, "D", key_number(a, k, OSSL_PKEY_PARAM_PRIV_KEY));
	} else if (key_algorithm(k) == 4) {
		*ret = raw_key(a, k, true);
	}
	EVP_PKEY_free(k);
	return ret->type == VALUE_NULL ? no_key(err) : arena_check(a, err);
}

bool
x509_info_pair(struct bytes cert, struct bytes key)
{
	X509 *x = read_cert(cert);
	EVP_PKEY *k = read_key(key);
	bool good = x && k && X509_check_private_key(x, k) == 1;

	X509_free(x);
	EVP_PKEY_free(k);
	ERR_clear_error();
	return good;
}
