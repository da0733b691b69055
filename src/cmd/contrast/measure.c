/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "cmd/contrast/cli.h"
#include "evidence/measure/launch.h"
#include "evidence/measure/tdx.h"
#include "term/term.h"
#include "json/value.h"

#include <string.h>
#include <unistd.h>

enum { BOOT_FILE_MAX = 1024 * 1024 * 1024 };

/* Reads the file of an option; an unset one leaves the buffer empty. */
static status
read_option(const struct options *o, size_t id, struct buf *out, struct err *err)
{
	const char *path = options_text(o, id);

	out->max = BOOT_FILE_MAX;
	return path ? file_read(path, BOOT_FILE_MAX, out, err) : OK;
}

static status
read_firmware(const struct options *o, size_t id, struct arena *a, struct buf *image,
              struct firmware *fw, struct err *err)
{
	TRY(read_option(o, id, image, err));
	return err_at(err, firmware_parse(a, buf_view(image), fw, err), "%s", options_text(o, id));
}

static status
parse_features(const char *text, uint64_t *ret, struct err *err)
{
	uint32_t v;

	/* The same form as a signature: 0x and up to eight digits. */
	if (strncmp(text, "0x", 2) != 0 || !cpu_signature_parse(bytes_str(text), &v))
		return err_set(err, ERR_USAGE, "E-MEASURE-040",
		               "--sev-features needs a number like 0x1");
	*ret = v;
	return OK;
}

static status
fill_spec(const struct options *o, struct launch_spec *spec, struct err *err)
{
	const char *cpu = options_text(o, OPT_measure_snp_cpu);
	uint64_t vcpus = options_number(o, OPT_measure_snp_vcpus);

	if (!cpu_signature_parse(bytes_str(cpu), &spec->cpu_signature))
		return err_set(err, ERR_USAGE, "E-MEASURE-041",
		               "--cpu: %s is no processor model that is known here", cpu);
	TRY(parse_features(options_text(o, OPT_measure_snp_features), &spec->sev_features, err));
	if (!vmm_parse(bytes_str(options_text(o, OPT_measure_snp_vmm)), &spec->vmm))
		return err_set(err, ERR_INTERNAL, "E-MEASURE-042", "--vmm: unknown hypervisor");
	spec->vcpus = (unsigned int)MIN(vcpus, (uint64_t)UINT32_MAX);
	return OK;
}

static status
print(struct arena *a, const struct value *v, bool json, struct err *err)
{
	CLEANUP(buf_done) struct buf out = {0};
	CLEANUP(table_done) struct table t = {0};

	TRY(arena_check(a, err));
	if (json) {
		json_write(v, JSON_INDENT, &out);
		buf_str(&out, "\n");
		return fd_write_all(STDOUT_FILENO, buf_view(&out), err);
	}
	table_begin(&t, (const char *const[]){"what", "value", NULL});
	for (uint32_t i = 0; i < v->n; i++) {
		table_cell(&t, json_text(&v->u.members[i].key));
		table_cell(&t, json_text(&v->u.members[i].val));
	}
	table_print(&t, &out);
	return fd_write_all(STDOUT_FILENO, buf_view(&out), err);
}

static void
put_hash(struct arena *a, struct value *v, const char *name, struct bytes hash)
{
	json_put(a, v, name, json_hex(a, hash));
}

static void
put_kernel_hashes(struct arena *a, struct value *v, const struct kernel_hashes *h)
{
	put_hash(a, v, "kernel", hash256_view(&h->kernel));
	put_hash(a, v, "initrd", hash256_view(&h->initrd));
	put_hash(a, v, "cmdline", hash256_view(&h->cmdline));
}

static void
put_apeip(struct arena *a, struct value *v, uint32_t eip)
{
	uint8_t raw[4];

	for (size_t i = 0; i < 4; i++)
		raw[i] = (uint8_t)(eip >> (24 - 8 * i));
	put_hash(a, v, "APEIP", bytes_of(raw, sizeof raw));
}

/* {"snp": [one set]}: the intermediate digests stay out of it. */
static status
print_reference(const struct options *o, struct arena *a, const struct firmware *fw,
                const struct hash384 *launch, struct err *err)
{
	struct value set = json_object(), sets = json_array(), file = json_object();

	json_put(a, &set, "Platform", json_cstr(options_text(o, OPT_measure_snp_platform)));
	json_put(a, &set, "ProductName", json_cstr(options_text(o, OPT_measure_snp_product)));
	put_hash(a, &set, "TrustedMeasurement", hash384_view(launch));
	/* APEIP makes the digest that of one vCPU, from which others are derived. */
	if (fw->has_reset_eip && options_number(o, OPT_measure_snp_vcpus) == 1)
		put_apeip(a, &set, fw->reset_eip);
	json_add(a, &sets, set);
	json_put(a, &file, "snp", sets);
	return print(a, &file, true, err);
}

status
verb_measure_snp(const struct options *o, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf image = {0}, kernel = {0}, initrd = {0};
	struct value v = json_object();
	struct kernel_hashes hashes;
	struct firmware fw;
	struct launch_steps steps;
	struct launch_spec spec = {.firmware = &fw};

	TRY(fill_spec(o, &spec, err));
	TRY(read_firmware(o, OPT_measure_snp_firmware, &a, &image, &fw, err));
	TRY(read_option(o, OPT_measure_snp_kernel, &kernel, err));
	TRY(read_option(o, OPT_measure_snp_initrd, &initrd, err));
	if (options_text(o, OPT_measure_snp_kernel)) {
		hashes.kernel = sha256(buf_view(&kernel));
		hashes.initrd = sha256(buf_view(&initrd));
		hashes.cmdline = cmdline_hash(bytes_str(options_text(o, OPT_measure_snp_append)));
		spec.hashes = &hashes;
		put_kernel_hashes(&a, &v, &hashes);
	}
	TRY(err_at(err, launch_measure_snp(&spec, &steps, err), "%s",
	           options_text(o, OPT_measure_snp_firmware)));
	if (strcmp(options_text(o, OPT_measure_snp_format), "reference-values") == 0)
		return print_reference(o, &a, &fw, &steps.launch, err);
	put_hash(&a, &v, "firmware", hash384_view(&steps.firmware));
	put_hash(&a, &v, "metadata", hash384_view(&steps.metadata));
	if (fw.has_reset_eip)
		put_apeip(&a, &v, fw.reset_eip);
	put_hash(&a, &v, "TrustedMeasurement", hash384_view(&steps.launch));
	return print(&a, &v, strcmp(options_text(o, OPT_measure_snp_format), "json") == 0, err);
}

static status
measure_boot(const struct options *o, struct arena *a, struct value *v, struct err *err)
{
	CLEANUP(buf_done) struct buf kernel = {0}, initrd = {0};
	const char *path = options_text(o, OPT_measure_tdx_kernel);
	struct tdx_boot boot = {
	        .cmdline = bytes_str(options_text(o, OPT_measure_tdx_append)),
	        .separator_in_rtmr1 = options_flag(o, OPT_measure_tdx_separator),
	};
	struct hash384 one, two;

	if (!path)
		return OK;
	TRY(read_option(o, OPT_measure_tdx_kernel, &kernel, err));
	TRY(read_option(o, OPT_measure_tdx_initrd, &initrd, err));
	if (!options_flag(o, OPT_measure_tdx_unpatched))
		TRY(err_at(err,
		           kernel_patch_qemu(kernel.p, kernel.n, initrd.n,
		                             options_number(o, OPT_measure_tdx_memory) << 20, err),
		           "%s", path));
	boot.kernel = buf_view(&kernel);
	boot.initrd = buf_view(&initrd);
	TRY(err_at(err, rtmr_measure_boot(&boot, &one, &two, err), "%s", path));
	put_hash(a, v, "Rtmr1", hash384_view(&one));
	put_hash(a, v, "Rtmr2", hash384_view(&two));
	return OK;
}

status
verb_measure_tdx(const struct options *o, struct err *err)
{
	CLEANUP(arena_done) struct arena a = {0};
	CLEANUP(buf_done) struct buf image = {0};
	struct value v = json_object();
	enum mrtd_order order = strcmp(options_text(o, OPT_measure_tdx_order), "page") == 0
	                                ? MRTD_BY_PAGE
	                                : MRTD_BY_SECTION;
	struct firmware fw;
	struct hash384 mrtd;

	TRY(read_firmware(o, OPT_measure_tdx_firmware, &a, &image, &fw, err));
	TRY(err_at(err, mrtd_measure(&fw, order, &mrtd, err), "%s",
	           options_text(o, OPT_measure_tdx_firmware)));
	put_hash(&a, &v, "MrTd", hash384_view(&mrtd));
	TRY(measure_boot(o, &a, &v, err));
	return print(&a, &v, strcmp(options_text(o, OPT_measure_tdx_format), "json") == 0, err);
}
