/* SPDX-License-Identifier: Apache-2.0 */
/* validate_sets.c: rules of ReferenceValues, and of trust roots (PROTOCOL section 12). */
#include "evidence/snp/report.h"
#include "evidence/snp/roots.h"
#include "evidence/snp/vek.h"
#include "manifest/model.h"

#include <stdio.h>

struct set_check {
	struct faults *f;
	const char *kind; /* "snp", "tdx" */
	size_t i;
};

static void
fault(const struct set_check *c, enum fault_kind kind, const char *field, const char *message)
{
	char path[128];

	snprintf(path, sizeof path, "ReferenceValues.%s[%zu].%s", c->kind, c->i, field);
	faults_add(c->f, kind, path, "%s", message);
}

static void
need(const struct set_check *c, bool there, enum fault_kind kind, const char *field)
{
	if (!there)
		fault(c, kind, field,
		      kind == FAULT_MISSING ? "is missing: fill in the value of your machines"
		                            : "is missing");
}

/* ---- SNP ---- */

static void
check_tcb(const struct set_check *c, const struct manifest_snp *s)
{
	need(c, s->min_tcb.bootloader.set, FAULT_MISSING, "MinimumTCB.BootloaderVersion");
	need(c, s->min_tcb.tee.set, FAULT_MISSING, "MinimumTCB.TEEVersion");
	need(c, s->min_tcb.snp.set, FAULT_MISSING, "MinimumTCB.SNPVersion");
	need(c, s->min_tcb.microcode.set, FAULT_MISSING, "MinimumTCB.MicrocodeVersion");
	if (s->product == MANIFEST_TURIN)
		need(c, s->min_tcb.fmc.set, FAULT_MISSING, "MinimumTCB.FMCVersion");
	else if (s->min_tcb.fmc.set && s->product != MANIFEST_PRODUCT_NONE)
		fault(c, FAULT_ERROR, "MinimumTCB.FMCVersion", "exists on Turin only");
}

/* What no report can fulfil is a mistake, and better found here than in production. */
static void
check_versions(const struct set_check *c, const struct manifest_snp *s)
{
	if (s->has_min_report_version && (s->min_report_version < SNP_REPORT_VERSION_MIN ||
	                                  s->min_report_version > SNP_REPORT_VERSION_MAX))
		fault(c, FAULT_ERROR, "MinimumReportVersion", "must be 2 to 5");
	if (s->has_mitigation_vector && s->mitigation_vector != 0 && s->has_min_report_version &&
	    s->min_report_version < SNP_REPORT_VERSION_MITIGATION)
		fault(c, FAULT_ERROR, "MinimumReportVersion",
		      "must be 5: older reports have no mitigation vectors, and the set demands "
		      "bits of "
		      "them");
	if (!s->has_id_key && !s->has_author_key &&
	    (s->has_family_id || s->has_image_id || s->has_min_guest_svn))
		fault(c, FAULT_ERROR, "IDKeyDigest",
		      "is missing: without a named signer the host chooses FamilyID, ImageID and "
		      "the "
		      "guest's SVN");
	if (s->has_author_key && bytes_all_zero(hash384_view(&s->author_key)))
		fault(c, FAULT_ERROR, "AuthorKeyDigest", "is all zero: that is no key");
	if (s->has_id_key && bytes_all_zero(hash384_view(&s->id_key)))
		fault(c, FAULT_ERROR, "IDKeyDigest", "is all zero: that is no key");
}

static void
check_guest_policy(const struct set_check *c, const struct manifest *m,
                   const struct manifest_snp *s)
{
	/* The verifier refuses debug guests whatever a manifest says: do not promise otherwise. */
	if (s->guest_policy.debug)
		fault(c, FAULT_ERROR, "GuestPolicy.Debug",
		      "lets the host read the guest's memory: it is never accepted");
	/* Migration hands the guest to an agent that nobody measured. */
	if (s->guest_policy.migrate_ma && !m->insecure)
		fault(c, FAULT_ERROR, "GuestPolicy.MigrateMA",
		      "lets a migration agent take the guest away: only with \"Insecure\": true");
}

/* Registers that say nothing about what was booted, or that are compared otherwise. */
static void
check_pcrs(const struct set_check *c, const struct pcr_set *set)
{
	static const struct {
		unsigned int i;
		const char *what;
	} rows[] = {
	        {PCR_POLICY, "stands for the pod's policy: leave it out"},
	        {PCR_DEBUG, "can be set back by whoever is in the guest: it proves nothing"},
	        {PCR_APPLICATION, "can be set back by whoever is in the guest: it proves nothing"},
	};
	char at[16];

	if (!set)
		return;
	if (set->named == 0)
		fault(c, FAULT_ERROR, "Pcrs",
		      "names no register: nothing would say what was booted");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		if (!(set->named >> rows[i].i & 1))
			continue;
		snprintf(at, sizeof at, "Pcrs.%u", rows[i].i);
		fault(c, FAULT_ERROR, at, rows[i].what);
	}
}

static void
check_provider(const struct set_check *c, const struct manifest_snp *s)
{
	if (s->csp_id.n > SNP_CSP_ID_MAX || bytes_find_byte(s->csp_id, 0, 0) != SIZE_MAX)
		fault(c, FAULT_ERROR, "CspID", "is longer than any, or has a NUL in it");
	/* A VLEK's reports name no chip. */
	if (s->csp_id.n > 0 && s->n_chip_ids > 0)
		fault(c, FAULT_ERROR, "AllowedChipIDs",
		      "cannot be held against a provider's key (CspID), whose reports name no "
		      "chip");
}

static bool
repeats(const uint8_t *ids, size_t size, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (bytes_equal(bytes_of(ids + i * size, size), bytes_of(ids + j * size, size)))
			return true;
	return false;
}

static void
check_ids(const struct set_check *c, const char *field, const uint8_t *ids, size_t size, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char at[64];

		if (!repeats(ids, size, i))
			continue;
		snprintf(at, sizeof at, "%s[%zu]", field, i);
		fault(c, FAULT_ERROR, at, "is listed twice");
	}
}

static void
check_snp(const struct manifest *m, struct faults *f, size_t i)
{
	const struct manifest_snp *s = &m->snp[i];
	struct set_check c = {f, "snp", i};

	need(&c, s->product != MANIFEST_PRODUCT_NONE, FAULT_ERROR, "ProductName");
	need(&c, s->has_measurement, FAULT_ERROR, "TrustedMeasurement");
	check_tcb(&c, s);
	check_versions(&c, s);
	check_guest_policy(&c, m, s);
	check_pcrs(&c, s->pcrs);
	check_provider(&c, s);
	if (s->n_chip_ids > 0)
		check_ids(&c, "AllowedChipIDs", s->chip_ids[0], sizeof s->chip_ids[0],
		          s->n_chip_ids);
}

/* ---- TDX ---- */

static void
check_tdx(const struct manifest *m, struct faults *f, size_t i)
{
	const struct manifest_tdx *s = &m->tdx[i];
	struct set_check c = {f, "tdx", i};

	need(&c, s->has_mr_td, FAULT_ERROR, "MrTd");
	need(&c, s->has_mr_seam, FAULT_MISSING, "MrSeam");
	need(&c, s->n_rtmrs == COUNT_OF(s->rtmrs), FAULT_ERROR, "Rtmrs");
	need(&c, s->has_xfam, FAULT_ERROR, "Xfam");
	check_pcrs(&c, s->pcrs);
	if (s->n_piids > 0)
		check_ids(&c, "AllowedPIIDs", s->piids[0], sizeof s->piids[0], s->n_piids);
}

/* ---- trust roots ---- */

static void
check_root(const struct set_check *c, bool has_root, const struct hash256 *root, bool insecure)
{
	if (has_root && snp_is_vendor_root(root))
		fault(c, FAULT_ERROR, "TrustRoot", "is the vendor's own root: leave the field out");
	if (has_root && !insecure)
		fault(c, FAULT_ERROR, "TrustRoot",
		      "a root that is no vendor's needs \"Insecure\": true at the top");
	if (!has_root && insecure)
		fault(c, FAULT_ERROR, "TrustRoot",
		      "is missing: a manifest with \"Insecure\": true must not mix in vendor "
		      "roots");
}

void
model_validate_sets(const struct manifest *m, struct faults *f)
{
	if (m->n_snp + m->n_tdx == 0)
		faults_add(f, FAULT_ERROR, "ReferenceValues", "there is no reference set");
	for (size_t i = 0; i < m->n_snp; i++) {
		struct set_check c = {f, "snp", i};

		check_snp(m, f, i);
		check_root(&c, m->snp[i].has_trust_root, &m->snp[i].trust_root, m->insecure);
	}
	for (size_t i = 0; i < m->n_tdx; i++) {
		struct set_check c = {f, "tdx", i};

		check_tdx(m, f, i);
		check_root(&c, m->tdx[i].has_trust_root, &m->tdx[i].trust_root, m->insecure);
	}
}
