/* SPDX-License-Identifier: Apache-2.0 */
#include "manifest/reference.h"

#include "base/rd.h"

enum { SEV_FEATURES_SNP_ACTIVE = 1 };

_Static_assert(sizeof(struct snp_chip_id) == 64, "chip ids are 64 bytes in both forms");
_Static_assert(sizeof(struct hash384) == 48, "hashes have no padding");

static enum snp_product
product(enum manifest_product p)
{
	switch (p) {
	case MANIFEST_GENOA:
		return SNP_GENOA;
	case MANIFEST_TURIN:
		return SNP_TURIN;
	case MANIFEST_MILAN:
	case MANIFEST_PRODUCT_NONE: /* no valid manifest has it */
		break;
	}
	return SNP_MILAN;
}

static struct snp_guest_policy
guest_policy(const struct manifest_snp *s)
{
	if (!s->has_guest_policy)
		return (struct snp_guest_policy){.smt = true};
	return (struct snp_guest_policy){
	        .abi_minor = s->guest_policy.abi_minor,
	        .abi_major = s->guest_policy.abi_major,
	        .smt = s->guest_policy.smt,
	        .migrate_ma = s->guest_policy.migrate_ma,
	        .single_socket = s->guest_policy.single_socket,
	        .cxl_allowed = s->guest_policy.cxl_allowed,
	        .mem_aes_256_xts = s->guest_policy.mem_aes_256_xts,
	        .rapl_dis = s->guest_policy.rapl_dis,
	        .ciphertext_hiding = s->guest_policy.ciphertext_hiding_dram,
	        .page_swap_disable = s->guest_policy.page_swap_disable,
	};
}

static struct snp_platform_info
platform_info(const struct manifest_snp *s)
{
	if (!s->has_platform_info)
		return (struct snp_platform_info){.smt = true, .tsme = true, .tio = true};
	return (struct snp_platform_info){
	        .smt = s->platform_info.smt_enabled,
	        .tsme = s->platform_info.tsme_enabled,
	        .ecc = s->platform_info.ecc_enabled,
	        .rapl_disabled = s->platform_info.rapl_disabled,
	        .ciphertext_hiding = s->platform_info.ciphertext_hiding_dram_enabled,
	        .alias_check_complete = s->platform_info.alias_check_complete,
	        .tio = s->platform_info.tio_enabled,
	};
}

void
manifest_snp_reference(const struct manifest *m, size_t i, struct snp_reference *ret)
{
	const struct manifest_snp *s = &m->snp[i];

	*ret = (struct snp_reference){
	        .product = product(s->product),
	        .has_trust_root = s->has_trust_root,
	        .trust_root = s->trust_root,
	        .measurement = s->measurement,
	        .has_ap_eip = s->has_apeip,
	        .ap_eip = s->apeip,
	        .sev_features = SEV_FEATURES_SNP_ACTIVE,
	        .minimum_tcb = {.fmc = s->min_tcb.fmc.v,
	                        .bootloader = s->min_tcb.bootloader.v,
	                        .tee = s->min_tcb.tee.v,
	                        .snp = s->min_tcb.snp.v,
	                        .microcode = s->min_tcb.microcode.v},
	        .minimum_firmware = s->min_firmware,
	        .minimum_version = s->min_report_version,
	        .guest_policy = guest_policy(s),
	        .platform_info = platform_info(s),
	        .minimum_mitigation = s->mitigation_vector,
	        .chip_ids = s->n_chip_ids ? (const struct snp_chip_id *)(const void *)s->chip_ids
	                                  : NULL,
	        .n_chip_ids = s->n_chip_ids,
	        .id_key_digest = s->has_id_key ? &s->id_key : NULL,
	        .author_key_digest = s->has_author_key ? &s->author_key : NULL,
	        .family_id = s->has_family_id ? s->family_id : NULL,
	        .image_id = s->has_image_id ? s->image_id : NULL,
	        .minimum_guest_svn = s->min_guest_svn,
	        .pcrs = s->pcrs,
	};
	/* What is too long is a fault of the manifest, and matches no certificate. */
	mem_copy(ret->csp_id, s->csp_id.p, MIN(s->csp_id.n, SNP_CSP_ID_MAX));
}

status
manifest_tdx_reference(const struct manifest *m, size_t i, struct arena *arena,
                       struct tdx_reference *ret, struct err *err)
{
	const struct manifest_tdx *s = &m->tdx[i];
	struct rd xfam = rd_init(bytes_of(s->xfam, sizeof s->xfam));
	uint8_t(*rtmr0)[48] = arena_array(arena, 1 + s->n_rtmr0_alternatives, sizeof *rtmr0);
	struct tdx_reference r = {
	        .has_trust_root = s->has_trust_root,
	        .trust_root = s->trust_root,
	        .mrtd = &s->mr_td.b,
	        .n_mrtd = 1,
	        .has_mrseam = true,
	        .xfam = rd_le64(&xfam),
	        .xfam_mask = TDX_XFAM_DEFAULT_MASK,
	        .piids = s->n_piids ? (const uint8_t(*)[16])(void *)s->piids : NULL,
	        .n_piids = s->n_piids,
	        .memory_integrity = s->memory_integrity,
	        .smt_disabled = s->smt_disabled,
	        .static_platform = s->static_platform,
	        .min_evaluation = s->min_tcb_evaluation,
	        .pcrs = s->pcrs,
	};

	TRY(arena_check(arena, err));
	mem_copy(r.mrseam, s->mr_seam.b, sizeof r.mrseam);
	mem_copy(r.mrowner, s->mr_owner.b, sizeof r.mrowner);
	mem_copy(r.mrownerconfig, s->mr_owner_config.b, sizeof r.mrownerconfig);
	mem_copy(rtmr0[0], s->rtmrs[0].b, sizeof rtmr0[0]);
	mem_copy(rtmr0 + 1, s->rtmr0_alternatives, s->n_rtmr0_alternatives * sizeof *rtmr0);
	r.rtmr0 = (const uint8_t(*)[48])(void *)rtmr0;
	r.n_rtmr0 = 1 + s->n_rtmr0_alternatives;
	for (size_t k = 1; k < COUNT_OF(s->rtmrs); k++) {
		r.has_rtmr[k] = true;
		mem_copy(r.rtmr[k], s->rtmrs[k].b, sizeof r.rtmr[k]);
	}
	*ret = r;
	return OK;
}
