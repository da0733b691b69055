/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/model.h"

static struct value
hex_list(struct arena *a, const uint8_t *ids, size_t size, size_t n)
{
	struct value list = json_array();

	for (size_t i = 0; i < n; i++)
		json_add(a, &list, json_hex(a, bytes_of(ids + i * size, size)));
	return list;
}

static struct value
text_list(struct arena *a, const struct bytes *texts, size_t n)
{
	struct value list = json_array();

	for (size_t i = 0; i < n; i++)
		json_add(a, &list, json_string(texts[i]));
	return list;
}

static void
put_optional(struct arena *a, struct value *object, const char *name, struct manifest_u8 v)
{
	if (v.set)
		json_put(a, object, name, json_int(v.v));
}

/* ---- SNP ---- */

static const char *
product_name(enum manifest_product p)
{
	switch (p) {
	case MANIFEST_PRODUCT_NONE:
		return "";
	case MANIFEST_MILAN:
		return "Milan";
	case MANIFEST_GENOA:
		return "Genoa";
	case MANIFEST_TURIN:
		return "Turin";
	}
	return "";
}

static struct value
tcb_value(struct arena *a, const struct manifest_snp *s)
{
	struct value v = json_object();

	put_optional(a, &v, "BootloaderVersion", s->min_tcb.bootloader);
	put_optional(a, &v, "TEEVersion", s->min_tcb.tee);
	put_optional(a, &v, "SNPVersion", s->min_tcb.snp);
	put_optional(a, &v, "MicrocodeVersion", s->min_tcb.microcode);
	put_optional(a, &v, "FMCVersion", s->min_tcb.fmc);
	return v;
}

static struct value
guest_policy_value(struct arena *a, const struct manifest_snp *s)
{
	struct value v = json_object();

	json_put(a, &v, "ABIMinor", json_int(s->guest_policy.abi_minor));
	json_put(a, &v, "ABIMajor", json_int(s->guest_policy.abi_major));
	json_put(a, &v, "SMT", json_bool(s->guest_policy.smt));
	json_put(a, &v, "MigrateMA", json_bool(s->guest_policy.migrate_ma));
	json_put(a, &v, "Debug", json_bool(s->guest_policy.debug));
	json_put(a, &v, "SingleSocket", json_bool(s->guest_policy.single_socket));
	json_put(a, &v, "CXLAllowed", json_bool(s->guest_policy.cxl_allowed));
	json_put(a, &v, "MemAES256XTS", json_bool(s->guest_policy.mem_aes_256_xts));
	json_put(a, &v, "RAPLDis", json_bool(s->guest_policy.rapl_dis));
	json_put(a, &v, "CipherTextHidingDRAM", json_bool(s->guest_policy.ciphertext_hiding_dram));
	json_put(a, &v, "PageSwapDisable", json_bool(s->guest_policy.page_swap_disable));
	return v;
}

static struct value
platform_info_value(struct arena *a, const struct manifest_snp *s)
{
	struct value v = json_object();

	json_put(a, &v, "SMTEnabled", json_bool(s->platform_info.smt_enabled));
	json_put(a, &v, "TSMEEnabled", json_bool(s->platform_info.tsme_enabled));
	json_put(a, &v, "ECCEnabled", json_bool(s->platform_info.ecc_enabled));
	json_put(a, &v, "RAPLDisabled", json_bool(s->platform_info.rapl_disabled));
	json_put(a, &v, "CiphertextHidingDRAMEnabled",
	         json_bool(s->platform_info.ciphertext_hiding_dram_enabled));
	json_put(a, &v, "AliasCheckComplete", json_bool(s->platform_info.alias_check_complete));
	json_put(a, &v, "TIOEnabled", json_bool(s->platform_info.tio_enabled));
	return v;
}

static void
put_platform(struct arena *a, struct value *v, struct bytes platform)
{
	if (platform.n > 0)
		json_put(a, v, "Platform", json_string(platform));
}

static void
put_u64(struct arena *a, struct value *v, const char *name, uint64_t n)
{
	if (n <= INT64_MAX) {
		json_put(a, v, name, json_int((int64_t)n));
	} else {
		struct bytes text = arena_printf(a, "%llu", (unsigned long long)n);
		struct value number = {.type = VALUE_NUMBER, .n = (uint32_t)text.n, .u.s = text.p};

		json_put(a, v, name, number);
	}
}

static void
put_signers(struct arena *a, struct value *v, const struct manifest_snp *s)
{
	if (s->has_id_key)
		json_put(a, v, "IDKeyDigest", json_hex(a, hash384_view(&s->id_key)));
	if (s->has_author_key)
		json_put(a, v, "AuthorKeyDigest", json_hex(a, hash384_view(&s->author_key)));
	if (s->has_family_id)
		json_put(a, v, "FamilyID", json_hex(a, bytes_of(s->family_id, 16)));
	if (s->has_image_id)
		json_put(a, v, "ImageID", json_hex(a, bytes_of(s->image_id, 16)));
	if (s->has_min_guest_svn)
		json_put(a, v, "MinimumGuestSVN", json_int(s->min_guest_svn));
}

struct value
model_snp_value(struct arena *a, const struct manifest_snp *s)
{
	const uint8_t apeip[4] = {(uint8_t)(s->apeip >> 24), (uint8_t)(s->apeip >> 16),
	                          (uint8_t)(s->apeip >> 8), (uint8_t)s->apeip};
	struct value v = json_object();
	char fw[SNP_FIRMWARE_TEXT];

	put_platform(a, &v, s->platform);
	if (s->product != MANIFEST_PRODUCT_NONE)
		json_put(a, &v, "ProductName", json_cstr(product_name(s->product)));
	if (s->has_measurement)
		json_put(a, &v, "TrustedMeasurement", json_hex(a, hash384_view(&s->measurement)));
	if (s->has_apeip)
		json_put(a, &v, "APEIP", json_hex(a, bytes_of(apeip, sizeof apeip)));
	json_put(a, &v, "MinimumTCB", tcb_value(a, s));
	if (s->has_min_firmware)
		json_put(a, &v, "MinimumCommittedFirmware",
		         json_copy_string(a, bytes_str(snp_firmware_text(s->min_firmware, fw))));
	if (s->has_min_report_version)
		json_put(a, &v, "MinimumReportVersion", json_int(s->min_report_version));
	if (s->has_guest_policy)
		json_put(a, &v, "GuestPolicy", guest_policy_value(a, s));
	if (s->has_platform_info)
		json_put(a, &v, "PlatformInfo", platform_info_value(a, s));
	if (s->has_mitigation_vector)
		put_u64(a, &v, "MinimumMitigationVector", s->mitigation_vector);
	if (s->n_chip_ids > 0)
		json_put(a, &v, "AllowedChipIDs",
		         hex_list(a, s->chip_ids[0], sizeof s->chip_ids[0], s->n_chip_ids));
	put_signers(a, &v, s);
	if (s->csp_id.n > 0)
		json_put(a, &v, "CspID", json_string(s->csp_id));
	if (s->pcrs)
		json_put(a, &v, "Pcrs", model_pcrs_value(a, s->pcrs));
	if (s->has_cpus)
		json_put(a, &v, "CPUs", json_int(s->cpus));
	if (s->has_trust_root)
		json_put(a, &v, "TrustRoot", json_hex(a, hash256_view(&s->trust_root)));
	return v;
}

/* ---- TDX ---- */

struct value
model_tdx_value(struct arena *a, const struct manifest_tdx *s)
{
	struct value v = json_object();

	put_platform(a, &v, s->platform);
	if (s->has_mr_td)
		json_put(a, &v, "MrTd", json_hex(a, hash384_view(&s->mr_td)));
	if (s->has_mr_seam)
		json_put(a, &v, "MrSeam", json_hex(a, hash384_view(&s->mr_seam)));
	if (s->n_rtmrs > 0)
		json_put(a, &v, "Rtmrs", hex_list(a, s->rtmrs[0].b, SHA384_SIZE, s->n_rtmrs));
	if (s->n_rtmr0_alternatives > 0)
		json_put(a, &v, "Rtmr0Alternatives",
		         hex_list(a, s->rtmr0_alternatives[0].b, SHA384_SIZE,
		                  s->n_rtmr0_alternatives));
	if (s->has_mr_owner)
		json_put(a, &v, "MrOwner", json_hex(a, hash384_view(&s->mr_owner)));
	if (s->has_mr_owner_config)
		json_put(a, &v, "MrOwnerConfig", json_hex(a, hash384_view(&s->mr_owner_config)));
	if (s->has_xfam)
		json_put(a, &v, "Xfam", json_hex(a, bytes_of(s->xfam, sizeof s->xfam)));
	if (s->n_piids > 0)
		json_put(a, &v, "AllowedPIIDs",
		         hex_list(a, s->piids[0], sizeof s->piids[0], s->n_piids));
	if (s->pcrs)
		json_put(a, &v, "Pcrs", model_pcrs_value(a, s->pcrs));
	json_put(a, &v, "MemoryIntegrity", json_bool(s->memory_integrity));
	json_put(a, &v, "SMTDisabled", json_bool(s->smt_disabled));
	json_put(a, &v, "StaticPlatform", json_bool(s->static_platform));
	if (s->has_min_tcb_evaluation)
		json_put(a, &v, "MinTCBEvaluationDataNumber", json_int(s->min_tcb_evaluation));
	if (s->has_trust_root)
		json_put(a, &v, "TrustRoot", json_hex(a, hash256_view(&s->trust_root)));
	return v;
}

/* ---- the whole ---- */

struct value
model_policy_value(struct arena *a, const struct manifest_policy *p)
{
	struct value v = json_object();

	json_put(a, &v, "SANs", text_list(a, p->sans, p->n_sans));
	if (p->workload_secret_id.n > 0)
		json_put(a, &v, "WorkloadSecretID", json_string(p->workload_secret_id));
	if (p->role == MANIFEST_ROLE_COORDINATOR)
		json_put(a, &v, "Role", json_cstr("coordinator"));
	return v;
}

static struct value
policies_value(struct arena *a, const struct manifest *m)
{
	struct value v = json_object();

	for (size_t i = 0; i < m->n_policies; i++) {
		struct value name = json_hex(a, hash256_view(&m->policies[i].hash));

		json_put_bytes(a, &v, json_text(&name), model_policy_value(a, &m->policies[i]));
	}
	return v;
}

static struct value
sets_value(struct arena *a, const struct manifest *m)
{
	struct value v = json_object();
	struct value snp = json_array();
	struct value tdx = json_array();

	for (size_t i = 0; i < m->n_snp; i++)
		json_add(a, &snp, model_snp_value(a, &m->snp[i]));
	for (size_t i = 0; i < m->n_tdx; i++)
		json_add(a, &tdx, model_tdx_value(a, &m->tdx[i]));
	if (m->n_snp > 0)
		json_put(a, &v, "snp", snp);
	if (m->n_tdx > 0)
		json_put(a, &v, "tdx", tdx);
	return v;
}

static void
put_owners(struct arena *a, struct value *v, const struct manifest *m)
{
	struct value list = json_array();

	for (size_t i = 0; i < m->n_owners; i++) {
		CLEANUP(buf_done) struct buf der = {0};

		if (m->owners[i].key)
			key_spki(m->owners[i].key, &der);
		else
			buf_bytes(&der, hash256_view(&m->owners[i].id));
		json_add(a, &list, json_hex(a, buf_view(&der)));
	}
	json_put(a, v, m->owner_digests_only ? "WorkloadOwnerKeyDigests" : "WorkloadOwnerPubKeys",
	         list);
	if (m->has_owner_threshold)
		json_put(a, v, "WorkloadOwnerThreshold", json_int(m->owner_threshold));
}

static void
put_share_owners(struct arena *a, struct value *v, const struct manifest *m)
{
	struct value list = json_array();

	for (size_t i = 0; i < m->n_share_owners; i++) {
		CLEANUP(buf_done) struct buf der = {0};

		key_rsa_pkcs1(m->share_owners[i], &der);
		json_add(a, &list, json_hex(a, buf_view(&der)));
	}
	json_put(a, v, "SeedshareOwnerPubKeys", list);
	if (m->has_share_threshold)
		json_put(a, v, "SeedshareThreshold", json_int(m->share_threshold));
}

void
manifest_write(const struct manifest *m, struct buf *out)
{
	CLEANUP(arena_done) struct arena a = {0};
	struct value v = json_object();

	if (m->insecure)
		json_put(&a, &v, "Insecure", json_bool(true));
	json_put(&a, &v, "Policies", policies_value(&a, m));
	json_put(&a, &v, "ReferenceValues", sets_value(&a, m));
	put_owners(&a, &v, m);
	put_share_owners(&a, &v, m);
	if (m->n_permitted_names > 0)
		json_put(&a, &v, "PermittedNames",
		         text_list(&a, m->permitted_names, m->n_permitted_names));
	if (m->min_api_version.n > 0)
		json_put(&a, &v, "MinimumAPIVersion", json_string(m->min_api_version));
	if (a.failed) {
		out->failed = true;
		return;
	}
	json_write(&v, JSON_INDENT, out);
	buf_u8(out, '\n');
}
