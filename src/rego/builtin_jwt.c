/* SPDX-License-Identifier: Apache-2.0 */
/* io.jwt.decode and the checks of one algorithm. */
#include "base/text.h"
#include "rego/builtin_groups.h"
#include "rego/jwt.h"

/* A token inside a token comes in quotes. */
static struct bytes
unquote(struct bytes t)
{
	while (t.n > 0 && (t.p[0] == '"' || t.p[0] == '\''))
		t = bytes_sub(t, 1, t.n);
	while (t.n > 0 && (t.p[t.n - 1] == '"' || t.p[t.n - 1] == '\''))
		t.n--;
	return t;
}

static status
decoded(struct rego_call *c, const struct jwt *t, struct bytes payload, struct value *ret)
{
	CLEANUP(buf_done) struct buf signature = {0};
	CLEANUP(buf_done) struct buf hex = {0};
	struct value_list out = value_list_of(c->arena);
	struct value body;

	TRY(jwt_object(c, "", payload, &body));
	TRY(jwt_signature(c, "JWT signature had invalid encoding: ", t, &signature));
	hex_encode(buf_view(&signature), &hex);
	value_push(&out, t->head);
	value_push(&out, body);
	value_push(&out, json_copy_string(c->arena, buf_view(&hex)));
	*ret = value_array(&out);
	return arena_check(c->arena, c->err);
}

static status
decode(struct rego_call *c, const struct value *args, struct value *ret)
{
	struct value token = args[0];

	for (int depth = 0; depth < JWT_MAX_NESTING; depth++) {
		const struct value *cty;
		struct bytes payload;
		struct jwt t;

		TRY(jwt_split(c, &token, &t));
		TRY(jwt_header(c, &t));
		TRY(jwt_payload(c, &t, &payload));
		cty = value_member(&t.head, "cty");
		if (!cty || cty->type != VALUE_STRING || !bytes_is(string_bytes(cty), "JWT"))
			return decoded(c, &t, payload, ret);
		token = json_string(unquote(payload));
	}
	return builtin_limit(c, "tokens nest deeper than %d", JWT_MAX_NESTING);
}

static bool
verify_with(const struct jwt_key *k, struct jws_alg alg, const struct jwt *t,
            const struct buf *signature)
{
	return jws_verify(k->key, alg, t->signed_part, buf_view(signature));
}

/* The key that the token names alone, if it is there; else any that may be of its algorithm. */
static status
verify_keys(struct rego_call *c, const struct jwt_keys *keys, struct jws_alg alg,
            const struct jwt *t, const struct jwt_fields *f, const struct buf *signature, bool *ret)
{
	*ret = false;
	for (size_t i = 0; f->kid.n > 0 && i < keys->n; i++) {
		if (!bytes_equal(keys->list[i].kid, f->kid))
			continue;
		TRY(rego_charge(c, 2000));
		*ret = verify_with(&keys->list[i], alg, t, signature);
		return OK;
	}
	for (size_t i = 0; i < keys->n && !*ret; i++) {
		if (keys->list[i].alg.n > 0 && !bytes_equal(keys->list[i].alg, f->alg))
			continue;
		TRY(rego_charge(c, 2000));
		*ret = verify_with(&keys->list[i], alg, t, signature);
	}
	return OK;
}

static status
verify_asymmetric(struct rego_call *c, const struct value *args, struct jws_alg alg,
                  struct value *ret)
{
	CLEANUP(jwt_keys_done) struct jwt_keys keys = {.n = 0};
	CLEANUP(buf_done) struct buf signature = {0};
	struct jwt_fields f;
	struct bytes text;
	struct jwt t;
	bool good;

	TRY(jwt_split(c, &args[0], &t));
	TRY(builtin_string(c, args, 1, &text));
	TRY(jwt_keys_read(c, text, &keys));
	TRY(jwt_signature(c, "", &t, &signature));
	TRY(jwt_header(c, &t));
	TRY(jwt_fields(c, &t, &f));
	TRY(verify_keys(c, &keys, alg, &t, &f, &signature, &good));
	return return_bool(good, ret);
}

static status
verify_secret(struct rego_call *c, const struct value *args, struct jws_alg alg, struct value *ret)
{
	CLEANUP(buf_done) struct buf signature = {0};
	CLEANUP(buf_done) struct buf mac = {0};
	struct bytes token, secret;
	struct jwt t;

	TRY(builtin_string(c, args, 0, &token));
	TRY(builtin_string(c, args, 1, &secret));
	TRY(jwt_split(c, &args[0], &t));
	TRY(rego_charge(c, 20 + token.n / 16));
	hmac_of(alg.digest, secret, t.signed_part, &mac);
	TRY(jwt_signature(c, "", &t, &signature));
	return return_bool(signature.n == mac.n && ct_equal(buf_view(&signature), buf_view(&mac)),
	                   ret);
}

#define VERIFY(function, how, family, digest)                                                      \
	static status function(struct rego_call *c, const struct value *args, struct value *ret)   \
	{                                                                                          \
		return how(c, args, (struct jws_alg){family, digest}, ret);                        \
	}
VERIFY(rs256, verify_asymmetric, JWS_RS, DIGEST_SHA256)
VERIFY(rs384, verify_asymmetric, JWS_RS, DIGEST_SHA384)
VERIFY(rs512, verify_asymmetric, JWS_RS, DIGEST_SHA512)
VERIFY(ps256, verify_asymmetric, JWS_PS, DIGEST_SHA256)
VERIFY(ps384, verify_asymmetric, JWS_PS, DIGEST_SHA384)
VERIFY(ps512, verify_asymmetric, JWS_PS, DIGEST_SHA512)
VERIFY(es256, verify_asymmetric, JWS_ES, DIGEST_SHA256)
VERIFY(es384, verify_asymmetric, JWS_ES, DIGEST_SHA384)
VERIFY(es512, verify_asymmetric, JWS_ES, DIGEST_SHA512)
VERIFY(eddsa, verify_asymmetric, JWS_EDDSA, DIGEST_SHA512)
VERIFY(hs256, verify_secret, JWS_HS, DIGEST_SHA256)
VERIFY(hs384, verify_secret, JWS_HS, DIGEST_SHA384)
VERIFY(hs512, verify_secret, JWS_HS, DIGEST_SHA512)

static const struct rego_builtin list[] = {
        {"io.jwt.decode", 1, 0, decode},      {"io.jwt.verify_rs256", 2, 0, rs256},
        {"io.jwt.verify_rs384", 2, 0, rs384}, {"io.jwt.verify_rs512", 2, 0, rs512},
        {"io.jwt.verify_ps256", 2, 0, ps256}, {"io.jwt.verify_ps384", 2, 0, ps384},
        {"io.jwt.verify_ps512", 2, 0, ps512}, {"io.jwt.verify_es256", 2, 0, es256},
        {"io.jwt.verify_es384", 2, 0, es384}, {"io.jwt.verify_es512", 2, 0, es512},
        {"io.jwt.verify_eddsa", 2, 0, eddsa}, {"io.jwt.verify_hs256", 2, 0, hs256},
        {"io.jwt.verify_hs384", 2, 0, hs384}, {"io.jwt.verify_hs512", 2, 0, hs512},
};
const struct rego_builtin_group rego_group_jwt = {list, COUNT_OF(list)};
