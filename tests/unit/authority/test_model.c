/* SPDX-License-Identifier: Apache-2.0 */
/* Every structure of the protocol against the Python model's vectors. */
#include "authority/answer.h"
#include "authority/bundle.h"
#include "authority/log.h"
#include "authority/record.h"
#include "authority/seed.h"
#include "authority/shares.h"
#include "evidence/azure/vtpm.h"
#include "evidence/batch.h"
#include "evidence/binding.h"
#include "evidence/state.h"
#include "vectors.h"

#include <string.h>

static struct hash256
h256(struct vectors *v, const struct value *row, const char *name)
{
	struct bytes b = vec_hex(v, row, name);
	struct hash256 h;

	assert_int_equal(b.n, 32);
	mem_copy(h.b, b.p, 32);
	return h;
}

static struct pins
pins_from(struct vectors *v, const struct value *row)
{
	const struct value *keys = json_get(row, "genesis_keys");
	struct bytes id = vec_hex(v, row, "deployment_id");
	struct pins p = {0};
	struct err err;

	mem_copy(p.deployment_id, id.p, sizeof p.deployment_id);
	for (size_t i = 0; i < keys->n; i++) {
		struct hash256 key;

		mem_copy(key.b, vec_bytes(v, json_item(keys, i)).p, 32);
		assert_ok(pins_add_key(&p, &key, &err));
	}
	return p;
}

static void
genesis(void **state)
{
	CLEANUP(vectors_done) struct vectors v = {0};

	(void)state;
	vectors_load(&v, "genesis");
	VEC_ROWS(row, &v.root)
	{
		struct pins p = pins_from(&v, row);
		struct hash256 root = h256(&v, row, "root_key_id");
		struct hash256 got = genesis_hash(&p, &root);

		assert_bytes(hash256_view(&got), vec_hex(&v, row, "genesis"));
	}
}

static void
chain(void **state)
{
	CLEANUP(vectors_done) struct vectors v = {0};
	struct chain c;
	struct hash256 root;
	struct pins pins;
	struct err err;

	(void)state;
	vectors_load(&v, "chain");
	pins = pins_from(&v, &v.root);
	root = h256(&v, &v.root, "root_key_id");
	chain_start(&c, &pins, &root);
	assert_bytes(hash256_view(&c.genesis), vec_hex(&v, &v.root, "genesis"));
	VEC_ROWS(row, json_get(&v.root, "records"))
	{
		CLEANUP(buf_done) struct buf again = {0};
		struct record r;
		struct hash256 t;
		char message[TRANSITION_HEX_SIZE + 1];

		assert_ok(record_parse(vec_hex(&v, row, "record"), &r, &err));
		record_emit(&r, &again);
		assert_bytes(buf_view(&again), vec_hex(&v, row, "record"));
		assert_int_equal(r.generation, vec_u64(row, "generation"));
		t = record_transition(&r);
		assert_bytes(hash256_view(&t), vec_hex(&v, row, "transition"));
		transition_message(&t, message);
		assert_bytes(bytes_str(message), json_text(json_get(row, "message")));
		assert_ok(chain_extend(&c, &r, &err));
	}
	assert_int_equal(c.generation, 3);
	assert_int_equal(c.k, 0);
}

static void
state_records(void **state)
{
	CLEANUP(vectors_done) struct vectors v = {0};

	(void)state;
	vectors_load(&v, "state");
	VEC_ROWS(row, &v.root)
	{
		struct state_record s = {
		        .phase = (enum state_phase)vec_u64(row, "phase"),
		        .generation = vec_u64(row, "generation"),
		        .genesis = h256(&v, row, "genesis"),
		        .head = h256(&v, row, "head"),
		        .root_key = h256(&v, row, "root_key"),
		        .mesh_key = h256(&v, row, "mesh_key"),
		        .previous_mesh_key = h256(&v, row, "previous_mesh_key"),
		        .answer_key = h256(&v, row, "answer_key"),
		        .log_size = vec_u64(row, "log_size"),
		        .log_root = h256(&v, row, "log_root"),
		        .time = vec_u64(row, "time"),
		};
		uint8_t got[STATE_RECORD_SIZE];

		mem_copy(s.kem, vec_hex(&v, row, "kem").p, 32);
		state_emit(&s, got);
		assert_bytes(bytes_of(got, sizeof got), vec_hex(&v, row, "record"));
	}
}

static void
leaves(void **state)
{
	CLEANUP(vectors_done) struct vectors v = {0};

	(void)state;
	vectors_load(&v, "binding");
	VEC_ROWS(row, &v.root)
	{
		struct binding b = {.tee = (enum tee)vec_u64(row, "tee"),
		                    .attester_key = h256(&v, row, "attester_key_id"),
		                    .peer_key = h256(&v, row, "peer_key_id"),
		                    .payload = sha256(vec_hex(&v, row, "payload"))};
		struct hash512 got;

		assert_true(binding_purpose_parse(json_text(json_get(row, "purpose")), &b.purpose));
		assert_int_equal(binding_role_of(b.purpose), vec_u64(row, "role"));
		assert_bytes(bytes_str(binding_exporter_label(b.purpose)),
		             json_text(json_get(row, "exporter_label")));
		mem_copy(b.nonce, vec_hex(&v, row, "nonce").p, sizeof b.nonce);
		mem_copy(b.exporter, vec_hex(&v, row, "exporter").p, sizeof b.exporter);
		got = binding_leaf(&b);
		assert_bytes(hash512_view(&got), vec_hex(&v, row, "leaf"));
	}
}

static void
virtual_tpms(void **state)
{
	CLEANUP(vectors_done) struct vectors v = {0};

	(void)state;
	vectors_load(&v, "vtpm");
	VEC_ROWS(row, &v.root)
	{
		struct hash256 extra = binding_vtpm(vec_hex(&v, row, "report_data").p);
		struct hash256 reg = vtpm_policy_register(vec_hex(&v, row, "policy"));

		assert_bytes(hash256_view(&extra), vec_hex(&v, row, "extra_data"));
		assert_bytes(hash256_view(&reg), vec_hex(&v, row, "register"));
	}
}

static void
batches(void **state)
{
	CLEANUP(vectors_done) struct vectors v = {0};
	struct err err;

	(void)state;
	vectors_load(&v, "batch");
	VEC_ROWS(row, &v.root)
	{
		CLEANUP(batch_done) struct batch b = {0};
		const struct value *list = json_get(row, "leaves");
		struct hash512 own[64], root;

		for (size_t i = 0; i < list->n; i++)
			mem_copy(own[i].b, vec_bytes(&v, json_item(list, i)).p, 64);
		assert_ok(batch_build(own, list->n, &b, &err));
		root = batch_root(&b);
		assert_bytes(hash512_view(&root), vec_hex(&v, row, "root"));
		for (size_t i = 0; i < list->n; i++) {
			CLEANUP(buf_done) struct buf wire = {0};
			struct batch_proof p, parsed;

			batch_proof_of(&b, i, &p);
			batch_proof_emit(&p, &wire);
			assert_bytes(buf_view(&wire),
			             vec_hex(&v, json_item(json_get(row, "proofs"), i), "wire"));
			assert_ok(batch_proof_parse(buf_view(&wire), &parsed, &err));
			assert_ok(batch_proof_root(&parsed, &own[i], &root, &err));
			assert_bytes(hash512_view(&root), vec_hex(&v, row, "root"));
		}
	}
}

static void
keys(void **state)
{
	CLEANUP(vectors_done) struct vectors v = {0};
	CLEANUP(seed_done) struct seed s = {0};
	CLEANUP(secret_done) struct secret branch = {0};
	struct err err;

	(void)state;
	vectors_load(&v, "keys");
	assert_ok(seed_from(&s, vec_hex(&v, &v.root, "seed"), vec_hex(&v, &v.root, "salt"), &err));
	assert_bytes(secret_view(&s.prk), vec_hex(&v, &v.root, "prk"));
	VEC_ROWS(row, json_get(&v.root, "ec"))
	{
		enum key_kind kind =
		        bytes_is(json_text(json_get(row, "curve")), "P-256") ? KEY_P256 : KEY_P384;
		char purpose[32];
		CLEANUP(key_drop) struct key *k = NULL;
		CLEANUP(buf_done) struct buf spki = {0};

		snprintf(purpose, sizeof purpose, "%.*s",
		         BYTES_ARG(json_text(json_get(row, "purpose"))));
		k = seed_ec_key(&s, kind, purpose, vec_hex(&v, row, "id"));
		key_spki(k, &spki);
		assert_bytes(buf_view(&spki), vec_hex(&v, row, "spki"));
	}
	VEC_ROWS(row, json_get(&v.root, "workload_secrets"))
	{
		CLEANUP(secret_done) struct secret got = {0};

		seed_workload_secret(&s, json_text(json_get(row, "workload_secret_id")),
		                     (uint32_t)vec_u64(row, "version"), &got);
		assert_bytes(secret_view(&got), vec_hex(&v, row, "secret"));
	}
	seed_transit_branch(&s, &branch);
	assert_bytes(secret_view(&branch), vec_hex(&v, &v.root, "transit_branch"));
	VEC_ROWS(row, json_get(&v.root, "transit"))
	{
		CLEANUP(secret_done) struct secret got = {0};

		transit_key(&branch, json_text(json_get(row, "name")),
		            (uint32_t)vec_u64(row, "version"), &got);
		assert_bytes(secret_view(&got), vec_hex(&v, row, "key"));
	}
	assert_fails(seed_from(&s, BYTES("short"), BYTES("x"), &err), "E-AUTHORITY-030");
}

static void
answers(void **state)
{
	CLEANUP(vectors_done) struct vectors v = {0};
	CLEANUP(key_drop) struct key *bundle_key = NULL;
	CLEANUP(buf_done) struct buf message = {0};
	const struct value *bundle;
	struct err err;

	(void)state;
	vectors_load(&v, "answer");
	VEC_ROWS(row, json_get(&v.root, "answers"))
	{
		CLEANUP(buf_done) struct buf msg = {0};
		CLEANUP(key_drop) struct key *k = NULL;
		struct hash256 g = h256(&v, row, "genesis"), head = h256(&v, row, "head"), id;
		struct bytes request = vec_hex(&v, row, "request"),
		             answer = vec_hex(&v, row, "answer");
		struct bytes sig = vec_hex(&v, row, "signature");
		char path[64];

		snprintf(path, sizeof path, "%.*s", BYTES_ARG(json_text(json_get(row, "path"))));
		answer_message(path, &g, &head, request, answer, &msg);
		assert_bytes(buf_view(&msg), vec_hex(&v, row, "message"));
		assert_ok(key_parse_spki(vec_hex(&v, row, "key"), &k, &err));
		id = key_id(k);
		assert_ok(answer_verify(k, &id, path, &g, &head, request, answer, sig, &err));
		/* Each field is bound. */
		assert_fails(answer_verify(k, &id, "/v1/x", &g, &head, request, answer, sig, &err),
		             "E-AUTHORITY-056");
		assert_fails(answer_verify(k, &id, path, &head, &g, request, answer, sig, &err),
		             "E-AUTHORITY-056");
		assert_fails(answer_verify(k, &id, path, &g, &head, BYTES("z"), answer, sig, &err),
		             "E-AUTHORITY-056");
		assert_fails(answer_verify(k, &id, path, &g, &head, request, BYTES("z"), sig, &err),
		             "E-AUTHORITY-056");
		assert_fails(answer_verify(k, &g, path, &g, &head, request, answer, sig, &err),
		             "E-AUTHORITY-055");
	}
	bundle = json_get(&v.root, "bundle");
	bundle_message(vec_hex(&v, bundle, "body"), &message);
	assert_bytes(buf_view(&message), vec_hex(&v, bundle, "message"));
	assert_ok(key_parse_spki(vec_hex(&v, bundle, "key"), &bundle_key, &err));
	assert_ok(key_verify_ecdsa(bundle_key, SIG_SHA256, buf_view(&message),
	                           vec_hex(&v, bundle, "signature"), &err));
}

static void
sealing(void **state)
{
	CLEANUP(vectors_done) struct vectors v = {0};
	struct err err;

	(void)state;
	vectors_load(&v, "sealing");
	VEC_ROWS(row, json_get(&v.root, "sealed"))
	{
		CLEANUP(secret_done) struct secret raw = {0};
		CLEANUP(secret_done) struct secret plain = {0};
		CLEANUP(key_drop) struct key *k = NULL;
		struct hash256 g = h256(&v, row, "genesis"), other = {{0}};
		char what[32];

		snprintf(what, sizeof what, "%.*s", BYTES_ARG(json_text(json_get(row, "what"))));
		secret_copy(&raw, vec_hex(&v, row, "recipient"));
		k = key_x25519_private(&raw);
		assert_ok(seal_open(k, what, &g, vec_hex(&v, row, "sealed"), &plain, &err));
		assert_bytes(secret_view(&plain), vec_hex(&v, row, "plain"));
		assert_fails(seal_open(k, "else", &g, vec_hex(&v, row, "sealed"), &plain, &err),
		             "E-HPKE-002");
		assert_fails(seal_open(k, what, &other, vec_hex(&v, row, "sealed"), &plain, &err),
		             "E-HPKE-002");
	}
}

static void
shares(void **state)
{
	CLEANUP(vectors_done) struct vectors v = {0};

	(void)state;
	vectors_load(&v, "shares");
	VEC_ROWS(row, &v.root)
	{
		CLEANUP(buf_done) struct buf message = {0};
		struct hash256 g = h256(&v, row, "genesis");
		struct shares_doc doc = {.k = (uint8_t)vec_u64(row, "k"), .n = vec_u64(row, "n")};

		doc.salt_commitment = share_commitment(0, vec_hex(&v, row, "salt"));
		assert_bytes(hash256_view(&doc.salt_commitment),
		             vec_hex(&v, row, "salt_commitment"));
		for (size_t i = 0; i < doc.n; i++) {
			struct hash256 *c = &doc.entries[i].commitment;

			*c = share_commitment((uint8_t)(i + 1),
			                      vec_bytes(&v, json_item(json_get(row, "shares"), i)));
			assert_bytes(hash256_view(c),
			             vec_bytes(&v, json_item(json_get(row, "commitments"), i)));
			mem_copy(doc.entries[i].owner.b,
			         vec_bytes(&v, json_item(json_get(row, "owners"), i)).p, 32);
		}
		shares_message(&doc, &g, &message);
		assert_bytes(buf_view(&message), vec_hex(&v, row, "message"));
	}
}

/* ---- log ---- */

static void
proof_from(struct vectors *v, const struct value *list, struct log_proof *p)
{
	p->n = list->n;
	for (size_t i = 0; i < list->n; i++)
		mem_copy(p->path[i].b, vec_bytes(v, json_item(list, i)).p, 32);
}

static bool
same_proof(const struct log_proof *a, const struct log_proof *b)
{
	return a->n == b->n && memcmp(a->path, b->path, a->n * sizeof a->path[0]) == 0;
}

static void
check_size(struct vectors *v, const struct log_tree *t, const struct value *row,
           struct hash256 *roots)
{
	uint64_t size = vec_u64(row, "size");
	struct log_proof want, got;
	struct hash256 leaf;
	struct err err;

	assert_ok(log_tree_root(t, size, &roots[size], &err));
	assert_bytes(hash256_view(&roots[size]), vec_hex(v, row, "root"));
	for (uint64_t i = 0; i < size; i++) {
		proof_from(v, json_item(json_get(row, "inclusion"), i), &want);
		assert_ok(log_tree_inclusion(t, i, size, &got, &err));
		assert_true(same_proof(&got, &want));
		mem_copy(leaf.b, t->leaves.p + i * 32, 32);
		assert_ok(log_verify_inclusion(&leaf, i, size, &roots[size], &got, &err));
		leaf.b[0] ^= 1;
		assert_fails(log_verify_inclusion(&leaf, i, size, &roots[size], &got, &err),
		             "E-LOG-002");
		leaf.b[0] ^= 1;
		if (size > 1)
			assert_fails(log_verify_inclusion(&leaf, (i + 1) % size, size, &roots[size],
			                                  &got, &err),
			             "E-LOG-002");
	}
	for (uint64_t old = 1; old <= size; old++) {
		proof_from(v, json_item(json_get(row, "consistency"), old - 1), &want);
		assert_ok(log_tree_consistency(t, old, size, &got, &err));
		assert_true(same_proof(&got, &want));
		assert_ok(log_verify_consistency(old, &roots[old], size, &roots[size], &got, &err));
		assert_fails(log_verify_consistency(old, &roots[old == 1 ? 2 : 1], size,
		                                    &roots[size], &got, &err),
		             "E-LOG-003");
		got.path[got.n++] = roots[1];
		assert_fails(log_verify_consistency(old, &roots[old], size, &roots[size], &got,
		                                    &err),
		             "E-LOG-003");
	}
}

static void
logs(void **state)
{
	CLEANUP(vectors_done) struct vectors v = {0};
	CLEANUP(log_tree_done) struct log_tree t = {0};
	struct log_frontier f = {0};
	struct hash256 roots[32] = {0};
	const struct value *list, *trees, *cp;
	CLEANUP(key_drop) struct key *k = NULL;
	struct checkpoint c;
	struct err err;

	(void)state;
	vectors_load(&v, "log");
	list = json_get(&v.root, "entries");
	trees = json_get(&v.root, "trees");
	/* Roots of all sizes first: consistency rows compare with later ones. */
	for (size_t i = 0; i < list->n; i++) {
		struct bytes entry = vec_bytes(&v, json_item(list, i));
		struct hash256 leaf = log_leaf_hash(entry), root = log_root(&f);

		assert_bytes(hash256_view(&root), vec_hex(&v, json_item(trees, i), "root"));
		assert_bytes(hash256_view(&leaf),
		             vec_bytes(&v, json_item(json_get(&v.root, "leaves"), i)));
		log_append(&f, &leaf);
		assert_ok(log_tree_append(&t, &leaf, &err));
		roots[i + 1] = log_root(&f);
	}
	for (size_t i = 0; i < trees->n; i++)
		check_size(&v, &t, json_item(trees, i), roots);
	cp = json_get(&v.root, "checkpoint");
	c = (struct checkpoint){.genesis = h256(&v, cp, "genesis"),
	                        .log_id = h256(&v, cp, "log_id"),
	                        .root = h256(&v, cp, "root"),
	                        .size = vec_u64(cp, "size"),
	                        .time = (int64_t)vec_u64(cp, "time")};
	assert_ok(key_parse_spki(vec_hex(&v, cp, "key"), &k, &err));
	assert_ok(checkpoint_verify(k, &c, vec_hex(&v, cp, "signature"), &err));
	c.size++;
	assert_fails(checkpoint_verify(k, &c, vec_hex(&v, cp, "signature"), &err), "E-LOG-004");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(genesis),       cmocka_unit_test(chain),
	        cmocka_unit_test(state_records), cmocka_unit_test(leaves),
	        cmocka_unit_test(virtual_tpms),  cmocka_unit_test(batches),
	        cmocka_unit_test(keys),          cmocka_unit_test(answers),
	        cmocka_unit_test(sealing),       cmocka_unit_test(shares),
	        cmocka_unit_test(logs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
