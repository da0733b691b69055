/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "node/layout.h"
#include "unit.h"

static uint8_t firmware[2 * LAYOUT_PAGE];

static struct launch_layout
sample(void)
{
	struct launch_layout l = {
	        .kernel = sha256(BYTES("kernel")),
	        .initrd = sha256(BYTES("initrd")),
	        .cmdline = sha256(bytes_of("a=b", 4)),
	        .vcpus = 2,
	        .cpu_signature = 0xa10f11,
	        .sev_features = 1,
	};

	for (size_t i = 0; i < sizeof firmware; i++)
		firmware[i] = (uint8_t)(i * 7 + i / 256);
	l.firmware = bytes_of(firmware, sizeof firmware);
	return l;
}

/* Computed by hand from the SNP firmware ABI with an independent program (tests/model/launch.py).
 */
static void
known_digest(void **state)
{
	struct launch_layout l = sample();
	struct hash384 got;
	struct err err;
	char hex[97];

	(void)state;
	assert_ok(layout_measure(&l, &got, &err));
	assert_string_equal(hex_cstr(hash384_view(&got), hex, sizeof hex),
	                    "62f3c21424a0fd97e0cd87646fe0aefa8c802a0ab51d377f9159ffcb9d021a1ab31c11"
	                    "bdf98f949147aa847c179fa64e");
}

/* As tests/model/launch.py has them. */
static void
known_registers(void **state)
{
	static const char *const want[] = {
	        "7e71e798aeb786f4946ff37ce8a4874e6176f00006bfedec635cf3c4215b5f6c3edad5a2dcd0c1474"
	        "67e797e63e4302e",
	        "cd7ded0e7c5786e11ae2b4592bbe558cb8ba689f1a2dad3b90efdd317ef4aa5775b87014ae9949482"
	        "5c8ec94cf9d1c52",
	        "62f6afc1a72389093dcfafb77f62396414acc27705c752cc0da264fedcebb9df46532344c8191b495"
	        "b50f5a3191e43bf",
	        "b055cfff928ce05edf3c5ed62b38bfea07d4f894d24f254f4916a1ce7ffb3d8fe7a1074fb059a6867"
	        "848b9b946ebee2a",
	};
	struct launch_layout l = sample();
	struct td_registers got;
	struct err err;
	char hex[97];

	(void)state;
	assert_ok(layout_measure_td(&l, &got, &err));
	assert_string_equal(hex_cstr(hash384_view(&got.mrtd), hex, sizeof hex), want[0]);
	for (size_t i = 1; i < COUNT_OF(want); i++)
		assert_string_equal(hex_cstr(hash384_view(&got.rtmr[i - 1]), hex, sizeof hex),
		                    want[i]);
	assert_true(bytes_all_zero(hash384_view(&got.rtmr[3])));
}

static void
change(struct launch_layout *l, int what)
{
	static uint8_t other[3 * LAYOUT_PAGE];

	switch (what) {
	case 0:
		mem_copy(other, firmware, sizeof firmware);
		other[4097] ^= 1;
		l->firmware = bytes_of(other, sizeof firmware);
		break;
	case 1:
		mem_copy(other, firmware, sizeof firmware);
		l->firmware = bytes_of(other, sizeof other);
		break;
	case 2:
		l->firmware = bytes_of(NULL, 0);
		break;
	case 3:
		l->kernel.b[0] ^= 1;
		break;
	case 4:
		l->initrd.b[31] ^= 0x80;
		break;
	case 5:
		l->cmdline.b[15] ^= 1;
		break;
	case 6:
		l->vcpus++;
		break;
	case 7:
		l->cpu_signature ^= 1;
		break;
	case 8:
		l->sev_features ^= 0x20;
		break;
	default: {
		struct hash256 k = l->kernel;

		l->kernel = l->initrd;
		l->initrd = k;
	}
	}
}

static void
every_input_counts(void **state)
{
	struct hash384 seen[11];
	struct err err;

	(void)state;
	for (int i = 0; i <= 10; i++) {
		struct launch_layout l = sample();

		if (i > 0)
			change(&l, i - 1);
		assert_ok(layout_measure(&l, &seen[i], &err));
		for (int j = 0; j < i; j++)
			assert_false(bytes_equal(hash384_view(&seen[i]), hash384_view(&seen[j])));
	}
}

/* Which register each change shows in: 0 MRTD, 1 RTMR0 ...; the processor's signature and features
 * are SNP's alone. */
static void
every_input_has_its_register(void **state)
{
	static const unsigned int shows[] = {1, 1, 1, 4, 8, 8, 2, 0, 0, 12};
	struct launch_layout first = sample();
	struct td_registers before;
	struct err err;

	(void)state;
	assert_ok(layout_measure_td(&first, &before, &err));
	for (int i = 0; i < 10; i++) {
		struct launch_layout l = sample();
		struct td_registers r;
		unsigned int differs;

		change(&l, i);
		assert_ok(layout_measure_td(&l, &r, &err));
		differs = !bytes_equal(hash384_view(&r.mrtd), hash384_view(&before.mrtd));
		for (unsigned int k = 0; k < LAYOUT_RTMRS; k++)
			if (!bytes_equal(hash384_view(&r.rtmr[k]), hash384_view(&before.rtmr[k])))
				differs |= 2U << k;
		assert_int_equal(differs, shows[i]);
	}
}

/* An ns launch has the hash of nothing as kernel; no machine boots from that. */
static void
ns_is_never_vm(void **state)
{
	CLEANUP(buf_done) struct buf ns = {0};
	struct launch_layout vm = sample();
	struct launch_layout l;
	struct hash384 a, b;
	struct err err;

	(void)state;
	assert_ok(layout_cmdline(BYTES("contrast.sandbox=ns"), &ns, &err));
	vm.firmware = bytes_of(NULL, 0);
	vm.cmdline = sha256(buf_view(&ns));
	l = vm;
	l.kernel = sha256(bytes_of(NULL, 0));
	assert_ok(layout_measure(&vm, &a, &err));
	assert_ok(layout_measure(&l, &b, &err));
	assert_false(bytes_equal(hash384_view(&a), hash384_view(&b)));
}

static void
limits(void **state)
{
	static uint8_t big[LAYOUT_MAX_FIRMWARE + LAYOUT_PAGE];
	struct launch_layout l = sample();
	struct td_registers td;
	struct hash384 got;
	struct err err;

	(void)state;
	l.vcpus = LAYOUT_MAX_VCPUS;
	assert_ok(layout_measure(&l, &got, &err));
	assert_ok(layout_measure_td(&l, &td, &err));
	l.vcpus++;
	assert_fails(layout_measure(&l, &got, &err), "E-NODE-002");
	assert_fails(layout_measure_td(&l, &td, &err), "E-NODE-002");
	l.vcpus = 0;
	assert_fails(layout_measure(&l, &got, &err), "E-NODE-002");
	l.vcpus = 1;
	l.firmware = bytes_of(big, LAYOUT_MAX_FIRMWARE);
	assert_ok(layout_measure(&l, &got, &err));
	l.firmware.n++;
	assert_fails(layout_measure(&l, &got, &err), "E-NODE-001");
	assert_fails(layout_measure_td(&l, &td, &err), "E-NODE-001");
	l.firmware.n = sizeof big;
	assert_fails(layout_measure(&l, &got, &err), "E-NODE-001");
}

static void
cmdline_rows(void **state)
{
	static const struct {
		const char *text;
		const char *measured; /* NULL: refuse */
	} rows[] = {
	        {"", ""},
	        {"quiet", "quiet"},
	        {"tsc_early_khz=2596148", "tsc_early_khz=0"},
	        {"a tsc_early_khz=1 b", "a tsc_early_khz=0 b"},
	        {"tsc_early_khz=", NULL},
	        {"tsc_early_khz= init=/bin/sh", NULL},
	        {"tsc_early_khz=1x", NULL},
	        {"tsc_early_khz=1\tinit=/x", NULL},
	        {"tsc_early_khz=1 tsc_early_khz=2", NULL},
	        {"xtsc_early_khz=12", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		CLEANUP(buf_done) struct buf out = {0};
		struct err err;

		if (!rows[i].measured) {
			assert_fails(layout_cmdline(bytes_str(rows[i].text), &out, &err),
			             "E-NODE-003");
			continue;
		}
		assert_ok(layout_cmdline(bytes_str(rows[i].text), &out, &err));
		assert_int_equal(out.p[out.n - 1], 0);
		assert_bytes(bytes_sub(buf_view(&out), 0, out.n - 1), bytes_str(rows[i].measured));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(known_digest),
	        cmocka_unit_test(every_input_counts),
	        cmocka_unit_test(ns_is_never_vm),
	        cmocka_unit_test(limits),
	        cmocka_unit_test(cmdline_rows),
	        cmocka_unit_test(known_registers),
	        cmocka_unit_test(every_input_has_its_register),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
