/* SPDX-License-Identifier: Apache-2.0 */
/* A verification written down and repeated: the same verdict, and no bit of it can be changed. */
#include "channel/receipt.h"
#include "world.h"

#include <string.h>

static struct world *g_world;
static struct answer g_answer;
static struct buf g_body, g_text;
static struct session_channel g_channel;

static struct receipt
made(void)
{
	return (struct receipt){.time = g_world->now,
	                        .channel = g_channel,
	                        .pins = g_world->pins,
	                        .manifest = buf_view(&g_world->manifest),
	                        .answer = buf_view(&g_body)};
}

static int
setup(void **state)
{
	struct receipt r;

	(void)state;
	g_world = world_new("receipt");
	memset(&g_channel, 7, sizeof g_channel);
	answer_make(g_world, g_world->authority, &g_world->store, GUEST_COORDINATOR, &g_channel,
	            &g_answer);
	answer_write(&g_answer, &g_body);
	r = made();
	receipt_write(&r, &g_text);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	answer_done(&g_answer);
	buf_done(&g_body);
	buf_done(&g_text);
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
	struct err err = {0};

	(void)state;
	assert_ok(verify_text(buf_view(&g_text), 0, true, &err));
	assert_fails(verify_text(buf_view(&g_text), 0, false, &err), "E-SESSION-008");
	/* Years later the lists have ended; at its own time they have not. */
	assert_fails(verify_text(buf_view(&g_text), g_world->now + (int64_t)86400 * 3650, true,
	                         &err),
	             "E-EVIDENCE-100");
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
		struct receipt r = made();
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
		struct receipt r = made();
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

static void
malformed_receipts(void **state)
{
	CLEANUP(buf_done) struct buf copy = {0};
	struct err err = {0};

	(void)state;
	for (size_t n = 0; n + 2 < g_text.n; n += g_text.n / 97 + 1)
		assert_false(is_ok(verify_text(bytes_sub(buf_view(&g_text), 0, n), 0, true, &err)));
	/* Flipped bits in the text: no longer JSON, another value, or the same spelled otherwise.
	 */
	for (size_t bit = 0; bit < g_text.n * 8; bit += g_text.n * 8 / 601 + 1) {
		CLEANUP(arena_done) struct arena a = {0};
		struct receipt r, want = made();

		buf_reset(&copy);
		buf_bytes(&copy, buf_view(&g_text));
		copy.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
		if (!is_ok(receipt_parse(&a, buf_view(&copy), &r, &err)) ||
		    !is_ok(verify_text(buf_view(&copy), 0, true, &err)))
			continue;
		/* Accepted: then nothing that is signed or bound may differ. */
		assert_memory_equal(&r.channel, &want.channel, sizeof r.channel);
		assert_bytes(r.manifest, want.manifest);
	}
	assert_fails(
	        verify_text(BYTES("{\"receipt\":2,\"time\":\"\",\"nonce\":\"\",\"serverKey\":\"\","
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
	        cmocka_unit_test(time_is_bounded_by_the_state),
	        cmocka_unit_test(every_field_counts),
	        cmocka_unit_test(malformed_receipts),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
