/* SPDX-License-Identifier: Apache-2.0 */
/* jwt.h: JSON Web Tokens and the keys that check them, for the io.jwt builtins. */
#ifndef REGO_JWT_H
#define REGO_JWT_H

#include "crypto/jws.h"
#include "rego/builtin.h"

enum { JWT_MAX_KEYS = 100, JWT_MAX_NESTING = 16 };

struct jwt_key {
	struct jws_key *key;
	struct bytes alg, kid; /* empty: none */
};

struct jwt_keys {
	struct jwt_key list[JWT_MAX_KEYS];
	size_t n;
};
void jwt_keys_done(struct jwt_keys *k); /* for CLEANUP */

/*
 * From a PEM certificate or public key, or a JSON Web Key (set). Keys with an
 * algorithm that we do not know are left out.
 */
status jwt_keys_read(struct rego_call *c, struct bytes text, struct jwt_keys *ret);
/* From a JSON Web Key (set) as a value. */
status jwt_keys_from_value(struct rego_call *c, const struct value *v, struct jwt_keys *ret);

/* The three parts as they stand in the text, and the header decoded. */
struct jwt {
	struct bytes header, payload, signature;
	struct bytes signed_part; /* header.payload */
	struct value head;
};

status jwt_split(struct rego_call *c, const struct value *v, struct jwt *ret);
status jwt_header(struct rego_call *c, struct jwt *t);
/* Payload decoded from base64url, in the arena. */
status jwt_payload(struct rego_call *c, const struct jwt *t, struct bytes *ret);
/* A JSON object from text. */
status jwt_object(struct rego_call *c, const char *prefix, struct bytes text, struct value *ret);
/* `prefix` stands in front of the message. */
status jwt_signature(struct rego_call *c, const char *prefix, const struct jwt *t, struct buf *out);

/* What the header says, its types checked. Empty: absent. */
struct jwt_fields {
	struct bytes alg, kid, cty;
	bool critical; /* a critical extension that we do not know */
};
status jwt_fields(struct rego_call *c, const struct jwt *t, struct jwt_fields *ret);

#endif
