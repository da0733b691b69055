/* SPDX-License-Identifier: Apache-2.0 */
/* Leaves, trees and state records; the expected numbers come from a separate Python program. */
#include "base/text.h"
#include "evidence/batch.h"
#include "evidence/binding.h"
#include "evidence/state.h"
#include "unit.h"

static void
assert_hash(struct hash512 got, const char *want)
{
	char text[129];

	assert_string_equal(hex_cstr(hash512_view(&got), text, sizeof text), want);
}

static struct hash256
filled(uint8_t with)
{
	struct hash256 h;

	for (size_t i = 0; i < sizeof h.b; i++)
		h.b[i] = with;
	return h;
}

static void
leaves(void **state)
{
	struct hash256 k1 = filled(0x11), k2 = filled(0x22), ex = filled(0x33), kem = filled(0x44);
	uint8_t nonce[NONCE_SIZE];
	struct binding b;

	(void)state;
	for (size_t i = 0; i < sizeof nonce; i++)
		nonce[i] = (uint8_t)i;
	b = binding_attest(TEE_SNP, nonce, &k1, ex.b, BYTES("state"));
	assert_hash(binding_leaf(&b),
	            "3c084db116c7f45fa1bd0b7935846fc3af28c2ff04c0fd3f65e63e9b2b244faf"
	            "50ab162d51f751ccf53fd2b699da4a828702239b71745fb3da329941e735eb6e");
	b = binding_statement(TEE_TDX, nonce, BYTES("state"));
	assert_hash(binding_leaf(&b),
	            "cf551dc90e01667a402409b6d2bc9cb8d4049ea317cc5eb13cdd6cb92b6b37b9"
	            "22ccb6b68c94cd904837fab5b101d49962b847f4b655b81975aba87f3b884696");
	b = binding_mesh_cert(TEE_SNP, nonce, &k1, &k2, ex.b, kem.b, BYTES("csr"));
	assert_hash(binding_leaf(&b),
	            "9c74d71c20e4e645b5e7bc3cecb534cb24ba9674e8413325d36447838691f995"
	            "80fb1f576e20df0acc7f4c8415d2fb649a3d754b55da071bacd05d598558175b");
	b = binding_peer(TEE_SNP, nonce, &k1, &k2, ex.b, kem.b);
	assert_hash(binding_leaf(&b),
	            "ae562c69365e11bd9450649a15ef1a93bb42cd2fff4f6c9f9a0fa74d343e3b39"
	            "8f86d34cc79dfba49bbfe94ff53d3835c61946db7d0a12277e5df49a370e4014");
}

/* Changing any one field changes the leaf: nothing in it can be swapped for another session's. */
static void
every_field_counts(void **state)
{
	struct hash256 k1 = filled(1), k2 = filled(2), ex = filled(3), kem = filled(4);
	struct hash256 nonce = filled(5);
	struct binding b = binding_mesh_cert(TEE_SNP, nonce.b, &k1, &k2, ex.b, kem.b, BYTES("c"));
	struct hash512 want = binding_leaf(&b);
	uint8_t *const fields[] = {b.nonce, b.attester_key.b, b.peer_key.b, b.exporter,
	                           b.payload.b};

	(void)state;
	for (size_t f = 0; f < COUNT_OF(fields); f++) {
		for (size_t bit = 0; bit < 256; bit++) {
			struct hash512 got;

			fields[f][bit / 8] ^= (uint8_t)(1U << bit % 8);
			got = binding_leaf(&b);
			assert_false(bytes_equal(hash512_view(&got), hash512_view(&want)));
			fields[f][bit / 8] ^= (uint8_t)(1U << bit % 8);
		}
	}
	b.tee = TEE_TDX;
	assert_memory_not_equal(binding_leaf(&b).b, want.b, 64);
	b.tee = TEE_SNP;
	b.purpose = BINDING_PEER;
	assert_memory_not_equal(binding_leaf(&b).b, want.b, 64);
}

static void
purposes(void **state)
{
	enum binding_purpose p;

	(void)state;
	for (unsigned int i = 0; i < BINDING_PURPOSES; i++) {
		assert_true(binding_purpose_parse(
		        bytes_str(binding_purpose_name((enum binding_purpose)i)), &p));
		assert_int_equal(p, i);
	}
	assert_false(binding_purpose_parse(BYTES("Attest"), &p));
	assert_int_equal(binding_role_of(BINDING_PEER), BINDING_CLIENT);
	assert_int_equal(binding_role_of(BINDING_ATTEST), BINDING_SERVER);
	assert_string_equal(binding_exporter_label(BINDING_MESH_CERT),
	                    "EXPORTER-contrast-mesh-cert-client");
}

static void
make_leaves(struct hash512 *to, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t id[2] = {(uint8_t)(i >> 8), (uint8_t)i};

		to[i] = sha512(bytes_of(id, 2));
	}
}

static void
trees(void **state)
{
	static struct hash512 all[BATCH_MAX_LEAVES];
	static const struct {
		size_t n;
		unsigned int depth;
		const char *root;
	} rows[] = {
	        {1, 0,
	         "5ea71dc6d0b4f57bf39aadd07c208c35f06cd2bac5fde210397f70de11d439c6"
	         "2ec1cdf3183758865fd387fcea0bada2f6c37a4a17851dd1d78fefe6f204ee54"},
	        {2, 1,
	         "e296e10bb9e86a4f197ab649fdcc48d508c61a1ad9884b5d22115f5ddc07d8d6"
	         "b4be61cd531bcc03cb304038108463ceaf119d84f2c27354a13c5ed742681d8a"},
	        {3, 2,
	         "c2c3234dcd577c2f04b25f68fa448a9adf08893d32c209ee62cb44d47589fcb1"
	         "cbbe1abf86fd8c8acf4e49c9c1d3395ab61e30b61b5a0bb483f412a9230d9acd"},
	        {5, 3,
	         "fe90c8c514c0b94c2bd0a6426a1c07e75fc3a275d0665111f40adcff446f0ffb"
	         "1cb1a8f6d448ef7bac874df63f752d9cdc88051f4ed7e8ba39f2746736f1f2d3"},
	        {4096, 12,
	         "2bb4c3065f4505e1d1cb3403d538d54fcd17f13b5711754f4b3a42f471365e3a"
	         "d5755883530529f52f72187e89c2679199401009779fbd81d8e95b810e89f3a5"},
	};

	(void)state;
	make_leaves(all, BATCH_MAX_LEAVES);
	for (size_t r = 0; r < COUNT_OF(rows); r++) {
		CLEANUP(batch_done) struct batch b = {0};
		size_t step = rows[r].n > 100 ? 97 : 1;
		struct err err;

		assert_ok(batch_build(all, rows[r].n, &b, &err));
		assert_int_equal(b.depth, rows[r].depth);
		assert_hash(batch_root(&b), rows[r].root);
		for (size_t i = 0; i < rows[r].n; i += step) {
			CLEANUP(buf_done) struct buf wire = {0};
			struct batch_proof p, back;
			struct hash512 root;

			batch_proof_of(&b, i, &p);
			batch_proof_emit(&p, &wire);
			assert_ok(batch_proof_parse(buf_view(&wire), &back, &err));
			assert_ok(batch_proof_root(&back, &all[i], &root, &err));
			assert_hash(root, rows[r].root);
			/* Another leaf does not get there with this proof. */
			assert_ok(batch_proof_root(&back, &all[(i + 1) % 4096], &root, &err));
			assert_memory_not_equal(root.b, batch_root(&b).b, 64);
		}
	}
}

static void
proof_refusals(void **state)
{
	struct hash512 leaves4[4], root, zero = {{0}};
	CLEANUP(batch_done) struct batch b = {0};
	CLEANUP(buf_done) struct buf wire = {0};
	struct batch_proof p;
	struct err err = {0};

	(void)state;
	make_leaves(leaves4, 4);
	assert_fails(batch_build(leaves4, 0, &b, &err), "E-EVIDENCE-010");
	assert_fails(batch_build(leaves4, BATCH_MAX_LEAVES + 1, &b, &err), "E-EVIDENCE-010");
	assert_ok(batch_build(leaves4, 3, &b, &err));
	batch_proof_of(&b, 2, &p);
	assert_ok(batch_proof_root(&p, &leaves4[2], &root, &err));
	/* The same bits below, one more above: a second name for the leaf. */
	p.index = 2 + 4;
	assert_fails(batch_proof_root(&p, &leaves4[2], &root, &err), "E-EVIDENCE-011");
	p.index = 2;
	p.depth = 0;
	assert_fails(batch_proof_root(&p, &leaves4[2], &root, &err), "E-EVIDENCE-011");
	batch_proof_of(&b, 3, &p);
	assert_fails(batch_proof_root(&p, &zero, &root, &err), "E-EVIDENCE-011");
	for (size_t n = 0; n <= BATCH_PROOF_MAX + 64; n++) {
		bool ok = n >= 2 && (n - 2) % 64 == 0 && n <= BATCH_PROOF_MAX;

		buf_reset(&wire);
		buf_zeros(&wire, n);
		if (ok)
			assert_ok(batch_proof_parse(buf_view(&wire), &p, &err));
		else
			assert_fails(batch_proof_parse(buf_view(&wire), &p, &err),
			             "E-EVIDENCE-012");
	}
}

static struct state_record
active(void)
{
	struct state_record s = {
	        .phase = STATE_ACTIVE,
	        .generation = 7,
	        .genesis = filled(1),
	        .head = filled(2),
	        .root_key = filled(3),
	        .mesh_key = filled(4),
	        .previous_mesh_key = filled(5),
	        .answer_key = filled(7),
	        .log_size = 8,
	        .log_root = filled(9),
	        .time = 1795500000,
	};

	mem_copy(s.kem, filled(6).b, 32);
	return s;
}

static void
state_records(void **state)
{
	struct state_record s = active(), back;
	uint8_t wire[STATE_RECORD_SIZE];
	char hex[2 * STATE_RECORD_SIZE + 1];
	struct hash256 h;
	struct err err = {0};

	(void)state;
	state_emit(&s, wire);
	/* 01 02, then each field in PROTOCOL's order, counted here once more. */
	assert_string_equal(hex_cstr(bytes_of(wire, 10), hex, sizeof hex), "01020000000000000007");
	for (size_t f = 0; f < 7; f++)
		assert_int_equal(wire[10 + 32 * f + 31], f + 1);
	assert_string_equal(hex_cstr(bytes_of(wire + 234, 9), hex, sizeof hex),
	                    "000000000000000809");
	assert_string_equal(hex_cstr(bytes_of(wire + 274, 8), hex, sizeof hex), "000000006b0527e0");
	assert_ok(state_parse(bytes_of(wire, sizeof wire), &back, &err));
	h = sha256(bytes_of(wire, sizeof wire));
	state_emit(&back, wire);
	assert_memory_equal(sha256(bytes_of(wire, sizeof wire)).b, h.b, 32);
	for (size_t n = 0; n < sizeof wire; n++)
		assert_fails(state_parse(bytes_of(wire, n), &back, &err), "E-EVIDENCE-020");
	wire[0] = 2;
	assert_fails(state_parse(bytes_of(wire, sizeof wire), &back, &err), "E-EVIDENCE-020");
	wire[0] = 1;
	wire[1] = 3;
	assert_fails(state_parse(bytes_of(wire, sizeof wire), &back, &err), "E-EVIDENCE-020");
}

static void
state_phases(void **state)
{
	struct hash256 none = {{0}};
	struct state_record empty = active(), recovering;
	struct err err = {0};

	(void)state;
	empty.phase = STATE_EMPTY;
	empty.generation = 0;
	empty.head = empty.mesh_key = empty.previous_mesh_key = none;
	recovering = empty;
	recovering.phase = STATE_RECOVERING;
	recovering.genesis = recovering.root_key = none;
	for (int row = 0; row < 12; row++) {
		struct state_record s = row < 4 ? empty : row < 7 ? recovering : active(), back;
		uint8_t wire[STATE_RECORD_SIZE];
		bool ok = row == 0 || row == 4 || row == 7;

		switch (row) {
		case 1:
			s.head = filled(1);
			break;
		case 2:
			s.genesis = none;
			break;
		case 3:
			s.generation = 1;
			break;
		case 5:
			s.genesis = filled(1);
			break;
		case 6:
			s.mesh_key = filled(1);
			break;
		case 8:
			s.generation = 0;
			break;
		case 9:
			s.head = none;
			break;
		case 10:
			s.answer_key = none;
			break;
		case 11:
			mem_zero(s.kem, 32);
			break;
		default:
			break;
		}
		state_emit(&s, wire);
		if (ok)
			assert_ok(state_parse(bytes_of(wire, sizeof wire), &back, &err));
		else
			assert_fails(state_parse(bytes_of(wire, sizeof wire), &back, &err),
			             "E-EVIDENCE-020");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(leaves),         cmocka_unit_test(every_field_counts),
	        cmocka_unit_test(purposes),       cmocka_unit_test(trees),
	        cmocka_unit_test(proof_refusals), cmocka_unit_test(state_records),
	        cmocka_unit_test(state_phases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
