/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "evidence/measure/launch.h"
#include "evidence/snp/report.h"
#include "vectors.h"

static struct snp_report
sample(uint32_t version)
{
	struct snp_report r = {
	        .version = version,
	        .guest_svn = 7,
	        .policy = SNP_POLICY_ONE | SNP_POLICY_SMT,
	        .signature_algo = SNP_SIG_ALGO_P384,
	        .platform_info = SNP_PLATFORM_ALIAS_CHECK,
	        .current_major = 1,
	        .committed_minor = 55,
	};

	for (size_t i = 0; i < 64; i++)
		r.report_data[i] = (uint8_t)(i + 1);
	r.r[0] = 1;
	r.s[47] = 1;
	if (version >= 3)
		r.cpuid_family = 0x19;
	if (version >= 5)
		r.launch_mitigation = 0x3f;
	return r;
}

static void
emit_and_parse(void **state)
{
	static const uint32_t versions[] = {2, 3, 4, 5};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		struct snp_report r = sample(versions[i]), back;
		uint8_t wire[SNP_REPORT_SIZE], again[SNP_REPORT_SIZE];
		struct verdict v = {0};

		snp_report_emit(&r, wire);
		assert_true(is_ok(snp_report_parse(bytes_of(wire, sizeof wire), &back, &v)));
		assert_memory_equal(&back, &r, sizeof r);
		snp_report_emit(&back, again);
		assert_memory_equal(wire, again, sizeof wire);
	}
}

struct change {
	uint32_t version;
	size_t at;
	uint8_t xor ;
	const char *reason; /* NULL: still a report */
};

static void
format_refusals(void **state)
{
	static const struct change rows[] = {
	        {5, 0x000, 0, NULL},
	        {5, 0x000, 5 ^ 6, "snp/version"},
	        {5, 0x000, 5 ^ 1, "snp/version"},
	        {5, 0x003, 1, "snp/version"},
	        {5, 0x000, 5 ^ 3, "snp/reserved"}, /* a mitigation vector that version 3 has not */
	        {3, 0x000, 3 ^ 2, "snp/reserved"}, /* a CPUID that version 2 has not */
	        {5, 0x034, 1, "snp/sigalgo"},
	        {5, 0x034, 2, "snp/sigalgo"},
	        {5, 0x04c, 1, "snp/reserved"},
	        {5, 0x04b, 0x80, "snp/reserved"},
	        {5, 0x048, 0x20, "snp/reserved"},
	        {5, 0x00a, 0x02, "snp/reserved"}, /* policy bit 17 must be one */
	        {5, 0x00b, 0x04, "snp/reserved"}, /* policy bit 26 */
	        {5, 0x00f, 0x80, "snp/reserved"},
	        {5, 0x18b, 1, "snp/reserved"},
	        {5, 0x1eb, 1, "snp/reserved"},
	        {5, 0x208, 1, "snp/reserved"},
	        {5, 0x29f, 1, "snp/reserved"},
	        {3, 0x1f8, 1, "snp/reserved"},
	        {2, 0x188, 1, "snp/reserved"},
	        {5, 0x048, 7 << 2, "snp/unsigned"},
	        {5, 0x048, 2 << 2, "snp/signingkey"},
	        {5, 0x048, 1 << 2, NULL}, /* VLEK */
	        {5, 0x030, 4, "snp/vmpl-range"},
	        {5, 0x030, 3, NULL},
	        {5, 0x2d0, 1, "snp/sig-format"},
	        {5, 0x318, 1, "snp/sig-format"},
	        {5, 0x330, 1, "snp/sig-format"},
	        {5, 0x49f, 1, "snp/sig-format"},
	        {5, 0x2e8, 1, "snp/sig-format"}, /* S becomes zero */
	        {5, 0x2e8, 2, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct snp_report r = sample(rows[i].version), back;
		uint8_t wire[SNP_REPORT_SIZE];
		struct verdict v = {0};
		status s;

		snp_report_emit(&r, wire);
		wire[rows[i].at] ^= rows[i].xor ;
		s = snp_report_parse(bytes_of(wire, sizeof wire), &back, &v);
		if (is_ok(s) != !rows[i].reason)
			fail_msg("row %zu: %s", i, v.detail);
		assert_string_equal(v.reason, rows[i].reason ? rows[i].reason : "");
		if (rows[i].reason)
			assert_int_equal(v.step, STEP_DECODE);
	}
}

static void
host_report_and_sizes(void **state)
{
	struct snp_report r = sample(5), back;
	uint8_t wire[4001] = {0};
	struct verdict v = {0};

	(void)state;
	r.vmpl = UINT32_MAX;
	snp_report_emit(&r, wire);
	assert_int_equal(snp_report_parse(bytes_of(wire, SNP_REPORT_SIZE), &back, &v).cls,
	                 ERR_REJECTED);
	assert_string_equal(v.reason, "snp/host-report");
	for (size_t n = 0; n <= sizeof wire; n++) {
		if (n == SNP_REPORT_SIZE)
			continue;
		v = (struct verdict){0};
		assert_int_equal(snp_report_parse(bytes_of(wire, n), &back, &v).cls, ERR_REJECTED);
		assert_string_equal(v.reason, "snp/size");
	}
}

/* Real reports: what is parsed and emitted again is the same to the byte. */
static void
real_reports(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf text = {0};
	struct value rows;
	size_t n = 0;

	(void)state;
	rows = vector_rows(&a, &text);
	for (size_t i = 0; i < rows.n; i++) {
		const struct value *row = json_item(&rows, i);
		CLEANUP(buf_done) struct buf b = {0};
		struct snp_report r;
		struct verdict v = {0};
		uint8_t wire[SNP_REPORT_SIZE];
		char hex[129];
		uint64_t version;

		if (!row_kind(row, "snp") || !json_u64(json_get(row, "version"), 9, &version))
			continue;
		assert_true(vector_read(row_text(&a, row, "report"), &b));
		if (!is_ok(snp_report_parse(buf_view(&b), &r, &v)))
			fail_msg("%s: %s", row_text(&a, row, "report"), v.detail);
		snp_report_emit(&r, wire);
		assert_bytes(bytes_of(wire, sizeof wire), buf_view(&b));
		assert_int_equal(r.version, version);
		assert_string_equal(hex_cstr(bytes_of(r.measurement, 48), hex, sizeof hex),
		                    row_text(&a, row, "measurement"));
		assert_string_equal(hex_cstr(bytes_of(r.chip_id, 64), hex, sizeof hex),
		                    row_text(&a, row, "chip_id"));
		assert_string_equal(hex_cstr(bytes_of(r.reported_tcb, 8), hex, sizeof hex),
		                    row_text(&a, row, "reported_tcb"));
		n++;
	}
	if (n == 0)
		skip();
	assert_true(n >= 13);
}

static void
products(void **state)
{
	static const struct {
		uint8_t family, model;
		int product;
	} rows[] = {
	        {0x19, 0x00, SNP_MILAN}, {0x19, 0x0f, SNP_MILAN}, {0x19, 0x10, SNP_GENOA},
	        {0x19, 0x1f, SNP_GENOA}, {0x19, 0x20, -1},        {0x19, 0xa0, SNP_GENOA},
	        {0x19, 0xb0, -1},        {0x1a, 0x02, SNP_TURIN}, {0x1a, 0x11, SNP_TURIN},
	        {0x1a, 0x12, -1},        {0x17, 0x31, -1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		enum snp_product p;
		bool known = snp_product_from_cpuid(rows[i].family, rows[i].model, &p);

		assert_int_equal(known, rows[i].product >= 0);
		if (known)
			assert_int_equal(p, rows[i].product);
	}
}

static void
tcb_parts(void **state)
{
	static const uint8_t turin[8] = {1, 2, 3, 4, 0, 0, 0, 0x51};
	static const uint8_t genoa[8] = {10, 0, 0, 0, 0, 0, 0x17, 0x54};
	struct snp_tcb t, g;
	uint8_t raw[8];
	unsigned int a, b;
	char text[SNP_TCB_TEXT];

	(void)state;
	assert_true(snp_tcb_decode(SNP_TURIN, turin, &t));
	assert_int_equal(t.fmc, 1);
	assert_int_equal(t.microcode, 0x51);
	snp_tcb_encode(SNP_TURIN, &t, raw);
	assert_memory_equal(raw, turin, 8);
	assert_false(snp_tcb_decode(SNP_GENOA, turin, &g)); /* bytes 2, 3 are reserved there */
	assert_true(snp_tcb_decode(SNP_GENOA, genoa, &g));
	assert_false(snp_tcb_decode(SNP_TURIN, genoa, &t));
	snp_tcb_encode(SNP_GENOA, &g, raw);
	assert_memory_equal(raw, genoa, 8);
	t = g;
	assert_true(snp_tcb_equal(&t, &g));
	t.snp--;
	t.microcode++; /* a higher part makes up for no lower one */
	assert_string_equal(snp_tcb_below(&t, &g, &a, &b), "SNP");
	assert_int_equal(a, 0x16);
	assert_int_equal(b, 0x17);
	assert_string_equal(snp_tcb_text(SNP_GENOA, &g, text),
	                    "bootloader 10, TEE 0, SNP 23, microcode 84");
}

/* A derivation from one vCPU finds the count, and no other. */
static void
vcpu_derivation(void **state)
{
	static const unsigned int counts[] = {1, 2, 8, 219, 220, 221};
	struct vmsa_spec boot = {VMM_QEMU, VMSA_BOOT_EIP, 0xa10f10, 1};
	struct vmsa_spec ap = {VMM_QEMU, 0x80b004, 0xa10f10, 1};
	struct vmsa_spec other = {VMM_QEMU, 0x80b008, 0xa10f10, 1};
	struct hash384 one = {{0}};

	(void)state;
	launch_add_vcpus(&one, &boot, 1);
	for (size_t i = 0; i < COUNT_OF(counts); i++) {
		struct hash384 d = one;

		launch_add_vcpus(&d, &ap, counts[i] - 1);
		assert_int_equal(launch_count_vcpus(&one, &ap, 220, hash384_view(&d)),
		                 counts[i] > 220 ? 0 : counts[i]);
		assert_int_equal(launch_count_vcpus(&one, &other, 220, hash384_view(&d)),
		                 counts[i] == 1 ? 1 : 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(emit_and_parse),
	        cmocka_unit_test(format_refusals),
	        cmocka_unit_test(host_report_and_sizes),
	        cmocka_unit_test(real_reports),
	        cmocka_unit_test(products),
	        cmocka_unit_test(tcb_parts),
	        cmocka_unit_test(vcpu_derivation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
