/* SPDX-License-Identifier: Apache-2.0 */
/* A verification written down and repeated: the same verdict, and no bit of it can be changed. */
#include "channel/receipt.h"
#include "world.h"

#include <string.h>

/* What the Coordinator answers to each of the two purposes, by purpose. */
static struct {
	struct answer answer;
	struct buf body, text;
	struct session_channel channel;
} g_of[2];

static struct world *g_world;

static struct receipt
made(enum binding_purpose p)
{
	return (struct receipt){.time = g_world->now,
	                        .channel = g_of[p].channel,
	                        .pins = g_world->pins,
	                        .manifest = buf_view(&g_world->manifest),
	                        .answer = buf_view(&g_of[p].body)};
}

static void
make(enum binding_purpose p)
{
	struct session_channel *c = &g_of[p].channel;
	struct receipt r;

	c->purpose = p;
	memset(c->nonce, 7, sizeof c->nonce);
	if (p == BINDING_ATTEST) {
		memset(&c->server_key, 8, sizeof c->server_key);
		memset(c->exporter, 9, sizeof c->exporter);
	}
	answer_make(g_world, g_world->authority, &g_world->store, GUEST_COORDINATOR, c,
	            &g_of[p].answer);
	answer_write(&g_of[p].answer, &g_of[p].body);
	r = made(p);
	receipt_write(&r, &g_of[p].text);
}

static int
setup(void **state)
{
	(void)state;
	g_world = world_new("receipt");
	make(BINDING_ATTEST);
	make(BINDING_STATEMENT);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	for (size_t p = 0; p < COUNT_OF(g_of); p++) {
		answer_done(&g_of[p].answer);
		buf_done(&g_of[p].body);
		buf_done(&g_of[p].text);
	}
	world_free(g_world);
	return 0;
}

static status
verify_text(struct bytes text, int64_t now, bool insecure, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(session_done) struct session s = {0};
	struct receipt r;

	TRY(receipt_parse(&a, text, &r, err));
	return receipt_verify(&r, now, insecure, &s, err);
}

static void
repeats_the_verdict(void **state)
{
	(void)state;
	for (size_t p = 0; p < COUNT_OF(g_of); p++) {
		struct bytes text = buf_view(&g_of[p].text);
		struct err err = {0};

		assert_ok(verify_text(text, 0, true, &err));
		assert_fails(verify_text(text, 0, false, &err), "E-SESSION-008");
		/* Years later the lists have ended; at its own time they have not. */
		assert_fails(verify_text(text, g_world->now + (int64_t)86400 * 3650, true, &err),
		             "E-EVIDENCE-100");
	}
}

/* Evidence of one purpose shown for the other has another leaf, whatever its fields are. */
static void
purposes_do_not_mix(void **state)
{
	(void)state;
	for (size_t p = 0; p < COUNT_OF(g_of); p++) {
		CLEANUP(session_done) struct session s = {0};
		struct receipt r = made((enum binding_purpose)p);
		struct err err = {0};

		assert_ok(receipt_verify(&r, 0, true, &s, &err));
		session_done(&s);
		r.channel.purpose = p == BINDING_ATTEST ? BINDING_STATEMENT : BINDING_ATTEST;
		assert_fails(receipt_verify(&r, 0, true, &s, &err), "E-EVIDENCE-100");
		assert_non_null(strstr(err.msg, "report-data"));
		/* Nor as evidence of a session whose key and exporter are zeros. */
		r.channel = (struct session_channel){.purpose = r.channel.purpose};
		mem_copy(r.channel.nonce, g_of[p].channel.nonce, NONCE_SIZE);
		assert_fails(receipt_verify(&r, 0, true, &s, &err), "E-EVIDENCE-100");
	}
}

/* Nobody opens a channel on a statement, and no other purpose is the server's. */
static void
statements_open_no_session(void **state)
{
	static const struct {
		enum session_mode mode;
		enum binding_purpose purpose;
	} rows[] = {{SESSION_POD, BINDING_STATEMENT},
	            {SESSION_SET, BINDING_STATEMENT},
	            {SESSION_VERIFY, BINDING_MESH_CERT},
	            {SESSION_VERIFY, BINDING_PEER}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct session_expect e = {.mode = rows[i].mode,
		                           .pins = g_world->pins,
		                           .own_policy = g_world->web,
		                           .insecure = true,
		                           .now = g_world->now};
		struct session_channel c = g_of[BINDING_STATEMENT].channel;
		struct session s;
		struct err err = {0};

		c.purpose = rows[i].purpose;
		assert_fails(session_accept(&e, &c, buf_view(&g_of[BINDING_STATEMENT].body), &s,
		                            &err),
		             "E-SESSION-012");
		assert_int_equal(s.n_records, 0);
	}
}

/* The facts of a connection are there exactly when the purpose has one; version 1 is attest. */
static void
purpose_and_fields_agree(void **state)
{
	static const struct {
		enum binding_purpose of;
		const char *from, *to;
		const char *id; /* NULL: accepted */
	} rows[] = {
	        {BINDING_ATTEST, "\"receipt\": 2,\n  \"purpose\": \"attest\",", "\"receipt\": 1,",
	         NULL},
	        {BINDING_ATTEST, "\"receipt\": 2", "\"receipt\": 1", "E-RECEIPT-001"},
	        {BINDING_ATTEST, "\"receipt\": 2", "\"receipt\": 3", "E-RECEIPT-001"},
	        {BINDING_ATTEST, "\"receipt\": 2", "\"receipt\": 0", "E-RECEIPT-001"},
	        {BINDING_ATTEST, "\"attest\"", "\"statement\"", "E-RECEIPT-001"},
	        {BINDING_ATTEST, "\"attest\"", "\"peer\"", "E-RECEIPT-001"},
	        {BINDING_STATEMENT, "\"statement\"", "\"attest\"", "E-RECEIPT-001"},
	        {BINDING_STATEMENT, "\"statement\"", "\"mesh-cert\"", "E-RECEIPT-001"},
	        {BINDING_STATEMENT, "\"purpose\": \"statement\",", "", "E-RECEIPT-001"},
	        {BINDING_STATEMENT, "\"receipt\": 2,\n  \"purpose\": \"statement\",",
	         "\"receipt\": 1,", "E-RECEIPT-001"},
	        {BINDING_STATEMENT, "\"nonce\"", "\"exporter\": \"\", \"nonce\"", "E-RECEIPT-001"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_done) struct buf changed = {0};
		struct bytes text = buf_view(&g_of[rows[i].of].text);
		size_t at = bytes_find(text, bytes_str(rows[i].from), 0);
		struct err err = {0};

		assert_int_not_equal(at, SIZE_MAX);
		buf_bytes(&changed, bytes_sub(text, 0, at));
		buf_str(&changed, rows[i].to);
		buf_bytes(&changed, bytes_sub(text, at + strlen(rows[i].from), text.n));
		if (rows[i].id)
			assert_fails(verify_text(buf_view(&changed), 0, true, &err), rows[i].id);
		else
			assert_ok(verify_text(buf_view(&changed), 0, true, &err));
	}
}

static void
time_is_bounded_by_the_state(void **state)
{
	static const struct {
		int64_t offset;
		const char *id;
	} rows[] = {{0, NULL},
	            {-SESSION_SKEW_SECONDS, NULL},
	            {-SESSION_SKEW_SECONDS - 2, "E-RECEIPT-002"}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(session_done) struct session s = {0};
		struct receipt r = made(BINDING_ATTEST);
		struct err err = {0};

		r.time += rows[i].offset;
		if (rows[i].id)
			assert_fails(receipt_verify(&r, g_world->now, true, &s, &err), rows[i].id);
		else
			assert_ok(receipt_verify(&r, g_world->now, true, &s, &err));
	}
}

/* Every field is bound: another value is another receipt, and a false one. */
static void
every_field_counts(void **state)
{
	(void)state;
	for (int field = 0; field < 6; field++) {
		CLEANUP(session_done) struct session s = {0};
		CLEANUP(buf_done) struct buf manifest = {0};
		struct receipt r = made(BINDING_ATTEST);
		struct err err = {0};

		switch (field) {
		case 0:
			r.channel.nonce[31] ^= 1;
			break;
		case 1:
			r.channel.server_key.b[0] ^= 1;
			break;
		case 2:
			r.channel.exporter[5] ^= 1;
			break;
		case 3:
			r.pins.deployment_id[0] ^= 1;
			break;
		case 4:
			r.pins.keys[0].b[0] ^= 1;
			break;
		default:
			buf_bytes(&manifest, r.manifest);
			buf_str(&manifest, "\n");
			r.manifest = buf_view(&manifest);
			break;
		}
		assert_false(is_ok(receipt_verify(&r, 0, true, &s, &err)));
	}
}

/* What the Coordinator lacked and the receipt's maker added goes with its own evidence alone. */
static void
completed_receipts(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf bare = {0}, text = {0}, other = {0};
	struct answer *answer = &g_of[BINDING_STATEMENT].answer;
	struct receipt r = made(BINDING_STATEMENT), again;
	struct document whole, shown;
	struct err err = {0};

	(void)state;
	assert_ok(document_parse(&a, buf_view(&answer->document), &whole, &err));
	buf_bytes(&other, buf_view(&answer->document));
	answer_without_lists(answer);
	answer_write(answer, &bare);
	buf_reset(&answer->document);
	buf_bytes(&answer->document, buf_view(&other));
	r.answer = buf_view(&bare);
	receipt_write(&r, &text);
	assert_fails(verify_text(buf_view(&text), 0, true, &err), "E-EVIDENCE-100");
	assert_non_null(strstr(err.msg, "snp/crl-missing"));
	assert_ok(receipt_document(&a, &r, &shown, &err));
	assert_int_equal(shown.endorsements.n_crls, 0);

	r.completed = true;
	r.document = whole;
	buf_reset(&text);
	receipt_write(&r, &text);
	assert_ok(verify_text(buf_view(&text), 0, true, &err));
	assert_ok(receipt_parse(&a, buf_view(&text), &again, &err));
	assert_ok(receipt_document(&a, &again, &shown, &err));
	assert_int_equal(shown.endorsements.n_crls, 1);

	/* Another report with these lists, or lists that are none. */
	r.document.evidence = bytes_sub(whole.evidence, 0, whole.evidence.n - 1);
	buf_reset(&text);
	receipt_write(&r, &text);
	assert_fails(verify_text(buf_view(&text), 0, true, &err), "E-RECEIPT-004");
	r.document = whole;
	r.document.endorsements.crls[0] = BYTES("no list");
	buf_reset(&text);
	receipt_write(&r, &text);
	assert_fails(verify_text(buf_view(&text), 0, true, &err), "E-EVIDENCE-100");
}

static void
walk(enum binding_purpose p)
{
	CLEANUP(buf_done) struct buf copy = {0};
	struct bytes text = buf_view(&g_of[p].text);
	struct err err = {0};

	for (size_t n = 0; n + 2 < text.n; n += text.n / 97 + 1)
		assert_false(is_ok(verify_text(bytes_sub(text, 0, n), 0, true, &err)));
	/* Flipped bits in the text: no longer JSON, another value, or the same spelled otherwise.
	 */
	for (size_t bit = 0; bit < text.n * 8; bit += text.n * 8 / 601 + 1) {
		CLEANUP(arena_done) struct arena a = {0};
		struct receipt r, want = made(p);

		buf_reset(&copy);
		buf_bytes(&copy, text);
		copy.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
		if (!is_ok(receipt_parse(&a, buf_view(&copy), &r, &err)) ||
		    !is_ok(verify_text(buf_view(&copy), 0, true, &err)))
			continue;
		/* Accepted: then nothing that is signed or bound may differ. */
		assert_memory_equal(&r.channel, &want.channel, sizeof r.channel);
		assert_bytes(r.manifest, want.manifest);
	}
}

static void
malformed_receipts(void **state)
{
	struct err err = {0};

	(void)state;
	walk(BINDING_ATTEST);
	walk(BINDING_STATEMENT);
	assert_fails(
	        verify_text(BYTES("{\"receipt\":3,\"time\":\"\",\"nonce\":\"\",\"serverKey\":\"\","
	                          "\"exporter\":\"\",\"genesis\":{},\"manifest\":\"\","
	                          "\"answer\":\"\"}"),
	                    0, true, &err),
	        "E-RECEIPT-001");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(repeats_the_verdict),
	        cmocka_unit_test(purposes_do_not_mix),
	        cmocka_unit_test(statements_open_no_session),
	        cmocka_unit_test(purpose_and_fields_agree),
	        cmocka_unit_test(time_is_bounded_by_the_state),
	        cmocka_unit_test(every_field_counts),
	        cmocka_unit_test(completed_receipts),
	        cmocka_unit_test(malformed_receipts),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
