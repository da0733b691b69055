/* SPDX-License-Identifier: Apache-2.0 */
/* crypto.x509.* and crypto.parse_private_keys: what stands in certificates and keys. */
#include "crypto/x509_info.h"
#include "rego/builtin_groups.h"
#include "rego/codec.h"

enum { X509_MAX_CERTS = 32, NANOS = 1000 * 1000 * 1000 };

/* DER blocks of an operand, in the arena. */
struct blocks {
	struct bytes der[X509_MAX_CERTS];
	size_t n;
};

/* base64 of anything but PEM. */
static status
unwrap(struct rego_call *c, struct bytes text, struct bytes *ret)
{
	CLEANUP(buf_done) struct buf raw = result_buf(c);
	size_t bad;

	*ret = text;
	if (bytes_starts(text, BYTES("-----BEGIN")))
		return OK;
	if (!codec_base64(text, false, false, &raw, &bad))
		return builtin_error(c, "illegal base64 data at input byte %zu", bad);
	*ret = arena_copy(c->arena, buf_view(&raw));
	return arena_check(c->arena, c->err);
}

static status
add_block(struct rego_call *c, struct bytes der, struct blocks *b)
{
	if (b->n == X509_MAX_CERTS)
		return builtin_limit(c, "more than %d certificates", X509_MAX_CERTS);
	b->der[b->n++] = arena_copy(c->arena, der);
	return arena_check(c->arena, c->err);
}

/* All PEM blocks of the text whose type ends so. */
static status
pem_blocks(struct rego_call *c, struct bytes text, const char *type_end, struct blocks *b)
{
	struct bytes type, rest = text;

	for (;;) {
		CLEANUP(buf_done) struct buf der = {0};

		if (!codec_pem(rest, &type, &der, &rest))
			return OK;
		TRY(rego_charge(c, 100));
		if (bytes_ends(type, bytes_str(type_end)))
			TRY(add_block(c, buf_view(&der), b));
	}
}

/* What the PEM blocks of certificates hold, one behind the other; other blocks are an error. */
static status
pem_certificates(struct rego_call *c, struct bytes text, struct bytes *ret)
{
	CLEANUP(buf_done) struct buf all = result_buf(c);
	struct bytes type, rest = text;

	while (codec_pem(rest, &type, &all, &rest)) {
		TRY(rego_charge(c, 100));
		if (!bytes_is(type, "CERTIFICATE"))
			return builtin_error(c, "PEM block type is '%.*s', expected CERTIFICATE",
			                     BYTES_ARG(type));
	}
	*ret = arena_copy(c->arena, buf_view(&all));
	return arena_check(c->arena, c->err);
}

static status
certificates(struct rego_call *c, const struct value *args, struct blocks *b)
{
	struct bytes text, data;

	b->n = 0;
	TRY(builtin_string(c, args, 0, &text));
	TRY(rego_charge(c, text.n / 4));
	TRY(unwrap(c, text, &data));
	if (bytes_starts(data, BYTES("-----BEGIN")))
		TRY(pem_certificates(c, data, &data));
	while (data.n > 0) {
		size_t n = x509_info_length(data);

		TRY(rego_charge(c, 500));
		if (n == 0)
			return builtin_error(c, "x509: malformed certificate");
		TRY(add_block(c, bytes_sub(data, 0, n), b));
		data = bytes_sub(data, n, data.n);
	}
	return OK;
}

static status
show_certs(struct rego_call *c, const struct blocks *b, const size_t *order, size_t n,
           struct value *ret)
{
	struct value_list out = value_list_of(c->arena);

	for (size_t i = 0; i < n; i++) {
		struct value v;
		struct err err;

		TRY(rego_charge(c, 1000));
		if (!is_ok(x509_info_cert(c->arena, b->der[order ? order[i] : i], &v, &err)))
			return builtin_error(c, "%s", err.msg);
		value_freeze(&v);
		value_push(&out, v);
	}
	*ret = value_array(&out);
	return arena_check(c->arena, c->err);
}

static status
parse_certificates(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct blocks b;

	TRY(certificates(c, args, &b));
	return show_certs(c, &b, NULL, b.n, ret);
}

/* ---- verification ---- */

struct options {
	int64_t now; /* seconds */
	struct bytes dns;
	bool any_usage;
};

static status
verdict(struct rego_call *c, bool good, struct value certs, struct value *ret)
{
	struct value_list out = value_list_of(c->arena);

	value_push(&out, json_bool(good));
	value_push(&out, certs);
	*ret = value_array(&out);
	return arena_check(c->arena, c->err);
}

static status
verify(struct rego_call *c, const struct value *args, const struct options *o, struct value *ret)
{
	size_t order[X509_MAX_CERTS], n = 0;
	struct value certs;
	struct blocks b;
	struct err err;
	status s = certificates(c, args, &b);

	if (s.cls == ERR_LIMIT || args[0].type != VALUE_STRING)
		return s;
	TRY(rego_charge(c, 5000));
	if (!is_ok(s) ||
	    !is_ok(x509_info_verify(b.der, b.n, o->now, o->dns, o->any_usage, order, &n, &err)))
		return verdict(c, false, value_empty(VALUE_ARRAY), ret);
	TRY(show_certs(c, &b, order, n, &certs));
	return verdict(c, true, certs, ret);
}

static status
parse_and_verify(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct options o = {.now = c->now_ns / NANOS};

	return verify(c, args, &o, ret);
}

static status
read_usages(struct rego_call *c, const struct value *v, struct options *o)
{
	if (v->type != VALUE_ARRAY && v->type != VALUE_SET)
		return builtin_error(c, "'KeyUsages' should be an Array or Set");
	for (uint32_t i = 0; i < v->n; i++) {
		const struct value *u = &v->u.items[i];

		if (u->type != VALUE_STRING || !bytes_starts(string_bytes(u), BYTES("KeyUsage")))
			return builtin_error(c, "invalid entries for 'KeyUsages' found: [%.*s]",
			                     BYTES_ARG(u->type == VALUE_STRING ? string_bytes(u)
			                                                       : BYTES("?")));
		o->any_usage |= !bytes_is(string_bytes(u), "KeyUsageServerAuth");
	}
	return OK;
}

static status
read_option(struct rego_call *c, const struct member *m, struct options *o)
{
	int64_t number;

	if (m->key.type != VALUE_STRING)
		return OK;
	if (bytes_is(string_bytes(&m->key), "DNSName")) {
		if (m->val.type != VALUE_STRING)
			return builtin_error(c, "'DNSName' should be a string");
		o->dns = string_bytes(&m->val);
		return OK;
	}
	if (bytes_is(string_bytes(&m->key), "KeyUsages"))
		return read_usages(c, &m->val, o);
	if (bytes_is(string_bytes(&m->key), "CurrentTime")) {
		if (m->val.type != VALUE_NUMBER)
			return builtin_error(c, "'CurrentTime' should be a number");
		if (!value_plain_int(&m->val, &number))
			return builtin_error(c, "'CurrentTime' should be a valid int64 number");
		o->now = number / NANOS;
		return OK;
	}
	if (!bytes_is(string_bytes(&m->key), "MaxConstraintComparisons"))
		return builtin_error(c, "invalid key option");
	if (m->val.type != VALUE_NUMBER)
		return builtin_error(c, "'MaxConstraintComparisons' should be a number");
	if (!value_plain_int(&m->val, &number))
		return builtin_error(c, "'MaxConstraintComparisons' should be a valid number");
	return OK;
}

static status
parse_and_verify_with_options(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct options o = {.now = c->now_ns / NANOS};

	struct blocks b;
	struct value shown;
	status s;

	TRY(builtin_type(c, args, 0, VALUE_STRING));
	TRY(builtin_type(c, args, 1, VALUE_OBJECT));
	/* Certificates that cannot be read are no error, and then nor are the options. */
	s = certificates(c, args, &b);
	if (is_ok(s))
		s = show_certs(c, &b, NULL, b.n, &shown);
	if (s.cls == ERR_LIMIT)
		return s;
	if (!is_ok(s))
		return verdict(c, false, value_empty(VALUE_ARRAY), ret);
	for (uint32_t i = 0; i < args[1].n; i++)
		TRY(read_option(c, &args[1].u.members[i], &o));
	return verify(c, args, &o, ret);
}

/* ---- requests and keys ---- */

static status
parse_request(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(buf_done) struct buf der = {0};
	struct bytes text, data, type, rest;
	struct err err;

	TRY(builtin_string(c, args, 0, &text));
	TRY(rego_charge(c, 1000 + text.n / 4));
	TRY(unwrap(c, text, &data));
	if (codec_pem(data, &type, &der, &rest)) {
		if (!bytes_is(type, "CERTIFICATE REQUEST"))
			return builtin_error(c, "invalid PEM-encoded certificate signing request");
		data = buf_view(&der);
	}
	if (!is_ok(x509_info_request(c->arena, data, ret, &err))) {
		*ret = (struct value){0};
		return builtin_error(c, "%s", err.msg);
	}
	value_freeze(ret);
	return arena_check(c->arena, c->err);
}

static status
private_keys(struct rego_call *c, struct bytes text, struct blocks *b)
{
	b->n = 0;
	TRY(rego_charge(c, 1000 + text.n / 4));
	return pem_blocks(c, text, "PRIVATE KEY", b);
}

static status
parse_rsa_private_key(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct bytes text, data;
	struct blocks b;
	struct err err;

	TRY(builtin_string(c, args, 0, &text));
	if (text.n == 0)
		return builtin_error(c, "input PEM data was empty");
	TRY(unwrap(c, text, &data));
	TRY(private_keys(c, data, &b));
	*ret = json_null();
	if (b.n == 0)
		return OK;
	if (!is_ok(x509_info_jwk(c->arena, b.der[0], ret, &err))) {
		*ret = (struct value){0};
		return builtin_error(c, "%s", err.msg);
	}
	value_freeze(ret);
	return arena_check(c->arena, c->err);
}

static status
parse_private_keys(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value_list out = value_list_of(c->arena);
	struct bytes text;
	struct blocks b;

	TRY(builtin_string(c, args, 0, &text));
	*ret = json_null();
	if (text.n == 0)
		return OK;
	*ret = (struct value){0};
	TRY(private_keys(c, text, &b));
	for (size_t i = 0; i < b.n; i++) {
		struct value v;
		struct err err;

		if (!is_ok(x509_info_key(c->arena, b.der[i], &v, &err)))
			return builtin_error(c, "%s", err.msg);
		value_freeze(&v);
		value_push(&out, v);
	}
	*ret = value_array(&out);
	return arena_check(c->arena, c->err);
}

static status
parse_keypair(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value_list certs = value_list_of(c->arena), out = value_list_of(c->arena);
	struct bytes cert, key;
	struct blocks chain = {.n = 0}, keys;
	struct value v;
	struct err err;

	TRY(builtin_string(c, args, 0, &cert));
	TRY(builtin_string(c, args, 1, &key));
	TRY(unwrap(c, cert, &cert));
	TRY(unwrap(c, key, &key));
	TRY(pem_blocks(c, cert, "CERTIFICATE", &chain));
	TRY(private_keys(c, key, &keys));
	if (chain.n == 0)
		return builtin_error(c, "tls: failed to find any PEM data in certificate input");
	if (keys.n == 0)
		return builtin_error(c, "tls: failed to find any PEM data in key input");
	if (!x509_info_pair(chain.der[0], keys.der[0]))
		return builtin_error(c, "tls: private key does not match public key");
	for (size_t i = 0; i < chain.n; i++)
		value_push(&certs, json_base64(c->arena, chain.der[i]));
	if (!is_ok(x509_info_key(c->arena, keys.der[0], &v, &err)))
		return builtin_error(c, "%s", err.msg);
	value_freeze(&v);
	value_push_named(&out, "Certificate", value_array(&certs));
	value_push_named(&out, "PrivateKey", v);
	value_push_named(&out, "SupportedSignatureAlgorithms", json_null());
	value_push_named(&out, "OCSPStaple", json_null());
	value_push_named(&out, "SignedCertificateTimestamps", json_null());
	if (!is_ok(x509_info_cert(c->arena, chain.der[0], &v, &err)))
		return builtin_error(c, "%s", err.msg);
	value_freeze(&v);
	value_push_named(&out, "Leaf", v);
	*ret = value_object(&out, NULL);
	return arena_check(c->arena, c->err);
}

static const struct rego_builtin list[] = {
        {"crypto.x509.parse_certificates", 1, 0, parse_certificates},
        {"crypto.x509.parse_and_verify_certificates", 1, BUILTIN_NONDET, parse_and_verify},
        {"crypto.x509.parse_and_verify_certificates_with_options", 2, BUILTIN_NONDET,
         parse_and_verify_with_options},
        {"crypto.x509.parse_certificate_request", 1, 0, parse_request},
        {"crypto.x509.parse_rsa_private_key", 1, 0, parse_rsa_private_key},
        {"crypto.x509.parse_keypair", 2, 0, parse_keypair},
        {"crypto.parse_private_keys", 1, 0, parse_private_keys},
};
const struct rego_builtin_group rego_group_x509 = {list, COUNT_OF(list)};
