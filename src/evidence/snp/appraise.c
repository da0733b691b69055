/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/snp/appraise.h"

#include "evidence/measure/launch.h"

#include <stdio.h>
#include <string.h>

static void
check_version(const struct snp_reference *set, const struct snp_report *r, struct appraisal *a)
{
	char e[16], g[16];

	if (r->version >= set->minimum_version)
		return;
	snprintf(e, sizeof e, "%u", set->minimum_version);
	snprintf(g, sizeof g, "%u", r->version);
	appraisal_miss(a, STEP_PLATFORM, "snp/version-old", e, g,
	               "the report is of an older version than the set demands");
}

static void
check_product(const struct snp_reference *set, const struct snp_vek *vek, struct appraisal *a)
{
	if (vek->product != set->product)
		appraisal_miss(a, STEP_PLATFORM, "snp/product-denied",
		               snp_product_name(set->product), snp_product_name(vek->product),
		               "the processor is of another product line");
	if (vek->kind == SNP_SIGNED_VLEK && set->csp_id[0] == '\0')
		appraisal_miss(a, STEP_PLATFORM, "snp/vlek-denied", "VCEK", "VLEK",
		               "the key is a cloud provider's, and the set names no provider");
	else if (vek->kind == SNP_SIGNED_VCEK && set->csp_id[0] != '\0')
		appraisal_miss(a, STEP_PLATFORM, "snp/csp-id", set->csp_id, "VCEK",
		               "the key is a chip's, and the set wants a provider's");
	else if (strcmp(vek->csp_id, set->csp_id) != 0)
		appraisal_miss(a, STEP_PLATFORM, "snp/csp-id", set->csp_id, vek->csp_id,
		               "the key is another cloud provider's");
}

/* One bit of POLICY: `allowed` bits may be set, `demanded` bits must be. */
struct bit_rule {
	const char *name;
	uint64_t bit;
	bool demanded; /* kind of the rule */
	bool value;    /* what the set says */
};

static void
check_bits(const struct bit_rule *rules, size_t n, uint64_t bits, const char *reason,
           struct appraisal *a)
{
	for (size_t i = 0; i < n; i++) {
		bool set = (bits & rules[i].bit) != 0;

		if (rules[i].demanded && rules[i].value && !set)
			appraisal_miss(a, STEP_PLATFORM, reason, "set", "not set",
			               "%s is not set, and the reference set demands it",
			               rules[i].name);
		else if (!rules[i].demanded && !rules[i].value && set)
			appraisal_miss(a, STEP_PLATFORM, reason, "not set", "set",
			               "%s is set, and the reference set does not allow it",
			               rules[i].name);
	}
}

static void
check_guest_policy(const struct snp_reference *set, const struct snp_report *r, struct appraisal *a)
{
	const struct snp_guest_policy *p = &set->guest_policy;
	const struct bit_rule rules[] = {
	        {"SMT", SNP_POLICY_SMT, false, p->smt},
	        {"CXL_ALLOW", SNP_POLICY_CXL_ALLOW, false, p->cxl_allowed},
	        {"SINGLE_SOCKET", SNP_POLICY_SINGLE_SOCKET, true, p->single_socket},
	        {"MEM_AES_256_XTS", SNP_POLICY_MEM_AES_256_XTS, true, p->mem_aes_256_xts},
	        {"RAPL_DIS", SNP_POLICY_RAPL_DIS, true, p->rapl_dis},
	        {"CIPHERTEXT_HIDING_DRAM", SNP_POLICY_CIPHERTEXT_HIDING, true,
	         p->ciphertext_hiding},
	        {"PAGE_SWAP_DISABLE", SNP_POLICY_PAGE_SWAP_DISABLE, true, p->page_swap_disable},
	};
	unsigned int abi = (unsigned int)(r->policy & 0xffff); /* major in the high byte */
	unsigned int want = (unsigned int)p->abi_major << 8 | p->abi_minor;
	char e[16], g[16];

	if (r->policy & SNP_POLICY_DEBUG)
		appraisal_miss(a, STEP_PLATFORM, "snp/debug", "not set", "set",
		               "the guest may be debugged: the host can read its memory");
	if ((r->policy & SNP_POLICY_MIGRATE_MA && !p->migrate_ma) ||
	    (!p->migrate_ma && !bytes_equal(bytes_of(r->report_id_ma, 32),
	                                    BYTES("\xff\xff\xff\xff\xff\xff\xff\xff"
	                                          "\xff\xff\xff\xff\xff\xff\xff\xff"
	                                          "\xff\xff\xff\xff\xff\xff\xff\xff"
	                                          "\xff\xff\xff\xff\xff\xff\xff\xff"))))
		appraisal_miss(a, STEP_PLATFORM, "snp/migration", "none", "set",
		               "a migration agent may move the guest");
	check_bits(rules, COUNT_OF(rules), r->policy, "snp/policy", a);
	if (abi < want) {
		snprintf(e, sizeof e, "%u.%u", want >> 8, want & 0xff);
		snprintf(g, sizeof g, "%u.%u", abi >> 8, abi & 0xff);
		appraisal_miss(a, STEP_PLATFORM, "snp/policy", e, g,
		               "the guest accepts an older firmware ABI than the set");
	}
}

static void
check_platform_info(const struct snp_reference *set, const struct snp_report *r,
                    struct appraisal *a)
{
	const struct snp_platform_info *p = &set->platform_info;
	const struct bit_rule rules[] = {
	        {"SMT_EN", SNP_PLATFORM_SMT, false, p->smt},
	        {"TSME_EN", SNP_PLATFORM_TSME, false, p->tsme},
	        {"TIO_EN", SNP_PLATFORM_TIO, false, p->tio},
	        {"ECC_EN", SNP_PLATFORM_ECC, true, p->ecc},
	        {"RAPL_DIS", SNP_PLATFORM_RAPL_DIS, true, p->rapl_disabled},
	        {"CIPHERTEXT_HIDING_DRAM_EN", SNP_PLATFORM_CIPHERTEXT_HIDING, true,
	         p->ciphertext_hiding},
	        {"ALIAS_CHECK_COMPLETE", SNP_PLATFORM_ALIAS_CHECK, true, p->alias_check_complete},
	};

	check_bits(rules, COUNT_OF(rules), r->platform_info, "snp/platform", a);
	if (r->vmpl != 0) {
		char g[16];

		snprintf(g, sizeof g, "%u", r->vmpl);
		appraisal_miss(a, STEP_PLATFORM, "snp/vmpl", "0", g,
		               "the report was requested below the highest privilege level");
	}
}

struct tcbs {
	struct snp_tcb reported, committed, current, launch;
};

static bool
decode_tcbs(enum snp_product p, const struct snp_report *r, struct tcbs *t)
{
	return snp_tcb_decode(p, r->reported_tcb, &t->reported) &&
	       snp_tcb_decode(p, r->committed_tcb, &t->committed) &&
	       snp_tcb_decode(p, r->current_tcb, &t->current) &&
	       snp_tcb_decode(p, r->launch_tcb, &t->launch);
}

static void
check_below(const struct snp_tcb *have, const struct snp_tcb *need, const char *which,
            const char *reason, const char *why, struct appraisal *a)
{
	unsigned int h = 0, n = 0;
	const char *part = snp_tcb_below(have, need, &h, &n);
	char e[16], g[16];

	if (!part)
		return;
	snprintf(e, sizeof e, "%u", n);
	snprintf(g, sizeof g, "%u", h);
	appraisal_miss(a, STEP_PLATFORM, reason, e, g, "%s %s is below %s", which, part, why);
}

static void
check_tcb(const struct snp_reference *set, const struct snp_report *r, const struct snp_vek *vek,
          struct appraisal *a)
{
	struct tcbs t;

	if (!decode_tcbs(vek->product, r, &t)) {
		appraisal_miss(a, STEP_PLATFORM, "snp/tcb-format", "", "",
		               "a TCB version has reserved bytes set");
		return;
	}
	/* CURRENT above COMMITTED is allowed: floors are put on what cannot be rolled back. */
	check_below(&t.committed, &t.reported, "committed", "snp/tcb-order", "the reported one", a);
	check_below(&t.current, &t.committed, "current", "snp/tcb-order", "the committed one", a);
	check_below(&t.reported, &set->minimum_tcb, "reported", "snp/tcb-min", "the minimum", a);
	check_below(&t.committed, &set->minimum_tcb, "committed", "snp/tcb-min", "the minimum", a);
	check_below(&t.launch, &set->minimum_tcb, "launch", "snp/tcb-min", "the minimum", a);
}

/*
 * The TCB's SNP part counts security versions; a fix that raised none shows in
 * the firmware's own version alone. Committed is what the host can go back to;
 * current is checked too, because nothing else holds the two in order.
 */
static void
check_firmware(const struct snp_reference *set, const struct snp_report *r, struct appraisal *a)
{
	const struct {
		const char *name;
		struct snp_firmware version;
	} rows[] = {
	        {"committed", {r->committed_major, r->committed_minor, r->committed_build}},
	        {"current", {r->current_major, r->current_minor, r->current_build}},
	};
	char e[SNP_FIRMWARE_TEXT], g[SNP_FIRMWARE_TEXT];

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (snp_firmware_cmp(rows[i].version, set->minimum_firmware) >= 0)
			continue;
		appraisal_miss(a, STEP_PLATFORM, "snp/fw-min",
		               snp_firmware_text(set->minimum_firmware, e),
		               snp_firmware_text(rows[i].version, g),
		               "the %s firmware is below the minimum", rows[i].name);
	}
}

static void
check_mitigation(const struct snp_reference *set, const struct snp_report *r, struct appraisal *a)
{
	const struct {
		const char *name;
		uint64_t value;
	} vectors[] = {{"launch", r->launch_mitigation}, {"current", r->current_mitigation}};
	char e[24], g[24];

	/* Before version 5 both are zero: a set that demands bits refuses such reports. */
	for (size_t i = 0; i < COUNT_OF(vectors); i++) {
		if ((vectors[i].value & set->minimum_mitigation) == set->minimum_mitigation)
			continue;
		snprintf(e, sizeof e, "0x%llx", (unsigned long long)set->minimum_mitigation);
		snprintf(g, sizeof g, "0x%llx", (unsigned long long)vectors[i].value);
		appraisal_miss(a, STEP_PLATFORM, "snp/mitigation", e, g,
		               "the %s mitigation vector of report version %u lacks bits",
		               vectors[i].name, r->version);
	}
}

static void
check_chip(const struct snp_reference *set, const struct snp_report *r, struct appraisal *a)
{
	struct bytes chip = bytes_of(r->chip_id, sizeof r->chip_id);

	if (set->n_chip_ids == 0 && !set->chip_ids)
		return;
	if (bytes_all_zero(chip)) {
		appraisal_miss(a, STEP_PLATFORM, "snp/chip-masked", "a chip id", "masked",
		               "the platform hides its chip id, and the set lists machines");
		return;
	}
	for (size_t i = 0; i < set->n_chip_ids; i++) {
		if (bytes_equal(chip, bytes_of(set->chip_ids[i].b, SNP_CHIP_ID_SIZE)))
			return;
	}
	appraisal_miss_hex(a, STEP_PLATFORM, "snp/chip", (struct bytes){NULL, 0}, chip,
	                   "the machine is not on the set's list");
}

unsigned int
snp_measurement_matches(const struct snp_reference *set, const struct snp_report *r)
{
	struct vmsa_spec ap = {
	        .vmm = VMM_QEMU,
	        .eip = set->ap_eip,
	        .cpu_signature = snp_product_cpuid_signature(set->product),
	        .sev_features = set->sev_features,
	};
	struct bytes got = bytes_of(r->measurement, sizeof r->measurement);

	if (bytes_equal(hash384_view(&set->measurement), got))
		return 1;
	return set->has_ap_eip
	               ? launch_count_vcpus(&set->measurement, &ap, SNP_REFERENCE_MAX_VCPUS, got)
	               : 0;
}

static void
check_id(const uint8_t *want, const uint8_t got[16], const char *reason, const char *detail,
         struct appraisal *a)
{
	if (want && !bytes_equal(bytes_of(want, 16), bytes_of(got, 16)))
		appraisal_miss_hex(a, STEP_IDENTITY, reason, bytes_of(want, 16), bytes_of(got, 16),
		                   detail);
}

static void
check_identity(const struct snp_reference *set, const struct snp_report *r, struct appraisal *a)
{
	char e[16], g[16];

	if (snp_measurement_matches(set, r) == 0)
		appraisal_miss_hex(a, STEP_IDENTITY, "snp/measurement",
		                   hash384_view(&set->measurement),
		                   bytes_of(r->measurement, sizeof r->measurement),
		                   "the guest was booted from something else");
	if (set->id_key_digest &&
	    !bytes_equal(hash384_view(set->id_key_digest), bytes_of(r->id_key_digest, SHA384_SIZE)))
		appraisal_miss_hex(a, STEP_IDENTITY, "snp/id-key", hash384_view(set->id_key_digest),
		                   bytes_of(r->id_key_digest, SHA384_SIZE),
		                   "the image is signed by another key");
	/* Without AUTHOR_KEY_EN nobody signed the ID key, whatever stands in the digest's place. */
	if (set->author_key_digest && (!(r->key_info & SNP_KEY_AUTHOR_EN) ||
	                               !bytes_equal(hash384_view(set->author_key_digest),
	                                            bytes_of(r->author_key_digest, SHA384_SIZE))))
		appraisal_miss_hex(a, STEP_IDENTITY, "snp/author-key",
		                   hash384_view(set->author_key_digest),
		                   bytes_of(r->author_key_digest, SHA384_SIZE),
		                   "the image's key is signed by another author");
	if (r->guest_svn < set->minimum_guest_svn) {
		snprintf(e, sizeof e, "%u", set->minimum_guest_svn);
		snprintf(g, sizeof g, "%u", r->guest_svn);
		appraisal_miss(a, STEP_IDENTITY, "snp/guest-svn", e, g,
		               "the image's security version is below the minimum");
	}
	check_id(set->family_id, r->family_id, "snp/family-id", "the image is of another family",
	         a);
	check_id(set->image_id, r->image_id, "snp/image-id", "the image has another id", a);
}

void
snp_appraise(const struct snp_reference *set, const struct snp_report *r, const struct snp_vek *vek,
             struct appraisal *a)
{
	check_product(set, vek, a);
	check_version(set, r, a);
	check_guest_policy(set, r, a);
	check_platform_info(set, r, a);
	check_tcb(set, r, vek, a);
	check_firmware(set, r, a);
	check_mitigation(set, r, a);
	check_chip(set, r, a);
	check_identity(set, r, a);
}
