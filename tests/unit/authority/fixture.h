/* SPDX-License-Identifier: Apache-2.0 */
/* A deployment for engine tests: owners, share owners, two policies, a store. */
#ifndef TESTS_AUTHORITY_FIXTURE_H
#define TESTS_AUTHORITY_FIXTURE_H

#include "authority/answer.h"
#include "authority/authority.h"
#include "authority/shares.h"
#include "unit.h"
#include "json/value.h"

enum { NOW = 1795499220 };

#define COORDINATOR_DOC BYTES("initdata of the coordinator")
#define WEB_DOC BYTES("initdata of web")

struct people {
	struct key *alice, *bob, *carol, *eve; /* workload owners; eve is none */
	struct key *rsa[3];
};

static inline const struct people *
people(void)
{
	static struct people p;

	if (p.alice)
		return &p;
	p.alice = key_generate(KEY_P384, 0);
	p.bob = key_generate(KEY_P384, 0);
	p.carol = key_generate(KEY_P256, 0);
	p.eve = key_generate(KEY_P384, 0);
	for (int i = 0; i < 3; i++)
		p.rsa[i] = key_generate(KEY_RSA, 2048);
	return &p;
}

static inline struct pins
pins_of(const struct key *genesis_key)
{
	struct pins p = {.deployment_id = {1, 2, 3}};
	struct hash256 id = key_id(genesis_key);
	struct err err;

	assert_ok(pins_add_key(&p, &id, &err));
	return p;
}

/* What a manifest of the test says. */
struct wish {
	const struct key *owners[4];
	uint8_t k; /* 0: as the owners give it */
	bool no_web, secure;
	bool swap_roles;     /* web is the coordinator */
	size_t share_owners; /* of people()->rsa */
	uint8_t share_k;
	const char *web_san; /* default "web" */
	uint8_t salt;        /* makes otherwise equal manifests differ */
};

static inline void
add_policy(struct manifest *m, struct bytes doc, const char *san, const char *secret,
           enum manifest_role role)
{
	struct bytes sans[] = {bytes_str(san)};
	struct manifest_policy p = {.hash = sha256(doc),
	                            .sans = sans,
	                            .n_sans = 1,
	                            .workload_secret_id = bytes_str(secret),
	                            .role = role};
	struct err err;

	assert_ok(manifest_add_policy(m, &p, &err));
}

static inline void
manifest_of(const struct wish *w, struct buf *text)
{
	CLEANUP(manifest_drop) struct manifest *m = manifest_new();
	struct faults *f = mem_new(struct faults);
	char sets[1024];
	struct err err;

	m->insecure = !w->secure;
	add_policy(m, COORDINATOR_DOC, "coordinator", "",
	           w->swap_roles ? MANIFEST_ROLE_NONE : MANIFEST_ROLE_COORDINATOR);
	if (!w->no_web)
		add_policy(m, WEB_DOC, w->web_san ? w->web_san : "web",
		           "apps/v1/Deployment/shop/web",
		           w->swap_roles ? MANIFEST_ROLE_COORDINATOR : MANIFEST_ROLE_NONE);
	for (size_t i = 0; i < 4 && w->owners[i]; i++)
		assert_ok(manifest_add_owner(m, w->owners[i], &err));
	if (w->k > 0) {
		m->has_owner_threshold = true;
		m->owner_threshold = w->k;
	}
	for (size_t i = 0; i < w->share_owners; i++)
		assert_ok(manifest_add_share_owner(m, people()->rsa[i], &err));
	if (w->share_k > 0) {
		m->has_share_threshold = true;
		m->share_threshold = w->share_k;
	}
	snprintf(
	        sets, sizeof sets,
	        "{\"snp\": [{\"ProductName\": \"Milan\", \"TrustedMeasurement\": \"%096d\", "
	        "%s\"MinimumTCB\": {\"BootloaderVersion\": 1, \"TEEVersion\": 0, \"SNPVersion\": "
	        "1, "
	        "\"MicrocodeVersion\": 1}}]}",
	        w->salt + 1,
	        w->secure
	                ? ""
	                : "\"TrustRoot\": "
	                  "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\", ");
	assert_ok(manifest_add_reference_values(m, bytes_str(sets), f, &err));
	faults_done(f);
	mem_free(f);
	manifest_write(m, text);
}

/* A set request with what it borrows from. */
struct set {
	struct buf text;
	struct hash256 owners[4];
	size_t n_owners;
	uint8_t k;
	struct bytes docs[2];
	size_t n_docs;
	struct buf spki[4], der[4];
	struct record_signature signatures[4];
	size_t n_signatures;
	struct set_request request;
};

static inline void
set_done(struct set *s)
{
	buf_done(&s->text);
	for (size_t i = 0; i < 4; i++) {
		buf_done(&s->spki[i]);
		buf_done(&s->der[i]);
	}
}

static inline void
set_refresh(struct set *s, const struct hash256 *head)
{
	s->request = (struct set_request){
	        .head = *head,
	        .k = s->k,
	        .owners = s->owners,
	        .n_owners = s->n_owners,
	        .manifest = buf_view(&s->text),
	        .policies = s->docs,
	        .n_policies = s->n_docs,
	        .signatures = s->signatures,
	        .n_signatures = s->n_signatures,
	};
}

/* Sign the transition previous -> this manifest. */
static inline void
set_sign(struct set *s, const struct key *who, const struct hash256 *previous, uint64_t generation)
{
	struct hash256 digest = owners_digest(s->k, s->owners, s->n_owners);
	struct hash256 manifest = sha256(buf_view(&s->text));
	struct hash256 t = transition_hash(previous, &manifest, &digest, generation);
	size_t i = s->n_signatures++;

	key_spki(who, &s->spki[i]);
	transition_sign(who, &t, &s->der[i]);
	s->signatures[i] = (struct record_signature){.spki = buf_view(&s->spki[i]),
	                                             .der = buf_view(&s->der[i])};
	s->request.n_signatures = s->n_signatures;
}

/* Unsigned, with all documents. */
static inline void
set_make(struct set *s, const struct wish *w, const struct hash256 *head)
{
	CLEANUP(manifest_drop) struct manifest *m = NULL;
	struct err err;

	*s = (struct set){0};
	manifest_of(w, &s->text);
	assert_ok(manifest_parse(buf_view(&s->text), &m, NULL, &err));
	for (size_t i = 0; i < m->n_owners; i++)
		s->owners[s->n_owners++] = m->owners[i].id;
	s->k = manifest_owner_threshold(m);
	s->docs[s->n_docs++] = COORDINATOR_DOC;
	if (!w->no_web)
		s->docs[s->n_docs++] = WEB_DOC;
	set_refresh(s, head);
}

/* A keeper over a store. */
static inline struct authority *
keeper(const struct store *store)
{
	struct authority_options o = {.pins = pins_of(people()->alice),
	                              .store = *store,
	                              .has_own_policy = true,
	                              .own_policy = sha256(COORDINATOR_DOC)};
	struct authority *a = NULL;
	struct err err;

	assert_ok(authority_new(&o, NOW, &a, &err));
	return a;
}

static inline void
authority_drop(struct authority **a)
{
	authority_free(*a);
	*a = NULL;
}

/* Next set by one signer, expected to work. */
static inline void
set_ok(struct authority *a, const struct wish *w, const struct key *signer, struct buf *answer)
{
	CLEANUP(set_done) struct set s;
	struct hash256 previous =
	        authority_is_active(a) ? *authority_head(a) : *authority_genesis(a);
	struct err err;

	set_make(&s, w, authority_head(a));
	set_sign(&s, signer, &previous, authority_generation(a) + 1);
	assert_ok(authority_set(a, &s.request, NOW, answer, &err));
}

/* A member of a JSON answer, as text; the row is wrong without it. */
static inline struct bytes
answer_text(struct arena *arena, const struct buf *answer, const char *name)
{
	struct value v;
	struct err err;

	assert_ok(json_parse(arena, buf_view(answer), NULL, &v, &err));
	return json_text(json_get(&v, name));
}

#endif
