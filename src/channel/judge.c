/* SPDX-License-Identifier: Apache-2.0 */
#include "channel/judge.h"

#include "crypto/cert.h"
#include "evidence/snp/roots.h"

enum { SEV_FEATURES_SNP_ACTIVE = 1 };

static bool
product_of(enum manifest_product p, enum snp_product *ret)
{
	switch (p) {
	case MANIFEST_MILAN:
		*ret = SNP_MILAN;
		return true;
	case MANIFEST_GENOA:
		*ret = SNP_GENOA;
		return true;
	case MANIFEST_TURIN:
		*ret = SNP_TURIN;
		return true;
	case MANIFEST_PRODUCT_NONE:
		break;
	}
	return false;
}

/* What an absent GuestPolicy means: SMT allowed, all else off (manifest/manifest.h). */
static struct snp_guest_policy
guest_policy_of(const struct manifest_snp *m)
{
	if (!m->has_guest_policy)
		return (struct snp_guest_policy){.smt = true};
	return (struct snp_guest_policy){
		.abi_minor = m->guest_policy.abi_minor,
		.abi_major = m->guest_policy.abi_major,
		.smt = m->guest_policy.smt,
		.migrate_ma = m->guest_policy.migrate_ma,
		.single_socket = m->guest_policy.single_socket,
		.cxl_allowed = m->guest_policy.cxl_allowed,
		.mem_aes_256_xts = m->guest_policy.mem_aes_256_xts,
		.rapl_dis = m->guest_policy.rapl_dis,
		.ciphertext_hiding = m->guest_policy.ciphertext_hiding_dram,
		.page_swap_disable = m->guest_policy.page_swap_disable,
	};
}

/* Absent: everything may be on, nothing must be. */
static struct snp_platform_info
platform_info_of(const struct manifest_snp *m)
{
	if (!m->has_platform_info)
		return (struct snp_platform_info){.smt = true, .tsme = true, .tio = true};
	return (struct snp_platform_info){
		.smt = m->platform_info.smt_enabled,
		.tsme = m->platform_info.tsme_enabled,
		.ecc = m->platform_info.ecc_enabled,
		.rapl_disabled = m->platform_info.rapl_disabled,
		.ciphertext_hiding = m->platform_info.ciphertext_hiding_dram_enabled,
		.alias_check_complete = m->platform_info.alias_check_complete,
		.tio = m->platform_info.tio_enabled,
	};
}

static bool
convert_snp(struct arena *a, const struct manifest_snp *m, struct snp_reference *r)
{
	struct snp_chip_id *chips = arena_array(a, m->n_chip_ids, sizeof *chips);

	if (!m->has_measurement || !product_of(m->product, &r->product) || !chips)
		return false;
	for (size_t i = 0; i < m->n_chip_ids; i++)
		mem_copy(chips[i].b, m->chip_ids[i], sizeof chips[i].b);
	r->has_trust_root = m->has_trust_root;
	r->trust_root = m->trust_root;
	r->measurement = m->measurement;
	r->has_ap_eip = m->has_apeip;
	r->ap_eip = m->apeip;
	r->sev_features = SEV_FEATURES_SNP_ACTIVE;
	r->minimum_tcb = (struct snp_tcb){
		.fmc = m->min_tcb.fmc.v,
		.bootloader = m->min_tcb.bootloader.v,
		.tee = m->min_tcb.tee.v,
		.snp = m->min_tcb.snp.v,
		.microcode = m->min_tcb.microcode.v,
	};
	r->guest_policy = guest_policy_of(m);
	r->platform_info = platform_info_of(m);
	r->minimum_mitigation = m->has_mitigation_vector ? m->mitigation_vector : 0;
	r->chip_ids = m->n_chip_ids ? chips : NULL;
	r->n_chip_ids = m->n_chip_ids;
	return true;
}

static void
add_policies(struct judge *j, const struct manifest *m)
{
	struct hash256 *all = arena_array(&j->arena, m->n_policies, sizeof *all);
	struct hash256 *coordinators = arena_array(&j->arena, m->n_policies, sizeof *all);

	for (size_t i = 0; all && coordinators && i < m->n_policies; i++) {
		all[j->policies.n++] = m->policies[i].hash;
		if (m->policies[i].role == MANIFEST_ROLE_COORDINATOR)
			coordinators[j->coordinators.n++] = m->policies[i].hash;
	}
	j->policies.items = all;
	j->coordinators.items = coordinators;
}

status
judge_init(struct judge *j, const struct manifest *m, struct err *err)
{
	struct snp_reference *sets;

	*j = (struct judge){0};
	arena_init(&j->arena, MANIFEST_MAX_BYTES);
	sets = arena_array(&j->arena, m->n_snp, sizeof *sets);
	for (size_t i = 0; sets && i < m->n_snp; i++)
		if (convert_snp(&j->arena, &m->snp[i], &sets[j->references.n_snp]))
			j->references.n_snp++;
	j->references.snp = sets;
	add_policies(j, m);
	j->cache = snp_cache_new();
	TRY(arena_check(&j->arena, err));
	if (j->references.n_snp == 0)
		return err_set(err, ERR_UNSUPPORTED, "E-JUDGE-001",
		               "the manifest has no reference values of a kind that is verified here");
	return OK;
}

void
judge_done(struct judge *j)
{
	snp_cache_free(j->cache);
	arena_done(&j->arena);
	*j = (struct judge){0};
}

/* A single list that was accepted says when it was made; of several it is not known which counted. */
static int64_t
floor_of(const struct document *d)
{
	CLEANUP(crl_drop) struct crl *crl = NULL;

	if (d->endorsements.n_crls != 1 ||
	    !is_ok(crl_parse_der(d->endorsements.crls[0], &crl, NULL)))
		return 0;
	return crl_this_update(crl);
}

status
judge_evidence(const struct judge *j, const struct document *d, enum judge_role role,
               const struct hash512 *report_data, int64_t now, struct judgement *ret,
               struct verdict *v, struct err *err)
{
	struct evidence_request request = {
		.document = d,
		.report_data = report_data->b,
		.references = &j->references,
		.policies = role == JUDGE_COORDINATOR ? &j->coordinators : &j->policies,
		.revocation = REVOCATION_REQUIRED,
		.now = now,
		.cache = j->cache,
	};
	struct evidence_result result;

	*ret = (struct judgement){0};
	evidence_verify(&request, &result);
	*v = result.verdict;
	if (!verdict_accepted(v))
		return verdict_status(v, err);
	ret->policy = result.policy;
	ret->floor = floor_of(d);
	return OK;
}

status
judge_claimed_policy(const struct document *d, struct hash256 *ret, struct err *err)
{
	struct verdict v = {0};
	struct snp_report report;

	if (d->tee != TEE_SNP)
		return err_set(err, ERR_UNSUPPORTED, "E-JUDGE-001",
		               "evidence of this kind is not verified here");
	if (!is_ok(snp_report_parse(d->evidence, &report, &v)))
		return verdict_status(&v, err);
	mem_copy(ret->b, report.host_data, sizeof ret->b);
	return OK;
}

/* Signed under this root, whatever else is wrong with it? */
static bool
signed_under(const struct document *d, const struct hash256 *root, int64_t now)
{
	static const uint8_t zeros[EVIDENCE_REPORT_DATA_SIZE];
	struct snp_reference sets[SNP_PRODUCTS] = {0};
	struct reference_sets references = {.snp = sets, .n_snp = SNP_PRODUCTS};
	struct evidence_request request = {
		.flags = EVIDENCE_THOROUGH,
		.document = d,
		.report_data = zeros,
		.references = &references,
		.revocation = REVOCATION_OPTIONAL,
		.now = now,
	};
	struct evidence_result result;

	for (int i = 0; i < SNP_PRODUCTS; i++) {
		sets[i].product = (enum snp_product)i;
		sets[i].has_trust_root = true;
		sets[i].trust_root = *root;
	}
	evidence_verify(&request, &result);
	return result.verdict.step > STEP_SIGNATURE;
}

uint64_t
judge_vendor_root(const struct document *d, int64_t now)
{
	for (size_t i = 0; i < d->endorsements.n_certs; i++) {
		CLEANUP(cert_drop) struct cert *c = NULL;
		struct hash256 id;

		if (!is_ok(cert_parse_der(d->endorsements.certs[i], &c, NULL)) ||
		    !is_ok(cert_signed_by(c, c, NULL)))
			continue;
		id = cert_key_id(c);
		if (!snp_is_vendor_root(&id) && signed_under(d, &id, now))
			return 0;
	}
	return 1;
}
