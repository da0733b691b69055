/* SPDX-License-Identifier: Apache-2.0 */
/* sets.c: the member ReferenceValues. */
#include "base/text.h"
#include "manifest/model.h"

#include <stdio.h>

static void
item_path(char *to, const char *path, size_t i)
{
	snprintf(to, DECODE_PATH, "%s[%zu]", path, i);
}

/* ---- SNP ---- */

static void
decode_product(struct decode *d, const char *path, const struct value *v,
               const struct decode_rule *rule UNUSED, void *target)
{
	struct manifest_snp *set = target;
	struct bytes text = json_text(v);

	if (bytes_is(text, "Milan"))
		set->product = MANIFEST_MILAN;
	else if (bytes_is(text, "Genoa"))
		set->product = MANIFEST_GENOA;
	else if (bytes_is(text, "Turin"))
		set->product = MANIFEST_TURIN;
	else
		faults_add(d->faults, FAULT_ERROR, path, "must be Milan, Genoa or Turin");
}

/* Four bytes, big-endian, as eight digits. */
static void
decode_apeip(struct decode *d, const char *path, const struct value *v,
             const struct decode_rule *rule UNUSED, void *target)
{
	struct manifest_snp *set = target;
	uint8_t b[4];

	if (!decode_hex(d, path, v, b, sizeof b))
		return;
	set->has_apeip = true;
	set->apeip = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void
decode_firmware(struct decode *d, const char *path, const struct value *v,
                const struct decode_rule *rule UNUSED, void *target)
{
	struct manifest_snp *set = target;

	/* Malformed counts as present: one fault, and no set that demands less than was meant. */
	set->has_min_firmware = true;
	if (!json_is(v, VALUE_STRING) || !snp_firmware_parse(json_text(v), &set->min_firmware))
		faults_add(d->faults, FAULT_ERROR, path,
		           "must be a text \"major.minor.build\" of numbers from 0 to 255, such as "
		           "\"1.55.21\"");
}

/* The 16 bytes of an ID block's name. "" counts as absent. */
static bool
decode_id(struct decode *d, const char *path, const struct value *v, uint8_t to[16])
{
	bool empty = json_is(v, VALUE_STRING) && v->n == 0;

	(void)decode_hex(d, path, v, to, 16);
	return !empty;
}

static void
decode_family(struct decode *d, const char *path, const struct value *v,
              const struct decode_rule *rule UNUSED, void *target)
{
	struct manifest_snp *set = target;

	set->has_family_id = decode_id(d, path, v, set->family_id);
}

static void
decode_image(struct decode *d, const char *path, const struct value *v,
             const struct decode_rule *rule UNUSED, void *target)
{
	struct manifest_snp *set = target;

	set->has_image_id = decode_id(d, path, v, set->image_id);
}

#define TCB(name, field) RULE(struct manifest_snp, name, decode_optional_u8, min_tcb.field)
static const struct decode_rule tcb_rules[] = {
        TCB("BootloaderVersion", bootloader), TCB("TEEVersion", tee), TCB("SNPVersion", snp),
        TCB("MicrocodeVersion", microcode),   TCB("FMCVersion", fmc),
};

#define POLICY(name, fn, field) RULE(struct manifest_snp, name, fn, guest_policy.field)
static const struct decode_rule policy_rules[] = {
        POLICY("ABIMinor", decode_u8, abi_minor),
        POLICY("ABIMajor", decode_u8, abi_major),
        POLICY("SMT", decode_bool, smt),
        POLICY("MigrateMA", decode_bool, migrate_ma),
        POLICY("Debug", decode_bool, debug),
        POLICY("SingleSocket", decode_bool, single_socket),
        POLICY("CXLAllowed", decode_bool, cxl_allowed),
        POLICY("MemAES256XTS", decode_bool, mem_aes_256_xts),
        POLICY("RAPLDis", decode_bool, rapl_dis),
        POLICY("CipherTextHidingDRAM", decode_bool, ciphertext_hiding_dram),
        POLICY("PageSwapDisable", decode_bool, page_swap_disable),
};

#define PLATFORM(name, field) RULE(struct manifest_snp, name, decode_bool, platform_info.field)
static const struct decode_rule platform_rules[] = {
        PLATFORM("SMTEnabled", smt_enabled),
        PLATFORM("TSMEEnabled", tsme_enabled),
        PLATFORM("ECCEnabled", ecc_enabled),
        PLATFORM("RAPLDisabled", rapl_disabled),
        PLATFORM("CiphertextHidingDRAMEnabled", ciphertext_hiding_dram_enabled),
        PLATFORM("AliasCheckComplete", alias_check_complete),
        PLATFORM("TIOEnabled", tio_enabled),
};

static void
decode_tcb(struct decode *d, const char *path, const struct value *v,
           const struct decode_rule *rule UNUSED, void *target)
{
	decode_object(d, path, v, tcb_rules, COUNT_OF(tcb_rules), target);
}

static void
decode_guest_policy(struct decode *d, const char *path, const struct value *v,
                    const struct decode_rule *rule UNUSED, void *target)
{
	struct manifest_snp *set = target;

	set->has_guest_policy = true;
	decode_object(d, path, v, policy_rules, COUNT_OF(policy_rules), target);
}

static void
decode_platform_info(struct decode *d, const char *path, const struct value *v,
                     const struct decode_rule *rule UNUSED, void *target)
{
	struct manifest_snp *set = target;

	set->has_platform_info = true;
	decode_object(d, path, v, platform_rules, COUNT_OF(platform_rules), target);
}

/* A list of ids of `size` bytes each; all zero is no id but what a masked one reads as. */
static uint8_t *
decode_ids(struct decode *d, const char *path, const struct value *v, size_t size, size_t *ret_n)
{
	size_t n = decode_array(d, path, v, MANIFEST_MAX_IDS);
	uint8_t *ids = n ? arena_array(&d->m->arena, n, size) : NULL;

	*ret_n = 0;
	for (size_t i = 0; ids && i < n; i++) {
		char at[DECODE_PATH];
		uint8_t *to = ids + i * size;

		item_path(at, path, i);
		if (!decode_hex(d, at, json_item(v, i), to, size)) {
			if (json_is(json_item(v, i), VALUE_STRING) && json_item(v, i)->n == 0)
				faults_add(d->faults, FAULT_ERROR, at, "is empty");
		} else if (bytes_all_zero(bytes_of(to, size))) {
			faults_add(d->faults, FAULT_ERROR, at,
			           "is all zero: a masked id names no machine");
		}
		*ret_n = i + 1;
	}
	return ids;
}

static void
decode_chip_ids(struct decode *d, const char *path, const struct value *v,
                const struct decode_rule *rule UNUSED, void *target)
{
	struct manifest_snp *set = target;

	set->chip_ids = (uint8_t(*)[64])(void *)decode_ids(d, path, v, 64, &set->n_chip_ids);
}

#define SNP(name, fn, field) RULE(struct manifest_snp, name, fn, field)
#define SNP_HAS(name, fn, field, has) RULE_HAS(struct manifest_snp, name, fn, field, has)
static const struct decode_rule snp_rules[] = {
        SNP("Platform", decode_text, platform),
        SNP("ProductName", decode_product, product),
        SNP_HAS("TrustedMeasurement", decode_hash384, measurement, has_measurement),
        SNP("APEIP", decode_apeip, apeip),
        SNP("MinimumTCB", decode_tcb, min_tcb),
        SNP("MinimumCommittedFirmware", decode_firmware, min_firmware),
        SNP_HAS("MinimumReportVersion", decode_u8, min_report_version, has_min_report_version),
        SNP("GuestPolicy", decode_guest_policy, guest_policy),
        SNP("PlatformInfo", decode_platform_info, platform_info),
        SNP_HAS("MinimumMitigationVector", decode_u64, mitigation_vector, has_mitigation_vector),
        SNP("AllowedChipIDs", decode_chip_ids, chip_ids),
        SNP_HAS("IDKeyDigest", decode_hash384, id_key, has_id_key),
        SNP_HAS("AuthorKeyDigest", decode_hash384, author_key, has_author_key),
        SNP("FamilyID", decode_family, family_id),
        SNP("ImageID", decode_image, image_id),
        SNP_HAS("MinimumGuestSVN", decode_u32, min_guest_svn, has_min_guest_svn),
        SNP("CspID", decode_text, csp_id),
        SNP("Pcrs", model_decode_pcrs, pcrs),
        SNP_HAS("CPUs", decode_u32, cpus, has_cpus),
        SNP_HAS("TrustRoot", decode_hash256, trust_root, has_trust_root),
};

void
model_decode_snp(struct decode *d, const char *path, const struct value *v,
                 struct manifest_snp *set)
{
	decode_object(d, path, v, snp_rules, COUNT_OF(snp_rules), set);
}

/* ---- TDX ---- */

static void
decode_rtmrs(struct decode *d, const char *path, const struct value *v,
             const struct decode_rule *rule UNUSED, void *target)
{
	struct manifest_tdx *set = target;
	uint8_t *to;
	size_t n;

	if (v->type == VALUE_ARRAY && v->n != COUNT_OF(set->rtmrs)) {
		faults_add(d->faults, FAULT_ERROR, path, "must have exactly 4 items, has %u", v->n);
		set->n_rtmrs = COUNT_OF(set->rtmrs);
		return;
	}
	n = decode_array(d, path, v, COUNT_OF(set->rtmrs));
	for (size_t i = 0; i < n; i++) {
		char at[DECODE_PATH];

		item_path(at, path, i);
		to = set->rtmrs[i].b;
		if (!decode_hex(d, at, json_item(v, i), to, SHA384_SIZE) &&
		    json_is(json_item(v, i), VALUE_STRING) && json_item(v, i)->n == 0)
			faults_add(d->faults, FAULT_ERROR, at, "is empty");
	}
	set->n_rtmrs = n;
}

static void
decode_alternatives(struct decode *d, const char *path, const struct value *v,
                    const struct decode_rule *rule UNUSED, void *target)
{
	struct manifest_tdx *set = target;

	set->rtmr0_alternatives =
	        (struct hash384 *)(void *)decode_ids(d, path, v, sizeof(struct hash384),
	                                             &set->n_rtmr0_alternatives);
}

static void
decode_piids(struct decode *d, const char *path, const struct value *v,
             const struct decode_rule *rule UNUSED, void *target)
{
	struct manifest_tdx *set = target;

	set->piids = (uint8_t(*)[16])(void *)decode_ids(d, path, v, 16, &set->n_piids);
}

static void
decode_xfam(struct decode *d, const char *path, const struct value *v,
            const struct decode_rule *rule UNUSED, void *target)
{
	struct manifest_tdx *set = target;
	bool empty = json_is(v, VALUE_STRING) && v->n == 0;

	(void)decode_hex(d, path, v, set->xfam, sizeof set->xfam);
	set->has_xfam = !empty;
}

#define TDX(name, fn, field) RULE(struct manifest_tdx, name, fn, field)
#define TDX_HAS(name, fn, field, has) RULE_HAS(struct manifest_tdx, name, fn, field, has)
static const struct decode_rule tdx_rules[] = {
        TDX("Platform", decode_text, platform),
        TDX_HAS("MrTd", decode_hash384, mr_td, has_mr_td),
        TDX_HAS("MrSeam", decode_hash384, mr_seam, has_mr_seam),
        TDX("Rtmrs", decode_rtmrs, rtmrs),
        TDX("Rtmr0Alternatives", decode_alternatives, rtmr0_alternatives),
        TDX_HAS("MrOwner", decode_hash384, mr_owner, has_mr_owner),
        TDX_HAS("MrOwnerConfig", decode_hash384, mr_owner_config, has_mr_owner_config),
        TDX("Xfam", decode_xfam, xfam),
        TDX("AllowedPIIDs", decode_piids, piids),
        TDX("Pcrs", model_decode_pcrs, pcrs),
        TDX("MemoryIntegrity", decode_bool, memory_integrity),
        TDX("SMTDisabled", decode_bool, smt_disabled),
        TDX("StaticPlatform", decode_bool, static_platform),
        TDX_HAS("MinTCBEvaluationDataNumber", decode_u32, min_tcb_evaluation,
                has_min_tcb_evaluation),
        TDX_HAS("TrustRoot", decode_hash256, trust_root, has_trust_root),
};

void
model_decode_tdx(struct decode *d, const char *path, const struct value *v,
                 struct manifest_tdx *set)
{
	decode_object(d, path, v, tdx_rules, COUNT_OF(tdx_rules), set);
}

/* ---- both lists ---- */

static void
decode_snp_list(struct decode *d, const char *path, const struct value *v,
                const struct decode_rule *rule UNUSED, void *target UNUSED)
{
	struct manifest *m = d->m;
	size_t n = decode_array(d, path, v, MANIFEST_MAX_SETS - m->n_snp);

	for (size_t i = 0; i < n; i++) {
		char at[DECODE_PATH];
		struct manifest_snp *grown =
		        model_grow(&m->arena, m->snp, m->n_snp, &m->cap_snp, sizeof *grown);

		if (!grown)
			return;
		m->snp = grown;
		item_path(at, path, i);
		model_decode_snp(d, at, json_item(v, i), &m->snp[m->n_snp++]);
	}
}

static void
decode_tdx_list(struct decode *d, const char *path, const struct value *v,
                const struct decode_rule *rule UNUSED, void *target UNUSED)
{
	struct manifest *m = d->m;
	size_t n = decode_array(d, path, v, MANIFEST_MAX_SETS - m->n_tdx);

	for (size_t i = 0; i < n; i++) {
		char at[DECODE_PATH];
		struct manifest_tdx *grown =
		        model_grow(&m->arena, m->tdx, m->n_tdx, &m->cap_tdx, sizeof *grown);

		if (!grown)
			return;
		m->tdx = grown;
		item_path(at, path, i);
		model_decode_tdx(d, at, json_item(v, i), &m->tdx[m->n_tdx++]);
	}
}

void
model_decode_sets(struct decode *d, const char *path, const struct value *v)
{
	static const struct decode_rule rules[] = {
	        {"snp", decode_snp_list, 0, SIZE_MAX},
	        {"tdx", decode_tdx_list, 0, SIZE_MAX},
	};

	decode_object(d, path, v, rules, COUNT_OF(rules), d->m);
}
