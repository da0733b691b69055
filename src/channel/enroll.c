/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/enroll.h"

#include "attest/issuer.h"
#include "authority/answer.h"
#include "base/text.h"
#include "json/value.h"

enum { CHAIN_CERTS = 2, KEM_SIZE = 32 };

void
enrolled_done(struct enrolled *e)
{
	key_drop(&e->key);
	buf_done(&e->chain);
	buf_done(&e->root_ca);
	buf_done(&e->mesh_ca);
	secret_done(&e->secret);
	*e = (struct enrolled){0};
}

static status
evidence_for(const char *where, const struct attest_leaf *leaf, struct buf *document,
             struct err *err)
{
	struct issuer_places places = issuer_usual(ENROLL_EVIDENCE_SOCKET);
	CLEANUP(issuer_close) struct issuer issuer = {.fd = -1};

	TRY(issuer_open(where, &places, &issuer, err));
	return issuer_mesh_cert(&issuer, leaf, document, err);
}

status
enroll_own_policy(const char *evidence, struct hash256 *ret, struct err *err)
{
	CLEANUP(arena_done) struct arena arena = {0};
	CLEANUP(buf_done) struct buf json = {0};
	struct attest_leaf nothing = {0};
	struct document document;

	TRY(evidence_for(evidence, &nothing, &json, err));
	TRY(document_parse(&arena, buf_view(&json), &document, err));
	return judge_claimed_policy(&document, ret, err);
}

status
enroll_body(const uint8_t kem[32], struct bytes csr, struct bytes document, struct buf *out,
            struct err *err)
{
	out->max = ENROLL_BODY_MAX;
	buf_str(out, "{\"csr\":\"");
	base64_encode(BASE64_STD, csr, out);
	buf_str(out, "\",\"kem\":\"");
	base64_encode(BASE64_STD, bytes_of(kem, KEM_SIZE), out);
	buf_str(out, "\",\"evidence\":");
	buf_bytes(out, document);
	buf_u8(out, '}');
	return buf_check(out, err);
}

/* ---- the answer ---- */

struct chain_certs {
	struct cert *c[CHAIN_CERTS + 1];
	size_t n;
};

static void
chain_certs_done(struct chain_certs *l)
{
	for (size_t i = 0; i < l->n; i++)
		cert_free(l->c[i]);
}

static status
parse_one(struct bytes pem, const struct hash256 *key_id_wanted, const char *name,
          struct cert **ret, struct err *err)
{
	struct hash256 id;
	size_t n = 0;

	TRY(err_at(err, cert_parse_pem(pem, 1, ret, &n, err), ".%s", name));
	if (n != 1)
		return err_set(err, ERR_PARSE, "E-ENROLL-001", "%s is not one certificate", name);
	id = cert_key_id(*ret);
	if (!hash256_equal(&id, key_id_wanted))
		return err_set(err, ERR_REJECTED, "E-ENROLL-002",
		               "%s is not of the key in the state record", name);
	return OK;
}

/* leaf <- mesh CA <- root, with our key in the leaf and the accepted keys above it. */
static status
check_chain(const struct session *s, const struct key *key, int64_t now, struct enrolled *e,
            struct err *err)
{
	CLEANUP(chain_certs_done) struct chain_certs chain = {0};
	CLEANUP(cert_drop) struct cert *root = NULL;
	CLEANUP(cert_drop) struct cert *mesh = NULL;
	struct hash256 own = key_id(key), leaf, issuer;

	TRY(parse_one(buf_view(&e->root_ca), &s->state.root_key, "root_ca", &root, err));
	TRY(parse_one(buf_view(&e->mesh_ca), &s->state.mesh_key, "mesh_ca", &mesh, err));
	TRY(err_at(err,
	           cert_parse_pem(buf_view(&e->chain), COUNT_OF(chain.c), chain.c, &chain.n, err),
	           ".chain"));
	if (chain.n != CHAIN_CERTS)
		return err_set(err, ERR_PARSE, "E-ENROLL-001", "chain has %zu certificates",
		               chain.n);
	leaf = cert_key_id(chain.c[0]);
	issuer = cert_key_id(chain.c[1]);
	if (!hash256_equal(&leaf, &own) || !hash256_equal(&issuer, &s->state.mesh_key))
		return err_set(err, ERR_REJECTED, "E-ENROLL-002",
		               "the certificate is of another key than the one that asked");
	TRY(err_ctx(err, cert_verify_chain(chain.c[0], &chain.c[1], 1, root, now, err),
	            "the issued certificate"));
	e->not_after = cert_not_after(chain.c[0]);
	return OK;
}

static status
open_secret(const struct session *s, const struct value *sealed, const struct key *kem,
            struct enrolled *e, struct err *err)
{
	CLEANUP(buf_done) struct buf bytes = {.max = 64 * 1024};

	if (!sealed)
		return OK;
	if (!base64_decode(BASE64_STD, json_text(sealed), &bytes))
		return err_set(err, ERR_PARSE, "E-ENROLL-001", "secret is not base64");
	return err_ctx(err,
	               seal_open(kem, SEAL_WORKLOAD_SECRET, &s->state.genesis, buf_view(&bytes),
	                         &e->secret, err),
	               "the sealed workload secret");
}

status
enroll_accept(const struct session *s, struct bytes answer, const struct key *key,
              const struct key *kem, int64_t now, struct enrolled *ret, struct err *err)
{
	CLEANUP(arena_done) struct arena arena = {.cap = 8 * ENROLL_ANSWER_MAX};
	struct value v;

	TRY(json_parse(&arena, answer, NULL, &v, err));
	buf_bytes(&ret->chain, json_text(json_get(&v, "chain")));
	buf_bytes(&ret->root_ca, json_text(json_get(&v, "root_ca")));
	buf_bytes(&ret->mesh_ca, json_text(json_get(&v, "mesh_ca")));
	TRY(check_chain(s, key, now, ret, err));
	return open_secret(s, json_get(&v, "secret"), kem, ret, err);
}

/* ---- one attempt ---- */

static status
show_evidence(struct attested *a, const struct key *key, const struct key *kem,
              const char *evidence, struct buf *body, struct err *err)
{
	CLEANUP(buf_done) struct buf csr = {0};
	CLEANUP(buf_done) struct buf payload = {0};
	CLEANUP(buf_done) struct buf document = {0};
	struct attest_leaf leaf = {0};
	struct hash256 own = key_id(key), peer = client_peer_key_id(a->client), hash;
	uint8_t kem_public[KEM_SIZE];

	TRY(attested_challenge(a, leaf.nonce, err));
	if (!client_exporter(a->client, BYTES("mesh-cert"), TLS_CLIENT, leaf.nonce, leaf.exporter))
		return err_set(err, ERR_INTERNAL, "E-TLS-001", "the session has no exporter");
	csr_make(key, &csr);
	key_x25519_raw_public(kem, kem_public);
	buf_add(&payload, kem_public, sizeof kem_public);
	buf_bytes(&payload, buf_view(&csr));
	hash = sha256(buf_view(&payload));
	mem_copy(leaf.attester_key, own.b, sizeof leaf.attester_key);
	mem_copy(leaf.peer_key, peer.b, sizeof leaf.peer_key);
	mem_copy(leaf.payload, hash.b, sizeof leaf.payload);
	TRY(evidence_for(evidence, &leaf, &document, err));
	return enroll_body(kem_public, buf_view(&csr), buf_view(&document), body, err);
}

static status
attempt(struct attested *a, const struct session_expect *expect, const char *evidence,
        struct enrolled *ret, struct err *err)
{
	CLEANUP(key_drop) struct key *kem = key_generate(KEY_X25519, 0);
	CLEANUP(buf_done) struct buf body = {0};
	CLEANUP(buf_done) struct buf answer = {.max = ENROLL_ANSWER_MAX + 1};

	ret->key = key_generate(KEY_P256, 0);
	TRY(show_evidence(a, ret->key, kem, evidence, &body, err));
	TRY(attested_call(a, "/v1/mesh/cert", buf_view(&body), ENROLL_ANSWER_MAX, &answer, err));
	/* Our clock may be behind what the Coordinator's evidence proves. */
	TRY(enroll_accept(&a->session, buf_view(&answer), ret->key, kem,
	                  MAX(expect->now, a->session.floor), ret, err));
	ret->policy = expect->own_policy;
	ret->floor = MAX(a->session.floor, (int64_t)a->session.state.time);
	session_remember(&a->session, &ret->seen);
	return OK;
}

status
enroll(struct tls_client *tls, const char *address, const struct session_expect *expect,
       const char *evidence, struct enrolled *ret, struct err *err)
{
	CLEANUP(attested_done) struct attested a = {0};
	status s;

	*ret = (struct enrolled){0};
	TRY(attested_open(tls, address, expect, &a, err));
	s = attempt(&a, expect, evidence, ret, err);
	if (!is_ok(s))
		enrolled_done(ret);
	return s;
}
