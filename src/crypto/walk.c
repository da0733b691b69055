/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk along a path whose certificates are known beforehand, as those of
 * processors are: leaf, intermediates, pinned root. Every check is spelled
 * out; where X509_verify_cert() is lax, this is not. tests/unit/crypto/test_walk.c
 * holds both against each other.
 */
#include "base/clock.h"
#include "crypto/name.h"
#include "crypto/signature.h"
#include "crypto/x509_light.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

enum {
	MAX_PATH = 6,      /* leaf, four intermediates, root: as cert_verify_chain() */
	EC_BITS_MIN = 256, /* 128 bits of security, as there */
	RSA_BITS_MIN = 3072,
	VERSION_3 = 2,
	NO_LIMIT = -1,
};

/* ---- what the extensions say about a certificate's role ---- */

struct role {
	bool ca, signs_certs;
	long path_length; /* NO_LIMIT: none */
	ASN1_OCTET_STRING *key_id;
	AUTHORITY_KEYID *authority;
};

static void
role_done(struct role *r)
{
	ASN1_OCTET_STRING_free(r->key_id);
	AUTHORITY_KEYID_free(r->authority);
}

/* The whole value is one object of this kind; NULL otherwise. */
static void *
inside(const X509_EXTENSION *e, const ASN1_ITEM *item)
{
	const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data((X509_EXTENSION *)(uintptr_t)e);
	const unsigned char *p = ASN1_STRING_get0_data(value);
	const unsigned char *end = p + ASN1_STRING_length(value);
	void *v = ASN1_item_d2i(NULL, &p, ASN1_STRING_length(value), item);

	if (v && p != end) {
		ASN1_item_free(v, item);
		v = NULL;
	}
	return v;
}

static bool
take_constraints(const X509_EXTENSION *e, struct role *r)
{
	BASIC_CONSTRAINTS *bc = inside(e, ASN1_ITEM_rptr(BASIC_CONSTRAINTS));
	bool good = bc != NULL;

	if (good) {
		r->ca = bc->ca != 0;
		if (bc->pathlen) {
			r->path_length = ASN1_INTEGER_get(bc->pathlen);
			good = r->ca && r->path_length >= 0;
		}
	}
	BASIC_CONSTRAINTS_free(bc);
	return good;
}

static bool
take_usage(const X509_EXTENSION *e, struct role *r)
{
	enum { KEY_CERT_SIGN = 5 }; /* RFC 5280 section 4.2.1.3 */
	ASN1_BIT_STRING *bits = inside(e, ASN1_ITEM_rptr(ASN1_BIT_STRING));
	bool good = bits != NULL;

	r->signs_certs = good && ASN1_BIT_STRING_get_bit(bits, KEY_CERT_SIGN) == 1;
	ASN1_BIT_STRING_free(bits);
	return good;
}

static const char *
take_extension(const X509_EXTENSION *e, struct role *r)
{
	X509_EXTENSION *ext = (X509_EXTENSION *)(uintptr_t)e;

	switch (OBJ_obj2nid(X509_EXTENSION_get_object(ext))) {
	case NID_basic_constraints:
		return take_constraints(e, r) ? NULL : "malformed basic constraints";
	case NID_key_usage:
		return take_usage(e, r) ? NULL : "malformed key usage";
	case NID_subject_key_identifier:
		r->key_id = inside(e, ASN1_ITEM_rptr(ASN1_OCTET_STRING));
		if (!r->key_id)
			return "malformed subject key identifier";
		break;
	case NID_authority_key_identifier:
		r->authority = inside(e, ASN1_ITEM_rptr(AUTHORITY_KEYID));
		if (!r->authority)
			return "malformed authority key identifier";
		break;
	case NID_name_constraints:
	case NID_proxyCertInfo:
		return "an extension that narrows what the certificate is good for";
	default:
		break;
	}
	return X509_EXTENSION_get_critical(ext) ? "an unknown critical extension" : NULL;
}

static bool
occurs_before(const STACK_OF(X509_EXTENSION) * list, int at)
{
	const ASN1_OBJECT *o = X509_EXTENSION_get_object(X509v3_get_ext(list, at));

	for (int i = 0; i < at; i++) {
		if (OBJ_cmp(X509_EXTENSION_get_object(X509v3_get_ext(list, i)), o) == 0)
			return true;
	}
	return false;
}

/* NULL, or what is wrong with it. */
static const char *
read_role(const struct cert_parts *p, struct role *r)
{
	/* RFC 5280 section 4.2.1.3: without the extension all uses are allowed. */
	*r = (struct role){.path_length = NO_LIMIT, .signs_certs = true};
	for (int i = 0; i < X509v3_get_ext_count(p->extensions); i++) {
		const char *bad = occurs_before(p->extensions, i)
		                          ? "an extension that occurs twice"
		                          : take_extension(X509v3_get_ext(p->extensions, i), r);

		if (bad)
			return bad;
	}
	return NULL;
}

bool
cert_is_ca(const struct cert *c)
{
	struct role r;
	bool ca = read_role(cert_parts(c), &r) == NULL && r.ca;

	role_done(&r);
	ERR_clear_error();
	return ca;
}

/* ---- the path ---- */

struct step {
	const struct cert *c;
	const struct cert_light *x;
	struct role role;
};

struct path {
	struct step steps[MAX_PATH]; /* leaf first */
	size_t n;
};

static status
refuse(struct err *err, size_t depth, const char *what)
{
	ERR_clear_error();
	return err_set(err, ERR_REJECTED, "E-CRYPTO-030", "%s (depth %zu)", what, depth);
}

static status
check_time(const struct step *s, size_t depth, int64_t now, struct err *err)
{
	char text[32];

	if (now < cert_not_before(s->c))
		return err_set(err, ERR_REJECTED, "E-CRYPTO-031",
		               "certificate is not yet valid: from %s (depth %zu)",
		               time_cstr(cert_not_before(s->c), text), depth);
	/* The last second counts as past, as it does for X509_verify_cert(). */
	if (now >= cert_not_after(s->c))
		return err_set(err, ERR_REJECTED, "E-CRYPTO-031",
		               "certificate has expired: at %s (depth %zu)",
		               time_cstr(cert_not_after(s->c), text), depth);
	return OK;
}

/* Strong enough, and of a kind that signs. */
static bool
key_is_sound(const struct key *k)
{
	if (!k)
		return false;
	switch (key_kind(k)) {
	case KEY_P256:
	case KEY_P384:
		return key_bits(k) >= EC_BITS_MIN;
	case KEY_RSA:
		return key_bits(k) >= RSA_BITS_MIN;
	case KEY_X25519:
	case KEY_OTHER:
		break;
	}
	return false;
}

/* What a certificate must be by itself. */
static status
check_alone(struct step *s, size_t depth, int64_t now, struct err *err)
{
	const char *bad;

	s->x = cert_light(s->c);
	if (s->x->version != VERSION_3)
		return refuse(err, depth, "the certificate is not of version 3");
	bad = read_role(cert_parts(s->c), &s->role);
	if (bad)
		return refuse(err, depth, bad);
	if (X509_ALGOR_cmp(s->x->parts.algorithm, s->x->sig.algorithm) != 0)
		return refuse(err, depth, "two signature algorithms are named");
	if (!key_is_sound(cert_light_key(s->c)))
		return refuse(err, depth, "the key is too weak, of another kind, or malformed");
	return check_time(s, depth, now, err);
}

/* RFC 5280 section 4.2.1.1, as far as the extension says something. */
static bool
authority_fits(const AUTHORITY_KEYID *a, const struct step *issuer)
{
	if (!a)
		return true;
	if (a->keyid && issuer->role.key_id &&
	    ASN1_OCTET_STRING_cmp(a->keyid, issuer->role.key_id) != 0)
		return false;
	if (a->serial && ASN1_INTEGER_cmp(a->serial, issuer->x->parts.serial) != 0)
		return false;
	for (int i = 0; i < sk_GENERAL_NAME_num(a->issuer); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(a->issuer, i);

		if (name->type == GEN_DIRNAME)
			return names_equal(name_of_x509(name->d.directoryName),
			                   issuer->x->parts.issuer);
	}
	return true;
}

static bool
is_self_issued(const struct step *s)
{
	return names_equal(s->x->parts.subject, s->x->parts.issuer);
}

/* May steps[i] have issued what is below it? Names, role and length; not yet its signature. */
static status
check_link(const struct path *p, size_t i, struct err *err)
{
	const struct step *issuer = &p->steps[i], *below = &p->steps[i - 1];
	long between = 0;

	if (!names_equal(below->x->parts.issuer, issuer->x->parts.subject) ||
	    !authority_fits(below->role.authority, issuer))
		return refuse(err, i - 1, "the certificate names another issuer");
	if (!issuer->role.ca)
		return refuse(err, i, "the issuer is not a CA");
	if (!issuer->role.signs_certs)
		return refuse(err, i, "the issuer's key usage has no certificate signing");
	for (size_t k = 1; k < i; k++)
		between += !is_self_issued(&p->steps[k]);
	if (issuer->role.path_length != NO_LIMIT && between > issuer->role.path_length)
		return refuse(err, i, "the path is longer than the CA allows");
	return OK;
}

static status
check_root(const struct path *p, struct err *err)
{
	const struct step *root = &p->steps[p->n - 1];

	/* Its key is pinned, but its names and dates count by its own signature only. */
	if (!is_self_issued(root) || !authority_fits(root->role.authority, root))
		return refuse(err, p->n - 1, "the root is not self-signed");
	if (!root->role.ca || !root->role.signs_certs)
		return refuse(err, p->n - 1, "the root is not a CA");
	if (!cert_self_signed(root->c))
		return refuse(err, p->n - 1, "the root's own signature does not verify");
	return OK;
}

static status
walk(struct path *p, int64_t now, struct err *err)
{
	for (size_t i = 0; i < p->n; i++)
		TRY(check_alone(&p->steps[i], i, now, err));
	for (size_t i = 1; i < p->n; i++)
		TRY(check_link(p, i, err));
	TRY(check_root(p, err));
	for (size_t i = p->n - 1; i > 0; i--) {
		if (!signature_by_good(cert_light_key(p->steps[i].c), &p->steps[i - 1].x->sig))
			return refuse(err, i - 1, "the issuer did not sign the certificate");
	}
	return OK;
}

status
cert_walk(const struct cert *leaf, struct cert *const *intermediates, size_t n,
          const struct cert *root, int64_t now, struct err *err)
{
	struct path p = {.n = n + 2};
	status s;

	if (n > MAX_PATH - 2)
		return refuse(err, n, "the path is too long");
	p.steps[0].c = leaf;
	for (size_t i = 0; i < n; i++)
		p.steps[i + 1].c = intermediates[i];
	p.steps[n + 1].c = root;
	s = walk(&p, now, err);
	for (size_t i = 0; i < p.n; i++)
		role_done(&p.steps[i].role);
	ERR_clear_error();
	return s;
}
