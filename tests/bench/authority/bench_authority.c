/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper's work beside the bare curve operations that it cannot do
 * without, measured in turns: an issued certificate with its sealed secret and
 * signed answer; a record of the history; a bundle; a manifest read.
 */
#include "../../unit/authority/fixture.h"
#include "../measure.h"

#include "base/clock.h"

#include <stdlib.h>

enum { ROUNDS = 9 };
static const uint64_t ROUND_NS = 120 * 1000 * 1000;

static void
compare(const char *figure, step_fn *ours, void *our_state, const char *peer, step_fn *theirs,
        void *their_state, double goal)
{
	double a[ROUNDS], b[ROUNDS], x, y;

	for (size_t i = 0; i < ROUNDS; i++) {
		a[i] = one_round(ours, our_state, ROUND_NS);
		b[i] = one_round(theirs, their_state, ROUND_NS);
	}
	x = median(a, ROUNDS);
	y = median(b, ROUNDS);
	printf("{\"bench\":\"authority\",\"figure\":\"%s\",\"value\":%.0f,\"unit\":\"/s\","
	       "\"peer\":\"%s\",\"peer_value\":%.0f,\"ratio\":%.3f,",
	       figure, 1 / x, peer, 1 / y, y / x);
	/* Without a goal the figure is there to be watched. */
	if (goal > 0)
		printf("\"goal\":%.2f,\"met\":%s}\n", goal, y / x >= goal ? "true" : "false");
	else
		printf("\"goal\":null,\"met\":null}\n");
	fflush(stdout);
}

/* ---- certificates ---- */

struct issue {
	struct authority *a;
	struct key *pod, *kem, *p256;
	struct cert_request r;
	struct buf answer, signature;
};

static void
issue_step(void *state)
{
	struct issue *s = state;
	struct hash256 entry;
	struct err err;

	buf_reset(&s->answer);
	buf_reset(&s->signature);
	need(is_ok(authority_mesh_cert(s->a, &s->r, NOW, &s->answer, &entry, &err)), err.msg);
	authority_sign_answer(s->a, "/v1/mesh/cert", &s->r.head, BYTES("request"),
	                      buf_view(&s->answer), &s->signature);
}

/* Two signatures (leaf, answer) and one key exchange with a fresh key (the sealed secret). */
static void
issue_floor(void *state)
{
	struct issue *s = state;
	struct key *fresh = key_generate(KEY_X25519, 0);
	struct secret shared = {0};
	struct err err;

	for (int i = 0; i < 2; i++) {
		buf_reset(&s->signature);
		key_sign_ecdsa(s->p256, SIG_SHA256, BYTES("message"), &s->signature);
	}
	need(is_ok(key_x25519_derive(fresh, s->kem, &shared, &err)), "X25519");
	secret_done(&shared);
	key_free(fresh);
}

/* ---- records ---- */

struct walk {
	struct chain start;
	struct buf raw;
	struct hash256 transition;
	struct buf der;
};

static void
walk_step(void *state)
{
	struct walk *s = state;
	struct chain c = s->start;
	struct record r;
	struct err err;

	need(is_ok(record_parse(buf_view(&s->raw), &r, &err)) && is_ok(chain_extend(&c, &r, &err)),
	     "record");
}

static void
walk_floor(void *state)
{
	struct walk *s = state;
	struct err err;

	need(is_ok(transition_verify(people()->alice, &s->transition, buf_view(&s->der), &err)),
	     "verify");
}

/* ---- manifest ---- */

static void
parse_step(void *state)
{
	const struct buf *text = state;
	struct manifest *m = NULL;
	struct err err;

	need(is_ok(manifest_parse(buf_view(text), &m, NULL, &err)), err.msg);
	manifest_free(m);
}

/* JSON alone: what any reader of the file must do. */
static void
parse_floor(void *state)
{
	const struct buf *text = state;
	struct arena a = {0};
	struct value v;
	struct err err;

	need(is_ok(json_parse(&a, buf_view(text), NULL, &v, &err)), err.msg);
	arena_done(&a);
}

static void
many_policies(struct buf *text)
{
	struct manifest *m = manifest_new();
	struct faults *f = mem_new(struct faults);
	struct err err;

	for (int i = 0; i < 500; i++) {
		char doc[32];

		snprintf(doc, sizeof doc, "doc %d", i);
		add_policy(m, bytes_str(doc), "service.shop.example",
		           "apps/v1/Deployment/shop/service",
		           i == 0 ? MANIFEST_ROLE_COORDINATOR : MANIFEST_ROLE_NONE);
	}
	m->insecure = true;
	need(is_ok(manifest_add_reference_values(
	             m,
	             BYTES("{\"snp\": [{\"ProductName\": \"Milan\", \"TrustedMeasurement\": "
	                   "\"000000000000000000000000000000000000000000000000"
	                   "000000000000000000000000000000000000000000000001\", \"TrustRoot\": "
	                   "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\", "
	                   "\"MinimumTCB\": {\"BootloaderVersion\": 1, \"TEEVersion\": 0, "
	                   "\"SNPVersion\": 1, \"MicrocodeVersion\": 1}}]}"),
	             f, &err)),
	     "manifest");
	manifest_write(m, text);
	manifest_free(m);
	faults_done(f);
	mem_free(f);
}

int
main(void)
{
	struct store store;
	struct wish w = {.owners = {people()->alice}};
	struct buf answer = {0}, text = {0};
	struct issue s = {0};
	struct walk walk = {0};
	struct record r;
	struct err err;

	store_mem_open(&store);
	s.a = keeper(&store);
	walk.start.pins = pins_of(people()->alice);
	chain_start(&walk.start, &walk.start.pins, &authority_root(s.a)->key_id);
	set_ok(s.a, &w, people()->alice, &answer);
	s.pod = key_generate(KEY_P256, 0);
	s.p256 = key_generate(KEY_P256, 0);
	s.kem = key_generate(KEY_X25519, 0);
	s.r = (struct cert_request){.head = *authority_head(s.a),
	                            .policy = sha256(WEB_DOC),
	                            .key = s.pod};
	key_x25519_raw_public(s.kem, s.r.kem);
	compare("certificate with secret and signed answer", issue_step, &s,
	        "2 P-256 signatures, 1 X25519 exchange", issue_floor, &s, 0.5);

	need(is_ok(store_record(&store, 1, &walk.raw, &err)), "record");
	need(is_ok(record_parse(buf_view(&walk.raw), &r, &err)), "record");
	walk.transition = record_transition(&r);
	buf_bytes(&walk.der, r.signatures[0].der);
	compare("record of the history checked", walk_step, &walk, "1 P-384 verification",
	        walk_floor, &walk, 0.8);

	many_policies(&text);
	compare("manifest of 500 policies read and checked", parse_step, &text, "JSON alone",
	        parse_floor, &text, 0);
	authority_free(s.a);
	store_mem_close(&store);
	return 0;
}
