/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/x509_light.h"

#include "crypto/der.h"
#include "crypto/name.h"

#include <openssl/asn1t.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

enum { RSA_BYTES_MAX = 1024, UNUSED_BITS = 7 /* ASN1_STRING.flags of a BIT STRING */ };

/* ---- RFC 5280 section 4.1; names and key are opaque SEQUENCEs ---- */

typedef struct {
	ASN1_ENCODING enc;
	ASN1_INTEGER *version;
	ASN1_INTEGER *serial;
	X509_ALGOR *algorithm;
	ASN1_STRING *issuer;
	X509_VAL *validity;
	ASN1_STRING *subject;
	ASN1_STRING *spki;
	ASN1_BIT_STRING *issuer_uid;
	ASN1_BIT_STRING *subject_uid;
	STACK_OF(X509_EXTENSION) * extensions;
} LIGHT_TBS;

typedef struct {
	LIGHT_TBS *tbs;
	X509_ALGOR *algorithm;
	ASN1_BIT_STRING *signature;
} LIGHT_CERT;

/* What follows a template looks like a part of it to clang-format. */
/* clang-format off */
ASN1_SEQUENCE_enc(LIGHT_TBS, enc, 0) =
{
	ASN1_EXP_OPT(LIGHT_TBS, version, ASN1_INTEGER, 0),
	ASN1_SIMPLE(LIGHT_TBS, serial, ASN1_INTEGER),
	ASN1_SIMPLE(LIGHT_TBS, algorithm, X509_ALGOR),
	ASN1_SIMPLE(LIGHT_TBS, issuer, ASN1_SEQUENCE),
	ASN1_SIMPLE(LIGHT_TBS, validity, X509_VAL),
	ASN1_SIMPLE(LIGHT_TBS, subject, ASN1_SEQUENCE),
	ASN1_SIMPLE(LIGHT_TBS, spki, ASN1_SEQUENCE),
	ASN1_IMP_OPT(LIGHT_TBS, issuer_uid, ASN1_BIT_STRING, 1),
	ASN1_IMP_OPT(LIGHT_TBS, subject_uid, ASN1_BIT_STRING, 2),
	ASN1_EXP_SEQUENCE_OF_OPT(LIGHT_TBS, extensions, X509_EXTENSION, 3),
} static_ASN1_SEQUENCE_END_ref(LIGHT_TBS, LIGHT_TBS)

ASN1_SEQUENCE(LIGHT_CERT) =
{
	ASN1_SIMPLE(LIGHT_CERT, tbs, LIGHT_TBS),
	ASN1_SIMPLE(LIGHT_CERT, algorithm, X509_ALGOR),
	ASN1_SIMPLE(LIGHT_CERT, signature, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(LIGHT_CERT)

/* ---- RFC 5280 section 5.1; the entries are one opaque SEQUENCE, see next_entry() ---- */

typedef struct {
	ASN1_ENCODING enc;
	ASN1_INTEGER *version;
	X509_ALGOR *algorithm;
	ASN1_STRING *issuer;
	ASN1_TIME *this_update;
	ASN1_TIME *next_update;
	ASN1_STRING *entries;
	STACK_OF(X509_EXTENSION) * extensions;
} LIGHT_LIST;

typedef struct {
	LIGHT_LIST *list;
	X509_ALGOR *algorithm;
	ASN1_BIT_STRING *signature;
} LIGHT_CRL;

ASN1_SEQUENCE_enc(LIGHT_LIST, enc, 0) =
{
	ASN1_OPT(LIGHT_LIST, version, ASN1_INTEGER),
	ASN1_SIMPLE(LIGHT_LIST, algorithm, X509_ALGOR),
	ASN1_SIMPLE(LIGHT_LIST, issuer, ASN1_SEQUENCE),
	ASN1_SIMPLE(LIGHT_LIST, this_update, ASN1_TIME),
	ASN1_OPT(LIGHT_LIST, next_update, ASN1_TIME),
	ASN1_OPT(LIGHT_LIST, entries, ASN1_SEQUENCE),
	ASN1_EXP_SEQUENCE_OF_OPT(LIGHT_LIST, extensions, X509_EXTENSION, 0),
} static_ASN1_SEQUENCE_END_ref(LIGHT_LIST, LIGHT_LIST)

ASN1_SEQUENCE(LIGHT_CRL) =
{
	ASN1_SIMPLE(LIGHT_CRL, list, LIGHT_LIST),
	ASN1_SIMPLE(LIGHT_CRL, algorithm, X509_ALGOR),
	ASN1_SIMPLE(LIGHT_CRL, signature, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(LIGHT_CRL)

/* ---- RFC 8017 appendix A.1.1, in its SubjectPublicKeyInfo ---- */

typedef struct {
	X509_ALGOR *algorithm;
	ASN1_BIT_STRING *key;
} LIGHT_SPKI;

typedef struct {
	ASN1_INTEGER *n, *e;
} LIGHT_RSA;

ASN1_SEQUENCE(LIGHT_SPKI) =
{
	ASN1_SIMPLE(LIGHT_SPKI, algorithm, X509_ALGOR),
	ASN1_SIMPLE(LIGHT_SPKI, key, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(LIGHT_SPKI)

ASN1_SEQUENCE(LIGHT_RSA) =
{
	ASN1_SIMPLE(LIGHT_RSA, n, ASN1_INTEGER),
	ASN1_SIMPLE(LIGHT_RSA, e, ASN1_INTEGER),
} static_ASN1_SEQUENCE_END(LIGHT_RSA)

/* ---- reading ---- */

/*
 * All of `der`, and what it decodes to must encode to the same bytes: one
 * object has one encoding. (The signed part is kept as it stands: a
 * signature speaks for it.)
 */
static void *
read_tree(struct bytes der, const ASN1_ITEM *item)
{
	const unsigned char *p = der.p;
	unsigned char *again = NULL;
	void *tree = der.n > 0 && der.n <= INT32_MAX
	                     ? (void *)ASN1_item_d2i(NULL, &p, (long)der.n, item)
	                     : NULL;
	int n;

	if (!tree)
		return NULL;
	n = ASN1_item_i2d(tree, &again, item);
	if (n <= 0 || !bytes_equal(bytes_of(again, (size_t)n), der)) {
		ASN1_item_free(tree, item);
		tree = NULL;
	}
	OPENSSL_free(again);
	return tree;
}
/* clang-format on */

static struct bytes
text_of(const ASN1_ENCODING *enc)
{
	return bytes_of(enc->enc, (size_t)enc->len);
}

/* Of what is opaque to a template: the object as it stands. */
static struct bytes
whole(const ASN1_STRING *s)
{
	return bytes_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

/* Algorithm and key, whatever they are: then OpenSSL will read the certificate, too. */
static bool
is_spki(const ASN1_STRING *spki)
{
	const unsigned char *p = ASN1_STRING_get0_data(spki);
	const unsigned char *end = p + ASN1_STRING_length(spki);
	ASN1_VALUE *v =
	        ASN1_item_d2i(NULL, &p, ASN1_STRING_length(spki), ASN1_ITEM_rptr(LIGHT_SPKI));
	bool is = v && p == end;

	ASN1_item_free(v, ASN1_ITEM_rptr(LIGHT_SPKI));
	return is;
}

struct cert_light *
cert_light_read(struct bytes der)
{
	LIGHT_CERT *c = read_tree(der, ASN1_ITEM_rptr(LIGHT_CERT));
	struct cert_light *l;

	if (c && (!is_spki(c->tbs->spki) || !name_good(whole(c->tbs->subject)) ||
	          !name_good(whole(c->tbs->issuer)))) {
		ASN1_item_free((ASN1_VALUE *)c, ASN1_ITEM_rptr(LIGHT_CERT));
		c = NULL;
	}
	if (!c)
		return NULL;
	l = mem_new(struct cert_light);
	l->tree = c;
	l->parts = (struct cert_parts){
	        .subject = whole(c->tbs->subject),
	        .issuer = whole(c->tbs->issuer),
	        .serial = c->tbs->serial,
	        .not_before = c->tbs->validity->notBefore,
	        .not_after = c->tbs->validity->notAfter,
	        .extensions = c->tbs->extensions,
	        .algorithm = c->tbs->algorithm,
	};
	l->sig = (struct signed_parts){text_of(&c->tbs->enc), c->algorithm, c->signature};
	l->spki = whole(c->tbs->spki);
	l->version = c->tbs->version ? ASN1_INTEGER_get(c->tbs->version) : 0;
	return l;
}

void
cert_light_free(struct cert_light *l)
{
	if (!l)
		return;
	ASN1_item_free(l->tree, ASN1_ITEM_rptr(LIGHT_CERT));
	mem_free(l);
}

/* X.690 section 8.3: not empty, and no first byte that says nothing. */
static bool
integer_good(struct bytes i)
{
	return i.n == 1 || (i.n > 1 && !(i.p[0] == 0 && !(i.p[1] & 0x80)) &&
	                    !(i.p[0] == 0xff && (i.p[1] & 0x80)));
}

/* Serial number, date, and perhaps extensions, which are not of interest. */
static bool
next_entry(struct rd *entries, struct bytes *serial)
{
	struct rd one = rd_init(der_take(entries, DER_SEQUENCE));
	uint8_t tag;

	*serial = der_take(&one, DER_INTEGER);
	(void)der_next(&one, &tag);
	one.failed |= tag != DER_UTC_TIME && tag != DER_GENERALIZED_TIME;
	if (rd_left(&one) > 0)
		(void)der_take(&one, DER_SEQUENCE);
	entries->failed |= !rd_done(&one) || !integer_good(*serial);
	return rd_ok(entries);
}

static struct rd
entries_of(const LIGHT_CRL *c)
{
	struct rd r = rd_init(c->list->entries ? whole(c->list->entries) : BYTES("\x30\0"));

	return rd_init(der_take(&r, DER_SEQUENCE));
}

static bool
entries_good(const LIGHT_CRL *c)
{
	struct rd entries = entries_of(c);
	struct bytes serial;

	while (rd_left(&entries) > 0 && next_entry(&entries, &serial))
		;
	return rd_done(&entries);
}

struct crl_light *
crl_light_read(struct bytes der)
{
	LIGHT_CRL *c = read_tree(der, ASN1_ITEM_rptr(LIGHT_CRL));
	struct crl_light *l;

	if (c && (!name_good(whole(c->list->issuer)) || !entries_good(c))) {
		ASN1_item_free((ASN1_VALUE *)c, ASN1_ITEM_rptr(LIGHT_CRL));
		c = NULL;
	}
	if (!c)
		return NULL;
	l = mem_new(struct crl_light);
	*l = (struct crl_light){
	        .issuer = whole(c->list->issuer),
	        .this_update = c->list->this_update,
	        .next_update = c->list->next_update,
	        .extensions = c->list->extensions,
	        .algorithm = c->list->algorithm,
	        .sig = {text_of(&c->list->enc), c->algorithm, c->signature},
	        .tree = c,
	};
	return l;
}

void
crl_light_free(struct crl_light *l)
{
	if (!l)
		return;
	ASN1_item_free(l->tree, ASN1_ITEM_rptr(LIGHT_CRL));
	mem_free(l);
}

bool
crl_light_has(const struct crl_light *l, const ASN1_INTEGER *serial)
{
	struct rd entries = entries_of(l->tree);
	unsigned char *der = NULL;
	int n = i2d_ASN1_INTEGER(serial, &der);
	struct rd r = rd_init(bytes_of(der, n > 0 ? (size_t)n : 0));
	struct bytes want = der_take(&r, DER_INTEGER), got;
	bool found = false;

	ossl_must(rd_done(&r), "a serial number");
	while (!found && rd_left(&entries) > 0 && next_entry(&entries, &got))
		found = bytes_equal(got, want);
	OPENSSL_free(der);
	return found;
}

/* ---- RSA keys ---- */

static EVP_PKEY *
rsa_from(const LIGHT_RSA *numbers)
{
	uint8_t n[RSA_BYTES_MAX], e[sizeof(uint64_t)];
	BIGNUM *bn[2] = {ASN1_INTEGER_to_BN(numbers->n, NULL),
	                 ASN1_INTEGER_to_BN(numbers->e, NULL)};
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *pkey = NULL;

	/* Numbers go in by the machine's order, hence the detour. */
	if (bn[0] && bn[1] && !BN_is_negative(bn[0]) && !BN_is_negative(bn[1]) &&
	    BN_num_bytes(bn[0]) > 0 && BN_num_bytes(bn[0]) <= (int)sizeof n &&
	    BN_num_bytes(bn[1]) <= (int)sizeof e &&
	    BN_bn2nativepad(bn[0], n, BN_num_bytes(bn[0])) > 0 &&
	    BN_bn2nativepad(bn[1], e, sizeof e) > 0) {
		OSSL_PARAM params[] = {
		        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, n,
		                                (size_t)BN_num_bytes(bn[0])),
		        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, e, sizeof e),
		        OSSL_PARAM_construct_end(),
		};

		ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
		if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
		    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
			pkey = NULL;
	}
	EVP_PKEY_CTX_free(ctx);
	BN_free(bn[0]);
	BN_free(bn[1]);
	return pkey;
}

/* rsaEncryption with the NULL that RFC 3279 section 2.3.1 demands. */
static bool
is_rsa(const X509_ALGOR *alg)
{
	const ASN1_OBJECT *obj;
	int type;

	X509_ALGOR_get0(&obj, &type, NULL, alg);
	return OBJ_obj2nid(obj) == NID_rsaEncryption && type == V_ASN1_NULL;
}

EVP_PKEY *
rsa_light_read(struct bytes spki)
{
	LIGHT_SPKI *outer = read_tree(spki, ASN1_ITEM_rptr(LIGHT_SPKI));
	LIGHT_RSA *numbers = NULL;
	EVP_PKEY *pkey = NULL;

	if (outer && is_rsa(outer->algorithm) && !(outer->key->flags & UNUSED_BITS))
		numbers = read_tree(bytes_of(ASN1_STRING_get0_data(outer->key),
		                             (size_t)ASN1_STRING_length(outer->key)),
		                    ASN1_ITEM_rptr(LIGHT_RSA));
	if (numbers)
		pkey = rsa_from(numbers);
	ASN1_item_free((ASN1_VALUE *)numbers, ASN1_ITEM_rptr(LIGHT_RSA));
	ASN1_item_free((ASN1_VALUE *)outer, ASN1_ITEM_rptr(LIGHT_SPKI));
	ERR_clear_error();
	return pkey;
}
