/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole deployment in one process: the software secure processor with
 * several guests, an authority with an active manifest, and attest answers
 * made as the Coordinator's processes make them, part by part, so that a test
 * can change one part. The JSON is written here again on purpose.
 */
#ifndef TESTS_CHANNEL_WORLD_H
#define TESTS_CHANNEL_WORLD_H

#include "authority/authority.h"
#include "base/clock.h"
#include "base/text.h"
#include "channel/session.h"
#include "evidence/binding.h"
#include "node/processor.h"
#include "unit.h"
#include "json/value.h"

enum guest_name {
	GUEST_COORDINATOR,
	GUEST_WEB,
	GUEST_MEASUREMENT,
	GUEST_DEBUG,
	GUEST_STRANGER,
	GUESTS
};

struct world {
	int64_t now;
	struct processor *processor;
	struct guest *guests[GUESTS];
	struct hash256 coordinator, web; /* policy hashes */
	struct key *owner;
	struct pins pins;
	struct store store;
	struct authority *authority;
	struct buf manifest; /* exact bytes */
};

#define COORDINATOR_DOC BYTES("initdata of the coordinator")
#define WEB_DOC BYTES("initdata of web")

static inline void
world_guest(struct world *w, enum guest_name name, uint8_t measurement, struct bytes document,
            uint64_t policy)
{
	struct guest_launch launch = {.policy = policy};
	struct hash256 host_data = sha256(document);
	struct err err;

	for (size_t i = 0; i < sizeof launch.measurement.b; i++)
		launch.measurement.b[i] = measurement;
	mem_copy(launch.host_data, host_data.b, sizeof launch.host_data);
	assert_ok(guest_launch(w->processor, &launch, &w->guests[name], &err));
}

/* One reference set that the guests with measurement 11.. satisfy. */
static inline void
world_values(const struct world *w, const struct hash256 *root, struct buf *out)
{
	const struct processor_facts *f = processor_get_facts(w->processor);
	char hex[65];

	buf_str(out, "{\"snp\":[{\"Platform\":\"test\",\"ProductName\":\"Genoa\","
	             "\"TrustedMeasurement\":\"");
	for (int i = 0; i < 96; i++)
		buf_u8(out, '1');
	buf_printf(
	        out,
	        "\",\"MinimumTCB\":{\"BootloaderVersion\":%u,\"TEEVersion\":%u,\"SNPVersion\":%u,"
	        "\"MicrocodeVersion\":%u},\"TrustRoot\":\"%s\"}]}",
	        f->tcb.bootloader, f->tcb.tee, f->tcb.snp, f->tcb.microcode,
	        hash256_hex(root, hex));
}

static inline void
world_policy(struct manifest *m, struct bytes document, const char *san, enum manifest_role role)
{
	struct bytes sans[] = {bytes_str(san)};
	struct manifest_policy p = {.hash = sha256(document),
	                            .sans = sans,
	                            .n_sans = 1,
	                            .workload_secret_id = bytes_str(san),
	                            .role = role};
	struct err err;

	assert_ok(manifest_add_policy(m, &p, &err));
}

/* `root` NULL: the processor's own. */
static inline void
world_manifest(const struct world *w, const struct hash256 *root, const char *web_san,
               struct buf *out)
{
	CLEANUP(manifest_drop) struct manifest *m = manifest_new();
	CLEANUP(buf_done) struct buf values = {0};
	struct faults *faults = mem_new(struct faults);
	struct hash256 own = processor_trust_root(w->processor);
	struct err err;

	m->insecure = true;
	world_policy(m, COORDINATOR_DOC, "coordinator", MANIFEST_ROLE_COORDINATOR);
	if (web_san)
		world_policy(m, WEB_DOC, web_san, MANIFEST_ROLE_NONE);
	assert_ok(manifest_add_owner(m, w->owner, &err));
	world_values(w, root ? root : &own, &values);
	assert_ok(manifest_add_reference_values(m, buf_view(&values), faults, &err));
	faults_done(faults);
	mem_free(faults);
	manifest_write(m, out);
}

/* The next transition at this authority, signed by the owner. */
static inline status
world_set(struct world *w, struct authority *a, struct bytes manifest, const struct key *signer,
          struct buf *answer, struct err *err)
{
	CLEANUP(manifest_drop) struct manifest *m = NULL;
	CLEANUP(buf_done) struct buf der = {0};
	CLEANUP(buf_done) struct buf spki = {0};
	struct bytes policies[] = {COORDINATOR_DOC, WEB_DOC};
	struct hash256 ids[MANIFEST_MAX_OWNERS], owners, transition;
	const struct hash256 *head = authority_head(a);
	bool first = authority_generation(a) == 0;
	struct record_signature signature;
	struct set_request r = {.head = *head, .manifest = manifest, .policies = policies};

	TRY(manifest_parse(manifest, &m, NULL, err));
	owners = manifest_owners_digest(m);
	transition = transition_hash(first ? authority_genesis(a) : head, &m->hash, &owners,
	                             authority_generation(a) + 1);
	transition_sign(signer, &transition, &der);
	key_spki(signer, &spki);
	signature = (struct record_signature){.spki = buf_view(&spki), .der = buf_view(&der)};
	for (size_t i = 0; i < m->n_owners; i++)
		ids[i] = m->owners[i].id;
	r.k = manifest_owner_threshold(m);
	r.owners = ids;
	r.n_owners = m->n_owners;
	r.n_policies = m->n_policies;
	r.signatures = &signature;
	r.n_signatures = 1;
	return authority_set(a, &r, w->now, answer, err);
}

static inline struct world *
world_new(const char *name)
{
	struct world *w = mem_new(struct world);
	CLEANUP(buf_done) struct buf answer = {0};
	struct authority_options o;
	struct hash256 id;
	char dir[4096];
	struct err err;

	/* RSA keys of 4096 bits take seconds: kept between runs. */
	snprintf(dir, sizeof dir, "%s/test-processor-%s",
	         getenv("CONTRAST_BUILD_ROOT") ? getenv("CONTRAST_BUILD_ROOT") : "/tmp", name);
	w->now = clock_realtime();
	assert_ok(processor_open(dir, PROCESSOR_GENOA, w->now, &w->processor, &err));
	world_guest(w, GUEST_COORDINATOR, 0x11, COORDINATOR_DOC, guest_policy_default);
	world_guest(w, GUEST_WEB, 0x11, WEB_DOC, guest_policy_default);
	world_guest(w, GUEST_MEASUREMENT, 0x12, COORDINATOR_DOC, guest_policy_default);
	world_guest(w, GUEST_DEBUG, 0x11, COORDINATOR_DOC, guest_policy_debug);
	world_guest(w, GUEST_STRANGER, 0x11, BYTES("another document"), guest_policy_default);
	w->coordinator = sha256(COORDINATOR_DOC);
	w->web = sha256(WEB_DOC);
	w->owner = key_generate(KEY_P384, 0);
	id = key_id(w->owner);
	w->pins = (struct pins){.deployment_id = {1, 2, 3}};
	assert_ok(pins_add_key(&w->pins, &id, &err));
	store_mem_open(&w->store);
	o = (struct authority_options){.pins = w->pins,
	                               .store = w->store,
	                               .has_own_policy = true,
	                               .own_policy = w->coordinator};
	assert_ok(authority_new(&o, w->now, &w->authority, &err));
	world_manifest(w, NULL, "web", &w->manifest);
	assert_ok(world_set(w, w->authority, buf_view(&w->manifest), w->owner, &answer, &err));
	return w;
}

static inline void
world_free(struct world *w)
{
	authority_free(w->authority);
	store_mem_close(&w->store);
	for (int i = 0; i < GUESTS; i++)
		guest_free(w->guests[i]);
	processor_free(w->processor);
	key_free(w->owner);
	buf_done(&w->manifest);
	mem_free(w);
}

/* The evidence document of a guest over this REPORTDATA. */
static inline void
world_document(struct world *w, enum guest_name name, const struct hash512 *report_data,
               struct buf *out)
{
	CLEANUP(buf_done) struct buf report = {0};
	CLEANUP(arena_done) struct arena arena = {0};
	struct document d = {.tee = TEE_SNP};
	struct bytes crl;
	struct value v;
	struct err err;

	assert_ok(guest_report(w->guests[name], report_data->b, 0, &report, &err));
	assert_ok(processor_crl(w->processor, w->now, &crl, &err));
	d.evidence = buf_view(&report);
	d.endorsements.certs[0] = processor_vcek(w->processor);
	d.endorsements.certs[1] = processor_ask(w->processor);
	d.endorsements.certs[2] = processor_ark(w->processor);
	d.endorsements.n_certs = 3;
	d.endorsements.crls[0] = crl;
	d.endorsements.n_crls = 1;
	v = document_to_json(&arena, &d);
	json_write(&v, JSON_COMPACT, out);
}

/* ---- an attest answer in parts ---- */

enum { MAX_RECORDS = 4 };

struct answer {
	uint8_t state[STATE_RECORD_SIZE];
	struct batch_proof proof;
	struct buf document, root_ca, mesh_ca, key, manifest, records[MAX_RECORDS];
	size_t n_records;
};

static inline void
answer_done(struct answer *a)
{
	buf_done(&a->document);
	buf_done(&a->root_ca);
	buf_done(&a->mesh_ca);
	buf_done(&a->key);
	buf_done(&a->manifest);
	for (size_t i = 0; i < MAX_RECORDS; i++)
		buf_done(&a->records[i]);
}

/* Evidence of this guest over the state that is in the answer already. */
static inline void
answer_attest(struct world *w, struct answer *a, enum guest_name name,
              const struct session_channel *c)
{
	struct bytes state = bytes_of(a->state, sizeof a->state);
	struct binding b =
	        c->purpose == BINDING_STATEMENT
	                ? binding_statement(TEE_SNP, c->nonce, state)
	                : binding_attest(TEE_SNP, c->nonce, &c->server_key, c->exporter, state);
	struct hash512 leaf = binding_leaf(&b);

	buf_reset(&a->document);
	world_document(w, name, &leaf, &a->document);
	a->proof = (struct batch_proof){0};
}

static inline void
answer_make(struct world *w, struct authority *from, struct store *store, enum guest_name name,
            const struct session_channel *c, struct answer *a)
{
	struct state_record state;
	struct err err;

	*a = (struct answer){0};
	authority_state(from, w->now, &state);
	state_emit(&state, a->state);
	answer_attest(w, a, name, c);
	if (authority_root(from))
		cert_pem(authority_root(from)->cert, &a->root_ca);
	if (authority_mesh(from))
		cert_pem(authority_mesh(from)->self_signed, &a->mesh_ca);
	key_spki(authority_answer_key(from), &a->key);
	if (authority_manifest(from))
		buf_bytes(&a->manifest, authority_manifest(from)->exact);
	for (uint64_t g = 1; g <= authority_generation(from); g++)
		assert_ok(store_record(store, g, &a->records[a->n_records++], &err));
}

/* A host that has no revocation list, as firmware alone has none. */
static inline void
answer_without_lists(struct answer *a)
{
	CLEANUP(arena_done) struct arena arena = {0};
	struct document d;
	struct value v;
	struct err err;

	assert_ok(document_parse(&arena, buf_view(&a->document), &d, &err));
	d.endorsements.n_crls = 0;
	v = document_to_json(&arena, &d);
	buf_reset(&a->document);
	json_write(&v, JSON_COMPACT, &a->document);
}

static inline void
put_base64(struct buf *out, const char *name, struct bytes b)
{
	buf_printf(out, ",\"%s\":\"", name);
	base64_encode(BASE64_STD, b, out);
	buf_u8(out, '"');
}

static inline void
answer_write(const struct answer *a, struct buf *out)
{
	buf_str(out, "{\"version\":1");
	put_base64(out, "state", bytes_of(a->state, sizeof a->state));
	buf_printf(out, ",\"proof\":{\"index\":%u,\"path\":[", a->proof.index);
	for (unsigned int i = 0; i < a->proof.depth; i++) {
		buf_str(out, i ? ",\"" : "\"");
		base64_encode(BASE64_STD, hash512_view(&a->proof.path[i]), out);
		buf_u8(out, '"');
	}
	buf_str(out, "]},\"evidence\":");
	buf_bytes(out, buf_view(&a->document));
	buf_str(out, ",\"root_ca\":");
	json_write_string(buf_view(&a->root_ca), out);
	buf_str(out, ",\"mesh_ca\":");
	json_write_string(buf_view(&a->mesh_ca), out);
	put_base64(out, "answer_key", buf_view(&a->key));
	if (a->n_records > 0) {
		put_base64(out, "manifest", buf_view(&a->manifest));
		buf_str(out, ",\"records\":[");
		for (size_t i = 0; i < a->n_records; i++) {
			buf_str(out, i ? ",\"" : "\"");
			base64_encode(BASE64_STD, buf_view(&a->records[i]), out);
			buf_u8(out, '"');
		}
		buf_u8(out, ']');
	}
	buf_u8(out, '}');
}

#endif
