/* SPDX-License-Identifier: Apache-2.0 */
#include "node/pod_spec.h"
#include "node/wire.h"
#include "unit.h"

#define HEAD                                                                                       \
	"{\"name\":\"a\",\"namespace\":\"d\",\"hostname\":\"a\",\"confidential\":true,"            \
	"\"restart\":\"Always\",\"grace\":5,\"address\":\"10.88.0.2\",\"prefix\":16,"              \
	"\"gateway\":\"10.88.0.1\",\"hosts\":\"\",\"resolv\":\"\","
#define VOLUMES "\"volumes\":[{\"name\":\"v\"}],"
#define MAIN(more) "{\"name\":\"m\",\"kind\":\"main\",\"image\":\"i\"" more "}"
#define SPEC(containers) HEAD VOLUMES "\"containers\":[" containers "]}"

static status
parse(struct arena *a, const char *text, struct pod_spec *s, struct err *err)
{
	return pod_spec_parse(a, bytes_str(text), s, err);
}

static void
whole(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct pod_spec s;
	struct err err;

	(void)state;
	assert_ok(
	        parse(&a,
	              SPEC("{\"name\":\"i\",\"kind\":\"init\",\"image\":\"x\",\"args\":[]}," MAIN(
	                      ",\"command\":[\"/a\",\"b\"],\"env\":[\"A=1\"],\"groups\":[7],"
	                      "\"mounts\":[{\"volume\":\"v\",\"path\":\"/p\",\"readOnly\":true}],"
	                      "\"readiness\":{\"http\":80,\"path\":\"/x\",\"delay\":1,\"period\":0,"
	                      "\"timeout\":0,\"failures\":0,\"successes\":0}")),
	              &s, &err));
	assert_int_equal(s.n_containers, 2);
	assert_int_equal(s.address, 0x0a580002);
	assert_int_equal(s.prefix, 16);
	assert_true(s.confidential);
	/* An empty list of arguments is not the same as none. */
	assert_true(s.containers[0].args.present);
	assert_false(s.containers[0].command.present);
	assert_int_equal(s.containers[1].command.n, 2);
	assert_true(s.containers[1].mounts[0].read_only);
	assert_int_equal(s.containers[1].groups[0], 7);
	assert_int_equal(s.containers[1].readiness.kind, PROBE_HTTP);
	assert_int_equal(s.containers[1].readiness.period, 1);
}

static void
refused(void **state)
{
	static const char *const rows[] = {
	        "",
	        "{}",
	        "[]",
	        SPEC(""),
	        SPEC(MAIN(",\"unknown\":1")),
	        SPEC("{\"name\":\"i\",\"kind\":\"init\",\"image\":\"x\"}"),
	        SPEC(MAIN("") "," MAIN("")),
	        SPEC(MAIN("") ",{\"name\":\"i\",\"kind\":\"init\",\"image\":\"x\"}"),
	        SPEC("{\"name\":\"M\",\"kind\":\"main\",\"image\":\"x\"}"),
	        SPEC("{\"name\":\"m\",\"kind\":\"other\",\"image\":\"x\"}"),
	        SPEC(MAIN(",\"args\":[1]")),
	        SPEC(MAIN(",\"groups\":[65536]")),
	        SPEC(MAIN(",\"mounts\":[{\"volume\":\"w\",\"path\":\"/p\"}]")),
	        SPEC(MAIN(",\"mounts\":[{\"volume\":\"v\",\"path\":\"p\"}]")),
	        SPEC(MAIN(",\"mounts\":[{\"volume\":\"v\",\"path\":\"/\"}]")),
	        SPEC(MAIN(",\"mounts\":[{\"volume\":\"v\",\"path\":\"/a/../b\"}]")),
	        SPEC(MAIN(",\"mounts\":[{\"volume\":\"v\",\"path\":\"/p\",\"subPath\":\"../x\"}]")),
	        SPEC(MAIN(",\"mounts\":[{\"volume\":\"v\",\"path\":\"/p\",\"subPath\":\"/x\"}]")),
	        SPEC(MAIN(",\"liveness\":{\"tcp\":0,\"delay\":0,\"period\":1,\"timeout\":1,"
	                  "\"failures\":1,\"successes\":1}")),
	        SPEC(MAIN(",\"liveness\":{\"http\":80,\"path\":\"/a b\",\"delay\":0,\"period\":1,"
	                  "\"timeout\":1,\"failures\":1,\"successes\":1}")),
	        SPEC(MAIN(",\"liveness\":{\"exec\":[],\"delay\":0,\"period\":1,\"timeout\":1,"
	                  "\"failures\":1,\"successes\":1}")),
	        HEAD "\"volumes\":[{\"name\":\"v\",\"files\":[{\"path\":\"../x\",\"mode\":420,"
	             "\"data\":\"\"}]}],\"containers\":[" MAIN("") "]}",
	        HEAD "\"volumes\":[{\"name\":\"v\",\"files\":[{\"path\":\"x\",\"mode\":512,"
	             "\"data\":\"\"}]}],\"containers\":[" MAIN("") "]}",
	        HEAD "\"volumes\":[{\"name\":\"v\",\"files\":[{\"path\":\"x\",\"mode\":420,"
	             "\"data\":\"*\"}]}],\"containers\":[" MAIN("") "]}",
	        HEAD "\"volumes\":[{\"name\":\"a/b\"}],\"containers\":[" MAIN("") "]}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		struct pod_spec s;
		struct err err;

		if (is_ok(parse(&a, rows[i], &s, &err)))
			fail_msg("row %zu is accepted: %s", i, rows[i]);
	}
}

static void
paths(void **state)
{
	static const struct {
		const char *text;
		bool ok;
	} rows[] = {
	        {"a", true},    {"a/b.c", true}, {"..data", true}, {"", false},
	        {"/a", false},  {"a/", false},   {"a//b", false},  {".", false},
	        {"a/.", false}, {"..", false},   {"a/..", false},  {"../a", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_int_equal(pod_path_valid(bytes_str(rows[i].text)), rows[i].ok);
	assert_false(pod_path_valid(bytes_of("a\0b", 3)));
}

static void
addresses(void **state)
{
	static const char *const bad[] = {"",         "1.2.3",    "1.2.3.4.5", "1.2.3.256",
	                                  "01.2.3.4", "1.2.3.4 ", "a.b.c.d",   "1..2.3"};
	char text[16];
	uint32_t address;

	(void)state;
	assert_true(ipv4_parse(BYTES("10.88.0.255"), &address));
	assert_string_equal(ipv4_cstr(address, text), "10.88.0.255");
	assert_true(ipv4_parse(BYTES("255.255.255.255"), &address));
	assert_int_equal(address, UINT32_MAX);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(ipv4_parse(bytes_str(bad[i]), &address));
}

static void
frames(void **state)
{
	CLEANUP(buf_done) struct buf b = {0};
	struct wire_frame f;
	struct bytes document, spec;
	struct err err;
	size_t used;
	bool is_whole;

	(void)state;
	wire_start_emit(&b, BYTES("doc"), BYTES("{}"));
	for (size_t n = 0; n < b.n; n++) {
		assert_ok(wire_next(bytes_of(b.p, n), &is_whole, &f, &used, &err));
		assert_false(is_whole);
	}
	assert_ok(wire_next(buf_view(&b), &is_whole, &f, &used, &err));
	assert_true(is_whole && used == b.n && f.type == WIRE_START);
	assert_ok(wire_start_parse(f.body, &document, &spec, &err));
	assert_bytes(document, BYTES("doc"));
	assert_bytes(spec, BYTES("{}"));
	for (size_t n = 0; n < 7; n++)
		assert_fails(wire_start_parse(bytes_sub(f.body, 0, n), &document, &spec, &err),
		             "E-NODE-031");
}

static void
frame_limits(void **state)
{
	static const struct {
		uint32_t n;
		bool ok;
	} rows[] = {{0, false},
	            {1, true},
	            {WIRE_MAX, true},
	            {WIRE_MAX + 1, false},
	            {UINT32_MAX, false}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_done) struct buf b = {0};
		struct wire_frame f;
		struct err err;
		size_t used;
		bool is_whole;

		buf_be32(&b, rows[i].n);
		if (rows[i].ok)
			assert_ok(wire_next(buf_view(&b), &is_whole, &f, &used, &err));
		else
			assert_fails(wire_next(buf_view(&b), &is_whole, &f, &used, &err),
			             "E-NODE-030");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(whole),  cmocka_unit_test(refused),
	        cmocka_unit_test(paths),  cmocka_unit_test(addresses),
	        cmocka_unit_test(frames), cmocka_unit_test(frame_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
