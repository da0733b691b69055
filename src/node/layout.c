/* SPDX-License-Identifier: Apache-2.0 */
#include "node/layout.h"

#include "base/buf.h"
#include "evidence/measure/launch.h"
#include "evidence/measure/tdx.h"

static const uint64_t four_gib = 0x100000000;

/* The hash table at the start of its page. */
static void
extend_hashes(struct hash384 *ld, const struct launch_layout *l)
{
	const struct kernel_hashes hashes = {l->kernel, l->initrd, l->cmdline};
	uint8_t page[LAYOUT_PAGE] = {0};

	sev_hash_table(&hashes, page);
	launch_extend(ld, LAUNCH_PAGE_NORMAL, LAYOUT_HASHES_GPA, page);
}

static status
check_layout(const struct launch_layout *l, struct err *err)
{
	if (l->firmware.n > LAYOUT_MAX_FIRMWARE || l->firmware.n % LAYOUT_PAGE != 0)
		return err_set(
		        err, ERR_LIMIT, "E-NODE-001",
		        "a firmware image is whole 4 KiB pages and at most %d bytes, not %zu",
		        LAYOUT_MAX_FIRMWARE, l->firmware.n);
	if (l->vcpus == 0 || l->vcpus > LAYOUT_MAX_VCPUS)
		return err_set(err, ERR_LIMIT, "E-NODE-002",
		               "a machine has 1 to %d processors, not %u", LAYOUT_MAX_VCPUS,
		               l->vcpus);
	return OK;
}

status
layout_measure(const struct launch_layout *l, struct hash384 *ret, struct err *err)
{
	/* Every processor starts at the reset vector: there is no firmware that parks the others.
	 */
	const struct vmsa_spec vmsa = {VMM_QEMU, VMSA_BOOT_EIP, l->cpu_signature, l->sev_features};
	struct hash384 ld = {{0}};

	TRY(check_layout(l, err));
	for (size_t at = 0; at < l->firmware.n; at += LAYOUT_PAGE)
		launch_extend(&ld, LAUNCH_PAGE_NORMAL, four_gib - l->firmware.n + at,
		              l->firmware.p + at);
	extend_hashes(&ld, l);
	launch_add_vcpus(&ld, &vmsa, l->vcpus);
	*ret = ld;
	return OK;
}

static void
extend_with(struct hash384 *rtmr, struct bytes event)
{
	struct hash384 digest = sha384(event);

	rtmr_extend(rtmr, &digest);
}

status
layout_measure_td(const struct launch_layout *l, struct td_registers *ret, struct err *err)
{
	const struct tdvf_section whole = {
	        .raw_size = (uint32_t)l->firmware.n,
	        .address = four_gib - l->firmware.n,
	        .memory_size = l->firmware.n,
	        .attributes = TDVF_MR_EXTEND,
	};
	const struct firmware firmware = {.image = l->firmware, .tdvf = &whole, .n_tdvf = 1};
	CLEANUP(buf_done) struct buf vcpus = {0};
	struct td_registers r = {.mrtd = {{0}}};

	TRY(check_layout(l, err));
	TRY(mrtd_measure(&firmware, MRTD_BY_PAGE, &r.mrtd, err));
	buf_le32(&vcpus, l->vcpus);
	TRY(buf_check(&vcpus, err));
	extend_with(&r.rtmr[0], buf_view(&vcpus));
	extend_with(&r.rtmr[1], hash256_view(&l->kernel));
	extend_with(&r.rtmr[2], hash256_view(&l->cmdline));
	extend_with(&r.rtmr[2], hash256_view(&l->initrd));
	*ret = r;
	return OK;
}

static bool
word_start(struct bytes text, size_t at)
{
	return at == 0 || text.p[at - 1] == ' ';
}

status
layout_cmdline(struct bytes cmdline, struct buf *out, struct err *err)
{
	static const struct bytes word = {(const uint8_t *)"tsc_early_khz=", 14};
	size_t copied = 0, at = 0, seen = 0;

	if (bytes_find_byte(cmdline, 0, 0) != SIZE_MAX)
		return err_set(err, ERR_REJECTED, "E-NODE-003", "the command line contains a NUL");
	while ((at = bytes_find(cmdline, word, at)) != SIZE_MAX) {
		size_t end = at + word.n;

		while (end < cmdline.n && cmdline.p[end] >= '0' && cmdline.p[end] <= '9')
			end++;
		if (!word_start(cmdline, at) || seen++ > 0 || end == at + word.n ||
		    (end < cmdline.n && cmdline.p[end] != ' '))
			return err_set(err, ERR_REJECTED, "E-NODE-003",
			               "tsc_early_khz= takes digits only, and occurs once");
		buf_bytes(out, bytes_sub(cmdline, copied, at + word.n));
		buf_u8(out, '0');
		copied = at = end;
	}
	buf_bytes(out, bytes_sub(cmdline, copied, cmdline.n));
	buf_u8(out, 0);
	return buf_check(out, err);
}
