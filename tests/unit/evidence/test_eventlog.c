/* SPDX-License-Identifier: Apache-2.0 */
/* Event logs: made here with every fault, and real ones against the quote of the same boot. */
#include "base/file.h"
#include "evidence/tdx/eventlog.h"
#include "unit.h"

enum { SEPARATOR = 4, NO_ACTION = 3, SHA1 = 4, SHA384 = 12 };

static void
put_head(struct buf *b)
{
	buf_le32(b, 1);
	buf_le32(b, NO_ACTION);
	buf_zeros(b, 20);
	buf_le32(b, 16);
	buf_bytes(b, bytes_of((const uint8_t *)"Spec ID Event03", 16));
}

static void
put_event(struct buf *b, uint32_t mr, uint32_t type, struct bytes measured, struct bytes data)
{
	struct hash384 h = sha384(measured);

	buf_le32(b, mr);
	buf_le32(b, type);
	buf_le32(b, 1);
	buf_le16(b, SHA384);
	buf_bytes(b, hash384_view(&h));
	buf_le32(b, (uint32_t)data.n);
	buf_bytes(b, data);
}

static status
parse(struct arena *a, const struct buf *b, struct tdx_eventlog *log, struct err *err)
{
	arena_init(a, (size_t)8 * 1024 * 1024);
	return tdx_eventlog_parse(a, buf_view(b), log, err);
}

static void
assert_refused(const struct buf *b, const char *id)
{
	CLEANUP(arena_done) struct arena a;
	struct tdx_eventlog log;
	struct err err;

	assert_false(is_ok(parse(&a, b, &log, &err)));
	assert_string_equal(err.id, id);
}

static void
test_replay_is_the_chain_of_digests(void **state)
{
	CLEANUP(buf_done) struct buf b = {0};
	CLEANUP(arena_done) struct arena a;
	struct hash384 rtmrs[TDX_RTMRS], want = {{0}}, zero = {{0}};
	struct tdx_eventlog log;
	struct err err;

	(void)state;
	put_head(&b);
	put_event(&b, 1, SEPARATOR, BYTES("one"), BYTES("one"));
	put_event(&b, 0, SEPARATOR, BYTES("into MRTD"), BYTES("into MRTD"));
	put_event(&b, 1, NO_ACTION, BYTES("not extended"), BYTES("not extended"));
	put_event(&b, 4, SEPARATOR, BYTES("run time"), BYTES("run time"));
	put_event(&b, 1, SEPARATOR, BYTES("two"), BYTES("another text"));
	buf_le32(&b, 0xffffffff);
	buf_str(&b, "whatever the area holds behind the end");
	assert_ok(parse(&a, &b, &log, &err));
	assert_int_equal(log.n, 5);
	tdx_eventlog_replay(&log, rtmrs);
	for (size_t i = 0; i < log.n; i++) {
		CLEANUP(buf_done) struct buf both = {0};

		if (log.events[i].mr != 1 || log.events[i].type == NO_ACTION)
			continue;
		buf_bytes(&both, hash384_view(&want));
		buf_bytes(&both, log.events[i].digest);
		want = sha384(buf_view(&both));
	}
	assert_memory_equal(rtmrs[0].b, want.b, sizeof want.b);
	assert_memory_equal(rtmrs[1].b, zero.b, sizeof zero.b);
	assert_memory_not_equal(rtmrs[3].b, zero.b, sizeof zero.b);
	assert_true(tdx_event_data_matches(&log.events[0]));
	assert_false(tdx_event_data_matches(&log.events[4]));
}

static void
test_what_stands_around_measured_data(void **state)
{
	CLEANUP(buf_done) struct buf b = {0};
	CLEANUP(arena_done) struct arena a;
	struct tdx_eventlog log;
	struct err err;

	(void)state;
	put_head(&b);
	put_event(&b, 3, 0xd, BYTES("linux /vmlinuz"),
	          bytes_of((const uint8_t *)"linux /vmlinuz", 15));
	put_event(&b, 3, 0xd, BYTES(""), BYTES(""));
	put_event(&b, 3, 0xd, BYTES("set a=b"), BYTES("grub_cmd: set a=b"));
	put_event(&b, 3, 4, BYTES("set a=b"), BYTES("grub_cmd: set a=b"));
	assert_ok(parse(&a, &b, &log, &err));
	assert_true(tdx_event_data_matches(&log.events[0]));
	assert_true(tdx_event_data_matches(&log.events[1]));
	assert_true(tdx_event_data_matches(&log.events[2]));
	assert_false(tdx_event_data_matches(&log.events[3]));
}

/* Every cut within an event is a fault; between events a log may end. */
static void
test_every_truncation(void **state)
{
	CLEANUP(buf_done) struct buf b = {0};
	size_t head, first;

	(void)state;
	put_head(&b);
	head = b.n;
	put_event(&b, 1, SEPARATOR, BYTES("x"), BYTES("data of the event"));
	first = b.n;
	for (size_t n = 0; n < first; n++) {
		CLEANUP(buf_done) struct buf cut = {0};
		CLEANUP(arena_done) struct arena a;
		struct tdx_eventlog log;
		struct err err;

		buf_bytes(&cut, bytes_of((const uint8_t *)b.p, n));
		/* Less than the numbers that start an event is the end of the area. */
		assert_int_equal(is_ok(parse(&a, &cut, &log, &err)), n >= head && n < head + 12);
	}
}

static void
test_faults(void **state)
{
	static const struct {
		uint32_t mr, type, digests;
		uint16_t alg;
		const char *id;
	} rows[] = {
	        {5, SEPARATOR, 1, SHA384, "E-TDX-020"}, /* no such register */
	        {1, SEPARATOR, 9, SHA384, "E-TDX-020"}, /* too many digests */
	        {1, SEPARATOR, 2, SHA384, "E-TDX-020"}, /* the same algorithm twice */
	        {1, SEPARATOR, 1, 0x7777, "E-TDX-020"}, /* unknown: its size is unknown too */
	        {1, SEPARATOR, 1, SHA1, "E-TDX-020"},   /* nothing that a TD could extend */
	        {1, SEPARATOR, 0, SHA384, "E-TDX-020"},
	        {1, SEPARATOR, 0xffffffff, SHA384, "E-TDX-020"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_done) struct buf b = {0};

		put_head(&b);
		buf_le32(&b, rows[i].mr);
		buf_le32(&b, rows[i].type);
		buf_le32(&b, rows[i].digests);
		for (uint32_t d = 0; d < MIN(rows[i].digests, 9u); d++) {
			buf_le16(&b, rows[i].alg);
			buf_zeros(&b, rows[i].alg == SHA1 ? 20 : 48);
		}
		buf_le32(&b, 0);
		assert_refused(&b, rows[i].id);
	}
}

static void
test_limits(void **state)
{
	CLEANUP(buf_done) struct buf b = {0}, big = {0};
	CLEANUP(arena_done) struct arena a;
	struct tdx_eventlog log;
	struct err err;

	(void)state;
	put_head(&b);
	for (size_t i = 0; i < TDX_EVENTS_MAX; i++)
		put_event(&b, 1, SEPARATOR, BYTES("x"), BYTES(""));
	assert_ok(parse(&a, &b, &log, &err));
	assert_int_equal(log.n, TDX_EVENTS_MAX);
	put_event(&b, 1, SEPARATOR, BYTES("x"), BYTES(""));
	assert_refused(&b, "E-TDX-021");

	put_head(&big);
	buf_le32(&big, 1);
	buf_le32(&big, NO_ACTION);
	buf_le32(&big, 0);
	buf_le32(&big, TDX_EVENT_DATA_MAX + 1);
	for (size_t i = 0; i <= TDX_EVENT_DATA_MAX / 8; i++)
		buf_le64(&big, 0);
	assert_refused(&big, "E-TDX-020");
}

static void
test_no_log(void **state)
{
	static const char *const texts[] = {"", "{}", "Spec ID Event03"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		CLEANUP(buf_done) struct buf b = {0};

		buf_str(&b, texts[i]);
		assert_refused(&b, "E-TDX-020");
	}
}

static void
read_vector(const char *name, size_t max, struct buf *out)
{
	char path[256], full[700];
	struct err err;

	snprintf(path, sizeof path, "vectors/tdx/%s", name);
	if (!shared_data(path, full, sizeof full))
		skip();
	assert_ok(file_read(full, max, out, &err));
}

static void
test_real_log_gives_the_rtmrs_of_its_quote(void **state)
{
	CLEANUP(buf_done) struct buf b = {0}, quote = {0};
	CLEANUP(arena_done) struct arena a;
	struct hash384 rtmrs[TDX_RTMRS];
	struct tdx_eventlog log;
	struct verdict v = {0};
	struct tdx_quote q;
	struct err err;

	(void)state;
	read_vector("go-tdx-guest/ccel_data.dat", TDX_EVENTLOG_MAX, &b);
	read_vector("go-tdx-guest/cos-113-tdx-quote.dat", TDX_QUOTE_MAX, &quote);
	assert_ok(parse(&a, &b, &log, &err));
	assert_ok(tdx_quote_parse(buf_view(&quote), &q, &v));
	tdx_eventlog_replay(&log, rtmrs);
	for (size_t i = 0; i < TDX_RTMRS; i++)
		assert_memory_equal(rtmrs[i].b, q.rtmr[i].p, sizeof rtmrs[i].b);
	/* One bit of one digest, and the register is another. */
	((uint8_t *)(uintptr_t)log.events[3].digest.p)[0] ^= 1;
	tdx_eventlog_replay(&log, rtmrs);
	assert_memory_not_equal(rtmrs[log.events[3].mr - 1].b, q.rtmr[log.events[3].mr - 1].p, 48);
}

static void
test_real_logs_are_read_to_their_end(void **state)
{
	static const struct {
		const char *file;
		size_t events;
	} rows[] = {
	        {"trustee-eventlog/CCEL_AAEL_alibabacloud", 87},
	        {"trustee-eventlog/CCEL_data", 5},
	        {"trustee-eventlog/CCEL_data_gcp", 21},
	        {"trustee-eventlog/CCEL_data_grub", 37},
	        {"trustee-eventlog/CCEL_data_grub_gke", 35},
	        {"trustee-eventlog/CCEL_data_ovmf", 20},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_done) struct buf b = {0};
		CLEANUP(arena_done) struct arena a;
		struct tdx_eventlog log;
		struct value shown;
		struct err err;

		read_vector(rows[i].file, TDX_EVENTLOG_MAX, &b);
		assert_ok(parse(&a, &b, &log, &err));
		assert_int_equal(log.n, rows[i].events);
		shown = tdx_eventlog_show(&a, &log);
		assert_ok(arena_check(&a, &err));
		assert_int_equal(json_get(&shown, "events")->n, rows[i].events);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_replay_is_the_chain_of_digests),
	        cmocka_unit_test(test_what_stands_around_measured_data),
	        cmocka_unit_test(test_every_truncation),
	        cmocka_unit_test(test_faults),
	        cmocka_unit_test(test_limits),
	        cmocka_unit_test(test_no_log),
	        cmocka_unit_test(test_real_log_gives_the_rtmrs_of_its_quote),
	        cmocka_unit_test(test_real_logs_are_read_to_their_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
