/* SPDX-License-Identifier: Apache-2.0 */
/*
 * auth.h: what a registry's 401 asks for (RFC 7235 challenges, Docker's token
 * protocol) and what a token server answers. Parsers only.
 */
#ifndef OCI_AUTH_H
#define OCI_AUTH_H

#include "base/secret.h"
#include "json/value.h"

enum {
	AUTH_HEADER_MAX = 8192,
	AUTH_CHALLENGES_MAX = 8,
	AUTH_TOKEN_MAX = 32 * 1024,
};

enum auth_scheme { AUTH_OTHER, AUTH_BASIC, AUTH_BEARER };

struct challenge {
	enum auth_scheme scheme;
	struct bytes realm, service, scope, error; /* unquoted, in the arena; empty when absent */
};

/*
 * All challenges of one WWW-Authenticate value, at most 8; parameters given
 * twice, unterminated quotes and control characters are ERR_PARSE E-OCI-022.
 */
status auth_challenges_parse(struct arena *a, struct bytes header, struct challenge *ret,
                             size_t *ret_n, struct err *err);

/* {"token" or "access_token", "expires_in"}: seconds, 60 when not said. ERR_PARSE E-OCI-023. */
status auth_token_parse(struct bytes json, struct secret *ret_token, uint64_t *ret_expires,
                        struct err *err);

#endif
