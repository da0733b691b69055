/* SPDX-License-Identifier: Apache-2.0 */
/* Launch digests against the published vectors, and firmware images that lie. */
#include "base/text.h"
#include "evidence/measure/launch.h"
#include "evidence/measure/tdx.h"
#include "unit.h"
#include "json/value.h"

#include <string.h>

static void
read_shared(const char *name, struct buf *out)
{
	char path[512], full[600];
	struct err err;

	snprintf(path, sizeof path, "vectors/snp/sev-snp-measure/%s", name);
	if (!shared_data(path, full, sizeof full))
		skip();
	assert_ok(file_read(full, FIRMWARE_MAX, out, &err));
}

static uint64_t
hex_number(const struct value *v)
{
	struct bytes t = json_text(v);
	uint64_t n = 0;

	for (size_t i = 2; i < t.n; i++)
		n = n << 4 | (uint64_t)(t.p[i] <= '9' ? t.p[i] - '0' : t.p[i] - 'a' + 10);
	return n;
}

/* Hashes of a row: its kernel and initrd are the empty file or absent. */
static const struct kernel_hashes *
row_hashes(const struct value *row, struct kernel_hashes *h)
{
	if (!json_is(json_get(row, "kernel"), VALUE_STRING))
		return NULL;
	h->kernel = sha256(BYTES(""));
	h->initrd = sha256(BYTES(""));
	h->cmdline = cmdline_hash(json_text(json_get(row, "cmdline")));
	return h;
}

static void
check_row(const struct value *row, struct bytes image, char *name)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct firmware fw;
	struct kernel_hashes hashes;
	struct launch_steps steps;
	struct hash256 old;
	struct launch_spec spec = {.firmware = &fw};
	struct bytes want = json_text(json_get(row, "expected"));
	struct bytes mode = json_text(json_get(row, "mode"));
	char got[97];
	uint64_t vcpus;
	struct err err;

	snprintf(name, 80, "%.*s", BYTES_ARG(json_text(json_get(row, "name"))));
	assert_ok(firmware_parse(&a, image, &fw, &err));
	assert_true(json_u64(json_get(row, "vcpus"), 512, &vcpus));
	assert_true(vmm_parse(json_text(json_get(row, "vmm")), &spec.vmm));
	spec.vcpus = (unsigned int)vcpus;
	spec.cpu_signature = (uint32_t)hex_number(json_get(row, "vcpu_sig"));
	spec.sev_features = hex_number(json_get(row, "features"));
	spec.hashes = row_hashes(row, &hashes);
	if (bytes_starts(want, BYTES("ERROR"))) {
		assert_fails(launch_measure_snp(&spec, &steps, &err), "E-MEASURE-020");
		return;
	}
	if (mode.n > 0) {
		assert_ok(launch_measure_sev(&spec, bytes_is(mode, "SEV-ES"), &old, &err));
		hex_cstr(hash256_view(&old), got, sizeof got);
	} else {
		assert_ok(launch_measure_snp(&spec, &steps, &err));
		hex_cstr(hash384_view(strcmp(name, "ovmf-hash seed only") == 0 ? &steps.firmware
		                                                               : &steps.launch),
		         got, sizeof got);
	}
	if (!bytes_is(want, got))
		fail_msg("%s: got %s", name, got);
}

static void
published_digests(void **state)
{
	CLEANUP(buf_done) struct buf text = {0};
	CLEANUP(arena_done) struct arena a = {0};
	struct value rows;
	unsigned int n = 0;
	struct err err;

	(void)state;
	read_shared("EXPECTED.json", &text);
	assert_ok(json_parse(&a, buf_view(&text), NULL, &rows, &err));
	for (uint32_t i = 0; i < rows.n; i++) {
		CLEANUP(buf_done) struct buf image = {0};
		const struct value *row = json_item(&rows, i);
		char file[128], name[80];

		if (json_get(row, "svsm"))
			continue; /* their firmware is not among the vectors */
		snprintf(file, sizeof file, "%.*s", BYTES_ARG(json_text(json_get(row, "ovmf"))));
		read_shared(file, &image);
		check_row(row, buf_view(&image), name);
		n++;
	}
	assert_true(n >= 20);
}

/* A page with a footer table of our own: hash table, reset block, SEV and TDX metadata. */
static void
make_image(uint8_t page[4096])
{
	static const struct {
		uint8_t guid[16];
		uint32_t value;
	} entries[] = {
	        {{0x1f, 0x37, 0x55, 0x72, 0x3b, 0x3a, 0x04, 0x4b, 0x92, 0x7b, 0x1d, 0xa6, 0xef,
	          0xa8, 0xd4, 0x54},
	         0x80f000},
	        {{0xde, 0x71, 0xf7, 0x00, 0x7e, 0x1a, 0xcb, 0x4f, 0x89, 0x0e, 0x68, 0xc7, 0x7e,
	          0x2f, 0xb4, 0x4e},
	         0x80b004},
	        {{0x66, 0x65, 0x88, 0xdc, 0x4a, 0x98, 0x98, 0x47, 0xa7, 0x5e, 0x55, 0x85, 0xa7,
	          0xbf, 0x67, 0xcc},
	         4096},
	        {{0x35, 0x65, 0x7a, 0xe4, 0x4a, 0x98, 0x98, 0x47, 0x86, 0x5e, 0x46, 0x85, 0xa7,
	          0xbf, 0x8e, 0xc2},
	         2048},
	};
	static const uint8_t footer[16] = {0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45,
	                                   0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d};
	static const uint8_t sev[] =
	        "ASEV\x1c\0\0\0\1\0\0\0\1\0\0\0\0\xf0\x80\0\0\x10\0\0\x10\0\0\0";
	static const uint8_t tdvf[] = "TDVF\x30\0\0\0\1\0\0\0\1\0\0\0"
	                              "\0\0\0\0\0\x10\0\0\0\xf0\xff\xff\0\0\0\0\0\x10\0\0\0\0\0\0"
	                              "\0\0\0\0\1\0\0\0";
	size_t end = 4096 - 32, at = end - 18, total = 18 + COUNT_OF(entries) * 22;

	memset(page, 0, 4096);
	memcpy(page, sev, sizeof sev - 1);
	memcpy(page + 2048, tdvf, sizeof tdvf - 1);
	page[at] = (uint8_t)total;
	memcpy(page + at + 2, footer, 16);
	for (size_t i = 0; i < COUNT_OF(entries); i++) {
		at -= 22;
		for (size_t k = 0; k < 4; k++)
			page[at + k] = (uint8_t)(entries[i].value >> (8 * k));
		page[at + 4] = 22;
		memcpy(page + at + 6, entries[i].guid, 16);
	}
}

static void
own_image(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	uint8_t page[4096];
	struct firmware fw;
	struct hash384 by_page, by_section;
	struct err err;

	(void)state;
	make_image(page);
	assert_ok(firmware_parse(&a, bytes_of(page, sizeof page), &fw, &err));
	assert_int_equal(fw.hash_table_base, 0x80f000);
	assert_int_equal(fw.reset_eip, 0x80b004);
	assert_int_equal(fw.n_sev, 1);
	assert_int_equal(fw.sev[0].kind, SEV_SECTION_KERNEL_HASHES);
	assert_int_equal(fw.n_tdvf, 1);
	assert_int_equal(fw.tdvf[0].address, 0xfffff000);
	assert_ok(mrtd_measure(&fw, MRTD_BY_PAGE, &by_page, &err));
	assert_ok(mrtd_measure(&fw, MRTD_BY_SECTION, &by_section, &err));
	assert_memory_equal(&by_page, &by_section, sizeof by_page); /* one page: the same order */
	page[100] ^= 1;
	assert_ok(mrtd_measure(&fw, MRTD_BY_PAGE, &by_section, &err));
	assert_memory_not_equal(&by_page, &by_section, sizeof by_page);
}

static void
images_that_lie(void **state)
{
	/* One little-endian word of the good image replaced. */
	static const struct {
		size_t at;
		uint32_t v;
		const char *id;
	} rows[] = {
	        {4096 - 32 - 18, 0x82de000a, "E-MEASURE-002"}, /* table smaller than its head */
	        {4096 - 32 - 18, 0x82dee000, "E-MEASURE-002"}, /* larger than the image */
	        {4096 - 32 - 18 - 18, 0x371f0001,
	         "E-MEASURE-002"},                                /* entry smaller than its head */
	        {4096 - 32 - 18 - 22 * 3, 4097, "E-MEASURE-005"}, /* metadata before the image */
	        {0, 0x42455341, "E-MEASURE-006"},                 /* wrong signature */
	        {8, 2, "E-MEASURE-006"},                          /* version 2 */
	        {12, 65, "E-MEASURE-010"},                        /* too many sections */
	        {2048 + 8, 7, "E-MEASURE-007"},
	        {2048 + 16, 4096, "E-MEASURE-008"},       /* data beyond the image */
	        {2048 + 20, 8192, "E-MEASURE-008"},       /* more data than memory */
	        {2048 + 24, 0xfffff001, "E-MEASURE-008"}, /* not on a page */
	};
	uint8_t page[4096];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(arena_done) struct arena a = {0};
		struct firmware fw;
		struct err err;

		make_image(page);
		for (size_t k = 0; k < 4; k++)
			page[rows[i].at + k] = (uint8_t)(rows[i].v >> (8 * k));
		if (strcmp(rows[i].id, "E-MEASURE-008") != 0) {
			assert_fails(firmware_parse(&a, bytes_of(page, sizeof page), &fw, &err),
			             rows[i].id);
			continue;
		}
		assert_ok(firmware_parse(&a, bytes_of(page, sizeof page), &fw, &err));
		assert_fails(mrtd_measure(&fw, MRTD_BY_PAGE, &(struct hash384){{0}}, &err),
		             rows[i].id);
	}
	{
		CLEANUP(arena_done) struct arena a = {0};
		struct firmware fw;
		struct err err;

		assert_fails(firmware_parse(&a, bytes_of(page, 4095), &fw, &err), "E-MEASURE-001");
		assert_fails(firmware_parse(&a, bytes_of(page, 0), &fw, &err), "E-MEASURE-001");
		memset(page, 0, sizeof page);
		assert_ok(firmware_parse(&a, bytes_of(page, sizeof page), &fw, &err));
		assert_false(fw.has_reset_eip);
	}
}

static void
each_input_changes_the_digest(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct kernel_hashes hashes = {.kernel = {{1}}, .initrd = {{2}}, .cmdline = {{3}}};
	struct firmware fw;
	uint8_t page[4096];
	struct launch_spec base = {.firmware = &fw,
	                           .hashes = &hashes,
	                           .cpu_signature = 0xa10f10,
	                           .sev_features = 1,
	                           .vcpus = 2};
	struct hash384 seen[8];
	size_t n = 0;
	struct err err;

	(void)state;
	make_image(page);
	assert_ok(firmware_parse(&a, bytes_of(page, sizeof page), &fw, &err));
	for (int change = 0; change < 8; change++) {
		struct launch_spec spec = base;
		struct launch_steps steps;
		struct kernel_hashes h = hashes;

		spec.hashes = &h;
		h.kernel.b[5] = change == 1;
		h.initrd.b[5] = change == 2;
		h.cmdline.b[5] = change == 3;
		spec.cpu_signature += change == 4;
		spec.sev_features += change == 5;
		spec.vcpus += change == 6;
		if (change == 7)
			page[1000] ^= 1;
		assert_ok(launch_measure_snp(&spec, &steps, &err));
		for (size_t i = 0; i < n; i++)
			assert_memory_not_equal(&seen[i], &steps.launch, sizeof steps.launch);
		seen[n++] = steps.launch;
	}
	base.vcpus = 0;
	assert_fails(launch_measure_snp(&base, &(struct launch_steps){0}, &err), "E-MEASURE-023");
	base.vcpus = LAUNCH_MAX_VCPUS + 1;
	assert_fails(launch_measure_snp(&base, &(struct launch_steps){0}, &err), "E-MEASURE-023");
}

static void
more_vcpus_from_the_digest_of_one(void **state)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct firmware fw;
	uint8_t page[4096];
	struct launch_spec spec = {.firmware = &fw, .cpu_signature = 0xa10f10, .sev_features = 1};
	struct launch_steps one, four;
	struct vmsa_spec ap = {VMM_QEMU, 0x80b004, 0xa10f10, 1};
	struct err err;

	(void)state;
	make_image(page);
	assert_ok(firmware_parse(&a, bytes_of(page, sizeof page), &fw, &err));
	spec.vcpus = 1;
	assert_ok(launch_measure_snp(&spec, &one, &err));
	spec.vcpus = 4;
	assert_ok(launch_measure_snp(&spec, &four, &err));
	launch_add_vcpus(&one.launch, &ap, 3);
	assert_memory_equal(&one.launch, &four.launch, sizeof one.launch);
}

static void
processor_names(void **state)
{
	uint32_t sig;

	(void)state;
	assert_true(cpu_signature_parse(BYTES("EPYC-v4"), &sig) && sig == 0x800f12);
	assert_true(cpu_signature_parse(BYTES("epyc-milan"), &sig) && sig == 0xa00f11);
	assert_true(cpu_signature_parse(BYTES("EPYC-Genoa"), &sig) && sig == 0xa10f10);
	assert_true(cpu_signature_parse(BYTES("EPYC-Turin"), &sig) && sig == 0xb00f00);
	assert_true(cpu_signature_parse(BYTES("0xA10F11"), &sig) && sig == 0xa10f11);
	assert_false(cpu_signature_parse(BYTES("0x"), &sig));
	assert_false(cpu_signature_parse(BYTES("0x123456789"), &sig));
	assert_false(cpu_signature_parse(BYTES("Xeon"), &sig));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(published_digests),
	        cmocka_unit_test(own_image),
	        cmocka_unit_test(images_that_lie),
	        cmocka_unit_test(each_input_changes_the_digest),
	        cmocka_unit_test(more_vcpus_from_the_digest_of_one),
	        cmocka_unit_test(processor_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
