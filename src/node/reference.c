/* SPDX-License-Identifier: Apache-2.0 */
#include "node/reference.h"

#include "base/text.h"
#include "evidence/snp/report.h"
#include "node/quoter.h"
#include "json/value.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char node_program[] = "contrast-node";

status
reference_runner(struct buf *out, struct err *err)
{
	const char *given = getenv("CONTRAST_NODE");
	char self[PATH_MAX] = "";
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	char *slash;

	if (given) {
		buf_str(out, given);
	} else {
		self[n > 0 ? n : 0] = '\0';
		slash = strrchr(self, '/');
		buf_add(out, self, slash ? (size_t)(slash - self) + 1 : 0);
		buf_str(out, node_program);
	}
	TRY(buf_check(out, err));
	if (access(buf_cstr(out), X_OK) != 0)
		return err_hint(err,
		                err_set(err, ERR_NOT_FOUND, "E-NODE-054", "there is no program %s",
		                        buf_cstr(out)),
		                "contrast-node lies beside contrast, or CONTRAST_NODE names it");
	return OK;
}

/* The platform's row, and the layout of what it boots, without the CPU signature. */
static status
layout_of(struct bytes platform, const char *runner, const struct platform **ret_row,
          struct launch_layout *ret, struct launcher **ret_launcher, struct err *err)
{
	CLEANUP(buf_done) struct buf found = {0};
	struct launcher_files files = {.runner = runner};

	if (!runner) {
		TRY(reference_runner(&found, err));
		files.runner = buf_cstr(&found);
	}
	TRY(launcher_open(platform, &files, ret_launcher, err));
	*ret_row = platform_find(platform);
	return (*ret_launcher)->ops->measure(*ret_launcher, 1, ret, err);
}

static void
put_register(struct buf *out, const char *name, const struct hash384 *h)
{
	buf_str(out, name);
	hex_encode(hash384_view(h), out);
	buf_u8(out, '\n');
}

static status
measure_td(const struct launch_layout *layout, struct buf *out, struct err *err)
{
	static const char *const names[] = {"rtmr0 ", "rtmr1 ", "rtmr2 ", "rtmr3 "};
	struct td_registers r;

	TRY(layout_measure_td(layout, &r, err));
	put_register(out, "mrtd ", &r.mrtd);
	for (size_t i = 0; i < COUNT_OF(names); i++)
		put_register(out, names[i], &r.rtmr[i]);
	return buf_check(out, err);
}

static status
measure_snp(struct launch_layout layout, enum processor_part part, struct hash384 *ret,
            struct err *err)
{
	layout.cpu_signature = processor_cpu_signature(processor_facts(part));
	return layout_measure(&layout, ret, err);
}

status
reference_measure(struct bytes platform, const char *runner, enum processor_part part,
                  struct buf *out, struct err *err)
{
	CLEANUP(launcher_drop) struct launcher *l = NULL;
	const struct platform *row;
	struct launch_layout layout;
	struct hash384 digest;

	TRY(layout_of(platform, runner, &row, &layout, &l, err));
	if (signer_tee(row) == TEE_TDX)
		return measure_td(&layout, out, err);
	TRY(measure_snp(layout, part, &digest, err));
	put_register(out, "", &digest);
	return buf_check(out, err);
}

static struct value
minimum_tcb(struct arena *a, const struct processor_facts *f)
{
	struct value v = json_object();

	json_put(a, &v, "BootloaderVersion", json_int(f->tcb.bootloader));
	json_put(a, &v, "TEEVersion", json_int(f->tcb.tee));
	json_put(a, &v, "SNPVersion", json_int(f->tcb.snp));
	json_put(a, &v, "MicrocodeVersion", json_int(f->tcb.microcode));
	if (f->product == SNP_TURIN)
		json_put(a, &v, "FMCVersion", json_int(f->tcb.fmc));
	return v;
}

static struct value
guest_policy(struct arena *a)
{
	static const char *const off[] = {
	        "MigrateMA",    "Debug",   "SingleSocket",         "CXLAllowed",
	        "MemAES256XTS", "RAPLDis", "CipherTextHidingDRAM", "PageSwapDisable"};
	struct value v = json_object();

	json_put(a, &v, "ABIMinor", json_int(0));
	json_put(a, &v, "ABIMajor", json_int(0));
	json_put(a, &v, "SMT", json_bool(true));
	for (size_t i = 0; i < COUNT_OF(off); i++)
		json_put(a, &v, off[i], json_bool(false));
	return v;
}

static struct value
platform_info(struct arena *a, const struct processor_facts *f)
{
	static const struct {
		const char *name;
		uint64_t bit;
	} bits[] = {
	        {"SMTEnabled", SNP_PLATFORM_SMT},
	        {"TSMEEnabled", SNP_PLATFORM_TSME},
	        {"ECCEnabled", SNP_PLATFORM_ECC},
	        {"RAPLDisabled", SNP_PLATFORM_RAPL_DIS},
	        {"CiphertextHidingDRAMEnabled", SNP_PLATFORM_CIPHERTEXT_HIDING},
	        {"AliasCheckComplete", SNP_PLATFORM_ALIAS_CHECK},
	        {"TIOEnabled", SNP_PLATFORM_TIO},
	};
	struct value v = json_object();

	for (size_t i = 0; i < COUNT_OF(bits); i++)
		json_put(a, &v, bits[i].name, json_bool((f->platform_info & bits[i].bit) != 0));
	return v;
}

static struct value
one_set(struct arena *a, struct bytes platform, const struct processor *p,
        const struct hash384 *measurement)
{
	const struct processor_facts *f = processor_get_facts(p);
	struct hash256 root = processor_trust_root(p);
	struct value v = json_object();

	json_put(a, &v, "Platform", json_string(platform));
	json_put(a, &v, "ProductName", json_cstr(snp_product_name(f->product)));
	json_put(a, &v, "TrustRoot", json_hex(a, hash256_view(&root)));
	json_put(a, &v, "TrustedMeasurement", json_hex(a, hash384_view(measurement)));
	json_put(a, &v, "MinimumTCB", minimum_tcb(a, f));
	json_put(a, &v, "GuestPolicy", guest_policy(a));
	json_put(a, &v, "PlatformInfo", platform_info(a, f));
	if (f->mitigations)
		json_put(a, &v, "MinimumMitigationVector", json_int((int64_t)f->mitigations));
	return v;
}

static status
values_snp(struct bytes platform, const char *dir, enum processor_part part, int64_t now,
           const struct launch_layout *layout, struct buf *out, struct err *err)
{
	CLEANUP(processor_drop) struct processor *p = NULL;
	CLEANUP(arena_done) struct arena a = {0};
	struct value file = json_object(), sets = json_array();
	struct hash384 measurement;

	TRY(measure_snp(*layout, part, &measurement, err));
	TRY(processor_open(dir, part, now, &p, err));
	json_add(&a, &sets, one_set(&a, platform, p, &measurement));
	json_put(&a, &file, "snp", sets);
	TRY(arena_check(&a, err));
	json_write(&file, JSON_INDENT, out);
	buf_u8(out, '\n');
	return buf_check(out, err);
}

static status
values_tdx(struct bytes platform, const char *dir, int64_t now, const struct launch_layout *layout,
           struct buf *out, struct err *err)
{
	CLEANUP(quoter_drop) struct quoter *q = NULL;
	struct td_launch launch = {.debug = false};

	TRY(layout_measure_td(layout, &launch.registers, err));
	TRY(quoter_open(dir, now, &q, err));
	return quoter_reference_json(q, platform, &launch, out, err);
}

status
reference_values_json(struct bytes platform, const char *runner, const char *state_dir,
                      enum processor_part part, int64_t now, struct buf *out, struct err *err)
{
	CLEANUP(launcher_drop) struct launcher *l = NULL;
	CLEANUP(buf_done) struct buf dir = {0};
	const struct platform *row;
	struct launch_layout layout;

	TRY(layout_of(platform, runner, &row, &layout, &l, err));
	if (state_dir)
		buf_str(&dir, state_dir);
	else
		TRY(processor_default_dir(&dir, err));
	TRY(buf_check(&dir, err));
	if (signer_tee(row) == TEE_TDX)
		return values_tdx(platform, buf_cstr(&dir), now, &layout, out, err);
	return values_snp(platform, buf_cstr(&dir), part, now, &layout, out, err);
}
