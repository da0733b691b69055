/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/measure/launch.h"

enum { PAGE = 4096, PAGE_INFO_SIZE = 0x70 };

static void
extend_hashed(struct hash384 *ld, enum launch_page type, uint64_t gpa,
              const struct hash384 *contents)
{
	uint8_t info[PAGE_INFO_SIZE] = {0};

	mem_copy(info, ld->b, SHA384_SIZE);
	mem_copy(info + 0x30, contents->b, SHA384_SIZE);
	info[0x60] = PAGE_INFO_SIZE;
	info[0x62] = (uint8_t)type;
	/* IMI and the VMPL permissions at 0x63..0x66 are zero */
	for (size_t i = 0; i < 8; i++)
		info[0x68 + i] = (uint8_t)(gpa >> (8 * i));
	*ld = sha384(bytes_of(info, sizeof info));
}

void
launch_extend(struct hash384 *ld, enum launch_page type, uint64_t gpa, const uint8_t *content)
{
	bool hashed = type == LAUNCH_PAGE_NORMAL || type == LAUNCH_PAGE_VMSA;
	struct hash384 contents = {{0}};

	if (hashed)
		contents = sha384(bytes_of(content, PAGE));
	extend_hashed(ld, type, gpa, &contents);
}

unsigned int
launch_count_vcpus(const struct hash384 *one, const struct vmsa_spec *ap, unsigned int max,
                   struct bytes want)
{
	struct hash384 ld = *one, contents;
	uint8_t page[VMSA_SIZE];

	vmsa_page(ap, page);
	contents = sha384(bytes_of(page, sizeof page));
	for (unsigned int n = 1; n <= max; n++) {
		if (bytes_equal(hash384_view(&ld), want))
			return n;
		extend_hashed(&ld, LAUNCH_PAGE_VMSA, LAUNCH_VMSA_GPA, &contents);
	}
	return 0;
}

/* ---- kernel hashes ---- */

static const uint8_t GUID_TABLE[16] = {0x06, 0xd6, 0x38, 0x94, 0x22, 0x4f, 0xc9, 0x4c,
                                       0xb4, 0x79, 0xa7, 0x93, 0xd4, 0x11, 0xfd, 0x21};
static const uint8_t GUID_CMDLINE[16] = {0xd8, 0x2d, 0xd0, 0x97, 0x20, 0xbd, 0x94, 0x4c,
                                         0xaa, 0x78, 0xe7, 0x71, 0x4d, 0x36, 0xab, 0x2a};
static const uint8_t GUID_INITRD[16] = {0x31, 0xf7, 0xba, 0x44, 0x2f, 0x3a, 0xd7, 0x4b,
                                        0x9a, 0xf1, 0x41, 0xe2, 0x91, 0x69, 0x78, 0x1d};
static const uint8_t GUID_KERNEL[16] = {0x37, 0x94, 0xe7, 0x4d, 0xd2, 0xab, 0x7f, 0x42,
                                        0xb8, 0x35, 0xd5, 0xb1, 0x72, 0xd2, 0x04, 0x5b};

enum { TABLE_USED = 168, TABLE_ENTRY = 50 };

static uint8_t *
put_entry(uint8_t *to, const uint8_t guid[16], const struct hash256 *h)
{
	mem_copy(to, guid, 16);
	to[16] = TABLE_ENTRY;
	to[17] = 0;
	mem_copy(to + 18, h->b, SHA256_SIZE);
	return to + TABLE_ENTRY;
}

void
sev_hash_table(const struct kernel_hashes *h, uint8_t table[SEV_HASH_TABLE_SIZE])
{
	uint8_t *p = table;

	mem_zero(table, SEV_HASH_TABLE_SIZE);
	mem_copy(p, GUID_TABLE, 16);
	p[16] = TABLE_USED;
	p = put_entry(p + 18, GUID_CMDLINE, &h->cmdline);
	p = put_entry(p, GUID_INITRD, &h->initrd);
	(void)put_entry(p, GUID_KERNEL, &h->kernel);
}

struct hash256
cmdline_hash(struct bytes cmdline)
{
	struct hash256 h;
	struct hasher *hs = hasher_new(HASH_SHA256);

	hasher_add(hs, cmdline);
	hasher_add(hs, BYTES("\0"));
	hasher_final(hs, h.b);
	hasher_free(hs);
	return h;
}

/* ---- SNP ---- */

static void
add_firmware(struct hash384 *ld, const struct firmware *fw)
{
	for (size_t at = 0; at < fw->image.n; at += PAGE)
		launch_extend(ld, LAUNCH_PAGE_NORMAL, fw->gpa + at, fw->image.p + at);
}

static void
add_pages(struct hash384 *ld, enum launch_page type, const struct sev_section *s)
{
	for (uint64_t at = 0; at < s->size; at += PAGE)
		launch_extend(ld, type, s->gpa + at, NULL);
}

static status
add_hashes_page(struct hash384 *ld, const struct launch_spec *spec, const struct sev_section *s,
                struct err *err)
{
	uint8_t page[PAGE] = {0};
	size_t at = spec->firmware->hash_table_base & (PAGE - 1);

	if (!spec->hashes) {
		add_pages(ld, LAUNCH_PAGE_ZERO, s);
		return OK;
	}
	if (!spec->firmware->has_hash_table || at > PAGE - SEV_HASH_TABLE_SIZE)
		return err_set(err, ERR_PARSE, "E-MEASURE-020",
		               "the firmware says nowhere where the kernel's hashes go");
	sev_hash_table(spec->hashes, page + at);
	launch_extend(ld, LAUNCH_PAGE_NORMAL, s->gpa, page);
	return OK;
}

static status
add_section(struct hash384 *ld, const struct launch_spec *spec, const struct sev_section *s,
            struct err *err)
{
	switch ((enum sev_section_kind)s->kind) {
	case SEV_SECTION_MEMORY:
		add_pages(ld, spec->vmm == VMM_GCE ? LAUNCH_PAGE_UNMEASURED : LAUNCH_PAGE_ZERO, s);
		return OK;
	case SEV_SECTION_SECRETS:
		launch_extend(ld, LAUNCH_PAGE_SECRETS, s->gpa, NULL);
		return OK;
	case SEV_SECTION_CPUID:
		/* EC2 measures this page behind all others: see add_metadata(). */
		if (spec->vmm != VMM_EC2 && spec->vmm != VMM_EC2_RDX0)
			launch_extend(ld, LAUNCH_PAGE_CPUID, s->gpa, NULL);
		return OK;
	case SEV_SECTION_SVSM_CAA:
		add_pages(ld, LAUNCH_PAGE_ZERO, s);
		return OK;
	case SEV_SECTION_KERNEL_HASHES:
		return add_hashes_page(ld, spec, s, err);
	}
	return err_set(err, ERR_PARSE, "E-MEASURE-022",
	               "the firmware's metadata has a section of the unknown type %u", s->kind);
}

static status
add_metadata(struct hash384 *ld, const struct launch_spec *spec, struct err *err)
{
	const struct firmware *fw = spec->firmware;
	bool late_cpuid = spec->vmm == VMM_EC2 || spec->vmm == VMM_EC2_RDX0;
	bool hashes_page = false;

	for (size_t i = 0; i < fw->n_sev; i++) {
		TRY(add_section(ld, spec, &fw->sev[i], err));
		hashes_page |= fw->sev[i].kind == SEV_SECTION_KERNEL_HASHES;
	}
	for (size_t i = 0; late_cpuid && i < fw->n_sev; i++)
		if (fw->sev[i].kind == SEV_SECTION_CPUID)
			launch_extend(ld, LAUNCH_PAGE_CPUID, fw->sev[i].gpa, NULL);
	if (spec->hashes && !hashes_page)
		return err_hint(
		        err,
		        err_set(err, ERR_PARSE, "E-MEASURE-020",
		                "this firmware cannot measure kernel, initrd and command line"),
		        "use an image built from OvmfPkg/AmdSev, or leave --kernel out");
	return OK;
}

static status
check_vcpus(const struct launch_spec *spec, struct err *err)
{
	if (spec->vcpus < 1 || spec->vcpus > LAUNCH_MAX_VCPUS)
		return err_set(err, ERR_LIMIT, "E-MEASURE-023", "1 to %d vCPUs, not %u",
		               LAUNCH_MAX_VCPUS, spec->vcpus);
	if (spec->vcpus > 1 && !spec->firmware->has_reset_eip)
		return err_set(err, ERR_PARSE, "E-MEASURE-021",
		               "the firmware says nowhere where further vCPUs start");
	return OK;
}

static struct vmsa_spec
vmsa_of(const struct launch_spec *spec, unsigned int cpu, uint64_t features)
{
	return (struct vmsa_spec){
	        .vmm = spec->vmm,
	        .eip = cpu == 0 ? VMSA_BOOT_EIP : spec->firmware->reset_eip,
	        .cpu_signature = spec->cpu_signature,
	        .sev_features = features,
	};
}

void
launch_add_vcpus(struct hash384 *ld, const struct vmsa_spec *ap, unsigned int count)
{
	uint8_t page[VMSA_SIZE];

	vmsa_page(ap, page);
	for (unsigned int i = 0; i < count; i++)
		launch_extend(ld, LAUNCH_PAGE_VMSA, LAUNCH_VMSA_GPA, page);
}

status
launch_measure_snp(const struct launch_spec *spec, struct launch_steps *ret, struct err *err)
{
	struct launch_steps steps = {0};
	struct vmsa_spec boot = vmsa_of(spec, 0, spec->sev_features);
	struct vmsa_spec ap = vmsa_of(spec, 1, spec->sev_features);

	TRY(check_vcpus(spec, err));
	add_firmware(&steps.firmware, spec->firmware);
	steps.metadata = steps.firmware;
	TRY(add_metadata(&steps.metadata, spec, err));
	steps.launch = steps.metadata;
	launch_add_vcpus(&steps.launch, &boot, 1);
	launch_add_vcpus(&steps.launch, &ap, spec->vcpus - 1);
	*ret = steps;
	return OK;
}

/* ---- SEV and SEV-ES: one hash over everything in order ---- */

status
launch_measure_sev(const struct launch_spec *spec, bool encrypted_state, struct hash256 *ret,
                   struct err *err)
{
	uint8_t table[SEV_HASH_TABLE_SIZE], page[VMSA_SIZE];
	struct hasher *h;

	TRY(check_vcpus(spec, err));
	if (spec->hashes && !spec->firmware->has_hash_table)
		return err_set(err, ERR_PARSE, "E-MEASURE-020",
		               "this firmware cannot measure kernel, initrd and command line");
	h = hasher_new(HASH_SHA256);
	hasher_add(h, spec->firmware->image);
	if (spec->hashes) {
		sev_hash_table(spec->hashes, table);
		hasher_add(h, bytes_of(table, sizeof table));
	}
	for (unsigned int i = 0; encrypted_state && i < spec->vcpus; i++) {
		struct vmsa_spec cpu = vmsa_of(spec, i, 0);

		vmsa_page(&cpu, page);
		hasher_add(h, bytes_of(page, sizeof page));
	}
	hasher_final(h, ret->b);
	hasher_free(h);
	return OK;
}
