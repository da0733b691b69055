/* SPDX-License-Identifier: Apache-2.0 */
#include "rego/jwt.h"

#include "rego/builtin_groups.h"
#include "rego/codec.h"

/* ---- keys ---- */

void
jwt_keys_done(struct jwt_keys *k)
{
	for (size_t i = 0; i < k->n; i++)
		jws_key_free(k->list[i].key);
	k->n = 0;
}

static status
from_pem(struct rego_call *c, struct bytes type, struct bytes der, struct bytes rest,
         struct jwt_keys *ret)
{
	struct jws_key *key;
	struct err err;
	bool cert = bytes_is(type, "CERTIFICATE");

	if (rest.n > 0)
		return builtin_error(c, "extra data after a PEM certificate block");
	if (!cert && !bytes_is(type, "PUBLIC KEY"))
		return builtin_error(c, "failed to extract a Key from the PEM certificate");
	TRY(rego_charge(c, 2000));
	if (!is_ok(cert ? jws_key_from_cert(der, &key, &err) : jws_key_from_spki(der, &key, &err)))
		return builtin_error(c, "failed to parse a PEM %s: %s",
		                     cert ? "certificate" : "public key", err.msg);
	ret->list[ret->n++] = (struct jwt_key){.key = key};
	return OK;
}

/* A text member decoded from base64url into the arena; absent is empty. */
static status
member_bytes(struct rego_call *c, const struct value *jwk, const char *name, struct bytes *ret)
{
	CLEANUP(buf_done) struct buf raw = {0};
	const struct value *v = value_member(jwk, name);

	*ret = (struct bytes){NULL, 0};
	if (!v)
		return OK;
	if (v->type != VALUE_STRING)
		return builtin_error(c, "failed to parse a JWK key (set): \"%s\" must be a string",
		                     name);
	TRY(codec_base64url(c, "failed to parse a JWK key (set): ", string_bytes(v), &raw));
	*ret = arena_copy(c->arena, buf_view(&raw));
	return arena_check(c->arena, c->err);
}

static struct bytes
member_text(const struct value *jwk, const char *name)
{
	const struct value *v = value_member(jwk, name);

	return v && v->type == VALUE_STRING ? string_bytes(v) : (struct bytes){NULL, 0};
}

static status
read_jwk(struct rego_call *c, const struct value *v, struct jws_jwk *j)
{
	const struct {
		const char *name;
		struct bytes *to;
	} members[] = {
	        {"k", &j->k},   {"n", &j->n}, {"e", &j->e},   {"d", &j->d},
	        {"p", &j->p},   {"q", &j->q}, {"dp", &j->dp}, {"dq", &j->dq},
	        {"qi", &j->qi}, {"x", &j->x}, {"y", &j->y},
	};

	*j = (struct jws_jwk){.kty = member_text(v, "kty"), .crv = member_text(v, "crv")};
	for (size_t i = 0; i < COUNT_OF(members); i++)
		TRY(member_bytes(c, v, members[i].name, members[i].to));
	return OK;
}

static status
add_jwk(struct rego_call *c, const struct value *v, struct jwt_keys *ret)
{
	struct bytes alg = member_text(v, "alg");
	struct jws_alg known;
	struct jws_key *key;
	struct jws_jwk jwk;
	struct err err;

	if (v->type != VALUE_OBJECT)
		return builtin_error(c, "failed to parse a JWK key (set): a key must be an object");
	if (ret->n == JWT_MAX_KEYS)
		return builtin_limit(c, "more than %d keys", JWT_MAX_KEYS);
	TRY(rego_charge(c, 2000));
	TRY(read_jwk(c, v, &jwk));
	if (!is_ok(jws_key_from_jwk(&jwk, &key, &err)))
		return builtin_error(c, "failed to parse a JWK key (set): %s", err.msg);
	if (alg.n > 0 && !jws_alg_parse(alg, &known)) {
		jws_key_free(key);
		return OK;
	}
	ret->list[ret->n++] = (struct jwt_key){key, alg, member_text(v, "kid")};
	return OK;
}

status
jwt_keys_from_value(struct rego_call *c, const struct value *v, struct jwt_keys *ret)
{
	const struct value *set = v->type == VALUE_OBJECT ? value_member(v, "keys") : NULL;

	if (!set)
		return add_jwk(c, v, ret);
	if (set->type != VALUE_ARRAY)
		return builtin_error(c,
		                     "failed to parse a JWK key (set): \"keys\" must be an array");
	for (uint32_t i = 0; i < set->n; i++)
		TRY(add_jwk(c, &set->u.items[i], ret));
	return OK;
}

status
jwt_keys_read(struct rego_call *c, struct bytes text, struct jwt_keys *ret)
{
	CLEANUP(buf_done) struct buf der = {0};
	struct bytes type, rest;
	struct value v;
	status s;

	TRY(rego_charge(c, text.n / 4));
	if (codec_pem(text, &type, &der, &rest))
		return from_pem(c, type, buf_view(&der), rest, ret);
	s = codec_json(c, text, &v);
	if (!is_ok(s))
		return s.cls == ERR_LIMIT
		               ? s
		               : builtin_error(c, "failed to parse a JWK key (set): no JSON");
	return jwt_keys_from_value(c, &v, ret);
}

/* ---- tokens ---- */

status
jwt_split(struct rego_call *c, const struct value *v, struct jwt *t)
{
	struct bytes text;
	size_t dots = 0, at[2] = {0, 0};

	*t = (struct jwt){0};
	TRY(builtin_string(c, v, 0, &text));
	TRY(rego_charge(c, text.n / 16));
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] != '.')
			continue;
		if (dots < 2)
			at[dots] = i;
		dots++;
	}
	if (dots == 0)
		return builtin_error(c, "encoded JWT had no period separators");
	if (dots != 2)
		return builtin_error(c, "encoded JWT must have 3 sections, found %zu", dots + 1);
	t->header = bytes_sub(text, 0, at[0]);
	t->payload = bytes_sub(text, at[0] + 1, at[1]);
	t->signature = bytes_sub(text, at[1] + 1, text.n);
	t->signed_part = bytes_sub(text, 0, at[1]);
	return OK;
}

status
jwt_object(struct rego_call *c, const char *prefix, struct bytes text, struct value *ret)
{
	status s = codec_json(c, text, ret);

	if (!is_ok(s))
		return s.cls == ERR_LIMIT ? s : builtin_error(c, "%sinvalid JSON", prefix);
	if (ret->type != VALUE_OBJECT)
		return builtin_error(c, "%sdecoded JSON type was not an Object", prefix);
	return OK;
}

static status
decode(struct rego_call *c, const char *prefix, struct bytes part, struct bytes *ret)
{
	CLEANUP(buf_done) struct buf raw = {0};

	TRY(codec_base64url(c, prefix, part, &raw));
	*ret = arena_copy(c->arena, buf_view(&raw));
	return arena_check(c->arena, c->err);
}

status
jwt_header(struct rego_call *c, struct jwt *t)
{
	struct bytes text;

	TRY(decode(c, "JWT header had invalid encoding: ", t->header, &text));
	TRY(jwt_object(c, "bad JWT header: ", text, &t->head));
	if (value_member(&t->head, "enc"))
		return builtin_error(c, "JWT is a JWE object, which is not supported");
	return OK;
}

status
jwt_payload(struct rego_call *c, const struct jwt *t, struct bytes *ret)
{
	return decode(c, "JWT payload had invalid encoding: ", t->payload, ret);
}

status
jwt_signature(struct rego_call *c, const char *prefix, const struct jwt *t, struct buf *out)
{
	return codec_base64url(c, prefix, t->signature, out);
}

static status
text_field(struct rego_call *c, const struct jwt *t, const char *name, struct bytes *ret)
{
	const struct value *v = value_member(&t->head, name);

	*ret = (struct bytes){NULL, 0};
	if (!v)
		return OK;
	if (v->type != VALUE_STRING)
		return builtin_error(c, "%s: must be a string", name);
	*ret = string_bytes(v);
	return OK;
}

static bool
is_known_field(const struct value *name)
{
	static const char *const known[] = {"alg", "kid", "typ", "cty", "crit"};

	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (bytes_is(string_bytes(name), known[i]))
			return true;
	return false;
}

status
jwt_fields(struct rego_call *c, const struct jwt *t, struct jwt_fields *f)
{
	const struct value *crit = value_member(&t->head, "crit");
	struct bytes typ;

	*f = (struct jwt_fields){0};
	TRY(text_field(c, t, "alg", &f->alg));
	TRY(text_field(c, t, "kid", &f->kid));
	TRY(text_field(c, t, "typ", &typ));
	TRY(text_field(c, t, "cty", &f->cty));
	if (!crit)
		return OK;
	if (crit->type != VALUE_ARRAY)
		return builtin_error(c, "crit: must be a list");
	if (crit->n == 0)
		return builtin_error(c, "crit: must be a nonempty list");
	for (uint32_t i = 0; i < crit->n; i++) {
		const struct value *name = &crit->u.items[i];

		if (name->type != VALUE_STRING)
			return builtin_error(c, "crit: must be a list of strings");
		/* Only one that is there can be missed. */
		f->critical |= value_get(&t->head, name) && !is_known_field(name);
	}
	return OK;
}
