/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/auth.h"

struct lexer {
	const uint8_t *p, *end;
};

static status
malformed(struct err *err, const char *what)
{
	return err_set(err, ERR_PARSE, "E-OCI-022",
	               "the registry's WWW-Authenticate header is malformed: %s", what);
}

/* RFC 9110 section 5.6.2; '/' and '~' also occur in token68. */
static bool
is_token_char(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       bytes_find_byte(BYTES("!#$%&'*+-.^_`|~/"), c, 0) != SIZE_MAX;
}

static void
skip_space(struct lexer *lx)
{
	while (lx->p < lx->end && (*lx->p == ' ' || *lx->p == '\t'))
		lx->p++;
}

static struct bytes
take_token(struct lexer *lx)
{
	const uint8_t *start = lx->p;

	while (lx->p < lx->end && is_token_char(*lx->p))
		lx->p++;
	return bytes_of(start, (size_t)(lx->p - start));
}

/* The text of a quoted string, unquoted into the arena; the cursor is behind the first quote. */
static status
take_quoted(struct arena *a, struct lexer *lx, struct bytes *ret, struct err *err)
{
	uint8_t *to = arena_raw(a, (size_t)(lx->end - lx->p) + 1, 1);
	size_t n = 0;

	TRY(arena_check(a, err));
	while (lx->p < lx->end && *lx->p != '"') {
		if (*lx->p == '\\')
			lx->p++;
		if (lx->p == lx->end)
			break;
		to[n++] = *lx->p++;
	}
	if (lx->p == lx->end)
		return malformed(err, "a quotation mark is missing");
	lx->p++;
	*ret = bytes_of(to, n);
	return OK;
}

static bool
equals_ignoring_case(struct bytes a, const char *b)
{
	struct bytes w = bytes_str(b);

	if (a.n != w.n)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		uint8_t c = a.p[i];

		if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != w.p[i])
			return false;
	}
	return true;
}

static status
set_parameter(struct challenge *c, struct bytes name, struct bytes value, struct err *err)
{
	struct bytes *to = NULL;

	if (equals_ignoring_case(name, "realm"))
		to = &c->realm;
	else if (equals_ignoring_case(name, "service"))
		to = &c->service;
	else if (equals_ignoring_case(name, "scope"))
		to = &c->scope;
	else if (equals_ignoring_case(name, "error"))
		to = &c->error;
	if (!to)
		return OK;
	if (to->p)
		return malformed(err, "a parameter is given twice");
	*to = value;
	return OK;
}

static status
new_challenge(struct bytes scheme, struct challenge *list, size_t *n, struct err *err)
{
	if (*n == AUTH_CHALLENGES_MAX)
		return malformed(err, "it has too many challenges");
	list[*n] = (struct challenge){0};
	if (equals_ignoring_case(scheme, "basic"))
		list[*n].scheme = AUTH_BASIC;
	else if (equals_ignoring_case(scheme, "bearer"))
		list[*n].scheme = AUTH_BEARER;
	(*n)++;
	return OK;
}

/* After a token: '=' and a value make it a parameter; padding alone, a token68; else a scheme. */
static status
take_item(struct arena *a, struct lexer *lx, bool after_scheme, struct challenge *list, size_t *n,
          bool *ret_scheme, struct err *err)
{
	struct bytes name = take_token(lx), value = {NULL, 0};

	*ret_scheme = false;
	if (name.n == 0)
		return malformed(err, "an unexpected character");
	skip_space(lx);
	if (lx->p == lx->end || *lx->p != '=') {
		if (after_scheme)
			return OK;
		*ret_scheme = true;
		return new_challenge(name, list, n, err);
	}
	lx->p++;
	skip_space(lx);
	if (lx->p < lx->end && *lx->p == '"') {
		lx->p++;
		TRY(take_quoted(a, lx, &value, err));
	} else {
		value = take_token(lx);
		if (value.n == 0) {
			while (lx->p < lx->end && *lx->p == '=')
				lx->p++;
			return after_scheme ? OK : malformed(err, "a parameter has no value");
		}
	}
	if (*n == 0)
		return malformed(err, "it starts with a parameter");
	return set_parameter(&list[*n - 1], name, value, err);
}

status
auth_challenges_parse(struct arena *a, struct bytes header, struct challenge *ret, size_t *ret_n,
                      struct err *err)
{
	struct lexer lx = {header.p, header.p ? header.p + header.n : header.p};
	bool after_scheme = false;

	*ret_n = 0;
	if (header.n > AUTH_HEADER_MAX)
		return malformed(err, "it is too long");
	for (size_t i = 0; i < header.n; i++)
		if ((header.p[i] < 0x20 && header.p[i] != '\t') || header.p[i] == 0x7f)
			return malformed(err, "it holds a control character");
	while (true) {
		const uint8_t *before = lx.p;
		bool comma = false;

		while (lx.p < lx.end && (*lx.p == ' ' || *lx.p == '\t' || *lx.p == ','))
			comma |= *lx.p++ == ',';
		if (lx.p == lx.end)
			return OK;
		if (before != header.p && !after_scheme && !comma)
			return malformed(err, "a comma is missing");
		TRY(take_item(a, &lx, after_scheme && !comma, ret, ret_n, &after_scheme, err));
	}
}

status
auth_token_parse(struct bytes json, struct secret *ret_token, uint64_t *ret_expires,
                 struct err *err)
{
	CLEANUP(arena_done) struct arena a = {.wipe = true};
	struct json_limits limits = {.depth = 16, .bytes = AUTH_TOKEN_MAX * 4};
	const struct value *token, *expires;
	struct value v;

	TRY(err_ctx(err, json_parse(&a, json, &limits, &v, err), "the token server's answer"));
	token = json_get(&v, "token");
	if (json_text(token).n == 0)
		token = json_get(&v, "access_token");
	if (!json_is(token, VALUE_STRING) || token->n == 0 || token->n > AUTH_TOKEN_MAX)
		return err_set(err, ERR_PARSE, "E-OCI-023",
		               "the token server's answer has no token");
	expires = json_get(&v, "expires_in");
	if (!expires || expires->type == VALUE_NULL)
		*ret_expires = 60;
	else if (!json_u64(expires, UINT32_MAX, ret_expires))
		return err_set(err, ERR_PARSE, "E-OCI-023",
		               "the token server's answer has no valid expires_in");
	secret_copy(ret_token, json_text(token));
	return OK;
}
