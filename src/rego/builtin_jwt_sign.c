/* SPDX-License-Identifier: Apache-2.0 */
/* io.jwt.encode_sign, encode_sign_raw, and decode_verify with its constraints. */
#include "base/text.h"
#include "rego/builtin_groups.h"
#include "rego/codec.h"
#include "rego/jwt.h"

enum { NANOS = 1000 * 1000 * 1000 };

/* ---- signing ---- */

/* A header's text; an error names what is missing as OPA does. */
static status
header_alg(struct rego_call *c, struct bytes text, struct value *head, struct bytes *ret)
{
	static const char prefix[] = "missing or invalid 'alg' header: ";
	const struct value *alg;
	status s;

	if (text.n == 0)
		return builtin_error(c, "%scannot parse JSON: cannot parse empty string", prefix);
	s = codec_json(c, text, head);
	if (!is_ok(s))
		return s.cls == ERR_LIMIT ? s : builtin_error(c, "%scannot parse JSON", prefix);
	alg = head->type == VALUE_OBJECT ? value_member(head, "alg") : NULL;
	if (!alg)
		return builtin_error(c, "%sjwsbb: header \"alg\" not found", prefix);
	if (alg->type != VALUE_STRING)
		return builtin_error(c, "%sjwsbb: header \"alg\" is not a string", prefix);
	*ret = string_bytes(alg);
	return OK;
}

static status
sign(struct rego_call *c, struct bytes header, struct bytes payload, const struct jwt_keys *keys,
     struct value *ret)
{
	CLEANUP(buf_done) struct buf out = result_buf(c);
	CLEANUP(buf_done) struct buf signature = {0};
	const struct value *typ;
	struct jws_alg alg;
	struct bytes name;
	struct value head;
	struct err err;

	if (keys->n == 0)
		return builtin_error(c, "no keys found in JWK set");
	TRY(header_alg(c, header, &head, &name));
	if (!jws_alg_parse(name, &alg))
		return builtin_error(c, "unknown JWS algorithm: %.*s", BYTES_ARG(name));
	typ = value_member(&head, "typ");
	if ((!typ || typ->type != VALUE_STRING || bytes_is(string_bytes(typ), "JWT")) &&
	    !codec_json_valid(c, payload))
		return builtin_error(c, "type is JWT but payload is not JSON");
	TRY(rego_charge(c, 2000 + (header.n + payload.n) / 8));
	base64_encode(BASE64_URL_UNPADDED, header, &out);
	buf_u8(&out, '.');
	base64_encode(BASE64_URL_UNPADDED, payload, &out);
	if (!is_ok(jws_sign(keys->list[0].key, alg, buf_view(&out), &signature, &err)))
		return builtin_error(c, "%s", err.msg);
	buf_u8(&out, '.');
	base64_encode(BASE64_URL_UNPADDED, buf_view(&signature), &out);
	return builtin_text(c, &out, ret);
}

static status
encode_sign(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(jwt_keys_done) struct jwt_keys keys = {.n = 0};
	CLEANUP(buf_done) struct buf header = result_buf(c);
	CLEANUP(buf_done) struct buf payload = result_buf(c);

	TRY(jwt_keys_from_value(c, &args[2], &keys));
	codec_json_text(&args[0], NULL, &header);
	codec_json_text(&args[1], NULL, &payload);
	return sign(c, buf_view(&header), buf_view(&payload), &keys, ret);
}

static status
encode_sign_raw(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(jwt_keys_done) struct jwt_keys keys = {.n = 0};
	struct bytes header, payload, key;
	struct value v;

	TRY(builtin_string(c, args, 2, &key));
	TRY(builtin_string(c, args, 0, &header));
	TRY(builtin_string(c, args, 1, &payload));
	TRY(codec_json(c, key, &v));
	TRY(jwt_keys_from_value(c, &v, &keys));
	return sign(c, header, payload, &keys, ret);
}

/* ---- decode_verify ---- */

struct constraints {
	struct jwt_keys keys;
	bool has_keys;
	struct bytes secret, alg, iss, aud;
	struct num seconds; /* the time that counts */
};

static void
constraints_done(struct constraints *k)
{
	jwt_keys_done(&k->keys);
	num_done(&k->seconds);
}

static status
time_constraint(struct rego_call *c, const struct value *v, struct constraints *k)
{
	double t;

	if (v->type != VALUE_NUMBER)
		return builtin_error(c, "token time constraint: must be a number");
	if (!num_from(&k->seconds, v))
		return builtin_error(c, "token time constraint: unvalid float64");
	t = num_to_double(&k->seconds);
	if (t < 0)
		return builtin_error(c, "token time constraint: must not be negative");
	num_from_double(&k->seconds, t / NANOS);
	return OK;
}

static status
one_constraint(struct rego_call *c, const struct member *m, struct constraints *k, bool *timed)
{
	struct bytes name = m->key.type == VALUE_STRING ? string_bytes(&m->key) : bytes_of(NULL, 0);
	const struct {
		const char *name;
		struct bytes *to;
	} texts[] = {{"secret", &k->secret}, {"alg", &k->alg}, {"iss", &k->iss}, {"aud", &k->aud}};

	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		if (!bytes_is(name, texts[i].name))
			continue;
		if (m->val.type != VALUE_STRING)
			return builtin_error(c, "%s constraint: must be a string", texts[i].name);
		*texts[i].to = string_bytes(&m->val);
		return OK;
	}
	if (bytes_is(name, "time")) {
		*timed = true;
		return time_constraint(c, &m->val, k);
	}
	if (!bytes_is(name, "cert"))
		return builtin_error(c, "unknown token validation constraint: %.*s",
		                     BYTES_ARG(name));
	if (m->val.type != VALUE_STRING)
		return builtin_error(c, "cert constraint: must be a string");
	k->has_keys = true;
	return jwt_keys_read(c, string_bytes(&m->val), &k->keys);
}

static status
read_constraints(struct rego_call *c, const struct value *v, struct constraints *k)
{
	struct value now = json_int(c->now_ns);
	bool timed = false;

	for (uint32_t i = 0; i < v->n; i++)
		TRY(one_constraint(c, &v->u.members[i], k, &timed));
	if (!timed)
		TRY(time_constraint(c, &now, k));
	if (k->has_keys && k->secret.n > 0)
		return builtin_error(c, "duplicate key constraints");
	if (!k->has_keys && k->secret.n == 0)
		return builtin_error(c, "no key constraint");
	return OK;
}

static status
check_signature(struct rego_call *c, const struct constraints *k, const struct jwt *t,
                const struct jwt_fields *f, bool *ret)
{
	CLEANUP(buf_done) struct buf signature = {0};
	CLEANUP(buf_done) struct buf mac = {0};
	struct jws_alg alg;
	bool named = false;

	*ret = false;
	TRY(jwt_signature(c, "", t, &signature));
	if (!jws_alg_parse(f->alg, &alg))
		return OK;
	TRY(rego_charge(c, 20 + t->signed_part.n / 16));
	if (!k->has_keys) {
		hmac_of(alg.digest, k->secret, t->signed_part, &mac);
		*ret = alg.family == JWS_HS && signature.n == mac.n &&
		       ct_equal(buf_view(&signature), buf_view(&mac));
		return OK;
	}
	for (size_t i = 0; f->kid.n > 0 && i < k->keys.n && !named; i++) {
		named = bytes_equal(k->keys.list[i].kid, f->kid);
		if (named)
			*ret = jws_verify(k->keys.list[i].key, alg, t->signed_part,
			                  buf_view(&signature));
	}
	for (size_t i = 0; i < k->keys.n && !named && !*ret; i++) {
		const struct jwt_key *key = &k->keys.list[i];

		TRY(rego_charge(c, 2000));
		if (key->alg.n == 0 || bytes_equal(key->alg, f->alg))
			*ret = jws_verify(key->key, alg, t->signed_part, buf_view(&signature));
	}
	return OK;
}

static bool
is_jwt(struct bytes cty)
{
	return cty.n == 3 && (cty.p[0] | 0x20) == 'j' && (cty.p[1] | 0x20) == 'w' &&
	       (cty.p[2] | 0x20) == 't';
}

/* Down to the innermost token; *good false when one on the way does not verify. */
static status
unwrap(struct rego_call *c, const struct constraints *k, struct value token, struct jwt *t,
       struct bytes *payload, bool *good)
{
	for (int depth = 0; depth < JWT_MAX_NESTING; depth++) {
		struct jwt_fields f;

		*good = false;
		TRY(jwt_split(c, &token, t));
		TRY(jwt_header(c, t));
		TRY(jwt_fields(c, t, &f));
		if (f.alg.n == 0 || f.critical || (k->alg.n > 0 && !bytes_equal(k->alg, f.alg)))
			return OK;
		TRY(check_signature(c, k, t, &f, good));
		if (!*good)
			return OK;
		TRY(jwt_payload(c, t, payload));
		if (!is_jwt(f.cty))
			return OK;
		token = json_string(*payload);
	}
	return builtin_limit(c, "tokens nest deeper than %d", JWT_MAX_NESTING);
}

static bool
audience_ok(const struct value *aud, struct bytes want)
{
	if (aud->type == VALUE_STRING)
		return bytes_equal(string_bytes(aud), want);
	for (uint32_t i = 0; aud->type == VALUE_ARRAY && i < aud->n; i++)
		if (aud->u.items[i].type == VALUE_STRING &&
		    bytes_equal(string_bytes(&aud->u.items[i]), want))
			return true;
	return false;
}

/* Compares the time that counts with a claim: <0, 0, >0. */
static status
compare_time(struct rego_call *c, const struct constraints *k, const struct value *claim,
             const char *name, int *ret)
{
	CLEANUP(num_done) struct num n;

	num_init(&n);
	if (claim->type != VALUE_NUMBER)
		return builtin_error(c, "%s value must be a number", name);
	if (!num_from(&n, claim))
		return builtin_limit(c, "%s value is too large", name);
	*ret = num_cmp(&k->seconds, &n);
	return OK;
}

static status
claims_ok(struct rego_call *c, const struct constraints *k, const struct value *payload, bool *good)
{
	const struct value *iss = value_member(payload, "iss"), *aud = value_member(payload, "aud");
	const struct value *exp = value_member(payload, "exp"), *nbf = value_member(payload, "nbf");
	int order = 0;

	*good = false;
	if (k->iss.n > 0 &&
	    !(iss && iss->type == VALUE_STRING && bytes_equal(string_bytes(iss), k->iss)))
		return OK;
	if (aud ? !audience_ok(aud, k->aud) : k->aud.n > 0)
		return OK;
	if (exp) {
		TRY(compare_time(c, k, exp, "exp", &order));
		if (order >= 0)
			return OK;
	}
	if (nbf) {
		TRY(compare_time(c, k, nbf, "nbf", &order));
		if (order < 0)
			return OK;
	}
	*good = true;
	return OK;
}

static status
result(struct rego_call *c, bool good, const struct value *head, const struct value *payload,
       struct value *ret)
{
	struct value_list out = value_list_of(c->arena);

	value_push(&out, json_bool(good));
	value_push(&out, good ? *head : value_empty(VALUE_OBJECT));
	value_push(&out, good ? *payload : value_empty(VALUE_OBJECT));
	*ret = value_array(&out);
	return arena_check(c->arena, c->err);
}

static status
verify(struct rego_call *c, const struct value *args, struct constraints *k, struct value *ret)
{
	struct value payload = {0};
	struct bytes text;
	struct jwt t;
	bool good;

	TRY(read_constraints(c, &args[1], k));
	TRY(unwrap(c, k, args[0], &t, &text, &good));
	if (good) {
		TRY(jwt_object(c, "", text, &payload));
		TRY(claims_ok(c, k, &payload, &good));
	}
	return result(c, good, &t.head, &payload, ret);
}

static status
decode_verify(struct rego_call *c, const struct value *args, struct value *ret)
{
	CLEANUP(constraints_done) struct constraints k = {.has_keys = false};

	num_init(&k.seconds);
	TRY(builtin_type(c, args, 1, VALUE_OBJECT));
	return verify(c, args, &k, ret);
}

static const struct rego_builtin list[] = {
        {"io.jwt.decode_verify", 2, BUILTIN_NONDET, decode_verify},
        {"io.jwt.encode_sign", 3, BUILTIN_NONDET, encode_sign},
        {"io.jwt.encode_sign_raw", 3, BUILTIN_NONDET, encode_sign_raw},
};
const struct rego_builtin_group rego_group_jwt_sign = {list, COUNT_OF(list)};
