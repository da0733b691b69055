/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/attested.h"

#include "base/text.h"
#include "json/value.h"

#include <stdio.h>

enum { CHALLENGE_MAX = 1024 };

void
attested_done(struct attested *a)
{
	client_drop(&a->client);
	session_done(&a->session);
	*a = (struct attested){0};
}

static status
ask_for_evidence(struct client *c, const struct session_channel *channel,
                 struct client_answer *answer, struct err *err)
{
	CLEANUP(buf_done) struct buf body = {0};

	buf_str(&body, "{\"nonce\":\"");
	base64_encode(BASE64_STD, bytes_of(channel->nonce, NONCE_SIZE), &body);
	buf_printf(&body, "\",\"purpose\":\"%s\"}", binding_purpose_name(channel->purpose));
	TRY(client_call(c, "POST", "/v1/attest", NULL, 0, buf_view(&body), SESSION_BODY_MAX,
	                CLIENT_CALL_MS, answer, err));
	return client_expect_ok(answer, err);
}

static status
open_session(struct client *c, const struct session_expect *expect, struct attested *ret,
             struct err *err)
{
	CLEANUP(client_answer_done) struct client_answer answer = {0};
	struct session_channel channel = {.server_key = client_peer_key_id(c)};

	random_bytes(channel.nonce, sizeof channel.nonce);
	if (!client_exporter(c, BYTES("attest"), TLS_SERVER, channel.nonce, channel.exporter))
		return err_set(err, ERR_INTERNAL, "E-TLS-001", "the session has no exporter");
	TRY(ask_for_evidence(c, &channel, &answer, err));
	return session_accept(expect, &channel, buf_view(&answer.body), &ret->session, err);
}

status
attested_open(struct tls_client *tls, const char *address, const struct session_expect *expect,
              struct attested *ret, struct err *err)
{
	status s;

	*ret = (struct attested){0};
	s = client_open(tls, address, CLIENT_CONNECT_MS, &ret->client, err);
	if (is_ok(s))
		s = open_session(ret->client, expect, ret, err);
	if (!is_ok(s))
		attested_done(ret);
	return s;
}

status
attested_statement(struct attested *a, const struct session_expect *expect,
                   struct session_channel *channel, struct buf *answer, struct err *err)
{
	CLEANUP(client_answer_done) struct client_answer got = {0};
	CLEANUP(session_done) struct session stated = {0};
	char head[65];

	*channel = (struct session_channel){.purpose = BINDING_STATEMENT};
	random_bytes(channel->nonce, sizeof channel->nonce);
	TRY(ask_for_evidence(a->client, channel, &got, err));
	TRY(err_ctx(err, session_accept(expect, channel, buf_view(&got.body), &stated, err),
	            "the statement"));
	if (!hash256_equal(&stated.head, &a->session.head) ||
	    !hash256_equal(&stated.state.genesis, &a->session.state.genesis))
		return err_set(err, ERR_CONFLICT, "E-CHANNEL-010", "the head is %s now",
		               hash256_hex(&stated.head, head));
	buf_bytes(answer, buf_view(&got.body));
	return buf_check(answer, err);
}

status
attested_call(struct attested *a, const char *path, struct bytes body, size_t max,
              struct buf *answer, struct err *err)
{
	CLEANUP(client_answer_done) struct client_answer got = {0};
	char head[65];
	struct http_field field = {"Contrast-Head", hash256_hex(&a->session.head, head)};

	TRY(client_call(a->client, "POST", path, &field, 1, body, max, CLIENT_CALL_MS, &got, err));
	TRY(client_expect_ok(&got, err));
	TRY(session_check_answer(&a->session, path, body, buf_view(&got.body),
	                         buf_view(&got.signature), err));
	buf_bytes(answer, buf_view(&got.body));
	return buf_check(answer, err);
}

status
attested_blob(struct attested *a, const struct hash256 *hash, size_t max, struct buf *out,
              struct err *err)
{
	CLEANUP(client_answer_done) struct client_answer got = {0};
	char target[16 + 65], hex[65];
	struct hash256 real;

	snprintf(target, sizeof target, "/v1/blob/%s", hash256_hex(hash, hex));
	TRY(client_call(a->client, "GET", target, NULL, 0, (struct bytes){0}, max, CLIENT_CALL_MS,
	                &got, err));
	TRY(client_expect_ok(&got, err));
	real = sha256(buf_view(&got.body));
	if (!hash256_equal(&real, hash))
		return err_set(err, ERR_REJECTED, "E-CHANNEL-008",
		               "the Coordinator sends other bytes than those with SHA-256 %s", hex);
	buf_bytes(out, buf_view(&got.body));
	return buf_check(out, err);
}

status
attested_challenge(struct attested *a, uint8_t nonce[NONCE_SIZE], struct err *err)
{
	CLEANUP(client_answer_done) struct client_answer got = {0};
	CLEANUP(arena_done) struct arena arena = {.cap = 64 * 1024};
	CLEANUP(buf_done) struct buf out = {.max = 64};
	struct value v;

	TRY(client_call(a->client, "POST", "/v1/mesh/challenge", NULL, 0, BYTES("{}"),
	                CHALLENGE_MAX, CLIENT_CALL_MS, &got, err));
	TRY(client_expect_ok(&got, err));
	TRY(json_parse(&arena, buf_view(&got.body), NULL, &v, err));
	if (!base64_decode(BASE64_STD, json_text(json_get(&v, "nonce")), &out) ||
	    out.n != NONCE_SIZE)
		return err_set(err, ERR_PARSE, "E-CHANNEL-009", "the challenge holds no nonce");
	mem_copy(nonce, out.p, NONCE_SIZE);
	return OK;
}
