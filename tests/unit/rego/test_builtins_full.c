/* SPDX-License-Identifier: Apache-2.0 */
/* Builtins of the full table alone: ordinary, at the edge, wrong operand. */
#include "builtin_rows.h"
#include "rego/time_zone.h"
#include "unit.h"

#define RUN(rows)                                                                                  \
	(void)state;                                                                               \
	builtin_rows_run(&rego_builtins_full, rows, COUNT_OF(rows))

static void
net(void **state)
{
	static const struct builtin_row rows[] = {
	        {"net.cidr_contains", "[\"10.0.0.0/8\",\"10.1.2.0/24\"]", "true"},
	        {"net.cidr_contains", "[\"10.0.0.0/8\",\"10.1.2.3\"]", "true"},
	        {"net.cidr_contains", "[\"10.1.0.0/16\",\"10.0.0.0/8\"]", "false"},
	        {"net.cidr_contains", "[\"::/0\",\"10.0.0.1\"]", "false"},
	        {"net.cidr_contains", "[\"2001:db8::/32\",\"2001:db8:1::1\"]", "true"},
	        {"net.cidr_contains", "[\"10.0.0.0/33\",\"10.0.0.1\"]",
	         "!invalid CIDR address: 10.0.0.0/33"},
	        {"net.cidr_contains", "[\"10.0.0.0/8\",\"x\"]",
	         "!not a valid textual representation of an IP address or CIDR: x"},
	        {"net.cidr_contains", "[1,\"x\"]", "!operand 1 must be string"},
	        {"net.cidr_overlap", "[\"10.0.0.0/8\",\"10.0.0.1\"]", "true"},
	        {"net.cidr_intersects", "[\"10.0.0.0/8\",\"10.1.0.0/16\"]", "true"},
	        {"net.cidr_intersects", "[\"10.0.0.0/24\",\"10.0.1.0/24\"]", "false"},
	        {"net.cidr_intersects", "[\"a\",\"b\"]", "!invalid CIDR address: a"},
	        {"net.cidr_is_valid", "[\"10.0.0.1/8\"]", "true"},
	        {"net.cidr_is_valid", "[\"10.0.0.01/8\"]", "false"},
	        {"net.cidr_is_valid", "[\"::1:2:3:4:5:6:7:8/8\"]", "false"},
	        {"net.cidr_is_valid", "[1]", "false"},
	        {"net.cidr_is_valid", "[\"::ffff:1.2.3.4/120\"]", "true"},
	        {"net.cidr_is_valid", "[\"1:2:3:4:5:6:7:8/129\"]", "false"},
	        {"net.cidr_expand", "[\"10.0.0.5/30\"]",
	         "{\"$set\":[\"10.0.0.4\",\"10.0.0.5\",\"10.0.0.6\",\"10.0.0.7\"]}"},
	        {"net.cidr_expand", "[\"fe80::1/127\"]", "{\"$set\":[\"fe80::\",\"fe80::1\"]}"},
	        {"net.cidr_expand", "[\"::/0\"]", "!too many addresses"},
	        {"net.cidr_expand", "[\"10.0.0.0/10\"]", "!out of steps"},
	        {"net.cidr_expand", "[1]", "!operand 1"},
	        {"net.cidr_contains_matches", "[\"1.1.1.0/24\",\"1.1.1.1\"]",
	         "{\"$set\":[[\"1.1.1.0/24\",\"1.1.1.1\"]]}"},
	        {"net.cidr_contains_matches", "[[\"1.1.2.0/24\",\"1.1.1.0/24\"],[\"1.1.1.1\"]]",
	         "{\"$set\":[[1,0]]}"},
	        {"net.cidr_contains_matches",
	         "[{\"a\":[\"1.1.1.0/24\",9]},{\"$set\":[\"1.1.1.1\"]}]",
	         "{\"$set\":[[\"a\",\"1.1.1.1\"]]}"},
	        {"net.cidr_contains_matches", "[[\"1.1.1.0/24\"],[1]]",
	         "!operand 2: element must be string or non-empty array"},
	        {"net.cidr_merge", "[[\"192.0.128.0/24\",\"192.0.129.0/24\"]]",
	         "{\"$set\":[\"192.0.128.0/23\"]}"},
	        {"net.cidr_merge", "[[\"10.0.0.0/31\",\"10.0.0.2/32\"]]",
	         "{\"$set\":[\"10.0.0.0/31\",\"10.0.0.2/32\"]}"},
	        {"net.cidr_merge", "[[\"192.0.2.9\"]]", "{\"$set\":[\"192.0.2.9/24\"]}"},
	        {"net.cidr_merge", "[[]]", "{\"$set\":[]}"},
	        {"net.cidr_merge", "[[\"::/0\",\"10.0.0.0/8\"]]", "{\"$set\":[\"::/0\"]}"},
	        {"net.cidr_merge", "[[\"fe80::\"]]", "!IPv6 invalid: needs prefix length"},
	        {"net.cidr_merge", "[1]", "!operand must be an array"},
	        {"net.cidr_merge", "[[1]]", "!element must be string"},
	};
	RUN(rows);
}

static void
versions_units_ids(void **state)
{
	static const struct builtin_row rows[] = {
	        {"semver.compare", "[\"1.2.3\",\"1.10.0\"]", "-1"},
	        {"semver.compare", "[\"v1.0.0\",\"1.0.0+x\"]", "0"},
	        {"semver.compare", "[\"1.0.0-alpha.2\",\"1.0.0-alpha.10\"]", "-1"},
	        {"semver.compare", "[\"1.0.0\",\"1.0.0-rc\"]", "1"},
	        {"semver.compare", "[\"1.0.0-a.b\",\"1.0.0-a\"]", "1"},
	        {"semver.compare", "[\"1.0.0-1\",\"1.0.0-a\"]", "-1"},
	        {"semver.compare", "[\"1.0\",\"1.0.0\"]",
	         "!operand 1: string \"1.0\" is not a valid SemVer"},
	        {"semver.compare", "[\"1.0.0\",1]", "!operand 2 must be string"},
	        {"semver.is_valid", "[\"1.0.0-rc.1+b\"]", "true"},
	        {"semver.is_valid", "[\"1.0.0-a..b\"]", "false"},
	        {"semver.is_valid", "[\"1.2.3.4\"]", "false"},
	        {"semver.is_valid", "[1]", "false"},
	        {"units.parse", "[\"1.5Ki\"]", "1536"},
	        {"units.parse", "[\"100m\"]", "0.1"},
	        {"units.parse", "[\"1M\"]", "1000000"},
	        {"units.parse", "[\"0.0005K\"]", "0.5"},
	        {"units.parse", "[\"1e3\"]", "1000"},
	        {"units.parse", "[\"\\\"1G\\\"\"]", "1000000000"},
	        {"units.parse", "[\"1e-12\"]", "0"},
	        {"units.parse", "[\"\"]", "!no amount provided"},
	        {"units.parse", "[\"1 K\"]", "!spaces not allowed in resource strings"},
	        {"units.parse", "[\"1x\"]", "!unit x not recognized"},
	        {"units.parse", "[\"1.2.3\"]", "!could not parse amount to a number"},
	        {"units.parse", "[\"1e9999999\"]", "!exponent too large"},
	        {"units.parse", "[\"1e999999\"]", "!could not parse amount"},
	        {"units.parse", "[1]", "!operand 1"},
	        {"units.parse_bytes", "[\"1.1KiB\"]", "1126"},
	        {"units.parse_bytes", "[\"10EB\"]", "10000000000000000000"},
	        {"units.parse_bytes", "[\"5mB\"]", "5000000"},
	        {"units.parse_bytes", "[\"1e2k\"]", "100000"},
	        {"units.parse_bytes", "[\"GB\"]", "!no byte amount provided"},
	        {"units.parse_bytes", "[\"1xb\"]", "!byte unit xb not recognized"},
	        {"units.parse_bytes", "[null]", "!operand 1"},
	        {"uuid.parse", "[\"00000000-0000-4000-8000-000000000000\"]",
	         "{\"version\":4,\"variant\":\"RFC4122\"}"},
	        {"uuid.parse", "[\"{00000000-0000-4000-c000-000000000000}\"]",
	         "{\"version\":4,\"variant\":\"Microsoft\"}"},
	        {"uuid.parse", "[\"nope\"]", "?"},
	        {"uuid.parse", "[1]", "!operand 1 must be string"},
	        {"uuid.parse", "[\"urn:uuid:2ed6657d-e927-11ee-a7d2-0242ac120002\"]",
	         "{\"version\":1,\"variant\":\"RFC4122\",\"time\":1711206499386303700,\"nodeid\":"
	         "\"02-42-ac-12-00-02\",\"macvariables\":\"local:unicast\",\"clocksequence\":"
	         "10194}"},
	        {"rand.intn", "[\"a\",0]", "0"},
	        {"rand.intn", "[\"a\",1]", "0"},
	        {"rand.intn", "[1,1]", "!operand 1"},
	        {"rand.intn", "[\"a\",1.5]", "!operand 2"},
	        {"http.send", "[{}]", "!is not part of this engine"},
	        {"opa.runtime", "[]", "!is not part of this engine"},
	};
	RUN(rows);
}

/* The same key draws the same number, and every number stays below the bound. */
static void
random_rows(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++) {
		CLEANUP(arena_done) struct arena a = {0};
		const struct rego_builtin *b =
		        rego_builtin_find(&rego_builtins_full, BYTES("rand.intn"));
		struct err err = {0};
		struct rego_call c = {.arena = &a, .name = "rand.intn", .err = &err};
		struct value args[2] = {json_string(arena_printf(&a, "%d", i / 2)), json_int(7)},
		             x = {0}, y = {0};
		int64_t n;

		assert_ok(b->fn(&c, args, &x));
		assert_ok(b->fn(&c, args, &y));
		assert_true(value_eq(&x, &y) && value_int(&x, &n) && n >= 0 && n < 7);
	}
}

static void
graphs(void **state)
{
	static const struct builtin_row rows[] = {
	        {"graph.reachable",
	         "[{\"a\":[\"b\"],\"b\":{\"$set\":[\"a\",\"z\"]},\"c\":[]},[\"a\"]]",
	         "{\"$set\":[\"a\",\"b\"]}"},
	        {"graph.reachable", "[{\"a\":null},{\"$set\":[\"a\",\"q\"]}]",
	         "{\"$set\":[\"a\"]}"},
	        {"graph.reachable", "[{},[]]", "{\"$set\":[]}"},
	        {"graph.reachable", "[1,[]]", "!operand 1 must be object"},
	        {"graph.reachable", "[{},\"a\"]", "!operand 2 must be {array, set} but got string"},
	        {"graph.reachable_paths", "[{\"a\":[\"b\",\"c\"],\"b\":[\"c\"],\"c\":[]},[\"a\"]]",
	         "{\"$set\":[[\"a\",\"b\",\"c\"],[\"a\",\"c\"]]}"},
	        {"graph.reachable_paths", "[{\"a\":[\"b\"],\"b\":[\"a\"]},[\"a\"]]",
	         "{\"$set\":[[\"a\",\"b\"]]}"},
	        {"graph.reachable_paths", "[{\"a\":[\"x\"]},[\"a\"]]", "{\"$set\":[[\"a\"]]}"},
	        {"graph.reachable_paths", "[{},[\"a\"]]", "{\"$set\":[]}"},
	        {"graph.reachable_paths", "[[],[]]", "!operand 1 must be object"},
	        {"regex.globs_match", "[\"a.*\",\"ab\"]", "true"},
	        {"regex.globs_match", "[\"[a-c]+x\",\"bd*x\"]", "true"},
	        {"regex.globs_match", "[\"a\",\"b\"]", "false"},
	        {"regex.globs_match", "[\"a*b*\",\"\"]", "true"},
	        {"regex.globs_match", "[\"a+\",\"\"]", "false"},
	        {"regex.globs_match", "[\"\\\\[a\\\\]\",\"[[]a.\"]", "true"},
	        {"regex.globs_match", "[\"a]\",\"a\"]",
	         "!input:a], pos:2, set-close ']' with no preceding '[': the input provided is "
	         "invalid"},
	        {"regex.globs_match", "[\"+\",\"a\"]", "!must be preceded by a non-flag"},
	        {"regex.globs_match", "[\"[a\",\"a\"]", "!found [ without matching ]"},
	        {"regex.globs_match", "[1,\"a\"]", "!operand 1"},
	        {"urlquery.encode", "[\"a b&c=d/\u00e9~\"]", "\"a+b%26c%3Dd%2F%C3%A9~\""},
	        {"urlquery.encode", "[1]", "!operand 1"},
	        {"urlquery.decode", "[\"a+b%26%C3%A9\"]", "\"a b&\u00e9\""},
	        {"urlquery.decode", "[\"%zz\"]", "!invalid URL escape \"%zz\""},
	        {"urlquery.encode_object",
	         "[{\"b\":[\"x\",\"y\"],\"a\":\"1 2\",\"c\":{\"$set\":[\"z\"]}}]",
	         "\"a=1+2&b=x&b=y&c=z\""},
	        {"urlquery.encode_object", "[{}]", "\"\""},
	        {"urlquery.encode_object", "[{\"a\":1}]",
	         "!operand 1 values must be string, array[string], or set[string]"},
	        {"urlquery.encode_object", "[[]]", "!operand 1 must be object"},
	        {"urlquery.decode_object", "[\"a=1&b=&a=2&c\"]",
	         "{\"a\":[\"1\",\"2\"],\"b\":[\"\"],\"c\":[\"\"]}"},
	        {"urlquery.decode_object", "[\"\"]", "{}"},
	        {"urlquery.decode_object", "[\"a;b\"]", "!invalid semicolon separator in query"},
	        {"urlquery.decode_object", "[1]", "!operand 1"},
	};
	RUN(rows);
}

static void
times(void **state)
{
	static const struct builtin_row rows[] = {
	        {"time.parse_rfc3339_ns", "[\"2017-06-02T19:00:00-07:00\"]", "1496455200000000000"},
	        {"time.parse_rfc3339_ns", "[\"1970-01-01T00:00:00.000000001Z\"]", "1"},
	        {"time.parse_rfc3339_ns", "[\"1677-09-21T00:12:43.145224192-00:00\"]",
	         "-9223372036854775808"},
	        {"time.parse_rfc3339_ns", "[\"1677-09-21T00:12:43.145224191-00:00\"]",
	         "!time outside of valid range"},
	        {"time.parse_rfc3339_ns", "[\"2021-02-30T00:00:00Z\"]", "!day out of range"},
	        {"time.parse_rfc3339_ns", "[\"2021-13-01T00:00:00Z\"]", "!month out of range"},
	        {"time.parse_rfc3339_ns", "[\"x\"]", "!cannot parse \"x\" as \"2006\""},
	        {"time.parse_rfc3339_ns", "[1]", "!operand 1"},
	        {"time.parse_ns", "[\"2006-01-02\",\"2020-02-29\"]", "1582934400000000000"},
	        {"time.parse_ns", "[\"RFC1123Z\",\"Sat, 03 Dec 2022 00:10:53 +0530\"]",
	         "1670006453000000000"},
	        {"time.parse_ns", "[\"Jan _2 2006 3:04PM\",\"feb  9 2021 1:05PM\"]",
	         "1612875900000000000"},
	        {"time.parse_ns", "[\"06-002 15\",\"21-032 07\"]", "1612162800000000000"},
	        {"time.parse_ns", "[\"2006-01-02 15:04:05.000\",\"2021-01-01 00:00:00.123\"]",
	         "1609459200123000000"},
	        {"time.parse_ns", "[\"2006-01-02 MST\",\"2021-01-01 CEST\"]",
	         "1609459200000000000"},
	        {"time.parse_ns", "[\"2006\",\"2021x\"]", "!extra text: \"x\""},
	        {"time.parse_ns", "[\"2006-01-02T15:04:05Z07:00\",\"2021-01-01T24:00:00Z\"]",
	         "!hour out of range"},
	        {"time.parse_ns", "[1,\"\"]", "!operand 1"},
	        {"time.format", "[1670006453141828752]", "\"2022-12-02T18:40:53.141828752Z\""},
	        {"time.format", "[[0,\"UTC\",\"Mon Jan _2 15:04:05 2006\"]]",
	         "\"Thu Jan  1 00:00:00 1970\""},
	        {"time.format",
	         "[[-1,\"\",\"2006-01-02 15:04:05.000 PM 3 002 Z07 MST Monday January\"]]",
	         "\"1969-12-31 23:59:59.999 PM 11 365 Z UTC Wednesday December\""},
	        {"time.format", "[[1e9,\"UTC\",\"05.999\"]]", "\"01\""},
	        {"time.format", "[\"a\"]",
	         "!operand 1 must be either number (ns) or [number (ns), string (tz)] but got "
	         "string"},
	        {"time.format", "[[]]", "!either number (ns)"},
	        {"time.format", "[[0,\"../x\"]]", "!unknown time zone ../x"},
	        {"time.format", "[[0,\"No/Where\"]]", "!unknown time zone No/Where"},
	        {"time.date", "[1582977600000000000]", "[2020,2,29]"},
	        {"time.date", "[-1]", "[1969,12,31]"},
	        {"time.date", "[1e30]", "!timestamp too big"},
	        {"time.date", "[null]", "!operand 1 must be either"},
	        {"time.clock", "[1517832000000000000]", "[12,0,0]"},
	        {"time.clock", "[-1]", "[23,59,59]"},
	        {"time.clock", "[{}]", "!operand 1"},
	        {"time.weekday", "[1517832000000000000]", "\"Monday\""},
	        {"time.weekday", "[-1]", "\"Wednesday\""},
	        {"time.weekday", "[[1,2]]", "!operand 1 must be string"},
	        {"time.add_date", "[0,1,2,3]", "36892800000000000"},
	        {"time.add_date", "[1580428800000000000,0,1,0]", "1583107200000000000"},
	        {"time.add_date", "[0,-1,0,0]", "-31536000000000000"},
	        {"time.add_date", "[0,2262,1,1]", "!time outside of valid range"},
	        {"time.add_date", "[0,0,0,9223372036854775807]", "!time outside of valid range"},
	        {"time.add_date", "[0,\"1\",0,0]", "!operand 2"},
	        {"time.diff", "[1078012800000000000,1109635200000000000]", "[1,0,1,0,0,0]"},
	        {"time.diff", "[61000000000,0]", "[0,0,0,0,1,1]"},
	        {"time.diff", "[1,1]", "[0,0,0,0,0,0]"},
	        {"time.diff", "[1,\"\"]", "!operand 1"},
	        {"time.parse_duration_ns", "[\"1h2m3.5s\"]", "3723500000000"},
	        {"time.parse_duration_ns", "[\"-1.5ms\"]", "-1500000"},
	        {"time.parse_duration_ns", "[\"0\"]", "0"},
	        {"time.parse_duration_ns", "[\"1\u00b5s\"]", "1000"},
	        {"time.parse_duration_ns", "[\"1\"]", "!missing unit in duration \"1\""},
	        {"time.parse_duration_ns", "[\"1x\"]", "!unknown unit \"x\" in duration \"1x\""},
	        {"time.parse_duration_ns", "[\"\"]", "!invalid duration \"\""},
	        {"time.parse_duration_ns", "[\"99999999999h\"]", "!invalid duration"},
	        {"time.parse_duration_ns", "[1]", "!operand 1"},
	};
	RUN(rows);
}

static void
zones(void **state)
{
	static const struct builtin_row rows[] = {
	        {"time.format", "[[1670006453141828752,\"Asia/Kolkata\"]]",
	         "\"2022-12-03T00:10:53.141828752+05:30\""},
	        {"time.clock", "[[1517832000000000000,\"America/New_York\"]]", "[7,0,0]"},
	        {"time.date", "[[1517814000000000000,\"America/Los_Angeles\"]]", "[2018,2,4]"},
	        {"time.format", "[[1750000000000000000,\"Europe/Berlin\",\"15:04 MST -0700\"]]",
	         "\"17:06 CEST +0200\""},
	        {"time.format", "[[4102444800000000000,\"Europe/Berlin\",\"15:04 MST\"]]",
	         "\"01:00 CET\""},
	        {"time.format", "[[4118083200000000000,\"Europe/Berlin\",\"15:04 MST\"]]",
	         "\"02:00 CEST\""},
	        {"time.format", "[[4102444800000000000,\"Australia/Sydney\",\"15:04 MST\"]]",
	         "\"11:00 AEDT\""},
	        {"time.add_date", "[[1616857200000000000,\"Europe/Berlin\"],0,0,1]",
	         "1616940000000000000"},
	        {"time.diff",
	         "[[1700000060000000000,\"UTC\"],[1700000000000000000,\"Asia/Shanghai\"]]",
	         "[0,0,0,0,1,0]"},
	};

	if (!file_exists("/usr/share/zoneinfo/Europe/Berlin"))
		skip();
	RUN(rows);
}

/* What is no TZif, or points outside itself. */
static void
zone_faults(void **state)
{
	uint8_t data[44 + 44 + 1 + 8 + 6 + 4] = "TZif2";
	struct zone z;

	(void)state;
	data[44 - 8 + 3] = 0;
	assert_false(zone_parse(bytes_of(data, 0), &z));
	assert_false(zone_parse(bytes_of(data, sizeof data), &z)); /* no types */
	mem_copy(data + 44, "TZif2", 5);
	data[39] = 1; /* one type in the old block: 6 bytes of the new header */
	assert_false(zone_parse(bytes_of(data, sizeof data), &z));
	assert_false(zone_name_ok(BYTES("a.b")));
	assert_false(zone_name_ok(BYTES("/etc/passwd")));
	assert_true(zone_name_ok(BYTES("America/Argentina/Buenos_Aires")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(net),         cmocka_unit_test(versions_units_ids),
	        cmocka_unit_test(random_rows), cmocka_unit_test(graphs),
	        cmocka_unit_test(times),       cmocka_unit_test(zones),
	        cmocka_unit_test(zone_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
