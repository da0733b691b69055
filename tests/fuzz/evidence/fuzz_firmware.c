/* SPDX-License-Identifier: Apache-2.0 */
/* Reaches: firmware_parse, launch_measure_snp, mrtd_measure, pe_authenticode, kernel_patch_qemu. */
#include "evidence/measure/launch.h"
#include "evidence/measure/tdx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { IMAGE = 4096 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf image = {0};
	struct firmware fw;
	struct hash384 h;
	struct err err;

	/* The footer is what matters: the input is the end of one page. */
	buf_zeros(&image, IMAGE - MIN(size, (size_t)IMAGE));
	buf_add(&image, data + (size - MIN(size, (size_t)IMAGE)), MIN(size, (size_t)IMAGE));
	if (is_ok(firmware_parse(&a, buf_view(&image), &fw, &err))) {
		struct launch_spec spec = {.firmware = &fw, .vcpus = 2};
		struct launch_steps steps;
		uint64_t pages = 0;

		for (size_t i = 0; i < fw.n_sev; i++)
			pages += fw.sev[i].size / 4096;
		if (pages < 64)
			(void)!is_ok(launch_measure_snp(&spec, &steps, &err));
		pages = 0;
		for (size_t i = 0; i < fw.n_tdvf; i++)
			pages += fw.tdvf[i].memory_size / 4096;
		if (pages < 64)
			(void)!is_ok(mrtd_measure(&fw, MRTD_BY_PAGE, &h, &err));
	}
	(void)!is_ok(pe_authenticode(bytes_of(data, size), &h, &err));
	if (image.n == IMAGE)
		(void)!is_ok(kernel_patch_qemu(image.p, image.n, 4096, 1 << 30, &err));
	return 0;
}
